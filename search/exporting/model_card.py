"""A model card in Markdown: formula, plot, results with n and recipe, limits, how to cite."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ...mlflow.figures.curves import candidate_figure
from ...space import identify
from ...space.analysis.finite_range import finite_text
from ..reports.next_steps import formula_command
from .latex_file import floors
from .subject import LICENCE, Subject

_USE = """```python
from activation import {class_name}  # activation.py, written by `--format torch`

layer = {class_name}({arguments})
```"""


def files_of(subject: Subject) -> tuple[dict[str, str | bytes], None]:
    """CARD.md and the plot that it shows, curve.png."""
    return {"CARD.md": card_source(subject), "curve.png": _plot(subject)}, None


def card_source(subject: Subject) -> str:
    """The text of CARD.md."""
    expression = subject.expression
    title = str(expression) if len(str(expression)) <= 60 else "An activation function"
    channel = any(p.granularity == "channel" for p in expression.parameters)
    sections = [
        f"---\nlicense: {LICENCE.lower()}\ntags: [activation-function, pytorch, actsearch]\n---",
        f"# `{title}`" if title == str(expression) else f"# {title}",
        f"`f(x) = {expression}`",
        f"$$f(x) = {subject.symbols.latex}$$",
        "![f and its slope over -5 to 5](curve.png)",
        f"Known as: {identify(expression).sentence}.",
        *_parameters(subject),
        "## Use",
        _USE.format(
            class_name=subject.class_name, arguments="num_parameters=64" if channel else ""
        ),
        "## Results",
        *_results(subject),
        "## Limits",
        *_limits(subject),
        "## How to cite",
        *_citation(subject),
    ]
    return "\n\n".join(sections) + "\n"


def _parameters(subject: Subject) -> list[str]:
    if not subject.expression.parameters:
        return []
    rows = [
        f"| `{p.name}` | {p.initial:g} | one per {p.granularity} |"
        for p in subject.expression.parameters
    ]
    return ["\n".join(["| learned | starts at | shared |", "| --- | --- | --- |", *rows])]


def _results(subject: Subject) -> list[str]:
    """The numbers of a confirmation, or what there is in their place."""
    facts, notes = subject.facts, subject.notes
    numbers = facts.get("numbers")
    if not numbers:
        if facts.get("score") is not None:
            command = formula_command(subject.expression)
            return [notes, f"One run is no result: `{command}` trains it over more seeds."]
        return ["None: this formula was exported without a search, and nothing trained it here."]
    head = "| network | test accuracy, mean ± sd | n | to the best baseline [95 %] | verdict |"
    rows = [_row(where, row) for where, row in numbers.items()]
    table = "\n".join([head, "| --- | --- | --- | --- | --- |", *rows])
    recipe = f"Recipe: {facts['recipe']}. Search: {facts['search']}."
    return [table, recipe, notes]


def _row(where: str, row: Mapping[str, Any]) -> str:
    """One row of `row_json`."""
    accuracy = "–" if row["test_mean"] is None else f"{100 * row['test_mean']:.2f} %"
    if row["test_sd"] is not None:
        accuracy += f" ± {100 * row['test_sd']:.2f}"
    points = "–" if row["difference"] is None else f"{100 * row['difference']:+.2f} points"
    if row["interval"]:
        low, high = row["interval"]
        points += f" [{100 * low:+.2f}, {100 * high:+.2f}]"
    return f"| {where} | {accuracy} | {row['n']} | {points} | {row['verdict'] or '–'} |"


def _limits(subject: Subject) -> list[str]:
    items = [
        f"Value and slope are finite: {finite_text(subject.finite)}.",
        "Results hold for the networks, data and recipe above: what wins on one network may lose "
        "on another. Confirm it on yours: `actsearch confirm` takes `--evaluator`.",
        "It is pointwise: it says nothing of normalisation, initialisation or width, which decide "
        "as much.",
    ]
    if names := floors(subject.expression):
        items.append(
            f"The operators {', '.join(names)} have floors that keep them finite; the formula "
            f"above is without them, activation.py has them, with comments."
        )
    return ["\n".join(f"- {item}" for item in items)]


def _citation(subject: Subject) -> list[str]:
    about = subject.description
    formula = str(subject.expression).replace("_", "\\_")
    where = f", search {about['search']}" if "search" in about else ""
    entry = (
        "```bibtex\n@software{actsearch,\n"
        "  title = {actsearch: a search for activation functions},\n"
        f"  version = {{{about['actsearch']}}},\n"
        f"  note = {{\\texttt{{f(x) = {formula}}}{where}}},\n}}\n```"
    )
    machine = f"torch {about['torch']}, Python {about['python']}, {about['machine']}"
    return [entry, f"Made by actsearch {about['actsearch']} with {machine}."]


def _plot(subject: Subject) -> bytes:
    """A PNG on a transparent ground, for light and dark pages alike."""
    buffer = io.BytesIO()
    candidate_figure(subject.expression).savefig(buffer, format="png", dpi=150)
    return buffer.getvalue()
