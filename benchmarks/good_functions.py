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
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from features import LEARNS, LEFT_OUT, mean_accuracy
from scipy.stats import spearmanr
from search_efficiency import sampled
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GroupKFold, cross_val_predict

from actsearch.evaluators import ScoreTable, table_from_name
from actsearch.search.provenance import machine
from actsearch.space import Call, parse
from actsearch.space.analysis.asymptotes import asymptote
from actsearch.space.analysis.moments import gaussian_nodes
from actsearch.space.analysis.smoothness import smoothness

DRAWS = 2000  # of functions, for an interval
FOLDS = 10
TREES = 300
SHUFFLES = 20
POINTS = 2002  # on [-10, 10], 0 not among them
FLAT = 1e-6  # a slope that counts as 0
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
    steepest: float  # |f'| on [-10, 10], over the root mean square
    saturating_sides: float  # on which f tends to a constant
    bounded_sides: float
    growing_sides: float  # on which f grows faster than a line
    monotone: float  # on [-10, 10]
    kinks: float  # 1 where it has one, or a jump
    operators: float
    parameters: float


def traits(text: str) -> Traits:
    """The traits of an expression. Not by `properties`, whose proofs take half a second."""
    expression = parse(text)
    z, weights = gaussian_nodes()
    value, slope = expression.values_and_slopes(z)
    mean, second, slopes = (float((v * weights).sum()) for v in (value, value**2, slope**2))
    line = float((value * z * weights).sum())
    variance, size = max(second - mean**2, 1e-12), max(second, 1e-12) ** 0.5
    even = (value + expression.values(-z)) / 2 - mean
    on_grid = expression.values_and_slopes(torch.linspace(-10, 10, POINTS).double())[1]
    rising, smooth = on_grid[on_grid.abs() > FLAT] > 0, smoothness(expression)
    sides = [asymptote(expression, side) for side in (-1, 1)]
    numbers = Traits(
        curvature=1 - line**2 / variance,
        even=float((even**2 * weights).sum()) / variance,
        mean=abs(mean) / size,
        gain=slopes / max(second, 1e-12),
        flat=float(((slope.abs() < FLAT) * weights).sum()),
        turns=int((rising[1:] != rising[:-1]).sum()),
        steepest=float(on_grid.abs().max()) / size,
        saturating_sides=sum(side.kind == "constant" for side in sides),
        bounded_sides=sum(side.bounded for side in sides),
        growing_sides=sum(side.kind == "faster" for side in sides),
        monotone=bool(rising.all() or not rising.any()),
        kinks=bool(smooth.jumps or smooth.kinks),
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
        rows = np.array([astuple(traits(text)) for text in texts])
        return Functions(rows, np.array([scores[text] for text in texts]), tuple(texts))

    @property
    def kinds(self) -> list[tuple[float, ...]]:
        """Equal for a function and its mirror images."""
        return [tuple(row) for row in self.traits.round(4).tolist()]


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
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    groups = [numbers[kind] for kind in kinds]
    expected = cross_val_predict(forest(), x, y, groups=groups, cv=GroupKFold(FOLDS))
    reached = {"functions": float(len(y)), "kinds": float(len(numbers))}
    reached["other functions"] = correlation(expected, y)
    by_operators = []
    for operators in LEFT_OUT:
        has = np.array([uses(text, operators) for text in functions.texts])
        seen = {kind for kind, uses_one in zip(kinds, has, strict=True) if not uses_one}
        unseen = has & np.array([kind not in seen for kind in kinds])
        if unseen.sum() > FOLDS:
            expected = forest().fit(x[~has], y[~has]).predict(x[unseen])
            by_operators.append(correlation(expected, y[unseen]))
    reached["other operators, mean"] = float(np.mean(by_operators))
    reached["other operators, least"] = float(np.min(by_operators))
    unseen = np.array([kind not in numbers for kind in others.kinds])
    elsewhere = forest().fit(x, y).predict(others.traits[unseen])
    reached["functions of another space"] = float(unseen.sum())
    reached["another space"] = correlation(elsewhere, others.accuracies[unseen])
    return reached


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


def uses(text: str, operators: Sequence[str]) -> bool:
    return any(isinstance(n, Call) and n.primitive in operators for n in parse(text).nodes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default="core-1-table")
    parser.add_argument("--elsewhere", default="elsewhere-table")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    most = 300 if options.quick else None
    table, other = table_from_name(options.table), table_from_name(options.elsewhere)
    functions, others = Functions.of(table, most), Functions.of(other, most)
    print(
        f"{options.table}, recipe {table.recipe.label}: {len(functions.texts)} functions above "
        f"{LEARNS:.0%}; {options.elsewhere}: {len(others.texts)}\n"
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
        print(f"{name:28} {value:.0f}" if value > 1 else f"forest, on {name:28} {value:.2f}")
    losses = needed(functions, others)
    print("\nlost without " + ", ".join(f"{name} {loss:.2f}" for name, loss in losses.items()))
    record = {"quick": options.quick, "table": options.table, "functions": len(functions.texts)}
    print(
        json.dumps(
            record | {"alone": rows, "forest": reached, "lost": losses, "machine": machine()}
        )
    )


if __name__ == "__main__":
    main()
