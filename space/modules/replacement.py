"""The report of a replacement: what was replaced where, what was left and why; the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..counted import counted


@dataclass(frozen=True, slots=True)
class ReplacedPlace:
    """A place by its dotted name. kind: the class that stood there; channels: of an example;
    reached: whether the example ran it, None without an example."""

    name: str
    kind: str
    channels: int | None = None
    reached: bool | None = None

    def __str__(self) -> str:
        channels = "" if self.channels is None else f", {self.channels} channels"
        unused = ": did not run on the example" if self.reached is False else ""
        return f"{self.name} ({self.kind}{channels}){unused}"


@dataclass(frozen=True, slots=True)
class LeftPlace:
    """A place that looks like an activation and was not replaced, with the reason."""

    name: str
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name or 'the model itself'} ({self.kind}): {self.reason}"


@dataclass(frozen=True, slots=True)
class Replacement:
    """Report of `replace_activations`, done or with `dry_run` planned; print it to read it.

    replaced: the new places. already: places where the candidate stood before, left as they are.
    left: places that look like activations but were not chosen, or cannot be replaced. shared:
    names of places that have one module, and so one set of parameters, between them;
    `unshare=True` parts them. traced: whether an example ran, without which calls such as
    F.relu(x) cannot be seen. new_parameters: how many the new modules have, which no optimiser
    made before the replacement holds.
    """

    candidate: str
    replaced: tuple[ReplacedPlace, ...]
    already: tuple[str, ...]
    left: tuple[LeftPlace, ...]
    shared: tuple[tuple[str, ...], ...]
    traced: bool
    dry_run: bool
    new_parameters: int
    _undo: Callable[[], None] = field(repr=False, compare=False)

    def undo(self) -> None:
        """Put back what stood there. Raises CandidateError, changing nothing, where something
        else has taken a place since."""
        self._undo()

    def __str__(self) -> str:
        verb = "would replace" if self.dry_run else "replaced"
        lines = [f"{verb} {counted(len(self.replaced), 'activation')} by f(x) = {self.candidate}"]
        lines += [f"  {place}" for place in self.replaced]
        if self.already:
            lines += [f"{len(self.already)} had it already: {', '.join(self.already)}"]
        if self.shared:
            lines += ["one module in several places (unshare=True gives each its own):"]
            lines += [f"  {', '.join(names)}" for names in self.shared]
        if self.left:
            lines += ["left as they are:", *(f"  {place}" for place in self.left)]
        if not self.traced:
            lines += ["calls such as F.relu(x) were not looked for: pass example="]
        if self.new_parameters:
            number = counted(self.new_parameters, "new parameter")
            lines += [f"{number}: make the optimiser after this, with them"]
        return "\n".join(lines)
