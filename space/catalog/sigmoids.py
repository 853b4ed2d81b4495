"""Squashing functions without learnable parameters: bounded, or slower than any line."""

from __future__ import annotations

from .entry import Entry

_SURVEY = "survey of Kunc and Kléma 2024"

SIGMOIDS = (
    Entry("Sigmoid", "sigmoid(x)", "torch.nn.Sigmoid", ("logistic", "expit")),
    Entry("Tanh", "tanh(x)", "torch.nn.Tanh", ("hyperbolic tangent",)),
    Entry(
        "Hardsigmoid",
        "hard_sigmoid(x)",
        "torch.nn.Hardsigmoid; Howard et al. 2019",
        clash="slope 1/6 here and in Keras 3; 0.2 in Keras 2 and Theano; 1/2 in BinaryConnect",
    ),
    Entry(
        "HardsigmoidKeras2",
        "min(max(0.2 * x + 0.5, 0), 1)",
        "Keras 2, Theano",
        clash="Hardsigmoid of torch has slope 1/6",
    ),
    Entry(
        "HardsigmoidBinary",
        "min(max((x + 1) / 2, 0), 1)",
        "Courbariaux et al. 2015 (BinaryConnect)",
        clash="Hardsigmoid of torch has slope 1/6",
    ),
    Entry("Softsign", "softsign(x)", "Bergstra et al. 2009, torch.nn.Softsign", ("ElliotSig",)),
    Entry(
        "Elliott",
        "softsign(x) / 2 + 0.5",
        "Elliott 1993",
        clash="some libraries call the one without shift, Softsign, Elliott too",
    ),
    Entry("Arctan", "atan(x)", _SURVEY, ("atan",)),
    Entry("Erf", "erf(x)", "error function"),
    Entry(
        "Probit",
        "(1 + erf(0.7071067811865476 * x)) / 2",
        "normal distribution function",
        ("GaussianCDF", "WAFBC of N(0, 1)"),
    ),
    Entry("LogSigmoid", "log_sigmoid(x)", "torch.nn.LogSigmoid"),
    Entry(
        "LeCunTanh",
        "1.7159 * tanh(2 * x / 3)",
        "LeCun et al. 1998",
        ("STanh", "scaled tanh"),
    ),
    Entry("PenalizedTanh", "max(tanh(x), 0.25 * tanh(x))", "Xu et al. 2016", ("PTanh",)),
    Entry("RectifiedTanh", "relu(tanh(x))", "derived: ReLU after Tanh", ("ReTanh",)),
    Entry(
        "SQNL",
        "min(max(x, -2), 2) - min(max(x, -2), 2) * abs(min(max(x, -2), 2)) / 4",
        "Wuraola and Patel 2018",
        ("square nonlinearity",),
    ),
    Entry("ISRU", "x / sqrt(1 + x ** 2)", "Carlile et al. 2017"),
    Entry("Rootsig", "x / (1 + sqrt(1 + x ** 2))", _SURVEY),
    Entry("Asinh", "asinh(x)", "inverse hyperbolic sine", ("arcsinh",)),
    Entry("BipolarSigmoid", "2 * sigmoid(x) - 1", _SURVEY, ("SymmetricSigmoid",)),
    Entry("ScaledSigmoid", "4 * sigmoid(x) - 2", "Xu et al. 2016", ("sSigmoid",)),
    Entry("Gudermannian", "2 * atan(tanh(x / 2))", "Gudermann 1833"),
    Entry(
        "LogLog",
        "exp(-exp(-max(x, -7)))",
        "Gomes and Ludermir 2008",
        ("Gompertz",),
    ),
    Entry(
        "CLogLog",
        "1 - exp(-exp(min(x, 7)))",
        "Gomes and Ludermir 2008",
        ("complementary log-log",),
    ),
    Entry(
        "ArandaOrdaz",
        "1 - exp(-softplus(x + 0.6931471805599453) / 2)",
        "Gomes and Ludermir 2013",
        ("Aranda",),
        note="that is 1 - (1 + 2 e^x)^(-1/2)",
    ),
    Entry("Hexpo", "exp(min(x, 0)) - exp(-max(x, 0))", "Kong and Takatsuka 2017"),
    Entry(
        "Symlog",
        "log(1 + max(x, 0)) - log(1 + max(-x, 0))",
        "Bilski 2000; Hafner et al. 2023",
        ("Logarithmic",),
    ),
    Entry("UnitArctan", "2 / pi * atan(pi / 2 * x)", "arctangent of range and slope 1"),
    Entry(
        "SRS",
        "x * exp(min(x, 0) / 2) / (x / 3 * exp(min(x, 0) / 2) + exp(-max(x, 0) / 2))",
        "Zhou et al. 2020",
        ("SoftRootSign",),
        note="that is x / (x / 3 + e^(-x / 2))",
    ),
    Entry("BumpSigmoid", "sigmoid(x) * (1 - sigmoid(x))", "derivative of Sigmoid", ("dSigmoid",)),
    Entry(
        "dSiLU",
        "sigmoid(x) * (1 + x * (1 - sigmoid(x)))",
        "Elfwing et al. 2018",
        clash="DSiLU is also written for DoubleSiLU",
    ),
    Entry("ReHSec", "2 * x * exp(-abs(x)) / (1 + exp(-2 * abs(x)))", _SURVEY, note="x / cosh(x)"),
)
