"""A node's own account of what it has, also without our code; tests/cluster asks real nodes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ray import cloudpickle

from actsearch.search.executors import ray_tune  # sets Ray's environment first
from actsearch.search.executors.ray_nodes import installed
from contracts.processes import environment, without_actsearch

NODE = """
import json, sys
from ray import cloudpickle
print(json.dumps(cloudpickle.load(sys.stdin.buffer)()))
"""


def said_by_a_node(path: Path) -> Any:
    """Account of a process that finds a folder before all others."""
    module = sys.modules[installed.__module__]
    assert ray_tune
    cloudpickle.register_pickle_by_value(module)
    try:
        pickled = cloudpickle.dumps(installed)
    finally:
        cloudpickle.unregister_pickle_by_value(module)
    done = subprocess.run(
        [sys.executable, "-c", NODE],
        input=pickled,
        env=environment(PYTHONPATH=str(path)),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_node_with_the_same_installation_says_the_same(tmp_path: Path) -> None:
    assert said_by_a_node(tmp_path) == installed()


def test_a_node_with_another_torch_and_without_our_code_says_so(tmp_path: Path) -> None:
    other = tmp_path / "torch-9.9.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 9.9\n")
    without_actsearch(tmp_path)
    said = said_by_a_node(tmp_path)
    assert said["torch"] == "9.9"
    assert "actsearch" not in said
    assert said["numpy"] == installed()["numpy"]
