"""Start as a given function: least squares on [-10, 10], and how far off the result is.

Families that are linear in their coefficients need one `linear` step; for the others `refined`
runs Levenberg-Marquardt over all parameters of any expression. Both look at the whole of
[-10, 10]: a rational fitted on [-3, 3] alone can be off by 16 at 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..errors import CandidateError
from ..expressions.expression import (
    Call,
    Expression,
    Parameter,
    X,
    substitute,
)
from ..expressions.levenberg_marquardt import least_squares
from ..expressions.parser import parse
from ..expressions.primitives import ALIASES, PRIMITIVES
from .schema import (
    CORE,
    RANGE,
    FitError,
    Fitted,
)

POINTS = 1000  # even, so that 0 itself, where divisions have one odd value, is not among them
TAIL_WEIGHT = 0.15  # of the points near ±10, against 1 at 0: N(0, 1) is where signals are
RIDGE = 1e-5  # relative to the largest singular value: keeps coefficients that nothing needs small
DIGITS = 7  # significant digits of a fitted coefficient, those of float32
ITERATIONS = 100  # of Levenberg-Marquardt; 15 to 60 are usual


def target(start: str | Expression) -> Expression:
    """The function a `start` means: a unary primitive's name, `identity`, or any expression."""
    if isinstance(start, Expression):
        return start
    name = ALIASES.get(start, start)
    if name == "identity":
        return X
    if name in PRIMITIVES and PRIMITIVES[name].arity == 1:
        return Call(name, (X,))
    return parse(start)


def grid(points: int = POINTS) -> Tensor:
    """Where fits look: float64 [points] on [-10, 10]."""
    return torch.linspace(-RANGE, RANGE, points, dtype=torch.float64)


def linear(
    basis: Sequence[Expression], fixed: Expression | None, start: Expression
) -> list[float]:
    """Coefficients of `basis` that bring fixed + sum c_k basis_k closest to `start`."""
    x = grid()
    target_values = start.values(x) - (fixed.values(x) if fixed is not None else 0.0)
    if not target_values.isfinite().all():
        raise FitError(f"{start} is not finite on [-{RANGE:g}, {RANGE:g}]")
    return linear_to(basis, x, target_values, _weights(x))


def linear_to(
    basis: Sequence[Expression], x: Tensor, target_values: Tensor, weight: Tensor | float = 1.0
) -> list[float]:
    """Coefficients of `basis` that bring sum c_k basis_k(x) closest to `wanted`, float64 [N]."""
    columns = (torch.stack([b.values(x) for b in basis]) * weight).T
    target_values = target_values * weight
    # Through the singular values and not the normal equations, which would square the condition.
    u, s, v = np.linalg.svd(columns.numpy(), full_matrices=False)
    damped = s / (s**2 + (RIDGE * s[0]) ** 2)
    return [float(c) for c in v.T @ (damped * (u.T @ target_values.numpy()))]


def refined(expression: Expression, start: Expression, keep: float = 0.0) -> Expression:
    """The expression with initial values moved closer to `start` by Levenberg-Marquardt.

    `keep` is what moving a parameter by 1 costs, squared, beside the 500 squared residuals: it
    stops terms from growing against each other.
    """
    x = grid(POINTS // 2)
    target_values, weight = start.values(x), _weights(x)

    def residuals(rows: Tensor) -> tuple[Tensor, Tensor]:
        # Each point gets its own copy of the parameters, [1, P, points]: since f is pointwise, one
        # backward pass of the sum is the whole Jacobian.
        copies = rows[:, :, None].repeat(1, 1, len(x)).requires_grad_()
        residual = (expression.values(x, list(copies[0].unbind())) - target_values) * weight
        (jacobian,) = torch.autograd.grad(residual.sum(), copies)
        return residual.detach()[None], jacobian

    initial = torch.tensor([[p.initial for p in expression.parameters]], dtype=torch.float64)
    fitted, _ = least_squares(residuals, initial, iterations=ITERATIONS, keep=keep)
    return with_values(expression, fitted[0].tolist())


def with_values(expression: Expression, initial: Sequence[float]) -> Expression:
    """The expression with these initial values, rounded, in the order of its parameters."""
    return substitute(
        expression,
        {
            p: replace(p, initial=rounded(v))
            for p, v in zip(expression.parameters, initial, strict=True)
        },
    )


def rounded(value: float) -> float:
    """To DIGITS significant digits; what is negligible becomes 0."""
    return float(f"{value:.{DIGITS}g}") if abs(value) >= 1e-7 else 0.0


def checked(family: str, expression: Expression, start: Expression, tolerance: float) -> Fitted:
    """The fit with its errors; raises FitError when it is off by more than `tolerance`."""
    x = grid(4 * POINTS)
    off = (expression.values(x) - start.values(x)).abs()
    worst, core = float(off.max()), float(off[x.abs() <= CORE].max())
    if not worst <= tolerance:
        raise FitError(
            f"{family} cannot start as {start}: it is off by {worst:.3g} on "
            f"[-{RANGE:g}, {RANGE:g}] (by {core:.3g} on [-{CORE:g}, {CORE:g}]), more than the "
            f"tolerance {tolerance:g}; allow more terms, or a larger tolerance"
        )
    return Fitted(expression, str(start), core, worst)


def fixed_target(family: str, start: str | Expression) -> Expression:
    """`target`, refused where it has learnable parameters: those would be lost."""
    function = target(start)
    if function.parameters:
        names = ", ".join(p.name for p in function.parameters)
        raise CandidateError(
            f"{family} starts as a function without parameters, but {function} has {names}; "
            f"write numbers in their place"
        )
    return function


def _weights(x: Tensor) -> Tensor:
    return TAIL_WEIGHT + (1 - TAIL_WEIGHT) * torch.exp(-x.square() / (2 * CORE))


def parameter(name: str, initial: float = 1.0) -> Parameter:
    """A learnable coefficient with a rounded initial value."""
    return Parameter(name, rounded(initial))
