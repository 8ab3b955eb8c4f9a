"""Distributions of an uncertain assumption."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import between, require, tails


def loguniform(low: float, high: float) -> Any:
    r"""Equally likely at every order of magnitude between two values: :math:`\ln x` is uniform.

    Parameters
    ----------
    low, high : float
        In the unit of the assumption; 0 < low < high.

    Returns
    -------
    scipy.stats distribution

    Examples
    --------
    >>> print(f"{loguniform(1e12, 1e14).median():.0e}")
    1e+13
    """
    from scipy import stats

    low = between("low", low, 0)
    return stats.loguniform(low, between("high", high, low))


def lognormal(median: float, factor: float, level: float = 0.8) -> Any:
    r"""Within a factor of the median with the probability ``level``: :math:`\ln x` is normal.

    Parameters
    ----------
    median : float
        In the unit of the assumption, above 0.
    factor : float
        Above 1; 3 means from a third of the median to three times it.
    level : float, optional
        Probability of lying within the factor.

    Returns
    -------
    scipy.stats distribution

    Examples
    --------
    >>> demand = lognormal(1e13, 3)
    >>> print([f"{x:.2e}" for x in demand.ppf([0.1, 0.5, 0.9])])
    ['3.33e+12', '1.00e+13', '3.00e+13']
    """
    from scipy import stats

    median, factor = between("median", median, 0), between("factor", factor, 1)
    return stats.lognorm(np.log(factor) / stats.norm.ppf(tails(level)[1]), scale=median)


def triangular(low: float, mode: float, high: float) -> Any:
    """Most likely at ``mode``, and impossible outside ``low`` to ``high``: the density is a triangle.

    Parameters
    ----------
    low, mode, high : float
        In the unit of the assumption; low <= mode <= high and low < high.

    Returns
    -------
    scipy.stats distribution

    Examples
    --------
    >>> print(f"{triangular(2, 3, 6).mean():.3f}")
    3.667
    """
    from scipy import stats

    low, mode = between("low", low), between("mode", mode)
    high = between("high", high, low)
    require(low <= mode <= high, "mode", mode, f"from low ({low:g}) to high ({high:g})")
    return stats.triang((mode - low) / (high - low), loc=low, scale=high - low)
