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
_ROWS, _COLS = np.triu_indices(5)


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs in the coordinates of the fit.

    In the vector theta = (a, b, e, alpha, beta), a and b are ln of the two terms at the geometric mean of the runs' N
    and D, so that they are nearly independent of the exponents; e is ln E.
    """

    params: np.ndarray
    tokens: np.ndarray
    loss: np.ndarray

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
        return (
            np.array([low - 12, low - 12, low - 12, _LOWEST, _LOWEST]),
            np.array([high + 2, high + 2, high, _HIGHEST, _HIGHEST]),
        )

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
        return np.clip([a, b, e, law.alpha, law.beta], *self.bounds)


@cache
def _functions():
    """Numpy functions from sympy: the residual, ln of the predicted over the measured loss; and with its derivatives.

    The largest of the three terms, ``shift``, is taken out of the sum; the residual does not depend on it.
    """
    import sympy as sp

    theta = a, b, e, alpha, beta = sp.symbols("a b e alpha beta")
    x, t, y, shift = sp.symbols("x t y shift")
    terms = a - alpha * x, b - beta * t, e
    residual = shift + sp.log(sum(sp.exp(term - shift) for term in terms)) - y
    gradient = [sp.diff(residual, v) for v in theta]
    hessian = [sp.diff(gradient[i], theta[j]) for i, j in zip(_ROWS, _COLS, strict=True)]
    arguments = [*theta, x, t, y, shift]
    return {
        "residual": sp.lambdify(arguments, residual, modules="numpy"),
        "derivatives": sp.lambdify(arguments, (residual, *gradient, *hessian), modules="numpy", cse=True),
    }


def _evaluate(what, theta, data):
    x, t, y = data.logs
    a, b, e, alpha, beta = (v[..., None] for v in np.moveaxis(theta, -1, 0))
    shift = np.maximum(np.maximum(a - alpha * x, b - beta * t), e)
    return _functions()[what](a, b, e, alpha, beta, x, t, y, shift)


def residuals(theta, data):
    """Ln of the predicted over the measured loss, of shape (..., runs) for vectors of shape (..., 5)."""
    return _evaluate("residual", theta, data)


def derivatives(theta, data):
    """The residuals, a list of their 5 first derivatives, and one of the 15 second ones in the order of a triangle."""
    found = _evaluate("derivatives", theta, data)
    residual, *rest = (np.broadcast_to(value, found[0].shape) for value in found)
    return residual, rest[:5], rest[5:]


def grid_of_starts(data):
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
    return np.clip(starts, *data.bounds)


def _square(entries):
    """Symmetric matrices of shape (m, 5, 5) from their 15 upper entries, each of shape (m,)."""
    matrix = np.empty((entries[0].size, 5, 5))
    for i, j, entry in zip(_ROWS, _COLS, entries, strict=True):
        matrix[:, i, j] = matrix[:, j, i] = entry
    return matrix


def _system(theta, data, delta, weights):
    """Gradient and Hessian of the objective, and the matrix of iteratively reweighted least squares."""
    residual, slopes, curvatures = derivatives(theta, data)
    pull = weights * np.clip(residual, -delta, delta)  # the derivative of the Huber loss
    square = weights * (np.abs(residual) <= delta)  # its second derivative
    reweighted = weights / np.maximum(1, np.abs(residual) / delta)
    pairs = [slopes[i] * slopes[j] for i, j in zip(_ROWS, _COLS, strict=True)]
    over_runs = lambda one, other: np.einsum("mn,mn->m", one, other)
    return (
        np.stack([over_runs(pull, slope) for slope in slopes], axis=-1),
        _square([over_runs(square, p) + over_runs(pull, c) for p, c in zip(pairs, curvatures, strict=True)]),
        _square([over_runs(reweighted, p) for p in pairs]),
    )


def minimise(theta, data, delta, weights, most=1000, tolerance=1e-12):
    """Minimise the weighted sum of Huber losses from every start at once; return (theta, objective, converged).

    Newton's method, with the Hessian made positive definite by a multiple of the matrix of iteratively reweighted
    least squares and of its diagonal. The multiple is divided by ten after a step that goes down, and else grows. A
    start has converged when a full step promises less than ``tolerance`` of the objective.
    """
    from scipy.special import huber

    theta, (low, high) = theta.copy(), data.bounds
    weights = np.broadcast_to(weights, (len(theta), data.loss.size)).astype(float)
    value = lambda theta, weights: (weights * huber(delta, residuals(theta, data))).sum(axis=-1)
    objective = value(theta, weights)
    damping, converged = np.full(len(theta), 0.1), np.zeros(len(theta), dtype=bool)
    negligible = 1e-14 * delta**2 * data.loss.size
    for _ in range(most):
        active = np.flatnonzero(~converged & (damping < 1e12))
        if not active.size:
            break
        at, before, w = theta[active], objective[active], weights[active]
        gradient, hessian, scale = _system(at, data, delta, w)
        diagonal = np.einsum("mii->mi", scale)
        largest = diagonal.max(axis=-1)[:, None]
        diagonal = (0.1 * diagonal + 1e-9 * largest)[:, None] * np.eye(5)
        matrix = hessian + damping[active, None, None] * (scale + diagonal)
        held = ((at <= low) & (gradient > 0)) | ((at >= high) & (gradient < 0))  # at a bound, and wants to go beyond
        gradient = np.where(held, 0, gradient)
        matrix = np.where(held[:, :, None] | held[:, None], largest[:, None] * np.eye(5), matrix)
        definite = np.linalg.eigvalsh(matrix)[:, 0] > 0
        step = np.linalg.solve(np.where(definite[:, None, None], matrix, np.eye(5)), -gradient[..., None])[..., 0]
        new = np.clip(at + step, low, high)
        after = value(new, w)
        better = definite & (after < before)
        theta[active[better]], objective[active[better]] = new[better], after[better]
        damping[active] = np.maximum(damping[active] * np.where(better, 0.1, 5), 1e-10)
        promised = -(gradient * step).sum(axis=-1) / 2
        settled = (definite & (promised <= tolerance * before)) | (
            better & (before - after <= 0.01 * tolerance * before)
        )
        converged[active] = settled | (objective[active] <= negligible)
    return theta, objective, converged
