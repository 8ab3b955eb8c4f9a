r"""The optimum in closed form, for a cost N·(κ·D + W): one equation in y, the tokens over the compute-optimal ones.

.. math:: y^{1+\beta} = (y + k)^m

with m = 1 at a fixed loss and m = 1 − α at a fixed budget. In u = ln y it is (1+β)·u = m·ln(e^u + k), which three
Halley steps solve to machine precision.
"""

from __future__ import annotations

import numpy as np

from ..arrays import exp, log


def relative_demand(rest, B, alpha, beta, kappa, W):
    """The k of the trinomial at a fixed loss, and 1/D_0."""
    per_D0 = exp(log(alpha / (alpha + beta) * rest / B) / beta)
    return beta / (alpha + beta) * W / kappa * per_D0, per_D0


def cheapest_model(u, k, per_D0, rest, A, alpha, beta):
    """(N, D) at the root u of the trinomial at a fixed loss."""
    y = exp(u)
    left = 1 - alpha / (alpha + beta) * y / (y + k)  # of loss − E, to the parameter term; y^-β = y/(y + k)
    return exp(log(A / (rest * left)) / alpha), y / per_D0


def relative_budget(cost, A, B, alpha, beta, kappa, W):
    """The k of the trinomial at a fixed budget, and ln D_c."""
    log_Dc = (log(beta * B / (alpha * A)) + alpha * log(cost / kappa)) / (alpha + beta)
    return W / kappa * exp(-log_Dc), log_Dc


def best_model(u, log_Dc, cost, kappa, W):
    """(N, D) at the root u of the trinomial at a fixed budget."""
    D = exp(log_Dc + u)
    return cost / (kappa * D + W), D


def trinomial(k, beta, m):
    """The root u of (1+β)·u = m·ln(e^u + k) for k ≥ 0 and m ≤ 1: convex or concave in u, so Halley's steps are safe."""
    u = halley_start(k, beta, m)
    for _ in range(halley_steps(np.min(beta))):
        step = halley_step(u, k, beta, m)
        u = u - step
    if np.any(np.abs(step) > 1e-4):
        raise ArithmeticError(f"the optimum did not converge: last step {np.max(np.abs(step)):.2g} in ln D")
    return u


def halley_start(k, beta, m):
    """Where the steps begin: exact for little and for much demand."""
    b = 1 + beta
    return m / b * log(1 + k * (b / (b - m)))


def halley_steps(smallest_beta):
    """How many steps reach machine precision."""
    return 3 + (smallest_beta < 0.2) + (smallest_beta < 0.02)


def halley_step(u, k, beta, m):
    """What a step takes off u."""
    b = 1 + beta
    e = exp(u)
    t = e + k
    p = m * e / t
    f = b * u - m * log(t)
    slope = b - p
    return 2 * f * slope / (2 * slope * slope + f * p * (k / t))
