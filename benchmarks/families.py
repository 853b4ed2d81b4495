"""Composed candidates against the same formula written by hand in torch: time and memory.

    python benchmarks/families.py [--quick]

A rational, a B-spline, Swish and a candidate of two core units. Eager, one thread, float32, on a
signal of [128, 256] as in the quick recipe's network; forward, and forward with backward of x and
of all coefficients. Both are timed in turn (A B B A …) by CPU time, and the medians of the ratios
are quoted. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping

import torch
from hardware import hardware
from torch import Tensor, nn

from actsearch.space import (
    FAMILIES,
    Expression,
    family,
    fitted,
    parse,
)

SHAPE = (128, 256)


class Rational(nn.Module):
    """The safe Padé activation unit, version A, as one would write it, both parts by Horner."""

    def __init__(self, initial: Mapping[str, float]) -> None:
        super().__init__()
        self.numerator = _parameters(initial, "a")
        self.denominator = _parameters(initial, "b")

    def forward(self, x: Tensor) -> Tensor:
        a, b, size = list(self.numerator), list(self.denominator), x.abs()
        above = a[4] + x * a[5]
        for coefficient in reversed(a[:4]):
            above = coefficient + x * above
        below = b[2].abs() + size * b[3].abs()
        for coefficient in reversed(b[:2]):
            below = coefficient.abs() + size * below
        value: Tensor = above / (1 + size * below)
        return value


class BSpline(nn.Module):
    """Cubic splines at 11 knots from -5 to 5, and four tails."""

    def __init__(self, initial: Mapping[str, float]) -> None:
        super().__init__()
        self.heights = _parameters(initial, "c")
        self.tails = _parameters(initial, "t")

    def forward(self, x: Tensor) -> Tensor:
        t = list(self.tails)
        value: Tensor = t[0] + t[1] * x + t[2] * nn.functional.softplus(x) + t[3] * torch.tanh(x)
        for knot, height in zip(range(-5, 6), self.heights, strict=True):
            u = (x - knot).abs()
            outer, inner = (2 - u).clamp(min=0), (1 - u).clamp(min=0)
            bump = outer * outer * outer / 6 - 2 * (inner * inner * inner) / 3
            value = value + height * bump
        return value


class Swish(nn.Module):
    """x * sigmoid(beta * x)."""

    def __init__(self, initial: Mapping[str, float]) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.tensor(initial["beta"]))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.beta * x)


class TwoUnits(nn.Module):
    """max(tanh(max(x ** 2, x + beta)), cos(x))."""

    def __init__(self, initial: Mapping[str, float]) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.tensor(initial["beta"]))

    def forward(self, x: Tensor) -> Tensor:
        inner = torch.maximum(x**2, x + self.beta)
        return torch.maximum(torch.tanh(inner), torch.cos(x))


PAIRS: tuple[tuple[str, Callable[[], Expression], Callable[[Mapping[str, float]], nn.Module]], ...]
PAIRS = (
    ("rational", lambda: family("rational", start="gelu", degree=(5, 4)), Rational),
    ("b_spline", lambda: family("b-spline", start="gelu", count=11, width=5.0), BSpline),
    ("swish", lambda: family("swish-beta"), Swish),
    ("two_units", lambda: parse("max(tanh(max(x ** 2, x + beta)), cos(x))"), TwoUnits),
)


def _parameters(initial: Mapping[str, float], letter: str) -> nn.ParameterList:
    return nn.ParameterList(torch.tensor(v) for n, v in initial.items() if n[0] == letter)


def cpu_seconds(module: nn.Module, x: Tensor, backward: bool) -> float:
    start = time.process_time()
    value = module(x)
    if backward:
        value.sum().backward()
        module.zero_grad()
        x.grad = None
    return time.process_time() - start


def ratio(
    composed: nn.Module, by_hand: nn.Module, x: Tensor, rounds: int, backward: bool
) -> float:
    ratios = []
    for number in range(rounds + 10):
        # By turns the one and the other goes first: the first of a pair is some 3 % slower.
        pair = (composed, by_hand) if number % 2 else (by_hand, composed)
        times = {module: cpu_seconds(module, x, backward) for module in pair}
        ratios.append(times[composed] / times[by_hand])
    return statistics.median(ratios[10:])  # the first ten to warm up


def kept_bytes(run: Callable[[], Tensor]) -> int:
    """Bytes of distinct tensors that autograd keeps for backward."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        value = run()
    del value
    return sum(kept.values())


def compared(
    candidate: Expression, make: Callable[[Mapping[str, float]], nn.Module], rounds: int
) -> dict[str, float]:
    """Composed over by hand: forward, forward and backward, bytes kept; and over ReLU."""
    composed, by_hand = candidate.module(), make({p.name: p.initial for p in candidate.parameters})
    x = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0)).requires_grad_()
    difference = float((composed(x) - by_hand(x)).detach().abs().max())
    assert difference < 1e-5, f"not the same function: off by {difference}"
    return {
        "forward_over_hand": round(ratio(composed, by_hand, x, rounds, backward=False), 3),
        "both_over_hand": round(ratio(composed, by_hand, x, rounds, backward=True), 3),
        "both_over_relu": round(ratio(composed, nn.ReLU(), x, rounds, backward=True), 2),
        "bytes_over_hand": round(
            kept_bytes(lambda: composed(x)) / kept_bytes(lambda: by_hand(x)), 3
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick = parser.parse_args().quick
    rounds = 100 if quick else 1000
    torch.set_num_threads(1)
    figures: dict[str, float] = {}
    print("composed over by hand, eager, one thread")
    print(f"{'':12}{'forward':>9}{'and backward':>14}{'bytes kept':>12}{'both over ReLU':>16}")
    for name, candidate, make in PAIRS:
        comparison = compared(candidate(), make, rounds)
        figures |= {f"{name}_{key}": value for key, value in comparison.items()}
        print(
            f"{name:12}{comparison['forward_over_hand']:9.2f}{comparison['both_over_hand']:14.2f}"
            f"{comparison['bytes_over_hand']:12.2f}{comparison['both_over_relu']:16.1f}"
        )
    start = time.process_time()
    errors = [fitted(name).max_error for name in FAMILIES]
    building = time.process_time() - start
    print(
        f"all {len(errors)} families built in {building:.2f} s CPU, worst start {max(errors):.3f}"
    )
    figures |= {
        "families": len(errors),
        "families_built_s": round(building, 2),
        "worst_start_error": round(max(errors), 4),
    }
    print(json.dumps({"quick": quick, **figures, **hardware()}))


if __name__ == "__main__":
    main()
