"""A candidate as files anyone can use: activation.py (torch only) and activation.json.

The file is proved before it is handed over: a fresh process imports it and compares value and
gradient with the searched module.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch

from ...space import Expression, module_source
from ...space.analysis.finite_range import finite_points, finite_ranges, finite_text
from ...space.modules.codegen import with_initial
from ...space.scratch import scratch_folder
from ..errors import ExportFailed, InvalidSetting, NameTaken
from ..provenance import provenance
from ..storage.home import usable

FILES = ("activation.py", "activation.json")
RANGE = 8.0  # pre-activation units on either side of 0 on which value and gradient are compared
POINTS = 801  # irrational spacing below keeps them off kinks, which sit at round numbers
TOLERANCE = 1e-10  # relative, in float64
CHANNELS = 3  # of the proof, where parameters are per channel

# Runs in a process of its own, given the file, the points and the expected numbers. It imports
# nothing of ours: what it proves is that the file needs torch alone.
_PROOF = """
import importlib.util, json, sys
import torch
spec = importlib.util.spec_from_file_location("activation", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
task = json.load(open(sys.argv[2]))
ours = [name for name in sys.modules if name.split(".")[0] == "actsearch"]
assert not ours, f"the file imports {ours}"
arguments = {"num_parameters": task["channels"]} if task["channels"] else {}
activation = getattr(module, task["class_name"])(**arguments).double()
x = torch.tensor(task["x"], dtype=torch.float64).requires_grad_()
value = activation(x)
gradient = torch.zeros_like(x)
if value.requires_grad:
    (gradient,) = torch.autograd.grad(value.sum(), x, materialize_grads=True)
for name, points in task["finite"].items():
    near = torch.tensor(points, dtype=getattr(torch, name)).unsqueeze(1)
    near = near.repeat(1, task["channels"] or 1).requires_grad_()
    result = activation.to(near.dtype)(near)
    slope = torch.zeros_like(near)
    if result.requires_grad:
        (slope,) = torch.autograd.grad(result.sum(), near, materialize_grads=True)
    inside = result.isfinite() & slope.isfinite()
    assert inside.all(), f"not finite in {name} at x = {near[~inside][0].item()}"
print(json.dumps({"value": value.tolist(), "gradient": gradient.tolist()}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The files, and the largest relative difference that the proof saw."""

    module: Path
    description: Path
    difference: float


def export(
    expression: Expression,
    folder: Path,
    *,
    facts: Mapping[str, Any] | None = None,
    notes: str = "",
    learned: Mapping[str, Sequence[float]] | None = None,
    class_name: str = "Activation",
) -> Exported:
    """Write the candidate into `folder` and prove the file.

    facts: verdict and numbers, for the JSON; notes: the same in words, for the docstring.
    learned: where training took the parameters shared by the whole net; they replace the initial
    values. Raises NameTaken if the folder holds a file of either name, InvalidSetting for
    parameters that have no one learned value, and ExportFailed (nothing is written) if the file
    does not compute what the candidate does.
    """
    check_free(folder)
    if learned is not None:
        expression = _with_learned(expression, learned)
    finite = f"Value and slope are finite: {finite_text(finite_ranges(expression))}."
    notes = f"{notes}\n{finite}" if notes else finite
    lines = [line for text in notes.splitlines() for line in textwrap.wrap(text, 90)]
    source = module_source(expression, class_name=class_name, notes="\n".join(lines))
    description = {
        "expression": str(expression),
        "class_name": class_name,
        "parameters": [
            {"name": p.name, "initial": p.initial, "granularity": p.granularity}
            for p in expression.parameters
        ],
        **provenance(),
        **(facts or {}),
    }
    texts = {
        "activation.py": source,
        "activation.json": json.dumps(description, indent=2) + "\n",
    }
    difference = _prove(expression, source, class_name)
    with usable(folder, "--output"):
        _write(folder, texts)
    return Exported(
        module=folder / "activation.py",
        description=folder / "activation.json",
        difference=difference,
    )


def check_free(folder: Path) -> None:
    """Raise NameTaken if the folder holds either file of an export already."""
    for name in FILES:
        if os.path.lexists(folder / name):
            raise NameTaken(f"{folder / name} exists: choose another --output, or remove it")


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the files, none of which may exist; what stops it half-way (a full disk, Ctrl-C) finds
    them and the folders made for them removed, and nothing else."""
    folders = [path for path in (folder, *folder.parents) if not path.exists()]
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            with _new(folder / name) as file:
                written.append(folder / name)
                file.write(text)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        for path in folders:
            with suppress(OSError):  # it was not made yet, or somebody else put something there
                path.rmdir()
        raise


def _new(path: Path) -> IO[str]:
    try:
        return path.open("x", encoding="utf-8")
    except FileExistsError:
        raise NameTaken(f"{path} exists: choose another --output, or remove it") from None


def _with_learned(expression: Expression, learned: Mapping[str, Sequence[float]]) -> Expression:
    several = [p.name for p in expression.parameters if p.granularity != "network"]
    if several:
        raise InvalidSetting(
            f"--learned exports parameters shared by the whole net, but {', '.join(several)} took "
            f"another value in every layer or channel: export without it, or search with a "
            f"space like core-1[network]"
        )
    unknown = [p.name for p in expression.parameters if p.name not in learned]
    if unknown:
        raise InvalidSetting(
            f"--learned needs a training that learned {', '.join(unknown)}: export a search or "
            f"one of its trials, or leave --learned out"
        )
    return with_initial(expression, {name: values[0] for name, values in learned.items()})


def _prove(expression: Expression, source: str, class_name: str) -> float:
    """Import the source from a scratch folder, so that only a proved file reaches the user's.

    Largest relative difference of value and gradient; raises ExportFailed above 1e-10, or where
    either is not finite within the ranges that the docstring states."""
    per_channel = any(p.granularity == "channel" for p in expression.parameters)
    channels = CHANNELS if per_channel else None
    x = torch.linspace(-RANGE, RANGE, POINTS, dtype=torch.float64) + math.pi * 1e-4
    x = x.unsqueeze(1).repeat(1, CHANNELS).requires_grad_()
    value = expression.module(channels=channels).double()(x)
    if value.requires_grad:
        (gradient,) = torch.autograd.grad(value.sum(), x, materialize_grads=True)
    else:
        gradient = torch.zeros_like(x)
    with scratch_folder() as scratch:
        file = scratch / "activation.py"
        file.write_text(source, encoding="utf-8")
        task = scratch / "task.json"
        task.write_text(
            json.dumps(
                {
                    "x": x.tolist(),
                    "class_name": class_name,
                    "channels": channels,
                    "finite": {
                        name: finite_points(where)
                        for name, where in finite_ranges(expression).items()
                    },
                }
            )
        )
        done = subprocess.run(
            [sys.executable, "-I", "-B", "-c", _PROOF, str(file), str(task)],
            capture_output=True,
            text=True,
            check=False,
            cwd=scratch,
        )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1]
        raise ExportFailed(f"the exported file does not run by itself: {last}")
    computed = json.loads(done.stdout)
    difference = max(
        _relative(torch.tensor(computed["value"], dtype=torch.float64), value.detach()),
        _relative(torch.tensor(computed["gradient"], dtype=torch.float64), gradient),
    )
    if not difference <= TOLERANCE:
        raise ExportFailed(
            f"the exported file differs from the candidate by {difference:.1e} (relative), more "
            f"than {TOLERANCE:g}: please report the expression {expression}"
        )
    return difference


def _relative(computed: torch.Tensor, expected: torch.Tensor) -> float:
    """Largest relative difference; an infinity or nan that both have is none."""
    difference = (computed - expected).abs() / expected.abs().clamp(min=1.0)
    same = (computed == expected) | (computed.isnan() & expected.isnan())
    return float(difference.masked_fill(same, 0.0).max())
