"""Optimiser groups: what activations learn is not pulled to zero by weight decay."""

from __future__ import annotations

from typing import Any

from torch import nn

from .activation import Activation
from .nonpointwise import CLASSES
from .transformed import holders


def parameter_groups(
    model: nn.Module,
    *,
    learning_rate: float | None = None,
    kinds: tuple[type[nn.Module], ...] = (),
) -> list[dict[str, Any]]:
    """Two groups for a torch optimiser: all else as it is, activation parameters without decay.

    Decay towards 0 has a meaning for weights; for the slope of a PReLU (He et al. 2015 leave it
    out) or a coefficient of a rational it bends the function itself. An activation is an
    `Activation`, a class of an exported file (scripted ones too), `nn.PReLU`, a module of
    `NOT_POINTWISE`, or one of `kinds`; what counts is what it holds itself, not its sub-modules'
    weights. After torch.fx, torch.export or torch.jit it is known by the class that it had there.
    `learning_rate` is that of the activations, where it is not the optimiser's. Every parameter
    that needs a gradient is in one group, once; a group that would be empty is left out.

    Raises CandidateError where a traced model does not tell what a class was: make the groups
    before it is traced.
    """
    known: tuple[type[nn.Module], ...] = (Activation, nn.PReLU, *CLASSES, *kinds)
    activations = {
        id(parameter): parameter
        for module in holders(model, known)
        for parameter in module.parameters(recurse=False)
        if parameter.requires_grad
    }
    others = [p for p in model.parameters() if p.requires_grad and id(p) not in activations]
    groups: list[dict[str, Any]] = [{"params": others}] if others else []
    if activations:
        group: dict[str, Any] = {"params": list(activations.values()), "weight_decay": 0.0}
        groups.append(group if learning_rate is None else {**group, "lr": learning_rate})
    return groups
