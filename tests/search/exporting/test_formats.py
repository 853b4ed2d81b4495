"""Every format holds the candidate, proves it, and refuses what it cannot hold by name."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from actsearch.search import ExportFailed, FormatImpossible, NameTaken, export
from actsearch.search.exporting import array_file, jax_file, onnx_file
from actsearch.search.exporting.array_file import NUMPY, numpy_source
from actsearch.search.exporting.jax_file import JAX, jax_source
from actsearch.search.exporting.latex_file import latex_source
from actsearch.search.exporting.model_card import card_source
from actsearch.search.exporting.module_file import FORMATS
from actsearch.search.exporting.proof import proof_points
from actsearch.search.exporting.subject import Subject
from actsearch.space import FAMILIES, PRIMITIVES, Expression, UnknownNameError, family, parse
from actsearch.space.catalog.table import CATALOG

TEXT = "x * sigmoid(beta[channel]=0.5 * x) + log(x) / erf(x)"
EVERY = {
    name: parse(f"{name}({', '.join(['beta * x - 1.5', '0.1 + a * x'][: row.arity])})")
    for name, row in PRIMITIVES.items()
} | {name: family(name) for name in list(FAMILIES)[::9]}

needs_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="onnxruntime is not installed"
)
needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="jax is not installed"
)


@pytest.mark.parametrize("name", EVERY)
def test_every_primitive_is_the_same_in_numpy_in_both_dtypes(name: str) -> None:
    expression = EVERY[name]
    names: dict[str, object] = {}
    exec(numpy_source(Subject(expression)), names)
    x = proof_points()
    with np.errstate(all="ignore"):
        value = names["activation"](x.numpy())  # type: ignore[operator]
        single = names["activation"](x.float().numpy())  # type: ignore[operator]
    torch.testing.assert_close(
        torch.from_numpy(np.asarray(value)), expression.values(x), rtol=1e-10, atol=1e-10
    )
    assert single.dtype == np.float32


@pytest.mark.parametrize("name", [*EVERY, "gelu-erf", "x"])
def test_a_numpy_file_returns_the_dtype_of_a_float_and_float64_of_what_is_none(name: str) -> None:
    expression = EVERY.get(name) or parse({"x": "x"}.get(name, "gelu(x) + erf(x)"))
    names: dict[str, Any] = {}
    exec(numpy_source(Subject(expression)), names)
    for kind in ("float16", "float32", "float64", "longdouble", "bool", "int8", "uint8", "int16"):
        x = np.array([[0, 1, 1]]).astype(kind)
        expected = x.dtype if x.dtype.kind == "f" else np.float64
        with np.errstate(all="ignore"):
            value = names["activation"](x)
            single = names["activation"](x.dtype.type(1))
        assert (value.dtype, value.shape) == (expected, (1, 3)), kind
        assert single.dtype == expected, kind
        wanted = expression.values(torch.from_numpy(x.astype(np.float64)))
        rough = 2e-3 if kind == "float16" else 1e-5 if kind == "float32" else 1e-9
        np.testing.assert_allclose(value.astype(np.float64), wanted, rtol=rough, atol=rough)


# A process of its own: where jax is loaded, later tests cannot fork.
JAX_DTYPES = """
import json, sys
import jax.numpy as jnp
for name, source in json.load(sys.stdin).items():
    names = {}
    exec(source, names)
    for kind in ("float16", "bfloat16", "float32"):
        dtype = names["activation"](jnp.array([0.5, 1.0], dtype=kind)).dtype
        if dtype != kind:
            print(name, kind, dtype)
"""


@needs_jax
@pytest.mark.heavy
@pytest.mark.new_process
def test_a_jax_file_returns_the_dtype_of_a_float() -> None:
    sources = {name: jax_source(Subject(EVERY[name])) for name in EVERY}
    done = subprocess.run(
        [sys.executable, "-c", JAX_DTYPES],
        input=json.dumps(sources),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@needs_onnx
@pytest.mark.parametrize(
    "text",
    [
        "n1=0.5 * sigmoid(x)",
        "c1 * x + n2 * sin(x)",
        "x * y[layer]=0.5 + sin(x)",
        "y * x + y_ * sin(x) + v1 * cos(x)",
    ],
)
def test_parameters_of_any_name_are_inputs_of_an_onnx_model(text: str) -> None:
    subject = Subject(parse(text))
    model = onnx_file._model(subject, "")
    inputs = [value.name for value in model.graph.input]
    assert len(set(inputs)) == 1 + len(subject.expression.parameters)
    assert [value.name for value in model.graph.output] == ["y"]
    where, _ = onnx_file._agreement(subject, model.SerializeToString())
    assert where.low <= -8
    assert where.high >= 8


def test_parameters_of_any_name_are_arguments_of_a_numpy_file() -> None:
    expression = parse("dtype * x + float * min(x, exp(exp(9))) + special * erf(x) + np * x")
    names: dict[str, Any] = {}
    exec(numpy_source(Subject(expression)), names)
    with np.errstate(all="ignore"):
        value = names["activation"](proof_points().numpy())
    torch.testing.assert_close(torch.from_numpy(value), expression.values(proof_points()))


# A number that float16 does not hold; values that an ulp of x moves by more than the tolerance;
# a left tail that log(1 + u) alone would lose (cosh ends a little earlier in jax than in torch).
@pytest.mark.new_process
@needs_onnx
@needs_jax
@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("min(max(x, -1e6), 1e6) * sigmoid(x)", ("torch", "numpy", "jax", "onnx")),
        ("log_sigmoid(abs(min(x, 1 / 0)))", ("torch", "numpy", "jax", "onnx")),
        ("sin(exp(x) ** 2)", ("torch", "numpy", "jax", "onnx")),
        ("x * sin(sinh(x) ** 2)", ("torch", "numpy", "jax", "onnx")),
        ("softplus(x) * cosh(x) + asinh(x)", ("torch", "numpy", "onnx")),
    ],
)
def test_a_sound_candidate_is_exported(
    text: str, formats: tuple[str, ...], tmp_path: Path
) -> None:
    assert {*export(parse(text), tmp_path / "new", formats=formats).proofs} == {*formats}


@needs_onnx
@pytest.mark.parametrize("name", [name for name in EVERY if name in onnx_file.BUILD])
def test_every_primitive_is_the_same_in_onnx(name: str) -> None:
    subject = Subject(EVERY[name])
    where, difference = onnx_file._agreement(
        subject, onnx_file._model(subject, "").SerializeToString()
    )
    assert where.low <= -8
    assert where.high >= 8
    assert difference < 1e-5


def test_only_bessel_functions_are_missing_and_only_in_onnx() -> None:
    assert set(PRIMITIVES) == set(NUMPY) == set(JAX)
    assert set(PRIMITIVES) - set(onnx_file.BUILD) == {"bessel_i0e", "bessel_i1e"}


def test_what_a_format_cannot_hold_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    expression = parse("bessel_i0e(x) * x + bessel_i1e(x)")
    with pytest.raises(FormatImpossible, match="ONNX has no bessel_i0e, bessel_i1e"):
        export(expression, tmp_path / "new", formats=["latex", "onnx"])
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("onnx", onnx_file, r"actsearch\[onnx\]"), ("jax", jax_file, r"actsearch\[jax\]")],
)
def test_a_missing_package_is_one_sentence(
    name: str, module: object, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(FormatImpossible, match=f"pip install '{extra}'"):
        export(parse("tanh(x)"), tmp_path / "new", formats=[name])
    assert not (tmp_path / "new").exists()


def test_an_unknown_format_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="onnx"):
        export(parse("tanh(x)"), tmp_path / "new", formats=["onx"])


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_somebody_else_is_refused_and_left_alone(name: str, tmp_path: Path) -> None:
    theirs = tmp_path / FORMATS[name].files[-1]
    theirs.write_text("theirs")
    with pytest.raises(NameTaken, match="exists: choose another --output"):
        export(parse("tanh(x)"), tmp_path, formats=["latex", name])
    assert [path.read_text() for path in tmp_path.iterdir()] == ["theirs"]


@pytest.mark.heavy
@pytest.mark.new_process  # the proof of a file for numpy finds torch in a fork
def test_a_numpy_file_that_computes_something_else_is_not_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(array_file, "NUMPY", {**NUMPY, "tanh": "np.sin({0})"})
    with pytest.raises(ExportFailed, match="differs from the candidate"):
        export(parse("tanh(x)"), tmp_path / "new", formats=["numpy"])
    assert not (tmp_path / "new").exists()


@pytest.mark.heavy
@pytest.mark.new_process
@pytest.mark.parametrize("module", [array_file, pytest.param(jax_file, marks=needs_jax)])
@pytest.mark.parametrize(
    "text",
    [
        "a=0.3 * x + tanh(x)",  # 0.3 is no float32
        "a[channel]=0.3 * x + tanh(x)",
        "softplus(3 * x) - 3 * x",  # a line to torch where 3 * x is above 20
        str(family("arelu")),  # which reaches the largest float32 with another last digit
    ],
)
def test_a_function_of_arrays_passes_its_proof_where_torch_rounds(
    module: types.ModuleType, text: str
) -> None:
    _, proof = module.files_of(Subject(parse(text)))
    assert proof.difference < 1e-8


@pytest.mark.new_process
@pytest.mark.heavy
@needs_onnx
@needs_jax
def test_all_programs_are_proved_and_say_where_they_come_from(tmp_path: Path) -> None:
    facts = {"search": "mine", "trial": 12}
    done = export(
        parse(TEXT), tmp_path, formats=["torch", "numpy", "jax", "onnx"], facts=facts, memory=True
    )
    assert {name: bool(proof) for name, proof in done.proofs.items()} == dict.fromkeys(
        ["torch", "numpy", "jax", "onnx"], True
    )
    for name in ("activation.py", "activation_numpy.py", "activation_jax.py"):
        source = (tmp_path / name).read_text()
        assert "SPDX-License-Identifier: Apache-2.0" in source
        assert "search mine" in " ".join(source.replace("#", " ").split())
        assert f"f(x) = {parse(TEXT)}" in source
    import onnxruntime

    session = onnxruntime.InferenceSession(tmp_path / "activation.onnx")
    x = np.linspace(-3.03, 3.11, 12, dtype=np.float32).reshape(4, 3)
    beta = np.array([0.5, 1.0, 2.0], dtype=np.float32)
    module = parse(TEXT).module(channels=3)
    for inputs in ({}, {"beta": beta}):
        if inputs:
            module.load_state_dict({"beta": torch.from_numpy(beta)})
        (value,) = session.run(None, {"x": x, **inputs})
        np.testing.assert_allclose(value, module(torch.from_numpy(x)).detach(), rtol=2e-5)
    assert "onnxruntime agrees with torch in float32" in session.get_modelmeta().description


@pytest.mark.heavy
@pytest.mark.slow
def test_an_mlflow_model_predicts_where_actsearch_is_not(tmp_path: Path) -> None:
    export(parse("x * sigmoid(beta * x)"), tmp_path, formats=["mlflow"], class_name="Swish")
    program = (
        "import sys, importlib.util, mlflow.pyfunc, numpy as np\n"
        "sys.modules['actsearch'] = None\n"
        "model = mlflow.pyfunc.load_model(sys.argv[1])\n"
        "print(model.predict(np.ones((2, 3), np.float32)).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-I", "-c", program, str(tmp_path / "mlflow-model")],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = torch.nn.functional.silu(torch.ones(2, 3))
    torch.testing.assert_close(torch.tensor(json.loads(done.stdout.splitlines()[-1])), expected)


@pytest.mark.heavy
def test_the_card_has_results_with_n_limits_and_how_to_cite() -> None:
    row = {
        "test_mean": 0.8964, "test_sd": 0.0006, "n": 5, "difference": -0.0002,
        "interval": [-0.0022, 0.0018], "verdict": "tie",
    }  # fmt: skip
    facts = {"search": "mine", "recipe": "standard-1a2b", "numbers": {"mlp": row}}
    text = card_source(Subject(parse("log(x) * a"), facts=facts, notes="It ties with Mish."))
    assert "| mlp | 89.64 % ± 0.06 | 5 | -0.02 points [-0.22, +0.18] | tie |" in text
    for part in ("Recipe: standard-1a2b", "![", "## Limits", "have floors", "@software{actsearch"):
        assert part in text
    bare = card_source(Subject(parse("tanh(x)")))
    assert "nothing trained it here" in bare
    scored = {"search": "mine", "recipe": "brief-1a2b", "score": 0.5}
    unconfirmed = card_source(Subject(parse("max(x, sin(x))"), facts=scored))
    assert "`actsearch confirm 'max(x, sin(x))'` trains it over more seeds" in unconfirmed


def test_latex_has_formula_derivative_and_parameters() -> None:
    text = latex_source(Subject(parse("x * tanh(beta=0.5 * x)")))
    assert "f(x) &= x \\tanh" in text
    assert "f'(x) &=" in text
    assert "$\\beta$ (initially $0.5$, one per layer)" in text


@pytest.mark.parametrize("name", list(CATALOG)[::20])
def test_jax_source_is_python_for_named_functions(name: str) -> None:
    expression: Expression = CATALOG[name].expression
    compile(jax_source(Subject(expression)), name, "exec")


@pytest.mark.parametrize("length", range(40, 76, 2))
def test_names_with_hyphens_stay_whole_in_what_a_file_says_of_itself(length: int) -> None:
    name = "a" * length + "-core-1-second"
    subject = Subject(parse("tanh(x)"), facts={"search": name}, notes=f"By --resume {name}.")
    assert f"search {name}." in subject.header.replace("\n", " ")
    assert f"--resume {name}." in subject.wrapped_notes.replace("\n", " ")
