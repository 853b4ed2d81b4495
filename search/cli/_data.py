"""Fetch FashionMNIST once and verify it.

Looks in the cache (ACTSEARCH_DATA), for a system copy, then downloads.
"""

from __future__ import annotations

import argparse
import sys

from ._options import print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(options: argparse.Namespace) -> int:
    from ...evaluators.data import locate, verify

    print("looking for FashionMNIST; fetching it may take a minute …", file=sys.stderr)
    folder = locate()
    verify(folder)
    if options.json:
        print_json({"folder": str(folder), "verified": True})
    else:
        print(f"{folder}: 60,000 training and 10,000 test images, verified")
    return 0
