"""The values that stored scores were computed with; run, it adds those of new primitives.

    python tests/contracts/golden.py

An entry that is there is never changed: where a function no longer has its pinned values, its
stored scores are no longer its own, and it needs another name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from actsearch.space import PRIMITIVES, Primitive
from actsearch.space.expressions.primitives import ALIASES

PATH = Path(__file__).parent / "golden.json"
GOLDEN: Mapping[str, Any] = json.loads(PATH.read_text())


def main() -> None:
    """Write the file with what is new."""
    PATH.write_text(extended(GOLDEN, PRIMITIVES, ALIASES))


def values(primitive: Primitive) -> Tensor:
    """At the file's points, float64; a second operand is the points reversed, plus 0.5."""
    points = torch.tensor(GOLDEN["points"], dtype=torch.float64)
    inputs = (points,) if primitive.arity == 1 else (points, points.flip(0) + 0.5)
    return primitive.function(*inputs)


def extended(
    golden: Mapping[str, Any], primitives: Mapping[str, Primitive], aliases: Mapping[str, str]
) -> str:
    """The file's text: its entries as they are, then the primitives and aliases it lacks."""
    new = {
        name: values(primitive).tolist()
        for name, primitive in primitives.items()
        if name not in golden["primitives"]
    }
    added = {alias: name for alias, name in aliases.items() if alias not in golden["aliases"]}
    sections = [
        f'  "points": {json.dumps(golden["points"])}',
        f'  "aliases": {json.dumps({**golden["aliases"], **added})}',
        _table("primitives", {**golden["primitives"], **new}),
        _table("expressions", golden["expressions"]),
    ]
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _table(name: str, rows: Mapping[str, list[float]]) -> str:
    lines = [f"    {json.dumps(key)}: {json.dumps(row)}" for key, row in rows.items()]
    return f'  "{name}": {{\n' + ",\n".join(lines) + "\n  }"


if __name__ == "__main__":
    main()
