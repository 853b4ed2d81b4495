"""Functions that exist elsewhere and are no primitive, and how each is written with those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..errors import LONGEST

_CHOICE = "x where it is above 0 is max(x, 0), where it is below is min(x, 0)"
_CUT = "write min(max(x, low), high)"
_SIGN = "write x / abs(x)"
_STEP = "write (1 + x / abs(x)) / 2"
_FLAT = (
    "it is flat but for its jumps, and nothing is learned through it; a smooth one is "
    "x - sin(2 * pi * x) / (2 * pi)"
)
_MIXED = "an activation maps each number by itself, and this mixes several"
_NUMBER = "write the number alone, as in 0.5 * x"
_GATE = "it has two inputs: of one, x * sigmoid(x) and x * gelu(x) are such products"
_NO_FORM = "it has no form in the primitives there are"

# A name in small letters without _ -> how to write it
_OTHERWISE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("where", "piecewise", "ite", "select"), _CHOICE),
        **dict.fromkeys(("clamp", "clip", "clipbyvalue"), _CUT),
        **dict.fromkeys(("sign", "sgn", "signum"), _SIGN),
        **dict.fromkeys(("heaviside", "step"), _STEP),
        "threshold": "write max(x, t) where x is replaced by t below t; a jump at t is "
        "(1 + (x - t) / abs(x - t)) / 2",
        **dict.fromkeys(
            ("floor", "ceil", "ceiling", "round", "rint", "trunc", "fix", "frac"), _FLAT
        ),
        **dict.fromkeys(("mod", "fmod", "remainder"), _FLAT),
        **dict.fromkeys(("softmax", "softmin", "logsoftmax", "logsumexp", "normalize"), _MIXED),
        **dict.fromkeys(("sum", "mean", "prod", "std", "var", "norm", "cumsum"), _MIXED),
        **dict.fromkeys(("amax", "amin", "argmax", "argmin"), _MIXED),
        **dict.fromkeys(("layernorm", "batchnorm", "dropout", "maxout", "crelu"), _MIXED),
        **dict.fromkeys(("tensor", "constant", "float", "float32", "float64"), _NUMBER),
        "rational": "write the quotient alone, as in x / 3",
        **dict.fromkeys(("glu", "swiglu", "geglu", "reglu"), _GATE),
        **dict.fromkeys(("erfi", "erfinv", "erfcx", "expi", "gamma", "lgamma"), _NO_FORM),
        # Rectifiers and their smooth kin
        "hardtanh": "write min(max(x, -1), 1)",
        "relu6": "write min(max(x, 0), 6)",
        "relu2": "write relu(x) ** 2",
        "prelu": "write max(x, 0) + a=0.25 * min(x, 0)",
        "rrelu": "in evaluation it is max(x, 0.22916666666666666 * x)",
        "celu": "write max(x, 0) + a * (exp(min(x, 0) / a) - 1)",
        "hswish": "write hard_swish(x)",
        "hsigmoid": "write hard_sigmoid(x)",
        "tanhshrink": "write x - tanh(x)",
        "softshrink": "write max(x - 0.5, 0) + min(x + 0.5, 0)",
        "hardshrink": "it jumps; without the jump it is max(x - 0.5, 0) + min(x + 0.5, 0)",
        "logcosh": "write log(cosh(x))",
        "quickgelu": "write x * sigmoid(1.702 * x)",
        # Elementary functions
        "log1p": "write log(1 + x); for x = exp(y) it is softplus(y)",
        "log2": "write log(x) / 0.6931471805599453",
        **dict.fromkeys(("log10", "lg"), "write log(x) / 2.302585092994046"),
        "logit": "write log(x / (1 - x))",
        "exp2": "write exp(0.6931471805599453 * x)",
        "rsqrt": "write 1 / sqrt(x)",
        "cbrt": "write x / abs(x) * pow(x, 0.3333333333333333)",
        "sqr": "write x ** 2",
        "hypot": "write sqrt(x ** 2 + y ** 2)",
        **dict.fromkeys(("fmax", "fmin"), "write max(x, y) or min(x, y)"),
        "tan": "write sin(x) / cos(x)",
        "cot": "write cos(x) / sin(x)",
        "sec": "write 1 / cos(x)",
        "csc": "write 1 / sin(x)",
        "coth": "write 1 / tanh(x)",
        "sech": "write 1 / cosh(x)",
        "csch": "write 1 / sinh(x)",
        **dict.fromkeys(("asin", "arcsin"), "write atan(x / sqrt(1 - x ** 2))"),
        **dict.fromkeys(("acos", "arccos"), "write pi / 2 - atan(x / sqrt(1 - x ** 2))"),
        **dict.fromkeys(("acosh", "arccosh"), "write log(x + sqrt(x ** 2 - 1))"),
        **dict.fromkeys(("atanh", "arctanh"), "write log((1 + x) / (1 - x)) / 2"),
        **dict.fromkeys(("atan2", "arctan2"), "right of x = 0 it is atan(y / x)"),
        **dict.fromkeys(("i0", "besseli0"), "write exp(abs(x)) * bessel_i0e(x)"),
        **dict.fromkeys(("i1", "besseli1"), "write exp(abs(x)) * bessel_i1e(x)"),
        "i0e": "write bessel_i0e(x)",
        "i1e": "write bessel_i1e(x)",
        "ndtr": "write (1 + erf(x / 1.4142135623730951)) / 2",
        "logndtr": "write log((1 + erf(x / 1.4142135623730951)) / 2)",
        "logexpit": "write log_sigmoid(x)",
    }
)


def otherwise(name: str) -> str | None:
    """How to write a function that exists elsewhere; None for a name that is not known."""
    return _OTHERWISE.get(_simplified(name))


def likely_typo(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown function: the name that it is a typing error of, or
    some of those there are.

    Most functions that exist elsewhere have a name near one of ours, so this is strict: a first
    letter is rarely mistyped, and a digit (relu2, log10) never.
    """
    names = sorted(known)
    word = _simplified(name[:LONGEST])
    near = {
        other: edits
        for other in names
        if other[0] == word[:1] and _digits(other) == _digits(word)
        for edits in [_edits(word, _simplified(other))]
        if edits <= (2 if len(word) > 6 else 1)
    }
    if near:
        return f"; did you mean '{min(near, key=lambda other: near[other])}'?"
    return f"; known: {', '.join(names[:12])}, …"


def _simplified(name: str) -> str:
    return name.lower().replace("_", "")


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))


def _edits(word: str, other: str) -> int:
    """Letters to leave out, put in, replace, or swap with the next, until both are equal."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(word, 1):
        rows.append([i])
        for j, opposite in enumerate(other, 1):
            changed = rows[i - 1][j - 1] + (letter != opposite)
            least = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, changed)
            if i > 1 and j > 1 and (letter, opposite) == (other[j - 2], word[i - 2]):
                least = min(least, rows[i - 2][j - 2] + 1)
            rows[i].append(least)
    return rows[-1][-1]
