"""The gallery as one HTML text: template, style, scripts and data in one file, nothing fetched.

A policy in the page (Content-Security-Policy) lets it load nothing and run no script but its own,
named by its hash: text of a search cannot become code even where an escape were forgotten.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..confirmation.comparison import Confirmation, read_confirmation
from ..confirmation.plan import plan_of
from ..errors import InvalidSetting
from ..storage.confirmation_log import ConfirmationLog
from ..storage.search_file import SearchFile
from ..storage.trial import Trial
from ..storage.trial_reader import read_trials
from ..storage.usable import usable
from .content import MOST, content

MARK = '<meta name="generator" content="actsearch gallery">'  # of a page that may be replaced
ASSETS = "assets"
TOP = 20  # candidates that are listed where there is no JavaScript
SCRIPTS = (  # in this order, as one script
    "dom.js",
    "data.js",
    "plots.js",
    "lineage.js",
    "charts.js",
    "cards.js",
    "dialogs.js",
    "filters.js",
    "main.js",
)


def gallery_page(
    file: SearchFile,
    trials: Sequence[Trial],
    confirmation: Confirmation | None,
    *,
    measure: bool = False,
    most: int = MOST,
    home: str = "",
) -> str:
    """The page of a search; the options are those of `content`."""
    data = content(file, trials, confirmation, measure=measure, most=most, home=home)
    return render(data)


def render(data: dict[str, Any]) -> str:
    """The page of data as `content` gives them."""
    script = _script()
    environment = Environment(
        loader=PackageLoader(__package__, ASSETS), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("page.html").render(
        mark=Markup(MARK),
        search=data["search"],
        top=data["candidates"][:TOP],
        style=Markup(_asset("gallery.css")),
        script=Markup(script),
        policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src {_hash(script)}",
        data=Markup(_inert(data)),
    )


def read_gallery(folder: Path, *, measure: bool = False, most: int = MOST, home: str = "") -> str:
    """The page of what a search's folder holds, also while it runs."""
    file = SearchFile.load(folder)
    trials = read_trials(folder)
    confirmation = read_confirmation(plan_of(file, trials), ConfirmationLog(folder))
    return gallery_page(file, trials, confirmation, measure=measure, most=most, home=home)


def write_gallery(
    folder: Path, path: Path, *, measure: bool = False, most: int = MOST, home: str = ""
) -> Path:
    """Write the page of a search's folder to a file, whole or not at all; the file's path.

    Raises InvalidSetting where something else than an earlier page has that name, and
    HomeUnusable where it cannot be written.
    """
    path = path.absolute()
    _check_replaceable(path)
    page = read_gallery(folder, measure=measure, most=most, home=home)
    partial = path.with_name(f".{path.name}.partial")
    with usable(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(page, encoding="utf-8")
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    return path


def _check_replaceable(path: Path) -> None:
    """Raise InvalidSetting where a file, a link or a folder stands that is no earlier page."""
    if not os.path.lexists(path):
        return
    if path.is_file() and not path.is_symlink():
        with usable(path.parent), path.open(encoding="utf-8", errors="replace") as file:
            if MARK in file.read(2000):
                return
    raise InvalidSetting(
        f"the gallery is written to a new file or over an earlier gallery, but {path} is "
        f"something else: name another with -o FILE"
    )


def _script() -> str:
    parts = "\n".join(_asset(name) for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();'


def _asset(name: str) -> str:
    return files(__package__).joinpath(ASSETS, name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _inert(data: dict[str, Any]) -> str:
    """Data as JSON that ends no script element and opens no comment in HTML."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
