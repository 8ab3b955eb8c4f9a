"""The bill of one lifetime, phase by phase."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from ..arrays import is_symbolic, unusual
from ..types import Table, Value


@dataclass(frozen=True, eq=False)
class Ledger:
    """The bill of one lifetime, phase by phase; arrays where the values are arrays.

    Attributes
    ----------
    cost, flop : float or array
        Totals: pre-training-equivalent FLOP (or the unit that the lifetime is priced in), and raw FLOP.
    tokens, costs, flops, shares, flop_shares : dict
        By phase name; shares are of the total cost, flop_shares of the total raw FLOP.
    """

    lifetime: Any
    values: dict[str, Value]
    failed: tuple[str, ...] | None = None  # of whose NaN the bill is NaN, not an error

    @cached_property
    def tokens(self) -> dict[str, Value]:
        """Tokens by phase name, of the phases that have some."""
        return self.lifetime.evaluate("tokens", self.values, self.failed)

    @cached_property
    def flops(self) -> dict[str, Value]:
        """Raw FLOP by phase name."""
        return self.lifetime.evaluate("flop", self.values, self.failed)

    @cached_property
    def costs(self) -> dict[str, Value]:
        """Pre-training-equivalent FLOP by phase name."""
        return self.lifetime.evaluate("cost", self.values, self.failed)

    @cached_property
    def flop(self) -> Value:
        """Raw FLOP in total."""
        return sum(self.flops.values())

    @cached_property
    def cost(self) -> Value:
        """Pre-training-equivalent FLOP in total."""
        return sum(self.costs.values())

    @property
    def shares(self) -> dict[str, Value]:
        """Share of the total cost by phase name; 0 where the total is 0."""
        return {name: _share(cost, self.cost) for name, cost in self.costs.items()}

    @property
    def flop_shares(self) -> dict[str, Value]:
        """Share of the total raw FLOP by phase name; 0 where the total is 0."""
        return {name: _share(flop, self.flop) for name, flop in self.flops.items()}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is unusual about the values it was computed from, a sentence each."""
        found = (unusual(name, value) for name, value in self.values.items())
        return tuple(sentence for sentence in found if sentence)

    def table(self) -> Table:
        """The ledger as a table with a row a phase and a last row of totals, in base units.

        Returns
        -------
        pandas.DataFrame
            Columns tokens, FLOP, share of FLOP, cost (with its unit, where the lifetime is priced in one), share of
            cost. The last row is called "total", or "total of all" beside a phase of that name.

        Raises
        ------
        ValueError
            Where the ledger holds arrays: a table shows one scenario.
        """
        import pandas as pd

        if np.ndim(self.cost):
            raise ValueError(f"a table shows one scenario; this ledger holds {np.shape(self.cost)} of them")
        total = "total"
        while total in self.costs:
            total += " of all"
        columns = {
            "tokens": self.tokens,
            "FLOP": self.flops | {total: self.flop},
            "share of FLOP": self.flop_shares | {total: _share(self.flop, self.flop)},
            self.lifetime.cost_heading: self.costs | {total: self.cost},
            "share of cost": self.shares | {total: _share(self.cost, self.cost)},
        }
        return pd.DataFrame(columns, index=[*self.costs, total], dtype=float)

    def __repr__(self):
        if np.ndim(self.cost):
            shown = f"<Ledger of {np.shape(self.cost)} scenarios: {', '.join(self.costs)}>"
        else:
            shown = self._shown().to_string()
        return "\n".join([shown, *(f"Warning: {sentence}" for sentence in self.warnings)])

    def _repr_html_(self):
        if np.ndim(self.cost):
            return None
        warnings = (f"<p>Warning: {escape(sentence)}</p>" for sentence in self.warnings)
        return "\n".join([self._shown().to_html(), *warnings])

    def _shown(self):
        from ..show.display import ledger_table

        return ledger_table(self.table())


def _share(part, whole):
    """A part over the whole; 0 of nothing."""
    return part / (whole if is_symbolic(whole) else whole + (whole == 0))
