"""A transformer as its published config describes it, and its parameters. No numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING

from ..types import Value
from . import weights
from .costs import Costs
from .deployment import Deployment
from .sizes import insist, settle
from .span import Span

if TYPE_CHECKING:
    from .accelerator import Accelerator


@dataclass(frozen=True, kw_only=True)
class Architecture(Costs):
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
        Norms over d in a layer: 2, or 4 with one before and one after each block, or 1 where both blocks share it. One
        more follows the last layer. 0: no norm has weights.
    qk_norm : {"", "head", "all"}, optional
        Norms of queries and keys: none, one for a head, one for all heads.
    biases : str, optional
        Which of "qkv", "out", "ffn", "norm" (LayerNorm), "router", "sink" (of the softmax) and "head" (of the output)
        there are: "qkv out".
    window, windowed_layers : int or symbol, optional
        So many layers attend to the last ``window`` tokens only; the others to all.
    spans : tuple of Span, optional
        Layers that attend otherwise: in chunks, to compressed entries, to chosen ones.
    kv_rank, q_rank, rope_size : int or symbol, optional
        Multi-head latent attention (MLA): rank r of the latent of keys and values, rank of that of the queries (0:
        none), and size ρ of the rotary part, whose key the heads share.
    values_are_keys : bool, optional
        One vector of size s is key and value (DeepSeek-V4), with a norm; queries may then have a ``q_rank``, too.
    out_rank, out_groups : int or symbol, optional
        Rank of the output projection (0: full), and groups of heads which share it.
    experts, active_experts, shared_experts, expert_width : int or symbol, optional
        Routed experts in a layer, how many of them serve a token, how many more serve every token, inner width of each.
    shared_width, shared_gate : int or symbol, bool, optional
        Inner width of a shared expert, if another, and whether each layer has a vector which weighs them.
    dense_layers : int or symbol, optional
        Layers without experts in a model with experts.
    other_params : int or symbol, optional
        Parameters of matrices that none of these describes, used for every token.
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
    spans: tuple[Span, ...] = ()
    kv_rank: Value = 0
    q_rank: Value = 0
    rope_size: Value = 0
    values_are_keys: bool = False
    out_rank: Value = 0
    out_groups: Value = 1
    experts: Value = 0
    active_experts: Value = 0
    shared_experts: Value = 0
    expert_width: Value = 0
    shared_width: Value = 0
    shared_gate: bool = False
    dense_layers: Value = 0
    other_params: Value = 0
    name: str = ""
    source: str = field(default="", repr=False)

    def __post_init__(self):
        object.__setattr__(self, "spans", tuple(self.spans))
        insist(all(isinstance(span, Span) for span in self.spans), "spans", self.spans, "a tuple of Span")
        settle(self)

    @classmethod
    def from_config(cls, config: dict | str | PathLike) -> Architecture:
        """Read the ``config.json`` of a model as Hugging Face has it; of a multimodal one, the text model.

        Counted are the parameters of the model as it generates: not the modules for multi-token prediction, but the
        biases of a router, which transformers calls a buffer (``e_score_correction_bias``).

        Parameters
        ----------
        config : dict or path
            What the file holds, or where it is.

        Raises
        ------
        ValueError
            For what an architecture cannot express (linear attention, state spaces, encoders, layers of different
            heads), a key that is missing, and one that the family is not known to have: with the key, its value and
            what is valid.

        Examples
        --------
        >>> llama = {"model_type": "llama", "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 32,
        ...          "num_key_value_heads": 8, "intermediate_size": 8192, "vocab_size": 128256,
        ...          "tie_word_embeddings": True}
        >>> print(f"{Architecture.from_config(llama).total_params:,}")
        1,235,814,400

        References
        ----------
        Wolf et al. (2020), Transformers; configuration and modeling files of github.com/huggingface/transformers.
        """
        from .config import read

        return read(config, cls)

    def roofline(
        self,
        chip: Accelerator,
        precision: str = "fp8",
        *,
        devices: int | None = None,
        training_flop: Value = None,
        kv_element_bytes: float = 1,
        attention_precision: str = "bf16",
        tokens_per_step: float = 1,
        weight_bytes: float | None = None,
        tensor_parallel: int | None = None,
    ) -> Deployment:
        """What this model does on devices of one kind: the :class:`Deployment`, which explains the arguments.

        Examples
        --------
        >>> from lifetime import accelerators, architectures
        >>> served = architectures.Llama3_70B.roofline(accelerators.H100_SXM, "fp8", devices=4)
        >>> print(f"{served.throughput(256, 2000):,.0f} tokens per second at most, {served.max_batch(2000):,.0f} fit")
        22,364 tokens per second at most, 829 fit
        """
        return Deployment(
            architecture=self,
            chip=chip,
            precision=precision,
            devices=devices,
            training_flop=training_flop,
            kv_element_bytes=kv_element_bytes,
            attention_precision=attention_precision,
            tokens_per_step=tokens_per_step,
            weight_bytes=weight_bytes,
            tensor_parallel=tensor_parallel,
        )

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
        return self.embedding_params - self.width * self.vocabulary + sum(weights.used(self, self.experts))

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
        return sum(weights.used(self, self.active_experts))

    @property
    def moe_layers(self) -> Value:
        """Layers with experts."""
        return self.layers - self.dense_layers if self.experts else 0

    @property
    def routed_expert_params(self) -> Value:
        """Parameters of all routed experts of all layers: what expert parallelism divides."""
        return self.moe_layers * self.experts * sum(weights.ffn(self, self.expert_width))

    @property
    def attention_params(self) -> Value:
        """Parameters of the attention of all layers, with its own norms and an indexer (of V4, not the compressors)."""
        return sum(weights.total(weights.attention_parts(self)))

    @property
    def full_layers(self) -> Value:
        """Layers that attend to all tokens, one entry each."""
        return self.layers - self.windowed_layers - sum(span.layers for span in self.spans)

    @property
    def _spans(self):
        near = Span(layers=self.windowed_layers, window=self.window) if self.window else None
        full = Span(layers=self.full_layers) if self.full_layers else None
        return [span for span in (near, *self.spans, full) if span]

    @property
    def _cached(self):
        """Elements of an entry of the cache of a layer."""
        if self.kv_rank:
            return self.kv_rank + self.rope_size
        return self.kv_heads * (self.head_size + (0 if self.values_are_keys else self.value_size))
