"""The directive `command-reference`: a section for each verb, with what its --help prints."""

from __future__ import annotations

import argparse
import os
from unittest import mock

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from actsearch.search.cli import main

COLUMNS = "88"  # what fits beside the list of pages


class CommandReference(SphinxDirective):
    """Sections of the verbs, in the order of `actsearch --help`."""

    def run(self) -> list[nodes.Node]:
        parser = main.parser_of(main.all_verbs())
        return [_section(name, verb) for name, verb in _verbs_of(parser).items()]


def _verbs_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers of the verbs, by their names."""
    actions = parser._actions
    verbs = next(action for action in actions if isinstance(action, argparse._SubParsersAction))
    return dict(verbs.choices)


def _section(name: str, parser: argparse.ArgumentParser) -> nodes.section:
    """A verb's title and help; its anchor is its name."""
    with mock.patch.dict(os.environ, COLUMNS=COLUMNS):
        text = parser.format_help()
    help_text = nodes.literal_block(text, text, language="text")
    return nodes.section("", nodes.title(text=f"actsearch {name}"), help_text, ids=[name])


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("command-reference", CommandReference)
    return {"parallel_read_safe": True}
