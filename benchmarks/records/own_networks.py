"""Searches in the networks of examples/, with the prior and without.

    python -m records.own_networks --home DIR [--processes 2]   # in benchmarks/
    python -m records.own_networks --pages                      # docs/results.md from what is kept

For each network the pool of make_table.py (own-resnet, own-vit) is replayed by
search_efficiency.py, since one search says nothing, and one real search is run from the folder of
the example and timed, its confirmation included, in a home that has not searched there. What they
print, and the ledger of the confirmation, are kept in own_networks.json beside this file; what
stands there is not run again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from scipy.stats import spearmanr
from table_plans import FIRST, OTHERS

from actsearch.evaluators import read_table, table_from_name
from actsearch.evaluators.tables.tabular import read_accuracy

from .commands import actsearch, output, parsed, today, without_home
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
PRIOR = "core-1-table"
LEARNS = 0.15  # accuracy of ten classes below which a function is at chance
AT = (25, 50, 100)
KINDS = ("confirmed", "first")
REPLAY: Sequence[str] = (
    *("--taught-by", PRIOR, "--candidates", "100"),
    *("--strategies", "surrogate_no_prior,surrogate,surrogate_no_ties"),
)
SEARCH: Sequence[str] = ("--candidates", "60", "--finalists", "3", "--seeds", "5")


def main() -> None:
    options = parsed(__doc__.splitlines()[0], "processes")
    if options.home is not None:
        for network in NETWORKS:
            keep("replays", network, partial(replayed, network, options.processes))
            keep("searches", network, partial(searched, network, options.home))
    path = REPOSITORY / RESULTS
    path.write_text(with_record(path.read_text(), read_record()))


def keep(kind: str, network: str, run: Callable[[], dict[str, Any]]) -> None:
    """Run a part of the record where it is missing, and write it down."""
    record = read_record()
    if network not in record[kind]:
        record[kind][network] = run()
        RECORD.write_text(json.dumps(record, separators=(",", ":")) + "\n")


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
            parts += [*table(record["replays"][network]), agreement(network)]
        if network in record["searches"]:
            parts += one_search(record["searches"][network])
    return "\n\n".join(parts)


def agreement(network: str) -> str:
    """The ranks of a pool's candidates beside those in the prior's table, and of two seeds."""
    pool = read_table(REPOSITORY / "benchmarks" / "pool" / f"own-{network}.jsonl")
    prior = table_from_name(PRIOR)
    common = [text for text in pool.rows if text in prior.rows]
    here, there = ([read_accuracy(t, x, FIRST) for x in common] for t in (pool, prior))
    learn = [t for t in pool.rows if read_accuracy(pool, t, FIRST) > LEARNS]
    half = sorted(learn, key=lambda text: -read_accuracy(pool, text, FIRST))[: len(learn) // 2]
    seeds = ([read_accuracy(pool, text, [seed]) for text in half] for seed in FIRST)
    return (
        f"Of the {len(pool.rows)} functions {len(learn)} learn (above {LEARNS:.0%}). The "
        f"{len(common)} that `{PRIOR}` has too rank there as here with a correlation of "
        f"{spearmanr(here, there).statistic:.2f}; under one seed here as under another, of the "
        f"better half of those that learn, {spearmanr(*seeds).statistic:.2f}."
    )


def table(replay: Mapping[str, Any]) -> list[str]:
    """Median regrets with quartiles, of what is confirmed and of the leaderboard's first, and the
    share of the pool's best that was trained."""
    figures = replay["figures"]
    titles = [f"{kind}, {n}" for kind in (*KINDS, "of the best") for n in AT]
    lines = ["| | " + " | ".join(titles) + " |", "| --- |" + " --- |" * len(titles)]
    for name, label in ROWS.items():
        cells = [cell(figures, f"{name}.{kind}", n) for kind in KINDS for n in AT]
        chance = [n / OTHERS for n in AT]  # random's share of whatever there is
        shares = [
            figures.get(f"{name}.top_share_at_{n}", c) for n, c in zip(AT, chance, strict=True)
        ]
        cells += [f"{share:.0%}" for share in shares]
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
