"""A network that reaches an activation in more ways than one computes the candidate after all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actsearch.space import Activation, CandidateError, parse, replace_activations

X = torch.linspace(-2, 2, 8).reshape(2, 4)
SIN = parse("sin(x)")


class Pair(NamedTuple):
    """Two layers by name."""

    first: nn.Module
    second: nn.Module


class Reaching(nn.Module):
    """Has a ReLU as `act`, and calls it in the way that it is told."""

    def __init__(self, reach: Callable[[Any], Any], call: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.linear, self.act = nn.Linear(4, 4), nn.ReLU()
        self.way, self.call = reach(self), call

    def forward(self, x: Tensor) -> Tensor:
        return self.call(self.way, self.linear(x))


WAYS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Tensor], Tensor]]] = {
    "a list": (lambda net: [net.linear, net.act], lambda way, x: way[1](x)),
    "a dict": (lambda net: {"relu": net.act}, lambda way, x: way["relu"](x)),
    "a list in a dict": (lambda net: {"relu": [net.act]}, lambda way, x: way["relu"][0](x)),
    "a tuple": (lambda net: (net.linear, net.act), lambda way, x: way[1](x)),
    "a list in a tuple": (lambda net: (1, [net.act]), lambda way, x: way[1][0](x)),
    "a named tuple": (lambda net: Pair(net.linear, net.act), lambda way, x: way.second(x)),
    "its forward": (lambda net: net.act.forward, lambda way, x: way(x)),
    "its __call__": (lambda net: net.act.__call__, lambda way, x: way(x)),
    "a partial": (lambda net: partial(net.act), lambda way, x: way(x)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("example", [None, X])
def test_an_activation_reached_another_way_too_is_followed_and_undone(
    way: str, example: Tensor | None
) -> None:
    net = Reaching(*WAYS[way])
    before, reached = net(X), net.way
    report = replace_activations(net, nn.ReLU, SIN, example=example)
    torch.testing.assert_close(net(X), net.linear(X).sin())
    assert [place.name for place in report.replaced] == ["act"]
    report.undo()
    assert torch.equal(net(X), before)
    assert net.way is reached


def test_layers_in_a_list_that_are_registered_too_are_replaced_in_both() -> None:
    class Old(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)]
            for i, layer in enumerate(self.layers):
                self.add_module(f"layer{i}", layer)

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.layers:
                x = layer(x)
            return x

    net = Old()
    (place,) = replace_activations(net, nn.ReLU, SIN, example=X).replaced
    assert (place.name, place.reached) == ("layer1", True)
    assert net.layers[1] is net.layer1
    torch.testing.assert_close(net(X), net.layers[2](net.layers[0](X).sin()))


def closure(net: Any) -> Callable[[Tensor], Tensor]:
    act = net.act
    return lambda x: act(x)


@pytest.mark.parametrize(
    "reach",
    [closure, lambda net: lambda x, act=net.act: act(x), lambda net: {net.act}],
    ids=["closure", "default", "set"],
)
def test_a_way_that_cannot_be_followed_is_refused_and_nothing_changes(
    reach: Callable[[Any], Any],
) -> None:
    net = Reaching(reach, lambda way, x: way(x))
    with pytest.raises(CandidateError, match=r"'way', a .* keeps an activation that is to be"):
        replace_activations(net, nn.ReLU, SIN)
    assert isinstance(net.act, nn.ReLU)


def test_a_closure_that_looks_the_module_up_is_no_obstacle() -> None:
    net = Reaching(lambda net: lambda x: net.act(x), lambda way, x: way(x))
    replace_activations(net, nn.ReLU, SIN)
    torch.testing.assert_close(net(X), net.linear(X).sin())


def test_a_way_that_the_example_alone_shows_is_refused_and_nothing_changes() -> None:
    class OfTheClass(nn.Module):
        default = nn.ReLU()

        def __init__(self) -> None:
            super().__init__()
            self.act = self.default

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.act(x) + type(self).default(x)
            return out

    net = OfTheClass()
    with pytest.raises(CandidateError, match="ReLU of 'act' also runs without its place"):
        replace_activations(net, nn.ReLU, SIN, example=X)
    assert net.act is net.default


def test_a_list_beside_places_that_get_different_modules_is_refused() -> None:
    relu = nn.ReLU()
    net = nn.Sequential(nn.Linear(4, 4), relu, relu)
    vars(net)["table"] = [relu]
    for which, unshare in (("1", False), (nn.ReLU, True)):
        with pytest.raises(CandidateError, match="'table' holds a ReLU that stands in several"):
            replace_activations(net, which, SIN, unshare=unshare)
    assert replace_activations(net, nn.ReLU, SIN)
    assert net.table == [net[1]]


def compiled(module: nn.Module) -> nn.Module:
    made = torch.compile(module, backend="eager")
    assert isinstance(made, nn.Module)
    return made


def test_a_compiled_activation_is_refused_and_a_compiled_network_is_not() -> None:
    net = nn.Sequential(nn.Linear(4, 4), compiled(nn.ReLU()))
    with pytest.raises(CandidateError, match=r"is compiled.*replace before torch\.compile"):
        replace_activations(net, nn.ReLU, SIN, example=X)
    inner = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    whole = compiled(inner)
    whole(X)
    (place,) = replace_activations(whole, nn.ReLU, SIN, example=X).replaced
    assert (place.channels, place.reached) == (4, True)
    torch.testing.assert_close(whole(X), inner[0](X).sin())


def test_a_replaced_module_that_the_example_does_not_reach_is_reported() -> None:
    class Unused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.relu = nn.Linear(4, 4), nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(self.linear(x))

    report = replace_activations(Unused(), nn.ReLU, SIN, example=X)
    assert report.replaced[0].reached is False
    assert "relu (ReLU): did not run on the example" in str(report)
    assert [place.kind for place in report.left] == ["Unused calls relu"]
    assert replace_activations(Unused(), nn.ReLU, SIN).replaced[0].reached is None


def test_a_chosen_class_that_calls_a_function_is_not_among_what_is_left() -> None:
    class Own(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.gelu(x)

    report = replace_activations(nn.Sequential(nn.Linear(4, 4), Own()), Own, SIN, example=X)
    assert (len(report.replaced), report.left) == (1, ())


def test_a_container_and_its_child_chosen_together_are_one_replacement() -> None:
    net = nn.Sequential(nn.Linear(4, 4))
    net.act = nn.Sequential(nn.ReLU(), nn.Identity())
    report = replace_activations(net, lambda name, module: "act" in name, SIN)
    assert [place.name for place in report.replaced] == ["act"]
    assert (report.left, report.already) == ((), ())
    assert sum(isinstance(module, Activation) for module in net.modules()) == 1
