"""The version, the citation and the changelog say the same, and nothing is kept by mistake."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
# what https://citation-file-format.github.io/1.2.0/schema.json asks for, of what we use
REQUIRED = {"cff-version", "message", "title", "authors"}
KNOWN = {*REQUIRED, "abstract", "type", "version", "license", "keywords"}
# suffixes of what the repository keeps; a database or a model would be a run's
KEPT = {".py", ".pyi", ".md", ".js", ".css", ".html", ".ipynb", ".png", ".json", ".jsonl", ".toml"}
KEPT |= {".sh", ".cff", ".typed", ""}  # none: Makefile, LICENSE, .gitignore, .ci/run


def citation() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    return values


def test_the_citation_is_a_citation_file() -> None:
    values = citation()
    assert values.keys() >= REQUIRED
    assert values.keys() <= KNOWN
    assert values["cff-version"] == "1.2.0"
    assert values["type"] == "software"
    assert all(author.keys() == {"name"} for author in values["authors"])
    assert all(isinstance(values[key], str) for key in KNOWN - {"authors", "keywords"})


def test_the_citation_is_of_this_version() -> None:
    values = citation()
    assert values["version"] == PROJECT["version"]
    assert values["title"] == PROJECT["name"]
    assert values["license"] == PROJECT["license"]
    assert values["authors"] == PROJECT["authors"]


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## \[(.+?)\]", (REPOSITORY / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == PROJECT["version"]
    assert len(versions) == len(set(versions))


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="not a checkout")
def test_no_run_has_left_a_file_in_the_repository() -> None:
    # The checkout may be another user's, in a container: git reads it all the same.
    command = ["git", "-c", "safe.directory=*", "ls-files"]
    listing = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    files = [Path(line) for line in listing.stdout.splitlines()]
    assert files
    packs = Path("benchmarks/records/packs")  # what goes on on another machine
    packed = (".tar.gz", ".jsonl.gz")
    others = [file for file in files if file.suffix not in KEPT]
    assert [f for f in others if f.parent != packs or not f.name.endswith(packed)] == []
