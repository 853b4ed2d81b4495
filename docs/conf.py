"""Sphinx builds the site of these pages: `make docs` writes it to build/docs, without network."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "extensions"))

project = "actsearch"
author = "The actsearch authors"
project_copyright = author
PYPROJECT = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())
release = version = PYPROJECT["project"]["version"]

extensions = [
    "myst_parser",  # the pages are Markdown, as GitHub shows them
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",  # "Raises:" in a docstring
    "command_reference",
    "doors_reference",
]
exclude_patterns = ["extensions"]
myst_heading_anchors = 4  # #which-candidates-are-one, as on GitHub
highlight_language = "text"  # of blocks that name no language: commands, and what they print

default_role = "literal"  # docstrings are written as Markdown: `x * sigmoid(x)`
autodoc_inherit_docstrings = False  # of Optuna's sampler and torch's module nothing is repeated
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_use_type_comments = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_title = f"actsearch {release}"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
