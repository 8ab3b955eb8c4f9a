"""A plan: a model, and what its lifetime costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .budget import Lifetime
from .law import ScalingLaw
from .ledger import Ledger


@dataclass(frozen=True, eq=False)
class Plan:
    """A model and what its lifetime costs: the result of :func:`cheapest` and :func:`best`.

    Attributes
    ----------
    N, D, loss : float or array
        Active parameters, pre-training tokens, loss.
    cost, flop : float or array
        Lifetime total: pre-training-equivalent FLOP, and raw FLOP.
    shares : dict
        Share of the cost by phase name.
    tokens_per_param, overtraining : float or array
        D/N, and D as a multiple of the compute-optimal tokens at the same N.
    saving : float or array
        Fraction of the lifetime cost saved against the compute-optimal ("Chinchilla") model of the same loss.
    status, method : str
        "converged" (anything else is an error), by "closed form" or "numeric" minimisation.
    law, lifetime, assumptions
        What it was computed from.
    """

    law: ScalingLaw
    lifetime: Lifetime
    assumptions: dict
    N: float
    D: float
    loss: float
    method: str
    status: str = "converged"

    @cached_property
    def ledger(self) -> Ledger:
        """The bill of this plan, phase by phase."""
        return Ledger(self.lifetime, {"N": self.N, "D": self.D, **self.assumptions})

    @property
    def cost(self):
        """Lifetime cost, pre-training-equivalent FLOP."""
        return self.ledger.cost

    @property
    def flop(self):
        """Lifetime raw FLOP."""
        return self.ledger.flop

    @property
    def shares(self) -> dict:
        """Share of the lifetime cost by phase name."""
        return self.ledger.shares

    @property
    def tokens_per_param(self):
        """Training tokens per parameter, D/N."""
        return self.D / self.N

    @property
    def overtraining(self):
        """Training tokens as a multiple of the compute-optimal tokens at the same N."""
        return self.law.overtraining(self.N, self.D)

    @cached_property
    def chinchilla(self) -> Plan:
        """The compute-optimal model of the same loss, with the same lifetime to live."""
        N, D = self.law.compute_optimal_at_loss(self.loss)
        return Plan(self.law, self.lifetime, self.assumptions, N, D, self.loss, "closed form")

    @property
    def saving(self):
        """Fraction of the lifetime cost saved against the compute-optimal model of the same loss."""
        return 1 - self.cost / self.chinchilla.cost

    def table(self):
        """The plan beside the compute-optimal model of the same loss, in base units.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        def column(plan):
            rows = {"N": plan.N, "D": plan.D, "tokens per parameter": plan.tokens_per_param}
            rows |= {"over-training": plan.overtraining, "loss": plan.loss, "cost": plan.cost}
            return rows | {f"share of {name}": share for name, share in plan.shares.items()}

        if np.ndim(self.N):
            raise ValueError(f"a table shows one scenario; this plan holds {np.shape(self.N)} of them")
        return pd.DataFrame({"plan": column(self), "compute-optimal": column(self.chinchilla)})

    def __repr__(self):
        if np.ndim(self.N):
            return f"<Plan of {np.shape(self.N)} scenarios, {self.method}, {self.status}>"
        return self._shown().to_string()

    def _repr_html_(self):
        return None if np.ndim(self.N) else self._shown().to_html()

    def _shown(self):
        from ..show.display import plan_table

        return plan_table(self.table())
