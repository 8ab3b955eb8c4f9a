"""A transformer counted from its published config: parameters, FLOP per token, bytes of KV cache. No numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..arrays import as_number, brief, elementwise, is_symbolic
from ..symbols import FORWARD_FLOP, TRAINING_FLOP
from ..types import Value
from .counts import cache, decode, growth, prefill

_FROM_1 = ("layers", "width", "heads", "head_size", "vocabulary", "kv_heads", "value_size", "norms")
_FROM_0 = ("ffn_width", "positions", "window", "windowed_layers", "kv_rank", "q_rank", "rope_size", "experts")
_FROM_0 += ("active_experts", "shared_experts", "expert_width", "dense_layers")
_AT_MOST = {"kv_heads": "heads", "windowed_layers": "layers", "active_experts": "experts", "dense_layers": "layers"}
_NEEDS = {
    "window": "windowed_layers",
    "windowed_layers": "window",
    "q_rank": "kv_rank",
    "rope_size": "kv_rank",
    "experts": "active_experts",
    "active_experts": "expert_width",
    "expert_width": "experts",
    "shared_experts": "experts",
    "dense_layers": "experts",
}
_QK_NORMS = ("", "head", "all")
_BIASES = ("qkv", "out", "ffn", "norm", "router", "sink")


@dataclass(frozen=True, kw_only=True)
class Architecture:
    r"""A decoder-only transformer, as its config describes it.

    Parameters
    ----------
    layers, width, vocabulary : int or symbol
        Layers, size d of the residual stream, rows V of the embedding (padding included).
    heads, head_size : int or symbol
        Query heads h and their size s (with ``kv_rank``: without the rotary part).
    kv_heads, value_size : int or symbol, optional
        Heads of keys and values, and size v of a value. Default: as many, and as large, as the query heads.
    ffn_width : int or symbol, optional
        Inner width of the feed-forward block in layers without experts.
    gated : bool, optional
        A feed-forward block has three matrices (SwiGLU, GeGLU), not two.
    tied : bool, optional
        The output head is the input embedding.
    positions : int or symbol, optional
        Learned positions.
    norms : int or symbol, optional
        Norms over d in a layer: 2, or 4 with one before and one after each block. One more follows the last layer.
    qk_norm : {"", "head", "all"}, optional
        Norms of queries and keys: none, one for a head, one for all heads.
    biases : str, optional
        Which of "qkv", "out", "ffn", "norm" (LayerNorm), "router" and "sink" (of the softmax) there are: "qkv out".
    window, windowed_layers : int or symbol, optional
        So many layers attend to the last ``window`` tokens only; the others to all.
    kv_rank, q_rank, rope_size : int or symbol, optional
        Multi-head latent attention (MLA): rank r of the latent of keys and values, rank of that of the queries (0:
        none), and size ρ of the rotary part, whose key the heads share.
    experts, active_experts, shared_experts, expert_width : int or symbol, optional
        Routed experts in a layer, how many of them serve a token, how many more serve every token, inner width of each.
    dense_layers : int or symbol, optional
        Layers without experts in a model with experts.
    name, source : str, optional
        For labels and tables.

    Notes
    -----
    FLOP are those of matrix products: 2 for each weight and token, and attention. Norms, biases, activations, softmax
    and rotation are not counted, and looking up an embedding multiplies nothing.

    Raises
    ------
    ValueError
        For a size that is not a whole number, and for sizes that contradict each other.

    Examples
    --------
    >>> gpt2 = Architecture(layers=12, width=768, heads=12, head_size=64, ffn_width=3072, vocabulary=50257,
    ...                     positions=1024, gated=False, tied=True, biases="qkv out ffn norm")
    >>> print(f"{gpt2.total_params:,}")
    124,439,808

    References
    ----------
    Kaplan et al. (2020), arXiv 2001.08361, section 2.1; for MLA, DeepSeek-AI (2024), arXiv 2405.04434, section 2.1.
    """

    layers: Value
    width: Value
    heads: Value
    head_size: Value
    vocabulary: Value
    kv_heads: Value = None
    value_size: Value = None
    ffn_width: Value = 0
    gated: bool = True
    tied: bool = False
    positions: Value = 0
    norms: Value = 2
    qk_norm: str = ""
    biases: str = ""
    window: Value = 0
    windowed_layers: Value = 0
    kv_rank: Value = 0
    q_rank: Value = 0
    rope_size: Value = 0
    experts: Value = 0
    active_experts: Value = 0
    shared_experts: Value = 0
    expert_width: Value = 0
    dense_layers: Value = 0
    name: str = ""
    source: str = field(default="", repr=False)

    def __post_init__(self):
        defaults = {"kv_heads": self.heads, "value_size": self.head_size}
        for name in (*_FROM_1, *_FROM_0):
            value = getattr(self, name)
            value = defaults.get(name) if value is None else value
            object.__setattr__(self, name, _whole(name, value, least=int(name in _FROM_1)))
        for name in ("gated", "tied"):
            _insist(isinstance(getattr(self, name), bool | np.bool_), name, getattr(self, name), "True or False")
        _insist(self.qk_norm in _QK_NORMS, "qk_norm", self.qk_norm, f"one of {_QK_NORMS}")
        words = self.biases.split() if isinstance(self.biases, str) else [self.biases]
        _insist(all(word in _BIASES for word in words), "biases", self.biases, f"words out of {_BIASES}")
        for name, other in _AT_MOST.items():
            value, limit = getattr(self, name), getattr(self, other)
            _insist(is_symbolic(limit - value) or value <= limit, name, value, f"at most {other}={limit}")
        for name, other in _NEEDS.items():
            _insist(not getattr(self, name) or getattr(self, other), name, getattr(self, name), f"0 without {other}")
        rest = self.heads % self.kv_heads
        _insist(is_symbolic(rest) or rest == 0, "kv_heads", self.kv_heads, f"a divisor of heads={self.heads}")
        without_experts = self.dense_layers if self.experts else self.layers
        _insist(self.ffn_width or not without_experts, "ffn_width", 0, "1 or more for the layers without experts")
        if self.kv_rank:
            _insist(self.kv_heads == self.heads, "kv_heads", self.kv_heads, "left out with kv_rank")
            _insist(not self.qk_norm, "qk_norm", self.qk_norm, "left out with kv_rank: the latents have norms anyway")
            _insist("qkv" not in words, "biases", self.biases, "words other than 'qkv' with kv_rank")

    def _attention(self):
        """Parameters of the attention of a layer: in matrices, in vectors."""
        d, h, kv, s, v = self.width, self.heads, self.kv_heads, self.head_size, self.value_size
        rank, q_rank, rope = self.kv_rank, self.q_rank, self.rope_size
        biases = self._bias("qkv") * (h * s + kv * (s + v)) + self._bias("out") * d + self._bias("sink") * h
        if rank:
            queries = q_rank * (d + h * (s + rope)) if q_rank else d * h * (s + rope)
            return queries + d * (rank + rope) + rank * h * (s + v) + h * v * d, q_rank + rank + biases
        qk_norm = {"": 0, "head": 2 * s, "all": (h + kv) * s}[self.qk_norm]
        return d * h * s + d * kv * (s + v) + h * v * d, qk_norm + biases

    def _ffn(self, width):
        """Parameters of a feed-forward block: in matrices, in vectors."""
        inputs = 1 + int(self.gated)
        return (inputs + 1) * self.width * width, self._bias("ffn") * (inputs * width + self.width)

    def _bias(self, where):
        return int(where in self.biases.split())

    def _used(self, experts):
        """Parameters that are not looked up, with so many of the routed experts: in matrices, in vectors."""
        d, moe_layers = self.width, self.layers - self.dense_layers if self.experts else 0
        parts = (
            (self.layers, self._attention()),
            (self.layers - moe_layers, self._ffn(self.ffn_width)),
            (moe_layers * (experts + self.shared_experts), self._ffn(self.expert_width)),
            (moe_layers * self.experts, (d, self._bias("router"))),
            (self.layers * self.norms + 1, (0, d * (1 + self._bias("norm")))),
            (self.vocabulary, (d, 0)),
        )
        return sum(n * matrices for n, (matrices, _) in parts), sum(n * vectors for n, (_, vectors) in parts)

    @property
    def embedding_params(self) -> Value:
        """Parameters of input embedding, output head (unless tied) and learned positions.

        The total without them is what papers call non-embedding parameters.
        """
        return self.width * ((2 - int(self.tied)) * self.vocabulary + self.positions)

    @property
    def total_params(self) -> Value:
        """All parameters, but for modules beside the model (multi-token prediction: 14 B in the files of DeepSeek-V3).

        Examples
        --------
        >>> from lifetime import architectures
        >>> print(f"{architectures.Llama3_8B.total_params:,}")
        8,030,261,248
        """
        return self.embedding_params - self.width * self.vocabulary + sum(self._used(self.experts))

    @property
    def active_params(self) -> Value:
        """Parameters used for a token: of the experts, those that serve it; router and output head included.

        What is looked up (input embedding unless tied, positions) is left out, for a token uses one row of it. The 37 B
        of DeepSeek-V3 and the 5.1 B of gpt-oss-120b are counted so. A dense model, too, has fewer than in total.

        Examples
        --------
        >>> from lifetime import architectures
        >>> print(f"{architectures.DeepSeekV3.active_params:,}")
        36,625,618,432

        References
        ----------
        DeepSeek-V3, README_WEIGHTS.md ("36.6B (including 0.9B for the output Head)"); OpenAI (2025), arXiv 2508.10925,
        Table 1 ("Unembedding parameters are counted towards active, but not embeddings").
        """
        return sum(self._used(self.active_experts))

    def forward_flop(self, context: Value) -> Value:
        r"""FLOP to decode a token that attends to ``context`` tokens, itself included.

        .. math:: 2 W + 2 h (s + v) \sum_\mathrm{layers} \min(\mathrm{context}, \mathrm{window})

        W are the weights that are multiplied. MLA is counted as it decodes: absorbed, the h heads attend to what is
        cached, with 2r + ρ in place of s + v. (Not absorbed, every step would expand the whole cache again.) The other
        form, of training and prefill, multiplies the same W and is in :meth:`prefill_flop`.

        Parameters
        ----------
        context : float or array
            Tokens. 0: the weights alone.

        Raises
        ------
        ValueError
            For a context that is negative, NaN or infinite.

        Examples
        --------
        >>> from lifetime import architectures
        >>> print(f"{architectures.Llama3_8B.forward_flop(context=8192):.4g}")
        1.93e+10
        """
        per_token = 2 * self.kv_rank + self.rope_size if self.kv_rank else self.head_size + self.value_size
        return self._flop(decode, context, per_token)

    def prefill_flop(self, context: Value) -> Value:
        r"""FLOP per token of a forward pass over a causal sequence of ``context`` tokens.

        The mean over tokens that attend to 1, 2, ..., ``context`` tokens: to (context + 1)/2 where there is no window.
        MLA is counted as it trains: keys and values are expanded once, with s + ρ + v in place of s + v. The output
        head is counted for every token, though a prompt needs it once.

        Parameters
        ----------
        context : float or array
            Tokens in the sequence. 0: the weights alone.

        Raises
        ------
        ValueError
            For a context that is negative, NaN or infinite.

        Examples
        --------
        >>> from lifetime import architectures
        >>> print(f"{architectures.Llama3_8B.prefill_flop(context=8192):.4g}")
        1.716e+10
        """
        return self._flop(prefill, context, self.head_size + self.rope_size + self.value_size)

    def training_flop(self, context: Value) -> Value:
        """FLOP per token of a training step over sequences of ``context`` tokens: 3 times :meth:`prefill_flop`.

        The backward pass differentiates every product with respect to both factors. Nothing is recomputed.

        Examples
        --------
        >>> from lifetime import architectures
        >>> gpt3 = architectures.GPT3_175B
        >>> print(f"{gpt3.training_flop(context=2048) / (6 * gpt3.active_params):.3f}")
        1.014
        """
        return TRAINING_FLOP // FORWARD_FLOP * self.prefill_flop(context)

    def kv_cache_bytes(self, bytes_per_element: Value = 2) -> Value:
        """Bytes by which a token lengthens the KV cache of a long sequence: layers whose window is full add none.

        Raises
        ------
        ValueError
            For bytes that are not positive and finite.

        Examples
        --------
        >>> from lifetime import architectures
        >>> print(f"{architectures.Llama3_70B.kv_cache_bytes():,.0f} bytes per token")
        327,680 bytes per token
        """
        elements = (self.layers - self.windowed_layers) * self._cached
        return elementwise(growth, ("bytes",), elements=elements, bytes_per_element=bytes_per_element)

    def kv_cache_bytes_at(self, context: Value, bytes_per_element: Value = 2) -> Value:
        """Bytes of the KV cache of a sequence of ``context`` tokens, all of which a decoded token reads.

        Raises
        ------
        ValueError
            For a context that is negative, NaN or infinite, and bytes that are not positive and finite.

        Examples
        --------
        >>> from lifetime import architectures
        >>> print(f"{architectures.Gemma3_27B.kv_cache_bytes_at(context=131072) / 131072:,.0f} bytes per token")
        85,248 bytes per token
        """
        inputs = {"elements": self._cached, "context": context, "bytes_per_element": bytes_per_element}
        return elementwise(cache, ("bytes",), **inputs, **self._reach)

    @property
    def _cached(self):
        """Elements that a layer caches for a token."""
        latent = self.kv_rank + self.rope_size
        return latent if self.kv_rank else self.kv_heads * (self.head_size + self.value_size)

    @property
    def _reach(self):
        """How many layers attend to all tokens, and how many to a window of which size."""
        windowed = self.windowed_layers
        return {"full": self.layers - windowed, "windowed": windowed, "window": self.window}

    def _flop(self, formula, context, per_token):
        weights, _ = self._used(self.active_experts)
        inputs = {"weights": weights, "per_token": self.heads * per_token, "context": context}
        return elementwise(formula, ("FLOP",), **inputs, **self._reach)


def _whole(name, value, least):
    number = as_number(name, value)
    if is_symbolic(number):
        return number
    whole = isinstance(number, float) and number >= least and number % 1 == 0
    _insist(whole, name, value, f"a whole number, {least} or more")
    return int(number)


def _insist(ok, name, value, valid):
    if not ok:
        raise ValueError(f"{name} must be {valid}; got {brief(value)}")
