"""Properties that the functions which train well have in common, from the card, against the score.

    python benchmarks/good_functions.py [--quick] [--table NAME] [--elsewhere NAME]

Each function of a table is described by properties that a mirror image (-f(x), f(-x)) leaves as
they are. Then, for functions that learn (above 80 %):

- of each property alone Spearman's rank correlation with the score, on one half of the functions
  and on the other, which took no part in ordering the list, with a 95 % bootstrap interval of the
  second half, and the median score with and without, or above and below the median;
- of a random forest over all of them the correlation on functions it never saw (ten folds), on
  those with an operator it never saw, and on the second table, of another space; a function's
  mirror image counts as seen; and what the last of these loses where one property is shuffled
  among the functions asked about (mean of twenty shuffles).

A correlation is no cause: properties hang together. `--quick`: 300 functions.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, fields
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt
import torch
from features import LEARNS, LEFT_OUT, mean_accuracy
from scipy.stats import spearmanr
from search_efficiency import sampled, uses
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GroupKFold, cross_val_predict

from actsearch.evaluators import ScoreTable, table_from_name
from actsearch.search.provenance import machine
from actsearch.space import Call, parse
from actsearch.space.analysis.moments import gaussian_nodes
from actsearch.space.analysis.properties import properties

DRAWS = 2000  # of functions, for an interval
FOLDS = 10
TREES = 300
SHUFFLES = 20
LARGEST = 1e3  # what is beyond counts as this much

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Traits:
    """Of a function at its initial parameters; moments are under N(0, 1)."""

    curvature: float  # share of the variance that the best line leaves
    even: float  # share of the variance that is even in x
    mean: float  # size of the mean, over the root mean square
    gain: float  # E f'^2 / E f^2
    flat: float  # share of inputs of slope 0
    turns: float  # on [-10, 10]
    steepest: float  # the Lipschitz constant over the root mean square
    saturating_sides: float  # on which f tends to a constant
    bounded_sides: float
    growing_sides: float  # on which f grows faster than a line
    monotone: float
    kinks: float  # 1 where it has one, or a jump
    operators: float
    parameters: float


def traits(text: str) -> Traits:
    """The traits of an expression, from its card; half a second."""
    torch.set_num_threads(1)
    expression = parse(text)
    card = properties(expression)
    z, weights = gaussian_nodes()
    even = (expression.values(z) + expression.values(-z)) / 2 - card.mean
    variance = max(card.second_moment - card.mean**2, 1e-12)
    size = max(card.second_moment, 1e-12) ** 0.5
    sides = (card.left, card.right)
    numbers = Traits(
        curvature=card.curvature,
        even=float((even**2 * weights).sum()) / variance,
        mean=abs(card.mean) / size,
        gain=card.gain,
        flat=card.zero_slope,
        turns=card.turns,
        steepest=card.lipschitz / size,
        saturating_sides=len(card.saturating),
        bounded_sides=sum(side.bounded for side in sides),
        growing_sides=sum(side.kind == "faster" for side in sides),
        monotone=card.direction in ("increasing", "decreasing"),
        kinks=bool(card.smooth.jumps or card.smooth.kinks),
        operators=sum(isinstance(node, Call) for node in expression.nodes()),
        parameters=len(expression.parameters),
    )
    bounded = (min(float(np.nan_to_num(v, nan=LARGEST)), LARGEST) for v in astuple(numbers))
    return Traits(*bounded)


@dataclass(frozen=True, slots=True)
class Functions:
    """The ones of a table that learn: traits [n, fields], mean accuracies [n], texts."""

    traits: Array
    accuracies: Array
    texts: tuple[str, ...]

    @staticmethod
    def of(table: ScoreTable, most: int | None) -> Functions:
        scores = {text: mean_accuracy(table, text) for text in sampled(table).rows}
        texts = [text for text, score in scores.items() if score > LEARNS][:most]
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            rows = [astuple(row) for row in pool.map(traits, texts, chunksize=16)]
        return Functions(np.array(rows), np.array([scores[text] for text in texts]), tuple(texts))

    @property
    def kinds(self) -> Array:
        """The traits, equal for a function and its mirror images: [n, fields]."""
        return self.traits.round(4)

    def without(self, others: Functions) -> Functions:
        """The functions of which the others have neither the kind nor a mirror image."""
        seen = set(map(tuple, others.kinds.tolist()))
        new = [row for row, kind in enumerate(self.kinds.tolist()) if tuple(kind) not in seen]
        texts = tuple(self.texts[row] for row in new)
        return Functions(self.traits[new], self.accuracies[new], texts)


def alone(functions: Functions) -> list[dict[str, object]]:
    """Each trait by itself, ordered by the first half, read on the second."""
    order = np.random.default_rng(0).permutation(len(functions.accuracies))
    first, second = np.array_split(order, 2)
    rows: list[dict[str, object]] = []
    for column, field in enumerate(fields(Traits)):
        trait = functions.traits[:, column]
        ordered = correlation(trait[first], functions.accuracies[first])
        x, y = trait[second], functions.accuracies[second]
        middle = min(float(np.median(x)), float(x[x < x.max()].max()))  # there are some above it
        rng = np.random.default_rng(1)
        drawn = [rng.integers(len(x), size=len(x)) for _ in range(DRAWS)]
        low, high = np.quantile([correlation(x[d], y[d]) for d in drawn], [0.025, 0.975])
        rows.append(
            {
                "trait": field.name,
                "first_half": ordered,
                "second_half": correlation(x, y),
                "low": float(low),
                "high": float(high),
                "split": middle,
                "above": float(np.median(y[x > middle])),
                "at_most": float(np.median(y[x <= middle])),
                "share_above": float((x > middle).mean()),
            }
        )
    return sorted(rows, key=lambda row: -abs(float(str(row["first_half"]))))


def correlation(x: Array, y: Array) -> float:
    """Spearman's; 0 where one is constant."""
    constant = x.min() == x.max() or y.min() == y.max()
    return 0.0 if constant else float(spearmanr(x, y).statistic)


def forest() -> RandomForestRegressor:
    return RandomForestRegressor(TREES, min_samples_leaf=3, max_features=0.5, random_state=0)


def together(functions: Functions, others: Functions) -> dict[str, float]:
    """Rank correlations of a forest over all traits, where it saw none of what is asked."""
    x, y, kinds = functions.traits, functions.accuracies, functions.kinds
    groups = np.unique(kinds, axis=0, return_inverse=True)[1].ravel()
    expected = cross_val_predict(forest(), x, y, groups=groups, cv=GroupKFold(FOLDS))
    by_operators = []
    for operators in LEFT_OUT:
        has = np.array([uses(text, operators) for text in functions.texts])
        unseen = has & ~np.isin(groups, groups[~has])
        if unseen.sum() > FOLDS:
            model = forest().fit(x[~has], y[~has])
            by_operators.append(correlation(model.predict(x[unseen]), y[unseen]))
    elsewhere = forest().fit(x, y).predict(others.traits)
    return {
        "other functions": correlation(expected, y),
        "other operators, mean": float(np.mean(by_operators)),
        "other operators, least": float(np.min(by_operators)),
        "another space": correlation(elsewhere, others.accuracies),
    }


def needed(functions: Functions, others: Functions) -> dict[str, float]:
    """Loss of the forest's correlation on the second table by shuffling each trait there."""
    model = forest().fit(functions.traits, functions.accuracies)
    whole = correlation(model.predict(others.traits), others.accuracies)
    losses = {}
    for column, field in enumerate(fields(Traits)):
        shuffled = []
        for seed in range(SHUFFLES):
            traits = others.traits.copy()
            np.random.default_rng(seed).shuffle(traits[:, column])
            shuffled.append(correlation(model.predict(traits), others.accuracies))
        losses[field.name] = whole - float(np.mean(shuffled))
    return dict(sorted(losses.items(), key=lambda item: -item[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default="core-1-table")
    parser.add_argument("--elsewhere", default="elsewhere-table")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    most = 300 if options.quick else None
    table, other = table_from_name(options.table), table_from_name(options.elsewhere)
    functions = Functions.of(table, most)
    others = Functions.of(other, most).without(functions)
    print(
        f"{options.table}, recipe {table.recipe.label}: {len(functions.texts)} functions above "
        f"{LEARNS:.0%}, of {len(np.unique(functions.kinds, axis=0))} kinds; "
        f"{options.elsewhere}: {len(others.texts)} more\n"
    )
    print(f"{'':18}first half  second half           median score above / at most the split")
    rows = alone(functions)
    for row in rows:
        print(
            f"{row['trait']:18}{row['first_half']:+10.2f}  {row['second_half']:+.2f} "
            f"[{row['low']:+.2f}, {row['high']:+.2f}]"
            f"   {row['above']:.2%} / {row['at_most']:.2%} at {row['split']:.3g} "
            f"({row['share_above']:.0%} above)"
        )
    reached = together(functions, others)
    print()
    for name, value in reached.items():
        print(f"a forest over all, on {name:24} {value:.2f}")
    losses = needed(functions, others)
    print("\nlost without " + ", ".join(f"{name} {loss:.2f}" for name, loss in losses.items()))
    record: dict[str, object] = {
        "quick": options.quick,
        "table": options.table,
        "functions": len(functions.texts),
    }
    record |= {"alone": rows, "forest": reached, "lost": losses, "machine": machine()}
    print(json.dumps(record))


if __name__ == "__main__":
    main()
