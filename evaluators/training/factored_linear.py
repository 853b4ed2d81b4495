"""Linear layers of an ensemble, whose weights' gradients are kept as two factors, made in pieces.

The gradients of its weights, 50 MB for 45 of the published MLP, would be written to memory
and read back by the optimiser: a fifth of a step's time. Made piece by piece, each is used while
it is in the core's cache.

Weights are [K, out * in], biases [K, out], each row padded to whole cache lines.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

LINE = 16  # floats in a cache line


class GradientFactors:
    """The two factors of the gradient of a layer's weights, noted by a backward pass: the gradient
    of its outputs, [K, out, B], and its inputs, [K, in, B]."""

    def __init__(self) -> None:
        self._noted: tuple[Tensor, Tensor] | None = None

    def note(self, outputs: Tensor, inputs: Tensor) -> None:
        """Keep both, without the graphs they are of, which would lead back here: a cycle would
        hold the memory."""
        self._noted = outputs.detach(), inputs.detach()

    @property
    def known(self) -> bool:
        """Whether there is a gradient: the loss may not depend on a layer, where all candidates
        are constants."""
        return self._noted is not None

    def gradient(self, rows: slice) -> Tensor:
        """The gradient of the weights of some members, float32 [n, out * in], padded."""
        assert self._noted is not None
        outputs, inputs = self._noted
        product = torch.bmm(outputs[rows], inputs[rows].to(outputs.dtype).mT)
        return padded(product.float().flatten(1))


def linear(
    weights: Tensor,
    biases: Tensor,
    signal: Tensor,
    fan_out: int,
    factors: GradientFactors | None,
    *,
    first: bool = False,
) -> Tensor:
    """The layer's outputs [K, out, B] of a signal [K, in, B].

    A backward pass gives the weights no gradient, but notes its factors; None where no such pass
    comes. first: whether the signal is images; the bias is then added after the product has been
    rounded, as it always was, so that scores on record come out the same to the last bit.
    """
    members, fan_in, _ = signal.shape
    weight = _without_padding(weights, fan_out * fan_in).view(members, fan_out, fan_in)
    bias = _without_padding(biases, fan_out).unsqueeze(2)
    outputs: Tensor = _Linear.apply(weight, None if first else bias, signal, factors)
    return outputs + bias if first else outputs


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        weight: Tensor,
        bias: Tensor | None,
        signal: Tensor,
        factors: GradientFactors | None,
    ) -> Tensor:
        ctx.save_for_backward(weight, signal)
        ctx.factors = factors
        return torch.bmm(weight, signal) if bias is None else torch.baddbmm(bias, weight, signal)

    @staticmethod
    def backward(ctx: Any, outputs: Tensor) -> tuple[None, Tensor | None, Tensor | None, None]:
        weight, signal = ctx.saved_tensors
        ctx.factors.note(outputs, signal)
        _, wants_bias, wants_signal, _ = ctx.needs_input_grad
        of_bias = outputs.sum(2, keepdim=True) if wants_bias else None
        of_signal = torch.bmm(weight.to(outputs.dtype).mT, outputs) if wants_signal else None
        return None, of_bias, of_signal, None


def padded(rows: Tensor) -> Tensor:
    """Rows [K, N] lengthened with zeros to whole cache lines.

    The fused optimiser rounds differently in the scalar tail of a tensor than in its vector part:
    unless every member starts on a whole line, which part a number falls into depends on K.
    """
    missing = -rows.shape[1] % LINE
    return F.pad(rows, (0, missing)) if missing else rows


def _without_padding(rows: Tensor, length: int) -> Tensor:
    """The first numbers of each row; the rows themselves where that is all of them, since the
    gradient of a part is written into zeros of the whole."""
    return rows if rows.shape[1] == length else rows[:, :length]
