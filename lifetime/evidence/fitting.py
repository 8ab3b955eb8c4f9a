"""Fit a scaling law to training runs: Huber loss on the logarithm of the loss, from a grid of starts; and bootstrap it.

What is minimised, and how, is in ``lifetime.evidence.huber``.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace

import numpy as np

from ..arrays import as_number, at_least, between, brief, generator
from ..theory.law import ScalingLaw
from ..types import Value
from .doubts import doubts
from .huber import CELLS, COLUMNS, Runs, derivatives, grid_of_starts, minimise
from .repeats import column, labels, same_length, shared

_FEWEST, _FEWEST_BOOTSTRAP, _FEWEST_GROUPS = 6, 12, 6  # runs for a fit and for a bootstrap; groups for a bootstrap
_POLISHED = 8  # of the minima found from the grid, the lowest ones are refined
_BLOCK = 256  # bootstrap samples fitted together
_MANY, _SCREENED = 2000, 1000  # above so many runs, so many of them choose among the starts


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
        What makes the law doubtful: few runs, a narrow range, an exponent that is not identified or at a bound; large
        errors, a pattern left in them, runs or groups of runs that do not belong together.
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
    _weights: np.ndarray = field(repr=False)
    _group: np.ndarray | None = field(repr=False)

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

    def bootstrap(
        self,
        n: int = 1000,
        rng: int | np.random.Generator | None = None,
        group: Value | None = None,
        *,
        progress: bool | None = None,
    ) -> ScalingLaw:
        """Fit again, n times, to the runs drawn with replacement: one law whose fields have shape (n,).

        A sample is a weight for every run, the number of times that it was drawn. Runs of one group are drawn
        together, since errors that they share do not average out; so are copies of a run.

        Parameters
        ----------
        n : int, optional
            Number of samples.
        rng : int or numpy.random.Generator
            The same seed gives the same samples; without one there is an error.
        group : array of shape (runs,), optional
            A label for each run: the training run that it is a checkpoint of, its size, its data. By default the group
            of the fit; ``range(fit.runs)`` for none.
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
            If n is not a positive integer, rng is None, there are fewer than 12 runs, or fewer than 6 groups of them
            (with fewer than about 20 the intervals are somewhat narrow).

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

        Runs of twelve sizes, those of one size with an error in common:

        >>> N, D = np.meshgrid(np.geomspace(1e8, 1e10, 12), np.geomspace(1e9, 1e12, 10), indexing="ij")
        >>> loss = laws.Besiroglu2024.loss(N, D) * np.exp(rng.normal(0, 0.005, (12, 1)))
        >>> N, D, loss = (x.ravel() for x in (N, D, loss * np.exp(rng.normal(0, 0.001, N.shape))))
        >>> found = fit(N, D, loss, group=N)
        >>> alone, together = found.bootstrap(200, rng=1, group=range(120)), found.bootstrap(200, rng=1)
        >>> print(f"standard error of alpha: {alone.alpha.std():.3f} run by run, {together.alpha.std():.3f} by size")
        standard error of alpha: 0.009 run by run, 0.039 by size

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
        generate, group = generator(rng), self._sets(group)
        sets, block = group.max() + 1, max(1, min(_BLOCK, CELLS // self.runs))
        start = self._data.from_law(self.law)
        found, short = [], 0
        disable = None if progress is None else not progress
        with tqdm(total=n, desc="bootstrap", disable=disable) as bar:
            for done in range(0, n, block):
                size = min(block, n - done)
                weights = generate.multinomial(sets, np.full(sets, 1 / sets), size=size)[:, group] * self._weights
                theta, _, converged = minimise(np.tile(start, (size, 1)), self._data, self.delta, weights)
                found.append(theta)
                short += size - int(converged.sum())
                bar.update(size)
        if short:
            warnings.warn(f"{short} of {n} bootstrap samples did not converge", RuntimeWarning, stacklevel=2)
        return self._data.to_law(np.concatenate(found), name=f"{self.law.name}, bootstrap")

    def _sets(self, group):
        """A number for each run, that of the runs it is drawn with."""
        if group is not None:
            group, _ = labels(group, self.runs)
        elif self._group is not None:
            group = self._group
        else:
            group = shared(self._data.params, self._data.tokens, self._data.loss)
            different = group.max() + 1
            if different < _FEWEST_BOOTSTRAP:
                copies = "" if different == self.runs else f", of which {different} are different"
                raise ValueError(f"a bootstrap needs at least {_FEWEST_BOOTSTRAP} runs; got {self.runs}{copies}")
            return group
        if group.max() + 1 < _FEWEST_GROUPS:
            raise ValueError(
                f"a bootstrap draws groups with replacement and needs at least {_FEWEST_GROUPS}; group has "
                f"{group.max() + 1}; group=range({self.runs}) draws the runs one by one"
            )
        return group

    def __repr__(self):
        coefficients = ", ".join(f"{name}={value:.5g}" for name, value in self.law.coefficients.items())
        spans = ", ".join(
            f"{low:.3g} to {high:.3g} {what}"
            for what, (low, high) in (("parameters", self.params_range), ("tokens", self.tokens_range))
        )
        lines = [f"<Fit of {self.runs} runs, {self.status}: {coefficients}; objective {self.objective:.6g}; {spans}>"]
        return "\n".join(lines + [f"warning: {warning}" for warning in self.warnings])


def fit(
    params: Value,
    tokens: Value,
    loss: Value,
    weights: Value | None = None,
    group: Value | None = None,
    *,
    gamma: Value | None = 1,
    tied: Value = False,
    delta: Value = 1e-3,
    quantile: Value = 0.5,
    progress: Value | None = None,
) -> Fit:
    r"""Fit a scaling law to runs, robustly.

    .. math:: \min_{E, A, B, \alpha, \beta} \sum_i w_i \mathrm{Huber}_\delta\left(
              \ln\left(E + (A N_i^{-\alpha} + B D_i^{-\beta})^\gamma\right) - \ln L_i\right)

    From every (alpha, beta) of a grid, with E, A and B by non-negative least squares, Newton's method finds a minimum;
    the least is kept. The exponents are sought from 0.01 to 3. Of more than 2,000 runs, 1,000 choose among the starts.

    Parameters
    ----------
    params, tokens, loss : array of shape (runs,)
        Parameters, training tokens, and final loss of each run; six runs at least.
    weights : array of shape (runs,), optional
        How much each run counts; 1 by default.
    group : array of shape (runs,), optional
        A label for each run; runs of one group are not independent, and :meth:`Fit.bootstrap` draws them together:
        the training run that each is a checkpoint of, its size, or its data. The law does not depend on it.
    gamma : float or None, optional
        The outer exponent; None to fit it too, which takes runs far from compute-optimal to tell it from the others.
    tied : bool, optional
        Whether alpha and beta are one exponent.
    delta : float, optional
        In ln of the loss: beyond it a residual counts in proportion, not squared.
    quantile : float, optional
        The share of runs that should lie below the law, 1/2 for the middle. Runs that were not tuned lie above what is
        possible: with 0.1 those above count a fifth and those below nine fifths, so that about a tenth lie below.
    progress : bool, optional
        Show a progress bar; by default above 2,000 runs, on a terminal only.

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
    Hoffmann et al. (2022), arXiv 2203.15556, appendix D.2; tied exponents: Gadre et al. (2024), arXiv 2403.08540.
    """
    from tqdm import tqdm

    delta = as_number("delta", delta)
    if not isinstance(delta, float) or not 0 < delta < np.inf:
        raise ValueError(f"delta must be one positive number; got {brief(delta)}")
    if gamma is not None:
        gamma = as_number("gamma", gamma)
        if not isinstance(gamma, float) or not 0 < gamma < np.inf:
            raise ValueError(f"gamma must be one positive number, or None to fit it; got {brief(gamma)}")
    if not isinstance(tied, bool | np.bool_):
        raise ValueError(f"tied must be True or False; got {brief(tied)}")
    quantile = between("quantile", quantile, 0, 1)
    columns = {name: column(name, values) for name, values in zip(COLUMNS, (params, tokens, loss), strict=True)}
    same_length(columns)
    data = Runs(*columns.values(), gamma, bool(tied), quantile)
    if data.loss.size < _FEWEST:
        raise ValueError(f"a law has 5 coefficients and needs at least {_FEWEST} runs; got {data.loss.size}")
    weights = np.ones(data.loss.size) if weights is None else column("weights", weights)
    same_length(columns | {"weights": weights})
    numbers = None if group is None else labels(group, data.loss.size)
    disable = None if progress is None and data.loss.size > _MANY else not progress
    with tqdm(desc="fit", unit=" starts", disable=disable) as bar:
        theta, objective, converged = _least(data, delta, weights, bar.update)
    best = objective.argmin()
    law = data.to_law(theta[best], name=f"fit of {data.loss.size} runs")
    status = "converged" if converged[best] else "not converged"
    residuals, slopes, _ = derivatives(theta[best], data)
    slopes = data.ties.T @ np.stack(slopes)
    found = tuple(doubts(theta[best], data, delta, residuals, slopes, weights, numbers))
    return Fit(law, float(objective[best]), status, found, residuals, delta, data, weights, numbers and numbers[0])


def _least(data, delta, weights, watch):
    """The lowest minima found from the grid of starts, refined; of many runs, some choose among the starts."""
    if data.loss.size <= _MANY:
        theta, objective, _ = minimise(grid_of_starts(data), data, delta, weights, most=200, watch=watch)
        polish = theta[objective.argsort(kind="stable")[:_POLISHED]]
    else:
        order = np.lexsort([data.loss, data.tokens, data.params])
        some = order[np.random.default_rng(0).choice(order.size, _SCREENED, replace=False)]
        few = replace(data, params=data.params[some], tokens=data.tokens[some], loss=data.loss[some])
        theta, objective, _ = minimise(grid_of_starts(few), few, delta, weights[some], most=200, watch=watch)
        polish = []
        for start in theta[objective.argsort(kind="stable")]:
            if len(polish) < _POLISHED and all(np.abs(start - other).max() > 0.01 for other in polish):
                polish.append(start)
        polish = np.array([data.from_law(few.to_law(start)) for start in polish])
    return minimise(polish, data, delta, weights, tolerance=1e-16, watch=watch)


def _range(values):
    return float(values.min()), float(values.max())
