"""Savings of successive halving: epochs to a regret, without cuts over with them, on a table.

    python benchmarks/halving.py [--quick] [--table uncut-table] [--orders 300]

Random orders of a table's candidates, in brackets through its rungs as a search runs them (with
cut-offs from earlier brackets, the latest two unseen), against training each to the last rung.
Cost is in candidate-epochs; the recommendation is the leaderboard's first: by the last rung
reached, then by the score there, of the one seed that a search sees. Its regret is read by the
table's other seeds (evaluators/tables/tabular.py), against the best of the table; where no seeds
are left to name the best, against what training all of them to the end would recommend. `halving`
is a search's bracket of nine; `hyperband` goes round brackets that begin at each rung (Li et al.
2018).
Without --table it is uncut-table, or core-1-table as long as that is not shipped.

`time_ratio_at_equal_regret`: the epochs after which the median regret without cuts is 0.2 points
over those after which it is with halving; null where the table is too small to tell.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from actsearch.evaluators import (
    Recipe,
    ScoreTable,
    shipped_tables,
    survivors,
    table_from_name,
)
from actsearch.evaluators.protocol.successive_halving import cutoffs_of
from actsearch.evaluators.tables.tabular import (
    naming_seeds,
    read_accuracy,
    reading_seeds,
    seen_seed,
)
from actsearch.search.provenance import machine

UNCUT = "uncut-table"
BRACKET = 9  # candidates, a search's
UNSEEN = 2  # brackets whose scores make no cut-offs yet: the lag of a search
LONGEST = 400  # candidates of an order
TARGETS = (0.5, 0.3, 0.2, 0.1)  # points of accuracy
TARGET = 0.2
FIRST = (0, 1)  # seeds that a search sees

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bracket:
    """How many candidates begin at which rung, by its place among the recipe's."""

    candidates: int
    rung: int


def schedules(recipe: Recipe) -> dict[str, list[Bracket]]:
    """The brackets that each way goes round."""
    rungs, eta = len(recipe.rungs), recipe.eta
    return {
        "no cuts": [Bracket(BRACKET, rungs - 1)],
        "halving": [Bracket(BRACKET, 0)],
        "hyperband": [
            Bracket(math.ceil(rungs / (cuts + 1) * eta**cuts), rungs - 1 - cuts)
            for cuts in reversed(range(rungs))
        ],
    }


@dataclass(frozen=True, slots=True)
class Seen:
    """A table under the one seed that a search sees, and the readings that judge the search.

    curves: accuracies under that seed [candidates, rungs]. readings: accuracies by the seeds that
    read [candidates]. best: the reading of the best candidate.
    """

    curves: Array
    readings: Array
    best: float

    @staticmethod
    def of(table: ScoreTable, seed: int) -> Seen:
        rows = table.rows
        curves = np.array([_accuracies(table, curves[seed]) for curves in rows.values()])
        readings = np.array(
            [read_accuracy(table, t, reading_seeds(list(c), seed)) for t, c in rows.items()]
        )
        most = max(len(naming_seeds(list(c))) for c in rows.values())
        if most == 0:
            return Seen(curves, readings, float(readings[curves[:, -1].argmax()]))
        names = [
            read_accuracy(table, t, seeds) if len(seeds) == most else 0.0
            for t, seeds in ((t, naming_seeds(list(c))) for t, c in rows.items())
        ]
        return Seen(curves, readings, float(readings[int(np.argmax(names))]))


def _accuracies(table: ScoreTable, curve: Sequence[int | None]) -> list[float]:
    """A curve as fractions, its end repeated where it ended early; 0 where it diverged."""
    known = [(right or 0) / table.recipe.validation for right in curve]
    return known + [known[-1]] * (len(table.recipe.rungs) - len(known))


def regrets(
    seen: Seen, recipe: Recipe, brackets: Sequence[Bracket], order: Sequence[int]
) -> Iterator[tuple[int, float]]:
    """After each bracket: candidate-epochs spent so far, and the regret in points."""
    scores: dict[int, list[float]] = {epoch: [] for epoch in recipe.rungs}
    unseen: deque[dict[int, list[float]]] = deque()
    spent, first, start, number = 0, (-1, -1.0, 0), 0, 0
    while start < len(order):
        bracket = brackets[number % len(brackets)]
        live = list(order[start : start + bracket.candidates])
        start, number = start + len(live), number + 1
        if len(unseen) > UNSEEN:
            for epoch, reached in unseen.popleft().items():
                scores[epoch] += reached
        cutoffs, here, before = cutoffs_of(scores, recipe.eta), dict[int, list[float]](), 0
        for rung in range(bracket.rung, len(recipe.rungs)):
            epoch = recipe.rungs[rung]
            spent += (epoch - before) * len(live)
            before, here[epoch] = epoch, seen.curves[live, rung].tolist()
            best = max(zip(here[epoch], live, strict=True))
            first = max(first, (rung, *best))
            kept = survivors(here[epoch], recipe.eta, cutoffs.get(epoch))
            live = [live[position] for position in kept]
            if not live:
                break
        unseen.append(here)
        yield spent, 100 * (seen.best - float(seen.readings[first[2]]))


def medians(
    sides: Sequence[Seen], recipe: Recipe, brackets: Sequence[Bracket], orders: int
) -> tuple[Array, Array]:
    """The median regret over orders after each so many epochs: both [points]."""
    candidates = min(LONGEST, len(sides[0].readings))
    points = np.arange(1.0, candidates + 1) * recipe.epochs
    regret = np.full((orders, len(points)), np.inf)
    for number in range(orders):
        seen = sides[seen_seed(FIRST, number)]
        order = np.random.default_rng(number).permutation(len(sides[0].readings))
        for spent, points_short in regrets(seen, recipe, brackets, order[:candidates].tolist()):
            regret[number, np.searchsorted(points, spent) :] = points_short
    return points, np.median(regret, axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table")
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    orders = 100 if options.quick else options.orders
    default = UNCUT if UNCUT in shipped_tables() else "core-1-table"
    options.table = options.table or default
    table = with_first_seeds(table_from_name(options.table))
    recipe = table.recipe
    sides = [Seen.of(table, seed) for seed in FIRST]
    rungs = ", ".join(map(str, recipe.rungs))
    print(
        f"{options.table}, recipe {recipe.label}, rungs {rungs}: {len(table.rows)} of "
        f"{table.candidates} candidates; {orders} orders"
    )
    record: dict[str, object] = {"quick": options.quick, "table": options.table, "orders": orders}
    record |= {"candidates": len(table.rows), "rungs": recipe.rungs, "machine": machine()}
    print(f"epochs to a median regret of{''.join(f'{target:9.1f}' for target in TARGETS)} points")
    needed: dict[str, list[int | None]] = {}
    for name, brackets in schedules(recipe).items():
        points, regret = medians(sides, recipe, brackets, orders)
        needed[name] = [reached(points, regret, target) for target in TARGETS]
        print(f"{name:28}{''.join(f'{_shown(epochs):>9}' for epochs in needed[name])}", flush=True)
        record[f"{name}.epochs"] = dict(zip(map(str, TARGETS), needed[name], strict=True))
    ratios = {
        name: [_ratio(long, short) for long, short in zip(needed["no cuts"], row, strict=True)]
        for name, row in needed.items()
    }
    for name in list(ratios)[1:]:
        print(f"no cuts over {name:15}{''.join(f'{_shown(r):>9}' for r in ratios[name])}")
    record["time_ratio_at_equal_regret"] = ratios["halving"][TARGETS.index(TARGET)]
    record["hyperband_ratio"] = ratios["hyperband"][TARGETS.index(TARGET)]
    print(json.dumps(record))


def with_first_seeds(table: ScoreTable) -> ScoreTable:
    """The part of a table that a search may see under either seed."""
    rows = {text: curves for text, curves in table.rows.items() if set(FIRST) <= set(curves)}
    return replace(table, rows=rows)


def reached(points: Array, regret: Array, target: float) -> int | None:
    """The first number of epochs with a regret of at most the target; None where there is none."""
    below = np.flatnonzero(regret <= target)
    return int(points[below[0]]) if len(below) else None


def _ratio(long: int | None, short: int | None) -> float | None:
    return None if long is None or short is None else round(long / short, 2)


def _shown(value: float | None) -> str:
    return "never" if value is None else f"{value:,}"


if __name__ == "__main__":
    main()
