"""An evaluator that looks scores up in a table, so that anyone can try a strategy in seconds.

    actsearch search --space core-1 --evaluator core-1-table --strategy mine:Annealing

It answers rung by rung, through the same halving as a training: a score is never seen before the
rungs below it were. The seeds of a table have three roles, and none has two of them:

- a search sees one of the first two seeds that all candidates have, by the search's own seed;
- of the later seeds the even ones say which candidates are best;
- the others read how good a candidate is: the regret of a search is judged by them.
"""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator, Sequence

import numpy as np

from ...space import ActsearchError, FingerprintIndex, fingerprint
from ...space.expressions.parser import parse_stored
from ..protocol.evaluator import Evaluator, FinalScore, Job, MemberProgress, RungReport
from ..protocol.successive_halving import run_bracket
from ..recipes.recipe import Recipe
from .score_table import Curve, ScoreTable

CHANCE = 0.15  # accuracy of ten classes at which a table's maker ends a curve: nothing is learned
SEEN = 2  # seeds a search may see, one of them each


class NotInTable(ActsearchError):
    """Raised for a candidate that a table has no score of."""


def seen_seed(seeds: Sequence[int], search: int) -> int:
    """The one of a table's seeds that a search of this seed sees."""
    first = sorted(seeds)[:SEEN]
    return first[search % len(first)]


def naming_seeds(seeds: Sequence[int]) -> list[int]:
    """Seeds that name the best: the even ones that no search may see."""
    return [seed for seed in sorted(seeds)[SEEN:] if seed % 2 == 0]


def reading_seeds(seeds: Sequence[int], seen: int) -> list[int]:
    """Seeds that read how good a candidate is, where a search saw the seed `seen`."""
    return [seed for seed in sorted(seeds) if seed != seen and seed not in naming_seeds(seeds)]


class TabularEvaluator(Evaluator):
    """The scores of a table; a candidate has those of the same function written in another way.

    recipe: the table's, with the scores' checksum in its digest, so that those of two tables never
    mix in a search.
    """

    def __init__(self, table: ScoreTable) -> None:
        self.table = table
        scores = f"{table.recipe.evaluator} {table.checksum}".lstrip()
        self.recipe = dataclasses.replace(table.recipe, evaluator=scores)
        self._texts: dict[str, str] = {}
        self._index: FingerprintIndex | None = None

    def on(self, device: str) -> TabularEvaluator:
        """The same on any device."""
        return self

    def check(self) -> None:
        """Raises NotInTable where no seed has a score of every candidate."""
        if not self.table.shared_seeds:
            raise NotInTable(
                f"table {self.table.name} has no seed that all its candidates have a score under: "
                f"make it of searches that trained the same ones, or of one search"
            )

    def run(self, job: Job) -> Iterator[RungReport]:
        """The scores of the job's candidates; yields after every rung. Raises NotInTable."""
        self.check()
        seed = seen_seed(self.table.shared_seeds, job.seed)
        curves = [self.table.rows[self.text_of(text)][seed] for text in job.expressions]
        yield from run_bracket(_Lookup(curves, self.table.recipe, job.halving), job)

    def distinct_seeds(self) -> int:
        """Seeds of the table that a search may see."""
        return min(SEEN, len(self.table.shared_seeds))

    def objection(self, expression: str) -> str | None:
        """Why a candidate is not looked up: the table does not have it."""
        try:
            self.text_of(expression)
        except NotInTable:
            return f"table {self.table.name} has no score of it: {self._advice}"
        return None

    def text_of(self, expression: str) -> str:
        """The table's text for the same function; raises NotInTable."""
        if expression in self.table.rows:
            return expression
        if expression not in self._texts:
            self._texts[expression] = self._equal(expression)
        return self._texts[expression]

    def _equal(self, expression: str) -> str:
        if self._index is None:
            self._index = FingerprintIndex()
            for number, text in enumerate(self.table.rows):
                self._index.add(fingerprint(parse_stored(text)), number)
        row = self._index.find(fingerprint(parse_stored(expression)))
        if row is None:
            raise NotInTable(
                f"table {self.table.name} has no score of {expression}: {self._advice}"
            )
        return list(self.table.rows)[row]

    @property
    def _advice(self) -> str:
        """The candidates that the table does have, and what to do."""
        return (
            f"it holds {len(self.table.rows):,} candidates of {self.table.space}; search that "
            f"space (--space {shlex.quote(self.table.space)}), or train with another --evaluator"
        )


class _Lookup:
    """Members whose curves are known. A table has their scores alone: no losses and no learned
    values, and nothing stands for them."""

    def __init__(self, curves: Sequence[Curve], recipe: Recipe, halving: bool) -> None:
        self._curves, self._recipe, self._halving = list(curves), recipe, halving

    def advance(self, epoch: int) -> list[MemberProgress]:
        """The scores at a rung. A curve that ended earlier stays there; where final scores are
        asked for, as by `score`, that is true of one at chance alone."""
        return [self._progress(curve, epoch) for curve in self._curves]

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with these only."""
        self._curves = [self._curves[position] for position in positions]

    def test(self) -> list[FinalScore]:
        """A table has no test scores: a confirmation of formulas trains them."""
        raise NotInTable(
            "a table has no scores of the test set: `actsearch confirm FORMULA…` trains formulas "
            "that it has beside the baselines"
        )

    def _progress(self, curve: Curve, epoch: int) -> MemberProgress:
        rung = self._recipe.rungs.index(epoch)
        right = curve[min(rung, len(curve) - 1)]
        accuracy = 0.0 if right is None else right / self._recipe.validation
        reason = "it diverged when the table was made" if right is None else None
        if reason is None and rung >= len(curve) and not self._halving and accuracy > CHANCE:
            last = self._recipe.rungs[len(curve) - 1]
            reason = f"it was stopped after epoch {last} when the table was made"
        return MemberProgress(val_accuracy=accuracy, val_loss=None, train_losses=(), reason=reason)


def read_accuracy(table: ScoreTable, expression: str, seeds: Sequence[int]) -> float:
    """The mean validation accuracy (a fraction) over seeds; 0 under one where it diverged."""
    return float(np.mean([table.accuracy(expression, seed) or 0.0 for seed in seeds]))
