"""The rules of a recipe's numbers: every broken one is named, not only the first.

A recipe comes from Python, from a TOML file or from a search's folder, so a rule looks at the
type as well as at the range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...space.errors import nearest
from ...space.printable import shown
from ..data.datasets import DATASETS
from ..networks.registry import NETWORKS

# Images to train on, of which a recipe holds some out.
TRAIN_IMAGES: Mapping[str, int] = MappingProxyType(
    {name: known.images for name, known in DATASETS.items()}
)
# Neurons of a layer. Matrix products of 1 to 3 rows are other routines, which round differently in
# an ensemble than alone, and a score must not depend on what else trains.
NARROWEST = 4
MOST = 1_000_000_000  # of anything counted: far above, torch's own numbers overflow
LARGEST = 1e300  # of a rate or its factor: a float; what diverges by it is recorded as such

Rule = tuple[str, Callable[[Any], bool]]  # "must be …", and whether a value is


def _whole(low: int) -> Rule:
    return f"a whole number, at least {low}", lambda v: _is_whole(v) and low <= v <= MOST


def _number(low: float) -> Rule:
    return f"a number, at least {low:g}", lambda v: _is_number(v) and low <= v <= MOST


def _one_of(*names: str) -> Rule:
    return f"one of {', '.join(names)}", lambda v: v in names


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def _all(values: Any, holds: Callable[[Any], bool]) -> bool:
    return isinstance(values, tuple) and bool(values) and all(map(holds, values))


_BOOL: Rule = "true or false", lambda v: isinstance(v, bool)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "name": (
            "a text of 1 to 40 letters, digits, spaces, dots and dashes",
            lambda v: (
                isinstance(v, str)
                and 1 <= len(v) <= 40
                and all(c.isalnum() or c in ".-_ " for c in v)
            ),
        ),
        "dataset": _one_of(*TRAIN_IMAGES),
        "network": _one_of(*NETWORKS),
        "widths": (
            f"1 or more whole numbers, each at least {NARROWEST}",
            lambda v: _all(v, lambda w: _is_whole(w) and NARROWEST <= w <= MOST),
        ),
        "granularity": _one_of("layer", "network", "channel"),
        "rungs": (
            "rising epochs, from 1 on",
            lambda v: (
                _all(v, _is_whole) and v[0] >= 1 and v[-1] <= MOST and sorted(set(v)) == [*v]
            ),
        ),
        "eta": _whole(1),  # 1: all go on that reach the cut-offs
        "batch_size": _whole(1),
        "optimizer": _one_of("adamw", "sgd"),
        "learning_rate": ("a number above 0", lambda v: _is_number(v) and 0 < v <= LARGEST),
        "momentum": ("a number from 0 to less than 1", lambda v: _is_number(v) and 0 <= v < 1),
        "schedule": _one_of("linear", "constant"),
        "warmup": _whole(0),
        "weight_decay": _number(0),
        "moment_init": _BOOL,
        "lr_multipliers": (
            "1 or more different numbers above 0, one of them 1",
            lambda v: (
                _all(v, lambda s: _is_number(s) and 0 < s <= LARGEST)
                and len(set(v)) == len(v)
                and 1 in v
            ),
        ),
        "seeds_per_score": _whole(1),
        "precision": _one_of("float32", "bfloat16"),
        "pixels": _one_of("standardised", "-1 to 1"),
        "validation": _whole(0),
        "split_seed": _whole(0),
        "limit": (
            "a whole number, at least 2",
            lambda v: v is None or (_is_whole(v) and 2 <= v <= MOST),
        ),
        "evaluator": ("a text of one line", lambda v: isinstance(v, str) and "\n" not in v),
    }
)  # fmt: skip


def broken_rules(values: Mapping[str, Any]) -> list[str]:
    """Every rule that a recipe's fields break, as sentences; rules about one field first.

    Rules about several fields together are looked at once each field by itself holds. Network and
    data set of an evaluator of one's own may have any name.
    """
    renamed = dict.fromkeys(("network", "dataset"), RULES["name"]) if values["evaluator"] else {}
    broken = [
        f"{field} must be {rule}, but is {_shown(values[field])}"
        f"{_meant(field, values[field]) if isinstance(values[field], str) else ''}"
        for field, (rule, holds) in {**RULES, **renamed}.items()
        if not holds(values[field])
    ]
    return broken or [rule for rule, holds in _together(values).items() if not holds]


def _together(values: Mapping[str, Any]) -> dict[str, bool]:
    network, widths = values["network"], values["widths"]
    rule, fits, images = "any widths", True, math.inf  # of an evaluator of one's own
    if not values["evaluator"]:
        rule, fits = NETWORKS[network].widths_rule, NETWORKS[network].fits(widths)
        images = TRAIN_IMAGES[values["dataset"]]
    total = images if values["limit"] is None else values["limit"]
    held = values["validation"]
    return {
        f"limit must be 2 to {images}, but is {values['limit']}": total <= images,
        f"validation must leave training images: 0 to {total - 1}, but is {held}": held < total,
        f"{network} has {rule}, but got {widths}": fits,
        "momentum belongs to sgd: leave it at 0 with adamw": (
            values["momentum"] == 0 or values["optimizer"] == "sgd"
        ),
    }


def _meant(field: str, value: str) -> str:
    options = {"dataset": tuple(TRAIN_IMAGES), "network": tuple(NETWORKS)}.get(field, ())
    hint = nearest(value, options) if options else ""
    return hint if "did you mean" in hint else ""


def _shown(value: Any) -> str:
    return shown(list(value) if isinstance(value, tuple) else value)
