"""Merged are only equal functions, apart never the same one written in another order: checked
with values that the fingerprints do not look at, and by sympy."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
import sympy
import torch
from torch import Tensor

from actsearch.space import (
    Call,
    Expression,
    FingerprintIndex,
    Parameter,
    fingerprint,
    parse,
    space_from_name,
)
from actsearch.space.expressions.expression import substitute
from actsearch.space.expressions.symbolic import to_sympy

COMMUTING = ("add", "mul", "max", "min")
ALLOWED = 1e-4  # after asinh; the fingerprints' 1e-5 and a slope of ten between their points
SETTINGS = 200


def same(left: str, right: str) -> bool:
    return fingerprint(parse(left)).matches(fingerprint(parse(right)))


def rewritten(tree: Expression, rng: random.Random) -> Expression:
    """The tree with operands swapped, sums and products associated anew, parameters renamed."""

    def visit(node: Expression) -> Expression:
        if not isinstance(node, Call):
            return node
        operands = [visit(operand) for operand in node.operands]
        if node.primitive not in COMMUTING:
            return Call(node.primitive, tuple(operands))
        terms: list[Expression] = []
        for each in operands:
            spliced = isinstance(each, Call) and each.primitive == node.primitive
            terms += each.children if spliced else (each,)
        rng.shuffle(terms)
        while len(terms) > 1:
            at = rng.randrange(len(terms) - 1)
            terms[at : at + 2] = [Call(node.primitive, (terms[at], terms[at + 1]))]
        return terms[0]

    names = [f"q{i}" for i in range(len(tree.parameters))]
    rng.shuffle(names)
    renamed: dict[Expression, Expression] = {
        p: Parameter(name, p.initial, p.granularity)
        for p, name in zip(tree.parameters, names, strict=True)
    }
    return visit(substitute(tree, renamed))


def values(tree: Expression, rows: Tensor, order: tuple[int, ...], x: Tensor) -> Tensor:
    columns = [rows[:, i : i + 1] for i in order]
    return torch.asinh(tree.values(x, columns))


def difference(left: Expression, right: Expression, seed: int) -> float:
    """The largest difference after asinh of two candidates at other points and parameters, in the
    best order of the parameters; where both are finite and beyond the divisor's floor."""
    generator = torch.Generator().manual_seed(seed)
    count = len(left.parameters)
    rows = torch.randn(SETTINGS, count, generator=generator, dtype=torch.float64)
    rows[: SETTINGS // 2] *= 2.5
    rows[SETTINGS // 2 :] = 1 + 0.5 * rows[SETTINGS // 2 :]
    # A divisor beta * x below 1e-3 is a matter of its floor, 6e-8.
    rows = torch.where(rows.abs() < 0.1, 0.1, rows).clamp(-4.1, 4.3)  # the neighbourhood
    start = torch.tensor([[p.initial for p in left.parameters]], dtype=torch.float64)
    rows = torch.cat([start.expand(1, count), rows]) if count else rows[:1]
    x = torch.cat(
        [
            torch.randn(400, generator=generator, dtype=torch.float64),
            20 * torch.rand(400, generator=generator, dtype=torch.float64) - 10,
        ]
    )
    x = x[x.abs() > 0.05].expand(len(rows), -1)
    target = values(left, rows, tuple(range(count)), x)
    best = float("inf")
    for order in itertools.permutations(range(count)):
        gap = (values(right, rows, order, x) - target).abs()
        finite = gap.isfinite() & (target.abs() < 20)
        # A pole is where rounding decides; two different functions differ at more than one point.
        worst = gap[finite].sort(descending=True).values[2:3]
        best = min(best, float(worst.max()) if len(worst) else 0.0)
        if best <= ALLOWED:
            break
    return best


def check(trees: list[Expression]) -> tuple[int, list[str], list[str]]:
    """Merged pairs, those of them that differ, and trees apart from a rewritten self."""
    rng = random.Random(0)
    index, different, apart = FingerprintIndex(), [], []
    firsts: dict[int, Expression] = {}
    merged = 0
    for number, tree in enumerate(trees):
        mark = fingerprint(tree)
        again = rewritten(tree, rng)
        if not fingerprint(again).matches(mark):
            apart.append(f"{tree}  and  {again}")
        earlier = index.find(mark)
        if earlier is None:
            index.add(mark, number)
            firsts[number] = tree
        elif str(firsts[earlier]) != str(tree):
            merged += 1
            if difference(firsts[earlier], tree, number) > ALLOWED:
                different.append(f"{firsts[earlier]}  and  {tree}")
    return merged, different, apart


def sampled(name: str, count: int | None) -> list[Expression]:
    space = space_from_name(name)
    if count is None:
        return [space.decode(encoding) for encoding in space.encodings()]
    rng = np.random.default_rng(7)
    return [space.decode(space.sample(rng)) for _ in range(count)]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("max(x, beta * x)", "beta * x + (1 - beta) * max(x, 0)"),
        ("max(x + beta, exp(x))", "beta * exp(x) + (1 - beta) * exp(x)"),
        ("relu(x)", "relu(x) + 100 * relu(1 - abs(x - 10))"),
        ("relu(x)", "relu(x) + relu(0.1 - abs(x - 13))"),
        ("relu(x)", "relu(x) + relu(0.02 - abs(x + 1))"),
        ("relu(x)", "relu(x) + 100 * relu(1 - abs(x + 25))"),
        ("abs(beta) * x", "max(beta, -2 * beta) * x"),
        ("min(beta, 4) * x", "beta * x"),
        ("max(beta, -4) * x", "beta * x"),
        ("beta * log_sigmoid(beta2)", "min(1, beta * log_sigmoid(beta2))"),
        ("max(a, 1) * max(b, 1) * x", "max(a, 1) * x + b * x - b * x"),
        ("a * x + b * max(x, 0)", "a * x + b * max(x, 0) + max(min(a, b) - 1, 0) * sin(x)"),
        ("a * x + b * max(x, 0)", "a * x + b * max(x, 0) + max(min(a, -b), 0) * sin(x)"),
    ],
)
def test_functions_that_part_anywhere_in_the_neighbourhood_are_two(left: str, right: str) -> None:
    assert not same(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("a * relu(b * x)", "relu(b * x) * a"),
        ("a * relu(b * x)", "relu(a * x) * b"),
        ("a * relu(b * x)", "a * max(x * b, 0)"),
        ("abs(a * x) * (b * x)", "(a * x) * abs(b * x)"),
        ("exp(-c * abs(a * x - b * x ** 2))", "exp(-abs(b * x ** 2 - a * x) * c)"),
        ("abs(a * x - b * x) + a * sin(x)", "sin(x) * b + abs(a * x - b * x)"),
        ("(a * x + sin(b * x)) + c", "a + (c * x + sin(b * x))"),
        ("a * (x / b)", "(b * x) / a"),
        ("x / a / b", "x / b / a"),
        ("x - (a - b * x)", "(x + b * x) - a"),
        ("-(a * x) * b ** 2", "b * (-x) * a ** 2"),
        ("max(max(a * x, b), c * x ** 2)", "max(a, max(b * x ** 2, c * x))"),
        ("sin(exp(exp(a * x)) * 3 * x)", "sin(x * (3 * exp(exp(a * x))))"),
    ],
)
def test_commuted_renamed_and_reassociated_forms_are_one(left: str, right: str) -> None:
    assert same(left, right)


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["core-1", "core-2", "tree-3", "tree-5", "tree-7"])
def test_no_pair_of_a_sample_is_merged_or_parted_wrongly(name: str) -> None:
    _, different, apart = check(sampled(name, 300))
    assert not different
    assert not apart


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "count"),
    [("core-1", None), ("core-2", 5000), ("tree-3", 5000), ("tree-5", 5000), ("tree-7", 5000)],
)
def test_no_pair_of_a_space_is_merged_or_parted_wrongly(name: str, count: int | None) -> None:
    merged, different, apart = check(sampled(name, count))
    assert merged > 0
    assert not different
    assert not apart


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("a * relu(b * x)", "relu(b * x) * a"),
        ("x * sigmoid(beta * x)", "x / (1 + exp(-beta * x))"),
        ("2 * sigmoid(2 * x) - 1", "tanh(x)"),
        ("(a * x + b) * x", "a * x ** 2 + b * x"),
    ],
)
def test_sympy_says_the_same_of_what_is_merged(left: str, right: str) -> None:
    assert same(left, right)
    first, second = parse(left), parse(right)
    gaps = []
    for order in itertools.permutations(second.parameters):
        names = zip(order, first.parameters, strict=True)
        renamed = substitute(second, {p: Parameter(q.name) for p, q in names})
        gap = to_sympy(first) - to_sympy(renamed)
        gaps.append(sympy.simplify(gap.rewrite(sympy.exp)))
    assert 0 in gaps
