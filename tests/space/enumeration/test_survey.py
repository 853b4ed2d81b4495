"""Batches say of every candidate what looking at it alone says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from actsearch.space import (
    CoreUnits,
    Expression,
    FingerprintIndex,
    Operators,
    Schema,
    SpaceError,
    fingerprint,
    screen,
)
from actsearch.space.analysis.fingerprint import TOLERANCE, agree
from actsearch.space.enumeration.operands import Operand, RootOperator
from actsearch.space.enumeration.survey import Counts, survey
from actsearch.space.enumeration.vectorized import (
    FLAT_SLOPE,
    HUGE_VALUES,
    LEFT,
    MOMENT,
    NOT_FINITE,
    STRAIGHT,
    batched,
    fingerprints,
    verdicts,
)
from actsearch.space.expressions.expression import substitute
from actsearch.space.spaces.fixed_topology import FixedTopology, assembled
from actsearch.space.spaces.operator_sets import AQUASURF, GRAFS, SWISH
from actsearch.space.spaces.patterns import Instantiator, named, template

SOME = Operators(
    ("x", "x ** 3", "sqrt(x)", "beta * x", "exp(x)", "max(x, 0)", "sigmoid(x)", "beta", "sinh(x)"),
    SWISH.binary,
)
SIMPLE = Operators(("x", "beta * x", "exp(x)", "a=0.5 * x", "1"), SWISH.binary[3:])
POWERS = ("pow", "div", "tanh", "exp", "cosh", "square", "relu")


def one_by_one(space: FixedTopology) -> Counts:
    """The counts by `screen` and `fingerprint` of each candidate."""
    index, verdicts = FingerprintIndex(), Counter[str]()
    for number, encoding in enumerate(space.encodings()):
        tree = space.decode(encoding)
        reason = screen(tree) or "left"
        if "not finite" in reason:
            verdicts["not finite"] += 1
            continue
        mark = fingerprint(tree)
        if index.find(mark) is None:
            index.add(mark, number)
            words = ("constant", "affine", "exceeds", "slope is below", "second moment")
            verdicts[next((word for word in words if word in reason), "left")] += 1
    bad = verdicts.pop("not finite", 0)
    return Counts(
        raw=space.size,
        non_finite=bad,
        distinct=verdicts.total(),
        constant=verdicts["constant"],
        affine=verdicts["affine"],
        huge=verdicts["exceeds"],
        flat=verdicts["slope is below"],
        moment=verdicts["second moment"],
        left=verdicts["left"],
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    "space",
    [
        CoreUnits(1, operators=SOME),
        CoreUnits(1, "channel", SOME.restricted(only=("max", "mul", "sigmoid", "exp"))),
        Schema("binary(unary(x),unary(x))", operators=AQUASURF.restricted(only=POWERS)),
        Schema("binary(x,binary(unary(x),x))", operators=SIMPLE),
        Schema("binary(binary(x,unary(x)),unary(x))", operators=SIMPLE.restricted(only=("div",))),
    ],
    ids=lambda space: space.name[:40],
)
def test_the_counts_are_those_of_looking_at_each_candidate_alone(space: FixedTopology) -> None:
    assert survey(space) == one_by_one(space)


VERDICTS = {
    LEFT: (None,),
    NOT_FINITE: ("value is not finite", "slope is not finite"),
    HUGE_VALUES: ("|f| exceeds",),
    # Straight at the initial parameters; at others it may bend.
    STRAIGHT: ("constant", "affine", "slope is below", "second moment", None),
    FLAT_SLOPE: ("slope is below",),
    MOMENT: ("second moment",),
}


@pytest.mark.long
def test_every_candidate_of_core_1_has_its_own_verdict_and_fingerprint_in_a_batch() -> None:
    space = CoreUnits(1)
    few = [Operand(right_operand("unit.right", option, space)) for option in SWISH.unary]
    batch = batched(few)
    for left in SWISH.unary:
        many = Operand(assembled(space.root.below[0], {"unit.left": left}, "layer"))
        for binary in SWISH.binary:
            operator = RootOperator(binary)
            codes = verdicts(operator, many, batch, flip=False).tolist()
            values = fingerprints(operator, many, few, flip=False)
            for code, row, right in zip(codes, values, SWISH.unary, strict=True):
                chosen = {"unit.binary": binary, "unit.left": left, "unit.right": right}
                candidate = space.decode(chosen)
                reason = screen(candidate)
                assert any(
                    reason == words or (reason and words and reason.startswith(words))
                    for words in VERDICTS[code]
                ), f"{candidate}: {code} is not {reason}"
                if code != NOT_FINITE:
                    mark = fingerprint(candidate)
                    assert agree(mark.values, row.float(), TOLERANCE), candidate


@pytest.mark.heavy
@pytest.mark.parametrize("operators", [SIMPLE, GRAFS], ids=["simple", "grafs"])
@pytest.mark.parametrize("flip", [False, True])
def test_a_batch_has_every_candidates_own_fingerprint_and_verdict(
    operators: Operators, flip: bool
) -> None:
    space = CoreUnits(2, operators=operators)
    few = [Operand(right_operand("unit.right", option, space)) for option in operators.unary]
    chosen = {
        "unit.inner.binary": "beta * x1 + (1 - beta) * x2",
        "unit.inner.left": "beta * x",
        "unit.inner.right": "x",
        "unit.left": operators.unary[1],
    }
    many = Operand(assembled(space.root.below[0], chosen, "layer"))
    for option in operators.binary:
        operator = RootOperator(option)
        codes = verdicts(operator, many, batched(few), flip)
        values = fingerprints(operator, many, few, flip)
        for at, right in enumerate(operators.unary):
            tree = space.decode({**chosen, "unit.binary": option, "unit.right": right})
            if flip:
                tree = flipped(option, right, many)
            alone = fingerprint(tree)
            assert agree(alone.values, values[at].float(), TOLERANCE / 100)
            assert (codes[at] == NOT_FINITE) == ("not finite" in (screen(tree) or ""))


def right_operand(path: str, option: str, space: FixedTopology) -> Expression:
    """The right operand with an option chosen."""
    return assembled(space.root.below[1], {path: option}, "layer")


def flipped(option: str, right: str, many: Operand) -> Expression:
    """The candidate whose first operand is the small one."""
    fresh = Instantiator()
    first = fresh.fill(right, [template("x", 1)])
    second = substitute(
        many.expression, {p: fresh.parameter() for p in many.expression.parameters}
    )
    return named(fresh.fill(option, [first, second]), "layer")


def test_a_part_of_a_space_is_counted_by_the_numbers_of_its_operands() -> None:
    space = CoreUnits(2, operators=SIMPLE)
    part = survey(space, [3, 11])
    assert part.raw == 2 * len(SIMPLE.unary) * len(SIMPLE.binary)
    assert part.non_finite + part.distinct <= part.raw
    assert part.left <= part.distinct
    assert survey(space, []) == Counts(0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_a_space_of_another_wiring_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"a survey needs a space binary\(…, …\), but got unary"):
        survey(Schema("unary(x)"))
    with pytest.raises(SpaceError, match=r"but got mul\(x,unary\(x\)\)"):
        survey(Schema("mul(x,unary(x))"))
    with pytest.raises(SpaceError, match=r"the smaller operand of .* has 625 forms, over 200"):
        survey(Schema("binary(unary(unary(x)),unary(unary(x)))"))


def test_the_slope_of_a_batch_is_the_one_of_the_formula() -> None:
    operand, other = Operand(CoreUnits(1).decode(ONE)), Operand(CoreUnits(1).decode(ONE))
    value, slope = RootOperator("x1 * x2").value_and_slope(
        operand.screened[:2], other.screened[:2]
    )
    torch.testing.assert_close(value, operand.screened[0] ** 2)
    torch.testing.assert_close(slope, 2 * operand.screened[0] * operand.screened[1])


ONE = {"unit.binary": "x1 * x2", "unit.left": "sin(x)", "unit.right": "beta * x"}


@pytest.mark.heavy
def test_the_documents_say_how_many_of_core_1_are_left_to_train() -> None:
    counts = survey(CoreUnits(1))
    root = Path(__file__).parents[3]
    readme = " ".join((root / "README.md").read_text().split())
    assert f"{counts.raw:,} formulas of which {counts.left:,} are" in readme
    page = (root / "docs" / "spaces.md").read_text()
    for name, count in (
        ("distinct", counts.distinct),
        ("constant", counts.constant),
        ("affine", counts.affine),
        ("huge", counts.huge),
        ("flat", counts.flat),
        ("moment", counts.moment),
        ("left to train", counts.left),
    ):
        assert f"| {name} | {count:,} |" in page
    assert f"now has\n  {counts.left:,} to train" in (root / "CHANGELOG.md").read_text()
