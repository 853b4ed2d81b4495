"""An expression as an `nn.Module`, and the classes that count as a network's activations."""

from __future__ import annotations

from functools import cache
from keyword import iskeyword
from types import MethodType
from typing import Any

import torch
import torch.fx
from torch import Tensor, nn

from ..errors import CandidateError
from ..expressions.compile import compile_program
from ..expressions.expression import Expression, Parameter
from .channels import per_channel

# Attributes of an Activation
_NAMES = ("training", "expression", "channels", "channel_dim", "parameter_of", "reset_parameters")

# torch.fx takes the call as it is, so that the check is of the shapes that a traced net meets.
torch.fx.wrap("per_channel")


class Activation(nn.Module):
    """A pointwise module: a float tensor of any shape in, the same shape and dtype out.

    Each learnable parameter is an `nn.Parameter` under its own name: a scalar, or of shape
    [channels] where the expression says `[channel]`. `channels` is needed exactly then;
    `channel_dim` says which dimension of the input they are (1 as in `nn.PReLU`; -1 for the
    tokens of a transformer). Raises CandidateError when the channels do not fit. `torch.fx` and
    `torch.jit.script` take it, alone and in a network.
    """

    # Of modules with the same constants and parameters TorchScript compiles the first only.
    __constants__ = ("_formula", "channel_dim")

    def __init__(
        self, expression: Expression, *, channels: int | None = None, channel_dim: int = 1
    ) -> None:
        super().__init__()
        self.expression, self.channels, self.channel_dim = expression, channels, channel_dim
        self._formula = str(expression)
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
        values = []
        for parameter, name in self._attributes:
            value = getattr(self, name).to(x.dtype)
            if parameter.granularity == "channel":
                value = per_channel(value, x, self.channel_dim, parameter.name)
            values.append(value)
        return self._program(x, values)

    def reset_parameters(self) -> None:
        """Give each parameter its initial value, as after `to_empty` of a model made on meta."""
        for parameter, name in self._attributes:
            nn.init.constant_(getattr(self, name), parameter.initial)

    def parameter_of(self, parameter: Parameter) -> Tensor:
        """The learned tensor of one of the expression's parameters: [] or [channels]."""
        value: Tensor = getattr(self, attribute_name(parameter))
        return value

    def __prepare_scriptable__(self) -> Activation:
        """Prepare for `torch.jit.script`, which calls this before it reads `forward`.

        It reads source, and the program has none, so torch.fx's `forward` takes its place.
        """
        vars(self).pop("forward", None)
        graph = torch.fx.Tracer().trace(self)
        for node in graph.nodes:
            node.type = None  # "Tensor" from here would be a name that the source does not import
        source = type(torch.fx.GraphModule(self, graph)).forward
        vars(self)["forward"] = MethodType(source, self)
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "forward"}

    def extra_repr(self) -> str:
        return str(self.expression)


def attribute_name(parameter: Parameter) -> str:
    """The parameter's name, with a _ more, or two, where a module or Python has it already
    (`forward`).

    So have the names that differ from such a one by trailing _ only: no two collide.
    """
    stem = parameter.name.rstrip("_")
    taken = 1 if stem in _NAMES or iskeyword(stem) else 0
    return parameter.name + "_" * max(taken, _underscores().get(stem, 0))


@cache
def _underscores() -> dict[str, int]:
    """For each attribute of a module without its trailing _: how many more than it has, so that
    neither `requires_grad` nor `requires_grad_` becomes `requires_grad_`."""
    names = sorted(dir(nn.Module), key=len)
    return {name.rstrip("_"): len(name) - len(name.rstrip("_")) + 1 for name in names}


# Ours and torch's own: pointwise, so that one can stand where another does and a unit's slope is a
# number. `nn.Identity` is not among them: many networks have it in places of another meaning.
ACTIVATIONS: tuple[type[nn.Module], ...] = (
    Activation, nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh,
    nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.PReLU, nn.ReLU, nn.ReLU6, nn.RReLU, nn.SELU,
    nn.Sigmoid, nn.SiLU, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink,
    nn.Threshold,
)  # fmt: skip


def is_activation(module: nn.Module) -> bool:
    """Whether it is one of `ACTIVATIONS`, or the class of a file that was exported."""
    return isinstance(module, ACTIVATIONS) or is_exported(module)


def is_exported(module: nn.Module) -> bool:
    """Whether its class comes from an exported file, also when scripted; files made before they
    had a `_formula` say it in the first line of their docstring."""
    if isinstance(getattr(module, "_formula", None), str):
        return True
    return (type(module).__doc__ or "").startswith("f(x) = ") and not any(module.children())
