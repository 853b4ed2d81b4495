"""A network's activations replaced by a candidate: by type, by name, or one by one.

    replace_activations(model, nn.ReLU, candidate)
    replace_activations(model, "layer[34].*", candidate)
    replace_activations(model, lambda name, module: name.endswith(".act2"), candidate)

A module is replaced where it is held, so what `forward` calls as a function (`F.relu(x)`) stays.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from ..errors import CandidateError
from ..expressions.expression import Expression
from .activation import ACTIVATIONS, Activation, attribute_name

Which: TypeAlias = (
    type[nn.Module] | tuple[type[nn.Module], ...] | str | Callable[[str, nn.Module], bool]
)


def replace_activations(
    model: nn.Module,
    which: Which,
    candidate: Expression,
    *,
    example: Tensor | None = None,
    channel_dim: int = 1,
) -> int:
    """Put a fresh copy of the candidate in place of the model's activations; return how many.

    which: a type or several; a pattern of dotted names as `fnmatch` reads it, of which torch's own
    pointwise activations are taken; or a function of (dotted name, module) that says whether.

    A module that appears in several places is replaced by one shared copy, as it was, and one
    that a block calls several times (a torchvision ResNet's) stays one: its calls share the
    parameters that a layer has. Parameters of granularity `network` are one tensor for the whole
    model. A candidate with channel parameters needs `example`, an input of the model: one forward
    pass (in eval mode, without gradient) finds each place's channel count. Raises CandidateError
    when nothing is replaced, or where one module sees several channel counts.
    """
    places = list(_places(model, which))
    if not places:
        raise CandidateError(_nothing(model, which))
    channels: Mapping[nn.Module, int] = {}
    if any(p.granularity == "channel" for p in candidate.parameters):
        channels = _channel_counts(model, [child for *_, child in places], example, channel_dim)
    copies: dict[nn.Module, Activation] = {}
    shared: dict[str, nn.Parameter] = {}
    for parent, name, child in places:
        if child not in copies:
            copies[child] = _copy(candidate, channels.get(child), channel_dim, shared, model)
        setattr(parent, name, copies[child])
        if isinstance(parent, nn.TransformerEncoderLayer) and name == "activation":
            # Else torch's fast path in eval mode goes on computing the ReLU or GELU it saw first.
            parent.activation_relu_or_gelu = 0
    return len(places)


def _places(model: nn.Module, which: Which) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    """Parent, name there and module of each place, once; by all names a shared parent has."""
    seen: set[tuple[int, str]] = set()
    for prefix, parent in model.named_modules(remove_duplicate=False):
        # Not named_children(): it shows a module once that its parent holds under two names.
        for name, child in parent._modules.items():
            if child is None or (id(parent), name) in seen:
                continue
            if _is_meant(f"{prefix}.{name}" if prefix else name, child, which):
                seen.add((id(parent), name))
                yield parent, name, child


def _is_meant(name: str, module: nn.Module, which: Which) -> bool:
    if isinstance(which, str):
        # Of activations only: a pattern like "layer4.*" fits a block's convolutions too.
        return isinstance(module, ACTIVATIONS) and fnmatch.fnmatchcase(name, which)
    if isinstance(which, type | tuple):
        return isinstance(module, which)
    return bool(which(name, module))


def _nothing(model: nn.Module, which: Which) -> str:
    """Why nothing is replaced, and what the model has instead."""
    leaves = [(n, m) for n, m in model.named_modules() if not any(m.children())]
    kinds = ", ".join(sorted({type(m).__name__ for _, m in leaves}))
    if isinstance(which, str):
        activations = [name for name, module in leaves if isinstance(module, ACTIVATIONS)]
        listed = ", ".join(activations[:8]) + (", …" if len(activations) > 8 else "")
        reason = f"no activation of the model has a name like '{which}'; "
        reason += f"there are {listed}" if activations else f"it has {kinds}"
    elif isinstance(which, type | tuple):
        names = " or ".join(k.__name__ for k in (which if isinstance(which, tuple) else (which,)))
        reason = f"the model has no module of the kind {names}; it has {kinds}"
    else:
        reason = f"the function chose none of the model's modules; it has {kinds}"
    return (
        f"{reason} (a call such as F.relu(x) in forward is no module: make an nn.ReLU() in "
        f"__init__ and call that)"
    )


def _copy(
    candidate: Expression,
    channels: int | None,
    channel_dim: int,
    shared: dict[str, nn.Parameter],
    model: nn.Module,
) -> Activation:
    module = Activation(candidate, channels=channels, channel_dim=channel_dim)
    like = next((p for p in model.parameters() if p.is_floating_point()), None)
    if like is not None:
        module.to(device=like.device, dtype=like.dtype)
    module.train(model.training)
    for parameter in candidate.parameters:
        if parameter.granularity == "network":
            name = attribute_name(parameter)
            module.register_parameter(name, shared.setdefault(name, getattr(module, name)))
    return module


def _channel_counts(
    model: nn.Module, targets: list[nn.Module], example: Tensor | None, channel_dim: int
) -> dict[nn.Module, int]:
    if example is None:
        raise CandidateError(
            "the candidate learns parameters per channel: pass example=<an input of the model>, "
            "so that each place's channel count can be found"
        )
    counts: dict[nn.Module, int] = {}

    def record(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        shape = inputs[0].shape
        if not -len(shape) <= channel_dim < len(shape):
            raise CandidateError(
                f"channel_dim={channel_dim} does not exist in an input of shape {tuple(shape)}, "
                f"which an activation of the model gets"
            )
        if counts.setdefault(module, shape[channel_dim]) != shape[channel_dim]:
            raise CandidateError(
                f"an activation used in several places gets {counts[module]} channels in one and "
                f"{shape[channel_dim]} in another: give each place its own, or use [layer]"
            )

    hooks = [target.register_forward_pre_hook(record) for target in dict.fromkeys(targets)]
    modes = {module: module.training for module in model.modules()}
    try:
        model.eval()
        with torch.no_grad():
            model(example)
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes.items():
            module.training = mode
    missing = [t for t in targets if t not in counts]
    if missing:
        raise CandidateError(
            f"{len(missing)} of the activations did not run on the example, so their channel "
            f"count is unknown; use an example that reaches them"
        )
    return counts
