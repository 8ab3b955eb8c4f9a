"""Uncertain assumptions: distributions, quasi-Monte-Carlo draws of them, quantiles, and which of them matters most.

An uncertain scenario is a dict of assumptions, some of them distributions. :func:`sample` turns it into one of arrays,
and every function of the package takes arrays as it takes numbers: there is no second code path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from .arrays import as_number, brief, check, is_lazy, require
from .scaling import ScalingLaw
from .symbols import Meaning

_POSITIVE = Meaning(None, "", "", low=0)


def loguniform(low: float, high: float):
    r"""Equally likely at every order of magnitude between two values: :math:`\ln x` is uniform.

    Parameters
    ----------
    low, high : float
        In the unit of the assumption.

    Returns
    -------
    scipy.stats.rv_frozen

    Raises
    ------
    ValueError
        Unless 0 < low < high.

    Examples
    --------
    >>> print(f"{loguniform(1e12, 1e14).median():.0e}")
    1e+13
    """
    from scipy import stats

    low, high = as_number("low", low), as_number("high", high)
    check("low", low, _POSITIVE)
    require(low < high < np.inf, "high", high, "above low ({limit}) and finite", low)
    return stats.loguniform(low, high)


def lognormal(median: float, factor: float, level: float = 0.8):
    r"""Within a factor of the median with the probability ``level``: :math:`\ln x` is normal.

    Parameters
    ----------
    median : float
        In the unit of the assumption.
    factor : float
        3 means from a third of the median to three times it.
    level : float, optional
        Probability of lying within the factor.

    Returns
    -------
    scipy.stats.rv_frozen

    Raises
    ------
    ValueError
        Unless median > 0, factor > 1 and 0 < level < 1.

    Examples
    --------
    >>> demand = lognormal(1e13, 3)
    >>> print([f"{x:.2e}" for x in demand.ppf([0.1, 0.5, 0.9])])
    ['3.33e+12', '1.00e+13', '3.00e+13']
    """
    from scipy import stats

    median, factor = as_number("median", median), as_number("factor", factor)
    check("median", median, _POSITIVE)
    require(1 < factor < np.inf, "factor", factor, "above 1 and finite")
    return stats.lognorm(np.log(factor) / stats.norm.ppf(_tails(level)[1]), scale=median)


def triangular(low: float, mode: float, high: float):
    """Most likely at ``mode``, and impossible outside ``low`` to ``high``: the density is a triangle.

    Parameters
    ----------
    low, mode, high : float
        In the unit of the assumption.

    Returns
    -------
    scipy.stats.rv_frozen

    Raises
    ------
    ValueError
        Unless low <= mode <= high and low < high.

    Examples
    --------
    >>> print(f"{triangular(2, 3, 6).mean():.3f}")
    3.667
    """
    from scipy import stats

    low, mode, high = as_number("low", low), as_number("mode", mode), as_number("high", high)
    require(-np.inf < low < high < np.inf, "high", high, "above low ({limit}) and finite", low)
    require(low <= mode <= high, "mode", mode, f"from low ({low:g}) to high ({high:g})")
    return stats.triang((mode - low) / (high - low), loc=low, scale=high - low)


@dataclass(frozen=True, eq=False)
class OneOf:
    """An uncertain law: which of several it is, and its coefficients, drawn together.

    Of a law that has a covariance, (ln A, ln B, ln E, alpha, beta) is drawn from the normal distribution around its
    coefficients; of a law whose fields are arrays (a bootstrap), one element; any other law is taken as it is. A and
    alpha are correlated by 0.999, and so are B and beta: they are never drawn apart.

    Parameters
    ----------
    laws : ScalingLaw or sequence of ScalingLaw
        The first is the one that :func:`tornado` keeps while it varies something else.
    weights : sequence of float, optional
        How much each law is believed, relative to the others; equally by default.
    n : int, optional
        How many draws to prepare of a law that has a covariance; a power of two.

    Raises
    ------
    ValueError
        For no laws, weights that do not match or are not positive, or an n that is not a power of two.

    Examples
    --------
    >>> from lifetime import laws
    >>> draws = sample({"law": OneOf([laws.Besiroglu2024, laws.Sardana2024Refit])}, n=1024, rng=0)
    >>> draws["law"].alpha.shape
    (1024,)
    """

    laws: tuple[ScalingLaw, ...]
    weights: tuple[float, ...] | None = None
    n: int = 4096
    _rows: tuple = field(init=False, repr=False)

    def __post_init__(self):
        laws = (self.laws,) if isinstance(self.laws, ScalingLaw) else tuple(self.laws)
        if not laws or not all(isinstance(law, ScalingLaw) for law in laws):
            raise ValueError(f"laws must be one or more lifetime.ScalingLaw; got {brief(self.laws)}")
        weights = np.ones(len(laws)) if self.weights is None else np.asarray(self.weights, dtype=float)
        if weights.shape != (len(laws),) or not np.all((weights > 0) & (weights < np.inf)):
            raise ValueError(f"weights must be {len(laws)} positive numbers; got {brief(self.weights)}")
        _power_of_two("n", self.n)
        object.__setattr__(self, "laws", laws)
        object.__setattr__(self, "weights", tuple((weights / weights.sum()).tolist()))
        object.__setattr__(self, "_rows", tuple(_draws(law, self.n) for law in laws))

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is uncertain: the "choice" of the law, its "coefficients", both or neither."""
        return ("choice",) * (len(self.laws) > 1) + ("coefficients",) * any(len(rows) > 1 for rows in self._rows)

    def at(self, choice=0.0, coefficients=None) -> ScalingLaw:
        """The law at points of [0, 1): which one (the first if not given), and which of its draws (else their mean)."""
        which = np.searchsorted(np.cumsum(self.weights)[:-1], choice, side="right")
        if coefficients is None:
            return _as_law(np.array([rows.mean(axis=0) for rows in self._rows])[which])
        sizes = np.array([len(rows) for rows in self._rows])
        first = np.cumsum(sizes) - sizes
        return _as_law(np.concatenate(self._rows)[first[which] + (coefficients * sizes[which]).astype(int)])


def _draws(law, n):
    """Rows of (ln A, ln B, ln E, alpha, beta)."""
    E, A, B, alpha, beta = np.broadcast_arrays(*(np.ravel(value) for value in law.coefficients.values()))
    with np.errstate(divide="ignore"):  # E may be 0
        rows = np.stack([np.log(A), np.log(B), np.log(E), alpha, beta], axis=-1)
    if law.covariance is None:
        return rows
    from scipy.stats import qmc

    return qmc.MultivariateNormalQMC(rows[0], law.covariance, rng=np.random.default_rng(0)).random(n)


def _as_law(rows):
    ln_A, ln_B, ln_E, alpha, beta = np.moveaxis(rows, -1, 0)
    return ScalingLaw(np.exp(ln_E), np.exp(ln_A), np.exp(ln_B), alpha, beta)


def sample(assumptions: Mapping, n: int, rng, *, chunk: int | None = None) -> dict:
    """Draw uncertain assumptions together, by scrambled Sobol points.

    Parameters
    ----------
    assumptions : mapping
        Each assumption by name: a number, a distribution (anything with a ``ppf``, as in ``scipy.stats``), or
        :class:`OneOf` several laws.
    n : int
        Number of draws; a power of two, for which the points are balanced.
    rng : int or numpy.random.Generator
        The same seed gives the same draws.
    chunk : int, optional
        Return dask arrays of that chunk size (a power of two) instead, which are drawn when they are computed, each
        chunk with a scrambling of its own.

    Returns
    -------
    dict
        Distributions as arrays of shape (n,), laws as a law of such arrays, numbers as they are.

    Raises
    ------
    ValueError
        If n or chunk is not a power of two, nothing is uncertain, or rng is None.

    Examples
    --------
    >>> import lifetime as lt
    >>> uncertain = {"D_inf": lognormal(1e13, 3), "D_RL": 0, "k_RL": 3, "e_RL": 1, "e_inf": triangular(0.14, 0.33, 0.4)}
    >>> law = lt.laws.Besiroglu2024
    >>> plan = lt.cheapest(law, loss=law.loss(70e9, 1.4e12), **sample(uncertain, 1024, rng=0))
    >>> print(f"{np.median(plan.N):.2g} parameters")
    2.6e+10 parameters

    References
    ----------
    A. B. Owen (1998), Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity 14, 466.
    """
    inputs = _inputs(assumptions)
    _power_of_two("n", n)
    rng = _generator(rng)
    if chunk is None:
        return _at(assumptions, dict(zip(inputs, _points(len(inputs), n, rng), strict=True)))
    _power_of_two("chunk", chunk)
    require(chunk <= n, "chunk", chunk, "at most n ({limit})", n)
    import dask.array as da

    uncertain = {name: value for name, value in assumptions.items() if _is_uncertain(value)}

    def draw(seed):
        points = _points(len(inputs), chunk, np.random.default_rng(seed))
        return np.stack([np.broadcast_to(row, chunk) for row in _flat(_at(uncertain, dict(zip(inputs, points))))])

    height = sum(5 if isinstance(value, OneOf) else 1 for value in uncertain.values())
    seeds = da.from_array(rng.integers(2**63, size=n // chunk), chunks=1)
    rows = iter(seeds.map_blocks(draw, new_axis=0, chunks=((height,), (chunk,) * (n // chunk)), dtype=float))
    drawn = {
        name: ScalingLaw(*islice(rows, 5)) if isinstance(value, OneOf) else next(rows)
        for name, value in uncertain.items()
    }
    return {name: drawn.get(name, value) for name, value in assumptions.items()}


def quantiles(values: Mapping, level: float = 0.8):
    """The median and the central interval of uncertain values.

    Parameters
    ----------
    values : mapping of str to array
        NumPy arrays, or dask arrays: for those the quantiles of the chunks are merged, which is approximate.
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

    low, high = _tails(level)
    rows = {}
    for name, value in values.items():
        if is_lazy(value):
            import dask.array as da

            rows[name] = da.percentile(value.ravel(), [100 * low, 50, 100 * high]).compute()
        else:
            value = as_number(name, value)
            require(np.isfinite(value), name, value, "finite")
            rows[name] = np.quantile(value, [low, 0.5, high])
    return pd.DataFrame.from_dict(rows, orient="index", columns=["low", "median", "high"])


def sobol(function: Callable, assumptions: Mapping, n: int, rng, *, repeats: int = 8):
    r"""How much of the variance of a result each assumption explains: Sobol indices.

    .. math:: S_i = \frac{\mathrm{Var}\,\mathrm{E}[y \mid x_i]}{\mathrm{Var}\,y}, \qquad
              T_i = 1 - \frac{\mathrm{Var}\,\mathrm{E}[y \mid x_{j \ne i}]}{\mathrm{Var}\,y}

    Parameters
    ----------
    function : callable
        Takes the assumptions by name, as arrays of shape (m,), and returns an array of shape (m,), or a dict of
        several. Logarithms are wise for values that span decades: a variance hears only the largest.
    assumptions : mapping
        As for :func:`sample`; independent of each other. A law counts as two: its choice and its coefficients.
    n : int
        Points per repeat and index; a power of two.
    rng : int or numpy.random.Generator
    repeats : int, optional
        Independent scramblings, from whose spread the standard errors come.

    Returns
    -------
    pandas.DataFrame
        A row an output and input; columns first (S, alone), total (T, with all its interactions), and the standard
        errors of both.

    Raises
    ------
    ValueError
        As for :func:`sample`, and if the function's result does not have one finite value a draw.

    Examples
    --------
    >>> from scipy.stats import uniform
    >>> sobol(lambda x, y: 2 * x + y, {"x": uniform(), "y": uniform()}, 1024, rng=0)["first"].round(2)
    input
    x    0.8
    y    0.2
    Name: first, dtype: float64

    References
    ----------
    I. M. Sobol' (2001), Mathematics and Computers in Simulation 55, 271; computed by ``scipy.stats.sobol_indices``.
    """
    import pandas as pd
    from scipy import stats

    inputs = _inputs(assumptions)
    _power_of_two("n", n)
    if repeats < 2:
        raise ValueError(f"repeats must be 2 or more; got {repeats!r}")
    names = []

    def evaluate(points):
        results = _results(function, _at(assumptions, dict(zip(inputs, _inside(points)))), points.shape[1])
        names[:] = results
        return np.stack(list(results.values()))

    indices = []
    for child in _generator(rng).spawn(repeats):
        found = stats.sobol_indices(func=evaluate, n=n, dists=[stats.uniform()] * len(inputs), rng=child)
        indices.append([np.reshape(x, (len(names), len(inputs))) for x in (found.first_order, found.total_order)])
    mean, error = np.mean(indices, axis=0), np.std(indices, axis=0, ddof=1) / np.sqrt(repeats)
    columns = {"first": mean[0], "first SE": error[0], "total": mean[1], "total SE": error[1]}
    return pd.DataFrame({k: v.ravel() for k, v in columns.items()}, index=_index(names, inputs))


def tornado(function: Callable, assumptions: Mapping, *, level: float = 0.8, n: int = 1024):
    """The interval of a result when one assumption varies and all others stay at their median.

    Parameters
    ----------
    function, assumptions
        As for :func:`sobol`.
    level : float, optional
        Probability of the interval.
    n : int, optional
        Values per assumption, evenly spaced in probability.

    Returns
    -------
    pandas.DataFrame
        A row an output and input, columns low, base (nothing varies) and high.

    Examples
    --------
    >>> tornado(lambda x, y: 2 * x + y, {"x": lognormal(1, 2), "y": triangular(0, 1, 2)}).round(2)
           low  base  high
    input
    x     2.00   3.0  5.00
    y     2.45   3.0  3.55
    """
    import pandas as pd

    inputs = _inputs(assumptions)
    middle = {name: _middle(assumptions, name) for name in inputs}
    base = _results(function, _at(assumptions, {name: np.full(1, v) for name, v in middle.items() if v is not None}), 1)
    grid, (low, high) = (np.arange(n) + 0.5) / n, _tails(level)
    rows = {}
    for varied in inputs:
        points = {name: np.full(n, v) for name, v in middle.items() if v is not None} | {varied: grid}
        for output, values in _results(function, _at(assumptions, points), n).items():
            rows[output, varied] = [np.quantile(values, low), base[output][0], np.quantile(values, high)]
    index = _index(list(base), inputs)
    order = [(output, varied) for output in base for varied in inputs]
    return pd.DataFrame([rows[key] for key in order], columns=["low", "base", "high"], index=index)


def _is_uncertain(value) -> bool:
    return isinstance(value, OneOf) or hasattr(value, "ppf")


def _inputs(assumptions) -> list[str]:
    """The names of the dimensions: an assumption by its own, the choice of a law and its coefficients apart."""
    names = []
    for name, value in assumptions.items():
        if isinstance(value, OneOf):
            names += [f"{name}: {part}" for part in value.inputs]
        elif _is_uncertain(value):
            names.append(name)
    if not names:
        raise ValueError(f"assumptions must hold at least one distribution; got {', '.join(assumptions) or 'none'}")
    return names


def _middle(assumptions, name):
    """The point of an input at which the others are held: the first law, its central coefficients, the median."""
    return {"choice": 0.0, "coefficients": None}.get(name.partition(": ")[2], 0.5)


def _at(assumptions, points) -> dict:
    """The assumptions at points of the unit interval, by input."""
    found = {}
    for name, value in assumptions.items():
        if isinstance(value, OneOf):
            parts = {part: points[f"{name}: {part}"] for part in value.inputs if f"{name}: {part}" in points}
            found[name] = value.at(**parts)
        else:
            found[name] = value.ppf(points[name]) if _is_uncertain(value) else value
    return found


def _flat(drawn) -> list:
    rows = []
    for value in drawn.values():
        rows += value.coefficients.values() if isinstance(value, ScalingLaw) else [value]
    return rows


def _points(d, n, rng):
    """Scrambled Sobol points of shape (d, n)."""
    from scipy.stats import qmc

    return _inside(qmc.Sobol(d, rng=rng).random(n).T)


def _inside(points):
    """Points of [0, 1] without its ends, where a distribution may be infinite."""
    return 0.5 + (1 - 2.0**-30) * (points - 0.5)


def _results(function, drawn, n) -> dict:
    results = function(**drawn)
    results = results if isinstance(results, Mapping) else {"": results}
    for output, values in results.items():
        shape = np.shape(values)
        if shape != (n,) or not np.all(np.isfinite(values)):
            what = f"an array of shape {shape}" if shape != (n,) else "values that are not finite"
            raise ValueError(f"function must return one finite value a draw, of shape ({n},); got {what} {output}")
    return results


def _index(outputs, inputs):
    import pandas as pd

    if outputs == [""]:
        return pd.Index(inputs, name="input")
    return pd.MultiIndex.from_product([outputs, inputs], names=["output", "input"])


def _tails(level):
    level = as_number("level", level)
    require(0 < level < 1, "level", level, "between 0 and 1")
    return (1 - level) / 2, (1 + level) / 2


def _power_of_two(name, n):
    if not isinstance(n, int | np.integer) or n < 1 or n & (n - 1):
        near = f"; the nearest is {2 ** round(np.log2(n)):,}" if isinstance(n, int | float) and n > 1 else ""
        raise ValueError(f"{name} must be a power of two; got {brief(n)}{near}")


def _generator(rng):
    if rng is None:
        raise ValueError("rng must be a seed or a numpy.random.Generator, so that the draws can be repeated; got None")
    return np.random.default_rng(rng)
