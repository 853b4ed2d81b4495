"""A candidate as activation.py, which needs torch alone, and activation.json: what stands in it.

The file is proved before it is handed over: a fresh process imports it, and value and gradients
are compared with the searched module's, those of the parameters too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from ...space import Expression, module_source
from ...space.analysis.finite_range import finite_points
from ...space.analysis.torch_kernel import CLOSE
from ...space.modules.codegen import with_initial
from ..errors import ExportFailed, InvalidSetting
from .proof import (
    DERIVATIVES,
    MOVE,
    TOLERANCE,
    Proof,
    channels_of,
    compare,
    expected_derivatives,
    in_a_fresh_process,
    proof_points,
    run_alone,
)
from .subject import Subject

FILES = ("activation.py", "activation.json")

WIDTH = 8  # features of the signal of which kept tensors are counted

_PROOF = f"""
import importlib.util, json, sys
import torch
{DERIVATIVES}
spec = importlib.util.spec_from_file_location("activation", "activation.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
task = json.load(open("task.json"))
ours = [name for name in sys.modules if name.split(".")[0] == "actsearch"]
assert not ours, f"the file imports {{ours}}"
arguments = {{"num_parameters": task["channels"]}} if task["channels"] else {{}}
kind = getattr(module, task["class_name"])
for name, points in task["finite"].items():
    near = torch.tensor(points, dtype=getattr(torch, name)).unsqueeze(1)
    near = near.repeat(1, task["channels"] or 1).requires_grad_()
    result = kind(**arguments).to(near.dtype)(near)
    slope = torch.zeros_like(near)
    if result.requires_grad:
        (slope,) = torch.autograd.grad(result.sum(), near, materialize_grads=True)
    inside = result.isfinite() & slope.isfinite()
    assert inside.all(), f"not finite in {{name}} at x = {{near[~inside][0].item()}}"
x = torch.tensor(task["x"], dtype=torch.float64)
print(json.dumps(derivatives(kind(**arguments).double(), x, task["move"])))
"""


def files_of(subject: Subject) -> tuple[dict[str, str | bytes], Proof]:
    """The two files, and their proof.

    Raises ExportFailed if the file does not compute what the candidate does.
    """
    source = torch_source(subject)
    try:
        proof = _prove(subject, source)
    except ExportFailed as error:
        raise ExportFailed(f"{error}; leave --memory out") if subject.memory else error from None
    description = json.dumps(subject.description, indent=2) + "\n"
    return {"activation.py": source, "activation.json": description}, proof


def torch_source(subject: Subject) -> str:
    """The text of activation.py."""
    return module_source(
        subject.expression,
        class_name=subject.class_name,
        notes=subject.wrapped_notes,
        header=subject.header,
        kernel=subject.kernel,
        memory=subject.memory and not keeps_one_tensor(subject),
    )


def keeps_one_tensor(subject: Subject) -> bool:
    """Whether the plain file keeps at most one tensor of x's size for the backward pass."""
    channel = any(p.granularity == "channel" for p in subject.expression.parameters)
    compute = subject.kernel.compute if subject.kernel else None
    if subject.kernel and compute is None:
        return True  # F.prelu keeps x
    return (
        tensors_kept(compute or subject.expression.module(channels=WIDTH if channel else None))
        <= 1
    )


def tensors_kept(function: Callable[[Tensor], Tensor]) -> int:
    """How many distinct tensors of x's size autograd keeps of a forward pass."""
    kept: dict[int, Tensor] = {}
    x = torch.linspace(-2, 2, 64, dtype=torch.float32).reshape(-1, WIDTH).requires_grad_()

    def pack(tensor: Tensor) -> Tensor:
        if tensor.numel() == x.numel():
            kept[tensor.untyped_storage().data_ptr()] = tensor  # held, so that no address repeats
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        function(x)
    return len(kept)


def allowed_difference(subject: Subject) -> float:
    """TOLERANCE; CLOSE of a kernel of torch, which has no floors."""
    return TOLERANCE if subject.kernel is None else CLOSE


def with_learned(expression: Expression, learned: Mapping[str, Sequence[float]]) -> Expression:
    """The expression that starts where training took the parameters that the whole net shares.

    Raises InvalidSetting for parameters that have no one learned value.
    """
    several = [p.name for p in expression.parameters if p.granularity != "network"]
    if several:
        raise InvalidSetting(
            f"--learned exports parameters shared by the whole net, but {', '.join(several)} took "
            f"another value in every layer or channel: export without it, or search with a "
            f"space like core-1[network]"
        )
    unknown = [p.name for p in expression.parameters if p.name not in learned]
    if unknown:
        raise InvalidSetting(
            f"--learned needs a training that learned {', '.join(unknown)}: export a search or "
            f"one of its trials, or leave --learned out"
        )
    return with_initial(expression, {name: values[0] for name, values in learned.items()})


def _prove(subject: Subject, source: str) -> Proof:
    """Import the source from a scratch folder, so that only a proved file reaches the user's."""
    channels = channels_of(subject.expression)
    task = {
        "x": proof_points().unsqueeze(1).repeat(1, channels or 1).tolist(),
        "move": MOVE,
        "class_name": subject.class_name,
        "channels": channels,
        "finite": {name: finite_points(where) for name, where in subject.finite.items()},
    }
    computed = run_alone(_PROOF, {"activation.py": source}, task)
    wanted = expected_derivatives(subject.expression, channels)
    allowed = allowed_difference(subject)
    difference = compare(computed, wanted, subject.expression, allowed)
    return in_a_fresh_process(difference, allowed, "value and gradients")
