"""Batches show every image once an epoch, in an order the seed decides."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from actsearch.evaluators import Images, InvalidImages, Recipe
from actsearch.evaluators.data.datasets import CIFAR10, FASHION_MNIST
from actsearch.evaluators.training.device_data import Batches
from actsearch.evaluators.training.schedule import steps_per_epoch
from contracts.tiny_sets import figures

CPU = torch.device("cpu")


def numbered(n: int) -> Batches:
    """Images of one grey value; the label, which nothing here checks, is the image's number."""
    return Batches(torch.full((n, 784), 7, dtype=torch.uint8), torch.arange(n))


def test_channels_are_normalised_one_by_one() -> None:
    pixels, labels = figures(40, CIFAR10.shape, seed=0)
    recipe = Recipe(dataset="cifar10")
    batches = Batches.on(Images(pixels, labels), CPU, recipe)
    (x, _), *_ = batches.in_order()
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (CIFAR10.mean, CIFAR10.std))
    torch.testing.assert_close(x.view(pixels.shape), (pixels / 255 - mean) / std)
    assert batches.spec == CIFAR10.spec


def test_from_minus_1_to_1_every_channel_is_the_same() -> None:
    pixels, labels = figures(40, CIFAR10.shape, seed=0)
    recipe = Recipe(dataset="cifar10", pixels="-1 to 1")
    (x, _), *_ = Batches.on(Images(pixels, labels), CPU, recipe).in_order()
    torch.testing.assert_close(x, (pixels / 127.5 - 1).flatten(1))


def test_images_without_the_data_sets_channels_are_refused() -> None:
    pixels, labels = figures(10, (1, 28, 28), seed=0)
    with pytest.raises(InvalidImages, match="has 3 channels, the images 1"):
        Batches.on(Images(pixels, labels), CPU, Recipe(dataset="cifar10"))


def test_fashion_mnists_pixels_are_what_they_were_before_there_were_other_sets(
    images: Images,
) -> None:
    x, _ = next(Batches.on(images, CPU, Recipe()).in_order())
    before = images.pixels[: len(x)].flatten(1).float()
    assert torch.equal(x, before.mul_(1 / (255 * 0.3530)).sub_(0.2860 / 0.3530))


def order(batches: Batches, size: int, seed: int, epoch: int) -> list[int]:
    return [int(n) for _, labels in batches.shuffled(size, seed, epoch) for n in labels]


def test_training_pixels_come_out_with_mean_0_and_deviation_1(images: Images) -> None:
    x, labels = next(Batches.on(images, CPU).in_order())
    mean, std = FASHION_MNIST.mean[0], FASHION_MNIST.std[0]
    expected = (images.pixels[: len(x)].flatten(1) / 255 - mean) / std
    torch.testing.assert_close(x, expected, rtol=0, atol=1e-6)
    assert torch.equal(labels, images.labels[: len(x)])
    assert x.dtype == torch.float32


@given(st.integers(1, 400), st.integers(1, 150), st.integers(0, 5), st.integers(1, 9))
def test_an_epoch_shows_every_image_once(n: int, size: int, seed: int, epoch: int) -> None:
    assert sorted(order(numbered(n), size, seed, epoch)) == list(range(n))


@given(st.integers(1, 400), st.integers(1, 150))
def test_batches_are_full_but_for_the_last(n: int, size: int) -> None:
    lengths = [len(labels) for _, labels in numbered(n).shuffled(size, 0, 1)]
    assert all(length == size for length in lengths[:-1])
    assert 1 <= lengths[-1] <= size
    assert len(lengths) == steps_per_epoch(Recipe(batch_size=size), n)


def test_the_default_epoch_is_391_steps() -> None:
    assert steps_per_epoch(Recipe(), 50_000) == 391


@pytest.mark.parametrize("n", [1, 1_023, 1_024, 1_025, 2_048, 2_049])
def test_evaluation_sees_every_image_in_order(n: int) -> None:
    pieces = list(numbered(n).in_order())
    assert [int(m) for _, labels in pieces for m in labels] == list(range(n))
    assert all(len(x) == len(labels) <= 1_024 for x, labels in pieces)


def test_seed_and_epoch_decide_the_order_and_nothing_else_does() -> None:
    batches = numbered(300)
    orders = {
        (seed, epoch): tuple(order(batches, 32, seed, epoch))
        for seed in (0, 1)
        for epoch in (1, 2)
    }
    assert len(set(orders.values())) == 4
    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert tuple(order(batches, 32, 1, 2)) == orders[1, 2]
    assert tuple(order(batches, 50, 1, 2)) == orders[1, 2]
    assert torch.equal(torch.get_rng_state(), before)


def test_making_batches_leaves_the_images_as_they_were(images: Images) -> None:
    before = images.pixels[:2_000].clone()
    batches = Batches.on(Images(images.pixels[:2_000], images.labels[:2_000]), CPU)
    for _ in (*batches.shuffled(128, 0, 1), *batches.in_order()):
        pass
    assert torch.equal(images.pixels[:2_000], before)
