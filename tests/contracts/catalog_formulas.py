"""Every function of the catalog a second time, by another way than the catalog's.

Piece by piece as it is published, by torch's own function where ours is composed, by a
distribution of scipy that the paper names, or by an identity (sin(x) is the imaginary part of
e^(i x)); test_catalog.py refuses what only repeats the first. Parameters stand at their initial
values. Second sources: torch's documentation, ai-on-browser (lib/model/nns/layer) and
hdmquan/torch_activation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
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
from scipy.stats import cauchy, gumbel_l, gumbel_r, laplace, norm

functional = torch.nn.functional
Values = NDArray[np.float64]
Formula = Callable[[Values], Values]


def phi(x: Values) -> Values:
    """x times the normal distribution function: GELU."""
    value: Values = x * ndtr(x)
    return value


def silu(x: Values) -> Values:
    value: Values = x / (1 + exp(-x))
    return value


def plus(x: Values) -> Values:
    """Softplus."""
    return log1p(exp(x))


def elu(x: Values) -> Values:
    return where(x > 0, x, exp(x) - 1)


def sinc(x: Values) -> Values:
    """sin(x) / x."""
    return where(x == 0, 1.0, sin(x) / where(x == 0, 1.0, x))


def turned(x: Values) -> NDArray[np.complex128]:
    """e^(i x), cos(x) and sin(x) in one."""
    value: NDArray[np.complex128] = np.exp(1j * x)
    return value


def angle(x: Values) -> Values:
    """The arctangent, the angle of 1 + i x."""
    value: Values = np.angle(1 + 1j * x)
    return value


def logistic(x: Values) -> Values:
    """Sigmoid."""
    return (1 + tanh(x / 2)) / 2


def tangent(x: Values) -> Values:
    """tanh."""
    return 1 - 2 / (exp(2 * x) + 1)


def error(x: Values) -> Values:
    """erf."""
    value: Values = 2 * ndtr(sqrt(2) * x) - 1
    return value


def bell(x: Values) -> Values:
    """e^(-x^2 / 2), the normal density without its factor."""
    value: Values = sqrt(2 * pi) * norm.pdf(x)
    return value


def by_torch(function: Callable[[torch.Tensor], torch.Tensor]) -> Formula:
    """torch's own function."""
    return lambda x: function(torch.from_numpy(np.asarray(x))).numpy()


RECTIFIERS: dict[str, Formula] = {
    "Identity": lambda x: x,
    "ReLU": lambda x: where(x > 0, x, 0.0),
    "ReLU6": by_torch(functional.relu6),
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
    "Hardtanh": by_torch(functional.hardtanh),
    "Softshrink": by_torch(functional.softshrink),
    "Tanhshrink": by_torch(functional.tanhshrink),
    "PLU": lambda x: where(x > 1, 0.1 * (x - 1) + 1, where(x < -1, 0.1 * (x + 1) - 1, x)),
    "BentIdentity": lambda x: (np.hypot(1, x) - 1) / 2 + x,
    "ISRLU": lambda x: where(x >= 0, x, x / sqrt(1 + x**2)),
    "Squareplus": lambda x: x / 2 + np.hypot(x / 2, 1),
    "SmeLU": lambda x: where(x >= 1, x, where(x <= -1, 0.0, (x + 1) ** 2 / 4)),
    "FTSwish": lambda x: where(x >= 0, x / (1 + exp(-x)), 0.0) - 0.2,
    "Suish": lambda x: where(x >= 0, x, x * exp(x)),
    "NIPUNA": lambda x: where(x >= 0, x, silu(x)),
    "SignReLU": lambda x: where(x >= 0, x, x / (ab(x) + 1)),
    "FPFLU": lambda x: where(x >= 0, x, x + x**2 / sqrt(1 + x**2)),
    "Triangular": lambda x: where(ab(x) < 1, 1 - ab(x), 0.0),
    "MaxSig": lambda x: where(x > 0.6590460684074065, x, logistic(x)),
    "MaxTanh": lambda x: where(x > 0, x, tanh(x)),
}
SIGMOIDS: dict[str, Formula] = {
    "Sigmoid": lambda x: 1 / (1 + exp(-x)),
    "Tanh": lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
    "Hardsigmoid": lambda x: where(x <= -3, 0.0, where(x >= 3, 1.0, x / 6 + 0.5)),
    "HardsigmoidKeras2": lambda x: where(x <= -2.5, 0.0, where(x >= 2.5, 1.0, (x + 2.5) / 5)),
    "HardsigmoidBinary": lambda x: where(x <= -1, 0.0, where(x >= 1, 1.0, x / 2 + 0.5)),
    "Softsign": lambda x: x / (1 + ab(x)),
    "Elliott": lambda x: 0.5 * x / (1 + ab(x)) + 0.5,
    "Arctan": angle,
    "Erf": error,
    "Probit": ndtr,
    "LogSigmoid": lambda x: -log(1 + exp(-x)),
    "LeCunTanh": lambda x: 1.7159 * tangent(2 / 3 * x),
    "PenalizedTanh": lambda x: where(x > 0, tanh(x), 0.25 * tanh(x)),
    "RectifiedTanh": lambda x: where(x > 0, tanh(x), 0.0),
    "SQNL": lambda x: where(
        x > 2, 1.0, where(x >= 0, x - x**2 / 4, where(x >= -2, x + x**2 / 4, -1.0))
    ),
    "ISRU": lambda x: sin(angle(x)),
    "Rootsig": lambda x: np.tan(angle(x) / 2),
    "Asinh": lambda x: np.sign(x) * log(ab(x) + sqrt(x**2 + 1)),
    "BipolarSigmoid": lambda x: (1 - exp(-x)) / (1 + exp(-x)),
    "ScaledSigmoid": lambda x: 4 / (1 + exp(-x)) - 2,
    "Gudermannian": lambda x: arctan(np.sinh(x)),
    "LogLog": lambda x: gumbel_r.cdf(x),
    "CLogLog": lambda x: gumbel_l.cdf(x),
    "ArandaOrdaz": lambda x: 1 - (1 + 2 * exp(x)) ** (-1 / 2),
    "Hexpo": lambda x: where(x >= 0, -(exp(-x) - 1), exp(x) - 1),
    "Symlog": lambda x: np.sign(x) * log(1 + ab(x)),
    "UnitArctan": lambda x: 2 / pi * angle(pi * x / 2),
    "SRS": lambda x: x / (x / 3 + exp(-x / 2)),
    "BumpSigmoid": lambda x: exp(-x) / (1 + exp(-x)) ** 2,
    "dSiLU": lambda x: exp(x) * (x + exp(x) + 1) / (exp(x) + 1) ** 2,
    "ReHSec": lambda x: 2 * x / (exp(x) + exp(-x)),
}
GATED: dict[str, Formula] = {
    "SiLU": silu,
    "GELU": phi,
    "GELUTanh": by_torch(lambda x: functional.gelu(x, approximate="tanh")),
    "QuickGELU": lambda x: x / (1 + exp(-1.702 * x)),
    "Mish": lambda x: x * tanh(log(1 + exp(x))),
    "HardSwish": lambda x: x * clip(x + 3, 0, 6) / 6,
    "HardMish": lambda x: where(x >= 0, x, where(x < -2, 0.0, x**2 / 2 + x)),
    "LiSHT": lambda x: x * tangent(x),
    "TanhExp": lambda x: x * tangent(exp(x)),
    "Serf": lambda x: x * error(plus(x)),
    "Logish": lambda x: x * log((2 + exp(-x)) / (1 + exp(-x))),
    "Phish": lambda x: x * tanh(phi(x)),
    "Smish": lambda x: x * ((1 + logistic(x)) ** 2 - 1) / ((1 + logistic(x)) ** 2 + 1),
    "Gish": lambda x: x * log1p(gumbel_l.cdf(x)),
    "GoLU": lambda x: x * gumbel_r.cdf(x),
    "LogLogish": lambda x: x * gumbel_l.cdf(x),
    "GELUSine": lambda x: phi(x) + 0.1 * sin(x),
    "GELU-Sinc": lambda x: phi(x) * (1 + 0.5 * sinc(pi * x)),
    "ELiSH": lambda x: where(x >= 0, x / (1 + exp(-x)), (exp(x) - 1) / (1 + exp(-x))),
    "HardELiSH": lambda x: where(x >= 0, x, exp(x) - 1) * maximum(0, minimum(1, (x + 1) / 2)),
    "PFLU": lambda x: x * (1 + sin(angle(x))) / 2,
    "CaLU": lambda x: x * cauchy.cdf(x),
    "LaLU": lambda x: x * laplace.cdf(x),
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
    "Sine": lambda x: turned(x).imag,
    "Cosine": lambda x: turned(x).real,
    "SIREN": lambda x: turned(30 * x).imag,
    "Sinc": lambda x: sinc(pi * x),
    "SincUnnormalised": sinc,
    "OneMinusCosine": lambda x: 2 * sin(x / 2) ** 2,
    "GCU": lambda x: x * turned(x).real,
    "ASU": lambda x: x * turned(x).imag,
    "SQU": lambda x: (x + 0.5) ** 2 - 0.25,
    "NCU": lambda x: x * (1 - x) * (1 + x),
    "DSU": lambda x: pi / 2 * (sinc(x - pi) - sinc(x + pi)),
    "SSU": lambda x: pi * sinc(x - pi),
    "Gaussian": lambda x: bell(sqrt(2) * x),
    "GaussianHalf": bell,
    "Laplacian": lambda x: where(x > 0, exp(-x), exp(x)),
    "MexicanHat": lambda x: -np.polynomial.hermite_e.hermeval(x, [0, 0, 1]) * bell(x),
    "Morlet": lambda x: turned(1.75 * x).real * bell(x),
    "GaussianDerivative": lambda x: x * bell(x),
    "Multiquadric": lambda x: np.hypot(1, x),
    "InverseMultiquadric": lambda x: 1 / np.hypot(1, x),
    "Lorentzian": lambda x: pi * cauchy.pdf(x),
    "Sech": lambda x: 2 / (exp(x) + exp(-x)),
    "Seagull": lambda x: 2 * log(np.hypot(1, x)),
    "LogCosh": lambda x: log(cosh(x)),
    "Exponential": lambda x: cosh(x) + np.sinh(x),
    "Square": lambda x: x * x,
    "Cube": lambda x: x * x * x,
    "Sinh": lambda x: (exp(x) - exp(-x)) / 2,
    "Cosid": lambda x: turned(x).real - x,
    "MinSin": lambda x: where(x < sin(x), x, sin(x)),
    "ArctanSquared": lambda x: angle(x) ** 2 - x,
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
    "TanhSoft-2": lambda x: x * tangent(0.6 * exp(x)),
    "TanhSoft-3": lambda x: log(1 + exp(x) * (exp(2 * x) - 1) / (exp(2 * x) + 1)),
    "CELU": by_torch(functional.celu),
    "PELU": elu,
    "MPELU": elu,
    "TrainableELU": elu,
    "FELU": elu,  # 2 ** (x / ln 2) is e ** x
    "EELU": elu,
    "PTELU": lambda x: where(x >= 0, x, tanh(x)),
    "PREU": lambda x: where(x >= 0, x, x * exp(x)),
    "AdaptiveSigmoid": logistic,
    "ASSF": logistic,
    "PSigmoid": logistic,
    "LAAF-Tanh": tangent,
    "GeneralTanh": lambda x: 1.7159 * tangent(2 / 3 * x),
    "ACON-C": lambda x: 1.4 * x / (1 + exp(-1.4 * x)) - 0.2 * x,
    "SMU": lambda x: where(x > 0, x, 0.25 * x),
    "SMU-1": lambda x: where(x > 0, x, 0.25 * x),
    "ErfAct": lambda x: x * error(0.75 * exp(0.75 * x)),
    "Pserf": lambda x: x * erf(1.25 * log(1 + exp(0.85 * x))),
    "AReLU": lambda x: where(x >= 0, (1 + 1 / (1 + exp(-2))) * x, 0.9 * x),
    "CRReLU": lambda x: where(x > 0, x, 0.0) + 0.01 * x * exp(-(x**2) / 2),
    "StarReLU": lambda x: where(x > 0, 0.8944 * x**2, 0.0) - 0.4472,
    "Snake": lambda x: x + (1 - cos(2 * x)) / 2,
    "xIELU": lambda x: where(x > 0, 0.8 * x**2 + 0.5 * x, 0.8 * (exp(x) - 1) - 0.3 * x),
    "xIPReLU": lambda x: 0.8 * x**2 + 0.5 * x,
    "DyT": lambda x: tangent(0.5 * x),
    "Derf": lambda x: error(0.5 * x),
    "PolyReLU": lambda x: where(x > 0, (x + x**2 + x**3) / 3, 0.0),
    "SReLU": lambda x: where(x >= 1, 1 + 0.2 * (x - 1), where(x <= -1, -1 + 0.2 * (x + 1), x)),
    "APL": lambda x: where(x >= 0.5, x, where(x > 0, 0.8 * x + 0.1, 0.1 - 0.2 * x)),
    "BLU": lambda x: 0.1 * (np.hypot(1, x) - 1) + x,
    "SinLU": lambda x: (x + sin(x)) / (1 + exp(-x)),
    "CosLU": lambda x: (x + cos(x)) / (1 + exp(-x)),
    "PVLU": lambda x: where(x > 0, x, 0.0) + turned(x).imag,
    "RSP": lambda x: 0.5 * maximum(0, x) + 0.5 * log(1 + exp(x)),
    "RPReLU": lambda x: where(x > 0, x, 0.25 * x),
    "FReLU": lambda x: where(x > 0, x, 0.0),
    "ShiLU": lambda x: where(x > 0, x, 0.0),
    "LeLeLU": lambda x: where(x >= 0, x, 0.01 * x),
    "DPReLU": lambda x: where(x >= 0, x, 0.25 * x),
    "PSTanh": lambda x: x / (1 + exp(-2 * x)),
    "PSGU": lambda x: x * tangent(logistic(x)),
    "PATS": lambda x: x * angle(0.625 * pi * logistic(x)),
    "LAU": lambda x: x * log((2 + exp(-x)) / (1 + exp(-x))),
    "SExp": lambda x: 2 * exp(x / 2) * np.sinh(x / 2),
    "PSoftplus": lambda x: log((exp(x) + 1) / 2),
    "SLAF": lambda x: (1 + 0.1 * x) * x,
    "PANGAEA-WRN": lambda x: -log(1 + exp(-x)) * np.arcsinh(x),
    "PANGAEA-ResNet": lambda x: x + log(1 + exp(-x)),
}
WINNERS: dict[str, Formula] = {
    "BetaErf": lambda x: (x + 1) * (2 * ndtr(sqrt(2) * x) - 1),
    "BetaAtan": lambda x: (x + 1) * np.angle(1 + 1j * x),
    "BetaCosine": lambda x: x + 2 * sin(x / 2) ** 2,
}

FORMULAS = RECTIFIERS | SIGMOIDS | GATED | WAVES | TRAINABLE | WINNERS
