"""Checks of a cluster's nodes: the code and the libraries that decide scores must be those of
this machine, and a node where they differ is named before anything trains there.

Imported by ray_tune.py alone, which sets Ray's environment first.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import ray
from ray import cloudpickle, tune
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ..errors import InvalidSetting
from .ray_callbacks import Calls
from .ray_capacity import workers_that_fit

PATIENCE = 90.0  # seconds until a node has said what it has; a first process there takes a few
LOOK_EVERY = 2.0  # seconds between two looks for nodes that have joined
SHOWN = 3  # nodes that a message names
CODE = "the code of actsearch"

logger = logging.getLogger(__name__)

Node = Mapping[str, Any]
Installed = Mapping[str, str]


def check_nodes(gpus: float) -> None:
    """Raise InvalidSetting unless each node that takes a worker has what this machine has."""
    nodes = usable_nodes(gpus)
    answers = [_ask(node) for node in nodes]
    ready, _ = ray.wait(answers, num_returns=len(answers), timeout=PATIENCE)
    wrong = []
    for node, answer in zip(nodes, answers, strict=True):
        if answer not in ready:
            logger.warning(
                "the node %s of the Ray cluster has not said within %g s what is installed there",
                node["NodeManagerAddress"],
                PATIENCE,
            )
        elif (complaint := _complaint(node, answer)) is not None:
            wrong.append(complaint)
    if wrong:
        more = f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise InvalidSetting(f"{'; '.join(wrong[:SHOWN])}{more}: {_ADVICE}")


class WatchesNodes(tune.Callback):
    """Has nodes that join in mid-search say what they have; a wrong one ends the run, since its
    workers would fail one candidate after another."""

    def __init__(self, calls: Calls, gpus: float) -> None:
        self._calls, self._gpus = calls, gpus
        self._known = {node["NodeID"] for node in usable_nodes(gpus)}
        self._pending: list[tuple[Node, Any]] = []
        self._looked = time.monotonic()

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        if time.monotonic() - self._looked < LOOK_EVERY:
            return
        self._looked = time.monotonic()
        for node in usable_nodes(self._gpus):
            if node["NodeID"] not in self._known:
                self._known.add(node["NodeID"])
                self._pending.append((node, _ask(node)))
        answers = [answer for _, answer in self._pending]
        ready = ray.wait(answers, num_returns=len(answers), timeout=0)[0] if answers else []
        for node, answer in [pair for pair in self._pending if pair[1] in ready]:
            self._pending.remove((node, answer))
            if (complaint := _complaint(node, answer)) is not None:
                self._calls.fault = self._calls.fault or InvalidSetting(
                    f"a node has joined the Ray cluster, and {complaint}: {_ADVICE}; --resume "
                    f"goes on with the search"
                )


_ADVICE = (
    "install there what this machine has, or take the node out of the cluster, since workers "
    "would fail there or score differently"
)


def usable_nodes(gpus: float) -> list[Node]:
    """The nodes of the cluster that take at least one worker."""
    nodes: list[Node] = ray.nodes()
    return [n for n in nodes if n["Alive"] and workers_that_fit([n["Resources"]], gpus)]


def _ask(node: Node) -> Any:
    """A reference to what a node will say it has."""
    here = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(here)  # a node that lacks our code can say so, too
    try:
        on_node = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        task = ray.remote(num_cpus=0, max_retries=0)(installed)
        return task.options(scheduling_strategy=on_node).remote()
    finally:
        cloudpickle.unregister_pickle_by_value(here)


def _complaint(node: Node, answer: Any) -> str | None:
    """A node's differences from this machine, in words; None if there are none or it has gone."""
    try:
        there: Installed = ray.get(answer, timeout=0)
    except (RayError, GetTimeoutError):
        return None
    differences = list(_differences(there, installed()))
    if not differences:
        return None
    return f"the node {node['NodeManagerAddress']} has {', '.join(differences)}"


def _differences(there: Installed, here: Installed) -> Iterable[str]:
    for name, version in here.items():
        if name not in there:
            yield f"no {name} ({version} here)"
        elif there[name] != version and name == "actsearch":
            yield f"{CODE} in another state than this machine"
        elif there[name] != version:
            yield f"{name} {there[name]} ({version} here)"


def installed() -> dict[str, str]:
    """Versions of all that decides scores; of our own code a digest, since a checkout changes
    without a new version. What is missing is left out."""
    import hashlib
    import importlib.metadata
    import importlib.util
    from pathlib import Path

    versions = {}
    for name in ("torch", "numpy"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    digest = hashlib.sha256()
    for room in ("space", "evaluators", "search"):
        try:
            spec = importlib.util.find_spec(f"actsearch.{room}")
        except ModuleNotFoundError:
            spec = None
        if spec is None or spec.submodule_search_locations is None:
            return versions
        folder = Path(next(iter(spec.submodule_search_locations)))
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{room}/{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return {"actsearch": digest.hexdigest(), **versions}
