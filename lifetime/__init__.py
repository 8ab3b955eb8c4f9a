"""Where the compute of a language model's life should go, and how big the model should be.

With N active parameters, D pre-training tokens, and e the utilisation of a phase relative to pre-training, a lifetime
costs

    C = 6·N·D  +  k_RL·N·D_RL / e_RL  +  2·N·D_inf / e_inf          2 ≤ k_RL ≤ 6

in pre-training-equivalent FLOP. ``lifetime.cheapest`` finds the N and D that reach a loss at least cost,
``lifetime.best`` the lowest loss for a budget. Everything is in base units: FLOP, tokens, parameters.
"""

from typing import TYPE_CHECKING

from . import symbols
from .evidence import machines
from .evidence.distributions import lognormal, loguniform, triangular
from .evidence.fitting import Fit, fit
from .evidence.one_of import OneOf
from .evidence.repeats import best_of
from .evidence.runs import read_runs
from .evidence.sampling import sample
from .evidence.sensitivity import sobol, tornado
from .machine.accelerator import Accelerator
from .machine.architecture import Architecture
from .machine.deployment import Deployment
from .machine.roofline import Roofline
from .machine.span import Span
from .presets import (
    accelerators,
    allocations,
    architectures,
    laws,
    models,
    prices,
    throughput,
    traffic,
    training_throughput,
    windows,
)
from .summary import quantiles
from .theory.allocation import Allocation
from .theory.budget import LIFETIME, Lifetime, Phase
from .theory.composite import Law
from .theory.law import ScalingLaw
from .theory.ledger import Ledger
from .theory.optimum import best, cheapest
from .theory.plan import Plan
from .theory.regret import LeastRegret, least_regret, regret
from .theory.revealed import revealed_demand, served_tokens

__all__ = [
    "LIFETIME",
    "Accelerator",
    "Allocation",
    "Architecture",
    "Deployment",
    "Fit",
    "Law",
    "LeastRegret",
    "Ledger",
    "Lifetime",
    "OneOf",
    "Phase",
    "Plan",
    "Roofline",
    "ScalingLaw",
    "Span",
    "accelerators",
    "allocations",
    "architectures",
    "best",
    "best_of",
    "cheapest",
    "fit",
    "laws",
    "least_regret",
    "lognormal",
    "loguniform",
    "machines",
    "models",
    "prices",
    "quantiles",
    "read_runs",
    "regret",
    "revealed_demand",
    "sample",
    "served_tokens",
    "sobol",
    "symbols",
    "throughput",
    "tornado",
    "traffic",
    "training_throughput",
    "triangular",
    "windows",
]


_LATE = {"claims": "evidence.claims", "huber": "evidence.huber", "display": "show.display", "plotting": "show.plotting"}


if TYPE_CHECKING:
    from .evidence import claims as claims
    from .evidence import huber as huber
    from .show import display as display
    from .show import plotting as plotting
else:

    def __getattr__(name):
        """Modules that cost time to import, or that are seldom needed: imported when asked for."""
        from importlib import import_module

        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{_LATE[name]}", __name__)
