"""Uncertain assumptions: distributions, quasi-Monte-Carlo draws of them, quantiles, and which of them matters most.

An uncertain scenario is a dict of assumptions, some of them distributions. :func:`sample` turns it into one of arrays,
and every function of the package takes arrays as it takes numbers: there is no second code path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from .arrays import BLOCK, as_number, at_least, brief, elementwise, generator, is_lazy, is_symbolic, require
from .scaling import COEFFICIENTS, ScalingLaw


def loguniform(low: float, high: float):
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

    low = _between("low", low, 0)
    return stats.loguniform(low, _between("high", high, low))


def lognormal(median: float, factor: float, level: float = 0.8):
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

    median, factor = _between("median", median, 0), _between("factor", factor, 1)
    return stats.lognorm(np.log(factor) / stats.norm.ppf(_tails(level)[1]), scale=median)


def triangular(low: float, mode: float, high: float):
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

    low, mode = _between("low", low), _between("mode", mode)
    high = _between("high", high, low)
    require(low <= mode <= high, "mode", mode, f"from low ({low:g}) to high ({high:g})")
    return stats.triang((mode - low) / (high - low), loc=low, scale=high - low)


@dataclass(frozen=True, eq=False)
class OneOf:
    """An uncertain law: which of several it is, and its coefficients, drawn together.

    Each law is a set of equally likely draws of (E, A, B, alpha, beta): the elements of a law of arrays (a bootstrap),
    or of its ``draws``; for a law with a covariance, made once from the normal distribution of (ln A, ln B, ln E,
    alpha, beta) around its coefficients; any other law has one. A and alpha are correlated by 0.999, and so are B and
    beta: a draw is never taken apart.

    Parameters
    ----------
    laws : ScalingLaw or sequence of ScalingLaw
        The first is the one that :func:`tornado` keeps while it varies something else.
    weights : sequence of float, optional
        How much each law is believed, relative to the others; equally by default.
    n : int, optional
        Draws of a law of numbers with a covariance; a power of two. Another 4,096 would move a quantile of the cheapest
        N by about 0.1 %.

    Raises
    ------
    ValueError
        For no laws, weights that do not match or are not positive, an n that is not a power of two, and a covariance so
        wide that it draws an exponent of 0 or less.

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
    _tables: tuple = field(init=False, repr=False)

    def __post_init__(self):
        laws = (self.laws,) if isinstance(self.laws, ScalingLaw) else tuple(self.laws)
        if not laws or not all(isinstance(law, ScalingLaw) for law in laws):
            raise ValueError(f"laws must be one or more lifetime.ScalingLaw; got {brief(self.laws)}")
        weights = np.asarray(as_number("weights", np.ones(len(laws)) if self.weights is None else self.weights))
        if weights.shape != (len(laws),) or not np.all((weights > 0) & (weights < np.inf)):
            raise ValueError(f"weights must be {len(laws)} positive numbers; got {brief(self.weights)}")
        _power_of_two("n", self.n)
        object.__setattr__(self, "laws", laws)
        object.__setattr__(self, "weights", tuple((weights / weights.sum()).tolist()))
        object.__setattr__(self, "_tables", tuple(_draws(law, self.n) for law in laws))

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is uncertain: the "choice" of the law, its "coefficients", both or neither."""
        return ("choice",) * (len(self.laws) > 1) + ("coefficients",) * any(
            table.shape[1] > 1 for table in self._tables
        )

    def at(self, choice=0.0, coefficients=None) -> ScalingLaw:
        """The law at points of [0, 1): which one (else the first), and which of its draws (in a shuffled order).

        Without ``coefficients``: its own, or of a law of arrays the median of each.
        """
        tables = self._tables
        if coefficients is None:
            tables, coefficients = [np.median(_table(law), axis=1, keepdims=True) for law in self.laws], 0.0
        bounds, table, sizes = np.cumsum(self.weights)[:-1], np.hstack(tables), np.array([t.shape[1] for t in tables])
        first = np.cumsum(sizes) - sizes

        def pick(**points):
            for name, value in points.items():
                require((value >= 0) & (value < 1), name, value, "0 or more and below 1")
            which = np.searchsorted(bounds, points["choice"], side="right")
            column = first[which] + (points["coefficients"] * sizes[which]).astype(int)
            return tuple(np.take(table, column, axis=1))

        return ScalingLaw(*elementwise(pick, COEFFICIENTS, choice=choice, coefficients=coefficients))


def _table(law):
    """The coefficients, of shape (5, 1), or with a column for each element of a law of arrays."""
    values = law.coefficients.values()
    if any(is_symbolic(value) for value in values):
        raise ValueError(f"laws must have numbers for coefficients; got {brief(law)}")
    return np.stack([value.ravel() for value in np.broadcast_arrays(*values)])


def _draws(law, n):
    """The table of a law, drawn from its covariance if that is all that is known of its uncertainty.

    Shuffled, because draws may come in an order (Sobol points do) of which every other one is lopsided.
    """
    table, rng = _table(law if law.draws is None else law.draws), np.random.default_rng(0)
    if law.covariance is not None and table.shape[1] == 1:
        from scipy.stats import qmc

        E, A, B, *exponents = table[:, 0]
        with np.errstate(divide="ignore"):  # E may be 0, and stays 0
            centre = [*np.log([A, B, E]), *exponents]
        ln_A, ln_B, ln_E, alpha, beta = qmc.MultivariateNormalQMC(centre, law.covariance, rng=rng).random(n).T
        table = _table(ScalingLaw(np.exp(ln_E), np.exp(ln_A), np.exp(ln_B), alpha, beta))
    return rng.permutation(table, axis=1)


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
        Return dask arrays of that chunk size instead, drawn when they are computed: each chunk is a set of Sobol points
        with a scrambling of its own. Then chunk is a power of two, and n any multiple of it.

    Returns
    -------
    dict
        Distributions as arrays of shape (n,), laws as a law of such arrays, numbers as they are.

    Raises
    ------
    ValueError
        If n or chunk is no such number, nothing is uncertain, or rng is None.

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
    inputs, rng = _inputs(assumptions), generator(rng)
    if chunk is None:
        _power_of_two("n", n)
        points = _sobol_points(len(inputs), n, rng)
    else:
        import dask.array as da

        _power_of_two("chunk", chunk)
        at_least("n", n, chunk)
        if n % chunk:
            raise ValueError(f"n must be a multiple of chunk ({chunk:,}); got {n:,}")
        seeds = da.from_array(rng.integers(2**63, size=n // chunk), chunks=1)
        points = seeds.map_blocks(
            lambda seed: _sobol_points(len(inputs), chunk, np.random.default_rng(seed)),
            new_axis=0,
            chunks=((len(inputs),), (chunk,) * len(seeds)),
            meta=np.empty((0, 0)),
        )
    return _at(assumptions, dict(zip(inputs, points, strict=True)))


def quantiles(values: Mapping, level: float = 0.8):
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

    low, high = _tails(level)
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

        for name, digest in dask.compute(lazy)[0].items():
            points, weights = digest
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
        As for :func:`sample`; independent of each other. A law counts as two: its choice and its coefficients. Their
        interaction is also the law's, and may be most of it: ``OneOf(sample(...)["law"])`` makes one input of it.
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
        As for :func:`sample`, and unless the function returns one finite value a draw, not all of them the same.

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
    from scipy import stats

    inputs = _inputs(assumptions)
    _power_of_two("n", n)
    at_least("repeats", repeats, 2)
    unit, outputs = [stats.uniform()] * len(inputs), []

    def evaluate(points):
        results = _results(function, _at(assumptions, dict(zip(inputs, _inside(points), strict=True))), points.shape[1])
        for output, values in results.items():
            if np.ptp(values) == 0:
                raise ValueError(f"function must return values that vary; got {values[0]:.10g} always{_for(output)}")
        outputs[:] = results
        return np.stack(list(results.values()))

    indices = []
    for child in generator(rng).spawn(repeats):
        found = stats.sobol_indices(func=evaluate, n=n, dists=unit, rng=child)
        indices.append((found.first_order, found.total_order))
    (first, total), errors = np.mean(indices, axis=0), np.std(indices, axis=0, ddof=1) / np.sqrt(repeats)
    return _frame(outputs, inputs, {"first": first, "first SE": errors[0], "total": total, "total SE": errors[1]})


def tornado(function: Callable, assumptions: Mapping, *, level: float = 0.8, n: int = 4096):
    """The interval of a result when one assumption varies and all others stay at their median.

    Parameters
    ----------
    function, assumptions
        As for :func:`sobol`. While something else varies, the law is the first one.
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
    inputs, tails = _inputs(assumptions), _tails(level)
    at_least("n", n, 1)
    middle = {name: 0.5 for name in inputs if not name.endswith((": choice", ": coefficients"))}
    middle |= {f"{name}: choice": 0.0 for name, value in assumptions.items() if isinstance(value, OneOf)}

    def run(size, **varied):
        points = {name: np.full(size, value) for name, value in middle.items()} | varied
        return _results(function, _at(assumptions, points), size)

    base = run(1)
    found = [run(n, **{name: (np.arange(n) + 0.5) / n}) for name in inputs]
    low, high = (np.array([[np.quantile(f[output], q) for f in found] for output in base]) for q in tails)
    return _frame(list(base), inputs, {"low": low, "base": [base[o] for o in base] + 0 * low, "high": high})


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


def _at(assumptions, points) -> dict:
    """The assumptions at points of the unit interval, by input; a law without a point at its centre."""
    found = {}
    for name, value in assumptions.items():
        if isinstance(value, OneOf):
            parts = {part: f"{name}: {part}" for part in ("choice", "coefficients")}
            found[name] = value.at(**{part: points[key] for part, key in parts.items() if key in points})
        elif _is_uncertain(value):
            found[name] = elementwise(lambda point, value=value: value.ppf(point), (name,), point=points[name])
        else:
            found[name] = value
    return found


def _sobol_points(d, n, rng):
    """Scrambled Sobol points of shape (d, n)."""
    from scipy.stats import qmc

    engine, points = qmc.Sobol(d, rng=rng), np.empty((d, n))
    for block in np.split(points, range(BLOCK, n, BLOCK), axis=1):
        block[...] = _inside(engine.random(block.shape[1]).T)
    return points


def _inside(points):
    """Points of [0, 1] without its ends, where a distribution may be infinite."""
    return 2.0**-31 + (1 - 2.0**-30) * points


def _results(function, drawn, n) -> dict:
    """The outputs of a function by name ("" for one without), each with one finite value a draw."""
    results = function(**drawn)
    results = results if isinstance(results, Mapping) else {"": results}
    for output, values in results.items():
        shape = np.shape(values)
        if shape != (n,) or not np.all(np.isfinite(values)):
            what = f"an array of shape {shape}" if shape != (n,) else "values that are not finite"
            raise ValueError(f"function must return one finite value a draw, of shape ({n},); got {what}{_for(output)}")
    return results


def _for(output) -> str:
    return f" for {output!r}" if output else ""


def _frame(outputs, inputs, columns):
    """A table with a row for each output and input, from columns of shape (outputs, inputs)."""
    import pandas as pd

    index = pd.MultiIndex.from_product([outputs, inputs], names=["output", "input"])
    table = pd.DataFrame({name: np.ravel(values) for name, values in columns.items()}, index=index)
    return table.droplevel("output") if outputs == [""] else table


def _between(name, value, low=-np.inf, high=np.inf) -> float:
    """A single number strictly between two others."""
    number = as_number(name, value)
    if not isinstance(number, float):
        raise ValueError(f"{name} must be a single number; got {brief(value)}")
    above = f"above {low:g} and " * (low > -np.inf)
    require(low < number < high, name, number, above + (f"below {high:g}" if high < np.inf else "finite"))
    return number


def _tails(level):
    level = _between("level", level, 0, 1)
    return (1 - level) / 2, (1 + level) / 2


def _power_of_two(name, n):
    if not isinstance(n, int | np.integer) or n < 1 or n & (n - 1):
        near = f"; the nearest is {2 ** round(np.log2(n)):,}" if isinstance(n, int | float) and 1 < n < 2**60 else ""
        raise ValueError(f"{name} must be a power of two; got {brief(n)}{near}")
