"""Fit a scaling law to training runs: Huber loss on the logarithm of the loss, from a grid of starts; and bootstrap it.

What is minimised, and how, is in ``lifetime.evidence.huber``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np

from ..arrays import as_number, at_least, brief, generator, unusual
from ..theory.law import ScalingLaw
from ..types import Value
from .cells import as_numbers
from .huber import COLUMNS, Runs, derivatives, grid_of_starts, minimise

_FEWEST, _FEWEST_BOOTSTRAP, _FEW = 6, 12, 20  # runs: for a fit, for a bootstrap, and below which a warning is due
_POLISHED = 8  # of the minima found from the grid, the lowest ones are refined
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
    _data: Runs = field(repr=False)

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

    def bootstrap(self, n: int = 1000, *, rng: int | np.random.Generator, progress: bool | None = None) -> ScalingLaw:
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
            If n is not a positive integer, rng is None, or there are fewer than 12 runs.

        Warns
        -----
        RuntimeWarning
            If samples did not converge; the lowest point that was found is in the result.

        Examples
        --------
        >>> from lifetime import laws
        >>> rng = np.random.default_rng(0)
        >>> N, D = 10 ** rng.uniform([[8], [9]], [[10], [11]], (2, 50))
        >>> found = fit(N, D, laws.Besiroglu2024.loss(N, D) * np.exp(rng.normal(0, 0.005, 50)))
        >>> draws = found.bootstrap(200, rng=1)
        >>> print(f"alpha {found.law.alpha:.2f}, standard error {draws.alpha.std():.2f}")
        alpha 0.35, standard error 0.02

        References
        ----------
        Besiroglu et al. (2024), arXiv 2404.10102, section 4.
        """
        from tqdm import tqdm

        at_least("n", n, 1)
        if self.runs < _FEWEST_BOOTSTRAP:
            raise ValueError(
                f"a bootstrap needs at least {_FEWEST_BOOTSTRAP} runs; got {self.runs}, of which a sample drawn with "
                f"replacement holds about {(1 - 1 / np.e) * self.runs:.0f} different ones, for 5 coefficients"
            )
        weights = generator(rng).multinomial(self.runs, np.full(self.runs, 1 / self.runs), size=n)
        start = self._data.from_law(self.law)
        found, short = [], 0
        disable = None if progress is None else not progress
        with tqdm(total=n, desc="bootstrap", disable=disable) as bar:
            for block in np.split(weights, range(_BLOCK, n, _BLOCK)):
                theta, _, converged = minimise(np.tile(start, (len(block), 1)), self._data, self.delta, block)
                found.append(theta)
                short += len(block) - int(converged.sum())
                bar.update(len(block))
        if short:
            warnings.warn(f"{short} of {n} bootstrap samples did not converge", RuntimeWarning, stacklevel=2)
        return self._data.to_law(np.concatenate(found), name=f"{self.law.name}, bootstrap")

    def __repr__(self):
        coefficients = ", ".join(f"{name}={value:.5g}" for name, value in self.law.coefficients.items())
        spans = ", ".join(
            f"{low:.3g} to {high:.3g} {what}"
            for what, (low, high) in (("parameters", self.params_range), ("tokens", self.tokens_range))
        )
        lines = [f"<Fit of {self.runs} runs, {self.status}: {coefficients}; objective {self.objective:.6g}; {spans}>"]
        return "\n".join(lines + [f"warning: {warning}" for warning in self.warnings])


def fit(params: Value, tokens: Value, loss: Value, *, gamma: Value = 1, delta: Value = 1e-3) -> Fit:
    r"""Fit a scaling law to runs, robustly.

    .. math:: \min_{E, A, B, \alpha, \beta} \sum_i \mathrm{Huber}_\delta\left(
              \ln\left(E + (A N_i^{-\alpha} + B D_i^{-\beta})^\gamma\right) - \ln L_i\right)

    From every (alpha, beta) of a grid, with E, A and B by non-negative least squares, Newton's method finds a minimum;
    the least is kept. The exponents are sought from 0.01 to 3.

    Parameters
    ----------
    params, tokens, loss : array of shape (runs,)
        Parameters, training tokens, and final loss of each run; six runs at least.
    gamma : float or None, optional
        The outer exponent; None to fit it too, which takes runs far from compute-optimal to tell it from the others.
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
    if not isinstance(delta, float) or not 0 < delta < np.inf:
        raise ValueError(f"delta must be one positive number; got {brief(delta)}")
    if gamma is not None:
        gamma = as_number("gamma", gamma)
        if not isinstance(gamma, float) or not 0 < gamma < np.inf:
            raise ValueError(f"gamma must be one positive number, or None to fit it; got {brief(gamma)}")
    data = Runs(*(_column(name, values) for name, values in zip(COLUMNS, (params, tokens, loss), strict=True)), gamma)
    sizes = {name: getattr(data, name).size for name in COLUMNS}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"params, tokens and loss must have one value a run; got {sizes}")
    if data.loss.size < _FEWEST:
        raise ValueError(f"a law has 5 coefficients and needs at least {_FEWEST} runs; got {data.loss.size}")
    weights = np.ones(data.loss.size)
    theta, objective, _ = minimise(grid_of_starts(data), data, delta, weights, most=200)
    polish = theta[objective.argsort(kind="stable")[:_POLISHED]]
    theta, objective, converged = minimise(polish, data, delta, weights, tolerance=1e-16)
    best = objective.argmin()
    law = data.to_law(theta[best], name=f"fit of {data.loss.size} runs")
    status = "converged" if converged[best] else "not converged"
    residuals, slopes, _ = derivatives(theta[best], data)
    doubts = tuple(_warnings(theta[best], residuals, np.stack(slopes), data))
    return Fit(law, float(objective[best]), status, doubts, residuals, delta, data)


def _column(name, values):
    values = np.asarray(as_number(name, as_numbers(name, values)))
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


def _warnings(theta, residuals, slopes, data):
    """What makes a fit doubtful, in words."""
    x, t, y = data.logs
    runs, free = y.size, theta.size
    yield from _suspicious(data)
    if runs < _FEW:
        yield (
            f"{runs} runs are few for {free} coefficients: {runs - free} to tell the noise from (20 runs or more are "
            "better)"
        )
    for what, exponent, logs in (("params", "alpha", x), ("tokens", "beta", t)):
        if np.ptp(logs) < np.log(10.5):
            span = np.exp(np.ptp(logs))
            yield f"{what} span only a factor of {span:.3g}: {exponent} rests on a decade or less"
    if np.ptp(x) and np.ptp(t) and abs(np.corrcoef(x, t)[0, 1]) > 0.95:
        yield (
            f"params and tokens move together (correlation {np.corrcoef(x, t)[0, 1]:.2f}): the runs cannot tell "
            "what size does from what data do"
        )
    low, high = data.bounds
    names = {"E": 2, "alpha": 3, "beta": 4, "A": 0, "B": 1} | ({"gamma": 5} if free == 6 else {})
    held = [name for name, i in names.items() if theta[i] in (low[i], high[i])]
    for name in held:
        yield f"{name} is at a bound of the search: the runs do not determine it"
    noise = np.sqrt((residuals**2).sum() / max(runs - free, 1))
    inverse = np.linalg.pinv(slopes @ slopes.T, hermitian=True)
    for name in ("alpha", "beta", "gamma")[: free - 3]:
        error = noise * np.sqrt(inverse[names[name], names[name]])
        if name not in held and error > 0.25 * theta[names[name]]:
            yield f"{name} is not identified: {theta[names[name]]:.3g}, with a standard error of about {error:.2g}"


def _suspicious(data):
    """What looks as if a column held something else, or another unit."""
    for name, values in (("params", data.params), ("tokens", data.tokens), ("loss", data.loss)):
        sentence = unusual({"params": "N", "tokens": "D"}.get(name, name), np.median(values))
        if sentence:
            yield f"{name}, the median of the runs: {sentence}"
    ratio = data.tokens / data.params
    if np.median(ratio) < 0.1:
        yield (
            f"tokens are below a tenth of params in most runs (median {np.median(ratio):.2g} per parameter): are they "
            "tokens per parameter, or in another unit?"
        )
    if np.median(ratio) > 1e5 or np.median(data.tokens) > 1e15:
        yield (
            f"tokens are very many (median {np.median(data.tokens):.2g}, {np.median(ratio):.2g} per parameter): are "
            "they FLOP?"
        )
