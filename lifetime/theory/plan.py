"""A plan: a model, and what its lifetime costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape

import numpy as np

from ..arrays import aligned, elementwise, is_lazy
from ..types import Table, Value
from . import formulas
from .budget import Lifetime
from .composite import Law
from .failures import holds_draws
from .law import ScalingLaw
from .ledger import Ledger
from .suspicions import about, by_scenario


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
    chosen : dict
        The best values of what was chosen beside N and D, by name.
    warnings : tuple of str
        What is suspicious: values that look scaled, a plan beyond the runs of its law, a law used against its note.
    status, method : str
        "converged" (anything else is an error), by the "closed form", "numeric" (along the curve of equal loss) or
        "stationary" (by the conditions of Lagrange).
    law, lifetime, assumptions, given
        What it was computed from; ``given`` is what the law depends on beside N and D.
    planner, goal
        The function that it is the result of, and the loss or the cost that it was asked for.

    Notes
    -----
    Draws of an uncertain law that cannot be planned are NaN here, and in a warning with the reason: they keep their
    place, so that two plans of the same draws can be compared draw by draw. ``lifetime.quantiles`` leaves them out;
    :attr:`planned` says which are left.

    A plan of arrays has a length, and ``plan[i]`` is the plan of one of its scenarios; :meth:`to_frame` has a row for
    each.
    """

    law: ScalingLaw | Law
    lifetime: Lifetime
    assumptions: dict[str, Value]
    N: Value
    D: Value
    loss: Value
    method: str
    status: str = "converged"
    chosen: Mapping[str, Value] = field(default_factory=dict)
    given: Mapping[str, Value] = field(default_factory=dict)
    compare: Callable[[], Plan] | None = field(default=None, repr=False)
    planner: Callable[..., Plan] | None = field(default=None, repr=False)
    goal: Mapping[str, Value] = field(default_factory=dict, repr=False)

    @cached_property
    def ledger(self) -> Ledger:
        """The bill of this plan, phase by phase."""
        return Ledger(self.lifetime, {"N": self.N, "D": self.D, **self.assumptions}, self.failed)

    @property
    def cost(self) -> Value:
        """Lifetime cost, pre-training-equivalent FLOP."""
        return self.ledger.cost

    @property
    def flop(self) -> Value:
        """Lifetime raw FLOP."""
        return self.ledger.flop

    @property
    def shares(self) -> dict[str, Value]:
        """Share of the lifetime cost by phase name."""
        return self.ledger.shares

    @property
    def tokens_per_param(self) -> Value:
        """Training tokens per parameter, D/N."""
        return self.D / self.N

    @property
    def overtraining(self) -> Value:
        """Training tokens as a multiple of the compute-optimal tokens at the same N."""
        if not self.of_draws or isinstance(self.law, Law):
            return self.law.overtraining(self.N, self.D)
        inputs = {"N": self.N, "D": self.D, **self.law.coefficients}
        return elementwise(formulas.overtraining, ("over-training",), self.failed, **inputs)

    @property
    def planned(self) -> Value:
        """Whether each scenario could be planned; where not, for a draw of the law that cannot be, all is NaN."""
        return self.N == self.N

    @property
    def of_draws(self) -> bool:
        """Whether the law is one of draws, of which some may have failed."""
        return holds_draws(self.law) or (isinstance(self.N, float) and np.isnan(self.N))

    @property
    def failed(self) -> tuple[str, ...] | None:
        """What is NaN of a draw that failed."""
        return ("N", "D", "loss", *self.chosen) if self.of_draws else None

    @cached_property
    def chinchilla(self) -> Plan:
        """The compute-optimal model of the same loss, with the same lifetime to live."""
        if self.compare is not None:
            return replace(self.compare(), lifetime=self.lifetime, assumptions=self.assumptions)
        inputs = {**self.law.coefficients, "loss": self.loss}
        N, D = elementwise(formulas.compute_optimal_at_loss, ("N", "D"), self.failed, **inputs)
        return Plan(self.law, self.lifetime, self.assumptions, N, D, self.loss, "closed form")

    @property
    def saving(self) -> Value:
        """Fraction of the lifetime cost saved against the compute-optimal model of the same loss."""
        return 1 - self.cost / self.chinchilla.cost

    def table(self) -> Table:
        """The plan beside the compute-optimal model of the same loss, in base units.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        def column(plan):
            rows = {"N": plan.N, "D": plan.D, "tokens per parameter": plan.tokens_per_param}
            rows |= {"over-training": plan.overtraining} if isinstance(self.law, ScalingLaw) else {}
            rows |= dict(self.chosen) | {"loss": plan.loss, self.lifetime.cost_heading: plan.cost}
            return rows | {f"share of {name}": share for name, share in plan.shares.items()}

        if np.ndim(self.N):
            raise ValueError(f"a table shows one scenario; this plan holds {np.shape(self.N)} of them")
        return pd.DataFrame({"plan": column(self), "compute-optimal": column(self.chinchilla)})

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is suspicious about the plan, a sentence each; of a lazy plan, this computes it."""
        return about(self)

    @cached_property
    def _columns(self) -> dict:
        """What a scenario has, by name: what was given, the model, what it costs."""
        inputs = {f"law {name}": v for name, v in self.base.coefficients.items() if np.ndim(v)}
        inputs |= {**self.assumptions, **self.given}
        found = {"N": self.N, "D": self.D, "tokens per parameter": self.tokens_per_param, "loss": self.loss}
        found |= {self.lifetime.cost_heading: self.cost, "saving": self.saving}
        return inputs | found | {f"share of {name}": share for name, share in self.shares.items()}

    def to_frame(self) -> Table:
        """A table with a row a scenario: what was given, N, D, loss, cost, saving, shares, and the warnings about it.

        Returns
        -------
        pandas.DataFrame
            In base units. Scenarios of several dimensions are in the order of ``numpy.ravel``.

        Examples
        --------
        >>> import lifetime as lt
        >>> plan = lt.cheapest("Besiroglu2024", loss=2.0, D_RL=0, D_inf=[1e12, 1e13], e_inf=1)
        >>> plan.to_frame()[["D_inf", "N"]].map("{:.3g}".format)
           D_inf         N
        0  1e+12  3.43e+10
        1  1e+13     2e+10
        """
        import pandas as pd

        columns = dict(zip(self._columns, aligned(*self._columns.values()), strict=True))
        warnings = np.broadcast_to(by_scenario(self), next(iter(columns.values())).shape)
        return pd.DataFrame({name: np.ravel(value) for name, value in (columns | {"warnings": warnings}).items()})

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of the scenarios: () for one."""
        return aligned(*self._inputs.values())[0].shape

    @property
    def _inputs(self) -> dict:
        """All that may be an array: the model, the law, what was given."""
        given = {**self.assumptions, **self.given}
        return {"N": self.N, "D": self.D, "loss": self.loss, **self.base.coefficients, **given}

    @property
    def base(self) -> ScalingLaw:
        """The law, or the one that it is made from."""
        return self.law if isinstance(self.law, ScalingLaw) else self.law.base

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a plan of one scenario has no length")
        return self.shape[0]

    def __bool__(self):
        return True

    def __getitem__(self, index: Value) -> Plan:
        """The plan of some of the scenarios, by index or slice of their array."""
        if not self.shape:
            raise IndexError("a plan of one scenario has no parts; its values are plan.N, plan.D, ...")

        def parts(values):
            found = {name: aligned(self.N, *self._inputs.values(), v)[-1][index] for name, v in values.items()}
            return {name: float(value) if np.ndim(value) == 0 else value for name, value in found.items()}

        base = self.base
        if any(np.ndim(value) for value in base.coefficients.values()):
            base = replace(base, **parts(base.coefficients), covariance=None, draws=None)
        law = base if isinstance(self.law, ScalingLaw) else Law(base, self.law.expression, positive=self.law.positive)
        some = parts({name: getattr(self, name) for name in ("N", "D", "loss")})
        some |= {name: parts(getattr(self, name)) for name in ("assumptions", "chosen", "given", "goal")}
        compare = None
        if self.compare is not None:
            compare = lambda: replace(self.chinchilla, law=law)[index]
        return replace(self, law=law, compare=compare, **some)

    def __iter__(self) -> Iterator[Plan]:
        return (self[i] for i in range(len(self)))

    def __repr__(self):
        if any(is_lazy(value) for value in (self.N, self.D)):
            return f"<Plan of {np.shape(self.N)} scenarios, not computed yet, {self.method}>"
        one = not np.ndim(self.N) and self.planned
        shown = (
            self._shown().to_string()
            if one
            else f"<Plan of {np.shape(self.N)} scenarios, {self.method}, {self.status}>"
        )
        return "\n".join([shown, *(f"Warning: {sentence}" for sentence in self.warnings)])

    def _repr_html_(self):
        if np.ndim(self.N) or not self.planned:
            return None
        return "\n".join([self._shown().to_html(), *(f"<p>Warning: {escape(text)}</p>" for text in self.warnings)])

    def _shown(self):
        from ..show.display import plan_table

        return plan_table(self.table())
