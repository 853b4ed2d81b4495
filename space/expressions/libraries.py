"""Libraries whose functions are read by their names, and where one is another function there.

`torch.tanh(x)` is `tanh(x)`. Where a library's function differs from the primitive of its name,
the prefix says which is meant: a power is read as the library's, the others are refused, with how
to write them here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..errors import CandidateError
from .compile import never_negative
from .expression import Call, Expression
from .numerics import POWER_FLOOR
from .powers import number_of, raised

# A prefix -> the library that it stands for
LIBRARIES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("torch", "torch.nn.functional", "torch.special", "nn.functional", "F"), "torch"
        ),
        "math": "math",
        **dict.fromkeys(("np", "numpy"), "numpy"),
        **dict.fromkeys(("jnp", "jax.numpy", "jax.nn"), "jax"),
        **dict.fromkeys(("tf", "tf.math", "tf.nn"), "tensorflow"),
        **dict.fromkeys(("sp", "sympy"), "sympy"),
        "scipy.special": "scipy",
    }
)

# A number behind a prefix, as in math.tau; without one its name is a parameter's, but for pi
NUMBERS: Mapping[str, float] = MappingProxyType(
    {
        "pi": math.pi,
        "e": math.e,
        "E": math.e,
        "tau": math.tau,
        "euler_gamma": 0.5772156649015329,
        "EulerGamma": 0.5772156649015329,
        "GoldenRatio": (1 + math.sqrt(5)) / 2,
    }
)

_SINC = "is sin(x) / x, and sinc here is sin(pi * x) / (pi * x): write sinc(x / pi)"
_LEAKY = "has the slope 0.2, and leaky_relu here 0.01: write max(x, 0) + 0.2 * min(x, 0)"
_GELU = (
    "is the tanh form, and gelu here the exact one: write gelu(x), or "
    "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ** 3)))"
)
_LARGEST = "is the largest along an axis: write max(x, 0) for the larger of two"
_SMALLEST = "is the smallest along an axis: write min(x, 0) for the smaller of two"

_DIFFERENT: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("sympy", "sinc"): _SINC,
        ("tensorflow", "leaky_relu"): _LEAKY,
        ("jax", "gelu"): _GELU,
        **{(library, "max"): _LARGEST for library in ("numpy", "jax")},
        **{(library, "min"): _SMALLEST for library in ("numpy", "jax")},
    }
)
# torch's max of two tensors is the larger of both, that of a tensor and a number is not
_OF_A_NUMBER: Mapping[tuple[str, str], str] = MappingProxyType(
    {("torch", "max"): _LARGEST, ("torch", "min"): _SMALLEST}
)


def library_call(
    library: str, name: str, primitive: str, operands: Sequence[Expression]
) -> Expression | None:
    """A library's function as that library means it; None where it is the primitive.

    Raises CandidateError for one that has to be written in another way.
    """
    if primitive == "pow" and len(operands) == 2:
        return _power(name, *operands)
    key = library, name.lower()
    of_a_number = number_of(operands[-1]) is not None
    rule = _DIFFERENT.get(key) or (_OF_A_NUMBER.get(key) if of_a_number else None)
    if rule:
        raise CandidateError(f"{name} of {library} {rule}")
    return None


def _power(name: str, base: Expression, exponent: Expression) -> Expression:
    """x ** 3 for a library's pow(x, 3), which keeps the sign of x; pow(x, 3) here is |x| ** 3."""
    number, size = number_of(exponent), number_of(base)
    if (size is not None and size >= POWER_FLOOR) or never_negative(base):
        return Call("pow", (base, exponent))
    if number is not None:
        return raised(base, number)
    raise CandidateError(
        f"a library's {name}(x, y) is no number where x is negative: write pow(x, y), which is "
        f"|x| ** y"
    )
