"""Seconds of a step of a model on devices, part by part; what a device holds, and what fits. No numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import sympy as sp

from ..arrays import is_symbolic, require
from ..types import Value
from .links import all_reduce_bytes, all_to_all_bytes, copies_across, one_way

_ROUNDING = 1e-12


class StepTimes(NamedTuple):
    """Seconds of a step by part, by name or by position: if nothing overlaps, a step takes their sum."""

    compute: Value
    attention: Value
    weights: Value
    cache: Value
    links: Value

    def __getitem__(self, part):
        return getattr(self, part) if isinstance(part, str) else tuple.__getitem__(self, part)


def split(d):
    """Devices that share a matrix, where nothing is said."""
    architecture, n = d.architecture, d.devices
    heads = 1 if architecture.kv_rank else architecture.kv_heads
    if is_symbolic(heads) or is_symbolic(architecture.total_params):
        return n
    if architecture.kv_rank and architecture.experts:
        return 1
    least = math.gcd(math.gcd(n, int(d.chip.scale_up_size or n)), heads)
    choices = [t for t in range(least, n + 1) if n % t == 0]
    return next((t for t in choices if held(d, t) < d.chip.hbm_bytes), n)


def held(d, t):
    """Bytes of weights on a device, if t devices share a matrix; of the input embedding each has a part."""
    shared, _ = _weights(d.architecture)
    rest = d.architecture.total_params - shared
    return d.weight_bytes * (shared / t + rest / d.devices)


def read_at_most(d):
    """Bytes of weights that a step of many tokens reads on a device."""
    shared, routed = _weights(d.architecture)
    return d.weight_bytes * (shared / d.tensor_parallel + routed / d.devices)


def _weights(architecture):
    """Parameters that every token uses, and those of all routed experts."""
    routed, k, experts = architecture.routed_expert_params, architecture.active_experts, architecture.experts
    return architecture.active_params - (routed * k / experts if experts else 0), routed


def domains(d):
    """Scale-up domains that the devices fill."""
    return math.ceil(d.devices / (d.chip.scale_up_size or d.devices))


def bandwidths(d):
    """Bytes per second of a device in one direction, inside its domain and out of it."""
    chip, n = d.chip, d.devices
    if n > 1 and chip.scale_up_bandwidth is None:
        raise ValueError(f"devices must be 1, as the links of {chip.name} are not known; got {n}")
    if domains(d) > 1 and chip.scale_out_bandwidth is None:
        known = f"devices must be at most {chip.scale_up_size:g}: links between domains of {chip.name} are not known"
        raise ValueError(f"{known}; got {n}")
    return one_way(chip) if n > 1 else math.inf, one_way(chip, across=True) if domains(d) > 1 else math.inf


def parts(d, decoded, prompts=0, batch=None, context=None, prompt=None):
    """Seconds of compute, attention, weights, cache and links of a step with so many new tokens.

    Those of answers have a context, those of prompts the length of the prompt; without a batch nothing is read.
    """
    architecture, chip, n = d.architecture, d.chip, d.devices
    tokens, flop = decoded + prompts, architecture.forward_flop(0)
    attention = weights = cache = 0
    if context is not None:
        attention = decoded * (architecture.forward_flop(context) - flop)
    if prompt is not None:
        attention = attention + prompts * (architecture.prefill_flop(prompt) - flop)
    if batch is not None:
        read = architecture.kv_read_bytes(context, d.kv_element_bytes)
        weights = d.weight_bytes * _weights_read(d, tokens) / chip.hbm_bandwidth
        cache = batch * read * _copies(d) / n / chip.hbm_bandwidth
    compute = tokens * flop / (n * chip.flop_per_second(d.precision))
    attention = attention / (n * chip.flop_per_second(d.attention_precision))
    return compute, attention, weights, cache, _sending(d, decoded, prompts)


def in_flight(d, batch, prompt_tokens, answer_tokens):
    """New answer tokens of a step, and the seconds of its parts, if as many prompts begin as answers end."""
    context = prompt_tokens + answer_tokens / 2
    batch = most(d, context) if batch is None else batch
    insist_fits(d, batch, context)
    answers = batch * d.tokens_per_step
    prompts = answers * prompt_tokens / answer_tokens
    return answers, parts(d, answers, prompts, batch, context, prompt_tokens)


def _weights_read(d, tokens):
    """Weights that a device reads: shared ones, and those experts that the tokens touch."""
    shared, routed = _weights(d.architecture)
    k, experts = d.architecture.active_experts, d.architecture.experts
    touched = 1 - (1 - k / experts) ** tokens if experts else 0
    return shared / d.tensor_parallel + routed * touched / d.devices


def _sending(d, decoded, prompts):
    """Seconds in which a device sends what the others need."""
    architecture, n, t, inside_and_out = d.architecture, d.devices, d.tensor_parallel, bandwidths(d)
    apart = bool(architecture.experts) and t < n
    seconds = 0
    if t > 1:
        reductions = 2 * architecture.layers - (architecture.moe_layers if apart else 0)
        seconds = (decoded + prompts) * t / n * _reducing(d, reductions, *inside_and_out)
    if apart:
        to_experts, to_domains = _routing(d, *inside_and_out)
        seconds = seconds + (decoded * to_experts + prompts * to_domains) / n
    return seconds


def _reducing(d, reductions, inside, outside):
    """Seconds a token of all-reduce in a group; across domains each device has a part of the sum."""
    width, t = d.architecture.width, d.tensor_parallel
    local = min(t, int(d.chip.scale_up_size or t))
    seconds = all_reduce_bytes(width, local, reductions) / inside if local > 1 else 0
    return seconds + (all_reduce_bytes(width, t / local, reductions) / local / outside if t > local else 0)


def _routing(d, inside, outside):
    """Seconds a token of all-to-all, of answers and of prompts."""
    width, k, layers, m = d.architecture.width, d.architecture.active_experts, d.architecture.moe_layers, domains(d)
    if m == 1:
        seconds = all_to_all_bytes(width, k, layers) * (d.devices - 1) / d.devices / inside
        return seconds, seconds
    across = all_to_all_bytes(width, copies_across(k, m), layers)
    return all_to_all_bytes(width, k, layers) / outside, across / outside


def total(compute, attention, weights, cache, links, overlap):
    """Seconds of a step from its parts: the longest of computing, reading and sending, or their sum."""
    if not overlap:
        return compute + attention + weights + cache + links
    longest = sp.Max if any(map(is_symbolic, (compute, attention, weights, cache, links))) else _maximum
    return longest(compute + attention, weights + cache, links)


def _maximum(*values):
    return np.maximum(np.maximum(values[0], values[1]), values[2])


def most(d, context):
    """The largest batch that fits in the memory beside the weights."""
    room = d.chip.hbm_bytes - d.weights_per_device
    if not is_symbolic(room):
        fits = f"enough for a device to hold its {d.weights_per_device:.4g} bytes of weights in {d.chip.hbm_bytes:.4g}"
        require(room > 0, "devices", d.devices, fits)
    stored = d.architecture.kv_stored_bytes(context, d.kv_element_bytes)
    if not is_symbolic(stored):
        require(stored > 0, "kv_element_bytes", stored, "such that a sequence stores something")
    return room * d.devices / (stored * _copies(d))


def insist_fits(d, batch, context):
    """Raise a ``ValueError`` where a batch does not fit, with the largest."""
    if not (is_symbolic(batch) or is_symbolic(context)):
        limit = most(d, context)
        valid = "at most {limit} for its KV cache to fit in the memory"
        require(batch <= limit * (1 + _ROUNDING), "batch", batch, valid, limit)


def _copies(d):
    """How often a group keeps the cache: a head cannot be shared."""
    heads = 1 if d.architecture.kv_rank else d.architecture.kv_heads
    return 1 if is_symbolic(heads) else d.tensor_parallel / math.gcd(d.tensor_parallel, heads)
