"""Random expressions for hypothesis, and the gradients of a module by name."""

from __future__ import annotations

from hypothesis import strategies as st
from torch import Tensor, nn

from actsearch.space import (
    PRIMITIVES,
    Call,
    Constant,
    Expression,
    Parameter,
    Variable,
)
from actsearch.space.expressions.expression import GRANULARITIES, LARGEST, substitute

# Names that other things nearly have: torch's, Python's, the generated source's, each other's.
NAMES = ("beta", "a", "forward", "forward_", "lambda", "v1", "v1_", "shape", "float", "x1", "F")
POWERS_OF_TWO = tuple(2.0**k for k in range(-149, 4))  # of float32, its subnormals too, up to 8

_PLACES = (Parameter("p1"), Parameter("p2"), Parameter("p3"))


def numbers(largest: float = LARGEST) -> st.SearchStrategy[float]:
    """Floats up to a size, often small or whole ones."""
    return st.integers(-3, 3).map(float) | st.floats(-3, 3) | st.floats(-largest, largest)


def expressions(
    *,
    largest: float = LARGEST,
    granularities: tuple[str, ...] = GRANULARITIES,
    leaves: int = 12,
    parameters: bool = True,
) -> st.SearchStrategy[Expression]:
    """Trees over all primitives, with up to three parameters; numbers at most `largest`."""
    leaf: st.SearchStrategy[Expression] = st.just(Variable())
    leaf |= st.builds(Constant, numbers(largest))
    if not parameters:
        return st.recursive(leaf, _called, max_leaves=leaves)
    tree = st.recursive(leaf | st.sampled_from(_PLACES), _called, max_leaves=leaves)
    initial = st.just(1.0) | numbers(largest)
    declared = st.tuples(initial, st.sampled_from(granularities))
    names = st.permutations(NAMES).map(lambda order: order[: len(_PLACES)])
    return st.builds(_declare, tree, names, st.tuples(*[declared] * len(_PLACES)))


def _called(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    unary = sorted(name for name in PRIMITIVES if PRIMITIVES[name].arity == 1)
    binary = sorted(name for name in PRIMITIVES if PRIMITIVES[name].arity == 2)
    return st.builds(Call, st.sampled_from(unary), st.tuples(inner)) | st.builds(
        Call, st.sampled_from(binary), st.tuples(inner, inner)
    )


def _declare(
    tree: Expression, names: list[str], declared: tuple[tuple[float, str], ...]
) -> Expression:
    known = [Parameter(n, *rest) for n, rest in zip(names, declared, strict=True)]  # type: ignore[arg-type]
    return substitute(tree, dict(zip(_PLACES, known, strict=True)))


def gradients(module: nn.Module, x: Tensor) -> tuple[Tensor, dict[str, Tensor | None]]:
    """f(x), and the gradients of its sum by name: of every parameter, and of `x`."""
    x = x.detach().clone().requires_grad_()
    module.zero_grad()
    value = module(x)
    if value.requires_grad:
        value.sum().backward()
    gradients_by_name = {name: parameter.grad for name, parameter in module.named_parameters()}
    return value.detach(), {**gradients_by_name, "x": x.grad}
