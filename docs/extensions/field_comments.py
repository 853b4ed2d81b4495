"""The comments beside the fields of a class: they say what each is, where no docstring does."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
from collections.abc import Iterator


def field_comments(cls: type) -> Iterator[tuple[str, str]]:
    """Name and comment of each field that has one, behind it or in the lines above."""
    source = textwrap.dedent(inspect.getsource(cls))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = {t.start[0]: t.string[1:].strip() for t in tokens if t.type == tokenize.COMMENT}
    lines = source.splitlines()
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    for node in definition.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            above = []
            number = node.lineno - 1
            while lines[number - 1].strip().startswith("#"):
                above.insert(0, comments[number])
                number -= 1
            ends = dict.fromkeys((node.lineno, node.end_lineno or node.lineno))
            beside = [comments[line] for line in ends if line in comments]
            if above or beside:
                yield node.target.id, " ".join([*above, *beside])
