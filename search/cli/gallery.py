"""Write the candidates of a search as one page to browse, for any browser, without a server.

examples:
  actsearch gallery mine --open
  actsearch gallery mine -o public/index.html
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .completers import complete, searches
from .options import home_flag, print_json

ORDER = 25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    complete(parser.add_argument("search", help="name of a search, finished or not"), searches)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the page (default NAME.html, in this directory)"
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="time the candidates whose cost the search did not measure, on this machine's CPU "
        "(some 50 ms each)",
    )
    parser.add_argument("--open", action="store_true", help="open it in the browser")


def run(options: argparse.Namespace) -> int:
    from ..gallery.page import write_gallery
    from ..storage.home import Home

    folder = Home.at(options.home).folder(options.search)
    path = Path(options.output or f"{options.search}.html")
    page = write_gallery(folder, path, measure=options.measure, home=home_flag(options))
    if options.json:
        print_json({"page": str(page), "bytes": page.stat().st_size})
    else:
        print(f"{page} ({page.stat().st_size / 1e6:.1f} MB): open it in any browser")
    if options.open:
        import webbrowser

        webbrowser.open(page.as_uri())
    return 0
