"""What a search finds in the networks of examples/, with the prior and without.

    python -m records.own_networks --home DIR [--processes 2]   # in benchmarks/
    python -m records.own_networks --pages                      # docs/results.md from what is kept

For each network the pool of make_table.py (own-resnet, own-vit) is replayed by
search_efficiency.py, since one search says nothing, and one real search is run from the folder of
the example and timed, its confirmation included, in a home that has not searched there. What they
print, and the ledger of the confirmation, are kept in own_networks.json beside this file; what
stands there is not run again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .commands import actsearch, output, today, without_home
from .pages import REPOSITORY, RESULTS, duration, with_part

RECORD = Path(__file__).with_name("own_networks.json")
BEGIN, END = "<!-- record of own networks -->", "<!-- end of the record of own networks -->"
NETWORKS: Mapping[str, str] = {
    "resnet": "torchvision's ResNet-18, a quarter of the width",
    "vit": "torchvision's vision transformer, two blocks",
}
ROWS: Mapping[str, str] = {
    "random": "at random",
    "surrogate_no_prior": "without the prior",
    "surrogate_no_ties": "with it, the best third alone goes on",
    "surrogate": "with it (the default)",
}
AT = (25, 50, 100)
KINDS = ("confirmed", "first")
REPLAY: Sequence[str] = (
    *("--taught-by", "core-1-table", "--candidates", "100"),
    *("--strategies", "surrogate_no_prior,surrogate,surrogate_no_ties"),
)
SEARCH: Sequence[str] = ("--candidates", "60", "--finalists", "3", "--seeds", "5")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--pages", action="store_true")
    options = parser.parse_args()
    if options.home is not None:
        for network in NETWORKS:
            keep("replays", network, lambda n=network: replayed(n, options.processes))
            keep("searches", network, lambda n=network: searched(n, options.home))
    elif not options.pages:
        parser.error("--home or --pages is needed")
    path = REPOSITORY / RESULTS
    path.write_text(with_record(path.read_text(), read_record()))


def keep(kind: str, network: str, run: Any) -> None:
    """Run a part of the record where it is missing, and write it down."""
    record = read_record()
    if network not in record[kind]:
        record[kind][network] = run()
        RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def replayed(network: str, processes: int) -> dict[str, Any]:
    """The figures of 50 searches of each kind on the network's pool."""
    script, pool = "benchmarks/search_efficiency.py", f"benchmarks/pool/own-{network}.jsonl"
    command = [script, "--table", pool, *REPLAY]
    printed = output(sys.executable, *command, "--processes", str(processes))
    figures = json.loads(printed.splitlines()[-1])
    return {"command": " ".join(["python", *command]), "on": today(), "figures": figures}


def searched(network: str, home: Path) -> dict[str, Any]:
    """One real search and its confirmation, from the folder of the example."""
    name = f"own-{network}"
    arguments = ["search", "--name", name, "--evaluator", f"{network}:evaluator", *SEARCH]
    start = time.monotonic()
    printed = actsearch(home, *arguments, "--workers", "2", folder=REPOSITORY / "examples")
    seconds = time.monotonic() - start
    ledger = (home / "searches" / name / "confirmation.jsonl").read_text().splitlines()
    return {
        "command": " ".join(["actsearch", *arguments, "--workers", "2"]),
        "on": today(),
        "seconds": round(seconds, 1),
        "printed": without_home(printed),
        "ledger": [json.loads(line) for line in ledger],
    }


def read_record() -> dict[str, Any]:
    """The record that is committed; empty before the first."""
    if not RECORD.exists():
        return {"replays": {}, "searches": {}}
    record: dict[str, Any] = json.loads(RECORD.read_text())
    return record


def generated(record: Mapping[str, Any]) -> str:
    """The part of the page that a record gives."""
    parts = []
    for network, about in NETWORKS.items():
        parts.append(f"### {about[0].upper()}{about[1:]} (`{network}:evaluator`)")
        if network in record["replays"]:
            parts += table(record["replays"][network])
        if network in record["searches"]:
            parts += one_search(record["searches"][network])
    return "\n\n".join(parts)


def table(replay: Mapping[str, Any]) -> list[str]:
    """Median regrets with quartiles, of what is confirmed and of the leaderboard's first."""
    figures = replay["figures"]
    lines = ["| | " + " | ".join(f"{kind}, {n}" for kind in KINDS for n in AT) + " |"]
    lines.append("| --- |" + " --- |" * (len(KINDS) * len(AT)))
    for name, label in ROWS.items():
        cells = [cell(figures, f"{name}.{kind}", n) for kind in KINDS for n in AT]
        lines.append(f"| {label}, n = {figures[f'{name}.n']:,} | " + " | ".join(cells) + " |")
    about = f"`{replay['command']}` ({replay['on']}); resolution {figures['floor']:.2f} points:"
    return [about, "\n".join(lines)]


def cell(figures: Mapping[str, Any], key: str, count: int) -> str:
    low, high = figures[f"{key}.quartiles_at_{count}"]
    return f"{figures[f'{key}.regret_at_{count}']:.2f} [{low:.2f}, {high:.2f}]"


def one_search(search: Mapping[str, Any]) -> list[str]:
    """The command, its time and what it printed."""
    took = duration(search["seconds"])
    about = f"`{search['command']}` ({search['on']}) took {took} and printed:"
    return [about, f"```\n{search['printed']}\n```"]


def with_record(text: str, record: Mapping[str, Any]) -> str:
    """The page's text with its part written anew."""
    return with_part(RESULTS, text, (BEGIN, END), generated(record))


if __name__ == "__main__":
    main()
