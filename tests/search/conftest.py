"""The real images, and homes whose MLflow store is there already."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from actsearch.evaluators import FashionMnist, load_train
from actsearch.mlflow.tracker import Tracker
from actsearch.search.home import Home


@pytest.fixture(scope="session")
def images() -> FashionMnist:
    return FashionMnist(load_train())


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an MLflow store and nothing in it; making one takes seconds, copying none."""
    root = tmp_path_factory.mktemp("empty")
    Tracker(root).check()
    return root


@pytest.fixture
def home(empty_home: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(empty_home, tmp_path / "home")))
