"""Candidates: expressions, spaces of them, and how to tell two apart."""

from .analysis.card import Card, card
from .analysis.fingerprint import Fingerprint, FingerprintIndex, fingerprint
from .analysis.fingerprint_versions import fingerprint_of_version
from .analysis.identify import Identification, identify
from .analysis.moments import second_moment
from .analysis.screening import screen
from .catalog.baselines import BASELINES, baselines
from .errors import (
    ActsearchError,
    CandidateError,
    ExpressionError,
    SpaceError,
    UnknownNameError,
)
from .expressions.expression import (
    Call,
    Constant,
    Expression,
    Parameter,
    Variable,
)
from .expressions.parser import parse
from .expressions.primitives import PRIMITIVES, Primitive
from .families.schema import Family, FitError, Fitted
from .families.table import FAMILIES, family, fitted
from .modules.activation import Activation
from .modules.codegen import module_source
from .modules.from_file import from_file
from .modules.nonpointwise import NOT_POINTWISE
from .modules.parameter_groups import parameter_groups
from .modules.surgery import replace_activations
from .spaces.base import Encoding, Space
from .spaces.core_units import CoreUnits
from .spaces.eafo import Corrected
from .spaces.mixtures import Mixtures
from .spaces.operator_sets import OPERATORS, Operators
from .spaces.parse_name import space_from_name
from .spaces.schemas import Schema
from .spaces.trees.parametric_trees import ParametricTrees
from .spaces.unions import Listed, Union

__all__ = [
    "BASELINES",
    "FAMILIES",
    "NOT_POINTWISE",
    "OPERATORS",
    "PRIMITIVES",
    "Activation",
    "ActsearchError",
    "Call",
    "CandidateError",
    "Card",
    "Constant",
    "CoreUnits",
    "Corrected",
    "Encoding",
    "Expression",
    "ExpressionError",
    "Family",
    "Fingerprint",
    "FingerprintIndex",
    "FitError",
    "Fitted",
    "Identification",
    "Listed",
    "Mixtures",
    "Operators",
    "Parameter",
    "ParametricTrees",
    "Primitive",
    "Schema",
    "Space",
    "SpaceError",
    "Union",
    "UnknownNameError",
    "Variable",
    "baselines",
    "card",
    "family",
    "fingerprint",
    "fingerprint_of_version",
    "fitted",
    "from_file",
    "identify",
    "module_source",
    "parameter_groups",
    "parse",
    "replace_activations",
    "screen",
    "second_moment",
    "space_from_name",
]
