"""Images are checked where they enter, and cut by seed without losing or doubling one."""

from __future__ import annotations

import time

import pytest
import torch

from actsearch.evaluators import (
    Images,
    ImageSpec,
    InvalidImages,
    load_test,
    load_train,
    split,
    subset,
)


@pytest.fixture(scope="module")
def train() -> Images:
    return load_train()


def fake(n: int = 100) -> Images:
    """Images that carry their number in the first two pixels."""
    pixels = torch.zeros(n, 28, 28, dtype=torch.uint8)
    pixels[:, 0, 0], pixels[:, 0, 1] = torch.arange(n) // 256, torch.arange(n) % 256
    return Images(pixels, torch.arange(n) % 10)


def numbers(images: Images) -> list[int]:
    return (images.pixels[:, 0, 0].int() * 256 + images.pixels[:, 0, 1]).tolist()


def test_the_real_images_are_the_published_ones(train: Images) -> None:
    pixels = train.pixels.double() / 255
    assert (len(train), len(load_test())) == (60_000, 10_000)
    assert pixels.mean().item() == pytest.approx(0.2860, abs=5e-5)
    assert pixels.std().item() == pytest.approx(0.3530, abs=5e-5)
    assert train.labels.bincount().tolist() == [6_000] * 10
    assert train.labels[:5].tolist() == [9, 0, 0, 3, 0]  # an ankle boot, two T-shirts, …


def test_training_and_test_images_are_different_ones(train: Images) -> None:
    test = load_test()
    assert not torch.equal(train.pixels[:10_000], test.pixels)


def test_loading_and_verifying_takes_less_than_a_second(train: Images) -> None:
    taken = []
    for _ in range(3):  # one may be slow for what else the machine does
        start = time.process_time()
        load_train()
        taken.append(time.process_time() - start)
    assert min(taken) < 1


def test_split_is_a_partition_that_the_seed_decides(train: Images) -> None:
    images = fake(1_000)
    kept, held_out = split(images, validation=200, seed=3)
    assert (len(kept), len(held_out)) == (800, 200)
    assert sorted(numbers(kept) + numbers(held_out)) == list(range(1_000))
    assert numbers(split(images, validation=200, seed=3)[1]) == numbers(held_out)
    assert numbers(split(images, validation=200, seed=4)[1]) != numbers(held_out)


def test_each_label_stays_with_its_image() -> None:
    kept, held_out = split(fake(1_000), validation=300, seed=0)
    for part in (kept, held_out, subset(kept, 50)):
        assert part.labels.tolist() == [number % 10 for number in numbers(part)]


def test_a_smaller_subset_lies_in_a_larger_one() -> None:
    images = fake(1_000)
    assert numbers(subset(images, 500))[:100] == numbers(subset(images, 100))
    assert numbers(subset(images, 100, seed=1)) != numbers(subset(images, 100))


def test_cutting_leaves_the_global_generator_as_found() -> None:
    before = torch.get_rng_state()
    subset(split(fake(), validation=10, seed=0)[0], 5)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("validation", [-1, 0, 100, 101])
def test_a_split_with_an_empty_part_is_refused(validation: int) -> None:
    with pytest.raises(InvalidImages, match=f"must be 1 to 99.*but is {validation}"):
        split(fake(100), validation=validation, seed=0)


@pytest.mark.parametrize("n", [-1, 0, 101])
def test_a_subset_of_too_many_or_none_is_refused(n: int) -> None:
    with pytest.raises(InvalidImages, match=f"must hold 1 to 100 images, not {n}"):
        subset(fake(100), n)


PIXELS = torch.zeros(3, 28, 28, dtype=torch.uint8)


def test_images_have_a_channel_of_their_own_or_none() -> None:
    labels = torch.tensor([0, 1, 2])
    assert Images(PIXELS, labels).spec == ImageSpec((1, 28, 28), 10)
    colours = Images(torch.zeros(3, 3, 32, 20, dtype=torch.uint8), labels, classes=3)
    assert colours.spec == ImageSpec((3, 32, 20), 3)
    assert colours.spec.inputs == 3 * 32 * 20
    assert colours.take(torch.tensor([2])).spec == colours.spec


def test_labels_beyond_the_stated_classes_are_refused() -> None:
    with pytest.raises(InvalidImages, match=r"in 0..2, but range from 0 to 3"):
        Images(PIXELS, torch.tensor([0, 1, 3]), classes=3)


@pytest.mark.parametrize("classes", [-1, 0, 1])
def test_fewer_than_two_classes_are_refused(classes: int) -> None:
    with pytest.raises(InvalidImages, match=f"2 classes or more to tell, not {classes}"):
        Images(PIXELS, torch.tensor([0, 0, 0]), classes=classes)


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (PIXELS.float(), torch.tensor([0, 1, 2]), "pixels must be uint8.*torch.float32"),
        (PIXELS[:, 0], torch.tensor([0, 1, 2]), r"but are torch.uint8 of shape \(3, 28\)"),
        (PIXELS[:, :0], torch.tensor([0, 1, 2]), r"but are torch.uint8 of shape \(3, 0, 28\)"),
        (PIXELS, torch.tensor([0, 1]), "one image per label"),
        (PIXELS, torch.tensor([0, 1, 2]).int(), "labels must be int64.*torch.int32"),
        (PIXELS, torch.zeros(3, 1, dtype=torch.int64), r"of shape \(3, 1\)"),
        (PIXELS[:0], torch.tensor([]).long(), "N >= 1"),
        (PIXELS, torch.tensor([0, 1, 10]), "in 0..9, but range from 0 to 10"),
        (PIXELS, torch.tensor([-1, 1, 2]), "in 0..9, but range from -1 to 2"),
    ],
)
def test_what_is_no_labelled_image_is_refused(
    pixels: torch.Tensor, labels: torch.Tensor, message: str
) -> None:
    with pytest.raises(InvalidImages, match=message):
        Images(pixels, labels)
