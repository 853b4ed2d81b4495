"""How fast the space is: enumerated, screened, told apart, parsed and evaluated.

    python benchmarks/space.py [--quick]

one_unit_s: CPU seconds for the 6,250 expressions of one core unit, each screened and
fingerprinted at 81 settings of its parameters; one_unit_counts: what they are.
million_two_unit_s: the same for a million of two core units: 4,000 of the 156,250 left operands,
drawn at random, each with all 25 right operands and 10 operators. one_string_us: a candidate of
two units alone as aquasurf takes it (a stand-in in torch, since that needs TensorFlow): a module
from its text, its values at 1,000 normal points, their text, by which it tells functions apart;
alone_us: one alone as a search takes it, screened and fingerprinted. asked_over_built: drawing an
encoding, for which a space is only asked, over assembling its candidate as well, of some spaces,
medians of five rounds in turn. parse_us: from a text that
was not seen before to an nn.Module, in microseconds, the slowest of four.
eager_over_handwritten: a composed candidate's forward and backward over the same formula written
by hand in torch, median of formulas, measured in turn; beside it the bytes both keep for backward.
`--quick` takes 40 left operands instead of 4,000. One thread, CPU time, except where it says wall.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import torch
import torch.nn.functional as F
from hardware import hardware
from torch import Tensor, nn

from actsearch.space import (
    CoreUnits,
    fingerprint,
    parse,
    screen,
    space_from_name,
)
from actsearch.space.enumeration.survey import survey
from actsearch.space.spaces.base import Choose

LEFT_OPERANDS = 156_250  # 25 unary x 6,250 inner units
TEXTS = (
    "x * sigmoid(beta * x)",
    "min(x, sin(x))",
    "exp(-beta * (x ** 2 - tanh(x)) ** 2)",
    "max(tanh(max(x ** 2, x + beta)), cos(x))",
)
DRAWN = ("core-1", "core-2", "tree-5", "mixture-3", "core-1+eafo")
SHAPE = (128, 4096)  # 2 MiB of float32: a hidden layer's activations


class Swish(nn.Module):
    """x * sigmoid(beta * x) as one writes it."""

    def __init__(self) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.beta * x)


class Function(nn.Module):
    """A formula without parameters as a module."""

    def __init__(self, formula: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._formula = formula

    def forward(self, x: Tensor) -> Tensor:
        return self._formula(x)


PAIRS: tuple[tuple[str, Callable[[], nn.Module]], ...] = (
    ("x * sigmoid(beta * x)", Swish),
    ("min(x, sin(x))", lambda: Function(lambda x: torch.minimum(x, torch.sin(x)))),
    ("x * tanh(softplus(x))", lambda: Function(lambda x: x * torch.tanh(F.softplus(x)))),
    ("max(x, 0) + 0.25 * min(x, 0)", lambda: Function(_leaky)),
    ("cos(x) - x", lambda: Function(lambda x: torch.cos(x) - x)),
    ("atan(x) ** 2 - x", lambda: Function(lambda x: torch.atan(x) ** 2 - x)),
)


def _leaky(x: Tensor) -> Tensor:
    return x.clamp(min=0) + 0.25 * x.clamp(max=0)


def main() -> None:
    parser = argparse.ArgumentParser(description="measures the space")
    parser.add_argument("--quick", action="store_true", help="40 left operands, under a minute")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)

    parsing = {text: _parse_microseconds(text) for text in TEXTS}
    for text, microseconds in parsing.items():
        print(f"{'text to module':28}{microseconds:8.0f} us {text}")
    started = time.process_time()
    counts = survey(CoreUnits(1))
    one_unit = time.process_time() - started
    print(f"{'one core unit':28}{one_unit:8.2f} s for {counts.raw:,}: {counts}")

    operands = 40 if quick else 4_000
    drawn = sorted(random.Random(0).sample(range(LEFT_OPERANDS), operands))
    started, wall = time.process_time(), time.perf_counter()
    two = survey(CoreUnits(2), drawn)
    seconds, wall = time.process_time() - started, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{'two core units':28}{seconds:8.2f} s for {two.raw:,} ({wall:.1f} s wall): {two}")
    print(f"{'':28}{seconds / two.raw * 1e6:8.0f} us each, {peak:.2f} GiB at most")

    one_string, alone = _alone(200 if quick else 1_000)
    print(f"{'one string at a time':28}{one_string:8.0f} us each, values only, as aquasurf does")
    print(f"{'':28}{alone:8.0f} us each, screened and fingerprinted")

    ratios = {text: _ratio(text, make) for text, make in PAIRS}
    for text, (ratio, kept, by_hand) in ratios.items():
        print(
            f"{'eager over by hand':28}{ratio:8.2f}    {text}: keeps {kept:.1f} against ", end=""
        )
        print(f"{by_hand:.1f} tensors of its input's size")
    figures = {
        "one_unit_s": round(one_unit, 2),
        "one_unit_counts": asdict(counts),
        "million_two_unit_s": None if quick else round(seconds, 1),
        "million_two_unit_counts": None if quick else asdict(two),
        "two_unit_us": round(seconds / two.raw * 1e6, 1),
        "peak_memory_gib": round(peak, 2),
        "one_string_us": round(one_string, 1),
        "alone_us": round(alone, 1),
        "asked_over_built": {name: _asked_over_built(name) for name in DRAWN},
        "parse_us": round(max(parsing.values()), 1),
        "eager_over_handwritten": round(statistics.median(r for r, _, _ in ratios.values()), 3),
        "eager_over_handwritten_worst": round(max(r for r, _, _ in ratios.values()), 3),
        "kept_over_handwritten_worst": round(max(k / h for _, k, h in ratios.values()), 3),
        "quick": quick,
        **hardware(),
    }
    print(json.dumps(figures))


def _alone(count: int) -> tuple[float, float]:
    """CPU microseconds for one candidate of two units: its values only; all that a search does."""
    space, rng = CoreUnits(2), np.random.default_rng(0)
    texts = [str(space.decode(space.sample(rng))) for _ in range(count)]
    sample = torch.randn(1_000, generator=torch.Generator().manual_seed(0)).clamp(-5, 5)
    started = time.process_time()
    with torch.no_grad():
        known = {str(parse(text).module()(sample).tolist()) for text in texts}
    middle = time.process_time()
    assert len(known) > count / 2
    for text in texts:
        screen(parse(text))
        fingerprint(parse(text))
    return (middle - started) / count * 1e6, (time.process_time() - middle) / count * 1e6


def _asked_over_built(name: str, draws: int = 500) -> float:
    """CPU time of asking a space for random choices over that of building the candidate too."""
    space, rng = space_from_name(name), np.random.default_rng(0)

    def choose(_: str, options: tuple[str, ...]) -> str:
        return options[rng.integers(len(options))]

    times: dict[Callable[[Choose], object], list[float]] = {space.ask: [], space.build: []}
    for _ in range(5):
        for visit, seconds in times.items():
            started = time.process_time()
            for _ in range(draws):
                visit(choose)
            seconds.append(time.process_time() - started)
    ask, build = map(statistics.median, times.values())
    return round(ask / build, 2)


def _parse_microseconds(text: str, repeats: int = 500) -> float:
    """CPU microseconds from text to module: the median of five rounds of texts all new.

    Without the garbage collector, as `timeit` does: a pass over the 10^5 objects that importing
    torch leaves takes as long as a round, and comes in some of them.
    """
    rounds = []
    gc.disable()
    for start in range(0, 5 * repeats, repeats):
        texts = [f"{text} + {number}" for number in range(start, start + repeats)]
        started = time.process_time()
        for new in texts:
            parse(new).module()
        rounds.append((time.process_time() - started) / repeats * 1e6)
    gc.enable()
    return statistics.median(rounds)


def _ratio(text: str, make: Callable[[], nn.Module]) -> tuple[float, float, float]:
    """Time of the composed candidate over that by hand, and what each keeps for backward."""
    modules = (parse(text).module(), make())
    x = torch.randn(*SHAPE, generator=torch.Generator().manual_seed(0))
    gradient = torch.ones_like(x)
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(30):  # in turn: A B B A …, the first of a pair being slower
        for module, seconds in list(zip(modules, times, strict=True))[:: 1 if number % 2 else -1]:
            leaf = x.clone().requires_grad_()
            started = time.process_time()
            module(leaf).backward(gradient)
            seconds.append(time.process_time() - started)
    ratios = [a / b for a, b in zip(*times, strict=True)]
    kept = [_kept(module, x) for module in modules]
    return statistics.median(ratios), kept[0], kept[1]


def _kept(module: nn.Module, x: Tensor) -> float:
    """Bytes that autograd keeps for backward, each storage once, over the input's bytes."""
    storages: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        value = module(x.clone().requires_grad_())
    del value
    return sum(storages.values()) / (x.numel() * x.element_size())


if __name__ == "__main__":
    main()
