"""The default task let loose: long searches of four spaces under `quick`, grown in rounds.

    python -m records.default_task --home DIR [--workers 2]     # in benchmarks/; goes on
    python -m records.default_task --pages                      # docs/results.md from what is kept

The default strategy with its prior searches three spaces that its table does not hold, each for
CANDIDATES where it has as many; `catalog` is trained whole, and the TOP of the table of core-1
again, since its scores are of three epochs on a third of the images. After each round a search is
packed beside this file (packs/NAME.tar.gz, as `fetch` brings one from a cluster), and on another
machine it goes on from there. A search sees validation images alone.
"""

from __future__ import annotations

import json
import shlex
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scipy import stats

from actsearch.evaluators import table_from_name
from actsearch.search import Home, Trial
from actsearch.search.reports.text_table import cut
from actsearch.search.service.fetching import pack, unpack, unwrapped
from actsearch.search.storage.ranking import trained
from actsearch.search.storage.trial import entered
from actsearch.search.storage.trial_reader import read_trials
from actsearch.space.scratch import scratch_folder

from .commands import actsearch, parsed, today
from .pages import REPOSITORY, RESULTS, with_part

HERE = Path(__file__).parent
RECORD, PACKS = HERE / "default_task.json", HERE / "packs"
BEGIN, END = "<!-- record of the default task -->", "<!-- end of the record of it -->"
CANDIDATES, ROUND = 1_500, 250
SEARCHES: Mapping[str, tuple[Sequence[str], int]] = {  # name -> flags, candidates
    "long-catalog": (("--space", "catalog", "--strategy", "exhaustive"), 193),
    "long-core-2": (("--space", "core-2"), CANDIDATES),
    "long-tree-5": (("--space", "tree-5"), CANDIDATES),
    "long-families": (("--space", "families|mixture-3"), 475),  # all that are distinct
}
TOP, TABLE = 100, "core-1-table"
SEEDS = 10  # a mean over fewer may be luck; the table gave its best as many
SHOWN = 5  # of each list, on the page
HEAD = "| searched | trained | the best on validation images, one run each |\n| --- | --- | --- |"


def main() -> None:
    options = parsed(__doc__.splitlines()[0], "workers")
    if options.home is not None:
        record(Home.at(options.home), options.workers)
    path = REPOSITORY / RESULTS
    path.write_text(with_record(path.read_text(), read_record()))


def record(home: Home, workers: int) -> None:
    """Run each command as far as it is missing, and keep what it gave."""
    for name in SEARCHES:
        restore(home, name)
    if not RECORD.exists():
        text = json.dumps({"top": top(home, workers)}, separators=(",", ":"))
        RECORD.write_text(f"{text}\n")
    for wanted in range(ROUND, CANDIDATES + ROUND, ROUND):
        for name in SEARCHES:
            grow(home, name, wanted, workers)


def grow(home: Home, name: str, wanted: int, workers: int) -> None:
    """Have a search train so many candidates, or all that it is for, and pack it."""
    flags, most = SEARCHES[name]
    begun = (home.searches / name).exists()
    if begun and entered(read_trials(home.searches / name)) >= min(wanted, most):
        return
    more = ["--resume"] if begun else [*flags, "--no-confirm"]
    numbers = ["--candidates", str(min(wanted, most)), "--workers", str(workers)]
    actsearch(home.root, "search", "--name", name, *more, *numbers)
    data = unwrapped("\n".join(pack(home, name)))
    assert data is not None
    PACKS.mkdir(exist_ok=True)
    (PACKS / f"{name}.tar.gz").write_bytes(data)


def restore(home: Home, name: str) -> None:
    """Unpack a search where it is packed and not in this home."""
    packed = PACKS / f"{name}.tar.gz"
    if packed.exists() and not (home.searches / name).exists():
        unpack(home, home.searches / name, packed.read_bytes())


def top(home: Home, workers: int) -> dict[str, Any]:
    """The best of the table, trained once under `quick`."""
    arguments = ["score", *best_of_table(), "--seeds", "1", "--workers", str(workers), "--json"]
    return {"on": today(), "scores": json.loads(actsearch(home.root, *arguments))}


def best_of_table() -> dict[str, float]:
    """The best of the table with their means over all seeds."""
    table = table_from_name(TABLE)
    means = {
        text: statistics.fmean(table.accuracy(text, seed) or 0.0 for seed in curves)
        for text, curves in table.rows.items()
        if len(curves) >= SEEDS
    }
    return {text: means[text] for text in sorted(means, key=lambda text: -means[text])[:TOP]}


def read_record() -> dict[str, Any]:
    """The record that is committed, with the trials of the packed searches by name."""
    kept: dict[str, Any] = json.loads(RECORD.read_text())
    with scratch_folder() as folder:
        home = Home.at(folder)
        for name in SEARCHES:
            restore(home, name)
        return kept | {name: read_trials(home.searches / name) for name in home.names()}


def row(what: str, count: str, best: Sequence[tuple[str, float]]) -> str:
    """A line of the table: the best of a list on validation."""
    shown = ", ".join(f"`{cut(text)}` {score:.2%}" for text, score in best[:SHOWN])
    return f"| {what} | {count} | {shown} |"


def generated(kept: Mapping[str, Any]) -> str:
    """The part of the page that the record gives."""
    scores = {s["expression"]: s["mean"] for s in kept["top"]["scores"]}
    best = sorted(scores.items(), key=lambda scored: -scored[1])
    lines = [HEAD, row(f"the best of `{TABLE}`", f"{len(scores)}", best)]
    for name, (flags, most) in SEARCHES.items():
        if name in kept:
            trials: list[Trial] = kept[name]
            best = [(t.expression, t.val_accuracy or 0.0) for t in trained(trials)]
            # A line of Markdown's table ends its cells with this character, in code as well.
            what = f"<code>{shlex.join(flags)}</code>".replace("|", "&#124;")
            lines.append(row(what, f"{entered(trials):,} of {most:,}", best))
    means = best_of_table()
    ranks = stats.spearmanr([means[text] for text in scores], [*scores.values()])
    command = f"`actsearch score … --seeds 1` ({kept['top']['on']})"
    return (
        "\n".join(lines)
        + f"\n\nThe table's {len(scores)} were trained by {command}; these scores "
        f"after nine\nepochs and their means in the table after three have a rank correlation of "
        f"{ranks.statistic:.2f}."
    )


def with_record(text: str, kept: Mapping[str, Any]) -> str:
    """The page's text with its part written anew."""
    return with_part(RESULTS, text, (BEGIN, END), generated(kept))


if __name__ == "__main__":
    main()
