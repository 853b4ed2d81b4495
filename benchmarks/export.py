"""Cost of an exported activation: compiled, beside torch's own module, and with --memory.

    python benchmarks/export.py [--quick]

The functions are the first 40 pointwise names without learnable parameters of `actsearch catalog`,
in the order of the table, and 40 of core-1 drawn with seed 0; those with special functions
(Bessel) are left out. Signals of 4,194,304 elements and of [128, 4096], float32, forward and
backward of x, one thread. Two things are timed in turn (A B B A …) by CPU time; a ratio is the
median over pairs.
compiled_over_silu: torch.compile of the exported file over nn.SiLU(); median and worst of all, and
what it comes from: the median of those that use an operator, and KERNELS, torch's own forward pass
of one operator over SiLU's.
exported_over_torch_worst: the exported file over torch's module, for every function that torch has
a module for, however it is written. memory_time_over_composed: the file of --memory over the
plain one, median of those that keep more than one tensor without it; tensors_kept: the most that
any file of --memory keeps of x's size for the backward pass. `--quick` takes every eighth function
and a tenth of the large signal.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from actsearch.search.exporting.subject import Subject
from actsearch.search.exporting.torch_file import tensors_kept, torch_source
from actsearch.search.provenance import machine
from actsearch.space import Call, CoreUnits, Expression, parse
from actsearch.space.catalog.table import CATALOG

COUNT = 40  # of each list
LARGE, LAYER = (4_194_304,), (128, 4096)
KERNELS = ("exp", "sigmoid", "erf", "sin", "tanh", "atan", "softplus", "sinh", "asinh")
SPECIAL = {"bessel_i0e", "bessel_i1e"}
# Functions with a module in torch, some of them as a search would write them.
TORCH: tuple[tuple[str, str, nn.Module], ...] = (
    ("PReLU", "max(x, 0) + a=0.25 * min(x, 0)", nn.PReLU()),
    ("GELU tanh", CATALOG["GELUTanh"].formula, nn.GELU(approximate="tanh")),
    ("GELU", "x * (1 + erf(x / 1.4142135623730951)) / 2", nn.GELU()),
    ("Hardtanh", "min(max(x, -1), 1)", nn.Hardtanh()),
    ("ReLU6", "min(relu(x), 6)", nn.ReLU6()),
    ("CELU", "max(x, 0) + 1.5 * (exp(min(x, 0) / 1.5) - 1)", nn.CELU(1.5)),
    ("ELU", "max(x, 0) + exp(min(x, 0)) - 1", nn.ELU()),
    ("SiLU", "x / (1 + exp(-x))", nn.SiLU()),
    ("Mish", "x * tanh(softplus(x))", nn.Mish()),
    ("Softplus", "softplus(2 * x) / 2", nn.Softplus(2)),
    ("LeakyReLU", "max(x, 0) + 0.01 * min(x, 0)", nn.LeakyReLU()),
    ("Hardswish", "x * min(max(x + 3, 0), 6) / 6", nn.Hardswish()),
    ("Hardsigmoid", "min(max(x + 3, 0), 6) / 6", nn.Hardsigmoid()),
    ("Softshrink", "max(x - 0.5, 0) + min(x + 0.5, 0)", nn.Softshrink()),
    ("Tanhshrink", "x - tanh(x)", nn.Tanhshrink()),
    ("LogSigmoid", "-softplus(-x)", nn.LogSigmoid()),
    ("SELU", "selu(x)", nn.SELU()),
    ("Tanh", "2 * sigmoid(2 * x) - 1", nn.Tanh()),
    ("Sigmoid", "1 / (1 + exp(-x))", nn.Sigmoid()),
    ("ReLU", "(x + abs(x)) / 2", nn.ReLU()),
)


@dataclass(frozen=True)
class Pair:
    """The ratio of two modules on a signal."""

    name: str
    shape: str
    ratio: float


def functions() -> dict[str, Expression]:
    """The two lists, by name."""
    plain = {
        n: e.expression for n, e in CATALOG.items() if not e.trainable and _usual(e.expression)
    }
    chosen = dict(list(plain.items())[:COUNT])
    space, rng = CoreUnits(1), np.random.default_rng(0)
    drawn: dict[str, Expression] = {}
    while len(drawn) < COUNT:
        expression = space.decode(space.sample(rng))
        if _usual(expression):
            drawn.setdefault(str(expression), expression)
    return chosen | drawn


def _usual(expression: Expression) -> bool:
    used = {node.primitive for node in expression.nodes() if isinstance(node, Call)}
    return bool(used) and not used & SPECIAL


def imported(expression: Expression, folder: Path, memory: bool = False) -> nn.Module:
    """An instance of the exported file."""
    path = folder / f"activation_{len(list(folder.iterdir()))}.py"
    path.write_text(torch_source(Subject(expression, memory=memory)), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: nn.Module = module.Activation()
    return made


def seconds(module: nn.Module, x: Tensor, slope: Tensor) -> float:
    """CPU seconds of one forward and backward pass."""
    start = time.thread_time()
    value = module(x)
    if value.requires_grad:
        torch.autograd.grad(value, [x, *module.parameters()], slope, allow_unused=True)
    return time.thread_time() - start


def ratio(first: nn.Module, second: nn.Module, shape: tuple[int, ...], rounds: int) -> float:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
    slope = torch.ones(shape)
    ratios = []
    for number in range(rounds + 2):
        # By turns the one and the other goes first.
        pair = (first, second) if number % 2 else (second, first)
        times = {id(module): seconds(module, x, slope) for module in pair}
        ratios.append(times[id(first)] / times[id(second)])
    return statistics.median(ratios[2:])  # the first two to warm up


def compiled_module(module: nn.Module) -> nn.Module:
    """By torch.compile, which is typed as a function and gives a module back."""
    compiled = torch.compile(module)
    assert isinstance(compiled, nn.Module)
    return compiled


def compared(
    pairs: Iterable[tuple[str, nn.Module, nn.Module]], shapes: list[tuple[int, ...]], rounds: int
) -> list[Pair]:
    results = []
    for name, first, second in pairs:
        for shape in shapes:
            measured = ratio(first, second, shape, rounds)
            results.append(Pair(name, "x".join(map(str, shape)), measured))
    return results


def shown(title: str, results: list[Pair]) -> None:
    ratios = [pair.ratio for pair in results]
    worst = max(results, key=lambda pair: pair.ratio)
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
    print(
        f"{title:28} n {len(ratios):3}  median {statistics.median(ratios):5.2f} "
        f"(quartiles {quartiles[0]:.2f}, {quartiles[2]:.2f})  worst {worst.ratio:5.2f} "
        f"({worst.name} at {worst.shape})"
    )


def by_operator(results: list[Pair], functions: dict[str, Expression]) -> None:
    """Print the median ratio of the functions that use each operator, the slowest first: what
    torch's own kernels for it cost."""
    ratios: dict[str, list[float]] = {}
    for pair in results:
        nodes = functions[pair.name].nodes()
        for name in {node.primitive for node in nodes if isinstance(node, Call)}:
            ratios.setdefault(name, []).append(pair.ratio)
    medians = {name: statistics.median(each) for name, each in ratios.items()}
    for name in sorted(medians, key=medians.__getitem__, reverse=True):
        print(f"  with {name:14} n {len(ratios[name]):3}  median {medians[name]:5.2f}")


def kernels(rounds: int) -> dict[str, float]:
    """Time of torch's forward pass of one operator over SiLU's, on the large signal: medians."""
    x = torch.randn(LARGE, generator=torch.Generator().manual_seed(0))
    operators = {name: parse(f"{name}(x)").module() for name in KERNELS}
    ratios: dict[str, list[float]] = {name: [] for name in operators}
    with torch.inference_mode():
        for _ in range(rounds):
            for name, operator in operators.items():
                start = time.thread_time()
                operator(x)
                middle = time.thread_time()
                nn.functional.silu(x)
                ratios[name].append((middle - start) / (time.thread_time() - middle))
    return {name: round(statistics.median(each), 1) for name, each in ratios.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer functions, smaller signals")
    parts = ("compiled", "torch", "memory", "kernels")
    parser.add_argument("--only", choices=parts, help="one part alone")
    options = parser.parse_args()
    quick, only = options.quick, options.only
    torch.set_num_threads(1)
    torch._dynamo.config.recompile_limit = 1000  # one compilation per function, and not eight
    shapes: list[tuple[int, ...]] = [(LARGE[0] // 10,) if quick else LARGE, LAYER]
    rounds = 7 if quick else 11
    chosen = dict(list(functions().items())[:: 8 if quick else 1])
    figures: dict[str, float | dict[str, float]] = {}
    if only in (None, "kernels"):
        figures["kernels_over_silu"] = kernels(rounds)
        print(f"{'torch over silu':28} {figures['kernels_over_silu']}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if only in (None, "torch"):
            files = [(n, imported(parse(text), folder), m) for n, text, m in TORCH]
            results = compared(iter(files), shapes, rounds)
            shown("exported over torch", results)
            figures["exported_over_torch_worst"] = round(max(p.ratio for p in results), 3)
        if only in (None, "memory"):
            lean = {n: imported(e, folder, memory=True) for n, e in chosen.items()}
            figures["tensors_kept"] = max(map(tensors_kept, lean.values()))
            plain = {n: imported(e, folder) for n, e in chosen.items()}
            saving = [n for n in chosen if tensors_kept(plain[n]) > 1]
            results = compared(((n, lean[n], plain[n]) for n in saving), shapes, rounds)
            shown("--memory over composed", results)
            figures["memory_time_over_composed"] = round(
                statistics.median(p.ratio for p in results), 3
            )
        if only in (None, "compiled"):
            compiled = (
                (n, compiled_module(imported(e, folder)), nn.SiLU()) for n, e in chosen.items()
            )
            results = compared(compiled, shapes, rounds)
            shown("compiled over nn.SiLU", results)
            by_operator(results, chosen)
            ratios = [p.ratio for p in results]
            figures["compiled_over_silu_median"] = round(statistics.median(ratios), 3)
            figures["compiled_over_silu_worst"] = round(max(ratios), 3)
    print(
        json.dumps({"quick": quick, **figures, "torch": torch.__version__, "machine": machine()})
    )


if __name__ == "__main__":
    main()
