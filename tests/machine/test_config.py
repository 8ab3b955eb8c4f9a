import json
import math
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lifetime as lt
from lifetime.machine.families import FAMILIES

read = lt.Architecture.from_config
CONFIGS = os.environ.get("LIFETIME_HF_CONFIGS")
"""The path of 18 published configs with counts of another implementation, where it lies beside the clone."""

BASE = {"vocab_size": 97, "hidden_size": 48, "num_hidden_layers": 8, "num_attention_heads": 6}
FALCON = BASE | {"num_hidden_layers": 5}
BASE |= {"intermediate_size": 40, "num_key_value_heads": 2}
OLD = {"vocab_size": 97, "n_embd": 48, "n_layer": 5, "n_head": 6, "n_positions": 33}
LATENT = BASE | {"q_lora_rank": 10, "kv_lora_rank": 9, "qk_nope_head_dim": 7, "qk_rope_head_dim": 4, "v_head_dim": 5}
LATENT |= {"n_routed_experts": 6, "moe_intermediate_size": 11, "n_shared_experts": 2, "num_experts_per_tok": 2}
LATENT |= {"first_k_dense_replace": 3, "num_key_value_heads": 6}
V4 = {"vocab_size": 97, "hidden_size": 48, "num_hidden_layers": 7, "num_attention_heads": 6, "num_key_value_heads": 1}
V4 |= {"head_dim": 16, "qk_rope_head_dim": 4, "q_lora_rank": 10, "n_routed_experts": 6, "n_shared_experts": 1}
V4 |= {"moe_intermediate_size": 11, "num_experts_per_tok": 2, "o_groups": 3, "o_lora_rank": 5, "index_n_heads": 3}
V4 |= {"index_head_dim": 8, "index_topk": 5, "hc_mult": 4, "num_hash_layers": 2, "sliding_window": 9}
V4 |= {"compress_ratios": [0, 128, 4, 128, 4, 4, 0]}

BUILT = [
    ("llama", BASE, {}, 105360, 0),
    ("llama", BASE, {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True}, 102752, 0),
    ("llama", BASE, {"head_dim": 10}, 117648, 0),
    ("mistral", BASE, {}, 105360, 0),
    ("mistral", BASE, {"sliding_window": None, "head_dim": 10}, 117648, 0),
    ("ministral3", BASE, {"head_dim": 8}, 105360, 0),
    ("mixtral", BASE, {"num_local_experts": 5, "num_experts_per_tok": 2}, 291600, 0),
    ("granite", BASE, {"attention_bias": True, "mlp_bias": True}, 107408, 0),
    ("granitemoe", BASE, {"num_local_experts": 5, "num_experts_per_tok": 2}, 291600, 0),
    ("qwen2", BASE, {"use_sliding_window": True, "max_window_layers": 3, "sliding_window": 17}, 106000, 0),
    ("qwen2", BASE, {"tie_word_embeddings": True}, 101344, 0),
    (
        "qwen2_moe",
        BASE,
        {
            "num_experts": 7,
            "moe_intermediate_size": 11,
            "shared_expert_intermediate_size": 13,
            "decoder_sparse_step": 2,
            "mlp_only_layers": [3],
            "num_experts_per_tok": 2,
        },
        128752,
        0,
    ),
    ("qwen3", BASE, {"head_dim": 12, "attention_bias": True}, 131472, 0),
    ("qwen3", BASE, {}, 844688, 0),
    (
        "qwen3_moe",
        BASE,
        {
            "num_experts": 7,
            "moe_intermediate_size": 11,
            "head_dim": 12,
            "decoder_sparse_step": 1,
            "mlp_only_layers": [0, 2],
            "num_experts_per_tok": 2,
        },
        164112,
        0,
    ),
    ("gemma", BASE, {"head_dim": 12}, 125280, 0),
    ("gemma", BASE, {}, 1624416, 0),
    ("gemma2", BASE, {"head_dim": 12}, 126048, 0),
    ("gemma3_text", BASE, {"head_dim": 12}, 126240, 0),
    ("gemma3_text", BASE, {"head_dim": 12, "attention_bias": True}, 127584, 0),
    ("phi", BASE, {}, 91873, 0),
    ("phi", BASE, {"num_key_value_heads": 6, "tie_word_embeddings": False}, 116961, 0),
    ("phi3", BASE, {}, 105360, 0),
    ("phi3", BASE, {"tie_word_embeddings": True, "sliding_window": 7}, 100704, 0),
    (
        "phimoe",
        BASE,
        {"num_local_experts": 5, "attention_bias": True, "lm_head_bias": True, "num_experts_per_tok": 2},
        293537,
        0,
    ),
    ("phimoe", BASE, {"num_local_experts": 5, "num_experts_per_tok": 2}, 292416, 0),
    ("olmo", BASE, {"tie_word_embeddings": True}, 99888, 0),
    ("olmo", BASE, {"attention_bias": True}, 105568, 0),
    ("olmo2", BASE, {}, 105872, 0),
    ("olmo3", BASE, {}, 105872, 0),
    ("olmoe", BASE, {"num_experts": 6, "num_experts_per_tok": 2}, 338576, 0),
    ("deepseek_v2", LATENT, {"q_lora_rank": None}, 139320, 0),
    ("deepseek_v2", LATENT, {}, 123176, 0),
    ("deepseek_v3", LATENT, {}, 123176, 30),
    ("glm4_moe_lite", LATENT, {"first_k_dense_replace": None}, 137576, 42),
    ("deepseek_v32", LATENT, {"index_n_heads": 3, "index_head_dim": 8, "index_topk": 5}, 129448, 30),
    (
        "glm_moe_dsa",
        LATENT,
        {
            "index_n_heads": 3,
            "index_head_dim": 8,
            "index_topk": 5,
            "indexer_types": ["full", "full", "shared", "shared", "full", "full", "shared", "shared"],
        },
        126312,
        30,
    ),
    (
        "glm4_moe",
        BASE,
        {
            "n_routed_experts": 6,
            "moe_intermediate_size": 11,
            "n_shared_experts": 2,
            "first_k_dense_replace": 3,
            "head_dim": 9,
            "use_qk_norm": True,
            "attention_bias": True,
            "num_experts_per_tok": 2,
        },
        148368,
        30,
    ),
    (
        "glm4_moe",
        BASE,
        {
            "n_routed_experts": 6,
            "moe_intermediate_size": 11,
            "n_shared_experts": 1,
            "first_k_dense_replace": 1,
            "num_experts_per_tok": 2,
        },
        144672,
        42,
    ),
    ("glm", BASE, {"head_dim": 8}, 106000, 0),
    ("glm4", BASE, {"head_dim": 8}, 106768, 0),
    ("gpt_oss", BASE, {"num_local_experts": 5, "head_dim": 10, "num_experts_per_tok": 2}, 310280, 0),
    ("falcon", FALCON, {"multi_query": True, "parallel_attn": True, "bias": False}, 124272, 0),
    ("falcon", FALCON, {"num_kv_heads": 2, "new_decoder_architecture": True, "bias": False}, 128592, 0),
    (
        "falcon",
        FALCON,
        {
            "num_kv_heads": 2,
            "new_decoder_architecture": True,
            "num_ln_in_parallel_attn": 1,
            "ffn_hidden_size": 37,
            "tie_word_embeddings": False,
        },
        58368,
        0,
    ),
    ("falcon", FALCON, {"multi_query": False, "parallel_attn": False, "bias": True, "alibi": True}, 146112, 0),
    ("gpt2", OLD, {}, 147696, 0),
    ("gpt2", OLD, {"n_inner": 50}, 78826, 0),
    ("gpt_bigcode", OLD, {}, 128096, 0),
    ("gpt_bigcode", OLD, {"multi_query": False}, 147696, 0),
    ("gpt_neox", BASE, {"num_key_value_heads": None}, 117632, 0),
    (
        "gpt_neox",
        BASE,
        {"num_key_value_heads": None, "attention_bias": False, "use_parallel_residual": False},
        116096,
        0,
    ),
    ("starcoder2", BASE, {}, 87888, 0),
    ("starcoder2", BASE, {"use_bias": False, "sliding_window": 7}, 86160, 0),
    ("cohere", BASE, {"use_qk_norm": True}, 100832, 0),
    ("cohere", BASE, {}, 100320, 0),
    ("cohere2", BASE, {"head_dim": 8, "attention_bias": True}, 101344, 0),
    ("minimax_m2", BASE, {"num_local_experts": 5, "head_dim": 8, "num_experts_per_tok": 2}, 292112, 40),
    (
        "llama4_text",
        BASE,
        {
            "num_local_experts": 4,
            "intermediate_size_mlp": 30,
            "interleave_moe_layer_step": 2,
            "num_experts_per_tok": 1,
            "head_dim": 8,
        },
        192528,
        0,
    ),
    (
        "llama4_text",
        BASE,
        {
            "num_local_experts": 4,
            "intermediate_size_mlp": 30,
            "num_experts_per_tok": 1,
            "head_dim": 8,
            "attention_bias": True,
        },
        292240,
        0,
    ),
    ("stablelm", BASE, {"use_qkv_bias": True}, 106816, 0),
    ("stablelm", BASE, {"use_parallel_residual": True}, 105408, 0),
    ("smollm3", BASE, {"attention_bias": True, "mlp_bias": True}, 102752, 0),
    ("seed_oss", BASE, {"head_dim": 8}, 106000, 0),
    ("seed_oss", BASE, {"head_dim": 8, "attention_out_bias": True, "mlp_bias": True}, 107408, 0),
    (
        "mpt",
        {},
        {
            "vocab_size": 97,
            "d_model": 48,
            "n_layers": 5,
            "n_heads": 6,
            "max_seq_len": 33,
            "attn_config": {"alibi": True},
        },
        143424,
        0,
    ),
    ("deepseek_v4", V4, {}, 202231, 30),
]
"""Family, keys, elements of the parameters of the model that transformers 5.24 builds of them on the device "meta",
tied ones once, and of the biases of its routers, which are buffers there. None stands for a key that is missing."""


def config(family, base, more):
    return {"model_type": family} | {name: value for name, value in (base | more).items() if value is not None}


@pytest.mark.parametrize(("family", "base", "more", "count", "router"), BUILT)
def test_the_total_is_that_of_the_model_that_transformers_builds(family, base, more, count, router):
    assert read(config(family, base, more)).total_params == count + router


def test_every_family_is_built():
    others = {"kimi_k2": "deepseek_v3", "qwen2_vl": "qwen2", "qwen2_5_vl": "qwen2"}
    others |= {"qwen3_vl_text": "qwen3", "qwen3_vl_moe_text": "qwen3_moe"}
    assert {row[0] for row in BUILT} == set(FAMILIES) - set(others)
    assert all(FAMILIES[name] is FAMILIES[other] for name, other in others.items())


# Published configs


LLAMA = {"model_type": "llama", "vocab_size": 128256, "num_key_value_heads": 8}
MOE = {"num_experts_per_tok": 8, "moe_intermediate_size": 2048, "n_shared_experts": 1, "num_hidden_layers": 61}
V3 = {"model_type": "deepseek_v3", "hidden_size": 7168, "num_attention_heads": 128, "num_key_value_heads": 128}
V3 |= MOE | {"kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64}
V3 |= {"v_head_dim": 128, "n_routed_experts": 256, "first_k_dense_replace": 3, "intermediate_size": 18432}
V3 |= {"vocab_size": 129280, "moe_layer_freq": 1}
GPT_OSS = {
    "model_type": "gpt_oss",
    "hidden_size": 2880,
    "intermediate_size": 2880,
    "head_dim": 64,
    "vocab_size": 201088,
}
GPT_OSS |= {"num_attention_heads": 64, "num_key_value_heads": 8, "sliding_window": 128, "num_experts_per_tok": 4}
LLAMA4 = {"model_type": "llama4_text", "hidden_size": 5120, "intermediate_size": 8192, "intermediate_size_mlp": 16384}
LLAMA4 |= {"num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128}
LLAMA4 |= {"vocab_size": 202048, "attention_chunk_size": 8192, "num_experts_per_tok": 1, "no_rope_layers": []}
ROWS = {
    "GPT2": {
        "model_type": "gpt2",
        "n_layer": 12,
        "n_embd": 768,
        "n_head": 12,
        "n_positions": 1024,
        "vocab_size": 50257,
    },
    "Llama3_8B": LLAMA
    | {"hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "intermediate_size": 14336},
    "Llama31_405B": LLAMA
    | {"hidden_size": 16384, "num_hidden_layers": 126, "num_attention_heads": 128, "intermediate_size": 53248},
    "Mixtral_8x7B": {"model_type": "mixtral", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32}
    | {"num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000, "num_local_experts": 8}
    | {"num_experts_per_tok": 2, "sliding_window": None},
    "Qwen25_72B": {"model_type": "qwen2", "hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64}
    | {"num_key_value_heads": 8, "intermediate_size": 29568, "vocab_size": 152064, "use_sliding_window": False}
    | {"sliding_window": 131072, "max_window_layers": 80},
    "OLMo2_7B": {"model_type": "olmo2", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32}
    | {"intermediate_size": 11008, "vocab_size": 100352},
    "DeepSeekV2": {"model_type": "deepseek_v2", "hidden_size": 5120, "num_attention_heads": 128, "v_head_dim": 128}
    | {"num_hidden_layers": 60, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128}
    | {"qk_rope_head_dim": 64, "n_routed_experts": 160, "n_shared_experts": 2, "num_experts_per_tok": 6}
    | {"moe_intermediate_size": 1536, "first_k_dense_replace": 1, "intermediate_size": 12288, "vocab_size": 102400},
    "DeepSeekV3": V3,
    "DeepSeekV32": V3 | {"model_type": "deepseek_v32", "index_n_heads": 64, "index_head_dim": 128, "index_topk": 2048},
    "Kimi_K2": V3
    | {"model_type": "kimi_k2", "n_routed_experts": 384, "num_attention_heads": 64, "vocab_size": 163840}
    | {"first_k_dense_replace": 1, "num_key_value_heads": 64},
    "gptoss_120b": GPT_OSS | {"num_hidden_layers": 36, "num_local_experts": 128},
    "gptoss_20b": GPT_OSS
    | {"num_hidden_layers": 24, "num_local_experts": 32, "experts_per_token": 4}
    | {"layer_types": ["sliding_attention", "full_attention"] * 12},
    "Qwen3_235B_A22B": {"model_type": "qwen3_moe", "hidden_size": 4096, "num_hidden_layers": 94, "head_dim": 128}
    | {"num_attention_heads": 64, "num_key_value_heads": 4, "moe_intermediate_size": 1536, "num_experts": 128}
    | {"num_experts_per_tok": 8, "vocab_size": 151936, "intermediate_size": 12288, "decoder_sparse_step": 1},
    "Llama4_Scout": {"model_type": "llama4", "text_config": LLAMA4 | {"num_local_experts": 16}},
    "Llama4_Maverick": {"model_type": "llama4", "tie_word_embeddings": False}
    | {"text_config": LLAMA4 | {"num_local_experts": 128, "interleave_moe_layer_step": 2}},
}
"""Of published configs what matters, and the row that has the same sizes."""


RELEASED = [
    (
        "DeepSeek-V2-Lite",
        15_706_484_224,
        {
            "model_type": "deepseek_v2",
            "hidden_size": 2048,
            "num_hidden_layers": 27,
            "num_attention_heads": 16,
            "num_key_value_heads": 16,
            "kv_lora_rank": 512,
            "q_lora_rank": None,
            "qk_nope_head_dim": 128,
            "qk_rope_head_dim": 64,
            "v_head_dim": 128,
            "n_routed_experts": 64,
            "n_shared_experts": 2,
            "num_experts_per_tok": 6,
            "moe_intermediate_size": 1408,
            "first_k_dense_replace": 1,
            "intermediate_size": 10944,
            "vocab_size": 102400,
            "moe_layer_freq": 1,
        },
    ),
    (
        "Qwen1.5-MoE-A2.7B",
        14_315_784_192,
        {
            "model_type": "qwen2_moe",
            "hidden_size": 2048,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "num_key_value_heads": 16,
            "intermediate_size": 5632,
            "moe_intermediate_size": 1408,
            "shared_expert_intermediate_size": 5632,
            "num_experts": 60,
            "num_experts_per_tok": 4,
            "vocab_size": 151936,
            "decoder_sparse_step": 1,
        },
    ),
    (
        "OLMoE",
        6_919_161_856,
        {
            "model_type": "olmoe",
            "hidden_size": 2048,
            "num_hidden_layers": 16,
            "num_attention_heads": 16,
            "num_key_value_heads": 16,
            "intermediate_size": 1024,
            "num_experts": 64,
            "num_experts_per_tok": 8,
            "vocab_size": 50304,
        },
    ),
    (
        "Phi-2",
        2_779_683_840,
        {
            "model_type": "phi",
            "hidden_size": 2560,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 32,
            "intermediate_size": 10240,
            "vocab_size": 51200,
        },
    ),
    (
        "Phi-3.5-MoE",
        41_873_153_344,
        {
            "model_type": "phimoe",
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "intermediate_size": 6400,
            "num_local_experts": 16,
            "num_experts_per_tok": 2,
            "vocab_size": 32064,
            "attention_bias": True,
            "lm_head_bias": True,
        },
    ),
    (
        "Falcon-40B",
        41_303_293_952,
        {
            "model_type": "falcon",
            "hidden_size": 8192,
            "num_hidden_layers": 60,
            "num_attention_heads": 128,
            "num_kv_heads": 8,
            "new_decoder_architecture": True,
            "vocab_size": 65024,
        },
    ),
    (
        "Pythia-6.9B",
        6_857_302_016,
        {
            "model_type": "gpt_neox",
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "intermediate_size": 16384,
            "vocab_size": 50432,
        },
    ),
    (
        "StarCoder2-3B",
        3_030_371_328,
        {
            "model_type": "starcoder2",
            "hidden_size": 3072,
            "num_hidden_layers": 30,
            "num_attention_heads": 24,
            "num_key_value_heads": 2,
            "intermediate_size": 12288,
            "vocab_size": 49152,
            "sliding_window": 4096,
            "use_bias": True,
            "mlp_type": "default",
        },
    ),
    (
        "Gemma-2-27B",
        27_227_128_320,
        {
            "model_type": "gemma2",
            "hidden_size": 4608,
            "num_hidden_layers": 46,
            "num_attention_heads": 32,
            "num_key_value_heads": 16,
            "head_dim": 128,
            "intermediate_size": 36864,
            "vocab_size": 256000,
        },
    ),
    (
        "Command-R",
        34_980_831_232,
        {
            "model_type": "cohere",
            "hidden_size": 8192,
            "num_hidden_layers": 40,
            "num_attention_heads": 64,
            "num_key_value_heads": 64,
            "intermediate_size": 22528,
            "vocab_size": 256000,
        },
    ),
    (
        "Command-R+",
        103_810_674_688,
        {
            "model_type": "cohere",
            "hidden_size": 12288,
            "num_hidden_layers": 64,
            "num_attention_heads": 96,
            "num_key_value_heads": 8,
            "intermediate_size": 33792,
            "vocab_size": 256000,
            "use_qk_norm": True,
        },
    ),
    (
        "GLM-4-9B-0414",
        9_400_279_040,
        {
            "model_type": "glm4",
            "hidden_size": 4096,
            "num_hidden_layers": 40,
            "num_attention_heads": 32,
            "num_key_value_heads": 2,
            "head_dim": 128,
            "intermediate_size": 13696,
            "vocab_size": 151552,
            "attention_bias": True,
        },
    ),
    (
        "Granite-3.0-8B",
        8_170_848_256,
        {
            "model_type": "granite",
            "hidden_size": 4096,
            "num_hidden_layers": 40,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "intermediate_size": 12800,
            "vocab_size": 49155,
            "tie_word_embeddings": True,
        },
    ),
    (
        "Qwen3-14B",
        14_768_307_200,
        {
            "model_type": "qwen3",
            "hidden_size": 5120,
            "num_hidden_layers": 40,
            "num_attention_heads": 40,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "intermediate_size": 17408,
            "vocab_size": 151936,
        },
    ),
    (
        "Phi-4",
        14_659_507_200,
        {
            "model_type": "phi3",
            "hidden_size": 5120,
            "num_hidden_layers": 40,
            "num_attention_heads": 40,
            "num_key_value_heads": 10,
            "intermediate_size": 17920,
            "vocab_size": 100352,
        },
    ),
    (
        "SmolLM3",
        3_075_098_624,
        {
            "model_type": "smollm3",
            "hidden_size": 2048,
            "num_hidden_layers": 36,
            "num_attention_heads": 16,
            "num_key_value_heads": 4,
            "intermediate_size": 11008,
            "vocab_size": 128256,
        },
    ),
    (
        "OLMo-2-32B",
        32_234_279_936,
        {
            "model_type": "olmo2",
            "hidden_size": 5120,
            "num_hidden_layers": 64,
            "num_attention_heads": 40,
            "num_key_value_heads": 8,
            "intermediate_size": 27648,
            "vocab_size": 100352,
        },
    ),
    (
        "Seed-OSS-36B",
        36_151_104_512,
        {
            "model_type": "seed_oss",
            "hidden_size": 5120,
            "num_hidden_layers": 64,
            "num_attention_heads": 80,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "intermediate_size": 27648,
            "vocab_size": 155136,
        },
    ),
    (
        "Command-R7B",
        8_028_033_024,
        {
            "model_type": "cohere2",
            "hidden_size": 4096,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "intermediate_size": 14336,
            "vocab_size": 256000,
        },
    ),
    (
        "StarCoder",
        15_517_456_384,
        {
            "model_type": "gpt_bigcode",
            "n_embd": 6144,
            "n_layer": 40,
            "n_head": 48,
            "n_positions": 8192,
            "vocab_size": 49152,
        },
    ),
]
"""Model, elements of its released weights as Hugging Face reports them ("safetensors parameters"), and what
matters of its config."""


@pytest.mark.parametrize(("name", "count", "keys"), RELEASED, ids=[row[0] for row in RELEASED])
def test_the_total_is_that_of_the_released_weights(name, count, keys):
    assert read(keys).total_params == count


def bare(arch):
    return replace(arch, name="", source="")


@pytest.mark.parametrize("name", ROWS)
def test_a_published_config_gives_the_row(name):
    found, row = read(ROWS[name]), lt.architectures[name]
    assert bare(found) == bare(row)


def test_the_config_of_gemma_3_is_its_row_with_a_padded_vocabulary():
    text = {"model_type": "gemma3_text", "hidden_size": 5376, "num_hidden_layers": 62, "num_attention_heads": 32}
    text |= {"head_dim": 128, "num_key_value_heads": 16, "intermediate_size": 21504, "sliding_window": 1024}
    text |= {"query_pre_attn_scalar": 168, "sliding_window_pattern": 6}
    found = read({"model_type": "gemma3", "text_config": text, "vision_config": {"hidden_size": 1152}})
    assert bare(replace(found, vocabulary=262144)) == bare(lt.architectures.Gemma3_27B)
    assert found.vocabulary == 262208


def published():
    return json.loads(Path(CONFIGS).read_text(encoding="utf-8")) if CONFIGS else []


@pytest.mark.skipif(not CONFIGS, reason="LIFETIME_HF_CONFIGS is not set")
def test_counts_of_another_implementation():
    """Parameters (the biases of the router beside), bytes of the cache at long contexts, below the window, refusals."""
    assert len(published()) >= 18
    for row in published():
        if row.get("expect") == "error":
            with pytest.raises(ValueError, match=" must be "):
                read(row["config"])
            continue
        arch = read(row["config"])
        assert arch.total_params == row["total_params"] + row.get("router_bias_buffer_elements", 0), row["name"]
        assert arch.kv_cache_bytes() == row["kv_bytes_per_token_bf16"], row["name"]
        if below := row.get("kv_bytes_per_token_bf16_below_window"):
            assert arch.kv_stored_bytes(row["window"]) == below * row["window"], row["name"]
        assert (arch.window or None) == row["window"], row["name"]


# Windows and chunks


@pytest.mark.parametrize(
    ("family", "more", "windowed"),
    [
        ("llama", {}, 0),
        ("mistral", {}, 8),
        ("mistral", {"sliding_window": 7}, 8),
        ("mixtral", {"num_local_experts": 2, "num_experts_per_tok": 1}, 0),
        ("qwen2", {"use_sliding_window": True, "sliding_window": 7, "max_window_layers": 3}, 5),
        ("qwen2", {"use_sliding_window": False, "sliding_window": 7, "max_window_layers": 3}, 0),
        ("qwen2", {"sliding_window": 7, "max_window_layers": 3}, 0),
        ("qwen2", {"layer_types": ["full_attention"] * 6 + ["sliding_attention"] * 2, "sliding_window": 7}, 2),
        ("gemma2", {}, 4),
        ("gemma3_text", {}, 7),
        ("gemma3_text", {"sliding_window_pattern": 4}, 6),
        ("gemma3_text", {"_sliding_window_pattern": 4}, 6),
        ("cohere2", {}, 6),
        ("olmo3", {}, 6),
        ("gpt_oss", {"num_local_experts": 2, "num_experts_per_tok": 1}, 4),
        ("starcoder2", {}, 0),
        ("starcoder2", {"sliding_window": 7}, 8),
    ],
)
def test_layers_with_a_window(family, more, windowed):
    arch = read(config(family, BASE, more))
    assert arch.windowed_layers == windowed
    assert bool(arch.window) == bool(windowed)


def test_a_config_that_is_no_file_has_no_source():
    assert read(config("llama", BASE, {})).source == ""


def test_a_null_is_not_a_missing_key():
    assert read(config("mistral", BASE, {})).window == 4096
    assert read({"model_type": "mistral", "sliding_window": None} | BASE).window == 0


def test_chunks_end_at_layers_without_rotary_positions():
    more = {"num_local_experts": 4, "num_experts_per_tok": 1, "head_dim": 8}
    assert read(config("llama4_text", BASE, more)).spans == (lt.Span(layers=6, chunk=8192),)
    near = {"no_rope_layers": [1, 0] * 4, "attention_chunk_size": 9}
    assert read(config("llama4_text", BASE, more | near)).spans == (lt.Span(layers=4, chunk=9),)
    assert read({"model_type": "llama4_text", "attention_chunk_size": None} | BASE | more).spans == ()
    said = {"layer_types": ["chunked_attention"] * 5 + ["full_attention"] * 3, "attention_chunk_size": 9}
    assert read(config("llama4_text", BASE, more | said)).spans == (lt.Span(layers=5, chunk=9),)


# Every matrix, one by one


@given(
    layers=st.integers(1, 9),
    heads=st.integers(1, 4),
    groups=st.integers(1, 4),
    sizes=st.tuples(*[st.integers(1, 60)] * 5),
    experts=st.integers(2, 6),
    step=st.integers(1, 3),
    dense=st.lists(st.integers(0, 8), max_size=3),
    tied=st.booleans(),
)
def test_random_sizes_of_qwen2_moe_count_as_its_matrices(layers, heads, groups, sizes, experts, step, dense, tied):
    width, head, vocabulary, inner, expert = sizes
    given = {"model_type": "qwen2_moe", "num_hidden_layers": float(layers), "hidden_size": width, "head_dim": head}
    given |= {"num_attention_heads": heads * groups, "num_key_value_heads": heads, "vocab_size": vocabulary}
    given |= {"intermediate_size": inner, "moe_intermediate_size": expert, "shared_expert_intermediate_size": inner}
    given |= {"num_experts": experts, "num_experts_per_tok": 1, "decoder_sparse_step": step, "mlp_only_layers": dense}
    sparse = [layer for layer in range(layers) if (layer + 1) % step == 0 and layer not in dense]
    if not sparse:
        return
    shapes = [(vocabulary, width)] * (1 if tied else 2) + [(width,)]
    for layer in range(layers):
        shapes += [(width,), (width,), (width, heads * groups * head)]
        for rows in (heads * groups * head, heads * head, heads * head):
            shapes += [(rows, width), (rows,)]
        if layer in sparse:
            shapes += [(experts, width), (1, width), *[(expert, width)] * 3 * experts]
        shapes += [(inner, width)] * 3
    arch = read(given | {"tie_word_embeddings": tied})
    assert arch.total_params == sum(map(math.prod, shapes))
    assert arch.moe_layers == len(sparse)
    assert arch.routed_expert_params == len(sparse) * experts * 3 * expert * width


# Files


def test_a_file_is_read(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(ROWS["GPT2"] | {"_name_or_path": "gpt2"}), encoding="utf-8")
    for where in (path, str(path)):
        arch = read(where)
        assert (arch.name, arch.source) == ("gpt2", str(path))
        assert bare(arch) == bare(lt.architectures.GPT2)
    path.write_text("[1]", encoding="utf-8")
    with pytest.raises(ValueError, match="config.json must be a JSON object; got"):
        read(path)


def test_a_quantised_config_has_the_same_parameters():
    quantised = ROWS["DeepSeekV3"] | {"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}
    assert read(quantised) == read(ROWS["DeepSeekV3"])


# What is refused


MOE_KEYS = {"num_local_experts": 4, "num_experts_per_tok": 2}


@pytest.mark.parametrize(
    ("family", "more", "message"),
    [
        ("mamba", {"state_size": 16}, "state_size must be left out: a state space is no attention; got 16"),
        (
            "qwen3_next",
            {"full_attention_interval": 4},
            "full_attention_interval must be left out: all layers attend in",
        ),
        ("t5", {"is_encoder_decoder": True}, "is_encoder_decoder must be false: a decoder alone; got True"),
        (
            "openelm",
            {"num_query_heads": [12, 16]},
            "num_query_heads must be left out: all layers are alike; got [12, 16]",
        ),
        ("nemotron-nas", {"block_configs": [{"a": 1}]}, "block_configs must be left out: all layers are alike; got [{"),
        ("rwkv", {}, "model_type must be that of a known family; got 'rwkv'; Valid: llama, "),
        ("lama", {}, "model_type must be that of a known family; got 'lama'; did you mean 'llama'? Valid: llama, "),
        ("llama", {"vocab_size": None}, "vocab_size must be in the config: a whole number, 1 or more; it is missing"),
        ("llama", {"hidden_size": None}, "hidden_size must be in the config"),
        ("llama", {"intermediate_size": None}, "intermediate_size must be in the config"),
        ("mixtral", {"num_experts_per_tok": 2}, "num_local_experts must be in the config"),
        ("llama", {"hidden_size": "48"}, "hidden_size must be a whole number, 1 or more; got '48'"),
        ("llama", {"hidden_size": 48.5}, "hidden_size must be a whole number, 1 or more; got 48.5"),
        ("llama", {"num_attention_heads": [6, 6]}, "num_attention_heads must be a whole number, 1 or more; got [6, 6]"),
        ("llama", {"num_hidden_layers": True}, "num_hidden_layers must be a whole number, 1 or more; got True"),
        ("llama", {"hidden_size": 50}, "hidden_size must be a multiple of 6 heads; got 50"),
        ("llama", {"num_key_value_heads": 4}, "num_key_value_heads must be a divisor of heads=6; got 4"),
        (
            "llama",
            {"num_experts": 8},
            "num_experts must be left out with model_type llama, which has no such key; got 8",
        ),
        ("llama", {"sliding_window": 7}, "sliding_window must be left out with model_type llama"),
        ("llama", {"linear_num_key_heads": 7}, "linear_num_key_heads must be left out with model_type llama"),
        ("llama", {"tie_word_embeddings": 1}, "tie_word_embeddings must be true or false; got 1"),
        ("llama", {"n_embd": 40}, "n_embd must be 48, as hidden_size is; got 40"),
        ("phi", {"qk_layernorm": True}, "qk_layernorm must be false with model_type phi; got True"),
        ("minimax_m2", MOE_KEYS | {"qk_norm_type": "x"}, 'qk_norm_type must be "per_layer" with model_type minimax_m2'),
        ("qwen2", {"layer_types": ["full_attention"] * 7}, "layer_types must be a list of 8, one for each layer; got"),
        ("qwen2", {"layer_types": ["linear_attention"] * 8}, "layer_types must be made of full_attention, sliding_"),
        ("mixtral", MOE_KEYS | {"num_experts_per_tok": 5}, "num_experts_per_tok must be at most experts=4; got 5"),
        ("minimax_m2", MOE_KEYS | {"attn_type_list": [1, 0]}, "attn_type_list must be of 1 alone: linear attention"),
        ("mpt", {"n_inner": 7}, "attn_config.alibi must be true: learned positions are not read; got None"),
        ("mpt", {"attn_config": {"alibi": True, "qk_ln": True}}, "attn_config.qk_ln must be false; got True"),
        (
            "deepseek_v4",
            V4 | {"compress_ratios": [0, 8]},
            "compress_ratios must be a list of 0, 4 and 128, one for each",
        ),
    ],
)
def test_what_is_refused_is_named(family, more, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        read(config(family, BASE, more))


def test_other_types_of_a_config_are_refused():
    with pytest.raises(TypeError):
        read(5)
    with pytest.raises(ValueError, match="model_type must be that of a known family; got None"):
        read({})


def test_keys_that_shape_nothing_are_let_be():
    harmless = {"rms_norm_eps": 1e-6, "initializer_range": 0.02, "rope_theta": 1e4, "max_position_embeddings": 4096}
    harmless |= {"num_nextn_predict_layers": 1, "attention_dropout": 0.1, "num_experts": 0, "layer_types": None}
    assert read(config("llama", BASE, harmless)) == read(config("llama", BASE, {}))
