"""A strategy is found by its name, or the message says what is wrong and what to write."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actsearch.search import StrategyError
from actsearch.search.strategies.random import Random
from actsearch.search.strategies.registry import BUILT_IN, strategy_from_name
from actsearch.space import UnknownNameError
from contracts.tiny import SMALL

MINE = """
import optuna
from actsearch.search import Strategy
from actsearch.search.strategies.random import Random

class Right(Random): pass

class Needs(Random):
    def __init__(self, space, seed, temperature): super().__init__(space, seed)

class Raises(Random):
    def __init__(self, space, seed): raise OSError("no disk")

class Alone(Random):
    def __init__(self, space, seed): self.space = space

class Half(Strategy): pass

class Sampler(optuna.samplers.RandomSampler): pass

class Other: pass

def function(space, seed): return Right(space, seed)
def nothing(space, seed): return None
sampler = optuna.samplers.RandomSampler()
number = 3
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with modules, in which the process then stands; not yet on the path."""
    (tmp_path / "mine_strategy.py").write_text(MINE)
    (tmp_path / "mine_broken.py").write_text("import mine_missing_dependency\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p not in ("", str(tmp_path))])
    yield tmp_path
    for name in [n for n in sys.modules if n.startswith("mine_")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_name_gives_a_strategy_of_that_name(name: str) -> None:
    assert type(strategy_from_name(name, SMALL, 0)).__name__.lower() == name


@pytest.mark.parametrize("name", ["mine_strategy:Right", "mine_strategy:function"])
def test_a_class_or_a_function_of_a_module_in_the_current_directory(here: Path, name: str) -> None:
    strategy = strategy_from_name(name, SMALL, 0)
    assert isinstance(strategy, Random)
    assert strategy.name == "mine_strategy:Right"


def test_a_strategy_that_an_installed_package_declares_goes_by_its_name(here: Path) -> None:
    declared = here / "mine_strategy-1.0.dist-info"
    declared.mkdir()
    (declared / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mine-strategy\nVersion: 1.0\n"
    )
    (declared / "entry_points.txt").write_text(
        "[actsearch.strategies]\nannealing = mine_strategy:Right\n"
    )
    sys.path.append(str(here))
    assert strategy_from_name("annealing", SMALL, 0).name == "mine_strategy:Right"
    with pytest.raises(UnknownNameError, match="did you mean 'annealing'"):
        strategy_from_name("anealing", SMALL, 0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "mine_absent:Right",
            "no module mine_absent in .* or among the installed packages;",
        ),
        ("mine_broken:Right", "importing mine_broken raised ModuleNotFoundError: No module named"),
        ("mine_strategy:Rihgt", "the module has no 'Rihgt'; did you mean 'Right'"),
        ("mine_strategy:Needs", r"made from \(space, seed\): .*missing 1 .*'temperature'; write"),
        ("mine_strategy:Raises", r"Raises\(\) raised OSError: no disk \(--debug shows where"),
        ("mine_strategy:Alone", r"__init__ must call super\(\).__init__\(space, seed\)"),
        ("mine_strategy:Half", "it has no method propose; see actsearch.search.Strategy"),
        ("mine_strategy:Sampler", "write a class of Strategy whose propose asks the sampler"),
        ("mine_strategy:sampler", "write a class of Strategy whose propose asks the sampler"),
        ("mine_strategy:Other", "Other is no class of Strategy, and no function that returns one"),
        ("mine_strategy:number", "int is no class of Strategy, and no function that returns one"),
        ("mine_strategy:nothing", "its function returned a NoneType"),
    ],
)
def test_a_wrong_name_or_class_is_told_with_what_to_write(
    here: Path, name: str, message: str
) -> None:
    with pytest.raises(StrategyError, match=message) as caught:
        strategy_from_name(name, SMALL, 0)
    assert str(caught.value).startswith(f"strategy {name}")


def test_an_unknown_name_gets_the_nearest_one_and_how_to_write_ones_own() -> None:
    with pytest.raises(UnknownNameError, match=r"module:Class.*did you mean 'evolution'"):
        strategy_from_name("evolutoin", SMALL, 0)
