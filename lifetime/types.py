"""Types for annotations: what passes through as it is, and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

Value: TypeAlias = Any
"""A number, a list, an array (NumPy, pandas, xarray, dask) or a sympy expression: out comes what went in."""

if TYPE_CHECKING:
    from pandas import DataFrame as Table
else:
    Table = "pandas.DataFrame"  # imported by the functions that make one
