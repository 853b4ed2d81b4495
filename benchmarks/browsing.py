"""How long a browser waits for a search of 1,000 candidates: MLflow's view of it, and the gallery.

    python benchmarks/browsing.py [--quick] [--repetitions 3]

The search is of core-2 by `random` with an evaluator that scores at once (long_search.py), written
into MLflow by `actsearch sync`: sync_per_s, candidates a second of the whole command, its start
included. ui_1000_s: seconds from opening the link that `actsearch ui` prints until the best
candidate's row is on the screen; ui_over_plain: that over the time of MLflow's own list of the
same runs, without our view, until its first row is there. gallery_paint_s: until the gallery's
first paint as Chromium reports it; gallery_cards_s: until all its cards are there; gallery_mb: the
page's size. Each is opened in a browser without a cache, medians; each `share` is the figure over
the limit that is asked for on an idle machine of two cores. `--quick` takes 200 candidates. Needs
Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hardware import hardware
from long_search import LongSearch
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from actsearch.mlflow.ui_server import serve
from actsearch.search import Home
from actsearch.search.gallery.page import write_gallery

CANDIDATES, QUICK = 1_000, 200
LIMITS = {"ui_1000_s": 3.0, "gallery_paint_s": 1.0, "gallery_mb": 5.0}
PATIENCE = 60_000  # milliseconds
WINDOW: ViewportSize = {"width": 1700, "height": 950}
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def measure(root: Path, browser: Browser, count: int, repetitions: int) -> dict[str, float]:
    home = Home(root)
    search = LongSearch(home, "grown", "random")
    search.go_on(count - search.study.entered())
    began = time.perf_counter()
    command = [sys.executable, "-m", "actsearch.search.cli", "sync", "grown", "--home", str(root)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    figures = {"sync_per_s": count / (time.perf_counter() - began)}

    best = max(search.study.trials(), key=lambda trial: trial.val_accuracy or 0.0)
    with serve(root, search="grown") as url:
        seconds = [opened_s(browser, url, str(best.expression)) for _ in range(repetitions)]
        last = search.study.trials()[-1]  # MLflow's own list begins with the latest
        plain = [
            opened_s(browser, url.partition("&viewStateShareKey")[0], str(last.expression))
            for _ in range(repetitions)
        ]
    figures["ui_1000_s"] = statistics.median(seconds)
    figures["ui_over_plain"] = figures["ui_1000_s"] / statistics.median(plain)

    page = root / "gallery.html"
    write_gallery(home.searches / "grown", page)
    waits = [gallery_waits(browser, page, count) for _ in range(repetitions)]
    figures["gallery_paint_s"] = statistics.median(paint for paint, _ in waits)
    figures["gallery_cards_s"] = statistics.median(cards for _, cards in waits)
    figures["gallery_mb"] = page.stat().st_size / 1e6
    return figures


def opened_s(browser: Browser, url: str, formula: str) -> float:
    """Seconds until a formula is on the screen of a browser that opens a link."""
    page = browser.new_page(viewport=WINDOW)  # in a context of its own: nothing is cached
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.get_by_text(formula, exact=True).first.wait_for(timeout=PATIENCE)
    seconds = time.perf_counter() - began
    page.close()
    return seconds


def gallery_waits(browser: Browser, path: Path, count: int) -> tuple[float, float]:
    """Seconds until a gallery's first paint, and until its last card."""
    page = browser.new_page(viewport=WINDOW)
    began = time.perf_counter()
    page.goto(path.as_uri(), wait_until="commit")
    page.locator(".card").nth(count - 1).wait_for(state="attached", timeout=PATIENCE)
    cards = time.perf_counter() - began
    paint = page.evaluate(FIRST_PAINT) / 1000
    page.close()
    return paint, cards


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--repetitions", type=int, default=3)
    arguments = options.parse_args()
    count = QUICK if arguments.quick else CANDIDATES
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    with (
        tempfile.TemporaryDirectory(prefix="actsearch-browsing-") as root,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        figures = measure(Path(root), browser, count, arguments.repetitions)
        browser.close()
    document: dict[str, Any] = {"candidates": count, "quick": arguments.quick}
    for name, figure in figures.items():
        share = f"  {figure / LIMITS[name]:.2f} of the limit" if name in LIMITS else ""
        print(f"{name:18} {figure:8.2f}{share}")
        document[name] = round(figure, 3)
        if name in LIMITS:
            document[f"{name}_share"] = round(figure / LIMITS[name], 3)
    print(json.dumps({**document, **hardware()}))


if __name__ == "__main__":
    main()
