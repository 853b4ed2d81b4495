"""Every Python block of the pages runs: a page's from top to bottom, as a reader would type them.

What a page takes for granted is made first (GIVEN): a network, images, an exported file. CIFAR-10
alone is not the real one: random images stand in for 170 MB. What trains is slow, and made small.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from actsearch.search import export
from actsearch.space import parse
from contracts.pages import PAGES, REPOSITORY, Block, blocks, name_of

TORCH = "import torch\nfrom torch import nn\n"
# By page: what its Python blocks take for granted.
GIVEN = {
    "docs/export.md": f"{TORCH}images = torch.randn(2, 3, 64, 64)\n",
    "docs/families.md": f"{TORCH}model = nn.Sequential(nn.Linear(4, 4), nn.PReLU())\n",
    "docs/own_network.md": """
import torch
import torchvision
from actsearch.space import parse, replace_activations

images = torch.randn(2, 3, 32, 32)


class CIFAR10(torchvision.datasets.FakeData):
    def __init__(self, root, train=True, download=False, transform=None):
        super().__init__(50_000 if train else 10_000, (3, 32, 32), 10, transform)


torchvision.datasets.CIFAR10 = CIFAR10
""",
}
# By page: the page whose first block is the `mine.py` that it imports. A ResNet on 45,000 images
# would train for hours without a GPU, so own_network.md gets the tutorial's.
MINE = {"docs/own_network.md": "docs/tutorial.md", "docs/own_strategy.md": "docs/own_strategy.md"}
TRAIN = ("Search(", "check_evaluator(", "check_strategy(")  # calls that take long
FULL, SMALL = "candidates=60", "candidates=9, finalists=1, recipe='brief', limit_data=4000"
ELSEWHERE = {"docs/tutorial.md"}  # run with its commands, in test_tutorial.py


def python_blocks(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "python"]


def trains(block: Block) -> bool:
    return any(call in block.code for call in TRAIN)


def run(page: Path, chosen: list[Block], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run blocks in one namespace, with `folder` as the working directory and the home in it."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ACTSEARCH_HOME", str(folder / "home"))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    monkeypatch.setattr("torchvision.datasets.CIFAR10", None)  # put back after the test
    torch.manual_seed(0)
    if name_of(page) in MINE:
        (folder / "mine.py").write_text(python_blocks(REPOSITORY / MINE[name_of(page)])[0].code)
    namespace = {"__name__": "page"}
    exec(GIVEN.get(name_of(page), ""), namespace)
    for block in chosen:
        code = "\n" * block.line + block.code.replace(FULL, SMALL)
        exec(compile(code, str(page), "exec"), namespace)
    sys.modules.pop("mine", None)


WITH_PYTHON = [page for page in PAGES if python_blocks(page) and name_of(page) not in ELSEWHERE]


@pytest.mark.heavy
@pytest.mark.parametrize(
    "page", [p for p in WITH_PYTHON if not all(map(trains, python_blocks(p)))], ids=name_of
)
def test_every_example_that_trains_nothing_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name_of(page) == "docs/export.md":
        export(parse("x * sigmoid(beta * x)"), tmp_path / "best")
    quick = [block for block in python_blocks(page) if not trains(block)]
    run(page, quick, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "page", [p for p in WITH_PYTHON if any(map(trains, python_blocks(p)))], ids=name_of
)
def test_every_example_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(page, python_blocks(page), tmp_path, monkeypatch)
