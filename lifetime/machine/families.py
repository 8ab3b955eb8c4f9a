"""What the families of models mean by the keys of their ``config.json``.

What a config does not say stands in the code of its family: norms, biases, what a missing key means. The table has it,
as the configuration and modeling files of github.com/huggingface/transformers do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .sizes import insist
from .span import Span

KEYS = {
    "layers": ("num_hidden_layers", "n_layer", "n_layers"),
    "width": ("hidden_size", "n_embd", "d_model"),
    "heads": ("num_attention_heads", "n_head", "n_heads"),
    "vocabulary": ("vocab_size",),
    "kv_heads": ("num_key_value_heads",),
    "head_size": ("head_dim",),
    "ffn_width": ("intermediate_size",),
}
_EXPERTS = {
    "experts": ("num_local_experts", "num_experts", "n_routed_experts"),
    "active_experts": ("num_experts_per_tok", "experts_per_token"),
    "expert_width": ("moe_intermediate_size",),
    "shared_experts": ("n_shared_experts",),
}
_LATENT = {
    "head_size": ("qk_nope_head_dim",),
    "value_size": ("v_head_dim",),
    "rope_size": ("qk_rope_head_dim",),
    "kv_rank": ("kv_lora_rank",),
    "q_rank": ("q_lora_rank",),
}
_MIXTRAL = _EXPERTS | {"expert_width": ("intermediate_size",)}
_GPT2 = {"ffn_width": ("n_inner",), "positions": ("n_positions",)}


@dataclass(frozen=True)
class Family:
    """What a family of models has besides the keys that mean the same everywhere.

    ``more`` reads what no table can say.
    """

    fixed: dict = field(default_factory=dict)
    """Sizes of an architecture."""
    keys: dict = field(default_factory=dict)
    """Where sizes stand, if not under KEYS."""
    defaults: dict = field(default_factory=dict)
    """What transformers fills in for a missing key."""
    biases: dict = field(default_factory=dict)
    """Which biases a key brings."""
    qk_norms: dict = field(default_factory=dict)
    """Which norms of queries and keys a key brings."""
    valid: dict = field(default_factory=dict)
    """The values that a key must have, the usual one first."""
    ignored: tuple = ()
    """Keys that do nothing."""
    wide: bool = False
    """A feed-forward block has 4 times the width, where no key says otherwise."""
    windows: str | int | None = ""
    """Which layers have them where ``layer_types`` does not say: "all", the "late" ones, all but one in so many; chunks
    with "chunks". None: ``layer_types`` says nothing."""
    more: Callable = lambda keys, sizes: {}


def _falcon(keys, sizes):
    """Keys and values have one head, unless the decoder is new; the blocks share a norm, or two are in parallel."""
    new, parallel = keys.flag("new_decoder_architecture"), keys.flag("parallel_attn")
    heads = keys.size("num_kv_heads", "n_head_kv", default=sizes["heads"])
    two = not parallel or (new and keys.get("num_ln_in_parallel_attn", default=2) == 2)
    return {"kv_heads": 1 if keys.flag("multi_query") and not new else heads, "norms": 1 + int(two)}


def _indexed(keys, sizes):
    """Of the layers with an index, those that share the one below have none of their own."""
    words = keys.words("indexer_types", sizes["layers"], ("full", "shared")) or ["full"] * sizes["layers"]
    top, own, shared = keys.size("index_topk"), words.count("full"), words.count("shared")
    index = {"index_heads": keys.size("index_n_heads"), "index_size": keys.size("index_head_dim")}
    sharing = (Span(layers=shared, top=top),) if shared else ()
    return {"spans": (Span(layers=own, top=top, **index), *sharing)}


def _deepseek_v4(keys, sizes):
    """Layers by the tokens of an entry. Compressors, hyper-connections and router biases are other parameters."""
    layers, width, size = sizes["layers"], sizes["width"], sizes["head_size"]
    ratios, window = keys.get("compress_ratios"), keys.size("sliding_window")
    listed = isinstance(ratios, list) and len(ratios) >= layers and set(ratios) <= {0, 4, 128}
    insist(listed, "compress_ratios", ratios, f"a list of 0, 4 and 128, one for each of {layers} layers")
    heads, index = keys.size("index_n_heads"), keys.size("index_head_dim")
    streams, hashed = keys.size("hc_mult"), keys.size("num_hash_layers", least=0)
    mix = (2 + streams) * streams
    other = 2 * layers * (mix * (streams * width + 1) + 3) + streams * (streams * width + 1) + 1
    other += (layers - hashed) * sizes["experts"]
    chosen, spans = {"top": keys.size("index_topk"), "index_heads": heads, "index_size": index}, []
    for ratio in sorted(set(ratios[:layers])):
        n = ratios[:layers].count(ratio)
        spans.append(Span(layers=n, window=window, ratio=ratio, **(chosen if ratio == 4 else {})))
        sets = 2 if ratio == 4 else 1  # of entries, which overlap
        for entry in (size, index) if ratio == 4 else (size,) * bool(ratio):
            other += n * (sets * entry * (2 * width + ratio) + entry)
    groups = keys.size("o_groups")
    output = {"out_groups": groups, "out_rank": groups * keys.size("o_lora_rank")}
    return output | {"spans": tuple(spans), "other_params": other}


def _stablelm(keys, sizes):
    return {"norms": 1 if keys.flag("use_parallel_residual") else 2}


def _mpt(keys, sizes):
    attention = keys.get("attn_config", default={})
    insist(attention.get("alibi"), "attn_config.alibi", attention.get("alibi"), "true: learned positions are not read")
    for name, valid in {"attn_type": "multihead_attention", "qk_ln": False}.items():
        insist(attention.get(name, valid) == valid, f"attn_config.{name}", attention.get(name), json.dumps(valid))
    return {}


def _minimax(keys, sizes):
    kinds = keys.get("attn_type_list", default=[1])
    insist(set(kinds) == {1}, "attn_type_list", kinds, "of 1 alone: linear attention cannot be expressed")
    return {}


def _bigcode(keys, sizes):
    return {"kv_heads": 1 if keys.flag("multi_query") else sizes["heads"]}


_ATTENTION_BIAS = {"attention_bias": "qkv out"}
_QWEN = {"use_sliding_window": False, "sliding_window": 4096, "max_window_layers": 28}
_LLAMA = Family(biases=_ATTENTION_BIAS | {"mlp_bias": "ffn"})
_GEMMA = {"tie_word_embeddings": True, "head_dim": 256}
_GEMMA3 = _GEMMA | {"num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 262208, "sliding_window": 4096}
_MINIMAX_SCALES = tuple(f"layernorm_{part}_beta" for part in ("full_attention", "linear_attention", "mlp"))
_OLD = {"gated": False, "biases": "qkv out ffn norm"}
_DEEPSEEK = Family(
    keys=_LATENT | _EXPERTS,
    fixed={"biases": "router"},
    valid={"attention_bias": (False,), "mlp_bias": (False,)},
    ignored=("head_dim", "qk_head_dim", "num_key_value_heads"),
)
_DEEPSEEK_SPARSE = replace(_DEEPSEEK, windows=None, ignored=(*_DEEPSEEK.ignored, "layer_types"), more=_indexed)

FAMILIES = {
    "llama": _LLAMA,
    "mistral": Family(defaults={"sliding_window": 4096}, windows="all"),
    "ministral3": Family(windows="all"),
    "mixtral": Family(keys=_MIXTRAL, windows="all"),
    "granitemoe": Family(keys=_MIXTRAL, biases=_ATTENTION_BIAS),
    "qwen2": Family(fixed={"biases": "qkv"}, defaults=_QWEN, windows="late"),
    "qwen2_moe": Family(
        fixed={"shared_experts": 1, "shared_gate": True},
        keys=_EXPERTS | {"shared_width": ("shared_expert_intermediate_size",)},
        defaults={"qkv_bias": True},
        biases={"qkv_bias": "qkv"},
        valid={"use_sliding_window": (False,)},
        ignored=("sliding_window", "max_window_layers"),
    ),
    "qwen3": Family(
        fixed={"qk_norm": "head"}, defaults=_QWEN | {"head_dim": 128}, biases=_ATTENTION_BIAS, windows="late"
    ),
    "qwen3_moe": Family(
        fixed={"qk_norm": "head"},
        keys=_EXPERTS,
        defaults=_QWEN,
        biases=_ATTENTION_BIAS,
        valid={"use_qk_norm": (True,)},
        windows="all",
    ),
    "gemma": Family(defaults=_GEMMA, biases=_ATTENTION_BIAS),
    "gemma2": Family(
        fixed={"norms": 4},
        defaults=_GEMMA | {"sliding_window": 4096},
        biases=_ATTENTION_BIAS,
        windows=2,
        ignored=("sliding_window_size",),
    ),
    "gemma3_text": Family(fixed={"norms": 4, "qk_norm": "head"}, defaults=_GEMMA3, biases=_ATTENTION_BIAS, windows=6),
    "phi": Family(fixed=_OLD | {"norms": 1, "biases": "qkv out ffn norm head"}, valid={"qk_layernorm": (False,)}),
    "phi3": Family(windows="all", valid={"attention_bias": (False,)}),
    "phimoe": Family(
        fixed={"biases": "norm"}, keys=_MIXTRAL, biases=_ATTENTION_BIAS | {"lm_head_bias": "head"}, windows="all"
    ),
    "olmo": Family(fixed={"norms": 0}, biases=_ATTENTION_BIAS),
    "olmo2": Family(fixed={"qk_norm": "all"}, biases=_ATTENTION_BIAS),
    "olmo3": Family(fixed={"qk_norm": "all"}, defaults={"sliding_window": 4096}, biases=_ATTENTION_BIAS, windows=4),
    "olmoe": Family(fixed={"qk_norm": "all"}, keys=_MIXTRAL, biases=_ATTENTION_BIAS),
    "deepseek_v2": replace(_DEEPSEEK, fixed={}),
    "deepseek_v3": _DEEPSEEK,
    "kimi_k2": _DEEPSEEK,
    "glm4_moe_lite": replace(_DEEPSEEK, defaults={"first_k_dense_replace": 1}),
    "deepseek_v32": _DEEPSEEK_SPARSE,
    "glm_moe_dsa": _DEEPSEEK_SPARSE,
    "deepseek_v4": Family(
        fixed={"values_are_keys": True, "biases": "sink"},
        keys=_EXPERTS | {"q_rank": ("q_lora_rank",)},
        valid={"attention_bias": (False,), "mlp_bias": (False,), "num_key_value_heads": (1,)},
        more=_deepseek_v4,
    ),
    "glm": Family(defaults={"attention_bias": True}, biases={"attention_bias": "qkv"}),
    "glm4": Family(fixed={"norms": 4}, defaults={"attention_bias": True}, biases={"attention_bias": "qkv"}),
    "glm4_moe": Family(
        fixed={"biases": "router"},
        keys=_EXPERTS,
        biases={"attention_bias": "qkv"},
        qk_norms={"use_qk_norm": "head"},
    ),
    "gpt_oss": Family(
        fixed={"biases": "ffn router sink"},
        keys=_MIXTRAL,
        defaults={"attention_bias": True, "sliding_window": 128, "head_dim": 64},
        biases=_ATTENTION_BIAS,
        windows=2,
    ),
    "falcon": Family(
        fixed={"gated": False, "biases": "norm"},
        wide=True,
        keys={"ffn_width": ("ffn_hidden_size",)},
        defaults={"tie_word_embeddings": True, "multi_query": True, "parallel_attn": True},
        biases={"bias": "qkv out ffn"},
        more=_falcon,
    ),
    "gpt2": Family(
        fixed=_OLD,
        wide=True,
        keys=_GPT2,
        defaults={"tie_word_embeddings": True},
        valid={"add_cross_attention": (False,)},
    ),
    "gpt_bigcode": Family(
        fixed=_OLD, wide=True, keys=_GPT2, defaults={"tie_word_embeddings": True, "multi_query": True}, more=_bigcode
    ),
    "gpt_neox": Family(
        fixed={"gated": False, "biases": "ffn norm"}, defaults={"attention_bias": True}, biases=_ATTENTION_BIAS
    ),
    "starcoder2": Family(
        fixed={"gated": False, "biases": "norm"},
        defaults={"tie_word_embeddings": True, "use_bias": True},
        biases={"use_bias": "qkv out ffn"},
        valid={"mlp_type": ("default",)},
        windows="all",
    ),
    "mpt": Family(
        fixed={"gated": False},
        wide=True,
        defaults={"tie_word_embeddings": True},
        valid={"expansion_ratio": (4,), "no_bias": (True,)},
        more=_mpt,
    ),
    "cohere": Family(
        fixed={"norms": 1},
        defaults={"tie_word_embeddings": True},
        biases=_ATTENTION_BIAS,
        qk_norms={"use_qk_norm": "all"},
    ),
    "cohere2": Family(
        fixed={"norms": 1},
        defaults={"tie_word_embeddings": True, "sliding_window": 4096},
        biases=_ATTENTION_BIAS,
        ignored=("layer_switch", "order_of_interleaved_layers"),
        windows=4,
    ),
    "minimax_m2": Family(
        fixed={"qk_norm": "all", "biases": "router"},
        keys=_MIXTRAL,
        valid={"use_qk_norm": (True,), "qk_norm_type": ("per_layer",), "use_routing_bias": (True,)},
        ignored=("mlp_intermediate_size", "shared_moe_mode", *_MINIMAX_SCALES),
        more=_minimax,
    ),
    "llama4_text": Family(
        fixed={"shared_experts": 1},
        keys=_MIXTRAL | {"ffn_width": ("intermediate_size_mlp",)},
        defaults={"attention_chunk_size": 8192, "head_dim": 128},
        biases=_ATTENTION_BIAS,
        windows="chunks",
        ignored=("use_qk_norm",),
    ),
    "stablelm": Family(
        fixed={"biases": "norm"}, biases={"use_qkv_bias": "qkv"}, valid={"qk_layernorm": (False,)}, more=_stablelm
    ),
    "smollm3": Family(
        defaults={"tie_word_embeddings": True},
        biases=_ATTENTION_BIAS | {"mlp_bias": "ffn"},
        valid={"use_sliding_window": (False,)},
        ignored=("sliding_window", "max_window_layers"),
    ),
    "seed_oss": Family(
        defaults={"attention_bias": True, "head_dim": 128},
        biases={"attention_bias": "qkv", "attention_out_bias": "out", "mlp_bias": "ffn"},
    ),
}
FAMILIES |= {"granite": FAMILIES["llama"]} | dict.fromkeys(("qwen2_vl", "qwen2_5_vl"), FAMILIES["qwen2"])
FAMILIES |= {"qwen3_vl_text": FAMILIES["qwen3"], "qwen3_vl_moe_text": FAMILIES["qwen3_moe"]}
