"""A recipe for searches by the command line that only have to be real: its candidates train in
well under a second each."""

from __future__ import annotations

from collections.abc import Sequence


def smoke(images: int = 2500, widths: Sequence[int] = (16,), network: str = "mlp") -> str:
    """The recipe as TOML, for a file; on a share of FashionMNIST, rungs 1 and 3."""
    return f"""
name = "smoke-{network}"
network = "{network}"
widths = {list(widths)}
rungs = [1, 3]
warmup = 2
validation = 500
limit = {images}
"""
