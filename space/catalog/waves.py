"""Oscillating and bell-shaped functions and polynomials, and what searches found among them."""

from __future__ import annotations

from .entry import Entry

_NOEL = "Noel et al. 2021 (oscillating activation functions)"
_SURVEY = "survey of Kunc and Kléma 2024"
_SWISH = "Ramachandran et al. 2017, table 1"

WAVES = (
    Entry("Sine", "sin(x)", "Sopena et al. 1999", ("sin", "sinusoid")),
    Entry("Cosine", "cos(x)", "Rahimi and Recht 2007 (random Fourier features)", ("cos",)),
    Entry(
        "SIREN",
        "sin(30 * x)",
        "Sitzmann et al. 2020",
        note="needs the initialisation of its paper",
    ),
    Entry(
        "Sinc",
        "sinc(x)",
        "Ramachandran et al. 2017, unary function",
        clash="normalised, sin(pi x) / (pi x), as in torch and numpy; others write sin(x) / x",
    ),
    Entry(
        "SincUnnormalised",
        "sinc(x / pi)",
        "sin(x) / x",
        clash="sinc of torch and numpy is sin(pi x) / (pi x)",
    ),
    Entry("OneMinusCosine", "1 - cos(x)", _SURVEY, clash="one survey calls this one Cosine"),
    Entry("GCU", "x * cos(x)", _NOEL, ("growing cosine unit",)),
    Entry("ASU", "x * sin(x)", _NOEL, ("amplifying sine unit",)),
    Entry("SQU", "x ** 2 + x", _NOEL, ("shifted quadratic unit",)),
    Entry("NCU", "x - x ** 3", _NOEL, ("non-monotonic cubic unit",)),
    Entry(
        "DSU",
        "pi / 2 * (sinc(x / pi - 1) - sinc(x / pi + 1))",
        _NOEL,
        ("decaying sine unit",),
        note="its sinc is sin(x) / x",
    ),
    Entry(
        "SSU",
        "pi * sinc(x / pi - 1)",
        _NOEL,
        ("shifted sinc unit",),
        note="its sinc is sin(x) / x",
    ),
    Entry("Gaussian", "exp(-x ** 2)", "Broomhead and Lowe 1988", ("RBF", "Gauss")),
    Entry(
        "GaussianHalf",
        "exp(-x ** 2 / 2)",
        "the normal density, up to its factor",
        clash="Gaussian of the Swish paper is exp(-x ** 2)",
    ),
    Entry("Laplacian", "exp(-abs(x))", "Ramasinghe and Lucey 2022"),
    Entry("MexicanHat", "(1 - x ** 2) * exp(-x ** 2 / 2)", "Marr wavelet", ("Ricker",)),
    Entry("Morlet", "cos(1.75 * x) * exp(-x ** 2 / 2)", "Zhang and Benveniste 1992"),
    Entry(
        "GaussianDerivative", "x * exp(-x ** 2 / 2)", "correction term of CRReLU, first wavelet"
    ),
    Entry("Multiquadric", "sqrt(1 + x ** 2)", "Hardy 1971", ("multiquadratic",)),
    Entry("InverseMultiquadric", "1 / sqrt(1 + x ** 2)", "Micchelli 1986"),
    Entry("Lorentzian", "1 / (1 + x ** 2)", "Cauchy density, up to its factor", ("Cauchy",)),
    Entry("Sech", "2 * exp(-abs(x)) / (1 + exp(-2 * abs(x)))", "hyperbolic secant, 1 / cosh(x)"),
    Entry("Seagull", "log(1 + x ** 2)", "Gao et al. 2020"),
    Entry("LogCosh", "softplus(2 * x) - x - 0.6931471805599453", "log(cosh(x))"),
    Entry("Exponential", "exp(x)", "exponential unit", ("exp",)),
    Entry("Square", "x ** 2", "Livni et al. 2014", ("quadratic",)),
    Entry("Cube", "x ** 3", "Chen and Manning 2014"),
    Entry("Sinh", "sinh(x)", "hyperbolic sine"),
    Entry(
        "Cosid", "cos(x) - x", f"{_SWISH}; survey of Kunc and Kléma 2024", ("CosineMinusIdentity",)
    ),
    Entry("MinSin", "min(x, sin(x))", _SWISH),
    Entry("ArctanSquared", "atan(x) ** 2 - x", _SWISH, ("atan squared minus x",)),
    Entry("SincPlus", "sinc(x) + x", _SWISH, note="fails on larger networks, same table"),
    Entry("SoftplusELU", "softplus(elu(x))", "Bingham and Miikkulainen 2022 (PANGAEA)"),
    Entry(
        "AQuaSurF-C100",
        "sigmoid(x) * -x * hard_sigmoid(x)",
        "Bingham and Miikkulainen 2023, example of their code",
    ),
    Entry(
        "GRAFS-A",
        "min(gelu(sigmoid(silu(x)) * silu(x)), silu(x))",
        "Strack et al. 2024",
    ),
    Entry("GRAFS-B", "gelu(gelu(x)) + gelu(x)", "Strack et al. 2024"),
)
