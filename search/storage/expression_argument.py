"""An expression where a search's name could stand as well: `actsearch confirm SEARCH|EXPR`."""

from __future__ import annotations

from ...space import Expression, Variable, parse
from ...space.errors import nearest
from ..errors import NoSuchSearch
from .home import Home, can_be_name


def parse_expression_argument(home: Home, text: str) -> Expression:
    """The expression of a text. Raises NoSuchSearch for what is more likely a mistyped search's
    name: a text without x, and a bare `x-1`, for which no test set should be opened."""
    expression = parse(text)
    hint = nearest(text, home.names())
    if not any(isinstance(node, Variable) for node in expression.nodes()):
        raise NoSuchSearch(
            f"'{text}' is no search in {home.root}, and as an expression it does not depend on x"
            f"{hint}"
        )
    if can_be_name(text):
        raise NoSuchSearch(
            f"'{text}' is no search in {home.root}{hint or '; it has none'} (if the expression "
            f"is meant, write '({text})')"
        )
    return expression
