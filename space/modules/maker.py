"""How the modules of a candidate are made: of its expression, or by the class of its file."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import nn

from ..errors import CandidateError
from ..expressions.expression import Expression, Parameter
from ..expressions.parser import parse_stored
from .activation import Activation, attribute_name, is_exported
from .handover import reference, take_over
from .places import Place


@dataclass(frozen=True, slots=True)
class Maker:
    """A candidate's expression, and where a file has its class, that class."""

    expression: Expression
    kind: type[nn.Module] | None

    @staticmethod
    def of(candidate: Expression | type[nn.Module]) -> Maker:
        """Raises CandidateError for a class that no export wrote."""
        if isinstance(candidate, Expression):
            return Maker(candidate, None)
        formula = getattr(candidate, "_formula", None)
        if not isinstance(formula, str):
            raise CandidateError(
                f"an activation is put in as an expression, parse('x * sigmoid(x)'), or as the "
                f"class of an exported file, from_file('activation.py'), but got {candidate!r}"
            )
        return Maker(parse_stored(formula), candidate)

    def made(self, module: nn.Module) -> bool:
        """Whether the module is one of this candidate, of the kind that is asked for."""
        if self.kind is None:
            return isinstance(module, Activation) and module.expression == self.expression
        formula = getattr(module, "_formula", None) if is_exported(module) else None
        return isinstance(formula, str) and parse_stored(formula) == self.expression

    def parameters(self, granularity: str) -> list[Parameter]:
        """The parameters of one granularity: `network` ones are one tensor for the whole model."""
        return [p for p in self.expression.parameters if p.granularity == granularity]

    def make(self, channels: int | None, channel_dim: int) -> nn.Module:
        """A fresh one; `channels` counts where the candidate learns values per channel."""
        if self.kind is None:
            return Activation(self.expression, channels=channels, channel_dim=channel_dim)
        if self.parameters("channel"):
            return self.kind(num_parameters=channels, channel_dim=channel_dim)
        return self.kind()


def copies(
    model: nn.Module,
    chosen: Sequence[Place],
    maker: Maker,
    channels: Mapping[str, tuple[int, int]],
    unshare: bool,
    network: Mapping[str, nn.Parameter],
) -> list[nn.Module]:
    """The module for each place, in order; network: the model's tensors of that kind, by name."""
    tensors = dict(network)
    fresh: dict[nn.Module, nn.Module] = {}
    modules: list[nn.Module] = []
    for place in chosen:
        if maker.made(place.module):
            modules.append(copy.deepcopy(place.module))  # learned values and all
        elif not unshare and place.module in fresh:
            modules.append(fresh[place.module])
        else:
            module = maker.make(*channels.get(place.name, (None, 1)))
            like = reference(place.module, place.parent, model)
            if like is not None:
                module.to(device=like.device, dtype=like.dtype)
            take_over(module, place.module, first=place.module not in fresh)
            fresh[place.module] = module
            modules.append(module)
        for p in maker.parameters("network"):
            name = attribute_name(p)
            value = tensors.setdefault(name, getattr(modules[-1], name))
            modules[-1].register_parameter(name, value)
    return modules
