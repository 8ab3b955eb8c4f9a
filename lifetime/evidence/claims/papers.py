"""Our value for every published number in ``data/claims.csv``, by key: a published calculation, done again.

The numbers of a scenario are here, and what was published is in the file. A formula that only a check needs is a short
function here, with its source.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import sympy as sp

from ... import symbols as s
from ...presets import accelerators, laws, models
from ...theory.budget import Lifetime, Phase
from ...theory.optimum import cheapest

_PLAIN = {"D_RL": 0, "k_RL": 3, "e_RL": 1, "e_inf": 1}


def _exponent(law):
    return law.beta / (law.alpha + law.beta)


def chinchilla():
    """Hoffmann et al. and the refit of Besiroglu et al."""
    exact, rounded, refit, sardana = (
        laws[name] for name in ("Hoffmann2022", "Hoffmann2022Rounded", "Besiroglu2024", "Sardana2024")
    )
    gopher = 5.76e23
    flop = lambda N, D: s.TRAINING_FLOP * N * D
    logs = np.array([6.17795598, 7.64273236, 0.59711196, 0.34781303, 0.36585412])  # of the refit, unrounded
    first = np.array([6.0073404, 6.0179186, 0.5267228, 0.33917084, 0.2849083])  # of the original
    slope = np.array([0, 0, 0, -_exponent(refit), 1 - _exponent(refit)]) / (refit.alpha + refit.beta)
    per_param = lambda law, flop: np.divide(*law.compute_optimal(flop)[::-1])
    return {
        "hoffmann_exponent": _exponent(exact),
        "hoffmann_size": exact.compute_optimal(gopher)[0],
        "hoffmann_size_rounded": rounded.compute_optimal(gopher)[0],
        "hoffmann_approach_1": refit.compute_optimal(gopher)[0],
        "chinchilla_flop": flop(70e9, 1.4e12),
        "a3_67B": flop(67e9, 4.1e12),
        "a3_175B": flop(175e9, 12.0e12),
        "a3_280B": flop(280e9, 20.1e12),
        **{
            f"a3_10T_{name}": flop(10e12, law.compute_optimal_tokens(10e12))
            for name, law in (("exact", exact), ("sardana", sardana))
        },
        "twenty_refit": per_param(refit, gopher),
        "twenty_exact": per_param(exact, gopher),
        "twenty_rounded": per_param(rounded, gopher),
        "besiroglu_exponent": _exponent(refit),
        "besiroglu_se_exponent": np.sqrt(slope @ refit.covariance @ slope),
        "besiroglu_chi2": (logs - first) @ np.linalg.solve(refit.covariance, logs - first),
        "besiroglu_seventy": per_param(exact, flop(70e9, 1.4e12)),
        "besiroglu_rounding": 100 * (1e11 ** (exact.beta - rounded.beta) - 1),
    }


def smaller_models():
    """De Vries: what a model smaller than the compute-optimal one costs, and how far real ones went."""
    law, flop = laws.Sardana2024, 1e23
    N, D = law.compute_optimal(flop)
    tokens = lambda k_N: law.tokens_for(law.loss(N, D), k_N * N) / D  # the same at every flop, and for every E
    no_E = replace(law, E=0, covariance=None)
    values = {f"overhead_{k_N}": 100 * (k_N / 100 * tokens(k_N / 100) - 1) for k_N in (75, 60, 50, 40, 30, 25)}
    for name, size, corpus in (("llama", 6.9e9, 1e12), ("santacoder", 1.1e9, 236e9)):
        best, enough = law.compute_optimal_at_loss(law.loss(size, corpus))
        values |= {f"{name}_k_N": size / best, f"{name}_overhead": 100 * (size * corpus / (best * enough) - 1)}
    llama = law.compute_optimal(s.TRAINING_FLOP * 6.9e9 * 1e12)
    return values | {
        "devries_k_D": no_E.tokens_for(no_E.loss(N, D), 0.5 * N) / D,
        "devries_alpha": laws.Hoffmann2022Rounded.alpha,
        "devries_N": N,
        "devries_D": D,
        "devries_D_half": D * tokens(0.5),
        "devries_D_30": D * tokens(0.3),
        "llama_best_N": llama[0],
        "llama_best_D": llama[1],
    }


def _of_quality(law, N):
    return law.loss(N, law.compute_optimal_tokens(N))


def priced(requests, tokens_in, tokens_out, price, mfu_in, mfu_out, mfu_training=0.5, peak=2) -> Lifetime:
    """Training, prefill and decode, with ``price`` and ``peak`` of an accelerator of inference relative to training.

    References
    ----------
    Sardana et al. (2024), arXiv 2401.00448, section 6 (the objective in money).
    """
    efficiency = lambda mfu: mfu / mfu_training * peak / price
    return Lifetime(
        [
            Phase("pre-training", s.D, s.TRAINING_FLOP),
            Phase("prefill", requests * tokens_in, s.FORWARD_FLOP, efficiency(mfu_in)),
            Phase("decode", requests * tokens_out, s.FORWARD_FLOP, efficiency(mfu_out)),
        ]
    )


def serving():
    """Sardana et al.: worked examples in FLOP and in money, their calculator, and their refit."""
    law, rounded, refit = laws.Sardana2024, laws.Hoffmann2022Rounded, laws.Sardana2024Refit
    served = lambda N, D_inf, law=law: cheapest(law, loss=_of_quality(law, N), D_inf=D_inf, **_PLAIN)
    small, middle, large, largest = (served(*case) for case in ((7e9, 1e11), (13e9, 2e12), (30e9, 1e13), (70e9, 1e13)))
    short = served(70e9, 2e12)
    values = {
        "sardana_7B_N": small.N,
        "sardana_7B_multiple": small.D / small.chinchilla.D,
        "sardana_13B_N": middle.N,
        "sardana_13B_multiple": middle.D / middle.chinchilla.D,
        "sardana_13B_saving": 100 * middle.saving,
        "sardana_13B_flop": middle.chinchilla.cost - middle.cost,
        "sardana_30B_N": large.N,
        "sardana_30B_multiple": large.D / large.chinchilla.D,
        "sardana_30B_saving": 100 * large.saving,
        "sardana_30B_N_rounded": served(30e9, 1e13, rounded).N,
        "sardana_70B_N": largest.N,
        "sardana_70B_D": largest.D,
        "sardana_70B_saving": 100 * largest.saving,
        "sardana_70B_chinchilla": largest.chinchilla.D,
        "sardana_short_excess": 100 * (short.chinchilla.cost / short.cost - 1),
    }
    tool = cheapest(law, loss=1.947, D_inf=2e12, **_PLAIN)
    money = cheapest(law, loss=1.947, lifetime=priced(1e10, 1000, 250, price=0.60 / 1.40, mfu_in=0.4, mfu_out=0.2))
    for name, plan in (("tool", tool), ("money", money)):
        values |= {
            f"{name}_N": plan.N,
            f"{name}_D": plan.D,
            f"{name}_N_percent": 100 * plan.N / plan.chinchilla.N,
            f"{name}_D_percent": 100 * plan.D / plan.chinchilla.D,
            f"{name}_cost_percent": 100 * plan.cost / plan.chinchilla.cost,
        }
    tokens = law.compute_optimal_tokens(30e9)
    flop = s.TRAINING_FLOP * 30e9 * tokens
    values |= {
        "tool_N0": tool.chinchilla.N,
        "tool_D0": tool.chinchilla.D,
        "tool_loss": law.loss(70e9, 1e12),
        "tool_loss_30B": law.loss(30e9, tokens),
        "tool_D_30B": tokens,
        "tool_flop_30B": flop,
        "tool_dollars_30B": flop * 1.50 / _per_hour(accelerators.H100_SXM),
        "tool_dollars_30B_default": flop * 2.00 / _per_hour(accelerators.H100_SXM),
    }
    return values | dollar_rows(price=1.10) | {f"refit_{name}": value for name, value in refit.coefficients.items()}


def _per_hour(accelerator):
    return 0.5 * accelerator.bf16 * 3600


def dollar_rows(price, price_training=1.50) -> dict:
    """Sardana et al. in money: A100-80GB train in BF16, A100-40GB serve in INT8, at so many dollars an hour."""
    law = laws.Sardana2024

    def plan(N, requests):
        lifetime = priced(requests, 70, 215, price / price_training, mfu_in=0.5, mfu_out=0.01)
        return cheapest(law, loss=_of_quality(law, N), lifetime=lifetime)

    dollars = price_training / _per_hour(accelerators.A100_80GB)
    small, large, most, plain = plan(30e9, 1.5e9), plan(70e9, 35.1e9), plan(30e9, 17.5e9), plan(70e9, 7.02e9)
    return {
        "dollars_30B_N": small.N,
        "dollars_30B_D": small.D,
        "dollars_30B_saving": 100 * small.saving,
        "dollars_70B_N": large.N,
        "dollars_70B_D": large.D,
        "dollars_70B_saving": 100 * large.saving,
        "dollars_large_saving": 100 * most.saving,
        "dollars_large_cost": most.chinchilla.cost * dollars,
        "dollars_large_least": most.cost * dollars,
        "dollars_plain_excess": 100 * (plain.chinchilla.cost / plain.cost - 1),
    }


def effective(used, unique, half_life):
    """Fresh units worth as much as ``used`` ones, of which ``unique`` are distinct (arXiv 2305.16264, section 3)."""
    repeats = np.maximum(used / unique - 1, 0)
    return np.minimum(used, unique) + unique * half_life * (1 - np.exp(-repeats / half_life))


def data_constrained_size(law, flop, unique, half_life_D=15.387756, half_life_N=5.309743):
    """Parameters of least loss where only so many tokens are distinct (arXiv 2305.16264, section 3)."""
    enough = (law.alpha * law.A / (law.beta * law.B) * unique**law.beta) ** (1 / law.alpha)  # optimal for these tokens

    def loss(log_N):
        N, D = np.exp(log_N), flop / (s.TRAINING_FLOP * np.exp(log_N))
        return law.loss(effective(N, enough, half_life_N), effective(D, unique, half_life_D))

    from scipy import optimize

    centre = np.log(law.compute_optimal(flop)[0])
    return np.exp(optimize.minimize_scalar(loss, bounds=(centre - 2, centre + 1), options={"xatol": 1e-9}).x)


def mixture_of_experts(experts):
    """A, alpha, B and beta of the joint law at a number of experts (arXiv 2502.05172, Eq. 6 and 7)."""
    start, most = 2.0732, 290.4521
    effective = np.log(1 / (1 / (experts - 1 + 1 / (1 / start - 1 / most)) + 1 / most))
    A, B = 35.91 * np.exp(-0.2285 * effective), 35.98 * np.exp(0.5529 * effective)
    return A, 0.1889 - 0.0098 * effective, B, 0.1775 + 0.0259 * effective


def other_laws():
    """Repeated data, downstream error, mixtures of experts, and allocations by other laws."""
    law, unique = laws.Muennighoff2023, 25e9
    flop = 9.3e21
    size = data_constrained_size(law, flop, unique)
    values = {
        "muennighoff_four": effective(4, 1, 15.387756),
        "muennighoff_ceiling": effective(1e9, 1, 15.387756),
        "muennighoff_size": 100 * (1 - size / law.compute_optimal(flop)[0]),
    }
    gadre, sizes = laws.Gadre2024RedPajama, np.array([1_439_795_200, 6_889_410_560])
    losses, measured = gadre.loss(sizes, np.array([921_468_928_000, 137_788_211_200])), np.array([2.50205, 2.42499])
    small, large = 100 * (losses / measured - 1)
    values |= {"gadre_small": small, "gadre_large": large, "gadre_loss_small": losses[0], "gadre_loss_large": losses[1]}
    values["gadre_downstream"] = 0.8570 - 2.2065 * np.exp(-0.7146 * losses[1])
    for experts in (1, 8, 32):
        names = (f"moe_{name}_{experts}" for name in ("A", "alpha", "B", "beta"))
        values |= dict(zip(names, mixture_of_experts(experts), strict=True))
    gopher, llama3 = 5.76e23, 3.8e25
    per_token, tokens = 0.1715 * gopher**0.5243, 5.8316 * gopher**0.4757
    R, M, x = sp.symbols("R M x", positive=True)  # D_inf / D, size over size, tokens of the smaller model
    cost = lambda N, D_inf: N * (s.TRAINING_FLOP + s.FORWARD_FLOP * D_inf)  # per pre-training token
    (match,) = sp.solve(cost(1, R * x) - cost(M, R), x)
    return values | {
        "deepseek_product": per_token * tokens,
        "llama3_printed": 0.29 * llama3**0.53,
        "llama3_legend": 0.299 * llama3**0.537,
        "llama3_size": llama3 / (s.TRAINING_FLOP * 16.55e12),
        **{f"snell_{i}": match.subs({M: 14, R: ratio}) for i, ratio in enumerate((0.16, 0.79, 22))},
    }


def training():
    """Models that were built: training FLOP as stated, and reinforcement learning beside pre-training."""
    names = ("GPT3_175B", "Gopher_280B", "PaLM_540B", "Llama31_405B", "OPT_175B")
    deepseek = models.DeepSeekV3
    six = {name: s.TRAINING_FLOP * models[name].active_params * models[name].training_tokens for name in names}
    llama = models.Llama31_405B
    peak = accelerators.H100_SXM.bf16 * 3600
    return {f"flop_{name}": flop for name, flop in six.items()} | {
        "mfu_llama3": 100 * six["Llama31_405B"] / (llama.accelerator_hours * peak),
        "rl_hours": 100 * 100e3 / deepseek.accelerator_hours,
        "rl_all_hours": 100 * 147e3 / deepseek.accelerator_hours,
        "rl_flop": 100 * 6.1e23 / (s.TRAINING_FLOP * deepseek.active_params * deepseek.training_tokens),
    }


PARTS = (chinchilla, smaller_models, serving, other_laws, training)


def from_runs(params, tokens, loss, n=4000, rng=42) -> dict:
    """Our value for the claims that take the runs of Hoffmann et al., as read off figure 4 by Besiroglu et al."""
    from ..fitting import fit

    found = fit(params, tokens, loss)
    draws = found.bootstrap(n=n, rng=rng)
    values = {f"fit_{name}": value for name, value in found.law.coefficients.items()}
    values |= {f"fit_se_{name}": np.std(value, ddof=1) for name, value in draws.coefficients.items()}
    low, high = np.quantile(np.divide(*draws.compute_optimal(1e26)[::-1]), [0.1, 0.9])
    return values | {"fit_low": low, "fit_high": high}
