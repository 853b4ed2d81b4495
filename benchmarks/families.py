"""Families against the same formula written by hand in torch: time and memory of a rational.

    python benchmarks/families.py [--quick]

Eager, one thread, float32, forward and backward of x and of all coefficients, on a signal of
[128, 256] as in the quick recipe's network. Both are timed in turn (A B A B …) by CPU time, and
the medians of the ratios are quoted. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from actsearch.space import FAMILIES, family, fitted

SHAPE = (128, 256)


class ByHand(nn.Module):
    """The safe Padé activation unit, version A, as one would write it, both parts by Horner."""

    def __init__(self, numerator: list[float], denominator: list[float]) -> None:
        super().__init__()
        self.numerator = nn.ParameterList(torch.tensor(v) for v in numerator)
        self.denominator = nn.ParameterList(torch.tensor(v) for v in denominator)

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
    for module in (composed, by_hand) * 5:
        cpu_seconds(module, x, backward)
    return statistics.median(
        cpu_seconds(composed, x, backward) / cpu_seconds(by_hand, x, backward)
        for _ in range(rounds)
    )


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick = parser.parse_args().quick
    rounds = 100 if quick else 1000
    torch.set_num_threads(1)
    candidate = family("rational", start="gelu", degree=(5, 4))
    initial = {p.name: p.initial for p in candidate.parameters}
    composed = candidate.module()
    by_hand = ByHand(
        [v for n, v in initial.items() if n[0] == "a"],
        [v for n, v in initial.items() if n[0] == "b"],
    )
    x = torch.randn(SHAPE, generator=torch.Generator().manual_seed(0)).requires_grad_()
    difference = float((composed(x) - by_hand(x)).detach().abs().max())
    assert difference < 1e-5, f"not the same function: off by {difference}"
    forward = ratio(composed, by_hand, x, rounds, backward=False)
    both = ratio(composed, by_hand, x, rounds, backward=True)
    over_relu = ratio(composed, nn.ReLU(), x, rounds, backward=True)
    memory = kept_bytes(lambda: composed(x)) / kept_bytes(lambda: by_hand(x))
    start = time.process_time()
    errors = [fitted(name).max_error for name in FAMILIES]
    building = time.process_time() - start
    print("rational (5, 4), version A, composed over by hand, eager, one thread")
    print(f"  forward               {forward:.2f}")
    print(f"  forward and backward  {both:.2f}   (over ReLU {over_relu:.1f})")
    print(f"  bytes for backward    {memory:.2f}")
    print(
        f"all {len(errors)} families built in {building:.2f} s CPU, worst start {max(errors):.3f}"
    )
    figures = {
        "quick": quick,
        "rational_forward_over_hand": round(forward, 3),
        "rational_both_over_hand": round(both, 3),
        "rational_both_over_relu": round(over_relu, 2),
        "rational_bytes_over_hand": round(memory, 3),
        "families": len(errors),
        "families_built_s": round(building, 2),
        "worst_start_error": round(max(errors), 4),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
