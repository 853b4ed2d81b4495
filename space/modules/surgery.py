"""A network's activations replaced by a candidate: by type, by name, or one by one.

    replace_activations(model, nn.ReLU, candidate)
    replace_activations(model, nn.ReLU, from_file("activation.py"))
    replace_activations(model, "layer[34].*", candidate)
    replace_activations(model, lambda name, module: name.endswith(".act2"), candidate)

A module is replaced where it is held, and so is a function that a module holds in an attribute;
what `forward` calls as a function (`F.relu(x)`) stays, and with an example the report says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from ..errors import CandidateError
from ..expressions.expression import Expression
from .activation import attribute_name, is_activation
from .aliases import Slot
from .channel_counts import channel_counts
from .example_pass import Example
from .exchange import Exchange, exchanged
from .maker import Maker, copies
from .places import Place, Which, check_which, class_name, is_meant, left_places, outermost, places
from .replacement import LeftPlace, ReplacedPlace, Replacement
from .trial_pass import TrialPass, trial_pass

# What shares parameters between processes, by the names of torch's classes, which need not load.
_DISTRIBUTED = {"DistributedDataParallel", "FullyShardedDataParallel", "FSDPModule"}


def replace_activations(
    model: nn.Module,
    which: Which,
    candidate: Expression | type[nn.Module],
    *,
    example: Example | None = None,
    channel_dim: int | None = None,
    unshare: bool = False,
    dry_run: bool = False,
) -> Replacement:
    """Put a fresh copy of the candidate in place of the model's activations, and report.

    which: a type or several; a pattern of dotted names as `fnmatch` reads it, of which pointwise
    activations are taken, and with a wildcard no gates (Sigmoid, Hardsigmoid); or a function of
    (dotted name, module) that says whether. A place that has the candidate already stays.
    candidate: an expression, or the class of an exported file, as `from_file` gives it.

    A module that appears in several places is replaced by one shared copy, as it was; `unshare`
    gives each place its own. One that a block calls several times (a torchvision ResNet's) stays
    one. Parameters of granularity `network` are one tensor for the whole model. Hooks of a
    replaced module stay. Lists, dicts and methods by which the model reaches a module as well
    follow. An optimiser made before has none of the new parameters: make it afterwards.

    example: an input of the model, or a tuple or mapping of its arguments; one forward pass (in
    eval mode, without gradient) finds channels and calls such as F.relu(x). A candidate with
    channel parameters needs it. channel_dim: where an activation's input has its channels; unless
    told, the layer before it or behind it shows. dry_run: only report.

    Raises CandidateError, changing nothing, where there is nothing to replace, one module sees
    several channel counts, or the channels cannot be told; where the model would go on with the
    old module, through a closure or torch.compile; where an activation is called with more than
    its input; and inside DistributedDataParallel, which would not synchronise new parameters.
    """
    check_which(which)
    maker = Maker.of(candidate)
    held, chosen = _choice(model, which, maker)
    stands = [p for p in held if maker.made(p.module)]
    _check_not_distributed(model, chosen, maker)
    network, ties = _network_tensors(stands, maker)
    again = _again(stands) if unshare else []
    chosen += again
    trial = None if example is None else trial_pass(model, example, held, chosen, unshare)
    taken = {*chosen, *stands}
    left = left_places(model, [p for p in held if p not in taken])
    left += trial.called if trial else ()
    if not chosen and not stands:
        raise CandidateError(_nothing(model, which, left))
    needed = bool(maker.parameters("channel"))
    channels = channel_counts(chosen, needed, trial.calls if trial else None, channel_dim)
    modules = copies(model, chosen, maker, channels, unshare, network)
    exchange = Exchange.of(model, chosen, modules)
    new_parameters = len({p for m in modules for p in m.parameters()} - set(model.parameters()))
    now = {id(p): p.module for p in stands} | dict(zip(map(id, chosen), modules, strict=True))
    return Replacement(
        candidate=str(maker.expression),
        replaced=tuple(_replaced(p, channels, trial) for p in chosen),
        already=tuple(p.name for p in stands if p not in again),
        left=tuple(left),
        shared=_shared([(p.name, now[id(p)]) for p in held if id(p) in now]),
        traced=example is not None,
        dry_run=dry_run,
        new_parameters=new_parameters,
        _undo=_nothing_to_undo if dry_run else exchanged(model, exchange, ties),
    )


def _choice(model: nn.Module, which: Which, maker: Maker) -> tuple[list[Place], list[Place]]:
    """The model's places, but for those inside a chosen container, and the chosen ones."""
    every = list(places(model))
    chosen = [p for p in every if not maker.made(p.module) and is_meant(p, which)]
    held = outermost(model, every, chosen)
    outer = set(held)
    return held, [p for p in chosen if p in outer]


def _nothing_to_undo() -> None:
    """After a dry run."""


def _again(stands: Sequence[Place]) -> list[Place]:
    """Of the places that share a module all but the first: they get one of their own."""
    first: set[int] = set()
    again = []
    for place in stands:
        if id(place.module) in first:
            again.append(place)
        first.add(id(place.module))
    return again


def _shared(modules: Sequence[tuple[str, nn.Module]]) -> tuple[tuple[str, ...], ...]:
    names: dict[int, list[str]] = {}
    for name, module in modules:
        names.setdefault(id(module), []).append(name)
    return tuple(tuple(group) for group in names.values() if len(group) > 1)


def _replaced(
    place: Place, channels: Mapping[str, tuple[int, int]], trial: TrialPass | None
) -> ReplacedPlace:
    count = channels[place.name][0] if place.name in channels else None
    reached = bool(trial.calls[place.name]) if trial else None
    return ReplacedPlace(place.name, place.kind, count, reached)


def _network_tensors(
    stands: Sequence[Place], maker: Maker
) -> tuple[dict[str, nn.Parameter], list[Slot]]:
    """The model's tensor of each `network` parameter, by name, and where it takes another's place:
    parts of the model that got the candidate separately have each their own."""
    tensors: dict[str, nn.Parameter] = {}
    ties = []
    for p in maker.parameters("network"):
        name = attribute_name(p)
        for place in stands:
            value = getattr(place.module, name)
            first = tensors.setdefault(name, value)
            if value is first:
                continue
            same = value.device == first.device and (value.is_meta or torch.equal(value, first))
            if not same:
                raise CandidateError(
                    f"'{p.name}' is one tensor for the whole model, but is {first.item():g} in "
                    f"'{stands[0].name}' and {value.item():g} in '{place.name}', which got theirs "
                    f"separately: give them one value, or replace once, in the whole"
                )
            ties.append(Slot(place.module._parameters, name, value, first))
    return tensors, ties


def _check_not_distributed(model: nn.Module, chosen: Sequence[Place], maker: Maker) -> None:
    """Refuse to put new parameters where those of the beginning alone are synchronised."""
    if not maker.expression.parameters:
        return
    parents = {place.parent for place in chosen}
    for name, module in model.named_modules():
        kinds = {kind.__name__ for kind in type(module).__mro__}
        if kinds & _DISTRIBUTED and not parents.isdisjoint(module.modules()):
            raise CandidateError(
                f"{class_name(module)} synchronises the parameters that it was made with, and not "
                f"those of a candidate put in later: replace before it wraps '{name or 'model'}'"
            )


def _nothing(model: nn.Module, which: Which, left: Sequence[LeftPlace]) -> str:
    """Why nothing is replaced, and what the model has instead."""
    leaves = [(n, m) for n, m in model.named_modules() if not any(m.children())]
    kinds = ", ".join(sorted({class_name(m) for _, m in leaves}))
    if isinstance(which, str):
        activations = [name for name, module in leaves if name and is_activation(module)]
        listed = ", ".join(activations[:8]) + (", …" if len(activations) > 8 else "")
        reason = f"no activation of the model has a name like '{which}'; "
        reason += f"there are {listed}" if activations else f"it has {kinds}"
    elif isinstance(which, type | tuple):
        names = " or ".join(k.__name__ for k in (which if isinstance(which, tuple) else (which,)))
        reason = f"the model has no module of the kind {names}; it has {kinds}"
    else:
        reason = f"the function chose none of the model's modules; it has {kinds}"
    if isinstance(model, torch.jit.ScriptModule):
        reason += "; it is scripted: replace before torch.jit.script"
    others = [str(place) for place in left if place.reason != "not chosen"]
    if others:
        reason += f"; left are {'; '.join(others[:4])}"
    return (
        f"{reason} (a call such as F.relu(x) in forward is no module: make an nn.ReLU() in "
        f"__init__ and call that)"
    )
