"""Names are nouns of what they hold, and docstrings open with what a thing is or does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDERS = ("space", "evaluators", "mlflow", "search", "tests", "benchmarks", "examples", "docs")
FILES = sorted(path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py"))
# A variable is called after its type (`report`, `row`, `scores`), which none of these says.
NO_NOUNS = {"found", "told", "given", "one", "own", "it", "those", "that", "asked"}
# Openings after which a reader must go on to the end to know what is spoken of.
OPENINGS = {"What", "It", "Those", "That"}


def names_bound(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of every variable, attribute, argument, function and class that is bound."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, name
            case ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield node.lineno, name


def openings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, first word) of every docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            words = (ast.get_docstring(node) or "").split()
            if words:
                yield node.body[0].lineno, words[0]


def faults(source: str) -> list[str]:
    """Each name and each opening of a source that is not to be used, with its line."""
    tree = ast.parse(source)
    names = [
        f"{line}: name it by its type, not {name}"
        for line, name in names_bound(tree)
        if name.strip("_") in NO_NOUNS
    ]
    return names + [
        f"{line}: open with what the thing is or does, not {word}"
        for line, word in openings(tree)
        if word.rstrip(",:") in OPENINGS
    ]


def test_names_are_nouns_and_docstrings_open_with_their_subject() -> None:
    assert len(FILES) > 500
    assert not [
        f"{path.relative_to(REPOSITORY)}:{fault}"
        for path in FILES
        for fault in faults(path.read_text())
    ]


@pytest.mark.parametrize(
    "planted",
    [
        "found = 1",
        "for told in (1, 2): pass",
        "with open('f') as asked: pass",
        "if (given := 1): pass",
        "print([own for own in ()])",
        "class Row:\n    one: int",
        "def show(*, found): pass",
        "lambda it: it",
        "def _told(): pass",
        "def f(self):\n    self._asked = 1",
        "try: pass\nexcept OSError as found: pass",
        '"""What a file holds."""',
        'class Row:\n    """Those of a table."""',
        'def f():\n    """It waits."""',
        'async def f():\n    """That a name is free."""',
    ],
)
def test_a_planted_word_is_reported(planted: str) -> None:
    assert faults(planted)


@pytest.mark.parametrize(
    "source",
    [
        "scores = [score for score in ()]",
        "from hypothesis import given\ngiven(1)",
        '"""Whether a name is free."""',
        'def f():\n    """One line about it: what it is."""',
    ],
)
def test_other_words_are_not_reported(source: str) -> None:
    assert not faults(source)
