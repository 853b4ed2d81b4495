"""How often a search claims a winner where there is none, and finds one where there is.

    python benchmarks/validity.py [--quick] [--searches 1000]
    python benchmarks/validity.py --train-pool 300      # adds real trainings to the pool, hours

Whole searches (60 candidates, 3 finalists, 5 seeds: the defaults) are drawn from a pool of real
trainings, benchmarks/pool/quick.jsonl; the product's functions do all but the training
(pool/replay.py). false_winner_rate: searches among copies of one function, SiLU, against baselines
that are copies too, in which any finalist is called a winner. by_seeds: the same among ten
functions made equally good on average, on test images drawn anew for every search; seeds_alone is
what the intervals over seeds alone, blind to the draw of images, would claim there. power:
searches in which one candidate of the 60 is better by `effect` (a fraction) and is called a winner
in the end; under_one_seed: the same without the luck that the candidates of a search share. Each
has a one-sided 95 % bound (Clopper and Pearson 1934), which covers the number of searches drawn,
not the size of the pool; `halves` has the rate on each half of the pool alone. one_by_one: homes
in which any of twenty equally good functions, each confirmed alone, is called a winner;
uncorrected: the same if each verdict knew only its own function. stopping: one function looked at
with 5, 10 and 20 seeds until it is a winner. failing: one that is as good as the others on
average, as it gains on nine seeds of ten what it loses on the tenth (5 points), called a winner.
--quick draws 150.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from hardware import hardware
from pool import replay
from pool.noise import common_luck, spread, ties
from pool.trainings import POOL, RECIPE, TAGGED, Trained, extend, read
from scipy import stats

from actsearch.search import (
    Confirmation,
)

CANDIDATES, SEEDS = 60, 5  # the defaults of a search
EFFECTS = (0.002, 0.003, 0.005, 0.01)  # fractions: 0.2 to 1 point
MORE_SEEDS = (5, 10, 20)
LEVEL = 0.05  # of a verdict
STATED = 0.01  # the effect whose power is the figure


def at_most(events: int, n: int) -> float:
    """The upper one-sided 95 % bound of a rate."""
    return float(stats.binomtest(events, n, alternative="less").proportion_ci(0.95).high)


def at_least(events: int, n: int) -> float:
    """The lower one-sided 95 % bound of a rate."""
    return float(stats.binomtest(events, n, alternative="greater").proportion_ci(0.95).low)


def claims(confirmation: Confirmation) -> dict[str, bool]:
    """The claims of a confirmation: of any finalist, and of the best one, its headline."""
    verdicts = [row.verdict for row in confirmation.rows if row.role == "finalist"]
    best = confirmation.best
    headline = None if best is None else confirmation.row(best).verdict
    return {
        "any winner": "winner" in verdicts,
        "best: winner": headline == "winner",
        "any worse": "worse" in verdicts,
        "best: worse": headline == "worse",
    }


def false_claims(
    equals: Sequence[Sequence[Trained]],
    searches: int,
    *,
    seeds: int = SEEDS,
    first_baselines: int | None = None,
    draw_images: bool = False,
    by_image: bool = True,
) -> dict[str, int]:
    """In how many searches among equally good functions each claim is made."""
    rng = np.random.default_rng(0)
    counts: dict[str, int] = {}
    size = len(equals[0][0].test_correct)
    for _ in range(searches):
        images = rng.integers(size, size=size) if draw_images else None
        world = replay.World(equals, rng, images=images, by_image=by_image)
        plan = replay.plan(replay.search(world, CANDIDATES))
        for claim, made in claims(replay.confirm(world, plan, seeds, first_baselines)).items():
            counts[claim] = counts.get(claim, 0) + made
    return counts


def findings(copies: Sequence[Trained], searches: int, effect: float) -> dict[str, int]:
    """In how many searches one better candidate is among the finalists, and is then called a
    winner with so many seeds."""
    rng = np.random.default_rng(1)
    planted = replay.tags(CANDIDATES)[0]
    counts = {"finalist": 0, **{f"{seeds} seeds": 0 for seeds in MORE_SEEDS}}
    for _ in range(searches):
        world = replay.World([copies], rng, planted={planted: effect})
        plan = replay.plan(replay.search(world, CANDIDATES))
        if planted not in plan.finalists:
            continue
        counts["finalist"] += 1
        for seeds in MORE_SEEDS:
            row = replay.confirm(world, plan, seeds).row(planted)
            counts[f"{seeds} seeds"] += row.verdict == "winner"
    return counts


def one_by_one(
    equals: Sequence[Sequence[Trained]], homes: int, functions: int = 20
) -> dict[str, float]:
    """The rate of homes with a false winner among functions that are confirmed each alone."""
    rng = np.random.default_rng(2)
    size = len(equals[0][0].test_correct)
    counts = {"corrected": 0, "uncorrected": 0}
    for _ in range(homes):
        world = replay.World(equals, rng, images=rng.integers(size, size=size))
        rows = [
            replay.confirm(world, replay.alone(tag), SEEDS, shown_before=k).row(tag)
            for k, tag in enumerate(replay.tags(functions))
        ]
        counts["corrected"] += any(row.verdict == "winner" for row in rows)
        counts["uncorrected"] += any(
            c.p_value < LEVEL and c.difference > 0 for row in rows if (c := row.comparison)
        )
    return {name: round(count / homes, 4) for name, count in counts.items()}


def stopping(equals: Sequence[Sequence[Trained]], homes: int) -> float:
    """The rate of homes in which one of equals is a winner at 5, 10 or 20 seeds, looked at in
    turn until it is."""
    rng = np.random.default_rng(3)
    size, (tag,) = len(equals[0][0].test_correct), replay.tags(1)
    count = 0
    for _ in range(homes):
        world = replay.World(equals, rng, images=rng.integers(size, size=size))
        looks = (
            replay.confirm(world, replay.alone(tag), seeds, looks=k).row(tag).verdict
            for k, seeds in enumerate(MORE_SEEDS, 1)
        )
        count += "winner" in looks
    return round(count / homes, 4)


def failing(copies: Sequence[Trained], homes: int) -> dict[int, float]:
    """By seeds: the rate at which a function that fails on a tenth of its seeds, and is as good as
    its copies on average, is a winner."""
    (tag,) = replay.tags(1)
    rates = {}
    for seeds in MORE_SEEDS:
        rng = np.random.default_rng(4)
        count = 0
        for _ in range(homes):
            world = replay.World([copies], rng, failing={tag: 0.1})
            row = replay.confirm(world, replay.alone(tag), seeds).row(tag)
            count += row.verdict == "winner"
        rates[seeds] = round(count / homes, 4)
    return rates


def _print_claims(name: str, counts: dict[str, int], searches: int) -> None:
    rates = "  ".join(
        f"{claim} {n / searches:6.2%} (≤ {at_most(n, searches):.2%})"
        for claim, n in counts.items()
    )
    print(f"{name:<28} {rates}", flush=True)


def _rate(row: dict[str, int], name: str, searches: int) -> str:
    """A rate of all searches; of a verdict, also of those in which it was a finalist."""
    rate = f"{name} {row[name] / searches:.1%} (≥ {at_least(row[name], searches):.1%})"
    if name == "finalist" or not row["finalist"]:
        return rate
    return f"{rate}, {row[name] / row['finalist']:.0%} of finalists"


def measured(pool: list[Trained], searches: int) -> dict[str, Any]:
    """Every figure, printed as it comes."""
    copies, different = replay.copies(pool), replay.different(pool)
    noises = spread(pool)
    paired = len(different[0])
    print(f"pool: {len(copies)} of {TAGGED}, {paired} seeds of {len(different)} functions")
    print("  ".join(f"{name} {value:.3f}" for name, value in noises.items()))
    tied = ties(copies, searches, CANDIDATES)
    print(f"{tied:.1%} of complete copies are ties on the leaderboard")
    counts = false_claims([copies], searches)
    _print_claims("six copies as baselines", counts, searches)
    against_one = false_claims([copies], searches, first_baselines=1)
    _print_claims("one copy as baseline", against_one, searches)
    by_seeds = _among_different(replay.level(different), searches)
    half = len(copies) // 2
    halves = [
        false_claims([part], searches // 2)["any winner"] / (searches // 2)
        for part in (copies[:half], copies[half:])
    ]
    print("each half of the pool: any winner " + ", ".join(f"{rate:.2%}" for rate in halves))
    level = replay.level(different)
    repeated = {
        "one_by_one": one_by_one(level, searches // 2),
        "stopping": stopping(level, searches),
        "failing": failing(copies, searches),
    }
    print(json.dumps(repeated), flush=True)
    table = _planted("planted", copies, searches)
    shared = _planted("under one seed", replay.under_one_seed(copies, common_luck(pool)), searches)
    false, right = counts["any winner"], table[STATED][f"{SEEDS} seeds"]
    return {
        "false_winner_rate": round(false / searches, 4),
        "false_winner_rate_upper_95": round(at_most(false, searches), 4),
        "false_winner_rate_one_baseline": round(against_one["any winner"] / searches, 4),
        "by_seeds": by_seeds,
        "halves": [round(rate, 4) for rate in halves],
        "power": round(right / searches, 4),
        "power_lower_95": round(at_least(right, searches), 4),
        "power_of_confirmation": round(right / max(1, table[STATED]["finalist"]), 4),
        **repeated,
        "effect": STATED,
        "power_by_effect": _rates(table, searches),
        "power_by_effect_under_one_seed": _rates(shared, searches),
        "tied_copies": round(tied, 3),
        **{name: round(value, 3) for name, value in noises.items()},
        "searches": searches,
        "pool": len(pool),
        "copies": len(copies),
        "functions": len(different),
        "seeds_of_each": paired,
        "made_by": sorted({trained.made_by for trained in pool}),
        "recipe": RECIPE.label,
    }


def _among_different(equals: list[list[Trained]], searches: int) -> dict[int, dict[str, float]]:
    """By seeds: the rate of searches with a winner, and with intervals over seeds alone."""
    rates: dict[int, dict[str, float]] = {}
    for seeds in MORE_SEEDS:
        rates[seeds] = {}
        for name, by_image in (("false_winner_rate", True), ("seeds_alone", False)):
            counts = false_claims(
                equals, searches, seeds=seeds, draw_images=True, by_image=by_image
            )
            _print_claims(f"{seeds} seeds, {name}", counts, searches)
            rates[seeds][name] = round(counts["any winner"] / searches, 4)
    return rates


def _planted(name: str, copies: Sequence[Trained], searches: int) -> dict[float, dict[str, int]]:
    table = {effect: findings(copies, searches, effect) for effect in EFFECTS}
    for effect, row in table.items():
        rates = (_rate(row, column, searches) for column in row)
        print(f"{name} +{100 * effect:.1f} points:", *rates, flush=True)
    return table


def _rates(table: dict[float, dict[str, int]], searches: int) -> dict[str, dict[str, float]]:
    return {
        str(effect): {name: round(n / searches, 3) for name, n in row.items()}
        for effect, row in table.items()
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--searches", type=int, default=None)
    options.add_argument("--train-pool", type=int, default=None, metavar="N")
    arguments = options.parse_args()
    if arguments.train_pool is not None:
        extend(arguments.train_pool)
    pool = [trained for trained in read() if trained.recipe == RECIPE.digest]
    different = replay.different(pool) if pool else []
    if len(different) < 2 or len(different[0]) < 3:
        raise SystemExit(f"{POOL} holds no pool of {RECIPE.label}: --train-pool 100 begins one")
    searches = arguments.searches or (150 if arguments.quick else 1_000)
    print(json.dumps(measured(pool, searches) | {"quick": arguments.quick, **hardware()}))


if __name__ == "__main__":
    main()
