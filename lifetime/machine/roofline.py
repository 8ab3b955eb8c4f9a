r"""The roofline of decoding: step time, batch, throughput, relative efficiency. No numbers.

To decode a token of every sequence of a batch, the devices read all weights once and the KV cache of every sequence,
and compute 2 FLOP per active parameter and sequence. Everything here follows from what that costs for one token, in
FLOP at peak, where R = F/BW is the FLOP that could be done in the time of reading a byte:

.. math:: c = \max\left(2N + aL,\; R\left(\frac{w N_\mathrm{total}}{B} + kL\right)\right)

with batch B, context L, w bytes per weight, k bytes of KV cache and a FLOP of attention per token of context.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import sympy as sp

from ..arrays import as_number, check, elementwise, is_lazy, is_symbolic, require
from ..symbols import FORWARD_FLOP, Meaning
from ..theory.limits import Limited
from ..types import Value

_POSITIVE = Meaning(None, "", "")
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, kw_only=True)
class Roofline:
    r"""What a model costs to run on devices that share its weights and the batch evenly, communication left out.

    Parameters
    ----------
    N, N_total : float, array or symbol
        Active parameters, and parameters in all.
    weight_bytes, kv_bytes : float, array or symbol
        Bytes of a weight, and of the KV cache per token of context and sequence (0: none).
    F, BW : float, array or symbol
        Peak FLOP per second, and bytes per second, of all devices together.
    attention_flop : float, array or symbol, optional
        FLOP of attention per new token and token of context. They take time; no result counts them as useful.
    memory : float, array or symbol, optional
        Bytes of all devices together. Not given: no limit.

    Notes
    -----
    Fields and arguments broadcast. With symbols, every method returns a sympy expression. That of :meth:`efficiency`
    brings the limit of a known memory along, and a plan that does not fit is an error; the others do not know it. The
    methods share these arguments:

    batch
        Sequences that share a step, whole numbers or not. ``None``: so many that the weights cost nothing.
    context
        Tokens whose keys and values are read, per sequence.
    new_tokens
        Tokens that a step adds to every sequence, the last of the context: 1 (the default) to decode, more where they
        are guessed (speculative decoding), the whole context to prefill a prompt.
    overlap
        True: computing and reading overlap perfectly, and the longer one counts. False: not at all, and their sum
        counts. Both leave out what devices send, which may take longer than either (:class:`~lifetime.Deployment`).

    Raises
    ------
    ValueError
        For a field that is not positive and finite (kv_bytes and attention_flop may be 0), and for more active
        parameters than there are. From the methods for a batch or a context that is not positive and finite, for a
        batch too large for the memory, with the largest, and for weights that do not fit at all.

    Examples
    --------
    The efficiency of a phase, as an expression in N, batch and context:

    >>> from lifetime import Phase, accelerators
    >>> from lifetime.symbols import D_inf, N, batch, context
    >>> roofline = accelerators.H100_SXM.roofline("fp8", N=N, N_total=N, weight_bytes=1, kv_bytes=70e3)
    >>> decode = Phase("decode", D_inf, 2, roofline.efficiency(batch, context, training_mfu=0.4))
    >>> sorted(decode.cost.free_symbols, key=str)
    [D_inf, N, batch, context]

    References
    ----------
    Pope et al. (2022), arXiv 2211.05102, section 2; Austin et al. (2025), How to Scale Your Model, chapter 7.
    """

    N: Value
    N_total: Value
    weight_bytes: Value
    kv_bytes: Value
    F: Value
    BW: Value
    attention_flop: Value = 0
    memory: Value = None

    def __post_init__(self):
        for name, value in self._fields.items():
            value = as_number(name, value)
            if _numbers(value) and not is_lazy(value):
                check(name, value)
            object.__setattr__(self, name, value)
        if _numbers(self.N, self.N_total) and not (is_lazy(self.N) or is_lazy(self.N_total)):
            require(self.N <= self.N_total, "N", self.N, "at most {limit}, the parameters in all", self.N_total)

    @property
    def _fields(self):
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in given.items() if value is not None or name != "memory"}

    def _evaluate(self, formula, *outputs, optional=(), **inputs):
        inputs = {name: value for name, value in inputs.items() if value is not None or name not in optional}
        given = self._fields | {name: as_number(name, value) for name, value in inputs.items()}
        if not _numbers(*given.values()):
            for name, value in given.items():
                if np.ndim(value):
                    raise ValueError(f"{name} must be one number or a symbol, as there are symbols; got an array")
        context = given.get("context")
        if context is not None and _numbers(context) and not is_lazy(context):
            check("context", context, _POSITIVE)  # its symbol may be 0
        return elementwise(formula, outputs, **given)

    def _of_cost(self, formula, output, overlap, batch, context, new_tokens, optional=("batch", "new_tokens"), **more):
        """A formula of the cost of a token, and of the other values by name."""
        inputs = {"batch": batch, "context": context, "new_tokens": new_tokens, **more}

        def whole(**values):
            compute, weights, cache = _terms(**values)
            cost = _larger(compute, weights + cache) if overlap else compute + weights + cache
            return formula(cost, **values)

        return self._evaluate(whole, output, optional=optional, **inputs)

    def token_cost(self, batch: Value, context: Value, new_tokens: Value = None, *, overlap: bool = True) -> Value:
        """Time of all devices per new token, as the FLOP that they could have done in it: c of the module.

        Examples
        --------
        The published form max(2·N, bytes of KV cache · FLOP per byte), Llama 3 8B at 8,192 tokens, 1 byte per element:

        >>> llama = Roofline(N=8e9, N_total=8e9, weight_bytes=1, kv_bytes=2 * 32 * 8 * 128, F=600, BW=1)
        >>> print(f"{128 * llama.token_cost(None, 8192):.2g} FLOP for a batch of 128")
        4.1e+13 FLOP for a batch of 128

        References
        ----------
        MatX (2025), Optimize for inference too, not just training FLOPs, matx.com/research/lifetime_llm_cost.
        """
        return self._of_cost(lambda cost, **_: cost, "FLOP", overlap, batch, context, new_tokens)

    def times(self, batch: Value, context: Value, new_tokens: Value = None) -> Value:
        """Seconds of a step in three parts: to compute, to read the weights, to read the KV cache."""

        def formula(**values):
            return tuple(_step_time(term, **values) for term in _terms(**values))

        outputs = ("time to compute", "time to read the weights", "time to read the KV cache")
        inputs = {"batch": batch, "context": context, "new_tokens": new_tokens}
        return self._evaluate(formula, *outputs, optional=("new_tokens",), **inputs)

    def step_time(self, batch: Value, context: Value, new_tokens: Value = None, *, overlap: bool = True) -> Value:
        r"""Seconds of a step: :math:`B\, t\, c / F`, with t new tokens per sequence.

        Examples
        --------
        >>> from lifetime import accelerators
        >>> chip = accelerators.GB200_NVL72
        >>> roofline = chip.roofline("fp8", N=37e9, N_total=671e9, weight_bytes=1, kv_bytes=70272)
        >>> low, high = (roofline.step_time(2048, 8192, overlap=overlap) for overlap in (True, False))
        >>> print(f"{low * 1e3:.1f} to {high * 1e3:.1f} ms")
        3.2 to 3.6 ms
        """
        return self._of_cost(_step_time, "step time", overlap, batch, context, new_tokens, optional=("new_tokens",))

    def throughput(self, batch: Value, context: Value, new_tokens: Value = None, *, overlap: bool = True) -> Value:
        """New tokens per second of all sequences together: F / c."""
        return self._of_cost(lambda cost, F, **_: F / cost, "throughput", overlap, batch, context, new_tokens)

    def utilisation(self, batch: Value, context: Value, new_tokens: Value = None, *, overlap: bool = True) -> Value:
        """Useful FLOP, 2·N per new token, as a share of peak (the MFU): 2·N / c."""
        return self._of_cost(_utilisation, "utilisation", overlap, batch, context, new_tokens)

    def efficiency(
        self, batch: Value, context: Value, training_mfu: Value, new_tokens: Value = None, *, overlap: bool = True
    ) -> Value:
        r"""Utilisation relative to pre-training, the e of a phase: :math:`2N / (c \cdot \mathrm{MFU})`.

        Parameters
        ----------
        training_mfu : float, array or symbol
            MFU of pre-training as a share of the same F (one of a BF16 peak, times that peak over F). With 1, training
            and decoding are taken to be equally far from their rooflines; with a measured one, e is an upper bound, and
            above 1 where decoding is bound by compute.

        Examples
        --------
        >>> from lifetime import accelerators
        >>> llama = {"N": 70.6e9, "N_total": 70.6e9, "weight_bytes": 1, "kv_bytes": 163840}
        >>> roofline = accelerators.H100_SXM.roofline("fp8", **llama)
        >>> print(f"{roofline.efficiency(128, 8192, training_mfu=0.5):.2f}")
        0.25
        """
        mfu = {"training_mfu": training_mfu}
        found = self._of_cost(_efficiency, "efficiency", overlap, batch, context, new_tokens, **mfu)
        if not isinstance(self.memory, float) or not is_symbolic(found):
            return found
        taken = self.N_total * self.weight_bytes + (0 if batch is None else batch * context * self.kv_bytes)
        return Limited(found, taken, self.memory)

    def balance_batch(self, context: Value = None) -> Value:
        r"""The batch at which a decoding step takes as long to read as to compute.

        .. math:: B^* = \frac{R\, w N_\mathrm{total}}{2N + aL - RkL}
                  \quad\text{or, without a context,}\quad
                  \frac{F}{BW} \cdot \frac{w}{2} \cdot \frac{N_\mathrm{total}}{N}

        Raises
        ------
        ValueError
            For a context at which no batch balances, since the KV cache alone takes longer to read.

        Examples
        --------
        >>> from lifetime import accelerators
        >>> model = {"N": 37e9, "N_total": 671e9, "weight_bytes": 2, "kv_bytes": 70272}
        >>> print(f"{accelerators.H100_SXM.roofline('bf16', **model).balance_batch():,.0f}")
        5,354
        """
        return self._evaluate(_balance_batch, "batch", optional=("context",), context=context)

    def balance_context(self, batch: Value = None) -> Value:
        r"""The context at which a decoding step takes as long to read as to compute.

        .. math:: L^* = \frac{2N - R\, w N_\mathrm{total} / B}{Rk - a}
                  \quad\text{or, without a batch,}\quad \frac{2N}{Rk - a}

        Raises
        ------
        ValueError
            For a batch at or below the balance batch, and for a KV cache that is never the limit.
        """
        return self._evaluate(_balance_context, "context", optional=("batch",), batch=batch)

    def max_batch(self, context: Value) -> Value:
        """The largest batch whose KV cache fits in the memory beside the weights, not rounded to a whole number."""
        if self.memory is None:
            raise ValueError("memory must be given to limit the batch; got None")
        return self._evaluate(_max_batch, "batch", context=context)

    @property
    def latency_floor(self) -> Value:
        """Seconds to read all weights once, the least that any step takes: N_total · weight_bytes / BW."""
        return self._evaluate(lambda N_total, weight_bytes, BW, **_: N_total * weight_bytes / BW, "latency floor")


def _terms(N, N_total, weight_bytes, kv_bytes, F, BW, attention_flop, context, batch=None, new_tokens=None, **values):
    """FLOP to compute a new token, and what could be done while the weights, and the KV cache, are read for it."""
    cache = context * kv_bytes
    if new_tokens is None:
        new_tokens = 1
    elif _numbers(context, new_tokens):
        known = (new_tokens >= 1) & (new_tokens <= context)
        require(known, "new_tokens", new_tokens, "from 1 to the context of {limit}", context)
    if "memory" in values and batch is not None:
        room = _room(N_total, weight_bytes, values["memory"])
        if _numbers(room, batch, cache):
            fits, limit = batch * cache <= room * (1 + _ROUNDING), room / _positive(cache)
            require(fits, "batch", batch, "at most {limit} for its KV cache to fit in the memory", limit)
    per_byte = F / BW / new_tokens
    compute = FORWARD_FLOP * N + attention_flop * (context - (new_tokens - 1) / 2)
    return compute, 0 if batch is None else per_byte * N_total * weight_bytes / batch, per_byte * cache


def _step_time(cost, F, batch, new_tokens=1, **_):
    return batch * new_tokens * cost / F


def _utilisation(cost, N, **_):
    return FORWARD_FLOP * N / cost


def _efficiency(cost, N, training_mfu, **_):
    return FORWARD_FLOP * N / (cost * training_mfu)


def _balance_batch(N, N_total, weight_bytes, kv_bytes, F, BW, attention_flop, context=None, **_):
    spare, reading = FORWARD_FLOP * N, F / BW * kv_bytes - attention_flop
    if context is not None:
        if _numbers(spare, reading, context):
            balanced, limit = spare > reading * context, spare / _positive(reading)
            require(balanced, "context", context, "below {limit} for any batch to be bound by compute", limit)
        spare = spare - reading * context
    return F / BW * weight_bytes * N_total / spare


def _balance_context(N, N_total, weight_bytes, kv_bytes, F, BW, attention_flop, batch=None, **_):
    spare, reading = FORWARD_FLOP * N, F / BW * kv_bytes - attention_flop
    if _numbers(kv_bytes, F, BW, attention_flop):
        limit = attention_flop * BW / F
        require(reading > 0, "kv_bytes", kv_bytes, "above {limit} for reading to take longer than computing", limit)
    if batch is not None:
        weights = F / BW * weight_bytes * N_total
        if _numbers(spare, weights, batch):
            balanced, limit = spare * batch > weights, weights / spare
            require(balanced, "batch", batch, "above {limit} for any context to be bound by compute", limit)
        spare = spare - weights / batch
    return spare / reading


def _max_batch(N_total, weight_bytes, kv_bytes, memory, context, **_):
    if _numbers(kv_bytes):
        require(kv_bytes > 0, "kv_bytes", kv_bytes, "above 0 for the memory to limit the batch")
    return _room(N_total, weight_bytes, memory) / (context * kv_bytes)


def _room(N_total, weight_bytes, memory):
    room, valid = memory - N_total * weight_bytes, "below {limit} for the weights to fit in the memory"
    if _numbers(N_total, weight_bytes, memory):
        require(room > 0, "N_total", N_total, valid, memory / weight_bytes)
    return room


def _larger(one, other):
    return np.maximum(one, other) if _numbers(one, other) else sp.Max(one, other)


def _positive(value):
    """The value where it may divide, elsewhere NaN."""
    return np.where(value > 0, value, np.nan)


def _numbers(*values):
    return not any(map(is_symbolic, values))
