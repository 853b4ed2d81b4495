"""Stored trials without a training, and the page in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from actsearch.search import Trial
from actsearch.search.storage.search_file import SearchFile
from contracts.gallery import FORMULAS
from contracts.tiny import TINY

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def file() -> SearchFile:
    """Of a search for six candidates."""
    config = {"name": "mine", "recipe": TINY, "second": None, "strategy": "random"}
    return SearchFile.of(config, {"candidates": len(FORMULAS)})


@pytest.fixture
def trial() -> Callable[..., Trial]:
    """Makes a complete trial, with what is given changed."""

    def make(number: int, expression: str, accuracy: float | None = None, **changes: Any) -> Trial:
        values: dict[str, Any] = {
            "number": number,
            "expression": expression,
            "state": "complete",
            "origin": number,
            "val_accuracy": accuracy,
            "val_accuracies": {} if accuracy is None else {1: accuracy - 0.05, 2: accuracy},
            "train_losses": (0.9, 0.6),
        }
        return Trial(**values | changes)

    return make


@pytest.fixture
def trials(trial: Callable[..., Trial]) -> list[Trial]:
    """Six that completed, drawn in the reverse of their order, and one that diverged."""
    count = len(FORMULAS)
    complete = [
        trial(count - 1 - rank, formula, 0.86 - 0.02 * rank)
        for rank, formula in enumerate(FORMULAS)
    ]
    diverged = trial(
        count, "cosh(exp(x))", state="infeasible", reason="the loss is nan at epoch 1"
    )
    return [*reversed(complete), diverged]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium that is installed; a module's tests share it."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as driver:
        arguments = ["--no-sandbox", "--disable-gpu"]
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=120_000)
        yield opened
        opened.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page's text; at the end nothing was fetched and nothing said on the console."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def opened(text: str, *, width: int = 1280, dark: bool = False) -> Page:
        path = tmp_path / "gallery.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: (
                None if request.url == path.as_uri() else complaints.append(request.url)
            ),
        )
        page.goto(path.as_uri())
        page.wait_for_selector("#count:not(:empty)", state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints
