"""A candidate stays where it was put, in copies too, and an undo gives back a module of today."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed.fsdp
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh

from actsearch.space import (
    Activation,
    CandidateError,
    Expression,
    from_file,
    module_source,
    parse,
    replace_activations,
)

SIN, SWISH = parse("sin(x)"), parse("x * sigmoid(beta * x)")
NETWORK = parse("a[network] * x")


def loaded(layer: nn.Module) -> nn.Module:
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    copied: nn.Module = torch.load(file, weights_only=False)
    return copied


def candidate(kind: str, folder: Path) -> Expression | type[nn.Module]:
    if kind == "expression":
        return SWISH
    file = folder / "activation.py"
    file.write_text(module_source(SWISH))
    return from_file(file)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, loaded, lambda layer: pickle.loads(pickle.dumps(layer))]
)
@pytest.mark.parametrize("kind", ["expression", "file"])
@pytest.mark.parametrize("before", ["relu", nn.GELU()])
def test_a_copy_of_a_decoder_layer_keeps_its_function(
    copied: Callable[[nn.Module], nn.Module],
    kind: str,
    before: str | nn.Module,
    tmp_path: Path,
) -> None:
    layer = nn.TransformerDecoderLayer(8, 2, 16, activation=before)
    state, names = list(layer.state_dict()), [name for name, _ in layer.named_modules()]
    attributes = dict(vars(layer))
    report = replace_activations(layer, (nn.ReLU, nn.GELU), candidate(kind, tmp_path))
    another = copied(layer.eval())
    x = torch.randn(3, 2, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(another(x, x), layer(x, x))
    assert another.activation is another.get_submodule("activation")
    assert list(layer.state_dict()) == [*state, "activation.beta"]
    assert [name for name, _ in layer.named_modules() if name != "activation"] == [
        name for name in names if name != "activation"
    ]
    report.undo()
    assert dict(vars(layer.train())) == attributes


def test_a_decoder_layer_takes_the_next_candidate_and_its_undo_the_one_before() -> None:
    model = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    replace_activations(model, nn.ReLU, SWISH)
    first = model.decoder.layers[0].activation
    report = replace_activations(model, Activation, SIN)
    assert str(copy.deepcopy(model).decoder.layers[0].activation) == "Activation(sin(x))"
    report.undo()
    assert model.decoder.layers[0].activation is first
    assert str(copy.deepcopy(model).decoder.layers[0].activation) == str(first)


def test_an_undone_module_has_the_mode_that_the_network_has_now() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.RReLU())
    report = replace_activations(net, nn.RReLU, SWISH)
    net.eval()
    report.undo()
    assert not net[1].training


@pytest.mark.parametrize("expression", [SWISH, SIN])
def test_an_undone_module_has_the_dtype_and_need_of_gradient_that_the_network_has_now(
    expression: Expression,
) -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.PReLU())
    report = replace_activations(net, nn.PReLU, expression)
    net.double().requires_grad_(False)
    report.undo()
    assert (net[1].weight.dtype, net[1].weight.requires_grad) == (torch.float64, False)
    assert net(torch.zeros(1, 2).double()).dtype == torch.float64


def test_an_undone_module_keeps_a_dtype_of_its_own() -> None:
    net = nn.Sequential(nn.Linear(2, 2).double(), nn.PReLU())
    net[1].requires_grad_(False)
    replace_activations(net, nn.PReLU, SIN).undo()
    assert (net[1].weight.dtype, net[1].weight.requires_grad) == (torch.float32, False)


@pytest.fixture
def process_group(tmp_path: Path) -> Iterator[None]:
    file = tmp_path / "store"
    torch.distributed.init_process_group("gloo", init_method=file.as_uri(), rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def sharded(model: nn.Module) -> nn.Module:
    torch.distributed.fsdp.fully_shard(model, mesh=init_device_mesh("cpu", (1,)))
    return model


@pytest.mark.usefixtures("process_group")
@pytest.mark.parametrize("wrap", [nn.parallel.DistributedDataParallel, sharded])
def test_new_parameters_inside_a_distributed_model_are_refused(
    wrap: Callable[[nn.Module], nn.Module],
) -> None:
    inner = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    model = nn.Sequential(wrap(inner))
    with pytest.raises(CandidateError, match="replace before it wraps '0'"):
        replace_activations(model, nn.ReLU, SWISH)
    assert isinstance(inner[1], nn.ReLU)
    assert replace_activations(model, nn.ReLU, SIN).replaced  # has no parameters to synchronise


def test_the_report_says_that_an_optimiser_is_to_be_made_afterwards() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.ReLU())
    report = replace_activations(net, nn.ReLU, SWISH, dry_run=True)
    assert report.new_parameters == 2
    assert "2 new parameters: make the optimiser after this" in str(report)
    assert "optimiser" not in str(replace_activations(net, nn.ReLU, SIN))


def test_a_hook_of_a_shared_module_is_removed_from_every_place_by_its_handle() -> None:
    relu, seen = nn.ReLU(), []
    net = nn.Sequential(nn.Linear(2, 2), relu, nn.Linear(2, 2), relu)
    handle = relu.register_forward_hook(lambda *_: seen.append("after"))
    before = relu.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append("before"), with_kwargs=True
    )
    replace_activations(net, nn.ReLU, SWISH, unshare=True)
    net(torch.ones(1, 2))
    assert seen == ["before", "after"] * 2
    handle.remove()
    before.remove()
    net[3].register_forward_hook(lambda *_: seen.append("second place alone"))
    net(torch.ones(1, 2))
    assert seen == ["before", "after"] * 2 + ["second place alone"]


def test_what_makes_weights_of_other_weights_is_replaced_by_its_full_name_alone() -> None:
    def net() -> nn.Module:
        linear = nn.Linear(2, 2)
        nn.utils.parametrize.register_parametrization(linear, "weight", nn.Softplus())
        return nn.Sequential(linear, nn.Softplus())

    for which in ("*", nn.Softplus):
        report = replace_activations(net(), which, SIN)
        assert [place.name for place in report.replaced] == ["1"]
        assert [place.reason.split(";")[0] for place in report.left] == ["reparametrises weights"]
    name = "0.parametrizations.weight.0"
    assert replace_activations(net(), name, SIN).replaced[0].name == name


def parts() -> nn.Module:
    """Two parts that got the candidate separately."""
    net = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU()))
    for part in net:
        replace_activations(part, nn.ReLU, NETWORK)
    return net


def tensors(net: nn.Module) -> list[Tensor]:
    return [m.get_parameter("a") for m in net.modules() if isinstance(m, Activation)]


def test_parts_that_got_a_candidate_separately_share_its_network_parameters_afterwards() -> None:
    net = parts()
    first, second = tensors(net)
    assert first is not second
    replace_activations(net, nn.ReLU, NETWORK, dry_run=True)
    assert tensors(net)[1] is second
    report = replace_activations(net, nn.ReLU, NETWORK)
    assert [tensor is first for tensor in tensors(net)] == [True, True]
    report.undo()
    assert [tensors(net)[0] is first, tensors(net)[1] is second] == [True, True]


def test_parts_that_have_learned_different_values_are_refused() -> None:
    net = parts()
    with torch.no_grad():
        tensors(net)[1].fill_(3)
    with pytest.raises(CandidateError, match=r"is 1 in '0\.0' and 3 in '1\.0'"):
        replace_activations(net, nn.ReLU, NETWORK)
