"""The tutorial, from top to bottom on the real FashionMNIST, as its reader would type it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.pages import REPOSITORY, Block, blocks

PAGE = REPOSITORY / "docs" / "tutorial.md"
NOT_RUN = ("pip install",)  # make wheel does, in a clean environment


def typed(block: Block) -> list[str]:
    """The commands of a block; none where it shows what was printed."""
    lines = block.code.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("actsearch ")]


def execute(arguments: list[str], folder: Path) -> str:
    """The output of a process, in the reader's folder; it must end well."""
    environment = {**os.environ, "ACTSEARCH_HOME": str(folder / ".actsearch")}
    process = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, f"{shlex.join(arguments)}\n{process.stderr[-3000:]}"
    return process.stdout


def test_every_block_of_the_tutorial_is_run_written_or_shown() -> None:
    """Nothing between the fences is passed over by the test below but what was printed."""
    for block in blocks(PAGE):
        lines = block.code.splitlines()
        if not block.language and not typed(block):
            assert "val acc" in lines[0] or "test acc" in lines[0], block.name
        elif not block.language:
            assert all(line.startswith(("actsearch ", *NOT_RUN)) for line in lines), block.name
        else:
            assert block.language == "python", block.name


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_tutorial_leads_to_a_network_with_the_best(tmp_path: Path) -> None:
    printed = []
    for block in blocks(PAGE):
        if block.file:
            (tmp_path / block.file).write_text(block.code)
        elif block.language == "python":
            printed.append(execute([sys.executable, "-c", block.code], tmp_path))
        for line in typed(block):
            words = shlex.split(line, comments=True)[1:]
            command = [sys.executable, "-m", "actsearch.search.cli", *words]
            printed.append(execute(command, tmp_path))
    assert (tmp_path / "first.html").exists()
    assert (tmp_path / "best" / "activation.py").exists()
    network, again = printed[-2:]
    assert "3" in network.splitlines()[0], "three activations replaced"
    assert "epoch 3: loss" in network
    assert again.split()[-1] in ("winner", "tie", "worse")
