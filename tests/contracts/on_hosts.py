"""An evaluator whose jobs meet across hosts: each leaves a mark in a folder that all hosts see,
with its host and GPUs, and trains once there are enough of them."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import ray

from actsearch.evaluators import Evaluator, ImageClassification, Job, RungReport, load_train
from contracts.tiny import TINY

PATIENCE = 200.0  # seconds until nobody else comes


class Meeting(Evaluator):
    """The built-in evaluator on a small recipe. MEETING names the folder, MEMBERS how many jobs
    meet, and SLOWLY the seconds that each rung takes more."""

    recipe = TINY

    def __init__(self) -> None:
        self._images = ImageClassification({"fashion-mnist": load_train()})
        self._folder = Path(os.environ["MEETING"])
        self._members = int(os.environ["MEMBERS"])
        self._slowly = float(os.environ.get("SLOWLY", "0"))

    def on(self, device: str) -> Meeting:
        """On a CPU always: the GPUs of hosts are logical."""
        return self

    def check(self) -> None:
        """Nothing: alone in the driver, its job would meet nobody."""

    def run(self, job: Job) -> Iterator[RungReport]:
        mark = {
            "host": platform.node(),
            "gpus": ray.get_gpu_ids(),
            "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
        }
        name = f"{platform.node()}-{os.getpid()}"
        (self._folder / f".{name}").write_text(json.dumps(mark))
        os.replace(self._folder / f".{name}", self._folder / name)
        give_up = time.monotonic() + PATIENCE
        while len(marks(self._folder)) < self._members:
            if time.monotonic() > give_up:
                raise RuntimeError("nobody else is at work")
            time.sleep(0.05)
        for report in self._images.run(job):
            time.sleep(self._slowly)
            yield report


def marks(folder: Path) -> list[dict[str, object]]:
    """Marks that worker processes have left so far, one each."""
    return [json.loads(p.read_text()) for p in folder.iterdir() if not p.name.startswith(".")]
