"""The pages of the documentation, and what stands in their fences."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w/]+\.py)\n")  # the first line of a block that is a file of the reader's


@dataclass(frozen=True, slots=True)
class Block:
    """The content of a fence, without its indentation. language: empty for commands and output."""

    page: Path
    line: int
    language: str
    code: str

    @property
    def name(self) -> str:
        return f"{name_of(self.page)}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that the page tells its reader to write this to."""
        match = FILE.match(self.code)
        return match[1] if match else None


def name_of(page: Path) -> str:
    """A page's path in the repository; elsewhere its file's name."""
    inside = page.is_relative_to(REPOSITORY)
    return page.relative_to(REPOSITORY).as_posix() if inside else page.name


def blocks(page: Path) -> list[Block]:
    """The fences of a page, from top to bottom."""
    text = page.read_text()
    return [
        Block(page, text.count("\n", 0, match.start()) + 1, match[2], textwrap.dedent(match[3]))
        for match in FENCE.finditer(text)
    ]


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Every command line of ours in a page's fences: where it stands, and its words."""
    for block in blocks(page):
        if not block.language:
            for line in block.code.replace("\\\n", " ").splitlines():
                if line.startswith("actsearch "):
                    yield block.name, shlex.split(line, comments=True)
