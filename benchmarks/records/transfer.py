"""How the functions that won somewhere do elsewhere: one confirmation for each other network.

    python -m records.transfer --home DIR [--workers 2]     # in benchmarks/; goes on where it was
    python -m records.transfer --pages                      # docs/results.md from what is kept

The rows are the functions that a confirmation called winners, and SELU and ELU, which were made
for nets without norms. The columns are the networks of examples/, confirmed here with baselines of
their own, and those of deep_nets.py, whose record is read. What `actsearch confirm --json` said
and its ledger are kept in transfer.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from . import deep_nets
from .commands import actsearch, today, with_part
from .pages import REPOSITORY, RESULTS

RECORD = Path(__file__).with_name("transfer.json")
BEGIN, END = "<!-- record of transfer -->", "<!-- end of the record of transfer -->"
NETWORKS: Mapping[str, str] = {  # modules of examples/
    "resnet": "ResNet",
    "vit": "ViT",
    "digits": "MLP on digits",
}
SEEDS = 5
VERDICT = re.compile(r"([+-]\S+ \[\S+ \S+\]) .* (winner|tie|worse)$")  # of a printed row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pages", action="store_true")
    options = parser.parse_args()
    if options.home is not None:
        for network in NETWORKS:
            record = read_record()
            if network not in record:
                record[network] = confirmed(network, options.home, options.workers)
                RECORD.write_text(json.dumps(record, separators=(",", ":")) + "\n")
    elif not options.pages:
        parser.error("--home or --pages is needed")
    path = REPOSITORY / RESULTS
    path.write_text(with_record(path.read_text(), read_record()))


def functions() -> dict[str, str]:
    """Winners of the deep nets, SELU and ELU: canonical text -> name of the row."""
    record = deep_nets.read_record()
    printed = record["confirmations"][deep_nets.RECIPE].split("\n\n")[0]
    shown = next(o["finalists"] for o in record["ledger"] if o["kind"] == "opening")
    won = {text: text for text in shown if verdict_of(printed, text)[1] == "winner"}
    return won | {f"{name.lower()}(x)": name for name in deep_nets.NAMED}


def confirmed(network: str, home: Path, workers: int) -> dict[str, Any]:
    """What a confirmation in a network of examples/ said of the functions."""
    arguments = [
        *("confirm", *functions(), "--evaluator", f"{network}:evaluator"),
        *("--seeds", str(SEEDS), "--workers", str(workers), "--json"),
    ]
    said = actsearch(home, *arguments, folder=REPOSITORY / "examples")
    ledger = (home / "confirmations" / "confirmation.jsonl").read_text().splitlines()
    return {
        "command": shlex.join(["actsearch", *arguments]),
        "on": today(),
        "said": json.loads(said),
        "ledger": [json.loads(line) for line in ledger],
    }


def read_record() -> dict[str, Any]:
    """The record that is committed; empty before the first."""
    record: dict[str, Any] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    return record


def verdict_of(printed: str, text: str) -> tuple[str, str]:
    """Difference with its interval, and verdict, of a function in a printed table."""
    (row, *_) = [row for row in printed.splitlines() if row.startswith(text[:40])]
    found = VERDICT.search(row)
    assert found is not None, row
    return found[1], found[2]


def columns(record: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """A column's title, what differences are to, and its cells by canonical text."""
    deep = deep_nets.read_record()["confirmations"]
    for recipe, title in (("deep-no-gain", "12 layers, torch's weights"), ("deep", "with gain")):
        printed = deep[recipe].split("\n\n")[0]
        cells = {text: " ".join(verdict_of(printed, text)) for text in functions()}
        yield title, baseline_of(printed), cells
    printed = deep["deep"].split("\n\n")[1]
    cells = {text: " ".join(verdict_of(printed, text)) for text in functions()}
    yield "conv net", baseline_of(printed), cells
    for network, title in NETWORKS.items():
        if network in record:
            said = record[network]["said"]
            rows = {r["expression"]: r for r in said["rows"] if r["network"] == own(said)}
            yield title, said["baseline"], {t: cell(rows[t]) for t in functions()}


def own(said: Mapping[str, Any]) -> str:
    """The network of a confirmation's first row, which is the evaluator's."""
    network: str = said["rows"][0]["network"]
    return network


def baseline_of(printed: str) -> str:
    """The baseline that a printed table's differences are to."""
    found = re.search(r" vs (\w+) \[", printed)
    assert found is not None
    return found[1]


def cell(row: Mapping[str, Any]) -> str:
    """A function's difference in points, its interval and the verdict."""
    low, high = (100 * bound for bound in row["interval"])
    return f"{100 * row['difference']:+.2f} [{low:+.2f}, {high:+.2f}] {row['verdict']}"


def generated(record: Mapping[str, Any]) -> str:
    """The part of the page that a record gives."""
    table = list(columns(record))
    lines = ["| | " + " | ".join(f"{title}, to {to}" for title, to, _ in table) + " |"]
    lines.append("| --- |" + " --- |" * len(table))
    for text, name in functions().items():
        cells = " | ".join(cells[text] for _, _, cells in table)
        lines.append(f"| `{name}` | {cells} |")
    commands = "\n".join(f"{kept['command']}    # {kept['on']}" for kept in record.values())
    return "\n".join(lines) + f"\n\n```\n{commands}\n```"


def with_record(text: str, record: Mapping[str, Any]) -> str:
    """The page's text with its part written anew."""
    return with_part(text, BEGIN, generated(record), END)


if __name__ == "__main__":
    main()
