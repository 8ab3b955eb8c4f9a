"""The bill of one lifetime, phase by phase."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Ledger:
    """The bill of one lifetime, phase by phase; arrays where the values are arrays.

    Attributes
    ----------
    cost, flop : float or array
        Totals: pre-training-equivalent FLOP, and raw FLOP.
    tokens, costs, flops, shares, flop_shares : dict
        By phase name; shares are of the total cost, flop_shares of the total raw FLOP.
    """

    lifetime: object
    values: dict

    def _by_phase(self, quantity):
        names = (p.name for p in self.lifetime.phases)
        return dict(zip(names, self.lifetime.evaluate(quantity, self.values), strict=True))

    @cached_property
    def tokens(self) -> dict:
        """Tokens by phase name."""
        return self._by_phase("tokens")

    @cached_property
    def flops(self) -> dict:
        """Raw FLOP by phase name."""
        return self._by_phase("flop")

    @cached_property
    def costs(self) -> dict:
        """Pre-training-equivalent FLOP by phase name."""
        return self._by_phase("cost")

    @cached_property
    def flop(self):
        """Raw FLOP in total."""
        return sum(self.flops.values())

    @cached_property
    def cost(self):
        """Pre-training-equivalent FLOP in total."""
        return sum(self.costs.values())

    @property
    def shares(self) -> dict:
        """Share of the total cost by phase name."""
        return {name: cost / self.cost for name, cost in self.costs.items()}

    @property
    def flop_shares(self) -> dict:
        """Share of the total raw FLOP by phase name."""
        return {name: flop / self.flop for name, flop in self.flops.items()}

    def table(self):
        """The ledger as a table with a row a phase and a last row of totals, in base units.

        Returns
        -------
        pandas.DataFrame
            Columns tokens, FLOP, share of FLOP, cost, share of cost.

        Raises
        ------
        ValueError
            Where the ledger holds arrays: a table shows one scenario.
        """
        import pandas as pd

        if np.ndim(self.cost):
            raise ValueError(f"a table shows one scenario; this ledger holds {np.shape(self.cost)} of them")
        columns = {
            "tokens": self.tokens,
            "FLOP": self.flops | {"total": self.flop},
            "share of FLOP": self.flop_shares | {"total": 1.0},
            "cost": self.costs | {"total": self.cost},
            "share of cost": self.shares | {"total": 1.0},
        }
        return pd.DataFrame(columns, index=[*self.costs, "total"])

    def __repr__(self):
        if np.ndim(self.cost):
            return f"<Ledger of {np.shape(self.cost)} scenarios: {', '.join(self.costs)}>"
        return self._shown().to_string()

    def _repr_html_(self):
        return None if np.ndim(self.cost) else self._shown().to_html()

    def _shown(self):
        from ..show.display import ledger_table

        return ledger_table(self.table())
