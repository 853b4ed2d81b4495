"""An expression as an `nn.Module`, and a network's activations replaced by it."""

from __future__ import annotations

from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

import torch
from torch import Tensor, nn

from .errors import CandidateError
from .expression import Expression, Parameter
from .program import compile_program

_OWN = ("training", "expression", "channels", "channel_dim")  # attributes of an Activation


class Activation(nn.Module):
    """A pointwise module: a float tensor of any shape in, the same shape and dtype out.

    Each learnable parameter is an `nn.Parameter` under its own name: a scalar, or of shape
    [channels] where the expression says `[channel]`. `channels` is needed exactly then;
    `channel_dim` says which dimension of the input they are (1 as in `nn.PReLU`; -1 for the
    tokens of a transformer). Raises CandidateError when the channels do not fit.
    """

    def __init__(
        self, expression: Expression, *, channels: int | None = None, channel_dim: int = 1
    ) -> None:
        super().__init__()
        self.expression, self.channels, self.channel_dim = expression, channels, channel_dim
        self._program = compile_program(expression)
        for parameter in self._program.parameters:
            self.register_parameter(
                attribute_name(parameter), nn.Parameter(self._initial(parameter, channels))
            )

    @staticmethod
    def _initial(parameter: Parameter, channels: int | None) -> Tensor:
        if parameter.granularity != "channel":
            return torch.tensor(parameter.initial)
        if channels is None or channels < 1:
            raise CandidateError(
                f"'{parameter.name}' is learned per channel: say how many, "
                f"module(channels=…), at least 1, but got {channels}"
            )
        return torch.full((channels,), parameter.initial)

    def forward(self, x: Tensor) -> Tensor:
        return self._program(x, [self._broadcast(p, x) for p in self._program.parameters])

    def parameter_of(self, parameter: Parameter) -> Tensor:
        """The learned tensor of one of the expression's parameters: [] or [channels]."""
        value: Tensor = getattr(self, attribute_name(parameter))
        return value

    def _broadcast(self, parameter: Parameter, x: Tensor) -> Tensor:
        value = self.parameter_of(parameter).to(x.dtype)
        if parameter.granularity != "channel":
            return value
        if not -x.dim() <= self.channel_dim < x.dim() or (
            x.shape[self.channel_dim] != self.channels
        ):
            raise CandidateError(
                f"'{parameter.name}' has {self.channels} channels in dimension "
                f"{self.channel_dim}, but the input has shape {tuple(x.shape)}"
            )
        shape = [1] * x.dim()
        shape[self.channel_dim] = -1
        return value.view(shape)

    def extra_repr(self) -> str:
        return str(self.expression)


def attribute_name(parameter: Parameter) -> str:
    """Its own name, with a _ more where a module or Python has that name already (`forward`).

    So have the names that differ from such a one by trailing _ only: no two collide.
    """
    stem = parameter.name.rstrip("_")
    return parameter.name + "_" * (hasattr(nn.Module, stem) or stem in _OWN or iskeyword(stem))


def replace_activations(
    model: nn.Module,
    kind: type[nn.Module] | tuple[type[nn.Module], ...],
    candidate: Expression,
    *,
    example: Tensor | None = None,
    channel_dim: int = 1,
) -> int:
    """Put a fresh copy of the candidate in place of every module of a kind; return how many.

    A module that appears in several places is replaced by one shared copy, as it was. Parameters
    of granularity `network` are one tensor for the whole model. A candidate with channel
    parameters needs `example`, an input of the model: one forward pass (in eval mode, without
    gradient) finds each place's channel count. Raises CandidateError when nothing is replaced.
    """
    # Not named_children(): it shows a module once that its parent holds under two names.
    places = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent._modules.items()
        if isinstance(child, kind)
    ]
    if not places:
        names = sorted({type(m).__name__ for m in model.modules() if not any(m.children())})
        raise CandidateError(
            f"the model has no module of the kind {_kind_name(kind)}; it has {', '.join(names)}"
        )
    channels: Mapping[nn.Module, int] = {}
    if any(p.granularity == "channel" for p in candidate.parameters):
        channels = _channel_counts(model, [child for *_, child in places], example, channel_dim)
    copies: dict[nn.Module, Activation] = {}
    shared: dict[str, nn.Parameter] = {}
    for parent, name, child in places:
        if child not in copies:
            copies[child] = _copy(candidate, channels.get(child), channel_dim, shared, model)
        setattr(parent, name, copies[child])
    return len(places)


def _kind_name(kind: type[nn.Module] | tuple[type[nn.Module], ...]) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(k.__name__ for k in kinds)


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
