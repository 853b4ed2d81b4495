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
from .client import missing_endpoint
from .experiments import TAKEN, SharedName, suffixes
from .records import ModelRecord
from .run_fields import SEARCH_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

PREFIX = "actsearch-"
ALIASES = {"winner": "champion", "tie": "candidate"}  # verdict -> alias of its version
SOURCE_TAG, VERDICT_TAG = "actsearch.source", "verdict"
MISSING = "RESOURCE_DOES_NOT_EXIST"  # MLflow's code for a name that nothing has


def register(
    client: MlflowClient, experiment: str, run_id: str, record: ModelRecord, shared: SharedName
) -> str:
    """The name of the registered model, of which the record is the newest version; written again,
    the version that is there stays."""
    model = find(client, shared) or _make(client, shared)
    name: str = model.name
    digest = hashlib.sha256(record.module.read_bytes()).hexdigest()[:16]
    alias = ALIASES[record.verdict]
    version = _version(client, name, run_id, digest, record) or _new_version(
        client, experiment, run_id, name, digest, record
    )
    if str(model.aliases.get(alias)) != version:
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
    model = next((model for model in models if shared.has(model.tags)), None)
    # A server of before MLflow's prompts (2.21) finds none: the client adds a condition on a tag
    # of theirs, which no model has there.
    return model or next((m for m in _of_its_names(client, shared) if shared.has(m.tags)), None)


def _names(shared: SharedName) -> Iterator[str]:
    """The names that a search's model may have, the first choice first."""
    plain = f"{PREFIX}{shared.search}"
    for suffix in suffixes():
        yield re.sub(r"[^\w.-]+", "-", f"{plain}-{suffix}" if suffix else plain).strip("-")


def _of_its_names(client: MlflowClient, shared: SharedName) -> Iterator[RegisteredModel]:
    """The registered models that have them, up to the first that is free."""
    from mlflow.exceptions import MlflowException

    for name in _names(shared):
        try:
            yield client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code != MISSING:
                raise
            return


def _make(client: MlflowClient, shared: SharedName) -> RegisteredModel:
    """A model for a search, under the first name that is free."""
    from mlflow.exceptions import MlflowException

    about = f"The best activation function of search `{shared.search}`, as a `torch.nn.Module`."
    for name in _names(shared):
        try:
            return client.create_registered_model(name, shared.tags, about)
        except MlflowException as error:
            if error.error_code != TAKEN:
                raise
    raise shared.no_name_left("registered models", f"{PREFIX}{shared.search}")


def _version(
    client: MlflowClient, name: str, run_id: str, digest: str, record: ModelRecord
) -> str | None:
    """The version that is this record, if there is one."""
    tags = {SOURCE_TAG: digest, VERDICT_TAG: record.verdict}
    for version in client.search_model_versions(f"name = '{name}'"):
        if version.run_id == run_id and tags.items() <= version.tags.items():
            return str(version.version)
    return None


def _new_version(
    client: MlflowClient,
    experiment: str,
    run_id: str,
    name: str,
    digest: str,
    record: ModelRecord,
) -> str:
    tags = {SOURCE_TAG: digest, VERDICT_TAG: record.verdict, "expression": record.expression}
    with scratch_folder() as folder:
        _save(record, folder, run_id)
        place, model_id = _logged(client, experiment, run_id, name, tags, folder / "model")
    version = client.create_model_version(
        name,
        place,
        run_id,
        tags,
        description=_description(name, record),
        await_creation_for=0,  # seconds: there is nothing that takes time
        model_id=model_id,
    )
    return str(version.version)


def _logged(
    client: MlflowClient,
    experiment: str,
    run_id: str,
    name: str,
    tags: dict[str, str],
    model: Path,
) -> tuple[str, str | None]:
    """Where a version finds the model on the server, and the id of its logged model; a server
    older than MLflow 3 has none, and keeps the files with the run."""
    from mlflow.entities import LoggedModelOutput
    from mlflow.exceptions import MlflowException

    try:
        logged = client.create_logged_model(
            experiment, name, run_id, tags=tags, model_type="activation"
        )
    except MlflowException as error:
        if missing_endpoint(error) is None:
            raise
        client.log_artifacts(run_id, str(model), model.name)
        return f"{client.get_run(run_id).info.artifact_uri}/{model.name}", None
    client.log_model_artifacts(logged.model_id, str(model))
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    # A server looks the logged model up in its own store, the library in this process's default
    # one (MLflow 3.17): of a store that is a file, the version names the place alone.
    if client.tracking_uri.startswith("http"):
        return f"models:/{logged.model_id}", logged.model_id
    return logged.artifact_location, None


def _description(name: str, record: ModelRecord) -> str:
    return (
        f"f(x) = `{record.expression}`\n\n{record.notes}\n\n"
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
