"""An expression that is valid only within a memory, and brings that limit along."""

from __future__ import annotations

import sympy as sp


class Limited(sp.Function):
    """A value, as long as what it takes of a memory is there: ``Limited(value, taken, memory)``, both in bytes.

    It is its value wherever sympy or numpy look at it; a plan that depends on it is refused where it does not fit.
    """

    nargs = 3

    @classmethod
    def eval(cls, value, taken, memory):
        """The value itself once the bytes are numbers; an error where there are too many."""
        if not (taken.is_number and memory.is_number):
            return None
        if float(taken) > float(memory) * (1 + 1e-12):
            raise ValueError(
                f"memory must be at least {float(taken):.4g} bytes for what it holds; got {float(memory):.4g}"
            )
        return value

    def fdiff(self, argindex=1):
        """Its slope is that of the value."""
        return sp.S.One if argindex == 1 else sp.S.Zero

    def _eval_is_positive(self):
        return self.args[0].is_positive

    def _eval_is_nonnegative(self):
        return self.args[0].is_nonnegative

    def _eval_is_zero(self):
        return self.args[0].is_zero

    def _numpycode(self, printer):
        return printer._print(self.args[0])

    _latex = _sympystr = _numpycode


def bare(expression: sp.Expr) -> sp.Expr:
    """The expression without its limits."""
    return expression.replace(Limited, lambda value, *_: value) if expression.has(Limited) else expression
