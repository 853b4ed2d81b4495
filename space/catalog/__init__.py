"""What the literature has named: pointwise functions and families, each as an expression."""

from .entry import Entry as Entry
from .table import CATALOG as CATALOG
from .table import GROUPS as GROUPS
from .table import find as find
