"""Every function of the catalog a second time, in numpy, piece by piece as it is published.

Parameters stand at their initial values. Second sources: the definitions in torch's documentation,
ai-on-browser (lib/model/nns/layer) and hdmquan/torch_activation, or a derivation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy import (
    abs as ab,
)
from numpy import (
    arctan,
    clip,
    cos,
    cosh,
    exp,
    log,
    log1p,
    maximum,
    minimum,
    pi,
    sin,
    sqrt,
    tanh,
    where,
)
from numpy.typing import NDArray
from scipy.special import erf, expit, ndtr

Values = NDArray[np.float64]
Formula = Callable[[Values], Values]


def phi(x: Values) -> Values:
    """x times the normal distribution function: GELU."""
    return np.asarray(x * ndtr(x))


def silu(x: Values) -> Values:
    return np.asarray(x / (1 + exp(-x)))


def plus(x: Values) -> Values:
    """Softplus."""
    return np.asarray(log1p(exp(x)))


def elu(x: Values) -> Values:
    return np.asarray(where(x > 0, x, exp(x) - 1))


def sinc(x: Values) -> Values:
    """sin(x) / x."""
    return np.asarray(where(x == 0, 1.0, sin(x) / where(x == 0, 1.0, x)))


RECTIFIERS: dict[str, Formula] = {
    "Identity": lambda x: x,
    "ReLU": lambda x: where(x > 0, x, 0.0),
    "ReLU6": lambda x: clip(x, 0, 6),
    "BReLU": lambda x: where(x <= 0, 0.0, where(x >= 1, 1.0, x)),
    "LeakyReLU": lambda x: where(x > 0, x, 0.01 * x),
    "VLReLU": lambda x: where(x > 0, x, x / 3),
    "RReLU": lambda x: where(x >= 0, x, x * (1 / 8 + 1 / 3) / 2),
    "ALReLU": lambda x: where(x > 0, x, ab(0.01 * x)),
    "AbsoluteValue": lambda x: where(x > 0, x, -x),
    "ELU": elu,
    "SELU": lambda x: 1.0507009873554805 * where(x > 0, x, 1.6732632423543772 * (exp(x) - 1)),
    "Softplus": lambda x: log(1 + exp(x)),
    "ShiftedSoftplus": lambda x: log(0.5 * exp(x) + 0.5),
    "ReLUSquared": lambda x: where(x >= 0, x**2, 0.0),
    "RePU": lambda x: where(x >= 0, x**3, 0.0),
    "NLReLU": lambda x: log(where(x > 0, x, 0.0) + 1),
    "ShiftedReLU": lambda x: where(x > -1, x, -1.0),
    "Hardtanh": lambda x: clip(x, -1, 1),
    "Softshrink": lambda x: where(x > 0.5, x - 0.5, where(x < -0.5, x + 0.5, 0.0)),
    "Tanhshrink": lambda x: x - tanh(x),
    "PLU": lambda x: where(x > 1, 0.1 * (x - 1) + 1, where(x < -1, 0.1 * (x + 1) - 1, x)),
    "BentIdentity": lambda x: (sqrt(x**2 + 1) - 1) / 2 + x,
    "ISRLU": lambda x: where(x >= 0, x, x / sqrt(1 + x**2)),
    "Squareplus": lambda x: (x + sqrt(x**2 + 4)) / 2,
    "SmeLU": lambda x: where(x >= 1, x, where(x <= -1, 0.0, (x + 1) ** 2 / 4)),
    "FTSwish": lambda x: where(x >= 0, x / (1 + exp(-x)), 0.0) - 0.2,
    "Suish": lambda x: maximum(x, x * exp(-ab(x))),
    "NIPUNA": lambda x: where(x >= 0, x, silu(x)),
    "SignReLU": lambda x: where(x >= 0, x, x / (ab(x) + 1)),
    "FPFLU": lambda x: where(x >= 0, x, x + x**2 / sqrt(1 + x**2)),
    "Triangular": lambda x: where(ab(x) < 1, 1 - ab(x), 0.0),
    "MaxSig": lambda x: maximum(x, expit(x)),
    "MaxTanh": lambda x: where(x > 0, x, tanh(x)),
}
SIGMOIDS: dict[str, Formula] = {
    "Sigmoid": lambda x: 1 / (1 + exp(-x)),
    "Tanh": lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
    "Hardsigmoid": lambda x: where(x <= -3, 0.0, where(x >= 3, 1.0, x / 6 + 0.5)),
    "HardsigmoidKeras2": lambda x: clip(0.2 * x + 0.5, 0, 1),
    "HardsigmoidBinary": lambda x: clip((x + 1) / 2, 0, 1),
    "Softsign": lambda x: x / (1 + ab(x)),
    "Elliott": lambda x: 0.5 * x / (1 + ab(x)) + 0.5,
    "Arctan": arctan,
    "Erf": erf,
    "Probit": ndtr,
    "LogSigmoid": lambda x: -log(1 + exp(-x)),
    "LeCunTanh": lambda x: 1.7159 * tanh(2 / 3 * x),
    "PenalizedTanh": lambda x: where(x > 0, tanh(x), 0.25 * tanh(x)),
    "RectifiedTanh": lambda x: where(x > 0, tanh(x), 0.0),
    "SQNL": lambda x: where(
        x > 2, 1.0, where(x >= 0, x - x**2 / 4, where(x >= -2, x + x**2 / 4, -1.0))
    ),
    "ISRU": lambda x: x / sqrt(1 + x**2),
    "Rootsig": lambda x: x / (1 + sqrt(1 + x**2)),
    "Asinh": lambda x: np.sign(x) * log(ab(x) + sqrt(x**2 + 1)),
    "BipolarSigmoid": lambda x: (1 - exp(-x)) / (1 + exp(-x)),
    "ScaledSigmoid": lambda x: 4 / (1 + exp(-x)) - 2,
    "Gudermannian": lambda x: arctan(np.sinh(x)),
    "LogLog": lambda x: exp(-exp(-x)),
    "CLogLog": lambda x: 1 - exp(-exp(x)),
    "ArandaOrdaz": lambda x: 1 - (1 + 2 * exp(x)) ** (-1 / 2),
    "Hexpo": lambda x: where(x >= 0, -(exp(-x) - 1), exp(x) - 1),
    "Symlog": lambda x: np.sign(x) * log(1 + ab(x)),
    "UnitArctan": lambda x: 2 / pi * arctan(pi * x / 2),
    "SRS": lambda x: x / (x / 3 + exp(-x / 2)),
    "BumpSigmoid": lambda x: exp(-x) / (1 + exp(-x)) ** 2,
    "dSiLU": lambda x: exp(x) * (x + exp(x) + 1) / (exp(x) + 1) ** 2,
    "ReHSec": lambda x: 2 * x / (exp(x) + exp(-x)),
}
GATED: dict[str, Formula] = {
    "SiLU": silu,
    "GELU": phi,
    "GELUTanh": lambda x: x * expit(2 * sqrt(2 / pi) * (x + 0.044715 * x**3)),
    "QuickGELU": lambda x: x / (1 + exp(-1.702 * x)),
    "Mish": lambda x: x * tanh(log(1 + exp(x))),
    "HardSwish": lambda x: x * clip(x + 3, 0, 6) / 6,
    "HardMish": lambda x: where(x >= 0, x, where(x < -2, 0.0, x**2 / 2 + x)),
    "LiSHT": lambda x: x * tanh(x),
    "TanhExp": lambda x: x * tanh(exp(x)),
    "Serf": lambda x: x * erf(log(1 + exp(x))),
    "Logish": lambda x: x * log(1 + 1 / (1 + exp(-x))),
    "Phish": lambda x: x * tanh(phi(x)),
    "Smish": lambda x: x * tanh(log(1 + expit(x))),
    "Gish": lambda x: x * log(2 - exp(-exp(x))),
    "GoLU": lambda x: x * exp(-exp(-x)),
    "LogLogish": lambda x: x * (1 - exp(-exp(x))),
    "GELUSine": lambda x: phi(x) + 0.1 * sin(x),
    "GELU-Sinc": lambda x: phi(x) * (1 + 0.5 * sinc(pi * x)),
    "ELiSH": lambda x: where(x >= 0, x / (1 + exp(-x)), (exp(x) - 1) / (1 + exp(-x))),
    "HardELiSH": lambda x: where(x >= 0, x, exp(x) - 1) * maximum(0, minimum(1, (x + 1) / 2)),
    "PFLU": lambda x: x * (1 + x / sqrt(1 + x * x)) / 2,
    "CaLU": lambda x: x * (arctan(x) / pi + 1 / 2),
    "LaLU": lambda x: x * where(x < 0, exp(x) / 2, 1 - exp(-x) / 2),
    "DoubleSiLU": lambda x: x / (1 + exp(-x / (1 + exp(-x)))),
    "TSReLU": lambda x: x * tanh(1 / (1 + exp(-x))),
    "TBSReLU": lambda x: x * tanh((1 - exp(-x)) / (1 + exp(-x))),
    "EANAF": lambda x: x * tanh(plus(x) / 2),
    "GSwish": lambda x: x / (1 + exp(-exp(-x))),
    "CoLU": lambda x: x / (1 - x * exp(-x) * exp(-exp(x))),
    "SinSig": lambda x: x * sin(pi / 2 / (1 + exp(-x))),
    "B-SiLU": lambda x: (x + 1.67) / (1 + exp(-x)) - 1.67 / 2,
    "SGELU": lambda x: x * (2 * ndtr(x) - 1),
    "XAsinhSquared": lambda x: x * log(ab(x) + sqrt(x**2 + 1)) ** 2,
}
WAVES: dict[str, Formula] = {
    "Sine": sin,
    "Cosine": cos,
    "SIREN": lambda x: sin(30 * x),
    "Sinc": lambda x: sinc(pi * x),
    "SincUnnormalised": sinc,
    "OneMinusCosine": lambda x: 2 * sin(x / 2) ** 2,
    "GCU": lambda x: x * cos(x),
    "ASU": lambda x: x * sin(x),
    "SQU": lambda x: x * (x + 1),
    "NCU": lambda x: x * (1 - x) * (1 + x),
    "DSU": lambda x: pi / 2 * (sinc(x - pi) - sinc(x + pi)),
    "SSU": lambda x: pi * sinc(x - pi),
    "Gaussian": lambda x: exp(-(x**2)),
    "GaussianHalf": lambda x: exp(-(x**2) / 2),
    "Laplacian": lambda x: where(x > 0, exp(-x), exp(x)),
    "MexicanHat": lambda x: (1 - x**2) * exp(-(x**2) / 2),
    "Morlet": lambda x: cos(1.75 * x) * exp(-(x**2) / 2),
    "GaussianDerivative": lambda x: x * exp(-(x**2) / 2),
    "Multiquadric": lambda x: np.hypot(1, x),
    "InverseMultiquadric": lambda x: 1 / np.hypot(1, x),
    "Lorentzian": lambda x: 1 / (1 + x * x),
    "Sech": lambda x: 2 / (exp(x) + exp(-x)),
    "Seagull": lambda x: log1p(x * x),
    "LogCosh": lambda x: log(cosh(x)),
    "Exponential": exp,
    "Square": lambda x: x * x,
    "Cube": lambda x: x * x * x,
    "Sinh": lambda x: (exp(x) - exp(-x)) / 2,
    "Cosid": lambda x: cos(x) - x,
    "MinSin": lambda x: where(x < sin(x), x, sin(x)),
    "ArctanSquared": lambda x: arctan(x) ** 2 - x,
    "SincPlus": lambda x: sinc(pi * x) + x,
    "SoftplusELU": lambda x: where(x > 0, plus(x), plus(exp(minimum(x, 0)) - 1)),
    "AQuaSurF-C100": lambda x: -x * expit(x) * clip(x / 6 + 0.5, 0, 1),
    "GRAFS-A": lambda x: minimum(phi(expit(silu(x)) * silu(x)), silu(x)),
    "GRAFS-B": lambda x: phi(phi(x)) + phi(x),
}
TRAINABLE: dict[str, Formula] = {
    "PReLU": lambda x: where(x > 0, x, 0.25 * x),
    "Swish": lambda x: x / (1 + exp(-x)),
    "E-Swish": lambda x: 1.5 * x / (1 + exp(-x)),
    "AHAF": lambda x: x / (1 + exp(-x)),
    "Swish-T": lambda x: silu(x) + 0.1 * tanh(x),
    "Swish-T-A": lambda x: silu(x) + 0.1 * tanh(x / 2),
    "Swish-T-B": lambda x: silu(x) + 0.1 * tanh(x / 2),
    "Swish-T-C": lambda x: silu(x) + 0.1 * tanh(x / 2),
    "TanhELU": lambda x: x * tanh(elu(x)),
    "TanhSoft-1": lambda x: tanh(x) * plus(x),
    "TanhSoft-2": lambda x: x * tanh(0.6 * exp(x)),
    "TanhSoft-3": lambda x: log(1 + exp(x) * (exp(2 * x) - 1) / (exp(2 * x) + 1)),
    "CELU": lambda x: maximum(0, x) + minimum(0, exp(x) - 1),
    "PELU": elu,
    "MPELU": elu,
    "TrainableELU": elu,
    "FELU": elu,  # 2 ** (x / ln 2) is e ** x
    "EELU": elu,
    "PTELU": lambda x: where(x >= 0, x, tanh(x)),
    "PREU": lambda x: where(x >= 0, x, x * exp(x)),
    "AdaptiveSigmoid": expit,
    "ASSF": expit,
    "PSigmoid": expit,
    "LAAF-Tanh": tanh,
    "GeneralTanh": lambda x: 1.7159 * tanh(2 / 3 * x),
    "ACON-C": lambda x: 1.4 * x / (1 + exp(-1.4 * x)) - 0.2 * x,
    "SMU": lambda x: where(x > 0, x, 0.25 * x),
    "SMU-1": lambda x: where(x > 0, x, 0.25 * x),
    "ErfAct": lambda x: x * erf(0.75 * exp(0.75 * x)),
    "Pserf": lambda x: x * erf(1.25 * log(1 + exp(0.85 * x))),
    "AReLU": lambda x: where(x >= 0, (1 + 1 / (1 + exp(-2))) * x, 0.9 * x),
    "CRReLU": lambda x: where(x > 0, x, 0.0) + 0.01 * x * exp(-(x**2) / 2),
    "StarReLU": lambda x: where(x > 0, 0.8944 * x**2, 0.0) - 0.4472,
    "Snake": lambda x: x + (1 - cos(2 * x)) / 2,
    "xIELU": lambda x: where(x > 0, 0.8 * x**2 + 0.5 * x, 0.8 * (exp(x) - 1) - 0.3 * x),
    "xIPReLU": lambda x: 0.8 * x**2 + 0.5 * x,
    "DyT": lambda x: tanh(0.5 * x),
    "Derf": lambda x: erf(0.5 * x),
    "PolyReLU": lambda x: where(x > 0, (x + x**2 + x**3) / 3, 0.0),
    "SReLU": lambda x: where(x >= 1, 1 + 0.2 * (x - 1), where(x <= -1, -1 + 0.2 * (x + 1), x)),
    "APL": lambda x: maximum(0, x) + 0.2 * maximum(0, -x + 0.5),
    "BLU": lambda x: 0.1 * (sqrt(x**2 + 1) - 1) + x,
    "SinLU": lambda x: (x + sin(x)) / (1 + exp(-x)),
    "CosLU": lambda x: (x + cos(x)) / (1 + exp(-x)),
    "PVLU": lambda x: maximum(0, x) + sin(x),
    "RSP": lambda x: 0.5 * maximum(0, x) + 0.5 * log(1 + exp(x)),
    "RPReLU": lambda x: where(x > 0, x, 0.25 * x),
    "FReLU": lambda x: where(x > 0, x, 0.0),
    "ShiLU": lambda x: where(x > 0, x, 0.0),
    "LeLeLU": lambda x: where(x >= 0, x, 0.01 * x),
    "DPReLU": lambda x: where(x >= 0, x, 0.25 * x),
    "PSTanh": lambda x: 0.5 * x * (1 + tanh(x)),
    "PSGU": lambda x: x * tanh(expit(x)),
    "PATS": lambda x: x * arctan(0.625 * pi * expit(x)),
    "LAU": lambda x: x * log(1 + expit(x)),
    "SExp": lambda x: exp(x) - 1,
    "PSoftplus": lambda x: log((exp(x) + 1) / 2),
    "SLAF": lambda x: x + 0.1 * x**2,
    "PANGAEA-WRN": lambda x: -log(1 + exp(-x)) * np.arcsinh(x),
    "PANGAEA-ResNet": lambda x: x + log(1 + exp(-x)),
}
FORMULAS = RECTIFIERS | SIGMOIDS | GATED | WAVES | TRAINABLE
