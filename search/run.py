"""One search from its name to its best candidate: open, search, confirm, export, show."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..evaluators import FashionMnist, load_train
from ..mlflow.tracker import Tracker
from ..mlflow.writer import BackgroundWriter
from ..space import (
    Expression,
    FingerprintIndex,
    baselines,
    fingerprint,
    parse,
    space_from_name,
)
from . import tracking
from .candidates import Candidate, entered
from .config import Launch, SearchConfig, Stored
from .confirm import Confirmation, Confirmer, Plan, table, with_test_set
from .engine import Engine, Timings
from .executors import Executor, executor_for
from .export import Exported, export
from .home import Home, lock
from .leaderboard import ranked
from .ledger import Ledger
from .progress import Reporter
from .strategies import strategy_from_name
from .study import Study, read_candidates
from .tables import row_json, verdict_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best finalist of a search, with its verdict; without a confirmation, the best score."""

    expression: Expression
    trial: int | None
    verdict: str  # "winner", "tie", "worse" or "unconfirmed"
    facts: dict[str, Any]

    def module(self, channels: int | None = None, channel_dim: int = 1) -> Any:
        """It as a fresh nn.Module; see `Expression.module`."""
        return self.expression.module(channels=channels, channel_dim=channel_dim)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a search came to. unsent: candidates that MLflow has not got."""

    config: SearchConfig
    folder: Path
    candidates: list[Candidate]
    confirmation: Confirmation | None
    best: Best | None
    exported: Exported | None
    exhausted: bool
    unsent: int
    timings: Timings
    startup_seconds: float


def run(home: Home, stored: Stored, *, resume: bool, reporter: Reporter) -> Outcome:
    """Run a new search, or go on with one. Raises ActsearchError's kinds; KeyboardInterrupt
    leaves the search in a state from which it can be resumed."""
    began = time.perf_counter()
    config, launch = stored.config, stored.launch
    space = space_from_name(config.space)
    strategy = strategy_from_name(config.strategy, space, config.seed)
    folder = home.folder(config.name) if resume else None
    evaluator = FashionMnist(load_train())
    tracker = tracking.tracker_of(home)
    tracker.check()  # before any training: what cannot be shown should be known now
    folder = folder or home.new_folder(config.name)
    with lock(folder):
        stored.save(folder)
        study = Study(folder, strategy)
        swept = study.sweep()
        if swept:
            reporter.stage(f"{swept} candidates were in training when it stopped: tried again")
        tracker.open_search(config.name, tracking.description_of(config))
        reporter.stage(_headline(config, launch, space.size))
        with _writing(tracker, config, study) as writer:
            engine = Engine(config, launch, space, study, _observer(config, writer, reporter))
            with executor_for(launch) as executor, _swept(study):
                startup = time.perf_counter() - began
                reporter.begin(entered(study.candidates()), launch.candidates, "candidates")
                engine.run(executor, evaluator)
                reporter.end()
                confirmation = None
                if launch.confirm:
                    confirmation = confirm(folder, stored, executor, evaluator, reporter)
        unsent = len(writer.close())
        found = read_candidates(folder)
        if confirmation is not None and not unsent:
            tracker.write_confirmation(
                tracking.finalist_records(config.name, confirmation, found)
            )
        best = best_of(config, found, confirmation)
        exported = _export_best(best, folder)
    return Outcome(
        config=config,
        folder=folder,
        candidates=found,
        confirmation=confirmation,
        best=best,
        exported=exported,
        exhausted=engine.exhausted,
        unsent=unsent,
        timings=engine.timings,
        startup_seconds=startup,
    )


def confirm(
    folder: Path,
    stored: Stored,
    executor: Executor,
    evaluator: FashionMnist,
    reporter: Reporter,
) -> Confirmation | None:
    """Confirm a search's top candidates; what is recorded already is not trained again.

    The caller holds the search's lock. None if nothing trained to a score.
    """
    plan = plan_of(stored, read_candidates(folder))
    if not plan.finalists:
        return None
    return carry_out(plan, Ledger(folder), executor, evaluator, reporter)


def carry_out(
    plan: Plan,
    ledger: Ledger,
    executor: Executor,
    evaluator: FashionMnist,
    reporter: Reporter,
) -> Confirmation | None:
    """Train what the ledger lacks of a plan, and read its table."""
    confirmer = Confirmer(plan, ledger, lambda done, total: reporter.advance(done))
    if confirmer.missing:
        reporter.stage(
            f"confirming {len(plan.finalists)} against {len(plan.baselines)} baselines: the test "
            f"set is opened"
        )
        reporter.begin(0, confirmer.missing, "trainings")
        confirmer.run(executor, with_test_set(evaluator))
        reporter.end()
    return table(plan, ledger)


def plan_of(stored: Stored, candidates: list[Candidate]) -> Plan:
    """The confirmation of a search: its top candidates that are no baseline themselves."""
    config, launch = stored.config, stored.launch
    known = FingerprintIndex()
    for expression in baselines().values():
        known.add(fingerprint(expression), 0)
    finalists: dict[str, str] = {}
    for found in ranked(candidates):
        if found.state in ("complete", "pruned") and len(finalists) < launch.finalists:
            if known.find(fingerprint(parse(found.expression))) is None:
                finalists[found.expression] = found.expression
    return Plan(
        finalists=finalists,
        baselines={name: str(e) for name, e in baselines().items()},
        recipes=(
            (config.recipe, launch.seeds),
            (config.second, min(launch.second_seeds, launch.seeds)),
        ),
        seed=config.seed,
    )


def best_of(
    config: SearchConfig, candidates: list[Candidate], confirmation: Confirmation | None
) -> Best | None:
    """The best finalist, or without a confirmation the top of the leaderboard."""
    trials = {c.expression: c for c in candidates if c.trained}
    facts: dict[str, Any] = {"search": config.name, "recipe": config.recipe.label}
    if confirmation is not None and confirmation.best is not None:
        row = confirmation.row(confirmation.best)
        told = row.verdict or "tie"
        numbers = {
            r.network: row_json(r) for r in confirmation.rows if r.name == confirmation.best
        }
        facts |= {"verdict": told, "verdict in words": verdict_text(confirmation)}
        facts |= {"best baseline": confirmation.baseline, "numbers": numbers}
        found = trials.get(row.expression)
        trial = found.trial if found else None
        return Best(expression=parse(row.expression), trial=trial, verdict=told, facts=facts)
    top = next((c for c in ranked(candidates) if c.score is not None), None)
    if top is None:
        return None
    facts |= {"verdict": "unconfirmed", "validation accuracy of one run": top.score}
    return Best(
        expression=parse(top.expression), trial=top.trial, verdict="unconfirmed", facts=facts
    )


def _headline(config: SearchConfig, launch: Launch, size: int) -> str:
    where = f"{launch.workers} Ray workers" if launch.uses_ray else "this process"
    return (
        f"search '{config.name}': {launch.candidates} candidates of {config.space} "
        f"({size:,} encodings) by {config.strategy}, recipe {config.recipe.label}, on {where}"
    )


def _observer(
    config: SearchConfig, writer: BackgroundWriter, reporter: Reporter
) -> Callable[[Candidate], None]:
    def observe(found: Candidate) -> None:
        writer.submit(tracking.candidate_record(config, found))
        reporter.candidate(found)

    return observe


@contextlib.contextmanager
def _writing(tracker: Tracker, config: SearchConfig, study: Study) -> Iterator[BackgroundWriter]:
    """The background writer, first brought up to date with what the study already holds."""
    tracker.close_open_runs(config.name)
    written = tracker.written(config.name)
    with BackgroundWriter(tracker) as writer:
        for found in study.candidates():
            if tracking.is_shown(found) and found.trial not in written:
                writer.submit(tracking.candidate_record(config, found))
        yield writer


@contextlib.contextmanager
def _swept(study: Study) -> Iterator[None]:
    """However the block ends, no trial is left running: those in flight wait to be retried."""
    try:
        yield
    finally:
        study.sweep()


def _export_best(best: Best | None, folder: Path) -> Exported | None:
    """Into best/ of the search's folder, replacing what an earlier launch put there."""
    if best is None:
        return None
    target = folder / "best"
    for name in ("activation.py", "activation.json"):
        (target / name).unlink(missing_ok=True)
    return export(best.expression, target, facts=best.facts)
