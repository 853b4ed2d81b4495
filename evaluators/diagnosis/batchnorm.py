"""Batch norms put on the statistics of given images, so that an untrained net can be looked at.

In eval mode a fresh batch norm divides by nothing: its running statistics are 0 and 1. In training
mode each image's signal depends on its neighbours, and slopes, Hessians and kernels per image lose
their meaning. So: eval mode, with the statistics that a training step on these images would use.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def calibrated(net: nn.Module, x: Tensor) -> nn.Module:
    """A copy in eval mode whose batch norms have the means and variances of x's signals, [B, …].

    A network without batch norms is copied as it is.
    """
    copied = copy.deepcopy(net).eval()
    norms = [module for module in copied.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return copied
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the running statistics are then plain averages, here of one batch
        norm.train()
    with torch.no_grad():
        copied(x)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return copied.eval()
