"""The optimum of a plain law for any cost of N and D: the least along the curve of equal loss, found numerically.

A point of the curve is a split x of what the two terms of the law must add up to: a share 1/(1+e^-x) of it is left to
N, the other to D. At the least cost, what D costs more from there on is what N costs less.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import sympy as sp

from .. import symbols as s
from ..arrays import require
from .budget import Lifetime, compiled
from .convexity import is_log_convex
from .system import by_log

_SPLITS = np.sinh(np.linspace(-np.arcsinh(40), np.arcsinh(40), 301))
_FARTHEST = 700.0  # beyond, a term of the law is below 1e-300 of the other
_STEPS = 200


def on_iso_loss(x, rest, A, B, alpha, beta):
    """(N, D) on the curve of equal loss, at a split x."""
    return (
        np.exp((np.log(A / rest) + np.logaddexp(0, -x)) / alpha),
        np.exp((np.log(B / rest) + np.logaddexp(0, x)) / beta),
    )


def cost_function(lifetime: Lifetime):
    """A function of N, D and the assumptions that returns the cost C, N·∂C/∂N and D·∂C/∂D.

    Its attribute ``unimodal`` says whether the cost is known to have one minimum on every curve of equal loss: where it
    is a sum of powers of N and D with exponents of 0 or more, or the larger of such, its logarithm is convex in x. Then
    its attribute ``curved`` is a function that returns the second derivatives in ln N and ln D, too.
    """
    total = lifetime.cost
    slopes = [z * sp.diff(total, z) for z in (s.N, s.D)]
    if any(slope.has(sp.Derivative) for slope in slopes):
        raise ValueError(f"lifetime must have a cost that is piecewise differentiable in N and D; got {total}")
    names = ("N", "D", *lifetime.assumptions)
    function = compiled((total, *slopes), names)

    def cost(N, D, *assumptions):
        total, by_N, by_D = function(N, D, *assumptions)
        require(~np.less_equal(total, 0), "lifetime", total, "such that its cost is above 0")
        return total, by_N, by_D

    cost.unimodal = is_log_convex(total, (s.N, s.D), rising=True)
    if cost.unimodal:
        bends = by_log(slopes[0], s.N), by_log(slopes[1], s.N), by_log(slopes[1], s.D)
        cost.curved = compiled((*slopes, *bends), names)
    return cost


def cheapest_split(cost, rest, A, B, alpha, beta, assumptions):
    """The split x at which the cost is least."""
    args = (rest, A, B, alpha, beta, *assumptions.values())
    return _only_minimum(cost, args) if cost.unimodal else _least_minimum(cost, args)


def _only_minimum(cost, args):
    """The one minimum: where what D costs more is as much as what N costs less.

    Newton's steps on ln of their ratio, which is nearly straight in x, kept between the bounds that its sign gives;
    halving where a step leaves them, as at a kink.
    """
    alpha, beta = args[3:5]
    args = np.broadcast_arrays(*args, np.log(alpha / beta))
    shape, (*args, x) = args[0].shape, [np.ravel(arg) for arg in args]
    x, found, active = x.copy(), np.empty(x.size), np.arange(x.size)
    low, high = np.full(x.size, -np.inf), np.full(x.size, np.inf)
    for _ in range(_STEPS):
        ratio, slope = _steepness(cost, x, *args)
        up = ratio >= 0
        low, high = np.where(up, low, np.maximum(low, x)), np.where(up, np.minimum(high, x), high)
        step = -ratio / slope
        outside = ~((x + step > low) & (x + step < high) & (np.abs(step) < 20))
        if np.any(outside):
            middle = np.where(np.isfinite(low + high), (low + high) / 2, x + np.where(up, -1, 1) * (1 + np.abs(x)))
            step = np.where(outside, middle - x, step)
        x = x + step
        small = np.where(outside, 1e-15, 1e-8)  # Newton's next step would be the square of this one
        done = np.abs(step) <= small * (1 + np.abs(x))
        if np.any(lost := np.abs(x) > _FARTHEST):
            raise ValueError(_no_minimum(x[lost][0] > 0, x[lost][0] < 0))
        if np.any(done):
            found[active[done]] = x[done]
            left = ~done
            active, x, low, high = active[left], x[left], low[left], high[left]
            args = [arg[left] for arg in args]
        if not active.size:
            return found.reshape(shape)
    raise ArithmeticError(f"the optimum did not converge in {_STEPS} steps in {active.size} scenarios")


def _steepness(cost, x, rest, A, B, alpha, beta, *assumptions):
    """At a split x: ln of what D costs more over what N costs less, and its derivative."""
    for_N, for_D = 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x))  # the shares of the terms
    N, D = np.exp(np.log(A / (rest * for_N)) / alpha), np.exp(np.log(B / (rest * for_D)) / beta)
    C_N, C_D, C_NN, C_ND, C_DD = cost.curved(N, D, *assumptions)
    of_N, of_D = for_D / alpha, for_N / beta  # how fast ln N falls and ln D grows with x
    ratio = np.log((C_D * of_D) / (C_N * of_N))
    slope = (C_DD * of_D - C_ND * of_N) / C_D - (C_ND * of_D - C_NN * of_N) / C_N + 1
    return ratio, slope


def _least_minimum(cost, args):
    """The lowest of all minima.

    A grid brackets them by the sign of the slope, the root of the slope is found in each, and the cheapest is kept. A
    dip narrower than a step of the grid (10 % in N) may be missed.
    """
    from scipy.optimize import elementwise as search

    def slope(x, rest, A, B, alpha, beta, *assumptions):
        total, by_N, by_D = cost(*on_iso_loss(x, rest, A, B, alpha, beta), *assumptions)
        up, down = by_D / (beta * (1 + np.exp(-x))), by_N / (alpha * (1 + np.exp(x)))
        return (up - down) / (np.abs(up) + np.abs(down)), total

    minima = []  # the brackets of the first minimum of every scenario, of the second where there is one, ...
    at_first, on_grid = slope(_SPLITS[0], *args)
    before = at_first
    for left, right in pairwise(_SPLITS):
        here, total = slope(right, *args)
        on_grid = np.fmin(on_grid, total)
        new = (before < 0) & (here >= 0)
        before = here
        for bracket in minima:
            free = new & np.isnan(bracket[0])
            bracket[:] = np.where(free, left, bracket[0]), np.where(free, right, bracket[1])
            new = new & ~free
        if np.any(new):
            minima.append([np.where(new, left, np.nan), np.where(new, right, np.nan)])
    split, lowest = np.nan, np.inf
    for bracket in minima:
        found = search.find_root(lambda *x: slope(*x)[0], tuple(bracket), args=args)
        if not np.all(found.success | np.isnan(bracket[0])):
            raise ArithmeticError(f"the optimum did not converge: status {np.unique(found.status)}")
        total = slope(found.x, *args)[1]
        split, lowest = np.where(total < lowest, found.x, split), np.fmin(total, lowest)
    lost = np.isnan(split) | (on_grid < lowest * (1 - 1e-9))
    if np.any(lost):
        first, last = (np.broadcast_to(x, lost.shape)[lost][0] for x in (at_first, before))
        raise ValueError(_no_minimum(last < 0, first > 0, np.broadcast_to(on_grid, lost.shape)[lost][0]))
    return split


def _no_minimum(more_D, more_N, cost=None):
    """Why a cost has no least value: which way it falls, if any."""
    where = "D" if more_D else "N"
    why = f"the optimum is at infinity, for it still falls as {where} grows" if more_D or more_N else "it jumps there"
    got = "" if cost is None else f" {cost:.10g}"
    return (
        "lifetime must be a cost that is continuous and, at this loss, least at a finite N and D; "
        f"got one that is not{got and f', least at{got}'}: {why}"
    )


def best_numeric(cost, budget, E, A, B, alpha, beta, assumptions):
    """(N, D) at which the cheapest model costs the budget: a root in ln of what the terms of the law add up to."""
    from scipy.optimize import elementwise as search

    names = tuple(assumptions)

    def model(log_rest, A, B, alpha, beta, *values):
        rest = np.exp(log_rest)
        split = cheapest_split(cost, rest, A, B, alpha, beta, dict(zip(names, values, strict=True)))
        return on_iso_loss(split, rest, A, B, alpha, beta)

    def excess(log_rest, budget, *law_and_values):
        return np.log(cost(*model(log_rest, *law_and_values), *law_and_values[4:])[0] / budget)

    args = (budget, A, B, alpha, beta, *assumptions.values())
    worst = np.log(A + B)  # the terms of one parameter trained on one token
    affordable(excess(worst, *args) < 0, budget)
    bracket = search.bracket_root(excess, worst - 1, worst, xmax=worst, args=args)
    found = search.find_root(excess, bracket.bracket, args=args)
    if not np.all(found.success):
        raise ArithmeticError(f"the optimum did not converge: status {np.unique(found.status)}")
    N, D = model(found.x, *args[1:])
    affordable(N >= 1, budget)
    return N, D


def affordable(ok, budget):
    """Raise a ``ValueError`` that names the budget, unless ``ok`` holds everywhere."""
    require(ok, "cost", budget, "above what the demand alone takes with a model of one parameter")
