"""A law with more in it than N and D: effective data, a term for what else is bought with compute."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from .. import symbols as s
from ..arrays import elementwise, is_symbolic, require
from ..types import Value
from .budget import check_names, compiled
from .formulas import COEFFICIENTS
from .phase import expression

_TWO_TERMS = sp.Add(s.A * s.N**-s.alpha, s.B * s.D**-s.beta)
_OF_THE_BASE = ("name", "source", "is_uncertain", "params_counted", "range", "not_for", "coefficients")
_LOG_TOKENS = np.linspace(-10, 90, 201)


class NotApplicableError(AttributeError, ValueError):
    """What is asked for is known of a plain scaling law only."""


class Law:
    r"""A scaling law whose N or D are expressions, or which has more terms: ``law.where(D=...)``, ``law + term``.

    .. math:: L = E + (A N'^{-\alpha} + B D'^{-\beta})^\gamma + \sum_i \mathrm{term}_i

    Parameters
    ----------
    base : ScalingLaw
    loss : sympy expression, optional
        The loss in ``lifetime.symbols`` and symbols of the reader's own; by default that of the base.

    Notes
    -----
    Not made by hand: ``where`` replaces N and D in all that is there, ``+`` adds a term. The symbols that are not N, D
    or coefficients of the base are :attr:`assumptions`; they are given by name to every method, and given or chosen in
    ``lifetime.cheapest`` and ``lifetime.best``. What is known of a plain law only (its compute optimum, over-training)
    is an error that says so.

    Examples
    --------
    An effect of reinforcement learning, G·D_RL^-ρ, and the tokens that make up for having less of it:

    >>> import lifetime as lt
    >>> from lifetime.symbols import D_RL
    >>> law = lt.laws.Besiroglu2024 + 1.5 * D_RL**-0.1
    >>> print(f"{law.loss(70e9, 1.4e12, D_RL=1e12):.4f}")
    2.0685
    >>> print(f"{law.tokens_for(2.0685, 70e9, D_RL=1e11):.4g} tokens")
    4.121e+12 tokens
    """

    def __init__(self, base: Any, loss: Value = None, *, positive: bool = True):
        coefficients = {name: value for name, value in base.coefficients.items() if is_symbolic(value)}
        if coefficients:
            raise ValueError(f"a law of symbols is its own expression: write {', '.join(coefficients)} into that")
        self.base = base
        gamma = s.gamma if "gamma" in base.coefficients else sp.S.One
        self.expression = s.E + _TWO_TERMS**gamma if loss is None else loss
        self.positive = positive
        """Whether each term above E is known to be 0 or more, so that no loss is at or below E."""

    def where(self, *, N: Value = None, D: Value = None) -> Law:
        """The same law with N or D replaced, wherever they stand, by expressions."""
        given = {name: value for name, value in {"N": N, "D": D}.items() if value is not None}
        new = {s.MEANINGS[name].symbol: expression(name, value, of_law=True) for name, value in given.items()}
        return Law(self.base, self.expression.subs(new, simultaneous=True), positive=self.positive)

    def __add__(self, term: Value) -> Law:
        """The same law with one more term, in nats per token."""
        term = expression("term", term, of_law=True)
        return Law(self.base, self.expression + term, positive=bool(self.positive and term.is_nonnegative))

    __radd__ = __add__

    def __sub__(self, term: Value) -> Law:
        """The same law with one term less."""
        return self + -term

    @cached_property
    def assumptions(self) -> tuple[str, ...]:
        """Names of the symbols that are not N, D or a coefficient: to be given, or chosen."""
        known = {"N", "D", *COEFFICIENTS}
        return tuple(sorted(symbol.name for symbol in self.expression.free_symbols if symbol.name not in known))

    @property
    def rest(self) -> sp.Expr:
        """The loss without E."""
        return self.expression - s.E

    def _evaluate(self, formula, output, inputs, given, failed=None):
        given = check_names(given, self.assumptions)
        return elementwise(formula, (output,), failed, **self.base.coefficients, **inputs, **given)

    def loss(self, N: Value, D: Value, **given: Value) -> Value:
        """Loss of a model, nats per token.

        Parameters
        ----------
        N, D : float or array
        **given : float or array
            Each of :attr:`assumptions`.
        """
        return self._loss(N, D, given)

    def _loss(self, N, D, given, failed=None):
        names = (*self.base.coefficients, "N", "D", *self.assumptions)
        function = compiled((self.expression,), names)
        formula = lambda **values: function(*(values[name] for name in names))[0]
        return self._evaluate(formula, "loss", {"N": N, "D": D}, given, failed)

    def tokens_for(self, loss: Value, N: Value, **given: Value) -> Value:
        """The fewest training tokens with which N parameters reach a loss, found numerically.

        Raises
        ------
        ValueError
            If no number of tokens from 1e-4 to 1e39 does.
        """
        return self._inverse("D", loss, {"N": N}, given)

    def params_for(self, loss: Value, D: Value, **given: Value) -> Value:
        """The fewest parameters that reach a loss with D training tokens, found numerically.

        Raises
        ------
        ValueError
            If no number of parameters from 1e-4 to 1e39 does.
        """
        return self._inverse("N", loss, {"D": D}, given)

    def _inverse(self, unknown, loss, known, given):
        names = (*self.base.coefficients, *known, *self.assumptions)
        function = compiled((self.expression,), (*names, unknown))

        def formula(loss, **values):
            args = tuple(values[name] for name in names)
            excess = lambda x, target, *args: function(*args, np.exp(x))[0] - target
            return np.exp(first_root(excess, _LOG_TOKENS, (loss, *args), unknown))

        return self._evaluate(formula, unknown, {"loss": loss, **known}, given)

    def __getattr__(self, name: str) -> Any:
        base = self.__dict__.get("base")
        if name.startswith("_") or not hasattr(base, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name in _OF_THE_BASE:
            return getattr(base, name)
        raise NotApplicableError(
            f"{name} is known of a plain ScalingLaw only, and not of {self!r}: use lifetime.cheapest or lifetime.best"
        )

    def sample(self, n: int, rng: int | np.random.Generator) -> Law:
        """Draw n laws: the coefficients of the base, drawn together, in the same expression."""
        return Law(self.base.sample(n, rng), self.expression, positive=self.positive)

    def __repr__(self):
        return f"<Law: {self.expression}, with {self.base!r}>"

    def _repr_latex_(self):
        return f"$\\displaystyle L = {sp.latex(self.expression)}$"


def first_root(function, points, args, name):
    """The first x at which a function turns from above 0 to 0 or below, between points of a grid; vectorised."""
    from scipy.optimize import elementwise as search

    with np.errstate(all="ignore"):
        args = np.broadcast_arrays(*(np.asarray(value, float) for value in args))
        low, high = np.full(args[0].shape, np.nan), np.full(args[0].shape, np.nan)
        before = function(points[0], *args) > 0
        for left, right in pairwise(points):
            here = function(right, *args) > 0
            new = before & ~here & np.isnan(low)
            low, high, before = np.where(new, left, low), np.where(new, right, high), here
            if not np.any(np.isnan(low)):
                break
        require(~np.isnan(low), "loss", args[0], f"one that some {name} reaches with the rest as given")
        return search.find_root(function, (low, high), args=tuple(args)).x
