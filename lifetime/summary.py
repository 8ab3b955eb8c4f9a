"""What draws add up to: medians and intervals, of arrays that may be larger than memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .arrays import as_number, brief, is_lazy, require, tails
from .types import Table, Value


def quantiles(values: Mapping[str, Value], level: float = 0.8) -> Table:
    """The median and the central interval of uncertain values.

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
    found, lazy = dict.fromkeys(values), {}
    for name, value in values.items():
        value = as_number(name, value)
        if is_lazy(value):
            lazy[name] = _digest(name, value)
        else:
            require(np.isfinite(value), name, value, "finite")
            found[name] = np.quantile(value, [low, 0.5, high])
    if lazy:
        import dask

        for name, (points, weights) in dask.compute(lazy)[0].items():
            found[name] = np.quantile(points, [low, 0.5, high], weights=weights, method="inverted_cdf")
    return pd.DataFrame.from_dict(found, orient="index", columns=["low", "median", "high"])


def _digest(name, value):
    """Points of the distribution of a dask array, and their weights: evenly spaced in probability in each chunk.

    They are so many that the 10 %, 50 % and 90 % quantiles are in the middle of what a point stands for.
    """
    import dask.array as da

    def digest(block):
        require(np.isfinite(block), name, block, "finite")
        ranks = (np.arange(1005) + 0.5) / 1005 * block.size
        return np.stack([np.sort(block)[ranks.astype(int)], np.full(1005, block.size)])

    flat = da.asarray(value).ravel()
    return flat.map_blocks(digest, new_axis=0, chunks=((2,), (1005,) * flat.numblocks[0]), meta=np.empty((0, 0)))
