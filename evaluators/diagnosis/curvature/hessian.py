"""The Hessian of a network's loss as a product with vectors, never formed.

PyHessian is not used: it is under the GPL, draws from torch's global generator, leaves gradients
on the network, and has not been kept up (a change in torch broke its density for years:
amirgholami/PyHessian #17, #23). What is needed is this file and `lanczos.py`, and both are tested
against Hessians that are formed exactly.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..snapshot import evaluating


class LossHessian:
    """H v for the mean cross-entropy (nats) over images x [B, …], labels int64 [B], in eval mode.

    Over all parameters that learn, biases and activation parameters included, flattened in the
    order of `net.parameters()`. Where a slope jumps (ReLU) the second derivative is that of the
    smooth pieces. Holds autograd's graph for all B images as long as it lives: the network must
    not be trained meanwhile.
    """

    def __init__(self, net: nn.Module, x: Tensor, labels: Tensor) -> None:
        self._parameters = [p for p in net.parameters() if p.requires_grad]
        # torch's fused attention has no second derivative.
        with evaluating(net), sdpa_kernel(SDPBackend.MATH):
            loss = F.cross_entropy(net(x), labels)
            pieces = torch.autograd.grad(
                loss, self._parameters, create_graph=True, materialize_grads=True
            )
            self._gradient = torch.cat([piece.flatten() for piece in pieces])
        self.loss = float(loss.detach())

    @property
    def size(self) -> int:
        """The number of parameters, P."""
        return len(self._gradient)

    @property
    def gradient(self) -> Tensor:
        """The loss's gradient, [P]."""
        return self._gradient.detach()

    def __call__(self, vector: Tensor) -> Tensor:
        """H v, [P], of v [P] of any float type; in v's type."""
        if not self._gradient.requires_grad:  # a loss linear in the parameters
            return torch.zeros_like(vector)
        pieces = torch.autograd.grad(
            self._gradient,
            self._parameters,
            vector.to(self._gradient),
            retain_graph=True,
            materialize_grads=True,
        )
        return torch.cat([piece.flatten() for piece in pieces]).to(vector)
