"""Parameters of an architecture, part by part: those in matrices, which are multiplied, and those in vectors."""

from __future__ import annotations


def attention(arch):
    """Of the attention of a layer, without what chooses its entries."""
    d, h, kv, s, v = arch.width, arch.heads, arch.kv_heads, arch.head_size, arch.value_size
    rank, q_rank, rope = arch.kv_rank, arch.q_rank, arch.rope_size
    out = arch.out_rank * (h // arch.out_groups * v + d) if arch.out_rank else h * v * d
    vectors = q_rank + _has(arch, "out") * d + _has(arch, "sink") * h
    size = s + rope
    matrices = (q_rank * (d + h * size) if q_rank else d * h * size) + out
    if rank:
        return matrices + d * (rank + rope) + rank * h * (s + v), vectors + rank
    if arch.values_are_keys:
        return matrices + d * kv * s, vectors + s
    vectors += {"": 0, "head": 2 * s, "all": (h + kv) * s}[arch.qk_norm] + _has(arch, "qkv") * (h * s + kv * (s + v))
    return matrices + d * kv * (s + v), vectors


def indexer(arch, span):
    """Of what chooses the entries in a layer. The keys of compressed entries come with them, from elsewhere."""
    heads, size = span.index_heads, span.index_size
    queries = heads * (arch.q_rank * size + arch.width)
    own = size if span.ratio == 1 else 0
    return queries + own * arch.width, 2 * own


def ffn(arch, width):
    """Of a feed-forward block."""
    inputs = 1 + int(arch.gated)
    return (inputs + 1) * arch.width * width, _has(arch, "ffn") * (inputs * width + arch.width)


def attention_parts(arch):
    """Of the attention of all layers: [(how often, (in matrices, in vectors)), ...]."""
    return [(arch.layers, attention(arch)), *((span.layers, indexer(arch, span)) for span in arch.spans)]


def used(arch, experts):
    """Of all that is not looked up, with so many of the routed experts."""
    d, moe = arch.width, arch.moe_layers
    norms = arch.layers * arch.norms + 1 if arch.norms else 0
    parts = [
        *attention_parts(arch),
        (arch.layers - moe, ffn(arch, arch.ffn_width)),
        (moe * experts, ffn(arch, arch.expert_width)),
        (moe * arch.shared_experts, ffn(arch, arch.shared_width or arch.expert_width)),
        (moe * int(arch.shared_gate), (d, 0)),
        (moe * arch.experts, (d, _has(arch, "router"))),
        (norms, (0, d * (1 + _has(arch, "norm")))),
        (arch.vocabulary, (d, _has(arch, "head"))),
        (1, (arch.other_params, 0)),
    ]
    return total(parts)


def total(parts):
    """In matrices, in vectors."""
    return sum(n * matrices for n, (matrices, _) in parts), sum(n * vectors for n, (_, vectors) in parts)


def _has(arch, bias):
    return int(bias in arch.biases.split())
