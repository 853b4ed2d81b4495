"""How well each rung foretells the final ranking, with and without gain and a step-size grid.

    python benchmarks/rungs.py [--quick] [--candidates 18]

Candidates drawn at random from core-1 (screened, distinct), each trained to the end under the
recipe `quick` with no cut, so that all have all rungs. Four settings: initial weights that follow
the activation's second moment or torch's own; the recipe's step size alone or the best of 0.3, 1
and 3 times it on validation. rank_correlation: Spearman's, of validation accuracy at the rung
with the final one of the same setting; `upper half` is over the half that ends best, where a
search's cuts are decided. `agreement` is Spearman's between the final rankings of two settings:
what is low there is a ranking about scale or step size rather than about the function. Intervals
are 95 % percentile bootstraps over candidates. Validation images only. `--quick`: 6 candidates on
6,000 images, rungs 1, 2, 3.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from hardware import hardware
from scipy import stats

from actsearch.evaluators import (
    MemberProgress,
    Recipe,
    load_train,
    recipe_from_name,
    split,
    subset,
)
from actsearch.evaluators.training.device_data import DataSplits
from actsearch.evaluators.training.members import members_of
from actsearch.evaluators.training.mlp_ensemble import MlpEnsemble
from actsearch.space import (
    Expression,
    FingerprintIndex,
    fingerprint,
    screen,
    space_from_name,
)

STEPS = (1.0, 0.3, 3.0)
RESAMPLES = 2_000
Curves = dict[int, list[float]]  # rung (epoch) -> each candidate's validation accuracy


def drawn(count: int, seed: int = 0) -> list[Expression]:
    """Random candidates of core-1 that a search would train, each function once."""
    space, rng, seen = space_from_name("core-1"), np.random.default_rng(seed), FingerprintIndex()
    candidates: list[Expression] = []
    while len(candidates) < count:
        candidate = space.decode(space.sample(rng))
        if screen(candidate) is None and seen.find(mark := fingerprint(candidate)) is None:
            seen.add(mark, len(candidates))
            candidates.append(candidate)
    return candidates


def trained(
    candidates: Sequence[Expression], recipe: Recipe
) -> Iterator[tuple[int, list[MemberProgress]]]:
    """The progress of every member, rung by rung, in the order of `members_of`."""
    images = load_train() if recipe.limit is None else subset(load_train(), recipe.limit)
    train, validation = split(images, validation=recipe.validation, seed=recipe.split_seed)
    sets = DataSplits.on(torch.device("cpu"), recipe, train, validation)
    training = MlpEnsemble(members_of(candidates, recipe, 0), recipe, sets)
    for epoch in recipe.rungs:
        yield epoch, training.advance(epoch)


def settings(candidates: Sequence[Expression], recipe: Recipe) -> dict[str, Curves]:
    """Curves of the four settings; a training that diverges counts as accuracy 0."""
    by_setting: dict[str, Curves] = {}
    for gain in (True, False):
        grid = dataclasses.replace(recipe, moment_init=gain, lr_multipliers=STEPS)
        weights = "gain" if gain else "torch's weights"
        at_base_rate: Curves = {}
        best: Curves = {}
        by_setting |= {weights: at_base_rate, f"{weights}, grid": best}
        for epoch, progress in trained(candidates, grid):
            scores = np.array([0.0 if p.reason else p.val_accuracy for p in progress])
            by_step = scores.reshape(len(STEPS), len(candidates))
            at_base_rate[epoch], best[epoch] = by_step[0].tolist(), by_step.max(0).tolist()
    return by_setting


def spearman(a: Sequence[float], b: Sequence[float]) -> tuple[float, float, float]:
    """Rank correlation with its bootstrap interval."""
    pairs, rng = np.array([a, b]), np.random.default_rng(0)
    draws = []
    for _ in range(RESAMPLES):
        chosen = pairs[:, rng.integers(pairs.shape[1], size=pairs.shape[1])]
        if np.ptp(chosen, axis=1).min() > 0:  # ranks of one value have no correlation
            draws.append(float(stats.spearmanr(*chosen).statistic))
    low, high = np.percentile(draws, [2.5, 97.5]) if draws else (math.nan, math.nan)
    return float(stats.spearmanr(a, b).statistic), float(low), float(high)


def upper_half(curves: Curves) -> Curves:
    """The candidates that end in the better half."""
    final = curves[max(curves)]
    order = sorted(range(len(final)), key=lambda i: -final[i])[: (len(final) + 1) // 2]
    return {epoch: [scores[i] for i in order] for epoch, scores in curves.items()}


def correlations(curves: Curves) -> Mapping[int, tuple[float, float, float]]:
    """Of each rung but the last with the last."""
    final = max(curves)
    return {e: spearman(scores, curves[final]) for e, scores in curves.items() if e != final}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--candidates", type=int, default=18)
    arguments = options.parse_args()
    torch.set_num_threads(1)
    recipe = recipe_from_name("quick")
    count = arguments.candidates
    if arguments.quick:
        recipe, count = dataclasses.replace(recipe.limited(6_000), rungs=(1, 2, 3)), 6
    candidates = drawn(count)
    by_setting = settings(candidates, recipe)
    for setting, curves in by_setting.items():
        for share, chosen in (("all", curves), ("upper half", upper_half(curves))):
            for epoch, (rho, low, high) in correlations(chosen).items():
                print(
                    f"{setting:22} {share:10} epoch {epoch}: {rho:5.2f} [{low:5.2f}, {high:5.2f}]"
                )
    last = max(recipe.rungs)
    finals = {setting: curves[last] for setting, curves in by_setting.items()}
    names = list(finals)
    agreement = {
        f"{a} / {b}": round(spearman(finals[a], finals[b])[0], 3)
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    }
    for pair, rho in agreement.items():
        print(f"agreement {pair:45} {rho:5.2f}")
    for i in sorted(range(count), key=lambda i: -finals["gain, grid"][i]):
        scores = "  ".join(f"{100 * finals[s][i]:6.2f}" for s in names)
        print(f"{scores}  {candidates[i]}")
    result = {
        "rank_correlation": {
            setting: {epoch: round(rho[0], 3) for epoch, rho in correlations(curves).items()}
            for setting, curves in by_setting.items()
        },
        "upper_half": {
            setting: {e: round(r[0], 3) for e, r in correlations(upper_half(curves)).items()}
            for setting, curves in by_setting.items()
        },
        "agreement": agreement,
        "n": count,
        "recipe": recipe.label,
        "quick": arguments.quick,
        **hardware(),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
