"""How many workers fit into a Ray cluster at once, and what is said where fewer fit than asked."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any

import ray
from ray._private import state
from ray.util import placement_group_table

from ..errors import InvalidSetting

SHOWN = 4  # nodes that a message names
_EPSILON = 1e-6  # of a GPU: ten workers at 0.1 fit

logger = logging.getLogger(__name__)

Resources = Mapping[str, float]


def check_capacity(workers: int, gpus: float, machine_cpus: int | None) -> None:
    """Warn where fewer workers fit at once than are asked for; raise InvalidSetting where none
    does.

    gpus: share of a GPU of each worker. machine_cpus: of this machine, where Ray was started here
    with as many logical CPUs as workers; else None.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    fit = workers_that_fit(nodes, gpus)
    if fit == 0:
        raise InvalidSetting(_none_fits(nodes, gpus))
    if fit < workers:
        logger.warning(
            "%d of the %d workers asked for fit at once: each takes %s, and there %s",
            fit,
            workers,
            needs(gpus),
            had(nodes, gpus),
        )
    elif machine_cpus is not None and workers > machine_cpus:
        logger.warning(
            "%d workers share the %s of this machine: no faster than --workers %d",
            workers,
            _count(machine_cpus, "CPU"),
            machine_cpus,
        )


def room(gpus: float) -> int:
    """How many workers this driver can have now: those it has, idle ones among them, and those
    that fit into what is free."""
    mine = sum(1 for group in own_placement_groups() if group["state"] == "CREATED")
    free: Mapping[str, Resources] = state.available_resources_per_node()
    return mine + workers_that_fit(free.values(), gpus)


def own_placement_groups() -> list[dict[str, Any]]:
    """The resources that this driver has asked for, a group for each worker; their numbers end
    with that of the job."""
    job = ray.get_runtime_context().get_job_id()
    groups = placement_group_table().items()
    return [group for number, group in groups if number.endswith(job)]


def usable_cpus() -> int:
    """The CPUs of this machine that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers_that_fit(nodes: Iterable[Resources], gpus: float) -> int:
    """The number of workers, each of which takes a CPU and its GPUs from one node."""
    return sum(_fit(node, gpus) for node in nodes)


def _fit(node: Resources, gpus: float) -> int:
    cpus = math.floor(node.get("CPU", 0) + _EPSILON)
    here = node.get("GPU", 0)
    if gpus == 0:
        return cpus
    if gpus > 1:
        return min(cpus, math.floor((here + _EPSILON) / gpus))
    # No worker has parts of two GPUs; of what is free, a part of one may be left.
    whole, part = divmod(here + _EPSILON, 1)
    return min(cpus, int(whole) * math.floor((1 + _EPSILON) / gpus) + math.floor(part / gpus))


def needs(gpus: float) -> str:
    """Resources that a worker takes, in words."""
    return "1 CPU" + (f" and {_count(gpus, 'GPU')} of the same node" if gpus else "")


def had(nodes: Iterable[Resources], gpus: float) -> str:
    """Resources of nodes in words, as the end of "there …"."""
    nodes = list(nodes)
    texts = [_amounts(node, gpus) for node in nodes[:SHOWN]]
    if len(nodes) > SHOWN:
        texts.append("…")
    what = f"are {len(nodes)} nodes, with" if len(nodes) > 1 else "is one node, with"
    return f"{what} {', '.join(texts)}" if nodes else "is no node"


def _amounts(node: Resources, gpus: float) -> str:
    cpus = _count(node.get("CPU", 0), "CPU")
    return f"{cpus} and {_count(node.get('GPU', 0), 'GPU')}" if gpus else cpus


def _none_fits(nodes: list[Resources], gpus: float) -> str:
    most = max((node.get("GPU", 0) for node in nodes), default=0)
    if gpus > most:
        where = "Ray has" if len(nodes) == 1 else "no node of the Ray cluster has more than"
        return (
            f"each worker asks for {gpus:g} GPUs, but {where} {most:g}: lower --gpus-per-worker "
            f"(0 trains on CPUs)"
        )
    return (
        f"no worker fits into the Ray cluster: each takes {needs(gpus)}, and there "
        f"{had(nodes, gpus)}. Start a node that has it (one that joins on demand too), or leave "
        f"--ray-address out to use this machine"
    )


def _count(amount: float, unit: str) -> str:
    return f"{amount:g} {unit}{'' if 0 < amount <= 1 else 's'}"
