"""Draws README's picture, a search's gallery as a browser shows it, in light and in dark mode.

    python docs/figures/draw_gallery.py HOME NAME

Two PNGs beside this file, each below 200 kB: the verdict, the curve of the best, the first cards.
It needs Chromium. Those that are committed are of the tutorial's search `mine`.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from actsearch.search import Home
from actsearch.search.gallery.page import write_gallery

HERE = Path(__file__).parent
WIDTH = 1200  # pixels; README shows pictures at some 900
CARDS = 4  # in a row at that width
LIMIT = 200_000  # bytes
# what a picture has no use for: settings, filters, tables that nobody can read at that size
HIDDEN = ".settings, nav, .tiles, #confirmation, #search, .toolbar, .card input, .card label"


def screenshot(browser: Browser, page: Path, scheme: str) -> Image.Image:
    """The top of a gallery down to the end of its first row of cards."""
    tab = browser.new_page(viewport={"width": WIDTH, "height": 2000}, device_scale_factor=1.5)
    tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    tab.goto(page.as_uri())
    tab.add_style_tag(content=f"{HIDDEN} {{ display: none !important }}")
    tab.wait_for_timeout(1000)  # curves are drawn as they come near the view
    last = tab.locator("#cards > li").nth(CARDS - 1).bounding_box()
    assert last is not None, "a row has four candidates"
    height = last["y"] + last["height"] + 16
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height}
    shot = tab.screenshot(clip=clip)  # type: ignore[arg-type]
    tab.close()
    return Image.open(io.BytesIO(shot))


def save(picture: Image.Image, path: Path) -> None:
    """Write it with 64 colours, which flat areas and thin lines have hardly more of."""
    picture.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    assert size < LIMIT, f"{path.name} has {size:,} bytes, at most {LIMIT:,} are light enough"
    print(f"{path} {picture.width} x {picture.height}, {size:,} bytes")


def main(home: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        page = write_gallery(Home.at(home).folder(name), Path(folder) / "gallery.html")
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for scheme in ("light", "dark"):
            save(screenshot(browser, page, scheme), HERE / f"gallery-{scheme}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
