"""An activation as a user names one: by an expression, or by a name of the catalog or a family."""

from __future__ import annotations

from collections.abc import Sequence

from ...space import Expression, UnknownNameError, Variable, parse
from ...space.catalog.table import find
from ...space.errors import CandidateError, ExpressionError, nearest
from ...space.expressions.notation import mistakable
from ...space.families.table import FAMILIES, family
from ..errors import InvalidSetting, NoSuchSearch
from .home import Home
from .search_name import can_be_name


def expression_of(text: str) -> Expression:
    """The expression of a text, or of a name that `actsearch catalog` lists.

    A single word but `x` is a name: as an expression it could only be a parameter or a constant.
    Raises UnknownNameError, ExpressionError, and CandidateError for what does not depend on x.
    """
    if text in FAMILIES:
        return family(text)
    try:
        return find(text).expression
    except UnknownNameError:
        if text.isidentifier() and text != "x" and mistakable(text) is None:
            raise
    expression = parse(text)
    if not _depends_on_x(expression):
        raise CandidateError(
            f"'{text}' does not depend on x: it would be one number for every input, read as "
            f"'{expression}'; write x where the input is meant, as in x * sigmoid(x)"
        )
    return expression


def parse_expression_argument(home: Home, text: str) -> Expression:
    """`expression_of` where a search's name could stand as well: `actsearch confirm SEARCH|EXPR`.

    Raises NoSuchSearch for what is more likely a mistyped search's name: a text without x, a name
    that is no expression, and a bare `x-1`, for which no test set should be opened.
    """
    hint = nearest(text, home.names())
    try:
        expression = expression_of(text)
    except (CandidateError, UnknownNameError, ExpressionError) as error:
        if isinstance(error, ExpressionError) and not can_be_name(text):
            raise
        raise NoSuchSearch(
            f"'{text}' is no search in {home.root}{hint}; as an activation: {error}"
        ) from error
    if can_be_name(text) and text not in FAMILIES and not _is_in_catalog(text):
        raise NoSuchSearch(
            f"'{text}' is no search in {home.root}{hint or '; it has none'} (if the expression "
            f"is meant, write '({text})')"
        )
    return expression


def trained_expressions(home: Home, texts: Sequence[str]) -> list[Expression]:
    """`parse_expression_argument` of each text that is to be trained, and of a bare `x`, a network
    without an activation; raises InvalidSetting for the name of a search."""
    names = home.names()
    for text in texts:
        if text in names:
            raise InvalidSetting(
                f"'{text}' is a search in {home.root}, but expressions are trained here: "
                f"`actsearch leaderboard {text}` lists its candidates, `actsearch confirm {text}` "
                f"trains its best again"
            )
    return [
        expression_of(text) if text == "x" else parse_expression_argument(home, text)
        for text in texts
    ]


def _depends_on_x(expression: Expression) -> bool:
    return any(isinstance(node, Variable) for node in expression.nodes())


def _is_in_catalog(text: str) -> bool:
    try:
        find(text)
    except UnknownNameError:
        return False
    return True
