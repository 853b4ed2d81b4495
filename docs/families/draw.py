"""Draws every family into docs/families/ and writes the table of docs/families.md.

    python docs/families/draw.py

Solid: the function at its initial parameters; dashed: its slope; dotted: what it was fitted to;
thin: four draws of the parameters around their initial values (normal, 20 % of each, at least
0.1), to show which way learning can bend it.
"""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import torch

mpl.use("agg")
from matplotlib import pyplot as plt

from actsearch.space import (
    FAMILIES,
    Family,
    Fitted,
    fitted,
)
from actsearch.space.families.fitting import target

HERE = Path(__file__).parent
PAGE = HERE.parent / "families.md"
START, END = "<!-- table: written by docs/families/draw.py -->", "<!-- end of table -->"
X = torch.linspace(-5, 5, 500, dtype=torch.float64)
BLUE, ORANGE, GREY = "#1f6fb4", "#d1701f", "#8a8a8a"


def main() -> None:
    """Write one PNG per family and the page's table."""
    rows = ["| family | formula, options and source | at the start |", "| --- | --- | --- |"]
    for name, family in FAMILIES.items():
        fit = fitted(name)
        draw(name, fit)
        rows.append(row(family, fit))
    text = PAGE.read_text()
    table = "\n".join([START, "", *rows, "", END])
    PAGE.write_text(re.sub(f"{START}.*{END}", lambda _: table, text, flags=re.DOTALL))


def row(family: Family, fit: Fitted) -> str:
    """One line of the table."""
    options = ", ".join(f"`{o.name}` {o.default}" for o in family.options if o.name != "tolerance")
    count = len(fit.expression.parameters)
    lines = [f"`{cell(family.formula)}`", f"options: {cell(options)}", cell(family.source)]
    lines += [cell(family.note)] if family.note else []
    start = f"{count} parameter{'s' * (count != 1)}"
    if fit.start is not None:
        start += f"<br>off from `{cell(fit.start)}` by {fit.core_error:.3f} on [-3, 3], "
        start += f"{fit.max_error:.3f} on [-10, 10]"
    picture = f"![{family.name}](families/{family.name}.png)"
    return f"| **{family.name}**<br>{picture} | {'<br>'.join(lines)} | {start} |"


def cell(text: str) -> str:
    """Text that does not end a cell of a Markdown table."""
    return text.replace("|", "\\|")


def draw(name: str, fit: Fitted) -> None:
    """The family's PNG."""
    figure, axes = plt.subplots(figsize=(2.4, 1.8), dpi=90)
    expression = fit.expression
    initial = torch.tensor([p.initial for p in expression.parameters], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    for _ in range(4):
        size = (0.2 * initial.abs()).clamp(min=0.1)
        moved = initial + size * torch.randn(len(initial), generator=generator)
        axes.plot(X, expression.values(X, list(moved)), color=GREY, linewidth=0.5, alpha=0.6)
    value, slope = expression.values_and_slopes(X)
    axes.plot(X, slope, color=ORANGE, linewidth=1.0, linestyle="--")
    axes.plot(X, value, color=BLUE, linewidth=1.8)
    if fit.start is not None:
        wanted = target(fit.start).values(X)
        axes.plot(X, wanted, color="black", linewidth=0.9, linestyle=":")
    low, high = float(min(value.min(), slope.min())), float(max(value.max(), slope.max()))
    margin = 0.1 * (high - low)
    axes.set_ylim(max(low - margin, -6), min(high + margin, 8))
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.tick_params(labelsize=6, length=2)
    figure.tight_layout(pad=0.3)
    figure.savefig(HERE / f"{name}.png", metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
