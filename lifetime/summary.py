"""What draws add up to: medians and intervals, of arrays that may be larger than memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .arrays import as_number, brief, is_lazy, require, tails
from .types import Table, Value

_POINTS = 1005  # of its quantiles that stand for a chunk


def quantiles(values: Mapping[str, Value], level: float = 0.8) -> Table:
    """The median and the central interval of uncertain values.

    NaN is left out and counted in ``attrs["warnings"]`` of the table: in a plan it is a draw that could not be planned.

    Parameters
    ----------
    values : mapping of str to array
        NumPy arrays, or dask arrays: these are computed together, chunk by chunk, and each chunk is summed up by 1,005
        of its quantiles.
    level : float, optional
        Probability of the interval: 0.8 is from the 10 % to the 90 % quantile.

    Returns
    -------
    pandas.DataFrame
        A row a value; columns low, median, high.

    Raises
    ------
    ValueError
        For a value that is infinite, and where all are NaN.

    Examples
    --------
    >>> quantiles({"N": [1, 2, 3, 4, 5]}, level=0.5)
       low  median  high
    N  2.0     3.0   4.0
    """
    import pandas as pd

    if not isinstance(values, Mapping):
        raise ValueError(f"values must map names to arrays, such as quantiles({{'N': plan.N}}); got {brief(values)}")
    low, high = tails(level)
    found, lazy, said = dict.fromkeys(values), {}, []

    def left_out(name, nan, size):
        if nan:
            said.append(f"{name}: {nan:,.0f} of {size:,.0f} values are NaN and left out")
        if nan == size:
            raise ValueError(f"{name} must hold at least one number; got NaN only ({size:,.0f} values)")

    for name, value in values.items():
        value = as_number(name, value)
        if is_lazy(value):
            lazy[name] = _digest(name, value)
        else:
            value = np.asarray(value)
            require(~np.isinf(value), name, value, "finite")
            numbers = value[~np.isnan(value)]
            left_out(name, value.size - numbers.size, value.size)
            found[name] = np.quantile(numbers, [low, 0.5, high])
    if lazy:
        import dask

        for name, (points, weights, sizes) in dask.compute(lazy)[0].items():
            left_out(name, round(np.sum(sizes - weights) / _POINTS), np.sum(sizes) / _POINTS)
            some = weights > 0
            found[name] = np.quantile(points[some], [low, 0.5, high], weights=weights[some], method="inverted_cdf")
    table = pd.DataFrame.from_dict(found, orient="index", columns=["low", "median", "high"])
    table.attrs |= {"warnings": tuple(said)} if said else {}
    return table


def _digest(name, value):
    """Points of the distribution of a dask array, and their weights: evenly spaced in probability in each chunk.

    They are so many that the 10 %, 50 % and 90 % quantiles are in the middle of what a point stands for.
    """
    import dask.array as da

    def digest(block):
        require(~np.isinf(block), name, block, "finite")
        numbers = np.sort(block[~np.isnan(block)])
        ranks = (np.arange(_POINTS) + 0.5) / _POINTS * numbers.size
        points = numbers[ranks.astype(int)] if numbers.size else np.zeros(_POINTS)
        return np.stack([points, np.full(_POINTS, numbers.size), np.full(_POINTS, block.size)])

    flat = da.asarray(value).ravel()
    return flat.map_blocks(digest, new_axis=0, chunks=((3,), (_POINTS,) * flat.numblocks[0]), meta=np.empty((0, 0)))
