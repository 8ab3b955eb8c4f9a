"""Fit a scaling law to training runs: Huber loss on the logarithm of the loss, from a grid of starts; and bootstrap it.

The residual of a run and its derivatives are derived in sympy. Everything is minimised in batches, many starts or many
bootstrap samples at once, by Newton's method with a damping that keeps every step downhill.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from .arrays import as_number, brief, closest
from .scaling import ScalingLaw

COLUMNS = ("params", "tokens", "loss")
_EXPONENTS = np.geomspace(0.05, 1.5, 12)  # the grid of starts, for alpha and for beta
_LOWEST, _HIGHEST = 0.01, 3.0  # bounds of the exponents
_FEWEST, _FEW = 6, 20  # runs: one more than coefficients, and below which a warning is due
_BLOCK = 256  # bootstrap samples fitted together


@dataclass(frozen=True, eq=False)
class Fit:
    """A law fitted to runs: the result of :func:`fit`.

    Attributes
    ----------
    law : ScalingLaw
    objective : float
        The least sum of Huber losses.
    status : str
        "converged" or "not converged".
    warnings : tuple of str
        What makes the law doubtful: few runs, a narrow range, an exponent that is not identified or at a bound.
    runs : int
        Number of runs.
    params_range, tokens_range, tokens_per_param_range : tuple of float
        The least and the greatest of the runs: beyond, the law extrapolates.
    residuals : array of shape (runs,)
        ln of the predicted over the measured loss.
    delta : float
        Where the Huber loss turns from square to linear.
    """

    law: ScalingLaw
    objective: float
    status: str
    warnings: tuple[str, ...]
    residuals: np.ndarray = field(repr=False)
    delta: float
    _data: _Runs = field(repr=False)

    @property
    def runs(self) -> int:
        """Number of runs."""
        return self._data.loss.size

    @property
    def params_range(self) -> tuple[float, float]:
        """Least and greatest parameters."""
        return _range(self._data.params)

    @property
    def tokens_range(self) -> tuple[float, float]:
        """Least and greatest training tokens."""
        return _range(self._data.tokens)

    @property
    def tokens_per_param_range(self) -> tuple[float, float]:
        """Least and greatest training tokens per parameter."""
        return _range(self._data.tokens / self._data.params)

    def bootstrap(self, n: int = 1000, *, rng, progress: bool | None = None) -> ScalingLaw:
        """Fit again, n times, to the runs drawn with replacement: one law whose fields have shape (n,).

        A sample is a weight for every run, the number of times that it was drawn.

        Parameters
        ----------
        n : int, optional
            Number of samples.
        rng : int or numpy.random.Generator
            The same seed gives the same samples.
        progress : bool, optional
            Show a progress bar; by default on a terminal only.

        Returns
        -------
        ScalingLaw
            With the covariance of (ln A, ln B, ln E, alpha, beta), if there are samples enough to tell;
            ``.intervals()`` has the intervals of its coefficients.

        Raises
        ------
        ValueError
            If n is not a positive integer, or rng is None.

        Examples
        --------
        >>> from lifetime import laws
        >>> rng = np.random.default_rng(0)
        >>> N, D = 10 ** rng.uniform([[8], [9]], [[10], [11]], (2, 50))
        >>> found = fit(N, D, laws.Besiroglu2024.loss(N, D) * np.exp(rng.normal(0, 0.005, 50)))
        >>> draws = found.bootstrap(200, rng=1)
        >>> print(f"alpha {found.law.alpha:.2f}, standard error {draws.alpha.std():.2f}")
        alpha 0.34, standard error 0.02

        References
        ----------
        Besiroglu et al. (2024), arXiv 2404.10102, section 4.
        """
        from tqdm.auto import tqdm

        if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 1:
            raise ValueError(f"n must be a whole number of samples, 1 or more; got {brief(n)}")
        if rng is None:
            raise ValueError("rng must be a seed or a numpy.random.Generator, so that it can be repeated; got None")
        weights = np.random.default_rng(rng).multinomial(self.runs, np.full(self.runs, 1 / self.runs), size=n)
        start = self._data.from_law(self.law)
        found = []
        disable = None if progress is None else not progress
        with tqdm(total=n, desc="bootstrap", disable=disable) as bar:
            for block in np.split(weights, range(_BLOCK, n, _BLOCK)):
                theta, _, _ = _minimise(np.tile(start, (len(block), 1)), self._data, self.delta, block)
                found.append(theta)
                bar.update(len(block))
        return self._data.to_law(np.concatenate(found), name=f"{self.law.name}, bootstrap")

    def __repr__(self):
        coefficients = ", ".join(f"{name}={value:.5g}" for name, value in self.law.coefficients.items())
        spans = ", ".join(
            f"{low:.3g} to {high:.3g} {what}"
            for what, (low, high) in (("parameters", self.params_range), ("tokens", self.tokens_range))
        )
        lines = [f"<Fit of {self.runs} runs, {self.status}: {coefficients}; objective {self.objective:.6g}; {spans}>"]
        return "\n".join(lines + [f"warning: {warning}" for warning in self.warnings])


def fit(params, tokens, loss, *, delta: float = 1e-3) -> Fit:
    r"""Fit a scaling law to runs, robustly.

    .. math:: \min_{E, A, B, \alpha, \beta} \sum_i \mathrm{Huber}_\delta\left(
              \ln(E + A N_i^{-\alpha} + B D_i^{-\beta}) - \ln L_i\right)

    From every (alpha, beta) of a grid, with E, A and B by non-negative least squares, Newton's method finds a minimum;
    the least is kept. The exponents are sought from 0.01 to 3.

    Parameters
    ----------
    params, tokens, loss : array of shape (runs,)
        Parameters, training tokens, and final loss of each run; six runs at least.
    delta : float, optional
        In ln of the loss: beyond it a residual counts in proportion, not squared.

    Returns
    -------
    Fit
        Read its ``warnings``: a law is returned for any six runs, whether they identify it or not.

    Raises
    ------
    ValueError
        For runs that are too few, of different lengths, or that hold a value that is not positive and finite.

    Examples
    --------
    >>> from lifetime import laws
    >>> N, D = np.meshgrid(np.geomspace(1e8, 1e10, 6), np.geomspace(1e9, 1e11, 6))
    >>> found = fit(N.ravel(), D.ravel(), laws.Besiroglu2024.loss(N, D).ravel())
    >>> print(f"{found.law.alpha:.4f} {found.law.beta:.4f}, {found.status}")
    0.3478 0.3658, converged

    References
    ----------
    Hoffmann et al. (2022), arXiv 2203.15556, appendix D.2.
    """
    delta = as_number("delta", delta)
    if not 0 < delta < np.inf:
        raise ValueError(f"delta must be one positive number; got {brief(delta)}")
    data = _Runs(*(_column(name, values) for name, values in zip(COLUMNS, (params, tokens, loss), strict=True)))
    sizes = {name: getattr(data, name).size for name in COLUMNS}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"params, tokens and loss must have one value a run; got {sizes}")
    if data.loss.size < _FEWEST:
        raise ValueError(f"a law has 5 coefficients and needs at least {_FEWEST} runs; got {data.loss.size}")
    theta, objective, converged = _minimise(_starts(data), data, delta, np.ones(data.loss.size))
    best = objective.argmin()
    law = data.to_law(theta[best], name=f"fit of {data.loss.size} runs")
    residuals = _residuals(theta[best], data)
    status = "converged" if converged[best] else "not converged"
    warnings = tuple(_warnings(theta[best], residuals, data))
    return Fit(law, float(objective[best]), status, warnings, residuals, delta, data)


def read_runs(file):
    """Read runs from a CSV file with the columns params, tokens and loss; others are left out.

    Parameters
    ----------
    file : path or text file

    Returns
    -------
    pandas.DataFrame
        Columns params, tokens, loss: ``fit(**read_runs(file))``.

    Raises
    ------
    ValueError
        For a column that is missing or there twice, and for values that are missing or not positive and finite, all
        named by their line.

    Examples
    --------
    >>> import io
    >>> read_runs(io.StringIO("params,tokens,loss\\n1e9,2e10,2.8\\n2e9,4e10,2.6"))
             params        tokens  loss
    0  1000000000.0  20000000000.0   2.8
    1  2000000000.0  40000000000.0   2.6
    """
    import pandas as pd

    if isinstance(file, str | os.PathLike):
        with open(file, encoding="utf-8-sig", newline="") as text:
            return read_runs(text)
    lines = csv.reader(file)
    header = [name.strip() for name in next(lines, [])]
    for name in COLUMNS:
        if header.count(name) != 1:
            what = "is there twice" if name in header else f"is missing ({_like(name, header)})"
            raise ValueError(f"the first line must name the columns {', '.join(COLUMNS)} once each; {name} {what}")
    rows, bad = [], []
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            bad.append(f"line {lines.line_num} has {len(cells)} values for {len(header)} columns")
            continue
        row = {name: cells[header.index(name)].strip() for name in COLUMNS}
        bad += [f"line {lines.line_num}: {name} {problem}" for name in COLUMNS if (problem := _problem(row[name]))]
        rows.append(row)
    if bad:
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise ValueError(f"{'; '.join(bad[:5])}{more}")
    return pd.DataFrame(rows, columns=COLUMNS).astype(float)


def _like(name, header):
    return closest(name, header).replace("Valid", "the file has")


def _problem(text):
    try:
        value = float(text)
    except ValueError:
        return f"is not a number: {text!r}" if text else "is missing"
    return None if 0 < value < np.inf else f"must be a finite number above 0; got {text}"


def _column(name, values):
    values = np.asarray(as_number(name, values))
    if values.ndim != 1:
        raise ValueError(f"{name} must have one value a run, shape (runs,); got shape {values.shape}")
    bad = np.flatnonzero(~((values > 0) & (values < np.inf)))
    if bad.size:
        more = f" and {bad.size - 5} more" if bad.size > 5 else ""
        where = ", ".join(f"{values[i]:g} in run {i}" for i in bad[:5])
        raise ValueError(f"{name} must be finite numbers above 0; got {where}{more} (runs counted from 0)")
    return values


def _range(values):
    return float(values.min()), float(values.max())


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs in the coordinates of the fit.

    In the vector theta = (a, b, e, alpha, beta), a and b are ln of the two terms at the geometric mean of the runs' N
    and D, so that they are nearly independent of the exponents; e is ln E.
    """

    params: np.ndarray
    tokens: np.ndarray
    loss: np.ndarray

    def __post_init__(self):
        x, t, y = (np.log(getattr(self, name)) for name in COLUMNS)
        object.__setattr__(self, "center", (x.mean(), t.mean()))
        object.__setattr__(self, "logs", (x - x.mean(), t - t.mean(), y))
        low, high = y.min(), y.max()
        object.__setattr__(self, "low", np.array([low - 12, low - 12, low - 7, _LOWEST, _LOWEST]))
        object.__setattr__(self, "high", np.array([high + 2, high + 2, high, _HIGHEST, _HIGHEST]))

    def to_law(self, theta, **labels) -> ScalingLaw:
        """The law of one vector; of many, a law of arrays with their covariance."""
        a, b, e, alpha, beta = np.moveaxis(theta, -1, 0)
        ln_A, ln_B = a + alpha * self.center[0], b + beta * self.center[1]
        covariance = None
        if theta.ndim > 1 and len(theta) > 5:
            covariance = np.cov([ln_A, ln_B, e, alpha, beta])
            covariance = covariance if np.linalg.eigvalsh(covariance)[0] > 0 else None
        return ScalingLaw(np.exp(e), np.exp(ln_A), np.exp(ln_B), alpha, beta, covariance=covariance, **labels)

    def from_law(self, law: ScalingLaw):
        """The vector of a law."""
        ln_A, ln_B, e = (np.log(getattr(law, name)) for name in "ABE")
        a, b = ln_A - law.alpha * self.center[0], ln_B - law.beta * self.center[1]
        return np.clip([a, b, e, law.alpha, law.beta], self.low, self.high)


@cache
def _derivatives():
    """ln of the predicted over the measured loss, with its gradient and Hessian, as one numpy function from sympy.

    The largest of the three terms, ``shift``, is taken out of the sum; the residual does not depend on it.
    """
    import sympy as sp

    theta = sp.symbols("a b e alpha beta")
    x, t, y, shift = sp.symbols("x t y shift")
    a, b, e, alpha, beta = theta
    terms = a - alpha * x, b - beta * t, e
    residual = shift + sp.log(sum(sp.exp(term - shift) for term in terms)) - y
    gradient = [sp.diff(residual, v) for v in theta]
    hessian = [sp.diff(gradient[i], theta[j]) for i in range(5) for j in range(i, 5)]
    arguments = [*theta, x, t, y, shift]
    return tuple(sp.lambdify(arguments, of, cse=True) for of in (residual, (residual, *gradient, *hessian)))


def _evaluate(which, theta, data):
    x, t, y = data.logs
    a, b, e, alpha, beta = (v[..., None] for v in np.moveaxis(theta, -1, 0))
    shift = np.maximum(np.maximum(a - alpha * x, b - beta * t), e)
    return _derivatives()[which](a, b, e, alpha, beta, x, t, y, shift)


def _residuals(theta, data):
    return _evaluate(0, theta, data)


def _starts(data):
    """A start for each pair of exponents: E, A and B by non-negative least squares on the relative residuals."""
    from scipy.optimize import nnls

    x, t, y = data.logs
    starts = []
    for alpha in _EXPONENTS:
        for beta in _EXPONENTS:
            terms = np.exp(np.column_stack([-alpha * x, -beta * t, 0 * y]) - y[:, None])
            with np.errstate(divide="ignore"):
                logs = np.log(nnls(terms, np.ones(len(y)))[0])
            starts.append([*np.maximum(logs, y.min() - 3), alpha, beta])  # a term of 0 gets a chance
    return np.clip(starts, data.low, data.high)


_ROWS, _COLS = np.triu_indices(5)


def _square(entries):
    """Symmetric matrices of shape (m, 5, 5) from their 15 upper entries, each of shape (m,)."""
    matrix = np.empty((entries[0].size, 5, 5))
    for i, j, entry in zip(_ROWS, _COLS, entries, strict=True):
        matrix[:, i, j] = matrix[:, j, i] = entry
    return matrix


def _minimise(theta, data, delta, weights, most=200):
    """Minimise the weighted sum of Huber losses from every start at once; return (theta, objective, converged).

    Newton's method on the Hessian of the objective, plus a multiple of the positive definite matrix of iteratively
    reweighted least squares. The multiple is divided by ten after a step that goes down, and else grows.
    """
    from scipy.special import huber

    theta, m = theta.copy(), len(theta)
    weights = np.broadcast_to(weights, (m, data.loss.size)).astype(float)
    objective = (weights * huber(delta, _residuals(theta, data))).sum(axis=-1)
    damping, converged = np.full(m, 0.1), np.zeros(m, dtype=bool)
    active = np.arange(m)
    negligible = 1e-14 * delta**2 * data.loss.size
    for _ in range(most):
        at, w, damp = theta[active], weights[active], damping[active]
        r, *derivatives = _evaluate(1, at, data)
        slopes = [np.broadcast_to(d, r.shape) for d in derivatives[:5]]
        pull = w * np.clip(r, -delta, delta)  # the derivative of the Huber loss
        square = w * (np.abs(r) <= delta)  # its second derivative
        reweighted = w / np.maximum(1, np.abs(r) / delta)
        pairs = [slopes[i] * slopes[j] for i, j in zip(_ROWS, _COLS, strict=True)]
        gradient = np.stack([np.einsum("mn,mn->m", pull, d) for d in slopes], axis=-1)
        hessian = _square(
            [np.einsum("mn,mn->m", square, p) + np.einsum("mn,mn->m", pull, np.broadcast_to(d, r.shape))
             for p, d in zip(pairs, derivatives[5:], strict=True)]
        )
        scale = _square([np.einsum("mn,mn->m", reweighted, p) for p in pairs])
        diagonal = np.einsum("mii->mi", scale)
        scale += 1e-9 * diagonal.max(axis=-1)[:, None, None] * np.eye(5)
        matrix = hessian + damp[:, None, None] * scale
        # A coefficient at its bound that wants to go beyond stays where it is.
        held = ((at <= data.low) & (gradient > 0)) | ((at >= data.high) & (gradient < 0))
        gradient = np.where(held, 0, gradient)
        matrix = np.where(held[:, :, None] | held[:, None, :], np.eye(5) * diagonal.max(axis=-1)[:, None, None], matrix)
        downhill = np.linalg.eigvalsh(matrix)[:, 0] > 0
        matrix = np.where(downhill[:, None, None], matrix, np.eye(5))
        step = -np.linalg.solve(matrix, gradient[..., None])[..., 0]
        new = np.clip(at + step, data.low, data.high)
        value = (w * huber(delta, _residuals(new, data))).sum(axis=-1)
        before = objective[active]
        better = downhill & (value < before)
        gain = np.where(better, before - value, 0)
        expected = -(gradient * step).sum(axis=-1) / 2
        theta[active[better]], objective[active[better]] = new[better], value[better]
        damping[active] = np.clip(damp * np.where(better, 0.1, 5), 1e-10, np.inf)
        still = np.where(downhill, expected, np.inf) <= 1e-13 * before + negligible
        done = still | (better & (gain <= 1e-14 * before)) | (value <= negligible)
        converged[active[done]] = True
        active = active[~done & (damping[active] < 1e12)]
        if not active.size:
            break
    return theta, objective, converged


def _warnings(theta, residuals, data):
    """What makes a fit doubtful, in words."""
    x, t, y = data.logs
    runs = y.size
    if runs < _FEW:
        yield f"{runs} runs are few for 5 coefficients: {runs - 5} to tell the noise from (20 runs or more are better)"
    for what, exponent, logs in (("params", "alpha", x), ("tokens", "beta", t)):
        if np.ptp(logs) < np.log(10.5):
            span = np.exp(np.ptp(logs))
            yield f"{what} span only a factor of {span:.3g}: {exponent} rests on a decade or less"
    if np.ptp(x) and np.ptp(t) and abs(np.corrcoef(x, t)[0, 1]) > 0.95:
        yield (
            f"params and tokens move together (correlation {np.corrcoef(x, t)[0, 1]:.2f}): the runs cannot tell "
            "what size does from what data do"
        )
    names = {"E": 2, "alpha": 3, "beta": 4, "A": 0, "B": 1}
    held = [name for name, i in names.items() if theta[i] in (data.low[i], data.high[i])]
    for name in held:
        yield f"{name} is at a bound of the search: the runs do not determine it"
    slopes = np.stack([np.broadcast_to(d, y.shape) for d in _evaluate(1, theta, data)[1:6]], axis=-1)
    noise = np.sqrt((residuals**2).sum() / (runs - 5))
    inverse = np.linalg.pinv(slopes.T @ slopes, hermitian=True)
    for name in ("alpha", "beta"):
        error = noise * np.sqrt(inverse[names[name], names[name]])
        if name not in held and error > 0.25 * theta[names[name]]:
            yield f"{name} is not identified: {theta[names[name]]:.3g}, with a standard error of about {error:.2g}"
