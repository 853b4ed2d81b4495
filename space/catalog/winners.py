"""Functions that searches of actsearch came upon and that won when they were confirmed.

Each note says where, against what and by how much; tests/benchmarks/test_records.py holds it to
the record of the confirmation. Elsewhere they may tie or lose: docs/results.md.
"""

from __future__ import annotations

from .entry import Entry

_SEARCH = "actsearch, search deep-no-gain-core-1 of 2026, seed 0"
_WHERE = "12 layers without norms, torch's initial weights (recipe deep-no-gain), n = 5:"
_WITH_GAIN = "a tie where the weights are scaled by the activation (recipe deep)"
_RESNET = "in a small ResNet (examples/resnet.py), n = 5, points behind PReLU:"

WINNERS = (
    Entry(
        "BetaErf",
        "(x + beta) * erf(x)",
        _SEARCH,
        note=f"{_WHERE} +2.18 [+1.43, +2.93] points over GELU; {_WITH_GAIN}; {_RESNET} 36",
    ),
    Entry(
        "BetaAtan",
        "(x + beta) * atan(x)",
        _SEARCH,
        note=f"{_WHERE} +2.10 [+1.33, +2.87] points over GELU; {_WITH_GAIN}; {_RESNET} 31",
    ),
    Entry(
        "BetaCosine",
        "x + beta - cos(x)",
        _SEARCH,
        note=f"{_WHERE} +1.90 [+1.22, +2.57] points over GELU; {_WITH_GAIN}",
    ),
)
