"""A candidate is a baseline in disguise if no layer can be told from it by what it computes."""

from __future__ import annotations

import dataclasses

import pytest

from actsearch.evaluators import RECIPES, ImageClassification, Job
from actsearch.search import Trial
from actsearch.search.confirmation.novelty import baseline_in_disguise, mirrors_alike
from actsearch.space import BASELINES
from contracts.tiny import CONFIG, TINY


def disguise(expression: str, **learned: tuple[float, ...]) -> str | None:
    trial = Trial(number=0, expression=expression, state="complete", learned=learned)
    return baseline_in_disguise(trial, mirrors=False)


def mirrored(expression: str, **learned: tuple[float, ...]) -> str | None:
    trial = Trial(number=0, expression=expression, state="complete", learned=learned)
    return baseline_in_disguise(trial, mirrors=True)


@pytest.mark.parametrize(
    ("expression", "learned", "what"),
    [
        ("max(beta * x, max(x, 0))", (), "ReLU with a learnable parameter"),
        ("max(beta * x, max(x, 0))", (1.4, 0.3, 0.9), "ReLU with a learnable parameter"),
        ("max(beta * x, max(x, 0))", (0.9, 0.3, -0.5), None),
        ("beta * max(x, 0)", (3.0,), "ReLU with a learnable parameter"),
        ("max(x, 0) * (beta + gamma=0 * x)", (1.1,), "ReLU with 2 learnable parameters"),
        ("x * sigmoid(beta * x)", (), "SiLU with a learnable parameter"),
        ("x * sigmoid(beta * x)", (1.04, 0.97), "SiLU with a learnable parameter"),
        ("x * sigmoid(beta * x)", (1.04, 1.2), None),
        ("x * sigmoid(beta * x)", (1.7, 1.68), "learned to be GELU"),
        ("x * sigmoid(1.702 * x)", (), "GELU in another form"),
        ("max(x, beta=0.2 * x)", (0.1, 0.4), "PReLU in another form"),
        ("max(x, beta=0.2 * x)", (0.1, -0.4), None),
        ("2 * max(x, 0)", (), "ReLU in another form"),
        ("abs(x)", (), None),
        ("-max(x, 0)", (), None),
        ("sin(x)", (), None),
        ("max(x, atan(x))", (), None),
        ("exp(exp(exp(x)))", (), None),
        ("x * sigmoid(beta * x)", (float("nan"),), None),
    ],
)
def test_what_a_candidate_is_beside_the_baselines(
    expression: str, learned: tuple[float, ...], what: str | None
) -> None:
    values = {"beta": learned} if learned else {}
    assert disguise(expression, **values) == what


def test_no_baseline_is_another_one_nor_a_mirror_image_of_one() -> None:
    for name, text in BASELINES.items():
        assert mirrored(text) == f"{name} in another form"


@pytest.mark.parametrize(
    ("expression", "learned", "what"),
    [
        ("sigmoid(-x) * x", (), "a mirror image of SiLU"),
        ("-silu(x)", (), "a mirror image of SiLU"),
        ("silu(-x)", (), "a mirror image of SiLU"),
        ("min(x, 0)", (), "a mirror image of ReLU"),
        ("-3 * tanh(x)", (), "a mirror image of Tanh"),
        ("min(x, beta=0.2 * x)", (0.1, 0.4), "a mirror image of PReLU"),
        ("beta=-1 * max(x, 0)", (-0.7, 2.0), "a mirror image of ReLU with a learnable parameter"),
        ("x * sigmoid(beta=-1.7 * x)", (-1.02,), "learned to be a mirror image of SiLU"),
        ("x * sigmoid(beta=-1.7 * x)", (-1.5, -1.3), None),
        ("abs(x)", (), None),
        ("sin(x)", (), None),
    ],
)
def test_a_mirror_image_of_a_baseline_is_nothing_new_where_the_network_undoes_signs(
    expression: str, learned: tuple[float, ...], what: str | None
) -> None:
    values = {"beta": learned} if learned else {}
    assert mirrored(expression, **values) == what
    assert disguise(expression, **values) is None


def test_only_networks_known_to_undo_signs_make_mirror_images_alike() -> None:
    resnet = RECIPES["resnet20"]
    custom = dataclasses.replace(TINY, evaluator="mine:Custom")
    assert mirrors_alike(CONFIG)
    assert mirrors_alike(dataclasses.replace(CONFIG, second=None))
    assert not mirrors_alike(dataclasses.replace(CONFIG, second=resnet))
    assert not mirrors_alike(dataclasses.replace(CONFIG, recipe=custom))


def test_a_parameter_that_the_network_shares_stands_beside_one_of_each_layer() -> None:
    text = "x * sigmoid(a[network] * b * x)"
    assert disguise(text, a=(1.25,), b=(0.8, 0.81)) == "SiLU with 2 learnable parameters"
    assert disguise(text, a=(1.25,), b=(0.8, 1.2)) is None


def test_a_real_training_of_relu_with_a_knob_ends_as_relu(images: ImageClassification) -> None:
    expressions = ("max(beta * x, max(x, 0))", "x * sigmoid(beta=3 * x)")
    *_, last = images.run(Job(expressions, TINY, seed=0, halving=False))
    learned = [dict(report.learned) for report in last.candidates]
    assert disguise(expressions[0], **learned[0]) == "ReLU with a learnable parameter"
    assert disguise(expressions[1], **learned[1]) is None
