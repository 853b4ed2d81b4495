"""Every data set comes by the same road, whole or not at all; its numbers are those of its files.

Sets that cannot be had where the tests run are small ones in the published formats; where the real
files are in the cache, they are looked at too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gzip
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torchvision import datasets as torchvision_sets

from actsearch.evaluators import (
    DATASETS,
    DamagedData,
    DataUnavailable,
    dataset_of,
    load_test,
    load_train,
    locate,
)
from actsearch.evaluators.data import sources
from actsearch.evaluators.data.cache import folder_of, is_here, read_verified
from actsearch.evaluators.data.datasets import CIFAR10, KMNIST, MNIST, DataSet
from actsearch.evaluators.recipes.rules import TRAIN_IMAGES
from actsearch.space import UnknownNameError
from contracts.tiny_sets import figures, tiny

OTHERS = [MNIST, KMNIST, CIFAR10]  # beside FashionMNIST, of which test_cache.py is
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "PATH": ""}


@pytest.fixture(params=OTHERS, ids=lambda dataset: str(dataset.name))
def small(request: pytest.FixtureRequest, tmp_path: Path) -> DataSet:
    """A small set of each kind, whose files lie in `tmp_path / "own"`."""
    return tiny(request.param, tmp_path / "own")


@pytest.fixture
def root(small: DataSet, tmp_path: Path) -> Path:
    """A data root that has it."""
    locate(small, tmp_path / "root", copy=tmp_path / "own")
    return tmp_path / "root"


def test_the_table_names_the_files_that_torchvision_has() -> None:
    for dataset in DATASETS.values():
        known = getattr(torchvision_sets, dataset.title)
        if dataset.archive is None:
            packed = {name.removesuffix(".gz") + ".gz" for name in dataset.files}
            assert packed == {name for name, _ in known.resources}
            assert dataset.folder == f"{dataset.title}/raw"
        else:
            assert list(dataset.train) == [name for name, _ in known.train_list]
            assert list(dataset.test) == [name for name, _ in known.test_list]
            assert (dataset.folder, dataset.archive) == (known.base_folder, known.filename)


def test_the_table_holds_together() -> None:
    for name, dataset in DATASETS.items():
        assert name == dataset.name
        assert len(dataset.mean) == len(dataset.std) == dataset.shape[0]
        assert len(dataset.labels) == dataset.spec.classes == 10
        assert all(len(digest) == 64 for digest in dataset.files.values())
        assert len(set(dataset.files.values())) == len(dataset.files)
    assert dict(TRAIN_IMAGES) == {name: known.images for name, known in DATASETS.items()}


def test_an_unknown_data_set_names_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'fashion-mnist'"):
        dataset_of("fashionmnist")


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS.keys())
def test_the_real_images_have_the_stated_number_mean_and_deviation(dataset: DataSet) -> None:
    if not is_here(dataset):
        pytest.skip(f"{dataset.name} is not in the cache: `actsearch data {dataset.name}`")
    images = load_train(dataset)
    assert len(images) == dataset.images
    assert images.spec == dataset.spec
    pixels = images.pixels.view(len(images), dataset.shape[0], -1).double() / 255
    # four decimals, as published: half of the last one each
    assert pixels.mean((0, 2)).tolist() == pytest.approx(dataset.mean, abs=5e-5)
    assert pixels.transpose(0, 1).flatten(1).std(1).tolist() == pytest.approx(
        dataset.std, abs=5e-5
    )


def test_a_copy_of_ones_own_is_unpacked_verified_and_read(small: DataSet, root: Path) -> None:
    for seed, (load, n) in enumerate(((load_train, 500), (load_test, 100))):
        images = load(small, root)
        pixels, labels = figures(n, small.shape, seed)
        assert torch.equal(images.pixels.view(n, *small.shape), pixels), "rows, columns, channels"
        assert torch.equal(images.labels, labels)
        assert images.spec == small.spec


def test_a_system_copy_is_found(small: DataSet, tmp_path: Path) -> None:
    (tmp_path / "own").rename(tmp_path / small.name)
    assert locate(small, tmp_path / "root", system=tmp_path) == folder_of(small, tmp_path / "root")
    assert len(load_test(small, tmp_path / "root")) == 100


def test_files_that_lie_unpacked_are_taken_too(small: DataSet, root: Path, tmp_path: Path) -> None:
    locate(small, tmp_path / "second", copy=folder_of(small, root))
    assert is_here(small, tmp_path / "second")
    locate(small, tmp_path / "third", copy=root)  # a folder that has torchvision's layout
    assert is_here(small, tmp_path / "third")


@pytest.mark.parametrize(
    "spelled",
    [
        lambda name: name.replace("-idx", ".idx"),
        lambda name: name.replace("-idx", ".idx").upper(),
        lambda name: name.replace(".gz", ".GZ"),
        lambda name: f"raw/{name}",
        lambda name: f"raw/{name.replace('-idx', '.idx')}",
    ],
    ids=["dot", "upper", "GZ", "raw", "raw-dot"],
)
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("dataset", [MNIST, KMNIST], ids=lambda dataset: str(dataset.name))
def test_files_are_known_in_every_common_spelling(
    dataset: DataSet, packed: bool, spelled: Callable[[str], str], tmp_path: Path
) -> None:
    """As Kaggle, browsers, FAT and torchvision have them."""
    small = tiny(dataset, tmp_path / "own")
    for path in list((tmp_path / "own").iterdir()):
        content, name = path.read_bytes(), path.name
        if not packed and dataset is MNIST:  # KMNIST's are known packed alone
            content, name = gzip.decompress(content), path.stem
        path.unlink()
        target = tmp_path / "own" / spelled(name)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
    locate(small, tmp_path / "root", copy=tmp_path / "own")
    assert len(load_train(small, tmp_path / "root")) == 500


def test_an_archive_in_capitals_is_known(tmp_path: Path) -> None:
    small = tiny(CIFAR10, tmp_path / "own")
    assert small.archive is not None
    archive = tmp_path / "own" / small.archive
    archive.rename(archive.with_name(small.archive.upper()))
    locate(small, tmp_path / "root", copy=tmp_path / "own")
    assert is_here(small, tmp_path / "root")


@pytest.mark.parametrize("change", ["cut", "altered"])
def test_a_damaged_file_in_the_cache_is_named_and_refused(
    small: DataSet, root: Path, change: str
) -> None:
    name = next(iter(small.test))
    path = folder_of(small, root) / name
    content = bytearray(path.read_bytes())
    if change == "cut":
        del content[-10:]
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedData, match=f"{path} is truncated or another file") as caught:
        load_test(small, root)
    assert f"delete it and run `actsearch data {small.name}`" in str(caught.value)
    assert len(load_train(small, root)) == 500


@pytest.mark.parametrize("change", ["cut", "altered"])
def test_a_damaged_copy_is_refused_before_anything_is_in_the_cache(
    small: DataSet, tmp_path: Path, change: str
) -> None:
    for path in (tmp_path / "own").iterdir():
        content = bytearray(path.read_bytes())
        if change == "cut":
            del content[len(content) // 2 :]
        else:
            content[len(content) // 2] ^= 1
        path.write_bytes(content)
    with pytest.raises(DataUnavailable, match="your copy: "):
        locate(small, tmp_path / "root", copy=tmp_path / "own")
    assert not is_here(small, tmp_path / "root")


def test_an_altered_batch_is_never_unpickled(tmp_path: Path) -> None:
    small = tiny(CIFAR10, tmp_path / "own")
    folder = locate(small, tmp_path / "root", copy=tmp_path / "own")
    made = tmp_path / "made"
    harm = b"cbuiltins\nopen\nU" + bytes([len(str(made))]) + str(made).encode() + b"U\x01w\x86R."
    (folder / "test_batch").write_bytes(harm)
    with pytest.raises(DamagedData, match="test_batch is truncated or another file"):
        load_test(small, tmp_path / "root")
    assert not made.exists()


def test_an_archive_without_one_of_the_files_names_it(tmp_path: Path) -> None:
    small = tiny(CIFAR10, tmp_path / "own")
    larger = dataclasses.replace(small, train={**small.train, "data_batch_6": "0" * 64})
    with pytest.raises(DataUnavailable, match=r"tar.gz does not hold tiny-.*/data_batch_6"):
        locate(larger, tmp_path / "root", copy=tmp_path / "own")


def test_files_packed_and_unpacked_may_lie_together(tmp_path: Path) -> None:
    small = tiny(MNIST, tmp_path / "own")
    packed = tmp_path / "own" / "t10k-labels-idx1-ubyte.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    locate(small, tmp_path / "root", copy=tmp_path / "own")
    assert is_here(small, tmp_path / "root")


def test_a_folder_without_the_files_says_which_it_must_have(tmp_path: Path) -> None:
    with pytest.raises(DataUnavailable, match=r"KMNIST is not in .*your copy: .*No such file"):
        locate(KMNIST, tmp_path / "root", copy=tmp_path)
    with pytest.raises(
        DataUnavailable, match=rf"No such file .*'{tmp_path}/cifar-10-python.tar.gz"
    ):
        locate(CIFAR10, tmp_path / "root", copy=tmp_path)
    with pytest.raises(DataUnavailable, match=r"has cifar-10-python.tar.gz: `actsearch data cif"):
        locate(CIFAR10, tmp_path / "root", copy=tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "dataset",
    [
        pytest.param(MNIST, marks=pytest.mark.slow),
        pytest.param(KMNIST, marks=pytest.mark.slow),
        CIFAR10,
    ],
    ids=lambda dataset: str(dataset.name),
)
def test_without_a_network_every_road_is_listed(
    dataset: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NO_NETWORK.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DataUnavailable, match=f"{dataset.title} is not in") as refusal:
        locate(dataset, tmp_path / "root", system=tmp_path / "none")
    message = str(refusal.value)
    assert f"system copy: [Errno 2] No such file or directory: '{tmp_path}/none" in message
    assert "torchvision: " in message
    assert "onnection refused" in message
    assert "Debian" not in message, "it has no package of this one"
    assert f"`actsearch data {dataset.name} --from DIR`" in message


# Points torchvision at a server of ours, with the MD5 of what is there: the rest is its own.
REDIRECTED = """
import hashlib, sys
from pathlib import Path
from torchvision import datasets
server, folder, title, script, *rest = sys.argv[1:]
md5 = lambda name: hashlib.md5((Path(folder) / name).read_bytes()).hexdigest()
known = getattr(datasets, title)
if hasattr(known, "resources"):
    known.mirrors = [server]
    known.resources = [(name, md5(name)) for name, _ in known.resources]
else:
    known.url, known.tgz_md5 = server + known.filename, md5(known.filename)
sys.argv = ["-c", *rest]
exec(script)
"""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder on an address of this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.slow  # 4 s each: a server of large files
@pytest.mark.parametrize("dataset", [KMNIST, CIFAR10], ids=lambda dataset: str(dataset.name))
def test_what_torchvision_downloads_is_installed(
    dataset: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tiny(dataset, tmp_path / "server", place=dataset.folder)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with served(tmp_path / "server") as server:
        aside = [server, str(tmp_path / "server"), dataset.title, sources._DOWNLOAD]
        script = f"import sys; sys.argv[1:1] = {aside!r}\n{REDIRECTED}"
        monkeypatch.setattr(sources, "_DOWNLOAD", script)
        locate(published, tmp_path / "root", system=tmp_path / "none")
    assert len(load_train(published, tmp_path / "root")) == 500
    assert len(load_test(published, tmp_path / "root")) == 100


def test_a_packed_file_is_checked_as_it_was_published(tmp_path: Path) -> None:
    small = tiny(KMNIST, tmp_path / "own")
    folder = locate(small, tmp_path / "root", copy=tmp_path / "own")
    name = next(iter(small.test))
    content = read_verified(small, folder, name)
    (folder / name).write_bytes(gzip.compress(content, compresslevel=1, mtime=0))
    with pytest.raises(DamagedData, match="another file"):
        read_verified(small, folder, name)
