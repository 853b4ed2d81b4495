"""A first try of a user's network and data: what would go wrong in a search is told before it.

Also what goes wrong silently: networks with weights in common train one another, an activation
that never runs scores the same whatever it is, an accuracy of what are no labels is a constant.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..space import Expression
from .protocol.metrics import OverAll, accuracy
from .protocol.report_validation import EvaluatorError
from .training.user_net import Measure, activations_of

IGNORED = -100  # label that torch's losses leave out unless told
ROUNDING = 1e-6  # of a mean in float32


def check_sizes(net: nn.Module) -> None:
    """Raise EvaluatorError for a network with layers whose sizes are not known yet."""
    for name, tensor in chain(net.named_parameters(), net.named_buffers()):
        if is_lazy(tensor):
            raise EvaluatorError(
                f"the network has a lazy layer: the size of {name} comes with the first input. "
                f"Give its size, or pass an input through the network where it is built"
            )


def check_apart(net: nn.Module, other: nn.Module, replaced: Iterable[str]) -> None:
    """Raise EvaluatorError where two networks have in common what a candidate's training changes:
    weights that learn, buffers, or what holds an activation that is replaced, by these names.
    Frozen weights, and modules without a state, may be shared."""
    others = {id(module) for module in other.modules()}
    holders = {id(net.get_submodule(name.rpartition(".")[0])) for name in replaced}
    storages = {_storage(parameter) for parameter in other.parameters()}
    common = [
        name or "all of it"
        for name, module in net.named_modules()
        if id(module) in others and (id(module) in holders or list(module.buffers(recurse=False)))
    ]
    common += [
        name
        for name, parameter in net.named_parameters()
        if parameter.requires_grad and _storage(parameter) in storages
    ]
    if common:
        raise EvaluatorError(
            f"two calls of the function that builds the network give networks that share "
            f"{', '.join(common[:4])}: candidates would train one another. Build it within the "
            f"function, or copy it there (copy.deepcopy)"
        )


def check_targets(targets: Any, loss: Measure, metric: Measure | OverAll) -> None:
    """Raise EvaluatorError for training targets of one class, or an accuracy of other numbers."""
    if not isinstance(targets, Tensor):
        return
    if metric is accuracy and targets.is_floating_point() and bool((targets % 1 != 0).any()):
        raise EvaluatorError(
            f"the metric is the accuracy, a share of right labels, but targets of train are "
            f"numbers such as {float(targets[targets % 1 != 0][0]):g}: give a metric, such as "
            f"OverAll(r2)"
        )
    ignored = getattr(loss, "ignore_index", IGNORED)
    if metric is accuracy and not targets.is_floating_point() and bool((targets == ignored).any()):
        raise EvaluatorError(
            f"labels of train have {ignored}, which the loss leaves out, but the accuracy counts "
            f"as wrong: give a metric that leaves them out too"
        )
    if _classifies(loss, metric) and _are_labels(targets) and targets.min() == targets.max():
        raise EvaluatorError(
            f"train has one class: all {len(targets)} labels looked at are {int(targets[0])}, so "
            f"every candidate would score 100 %; look at how the labels are made"
        )


def check_outputs(targets: Any, outputs: Any, loss: Measure, metric: Measure | OverAll) -> None:
    """Raise EvaluatorError for labels [N] outside the network's outputs [B, C]."""
    if not (isinstance(outputs, Tensor) and outputs.dim() == 2 and outputs.shape[1] > 1):
        return
    if not _classifies(loss, metric) or not _are_labels(targets):
        return
    targets = targets[targets != getattr(loss, "ignore_index", IGNORED)]
    if not len(targets):
        return
    low, high, classes = int(targets.min()), int(targets.max()), outputs.shape[1]
    if low < 0 or high >= classes:
        raise EvaluatorError(
            f"labels of train must lie in 0..{classes - 1}, one of the network's {classes} "
            f"outputs, but range from {low} to {high}: change the labels or the last layer"
        )


def check_fraction(score: float, metric: Measure | OverAll) -> None:
    """Raise EvaluatorError for a score of a metric that is plainly no fraction: of so few samples
    one may be nan, or a correlation below 0."""
    if abs(score) > 1 + ROUNDING:
        raise EvaluatorError(
            f"the metric {name_of(metric)} must be a fraction from 0 to 1, more being better, but "
            f"is {score:g} on the first samples: a percentage is divided by 100, an error is "
            f"turned round, such as 1 / (1 + error)"
        )


def check_measures(loss: Measure, metric: Measure | OverAll) -> None:
    """Raise EvaluatorError for a loss or a metric with parameters that would learn."""
    for kind, measure in (("loss", loss), ("metric", metric)):
        if isinstance(measure, nn.Module):
            learning = [n for n, p in measure.named_parameters() if p.requires_grad]
            if learning:
                raise EvaluatorError(
                    f"the {kind} {name_of(measure)} has parameters that learn "
                    f"({', '.join(learning[:4])}), and no optimiser gets them: put them into the "
                    f"network, or freeze them (requires_grad_(False))"
                )


@contextmanager
def broadcasting_refused() -> Iterator[None]:
    """A block in which torch's losses raise where outputs [B, 1] meet targets [B]: they take every
    output from every target there, and only warn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Using a target size")
        yield


@contextmanager
def activations_must_run(net: nn.Module, candidate: Expression) -> Iterator[None]:
    """Raise EvaluatorError at the end where no activation of the candidate ran in the block."""
    activations = activations_of(net, candidate)
    ran: list[bool] = []
    hooks = [a.register_forward_hook(lambda *_: ran.append(True)) for a in activations]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    if activations and not ran:
        raise EvaluatorError(
            f"none of the {len(activations)} activations that were replaced ran in a forward "
            f"pass, so every candidate would score the same: `forward` calls a function (F.relu), "
            f"or modules that it keeps elsewhere; make it call the module that is registered"
        )


def name_of(measure: Any) -> str:
    """A loss or metric by its name."""
    if isinstance(measure, OverAll):
        return f"OverAll({name_of(measure.function)})"
    return str(getattr(measure, "__qualname__", type(measure).__qualname__))


def _storage(tensor: Tensor) -> object:
    """Equal for tensors that share memory; without memory, of the tensor itself."""
    return tensor.untyped_storage().data_ptr() or id(tensor)


def _classifies(loss: Measure, metric: Measure | OverAll) -> bool:
    return metric is accuracy or loss is F.cross_entropy or isinstance(loss, nn.CrossEntropyLoss)


def _are_labels(targets: Any) -> bool:
    return isinstance(targets, Tensor) and targets.dim() == 1 and not targets.is_floating_point()
