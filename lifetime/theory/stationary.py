r"""The optimum for any law, any cost and any choice.

Over the logarithms x of N, D and every chosen symbol, ln of one of cost and loss (the objective f) is least where the
other (the constraint h) has its given value:

.. math:: \nabla f + \lambda \nabla h = 0, \qquad h = h_0

A damped Newton iteration solves these conditions for a block of scenarios at once. Where f and h are both convex in x,
which sympy can see of sums of powers (``convexity.py``), there is one solution. Anywhere else a scan of a lattice finds
the basins first, and the lowest minimum is kept.
"""

from __future__ import annotations

import numpy as np

from ..symbols import MEANINGS
from . import lattice

CHUNK = 4096
_STEPS, _LONGEST = 80, 3.0
_FLAT = 1e-12  # a curvature that is rounding: the least there is, is at infinity


def solve(system, args, target, centre, *, dual):
    """The unknowns at the optimum of every scenario, of shape (n, S).

    Parameters
    ----------
    system : System
    args : list of array of shape (S,)
        Everything that is not unknown.
    target : array of shape (S,)
        ln of the loss above its floor, or with ``dual`` of the cost.
    centre : array of shape (2, S)
        ln of an N and a D of the right order, around which is searched.
    dual : bool
        Minimise the loss at a cost, not the cost at a loss.
    """
    found = np.empty((len(system.unknowns), target.size))
    size = CHUNK if system.convex else 64
    for block in np.split(np.arange(target.size), range(size, target.size, size)):
        some = [arg[block] for arg in args], target[block], centre[:, block]
        found[:, block] = _convex(system, *some, dual) if system.convex else _general(system, *some, dual)
    _inside_bounds(system, found)
    return found


def _convex(system, args, target, centre, dual):
    """One solution: from where the lattice has it for the first scenario, shifted to where each other is searched."""
    one = [arg[:1] for arg in args], target[:1], centre[:, :1]
    start = lattice.scan(system, *one, dual).candidates[0][0]
    x = np.repeat(start[:, None], target.size, axis=1)
    x[:2] += centre - centre[:, :1]
    x, good = newton(system, x, args, target, dual)
    rest = np.flatnonzero(~(good & (_least_curvature(system, x, args, dual) > _FLAT)))
    if rest.size:
        x[:, rest] = _general(system, [arg[rest] for arg in args], target[rest], centre[:, rest], dual)
    return x


def _general(system, args, target, centre, dual):
    """The lowest of the minima that start from the lattice's; one at a kink is closed in on by values alone."""
    scan = lattice.scan(system, args, target, centre, dual)
    found, lowest = np.full((len(system.unknowns), target.size), np.nan), np.full(target.size, np.inf)
    for scenarios, x in scan.rounds():
        some = [arg[scenarios] for arg in args]
        x, good = newton(system, x, some, target[scenarios], dual)
        minimum = good & (_least_curvature(system, x, some, dual) > _FLAT)
        value = np.where(minimum, system.values(x, some)[int(dual)], np.inf)
        better = value < lowest[scenarios]
        found[:, scenarios[better]], lowest[scenarios[better]] = x[:, better], value[better]
    rest = np.flatnonzero(~(lowest <= scan.lowest + 1e-9))
    for i in rest:
        if (where := scan.edge(i)) is not None:
            one = [arg[[i]] for arg in args], target[[i]]
            raise ValueError(_at_an_edge(system, where, _is_between(system, scan.hill(i), *one, dual), dual))
    if rest.size:
        found[:, rest] = lattice.close_in(system, scan, rest, [arg[rest] for arg in args], target[rest], dual)
    return found


def _is_between(system, place, args, target, dual):
    """Whether there is a stationary point at a hill of the lattice."""
    if place is None:
        return False
    x, good = newton(system, place[:, None], args, target, dual, descend=False)
    return bool(good[0] and _least_curvature(system, x, args, dual)[0] < -_FLAT)


def newton(system, x, args, target, dual, descend=True):
    """The stationary points that Newton's steps reach from x, downhill unless told otherwise; which have converged."""
    x = x.copy()
    n, size = x.shape
    multiplier, weight = np.zeros(size), np.zeros(size)
    good, active = np.zeros(size, dtype=bool), np.arange(size)
    at, f, h, step = x.copy(), np.full(size, np.inf), np.full(size, np.inf), np.zeros((n, size))
    matrix, right = np.zeros((size, n + 1, n + 1)), np.zeros((size, n + 1))
    for _ in range(_STEPS):
        if not active.size:
            break
        some = [arg[active] for arg in args]
        objective, constraint = system.derivatives(x[:, active], some)[:: -1 if dual else 1]
        new_f, new_h = objective[0], constraint[0] - target[active]
        short = np.abs(step[:, active]).max(axis=0)
        with np.errstate(invalid="ignore"):
            better = new_f + weight[active] * np.abs(new_h) <= f[active] + weight[active] * np.abs(h[active])
            accept = np.isfinite(new_f + new_h) & (better | (short < 1e-6) | ~np.isfinite(f[active]) | (not descend))
        done = accept & (short < 1e-11) & (np.abs(new_h) < 1e-11) & np.isfinite(f[active])
        good[active[done]] = True
        halve = active[~accept]
        step[:, halve] /= 2
        x[:, halve] = at[:, halve] + step[:, halve]
        go = accept & ~done
        some, now = active[go], x[:, active[go]]
        at[:, some], f[some], h[some] = now, new_f[go], new_h[go]
        slope, normal = objective[1][go], constraint[1][go]
        guess = -(slope * normal).sum(axis=1) / (normal**2).sum(axis=1)
        m = np.where(multiplier[some] == 0, guess, multiplier[some])
        curved = objective[2][go] + (np.maximum(m, 0) if system.convex else m)[:, None, None] * constraint[2][go]
        matrix[some, :n, :n], matrix[some, :n, n], matrix[some, n, :n] = curved, normal, normal
        matrix[some, :n, :n] += 1e-13 * np.eye(n)
        right[some, :n], right[some, n] = -slope, -new_h[go]
        usable = np.isfinite(matrix[some]).all(axis=(1, 2)) & (np.abs(np.linalg.det(_finite(matrix[some]))) > 1e-300)
        solved = np.zeros((some.size, n + 1))
        solved[usable] = np.linalg.solve(matrix[some[usable]], right[some[usable]][..., None])[..., 0]
        direction = solved[:, :n].T
        direction = direction * np.minimum(1, _LONGEST / np.maximum(np.abs(direction).max(axis=0), 1e-300))
        step[:, some], multiplier[some] = direction, solved[:, n]
        weight[some] = np.maximum(weight[some], 2 * np.abs(solved[:, n]))
        x[:, some] = now + direction
        stuck = np.zeros(size, dtype=bool)
        stuck[some[~usable]] = True
        stuck[halve] = np.abs(step[:, halve]).max(axis=0) < 1e-14
        active = active[~done & ~stuck[active]]
    return x, good


def _finite(matrix):
    return np.where(np.isfinite(matrix), matrix, 0)


def _least_curvature(system, x, args, dual):
    """The least curvature along the constraint: above 0 at a minimum, below at a saddle or a maximum."""
    (_, slope, curved), (_, normal, bent) = system.derivatives(x, args)[:: -1 if dual else 1]
    length = (normal**2).sum(axis=1)
    multiplier = -(slope * normal).sum(axis=1) / length
    hessian = _finite(curved + multiplier[:, None, None] * bent)
    along = np.eye(len(x)) - normal[:, :, None] * normal[:, None] / length[:, None, None]
    away = 1e3 * (np.eye(len(x)) - along)  # across the constraint, where a curvature does not count
    return np.linalg.eigvalsh(_finite(along @ hessian @ along + away)).min(axis=1)


def _at_an_edge(system, where, saddle, dual):
    """What an optimum is that has no finite place."""
    index, side, value = where
    symbol = system.unknowns[index]
    what = "loss" if dual else "cost"
    meaning = MEANINGS.get(symbol.name)
    found = ", and the stationary point in between is a saddle or a maximum" if saddle else ""
    if index > 1 and side < 0 and not (meaning and meaning.low > 0):
        return f"{symbol} is best at its bound 0, where it is not used: give {symbol} instead of choosing it{found}"
    grows = "grows" if side > 0 else "shrinks"
    return (
        f"the optimum is at infinity: the {what} still falls as {symbol} {grows} past {value:.3g}{found}; lifetime and "
        f"law must be such that a finite {symbol} is best"
    )


def _inside_bounds(system, x):
    """An error for a chosen symbol whose best value its meaning forbids: the optimum is at the bound."""
    for symbol, values in zip(system.unknowns[2:], x[2:], strict=True):
        meaning = MEANINGS.get(symbol.name)
        if meaning is None:
            continue
        for bound, outside in ((meaning.low, values < _log(meaning.low)), (meaning.high, values > _log(meaning.high))):
            if np.any(outside):
                raise ValueError(
                    f"{symbol} is best at its bound {bound:g}: without it, {np.exp(values[outside][0]):.4g} would be; "
                    f"give {symbol}={bound:g} instead of choosing it"
                )


def _log(value):
    return np.log(value) if value > 0 else -np.inf
