"""Promoting and recommending by the surrogate's model, compared with doing so by score.

    python benchmarks/by_the_model.py [--quick] [--table core-1-table] [--repetitions 10]

Searches on a table, by the surrogate (`--prior none`) and at random. Promotion: of every other
bracket of nine, three go on after the first rung, chosen by their score there, by what the model
expects of them, by both (each weighed by its variance), or, as a limit, by their last score; or,
as in a search, as many as reach the best third of all that the search has seen (`cut-off`).
Two figures: how many of the table's best fortieth go on, and how much less accurate the best that
goes on is than the best of the nine. The model has learned from what a search has seen by then.

Recommending: the regrets (regret.py) of the leaderboard's first, ordered by score or by what the
model of all results expects of each (its own score taken into account), after 50 and 100.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from hardware import hardware
from random_search import BRACKET, FIRST, LAG
from regret import Judge
from search_efficiency import NO_PRIOR, begin, prepared, sampled, searched
from table_spaces import space_of

from actsearch.evaluators import ScoreTable, table_from_name
from actsearch.evaluators.protocol.successive_halving import cutoffs_of
from actsearch.evaluators.tables.tabular import seen_seed
from actsearch.search.strategies.surrogate.gaussian_process import (
    GaussianProcess,
    fitted,
    start_of,
)
from actsearch.search.strategies.surrogate.observations import log_regrets, observations_of
from actsearch.search.strategies.surrogate.pool import USED
from actsearch.search.strategies.surrogate.projection import Projection
from actsearch.space import parse
from actsearch.space.analysis.features import features_of

CANDIDATES = 200
GO_ON = 3  # of a bracket
ETA = 3  # one in so many reaches the cut-off, over all brackets
FROM = 45  # candidates before the first bracket that is looked at
AT = (50, 100)  # candidates after which one is recommended

Array = npt.NDArray[np.float64]
Curve = Mapping[int, float]  # accuracy by epoch


class Model:
    """The surrogate's Gaussian process on these results: features [n, LENGTH], all finite."""

    def __init__(self, features: Array, curves: Sequence[Curve]) -> None:
        self.project = Projection(features, USED)
        self.points, observed = self.project(features), observations_of(curves)
        self.best = float(observed.accuracies.max())
        self.level, self.scale = float(observed.targets.mean()), float(observed.targets.std())
        self.targets = (observed.targets - self.level) / self.scale
        self.noise = observed.noise / self.scale**2
        flat = np.zeros(len(features))
        self.hyper = fitted(
            self.points, flat, self.targets, self.noise, start_of(len(self.points))
        )
        self.process = GaussianProcess(self.points, flat, self.targets, self.noise, self.hyper)

    def expected(self, features: Array) -> tuple[Array, Array]:
        """Expected targets of other functions, and their variances, peculiarities included."""
        mean, deviation = self.process.predict(self.project(features), np.zeros(len(features)))
        return mean, deviation**2 + self.hyper.white

    def smoothed(self) -> Array:
        """Each target without the expected luck of its run."""
        mean = self.process.mean(self.points, np.zeros(len(self.targets)))
        luck = self.noise / (self.noise + self.hyper.white)
        smoothed: Array = self.targets - luck * (self.targets - mean)
        return smoothed

    def on_its_scale(
        self, curves: Sequence[Curve], others: Sequence[Curve]
    ) -> tuple[Array, Array]:
        """Scores of others so far as the model's targets, and their variance."""
        observed = observations_of([*curves, *others])
        accuracies, noise = observed.accuracies[len(curves) :], observed.noise[len(curves) :]
        best = max(self.best, float(accuracies.max()))
        targets = (log_regrets(accuracies, best) - self.level) / self.scale
        return targets, noise / self.scale**2


class Results:
    """The candidates of a search in the order they entered training, of those that are finite on
    [-10, 10]; its seed is the judge's."""

    def __init__(self, table: str, strategy: str, seed: int) -> None:
        scores, evaluator, _ = prepared(table)
        trials = [t for t in searched(table, strategy, seed, CANDIDATES) if t.entered_training]
        features = features_of(parse(trial.expression) for trial in trials)
        finite = np.flatnonzero(np.isfinite(features).all(1)).tolist()
        self.features = features[finite]
        self.curves: list[Curve] = [
            {} if trials[i].state == "infeasible" else trials[i].val_accuracies for i in finite
        ]
        self.texts = [evaluator.text_of(trials[i].expression) for i in finite]
        seen = seen_seed(FIRST, seed)
        self.judge = Judge(scores, seen)
        self.whole = [whole_curve(scores, text, seen) for text in self.texts]


def whole_curve(table: ScoreTable, text: str, seed: int) -> dict[int, float]:
    """The accuracies that a candidate would have without cuts, its end repeated at chance."""
    curve = [(right or 0) / table.recipe.validation for right in table.rows[text][seed]]
    rungs = table.recipe.rungs
    return dict(zip(rungs, curve + [curve[-1]] * (len(rungs) - len(curve)), strict=True))


Promotion = tuple[int, int, int, float]


def promotions(results: Results) -> dict[str, list[Promotion]]:
    """By what decides, of each bracket: how many go on, how many of the best among them, of how
    many, and what the best that goes on lacks to the best of the bracket, in points."""
    judge, rows = results.judge, dict[str, list[Promotion]]()
    for start in range(FROM, len(results.texts) - BRACKET + 1, 2 * BRACKET):
        before, here = slice(0, start - LAG), slice(start, start + BRACKET)
        model = Model(results.features[before], results.curves[before])
        whole, texts = results.whole[here], results.texts[here]
        first, last = (int(epoch) for epoch in (min(whole[0]), max(whole[0])))
        expected, spread = model.expected(results.features[here])
        score, noise = model.on_its_scale(
            results.curves[before], [{first: curve[first]} for curve in whole]
        )
        decided = {
            "score": score,
            "model": expected,
            "both": (expected / spread + score / noise) / (1 / spread + 1 / noise),
            "last score": np.array([curve[last] for curve in whole]),
        }
        readings = np.array([judge.readings[text] for text in texts])
        best = np.array([text in judge.top for text in texts])
        chosen = {
            f"{GO_ON} by {name}": np.argsort(-values, kind="stable")[:GO_ON]
            for name, values in decided.items()
        }
        seen = [curve[first] for curve in results.curves[before] if first in curve]
        cutoff = cutoffs_of({first: seen}, ETA)[first]
        chosen["cut-off"] = np.flatnonzero([curve[first] >= cutoff for curve in whole])
        for name, go_on in chosen.items():
            lost = readings.max() - readings[go_on].max(initial=0.0)
            counts = len(go_on), int(best[go_on].sum()), int(best.sum())
            rows.setdefault(name, []).append((*counts, 100 * float(lost)))
    return rows


def recommendations(results: Results, count: int) -> dict[str, tuple[float, float]]:
    """The regrets of a leaderboard of the first so many, ordered by score and by the model."""
    curves, texts = results.curves[:count], results.texts[:count]
    last = max(epoch for curve in curves for epoch in curve)
    complete = [number for number, curve in enumerate(curves) if last in curve]
    model = Model(results.features[:count], curves)
    orders = {"score": [curves[i][last] for i in complete], "model": model.smoothed()[complete]}
    return {
        name: results.judge.regrets([texts[complete[i]] for i in np.argsort(-np.array(values))])
        for name, values in orders.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default="core-1-table")
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    repetitions = 2 if options.quick else options.repetitions
    table = sampled(table_from_name(options.table))
    begin([], "", space_of(table))
    print(f"{options.table}: {len(table.rows)} of {table.candidates} candidates")
    record: dict[str, object] = {"table": options.table, "repetitions": repetitions}
    for strategy in (NO_PRIOR, "random"):
        searches = [Results(options.table, strategy, seed) for seed in range(repetitions)]
        promoted: dict[str, list[Promotion]] = {}
        for results in searches:
            for name, rows in promotions(results).items():
                promoted.setdefault(name, []).extend(rows)
        for name, rows in promoted.items():
            count, kept, best, lost = np.array(rows).T
            print(
                f"{strategy:<18} {len(rows)} brackets, {name:<15}: {count.mean():.1f} go on, "
                f"{int(kept.sum())} of {int(best.sum())} of the best, {np.median(lost):.2f} lost"
            )
            record[f"{strategy}.{name}.go_on"] = float(count.mean())
            record[f"{strategy}.{name}.kept"] = float(kept.sum() / max(1, best.sum()))
            record[f"{strategy}.{name}.lost"] = float(np.median(lost))
        for count in AT:
            regrets = [recommendations(results, count) for results in searches]
            for name in regrets[0]:
                first, confirmed = np.mean([pair[name] for pair in regrets], axis=0)
                print(
                    f"{strategy:<18} after {count} by {name}: regret of the first {first:.3f}, "
                    f"of the confirmed {confirmed:.3f} (means)"
                )
                record[f"{strategy}.{name}.first_at_{count}"] = first
                record[f"{strategy}.{name}.confirmed_at_{count}"] = confirmed
    print(json.dumps({**record, **hardware()}))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
