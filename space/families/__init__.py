"""Trainable families: functions of a configuration that return expressions."""

from .schema import Family as Family
from .schema import FitError as FitError
from .schema import Fitted as Fitted
from .schema import Option as Option
from .table import FAMILIES as FAMILIES
from .table import family as family
from .table import fitted as fitted
