"""A diagnosis for reading, and two side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ...evaluators.diagnosis.dead_units import DeadUnits
from ...evaluators.diagnosis.result import Diagnosis, Look
from ...evaluators.diagnosis.signals import LayerSignals

Row = Sequence[str]


def diagnosis_text(found: Diagnosis) -> str:
    """Everything that was looked at, a paragraph for each kind; before -> after training."""
    return "\n\n".join(
        paragraph
        for paragraph in (
            "\n".join(_head(found)),
            _table(list(_signal_rows(found))),
            _table(list(_dead_rows(found))),
            _table(list(_layer_rows(found))),
            "\n".join(_learned(found)),
            "\n".join(_curvature(found)),
        )
        if paragraph
    )


def comparison_text(found: Sequence[Diagnosis]) -> str:
    """The key figures of several diagnoses, a column each."""
    rows: list[Row] = [("", *(chr(65 + i) for i in range(len(found))))]
    for name, value in _KEYS.items():
        cells = [value(one) for one in found]
        if any(cells):
            rows.append((name, *(cell or "-" for cell in cells)))
    named = (f"{chr(65 + i)}  {one.expression}" for i, one in enumerate(found))
    return "\n".join(named) + "\n\n" + _table(rows)


def _head(found: Diagnosis) -> Iterator[str]:
    yield f"f(x) = {found.expression}"
    yield (
        f"recipe {found.recipe}, seed {found.seed}: {found.network}, "
        f"{found.parameters:,} parameters, {found.train_images:,} training images, "
        f"{len(found.epochs) - 1} epochs; torch {found.torch}"
    )
    last = found.epochs[-1]
    if found.reason:
        yield f"the training diverged: {found.reason}"
    elif last.accuracy is not None:
        yield (
            f"validation accuracy {100 * last.accuracy:.2f} %, loss {_number(last.loss)} nats; "
            f"training loss {_number(last.train_loss)}"
        )
    yield (
        f"measured on {found.images} training images, dead units on all of them"
        f"{'' if found.reason else '; a -> b: at initialisation -> after training'}"
    )


def _looks(found: Diagnosis) -> list[Look]:
    return [found.before, *([found.after] if found.after else [])]


def _both(values: Sequence[str]) -> str:
    return " -> ".join(values)


def _signal_rows(found: Diagnosis) -> Iterator[Row]:
    if not found.before.signals:
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
    for layer, name in enumerate(s.layer for s in found.before.signals):
        of = [look.signals[layer] for look in _looks(found)]
        yield (f"{layer + 1} ({name})", *(_both([c(s) for s in of]) for c in columns.values()))


def _dead_rows(found: Diagnosis) -> Iterator[Row]:
    if not found.before.dead:
        return
    columns: Mapping[str, Callable[[DeadUnits], int]] = {
        "always 0": lambda d: d.silent,
        "slope always 0": lambda d: d.flat,
        "constant": lambda d: d.constant,
        "dead in general": lambda d: d.dead,
    }
    yield ("dead units", "units", *columns, "share")
    for layer, first in enumerate(found.before.dead):
        of = [look.dead[layer] for look in _looks(found)]
        counts = [_both([str(count(d)) for d in of]) for count in columns.values()]
        share = _both([f"{d.dead / d.units:.1%}" for d in of])
        yield (f"{layer + 1} ({first.layer})", str(first.units), *counts, share)


def _layer_rows(found: Diagnosis) -> Iterator[Row]:
    gradients = [look.gradients for look in _looks(found) if look.gradients]
    change = found.epochs[-1].change
    if not gradients and not change:
        return
    head = len(found.layers) - 1
    yield (
        "layer",
        *(["gradient norm"] if gradients else []),
        *(["weight change"] if change else []),
    )
    for layer, name in enumerate(found.layers):
        cells = []
        if gradients:
            cells.append(_both([_number(g.norms[layer]) for g in gradients]))
        if change:
            cells.append(f"{change[layer]:.3f}")
        yield (f"{'head' if layer == head else layer + 1} ({name})", *cells)
    if gradients:
        yield ("in all", _both([_number(g.total) for g in gradients]), *([""] if change else []))


def _learned(found: Diagnosis) -> Iterator[str]:
    first, last = found.epochs[0].learned, found.epochs[-1].learned
    for name, values in last.items():
        told = ", ".join(_number(value) for value in values)
        where = "in each layer" if len(values) > 1 else "in the network"
        yield f"{name} from {_number(first[name][0])} to {told} {where}"


def _curvature(found: Diagnosis) -> Iterator[str]:
    when = ("at initialisation", "after training")
    for look, moment in zip(_looks(found), when, strict=False):
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
    if (k := found.kernel) is not None:
        yield (
            f"tangent kernel at initialisation, {k.images} images: condition "
            f"{_number(k.condition)}, eigenvalues {_number(k.eigenvalues[0])} to "
            f"{_number(k.eigenvalues[-1])}"
        )
    if found.surface is not None:
        yield (
            f"loss surface: {_number(found.surface.centre)} nats in the middle, up to "
            f"{_number(max(map(max, found.surface.losses)))}"
        )


def _dead_share(found: Diagnosis) -> str:
    look = found.after or found.before
    units = sum(d.units for d in look.dead)
    return f"{sum(d.dead for d in look.dead)} of {units}" if units else ""


def _mean_saturated(found: Diagnosis) -> str:
    signals = (found.after or found.before).signals
    return f"{sum(s.saturated for s in signals) / len(signals):.1%}" if signals else ""


def _first_over_last(found: Diagnosis) -> str:
    norms = found.before.gradients
    return _number(norms.norms[0] / norms.norms[-1]) if norms and norms.norms[-1] else ""


def _accuracy(found: Diagnosis) -> str:
    return "diverged" if found.accuracy is None else f"{100 * found.accuracy:.2f}"


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
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if first == 0 else cell.rjust(width)
            for first, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
