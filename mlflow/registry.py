"""The best of a search as a registered MLflow model, which loads with torch and MLflow alone.

The exported module travels with it as code, under a name of its own: models of several searches
may be loaded in one process.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ..space.scratch import scratch_folder
from .experiments import TAKEN, SharedName, suffixes
from .records import ModelRecord
from .run_fields import SEARCH_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

PREFIX = "actsearch-"
ALIASES = {"winner": "champion", "tie": "candidate"}  # verdict -> alias of its version
SOURCE_TAG, VERDICT_TAG = "actsearch.source", "verdict"


def register(
    client: MlflowClient, experiment: str, run_id: str, record: ModelRecord, shared: SharedName
) -> str:
    """The name of the registered model, of which the record is the newest version; written again,
    the version that is there stays."""
    model = find(client, shared) or _make(client, shared)
    name: str = model.name
    digest = hashlib.sha256(record.module.read_bytes()).hexdigest()[:16]
    alias = ALIASES[record.verdict]
    version = model.aliases.get(alias)
    if version is None or not _is(client, name, version, digest, run_id):
        version = _new_version(client, experiment, run_id, name, digest, record)
        client.set_registered_model_alias(name, alias, version)
    for other in {*ALIASES.values()} & {*model.aliases} - {alias}:
        client.delete_registered_model_alias(name, other)  # its verdict is no longer the search's
    return name


def delete(client: MlflowClient, shared: SharedName) -> None:
    """Remove a search's registered model, where it has one."""
    model = find(client, shared)
    if model is not None:
        client.delete_registered_model(model.name)


def find(client: MlflowClient, shared: SharedName) -> RegisteredModel | None:
    """The registered model of a search, if there is one, and no other search's of its name."""
    condition = f"tags.`{SEARCH_TAG}` = '{shared.search}'"
    models = client.search_registered_models(condition)
    return next((model for model in models if shared.has(model.tags)), None)


def _make(client: MlflowClient, shared: SharedName) -> RegisteredModel:
    """A model for a search, under the first name that is free."""
    from mlflow.exceptions import MlflowException

    plain = f"{PREFIX}{shared.search}"
    about = f"The best activation function of search `{shared.search}`, as a `torch.nn.Module`."
    for suffix in suffixes():
        name = f"{plain}-{suffix}" if suffix else plain
        try:
            return client.create_registered_model(
                re.sub(r"[^\w.-]+", "-", name).strip("-"), shared.tags, about
            )
        except MlflowException as error:
            if error.error_code != TAKEN:
                raise
    raise shared.no_name_left("registered models", plain)


def _is(client: MlflowClient, name: str, version: str, digest: str, run_id: str) -> bool:
    known = client.get_model_version(name, version)
    return known.tags.get(SOURCE_TAG) == digest and known.run_id == run_id


def _new_version(
    client: MlflowClient,
    experiment: str,
    run_id: str,
    name: str,
    digest: str,
    record: ModelRecord,
) -> str:
    from mlflow.entities import LoggedModelOutput

    tags = {SOURCE_TAG: digest, VERDICT_TAG: record.verdict, "expression": record.expression}
    logged = client.create_logged_model(
        experiment, name, run_id, tags=tags, model_type="activation"
    )
    with scratch_folder() as folder:
        _save(record, folder, run_id)
        client.log_model_artifacts(logged.model_id, str(folder / "model"))
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    # A server looks the logged model up in its own store, the library in this process's default
    # one (MLflow 3.17): of a store that is a file, the version names the place alone.
    is_server = client.tracking_uri.startswith("http")
    version = client.create_model_version(
        name,
        f"models:/{logged.model_id}" if is_server else logged.artifact_location,
        run_id,
        tags,
        description=_description(name, record),
        await_creation_for=0,  # seconds: there is nothing that takes time
        model_id=logged.model_id if is_server else None,
    )
    return str(version.version)


def _description(name: str, record: ModelRecord) -> str:
    return (
        f"**f(x) = `{record.expression}`**\n\n{record.notes}\n\n"
        "```python\n"
        "import mlflow\n\n"
        f'activation = mlflow.pytorch.load_model("models:/{name}@{ALIASES[record.verdict]}")\n'
        "```\n\nIt takes float tensors of any shape; one with parameters per channel has channels "
        "in dimension 1, and starts with one value for all of them."
    )


def _save(record: ModelRecord, folder: Path, run_id: str) -> None:
    """Write the model into `model` of the folder; its values may be of any shape, the signature's
    two dimensions are what MLflow can say of a batch."""
    import mlflow.pytorch
    import numpy as np
    import torch
    from mlflow.models import Model, ModelSignature
    from mlflow.types import Schema, TensorSpec

    source = record.module.read_bytes()
    code = folder / f"activation_{hashlib.sha256(source).hexdigest()[:12]}.py"
    code.write_bytes(source)
    batch = Schema([TensorSpec(np.dtype("float32"), (-1, -1))])
    with _imported(code) as module:
        mlflow.pytorch.save_model(
            getattr(module, record.class_name)(),
            str(folder / "model"),
            mlflow_model=Model(run_id=run_id),
            code_paths=[str(code)],
            signature=ModelSignature(inputs=batch, outputs=batch),
            pip_requirements=[f"torch=={torch.__version__.partition('+')[0]}"],
            serialization_format="pickle",  # pt2 would freeze the input's rank
        )


@contextmanager
def _imported(code: Path) -> Iterator[ModuleType]:
    """The module of a file, under the file's name for as long as the block lasts: so pickle
    refers to its classes by name, and the file takes the place of their code."""
    spec = importlib.util.spec_from_file_location(code.stem, code)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[code.stem] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[code.stem]
