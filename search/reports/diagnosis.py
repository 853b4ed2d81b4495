"""A diagnosis for reading, and two side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ...evaluators.diagnosis.dead_units import DeadUnits
from ...evaluators.diagnosis.result import Diagnosis, Look
from ...evaluators.diagnosis.signals import LayerSignals
from ...space.counted import counted
from .text_table import Column, text_table

Row = Sequence[str]


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """Everything that was looked at, a paragraph for each kind; before -> after training."""
    return "\n\n".join(
        paragraph
        for paragraph in (
            "\n".join(_head(diagnosis)),
            _table(list(_signal_rows(diagnosis))),
            _table(list(_dead_rows(diagnosis))),
            _table(list(_layer_rows(diagnosis))),
            "\n".join(_learned(diagnosis)),
            "\n".join(_curvature(diagnosis)),
        )
        if paragraph
    )


def comparison_text(diagnoses: Sequence[Diagnosis]) -> str:
    """The key figures of several diagnoses, a column each."""
    letters = [chr(65 + i) for i in range(len(diagnoses))]
    rows: list[Row] = [("", *letters)]
    for name, value in _KEYS.items():
        cells = [value(diagnosis) for diagnosis in diagnoses]
        if any(cells):
            rows.append((name, *(cell or "-" for cell in cells)))
    legend = [f"{a}  {d.expression}" for a, d in zip(letters, diagnoses, strict=True)]
    return "\n".join(legend) + "\n\n" + _table(rows)


def _head(diagnosis: Diagnosis) -> Iterator[str]:
    yield f"f(x) = {diagnosis.expression}"
    yield (
        f"recipe {diagnosis.recipe}, seed {diagnosis.seed}: {diagnosis.network}, "
        f"{diagnosis.parameters:,} parameters, {diagnosis.train_images:,} training images, "
        f"{counted(len(diagnosis.epochs) - 1, 'epoch')}; torch {diagnosis.torch}"
    )
    last = diagnosis.epochs[-1]
    if diagnosis.reason:
        yield f"the training diverged: {diagnosis.reason}"
    elif last.accuracy is not None:
        yield (
            f"validation accuracy {100 * last.accuracy:.2f} %, loss {_number(last.loss)} nats; "
            f"training loss {_number(last.train_loss)}"
        )
    yield (
        f"measured on {diagnosis.images} training images, dead units on all of them"
        f"{'' if diagnosis.reason else '; a -> b: at initialisation -> after training'}"
    )


def _looks(diagnosis: Diagnosis) -> list[Look]:
    return [diagnosis.before, *([diagnosis.after] if diagnosis.after else [])]


def _both(values: Sequence[str]) -> str:
    return " -> ".join(values)


def _signal_rows(diagnosis: Diagnosis) -> Iterator[Row]:
    if not diagnosis.before.signals:
        return
    columns: Mapping[str, Callable[[LayerSignals], str]] = {
        "pre-activation mean": lambda s: _number(s.before.mean),
        "sd": lambda s: _number(s.before.sd),
        "saturated": lambda s: f"{s.saturated:.1%}",
        "output mean": lambda s: _number(s.after.mean),
        "output sd": lambda s: _number(s.after.sd),
        "zeros": lambda s: f"{s.after.zeros:.1%}",
        "gradient sd": lambda s: _number(s.gradient.sd),
    }
    yield ("hidden layer", *columns)
    for layer, name in enumerate(s.layer for s in diagnosis.before.signals):
        of = [look.signals[layer] for look in _looks(diagnosis)]
        yield (f"{layer + 1} ({name})", *(_both([c(s) for s in of]) for c in columns.values()))


def _dead_rows(diagnosis: Diagnosis) -> Iterator[Row]:
    if not diagnosis.before.dead:
        return
    columns: Mapping[str, Callable[[DeadUnits], int]] = {
        "always 0": lambda d: d.silent,
        "slope always 0": lambda d: d.flat,
        "constant": lambda d: d.constant,
        "dead in general": lambda d: d.dead,
    }
    yield ("dead units", "units", *columns, "share")
    for layer, first in enumerate(diagnosis.before.dead):
        of = [look.dead[layer] for look in _looks(diagnosis)]
        counts = [_both([str(count(d)) for d in of]) for count in columns.values()]
        share = _both([f"{d.dead / d.units:.1%}" for d in of])
        yield (f"{layer + 1} ({first.layer})", str(first.units), *counts, share)


def _layer_rows(diagnosis: Diagnosis) -> Iterator[Row]:
    gradients = [look.gradients for look in _looks(diagnosis) if look.gradients]
    change = diagnosis.epochs[-1].change
    if not gradients and not change:
        return
    head = len(diagnosis.layers) - 1
    yield (
        "layer",
        *(["gradient norm"] if gradients else []),
        *(["weight change"] if change else []),
    )
    for layer, name in enumerate(diagnosis.layers):
        cells = []
        if gradients:
            cells.append(_both([_number(g.norms[layer]) for g in gradients]))
        if change:
            cells.append(f"{change[layer]:.3f}")
        yield (f"{'head' if layer == head else layer + 1} ({name})", *cells)
    if gradients:
        yield ("in all", _both([_number(g.total) for g in gradients]), *([""] if change else []))


def _learned(diagnosis: Diagnosis) -> Iterator[str]:
    first, last = diagnosis.epochs[0].learned, diagnosis.epochs[-1].learned
    for name, values in last.items():
        end = ", ".join(_number(value) for value in values)
        where = "in each layer" if len(values) > 1 else "in the network"
        yield f"{name} from {_number(first[name][0])} to {end} {where}"


def _curvature(diagnosis: Diagnosis) -> Iterator[str]:
    when = ("at initialisation", "after training")
    for look, moment in zip(_looks(diagnosis), when, strict=False):
        if (h := look.hessian) is not None:
            largest = ", ".join(_number(value) for value in h.largest)
            yield (
                f"Hessian {moment}: largest eigenvalues {largest}, lowest {_number(h.lowest)}; "
                f"trace {_number(h.trace)} ± {_number(h.trace_error)}, "
                f"Frobenius norm {_number(h.frobenius)} ± {_number(h.frobenius_error)}"
            )
        if (i := look.instability) is not None:
            yield (
                f"instability index {moment}: {_number(i.index)} per nat "
                f"(E‖H‖ {_number(i.hessian_norm)} over E‖g‖² {_number(i.squared_gradient)}, "
                f"{i.batches} mini-batch{'es' * (i.batches > 1)})"
            )
    if (k := diagnosis.kernel) is not None:
        yield (
            f"tangent kernel at initialisation, {k.images} images: condition "
            f"{_number(k.condition)}, eigenvalues {_number(k.eigenvalues[0])} to "
            f"{_number(k.eigenvalues[-1])}"
        )
    if diagnosis.surface is not None:
        yield (
            f"loss surface: {_number(diagnosis.surface.centre)} nats in the middle, up to "
            f"{_number(max(map(max, diagnosis.surface.losses)))}"
        )


def _dead_share(diagnosis: Diagnosis) -> str:
    look = diagnosis.after or diagnosis.before
    units = sum(d.units for d in look.dead)
    return f"{sum(d.dead for d in look.dead)} of {units}" if units else ""


def _mean_saturated(diagnosis: Diagnosis) -> str:
    signals = (diagnosis.after or diagnosis.before).signals
    return f"{sum(s.saturated for s in signals) / len(signals):.1%}" if signals else ""


def _first_over_last(diagnosis: Diagnosis) -> str:
    norms = diagnosis.before.gradients
    return _number(norms.norms[0] / norms.norms[-1]) if norms and norms.norms[-1] else ""


def _accuracy(diagnosis: Diagnosis) -> str:
    return "diverged" if diagnosis.accuracy is None else f"{100 * diagnosis.accuracy:.2f}"


_KEYS: Mapping[str, Callable[[Diagnosis], str]] = {
    "validation accuracy, %": _accuracy,
    "dead units at the end": _dead_share,
    "saturated at the end, mean of layers": _mean_saturated,
    "gradient norm of layer 1 over the head's, start": _first_over_last,
    "gradient norm at the end": lambda d: (
        _number(d.after.gradients.total) if d.after and d.after.gradients else ""
    ),
    "largest Hessian eigenvalue at the end": lambda d: (
        _number(d.after.hessian.largest[0]) if d.after and d.after.hessian else ""
    ),
    "trace of the Hessian at the end": lambda d: (
        _number(d.after.hessian.trace) if d.after and d.after.hessian else ""
    ),
    "instability index at the end": lambda d: (
        _number(d.after.instability.index) if d.after and d.after.instability else ""
    ),
    "tangent kernel's condition, start": lambda d: _number(d.kernel.condition) if d.kernel else "",
}


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _table(rows: Sequence[Row]) -> str:
    """The first row is the headings; names are on the left, values on the right."""
    if not rows:
        return ""
    headings, *lines = rows
    columns = [Column(h, ">" if i else "<") for i, h in enumerate(headings)]
    return text_table(columns, lines)
