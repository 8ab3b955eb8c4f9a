"""A lifetime is a tuple of phases, and a phase is symbolic: raw FLOP, and cost in pre-training-equivalent FLOP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import sympy as sp

from .. import symbols as s
from ..arrays import brief, check, closest, elementwise, is_symbolic, require
from .ledger import Ledger

_FIELDS = ("tokens", "flop_per_param_token", "efficiency")
_RESERVED = ("law", "lifetime", "loss", "cost", "E", "A", "B", "alpha", "beta")


@dataclass(frozen=True)
class Phase:
    r"""One phase of a model's life: tokens, FLOP per parameter and token, and utilisation relative to pre-training.

    .. math:: \text{FLOP} = k\, N\, \text{tokens}, \qquad \text{cost} = \text{FLOP} / e

    Parameters
    ----------
    name : str
    tokens : number or sympy expression
        Tokens processed in the phase; may depend on D (2/3 of D, say).
    flop_per_param_token : number or sympy expression
        k: 2 for a forward pass, 4 for a backward pass. May depend on N.
    efficiency : number or sympy expression, optional
        e: utilisation of the accelerators relative to pre-training; 1/3 means three times the accelerator time.

    Raises
    ------
    ValueError
        For a field that is not a number or an expression, is negative or not finite, or an efficiency of 0.

    Examples
    --------
    >>> Phase("distillation", tokens=2e12, flop_per_param_token=6).cost
    12000000000000.0*N
    """

    name: str
    tokens: sp.Expr
    flop_per_param_token: sp.Expr
    efficiency: sp.Expr = sp.S.One

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"name must be a string that is not empty; got {self.name!r}")
        for field in _FIELDS:
            object.__setattr__(self, field, _expression(f"{field} of phase {self.name!r}", getattr(self, field)))
        if self.efficiency.is_zero:
            raise ValueError(f"efficiency of phase {self.name!r} must be above 0; got 0")

    @property
    def flop(self) -> sp.Expr:
        """Raw FLOP: k·N·tokens."""
        return self.flop_per_param_token * s.N * self.tokens

    @property
    def cost(self) -> sp.Expr:
        """Cost in pre-training-equivalent FLOP: raw FLOP / efficiency."""
        return self.flop / self.efficiency


def _expression(name: str, value) -> sp.Expr:
    given = value
    try:
        value = None if isinstance(value, str | bytes | np.ndarray | list | tuple) else sp.sympify(value)
    except (TypeError, sp.SympifyError):
        value = None
    if not isinstance(value, sp.Expr):
        hint = "for an array: a symbol, and the array by name later"
        raise ValueError(f"{name} must be one number or a sympy expression ({hint}); got {brief(given)}")
    if value.is_negative or (value.is_number and not (value.is_nonnegative and np.isfinite(float(value)))):
        raise ValueError(f"{name} must be a finite number, 0 or more; got {value}")
    for symbol in value.free_symbols:
        known = s.MEANINGS.get(symbol.name)
        if known and known.symbol != symbol:
            raise ValueError(f"{name} has a symbol {symbol} that is not lifetime.symbols.{symbol}: use that one")
        if symbol.name in _RESERVED:
            raise ValueError(f"{name} has a symbol named {symbol}, which is the name of an argument: choose another")
    return value


@dataclass(frozen=True)
class Lifetime:
    r"""The phases of a model's life.

    .. math:: C = \sum_i k_i\, N\, \text{tokens}_i / e_i

    Parameters
    ----------
    phases : iterable of Phase
        With different names.

    Raises
    ------
    ValueError
        For no phases, something that is not a phase, or a name used twice.

    Examples
    --------
    A fourth phase, and RL split into rollouts and updates on a quarter of their tokens:

    >>> from lifetime.symbols import D_RL, e_RL
    >>> own = LIFETIME + Phase("distillation", tokens=2e12, flop_per_param_token=6)
    >>> own = own.replace("reinforcement learning", Phase("rollout", D_RL, 2, e_RL), Phase("update", D_RL / 4, 4))
    >>> [phase.name for phase in own.phases]
    ['pre-training', 'rollout', 'update', 'inference', 'distillation']
    """

    phases: tuple[Phase, ...]

    def __post_init__(self):
        phases = tuple(self.phases) if isinstance(self.phases, Iterable) else (self.phases,)
        if not phases or not all(isinstance(p, Phase) for p in phases):
            raise ValueError(f"phases must be one or more lifetime.Phase; got {phases!r}")
        names = [p.name for p in phases]
        if len(set(names)) < len(names):
            raise ValueError(f"phases must have different names; got {', '.join(names)}")
        object.__setattr__(self, "phases", phases)

    def __add__(self, phase: Phase) -> Lifetime:
        """The same lifetime with one more phase."""
        return Lifetime((*self.phases, phase))

    def replace(self, name: str, *phases: Phase) -> Lifetime:
        """The same lifetime with the phase of that name replaced by others, or by none."""
        _known(name, [p.name for p in self.phases], "phase")
        kept = ([p] if p.name != name else phases for p in self.phases)
        return Lifetime(tuple(p for some in kept for p in some))

    def given(self, /, **values) -> Lifetime:
        """The same lifetime with symbols replaced by numbers or expressions.

        Examples
        --------
        RL tokens as two thirds of the pre-training tokens:

        >>> from lifetime.symbols import D
        >>> LIFETIME.given(D_RL=D * 2 / 3, k_RL=3, e_RL=1).replace("inference").cost
        8*D*N
        """
        known = {x.name: x for p in self.phases for f in _FIELDS for x in getattr(p, f).free_symbols - {s.N}}
        for name in values:
            _known(name, sorted(known), "symbol")
        new = {known[name]: _expression(name, value) for name, value in values.items()}
        for symbol, value in new.items():
            if value.is_number:
                check(symbol.name, float(value))

        def replaced(phase):
            return Phase(phase.name, *(getattr(phase, f).subs(new, simultaneous=True) for f in _FIELDS))

        return Lifetime(replaced(phase) for phase in self.phases)

    def priced(self, prices: dict) -> Lifetime:
        r"""The same lifetime with the cost of each phase in another unit, such as dollars or joules.

        .. math:: C = \sum_i p_i\, \text{FLOP}_i / e_i

        Parameters
        ----------
        prices : dict of str to number or sympy expression
            For every phase by name, the price of a FLOP at an efficiency of 1: dollars per accelerator-second over
            FLOP per second, say.

        Raises
        ------
        ValueError
            For an unknown or missing phase, and a price that is not positive and finite.

        Examples
        --------
        Accelerators of 1e15 FLOP/s at $2 an hour, all used at 40 %:

        >>> dollars = 2 / 3600 / 1e15 / 0.4
        >>> bill = LIFETIME.priced(dict.fromkeys([phase.name for phase in LIFETIME.phases], dollars))
        >>> print(f"${bill.ledger(N=70e9, D=1.4e12, D_RL=0, D_inf=0, k_RL=3, e_RL=1, e_inf=1).cost:,.0f}")
        $816,667

        References
        ----------
        Sardana et al. (2024), arXiv 2401.00448, section 3.
        """
        prices = check_names(prices, tuple(p.name for p in self.phases), "phase")
        phases = []
        for phase in self.phases:
            price = _expression(f"price of phase {phase.name!r}", prices[phase.name])
            if price.is_zero:
                raise ValueError(f"price of phase {phase.name!r} must be above 0; got 0")
            phases.append(Phase(phase.name, phase.tokens, phase.flop_per_param_token, phase.efficiency / price))
        return Lifetime(tuple(phases))

    @cached_property
    def flop(self) -> sp.Expr:
        """Raw FLOP of all phases."""
        return sp.Add(*(p.flop for p in self.phases))

    @cached_property
    def cost(self) -> sp.Expr:
        """Cost of all phases in pre-training-equivalent FLOP."""
        return sp.Add(*(p.cost for p in self.phases))

    @cached_property
    def assumptions(self) -> tuple[str, ...]:
        """Names of everything but N and D that the cost depends on, in the order of the phases."""
        found = {}
        for phase in self.phases:
            for field in _FIELDS:
                found |= dict.fromkeys(sorted(symbol.name for symbol in getattr(phase, field).free_symbols))
        return tuple(name for name in found if name not in ("N", "D"))

    @cached_property
    def per_param(self) -> tuple[sp.Expr, sp.Expr] | None:
        """(κ, W) where the cost is N·(κ·D + W) with neither depending on N or D; None for any other cost."""
        per_param = sp.expand(self.cost / s.N)
        if s.N in per_param.free_symbols or not per_param.is_polynomial(s.D) or sp.degree(per_param, s.D) != 1:
            return None
        return per_param.coeff(s.D, 1), per_param.coeff(s.D, 0)

    def ledger(self, /, **values) -> Ledger:
        """What each phase costs at the given values: see :class:`Ledger`.

        Parameters
        ----------
        **values : number or array
            N, D and every one of :attr:`assumptions`, in base units; they broadcast.

        Raises
        ------
        ValueError
            For an unknown or missing name (with the closest valid one) or an invalid value.

        Examples
        --------
        The board of the lecture, 100 B parameters and 200 T tokens:

        >>> T = 1e12
        >>> tokens = {"D": 200 * T, "D_RL": 400 / 3 * T, "D_inf": 200 * T}
        >>> board = LIFETIME.ledger(N=100e9, **tokens, k_RL=3, e_RL=1 / 3, e_inf=1 / 3)
        >>> print(f"{board.cost:.3g} pre-training-equivalent FLOP, {board.flop:.3g} raw")
        3.6e+26 pre-training-equivalent FLOP, 2e+26 raw
        """
        check_names(values, ("N", "D", *self.assumptions))
        ledger = Ledger(self, values)
        _ = ledger.costs  # so that a bad value is an error here, not at the first look
        return ledger

    def evaluate(self, quantity: str, values: dict):
        """One number (or array) a phase: its ``"tokens"``, ``"flop"`` or ``"cost"`` at the given values."""
        expressions = tuple(getattr(p, quantity) for p in self.phases)
        names = tuple(values)
        function = compiled(expressions, names)
        outputs = tuple(f"{quantity} of phase {p.name!r}" for p in self.phases)

        def formula(**inputs):
            results = function(*(inputs[name] for name in names))
            for output, result in zip(outputs, results, strict=True):
                if not is_symbolic(result):
                    require(~np.less(result, 0), output, result, "0 or more")
            return results

        results = elementwise(formula, outputs, **values)
        return results if len(outputs) > 1 else (results,)


def _known(name, valid, what):
    if name not in valid:
        raise ValueError(f"unknown {what} {name!r}; {closest(name, valid)}")


def check_names(given: dict, needed: tuple[str, ...], what: str = "assumption") -> dict:
    """The values given, in the order needed; a ``ValueError`` unless they are for just those names."""
    for name in given:
        _known(name, needed, what)
    missing = [name for name in needed if name not in given]
    if missing:
        raise ValueError(f"missing {what}: {', '.join(missing)}; needed: {', '.join(needed)}")
    return {name: given[name] for name in needed}


@lru_cache(maxsize=256)
def compiled(expressions: tuple[sp.Expr, ...], names: tuple[str, ...]):
    """A numpy function of the named values that returns the expressions as a tuple."""
    known = {symbol.name: symbol for expression in expressions for symbol in expression.free_symbols}
    return sp.lambdify([known.get(name, sp.Dummy()) for name in names], expressions, modules="numpy", cse=True)


LIFETIME = Lifetime(
    (
        Phase("pre-training", s.D, s.TRAINING_FLOP),
        Phase("reinforcement learning", s.D_RL, s.k_RL, s.e_RL),
        Phase("inference", s.D_inf, s.FORWARD_FLOP, s.e_inf),
    )
)
"""The lifetime of the lecture: C = 6·N·D + k_RL·N·D_RL/e_RL + 2·N·D_inf/e_inf, with 2 ≤ k_RL ≤ 6."""


def as_lifetime(lifetime) -> Lifetime:
    """A lifetime as it is; an expression for the cost as a lifetime of one phase."""
    if isinstance(lifetime, Lifetime):
        return lifetime
    if isinstance(lifetime, sp.Expr):
        return Lifetime((Phase("total", s.D, lifetime / (s.N * s.D)),))
    raise ValueError(f"lifetime must be a lifetime.Lifetime or a sympy expression for the cost; got {lifetime!r}")


def linear_cost(lifetime: Lifetime) -> tuple[sp.Expr, sp.Expr]:
    """(κ, W) of a cost N·(κ·D + W); an error for any other cost."""
    if lifetime.per_param is None:
        raise ValueError(f"lifetime must have a cost of the form N·(κ·D + W); got {lifetime.cost}")
    return lifetime.per_param
