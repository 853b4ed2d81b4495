"""Progress in a notebook: one output, shown anew, in which all text is text."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from actsearch.evaluators import Job, Recipe
from actsearch.search import Home, Trial
from actsearch.search.display.notebook import NotebookProgress, in_notebook


def test_a_program_that_is_no_notebook_shows_nothing_by_default() -> None:
    assert not in_notebook()


def test_the_page_has_the_bar_the_line_the_jobs_and_the_best_ones_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    progress = NotebookProgress()
    monkeypatch.setattr(progress, "_show", lambda: None)
    progress.stage("search <mine>")
    progress.begin(0, 9, "candidates")
    progress.job(1, Job(("max(x, <script>)",), Recipe(), 0))
    progress.candidate(
        Trial(number=1, expression="x * tanh(x)", state="complete", val_accuracy=0.5)
    )
    page = progress.page()
    assert '<progress value="1" max="9"' in page
    assert "best 50.00%  x * tanh(x)" in page
    assert "<svg" in page
    assert "search &lt;mine&gt;" in page
    assert "max(x, &lt;script&gt;)" in page
    progress.end()
    assert "<progress" not in progress.page()


@pytest.mark.slow
def test_a_search_in_a_real_kernel_shows_one_output_that_ends_at_its_end(home: Home) -> None:
    code = (
        "from actsearch.search import Search\n"
        f"Search('mine', home={str(home.root)!r}, evaluator='core-1-table', strategy='random', "
        "candidates=18, confirm=False).run()"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
    pages = [o["data"]["text/html"] for o in notebook.cells[0].outputs if "data" in o]
    assert len(pages) == 2, "the progress, and the outcome"
    assert "18/18 candidates" in pages[0]
    assert "search mine" in pages[1]
