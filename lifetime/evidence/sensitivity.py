"""Which of the uncertain assumptions matters most: Sobol indices, and one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..arrays import at_least, generator, power_of_two, tails
from ..types import Table, Value
from .one_of import OneOf
from .sampling import at, inputs_of, inside, with_laws


def sobol(
    function: Callable,
    assumptions: Mapping[str, Value],
    n: int,
    rng: int | np.random.Generator,
    *,
    repeats: int = 8,
) -> Table:
    r"""How much of the variance of a result each assumption explains: Sobol indices.

    .. math:: S_i = \frac{\mathrm{Var}\,\mathrm{E}[y \mid x_i]}{\mathrm{Var}\,y}, \qquad
              T_i = 1 - \frac{\mathrm{Var}\,\mathrm{E}[y \mid x_{j \ne i}]}{\mathrm{Var}\,y}

    Parameters
    ----------
    function : callable
        Takes the assumptions by name, as arrays of shape (m,), and returns an array of shape (m,), or a dict of
        several. NaN is a draw of an uncertain law that cannot be planned: the points that it is in are left out, and
        counted in ``attrs["warnings"]`` of the table. Logarithms are wise for values that span decades: a variance
        hears only the largest.
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
        errors of both. These are themselves of ``repeats`` values, and on average too low where few points make the
        repeats skewed: by 2 to 35 % for the Ishigami function at n = 256 and 8 repeats. More points mend it.

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

    assumptions = with_laws(assumptions)
    inputs = inputs_of(assumptions)
    power_of_two("n", n)
    at_least("repeats", repeats, 2)
    unit, outputs, failed, lost = [stats.uniform()] * len(inputs), [], [], 0

    def evaluate(points):
        drawn = at(assumptions, dict(zip(inputs, inside(points), strict=True)))
        results = _results(function, drawn, points.shape[1], assumptions)
        for output, values in results.items():
            if np.nanmax(values) == np.nanmin(values):
                one = np.nanmax(values)
                raise ValueError(f"function must return values that vary; got {one:.10g} always{_for(output)}")
        outputs[:] = results
        table = np.stack(list(results.values()))
        failed.append(np.isnan(table).any(axis=0))
        return np.where(failed[-1], np.nanmean(table, axis=1, keepdims=True), table)  # what is left out shifts nothing

    def saltelli(f_A, f_B, f_AB):
        keep = ~(failed[-3] | failed[-2] | failed[-1].reshape(n, -1).any(axis=1))
        f_A, f_B, f_AB = f_A[:, keep], f_B[:, keep], f_AB[..., keep]
        variance = np.var([f_A, f_B], axis=(0, -1))
        first = np.mean(f_B * (f_AB - f_A), axis=-1) / variance
        return first.T, (0.5 * np.mean((f_A - f_AB) ** 2, axis=-1) / variance).T

    indices = []
    for child in generator(rng).spawn(repeats):
        found = stats.sobol_indices(func=evaluate, n=n, dists=unit, rng=child, method=saltelli)
        indices.append((found.first_order, found.total_order))
        lost += sum(map(np.count_nonzero, failed[-3:]))
    (first, total), errors = np.mean(indices, axis=0), np.std(indices, axis=0, ddof=1) / np.sqrt(repeats)
    table = _frame(outputs, inputs, {"first": first, "first SE": errors[0], "total": total, "total SE": errors[1]})
    return _warned(table, lost, sum(map(np.size, failed)))


def tornado(function: Callable, assumptions: Mapping[str, Value], *, level: float = 0.8, n: int = 4096) -> Table:
    """The interval of a result when one assumption varies and all others stay at their median.

    Parameters
    ----------
    function, assumptions
        As for :func:`sobol`; values that are NaN are left out and counted. While something else varies, the law is
        the first one.
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
    >>> from lifetime import lognormal, triangular
    >>> tornado(lambda x, y: 2 * x + y, {"x": lognormal(1, 2), "y": triangular(0, 1, 2)}).round(2)
           low  base  high
    input
    x     2.00   3.0  5.00
    y     2.45   3.0  3.55
    """
    assumptions = with_laws(assumptions)
    inputs, ends = inputs_of(assumptions), tails(level)
    at_least("n", n, 1)
    middle = {name: 0.5 for name in inputs if not name.endswith((": choice", ": coefficients"))}
    middle |= {f"{name}: choice": 0.0 for name, value in assumptions.items() if isinstance(value, OneOf)}

    def run(size, **varied):
        points = {name: np.full(size, value) for name, value in middle.items()} | varied
        return _results(function, at(assumptions, points), size, assumptions)

    base = run(1)
    found = [run(n, **{name: (np.arange(n) + 0.5) / n}) for name in inputs]
    low, high = (np.array([[np.nanquantile(f[output], q) for f in found] for output in base]) for q in ends)
    table = _frame(list(base), inputs, {"low": low, "base": [base[o] for o in base] + 0 * low, "high": high})
    lost = [np.any([np.isnan(values) for values in f.values()], axis=0) for f in found]
    return _warned(table, np.count_nonzero(lost), np.size(lost))


def _warned(table, lost, size):
    """The table, with a warning if some of the function's values were left out."""
    said = f"{lost:,} of {size:,} draws could not be planned (the function returned NaN) and are left out"
    table.attrs |= {"warnings": (said,)} if lost else {}
    return table


def _results(function, drawn, n, assumptions) -> dict:
    """The outputs of a function by name ("" for one without), each with one value a draw.

    All finite, or where a law is drawn at least one finite, and NaN for draws that cannot be planned.
    """
    results = function(**drawn)
    results = results if isinstance(results, Mapping) else {"": results}
    may_fail = any(isinstance(value, OneOf) for value in assumptions.values())
    for output, values in results.items():
        shape, finite = np.shape(values), np.isfinite(values)
        valid = np.all(finite) or (may_fail and np.any(finite) and np.all(finite | np.isnan(values)))
        if shape != (n,) or not valid:
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
