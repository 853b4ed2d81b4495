"""The site has every page and every public name, is built without network, and asks for none."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from contracts.pages import REPOSITORY

DOCS = REPOSITORY / "docs"
CHROMIUM = shutil.which("chromium")
# what a browser fetches by itself; links that a reader may follow are none of them
FETCHED = re.compile(
    r"""(?:\bsrc=|<link\b[^>]*\bhref=|@import |url\()["']?(?:https?:)?//[^"')]+"""
)


class Quiet(SimpleHTTPRequestHandler):
    """Hands out files without a line for each."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("room", ["space", "evaluators", "search"])
def test_the_reference_has_every_name_of_a_door_once(room: str) -> None:
    page = (DOCS / "reference" / f"{room}.md").read_text()
    fences = re.findall(rf"```{{door}} actsearch\.{room}\n(.*?)```", page, re.DOTALL)
    names = [line.partition(":")[0] for fence in fences for line in fence.splitlines()]
    assert sorted(names) == sorted(importlib.import_module(f"actsearch.{room}").__all__)


def test_every_page_is_in_the_lists_of_the_first_one() -> None:
    index = (DOCS / "index.md").read_text()
    trees = re.findall(r"```{toctree}\n(.*?)```", index, re.DOTALL)
    listed = [line for tree in trees for line in tree.splitlines() if line and line[0] != ":"]
    pages = {p.relative_to(DOCS).with_suffix("").as_posix() for p in DOCS.rglob("*.md")}
    assert sorted(listed) == sorted(pages - {"index"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it, a warning being an error, in a network namespace of its
    own where that can be had."""
    folder = tmp_path_factory.mktemp("site")
    alone = ["unshare", "--map-root-user", "--net"]
    try:
        subprocess.run([*alone, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        alone = []
    build = [sys.executable, "-W", "ignore", "-m", "sphinx", "--fail-on-warning", "--quiet"]
    folders = ["-d", str(folder / "doctrees"), str(DOCS), str(folder / "html")]
    process = subprocess.run(
        [*alone, *build, *folders], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    return folder / "html"


@pytest.mark.slow
def test_the_site_is_whole_and_fetches_nothing(site: Path) -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(list(DOCS.rglob("*.md")))
    for page in pages:
        text = page.read_text()
        assert f"actsearch {version}" in text, page
        assert not FETCHED.findall(text), page
    for style in site.rglob("*.css"):
        assert not FETCHED.findall(style.read_text()), style
    assert "Put a fresh copy of the candidate" in (site / "reference/space.html").read_text()
    assert "no bracket starts after it" in (site / "reference/search.html").read_text()
    assert "actsearch leaderboard" in (site / "reference/commands.html").read_text()


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_its_search_finds_a_name_in_a_browser(site: Path, width: int) -> None:
    """Nothing is wider than the window, and no script complains."""
    from playwright.sync_api import sync_playwright

    handler = partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as driver:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}"
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 800})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(request.url))
        page.goto(f"{root}/search.html?q=replace_activations")
        page.wait_for_selector("#search-results li a")
        assert page.locator("#search-results a", has_text="replace_activations").count()
        page.wait_for_load_state("networkidle")  # each result's first lines are fetched
        for name in ("index", "tutorial", "results", "reference/space", "reference/commands"):
            page.goto(f"{root}/{name}.html")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        browser.close()
        server.shutdown()
    assert complaints == []
