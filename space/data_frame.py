"""Columns as a pandas DataFrame, where pandas is installed: MLflow brings it, torch does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .errors import PackageMissing

if TYPE_CHECKING:
    from pandas import DataFrame


def data_frame(columns: Mapping[str, Sequence[Any]]) -> DataFrame:
    """The columns by name, each as long as the others. Raises PackageMissing without pandas."""
    try:
        import pandas
    except ImportError as error:
        raise PackageMissing(
            "to_pandas needs the package pandas, which cannot be imported here: `pip install "
            "pandas`, or take the numbers from the object's own attributes"
        ) from error
    return pandas.DataFrame(dict(columns))
