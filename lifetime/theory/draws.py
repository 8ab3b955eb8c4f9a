"""Draws of a law whose uncertainty is known: coefficients drawn together, never apart."""

from __future__ import annotations

import numpy as np

from ..arrays import as_number, brief, is_symbolic
from .formulas import COEFFICIENTS


def table_of(law):
    """The coefficients of a law, gamma last, of shape (6, 1), or with a column for each element of a law of arrays."""
    values = [getattr(law, name) for name in COEFFICIENTS]
    if any(is_symbolic(value) for value in values):
        raise ValueError(f"laws must have numbers for coefficients; got {brief(law)}")
    return np.stack([value.ravel() for value in np.broadcast_arrays(*values)])


def normal_draws(law, standard):
    """The table of draws of the law's covariance, from standard normal numbers of shape (5 or 6, n)."""
    E, A, B, *exponents = table_of(law)[:, 0]
    size = len(law.covariance)
    with np.errstate(divide="ignore"):  # E may be 0, and stays 0
        centre = np.array([*np.log([A, B, E]), *exponents])[:size]
    ln_A, ln_B, ln_E, alpha, beta, *gamma = centre[:, None] + np.linalg.cholesky(law.covariance) @ standard
    return table_of(type(law)(np.exp(ln_E), np.exp(ln_A), np.exp(ln_B), alpha, beta, *(gamma or [exponents[-1]])))


def drawn(law, n, rng):
    """A law of n draws."""
    if not law.is_uncertain:
        raise ValueError(
            f"law must have arrays, draws or a covariance to be drawn from; got {brief(law)}, of which nothing is "
            "known but its coefficients"
        )
    table = table_of(law if law.draws is None else law.draws)
    if law.covariance is not None and table.shape[1] == 1:
        table = normal_draws(law, rng.standard_normal((len(law.covariance), n)))
    else:
        table = table[:, rng.integers(table.shape[1], size=n)]
    gamma = 1 if np.all(table[-1] == 1) else table[-1]
    return type(law)(*table[:-1], gamma, name=law.name, params_counted=law.params_counted, range=law.range)


def valid_covariance(covariance):
    """A covariance as an array; an error unless it is one of five or six coefficients."""
    matrix = np.asarray(as_number("covariance", covariance))
    shaped = matrix.shape in ((5, 5), (6, 6))
    valid = shaped and np.all(np.isfinite(matrix)) and np.allclose(matrix, matrix.T, rtol=1e-6, atol=0)
    if not valid or np.any(np.linalg.eigvalsh(matrix) <= 0):
        raise ValueError(
            f"covariance must be a symmetric, positive definite matrix of shape (5, 5), or (6, 6) with gamma; "
            f"got shape {matrix.shape}" + (f" with diagonal {matrix.diagonal()}" if matrix.ndim == 2 else "")
        )
    return matrix
