"""A schema's text is its wiring, counted exactly, and refused where it is none."""

from __future__ import annotations

import pytest

from actsearch.space import (
    CoreUnits,
    ExpressionError,
    Schema,
    SpaceError,
    parse,
)
from actsearch.space.spaces.operator_sets import ACT_BENCH, AQUASURF


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("unary(x)", 27),
        ("binary(unary(x), unary(x))", 5103),
        ("binary(unary(x),binary(unary(x),unary(x)))", 7 * 7 * 27**3),
        ("nary(unary(x),unary(x),unary(x))", 4 * 27**3),
        ("mul(x,unary(unary(x)))", 27**2),
    ],
)
def test_sizes_are_those_of_the_papers_spaces(text: str, size: int) -> None:
    assert Schema(text, operators=ACT_BENCH).size == size


def test_the_readme_example_of_aquasurf_has_its_published_number_of_functions() -> None:
    tree = Schema("binary(unary(x),binary(unary(x),unary(x)))", operators=ACT_BENCH)
    fold = Schema("nary(unary(x),unary(x),unary(x))", operators=ACT_BENCH)
    assert tree.size + fold.size * 3 // 4 + 8 == 1_023_524  # three of the folds, and 8 baselines


def test_the_flat_schema_is_the_space_of_one_core_unit() -> None:
    schema, core = Schema("binary(unary(x),unary(x))"), CoreUnits(1)
    assert schema.size == core.size
    assert all(core.contains(schema.decode(e)) for e in list(schema.encodings())[::40])


def test_every_act_bench_candidate_is_in_its_space_in_the_papers_own_notation() -> None:
    space = Schema("binary(unary(x),unary(x))", operators=AQUASURF)
    for text in ("max(relu(x),cosh(elu(x)))", "silu(x)"):
        assert not space.contains(parse(text))
    for text in ("pow(swish(x),arctan(x))", "add(zero(x),one(x))", "div(negative(x),square(x))"):
        encoding = space.encode(parse(text))
        assert encoding is not None
        assert space.decode(encoding) == parse(text)


def test_what_an_option_ignores_may_be_anything() -> None:
    space = Schema("binary(unary(unary(x)),x)", operators=ACT_BENCH)
    encoding = space.encode(parse("1 + x"))
    assert encoding is not None
    assert space.decode(encoding) == parse("1 + x")


def test_two_options_may_not_share_a_parameter() -> None:
    space = CoreUnits(1)
    assert space.contains(parse("a * x + (x + b)"))
    assert not space.contains(parse("a * x + (x + a)"))
    assert not space.contains(parse("a[channel] * x + x"))
    assert space.contains(parse("c * x + (1 - c) * x ** 2"))


@pytest.mark.parametrize(
    ("text", "rule", "position"),
    [
        ("binary(unary(x))", "binary takes 2 operands, but got 1", 0),
        ("unary(binary(x,x),x)", "unary takes 1 operands, but got 2", 0),
        ("nary(x)", "nary takes at least 2 operands, but got 1", 0),
        ("unry(x)", "unknown part of a schema 'unry'; did you mean 'unary'?", 0),
        ("unary(y)", "unknown part of a schema 'y'", 6),
        ("unary(x", "expected ')' in the schema", 7),
        ("unary(x))", "expected the end of the schema", 8),
        ("unary+x", "expected '(' in the schema", 5),
        ("", "unknown part of a schema ''", 0),
        ("unary(" * 100 + "x" + ")" * 100, "a schema may have at most 16 operators", 16 * 6),
        ("unary(+)", "unknown part of a schema '+'", 6),
    ],
)
def test_a_bad_schema_is_pointed_at(text: str, rule: str, position: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        Schema(text)
    assert rule in caught.value.rule
    assert caught.value.position == position


def test_a_schema_without_a_place_is_refused() -> None:
    with pytest.raises(SpaceError, match="a schema needs a place to choose"):
        Schema("x")
    with pytest.raises(SpaceError, match="a schema needs a place to choose"):
        Schema("relu(x)")
