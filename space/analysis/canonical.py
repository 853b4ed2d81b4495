"""The form of a candidate: the same for every way to commute, reassociate or rename it.

Sums and products, max and min become sets of their terms: a - b is a + (-b), a / b is a times the
inverse of b, and -(a - b) is b - a. An even function forgets its operand's sign, so abs(a - b) is
abs(b - a). Parameters are numbered by where they stand, not by what they are called. Nothing else
is known here, so equal forms are equal functions; what is written in another way altogether is
for the values to tell.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b

from ..expressions.expression import Call, Constant, Expression, Parameter

EVEN = frozenset({"abs", "square", "cos", "cosh", "sinc", "bessel_i0e"})
FLIPPED = {"+": "-", "-": "+"}


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """An operator over tagged operands, whose order is no matter: the tag says all about the
    place (the sign in a sum, whether above or below the line, the number of an argument)."""

    operator: str
    parts: tuple[tuple[str, _Node], ...] = ()
    parameter: Parameter | None = None


def canonical_form(expression: Expression) -> str:
    """32 hexadecimal digits, equal for all commuted, reassociated and renamed forms."""
    root = _node(expression)
    parameters = expression.parameters
    colours = {p: f"{p.granularity} {p.initial!r}" for p in parameters}
    order = _by_place(root, dict(colours)) if len(parameters) > 1 else parameters
    numbered = {p: f"{colours[p]} #{number}" for number, p in enumerate(order)}
    return _keys(root, numbered)[root]


def _node(tree: Expression) -> _Node:
    if isinstance(tree, Parameter):
        return _Node("parameter", parameter=tree)
    if isinstance(tree, Constant):
        leaf = _Node(repr(abs(tree.value)))
        return _negative(leaf) if tree.value < 0 else leaf
    if not isinstance(tree, Call):
        return _Node("x")
    operands = [_node(operand) for operand in tree.operands]
    match tree.primitive:
        case "neg":
            return _sum([("-", operands[0])])
        case "add":
            return _sum([("+", operand) for operand in operands])
        case "sub":
            return _sum([("+", operands[0]), ("-", operands[1])])
        case "mul":
            return _product([("*", operand) for operand in operands])
        case "div":
            return _product([("*", operands[0]), ("/", operands[1])])
        case "max" | "min":
            return _Node(tree.primitive, tuple(_spliced(tree.primitive, operands)))
        case name if name in EVEN and _is_negative(operands[0]):
            operands = [operands[0].parts[0][1]]
    return _Node(tree.primitive, tuple((str(at), each) for at, each in enumerate(operands)))


def _negative(node: _Node) -> _Node:
    return _Node("sum", (("-", node),))


def _is_negative(node: _Node) -> bool:
    return node.operator == "sum" and len(node.parts) == 1


def _sum(terms: list[tuple[str, _Node]]) -> _Node:
    parts: list[tuple[str, _Node]] = []
    for sign, term in terms:
        inner = term.parts if term.operator == "sum" else (("+", term),)
        parts += [(inside if sign == "+" else FLIPPED[inside], each) for inside, each in inner]
    if len(parts) == 1 and parts[0][0] == "+":
        return parts[0][1]
    return _Node("sum", tuple(parts))


def _product(factors: list[tuple[str, _Node]]) -> _Node:
    negative = False
    parts: list[tuple[str, _Node]] = []
    for side, factor in factors:
        if side == "*" and _is_negative(factor):
            negative, factor = not negative, factor.parts[0][1]
        # A quotient below the line stays one: 1 / (a / b) has the floor of a / b, b / a another.
        if side == "*" and factor.operator == "product":
            parts += factor.parts
        else:
            parts.append((side, factor))
    product = _Node("product", tuple(parts))
    return _negative(product) if negative else product


def _spliced(operator: str, operands: list[_Node]) -> list[tuple[str, _Node]]:
    parts: list[tuple[str, _Node]] = []
    for operand in operands:
        parts += operand.parts if operand.operator == operator else [("", operand)]
    return parts


def _by_place(root: _Node, colours: dict[Parameter, str]) -> list[Parameter]:
    """The parameters in an order that depends on where they stand only.

    Colours are refined by the places of all occurrences until they differ, or nothing tells two
    parameters apart; then either may be first, since the tree is the same both ways.
    """
    while len(set(colours.values())) < len(colours):
        before = len(set(colours.values()))
        places: dict[Parameter, list[str]] = defaultdict(list)
        _visit(root, "", _keys(root, colours), places)
        colours.update(
            {p: _digest(colours[p], *sorted(contexts)) for p, contexts in places.items()}
        )
        classes = list(colours.values())
        if len(set(classes)) == before:
            tied = min(colour for colour in classes if classes.count(colour) > 1)
            first = next(p for p, colour in colours.items() if colour == tied)
            colours[first] = _digest(tied, "first")
    return sorted(colours, key=colours.__getitem__)


def _visit(
    node: _Node,
    context: str,
    keys: dict[_Node, str],
    places: dict[Parameter, list[str]],
) -> None:
    """Collect the contexts of every parameter's occurrences below a node."""
    if node.parameter is not None:
        places[node.parameter].append(context)
    for tag, part in node.parts:
        below = _digest(context, keys[node], tag)
        if node.operator in EVEN and part.operator == "sum":
            turned = _turned(part, keys)
            for sign, term in part.parts:
                seen = {True: FLIPPED[sign], False: sign, None: "+-"}[turned]
                _visit(term, _digest(below, keys[part], seen), keys, places)
        else:
            _visit(part, below, keys, places)


def _turned(node: _Node, keys: dict[_Node, str]) -> bool | None:
    """Whether an even function looks at minus this sum; None where both look the same."""
    ahead, behind = _sum_key(node, keys, False), _sum_key(node, keys, True)
    return None if ahead == behind else behind < ahead


def _sum_key(node: _Node, keys: dict[_Node, str], turned: bool) -> str:
    signed = ((FLIPPED[sign] if turned else sign, part) for sign, part in node.parts)
    return _digest("sum", *sorted(sign + keys[part] for sign, part in signed))


def _keys(root: _Node, colours: dict[Parameter, str]) -> dict[_Node, str]:
    """A digest of every node, whatever the order of its parts."""
    keys: dict[_Node, str] = {}

    def visit(node: _Node) -> None:
        for _, part in node.parts:
            visit(part)
        if node.parameter is not None:
            keys[node] = colours[node.parameter]
            return
        parts = sorted(tag + keys[part] for tag, part in node.parts)
        if node.operator in EVEN and node.parts[0][1].operator == "sum":
            inner = node.parts[0][1]
            parts = [min(_sum_key(inner, keys, turned) for turned in (False, True))]
        keys[node] = _digest(node.operator, *parts)

    visit(root)
    return keys


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
