r"""The optimum in closed form, for a cost N·(κ·D + W): one equation in y, the tokens over the compute-optimal ones.

.. math:: y^{1+\beta} = (y + k)^m

with m = 1 at a fixed loss and m = 1 − α at a fixed budget. In u = ln y it is f(u) = (1+β)·u − m·ln(e^u + k) = 0, and f
rises and is concave (for m below 0, convex): Newton's steps cannot miss. Three reach machine precision for β of 0.3 and
more. A step of order five, whose derivatives are polynomials in p = e^u/(e^u + k), takes two, but four times the passes
through memory, and they cost as much as an exponential.
"""

from __future__ import annotations

import numpy as np

from ..arrays import exp, is_symbolic, log


def relative_demand(rest, B, alpha, beta, kappa, W):
    """The k of the trinomial at a fixed loss, and 1/D_0."""
    per_D0 = exp(log(alpha / (alpha + beta) / B * rest) * (1 / beta))
    return beta / (alpha + beta) / kappa * W * per_D0, per_D0


def cheapest_model(u, k, per_D0, rest, A, alpha, beta):
    """(N, D) at the root u of the trinomial at a fixed loss."""
    y = exp(u)
    left = 1 - alpha / (alpha + beta) * y / (y + k)  # of the terms, to the parameter term; y^-β = y/(y + k)
    return exp(log(A / (rest * left)) * (1 / alpha)), y / per_D0


def relative_budget(cost, A, B, alpha, beta, kappa, W):
    """The k of the trinomial at a fixed budget, and ln D_c."""
    log_Dc = (log(beta * B / (alpha * A)) + alpha * log(cost / kappa)) / (alpha + beta)
    return W / kappa * exp(-log_Dc), log_Dc


def best_model(u, log_Dc, cost, kappa, W):
    """(N, D) at the root u of the trinomial at a fixed budget."""
    D = exp(log_Dc + u)
    return cost / (kappa * D + W), D


def trinomial(k, beta, m):
    """The root u of (1+β)·u = m·ln(e^u + k) for k ≥ 0 and m ≤ 1."""
    u = start(k, beta, m)
    for _ in range(steps(np.min(beta)) + bool(np.any(m < 0))):
        taken = step(u, k, beta, m)
        u = u - taken
    if np.any(np.abs(taken) > 1e-4):
        raise ArithmeticError(f"the optimum did not converge: last step {np.max(np.abs(taken)):.2g} in ln D")
    return u


def start(k, beta, m):
    """Where the steps begin: the root if e^u on the right were √(1 + 2mk/(1+β−m)), which it is for little demand."""
    b = 1 + beta
    positive = m if is_symbolic(m) else np.maximum(m, 0)
    return m / b * log(k + (1 + 2 * positive / (b - m) * k) ** 0.5)


def steps(smallest_beta):
    """How many steps reach machine precision."""
    return 3 + sum(smallest_beta < limit for limit in (0.3, 0.1, 0.05, 0.02, 0.005))


def step(u, k, beta, m):
    """What a step of Newton's takes off u."""
    e = exp(u)
    t = e + k
    return ((1 + beta) * u - m * log(t)) / (1 + beta - m * e / t)
