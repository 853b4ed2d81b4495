"""The rooms stay apart: imports point one way, and `mlflow` is always the library."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = ("space", "evaluators", "mlflow", "search")
MAY_IMPORT = {
    "space": {"space"},
    "evaluators": {"space", "evaluators"},
    "mlflow": {"space", "mlflow"},
    "search": set(ROOMS),
}
OWNERS = {  # library: where alone it may be imported, as a prefix of the file's path
    "mlflow": ("mlflow/",),
    "optuna": (
        "search/strategies/",
        "search/storage/study.py",
        "search/storage/study_database.py",
        "search/storage/history.py",
        "search/storage/interruption.py",
        "search/storage/rows.py",
        "search/storage/trial_reader.py",
        "search/storage/trial_codec.py",
    ),
    "ray": ("search/executors/ray_tune.py", "search/executors/ray_"),
}
HEAVY = ("matplotlib", "mlflow", "optuna", "ray", "scipy.stats", "sympy", "torch")
# Bottom first; a package, or a file that is none, may import those below it. What shares a level
# stands side by side: neither imports the other.
LAYERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "space": (
        ("printable", "counted"), ("errors", "json_safe", "bounded_input"),
        ("scratch", "data_frame"),
        ("expressions",),
        ("modules", "catalog"), ("families",),
        ("analysis",), ("eafo",), ("spaces",), ("enumeration",),
    ),
    "evaluators": (
        ("data",), ("networks",), ("recipes",), ("protocol",),
        ("training", "paired_statistics", "tables"),
        ("image_classification", "first_try"), ("model_evaluator",), ("diagnosis",),
    ),
    "mlflow": (
        ("figures", "records", "uris", "saved_views", "markdown"),
        ("local_store",), ("client",), ("run_io",), ("run_fields",), ("candidate_page",),
        ("candidate_runs", "experiments", "experiment_notes"),
        ("confirmation", "diagnoses", "front", "search_run", "registry", "trimming"),
        ("tracker", "server_process"), ("artifact_root",),
        ("background_writer", "ui_server", "ui_app", "team_server"),
    ),
    "search": (
        ("errors", "version", "dropped_interrupts"), ("strategies", "provenance"), ("storage",),
        ("evaluator_choice",),
        ("executors", "remaining_time"), ("progress",), ("confirmation",), ("reports",),
        ("display",),
        ("gallery",), ("search_page",), ("tracking",), ("exporting",), ("engine",), ("table",),
        ("prior",), ("service",),
        ("outcome", "open_search"), ("run", "confirm", "score", "diagnosis"),
        ("api",), ("cli",),
    ),
}  # fmt: skip
# `parse(text).module()` is how a user gets a module, and a confirmation shows itself in notebooks:
# the imports that point up.
UPWARD = {
    ("space/expressions/expression.py", "actsearch.space.modules.activation.Activation"),
    *(
        (
            "search/confirmation/comparison.py",
            f"actsearch.search.reports.confirmation_display.{name}",
        )
        for name in ("as_html", "plot", "summary", "to_pandas")
    ),
}
FILES = sorted(path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Absolute dotted names of what a file of the repository imports."""
    return imports_of(path.read_text(), path.relative_to(REPOSITORY))


def imports_of(source: str, path: Path) -> Iterator[str]:
    """Absolute dotted names of what a source imports anywhere in it, in functions and
    type-checking blocks too; relative ones as Python resolves them at `actsearch/PATH`."""
    package = ("actsearch", *path.parent.parts)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = [*base, *(node.module.split(".") if node.module else ())]
            yield from (".".join([*stem, alias.name]) for alias in node.names)


def names_used(path: Path) -> set[str]:
    """Every identifier that a file defines, imports or refers to, also behind a dot."""
    fields = ("id", "attr", "name")  # of ast.Name, ast.Attribute, and ast.alias or a definition
    return {
        getattr(node, field)
        for node in ast.walk(ast.parse(path.read_text()))
        for field in fields
        if hasattr(node, field)
    }


def loaded_after(statement: str) -> set[str]:
    """The libraries of HEAVY that a fresh interpreter has loaded after `statement`."""
    report = f"import sys\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    process = subprocess.run(
        [sys.executable, "-c", f"{statement}\n{report}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return set(process.stdout.splitlines()[-1].split())


def test_there_are_files_to_check_in_every_room() -> None:
    assert {path.relative_to(REPOSITORY).parts[0] for path in FILES} == set(ROOMS)


def test_mlflow_is_the_library() -> None:
    spec = importlib.util.find_spec("mlflow")
    assert spec is not None
    assert spec.origin is not None, "a namespace: the library is not installed"
    assert REPOSITORY / "mlflow" not in Path(spec.origin).parents


def test_mlflow_is_the_library_for_a_program_started_in_the_repository() -> None:
    code = "import mlflow; print(mlflow.__file__)"
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert REPOSITORY / "mlflow" not in Path(process.stdout.strip()).parents


def test_nothing_in_our_mlflow_folder_hides_the_library() -> None:
    names = {path.name for path in (REPOSITORY / "mlflow").iterdir()}
    assert "__init__.py" not in names
    assert not [name for name in names if name.startswith(("test_", "conftest"))]
    assert not list((REPOSITORY / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room: str) -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)} imports {name}"
        for path in FILES
        if path.relative_to(REPOSITORY).parts[0] == room
        for name in imports(path)
        if name.startswith("actsearch.") and name.split(".")[1] not in MAY_IMPORT[room]
    ]
    assert not wrong


def imports_up(room: str, path: Path, names: Iterable[str]) -> list[str]:
    """Imports of a file from its own room that are of a higher layer, of a neighbour on its own
    layer, or of the room's door; path: relative to the repository."""
    level = {name: depth for depth, names in enumerate(LAYERS[room]) for name in names}
    package = path.parts[1].removesuffix(".py")
    imported = [name.split(".") for name in names if name.startswith(f"actsearch.{room}.")]
    return [
        ".".join(parts)
        for parts in imported
        if parts[2] != package
        and level.get(parts[2], len(LAYERS[room])) >= level[package]
        and (str(path), ".".join(parts)) not in UPWARD
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_packages_import_only_what_is_below_them(room: str) -> None:
    wrong = {}
    for path in FILES:
        relative = path.relative_to(REPOSITORY)
        if relative.parts[0] == room and relative.parts[1:] != ("__init__.py",):
            wrong[str(relative)] = imports_up(room, relative, imports(path))
    assert not {path: names for path, names in wrong.items() if names}


@pytest.mark.parametrize(
    "planted",
    [
        "from ..spaces.base import Space",
        "def later():\n    from ..spaces.base import Space",
        "if TYPE_CHECKING:\n    from ..spaces.base import Space",
        "import actsearch.space.spaces.base",
        "from .. import Space",
        "from ..families.table import FAMILIES",
    ],
)
def test_a_forbidden_import_would_be_found(planted: str) -> None:
    path = Path("space/catalog/planted.py")
    assert imports_up("space", path, imports_of(planted, path))
    assert not imports_up("space", path, imports_of("from ..errors import SpaceError", path))


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_by_its_owner_alone(library: str) -> None:
    importers = {
        str(path.relative_to(REPOSITORY))
        for path in FILES
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert not {path for path in importers if not path.startswith(OWNERS[library])}


def test_our_own_code_is_imported_by_relative_or_full_names_only() -> None:
    rooms = set(ROOMS) - {"mlflow"}  # a top-level `space` exists only by accident of the directory
    wrong = [
        f"{path.relative_to(REPOSITORY)} imports {name}"
        for path in FILES
        for name in imports(path)
        if name.split(".")[0] in rooms
    ]
    assert not wrong


def test_only_a_confirmation_opens_the_test_images() -> None:
    users = {
        path.relative_to(REPOSITORY)
        for path in FILES
        if path.name != "__init__.py"  # those only pass the name on
        and "load_test" in names_used(path)
    }
    gives, asks = Path("evaluators/data/images.py"), Path("search/confirmation/opening.py")
    assert users == {gives, asks}


def test_the_space_loads_torch_for_its_names_and_nothing_else_that_is_heavy() -> None:
    assert not loaded_after("import actsearch.space, actsearch.evaluators")
    assert loaded_after("from actsearch.space import parse") == {"torch"}


def test_recipes_lists_and_mistakes_are_told_without_torch(tmp_path: Path) -> None:
    commands = (["recipes"], ["leaderboard", "--home", str(tmp_path)], ["search", "--lag", "-1"])
    for command in commands:
        loaded = loaded_after(
            f"from actsearch.search.cli.main import main\nassert main({command}) in (0, 1)"
        )
        assert "torch" not in loaded
        assert "mlflow" not in loaded


def test_a_search_begins_without_what_only_draws_or_ends_it() -> None:
    loaded = loaded_after("import actsearch.search.run, actsearch.mlflow.tracker")
    assert loaded == {"torch", "optuna"}


def test_help_starts_without_loading_anything_heavy() -> None:
    assert not loaded_after(
        "import contextlib, sys\n"
        "from actsearch.search.cli.main import main\n"
        "sys.argv = ['actsearch', '--help']\n"
        "with contextlib.suppress(SystemExit): main()"
    )


def test_every_package_in_the_tree_is_shipped_with_its_marker() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    listed = project["tool"]["setuptools"]["packages"]
    in_tree = {
        ".".join(["actsearch", *path.relative_to(REPOSITORY).parent.parts]) for path in FILES
    }
    assert sorted(in_tree) == listed
    for room in ROOMS:
        assert (REPOSITORY / room / "py.typed").is_file()
        assert "py.typed" in project["tool"]["setuptools"]["package-data"][f"actsearch.{room}"]


def test_every_file_opens_with_its_idea() -> None:
    untold = [
        str(path.relative_to(REPOSITORY))
        for path in FILES
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not untold
