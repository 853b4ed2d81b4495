"""Gated functions without learnable parameters: x times something that opens with x.

Exponents are held where the gate no longer moves in float64, as exp(-exp(7)) = 0: an infinity
inside a gate makes its slope NaN, in float16 from |x| = 11 on. tests/contracts/test_catalog.py
compares each with the published form.
"""

from __future__ import annotations

from .entry import Entry

_SURVEY = "survey of Kunc and Kléma 2024"

GATED = (
    Entry(
        "SiLU",
        "silu(x)",
        "Elfwing et al. 2018; Hendrycks and Gimpel 2016, torch.nn.SiLU",
        ("Swish-1", "SiL"),
        clash="many libraries call it Swish; the published Swish learns beta",
    ),
    Entry("GELU", "gelu(x)", "Hendrycks and Gimpel 2016, torch.nn.GELU"),
    Entry(
        "GELUTanh",
        "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ** 3)))",
        "Hendrycks and Gimpel 2016, torch.nn.GELU(approximate='tanh')",
        ("NewGELU", "FastGELU"),
        clash="GPT-2 calls it gelu_new; it is off GELU by up to 5e-4",
    ),
    Entry("QuickGELU", "x * sigmoid(1.702 * x)", "Hendrycks and Gimpel 2016"),
    Entry("Mish", "mish(x)", "Misra 2019, torch.nn.Mish"),
    Entry("HardSwish", "hard_swish(x)", "Howard et al. 2019, torch.nn.Hardswish", ("HSwish",)),
    Entry("HardMish", "x / 2 * min(2, max(0, x + 2))", "timm, HardMish"),
    Entry(
        "LiSHT",
        "x * tanh(x)",
        "Roy et al. 2019",
    ),
    Entry(
        "TanhExp",
        "x * tanh(exp(min(x, 4)))",
        "Liu and Di 2020; again Fernandez and Mali 2024",
        ("TeLU",),
        clash="TeLU of 2024 is TanhExp of 2020; one survey calls x * tanh(ELU(a x)) TeLU",
    ),
    Entry("Serf", "x * erf(softplus(x))", "Nag et al. 2021"),
    Entry("Logish", "x * log(1 + sigmoid(x))", "Zhu et al. 2021"),
    Entry("Phish", "x * tanh(gelu(x))", "Naveen 2022"),
    Entry("Smish", "x * tanh(log(1 + sigmoid(x)))", "Wang et al. 2022"),
    Entry("Gish", "x * log(2 - exp(-exp(min(x, 7))))", "Kaytan et al. 2023"),
    Entry(
        "GoLU",
        "x * exp(-exp(-max(x, -7)))",
        "Das et al. 2025 (Gompertz gate)",
        ("ExpExpish",),
        clash="ExpExpish of an earlier survey is the same function",
    ),
    Entry("LogLogish", "x * (1 - exp(-exp(min(x, 7))))", _SURVEY),
    Entry("GELUSine", "gelu(x) + 0.1 * sin(x)", "AlphaEvolve, 2026 (2602.05688)"),
    Entry(
        "GELU-Sinc",
        "gelu(x) * (1 + 0.5 * sinc(x))",
        "AlphaEvolve, 2026 (2602.05688)",
        ("GSP",),
        note="sinc is normalised, sin(pi x) / (pi x)",
    ),
    Entry(
        "ELiSH", "elu(x) * sigmoid(x)", "Basirat and Roth 2018", note="x * sigmoid(x) for x > 0"
    ),
    Entry(
        "HardELiSH", "elu(x) * min(max((x + 1) / 2, 0), 1)", "Basirat and Roth 2018", ("HELiSH",)
    ),
    Entry("PFLU", "x * (1 + x / sqrt(1 + x ** 2)) / 2", "Zhu et al. 2021"),
    Entry(
        "CaLU",
        "x * (atan(x) / pi + 0.5)",
        _SURVEY,
        ("ATLU", "ArcTanLU"),
        note="gate of Huang 2024 before its range is expanded",
    ),
    Entry(
        "LaLU",
        "x * (0.5 * exp(min(x, 0)) + 0.5 - 0.5 * exp(-max(x, 0)))",
        _SURVEY,
        note="gate: the Laplace distribution function",
    ),
    Entry(
        "DoubleSiLU",
        "x * sigmoid(silu(x))",
        _SURVEY,
        clash="dSiLU of Elfwing et al. is the derivative of SiLU",
    ),
    Entry("TSReLU", "x * tanh(sigmoid(x))", _SURVEY),
    Entry("TBSReLU", "x * tanh(tanh(x / 2))", _SURVEY, note="tanh of the bipolar sigmoid"),
    Entry(
        "EANAF", "x * sigmoid(x - 0.6931471805599453)", _SURVEY, note="that is x e^x / (e^x + 2)"
    ),
    Entry("GSwish", "x * sigmoid(exp(-max(x, -4)))", _SURVEY),
    Entry(
        "CoLU",
        "x * exp(min(x, 0)) / (exp(min(x, 0)) - x * exp(-max(x, 0) - exp(min(x, 7))))",
        "Vagerwal 2021",
        ("CollapsingLU",),
        note="that is x / (1 - x e^-(x + e^x))",
    ),
    Entry("SinSig", "x * sin(pi / 2 * sigmoid(x))", "Douge et al. 2021"),
    Entry(
        "B-SiLU",
        "(x + 1.67) * sigmoid(x) - 0.835",
        "Horuz et al. 2025 (SUGAR's surrogate)",
    ),
    Entry("SGELU", "x * erf(0.7071067811865476 * x)", "Yu and Su 2019", ("symmetrical GELU",)),
    Entry("XAsinhSquared", "x * asinh(x) ** 2", "Ramachandran et al. 2017, table 1"),
)
