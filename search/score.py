"""Given expressions trained and scored on validation images, over a few seeds."""

from __future__ import annotations

from collections.abc import Sequence

from ..evaluators import Job, Recipe, RungReport
from ..evaluators.training.schedule import too_short
from .errors import InvalidSetting, SearchFailed, last_line
from .evaluator_choice import BUILT_IN_EVALUATOR, NamedEvaluator, evaluator_for
from .executors.base import Assignment
from .executors.choice import executor_for
from .executors.watched import Watched
from .progress import Reporter
from .remaining_time import Pace, longest_of, work_of
from .reports.scores import Score
from .storage.config import RunSettings
from .storage.expression_argument import trained_expressions
from .storage.home import Home
from .storage.recipe_rules import require_selection
from .storage.setting_rules import MOST_SEEDS, require, require_seed

CHUNK = 8  # expressions per job


def score(
    home: Home,
    expressions: Sequence[str],
    recipe: Recipe,
    seeds: Sequence[int],
    settings: RunSettings,
    reporter: Reporter,
    evaluator: NamedEvaluator = BUILT_IN_EVALUATOR,
) -> list[Score]:
    """Train each expression, or catalog function by name, under each seed; best mean first, those
    that diverged under a seed after all others.

    Raises NoSuchSearch and InvalidSetting for what is, or more likely was meant as, a search of
    the home; InvalidSetting for a recipe that holds nothing out, and for more seeds than a table
    has; SearchFailed where a training crashes.
    """
    require("seeds", len(seeds), 1 <= len(seeds) <= MOST_SEEDS, f"1 to {MOST_SEEDS:,}")
    for seed in seeds:
        require_seed(seed)
    require_selection(recipe)
    texts = list(dict.fromkeys(map(str, trained_expressions(home, expressions))))
    chunks = [tuple(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]
    jobs = [Job(chunk, recipe, seed, halving=False) for seed in seeds for chunk in chunks]
    val_accuracies: dict[str, list[float]] = {text: [] for text in texts}
    reasons: dict[str, list[str]] = {text: [] for text in texts}
    numbers = iter(range(len(jobs)))
    done, ended = 0, set[int]()
    pace, left = Pace(settings.fixed_workers), work_of(jobs)

    def next_job() -> Assignment | None:
        number = next(numbers, None)
        if number is None:
            return None
        pace.begin(number)
        return Assignment(number, jobs[number])

    def on_rung(number: int, report: RungReport) -> None:
        nonlocal done
        for candidate in report.candidates:
            text = jobs[number].expressions[candidate.index]
            if candidate.state == "infeasible":
                reasons[text].append(candidate.reason or "it diverged")
            else:
                val_accuracies[text].append(candidate.val_accuracy)
            done += 1
        left[recipe] -= pace.add(number, jobs[number], report)
        reporter.advance(done)
        ended.add(number)
        rest = [job for n, job in enumerate(jobs) if n not in ended]
        reporter.expect(pace.seconds(left, longest_of(rest)))

    def on_done(number: int, error: str | None) -> None:
        pace.end(number)
        if error is not None:
            raise SearchFailed(f"a training crashed: {last_line(error)}", error)

    scorer = evaluator_for(evaluator, [recipe])
    if (most := scorer.distinct_seeds()) is not None and most > 0:
        rule = f"at most {most}: {evaluator.name} has no more seeds whose scores may be seen"
        require("seeds", len(seeds), len(seeds) <= most, rule)
    scorer.check()
    for text in texts:
        if (why := scorer.objection(text)) is not None:
            raise InvalidSetting(f"{text} cannot be scored: {why}")
    if (warning := too_short(recipe)) is not None:
        reporter.stage(warning)
    reporter.begin(0, len(texts) * len(seeds), "trainings")
    watched = Watched(executor_for(settings), reporter, settings.fixed_workers)
    with watched as executor:
        executor.run(scorer, next_job, on_rung, on_done)
    reporter.end()
    scores = [Score(text, tuple(val_accuracies[text]), tuple(reasons[text])) for text in texts]
    return sorted(scores, key=lambda s: (bool(s.reasons), -(s.mean or 0.0)))
