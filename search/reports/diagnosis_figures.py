"""The figures of one diagnosis, or of two side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from matplotlib.figure import Figure

from ...evaluators.diagnosis.curvature.spectral_density import Spectrum, spectral_density
from ...evaluators.diagnosis.dead_units import DeadUnits
from ...evaluators.diagnosis.histogram import Distribution
from ...evaluators.diagnosis.result import Diagnosis, Look
from ...evaluators.diagnosis.signals import LayerSignals
from ...mlflow.figures.contours import contour_figure
from ...mlflow.figures.curves import SLOPE, VALUE
from ...mlflow.figures.histograms import Bars, histogram_figure
from ...mlflow.figures.line_panels import (
    Line,
    Panel,
    layer_colours,
    line_figure,
)

COLUMNS = 6  # layers whose histograms are drawn: the first, the last, and some between
PATHS = 5  # activation parameters whose paths are drawn
COLOURS = (VALUE, SLOPE)  # of the first diagnosis and the second
FINE = 400  # eigenvalues at which the density is drawn
BELL = 0.01  # width of one eigenvalue in the density, as a share of the range


# Names of the files that `figures_of` may give, as patterns.
FIGURES = (
    "distributions",
    "distributions-?",
    "dead-units",
    "gradients",
    "weights",
    "curvature",
    "surface",
)


def figures_of(diagnoses: Sequence[Diagnosis]) -> dict[str, Figure]:
    """File name without suffix -> figure, of one or two diagnoses; those for which something was
    looked at. Distributions are of one function each."""
    named = [
        f"{chr(65 + i)}: " * (len(diagnoses) > 1) + diagnosis.expression
        for i, diagnosis in enumerate(diagnoses)
    ]
    heading = "    ".join(named)
    figures: dict[str, Figure] = {}
    for number, diagnosis in enumerate(diagnoses, 1):
        if diagnosis.before.signals:
            suffix = f"-{number}" if len(diagnoses) > 1 else ""
            figures[f"distributions{suffix}"] = _distributions(diagnosis)
    for name, panels in (
        ("dead-units", list(_dead(diagnoses))),
        ("gradients", list(_gradients(diagnoses))),
        ("weights", list(_weights(diagnoses))),
        ("curvature", list(_curvature(diagnoses))),
    ):
        if panels:
            figures[name] = line_figure(heading, panels)
    surfaces = {
        f"{chr(65 + i)}: " * (len(diagnoses) > 1)
        + f"loss (nats), {diagnosis.surface.centre:.3g} at +": diagnosis
        for i, diagnosis in enumerate(diagnoses)
        if diagnosis.surface is not None
    }
    if surfaces:
        drawn = {
            name: diagnosis.surface.losses
            for name, diagnosis in surfaces.items()
            if diagnosis.surface
        }
        first = next(iter(surfaces.values())).surface
        assert first is not None
        figures["surface"] = contour_figure(heading, first.axis, drawn)
    return figures


def _distributions(diagnosis: Diagnosis) -> Figure:
    looks = [diagnosis.before, *([diagnosis.after] if diagnosis.after else [])]
    shown = _spaced(len(diagnosis.before.signals))
    columns = [f"layer {i + 1}, {diagnosis.before.signals[i].units} units" for i in shown]
    kinds: Mapping[str, tuple[Callable[[LayerSignals], Distribution], Callable[..., str]]] = {
        "pre-activation": (
            lambda s: s.before,
            lambda s, d: f"saturated {s.saturated:.0%}",
        ),
        "output": (lambda s: s.after, lambda s, d: f"zeros {d.zeros:.0%}"),
        "gradient": (lambda s: s.gradient, lambda s, d: f"zeros {d.zeros:.0%}"),
    }
    rows = {
        name: [
            [_bars(of(look.signals[i]), note(look.signals[i], of(look.signals[i])))
             for look in looks]
            for i in shown
        ]
        for name, (of, note) in kinds.items()
    }  # fmt: skip
    return histogram_figure(
        diagnosis.expression, columns, rows, ("at initialisation", "after training")
    )


def _bars(values: Distribution, note: str) -> Bars:
    caption = f"mean {values.mean:.2g}, sd {values.sd:.2g}, {note}"
    return Bars(values.low, values.high, values.shares, caption)


def _spaced(count: int) -> list[int]:
    """Positions from 0 to count - 1, at most COLUMNS of them, evenly spaced."""
    if count <= COLUMNS:
        return list(range(count))
    return [round(i * (count - 1) / (COLUMNS - 1)) for i in range(COLUMNS)]


def _each(diagnoses: Sequence[Diagnosis]) -> Iterator[tuple[str, str, bool, Look]]:
    """Label, colour, whether it is before training, and the look, for every curve by depth."""
    for number, (diagnosis, colour) in enumerate(zip(diagnoses, COLOURS, strict=False)):
        of = f"{chr(65 + number)} " * (len(diagnoses) > 1)
        yield f"{of}at initialisation", colour, True, diagnosis.before
        if diagnosis.after:
            yield f"{of}after training", colour, False, diagnosis.after


def _dead(diagnoses: Sequence[Diagnosis]) -> Iterator[Panel]:
    kinds: Mapping[str, Callable[[DeadUnits], int]] = {
        "exactly 0 on every image (% of units)": lambda d: d.silent,
        "dead in general (% of units)": lambda d: d.dead,
    }
    if not diagnoses[0].before.dead:
        return
    for heading, count in kinds.items():
        lines = [
            Line(label, range(1, len(look.dead) + 1),
                 [100 * count(d) / d.units for d in look.dead], colour, dashed)
            for label, colour, dashed, look in _each(diagnoses)
        ]  # fmt: skip
        yield Panel(heading, "hidden layer", lines, lowest=0.0, least=1.0)


def _gradients(diagnoses: Sequence[Diagnosis]) -> Iterator[Panel]:
    lines = [
        Line(label, range(1, len(look.gradients.norms) + 1), look.gradients.norms, colour, dashed)
        for label, colour, dashed, look in _each(diagnoses)
        if look.gradients
    ]
    if not lines:
        return
    yield Panel("gradient norm by depth (L2 per layer)", "layer, the head last", lines, log=True)
    for number, diagnosis in enumerate(diagnoses):
        of = f"{chr(65 + number)}: " * (len(diagnoses) > 1)
        norms = [epoch.gradients.norms for epoch in diagnosis.epochs if epoch.gradients]
        yield Panel(f"{of}gradient norm by epoch", "epoch", _by_layer(norms), log=True)


def _weights(diagnoses: Sequence[Diagnosis]) -> Iterator[Panel]:
    for number, diagnosis in enumerate(diagnoses):
        of = f"{chr(65 + number)}: " * (len(diagnoses) > 1)
        changes = [epoch.change for epoch in diagnosis.epochs if epoch.change]
        if not changes:
            continue
        yield Panel(f"{of}weight change, ‖w − w₀‖ / ‖w₀‖", "epoch", _by_layer(changes))
        if diagnosis.epochs[-1].learned:
            yield _paths(diagnosis, of)


def _paths(diagnosis: Diagnosis, of: str) -> Panel:
    """The values of one activation parameter in each layer; of several the change, those first
    that moved furthest."""
    paths = {
        name: list(zip(*(epoch.learned[name] for epoch in diagnosis.epochs), strict=True))
        for name in diagnosis.epochs[-1].learned
    }  # name -> for each layer its value by epoch
    if len(paths) == 1:
        ((name, layers),) = paths.items()
        colours = layer_colours(len(layers))
        lines = [
            Line(f"layer {layer}" if len(layers) > 1 else "network", range(len(path)), path, c)
            for layer, (path, c) in enumerate(zip(layers, colours, strict=True), start=1)
        ]
        return Panel(f"{of}activation parameter {name}", "epoch", lines)
    moved = {
        name: max(abs(path[-1] - path[0]) for path in layers) for name, layers in paths.items()
    }
    first = sorted(moved, key=lambda name: -moved[name])[:PATHS]
    lines = [
        # matplotlib's legend leaves out what begins with _: one entry for a parameter
        Line("_" * bool(layer) + name, range(len(path)), [v - path[0] for v in path], colour,
             marked=False)
        for name, colour in zip(first, layer_colours(len(first)), strict=True)
        for layer, path in enumerate(paths[name])
    ]  # fmt: skip
    shown = f"{len(first)} of {len(paths)}" if len(first) < len(paths) else str(len(paths))
    return Panel(f"{of}change of {shown} activation parameters, by layer", "epoch", lines)


def _by_layer(values: Sequence[Sequence[float]]) -> list[Line]:
    columns = list(zip(*values, strict=True))
    head = len(columns)
    return [
        Line("head" if layer == head else f"layer {layer}", range(len(path)), path, colour)
        for layer, (path, colour) in enumerate(
            zip(columns, layer_colours(head), strict=True), start=1
        )
    ]


def _curvature(diagnoses: Sequence[Diagnosis]) -> Iterator[Panel]:
    spectra = [
        (label, colour, dashed, look.hessian)
        for label, colour, dashed, look in _each(diagnoses)
        if look.hessian
    ]
    if spectra:
        low = min(min(s.nodes) for *_, s in spectra)
        high = max(max(s.nodes) for *_, s in spectra)
        # A tenth of the height that a single eigenvalue has.
        floor = 0.04 / max(s.size for *_, s in spectra) / (BELL * (high - low) or 1.0)
        lines = [
            Line(label, *_density(s, low, high, floor), colour, dashed, marked=False)
            for label, colour, dashed, s in spectra
        ]
        yield Panel(
            "density of the Hessian's eigenvalues", "eigenvalue", lines,
            log=True, integers=False,
        )  # fmt: skip
    kernels = [
        Line(f"{chr(65 + n)}, condition {diagnosis.kernel.condition:.3g}",
             range(1, diagnosis.kernel.images + 1), diagnosis.kernel.eigenvalues, COLOURS[n])
        for n, diagnosis in enumerate(diagnoses)
        if diagnosis.kernel
    ]  # fmt: skip
    if kernels:
        condition = "" if len(kernels) > 1 else f", condition {kernels[0].label.split()[-1]}"
        yield Panel(f"tangent kernel at initialisation{condition}", "rank of eigenvalue", kernels,
                    log=True)  # fmt: skip


def _density(
    spectrum: Spectrum, low: float, high: float, floor: float
) -> tuple[list[float], list[float]]:
    """Eigenvalues and the density there, with gaps where it is below the floor."""
    width = BELL * (high - low) or 1.0
    start, end = low - 4 * width, high + 4 * width
    at = [start + (end - start) * i / (FINE - 1) for i in range(FINE)]
    return at, [d if d > floor else math.nan for d in spectral_density(spectrum, at, width)]
