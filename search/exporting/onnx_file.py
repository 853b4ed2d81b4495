"""A candidate as an ONNX model: float32, input `x` of shape [batch, features], both of any size.

Learnable parameters are inputs too, with their initial values for those who leave them out; one
per channel takes a value per feature. The graph is built here, operator by operator, since an
exporter takes forms that overflow (log(sigmoid(x)) for log_sigmoid). onnxruntime runs it on every
number that bfloat16 has and 20,001 of [-10, 10]; where it agrees with torch is stated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...space import Parameter, Variable
from ...space.analysis.finite_range import FiniteRange, float_numbers
from ...space.expressions.numerics import DIVIDE_FLOOR, LOG_FLOOR, POWER_FLOOR, SQRT_FLOOR
from ..errors import ExportFailed, FormatImpossible
from .operations import Operand, Operation, argument_name, operations, refuse_unknown
from .proof import RANGE, ULPS, Proof
from .subject import Subject

SHAPE = ("batch", "features")  # ONNX wants the number of dimensions; reshape others to it
OPSET, IR = 20, 9  # of 2023: onnxruntime from 1.17 on
CLOSE = (
    1e-5  # relative to max(1, |f|): float32 kernels of two libraries differ by some 1e-7 each …
)
ROUNDING = 4.0  # … and by more where torch's float32 itself is off: allowed are so many times that
_SELU = (1.0507009873554805, 1.6732632423543772)  # Klambauer et al. 2017
_PACKAGES = ("onnx", "onnxruntime")


class _Graph:
    """Nodes and constants of a model, in order; every method returns the name of a value.

    These names begin with a /, as no parameter's does.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, float] = {}

    def op(self, kind: str, *inputs: Operand, **attributes: Any) -> str:
        """A node of one output."""
        from onnx import helper

        name = f"/n{len(self.nodes) + 1}"
        sources = [self.value(i) for i in inputs]
        self.nodes.append(helper.make_node(kind, sources, [name], **attributes))
        return name

    def value(self, operand: Operand) -> str:
        """The name of an operand; a number becomes a constant."""
        if isinstance(operand, str):
            return operand
        name = f"/c{operand!r}"
        self.constants[name] = operand
        return name


_Build = Callable[..., str]


def _plain(kind: str, **attributes: Any) -> _Build:
    return lambda g, *operands: g.op(kind, *operands, **attributes)


def _divide(g: _Graph, a: Operand, b: Operand) -> str:
    if isinstance(b, float):
        return g.op("Div", a, b + math.copysign(DIVIDE_FLOOR, b))
    floor = g.op("Where", g.op("Less", b, 0.0), -DIVIDE_FLOOR, DIVIDE_FLOOR)
    return g.op("Div", a, g.op("Add", b, floor))


def _power(g: _Graph, a: Operand, b: Operand) -> str:
    base = max(abs(a), POWER_FLOOR) if isinstance(a, float) else g.op("Abs", a)
    return g.op("Pow", base if isinstance(a, float) else g.op("Max", base, POWER_FLOOR), b)


def _expm1(g: _Graph, a: Operand) -> str:
    # tanh(a / 2) (exp(a) + 1), which keeps its digits near 0
    return g.op("Mul", g.op("Tanh", g.op("Mul", a, 0.5)), g.op("Add", g.op("Exp", a), 1.0))


def _softplus(g: _Graph, a: Operand) -> str:
    # max(a, 0) + log(1 + exp(-|a|)): neither overflows, whoever runs it
    return g.op("Add", g.op("Max", a, 0.0), _log1p(g, g.op("Exp", g.op("Neg", g.op("Abs", a)))))


def _log1p(g: _Graph, a: Operand) -> str:
    # a log(1 + a) / ((1 + a) - 1), whose roundings cancel: without it softplus loses its left tail
    more = g.op("Add", a, 1.0)
    is_one = g.op("Equal", more, 1.0)
    divisor = g.op("Where", is_one, 1.0, g.op("Sub", more, 1.0))
    return g.op("Where", is_one, a, g.op("Div", g.op("Mul", a, g.op("Log", more)), divisor))


def _sinc(g: _Graph, a: Operand) -> str:
    turned = g.op("Mul", a, math.pi)
    zero = g.op("Equal", turned, 0.0)
    quotient = g.op("Div", g.op("Sin", turned), g.op("Where", zero, 1.0, turned))
    return g.op("Where", zero, 1.0, quotient)


BUILD: Mapping[str, _Build] = {
    "neg": _plain("Neg"), "add": _plain("Add"), "sub": _plain("Sub"), "mul": _plain("Mul"),
    "div": _divide,
    "square": lambda g, a: g.op("Mul", a, a),
    "cube": lambda g, a: g.op("Mul", g.op("Mul", a, a), a),
    "max": _plain("Max"), "min": _plain("Min"), "abs": _plain("Abs"),
    "sqrt": lambda g, a: g.op("Sqrt", g.op("Max", a, SQRT_FLOOR)),
    "log": lambda g, a: g.op("Log", g.op("Add", g.op("Abs", a), LOG_FLOOR)),
    "exp": _plain("Exp"), "expm1": _expm1, "sin": _plain("Sin"), "cos": _plain("Cos"),
    "sinh": _plain("Sinh"), "cosh": _plain("Cosh"), "tanh": _plain("Tanh"),
    "asinh": _plain("Asinh"), "atan": _plain("Atan"), "sinc": _sinc, "pow": _power,
    "erf": _plain("Erf"), "erfc": lambda g, a: g.op("Sub", 1.0, g.op("Erf", a)),
    "relu": _plain("Relu"), "sigmoid": _plain("Sigmoid"), "softplus": _softplus,
    "silu": lambda g, a: g.op("Mul", a, g.op("Sigmoid", a)),
    "gelu": _plain("Gelu"),
    "mish": lambda g, a: g.op("Mul", a, g.op("Tanh", _softplus(g, a))),
    "elu": _plain("Elu"), "selu": _plain("Selu", gamma=_SELU[0], alpha=_SELU[1]),
    "elish": lambda g, a: g.op("Mul", g.op("Elu", a), g.op("Sigmoid", a)),
    "leaky_relu": _plain("LeakyRelu", alpha=0.01), "softsign": _plain("Softsign"),
    "log_sigmoid": lambda g, a: g.op("Neg", _softplus(g, g.op("Neg", a))),
    "hard_sigmoid": _plain("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_swish": _plain("HardSwish"),
}  # fmt: skip


def files_of(subject: Subject) -> tuple[dict[str, str | bytes], Proof]:
    """activation.onnx, and what onnxruntime computed with it, in float32.

    Raises FormatImpossible for operators that ONNX does not have and where its packages are not
    installed, ExportFailed where onnxruntime computes something else on [-8, 8].
    """
    refuse_unknown(subject.expression, "ONNX", frozenset(BUILD))
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise FormatImpossible(
            f"--format onnx needs {' and '.join(missing)}, not installed here: "
            f"pip install 'actsearch[onnx]'"
        )
    where, difference = _agreement(subject, _model(subject, "").SerializeToString())
    note = f"onnxruntime agrees with torch in float32 {_words(where)}"
    proof = Proof(difference, f"{note}, within {difference:.1e} on [-{RANGE:g}, {RANGE:g}]")
    return {"activation.onnx": _model(subject, note).SerializeToString()}, proof


def _model(subject: Subject, note: str) -> Any:
    """The onnx.ModelProto, checked."""
    import onnx
    from onnx import TensorProto, helper

    graph, listed = _Graph(), operations(subject.expression)
    parameters = subject.expression.parameters
    values: dict[str, Operand] = {argument_name(p): _input_name(p) for p in parameters}
    for step in listed.steps:
        values[step.name] = _build(graph, step, values)
    result = listed.result
    result = values.get(result, result) if isinstance(result, str) else result
    # Broadcast to x's shape where x is not in it; a name of its own for the output, always.
    zeros = graph.op("Mul", "x", 0.0) if not _has_x(subject) else 0.0
    graph.nodes.append(
        helper.make_node("Add", [graph.value(result), graph.value(zeros)], ["y"])
        if not _has_x(subject)
        else helper.make_node("Identity", [graph.value(result)], ["y"])
    )
    tensors = [
        helper.make_tensor(name, TensorProto.FLOAT, [], [number])
        for name, number in graph.constants.items()
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(SHAPE))]
    for p in parameters:
        name, channel = _input_name(p), p.granularity == "channel"
        tensors.append(helper.make_tensor(name, TensorProto.FLOAT, [1] * channel, [p.initial]))
        shape = ["channels"] if channel else []
        inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, list(SHAPE))
    made = helper.make_graph(
        graph.nodes, "activation", inputs, [output], initializer=tensors,
        doc_string=f"f(x) = {subject.expression}",
    )  # fmt: skip
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="actsearch",
        producer_version=str(subject.description["actsearch"]),
        doc_string="\n".join(
            [f"f(x) = {subject.expression}", subject.notes, note, subject.header]
        ),
    )
    helper.set_model_props(model, {"formula": str(subject.expression), "range": note})
    onnx.checker.check_model(model)
    return model


def _input_name(parameter: Parameter) -> str:
    """The parameter's name as an input; y is the output's."""
    return f"{parameter.name}_" if parameter.name.rstrip("_") == "y" else argument_name(parameter)


def _build(graph: _Graph, step: Operation, values: Mapping[str, Operand]) -> str:
    operands = [values.get(o, o) if isinstance(o, str) else o for o in step.operands]
    return BUILD[step.primitive](graph, *operands)


def _has_x(subject: Subject) -> bool:
    return any(isinstance(node, Variable) for node in subject.expression.nodes())


def _agreement(subject: Subject, model: bytes) -> tuple[FiniteRange, float]:
    """Where onnxruntime and torch agree, the largest range around 0, and by how much they differ
    on [-RANGE, RANGE]."""
    import onnxruntime

    x = float_numbers()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # it warns that a parameter is no constant, which is meant
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    computed = torch.from_numpy(np.asarray(session.run(None, {"x": x.numpy()[:, None]})[0]))[:, 0]
    single = subject.expression.values(x)
    exact = subject.expression.values(x.double())
    step = ULPS * torch.finfo(x.dtype).eps * x.double().abs()
    sides = [subject.expression.values(x.double() + side * step) for side in (-1, 1)]
    slack = torch.maximum(*[(value - exact).abs() for value in sides]).nan_to_num(0.0)
    allowed = CLOSE * exact.abs().clamp(min=1.0) + ROUNDING * (single - exact).abs() + slack
    apart = (computed.double() - exact).abs()
    good = (apart <= allowed) | (computed == single) | (computed.isnan() & single.isnan())
    where = _around_zero(x, good)
    finite = subject.finite["float32"]
    inside = (x >= max(-RANGE, finite.low)) & (x <= min(RANGE, finite.high))
    if not bool(good[inside].all()):
        first = float(x[inside & ~good][0])
        raise ExportFailed(
            f"onnxruntime computes something else than torch, first at x = {first:g}: please "
            f"report the expression {subject.expression}"
        )
    relative = (computed.double() - single.double()).abs() / single.double().abs().clamp(min=1.0)
    return where, float(relative[inside].max()) if bool(inside.any()) else 0.0


def _words(where: FiniteRange) -> str:
    return where.text if where.everywhere else f"for x in {where.text}"


def _around_zero(x: Tensor, good: Tensor) -> FiniteRange:
    if bool(good.all()):
        return FiniteRange("float32", float(x[0]), float(x[-1]), True)
    middle = int((x == 0).nonzero()[0])
    if not bool(good[middle]):
        return FiniteRange("float32", math.nan, math.nan, False)
    bad = (~good).nonzero()[:, 0]
    above, below = bad[bad > middle], bad[bad < middle]
    low = x[below[-1] + 1] if len(below) else x[0]
    high = x[above[0] - 1] if len(above) else x[-1]
    return FiniteRange("float32", float(low), float(high), False)
