"""The default task let loose: long searches of four spaces under `quick`, grown in rounds.

    python -m records.default_task --home DIR [--workers 2]     # in benchmarks/; goes on

The default strategy with its prior searches three spaces that its table does not hold, each for
CANDIDATES; `catalog` is trained whole, and the TOP of the table of core-1 again, since its scores
are of three epochs on a third of the images. After each round a search is packed beside this file
(packs/NAME.tar.gz, as `fetch` brings one from a cluster), and on another machine it goes on from
there. A search sees validation images alone.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from actsearch.evaluators import table_from_name
from actsearch.search import Home
from actsearch.search.service.fetching import pack, unpack, unwrapped
from actsearch.search.storage.trial import entered
from actsearch.search.storage.trial_reader import read_trials

from .commands import actsearch, parsed, today

HERE = Path(__file__).parent
RECORD, PACKS = HERE / "default_task.json", HERE / "packs"
CANDIDATES, ROUND = 1_500, 250
SEARCHES: Mapping[str, tuple[Sequence[str], int]] = {  # name -> flags, candidates
    "long-catalog": (("--space", "catalog", "--strategy", "exhaustive"), 193),
    "long-core-2": (("--space", "core-2"), CANDIDATES),
    "long-tree-5": (("--space", "tree-5"), CANDIDATES),
    "long-families": (("--space", "families|mixture-3"), CANDIDATES),
}
TOP, TABLE = 100, "core-1-table"
SEEDS = 10  # a mean over fewer may be luck; the table gave its best as many


def main() -> None:
    options = parsed(__doc__.splitlines()[0], "workers")
    home = Home.at(options.home)
    for name in SEARCHES:
        restore(home, name)
    if not RECORD.exists():
        RECORD.write_text(json.dumps({"top": top(home, options.workers)}, separators=(",", ":")))
    for wanted in range(ROUND, CANDIDATES + ROUND, ROUND):
        for name in SEARCHES:
            grow(home, name, wanted, options.workers)


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
    """The best of the table, by the mean over all its seeds, trained once under `quick`."""
    table = table_from_name(TABLE)
    means = {
        text: statistics.fmean(table.accuracy(text, seed) or 0.0 for seed in curves)
        for text, curves in table.rows.items()
        if len(curves) >= SEEDS
    }
    best = sorted(means, key=lambda text: -means[text])[:TOP]
    arguments = ["score", *best, "--seeds", "1", "--workers", str(workers), "--json"]
    return {"on": today(), "scores": json.loads(actsearch(home.root, *arguments))}


if __name__ == "__main__":
    main()
