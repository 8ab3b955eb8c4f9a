"""A scan of everything that meets the constraint, on a lattice of N and the chosen symbols, for where minima may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..symbols import MEANINGS

_POINTS = {2: (241, 48), 3: (41, 48, 25), 4: (21, 36, 15, 15)}
"""Points in N, in D, and in each chosen symbol, by the number of unknowns."""
_SPANS = {False: ((-6, 16), (-8, 32)), True: ((-18, 10), (-16, 16))}
"""How far in ln N and ln D around the centre, for the least cost and for the least loss."""
_CHOSEN = (1e-6, 1e26)
_MOST = 6  # candidates of a scenario


@dataclass
class Scan:
    """The lattice of a block of scenarios: places in ln, what they lead to, and the lowest of them.

    ``value`` has a row a scenario and a column a place, NaN where no D meets the constraint; ``candidates`` holds for
    each scenario the places that are lower than their neighbours, the lowest first.
    """

    axes: list
    places: np.ndarray
    value: np.ndarray
    tokens: np.ndarray
    candidates: list
    best: np.ndarray

    @property
    def lowest(self):
        """The least value on the lattice, by scenario."""
        return np.take_along_axis(self.value, self.best[:, None], axis=1)[:, 0]

    def rounds(self):
        """The first candidate of every scenario, then the second of those that have one, ..."""
        for k in range(max(map(len, self.candidates))):
            scenarios = np.array([i for i, found in enumerate(self.candidates) if len(found) > k])
            yield scenarios, np.stack([self.candidates[i][k] for i in scenarios], axis=1)

    def hill(self, i):
        """The unknowns at a place of a scenario that is higher than its neighbours, or None."""
        shape = [len(axis) for axis in self.axes]
        found = np.flatnonzero(_lower_than_neighbours(-self.value[i].reshape(1, *shape), edges=False))
        return _with(self.places[:, i, found[0]], self.tokens[i, found[0]]) if found.size else None

    def edge(self, i):
        """(index of the unknown, side, value) if the lowest place of a scenario is at the end of the lattice, or None.

        Beside a size that no D is enough for, the end is that of D.
        """
        shape = [len(axis) for axis in self.axes]
        where = np.unravel_index(self.best[i], shape)
        value = self.value[i].reshape(shape)
        for axis in range(len(shape)):
            for end, side in ((0, -1), (shape[axis] - 1, 1)):
                last = tuple(end if k == axis else at for k, at in enumerate(where))
                if value[last] <= value[where] + 1e-9:
                    place = self.places[axis, i].reshape(shape)[last]
                    return axis + (axis > 0), side, np.exp(place)
        if np.isnan(value[where[0] - 1, *where[1:]]):
            return 1, 1, np.exp(self.tokens[i, self.best[i]])
        return None


def scan(system, args, target, centre, dual) -> Scan:
    """Scan the lattice of every scenario of a block; an error for a scenario that nothing on it meets."""
    n, size = len(system.unknowns), target.size
    points = _POINTS.get(n, (13, 24) + (9,) * (n - 2))
    spans = _SPANS[dual]
    axes = [np.linspace(*spans[0], points[0])]
    for symbol, count in zip(system.unknowns[2:], points[2:], strict=True):
        axes.append(np.linspace(*_range(symbol), count))
    mesh = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
    places = np.repeat(mesh[:, None], size, axis=1)
    places[0] += centre[0][:, None]
    many = [np.broadcast_to(arg[:, None], places.shape[1:]) for arg in args]
    goal = np.broadcast_to(target[:, None], places.shape[1:])
    tokens = _tokens(system, places, many, goal, centre[1][:, None] + np.linspace(*spans[1], points[1]), dual)
    value = system.values(_with(places, tokens), many)[int(dual)]
    value = np.where(np.isfinite(tokens), value, np.nan)
    if np.any(lost := np.isnan(value).all(axis=1)):
        raise ValueError(_out_of_reach(np.flatnonzero(lost)[0], target, dual))
    best = np.nanargmin(value, axis=1)
    shape = [len(axis) for axis in axes]
    low = _lower_than_neighbours(value.reshape(size, *shape)).reshape(size, -1)
    candidates = []
    for i in range(size):
        some = np.flatnonzero(low[i])
        some = some[np.argsort(value[i, some], kind="stable")][:_MOST]
        candidates.append([_with(places[:, i, j], tokens[i, j]) for j in some])
    return Scan(axes, places, value, tokens, candidates, best)


def _range(symbol):
    meaning = MEANINGS.get(symbol.name)
    low, high = (meaning.low, meaning.high) if meaning else (0, np.inf)
    return np.log(low or _CHOSEN[0]), np.log(high if np.isfinite(high) else _CHOSEN[1])


def _with(places, tokens):
    """The unknowns in their order, with ln D between N and the chosen ones."""
    return np.concatenate([places[:1], tokens[None], places[1:]])


def _tokens(system, places, args, target, grid, dual):
    """Ln of the fewest D that meet the constraint at each place, closed in on; NaN where none does."""
    from scipy.optimize import elementwise as search

    n = len(places)

    def excess(tokens, target, *rest):
        found = system.values(_with(np.stack(rest[:n]), tokens), rest[n:])[int(not dual)] - target
        return -found if dual else found

    known = (target, *places, *args)
    low, high = np.full(target.shape, np.nan), np.full(target.shape, np.nan)
    before, left = np.zeros(target.shape), None
    for column in range(grid.shape[1]):
        right = np.broadcast_to(grid[:, column : column + 1], target.shape)
        here = excess(right, *known)
        new = (before > 0) & (here <= 0) & np.isnan(low)
        low, high = np.where(new, left, low) if column else low, np.where(new, right, high)
        before, left = here, right
    with np.errstate(all="ignore"):
        return search.find_root(excess, (low, high), args=known).x


def _lower_than_neighbours(value, edges=True):
    """Where a value is no higher than its neighbours along every axis but the first; at the edges too, or never."""
    beyond = np.inf if edges else -np.inf
    value = np.where(np.isnan(value), beyond, value)
    low = np.isfinite(value)
    for axis in range(1, value.ndim):
        for shift in (1, -1):
            other = np.roll(value, shift, axis=axis)
            edge = [slice(None)] * value.ndim
            edge[axis] = 0 if shift == 1 else -1
            other[tuple(edge)] = beyond
            low &= value <= other
    return low


def _out_of_reach(i, target, dual):
    if dual:
        return f"cost must be one that some model costs with the rest as given; got {np.exp(target[i]):.6g}"
    return (
        f"loss must be one that some model reaches with the rest as given; got {np.exp(target[i]):.6g} above its floor"
    )


def close_in(system, scan, scenarios, args, target, dual):
    """The least value between the neighbours of the lowest place, by values alone: for a kink, where slopes jump.

    Of the given scenarios of a scan, of shape (n, S); ``args`` and ``target`` are theirs.
    """
    best = scan.best[scenarios]
    places = scan.places[:, scenarios, best]
    steps = [axis[1] - axis[0] for axis in scan.axes]
    around = scan.tokens[scenarios, best][:, None] + np.linspace(-10, 10, 41)

    def value(x):
        tokens = _tokens(system, x[..., None], [arg[:, None] for arg in args], target[:, None], around, dual)[:, 0]
        found = system.values(_with(x, tokens), args)[int(dual)]
        return np.where(np.isfinite(found), found, np.inf), tokens

    x = _golden(lambda x: value(x)[0], places, steps, 0)
    least, tokens = value(x)
    for nudge in (-1e-6, 1e-6):
        beside = value(np.concatenate([x[:1] + nudge, x[1:]]))[0]
        jumps = np.isfinite(beside) & (np.abs(beside - least) > 1e-3)
        if np.any(jumps):
            at = np.exp(x[0][jumps][0])
            raise ValueError(f"lifetime must have a cost that is continuous; it jumps at N = {at:.6g}, its least")
    return _with(x, tokens)


def _golden(function, x, steps, axis):
    """The places of the least values, one axis inside the other, each by golden sections, for all scenarios at once."""
    if axis == len(x):
        return x
    ratio = (np.sqrt(5) - 1) / 2

    def inner(at):
        found = _golden(function, np.concatenate([x[:axis], at[None], x[axis + 1 :]]), steps, axis + 1)
        return function(found), found

    low, high = x[axis] - steps[axis], x[axis] + steps[axis]
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    (at_a, from_a), (at_b, from_b) = inner(a), inner(b)
    while np.max(high - low) > 1e-9:
        left = at_a < at_b
        low, high = np.where(left, low, a), np.where(left, b, high)
        new = np.where(left, high - ratio * (high - low), low + ratio * (high - low))
        at, found = inner(new)
        a, b = np.where(left, new, b), np.where(left, a, new)
        at_a, at_b = np.where(left, at, at_b), np.where(left, at_a, at)
        from_a, from_b = np.where(left, found, from_b), np.where(left, from_a, found)
    return np.where(at_a < at_b, from_a, from_b)
