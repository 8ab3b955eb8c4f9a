"""The formulas of a scaling law, each once: for numbers, arrays and symbols alike."""

from __future__ import annotations

from ..arrays import is_symbolic, require
from ..symbols import TRAINING_FLOP

COEFFICIENTS = ("E", "A", "B", "alpha", "beta", "gamma")


def root(value, exponent):
    """The value to the power 1/exponent, left alone where the exponent is the number 1."""
    return value if isinstance(exponent, int) and exponent == 1 else value ** (1 / exponent)


def reducible(loss, E, gamma=1):
    """What the two terms of the law must add up to at a loss, (L − E)^(1/γ); an error where there is nothing left."""
    if not is_symbolic(loss - E):
        require(loss > E, "loss", loss, "above {limit}, the irreducible loss E of the law", limit=E)
    return root(loss - E, gamma)


def loss(E, A, B, alpha, beta, N, D, gamma=1):
    """L = E + (A·N^-α + B·D^-β)^γ."""
    if isinstance(gamma, int) and gamma == 1:
        return E + A * N**-alpha + B * D**-beta
    return E + (A * N**-alpha + B * D**-beta) ** gamma


def least_params(E, A, B, alpha, beta, loss, gamma=1):
    """The size that no amount of data gets below."""
    return (A / reducible(loss, E, gamma)) ** (1 / alpha)


def tokens_for(E, A, B, alpha, beta, loss, N, gamma=1):
    """Training tokens with which N parameters reach a loss."""
    terms = reducible(loss, E, gamma)
    rest = terms - A * N**-alpha
    if not is_symbolic(rest):
        smallest = (A / terms) ** (1 / alpha)
        require(rest > 0, "N", N, "above {limit} to reach the loss with a finite number of tokens", limit=smallest)
    return (B / rest) ** (1 / beta)


def params_for(E, A, B, alpha, beta, loss, D, gamma=1):
    """Parameters that reach a loss with D tokens."""
    terms = reducible(loss, E, gamma)
    rest = terms - B * D**-beta
    if not is_symbolic(rest):
        fewest = (B / terms) ** (1 / beta)
        require(rest > 0, "D", D, "above {limit} for a model of finite size to reach the loss", limit=fewest)
    return (A / rest) ** (1 / alpha)


def compute_optimal(A, B, alpha, beta, flop, **_):
    """(N, D) of least loss for 6·N·D FLOP."""
    G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))
    product = flop / TRAINING_FLOP
    return G * product ** (beta / (alpha + beta)), product ** (alpha / (alpha + beta)) / G


def compute_optimal_at_loss(E, A, B, alpha, beta, loss, gamma=1):
    """(N, D) of least 6·N·D at a loss."""
    terms = reducible(loss, E, gamma)
    return (
        ((alpha + beta) * A / (beta * terms)) ** (1 / alpha),
        ((alpha + beta) * B / (alpha * terms)) ** (1 / beta),
    )


def compute_optimal_tokens(A, B, alpha, beta, N, **_):
    """Tokens at which N parameters are compute-optimal."""
    return (beta * B / (alpha * A) * N**alpha) ** (1 / beta)


def overtraining(N, D, **law):
    """Tokens over the compute-optimal ones of the same size."""
    return D / compute_optimal_tokens(N=N, **law)
