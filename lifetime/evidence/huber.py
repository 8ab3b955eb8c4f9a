"""What a fit minimises, and how: the Huber loss of a law on runs, and Newton's method with derivatives from sympy.

Many starts, or many bootstrap samples, are minimised at once: arrays have a row for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ..theory.law import ScalingLaw

COLUMNS = ("params", "tokens", "loss")
_EXPONENTS = np.geomspace(0.05, 1.5, 12)  # the grid of starts, for alpha and for beta
_LOWEST, _HIGHEST = 0.01, 3.0  # bounds of the exponents
_FLATTEST, _STEEPEST = 0.1, 3.0  # bounds of the outer exponent
_OUTER = (0.35, 0.6, 1.0)  # the grid of starts, for an outer exponent that is fitted
_FLOORS = (0.3, 0.6, 0.8, 0.95)  # the grid of starts, for E over the least loss, where the outer exponent is not 1
CELLS = 2**18  # numbers in an array of a row for each start and a column for each run: more are done in turns


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs in the coordinates of the fit.

    In the vector theta = (a, b, e, alpha, beta), a and b are ln of the two terms, to the outer exponent, at the
    geometric mean of the runs' N and D, so that they are nearly independent of the exponents; e is ln E. The outer
    exponent gamma is given, or None: then it is the sixth in the vector.

    Tied, alpha and beta are one: the vector holds it twice, and only ``free`` of its coordinates move by themselves.
    The quantile is the share of runs that should lie below the law.
    """

    params: np.ndarray
    tokens: np.ndarray
    loss: np.ndarray
    gamma: float | None = 1.0
    tied: bool = False
    quantile: float = 0.5

    @cached_property
    def center(self):
        """Means of ln N and ln D."""
        return np.log(self.params).mean(), np.log(self.tokens).mean()

    @cached_property
    def logs(self):
        """The runs' ln N and ln D, both from their mean, and ln of the loss."""
        return np.log(self.params) - self.center[0], np.log(self.tokens) - self.center[1], np.log(self.loss)

    @cached_property
    def bounds(self):
        """Where theta is sought: each term from nothing that could be seen to more than the largest loss."""
        low, high = np.log(self.loss).min(), np.log(self.loss).max()
        size = 6 if self.gamma is None else 5
        return (
            np.array([low - 12, low - 12, low - 12, _LOWEST, _LOWEST, _FLATTEST])[:size],
            np.array([high + 2, high + 2, high, _HIGHEST, _HIGHEST, _STEEPEST])[:size],
        )

    @cached_property
    def ties(self):
        """A row for each coordinate of theta and a column for each that is free, 1 where the one is the other."""
        one = np.eye(6 if self.gamma is None else 5)
        one[4] = one[3] if self.tied else one[4]
        return one[:, self.free]

    @cached_property
    def free(self):
        """Which coordinates of theta are free."""
        return [i for i in range(6 if self.gamma is None else 5) if not (self.tied and i == 4)]

    def to_law(self, theta, **labels) -> ScalingLaw:
        """The law of one vector; of many, a law of arrays with their covariance."""
        a, b, e, alpha, beta, *free = np.moveaxis(theta, -1, 0)
        gamma = free[0] if free else self.gamma
        ln_A, ln_B = a / gamma + alpha * self.center[0], b / gamma + beta * self.center[1]
        covariance = None
        if theta.ndim > 1 and len(theta) > theta.shape[1]:
            covariance = np.cov([ln_A, ln_B, e, alpha, beta, *free])
            least, *_, greatest = np.linalg.eigvalsh(covariance)
            covariance = (
                covariance if least > 1e-13 * greatest else None
            )  # of a singular one, rounding decides the sign
        span = {"params": self.params, "tokens": self.tokens, "tokens_per_param": self.tokens / self.params}
        labels |= {"range": {name: (float(runs.min()), float(runs.max())) for name, runs in span.items()}}
        return ScalingLaw(np.exp(e), np.exp(ln_A), np.exp(ln_B), alpha, beta, gamma, covariance=covariance, **labels)

    def from_law(self, law: ScalingLaw):
        """The vector of a law."""
        ln_A, ln_B, e = (np.log(getattr(law, name)) for name in "ABE")
        a, b = (law.gamma * x for x in (ln_A - law.alpha * self.center[0], ln_B - law.beta * self.center[1]))
        free = [law.gamma] if self.gamma is None else []
        return np.clip([a, b, e, law.alpha, law.beta, *free], *self.bounds)


@cache
def _functions(plain, free):
    """Numpy functions from sympy: the residual, ln of the predicted over the measured loss; and with its derivatives.

    The largest of the terms is taken out of each sum, ``shift`` of the outer and ``inner`` of the inner one (where the
    outer exponent is 1 there is one sum); the residual does not depend on them.
    """
    import sympy as sp

    theta = a, b, e, alpha, beta, gamma = sp.symbols("a b e alpha beta gamma")
    x, t, y, shift, inner = sp.symbols("x t y shift inner")
    if plain:
        terms = a - alpha * x, b - beta * t, e
    else:
        both = [a / gamma - alpha * x, b / gamma - beta * t]
        terms = gamma * (inner + sp.log(sum(sp.exp(term - inner) for term in both))), e
    residual = shift + sp.log(sum(sp.exp(term - shift) for term in terms)) - y
    size = 6 if free else 5
    gradient = [sp.diff(residual, v) for v in theta[:size]]
    hessian = [sp.diff(gradient[i], theta[j]) for i, j in zip(*np.triu_indices(size), strict=True)]
    arguments = [*theta, x, t, y, shift, inner]
    return {
        "residual": sp.lambdify(arguments, residual, modules="numpy"),
        "derivatives": sp.lambdify(arguments, (residual, *gradient, *hessian), modules="numpy", cse=True),
    }


def _evaluate(what, theta, data):
    x, t, y = data.logs
    a, b, e, alpha, beta, *free = (v[..., None] for v in np.moveaxis(theta, -1, 0))
    gamma = free[0] if free else data.gamma
    inner = np.maximum(a / gamma - alpha * x, b / gamma - beta * t)
    shift = np.maximum(gamma * inner, e)
    function = _functions(data.gamma == 1, data.gamma is None)[what]
    return function(a, b, e, alpha, beta, gamma, x, t, y, shift, inner)


def residuals(theta, data):
    """Ln of the predicted over the measured loss, of shape (..., runs) for vectors of shape (..., 5)."""
    return _evaluate("residual", theta, data)


def derivatives(theta, data):
    """The residuals, a list of their first derivatives, and one of the second ones in the order of a triangle."""
    found = _evaluate("derivatives", theta, data)
    residual, *rest = (np.broadcast_to(value, found[0].shape) for value in found)
    size = theta.shape[-1]
    return residual, rest[:size], rest[size:]


def grid_of_starts(data):
    """A start for each pair of exponents: E, A and B by non-negative least squares on the relative residuals.

    With an outer exponent (several, where it is fitted) E is a share of the least loss, and what is above it is fitted
    to the power 1/gamma; the exponents are of the bracket, whose powers fall as slowly.
    """
    from scipy.optimize import nnls

    x, t, y = data.logs
    starts = []
    if data.gamma != 1:
        for gamma in _OUTER if data.gamma is None else (data.gamma,):
            for floor in _FLOORS:
                left = (np.exp(y) - floor * np.exp(y.min())) ** (1 / gamma)
                for alpha in _EXPONENTS[1::2] / gamma:
                    for beta in [alpha] if data.tied else _EXPONENTS[1::2] / gamma:
                        terms = np.exp(np.column_stack([-alpha * x, -beta * t])) / left[:, None]
                        with np.errstate(divide="ignore"):
                            logs = gamma * np.log(nnls(terms, np.ones(len(y)))[0])
                        start = [*np.maximum(logs, y.min() - 3), np.log(floor) + y.min(), alpha, beta, gamma]
                        starts.append(start[: 6 if data.gamma is None else 5])
        return np.clip(starts, *data.bounds)
    for alpha in _EXPONENTS:
        for beta in [alpha] if data.tied else _EXPONENTS:
            terms = np.exp(np.column_stack([-alpha * x, -beta * t, 0 * y]) - y[:, None])
            with np.errstate(divide="ignore"):
                logs = np.log(nnls(terms, np.ones(len(y)))[0])
            starts.append([*np.maximum(logs, y.min() - 3), alpha, beta])  # a term of 0 gets a chance
    return np.clip(starts, *data.bounds)


def _square(entries):
    """Symmetric matrices of shape (m, n, n) from their upper entries, each of shape (m,)."""
    size = int(np.sqrt(2 * len(entries)))
    matrix = np.empty((entries[0].size, size, size))
    for i, j, entry in zip(*np.triu_indices(size), entries, strict=True):
        matrix[:, i, j] = matrix[:, j, i] = entry
    return matrix


def _lopsided(weights, residual, data):
    """The weights, larger on the side of the law on which there should be fewer runs."""
    if data.quantile == 0.5:
        return weights
    return weights * np.where(residual < 0, 2 * data.quantile, 2 - 2 * data.quantile)


def _objective(theta, data, delta, weights):
    """The weighted sum of Huber losses."""
    from scipy.special import huber

    residual = residuals(theta, data)
    return (_lopsided(weights, residual, data) * huber(delta, residual)).sum(axis=-1)


def _system(theta, data, delta, weights):
    """Gradient and Hessian of the objective, and the matrix of iteratively reweighted least squares."""
    residual, slopes, curvatures = derivatives(theta, data)
    weights = _lopsided(weights, residual, data)
    pull = weights * np.clip(residual, -delta, delta)  # the derivative of the Huber loss
    square = weights * (np.abs(residual) <= delta)  # its second derivative
    reweighted = weights / np.maximum(1, np.abs(residual) / delta)
    pairs = [slopes[i] * slopes[j] for i, j in zip(*np.triu_indices(len(slopes)), strict=True)]
    over_runs = lambda one, other: np.einsum("mn,mn->m", one, other)
    return (
        np.stack([over_runs(pull, slope) for slope in slopes], axis=-1),
        _square([over_runs(square, p) + over_runs(pull, c) for p, c in zip(pairs, curvatures, strict=True)]),
        _square([over_runs(reweighted, p) for p in pairs]),
    )


def _in_turns(function, theta, data, delta, weights):
    """A function of every start, of a few starts at a time where there are many runs."""
    rows = max(1, CELLS // data.loss.size)
    turns = [slice(i, i + rows) for i in range(0, len(theta), rows)]
    found = [function(theta[turn], data, delta, weights[turn]) for turn in turns]
    return found[0] if len(found) == 1 else [np.concatenate(parts) for parts in zip(*found, strict=True)]


def minimise(theta, data, delta, weights, most=1000, tolerance=1e-12, watch=None):
    """Minimise the weighted sum of Huber losses from every start at once; return (theta, objective, converged).

    Newton's method, with the Hessian made positive definite by a multiple of the matrix of iteratively reweighted
    least squares and of its diagonal. The multiple is divided by ten after a step that goes down, and else grows. A
    start has converged when a full step promises less than ``tolerance`` of the objective. ``watch`` is called with
    the number of starts that came to an end since it was called last.
    """
    theta, (low, high) = theta.copy(), (bound[data.free] for bound in data.bounds)
    weights = np.broadcast_to(np.asarray(weights, dtype=float), (len(theta), data.loss.size))
    value = lambda *given: _in_turns(lambda *turn: [_objective(*turn)], *given)[0]
    objective = value(theta, data, delta, weights)
    eye = np.eye(len(data.free))
    damping, converged = np.full(len(theta), 0.1), np.zeros(len(theta), dtype=bool)
    negligible = 1e-14 * delta**2 * weights.sum(axis=-1)
    running = len(theta)
    for _ in range(most):
        active = np.flatnonzero(~converged & (damping < 1e12))
        if watch:
            watch(running - active.size)
        running = active.size
        if not active.size:
            break
        at, before, w = theta[active], objective[active], weights[active]
        gradient, hessian, scale = _in_turns(_system, at, data, delta, w)
        if data.tied:
            gradient, hessian, scale = gradient @ data.ties, *(data.ties.T @ m @ data.ties for m in (hessian, scale))
        diagonal = np.einsum("mii->mi", scale)
        largest = diagonal.max(axis=-1)[:, None]
        diagonal = (0.1 * diagonal + 1e-9 * largest)[:, None] * eye
        matrix = hessian + damping[active, None, None] * (scale + diagonal)
        free = at[:, data.free]
        held = ((free <= low) & (gradient > 0)) | ((free >= high) & (gradient < 0))  # at a bound, and wants beyond it
        gradient = np.where(held, 0, gradient)
        matrix = np.where(held[:, :, None] | held[:, None], largest[:, None] * eye, matrix)
        definite = np.linalg.eigvalsh(matrix)[:, 0] > 0
        step = np.linalg.solve(np.where(definite[:, None, None], matrix, eye), -gradient[..., None])[..., 0]
        new = np.clip(free + step, low, high) @ data.ties.T
        after = value(new, data, delta, w)
        better = definite & (after < before)
        theta[active[better]], objective[active[better]] = new[better], after[better]
        damping[active] = np.maximum(damping[active] * np.where(better, 0.1, 5), 1e-10)
        promised = -(gradient * step).sum(axis=-1) / 2
        converged[active] = (definite & (promised <= tolerance * before)) | (objective[active] <= negligible[active])
    if watch:
        watch(running)
    return theta, objective, converged
