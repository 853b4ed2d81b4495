"""Sets of operators that spaces draw from: the papers' own, and how a user restricts one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import SpaceError, UnknownNameError
from ..expressions.notation import FOLDS
from ..expressions.primitives import ALIASES, PRIMITIVES
from .patterns import places, primitives, template

_SWISH = ":ops=swish"


@dataclass(frozen=True, slots=True)
class Operators:
    """Options of a space: `unary` over x, `binary` over x1 and x2, `nary` names of folds.

    Texts become canonical. `label` is how a space's name says which operators it has.
    """

    unary: tuple[str, ...]
    binary: tuple[str, ...]
    nary: tuple[str, ...] = tuple(FOLDS)
    label: str | None = None

    def __post_init__(self) -> None:
        for kind, count in (("unary", 1), ("binary", 2)):
            options = tuple(str(template(o, count)) for o in getattr(self, kind))
            if len(set(options)) < len(options):
                raise SpaceError(f"{kind} options must be distinct: {', '.join(options)}")
            for option in options:
                if any(p.granularity != "layer" for p in template(option, count).parameters):
                    raise SpaceError(
                        f"{kind} option {option} shares a parameter in its own way, but all of a "
                        f"space's are shared alike: leave that out, and say core-1[channel]"
                    )
            object.__setattr__(self, kind, options)
        for fold in self.nary:
            if fold not in FOLDS:
                raise UnknownNameError("n-ary operator", fold, FOLDS)
        if self.label is None:
            lists = {"unary": self.unary, "binary": self.binary, "nary": self.nary}
            parts = (f":{k}={','.join(v).replace(' ', '')}" for k, v in lists.items())
            object.__setattr__(self, "label", "".join(parts))

    @property
    def beside_swish(self) -> str:
        """The label in the name of a space whose default are the Swish paper's operators."""
        return (self.label or "").removeprefix(_SWISH)

    def options(self, kind: str, count: int) -> tuple[str, ...]:
        """The options of a kind over `count` operands; raises SpaceError where there is none."""
        options = (
            tuple(str(template(f"{f}({','.join(places(count))})", count)) for f in self.nary)
            if kind == "nary"
            else self.unary
            if kind == "unary"
            else self.binary
        )
        if not options:
            raise SpaceError(f"{kind} options must be at least one; allow more primitives")
        return options

    def restricted(
        self, *, only: Iterable[str] | None = None, without: Iterable[str] = ()
    ) -> Operators:
        """The options made of `only` these primitives, and of none of those in `without`.

        x, constants and parameters are made of none and stay. Aliases are understood.
        """
        banned = sorted(_canonical(name) for name in without)
        allowed = set(PRIMITIVES) if only is None else {_canonical(name) for name in only}

        def stays(used: frozenset[str]) -> bool:
            return used <= allowed and not used & set(banned)

        label = self.label or ""
        if only is not None:
            label += f":only={','.join(sorted(allowed))}"
        if banned:
            label += f":without={','.join(banned)}"
        return Operators(
            tuple(o for o in self.unary if stays(primitives(o, 1))),
            tuple(o for o in self.binary if stays(primitives(o, 2))),
            tuple(f for f in self.nary if stays(frozenset((FOLDS[f],)))),
            label,
        )


def _canonical(name: str) -> str:
    primitive = ALIASES.get(name, name)
    if primitive not in PRIMITIVES:
        raise UnknownNameError("primitive", name, [*PRIMITIVES, *ALIASES])
    return primitive


# Ramachandran, Zoph and Le 2017, table of unary and binary functions; beta is learnable.
SWISH = Operators(
    unary=(
        *("x", "-x", "abs(x)", "x ** 2", "x ** 3", "sqrt(x)", "beta * x", "x + beta", "log(x)"),
        *("exp(x)", "sin(x)", "cos(x)", "sinh(x)", "cosh(x)", "tanh(x)", "asinh(x)", "atan(x)"),
        *("sinc(x)", "max(x, 0)", "min(x, 0)", "sigmoid(x)", "softplus(x)", "exp(-x ** 2)"),
        *("erf(x)", "beta"),
    ),
    binary=(
        *("x1 + x2", "x1 * x2", "x1 - x2", "x1 / x2", "max(x1, x2)", "min(x1, x2)"),
        *("sigmoid(x1) * x2", "exp(-beta * (x1 - x2) ** 2)", "exp(-beta * abs(x1 - x2))"),
        "beta * x1 + (1 - beta) * x2",
    ),
    label=_SWISH,
)

# Bingham and Miikkulainen 2023: the 27 x 7 operators whose 5,103 strings Act-Bench scores.
ACT_BENCH = Operators(
    unary=(
        *("0", "1", "x", "-x", "abs(x)", "1 / x", "x ** 2", "exp(x)", "erf(x)", "erfc(x)"),
        *("sinh(x)", "cosh(x)", "tanh(x)", "expm1(x)", "sigmoid(x)", "log_sigmoid(x)"),
        *("asinh(x)", "atan(x)", "bessel_i0e(x)", "bessel_i1e(x)", "relu(x)", "elu(x)"),
        *("selu(x)", "silu(x)", "softplus(x)", "softsign(x)", "hard_sigmoid(x)"),
    ),
    binary=(
        "x1 + x2",
        "x1 - x2",
        "x1 * x2",
        "x1 / x2",
        "pow(x1, x2)",
        "max(x1, x2)",
        "min(x1, x2)",
    ),
    label=":ops=act-bench",
)

# The same paper's code has four unary operators more; PANGAEA (2022) names the 27 and 7.
AQUASURF = Operators(
    unary=(*ACT_BENCH.unary, "elish(x)", "leaky_relu(x)", "mish(x)", "gelu(x)"),
    binary=ACT_BENCH.binary,
    label=":ops=aquasurf",
)

# Strack, Safari and Hutter 2024, as in their code: 23 unary and 9 binary.
_NOT_IN_GRAFS = ("log(x)", "sin(x)", "cos(x)", "cosh(x)", "sinc(x)", "exp(-x ** 2)")
GRAFS = Operators(
    unary=(
        *(option for option in SWISH.unary if option not in _NOT_IN_GRAFS),
        *("silu(x)", "gelu(x)", "elu(x)", "leaky_relu(x)"),
    ),
    binary=(
        *("x1 + x2", "x1 * x2", "x1 - x2", "max(x1, x2)", "min(x1, x2)", "sigmoid(x1) * x2"),
        *("beta * x1 + (1 - beta) * x2", "x1", "x2"),
    ),
    label=":ops=grafs",
)


def _united(sets: tuple[Operators, ...]) -> Operators:
    return Operators(
        tuple(dict.fromkeys(option for s in sets for option in s.unary)),
        tuple(dict.fromkeys(option for s in sets for option in s.binary)),
        label=":ops=all",
    )


OPERATORS: Mapping[str, Operators] = MappingProxyType(
    {
        "swish": SWISH,
        "act-bench": ACT_BENCH,
        "aquasurf": AQUASURF,
        "grafs": GRAFS,
        "all": _united((SWISH, AQUASURF, GRAFS)),
    }
)
