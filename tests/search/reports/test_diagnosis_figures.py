"""The figures of a diagnosis: what they draw of whom, and what they leave out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from matplotlib.axes import Axes

from actsearch.evaluators import (
    Diagnosis,
    Sizes,
    diagnose,
    load_train,
    recipe_from_name,
)
from actsearch.search.reports.diagnosis_figures import (
    COLUMNS,
    PATHS,
    _spaced,
    figures_of,
)
from actsearch.space import parse

RECIPE = dataclasses.replace(
    recipe_from_name("quick").limited(200), rungs=(2,), widths=(12, 8), batch_size=40, warmup=2
)
SMALL = Sizes(images=20, probes=1, steps=4, points=3, kernel_images=4, index_batches=1)


def diagnosis_of(text: str, *parts: str) -> Diagnosis:
    return diagnose(parse(text), RECIPE, load_train(), parts=parts, sizes=SMALL)


def legend(axes: Axes) -> list[str]:
    drawn = axes.get_legend()
    return [] if drawn is None else [text.get_text() for text in drawn.get_texts()]


def test_one_parameter_is_drawn_by_its_values_in_each_layer() -> None:
    diagnosis = diagnosis_of("x * sigmoid(beta * x)", "change")
    _, paths = figures_of([diagnosis])["weights"].axes
    assert paths.get_title() == "activation parameter beta"
    assert legend(paths) == ["layer 1", "layer 2"]
    assert [np.asarray(line.get_ydata()).tolist() for line in paths.get_lines()] == [
        [epoch.learned["beta"][layer] for epoch in diagnosis.epochs] for layer in (0, 1)
    ]


def test_of_many_parameters_those_that_moved_furthest_are_drawn_by_their_change() -> None:
    names = [f"p{i}" for i in range(PATHS + 2)]
    # p0 is multiplied by almost nothing, so it has the least gradient and cannot be among them
    text = " + ".join(f"{1e-9 if n == 'p0' else 1} * {n} * tanh(x)" for n in names)
    diagnosis = diagnosis_of(text, "change")
    _, paths = figures_of([diagnosis])["weights"].axes
    assert (
        paths.get_title() == f"change of {PATHS} of {len(names)} activation parameters, by layer"
    )
    assert len(legend(paths)) == PATHS
    assert len(paths.get_lines()) == PATHS * 2
    assert "p0" not in legend(paths)
    assert all(np.asarray(line.get_ydata())[0] == 0 for line in paths.get_lines())


@pytest.mark.heavy
def test_only_what_was_looked_at_is_drawn() -> None:
    assert set(figures_of([diagnosis_of("relu(x)", "dead")])) == {"dead-units"}
    figures = figures_of([diagnosis_of("relu(x)", "kernel", "surface")])
    assert set(figures) == {"curvature", "surface"}
    assert figures["curvature"].axes[0].get_title().startswith("tangent kernel")


def test_two_functions_share_a_figure_but_not_their_distributions() -> None:
    pair = [diagnosis_of(text, "signals", "gradients") for text in ("relu(x)", "tanh(x)")]
    figures = figures_of(pair)
    assert set(figures) == {"distributions-1", "distributions-2", "gradients"}
    depth, *by_epoch = figures["gradients"].axes
    assert legend(depth) == [
        "A at initialisation", "A after training", "B at initialisation", "B after training",
    ]  # fmt: skip
    assert [axes.get_title()[:2] for axes in by_epoch] == ["A:", "B:"]
    assert legend(by_epoch[0]) == ["layer 1", "layer 2", "head"]


def test_a_training_that_diverged_is_drawn_as_far_as_it_went() -> None:
    recipe = dataclasses.replace(RECIPE, learning_rate=1e30, warmup=0)
    diagnosis = diagnose(parse("exp(x)"), recipe, load_train(), sizes=SMALL)
    assert diagnosis.reason
    assert set(figures_of([diagnosis])) == {
        "distributions", "dead-units", "gradients", "weights", "curvature",
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 4, COLUMNS, 19])
def test_of_many_layers_the_first_the_last_and_some_between_are_drawn(count: int) -> None:
    shown = _spaced(count)
    assert len(shown) == min(count, COLUMNS)
    assert (shown[0], shown[-1]) == (0, count - 1)
    assert sorted(set(shown)) == shown
