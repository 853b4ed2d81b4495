"""The functions that won somewhere, elsewhere: one confirmation for each other network.

    python -m records.transfer --home DIR [--workers 2]     # in benchmarks/; goes on where it was
    python -m records.transfer --pages                      # docs/results.md from what is kept

The rows are the functions that a confirmation called winners, and SELU and ELU, which were made
for nets without norms. The columns are the networks of examples/, confirmed here with baselines of
their own, and those of deep_nets.py, whose record is read. What `actsearch confirm --json` said
and its ledger are kept in transfer.json beside this file.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from actsearch.evaluators import recipe_from_name

from . import deep_nets
from .commands import actsearch, parsed, today
from .pages import REPOSITORY, RESULTS, with_part

RECORD = Path(__file__).with_name("transfer.json")
BEGIN, END = "<!-- record of transfer -->", "<!-- end of the record of transfer -->"
NETWORKS: Mapping[str, str] = {  # modules of examples/
    "resnet": "ResNet",
    "vit": "ViT",
    "digits": "MLP on digits",
}
SEEDS = 5
# Seeds, difference and verdict of a printed row.
VERDICT = re.compile(r"± \S+ +(\d+) .*?([+-]\S+ \[\S+ \S+\]) .* (winner|tie|worse)$")


def main() -> None:
    options = parsed(__doc__.splitlines()[0], "workers")
    if options.home is not None:
        for network in NETWORKS:
            record = read_record()
            if network not in record:
                record[network] = confirmed(network, options.home, options.workers)
                RECORD.write_text(json.dumps(record, separators=(",", ":")) + "\n")
    path = REPOSITORY / RESULTS
    path.write_text(with_record(path.read_text(), read_record()))


def functions() -> dict[str, str]:
    """Winners of the deep nets, SELU and ELU: canonical text -> name of the row."""
    record, digest = deep_nets.read_record(), recipe_from_name(deep_nets.RECIPE).digest
    openings = [line for line in record["ledger"] if line["kind"] == "opening"]
    shown = [o["finalists"] for o in openings if digest in o["recipes"]][-1]
    printed = tables(deep_nets.RECIPE)[0]
    won = {text: text for text in shown if row_of(printed, text)[2] == "winner"}
    return won | {f"{name.lower()}(x)": name for name in deep_nets.NAMED}


def tables(recipe: str) -> list[str]:
    """The tables that the confirmation of the deep nets printed: its own, the conv net's, …"""
    printed: str = deep_nets.read_record()["confirmations"][recipe]
    return printed.split("\n\n")


def confirmed(network: str, home: Path, workers: int) -> dict[str, Any]:
    """A confirmation of the functions in a network of examples/, as JSON, and its ledger."""
    arguments = [
        *("confirm", *functions(), "--evaluator", f"{network}:evaluator"),
        *("--seeds", str(SEEDS), "--workers", str(workers), "--json"),
    ]
    said = json.loads(actsearch(home, *arguments, folder=REPOSITORY / "examples"))
    lines = (home / "confirmations" / "confirmation.jsonl").read_text().splitlines()
    return {
        "command": shlex.join(["actsearch", *arguments]),
        "on": today(),
        "said": said,
        "ledger": lines_about(network_of(said), [json.loads(line) for line in lines]),
    }


def lines_about(network: str, ledger: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A ledger's lines about one network; a home has one for all its expressions."""
    recipes = {line["recipe"] for line in ledger if line.get("network") == network}
    return [line for line in ledger if recipes & {line.get("recipe"), *line.get("recipes", ())}]


def read_record() -> dict[str, Any]:
    """The record that is committed; empty before the first."""
    record: dict[str, Any] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return record


def row_of(printed: str, text: str) -> tuple[int, str, str]:
    """Seeds, difference with its interval, and verdict of a function in a printed table, where a
    long text is cut."""
    for row in printed.splitlines():
        shown, _, rest = row.partition("  ")
        if shown == text or (shown.endswith("…") and text.startswith(shown[:-1])):
            match = VERDICT.search(rest)
            assert match is not None, row
            return int(match[1]), match[2], match[3]
    raise KeyError(text)


def columns(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """A column's title, with what its differences are to and the seeds, and its cells by canonical
    text."""
    without, scaled = (tables(recipe) for recipe in (deep_nets.RECIPE, deep_nets.WITH_GAIN))
    printed = {
        "12 layers, torch's weights": without[0],
        "12 layers with gain": scaled[0],
        "conv net": scaled[1],
    }
    for title, table in printed.items():
        rows = {text: row_of(table, text) for text in functions()}
        seeds = {seeds for seeds, _, _ in rows.values()}
        cells = {
            text: f"{difference} {verdict}" for text, (_, difference, verdict) in rows.items()
        }
        yield titled(title, baseline_of(table), seeds), cells
    for network, title in NETWORKS.items():
        if network in record:
            said = record[network]["said"]
            of = {r["expression"]: r for r in said["rows"] if r["network"] == network_of(said)}
            seeds = {of[text]["n"] for text in functions()}
            cells = {text: cell(of[text]) for text in functions()}
            yield titled(title, said["baseline"], seeds), cells


def titled(title: str, baseline: str, seeds: set[int]) -> str:
    """A column's title; a function that failed on a seed has fewer of them."""
    few, many = min(seeds), max(seeds)
    return f"{title}, to {baseline}, n = {many if few == many else f'{few} to {many}'}"


def network_of(said: Mapping[str, Any]) -> str:
    """The network of a confirmation's first row, which is the evaluator's."""
    network: str = said["rows"][0]["network"]
    return network


def baseline_of(printed: str) -> str:
    """The baseline that a printed table's differences are to."""
    match = re.search(r" vs (\w+) \[", printed)
    assert match is not None
    return match[1]


def cell(row: Mapping[str, Any]) -> str:
    """A function's difference in points, its interval and the verdict."""
    if row["interval"] is None:  # of one seed
        return f"{100 * row['difference']:+.2f} {row['verdict']}"
    low, high = (100 * bound for bound in row["interval"])
    return f"{100 * row['difference']:+.2f} [{low:+.2f}, {high:+.2f}] {row['verdict']}"


def generated(record: Mapping[str, Any]) -> str:
    """The part of the page that a record gives."""
    table = list(columns(record))
    lines = ["| | " + " | ".join(title for title, _ in table) + " |"]
    lines.append("| --- |" + " --- |" * len(table))
    for text, name in functions().items():
        cells = " | ".join(cells[text] for _, cells in table)
        lines.append(f"| `{name}` | {cells} |")
    commands = "\n".join(f"{kept['command']}    # {kept['on']}" for kept in record.values())
    return "\n".join(lines) + f"\n\n```\n{commands}\n```"


def with_record(text: str, record: Mapping[str, Any]) -> str:
    """The page's text with its part written anew."""
    return with_part(RESULTS, text, (BEGIN, END), generated(record))


if __name__ == "__main__":
    main()
