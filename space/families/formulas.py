"""Families that are one formula: the published ones, with their published initial values.

Each row is an ordinary expression text; its parameters are the options of the family, so that
`family("prelu", a=0.1)` starts elsewhere. Where a published initial value would leave a parameter
without gradient, or a formula overflows, the row's note says what is different here and why.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..expressions.expression import Expression, substitute
from ..expressions.parser import parse
from .schema import (
    Config,
    Family,
    Fitted,
    Option,
)

# exp(b x) overflows float32 at 88 and its gradient is then 0 * inf. From 20 on, erf and tanh of
# any multiple above 1e-7 are 1 in float64, so the limit changes no value.
_EXP = "exp(min({}, 20))"


@dataclass(frozen=True, slots=True)
class _Formula:
    """A row: its text declares the parameters; `bounds` are of their initial values."""

    name: str
    text: str
    source: str
    bounds: dict[str, tuple[float, float]] = field(default_factory=dict)
    note: str = ""

    def family(self) -> Family:
        template = parse(self.text)
        options = tuple(
            Option(p.name, p.initial, "initial value", *self.bounds.get(p.name, (-10.0, 10.0)))
            for p in template.parameters
        )

        def build(config: Config) -> Fitted:
            return Fitted(_started(template, config))

        return Family(self.name, self.text, self.source, options, build, self.note)


def _started(template: Expression, config: Config) -> Expression:
    return substitute(
        template, {p: replace(p, initial=config[p.name]) for p in template.parameters}
    )


_POSITIVE = (0.1, 10.0)
_ROWS = (
    _Formula("prelu", "max(x, 0) + a=0.25 * min(x, 0)", "He et al. 2015, arXiv 1502.01852"),
    _Formula("swish-beta", "x * sigmoid(beta * x)", "Ramachandran et al. 2017, arXiv 1710.05941"),
    _Formula(
        "e-swish",
        "a=1.5 * silu(x)",
        "Alcaide 2018, arXiv 1801.07145",
        {"a": (0.5, 3.0)},
        "The paper fixes a at 1 to 2; here it is learned.",
    ),
    _Formula("ahaf", "a * x * sigmoid(b * x)", "Bodyanskiy and Kostiuk 2022"),
    _Formula(
        "pelu",
        "max(abs(a), 0.1) / max(abs(b), 0.1) * max(x, 0)"
        " + max(abs(a), 0.1) * (exp(min(x, 0) / max(abs(b), 0.1)) - 1)",
        "Trottier et al. 2017, arXiv 1605.09332",
        {"a": _POSITIVE, "b": _POSITIVE},
        "a and b stay above 0.1 in size (the paper wants them positive): at b = 0 the slope is "
        "infinite.",
    ),
    _Formula(
        "mpelu",
        "max(x, 0) + a * (exp(min(b * min(x, 0), 20)) - 1)",
        "Li et al. 2018, arXiv 1606.00305",
        note="Should b turn negative, the exponent stops at 20 before it overflows.",
    ),
    _Formula(
        "learnable-elu",
        "max(x, 0) + a * (exp(min(x, 0)) - 1)",
        "Clevert et al. 2016, arXiv 1511.07289, with a learned",
        note="One book calls this TeLU; for the published TeLU see telu.",
    ),
    _Formula(
        "srelu",
        "min(max(x, tl=-1), tr) + ar=0.5 * max(x - tr, 0) + al=0.25 * min(x - tl, 0)",
        "Jin et al. 2016, arXiv 1512.07030",
        {"tl": (-10.0, 0.0), "tr": (0.0, 10.0)},
        "Slopes start away from 1: at ar = 1 the threshold tr has no gradient.",
    ),
    _Formula(
        "crrelu",
        "max(x, 0) + epsilon=0.01 * x * exp(-x ** 2 / 2)",
        "Sun et al. 2024, arXiv 2405.12954",
        note="What `actsearch eafo` makes of relu(x) under N(0, 1).",
    ),
    _Formula(
        "acon-c",
        "(p1 - p2=0) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x",
        "Ma et al. 2021, arXiv 2009.04759",
        note="The official code draws p1 and p2 from N(0, 1) per channel; a candidate draws "
        "nothing, so it starts at p1 = 1, p2 = 0, where it is Swish.",
    ),
    _Formula(
        "smu",
        "((1 + a=0.25) * x + (1 - a) * x * erf(mu=2.5 * (1 - a) * x)) / 2",
        "Biswas et al. 2021, arXiv 2111.04682",
        {"mu": (0.0, 10.0)},
        "The published mu = 1e6 has no gradient beyond |x| = 1e-6: it would never learn.",
    ),
    _Formula(
        "smu-1",
        "((1 + a=0.25) * x + sqrt(((1 - a) * x) ** 2 + mu ** 2)) / 2",
        "Biswas et al. 2021, arXiv 2111.04682",
        {"mu": (0.1, 10.0)},
        "The published mu = 4.35e-9 has a gradient of that size: it would never learn.",
    ),
    _Formula(
        "erfact",
        f"x * erf(a=0.75 * {_EXP.format('b=0.75 * x')})",
        "Biswas et al. 2021, arXiv 2109.04386",
    ),
    _Formula(
        "pserf",
        "x * erf(gamma=1.25 * softplus(delta=0.85 * x))",
        "Biswas et al. 2021, arXiv 2109.04386",
    ),
    _Formula(
        "arelu",
        "(1 + sigmoid(b=2)) * max(x, 0) + min(max(a=0.9, 0.01), 0.99) * min(x, 0)",
        "Chen et al. 2020, arXiv 2006.13858",
        {"a": (0.02, 0.98)},
    ),
    _Formula(
        "starrelu",
        "s=0.8944 * relu(x) ** 2 + b=-0.4472",
        "Yu et al. 2022, arXiv 2210.13452",
        note="s and b give zero mean and unit variance under N(0, 1); the official code starts "
        "at 1 and 0.",
    ),
    _Formula(
        "snake",
        "x + sin(a * x) ** 2 / a",
        "Liu et al. 2020, arXiv 2006.08195",
        {"a": (0.05, 50.0)},
        "0.2 is advised for data that are not periodic, 5 to 50 for those that are.",
    ),
    _Formula(
        "xielu",
        "softplus(p=0.20338) * max(x, 0) ** 2 + 0.5 * x"
        " + (0.5 + softplus(n=-1.05023)) * (exp(min(x, 0)) - 1 - min(x, 0))",
        "Huang and Schlag 2024, arXiv 2411.13010",
        note="p and n are such that both published factors start at 0.8.",
    ),
    _Formula(
        "adaptive-sigmoid",
        "sigmoid(k * (x - theta=0))",
        "textbook; as sigmoid(a x + b) in Kunc and Kléma 2024, arXiv 2402.09092",
    ),
    _Formula(
        "sgt",
        "tanh(max(x, 0) * exp((beta - 1) * log(x)) + min(x, 0) * exp((alpha - 1) * log(x)))",
        "Lee et al. 2022, Sci Rep 12:14978",
        {"alpha": (0.2, 3.0), "beta": (0.2, 3.0)},
        "tanh of x^beta right and -|x|^alpha left (the paper's constants a and b at 1): libraries "
        "that drop the tanh, or raise a negative number to a real power, differ from it.",
    ),
    _Formula(
        "nipuna",
        "max(x * sigmoid(beta * x), x)",
        "Madhu et al. 2023, Axioms 12(3):246",
        note="Has a kink at 0, slopes 1/2 and 1.",
    ),
    _Formula(
        "telu",
        "a * x * tanh(exp(min(x, 20)))",
        "Fernandez and Mali 2024, arXiv 2412.20269; earlier as TanhExp, arXiv 2003.09855",
        note="Published without a parameter: a, its scale, is ours. TanhSoft-2 learns its inside.",
    ),
    _Formula(
        "tanhsoft-1",
        "tanh(a=0.87 * x) * softplus(x)",
        "Biswas et al. 2021, arXiv 2009.03863",
    ),
    _Formula(
        "tanhsoft-2",
        f"x * tanh(b=0.6 * {_EXP.format('c * x')})",
        "Biswas et al. 2021, arXiv 2009.03863",
        note="At b = c = 1 it is TeLU.",
    ),
    _Formula("dyt", "w * tanh(a=0.5 * x) + b=0", "Zhu et al. 2025, arXiv 2503.10622"),
    _Formula(
        "polyrelu",
        "b=0 + w1=0.333333 * relu(x) + w2=0.333333 * relu(x) ** 2 + w3=0.333333 * relu(x) ** 3",
        "Zhuo et al. 2024, arXiv 2411.03884",
    ),
)

FORMULAS: tuple[Family, ...] = tuple(row.family() for row in _ROWS)
