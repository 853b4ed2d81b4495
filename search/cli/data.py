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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import print_json

if TYPE_CHECKING:
    from ...evaluators.data.datasets import DataSet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="data sets (default fashion-mnist)"
    )
    parser.add_argument("--list", action="store_true", help="which there are, and where; no fetch")
    parser.add_argument(
        "--from", dest="own", metavar="DIR", help="a folder with the published files"
    )


def run(options: argparse.Namespace) -> int:
    from ...evaluators.data.datasets import DATASETS, FASHION_MNIST, dataset_of
    from ..errors import InvalidSetting

    chosen = [dataset_of(name) for name in options.names]
    if options.list:
        rows = [_listed(dataset) for dataset in chosen or DATASETS.values()]
    elif options.own is not None and len(chosen) > 1:
        raise InvalidSetting("--from is the folder of one data set: fetch them one by one")
    else:
        rows = [_fetched(dataset, options.own) for dataset in chosen or [FASHION_MNIST]]
    if options.json:
        print_json(rows)
    else:
        print("\n".join(_told(row) for row in rows))
    return 0


def _listed(dataset: DataSet) -> dict[str, Any]:
    from ...evaluators.data.cache import folder_of, is_here

    return {
        "name": dataset.name,
        "here": is_here(dataset),
        "folder": str(folder_of(dataset)),
        "source": dataset.source,
    }


def _fetched(dataset: DataSet, own: str | None) -> dict[str, Any]:
    from ...evaluators.data.cache import locate, verify

    print(f"looking for {dataset.name}; fetching it may take a minute …", file=sys.stderr)
    folder = locate(dataset, copy=None if own is None else Path(own))
    verify(dataset, folder)
    return {**_listed(dataset), "verified": True}


def _told(row: dict[str, Any]) -> str:
    state = "verified" if row.get("verified") else "here" if row["here"] else "not here"
    return f"{row['name']:<14} {state:<9} {row['folder']}   {row['source']}"
