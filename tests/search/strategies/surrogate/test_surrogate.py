"""Proposals of the surrogate, on a made-up score that is smooth over functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial
from scipy.spatial.distance import cdist

from actsearch.evaluators import Recipe, ScoreTable, table_from_name
from actsearch.search import Strategy
from actsearch.search.strategies.base import key_of
from actsearch.search.strategies.random import Random
from actsearch.search.strategies.surrogate.pool import Pool
from actsearch.search.strategies.surrogate.prior import Prior
from actsearch.search.strategies.surrogate.surrogate import APART, Surrogate
from actsearch.space import Encoding, Space, parse, screen, space_from_name
from actsearch.space.analysis.features import GROUPS, features_of
from contracts.strategies import SPACE

SHAPES = slice(GROUPS["values"].start, GROUPS["slopes"].stop)
TARGET = features_of([parse("x * sigmoid(1.5 * x)")])[:, SHAPES]
SEEDS = range(3)


def score(text: str) -> float:
    """Of a network that likes what resembles a steep Swish, at most 0.9."""
    features = features_of([parse(text)])[:, SHAPES]
    if not np.isfinite(features).all():
        return 0.1
    return 0.9 - 0.3 * float(np.tanh(cdist(features, TARGET)[0, 0]))


def searched(strategy: Strategy, count: int, together: int = 9) -> list[float]:
    """The scores of so many candidates, asked for in batches."""
    study = optuna.create_study(direction="maximize", sampler=strategy)
    scores: list[float] = []
    while len(scores) < count:
        trials = [study.ask() for _ in range(together)]
        texts = [str(strategy.space.build(trial.suggest_categorical)) for trial in trials]
        for trial, text in zip(trials, texts, strict=True):
            if screen(parse(text)) is not None:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                continue
            scores.append(score(text))
            trial.report(scores[-1], 1)
            study.tell(trial, scores[-1])
    return scores


@pytest.mark.heavy
@pytest.mark.parametrize("seed", SEEDS)
def test_in_45_trainings_it_is_where_random_search_is_not_in_90(seed: int) -> None:
    ours, theirs = searched(Surrogate(SPACE, seed), 45), searched(Random(SPACE, seed), 90)
    assert np.sort(ours)[-3:].mean() > np.sort(theirs)[-3:].mean()


@pytest.mark.long
def test_of_a_space_too_large_to_be_looked_at_it_finds_better_ones_too() -> None:
    space = space_from_name("core-2")
    ours, theirs = searched(Surrogate(space, 0), 45), searched(Random(space, 0), 45)
    assert np.sort(ours)[-5:].mean() > np.sort(theirs)[-5:].mean()


@pytest.mark.parametrize(
    "name",
    ["families", "catalog[channel]", "mixture-2", "mul(x,unary(x))+eafo", "families|tree-2"],
)
def test_every_kind_of_space_is_searched(name: str) -> None:
    assert len(searched(Surrogate(space_from_name(name), 0), 20)) >= 20


def test_candidates_in_training_keep_their_distance() -> None:
    strategy = Surrogate(SPACE, 0)
    study = optuna.create_study(direction="maximize", sampler=strategy)
    for number in range(18):
        trial = study.ask()
        strategy.space.build(trial.suggest_categorical)
        trial.report(0.5 + number / 100, 1)
        study.tell(trial, 0.5 + number / 100)
    running = []
    for _ in range(9):
        running.append(study.ask())
        strategy.space.build(running[-1].suggest_categorical)
    pool = Pool(SPACE, 0)
    points = pool.of([trial.params for trial in running]).places
    apart = cdist(points, points)[~np.eye(len(points), dtype=bool)]
    assert apart.min() > APART


def test_no_candidate_is_proposed_twice_nor_in_another_form() -> None:
    strategy = Surrogate(SPACE, 1)
    study = optuna.create_study(direction="maximize", sampler=strategy)
    for _ in range(60):
        trial = study.ask()
        text = str(strategy.space.build(trial.suggest_categorical))
        trial.report(score(text), 1)
        study.tell(trial, score(text))
    drawn = [t.params for t in study.get_trials()][len(SPACE.seed_candidates()) :]
    assert len({key_of(encoding) for encoding in drawn}) == len(drawn)
    features = features_of(map(SPACE.decode, drawn))
    apart = cdist(features, features)[~np.eye(len(features), dtype=bool)]
    assert apart.min() > 0


def table_of(space: Space, encodings: Sequence[Encoding]) -> ScoreTable:
    texts = [str(space.decode(encoding)) for encoding in encodings]
    rows = {text: {0: (round(1000 * score(text)),)} for text in texts}
    return ScoreTable(
        name="taught",
        space=space.name,
        recipe=Recipe(rungs=(1,), limit=3000, validation=1000),
        rows=rows,
        candidates=len(rows),
        fingerprints=2,
        machine="a test",
        versions={},
        command="pytest",
    )


def test_a_prior_knows_good_functions_by_operators_it_never_saw() -> None:
    taught = [e for e in SPACE.encodings() if "sigmoid" not in "".join(e.values())]
    strategy = Surrogate(SPACE, 0)
    strategy.learn([table_of(SPACE, taught)])
    study = optuna.create_study(direction="maximize", sampler=strategy)
    proposed = [
        score(str(strategy.space.build(study.ask().suggest_categorical))) for _ in range(9)
    ]
    rest = [score(str(SPACE.decode(e))) for e in SPACE.encodings()]
    assert np.median(proposed) > np.quantile(rest, 0.9)


def test_a_prior_of_a_search_counts_a_stopped_candidate_as_one_that_would_have_gone_on() -> None:
    table = table_from_name("core-1-table")
    good = [t for t in table.rows if (table.accuracy(t, 0) or 0.0) > 0.8][:200]
    whole = {text: {0: table.rows[text][0]} for text in good}
    stopped = {text: {0: curves[0][: 1 + i % 2]} for i, (text, curves) in enumerate(whole.items())}
    features = features_of([parse(text) for text in good])
    usual, early = (
        Prior([replace(table, rows=rows, candidates=len(rows))])(features)
        for rows in (whole, stopped)
    )
    # 0.94, and 0.83 where an early score counts as a late one
    assert np.corrcoef(early, usual)[0, 1] > 0.9


def test_what_diverged_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    strategy = Surrogate(SPACE, 0)
    study = optuna.create_study(direction="maximize", sampler=strategy)
    for number in range(14):
        trial = study.ask()
        strategy.space.build(trial.suggest_categorical)
        if number % 2:
            trial.set_user_attr("result", "{}")
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            trial.report(0.8, 1)
            study.tell(trial, 0.8)
    promise = Surrogate._promise

    def watched(self: Surrogate, history: object, *rest: object) -> object:
        results: Sequence[FrozenTrial] = history.results  # type: ignore[attr-defined]
        seen.append(len(results))
        return promise(self, history, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Surrogate, "_promise", watched)
    study.ask()
    assert seen == [14]


@pytest.mark.heavy
def test_where_cost_counts_cheaper_ones_are_proposed_and_the_best_still() -> None:
    def costs(objectives: list[str]) -> tuple[float, float]:
        strategy = Surrogate(SPACE, 0)
        study = optuna.create_study(direction="maximize", sampler=strategy)
        study.set_user_attr("objectives", objectives)
        paid, scores = [], []
        for _ in range(60):
            trial = study.ask()
            text = str(strategy.space.build(trial.suggest_categorical))
            cost = 5.0 if "max" in text or "sin" in text else 1.0
            trial.set_user_attr("cost", {"time": cost})
            trial.report(score(text), 1)
            study.tell(trial, score(text))
            paid.append(cost)
            scores.append(score(text))
        return float(np.mean(paid[20:])), max(scores)

    both, alone = costs(["accuracy", "cost"]), costs(["accuracy"])
    assert both[0] < alone[0]
    assert both[1] > 0.95 * alone[1]


@pytest.mark.parametrize("together", [6, 9])
def test_a_resumed_search_goes_on_as_one_that_never_stopped(
    together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also beyond the results that a model is made of, here 18."""
    monkeypatch.setattr("actsearch.search.strategies.surrogate.surrogate.MOST", 18)
    living = Surrogate(SPACE, 0)
    study = optuna.create_study(direction="maximize", sampler=living)
    for _ in range(60 // together):
        trials = [study.ask() for _ in range(together)]
        for trial in trials:
            text = str(SPACE.build(trial.suggest_categorical))
            trial.report(score(text), 1)
            study.tell(trial, score(text))
        following = optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING)
        following.number = len(study.get_trials(deepcopy=False))
        resumed = Surrogate(SPACE, 0)
        proposals = [
            strategy.propose(study, following, np.random.default_rng(following.number))
            for strategy in (living, resumed)
        ]
        assert proposals[0] == proposals[1], following.number
