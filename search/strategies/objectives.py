"""Objectives of a study, as a strategy reads them: each trial's accuracy and cost, and the front.

is_multi_objective(study)  whether cost is an objective beside accuracy
results(study)             every finished trial's rung, accuracy and cost
front_of(results)          results on the front, the most accurate first
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial, TrialState

from .pareto import crowding, front, ranks

# Names of attributes, part of the stored format: of a study that does not go by accuracy alone,
# and of a trial whose cost was measured.
OBJECTIVES, COST = "objectives", "cost"

Fitness = tuple[float, ...]  # of a parent: the largest is the best


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Result of training a trial: at its last rung, `epoch`, the accuracy (a fraction).

    cost: time of forward and backward over ReLU's; infinite where it was not measured.
    """

    trial: FrozenTrial
    epoch: int
    accuracy: float
    cost: float


def is_multi_objective(study: optuna.Study) -> bool:
    """Whether cost is an objective beside accuracy."""
    return "cost" in study.user_attrs.get(OBJECTIVES, ())


def results(study: optuna.Study) -> list[Result]:
    """Results of every finished trial that reached a rung, in order."""
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    trials = study.get_trials(deepcopy=False, states=states)
    return [result_of(trial) for trial in trials if trial.intermediate_values]


def result_of(trial: FrozenTrial) -> Result:
    """Result of a trial that reached a rung."""
    epoch = max(trial.intermediate_values)
    cost = trial.user_attrs.get(COST, {}).get("time", math.inf)
    return Result(trial=trial, epoch=epoch, accuracy=trial.intermediate_values[epoch], cost=cost)


def front_of(results: Sequence[Result]) -> list[Result]:
    """Results that no other beats in accuracy and cost, the most accurate first, among those that
    went furthest: the accuracies of different rungs cannot be compared."""
    furthest = max((result.epoch for result in results), default=0)
    last = [result for result in results if result.epoch == furthest]
    return [last[i] for i in front([(result.accuracy, result.cost) for result in last])]


def fitnesses(study: optuna.Study, trials: Iterable[FrozenTrial]) -> list[Fitness]:
    """For each trial that reached a rung what parents are chosen by, the largest being the best:
    its rung, then its accuracy; where cost counts, its front and its crowding there (NSGA-II)."""
    results = [result_of(trial) for trial in trials]
    if not is_multi_objective(study):
        return [(result.epoch, result.accuracy) for result in results]
    fitness: list[Fitness] = [()] * len(results)
    for epoch in {result.epoch for result in results}:
        rung = [index for index, result in enumerate(results) if result.epoch == epoch]
        points = [(results[i].accuracy, results[i].cost) for i in rung]
        fronts: dict[int, list[int]] = defaultdict(list)
        for position, rank in enumerate(ranks(points)):
            fronts[rank].append(position)
        for rank, members in fronts.items():
            alone = crowding([points[position] for position in members])
            for position, distance in zip(members, alone, strict=True):
                fitness[rung[position]] = (epoch, -rank, distance)
    return fitness
