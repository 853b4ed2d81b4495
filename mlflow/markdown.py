"""Markdown as MLflow's descriptions show it, with what a search or a user named made harmless."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

# Stars between spaces, as of a product, and underscores within a word are no markup: they stay
# unescaped, since the list of experiments shows the text of a note and not its Markdown.
_MARKS = re.compile(r"((?<= )\*+(?= )|(?<=[^\W_])_+(?=[^\W_]))|[\\`*_\[\]<>|]")


def cell(text: str) -> str:
    """A text in a table or a sentence: on one line, without markup or HTML."""
    return _MARKS.sub(_harmless, " ".join(text.split()))


def _harmless(mark: re.Match[str]) -> str:
    return mark[1] or ("&lt;" if mark[0] == "<" else f"\\{mark[0]}")


def code(text: str) -> str:
    """A text as code, in a table or a sentence."""
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells, which stay as they are."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def image(text: str, run_id: str, path: str) -> str:
    """A picture among a run's artifacts, from the server that shows the page."""
    return f"![{text}](get-artifact?path={quote(path)}&run_uuid={run_id})"


def run_link(text: str, experiment: str, run_id: str) -> str:
    """A link to a run, on the server that shows the page."""
    return f"[{text}](#/experiments/{experiment}/runs/{run_id}?workflowType=machine_learning)"
