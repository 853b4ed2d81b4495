"""An expression as an `nn.Module`, and the classes that count as a network's activations."""

from __future__ import annotations

from keyword import iskeyword

import torch
from torch import Tensor, nn

from ..errors import CandidateError
from ..expressions.compile import compile_program
from ..expressions.expression import Expression, Parameter

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
        self._attributes = tuple((p, attribute_name(p)) for p in self._program.parameters)
        for parameter, name in self._attributes:
            self.register_parameter(name, nn.Parameter(self._initial(parameter, channels)))

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
        dtype, values = x.dtype, []
        for parameter, name in self._attributes:
            value = getattr(self, name)
            if value.dtype != dtype:
                value = value.to(dtype)
            if parameter.granularity == "channel":
                value = self._per_channel(parameter, value, x)
            values.append(value)
        return self._program(x, values)

    def parameter_of(self, parameter: Parameter) -> Tensor:
        """The learned tensor of one of the expression's parameters: [] or [channels]."""
        value: Tensor = getattr(self, attribute_name(parameter))
        return value

    def _per_channel(self, parameter: Parameter, value: Tensor, x: Tensor) -> Tensor:
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
    """The parameter's name, with a _ more where a module or Python has it already (`forward`).

    So have the names that differ from such a one by trailing _ only: no two collide.
    """
    stem = parameter.name.rstrip("_")
    return parameter.name + "_" * (hasattr(nn.Module, stem) or stem in _OWN or iskeyword(stem))


# Ours and torch's own: pointwise, so that one can stand where another does and a unit's slope is a
# number. `nn.Identity` is not among them: many networks have it in places of another meaning.
ACTIVATIONS: tuple[type[nn.Module], ...] = (
    Activation, nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh,
    nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.PReLU, nn.ReLU, nn.ReLU6, nn.RReLU, nn.SELU,
    nn.Sigmoid, nn.SiLU, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink,
    nn.Threshold,
)  # fmt: skip
