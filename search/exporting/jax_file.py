"""A candidate as one function of JAX arrays, for jit, grad and vmap."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType

from ...space.analysis.finite_range import finite_points
from ..errors import FormatImpossible
from .array_file import NUMPY, ROUGH, allowed_difference, file_texts, function_body
from .operations import argument_name, operations, refuse_unknown
from .proof import (
    Proof,
    compare,
    expected,
    in_a_fresh_process,
    proof_points,
    rounding,
    run_alone,
)
from .subject import Subject

# torch's own slope of the last one has 1/6 in float32, 5e-9 off in float64.
_ROUGH = ROUGH | {"hard_swish"}

# Where JAX has the activation itself, with a slope that is finite wherever its value is.
JAX: Mapping[str, str] = MappingProxyType(
    {name: code.replace("np.", "jnp.") for name, code in NUMPY.items()}
    | {
        "relu": "jax.nn.relu({0})", "sigmoid": "jax.nn.sigmoid({0})",
        "softplus": "jax.nn.softplus({0})", "log_sigmoid": "jax.nn.log_sigmoid({0})",
        "silu": "jax.nn.silu({0})", "gelu": "jax.nn.gelu({0}, approximate=False)",
        "mish": "jax.nn.mish({0})", "elu": "jax.nn.elu({0})", "selu": "jax.nn.selu({0})",
        "elish": "jax.nn.elu({0}) * jax.nn.sigmoid({0})",
        "leaky_relu": "jax.nn.leaky_relu({0})", "softsign": "jax.nn.soft_sign({0})",
        "hard_sigmoid": "jax.nn.hard_sigmoid({0})", "hard_swish": "jax.nn.hard_swish({0})",
    }
)  # fmt: skip

_JAX_FILE = '''"""f(x) = {formula}

{notes}
"""
{header}
import jax
import jax.numpy as jnp
{imports}

def activation({arguments}):
    """f(x) = {formula}

    x: a float array; the same shape and dtype come back.{about}
    """
    x = jnp.asarray(x)
{casts}{body}'''

_PROOF = """
import importlib.util, json, sys
import jax, jax.numpy as jnp, numpy as np
spec = importlib.util.spec_from_file_location("activation", "activation_jax.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
task = json.load(open("task.json"))
others = {name.split(".")[0] for name in sys.modules} & {"actsearch", "torch"}
assert not others, f"the file imports {others}"
def slopes(x):
    return jax.grad(lambda x: module.activation(x).sum())(x)
x = jnp.array(task["x"], dtype=jnp.float64)
value, gradient = jax.jit(module.activation)(x), jax.jit(slopes)(x)
near = jnp.array(task["finite"], dtype=jnp.float32)
result = module.activation(near)
assert result.dtype == jnp.float32, f"float32 became {result.dtype}"
wide = np.abs(module.activation(near.astype(jnp.float64)))
# At the end of the range the last digit decides whether the largest number is passed.
inside = np.isfinite(result) | (np.isinf(result) & (wide >= 0.999 * np.finfo(np.float32).max))
assert inside.all(), f"not finite in float32 at x = {near[~inside][0]}"
print(json.dumps([value.tolist(), gradient.tolist()]))
"""


def files_of(subject: Subject) -> tuple[dict[str, str | bytes], Proof]:
    """activation_jax.py, and the proof of its values and of the slopes that jax.grad gives.

    Raises FormatImpossible where jax is not installed.
    """
    source = jax_source(subject)
    if find_spec("jax") is None:
        raise FormatImpossible(
            "--format jax runs the file before it hands it over, and jax is not installed: "
            "pip install 'actsearch[jax]'"
        )
    task = {
        "x": proof_points().tolist(),
        "finite": finite_points(subject.finite["float32"]),
    }
    where = {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}
    computed = run_alone(_PROOF, {"activation_jax.py": source}, task, where)
    allowed = allowed_difference(subject, _ROUGH)
    wanted, slack = expected(subject.expression), rounding(subject.expression)
    difference = compare(computed, wanted, subject.expression, allowed, slack)
    return {"activation_jax.py": source}, in_a_fresh_process(difference, allowed)


def jax_source(subject: Subject) -> str:
    """The text of activation_jax.py; raises FormatImpossible."""
    refuse_unknown(subject.expression, "jax", frozenset(JAX))
    body = function_body(operations(subject.expression), JAX, "jnp")
    names = [argument_name(p) for p in subject.expression.parameters]
    casts = [f"    {name} = jnp.asarray({name}, dtype=x.dtype)\n" for name in names]
    return _JAX_FILE.format(
        **file_texts(subject),
        imports="from jax.scipy import special\n" if body.uses_special else "",
        casts="".join(casts),
        body=body.text,
    )
