"""Which functions train twelve layers without norms, and what a search finds there.

    python -m records.deep_nets --home DIR [--workers 2]     # in benchmarks/; goes on where it was
    python -m records.deep_nets --pages                      # docs/results.md from what is kept

Validation images choose: all of the catalog by halving, and a search of core-1. The best of each
are then confirmed together with SELU and ELU, which were made for such nets, and the baselines,
without the gain and with it, which opens the test set. Rungs of every candidate and the
confirmations, as printed and line by line, are kept in deep_nets.json beside this file; a new home
goes on from what stands there, and begins anew without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from actsearch.search.storage.shown_functions import Showing, ShownFunctions

from .commands import actsearch, parsed, today
from .pages import REPOSITORY, RESULTS, with_part

RECORD = Path(__file__).with_name("deep_nets.json")
BEGIN, END = "<!-- record of deep nets -->", "<!-- end of the record of deep nets -->"
RECIPE, WITH_GAIN = "deep-no-gain", "deep"
SEARCHES: Mapping[str, Sequence[str]] = {
    f"{RECIPE}-catalog": (
        *("--recipe", RECIPE, "--space", "catalog", "--strategy", "exhaustive"),
        *("--candidates", "193"),
    ),
    f"{RECIPE}-core-1": ("--recipe", RECIPE, "--candidates", "200"),
}
OF_EACH = 3  # best of each search that are confirmed
NAMED = ("SELU", "ELU")  # made for such nets, confirmed beside them
SEEDS = 5
SHOWN = 12  # rows of the catalog in the page
LEARNS = 0.5  # validation accuracy from which a net counts as one that learned


def main() -> None:
    options = parsed(__doc__.splitlines()[0], "workers")
    if options.home is not None:
        record(options.home, options.workers)
    path = REPOSITORY / RESULTS
    path.write_text(with_record(path.read_text(), read_record()))


def record(home: Path, workers: int) -> None:
    """Run each command as far as it is missing, and keep what it gave."""
    kept = read_record() if RECORD.exists() else {"leaderboards": {}, "searched": {}, "ledger": []}
    commands: list[str] = []
    boards: dict[str, Any] = kept["leaderboards"]
    searched: dict[str, str] = kept["searched"]
    confirmations: dict[str, str] = {}
    for name, arguments in SEARCHES.items():
        searching = ["search", "--name", name, *arguments, "--no-confirm"]
        commands.append(" ".join(["actsearch", *searching]))
        if name not in boards:
            begun = (home / "searches" / name).exists()
            actsearch(home, *searching, "--workers", str(workers), *["--resume"] * begun)
            rows = json.loads(actsearch(home, "leaderboard", name, "--json"))
            boards[name] = [[row["expression"], row["state"], row["rungs"]] for row in rows]
            searched[name] = today()
    best = [boards[name][number][0] for name in SEARCHES for number in range(OF_EACH)]
    path = home / "confirmations" / "confirmation.jsonl"
    if not path.exists():
        put_back(kept["ledger"], path)
    for recipe in (RECIPE, WITH_GAIN):
        together = [*dict.fromkeys(best), *NAMED]
        confirming = ["confirm", *together, "--recipe", recipe, "--seeds", str(SEEDS)]
        commands.append("actsearch " + " ".join(f'"{a}"' if " " in a else a for a in confirming))
        printed = actsearch(home, *confirming, "--workers", str(workers))
        confirmations[recipe] = printed.strip("\n")
        ledger = path.read_text().splitlines()
        kept = {
            "commands": commands,
            "leaderboards": boards,
            "searched": searched,
            "confirmed": today(),
            "named": NAMED,
            "confirmations": confirmations,
            "ledger": [json.loads(line) for line in ledger],
        }
        RECORD.write_text(json.dumps(kept, indent=None, separators=(",", ":")) + "\n")


def put_back(ledger: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write a ledger that was kept into a new home, and what its openings showed the test set."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in ledger))
    for line in ledger:
        if line["kind"] == "opening":
            showing = Showing(
                at=line["at"],
                folder=path.parent.name,
                dataset=line["dataset"],
                functions=tuple(line["finalists"]),
            )
            ShownFunctions(path.parents[1]).add(showing)


def read_record() -> dict[str, Any]:
    """The record that is committed."""
    record: dict[str, Any] = json.loads(RECORD.read_text())
    return record


def generated(record: Mapping[str, Any]) -> str:
    """The part of the page that a record gives."""
    board = record["leaderboards"][f"{RECIPE}-catalog"]
    learned = sum(max(rungs.values(), default=0) >= LEARNS for _, _, rungs in board)
    lines = [
        f"| {number} | `{text}` | "
        + " | ".join(f"{rungs[e]:.2%}" if e in rungs else "" for e in ("1", "3", "9"))
        for number, (text, _, rungs) in enumerate(board[:SHOWN], 1)
    ]
    commands = "\n".join(record["commands"])
    tables = "\n\n".join(
        f"Under `{recipe}`:\n\n```\n{printed}\n```"
        for recipe, printed in record["confirmations"].items()
    )
    return (
        f"```\n{commands}\n```\n\n"
        f"Searched at {record['searched'][f'{RECIPE}-catalog']}, confirmed at "
        f"{record['confirmed']}.\nOf {len(board)} distinct functions of the catalog {learned} "
        f"reached {LEARNS:.0%} on validation images; the best, after 1, 3 and\n9 epochs (one run "
        f"each, the best of each bracket go on):\n\n"
        "| | function | 1 | 3 | 9 |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(f"{line} |" for line in lines)
        + f"\n\nThe best {OF_EACH} of the catalog and of core-1, confirmed together with "
        f"{' and '.join(record['named'])}. {tables}"
    )


def with_record(text: str, record: Mapping[str, Any]) -> str:
    """The page's text with its part written anew."""
    return with_part(RESULTS, text, (BEGIN, END), generated(record))


if __name__ == "__main__":
    main()
