"""Our value for every claim in ``data/claims.csv`` of the lecture, of its summary and of MatX, by key.

The numbers of a claim's scenario are here, and what was said is in the file.
"""

from __future__ import annotations

import sympy as sp

from ... import symbols as s
from ...presets import accelerators, architectures, laws, models, traffic
from ...theory.budget import LIFETIME, Phase
from ...theory.optimum import cheapest

_LECTURE = {"N": 100e9, "D": 200e12}
_THIRD = {"k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}


def _tokens_at_equal_cost(e, k=s.FORWARD_FLOP):
    """Tokens of a phase that cost as much as a pre-training token; N cancels, or this would be no number."""
    (tokens,) = sp.solve(Phase("phase", s.D_inf, k, e).cost - LIFETIME.phases[0].cost.subs(s.D, 1), s.D_inf)
    return tokens


def _two_costs(p, q):
    """x^-p and x^q where their sum is least; they are equal at x = 1, where it is 2."""
    x = (p / q) ** (1 / (p + q))
    return x**-p, x**q


def budget():
    """The three terms, equal parts, and the readings of "30 %"."""
    gpt3, deepseek = architectures.GPT3_175B, models.DeepSeekV3
    trained = deepseek.training_tokens / (deepseek.accelerator_hours * 3600)  # tokens per second and GPU
    decoded = 14.8e3 / 8  # the same in serving, per GPU of a node of 8: the sources are those of notebook 01
    read = 73.7e3 / 8 * (1 - traffic.DeepSeek_cached_2025_02.tokens / traffic.DeepSeek_input_2025_02.tokens)
    falling, rising = _two_costs(1, 3)
    return {
        "six_flop": gpt3.training_flop(context=2048) / gpt3.active_params,
        "board_D_RL": 1 / _tokens_at_equal_cost(1 / 3, k=3),
        "board_D_inf": 1 / _tokens_at_equal_cost(1 / 3),
        "spoken_30_percent": _tokens_at_equal_cost(0.3),
        "decode_deepseek": s.FORWARD_FLOP * decoded / (s.TRAINING_FLOP * trained),
        "decode_of_prefill": decoded / read,
        "equal_1_1": 2 / sum(_two_costs(1, 1)),
        "equal_1_3": 2 / (falling + rising),
        "power_law_shares": falling / rising,
    }


def _best(law, served, D_RL):
    """The least cost over that of the lecture's model, as good and as busy, and pre-training's share, in per cent."""
    given = {"D_RL": D_RL, "D_inf": served, **_THIRD}
    plan = cheapest(law, loss=law.loss(**_LECTURE), **given)
    return plan.cost / LIFETIME.ledger(**_LECTURE, **given).cost, 100 * plan.shares["pre-training"]


def overtraining():
    """From traffic to a hundredfold over-training, and what an optimum says of it, by two laws."""
    rate, family, days = 50e6, 500e6, 60
    served, N, D = rate * days * 86_400, _LECTURE["N"], _LECTURE["D"]
    values = {
        "two_months_family": family * days * 86_400,
        "two_months": served,
        "hundredfold": D / (20 * N),
        "hundredfold_unrounded": served / (20 * N),
        "google_2025": traffic.Google_all_2025_10.tokens_per_second,
        "google_2026": traffic.Google_all_2026_05.tokens_per_second,
    }
    as_much = s.FORWARD_FLOP * served / 3  # RL tokens that cost as much as serving
    bills = {"": 0, "_rl": as_much, "_quarter": as_much / 2}  # the last: a quarter where pre-training takes one, too
    pair = {"besiroglu": laws.Besiroglu2024, "hoffmann": laws.Hoffmann2022}
    for name, law in (pair | {"llama3": laws.OpenAthena2026Llama3}).items():
        values[f"quarter_overtraining_{name}"] = 4 ** (1 / law.beta)
    for name, law in pair.items():
        values |= {
            f"twenty_{name}": law.compute_optimal_tokens(N) / N,
            f"hundredfold_{name}": law.overtraining(N, D),
            f"thirds_overtraining_{name}": 3 ** (1 / law.beta),
        }
        costs = {case: _best(law, served, D_RL) for case, D_RL in bills.items()}
        values |= {f"cheapest{case}_{name}": costs[case][0] for case in ("", "_rl")}
        values |= {f"share{case}_{name}": costs[case][1] for case in ("_rl", "_quarter")}
    return values


def _balance(chip, precision, weight_bytes):
    """Sequences at which a dense model takes as long to read as to compute."""
    model = {"N": 1, "N_total": 1, "weight_bytes": weight_bytes, "kv_bytes": 0}
    return accelerators[chip].roofline(precision, **model).balance_batch()


def hardware():
    """Roofline, batch, KV cache and prices."""
    h100, deepseek = accelerators.H100_SXM, models.DeepSeekV3
    llama = architectures.Llama3_70B
    sparsity = deepseek.total_params / deepseek.active_params
    crossover, multiplications = 200e3, 300  # tokens of context; a byte
    return {
        "balance_h100": _balance("H100_SXM", "bf16", 2),
        "balance_a100": _balance("A100_80GB", "bf16", 2),
        "balance_b200": _balance("B200", "fp4", 0.5),
        "flop_per_byte_bf16": h100.bf16 / h100.hbm_bandwidth,
        "flop_per_byte_fp8": h100.fp8 / h100.hbm_bandwidth,
        "deepseek_sparsity": sparsity,
        "deepseek_active_experts": architectures.DeepSeekV3.active_experts,
        "deepseek_batch": 300 * sparsity,
        "drain_b200": 1e3 * accelerators.B200.drain_time,
        "drain_h100": 1e3 * h100.drain_time,
        "drain_a100": 1e3 * accelerators.A100_80GB.drain_time,
        "drain_rubin": 1e3 * 288e9 / 20e12,
        "cards_floor": 1e3 * _served_by_a_rack().latency_floor,
        "tokens_per_second": 64 * 2000,
        "kv_lecture": _LECTURE["N"] / multiplications / crossover / 1e3,
        "kv_layer": llama.kv_cache_bytes(bytes_per_element=1) / llama.layers / 1e3,
        "kv_smallest": min(model.kv_cache_bytes(1) for model in architectures if model.full_layers) / 1e3,
        "five_times_memory": 5 * crossover,
        "gemini_output": 100 * (18 / 12 - 1),
        "gemini_input": 100 * (4 / 2 - 1),
    }


def matx():
    """The worked example of MatX, the lecturer's company."""
    h100, model = accelerators.H100_SXM, architectures.Llama3_8B
    batch, context, flop_per_byte = 128, 8192, 600
    small, large = (a.kv_cache_bytes(bytes_per_element=1) * context for a in (model, architectures.Llama31_405B))
    return {
        "matx_hoi": h100.fp8 / h100.hbm_bandwidth,
        "matx_kv": batch * small / 1e9,
        "matx_mha": batch * small * model.heads / model.kv_heads / 1e9,
        "matx_kv_cost": batch * small * flop_per_byte / 1e12,
        "matx_forward": batch * s.FORWARD_FLOP * 8e9 / 1e12,
        "matx_ratio_8b": small * flop_per_byte / (s.FORWARD_FLOP * 8e9),
        "matx_ratio_405b": large * flop_per_byte / (s.FORWARD_FLOP * 405e9),
    }


def _served_by_a_rack():
    """DeepSeek-V3 in FP8 on 72 GB200, weights alone."""
    model = models.DeepSeekV3
    weights = {"N": model.active_params, "N_total": model.total_params, "weight_bytes": 1, "kv_bytes": 0}
    return accelerators.GB200_NVL72.roofline("fp8", **weights)


def summary():
    """What a written summary of the lecture says."""
    rack, node, roofline = accelerators.GB200_NVL72, accelerators.H100_SXM, _served_by_a_rack()
    below, balance = (roofline.balance_batch() * x for x in (0.1, 1))
    return {
        "summary_surcharge": 1 / (1 / 3),
        "summary_equal_counts": _tokens_at_equal_cost(1),
        "summary_surcharge_counts": _tokens_at_equal_cost(1 / 1.3),
        "summary_rl_counts": 1 / _tokens_at_equal_cost(1 / 3, k=3),
        "summary_75": _LECTURE["D"] / (20 * _LECTURE["N"]),
        "summary_rumour": 150e12 / (20 * _LECTURE["N"]),
        "summary_served": 50e6 * 60 * 86_400,
        "summary_rate": 2400 / 20e-3,
        "summary_rate_three": 3 * 2400 / 20e-3,
        "summary_floor": 1e3 * roofline.latency_floor,
        "summary_smaller_batch": roofline.step_time(balance, 1) / roofline.step_time(below, 1),
        "summary_rubin": 35e15 / 2 / (22e12 / 0.5),  # multiplies of 4-bit weights
        "summary_kv": architectures.Llama3_70B.kv_cache_bytes(bytes_per_element=1) / 1e3,
        "summary_scale_up": rack.scale_up_size * rack.hbm_bandwidth / (node.scale_up_size * node.hbm_bandwidth),
    }


PARTS = (budget, overtraining, hardware, summary, matx)
