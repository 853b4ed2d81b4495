"""The formulas of the search that tests of the gallery look at."""

FORMULAS = (  # best first
    "x * sigmoid(beta * x)",
    "tanh(x)",
    "max(x, 0)",
    "min(x, sin(x))",
    "x * tanh(x)",
    "exp(-(x * x))",
)
