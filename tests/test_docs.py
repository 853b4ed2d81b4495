"""Every file that a page, a docstring or a comment names is there, and every example parses."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from actsearch.evaluators import table_from_name

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]
ROOMS = ("space", "evaluators", "mlflow", "search", "benchmarks", "examples")
TEXTS = [*PAGES, *sorted(path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py"))]
OURS = [
    str(path.relative_to(REPOSITORY))
    for room in (*ROOMS, "tests", "docs")
    for path in (REPOSITORY / room).rglob("*.py")
]
# Files of a user's: an exported winner, an example's module, the library's name taken.
USERS = {"activation.py", "activation_jax.py", "activation_numpy.py", "mine.py", "mlflow.py"}
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
BROKEN = re.compile(r"\]\([^)\s]*\s")  # a link that a line's end cuts in two
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    text = FENCE.sub("", page.read_text())
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = FENCE.sub("", page.read_text())
    dead = BROKEN.findall(text)
    for target, anchor in LINK.findall(text):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        path = page.parent / target if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dead.append(f"{target}#{anchor}")
    assert not dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_python_example_parses(page: Path) -> None:
    for language, code in FENCE.findall(page.read_text()):
        if language == "python":
            ast.parse(code)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: str(text.relative_to(REPOSITORY)))
def test_every_python_file_that_is_named_is_there(text: Path) -> None:
    names = set(re.findall(r"\w[\w/]*\.py\b", text.read_text()))
    files = {name for name in names if Path(name).name not in USERS}
    assert [
        name for name in files if not any(f"/{file}".endswith(f"/{name}") for file in OURS)
    ] == []


def test_the_readme_has_the_figures_of_the_validity_page() -> None:
    page = (REPOSITORY / "docs" / "validity.md").read_text()
    copies = re.search(r"\(as in a search\) \| ([\d.]+ %) \(≤ ([\d.]+ %)\)", page)
    planted = re.search(
        r"^\| 0\.5 points \|.*\| (\d+ %) \| 100 % \| 100 % \|$", page, re.MULTILINE
    )
    assert copies
    assert planted
    readme = " ".join((REPOSITORY / "README.md").read_text().split())
    assert f"a winner in {copies[1]} of cases (at most {copies[2]})" in readme
    assert f"five seeds find {planted[1]} and ten seeds all" in readme


def test_the_page_on_searching_says_how_much_of_the_shipped_tables_is_there() -> None:
    table = table_from_name("core-1-table")
    page = (REPOSITORY / "docs" / "searching.md").read_text()
    assert table.is_whole
    trainings = sum(map(len, table.rows.values()))
    assert f"is whole: all {len(table.rows):,} candidates of `core-1`" in page
    assert f"{trainings:,} trainings\n" in page
    uncut, elsewhere = table_from_name("uncut-table"), table_from_name("elsewhere-table")
    assert f"`uncut-table` is begun ({len(uncut.rows)} of {uncut.candidates} candidates" in page
    assert elsewhere.is_whole
    assert f"`elsewhere-table` is whole: {len(elsewhere.rows)} candidates of `tree-5`" in page
