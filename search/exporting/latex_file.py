"""A candidate in LaTeX: its formula and derivative, for a paper that uses amsmath."""

from __future__ import annotations

from ...space import Call, Expression
from ...space.modules.floor_comments import FLOORS
from .subject import Subject


def files_of(subject: Subject) -> tuple[dict[str, str | bytes], None]:
    """activation.tex; sympy's forms, for which nothing is run."""
    return {"activation.tex": latex_source(subject)}, None


def latex_source(subject: Subject) -> str:
    """Comments, two displayed equations, and a sentence on the parameters if there are some."""
    texts = subject.symbols
    comments = [f"f(x) = {subject.expression}", *subject.header.splitlines()]
    comments += subject.wrapped_notes.splitlines()
    if names := floors(subject.expression):
        comments.append(
            f"The formula without the floors of {', '.join(names)}, which keep values finite; "
            f"activation.py has them."
        )
    lines = [f"% {line}".rstrip() for line in comments]
    lines += ["\\begin{align}", f"  f(x) &= {texts.latex} \\\\"]
    lines += [f"  f'(x) &= {texts.derivative_latex}", "\\end{align}"]
    if parameters := subject.expression.parameters:
        import sympy

        starts = ", ".join(
            f"${sympy.latex(sympy.Symbol(p.name))}$ (initially ${p.initial:g}$, one per "
            f"{p.granularity})"
            for p in parameters
        )
        lines.append(f"Learned: {starts}.")
    return "\n".join(lines) + "\n"


def floors(expression: Expression) -> list[str]:
    """The operators of an expression that have a floor."""
    used = {node.primitive for node in expression.nodes() if isinstance(node, Call)}
    return [name for name in FLOORS if name in used]
