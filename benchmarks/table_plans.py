"""Plans of the tables that make_table.py fills: candidates, recipes, seeds, and their order.

- core-1: every distinct, trainable candidate of core-1 under `brief`.
- uncut: 400 of them by `quick` to nine epochs, none stopped on the way: for halving.py.
- conv: the same 400 on the conv net, on which strategies are tuned.
- elsewhere: 200 of tree-5 that core-1 does not have, from which nothing may learn.
- own-resnet, own-vit: 200 of core-1 in the networks of examples/, which are somebody's own. From
  these too nothing may learn, and they are not shipped.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np

from actsearch.evaluators import (
    RECIPES,
    Evaluator,
    ImageClassification,
    Recipe,
    ScoreTable,
    read_table,
)
from actsearch.space import FingerprintIndex, fingerprint, parse, screen, space_from_name
from actsearch.space.enumeration.distinct import distinct_candidates

POOL = Path(__file__).parent / "pool"  # what has trained
CHANCE = 0.15  # accuracy of ten classes that is chance after an epoch; least of a learner is 0.2
FIFTH, HUNDRED = 0.2, 100
FIRST = range(2)  # seeds of all in core-1, by whose scores others are drawn
BLOCK = 480
RANKED = 2 * BLOCK  # of core-1's candidates: whole blocks, so that a table that grows changes none
STRATA, OF_EACH = 20, 20  # of their ranks, and candidates drawn from each
OTHERS = 200  # of tree-5, and for each network of somebody's own
EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of one table.

    candidates: makes their canonical texts, in the order of training. seeds: for all candidates;
    fifth, hundred: further ones for the best fifth and hundred. block: how many candidates get
    `seeds` before the next ones get any. chance: the accuracy after the first rung below which a
    training stops; None: all go on to the end. example: the module of examples/ whose evaluator
    trains, in place of our networks; its recipe is then the evaluator's, and the package does not
    have the table.
    """

    space: str
    recipe: Recipe
    candidates: Callable[[], list[str]]
    seeds: range
    fifth: range = range(0)
    hundred: range = range(0)
    block: int = BLOCK
    chance: float | None = CHANCE
    example: str = ""

    def evaluator(self) -> Evaluator:
        """The evaluator that trains the candidates."""
        if not self.example:
            return ImageClassification.of([self.recipe])
        if str(EXAMPLES) not in sys.path:
            sys.path.append(str(EXAMPLES))
        made: Evaluator = importlib.import_module(self.example).evaluator()
        return made

    def settled(self) -> Plan:
        """The plan with the recipe of its evaluator, which an example is asked for."""
        if not self.example:
            return self
        recipe = self.evaluator().recipe
        assert recipe is not None, f"{self.example} has no recipe"
        return replace(self, recipe=recipe)


@cache
def whole_core_1() -> list[str]:
    """The distinct, trainable candidates of core-1, in an order drawn once."""
    texts = [str(expression) for _, expression in distinct_candidates(space_from_name("core-1"))]
    order = np.random.default_rng(0).permutation(len(texts))
    return [texts[i] for i in order]


def stratified() -> list[str]:
    """Candidates of core-1 spread evenly over the ranks of the first RANKED in its table.

    Every STRATA in a row have one of each stratum, so a table half made is spread as evenly.
    """
    table = read_table(POOL / "core-1.jsonl")
    ranked = best(table, whole_core_1()[:RANKED], FIRST, RANKED)
    rng = np.random.default_rng(0)
    strata = np.stack([rng.permutation(s)[:OF_EACH] for s in np.array_split(ranked, STRATA)])
    return [str(text) for column in strata.T for text in rng.permutation(column)]


def elsewhere() -> list[str]:
    """Distinct, trainable random candidates of tree-5 that are no function of core-1."""
    rng, space, index = np.random.default_rng(0), space_from_name("tree-5"), FingerprintIndex()
    for number, text in enumerate(whole_core_1()):
        index.add(fingerprint(parse(text)), number)
    texts: list[str] = []
    while len(texts) < OTHERS:
        expression = space.decode(space.sample(rng))
        if screen(expression) is not None:
            continue
        values = fingerprint(expression)
        if index.find(values) is None:
            index.add(values, -len(texts))
            texts.append(str(expression))
    return texts


def a_random_part() -> list[str]:
    """Candidates of core-1 drawn from all, so the prior's table has the share of them that it has
    of the whole."""
    texts = whole_core_1()
    order = np.random.default_rng(1).permutation(len(texts))
    return [texts[i] for i in order[:OTHERS]]


def in_example(example: str) -> Plan:
    """The plan of a pool in the network of an example: two seeds for all, four more for the best
    fifth, of which two name the best and two read (evaluators/tables/tabular.py)."""
    return Plan(
        space="core-1",
        recipe=Recipe(),
        candidates=a_random_part,
        seeds=FIRST,
        fifth=range(2, 6),
        block=OTHERS,
        chance=None,
        example=example,
    )


TABLES: Mapping[str, Plan] = MappingProxyType(
    {
        "core-1": Plan(
            space="core-1",
            recipe=RECIPES["brief"],
            candidates=whole_core_1,
            seeds=FIRST,
            fifth=range(2, 5),
            hundred=range(5, 15),
        ),
        "uncut": Plan(
            space="core-1",
            recipe=RECIPES["quick"],
            candidates=stratified,
            seeds=range(2),
            block=STRATA,
            chance=None,
        ),
        "conv": Plan(
            space="core-1",
            recipe=RECIPES["conv"],
            candidates=stratified,
            seeds=range(3),
            block=2 * STRATA,
        ),
        "elsewhere": Plan(
            space="tree-5",
            recipe=RECIPES["brief"],
            candidates=elsewhere,
            seeds=range(5),
            block=OTHERS,
        ),
        "own-resnet": in_example("resnet"),
        "own-vit": in_example("vit"),
    }
)


def stages(
    plan: Plan, table: ScoreTable, texts: Sequence[str]
) -> Iterator[tuple[Sequence[str], range]]:
    """Candidates and the seeds they get: block by block, then the best of all blocks together.
    Each is asked for when those before it are over, since they name the best."""
    for start in range(0, len(texts), plan.block):
        yield from _of_block(plan, table, texts[start : start + plan.block], len(texts))
    yield from _of_block(plan, table, texts, len(texts))


def _of_block(
    plan: Plan, table: ScoreTable, block: Sequence[str], candidates: int
) -> Iterator[tuple[Sequence[str], range]]:
    """All of a block, its best fifth, and its share of the best hundred."""
    yield block, plan.seeds
    if plan.fifth:
        fifth = best(table, block, plan.seeds, round(FIFTH * len(block)))
        yield fifth, plan.fifth
        seeds = range(plan.fifth.stop)
        yield best(table, fifth, seeds, round(HUNDRED * len(block) / candidates)), plan.hundred


def best(table: ScoreTable, texts: Sequence[str], seeds: range, count: int) -> list[str]:
    """The candidates of highest mean accuracy over these seeds; what diverged counts as 0."""
    means = {text: np.mean([table.accuracy(text, s) or 0.0 for s in seeds]) for text in texts}
    return sorted(texts, key=lambda text: -means[text])[:count]
