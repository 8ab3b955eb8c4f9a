"""Cost and loss of any law and lifetime as one system of the unknowns: derived by sympy, compiled once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import sympy as sp

from .. import symbols as s
from .budget import compiled
from .convexity import is_log_convex


class System:
    """ln of the cost and ln of the loss above its floor, with derivatives in the logarithms of the unknowns.

    Parameters
    ----------
    cost, rest : sympy expression
        ``rest`` is the loss above E where each of its terms is known to be 0 or more, else the loss.
    unknowns : tuple of symbol
        N, D and what else is chosen.
    names : tuple of str
        Of everything else, in the order of the arguments.
    """

    def __init__(self, cost, rest, unknowns, names):
        self.unknowns, self.names = unknowns, names
        self.convex = all(is_log_convex(expression, unknowns) for expression in (cost, rest))
        inputs = (*(x.name for x in unknowns), *names)
        first = [[by_log(expression, x) for x in unknowns] for expression in (cost, rest)]
        second = [[by_log(slopes[i], x) for i, x in self._pairs] for slopes in first]
        self._values = compiled((cost, rest), inputs)
        self._derivatives = compiled((cost, rest, *first[0], *first[1], *second[0], *second[1]), inputs)

    @property
    def _pairs(self):
        """The upper triangle of a Hessian: (i, the unknown j)."""
        return [(i, x) for j, x in enumerate(self.unknowns) for i in range(j + 1)]

    def values(self, x, args):
        """Ln of the cost and of the loss above its floor, at x of shape (n, ...); NaN where either is not positive."""
        with np.errstate(all="ignore"):
            return [np.log(value) + 0 * x[0] for value in self._values(*np.exp(x), *args)]

    def derivatives(self, x, args):
        """Value, gradient, Hessian of both logarithms, of shapes (S,), (S, n), (S, n, n), at x of shape (n, S)."""
        n, found = len(x), []
        with np.errstate(all="ignore"):
            raw = [value + 0 * x[0] for value in self._derivatives(*np.exp(x), *args)]
            triangle = n * (n + 1) // 2
            for which in range(2):
                value = raw[which]
                slope = np.stack(raw[2 + which * n : 2 + (which + 1) * n], axis=-1) / value[:, None]
                curved = raw[2 + 2 * n + which * triangle : 2 + 2 * n + (which + 1) * triangle]
                hessian = -slope[:, :, None] * slope[:, None]
                for entry, (i, x_j) in zip(curved, self._pairs, strict=True):
                    j = self.unknowns.index(x_j)
                    hessian[:, i, j] += entry / value
                    if i != j:
                        hessian[:, j, i] += entry / value
                found.append((np.log(value), slope, hessian))
        return found


def by_log(expression: sp.Expr, x: sp.Symbol) -> sp.Expr:
    """The derivative in ln x, without the spikes at a kink."""
    slope = x * sp.diff(expression, x)
    if slope.has(sp.Derivative):
        raise ValueError(f"lifetime and law must be piecewise differentiable in {x}; got {expression}")
    return slope.replace(sp.DiracDelta, lambda *_: sp.S.Zero) if slope.has(sp.DiracDelta) else slope


@lru_cache(maxsize=64)
def system(cost, rest, chosen, names) -> System:
    """The system of N, D and the chosen names, from the expressions of cost and loss.

    Symbols of one name are made one symbol; a chosen one is positive, for it is found by its logarithm.
    """
    free = {}
    for symbol in sorted(cost.free_symbols | rest.free_symbols, key=str):
        free.setdefault(symbol.name, []).append(symbol)
    new = {}
    for name, same in free.items():
        if name in s.MEANINGS:
            continue
        keep = sp.Symbol(name, positive=True) if name in chosen else same[0]
        new |= {symbol: keep for symbol in same if symbol != keep}
    cost, rest = cost.subs(new, simultaneous=True), rest.subs(new, simultaneous=True)
    known = {symbol.name: symbol for symbol in cost.free_symbols | rest.free_symbols}
    unknowns = tuple(known.get(name, sp.Symbol(name, positive=True)) for name in ("N", "D", *chosen))
    return System(cost, rest, unknowns, names)
