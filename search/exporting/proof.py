"""The proof of an exported file: a fresh process runs it, and its numbers are compared with ours.

That process gets the files and the points, and imports nothing of ours: a file that passes needs
what its format names, and nothing else.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...space import Expression
from ...space.scratch import scratch_folder
from ..errors import ExportFailed

RANGE = 8.0  # pre-activation units on either side of 0 on which value and gradient are compared
POINTS = 801  # irrational spacing below keeps them off kinks, which sit at round numbers
TOLERANCE = 1e-10  # relative, in float64
CHANNELS = 3  # of the proof, where parameters are per channel
ULPS = 8.0  # units in the last place of x by whose effect two libraries may differ as well
MOVE = 0.17  # of the parameters: initial values are where beta * x and x tie and factors vanish


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


def expected(expression: Expression) -> tuple[Tensor, Tensor]:
    """Value and gradient of the searched function at the points, in float64 [POINTS], for a file
    that holds its numbers in float64: 0.3 is 1e-8 off in float32."""
    numbers = [torch.tensor(p.initial, dtype=torch.float64) for p in expression.parameters]
    return expression.values_and_slopes(proof_points(), numbers)


def rounding(expression: Expression) -> list[Tensor]:
    """How far value and gradient of `expected` go as x goes by ULPS: of sin(exp(x) ** 2) more than
    TOLERANCE, whoever computes it."""
    numbers = [torch.tensor(p.initial, dtype=torch.float64) for p in expression.parameters]
    x = proof_points()
    step = ULPS * torch.finfo(x.dtype).eps * x.abs()
    sides = [expression.values_and_slopes(x + side * step, numbers) for side in (-1, 1)]
    here = expected(expression)
    return [
        torch.maximum((low - middle).abs(), (high - middle).abs()).nan_to_num(0.0)
        for middle, low, high in zip(here, *sides, strict=True)
    ]


def derivatives(module: nn.Module, x: Tensor, move: float) -> list[list[float]]:
    """Value, gradient of x, and that of each parameter by name, flat; the same once more after a
    move of the parameters, of each channel another one.

    A parameter's gradient is a sum over the rows of x: over those where value and slope are
    finite, since one infinity would hide all the others.
    """
    results: list[Tensor] = []
    named = sorted(module.named_parameters())
    for size in (0.0, move):
        with torch.no_grad():
            for _, parameter in named:
                steps = torch.arange(1, parameter.numel() + 1, dtype=parameter.dtype)
                parameter.add_(steps.view_as(parameter), alpha=size)
        x = x.detach().requires_grad_()
        value, slope = module(x), torch.zeros_like(x)
        if value.requires_grad:
            (slope,) = torch.autograd.grad(value.sum(), x, materialize_grads=True)
        results += [value, slope]
        finite = (value.isfinite() & slope.isfinite()).all(1)
        if named:
            parameters = [parameter for _, parameter in named]
            results += torch.autograd.grad(module(x[finite]).sum(), parameters)
    return [result.flatten().tolist() for result in results]


# The same as a program, which has torch alone.
DERIVATIVES = f"from torch import Tensor, nn\n{inspect.getsource(derivatives)}"


def expected_derivatives(expression: Expression, channels: int | None) -> list[list[float]]:
    """The `derivatives` of the searched module, whose parameters start in float32."""
    x = proof_points().unsqueeze(1).repeat(1, channels or 1)
    return derivatives(expression.module(channels=channels).double(), x, MOVE)


def channels_of(expression: Expression) -> int | None:
    """How many channels the proof has, None where no parameter is per channel."""
    return CHANNELS if any(p.granularity == "channel" for p in expression.parameters) else None


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
    computed: Sequence[Any],
    wanted: Sequence[Tensor | list[float]],
    expression: Expression,
    tolerance: float = TOLERANCE,
    slack: Sequence[Tensor] = (),
) -> float:
    """The largest relative difference of values and gradients, tensors or lists in one order,
    beyond the slack of each; raises ExportFailed where it is above the tolerance."""
    differences = [
        relative(ours, torch.as_tensor(theirs, dtype=torch.float64), more)
        for ours, theirs, more in zip_longest(computed, wanted, slack)
    ]
    difference = float(torch.tensor(differences).max())  # of Python's max a NaN may come last
    if not difference <= tolerance:
        raise ExportFailed(
            f"the exported file differs from the candidate by {difference:.1e} (relative), more "
            f"than {tolerance:g}: please report the expression {expression}"
        )
    return difference


def relative(computed: Any, wanted: Tensor, slack: Tensor | None = None) -> float:
    """Largest relative difference beyond the slack; an infinity or nan that both have is none."""
    computed = torch.tensor(computed, dtype=torch.float64).reshape(wanted.shape)
    apart = (computed - wanted).abs()
    if slack is not None:
        apart = torch.where(apart <= slack, 0.0, apart)
    difference = apart / wanted.abs().clamp(min=1.0)
    same = (computed == wanted) | (computed.isnan() & wanted.isnan())
    return float(difference.masked_fill(same, 0.0).max())
