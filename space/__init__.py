"""Candidates: expressions, spaces of them, and how to tell two apart.

The names are loaded when first used: what only reads a stored search, or says what is wrong with a
command, passes through here and must not wait 2 s for torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis.card import Card as Card
    from .analysis.card import card as card
    from .analysis.fingerprint import Fingerprint as Fingerprint
    from .analysis.fingerprint import FingerprintIndex as FingerprintIndex
    from .analysis.fingerprint import fingerprint as fingerprint
    from .analysis.fingerprint_versions import fingerprint_of_version as fingerprint_of_version
    from .analysis.identify import Identification as Identification
    from .analysis.identify import identify as identify
    from .analysis.moments import second_moment as second_moment
    from .analysis.screening import screen as screen
    from .catalog.baselines import BASELINES as BASELINES
    from .catalog.baselines import baselines as baselines
    from .errors import ActsearchError as ActsearchError
    from .errors import CandidateError as CandidateError
    from .errors import ExpressionError as ExpressionError
    from .errors import SpaceError as SpaceError
    from .errors import UnknownNameError as UnknownNameError
    from .expressions.expression import Call as Call
    from .expressions.expression import Constant as Constant
    from .expressions.expression import Expression as Expression
    from .expressions.expression import Parameter as Parameter
    from .expressions.expression import Variable as Variable
    from .expressions.parser import parse as parse
    from .expressions.primitives import PRIMITIVES as PRIMITIVES
    from .expressions.primitives import Primitive as Primitive
    from .families.schema import Family as Family
    from .families.schema import FitError as FitError
    from .families.schema import Fitted as Fitted
    from .families.table import FAMILIES as FAMILIES
    from .families.table import family as family
    from .families.table import fitted as fitted
    from .modules.activation import Activation as Activation
    from .modules.codegen import module_source as module_source
    from .modules.from_file import from_file as from_file
    from .modules.nonpointwise import NOT_POINTWISE as NOT_POINTWISE
    from .modules.parameter_groups import parameter_groups as parameter_groups
    from .modules.surgery import replace_activations as replace_activations
    from .spaces.base import Encoding as Encoding
    from .spaces.base import Space as Space
    from .spaces.core_units import CoreUnits as CoreUnits
    from .spaces.eafo import Corrected as Corrected
    from .spaces.mixtures import Mixtures as Mixtures
    from .spaces.operator_sets import OPERATORS as OPERATORS
    from .spaces.operator_sets import Operators as Operators
    from .spaces.parse_name import space_from_name as space_from_name
    from .spaces.schemas import Schema as Schema
    from .spaces.trees.parametric_trees import ParametricTrees as ParametricTrees
    from .spaces.unions import Listed as Listed
    from .spaces.unions import Union as Union

_MODULES = {
    "Card": "analysis.card",
    "card": "analysis.card",
    "Fingerprint": "analysis.fingerprint",
    "FingerprintIndex": "analysis.fingerprint",
    "fingerprint": "analysis.fingerprint",
    "fingerprint_of_version": "analysis.fingerprint_versions",
    "Identification": "analysis.identify",
    "identify": "analysis.identify",
    "second_moment": "analysis.moments",
    "screen": "analysis.screening",
    "BASELINES": "catalog.baselines",
    "baselines": "catalog.baselines",
    "ActsearchError": "errors",
    "CandidateError": "errors",
    "ExpressionError": "errors",
    "SpaceError": "errors",
    "UnknownNameError": "errors",
    "Call": "expressions.expression",
    "Constant": "expressions.expression",
    "Expression": "expressions.expression",
    "Parameter": "expressions.expression",
    "Variable": "expressions.expression",
    "parse": "expressions.parser",
    "PRIMITIVES": "expressions.primitives",
    "Primitive": "expressions.primitives",
    "Family": "families.schema",
    "FitError": "families.schema",
    "Fitted": "families.schema",
    "FAMILIES": "families.table",
    "family": "families.table",
    "fitted": "families.table",
    "Activation": "modules.activation",
    "module_source": "modules.codegen",
    "from_file": "modules.from_file",
    "NOT_POINTWISE": "modules.nonpointwise",
    "parameter_groups": "modules.parameter_groups",
    "replace_activations": "modules.surgery",
    "Encoding": "spaces.base",
    "Space": "spaces.base",
    "CoreUnits": "spaces.core_units",
    "Corrected": "spaces.eafo",
    "Mixtures": "spaces.mixtures",
    "OPERATORS": "spaces.operator_sets",
    "Operators": "spaces.operator_sets",
    "space_from_name": "spaces.parse_name",
    "Schema": "spaces.schemas",
    "ParametricTrees": "spaces.trees.parametric_trees",
    "Listed": "spaces.unions",
    "Union": "spaces.unions",
}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute '{name}'")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
