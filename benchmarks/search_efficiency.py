"""How good a candidate a search recommends after so many, by every strategy, on a table.

    python benchmarks/search_efficiency.py [--quick] [--table core-1-table] [--strategies a,b]
        [--left-out sin,cos,erf] [--taught-by core-1-table] [--repetitions 50] [--processes 2]
        [--figure FILE.png]

Each repetition is a real search by the real engine, brackets of nine through the recipe's rungs,
its latest 18 candidates unseen (the lag), its study in memory (on /dev/shm); scores come from the
table. Two regrets after n candidates, in points of accuracy (regret.py): of the `first` of the
leaderboard, which is picked by one noisy run, and of what a search says in the end, the finalist
that a confirmation prefers (`confirmed`; five finalists, trained again under the seeds that name).
random is simulated over many orders. `random_equivalent_at_100` is how many candidates random
needs for the median regret that a strategy has after 100. `top_share_at_n` is the share of the
table's best fortieth among the first n, which the luck of one run does not enter.
`surrogate_no_prior` is `--prior none`; `surrogate_no_ties` has the prior, but the best third alone
of its first brackets goes on. `--left-out` parts the table by operators (primitives by name):
searches run over the candidates that have one of them, and `surrogate` has a prior from those that
have none: it never saw the functions it is judged on. `--taught-by` gives it the prior of another
table. Where a table has a part of its space, that part is searched; where the space is too large
to be listed (elsewhere-table), or hardly in the table, a neighbour of a candidate is any other.
Optuna's Gaussian process is slow (200 s a search): a fifth of the repetitions.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import tempfile
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import optuna
import torch
from hardware import hardware
from peers import PEERS
from random_search import FIRST, equivalent, random_regrets
from regret import FINALISTS, Course, Judge
from table_spaces import space_of

from actsearch.evaluators import ScoreTable, TabularEvaluator, table_from_name
from actsearch.evaluators.tables.tabular import seen_seed
from actsearch.search import RunSettings, SearchConfig, Strategy, Trial
from actsearch.search.engine.driver import Engine
from actsearch.search.executors.in_process import InProcess
from actsearch.search.remaining_time import Pace
from actsearch.search.storage.ranking import trained
from actsearch.search.storage.study import Study
from actsearch.search.storage.study_database import make_study
from actsearch.search.strategies.registry import strategy_from_name
from actsearch.space import (
    Call,
    Space,
    parse,
)

AT = (25, 50, 100, 200)  # candidates
ORDERS = 2000  # of random
KINDS = ("first", "confirmed")  # of a Course's regrets
TITLES = ("first of the leaderboard", f"best of {FINALISTS} finalists, trained again")
NO_PRIOR, NO_TIES = "surrogate_no_prior", "surrogate_no_ties"
SLOW = ("optuna-gp",)

Array = npt.NDArray[np.float64]


def leaders(trials: Sequence[Trial], count: int) -> list[str]:
    """The first of the leaderboard of the first so many candidates."""
    entered = [trial for trial in trials if trial.entered_training][:count]
    return [trial.expression for trial in trained(entered)[:FINALISTS]]


def searched(table: str, strategy: str, seed: int, candidates: int) -> list[Trial]:
    """The trials of a search on a table by a strategy."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(logging.ERROR)
    scores, evaluator, taught = prepared(table)
    space = _BEGUN[0][2]
    recipe = scores.recipe
    config = SearchConfig(name="replay", strategy="random", recipe=recipe, second=None, seed=seed)
    made = PEERS[strategy](space, seed) if strategy in PEERS else _ours(strategy, space, seed)
    if strategy in ("surrogate", NO_TIES) and taught is not None:
        made.learn([taught])
    if strategy == "surrogate" and taught is not None:  # the driver lets ties go on by this
        config = replace(config, prior=(f"{taught.name}@{taught.checksum}",))
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        make_study(Path(folder))
        study = Study(Path(folder), made)
        settings = RunSettings(candidates=candidates)
        engine = Engine(config, settings, space, study, lambda _: None, Pace(1), lambda *_: None)
        engine.run(InProcess(), evaluator)
        return study.trials()


def replay(table: str, strategy: str, seed: int, candidates: int) -> Course:
    """A search, judged."""
    trials = searched(table, strategy, seed, candidates)
    scores, evaluator, _ = prepared(table)
    judge = Judge(scores, seen_seed(FIRST, seed))
    top = judge.top
    entered = [evaluator.text_of(t.expression) for t in trials if t.entered_training]
    at = [n for n in AT if n <= candidates]
    regrets = [judge.regrets([*map(evaluator.text_of, leaders(trials, n))]) for n in at]
    first, confirmed = zip(*regrets, strict=True)
    return Course(first, confirmed, [len(top & {*entered[:n]}) / len(top) for n in at])


def _ours(name: str, space: Space, seed: int) -> Strategy:
    name = "surrogate" if name in (NO_PRIOR, NO_TIES) else name
    return strategy_from_name(name, space, seed)


@cache
def prepared(name: str) -> tuple[ScoreTable, TabularEvaluator, ScoreTable | None]:
    """The table to search, and the one that a prior is taught by."""
    left_out, teacher, _ = _BEGUN[0]
    table, taught = parted(sampled(table_from_name(name)), left_out)
    return table, TabularEvaluator(table), table_from_name(teacher) if teacher else taught


# Of this process: the operators left out, the table that teaches, and the space to search.
_BEGUN: list[tuple[Sequence[str], str, Space]] = []


def begin(left_out: Sequence[str], teacher: str, space: Space) -> None:
    """Prepare a process that replays."""
    torch.set_num_threads(1)
    _BEGUN.append((left_out, teacher, space))


def parted(table: ScoreTable, left_out: Sequence[str]) -> tuple[ScoreTable, ScoreTable | None]:
    """The candidates with one of these operators, and those with none; all, and nothing, where no
    operator is named."""
    if not left_out:
        return table, None
    has = {text: uses(text, left_out) for text in table.rows}
    rows = [{t: c for t, c in table.rows.items() if has[t] is side} for side in (True, False)]
    return replace(table, rows=rows[0]), replace(table, rows=rows[1])


def uses(text: str, operators: Sequence[str]) -> bool:
    """Whether a candidate has one of these operators."""
    return any(isinstance(n, Call) and n.primitive in operators for n in parse(text).nodes())


def sampled(table: ScoreTable) -> ScoreTable:
    """The part of a table that has two seeds or more."""
    rows = {text: curves for text, curves in table.rows.items() if set(FIRST) <= set(curves)}
    return replace(table, rows=rows)


def main() -> None:
    options = parsed()
    left_out = options.left_out.split(",") if options.left_out else []
    has_prior = bool(left_out or options.taught_by)
    ours = [NO_PRIOR, *(["surrogate"] if has_prior else []), "evolution", "tpe"]
    names = options.strategies.split(",") if options.strategies else [*ours, *PEERS]
    table, taught = parted(sampled(table_from_name(options.table)), left_out)
    floor = max(Judge(table, seen).floor for seen in FIRST)
    print(
        f"{options.table}, recipe {table.recipe.label}: {len(table.rows)} of {table.candidates} "
        f"candidates; floor {floor:.2f} points"
        + (f"; a prior from {len(taught.rows)} others" if taught else "")
        + (f"; a prior from {options.taught_by}" if options.taught_by else "")
    )
    at = [n for n in AT if n <= options.candidates]
    random = random_regrets(table, 200 if options.quick else ORDERS)
    report = Report(at, random)
    report.add("random", *(regrets[:, [n - 1 for n in at]] for regrets in random))
    report.record |= {"quick": options.quick, "table": options.table, "floor": floor}
    context = multiprocessing.get_context("spawn")
    torch.set_num_threads(1)
    begun = (left_out, options.taught_by, space_of(table))
    with ProcessPoolExecutor(options.processes, context, begin, begun) as pool:
        for name in names:
            share = max(1, options.repetitions // 5) if name in SLOW else options.repetitions
            start = time.perf_counter()
            run = partial(replay, options.table, name, candidates=options.candidates)
            courses = list(pool.map(run, range(share)))
            first, confirmed = (
                np.array([getattr(course, kind) for course in courses]) for kind in KINDS
            )
            report.add(name, first, confirmed)
            report.add_shares(name, np.mean([course.shares for course in courses], axis=0))
            report.record[f"{name}.seconds"] = (time.perf_counter() - start) / share
    if options.figure is not None:
        report.draw(options.figure, floor, options.table)
    print(json.dumps({**report.record, **hardware()}))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default="core-1-table")
    parser.add_argument("--strategies", default="")
    parser.add_argument("--left-out", default="", metavar="OPERATOR,…")
    parser.add_argument("--taught-by", default="", metavar="TABLE")
    parser.add_argument("--repetitions", type=int, default=50)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--candidates", type=int, default=200)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.repetitions, options.candidates = 3, 50
    return options


class Report:
    """The regrets of strategies beside random's, as lines, as a record and as a figure."""

    def __init__(self, at: Sequence[int], random: Sequence[Array]) -> None:
        """at: candidates after which regrets are looked at. random: its regrets of each kind,
        [orders, candidates]."""
        self._at, self._random = at, random
        self._curves: dict[str, Sequence[Array]] = {}
        self.record: dict[str, object] = {}

    def add(self, name: str, *regrets: Array) -> None:
        """A strategy's regrets of each kind, [repetitions, at]: two lines, and their figures."""
        self._curves[name] = regrets
        self.record[f"{name}.n"] = len(regrets[0])
        for kind, values, random in zip(KINDS, regrets, self._random, strict=True):
            low, median, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
            ranges = zip(low, median, high, strict=True)
            cells = "  ".join(f"{m:5.2f} [{a:5.2f},{b:5.2f}]" for a, m, b in ranges)
            print(f"{name:<18} {kind:<9} n {len(values):>4}  {cells}", flush=True)
            for number, count in enumerate(self._at):
                figures = {
                    "regret": float(median[number]),
                    "quartiles": [float(low[number]), float(high[number])],
                    "mean": float(values[:, number].mean()),
                }
                if name != "random":
                    figures["random_equivalent"] = equivalent(random, float(median[number]))
                keys = {key: f"{name}.{kind}.{key}_at_{count}" for key in figures}
                self.record |= {keys[key]: value for key, value in figures.items()}

    def add_shares(self, name: str, shares: Array) -> None:
        """The mean share of the table's best among the first candidates."""
        print(f"{'':<37}{'  '.join(f'{s:7.0%} of the best' for s in shares)}", flush=True)
        self.record |= {
            f"{name}.top_share_at_{n}": s for n, s in zip(self._at, shares, strict=True)
        }

    def draw(self, path: Path, floor: float, table: str) -> None:
        """Median regrets, with quartiles, against candidates: a panel for each kind."""
        import matplotlib.pyplot as plt

        figure, panels = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained", sharey=True)
        for number, axes in enumerate(panels):
            for name, regrets in self._curves.items():
                values = regrets[number]
                low, median, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
                label = f"{name} (n {len(values):,})"
                (line,) = axes.plot(self._at, median, marker="o", label=label)
                axes.fill_between(self._at, low, high, alpha=0.12, color=line.get_color())
            axes.axhline(floor, color="grey", linestyle=":", label="resolution")
            axes.set(xscale="log", xlabel="candidates trained", title=TITLES[number])
            axes.set_xticks(list(self._at), [str(n) for n in self._at])
        panels[0].set_ylabel(f"regret, points of accuracy ({table})")
        panels[1].legend(fontsize=8)
        figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
