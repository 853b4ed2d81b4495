"""The class of an exported file takes a network's places as its expression would."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from actsearch.space import (
    CandidateError,
    from_file,
    module_source,
    parse,
    replace_activations,
)


def written(text: str, folder: Path, *, memory: bool = False) -> Path:
    path = folder / "activation.py"
    path.write_text(module_source(parse(text), memory=memory), encoding="utf-8")
    return path


def net() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(96, 5), nn.ReLU(),
    )  # fmt: skip


IMAGES = torch.linspace(-1, 1, 2 * 64).reshape(2, 1, 8, 8)


def test_channels_are_counted_at_every_place(tmp_path: Path) -> None:
    model = net()
    made = from_file(written("max(x, 0) + a[channel]=0.25 * min(x, 0)", tmp_path))
    report = replace_activations(model, nn.ReLU, made, example=IMAGES)
    assert [place.channels for place in report.replaced] == [4, 6, 5]
    assert [model.get_parameter(f"{i}.a").numel() for i in (1, 3, 6)] == [4, 6, 5]
    model(IMAGES).sum().backward()
    assert replace_activations(model, nn.ReLU, made, example=IMAGES).already == ("1", "3", "6")


def test_without_an_example_channels_are_asked_for(tmp_path: Path) -> None:
    made = from_file(written("a[channel] * x", tmp_path))
    with pytest.raises(CandidateError, match="pass example="):
        replace_activations(net(), nn.ReLU, made)


def test_the_file_computes_what_its_expression_does_and_undo_puts_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    text, first, second = "x * sigmoid(b[network]=0.5 * x)", net(), net()
    second.load_state_dict(first.state_dict())
    before = first(IMAGES)
    report = replace_activations(first, nn.ReLU, from_file(written(text, tmp_path)))
    replace_activations(second, nn.ReLU, parse(text))
    torch.testing.assert_close(first(IMAGES), second(IMAGES))
    assert first[1].b is first[3].b, "one for the whole net"
    report.undo()
    assert torch.equal(first(IMAGES), before)


def test_a_model_with_the_class_is_pickled_within_the_process(tmp_path: Path) -> None:
    path = written("x * tanh(x)", tmp_path)
    model = net()
    replace_activations(model, nn.ReLU, from_file(path))
    again = pickle.loads(pickle.dumps(model))
    assert torch.equal(again(IMAGES), model(IMAGES))
    assert from_file(path) is type(model[1]), "the same content is the same class"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "no file"), ("x = 1\n", "has 0 classes of an export")],
)
def test_what_is_no_export_is_refused_with_the_next_step(
    content: str | None, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "activation.py"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CandidateError, match=reason):
        from_file(path)


def test_a_class_of_ones_own_is_no_candidate() -> None:
    with pytest.raises(CandidateError, match="from_file"):
        replace_activations(net(), nn.ReLU, nn.SiLU)
