"""A phase is symbolic: tokens, raw FLOP, and cost in pre-training-equivalent FLOP."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import sympy as sp

from .. import symbols as s
from ..arrays import brief
from ..types import Value
from .formulas import COEFFICIENTS
from .limits import bare

_RESERVED = ("law", "lifetime", "loss", "cost", "choose", *COEFFICIENTS)


@dataclass(frozen=True, repr=False)
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
    flop : number or sympy expression
        Instead of tokens and k: raw FLOP that do not grow with N, or not in proportion.

    Raises
    ------
    ValueError
        For a field that is not a number or an expression, is negative or not finite, an efficiency of 0, and unless
        either tokens and flop_per_param_token are given, or flop.

    Examples
    --------
    >>> Phase("distillation", tokens=2e12, flop_per_param_token=6).cost
    12000000000000.0*N
    >>> Phase("trials with smaller models", flop=10**23, efficiency=2).cost
    50000000000000000000000
    """

    name: str
    tokens: Value = None
    flop_per_param_token: Value = None
    efficiency: Value = sp.S.One
    flop: Value = field(default=None, kw_only=True)

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name:
            raise ValueError(f"name must be a string that is not empty; got {self.name!r}")
        given = [name for name in ("tokens", "flop_per_param_token", "flop") if getattr(self, name) is not None]
        if given not in (["tokens", "flop_per_param_token"], ["flop"]):
            got = " and ".join(given) or "none"
            raise ValueError(f"phase {self.name!r} must have tokens and flop_per_param_token, or flop; got {got}")
        for name in (*given, "efficiency"):
            object.__setattr__(self, name, expression(f"{name} of phase {self.name!r}", getattr(self, name)))
        if self.efficiency.is_zero:
            raise ValueError(f"efficiency of phase {self.name!r} must be above 0; got 0")
        if self.flop is None:
            object.__setattr__(self, "flop", self.flop_per_param_token * s.N * self.tokens)

    @property
    def cost(self) -> sp.Expr:
        """Cost in pre-training-equivalent FLOP: raw FLOP / efficiency."""
        return bare(self.flop / self.efficiency)

    @property
    def fields(self) -> dict[str, sp.Expr]:
        """The expressions that it was made from, by the name of the argument."""
        names = ("flop",) if self.tokens is None else ("tokens", "flop_per_param_token")
        return {name: getattr(self, name) for name in (*names, "efficiency")}

    def __repr__(self):
        return f"Phase(name={self.name!r}, {', '.join(f'{name}={value}' for name, value in self.fields.items())})"

    def _repr_latex_(self):
        return rf"$\displaystyle {self._latex()}$"

    def _latex(self):
        """The cost as LaTeX, its factors in the order of the equation: k N tokens / e."""
        if self.cost.is_zero:
            return "0"
        below, price = self.efficiency.as_numer_denom()
        factors = [self.flop] if self.tokens is None else [self.flop_per_param_token, s.N, self.tokens]
        shown = (s.latex(x) if not x.is_Add else rf"\left({s.latex(x)}\right)" for x in (*factors, price) if x != 1)
        above = re.sub(r" \\, (?=\d)", r" \\cdot ", r" \, ".join(shown)) or "1"
        return above if below == 1 else rf"\frac{{{above}}}{{{s.latex(below)}}}"


def expression(name: str, value: Value, of_law: bool = False) -> sp.Expr:
    """A number or an expression as sympy has it; an error unless it is finite and 0 or more, in symbols of ours.

    In a law, it may be negative, and have the coefficients of the law in it.
    """
    given = value
    try:
        value = None if isinstance(value, str | bytes | np.ndarray | list | tuple) else sp.sympify(value)
    except (TypeError, sp.SympifyError):
        value = None
    if not isinstance(value, sp.Expr):
        hint = "for an array: a symbol, and the array by name later"
        raise ValueError(f"{name} must be one number or a sympy expression ({hint}); got {brief(given)}")
    finite = not value.is_number or (value.is_real and np.isfinite(float(value)))
    if not finite or (value.is_negative and not of_law):
        raise ValueError(f"{name} must be a finite number{'' if of_law else ', 0 or more'}; got {value}")
    for symbol in value.free_symbols:
        known = s.MEANINGS.get(symbol.name)
        if known and known.symbol != symbol:
            raise ValueError(f"{name} has a symbol {symbol} that is not lifetime.symbols.{symbol}: use that one")
        if symbol.name in _RESERVED and not (of_law and symbol.name in COEFFICIENTS):
            raise ValueError(f"{name} has a symbol named {symbol}, which is the name of an argument: choose another")
    return value
