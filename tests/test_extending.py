"""Adding one of each kind takes the files that docs/architecture.md names, and no more.

All are added to one copy of the tree; there each shows in the command line, and one search has
the new space, strategy, recipe, network, data set and baseline train together.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from actsearch.evaluators.data.datasets import FASHION_MNIST
from contracts.tiny_sets import tiny

pytestmark = pytest.mark.long
REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = (REPOSITORY / "docs" / "architecture.md").read_text()

# What is added: a new file with its text, or an insertion before a line of a file that is there.
FILES = {
    "search/strategies/backwards.py": '''"""An enumerable space from its end."""

from __future__ import annotations

import numpy as np
import optuna
from optuna.trial import FrozenTrial

from ...space import Encoding
from .base import Strategy


class Backwards(Strategy):
    """The encodings of a space in reverse order."""

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, rng: np.random.Generator
    ) -> Encoding:
        encodings = list(self.space.encodings())
        return encodings[-1 - trial.number % len(encodings)]
''',
    "evaluators/networks/single.py": '''"""One hidden layer."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from ...space import Expression
from ..data.datasets import ImageSpec
from .init import drawn_from


def single(
    widths: Sequence[int], candidate: Expression, seed: int, spec: ImageSpec, *, moment_init: bool
) -> nn.Module:
    """Takes float [B, inputs], gives [B, classes]."""
    (width,) = widths
    with drawn_from(seed):
        return nn.Sequential(
            nn.Linear(spec.inputs, width), candidate.module(), nn.Linear(width, spec.classes)
        )
''',
    "search/exporting/text_file.py": '''"""A candidate as its own text."""

from __future__ import annotations

from .subject import Subject


def files_of(subject: Subject) -> tuple[dict[str, str | bytes], None]:
    """activation.txt, for which nothing is run."""
    return {"activation.txt": f"{subject.expression}\\n"}, None
''',
    "search/cli/hello.py": '''"""Greet."""

from __future__ import annotations

import argparse

ORDER = 999


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="of whom to greet")


def run(options: argparse.Namespace) -> int:
    print(f"hello {options.name}")
    return 0
''',
}
INSERTIONS = (
    (
        "space/expressions/primitives.py",
        '    _unary("tanh", torch.tanh,',
        '    _unary("logtwo", lambda x: torch.log2(1 + x * x), "torch.log2(1 + {0} * {0})",\n'
        "           lambda s, a: s.log(1 + a**2, 2), 12, NOT_NEGATIVE, KEPT, TORCH),\n",
    ),
    (
        "space/spaces/operator_sets.py",
        "OPERATORS: Mapping[str, Operators] =",
        'NEW = Operators(("x", "logtwo(x)"), ("x1 + x2", "x1 * x2"), label=":ops=new")\n\n',
    ),
    ("space/spaces/operator_sets.py", '        "swish": SWISH,', '        "new": NEW,\n'),
    (
        "space/families/formulas.py",
        '    _Formula(\n        "snake",',
        '    _Formula("bent-line", "x + a=0.5 * logtwo(x)", "nobody, 2026"),\n',
    ),
    (
        "search/strategies/registry.py",
        '        "random": "random:Random",',
        '        "backwards": "backwards:Backwards",\n',
    ),
    (
        "evaluators/networks/registry.py",
        '        "mlp": Network(',
        '        "single": Network(\n            build=_when_built("single", "single"),\n'
        '            widths_rule="exactly 1 width",\n'
        "            fits=lambda widths: len(widths) == 1,\n        ),\n",
    ),
    (
        "evaluators/recipes/shipped.py",
        "            _DLDNA,\n",
        '            Recipe(name="brief", network="single", widths=(16,), dataset="bars",\n'
        "                   rungs=(1, 2), validation=100, batch_size=32, warmup=2),\n",
    ),
    (
        "search/exporting/array_file.py",
        '        "sqrt": f"np.sqrt(',
        '        "logtwo": "np.log2(1.0 + {0} * {0})",\n',
    ),
    (
        "search/exporting/onnx_file.py",
        '    "exp": _plain("Exp"),',
        '    "logtwo": lambda g, a: g.op("Div", g.op("Log", g.op("Add", 1.0, g.op("Mul", a, a))), '
        "math.log(2)),\n",
    ),
    (
        "search/exporting/module_file.py",
        '            Format("latex",',
        '            Format("text", "a line of text", ("activation.txt",), "text_file"),\n',
    ),
    (
        "space/catalog/gated.py",
        '    Entry("GELU",',
        '    Entry("ThirdGate", "x * tanh(x / 3)", "nobody, 2026"),\n',
    ),
    (
        "tests/contracts/catalog_formulas.py",
        '    "SiLU": ',
        '    "ThirdGate": lambda x: x - 2 * x / (exp(2 * x / 3) + 1),\n',
    ),
    (
        "space/catalog/baselines.py",
        '        "SiLU": "silu(x)",',
        '        "LogTwo": "logtwo(x)",\n',
    ),
)
KINDS = {  # as the page calls them: the files that adding one takes
    "a primitive": {
        *("space/expressions/primitives.py", "space/spaces/operator_sets.py"),
        *("search/exporting/array_file.py", "search/exporting/onnx_file.py"),
    },
    "a named function": {"space/catalog/gated.py", "tests/contracts/catalog_formulas.py"},
    "a format of export": {"search/exporting/", "search/exporting/module_file.py"},
    "a family": {"space/families/formulas.py"},
    "a strategy": {"search/strategies/", "search/strategies/registry.py"},
    "a network": {"evaluators/networks/", "evaluators/networks/registry.py"},
    "a data set": {"evaluators/data/datasets.py"},
    "a recipe": {"evaluators/recipes/shipped.py"},
    "a baseline": {"space/catalog/baselines.py"},
    "a verb": {"search/cli/"},
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree with one of each added, importable as `actsearch`, and its data set in a cache."""
    root = tmp_path_factory.mktemp("copy")
    for folder in ("space", "evaluators", "mlflow", "search", "tests"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    (root / "actsearch").mkdir()
    for room in ("space", "evaluators", "mlflow", "search"):
        (root / "actsearch" / room).symlink_to(root / room)
    for name, text in FILES.items():
        (root / name).write_text(text)
    bars = tiny(FASHION_MNIST, root / "download", place="tiny-bars")
    row = (
        'BARS = DataSet(name="bars", title="Bars", folder="tiny-bars", images=500, mean=(0.4,),\n'
        f"    train={dict(bars.train)}, test={dict(bars.test)},\n"
        '    labels=FASHION_MNIST.labels, std=(0.2,), source="made here")\n\n'
    )
    datasets = "evaluators/data/datasets.py"
    for name, before, text in (
        *INSERTIONS,
        (datasets, "DATASETS: Mapping[str, DataSet] =", row),
    ):
        insert(root / name, before, text)
    path = root / datasets
    path.write_text(
        path.read_text().replace("(FASHION_MNIST, MNIST,", "(BARS, FASHION_MNIST, MNIST,")
    )
    return root


def insert(path: Path, before: str, text: str) -> None:
    """Put a text before the one place where a file has `before`."""
    source = path.read_text()
    assert source.count(before) == 1, f"{path.name} has {source.count(before)} of {before!r}"
    path.write_text(source.replace(before, text + before))


def python(root: Path, *arguments: str) -> str:
    """Output of Python in the copy."""
    paths = (root, root / "tests")
    process = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=root,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "ACTSEARCH_DATA": str(root / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout[-2000:] + process.stderr
    return process.stdout


def actsearch(root: Path, *arguments: str) -> str:
    return python(root, "-m", "actsearch.search.cli", *arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_names_every_file_that_is_touched(kind: str) -> None:
    (line,) = (line for line in PAGE.splitlines() if line.startswith(f"| {kind} |"))
    for path in KINDS[kind]:
        assert f"`{path}`" in line


def test_nothing_else_is_touched() -> None:
    touched = {name for name, *_ in INSERTIONS} | {f"{Path(name).parent}/" for name in FILES}
    assert touched | {"evaluators/data/datasets.py"} == set().union(*KINDS.values())


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("catalog", "--json"), ("logtwo", "bent-line", "ThirdGate")),
        (("export", "logtwo(x)", "-o", "out", "--format", "text,numpy,jax"), ("activation.txt",)),
        (("recipes", "--json"), ("brief",)),
        (("data", "--list", "--json"), ("bars",)),
        (("search", "--help"), ("backwards",)),
        (("--help",), ("hello",)),
        (("hello", "stranger"), ("hello stranger",)),
        (("describe", "bent-line", "--json"), ("logtwo",)),
    ],
)
def test_each_shows_in_the_command_line(
    copy: Path, arguments: Sequence[str], shown: Sequence[str]
) -> None:
    output = actsearch(copy, *arguments)
    assert [word for word in shown if word not in output] == []


def test_they_train_together(copy: Path) -> None:
    actsearch(copy, "data", "bars", "--from", "download")
    (copy / "second.toml").write_text(
        'base = "conv"\ndataset = "bars"\nvalidation = 100\nrungs = [1]\n'
    )
    result = json.loads(
        actsearch(
            copy,
            *("search", "--name", "new", "--json", "--candidates", "3", "--finalists", "1"),
            *("--space", "core-1:ops=new", "--strategy", "backwards"),
            *("--recipe", "brief", "--seeds", "2", "--second", "second.toml"),
        )
    )
    assert [row["state"] for row in result["leaderboard"]].count("complete") >= 1
    assert any("logtwo" in row["expression"] for row in result["leaderboard"])
    rows = {row["name"]: row for row in result["confirmation"]["rows"]}
    assert rows["LogTwo"]["role"] == "baseline"
    assert {row["network"] for row in result["confirmation"]["rows"]} == {"single", "conv"}


def test_the_contracts_of_each_hold(copy: Path) -> None:
    python(copy, "tests/contracts/golden.py")
    (copy / "docs").symlink_to(REPOSITORY / "docs")
    shutil.copy(REPOSITORY / "pyproject.toml", copy)
    python(
        copy,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contracts/test_primitives.py"),
        *("tests/contracts/test_families.py", "tests/contracts/test_catalog.py"),
        *("tests/search/exporting/test_formats.py", "-k", "logtwo or bent-line or ThirdGate"),
    )
