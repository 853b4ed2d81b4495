"""The directive `door`: the reference of a door's names, one a line, from their docstrings.

    ```{door} actsearch.space
    parse
    BASELINES: the functions that finalists are held to, by their names in torch.nn
    ```

What is no function or class has no docstring: its sentence stands behind the name. Fields of a
class are told by the comments beside them.
"""

from __future__ import annotations

import inspect
from importlib import import_module

from docutils import nodes
from field_comments import field_comments
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Door(SphinxDirective):
    """Autodoc's entries of the names, in the order of the lines."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        lines = [line for line in self.content if line.strip()]
        entries = "\n\n".join(_entry(self.arguments[0], line) for line in lines)
        return self.parse_text_to_nodes(f"```{{eval-rst}}\n{entries}\n```")


def _entry(door: str, line: str) -> str:
    """The reST directive that documents a line's name."""
    name, _, sentence = line.partition(":")
    value = getattr(import_module(door), name)
    if sentence:
        return f".. py:data:: {door}.{name}\n\n   {sentence.strip()}"
    if inspect.isclass(value):
        fields = [f"   - `{field}`: {comment}" for field, comment in field_comments(value)]
        return "\n".join([f".. autoclass:: {door}.{name}", "   :members:", "", *fields])
    return f".. autofunction:: {door}.{name}"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("door", Door)
    return {"parallel_read_safe": True}
