"""`actsearch diagnose`: diagnoses run, kept as files in a folder, shown in MLflow."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..evaluators import Recipe, load_train
from ..evaluators.data.datasets import dataset_of
from ..evaluators.diagnosis.result import PARTS, Diagnosis
from ..evaluators.diagnosis.runner import diagnose
from ..evaluators.diagnosis.sizes import Sizes
from ..mlflow.diagnoses import DiagnosisRecord, write_diagnosis
from ..mlflow.figures.curves import save
from ..mlflow.run_io import now_ms
from ..space import Expression
from .errors import InvalidSetting
from .progress import Reporter
from .reports.diagnosis import comparison_text, diagnosis_text
from .reports.diagnosis_figures import FIGURES, figures_of
from .reports.diagnosis_metrics import points
from .storage.home import Home
from .storage.recipe_rules import require_selection
from .storage.setting_rules import require_seed
from .storage.usable import usable

LONGEST = 40  # characters of an expression in a folder's name


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedDiagnosis:
    """A diagnosis with its start and end, milliseconds since the epoch."""

    diagnosis: Diagnosis
    started_ms: int
    finished_ms: int


def run(
    candidates: Sequence[Expression],
    recipe: Recipe,
    seed: int,
    parts: Collection[str],
    sizes: Sizes,
    reporter: Reporter,
) -> list[TimedDiagnosis]:
    """The diagnosis of each candidate, one after the other."""
    require_seed(seed)
    require_selection(recipe)
    if recipe.evaluator:
        raise InvalidSetting(
            f"recipe {recipe.label} is of an evaluator of your own, whose networks diagnose does "
            f"not know: use the functions of actsearch.evaluators on them (docs/diagnose.md)"
        )
    images = load_train(dataset_of(recipe.dataset))
    diagnoses = []
    for candidate in candidates:
        reporter.stage(f"{candidate}")
        start = now_ms()
        diagnosis = diagnose(
            candidate, recipe, images, seed, parts=parts, sizes=sizes, on_stage=reporter.stage
        )
        diagnoses.append(
            TimedDiagnosis(diagnosis=diagnosis, started_ms=start, finished_ms=now_ms())
        )
    return diagnoses


def parts_of(only: Sequence[str], skip: Sequence[str]) -> tuple[str, ...]:
    """The parts asked for; unknown names stay in, for `diagnose` to refuse. Raises InvalidSetting
    where none is left."""
    parts = tuple(only) or PARTS
    unknown = tuple(part for part in skip if part not in PARTS)
    left = tuple(part for part in parts if part not in skip) + unknown
    if not left:
        raise InvalidSetting(
            f"--skip {' '.join(skip)} leaves nothing to measure of {', '.join(parts)}: skip fewer"
        )
    return left


def text_of(diagnoses: Sequence[Diagnosis]) -> str:
    """Every diagnosis for reading, and of several their key figures side by side."""
    texts = [diagnosis_text(diagnosis) for diagnosis in diagnoses]
    if len(diagnoses) > 1:
        texts.append(comparison_text(diagnoses))
    return "\n\n\n".join(texts)


def default_folder(
    home: Home, candidates: Sequence[Expression], recipe: Recipe, seed: int
) -> Path:
    """The folder of a diagnosis where none is given: the same again takes the same one."""
    text = " ".join(map(str, candidates))
    words = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:LONGEST].strip("-")
    mark = hashlib.sha256(text.encode()).hexdigest()[:6]
    return home.root / "diagnoses" / f"{words}-{mark}-{recipe.label}-{seed}".replace(" ", "-")


def keep(diagnoses: Sequence[Diagnosis], folder: Path) -> list[Path]:
    """Write diagnosis.json, diagnosis.txt and the figures into a folder, in place of an earlier
    diagnosis there; raises HomeUnusable."""
    with usable(folder, "-o"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in FIGURES:
            for path in folder.glob(f"{name}.png"):
                path.unlink()
        document = folder / "diagnosis.json"
        contents = [diagnosis.to_dict() for diagnosis in diagnoses]
        document.write_text(json.dumps(contents, indent=1) + "\n")
        text = folder / "diagnosis.txt"
        text.write_text(text_of(diagnoses) + "\n")
        files = [document, text]
        for name, figure in figures_of(diagnoses).items():
            files.append(folder / f"{name}.png")
            save(figure, files[-1])
    return files


def show(home: Home, timed: TimedDiagnosis) -> str:
    """Write one diagnosis into MLflow (MLFLOW_TRACKING_URI if it is set, else the home's own
    store); the run's id. Raises TrackingError."""
    diagnosis = timed.diagnosis
    record = DiagnosisRecord(
        expression=diagnosis.expression,
        params={
            "expression": diagnosis.expression,
            "recipe": diagnosis.recipe,
            "network": diagnosis.network,
            "seed": str(diagnosis.seed),
            "images": str(diagnosis.images),
            "train_images": str(diagnosis.train_images),
            "torch": diagnosis.torch,
        },
        points=list(points(diagnosis)),
        figures=figures_of([diagnosis]),
        document=diagnosis.to_dict(),
        text=diagnosis_text(diagnosis),
        started_ms=timed.started_ms,
        finished_ms=timed.finished_ms,
        reason=diagnosis.reason,
    )
    return write_diagnosis(home.root, os.environ.get("MLFLOW_TRACKING_URI") or None, record)
