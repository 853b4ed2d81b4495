"""Random search on a table, over many orders: what search_efficiency.py holds the others to."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from regret import FINALISTS, Judge

from actsearch.evaluators import ScoreTable, survivors
from actsearch.evaluators.protocol.successive_halving import cutoffs_of
from actsearch.evaluators.tables.tabular import seen_seed

FIRST = (0, 1)  # seeds of a table that searches see
BRACKET, LAG = 9, 18  # candidates, the defaults of a search
LONGEST = 1500  # candidates of an order

Array = npt.NDArray[np.float64]
Leader = tuple[int, float, int]  # last rung, accuracy there, position in the table


def random_regrets(table: ScoreTable, orders: int) -> tuple[Array, Array]:
    """The two regrets (`Judge.regrets`), each [orders, candidates], of random orders through the
    halving of a search."""
    texts = list(table.rows)
    rng = np.random.default_rng(0)
    length = min(LONGEST, len(texts)) // BRACKET * BRACKET
    curves = {s: [_fractions(table, text, s) for text in texts] for s in FIRST}
    judges = {s: Judge(table, s) for s in FIRST}
    regrets = np.empty((2, orders, length))
    for number in range(orders):
        seen = seen_seed(FIRST, number)
        order = rng.permutation(len(texts))[:length].tolist()
        for bracket, leaders in enumerate(_leaders(order, curves[seen], table)):
            start = bracket * BRACKET
            pair = judges[seen].regrets([texts[i] for i in leaders])
            regrets[:, number, start : start + BRACKET] = np.array(pair)[:, None]
    return regrets[0], regrets[1]


def _leaders(
    order: Sequence[int], curves: Sequence[Sequence[float]], table: ScoreTable
) -> list[tuple[int, ...]]:
    """The first of the leaderboard after each bracket of an order, positions in the table."""
    recipe = table.recipe
    scores: dict[int, list[float]] = {epoch: [] for epoch in recipe.rungs}
    unseen: deque[dict[int, list[float]]] = deque()  # of the brackets within the lag
    leaders: list[Leader] = []
    course = []
    for start in range(0, len(order), BRACKET):
        live = list(order[start : start + BRACKET])
        if len(unseen) > LAG // BRACKET:
            for epoch, reached in unseen.popleft().items():
                scores[epoch] += reached
        cutoffs, here = cutoffs_of(scores, recipe.eta), dict[int, list[float]]()
        last: dict[int, Leader] = {}
        for rung, epoch in enumerate(recipe.rungs):
            here[epoch] = [curves[i][rung] for i in live]
            last |= {i: (rung, curves[i][rung], i) for i in live}
            kept = survivors(here[epoch], recipe.eta, cutoffs.get(epoch))
            live = [live[position] for position in kept]
            if not live:
                break
        unseen.append(here)
        leaders = sorted([*leaders, *last.values()], reverse=True)[:FINALISTS]
        course.append(tuple(i for _, _, i in leaders))
    return course


def _fractions(table: ScoreTable, text: str, seed: int) -> list[float]:
    """A curve as accuracies, its end repeated where it ended early."""
    curve = [(right or 0) / table.recipe.validation for right in table.rows[text][seed]]
    return curve + [curve[-1]] * (len(table.recipe.rungs) - len(curve))


def equivalent(random: Array, regret: float) -> int | None:
    """How many candidates random needs for a median regret; None where it never has it."""
    medians = np.median(random, axis=0)
    reached = np.flatnonzero(medians <= regret)
    return int(reached[0]) + 1 if len(reached) else None
