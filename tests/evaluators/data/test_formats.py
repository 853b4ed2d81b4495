"""IDX files and CIFAR-10's batches are read as their makers meant, and nothing else is."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from actsearch.evaluators import DamagedData
from actsearch.evaluators.data.formats import from_cifar, from_idx, unpacked
from contracts.tiny_sets import cifar_batch, figures, idx

SHAPE = (3, 32, 32)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_an_idx_file_has_the_shape_of_its_header(shape: list[int]) -> None:
    values = torch.arange(torch.Size(shape).numel()).view(shape).to(torch.uint8)
    assert torch.equal(from_idx(bytearray(idx(values))), values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file of bytes"),
        (b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00", "not an IDX file of bytes"),  # floats
        (b"\x00\x00\x08\x03\x00\x00", "cut in its header: 6 of 16 bytes"),
        (idx(torch.zeros(4, 2, 2))[:-1], r"shape \(4, 2, 2\) must have 32 bytes, but has 31"),
        (idx(torch.zeros(4)) + b"x", "must have 12 bytes, but has 13"),
    ],
)
def test_bytes_that_are_no_idx_file_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(DamagedData, match=message):
        from_idx(bytearray(content))


def test_a_gz_file_that_is_cut_is_refused() -> None:
    with pytest.raises(DamagedData, match=r"not a whole \.gz file"):
        unpacked(b"\x1f\x8b\x08\x00")
    with pytest.raises(DamagedData, match=r"not a whole \.gz file"):
        unpacked(b"no gz at all")


def test_a_batch_is_read_as_numpy_reads_it() -> None:
    pixels, labels = figures(20, SHAPE, seed=0)
    content = cifar_batch(pixels, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, of its old module's name
        known = pickle.loads(content, encoding="latin1")
    read, classes = from_cifar(bytearray(content), SHAPE)
    assert read.flatten(1).tolist() == known["data"].tolist()
    assert classes.tolist() == known["labels"] == labels.tolist()
    assert torch.equal(read, pixels)
    assert (read.dtype, classes.dtype) == (torch.uint8, torch.int64)


class Harm:
    """Unpickled, it would set a flag."""

    done = False

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return _harm, ()


def _harm() -> None:
    Harm.done = True


def test_a_pickle_that_calls_anything_else_is_refused_and_calls_nothing() -> None:
    with pytest.raises(DamagedData, match=r"it asks for .*_harm"):
        from_cifar(bytearray(pickle.dumps({"data": Harm()})), SHAPE)
    assert not Harm.done


@pytest.mark.parametrize(
    "content",
    [b"", b"text", pickle.dumps([1]), pickle.dumps({b"data": 1, b"labels": [1]})],
)
def test_bytes_that_are_no_batch_are_refused(content: bytes) -> None:
    with pytest.raises(DamagedData, match="not one of CIFAR-10's batches"):
        from_cifar(bytearray(content), SHAPE)


def test_a_batch_of_other_images_is_refused() -> None:
    pixels, labels = figures(20, (1, 28, 28), seed=0)
    with pytest.raises(DamagedData, match="not one of CIFAR-10's batches"):
        from_cifar(bytearray(cifar_batch(pixels, labels)), SHAPE)


def test_a_cut_batch_is_refused() -> None:
    content = cifar_batch(*figures(20, SHAPE, seed=0))
    for length in range(0, len(content), 997):
        with pytest.raises(DamagedData):
            from_cifar(bytearray(content[:length]), SHAPE)
