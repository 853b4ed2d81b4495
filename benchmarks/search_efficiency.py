"""How good a candidate a search recommends after so many, by every strategy, on a table.

    python benchmarks/search_efficiency.py [--quick] [--table core-1-table] [--strategies a,b]
        [--left-out sin,cos,erf] [--repetitions 50] [--processes 2] [--figure FILE.png]

Each repetition is a real search by the real engine, brackets of nine through the recipe's rungs,
its latest 18 candidates unseen (the lag), its study in memory (on /dev/shm); scores come from the
table. The candidate recommended after n is the first of the leaderboard of the first n. Its regret
is what it lacks, in points of accuracy, to the best of the table; the best is named by seeds, and
both are read by others, that no search sees (evaluators/tables/tabular.py): a small regret can be
negative. random is simulated over many orders. `random_equivalent_at_100` is how many candidates
random needs for the median regret that a strategy has after 100. `top_share_at_n` is the share of
the table's best TOP (by unseen seeds) among the first n, which the luck of one run does not enter:
where regrets have reached the floor it still tells strategies apart. `surrogate_no_prior` is
`--prior none`. `--left-out` parts the table by operators (primitives by name): searches run over
the candidates that have one of them, and `surrogate` has a prior from those that have none: it
never saw the functions it is judged on. Where a table is not whole yet,
the space is what it has so far. Optuna's own samplers are slow: a fifth of the repetitions.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import optuna
import torch
from hardware import hardware
from peers import PEERS, Within

from actsearch.evaluators import ScoreTable, TabularEvaluator, survivors, table_from_name
from actsearch.evaluators.protocol.successive_halving import cutoffs_of
from actsearch.evaluators.tables.tabular import (
    naming_seeds,
    read_accuracy,
    reading_seeds,
    seen_seed,
)
from actsearch.search import RunSettings, SearchConfig, Strategy, Trial
from actsearch.search.engine.driver import Engine
from actsearch.search.executors.in_process import InProcess
from actsearch.search.remaining_time import Pace
from actsearch.search.storage.ranking import trained
from actsearch.search.storage.study import Study, make_study
from actsearch.search.strategies.base import key_of
from actsearch.search.strategies.registry import strategy_from_name
from actsearch.space import (
    Call,
    FingerprintIndex,
    Space,
    fingerprint,
    parse,
    screen,
    space_from_name,
)

FIRST = (0, 1)  # seeds of a table that searches see
AT = (25, 50, 100, 200)  # candidates
ORDERS = 2000  # of random
TOP = 0.025  # of a table that counts as its best
LAG = 18  # candidates, the default of a search
LONGEST = 1500  # candidates of a random order
NO_PRIOR = "surrogate_no_prior"
SLOW = ("optuna-gp", "nsga-2", "tpe")

Array = npt.NDArray[np.float64]
Keys = frozenset[frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Judge:
    """Regrets on a table, for searches that see one of its seeds."""

    table: ScoreTable

    def reading(self, text: str, seen: int) -> float:
        """A candidate's accuracy by the seeds that read."""
        return read_accuracy(self.table, text, reading_seeds(list(self.table.rows[text]), seen))

    def best(self, seen: int) -> str:
        """The best candidate by the seeds that name; of a table that has none, by all unseen."""
        rows = self.table.rows
        most = max(len(naming_seeds(list(curves))) for curves in rows.values())
        if most == 0:
            return max(rows, key=lambda text: self.reading(text, seen))
        named = [t for t, c in rows.items() if len(naming_seeds(list(c))) == most]
        return max(named, key=lambda t: read_accuracy(self.table, t, naming_seeds(list(rows[t]))))

    def floor(self, seen: int) -> float:
        """The standard error of the best one's reading, a fraction: below it nothing is told."""
        text = self.best(seen)
        seeds = reading_seeds(list(self.table.rows[text]), seen)
        deviations = [
            np.std([self.table.accuracy(t, s) or 0.0 for s in self.table.rows[t]], ddof=1)
            for t in sorted(self.table.rows, key=lambda t: -self.reading(t, seen))[:100]
        ]
        return float(np.median(deviations) / np.sqrt(len(seeds)))

    def top(self, seen: int) -> set[str]:
        """The best TOP of the table by the seeds that read."""
        ordered = sorted(self.table.rows, key=lambda text: -self.reading(text, seen))
        return {*ordered[: max(1, round(TOP * len(ordered)))]}


def recommended(trials: Sequence[Trial], count: int) -> Trial:
    """The first of the leaderboard of the first so many candidates."""
    entered = [trial for trial in trials if trial.entered_training][:count]
    return trained(entered)[0]


def replay(table: str, strategy: str, seed: int, candidates: int) -> tuple[list[float], ...]:
    """The regret of one search after each of AT candidates, in points, and the share of the best
    that it has trained by then."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(logging.ERROR)
    scores, evaluator, space, taught = _prepared(table)
    recipe = scores.recipe
    config = SearchConfig(name="replay", strategy="random", recipe=recipe, second=None, seed=seed)
    made = PEERS[strategy](space, seed) if strategy in PEERS else _ours(strategy, space, seed)
    if strategy == "surrogate" and taught is not None:
        made.learn([taught])
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        make_study(Path(folder))
        study = Study(Path(folder), made)
        settings = RunSettings(candidates=candidates)
        engine = Engine(config, settings, space, study, lambda _: None, Pace(1), lambda *_: None)
        engine.run(InProcess(), evaluator)
        trials = study.trials()
    judge, seen = Judge(scores), seen_seed(FIRST, seed)
    best, top = judge.reading(judge.best(seen), seen), judge.top(seen)
    entered = [evaluator.text_of(t.expression) for t in trials if t.entered_training]
    at = [n for n in AT if n <= candidates]
    texts = [evaluator.text_of(recommended(trials, n).expression) for n in at]
    regrets = [100 * (best - judge.reading(text, seen)) for text in texts]
    return regrets, [len(top & {*entered[:n]}) / len(top) for n in at]


def _ours(name: str, space: Space, seed: int) -> Strategy:
    return strategy_from_name("surrogate" if name == NO_PRIOR else name, space, seed)


@cache
def _prepared(name: str) -> tuple[ScoreTable, TabularEvaluator, Space, ScoreTable | None]:
    """The table to search, the space it is of, and the one that a prior is taught by."""
    left_out, keys = _BEGUN[0]
    table, taught = parted(sampled(table_from_name(name)), left_out)
    space = space_from_name(table.space)
    within = space if keys is None else Within(space, keys)
    return table, TabularEvaluator(table), within, taught


# Of this process: the operators left out, and the encodings to search, None for all.
_BEGUN: list[tuple[Sequence[str], Keys | None]] = []


def begin(left_out: Sequence[str], keys: Keys | None) -> None:
    """Prepare a process that replays."""
    torch.set_num_threads(1)
    _BEGUN.append((left_out, keys))


def parted(table: ScoreTable, left_out: Sequence[str]) -> tuple[ScoreTable, ScoreTable | None]:
    """The candidates with one of these operators, and those with none; all, and nothing, where no
    operator is named."""
    if not left_out:
        return table, None
    has = {
        text: any(isinstance(n, Call) and n.primitive in left_out for n in parse(text).nodes())
        for text in table.rows
    }
    rows = [{t: c for t, c in table.rows.items() if has[t] is side} for side in (True, False)]
    return replace(table, rows=rows[0]), replace(table, rows=rows[1])


def sampled(table: ScoreTable) -> ScoreTable:
    """The part of a table that has two seeds or more."""
    rows = {text: curves for text, curves in table.rows.items() if set(FIRST) <= set(curves)}
    return replace(table, rows=rows)


def keys_of(table: ScoreTable, space: Space) -> Keys:
    """The encodings of a space whose functions a table has."""
    index, keys = FingerprintIndex(), []
    for number, text in enumerate(table.rows):
        index.add(fingerprint(parse(text)), number)
    for encoding in space.encodings():
        expression = space.decode(encoding)
        known = str(expression) in table.rows
        if known or (
            screen(expression) is None and index.find(fingerprint(expression)) is not None
        ):
            keys.append(key_of(encoding))
    return frozenset(keys)


def random_regrets(table: ScoreTable, orders: int) -> Array:
    """The regret in points, [orders, candidates], of random orders through the same halving."""
    judge, texts, recipe = Judge(table), list(table.rows), table.recipe
    rng = np.random.default_rng(0)
    length = min(LONGEST, len(texts)) // 9 * 9
    readings = {s: np.array([judge.reading(t, s) for t in texts]) for s in (0, 1)}
    best = {s: judge.reading(judge.best(s), s) for s in (0, 1)}
    curves = {s: [_fractions(table, text, s) for text in texts] for s in (0, 1)}
    regrets = np.empty((orders, length))
    for number in range(orders):
        seen = seen_seed(FIRST, number)
        order = rng.permutation(len(texts))[:length]
        scores: dict[int, list[float]] = {epoch: [] for epoch in recipe.rungs}
        unseen: deque[dict[int, list[float]]] = deque()  # of the brackets within the lag
        first: tuple[int, float, int] = (-1, -1.0, 0)
        for start in range(0, length, 9):
            live = [int(i) for i in order[start : start + 9]]
            if len(unseen) > LAG // 9:
                for epoch, reached in unseen.popleft().items():
                    scores[epoch] += reached
            cutoffs, here = cutoffs_of(scores, recipe.eta), dict[int, list[float]]()
            for rung, epoch in enumerate(recipe.rungs):
                reached = [curves[seen][i][rung] for i in live]
                here[epoch] = reached
                first = max(first, *((rung, a, i) for a, i in zip(reached, live, strict=True)))
                kept = survivors(list(reached), recipe.eta, cutoffs.get(epoch))
                live = [live[position] for position in kept]
                if not live:
                    break
            unseen.append(here)
            regrets[number, start : start + 9] = best[seen] - readings[seen][first[2]]
    return 100 * regrets


def _fractions(table: ScoreTable, text: str, seed: int) -> list[float]:
    """A curve as accuracies, its end repeated where it ended early."""
    curve = [(right or 0) / table.recipe.validation for right in table.rows[text][seed]]
    return curve + [curve[-1]] * (len(table.recipe.rungs) - len(curve))


def equivalent(random: Array, regret: float) -> int | None:
    """How many candidates random needs for a median regret; None where it never has it."""
    medians = np.median(random, axis=0)
    reached = np.flatnonzero(medians <= regret)
    return int(reached[0]) + 1 if len(reached) else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default="core-1-table")
    parser.add_argument("--strategies", default="")
    parser.add_argument("--left-out", default="", metavar="OPERATOR,…")
    parser.add_argument("--repetitions", type=int, default=50)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--candidates", type=int, default=200)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.repetitions, options.candidates = 3, 50
    left_out = options.left_out.split(",") if options.left_out else []
    ours = [NO_PRIOR, *(["surrogate"] if left_out else []), "evolution", "tpe"]
    known = [*ours, *PEERS]
    names = options.strategies.split(",") if options.strategies else known
    table, taught = parted(sampled(table_from_name(options.table)), left_out)
    random = random_regrets(table, 200 if options.quick else ORDERS)
    floor = 100 * max(Judge(table).floor(seen) for seen in (0, 1))
    print(
        f"{options.table}, recipe {table.recipe.label}: {len(table.rows)} of {table.candidates} "
        f"candidates; floor {floor:.2f} points"
        + (f"; a prior from {len(taught.rows)} others" if taught else "")
    )
    at = [n for n in AT if n <= options.candidates]
    record: dict[str, object] = {"quick": options.quick, "table": options.table, "floor": floor}
    curves = {"random": random[:, [n - 1 for n in at]]}
    show("random", curves["random"], at, random, record)
    context = multiprocessing.get_context("spawn")
    torch.set_num_threads(1)
    keys = None if table.is_whole else keys_of(table, space_from_name(table.space))
    with ProcessPoolExecutor(options.processes, context, begin, (left_out, keys)) as pool:
        for name in names:
            share = max(1, options.repetitions // 5) if name in SLOW else options.repetitions
            start = time.perf_counter()
            run = partial(replay, options.table, name, candidates=options.candidates)
            results = list(pool.map(run, range(share)))
            curves[name] = np.array([regrets for regrets, _ in results])
            shares = np.mean([shares for _, shares in results], axis=0)
            took = (time.perf_counter() - start) / share
            show(name, curves[name], at, random, record)
            print(f"{'':<25}{'  '.join(f'{s:7.0%} of the best' for s in shares)}")
            record |= {f"{name}.top_share_at_{n}": s for n, s in zip(at, shares, strict=True)}
            record[f"{name}.seconds"] = took
    if options.figure is not None:
        draw(options.figure, curves, at, floor, options.table)
    print(json.dumps({**record, **hardware()}))


def show(
    name: str, regrets: Array, at: Sequence[int], random: Array, record: dict[str, object]
) -> None:
    """A line of the table, and its figures."""
    low, median, high = np.quantile(regrets, [0.25, 0.5, 0.75], axis=0)
    cells = [f"{m:5.2f} [{a:5.2f},{b:5.2f}]" for a, m, b in zip(low, median, high, strict=True)]
    print(f"{name:<16} n {len(regrets):>4}  {'  '.join(cells)}", flush=True)
    for number, count in enumerate(at):
        record[f"{name}.regret_at_{count}"] = float(median[number])
        record[f"{name}.quartiles_at_{count}"] = [float(low[number]), float(high[number])]
        record[f"{name}.mean_at_{count}"] = float(regrets[:, number].mean())
        if name != "random":
            key = f"{name}.random_equivalent_at_{count}"
            record[key] = equivalent(random, float(median[number]))
    record[f"{name}.n"] = len(regrets)


def draw(
    path: Path, curves: dict[str, Array], at: Sequence[int], floor: float, table: str
) -> None:
    """Median regrets, with quartiles, against candidates."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name, regrets in curves.items():
        low, median, high = np.quantile(regrets, [0.25, 0.5, 0.75], axis=0)
        (line,) = axes.plot(at, median, marker="o", label=f"{name} (n {len(regrets)})")
        axes.fill_between(at, low, high, alpha=0.12, color=line.get_color())
    axes.axhline(floor, color="grey", linestyle=":", label="resolution")
    axes.set(
        xscale="log", xlabel="candidates trained", ylabel="regret, points of accuracy", title=table
    )
    axes.set_xticks(list(at), [str(n) for n in at])
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
