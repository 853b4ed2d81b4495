"""A candidate as one function of NumPy arrays; SciPy's special functions where it needs them.

jax_file.py writes the same function for JAX.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ...space.analysis.finite_range import finite_points
from ...space.expressions.numerics import DIVIDE_FLOOR, LOG_FLOOR, POWER_FLOOR, SQRT_FLOOR
from ...space.modules.floor_comments import FLOORS
from .operations import Operand, Operations, argument_name, operations, refuse_unknown
from .proof import (
    TOLERANCE,
    Proof,
    compare,
    expected,
    in_a_fresh_process,
    proof_points,
    rounding,
    run_alone,
)
from .subject import Subject

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017
_SIGMOID = "np.exp(-np.logaddexp(0.0, -{0}))"  # which overflows nowhere
_SOFTPLUS = "np.logaddexp(0.0, {0})"
_ELU = "(np.maximum({0}, 0.0) + np.expm1(np.minimum({0}, 0.0)))"
_HARD = "np.clip({0} + 3.0, 0.0, 6.0)"

# torch's softplus is a line from 20 on, and 2e-9 off there: it is not these files that err.
ROUGH = frozenset({"softplus"})
ROUGH_TOLERANCE = 1e-7

# By primitive, on the names of arrays of one dtype; a number has its place in `_NUMBER` below.
NUMPY: Mapping[str, str] = MappingProxyType(
    {
        "neg": "-{0}", "add": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}",
        "div": "{0} / ({1} + np.where({1} < 0, -(2.0**-24), 2.0**-24).astype({1}.dtype))",
        "square": "{0} * {0}", "cube": "{0} * {0} * {0}",
        "max": "np.maximum({0}, {1})", "min": "np.minimum({0}, {1})", "abs": "np.abs({0})",
        "sqrt": f"np.sqrt(np.maximum({{0}}, {SQRT_FLOOR!r}))",
        "log": f"np.log(np.abs({{0}}) + {LOG_FLOOR!r})",
        "pow": f"np.power(np.maximum(np.abs({{0}}), {POWER_FLOOR!r}), {{1}})",
        "exp": "np.exp({0})", "expm1": "np.expm1({0})", "sin": "np.sin({0})", "cos": "np.cos({0})",
        "sinh": "np.sinh({0})", "cosh": "np.cosh({0})", "tanh": "np.tanh({0})",
        "asinh": "np.arcsinh({0})", "atan": "np.arctan({0})", "sinc": "np.sinc({0})",
        "erf": "special.erf({0})", "erfc": "special.erfc({0})",
        "bessel_i0e": "special.i0e({0})", "bessel_i1e": "special.i1e({0})",
        "relu": "np.maximum({0}, 0.0)", "sigmoid": _SIGMOID, "softplus": _SOFTPLUS,
        "log_sigmoid": "-np.logaddexp(0.0, -{0})",
        "silu": f"{{0}} * {_SIGMOID}",
        "gelu": f"0.5 * {{0}} * special.erfc({-math.sqrt(0.5)!r} * {{0}})",
        "mish": f"{{0}} * np.tanh({_SOFTPLUS})",
        "elu": _ELU,
        "selu": f"{_SELU_SCALE!r} * (np.maximum({{0}}, 0.0) "
                f"+ {_SELU_ALPHA!r} * np.expm1(np.minimum({{0}}, 0.0)))",
        "elish": f"{_ELU} * {_SIGMOID}",
        "leaky_relu": "np.maximum({0}, 0.0) + 0.01 * np.minimum({0}, 0.0)",
        "softsign": "{0} / (np.abs({0}) + 1.0)",
        "hard_sigmoid": f"{_HARD} / 6.0", "hard_swish": f"{{0}} * {_HARD} / 6.0",
    }
)  # fmt: skip

_NUMPY_FILE = '''"""f(x) = {formula}

{notes}
"""
{header}
import numpy as np
{imports}

def activation({arguments}):
    """f(x) = {formula}

    x: an array or a number; the same shape and dtype come back, float64 for whole numbers.{about}
    """
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    {computed}
{casts}{body}'''

# float16 is computed in float32, as torch's kernels do; SciPy has functions of two dtypes.
_COMPUTED = "x = x.astype(np.result_type(dtype, np.float32), copy=False)"
_COMPUTED_BY_SCIPY = "x = x.astype(np.float32 if dtype.itemsize <= 4 else np.float64, copy=False)"

_PROOF = """
import importlib.util, json, sys
import numpy as np
spec = importlib.util.spec_from_file_location("activation", "activation_numpy.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
task = json.load(open("task.json"))
others = {name.split(".")[0] for name in sys.modules} & {"actsearch", "torch", "jax"}
assert not others, f"the file imports {others}"
np.seterr(all="ignore")
value = module.activation(np.array(task["x"]))
for name in ("bool", "int8", "uint8", "int16", "int64", "longdouble", "float64"):
    kind = np.dtype(name)
    result = module.activation(np.array([0, 1], dtype=kind)).dtype
    assert result == (kind if kind.kind == "f" else np.float64), f"{name} became {result}"
for name, points in task["finite"].items():
    near = np.array(points, dtype=name)
    result, wide = module.activation(near), module.activation(near.astype(np.float64))
    assert result.dtype == near.dtype, f"{name} became {result.dtype}"
    # At the end of the range the last digit decides whether the largest number is passed.
    most = 0.999 * np.finfo(near.dtype).max
    inside = np.isfinite(result) | (np.isinf(result) & (np.abs(wide) >= most))
    assert inside.all(), f"not finite in {name} at x = {near[~inside][0]}"
print(json.dumps(value.tolist()))
"""


@dataclass(frozen=True, slots=True)
class Body:
    """The lines of a function's body, and which names of modules they use."""

    text: str
    uses_special: bool


def files_of(subject: Subject) -> tuple[dict[str, str | bytes], Proof]:
    """activation_numpy.py, and the proof of its values."""
    source = numpy_source(subject)
    value, _ = expected(subject.expression)
    task = {
        "x": proof_points().tolist(),
        "finite": {name: finite_points(subject.finite[name]) for name in ("float32", "float16")},
    }
    computed = run_alone(_PROOF, {"activation_numpy.py": source}, task)
    allowed = allowed_difference(subject, ROUGH)
    slack = rounding(subject.expression)[:1]
    difference = compare([computed], [value], subject.expression, allowed, slack)
    return {"activation_numpy.py": source}, in_a_fresh_process(difference, allowed, "value")


def allowed_difference(subject: Subject, rough: frozenset[str]) -> float:
    """TOLERANCE; ROUGH_TOLERANCE where a primitive is used in which torch itself is `rough`."""
    names = {step.primitive for step in operations(subject.expression).steps}
    return ROUGH_TOLERANCE if names & rough else TOLERANCE


def numpy_source(subject: Subject) -> str:
    """The text of activation_numpy.py; raises FormatImpossible."""
    refuse_unknown(subject.expression, "numpy", frozenset(NUMPY))
    body = function_body(operations(subject.expression), NUMPY, "np", ".astype(dtype, copy=False)")
    names = [argument_name(p) for p in subject.expression.parameters]
    casts = [f"    {name} = np.asarray({name}, dtype=x.dtype)\n" for name in names]
    return _NUMPY_FILE.format(
        **file_texts(subject),
        imports="from scipy import special\n" if body.uses_special else "",
        computed=_COMPUTED_BY_SCIPY if body.uses_special else _COMPUTED,
        casts="".join(casts),
        body=body.text,
    )


def file_texts(subject: Subject) -> dict[str, str]:
    """Texts that both array files share: formula, notes, header, arguments, about parameters."""
    parameters = subject.expression.parameters
    arguments = ["x", *(f"{argument_name(p)}={p.initial!r}" for p in parameters)]
    about = ""
    if parameters:
        about = "\n" + textwrap.indent(
            "Learned values go where the initial ones stand; one per channel in a shape that\n"
            "broadcasts to x's.",
            "    ",
        )
    return {
        "formula": str(subject.expression),
        "notes": subject.wrapped_notes.replace("\\", "\\\\").replace('"""', "'''"),
        "header": "".join(f"\n# {line}" for line in subject.header.splitlines()) + "\n",
        "arguments": ", ".join(arguments),
        "about": about,
    }


def function_body(
    listed: Operations, table: Mapping[str, str], module: str, closing: str = ""
) -> Body:
    """A line per operation, and the line that returns, `closing` behind what it returns."""
    lines: list[str] = []
    for step in listed.steps:
        code, operands = table[step.primitive], step.operands
        reason = FLOORS.get(step.primitive)
        if reason and f"    # {reason}" not in lines:
            lines.append(f"    # {reason}")
        if step.primitive == "div" and isinstance(operands[1], float):
            # What the search divides by: a number has its floor added beforehand.
            code, divisor = "{0} / {1}", operands[1]
            operands = (operands[0], divisor + math.copysign(DIVIDE_FLOOR, divisor))
        if step.primitive == "pow" and isinstance(operands[0], float):
            code = f"{module}.power({{0}}, {{1}})"
            operands = (max(abs(operands[0]), POWER_FLOOR), operands[1])
        lines.append(f"    {step.name} = {code.format(*map(_text, operands))}")
    result = _text(listed.result)
    whole = isinstance(listed.result, float) or not _depends_on_x(listed)
    returned = f"({result} + {module}.zeros_like(x))" if whole else result
    text = "\n".join([*lines, f"    return {returned}{closing}"]) + "\n"
    return Body(text, "special." in text)


def _depends_on_x(listed: Operations) -> bool:
    reached: set[Operand] = {"x"}
    for step in listed.steps:
        if reached & set(step.operands):
            reached.add(step.name)
    return listed.result in reached


def _text(operand: Operand) -> str:
    if isinstance(operand, str):
        return operand
    if not math.isfinite(operand):
        return f"float('{operand}')"
    return f"({operand!r})" if operand < 0 else repr(operand)
