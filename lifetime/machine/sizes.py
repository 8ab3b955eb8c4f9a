"""Sizes are whole numbers or symbols, and do not contradict each other."""

from __future__ import annotations

import numpy as np

from ..arrays import as_number, brief, is_symbolic

_FROM_1 = ("layers", "width", "heads", "head_size", "vocabulary", "kv_heads", "value_size", "out_groups")
_FROM_0 = ("ffn_width", "positions", "norms", "window", "windowed_layers", "kv_rank", "q_rank", "rope_size", "out_rank")
_FROM_0 += ("experts", "active_experts", "shared_experts", "expert_width", "shared_width", "dense_layers")
_FROM_0 += ("other_params",)
_AT_MOST = {"kv_heads": "heads", "windowed_layers": "layers", "active_experts": "experts", "dense_layers": "layers"}
_NEEDS = {
    "window": "windowed_layers",
    "windowed_layers": "window",
    "rope_size": "kv_rank",
    "experts": "active_experts",
    "active_experts": "expert_width",
    "expert_width": "experts",
    "shared_experts": "experts",
    "shared_width": "shared_experts",
    "shared_gate": "shared_experts",
    "dense_layers": "experts",
}
_QK_NORMS = ("", "head", "all")
_BIASES = ("qkv", "out", "ffn", "norm", "router", "sink", "head")
_FLAGS = ("gated", "tied", "shared_gate", "values_are_keys")


def whole(name, value, least):
    """A size as an integer, or as the symbol that it is."""
    number = as_number(name, value)
    if is_symbolic(number):
        return number
    ok = isinstance(number, float) and number >= least and number % 1 == 0
    insist(ok, name, value, f"a whole number, {least} or more")
    return int(number)


def insist(ok, name, value, valid):
    """Raise a ``ValueError`` that names argument, value and what is valid, unless it is."""
    if not ok:
        raise ValueError(f"{name} must be {valid}; got {brief(value)}")


def settle(arch):
    """Fill in the sizes of an architecture that follow from others, make integers of all, and check them."""
    defaults = {"kv_heads": arch.heads, "value_size": arch.head_size}
    for name in (*_FROM_1, *_FROM_0):
        value = getattr(arch, name)
        value = defaults.get(name) if value is None else value
        object.__setattr__(arch, name, whole(name, value, least=int(name in _FROM_1)))
    _check_words(arch)
    _check_sizes(arch)
    _check_attention(arch)


def _check_words(arch):
    for name in _FLAGS:
        insist(isinstance(getattr(arch, name), bool | np.bool_), name, getattr(arch, name), "True or False")
    insist(arch.qk_norm in _QK_NORMS, "qk_norm", arch.qk_norm, f"one of {_QK_NORMS}")
    words = arch.biases.split() if isinstance(arch.biases, str) else [arch.biases]
    insist(all(word in _BIASES for word in words), "biases", arch.biases, f"words out of {_BIASES}")


def _check_sizes(arch):
    for name, other in _AT_MOST.items():
        value, limit = getattr(arch, name), getattr(arch, other)
        insist(is_symbolic(limit - value) or value <= limit, name, value, f"at most {other}={limit}")
    for name, other in _NEEDS.items():
        insist(not getattr(arch, name) or getattr(arch, other), name, getattr(arch, name), f"0 without {other}")
    without_experts = arch.dense_layers if arch.experts else arch.layers
    insist(arch.ffn_width or not without_experts, "ffn_width", 0, "1 or more for the layers without experts")


def _check_attention(arch):
    rest, full = arch.heads % arch.kv_heads, arch.full_layers
    insist(is_symbolic(rest) or rest == 0, "kv_heads", arch.kv_heads, f"a divisor of heads={arch.heads}")
    insist(is_symbolic(full) or full >= 0, "spans", arch.spans, f"of at most layers={arch.layers}, windows included")
    if arch.kv_rank:
        insist(arch.kv_heads == arch.heads, "kv_heads", arch.kv_heads, "left out with kv_rank")
    if arch.kv_rank or arch.values_are_keys:
        other = "kv_rank" if arch.kv_rank else "values_are_keys"
        insist(not arch.qk_norm, "qk_norm", arch.qk_norm, f"left out with {other}: the latents have norms anyway")
        insist("qkv" not in arch.biases.split(), "biases", arch.biases, f"words other than 'qkv' with {other}")
    else:
        insist(not arch.q_rank, "q_rank", arch.q_rank, "0 without kv_rank")
    if arch.values_are_keys:
        one = arch.kv_heads == 1 and not arch.kv_rank and arch.value_size == arch.head_size
        insist(one, "values_are_keys", True, "False unless kv_heads=1 and value_size=head_size, without kv_rank")
    rest = arch.heads % arch.out_groups
    insist(is_symbolic(rest) or rest == 0, "out_groups", arch.out_groups, f"a divisor of heads={arch.heads}")
    insist(arch.out_rank or arch.out_groups == 1, "out_groups", arch.out_groups, "1 without out_rank")
    insist(arch.q_rank or not any(s.index_size for s in arch.spans), "q_rank", 0, "1 or more with an index")
