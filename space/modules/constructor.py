"""The constructor of an exported class: its parameters, their start, and how to ask for them."""

from __future__ import annotations

from ..expressions.expression import Parameter
from .activation import attribute_name


def named(parameters: tuple[Parameter, ...], granularity: str) -> list[str]:
    """The attributes of the parameters of one granularity."""
    return [attribute_name(p) for p in parameters if p.granularity == granularity]


def usage(parameters: tuple[Parameter, ...], class_name: str) -> list[str]:
    """A paragraph on each kind of parameter that an instance has to be told of."""
    channel, network = named(parameters, "channel"), named(parameters, "network")
    paragraphs = []
    if channel:
        paragraphs.append(
            f"Learned per channel: {', '.join(channel)}. num_parameters is how many channels the "
            f"input has in\ndimension channel_dim, or 1, the same for all of them, as in nn.PReLU."
        )
    if network:
        paragraphs.append(
            f"One for the whole net: {', '.join(network)}. Make the first instance "
            f"`first = {class_name}()`, and the others\n`{class_name}(share=first)`."
        )
    return paragraphs


def initialiser(parameters: tuple[Parameter, ...], class_name: str) -> str:
    """The methods `__init__` and `reset_parameters`; empty without parameters."""
    if not parameters:
        return ""
    channel, network = named(parameters, "channel"), named(parameters, "network")
    arguments = ", num_parameters: int = 1, channel_dim: int = 1" if channel else ""
    arguments += f', share: "{class_name} | None" = None' if network else ""
    lines = [f"    def __init__(self{arguments}) -> None:", "        super().__init__()"]
    if channel:
        lines.append("        self.channel_dim = channel_dim")
    for p in parameters:
        name = attribute_name(p)
        start = (
            f"torch.full((num_parameters,), {p.initial!r})"
            if p.granularity == "channel"
            else f"torch.tensor({p.initial!r})"
        )
        fresh = f"nn.Parameter({start})"
        if p.granularity == "network":
            fresh += f" if share is None else share.{name}"
        lines.append(f"        self.{name} = {fresh}")
    lines += ["", "    def reset_parameters(self) -> None:"]
    for p in parameters:
        lines.append(f"        nn.init.constant_(self.{attribute_name(p)}, {p.initial!r})")
    return "\n".join(lines) + "\n\n"
