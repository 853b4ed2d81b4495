"""The images arrive whole by any road, or a message says what was tried and what to do.

The real files are used throughout: the first test to ask fetches them into the user's cache.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from actsearch.evaluators import DamagedData, DataUnavailable, load_test, load_train, locate
from actsearch.evaluators.data.cache import data_root, read_verified, verify
from actsearch.evaluators.data.datasets import FASHION_MNIST
from contracts.interpreter import Interpreter

LABELS = "t10k-labels-idx1-ubyte"  # the smallest of the four
SETTING = "import sys; from pathlib import Path; from actsearch.evaluators.data.cache import *; "
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "PATH": ""}  # port 9: nothing listens there


@pytest.fixture(scope="module")
def published() -> Path:
    """The folder of the user's cache, filled by whichever road works on this machine."""
    return locate()


@pytest.fixture(scope="module")
def system_copy(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four files as Debian installs them: compressed again, by other settings."""
    system = tmp_path_factory.mktemp("system")
    folder = system / "fashion-mnist"
    folder.mkdir()
    for name in FASHION_MNIST.files:
        packed = gzip.compress((published / name).read_bytes(), compresslevel=1)
        (folder / f"{name}.gz").write_bytes(packed)
    return system


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Path:
    """A data root of its own with copies of the four files, to do damage in."""
    shutil.copytree(published, tmp_path / "FashionMNIST" / "raw")
    return tmp_path


def raw(root: Path) -> Path:
    return root / "FashionMNIST" / "raw"


def test_the_cache_holds_the_published_files(published: Path) -> None:
    verify(FASHION_MNIST, published)
    assert published == raw(data_root())


def test_a_missing_set_is_unpacked_from_the_system_copy(tmp_path: Path, system_copy: Path) -> None:
    folder = locate(FASHION_MNIST, tmp_path, system=system_copy)
    verify(FASHION_MNIST, folder)
    left_behind = {path.name for path in folder.iterdir()} - set(FASHION_MNIST.files)
    assert left_behind == {".fetch.lock"}


def test_a_second_call_touches_nothing(tmp_path: Path, system_copy: Path) -> None:
    folder = locate(FASHION_MNIST, tmp_path, system=system_copy)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert locate(FASHION_MNIST, tmp_path, system=tmp_path / "nowhere") == folder
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_only_the_missing_file_is_put_in_place(root: Path, system_copy: Path) -> None:
    (raw(root) / LABELS).unlink()
    present = raw(root) / "t10k-images-idx3-ubyte"
    present.write_bytes(b"the user's own")
    read_verified(FASHION_MNIST, locate(FASHION_MNIST, root, system=system_copy), LABELS)
    assert present.read_bytes() == b"the user's own"


def test_a_relative_root_is_taken_from_the_working_directory(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    assert locate(FASHION_MNIST, Path(root.name)) == raw(root)


def test_the_cache_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    monkeypatch.delenv("ACTSEARCH_DATA", raising=False)
    assert data_root() == Path("/elsewhere/actsearch")
    monkeypatch.setenv("ACTSEARCH_DATA", "~/images")
    assert data_root() == Path.home() / "images"


def test_truncated_file_is_named_and_refused(root: Path) -> None:
    path = raw(root) / "train-images-idx3-ubyte"
    os.truncate(path, 1_000_000)
    with pytest.raises(DamagedData, match=f"{path} is truncated.*1,000,000.*delete it and run"):
        load_train(root=root)
    assert len(load_test(root=root)) == 10_000  # the other files are as good as before


def test_swapped_files_are_named_and_refused(root: Path) -> None:
    images, labels = raw(root) / "t10k-images-idx3-ubyte", raw(root) / LABELS
    shutil.copy(raw(root) / "train-labels-idx1-ubyte", labels)
    with pytest.raises(DamagedData, match=f"{labels} is truncated or another file"):
        load_test(root=root)
    shutil.copy(raw(root) / "train-images-idx3-ubyte", images)
    with pytest.raises(DamagedData, match=str(images)):
        verify(FASHION_MNIST, raw(root))


def test_a_deleted_damaged_file_comes_back(root: Path, system_copy: Path) -> None:
    path = raw(root) / LABELS
    os.truncate(path, 10)
    path.unlink()  # what the message says to do
    verify(FASHION_MNIST, locate(FASHION_MNIST, root, system=system_copy))


def test_a_file_that_cannot_be_read_is_named(root: Path) -> None:
    path = raw(root) / LABELS
    path.unlink()
    path.mkdir()
    with pytest.raises(DataUnavailable, match=f"cannot read {path}"):
        read_verified(FASHION_MNIST, raw(root), LABELS)


def test_a_cache_that_cannot_be_written_says_which_variable_to_set(tmp_path: Path) -> None:
    (tmp_path / "FashionMNIST").write_text("a file where the folder should be")
    with pytest.raises(DataUnavailable, match=r"cannot be written.*ACTSEARCH_DATA"):
        locate(FASHION_MNIST, tmp_path)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network and no package manager for what is started from here."""
    for name, value in NO_NETWORK.items():
        monkeypatch.setenv(name, value)


@pytest.mark.heavy
def test_without_data_and_network_every_road_is_listed(tmp_path: Path, no_network: None) -> None:
    with pytest.raises(DataUnavailable) as refusal:
        locate(FASHION_MNIST, tmp_path / "root", system=tmp_path / "no-system-copy")
    message = str(refusal.value)
    assert message.startswith("FashionMNIST is not in")
    assert "system copy: [Errno 2]" in message
    assert "torchvision: <urlopen error [Errno 111] Connection refused>" in message
    assert "Debian's package: there is no apt-get here" in message
    assert "run `actsearch data fashion-mnist` where there is a network" in message
    assert [path.name for path in raw(tmp_path / "root").iterdir()] == [".fetch.lock"]


def test_a_bad_system_copy_is_a_closed_road_not_an_image(
    tmp_path: Path, system_copy: Path, no_network: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")  # torchvision's road is not asked for
    bad = shutil.copytree(system_copy, tmp_path / "bad")
    (bad / "fashion-mnist" / f"{LABELS}.gz").write_bytes(gzip.compress(b"other labels"))
    reason = f"system copy: {LABELS} in {bad}/fashion-mnist is not the published file"
    with pytest.raises(DataUnavailable, match=re.escape(reason)):
        locate(FASHION_MNIST, tmp_path / "root", system=bad)
    assert not any((raw(tmp_path / "root") / name).exists() for name in FASHION_MNIST.files)


@pytest.mark.heavy
def test_two_processes_at_once_leave_one_whole_set(tmp_path: Path, system_copy: Path) -> None:
    code = (
        "verify(FASHION_MNIST, locate(FASHION_MNIST, Path(sys.argv[1]), system=Path(sys.argv[2])))"
    )
    command = [sys.executable, "-c", SETTING + code, str(tmp_path), str(system_copy)]
    pipe = subprocess.PIPE
    both = [
        subprocess.Popen(command, env=os.environ | NO_NETWORK, stderr=pipe, text=True)
        for _ in range(2)
    ]
    for process in both:
        errors = process.communicate(timeout=120)[1]
        assert process.returncode == 0, errors


@pytest.mark.heavy
def test_a_killed_fetch_leaves_nothing_in_the_way(
    tmp_path: Path, system_copy: Path, interpreter: Interpreter
) -> None:
    # The child kills itself once everything is unpacked and nothing is yet renamed.
    code = SETTING + (
        "import os, signal; "
        "Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL); "
        "locate(FASHION_MNIST, Path(sys.argv[1]), system=Path(sys.argv[2]))"
    )
    process = interpreter.run(code, tmp_path, NO_NETWORK, (str(tmp_path), str(system_copy)))
    assert process.returncode == -9
    assert (raw(tmp_path) / ".fetch").exists()
    verify(FASHION_MNIST, locate(FASHION_MNIST, tmp_path, system=system_copy))
    assert not (raw(tmp_path) / ".fetch").exists()


@pytest.mark.slow
def test_a_new_machine_fetches_the_images_without_a_system_copy(tmp_path: Path) -> None:
    verify(FASHION_MNIST, locate(FASHION_MNIST, tmp_path, system=tmp_path / "nowhere"))
