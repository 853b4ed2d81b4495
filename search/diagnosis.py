"""A diagnosis from the command line's side: run, kept as files in a folder, shown in MLflow."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Sequence
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
from .reports.diagnosis_figures import figures_of
from .reports.diagnosis_metrics import points
from .storage.config import require, require_selection
from .storage.home import Home, usable

LONGEST = 40  # characters of an expression in a folder's name


def run(
    candidates: Sequence[Expression],
    recipe: Recipe,
    seed: int,
    parts: Collection[str],
    sizes: Sizes,
    reporter: Reporter,
) -> list[tuple[Diagnosis, int, int]]:
    """Each candidate's diagnosis with its start and end, milliseconds since the epoch."""
    require("seed", seed, seed >= 0, "at least 0")
    require_selection(recipe)
    if recipe.evaluator:
        raise InvalidSetting(
            f"recipe {recipe.label} is of an evaluator of your own, whose networks diagnose does "
            f"not know: use the functions of actsearch.evaluators on them (docs/diagnose.md)"
        )
    images = load_train(dataset_of(recipe.dataset))
    found = []
    for candidate in candidates:
        reporter.stage(f"{candidate}")
        start = now_ms()
        one = diagnose(
            candidate, recipe, images, seed, parts=parts, sizes=sizes, on_stage=reporter.stage
        )
        found.append((one, start, now_ms()))
    return found


def parts_of(only: Sequence[str], skip: Sequence[str]) -> tuple[str, ...]:
    """The parts asked for; unknown names stay in, for `diagnose` to tell."""
    asked = tuple(only) or PARTS
    unknown = tuple(part for part in skip if part not in PARTS)
    return tuple(part for part in asked if part not in skip) + unknown


def text_of(found: Sequence[Diagnosis]) -> str:
    """Every diagnosis for reading, and of several their key figures side by side."""
    texts = [diagnosis_text(one) for one in found]
    if len(found) > 1:
        texts.append(comparison_text(found))
    return "\n\n\n".join(texts)


def default_folder(
    home: Home, candidates: Sequence[Expression], recipe: Recipe, seed: int
) -> Path:
    """Where a diagnosis is kept unless told: the same again takes the same folder."""
    text = " ".join(map(str, candidates))
    words = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:LONGEST].strip("-")
    mark = hashlib.sha256(text.encode()).hexdigest()[:6]
    return home.root / "diagnoses" / f"{words}-{mark}-{recipe.label}-{seed}".replace(" ", "-")


def keep(found: Sequence[Diagnosis], folder: Path) -> list[Path]:
    """Write diagnosis.json, diagnosis.txt and the figures into a folder; raises HomeUnusable."""
    with usable(folder, "-o"):
        folder.mkdir(parents=True, exist_ok=True)
        document = folder / "diagnosis.json"
        document.write_text(json.dumps([one.to_dict() for one in found], indent=1) + "\n")
        text = folder / "diagnosis.txt"
        text.write_text(text_of(found) + "\n")
        files = [document, text]
        for name, figure in figures_of(found).items():
            files.append(folder / f"{name}.png")
            save(figure, files[-1])
    return files


def show(home: Home, found: Diagnosis, start: int, end: int) -> str:
    """Write one diagnosis into MLflow (MLFLOW_TRACKING_URI if it is set, else the home's own
    store); the run's id. Raises TrackingError."""
    record = DiagnosisRecord(
        expression=found.expression,
        params={
            "expression": found.expression,
            "recipe": found.recipe,
            "network": found.network,
            "seed": str(found.seed),
            "images": str(found.images),
            "train_images": str(found.train_images),
            "torch": found.torch,
        },
        points=list(points(found)),
        figures=figures_of([found]),
        document=found.to_dict(),
        text=diagnosis_text(found),
        started_ms=start,
        finished_ms=end,
        reason=found.reason,
    )
    return write_diagnosis(home.root, os.environ.get("MLFLOW_TRACKING_URI") or None, record)
