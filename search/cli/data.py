"""Fetch data sets once and verify them.

Looks in the cache (ACTSEARCH_DATA), for a system copy, then downloads. docs/data.md says how to
bring a copy to a machine without a network.

examples:
  actsearch data                                  # fashion-mnist
  actsearch data kmnist cifar10
  actsearch data cifar10 --from ~/Downloads       # the folder with cifar-10-python.tar.gz
  actsearch data --list
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .completers import complete, data_sets
from .options import print_json

if TYPE_CHECKING:
    from ...evaluators.data.datasets import DataSet

ORDER = 140


def add_arguments(parser: argparse.ArgumentParser) -> None:
    names = parser.add_argument(
        "names", nargs="*", metavar="NAME", help="data sets (default fashion-mnist)"
    )
    complete(names, data_sets)
    parser.add_argument("--list", action="store_true", help="all there are, and where; no fetch")
    parser.add_argument(
        "--from", dest="folder", metavar="DIR", help="a folder with the published files"
    )


def run(options: argparse.Namespace) -> int:
    from ...evaluators.data.datasets import DATASETS, FASHION_MNIST, dataset_of
    from ..errors import InvalidSetting

    datasets = [dataset_of(name) for name in options.names]
    if options.list:
        rows = [_row(dataset) for dataset in datasets or DATASETS.values()]
    elif options.folder is not None and len(datasets) > 1:
        raise InvalidSetting("--from is the folder of one data set: fetch them one by one")
    else:
        if options.folder is not None and not Path(options.folder).is_dir():
            raise InvalidSetting(f"--from must be a folder, but there is none at {options.folder}")
        rows = [_fetched(dataset, options.folder) for dataset in datasets or [FASHION_MNIST]]
    if options.json:
        print_json(rows)
    else:
        print(_table(rows))
    return 0


def _row(dataset: DataSet) -> dict[str, Any]:
    from ...evaluators.data.cache import folder_of, is_here

    return {
        "name": dataset.name,
        "here": is_here(dataset),
        "folder": str(folder_of(dataset)),
        "source": dataset.source,
    }


def _fetched(dataset: DataSet, folder: str | None) -> dict[str, Any]:
    """The row of a data set that was looked for in a folder of the user's first, and verified."""
    from ...evaluators.data.cache import is_here, locate, verify

    if folder is not None and is_here(dataset):
        print(f"{dataset.name} is here already: {folder} is not looked at", file=sys.stderr)
    print(f"looking for {dataset.name}; fetching it may take a minute …", file=sys.stderr)
    verify(dataset, locate(dataset, copy=None if folder is None else Path(folder)))
    return {**_row(dataset), "verified": True}


def _table(rows: Sequence[dict[str, Any]]) -> str:
    from ..reports.text_table import Column, text_table

    columns = Column(width=14, gap=1), Column(width=9, gap=1), Column(width=0, gap=3), Column()
    cells = []
    for row in rows:
        state = "verified" if row.get("verified") else "here" if row["here"] else "not here"
        cells.append((row["name"], state, row["folder"], row["source"]))
    return text_table(columns, cells)
