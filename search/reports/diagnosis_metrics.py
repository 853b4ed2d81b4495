"""A diagnosis as the metrics of an MLflow run: names, values, steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evaluators.diagnosis.result import Diagnosis
from ...evaluators.diagnosis.signals import LayerSignals
from ...mlflow.run_io import Point


def points(diagnosis: Diagnosis) -> Iterator[Point]:
    """The metrics of a diagnosis: those by epoch have the epoch as step, 0 being before training;
    those at two moments have step 0 and the last epoch."""
    for epoch in diagnosis.epochs:
        step = epoch.number
        for name, value in (
            ("val_accuracy", epoch.accuracy),
            ("val_loss", epoch.loss),
            ("train_loss", epoch.train_loss),
        ):
            if value is not None:
                yield name, value, step
        if epoch.gradients:
            yield "gradient_norm/total", epoch.gradients.total, step
            yield from _numbered("gradient_norm", epoch.gradients.norms, step)
        yield from _numbered("weight_change", epoch.change, step)
        for name, values in epoch.learned.items():
            yield from _numbered(f"learned/{name}", values, step)
    moments = [(diagnosis.before, 0), (diagnosis.after, diagnosis.epochs[-1].number)]
    for look, step in moments:
        if look is None:
            continue
        for layer, signals in enumerate(look.signals, 1):
            yield from _signal_points(signals, layer, step)
        for layer, dead in enumerate(look.dead, 1):
            yield f"dead_always_zero/layer_{layer}", dead.silent, step
            yield f"dead/layer_{layer}", dead.dead, step
        if look.dead:
            yield "dead/total", sum(dead.dead for dead in look.dead), step
        if look.hessian:
            yield "hessian/largest", look.hessian.largest[0], step
            yield "hessian/lowest", look.hessian.lowest, step
            yield "hessian/trace", look.hessian.trace, step
            yield "hessian/frobenius", look.hessian.frobenius, step
        if look.instability:
            yield "instability_index", look.instability.index, step
    if diagnosis.kernel:
        yield "tangent_kernel_condition", diagnosis.kernel.condition, 0
    yield from ((f"seconds/{part}", spent, 0) for part, spent in diagnosis.seconds.items())


def _signal_points(signals: LayerSignals, layer: int, step: int) -> Iterator[Point]:
    values = {
        "pre_activation_mean": signals.before.mean,
        "pre_activation_sd": signals.before.sd,
        "output_mean": signals.after.mean,
        "output_sd": signals.after.sd,
        "output_zeros": signals.after.zeros,
        "saturated": signals.saturated,
        "gradient_sd": signals.gradient.sd,
    }
    for name, value in values.items():
        yield f"{name}/layer_{layer}", value, step


def _numbered(name: str, values: Sequence[float], step: int) -> Iterator[Point]:
    for layer, value in enumerate(values, 1):
        yield f"{name}/layer_{layer}", value, step
