"""The pass over an example: the channels it reads off, and that it leaves no trace."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actsearch.space import Activation, CandidateError, parse, replace_activations

CHANNEL, SWISH = parse("x * sigmoid(beta[channel] * x)"), parse("x * sigmoid(beta * x)")
IMAGES, ROWS = torch.zeros(2, 3, 8, 8), torch.linspace(-1, 1, 8).reshape(2, 4)


class Around(nn.Module):
    """A layer, a function of its output, a ReLU, and a convolution or nothing."""

    def __init__(
        self,
        layer: nn.Module,
        between: Callable[[Tensor], Tensor],
        behind: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.layer, self.act, self.behind = layer, nn.ReLU(), behind or nn.Identity()
        self.between = between

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.behind(self.act(self.between(self.layer(x))))
        return out


def channels_of(net: nn.Module, example: Tensor) -> tuple[int | None, int]:
    replace_activations(net, nn.ReLU, CHANNEL, example=example)
    (activation,) = (m for m in net.modules() if isinstance(m, Activation))
    return activation.channels, activation.channel_dim


@pytest.mark.parametrize("norm", [nn.LayerNorm([16, 8, 8]), nn.RMSNorm([16, 8, 8])])
def test_a_norm_over_a_whole_image_leaves_the_channels_where_the_convolution_has_them(
    norm: nn.Module,
) -> None:
    net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), norm, nn.ReLU(), nn.Conv2d(16, 4, 1))
    assert channels_of(net, IMAGES) == (16, 1)


def test_a_norm_over_the_last_dimension_shows_the_channels() -> None:
    net = nn.Sequential(nn.Unflatten(1, (2, 2)), nn.LayerNorm(2), nn.ReLU())
    assert channels_of(net, ROWS) == (2, -1)


def test_a_change_of_shape_in_place_ends_what_was_known_of_the_channels() -> None:
    turned = Around(nn.Linear(8, 8), lambda x: x.transpose_(1, 3), nn.Conv2d(8, 2, 1))
    assert channels_of(turned, torch.zeros(2, 5, 6, 8)) == (8, 1)
    spread = Around(nn.Linear(4, 4), lambda x: x.unsqueeze_(1).unsqueeze_(-1))
    with pytest.raises(CandidateError, match="no layer beside 'act' shows"):
        channels_of(spread, ROWS)


def test_layers_that_disagree_on_the_channels_show_nothing() -> None:
    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.linear, self.act = nn.Conv2d(3, 3, 1), nn.Linear(8, 8), nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.act(self.conv(x) + self.linear(x))
            return out

    with pytest.raises(CandidateError, match="no layer beside 'act' shows"):
        channels_of(Sum(), IMAGES)


def test_channels_found_on_one_image_are_those_of_a_batch_too() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
    assert channels_of(net, torch.zeros(3, 8, 8)) == (4, -3)
    with torch.no_grad():
        net[1].get_parameter("beta").copy_(torch.arange(4))
    batch = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(net(batch)[2], net(batch[2]))


class Counting(nn.Module):
    """Puts another tensor in its buffer's place at each call, and writes into a second one."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("total", torch.zeros(()))
        self.register_buffer("ones", torch.ones(1).expand(4))
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        self.calls: Tensor = self.calls + 1
        self.get_buffer("total").add_(1)
        out: Tensor = self.act(x + self.get_buffer("ones"))
        return out


def test_buffers_are_the_same_tensors_with_the_same_contents_after_the_pass() -> None:
    net = Counting()
    before = dict(net.named_buffers())
    replace_activations(net, nn.ReLU, SWISH, example=ROWS, dry_run=True)
    assert all(value is before[name] for name, value in net.named_buffers())
    assert [net.calls.item(), net.get_buffer("total").item()] == [0, 0]


def test_the_example_and_the_parameters_are_as_they_were() -> None:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.shift = nn.ReLU(inplace=True), nn.Parameter(torch.zeros(4))

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.first(x).contiguous() + self.shift.to(x.dtype)
            return out

    net, example = Plain(), ROWS.clone()
    replace_activations(net, nn.ReLU, SWISH, example=(example,), dry_run=True)
    assert torch.equal(example, ROWS)
    assert not vars(example)
    assert not vars(net.shift)
    file = io.BytesIO()
    torch.save(example, file)
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=True), ROWS)


@pytest.mark.filterwarnings(
    "ignore:`torch.jit:FutureWarning", "ignore:`torch.jit:DeprecationWarning"
)
def test_a_scripted_part_is_left_as_it_is_and_the_rest_is_replaced() -> None:
    part = torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))
    net = nn.Sequential(nn.Linear(4, 4), part, nn.ReLU())
    (place,) = replace_activations(net, nn.ReLU, SWISH, example=ROWS).replaced
    assert (place.name, place.channels, place.reached) == ("2", 4, True)
    chosen = replace_activations(net, lambda name, module: name == "1", SWISH, example=ROWS)
    assert chosen.replaced[0].reached


def test_a_call_is_its_callers_also_after_an_exception_that_the_caller_caught() -> None:
    class Failing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise ValueError

    class Caller(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bad, self.act = Failing(), nn.Tanh()

        def forward(self, x: Tensor) -> Tensor:
            try:
                out: Tensor = self.bad(x)
            except ValueError:
                out = F.relu(x)
            return self.act(out)  # type: ignore[no-any-return]

    (left,) = replace_activations(Caller(), nn.Tanh, SWISH, example=ROWS).left
    assert (left.name, left.kind) == ("", "Caller calls relu")


def gelu_by_tanh(act: Callable[..., Tensor], x: Tensor) -> Tensor:
    return act(x, approximate="tanh")


def relu_by_keyword(act: Callable[..., Tensor], x: Tensor) -> Tensor:
    return act(input=x)


@pytest.mark.parametrize(
    ("held", "call"),
    [(F.gelu, gelu_by_tanh), (nn.ReLU(), relu_by_keyword)],
    ids=["more", "keyword"],
)
def test_an_activation_called_with_more_than_its_input_is_refused(
    held: Callable[..., Tensor], call: Callable[[Callable[..., Tensor], Tensor], Tensor]
) -> None:
    class Holding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = held

        def forward(self, x: Tensor) -> Tensor:
            return call(self.act, x)

    net = Holding()
    with pytest.raises(CandidateError, match="'act' is called with more than its input"):
        replace_activations(net, (nn.GELU, nn.ReLU), SWISH, example=ROWS)
    assert net.act is held
