"""An evaluator is found by its name, or the message says what is wrong and what to write."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actsearch.evaluators import EvaluatorError, evaluator_from_name
from actsearch.space import UnknownNameError

MINE = """
import dataclasses
from actsearch.evaluators import Evaluator
from actsearch.space import CandidateError

class Right(Evaluator):
    def on(self, device): return self
    def run(self, job): yield

class Needs(Right):
    def __init__(self, data): self.data = data

class Half(Evaluator):
    def on(self, device): return self

class Wrong(Right):
    recipe = "quick"
    test_set_name = "mine"

class Duck:
    def on(self, device): return self
    def run(self, job): yield

class Misspelt(Right):
    def open(self): return self
    def opend(self): return self
    def checks(self): ...

def function(): return Right()
def nothing(): return None
def raises(): raise OSError("no disk")
def refuses(): raise CandidateError("the model has no module of the kind ReLU")
instance = Right()
number = 3
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with modules, in which the process then stands; not yet on the path."""
    (tmp_path / "mine_own.py").write_text(MINE)
    (tmp_path / "mine_broken.py").write_text("import mine_missing_dependency\n")
    (tmp_path / "mine_raising.py").write_text("1 / 0\n")
    (tmp_path / "mine_package").mkdir()
    (tmp_path / "mine_package" / "scoring.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p not in ("", str(tmp_path))])
    yield tmp_path
    for name in [n for n in sys.modules if n.startswith("mine_")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "name",
    ["mine_own:Right", "mine_own:function", "mine_own:instance", "mine_package.scoring:Right"],
)
def test_a_class_or_a_function_of_a_module_in_the_current_directory(here: Path, name: str) -> None:
    assert type(evaluator_from_name(name)).__name__ == "Right"


def test_what_an_installed_package_declares_goes_by_its_name(here: Path) -> None:
    declared = here / "mine_own-1.0.dist-info"
    declared.mkdir()
    (declared / "METADATA").write_text("Metadata-Version: 2.1\nName: mine-own\nVersion: 1.0\n")
    (declared / "entry_points.txt").write_text("[actsearch.evaluators]\nours = mine_own:Right\n")
    sys.path.append(str(here))
    assert type(evaluator_from_name("ours")).__name__ == "Right"
    with pytest.raises(UnknownNameError, match="did you mean 'ours'"):
        evaluator_from_name("our")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "mine_absent:Right",
            "no module mine_absent in .* or among the installed packages; write",
        ),
        ("mine_own.deep:Right", "there is no module mine_own.deep in"),
        ("mine_broken:Right", "importing mine_broken raised ModuleNotFoundError: No module named"),
        (
            "mine_raising:Right",
            "importing mine_raising raised ZeroDivisionError: division by zero",
        ),
        ("mine_own:Rihgt", "the module has no 'Rihgt'; did you mean 'Right'"),
        ("mine_own:", "the module has no ''"),
        ("mine_own:Needs", r"made without arguments: .*missing 1 .*'data'; write a function"),
        ("mine_own:raises", r"mine_own:raises\(\) raised OSError: no disk \(--debug shows where"),
        ("mine_own:refuses", "evaluator mine_own:refuses: the model has no module of the kind"),
        (
            "mine_own:nothing",
            r"no evaluator: make NoneType a subclass of actsearch\.evaluators\.Evaluator",
        ),
        ("mine_own:Half", "is no evaluator: no method run"),
        ("mine_own:Wrong", "is no evaluator: Wrong: its recipe must be a Recipe, but is a str"),
        ("mine_own:Wrong", "its test_set_name must be a method that returns a text"),
        ("mine_own:number", "is no evaluator: make int a subclass of"),
        ("mine_own:Duck", "make Duck a subclass of actsearch.evaluators.Evaluator, or use Mod"),
        ("mine_own:Misspelt", "its method checks is never called: write check, or rename it; its"),
        ("mine_own:Misspelt", "method open is never called: write opened"),
        ("mine_own:Misspelt", "method opend is never called: write opened"),
    ],
)
def test_what_is_wrong_with_a_name_is_said_with_what_to_write(
    here: Path, name: str, message: str
) -> None:
    with pytest.raises(EvaluatorError, match=message) as caught:
        evaluator_from_name(name)
    assert str(caught.value).startswith(f"evaluator {name}")


def test_a_name_that_nothing_has_says_how_to_write_one() -> None:
    with pytest.raises(UnknownNameError, match=r"write --evaluator package\.module:Name.* known:"):
        evaluator_from_name("xyzzy")
