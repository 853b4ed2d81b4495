"""The doors are the API: their names, on a list, and used wherever they have the name."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
# Whoever adds a name here promises to keep it; docs/architecture.md says what is no API.
DOORS: dict[str, list[str]] = {
    "actsearch.evaluators": [
        "BUILT_IN",
        "CandidateReport",
        "DATASETS",
        "DamagedData",
        "DataUnavailable",
        "Diagnosis",
        "Evaluator",
        "EvaluatorError",
        "FinalScore",
        "ImageClassification",
        "ImageSpec",
        "Images",
        "ImagesDoNotFit",
        "InvalidImages",
        "InvalidSizes",
        "Job",
        "LossHessian",
        "MemberProgress",
        "ModelEvaluator",
        "NETWORKS",
        "Network",
        "NoImages",
        "NoTestImages",
        "NoValidationImages",
        "NotInTable",
        "OutOfMemory",
        "OverAll",
        "RECIPES",
        "Recipe",
        "RecipeError",
        "RungReport",
        "ScoreTable",
        "Sizes",
        "TableError",
        "TabularEvaluator",
        "Training",
        "calibrated",
        "check_evaluator",
        "dataset_of",
        "dead_units",
        "diagnose",
        "evaluator_from_name",
        "gradient_norms",
        "instability",
        "layer_signals",
        "load_test",
        "load_train",
        "locate",
        "loss_surface",
        "r2",
        "read_table",
        "recipe_from_name",
        "run_bracket",
        "shipped_tables",
        "spectral_density",
        "spectrum",
        "split",
        "subset",
        "survivors",
        "table_from_name",
        "tangent_kernel",
        "to_toml",
        "weight_change",
        "weight_matrices",
    ],
    "actsearch.search": [
        "Best",
        "ClusterUnusable",
        "Confirmation",
        "ExportFailed",
        "FormatImpossible",
        "Home",
        "HomeUnusable",
        "InvalidSetting",
        "NameTaken",
        "NoSuchSearch",
        "NotRunning",
        "NothingToTrain",
        "Outcome",
        "RunSettings",
        "RungScore",
        "RunningSearch",
        "Search",
        "SearchBusy",
        "SearchConfig",
        "SearchFailed",
        "SearchStopped",
        "SpaceExhausted",
        "Status",
        "Strategy",
        "StrategyError",
        "SubmitFailed",
        "Trial",
        "__version__",
        "check_strategy",
        "export",
    ],
    "actsearch.space": [
        "Activation",
        "ActsearchError",
        "BASELINES",
        "Call",
        "CandidateError",
        "Card",
        "Constant",
        "CoreUnits",
        "Corrected",
        "Encoding",
        "Expression",
        "ExpressionError",
        "FAMILIES",
        "Family",
        "Fingerprint",
        "FingerprintIndex",
        "FitError",
        "Fitted",
        "Identification",
        "Listed",
        "Mixtures",
        "NOT_POINTWISE",
        "OPERATORS",
        "Operators",
        "PRIMITIVES",
        "PackageMissing",
        "Parameter",
        "ParametricTrees",
        "Primitive",
        "Schema",
        "Space",
        "SpaceError",
        "Union",
        "UnknownNameError",
        "Variable",
        "baselines",
        "card",
        "family",
        "fingerprint",
        "fingerprint_of_version",
        "fitted",
        "from_file",
        "identify",
        "module_source",
        "parameter_groups",
        "parse",
        "replace_activations",
        "screen",
        "second_moment",
        "space_from_name",
    ],
}
USERS = sorted(
    path
    for folder in ("tests", "benchmarks", "examples")
    for path in (REPOSITORY / folder).rglob("*.py")
)


@pytest.mark.parametrize("door", DOORS)
def test_a_door_opens_on_the_names_of_the_list(door: str) -> None:
    module = importlib.import_module(door)
    assert sorted(module.__all__) == DOORS[door]
    assert not [name for name in DOORS[door] if isinstance(getattr(module, name), ModuleType)]
    public = {name for name, value in vars(module).items() if not isinstance(value, ModuleType)}
    lazy = {"annotations", "import_module", "Any", "TYPE_CHECKING"}  # what search's door needs
    assert {name for name in public if not name.startswith("_")} - lazy <= set(DOORS[door])


def test_no_module_is_hidden_by_a_function_of_its_name() -> None:
    """Only its package's own `__init__` can hide it, by a name of its own or a lazy one."""
    hidden = []
    for name, leaf in modules():
        package = importlib.import_module(name)
        taken = {**dict.fromkeys(getattr(package, "__all__", ())), **vars(package)}
        if leaf in taken and not isinstance(taken[leaf], ModuleType):
            hidden.append(f"{name}.{leaf}")
    assert not hidden


def modules() -> list[tuple[str, str]]:
    """Every module and package of ours below the rooms, as its package's name and its own."""
    names = []
    for room in ("space", "evaluators", "mlflow", "search"):
        for path in sorted((REPOSITORY / room).rglob("*.py")):
            parts = list(path.relative_to(REPOSITORY).with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            if len(parts) > 1 and parts[-1] != "__main__":
                names.append((".".join(("actsearch", *parts[:-1])), parts[-1]))
    return names


@pytest.mark.parametrize("path", USERS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_what_a_door_has_is_imported_from_the_door(path: Path) -> None:
    past = [
        f"line {node.lineno}: {name.name} from {node.module}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for name in node.names
        for door in DOORS
        if node.module.startswith(f"{door}.") and name.name in DOORS[door]
        if is_same(node.module, door, name.name)
    ]
    assert not past


def is_same(module: str, door: str, name: str) -> bool:
    """Whether both names are of one object: a private function may be called as one at a door."""
    return getattr(importlib.import_module(module), name) is getattr(
        importlib.import_module(door), name
    )
