"""A lifetime is a tuple of phases: its cost, its ledger, and what must be given to compute them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import sympy as sp

from .. import symbols as s
from ..arrays import brief, check, closest, elementwise, is_symbolic, require
from ..types import Value
from .ledger import Ledger
from .phase import Phase, expression


@dataclass(frozen=True)
class Lifetime:
    r"""The phases of a model's life.

    .. math:: C = \sum_i k_i\, N\, \text{tokens}_i / e_i

    Parameters
    ----------
    phases : iterable of Phase
        With different names.
    unit : str, optional
        Of the cost, for headings, where it is not pre-training-equivalent FLOP: see :meth:`priced`.

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

    phases: Sequence[Phase]
    unit: str = ""

    def __post_init__(self):
        phases = tuple(self.phases) if isinstance(self.phases, Iterable) else (self.phases,)
        if not phases or not all(isinstance(p, Phase) for p in phases):
            raise ValueError(f"phases must be one or more lifetime.Phase; got {phases!r}")
        names = [p.name for p in phases]
        if len(set(names)) < len(names):
            raise ValueError(f"phases must have different names; got {', '.join(names)}")
        if not isinstance(self.unit, str):
            raise ValueError(f"unit must be a string such as 'USD'; got {self.unit!r}")
        object.__setattr__(self, "phases", phases)

    def __add__(self, phase: Phase) -> Lifetime:
        """The same lifetime with one more phase."""
        if not isinstance(phase, Phase):
            raise ValueError(
                f"only a phase can be added to a lifetime, such as lifetime.Phase('distillation', tokens=2e12, "
                f"flop_per_param_token=6) or lifetime.Phase('trials', flop=1e23); got {brief(phase)} "
                f"({type(phase).__name__})"
            )
        return Lifetime((*self.phases, phase), self.unit)

    def replace(self, name: str, *phases: Phase) -> Lifetime:
        """The same lifetime with the phase of that name replaced by others, or by none."""
        _known(name, [p.name for p in self.phases], "phase")
        kept = ([p] if p.name != name else phases for p in self.phases)
        return Lifetime(tuple(p for some in kept for p in some), self.unit)

    def given(self, /, **values: Value) -> Lifetime:
        """The same lifetime with symbols replaced by numbers or expressions.

        Examples
        --------
        RL tokens as two thirds of the pre-training tokens:

        >>> from lifetime.symbols import D
        >>> LIFETIME.given(D_RL=D * 2 / 3, k_RL=3, e_RL=1).replace("inference").cost
        8*D*N
        """
        known = {x.name: x for p in self.phases for value in p.fields.values() for x in value.free_symbols - {s.N}}
        for name in values:
            _known(name, sorted(known), "symbol")
        new = {known[name]: expression(name, value) for name, value in values.items()}
        for symbol, value in new.items():
            if value.is_number:
                check(symbol.name, float(value))

        def replaced(phase):
            return Phase(phase.name, **{name: x.subs(new, simultaneous=True) for name, x in phase.fields.items()})

        return Lifetime(tuple(replaced(phase) for phase in self.phases), self.unit)

    def needed(self, given: Mapping) -> tuple[str, ...]:
        """Names of the assumptions that must be given, where some may be given as 0.

        A symbol that only phases of no cost depend on does not matter, and need not be given.

        Examples
        --------
        >>> LIFETIME.needed({"D_RL": 0, "e_inf": 1})
        ('D_RL', 'D_inf', 'e_inf')
        """
        return _needed(self, tuple(name for name in self.assumptions if name in given and _is_zero(given[name])))

    def checked(self, given: Mapping, also: tuple[str, ...] = (), chosen: tuple[str, ...] = ()) -> dict:
        """The assumptions given, in order; a ``ValueError`` for an unknown one, or where one that is needed is missing.

        ``also`` are names that must be given, too, and ``chosen`` are not to be given.
        """
        valid = [name for name in dict.fromkeys((*also, *self.assumptions)) if name not in chosen]
        complete = all(name in given for name in valid)
        needed = () if complete else {*also, *self.needed(given)}
        return check_names(given, valid, needed=[name for name in valid if name in needed])

    def settled(self, given: Mapping, chosen: tuple[str, ...] = ()) -> Lifetime:
        """The same lifetime without the assumptions that are neither given nor needed: it depends on no others."""
        missing = [name for name in self.assumptions if name not in given and name not in chosen]
        needed = self.needed(given) if missing else ()
        return _settled(self, tuple(name for name in missing if name not in needed)) if missing else self

    def priced(self, prices: Value, unit: str = "") -> Lifetime:
        r"""The same lifetime with the cost of each phase in another unit, such as dollars or joules.

        .. math:: C = \sum_i p_i\, \text{FLOP}_i / e_i

        Parameters
        ----------
        prices : number, sympy expression, or dict of str to one
            For all phases, or for each by its name: the price of a FLOP at an efficiency of 1 (dollars per
            accelerator-second over FLOP per second, say).
        unit : str, optional
            Of the prices, for headings: "USD".

        Raises
        ------
        ValueError
            For an unknown or missing phase, and a price that is not positive and finite.

        Examples
        --------
        Accelerators of 1e15 FLOP/s at $2 an hour, all used at 40 %:

        >>> dollars = 2 / 3600 / 1e15 / 0.4
        >>> bill = LIFETIME.priced(dollars, unit="USD")
        >>> print(f"${bill.ledger(N=70e9, D=1.4e12, D_RL=0, D_inf=0, k_RL=3, e_RL=1, e_inf=1).cost:,.0f}")
        $816,667

        References
        ----------
        Sardana et al. (2024), arXiv 2401.00448, section 3.
        """
        names = tuple(p.name for p in self.phases)
        prices = check_names(prices if isinstance(prices, Mapping) else dict.fromkeys(names, prices), names, "phase")
        phases = []
        for phase in self.phases:
            price = expression(f"price of phase {phase.name!r}", prices[phase.name])
            if price.is_zero:
                raise ValueError(f"price of phase {phase.name!r} must be above 0; got 0")
            phases.append(Phase(phase.name, **phase.fields | {"efficiency": phase.efficiency / price}))
        return Lifetime(tuple(phases), unit)

    @property
    def cost_heading(self) -> str:
        """How a cost is headed: "cost", with the unit where there is one."""
        return f"cost ({self.unit})" if self.unit else "cost"

    def _repr_latex_(self):
        return rf"$\displaystyle C = {' + '.join(phase._latex() for phase in self.phases)}$"

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
            for value in phase.fields.values():
                found |= dict.fromkeys(sorted(symbol.name for symbol in value.free_symbols))
        return tuple(name for name in found if name not in ("N", "D"))

    @cached_property
    def per_param(self) -> tuple[sp.Expr, sp.Expr] | None:
        """(κ, W) where the cost is N·(κ·D + W) with neither depending on N or D; None for any other cost."""
        per_param = sp.expand(self.cost / s.N)
        if s.N in per_param.free_symbols or not per_param.is_polynomial(s.D) or sp.degree(per_param, s.D) != 1:
            return None
        return per_param.coeff(s.D, 1), per_param.coeff(s.D, 0)

    def ledger(self, /, **values: Value) -> Ledger:
        """What each phase costs at the given values: see :class:`Ledger`.

        Parameters
        ----------
        **values : number or array
            N, D and every one of :attr:`assumptions` that matters (with D_RL=0 neither k_RL nor e_RL does), in base
            units; they broadcast.

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
        ledger = Ledger(self, self.checked(values, also=("N", "D")))
        _ = ledger.costs  # so that a bad value is an error here, not at the first look
        return ledger

    def evaluate(self, quantity: str, values: dict, failed: tuple[str, ...] | None = None) -> dict:
        """One number (or array) a phase by name: its ``"tokens"`` (where it has some), ``"flop"`` or ``"cost"``.

        ``failed`` is that of ``lifetime.arrays.elementwise``.
        """
        found = {p.name: getattr(p, quantity) for p in self.settled(values).phases}
        found = {name: value for name, value in found.items() if value is not None}
        names, outputs = tuple(values), tuple(f"{quantity} of phase {name!r}" for name in found)
        function = compiled(tuple(found.values()), names)

        def formula(**inputs):
            results = function(*(inputs[name] for name in names))
            for output, result in zip(outputs, results, strict=True):
                if not is_symbolic(result):
                    require(~np.less(result, 0), output, result, "0 or more")
            return results

        results = elementwise(formula, outputs, failed, **values) if found else ()
        return dict(zip(found, results if len(found) > 1 else (results,)))


def _known(name, valid, what):
    if name not in valid:
        raise ValueError(f"unknown {what} {name!r}; {closest(name, valid)}")


def check_names(given: Mapping, valid: Sequence[str], what: str = "assumption", needed=None) -> dict:
    """The values given, in the order of the valid names; an error for any other name, and for a needed one missing.

    All are needed unless said otherwise.
    """
    needed = valid if needed is None else needed
    for name in given:
        _known(name, valid, what)
    missing = [name for name in needed if name not in given]
    if missing:
        raise ValueError(f"missing {what}: {', '.join(missing)}; needed: {', '.join(needed)}")
    return {name: given[name] for name in valid if name in given}


@lru_cache(maxsize=256)
def _needed(lifetime: Lifetime, zeros: tuple[str, ...]) -> tuple[str, ...]:
    left = lifetime.given(**dict.fromkeys(zeros, 0))
    values = (x for p in left.phases for x in (p.cost, p.flop, p.tokens) if x is not None)
    matter = {symbol.name for x in values for symbol in x.free_symbols}
    return tuple(name for name in lifetime.assumptions if name in matter or name in zeros)


@lru_cache(maxsize=256)
def _settled(lifetime: Lifetime, idle: tuple[str, ...]) -> Lifetime:
    return lifetime.given(**dict.fromkeys(idle, 1))


def _is_zero(value) -> bool:
    """Whether a value is the number 0 itself, and not an array."""
    return isinstance(value, int | float | np.number | sp.Number) and value == 0


@lru_cache(maxsize=256)
def compiled(expressions: tuple[sp.Expr, ...], names: tuple[str, ...]):
    """A numpy function of the named values that returns the expressions as a tuple."""
    known = {symbol.name: symbol for value in expressions for symbol in value.free_symbols}
    return sp.lambdify([known.get(name, sp.Dummy()) for name in names], expressions, modules="numpy", cse=True)


LIFETIME = Lifetime(
    (
        Phase("pre-training", s.D, s.TRAINING_FLOP),
        Phase("reinforcement learning", s.D_RL, s.k_RL, s.e_RL),
        Phase("inference", s.D_inf, s.FORWARD_FLOP, s.e_inf),
    )
)
"""The lifetime of the lecture: C = 6·N·D + k_RL·N·D_RL/e_RL + 2·N·D_inf/e_inf, where k_RL is usually 2 to 6."""


def as_lifetime(lifetime) -> Lifetime:
    """A lifetime as it is; an expression for the cost as a lifetime of one phase."""
    if isinstance(lifetime, Lifetime):
        return lifetime
    if isinstance(lifetime, sp.Expr):
        return Lifetime(Phase("lifetime", flop=lifetime))
    raise ValueError(f"lifetime must be a lifetime.Lifetime or a sympy expression for the cost; got {lifetime!r}")


def linear_cost(lifetime: Lifetime) -> tuple[sp.Expr, sp.Expr]:
    """(κ, W) of a cost N·(κ·D + W); an error for any other cost."""
    if lifetime.per_param is None:
        raise ValueError(f"lifetime must have a cost of the form N·(κ·D + W); got {lifetime.cost}")
    return lifetime.per_param
