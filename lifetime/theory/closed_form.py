r"""The optimum in closed form, for a cost N·(κ·D + W): one equation in y, the tokens over the compute-optimal ones.

.. math:: y^{1+\beta} = (y + k)^m

with m = 1 at a fixed loss and m = 1 − α at a fixed budget. As y − (y + k)^g = 0 with g = m/(1+β) it is nearly straight
in y, and its slope above 0, so that three of Newton's steps from the square root of 1 + 2mk/(1+β−m), which is right for
little demand, reach machine precision for β of 0.25 and more. (In ln y a step of order five takes two, and each four
times the passes through memory.)
"""

from __future__ import annotations

import numpy as np

from ..arrays import exp, is_symbolic, log


def _times(value, factor):
    """A value times a factor, in the memory of the value where that is an array of the same or a larger shape."""
    if isinstance(value, np.ndarray) and np.ndim(factor) == 0:
        value *= factor
        return value
    return value * factor


def relative_demand(rest, B, alpha, beta, kappa, W):
    """The k of the trinomial at a fixed loss, and 1/D_0."""
    per_D0 = log(alpha / (alpha + beta) / B * rest, reuse=True)
    per_D0 = exp(_times(per_D0, 1 / beta), reuse=True)
    return beta / (alpha + beta) / kappa * W * per_D0, per_D0


def cheapest_model(y, k, per_D0, rest, A, alpha, beta):
    """(N, D) at the root y of the trinomial at a fixed loss."""
    left = y / (y + k)  # y^-β
    left *= -alpha / (alpha + beta)
    left += 1  # of the terms, what is left to the parameter term
    N = log(_times(rest * left, 1 / A), reuse=True)
    return exp(_times(N, -1 / alpha), reuse=True), y / per_D0


def relative_budget(cost, A, B, alpha, beta, kappa, W):
    """The k of the trinomial at a fixed budget, and D_c."""
    D_c = exp((log(beta * B / (alpha * A)) + alpha * log(cost / kappa)) / (alpha + beta))
    return W / kappa / D_c, D_c


def best_model(y, D_c, cost, kappa, W):
    """(N, D) at the root y of the trinomial at a fixed budget."""
    D = D_c * y
    return cost / (kappa * D + W), D


def trinomial(k, beta, m):
    """The root y of y^(1+β) = (y + k)^m for k ≥ 0 and m ≤ 1."""
    y = np.array(start(k, beta, m))  # a copy: the memory of a pandas Series is not ours to write to
    g, count = m / (1 + beta), steps(np.min(beta), np.min(m))
    t, z, taken = np.empty_like(y), np.empty_like(y), np.empty_like(y)
    for _ in range(count):  # as in step(), without new memory, which takes as long again
        np.log(np.add(y, k, out=t), out=z)
        z *= g
        np.exp(z, out=z)
        np.subtract(y, z, out=taken)
        z /= t
        z *= -g
        z += 1
        taken /= z
        y -= taken
    if count > steps(np.inf) and not np.all(np.abs(taken) <= 1e-4 * y):
        raise ArithmeticError(f"the optimum did not converge: last step {np.max(np.abs(taken / y)):.2g} in ln D")
    return y


def start(k, beta, m):
    """Where the steps begin: right for little demand."""
    positive = m if is_symbolic(m) else np.maximum(m, 0)
    return (1 + 2 * positive / (1 + beta - m) * k) ** 0.5


def steps(beta, m=0):
    """How many steps reach machine precision, by the smallest beta and m."""
    return 3 + int(beta < 0.25) + int(m < 0)


def step(y, k, beta, m):
    """Where a step of Newton's leads from y."""
    g = m / (1 + beta)
    t = y + k
    z = exp(log(t) * g)
    return y - (y - z) / (1 - g * (z / t))
