"""Where the compute of a language model's life should go, and how big the model should be.

With N active parameters, D pre-training tokens, and e the utilisation of a phase relative to pre-training, a lifetime
costs

    C = 6·N·D  +  k_RL·N·D_RL / e_RL  +  2·N·D_inf / e_inf          2 ≤ k_RL ≤ 6

in pre-training-equivalent FLOP. ``lifetime.cheapest`` finds the N and D that reach a loss at least cost,
``lifetime.best`` the lowest loss for a budget. Everything is in base units: FLOP, tokens, parameters.
"""

from . import symbols
from .budget import LIFETIME, Ledger, Lifetime, Phase
from .fitting import Fit, fit, read_runs
from .hardware import Accelerator, Roofline
from .optimum import Plan, best, cheapest, revealed_demand, served_tokens
from .presets import accelerators, architectures, laws, models, traffic
from .scaling import ScalingLaw
from .transformer import Architecture
from .uncertainty import OneOf, lognormal, loguniform, quantiles, sample, sobol, tornado, triangular

__all__ = [
    "LIFETIME",
    "Accelerator",
    "Architecture",
    "Fit",
    "Ledger",
    "Lifetime",
    "OneOf",
    "Phase",
    "Plan",
    "Roofline",
    "ScalingLaw",
    "accelerators",
    "architectures",
    "best",
    "cheapest",
    "fit",
    "laws",
    "lognormal",
    "loguniform",
    "models",
    "quantiles",
    "read_runs",
    "revealed_demand",
    "sample",
    "served_tokens",
    "sobol",
    "symbols",
    "tornado",
    "traffic",
    "triangular",
]
