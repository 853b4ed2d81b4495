"""List what is known: named functions, families, modules and primitives, with their sources.

examples:
  actsearch catalog                      everything
  actsearch catalog swish sine           what has one of these words in its name or source
  actsearch catalog --group trainable --json
  actsearch catalog --markdown > docs/catalog.md
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from .options import print_json

ORDER = 80


_MARKDOWN = """# Catalog

{named} named activation functions, {families} configurable families, {modules} modules that are
not pointwise and {primitives} primitives, written by

    actsearch catalog --markdown > docs/catalog.md

Each formula of a named function is an expression, for `actsearch describe`, `score` and `export`;
`describe` takes the names of functions and families too. Parameters are learned, from the initial
value that stands with them (1 where none does). Each named function was checked against a second
formula, written piece by piece as it is published (`tests/contracts/catalog_formulas.py`). What is
bold says which other function goes by the same name.
"""


@dataclass(frozen=True, slots=True)
class _Row:
    group: str
    name: str
    formula: str
    source: str
    note: str = ""
    aliases: tuple[str, ...] = ()
    clash: str = ""
    parameters: dict[str, float] = field(default_factory=dict)

    def has(self, words: list[str]) -> bool:
        text = " ".join([self.name, *self.aliases, self.formula, self.source]).lower()
        return not words or any(word in text for word in words)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="WORD", help="show entries with one of them")
    parser.add_argument(
        "--group", metavar="GROUP", help="show one group; an unknown one lists all"
    )
    parser.add_argument("--markdown", action="store_true", help="as docs/catalog.md")


def run(options: argparse.Namespace) -> int:
    from ...space import UnknownNameError

    catalog = list(_rows())
    groups = list(dict.fromkeys(row.group for row in catalog))
    if options.group not in (None, *groups):
        raise UnknownNameError("group", options.group, groups)
    words = [word.lower() for word in options.words]
    rows = [row for row in catalog if options.group in (None, row.group) and row.has(words)]
    if options.json:
        print_json([asdict(row) for row in rows])
    elif options.markdown:
        print(_markdown(rows))
    elif rows:
        print("\n\n".join(_block(g, _of(rows, g)) for g in groups if _of(rows, g)))
    else:
        print(f"nothing has {' or '.join(words)} in its name, formula or source")
    return 0


def _rows() -> Iterator[_Row]:
    from ...space import PRIMITIVES
    from ...space.catalog.table import GROUPS
    from ...space.families.table import FAMILIES
    from ...space.modules.nonpointwise import NOT_POINTWISE

    for group, entries in GROUPS.items():
        for e in entries:
            initial = {p.name: p.initial for p in e.expression.parameters}
            yield _Row(group, e.name, e.formula, e.source, e.note, e.aliases, e.clash, initial)
    for family in FAMILIES.values():
        settings = f"options: {', '.join(option.name for option in family.options)}"
        note = f"{family.note} {settings}".strip()
        yield _Row("families", family.name, family.formula, family.source, note)
    for module in NOT_POINTWISE.values():
        note = f"not pointwise; outputs per input: {module.width_factor}"
        yield _Row("modules", module.name, module.formula, module.source, note)
    for primitive in PRIMITIVES.values():
        operands = "x" if primitive.arity == 1 else "a, b"
        yield _Row("primitives", primitive.name, f"{primitive.name}({operands})", primitive.source)


def _of(rows: list[_Row], group: str) -> list[_Row]:
    return [row for row in rows if row.group == group]


def _block(group: str, rows: list[_Row]) -> str:
    from ..reports.text_table import Column, text_table

    cells = []
    for row in rows:
        aliases = f"; also {', '.join(row.aliases)}" if row.aliases else ""
        remarks = (row.source + aliases, row.clash and f"! {row.clash}", row.note)
        cells.append((row.name, row.formula))
        cells += [("", f"  {remark}") for remark in remarks if remark]
    table = text_table([Column(width=20, gap=1), Column()], cells)
    return f"{group} ({len(rows)})\n{textwrap.indent(table, '  ')}"


def _markdown(rows: list[_Row]) -> str:
    counts = {group: len(_of(rows, group)) for group in ("families", "modules", "primitives")}
    parts = [_MARKDOWN.format(named=len(rows) - sum(counts.values()), **counts)]
    for group in dict.fromkeys(row.group for row in rows):
        parts.append(f"## {group.capitalize()}\n")
        parts.append(
            "| name | formula | source | also | remarks |\n| --- | --- | --- | --- | --- |"
        )
        for row in _of(rows, group):
            remarks = "; ".join(filter(None, [row.clash and f"**{row.clash}**", row.note]))
            cells = (row.name, f"`{row.formula}`", row.source, ", ".join(row.aliases), remarks)
            parts.append(f"| {' | '.join(cell.replace('|', '∣') for cell in cells)} |")
        parts.append("")
    return "\n".join(parts).rstrip()
