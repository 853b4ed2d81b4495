"""A candidate as files anyone can use, in one format or several; activation.py is one of them.

Every file is proved before it is handed over, in a process of its own where it is a program, and
all are written or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...space import Expression, UnknownNameError
from ..storage.usable import usable
from . import writing
from .proof import Proof
from .subject import Subject
from .torch_file import FILES, with_learned
from .writing import write_files

Files = dict[str, str | bytes]  # by path within the folder


@dataclass(frozen=True, slots=True)
class Format:
    """One format: what it writes first, in this module's neighbour `module`, whose function
    `files_of(subject)` gives the files and their proof, None where there is nothing to run."""

    name: str
    about: str
    files: tuple[str, ...]
    module: str

    def files_of(self, subject: Subject) -> tuple[Files, Proof | None]:
        """The files, proved; loads what the format needs. Raises as `export` does."""
        module = import_module(f".{self.module}", __package__)
        function: Callable[[Subject], tuple[Files, Proof | None]] = module.files_of
        return function(subject)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        row.name: row
        for row in (
            Format("torch", "an nn.Module that needs torch alone", FILES, "torch_file"),
            Format("numpy", "a function of arrays", ("activation_numpy.py",), "array_file"),
            Format("jax", "a function for jit, grad, vmap", ("activation_jax.py",), "jax_file"),
            Format("onnx", "a model of one input of any shape", ("activation.onnx",), "onnx_file"),
            Format("mlflow", "a folder for mlflow.pytorch", ("mlflow-model",), "mlflow_model"),
            Format("latex", "formula and derivative", ("activation.tex",), "latex_file"),
            Format("card", "a model card with a plot", ("CARD.md", "curve.png"), "model_card"),
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The files, and the largest relative difference that the proofs saw.

    `module` and `description` are activation.py and activation.json, where the format `torch` is
    among those exported, else the first file.
    """

    module: Path
    description: Path
    difference: float
    files: tuple[Path, ...] = ()
    proofs: Mapping[str, Proof | None] = field(default_factory=dict)


def export(
    expression: Expression,
    folder: Path,
    *,
    facts: Mapping[str, Any] | None = None,
    notes: str = "",
    learned: Mapping[str, Sequence[float]] | None = None,
    class_name: str = "Activation",
    formats: Sequence[str] = ("torch",),
    memory: bool = False,
) -> Exported:
    """Write the candidate into `folder` in these formats, and prove the files.

    facts: verdict and numbers, for the JSON; notes: the same in words, for the docstring.
    learned: where training took the parameters shared by the whole net; they replace the initial
    values. memory: a torch file that keeps one tensor for the backward pass.
    Raises NameTaken if the folder holds a file of one of the names, InvalidSetting for parameters
    that have no one learned value, FormatImpossible for a format that cannot hold the candidate or
    lacks its package, and ExportFailed (nothing is written) if a file does not compute what the
    candidate does.
    """
    check_free(folder, formats)
    files, proofs = exported_files(
        expression,
        facts=facts,
        notes=notes,
        learned=learned,
        class_name=class_name,
        formats=formats,
        memory=memory,
    )
    with usable(folder, "--output"):
        write_files(folder, files)
    paths = tuple(folder / name for name in files)
    torch_files = [folder / name for name in FILES if name in files] or [paths[0], paths[0]]
    return Exported(
        module=torch_files[0],
        description=torch_files[1],
        difference=max((p.difference for p in proofs.values() if p), default=0.0),
        files=paths,
        proofs=proofs,
    )


def exported_files(
    expression: Expression,
    *,
    facts: Mapping[str, Any] | None = None,
    notes: str = "",
    learned: Mapping[str, Sequence[float]] | None = None,
    class_name: str = "Activation",
    formats: Sequence[str] = ("torch",),
    memory: bool = False,
) -> tuple[Files, dict[str, Proof | None]]:
    """The files of an export, by path, without a folder; and by format its proof, None
    where there is nothing to run. Arguments and errors as of `export`."""
    check_formats(formats)
    if learned is not None:
        expression = with_learned(expression, learned)
    subject = Subject(expression, class_name, facts or {}, notes, memory)
    files: Files = {}
    proofs = {}
    for name in dict.fromkeys(formats):
        added, proofs[name] = FORMATS[name].files_of(subject)
        files |= added
    return files, proofs


def check_formats(formats: Iterable[str]) -> None:
    """Raise UnknownNameError for a format that there is not."""
    for name in formats:
        if name not in FORMATS:
            raise UnknownNameError("format", name, FORMATS)


def check_free(folder: Path, formats: Sequence[str] = ("torch",)) -> None:
    """Raise NameTaken if the folder holds a file of an export in these formats already."""
    check_formats(formats)
    writing.check_free(folder, [file for name in formats for file in FORMATS[name].files])
