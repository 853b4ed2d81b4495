"""How well the surrogate's model foretells the scores of functions that it has not seen.

    python benchmarks/features.py [--quick] [--table core-1-table] [--draws 24]

First the model of a search, on 30, 60 and 120 functions of a table, drawn at random: Spearman's
rank correlation of its expectation with the scores of the table's others, those above 80 % (what
is at chance is easily told), the mean over draws, and in brackets its distance from the first row,
with the standard error over the draws, which all rows share. `shipped` has features as the
surrogate has them; each other row changes one thing: the functions not turned by their symmetry,
groups of features, weights of the points (a power of the shipped ones: 0 is flat, 2 and 4 are
narrower), the number of principal components.

Then the prior: for each group of operators taught by the functions that have none of them, and
asked about those that have one: the rank correlation over all of them and over those above 80 %,
and the median score of the nine that it puts first, beside the mean of the best nine there are and
the median of all; means over the groups. `--quick`: 3 draws, 3 groups.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from search_efficiency import parted, sampled

from actsearch.evaluators import ScoreTable, table_from_name
from actsearch.search.provenance import machine
from actsearch.search.strategies.surrogate import projection
from actsearch.search.strategies.surrogate.gaussian_process import (
    GaussianProcess,
    fitted,
    start_of,
)
from actsearch.search.strategies.surrogate.observations import MARGIN, RUN_NOISE, log_regrets
from actsearch.search.strategies.surrogate.pool import USED
from actsearch.search.strategies.surrogate.prior import Prior
from actsearch.search.strategies.surrogate.projection import Projection
from actsearch.space import Expression, parse
from actsearch.space.analysis.features import GROUPS, features_of

SIZES = (30, 60, 120)  # functions that a model has seen
LEARNS = 0.8  # accuracy above which a function is a good one
FIRST = 9  # candidates, a bracket
LEFT_OUT = (
    ("sin", "cos"),
    ("erf",),
    ("tanh", "atan"),
    ("sigmoid", "softplus"),
    ("exp", "sinh", "cosh"),
    ("max", "min"),
    ("abs", "sqrt"),
    ("asinh",),
    ("square", "cube", "pow"),
    ("div",),
)

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Functions:
    """Functions of a table that are finite on [-10, 10]: features as shipped and as written
    [n, LENGTH], mean accuracies [n], how many seeds each has."""

    turned: Array
    as_written: Array
    accuracies: Array
    seeds: Array

    @staticmethod
    def of(table: ScoreTable) -> Functions:
        expressions = [parse(text) for text in table.rows]
        features = features_of(expressions)
        finite = np.isfinite(features).all(1)
        written = [written_row(e, row) for e, row in zip(expressions, features, strict=True)]
        accuracies = np.array([mean_accuracy(table, text) for text in table.rows])
        seeds = np.array([len(curves) for curves in table.rows.values()])
        return Functions(
            features[finite], np.stack(written)[finite], accuracies[finite], seeds[finite]
        )


def mean_accuracy(table: ScoreTable, text: str) -> float:
    """Mean accuracy over all seeds of a candidate; 0 under a seed where it diverged."""
    return float(np.mean([table.accuracy(text, seed) or 0.0 for seed in table.rows[text]]))


def written_row(expression: Expression, row: Array) -> Array:
    """The features of a function with the signs and the direction that it is written in."""
    z = torch.linspace(-5, 5, 500, dtype=torch.float64)
    values = expression.values(z) * torch.exp(-z.square() / 2)
    upward = -1.0 if float(values @ (z.square() - 1)) < 0 else 1.0
    mirrored = float(values @ z) * upward < 0
    written = row.copy()
    for name in ("values", "slopes", "parameters"):
        shape = row[GROUPS[name]]
        sign = 1.0 if name == "parameters" else upward
        if mirrored:
            shape, sign = shape[::-1], -sign if name == "slopes" else sign
        written[GROUPS[name]] = sign * shape
    return written


def weighted(features: Array, power: float) -> Array:
    """Features whose points are weighted by a power of the shipped weights, read off the identity,
    whose slope is 1 everywhere."""
    (identity,) = features_of([parse("x")])
    shipped = identity[GROUPS["slopes"]] / math.asinh(1)
    scale = math.sqrt(len(shipped))
    changed = features.copy()
    for name in ("values", "slopes", "parameters"):
        changed[:, GROUPS[name]] *= (scale * shipped) ** (power - 1)
    return changed


def variants(functions: Functions) -> Iterator[tuple[str, list[Array]]]:
    """Each way to turn functions into points, by name."""

    def points(features: Array, groups: Sequence[str] = USED) -> list[Array]:
        return Projection(features, groups)(features)

    yield "shipped", points(functions.turned)
    yield "not turned", points(functions.as_written)
    yield "moments beside", points(functions.turned, tuple(GROUPS))
    for name in ("values", "slopes"):
        yield f"{name} alone", points(functions.turned, (name,))
    for power in (0, 2, 4):
        yield f"weights to the power {power}", points(weighted(functions.turned, power))
    for count in (6, 32):
        with patch.object(projection, "COMPONENTS", count):
            yield f"{count} components", points(functions.turned)


def correlations(functions: Functions, points: Sequence[Array], size: int, draws: int) -> Array:
    """Of a model's expectation with the scores of the good ones it has not seen: [draws]."""
    accuracies = functions.accuracies
    best = float(accuracies.max())
    targets = log_regrets(accuracies, best)
    noise = np.square(RUN_NOISE / (best + MARGIN - accuracies)) / functions.seeds
    reached = []
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(len(accuracies))
        seen, others = order[:size], order[size:]
        others = others[accuracies[others] > LEARNS]
        scale = float(targets[seen].std())
        standardised = (targets[seen] - targets[seen].mean()) / scale
        flat, spread = np.zeros(size), noise[seen] / scale**2
        known = [group[seen] for group in points]
        hyper = fitted(known, flat, standardised, spread, start_of(len(known)))
        model = GaussianProcess(known, flat, standardised, spread, hyper)
        expected = model.mean([group[others] for group in points], np.zeros(len(others)))
        reached.append(spearmanr(expected, accuracies[others]).statistic)
    return np.array(reached)


def judged_prior(table: ScoreTable, operators: Sequence[str]) -> dict[str, float]:
    """Quality of a prior, learned from functions without these operators, on those with one."""
    held_out, taught = parted(table, operators)
    assert taught is not None
    functions = Functions.of(held_out)
    accuracies = functions.accuracies
    expected = Prior([taught])(functions.turned)
    good = accuracies > LEARNS
    return {
        "functions": len(accuracies),
        "correlation": spearmanr(expected, accuracies).statistic,
        "correlation_good": spearmanr(expected[good], accuracies[good]).statistic,
        "first_nine": float(np.median(accuracies[np.argsort(-expected)[:FIRST]])),
        "best_nine": float(np.sort(accuracies)[-FIRST:].mean()),
        "median": float(np.median(accuracies)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default="core-1-table")
    parser.add_argument("--draws", type=int, default=24)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    draws, left_out = (3, LEFT_OUT[:3]) if options.quick else (options.draws, LEFT_OUT)
    table = sampled(table_from_name(options.table))
    functions = Functions.of(table)
    good = int((functions.accuracies > LEARNS).sum())
    print(
        f"{options.table}, recipe {table.recipe.label}: {len(functions.accuracies)} functions, "
        f"{good} above {LEARNS:.0%}; {draws} draws"
    )
    record: dict[str, object] = {"quick": options.quick, "table": options.table, "draws": draws}
    record |= {"functions": len(functions.accuracies), "machine": machine()}
    first: list[Array] = []
    for name, points in variants(functions):
        rows = [correlations(functions, points, size, draws) for size in SIZES]
        first = first or rows
        cells = [compared(row, start) for row, start in zip(rows, first, strict=True)]
        print(f"{name:24} {'   '.join(cells)}", flush=True)
        record |= {f"{name}.{n}": float(r.mean()) for n, r in zip(SIZES, rows, strict=True)}
    judged = []
    for operators in left_out:
        judged.append(judged_prior(table, operators))
        print(f"without {', '.join(operators):20} {shown(judged[-1])}", flush=True)
    means = {key: float(np.mean([j[key] for j in judged])) for key in judged[0]}
    print(f"mean of {len(judged)} groups{'':12} {shown(means)}")
    record |= {f"prior.{key}": value for key, value in means.items()}
    print(json.dumps(record))


def compared(row: Array, first: Array) -> str:
    """A mean over draws, and its distance from that of the first row with its standard error."""
    away = row - first
    error = away.std(ddof=1) / math.sqrt(len(away))
    return f"{row.mean():.2f} [{away.mean():+.2f} ± {error:.2f}]"


def shown(judged: dict[str, float]) -> str:
    """One line of the second table."""
    return (
        f"{judged['functions']:5.0f} functions: {judged['correlation']:.2f}, of the good ones "
        f"{judged['correlation_good']:.2f}; first nine {judged['first_nine']:.1%}, best nine "
        f"{judged['best_nine']:.1%}, half below {judged['median']:.1%}"
    )


if __name__ == "__main__":
    main()
