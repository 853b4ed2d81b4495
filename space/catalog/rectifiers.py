"""Rectifiers without learnable parameters: about 0 (or bent) on the left, about x on the right."""

from __future__ import annotations

from .entry import Entry

_JARRETT = "Jarrett et al. 2009"

RECTIFIERS = (
    Entry("Identity", "x", "the linear unit", ("linear",)),
    Entry("ReLU", "relu(x)", "Fukushima 1969; Nair and Hinton 2010", ("rectifier", "ramp")),
    Entry(
        "ReLU6",
        "min(relu(x), 6)",
        "Krizhevsky 2010, torch.nn.ReLU6",
    ),
    Entry(
        "BReLU",
        "min(relu(x), 1)",
        "Liew et al. 2016",
        ("bounded ReLU", "SatLU", "clipped ReLU"),
        note="the upper bound is a constant of the user; 1 here",
    ),
    Entry("LeakyReLU", "leaky_relu(x)", "Maas et al. 2013, torch.nn.LeakyReLU", ("LReLU",)),
    Entry("VLReLU", "max(x, x / 3)", "Graham 2014", ("very leaky ReLU",)),
    Entry(
        "RReLU",
        "max(x, 0.22916666666666666 * x)",
        "Xu et al. 2015, torch.nn.RReLU",
        ("randomized leaky ReLU",),
        note="as in evaluation: the mean 11/48 of the slopes 1/8 to 1/3 drawn in training",
    ),
    Entry("ALReLU", "max(x, abs(0.01 * x))", "Mastromichalakis 2020"),
    Entry("AbsoluteValue", "abs(x)", _JARRETT, ("abs", "rectification")),
    Entry(
        "ELU", "elu(x)", "Clevert et al. 2016, torch.nn.ELU", clash="torch.nn.CELU at alpha = 1"
    ),
    Entry("SELU", "selu(x)", "Klambauer et al. 2017, torch.nn.SELU"),
    Entry(
        "Softplus",
        "softplus(x)",
        "Dugas et al. 2001, torch.nn.Softplus",
        clash="Smooth ReLU is also a name of SmeLU",
    ),
    Entry("ShiftedSoftplus", "softplus(x) - 0.6931471805599453", "Schütt et al. 2017", ("SSP",)),
    Entry(
        "ReLUSquared",
        "square(relu(x))",
        "So et al. 2021 (Primer)",
        ("SquaredReLU", "ReLU2", "RePU-2"),
    ),
    Entry("RePU", "relu(x) ** 3", "Li et al. 2019", ("RePU-3", "cubed ReLU"), note="at power 3"),
    Entry("NLReLU", "log(1 + relu(x))", "Liu et al. 2019", ("natural logarithm ReLU",)),
    Entry(
        "ShiftedReLU",
        "max(x, -1)",
        "Clevert et al. 2016",
        ("SReLU (shifted)", "DReLU"),
        clash="SReLU is mostly the S-shaped ReLU",
    ),
    Entry("Hardtanh", "min(max(x, -1), 1)", "Collobert 2004, torch.nn.Hardtanh", ("HTanh",)),
    Entry("Softshrink", "max(x - 0.5, 0) + min(x + 0.5, 0)", "torch.nn.Softshrink"),
    Entry("Tanhshrink", "x - tanh(x)", "torch.nn.Tanhshrink"),
    Entry("PLU", "max(0.1 * (x + 1) - 1, min(0.1 * (x - 1) + 1, x))", "Nicolae 2018"),
    Entry("BentIdentity", "(sqrt(x ** 2 + 1) - 1) / 2 + x", "survey of Kunc and Kléma 2024"),
    Entry("ISRLU", "max(x, 0) + min(x, 0) / sqrt(1 + min(x, 0) ** 2)", "Carlile et al. 2017"),
    Entry("Squareplus", "(x + sqrt(x ** 2 + 4)) / 2", "Barron 2021"),
    Entry(
        "SmeLU",
        "square(min(max(x + 1, 0), 2)) / 4 + max(x - 1, 0)",
        "Shamir and Lin 2022",
        ("Smooth ReLU",),
        clash="Smooth ReLU is also a name of Softplus",
        note="half-width 1 of the quadratic piece",
    ),
    Entry("FTSwish", "relu(x) * sigmoid(x) - 0.2", "Chieng et al. 2018", ("Flatten-T Swish",)),
    Entry("Suish", "max(x, x * exp(-abs(x)))", "survey of Kunc and Kléma 2024"),
    Entry("NIPUNA", "max(x, silu(x))", "Madhu et al. 2023"),
    Entry("SignReLU", "max(x, 0) + min(x, 0) / (1 - min(x, 0))", "Lin and Shen 2018"),
    Entry("FPFLU", "x + min(x, 0) ** 2 / sqrt(1 + min(x, 0) ** 2)", "Zhu et al. 2021"),
    Entry("Triangular", "max(1 - abs(x), 0)", "hat function, first-order B-spline", ("hat",)),
    Entry("MaxSig", "max(x, sigmoid(x))", "Ramachandran et al. 2017, table 1"),
    Entry("MaxTanh", "max(x, tanh(x))", "Ramachandran et al. 2017, table 1"),
)
