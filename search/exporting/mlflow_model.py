"""A candidate as an MLflow model: a folder that mlflow.pytorch loads where actsearch is not.

Its code is activation.py, in the folder; mlflow.pyfunc takes float32 arrays of [batch, features],
the module itself any shape.
"""

from __future__ import annotations

import json
from pathlib import Path

from ...space.scratch import scratch_folder
from ..errors import ExportFailed
from .proof import (
    DERIVATIVES,
    MOVE,
    Proof,
    channels_of,
    compare,
    expected_derivatives,
    in_a_fresh_process,
    proof_points,
    python_alone,
    run_alone,
    write,
)
from .subject import Subject
from .torch_file import allowed_difference, torch_source

FOLDER = "mlflow-model"

_SAVE = """
import json, sys, warnings
warnings.simplefilter("ignore")  # that loading a pickle runs code
sys.path.insert(0, ".")
import activation, numpy, torch, mlflow.pytorch
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec
task = json.load(open("task.json"))
spec = TensorSpec(numpy.dtype("float32"), (-1, -1))
mlflow.pytorch.save_model(
    getattr(activation, task["class_name"])(),
    "model",
    serialization_format="pickle",
    code_paths=["activation.py"],
    signature=ModelSignature(Schema([spec]), Schema([spec])),
    pip_requirements=[f"torch=={torch.__version__.partition('+')[0]}"],
    metadata=task["metadata"],
)
"""

# `find_spec` answers None for ours, as where it is not installed.
_PROOF = f"""
import importlib.util, json, sys, warnings
warnings.simplefilter("ignore")
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "actsearch":
            raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)
sys.meta_path.insert(0, Hidden())
import mlflow.pytorch, numpy, torch
{DERIVATIVES}
task = json.load(open("task.json"))
module = mlflow.pytorch.load_model("model").double()
x = torch.tensor(task["x"], dtype=torch.float64).unsqueeze(1)
predicted = mlflow.pyfunc.load_model("model").predict(numpy.ones((2, 3), dtype=numpy.float32))
assert predicted.shape == (2, 3)
assert not [name for name in sys.modules if name.split(".")[0] == "actsearch"]
print(json.dumps(derivatives(module, x, task["move"])))
"""


def files_of(subject: Subject) -> tuple[dict[str, str | bytes], Proof]:
    """The files of the folder, and their proof.

    Saved and loaded in processes of their own, since a pickle names its class by module. Raises
    ExportFailed where MLflow cannot save it, or loads something else.
    """
    saved = _saved(subject)
    files = {f"model/{name}": content for name, content in saved.items()}
    computed = run_alone(_PROOF, files, {"x": proof_points().tolist(), "move": MOVE})
    channels = 1 if channels_of(subject.expression) else None
    wanted = expected_derivatives(subject.expression, channels)
    allowed = allowed_difference(subject)
    difference = compare(computed, wanted, subject.expression, allowed)
    proof = in_a_fresh_process(difference, allowed, "value and gradients")
    return {f"{FOLDER}/{name}": content for name, content in saved.items()}, proof


def _saved(subject: Subject) -> dict[str, bytes]:
    task = {
        "class_name": subject.class_name,
        "metadata": {"formula": str(subject.expression), "notes": subject.wrapped_notes},
    }
    with scratch_folder() as scratch:
        write(scratch / "activation.py", torch_source(subject))
        write(scratch / "task.json", json.dumps(task))
        done = python_alone(_SAVE, scratch)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason"])[-1]
            raise ExportFailed(f"MLflow cannot save the module: {last}")
        return _read(scratch / "model")


def _read(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
