"""The proof of an exported file: a fresh process runs it, and its numbers are compared with ours.

That process gets the files and the points, and imports nothing of ours: a file that passes needs
what its format names, and nothing else.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...space import Expression
from ...space.scratch import scratch_folder
from ..errors import ExportFailed

RANGE = 8.0  # pre-activation units on either side of 0 on which value and gradient are compared
POINTS = 801  # irrational spacing below keeps them off kinks, which sit at round numbers
TOLERANCE = 1e-10  # relative, in float64
CHANNELS = 3  # of the proof, where parameters are per channel


@dataclass(frozen=True, slots=True)
class Proof:
    """Result of a format's proof: the largest relative difference, and all of it in words."""

    difference: float
    text: str


def in_a_fresh_process(difference: float, allowed: float, of: str = "value and gradient") -> Proof:
    """The proof of a program."""
    return Proof(
        difference,
        f"proved in a fresh process: {of} within {difference:.1e} of the searched module "
        f"(allowed {allowed:g})",
    )


def proof_points() -> Tensor:
    """float64 [POINTS], none of them round."""
    return torch.linspace(-RANGE, RANGE, POINTS, dtype=torch.float64) + math.pi * 1e-4


def expected(
    expression: Expression, start: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor, int | None]:
    """Value and gradient of the searched module on [POINTS, CHANNELS] points, in float64, and how
    many channels its parameters have.

    start: what its parameters start in: float32 as modules do, float64 for a file that holds
    their numbers, since 0.3 is 1e-8 off in float32.
    """
    per_channel = any(p.granularity == "channel" for p in expression.parameters)
    channels = CHANNELS if per_channel else None
    x = proof_points().unsqueeze(1).repeat(1, CHANNELS).requires_grad_()
    module = expression.module(channels=channels).double()
    with torch.no_grad():
        for parameter in expression.parameters:
            number = torch.tensor(parameter.initial, dtype=start)
            module.parameter_of(parameter).copy_(number)
    value = module(x)
    if value.requires_grad:
        (gradient,) = torch.autograd.grad(value.sum(), x, materialize_grads=True)
    else:
        gradient = torch.zeros_like(x)
    return value.detach(), gradient, channels


def run_alone(
    program: str,
    files: Mapping[str, str | bytes],
    task: Mapping[str, Any],
    variables: Mapping[str, str] | None = None,
) -> Any:
    """The JSON that a program prints, run in a process of its own in a folder with the files,
    where task.json is its task. Raises ExportFailed with the last line of its error."""
    with scratch_folder() as scratch:
        for name, content in files.items():
            write(scratch / name, content)
        (scratch / "task.json").write_text(json.dumps(task))
        done = python_alone(program, scratch, variables)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise ExportFailed(f"the exported file does not run by itself: {last}")
    return json.loads(done.stdout.splitlines()[-1])


def python_alone(
    program: str, folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A program's end and output, run in this folder by a Python that finds what is installed and
    nothing else, with these variables beside ours."""
    return subprocess.run(
        [sys.executable, "-I", "-B", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, **(variables or {})},
    )


def write(path: Path, content: str | bytes) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def compare(
    computed: Mapping[str, Any],
    value: Tensor,
    gradient: Tensor,
    expression: Expression,
    tolerance: float = TOLERANCE,
) -> float:
    """The largest relative difference of values and, where there are some, gradients; raises
    ExportFailed where it is above the tolerance."""
    differences = [relative(computed["value"], value)]
    if "gradient" in computed:
        differences.append(relative(computed["gradient"], gradient))
    difference = max(differences)
    if not difference <= tolerance:
        raise ExportFailed(
            f"the exported file differs from the candidate by {difference:.1e} (relative), more "
            f"than {tolerance:g}: please report the expression {expression}"
        )
    return difference


def relative(computed: Any, wanted: Tensor) -> float:
    """Largest relative difference; an infinity or nan that both have is none."""
    computed = torch.tensor(computed, dtype=torch.float64).reshape(wanted.shape)
    difference = (computed - wanted).abs() / wanted.abs().clamp(min=1.0)
    same = (computed == wanted) | (computed.isnan() & wanted.isnan())
    return float(difference.masked_fill(same, 0.0).max())
