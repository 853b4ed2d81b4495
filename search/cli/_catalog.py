"""List the named activation functions and the primitives, with formula and source.

examples:
  actsearch catalog                      everything
  actsearch catalog swish sine           what has one of these words in its name or source
  actsearch catalog --group trainable --json
  actsearch catalog --markdown > docs/catalog.md
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ._options import print_json

if TYPE_CHECKING:
    from ...space.catalog import Entry

_MARKDOWN = """# Catalog

{count} named activation functions, written by

    actsearch catalog --markdown > docs/catalog.md

Each formula is an expression, for `actsearch describe`, `score`, `export`; `describe` also takes
the name. Parameters are learned from the initial value that stands with them (1 where none does).
Each was checked against a second formula, written piece by piece as it is published:
`tests/contracts/catalog_formulas.py`. A clash says which other function goes by the same name.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="WORD", help="show what has one of them")
    parser.add_argument(
        "--group", metavar="GROUP", help="show one group; an unknown one lists all"
    )
    parser.add_argument("--markdown", action="store_true", help="as docs/catalog.md")


def run(options: argparse.Namespace) -> int:
    from ...space import PRIMITIVES, UnknownNameError
    from ...space.catalog import GROUPS

    if options.group not in (None, "primitives", *GROUPS):
        raise UnknownNameError("group", options.group, (*GROUPS, "primitives"))
    words = [word.lower() for word in options.words]
    found = {
        group: [entry for entry in entries if _has(words, entry)]
        for group, entries in GROUPS.items()
        if options.group in (None, group)
    }
    primitives = [
        p
        for p in PRIMITIVES.values()
        if options.group in (None, "primitives")
        and (not words or any(w in f"{p.name} {p.source}".lower() for w in words))
    ]
    if options.json:
        rows = [_row(group, entry) for group, entries in found.items() for entry in entries]
        operators = [
            {"group": "primitives", "name": p.name, "arity": p.arity, "source": p.source}
            for p in primitives
        ]
        print_json([*rows, *operators])
    elif options.markdown:
        print(_markdown(found))
    else:
        blocks = [_block(group, entries) for group, entries in found.items() if entries]
        if primitives:
            lines = [f"  {p.name:<20} of {p.arity:<4} {p.source}" for p in primitives]
            blocks.append("\n".join([f"primitives ({len(lines)})", *lines]))
        print("\n\n".join(blocks) or f"nothing has {' or '.join(words)} in its name or source")
    return 0


def _has(words: list[str], entry: Entry) -> bool:
    told = " ".join([*entry.names, entry.formula, entry.source]).lower()
    return not words or any(word in told for word in words)


def _row(group: str, entry: Entry) -> dict[str, Any]:
    return {
        "group": group,
        "name": entry.name,
        "expression": str(entry.expression),
        "parameters": {p.name: p.initial for p in entry.expression.parameters},
        "source": entry.source,
        "aliases": list(entry.aliases),
        "clash": entry.clash,
        "note": entry.note,
    }


def _block(group: str, entries: list[Entry]) -> str:
    lines = [f"{group} ({len(entries)})"]
    for entry in entries:
        lines.append(f"  {entry.name:<20} {entry.formula}")
        also = f"; also {', '.join(entry.aliases)}" if entry.aliases else ""
        lines.append(f"  {'':<20}   {entry.source}{also}")
        lines += [f"  {'':<20}   ! {entry.clash}"] * bool(entry.clash)
        lines += [f"  {'':<20}   {entry.note}"] * bool(entry.note)
    return "\n".join(lines)


def _markdown(found: dict[str, list[Entry]]) -> str:
    parts = [_MARKDOWN.format(count=sum(map(len, found.values())))]
    for group, entries in found.items():
        parts.append(f"## {group.capitalize()}\n")
        parts.append(
            "| name | formula | source | also | clash, note |\n| --- | --- | --- | --- | --- |"
        )
        for entry in entries:
            remarks = "; ".join(filter(None, [entry.clash and f"**{entry.clash}**", entry.note]))
            parts.append(
                f"| {entry.name} | `{entry.formula}` | {entry.source} | "
                f"{', '.join(entry.aliases)} | {remarks} |"
            )
        parts.append("")
    return "\n".join(parts).rstrip()
