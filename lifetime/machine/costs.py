"""What a token costs: FLOP of the weights and of attention, bytes of the KV cache. From the sizes of a model alone."""

from __future__ import annotations

from dataclasses import fields
from functools import partial

from ..arrays import elementwise, is_symbolic
from ..symbols import FORWARD_FLOP, TRAINING_FLOP
from ..types import Value
from . import counts, weights


class Costs:
    """The part of :class:`~lifetime.Architecture` that computes with its sizes."""

    def forward_flop(self, context: Value) -> Value:
        r"""FLOP to decode a token that attends to ``context`` tokens, itself included.

        .. math:: 2 W + 2 h (s + v) \sum_\mathrm{layers} \min(\mathrm{context}, \mathrm{window})

        W are the weights that are multiplied. MLA is counted as it decodes: absorbed, the h heads attend to what is
        cached, with 2r + ρ in place of s + v. (Not absorbed, every step would expand the whole cache again.) The other
        form, of training and prefill, multiplies the same W and is in :meth:`prefill_flop`. Of the spans, a layer
        attends to the entries that it reads, and an index adds the product of its heads with every key.

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
        return self._evaluate(partial(self._flop, mean=False), "FLOP", context=context)

    def prefill_flop(self, context: Value) -> Value:
        r"""FLOP per token of a forward pass over a causal sequence of ``context`` tokens.

        The mean over tokens that attend to 1, 2, ..., ``context`` tokens: to (context + 1)/2 where there is no window.
        MLA is counted as it trains: keys and values are expanded once, with s + ρ + v in place of s + v; but absorbed
        where entries are chosen for every token. The output head is counted for every token, though a prompt needs it
        once.

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
        return self._evaluate(partial(self._flop, mean=True), "FLOP", context=context)

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

    def kv_cache_bytes(self, bytes_per_element: Value = 2, bytes_per_index_element: Value = None) -> Value:
        """Bytes by which a token lengthens the KV cache of a long sequence: layers whose window is full add none.

        A rate at the end, not a mean: ``kv_stored_bytes(context) / context`` is that.

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
        return self._bytes(counts.growth, bytes_per_element, bytes_per_index_element)

    def kv_stored_bytes(
        self, context: Value, bytes_per_element: Value = 2, bytes_per_index_element: Value = None
    ) -> Value:
        r"""Bytes that a sequence of ``context`` tokens keeps.

        Of every layer, with c elements to an entry and b bytes to an element,

        .. math:: b\, c \left(\min(L, \mathrm{window}) + \frac{L}{\mathrm{ratio}}\right)
                  + b_\mathrm{index}\, c_\mathrm{index} \frac{L}{\mathrm{ratio}}

        without the second term where there is a window alone. A chunk is kept like a window.

        Parameters
        ----------
        context : float or array
            Tokens L of the sequence.
        bytes_per_element : float or array, optional
            Bytes of an element, its share of the scales included: 656/576 for the FP8 entries of DeepSeek-V3.2.
        bytes_per_index_element : float or array, optional
            The same of an index key: 132/128 there. Default: ``bytes_per_element``.

        Raises
        ------
        ValueError
            For a context that is negative, NaN or infinite, and bytes that are not positive and finite.

        Examples
        --------
        >>> from lifetime import architectures
        >>> print(f"{architectures.Gemma3_27B.kv_stored_bytes(context=131072) / 131072:,.0f} bytes per token")
        85,248 bytes per token
        """
        return self._bytes(counts.stored, bytes_per_element, bytes_per_index_element, context=context)

    kv_cache_bytes_at = kv_stored_bytes
    """Another name of :meth:`kv_stored_bytes`."""

    def kv_read_bytes(
        self, context: Value, bytes_per_element: Value = 2, bytes_per_index_element: Value = None
    ) -> Value:
        r"""Bytes that a decoded token reads of what a sequence of ``context`` tokens keeps, itself included.

        Of every layer, as in :meth:`kv_stored_bytes`,

        .. math:: b\, c \left(\min(L, \mathrm{window}) + \min\left(\mathrm{top}, \frac{L}{\mathrm{ratio}}\right)\right)
                  + b_\mathrm{index}\, c_\mathrm{index} \frac{L}{\mathrm{ratio}}

        Less than is stored where entries are chosen (``top``), and at the beginning of a chunk. Arguments and errors
        are those of :meth:`kv_stored_bytes`.

        Examples
        --------
        >>> from lifetime import architectures
        >>> v32, fp8 = architectures.DeepSeekV32, (656 / 576, 132 / 128)
        >>> kept, read = (count(131072, *fp8) / 1e9 for count in (v32.kv_stored_bytes, v32.kv_read_bytes))
        >>> print(f"{kept:.2f} GB kept, {read:.2f} GB read")
        6.30 GB kept, 1.14 GB read
        """
        return self._bytes(counts.read, bytes_per_element, bytes_per_index_element, context=context)

    def _flop(self, context, mean):
        absorbed = self.heads * (2 * self.kv_rank + self.rope_size)
        expanded = self.heads * (self.head_size + self.rope_size + self.value_size)
        per_entry = lambda span: absorbed if self.kv_rank and (span.top or not mean) else expanded
        return counts.flop(weights.used(self, self.active_experts)[0], per_entry, self._spans, context, mean)

    def _bytes(self, formula, bytes_per_element, bytes_per_index_element, **context):
        rates = {"bytes_per_element": bytes_per_element, "bytes_per_index_element": bytes_per_index_element}
        rates = {name: value for name, value in rates.items() if value is not None}
        return self._evaluate(partial(formula, self._cached, self._spans), "bytes", **context, **rates)

    def _evaluate(self, formula, output, **inputs):
        sizes = [getattr(part, f.name) for part in (self, *self.spans) for f in fields(part)]
        symbol = next(filter(is_symbolic, sizes), 0)
        return elementwise(lambda any_symbol, **inputs: formula(**inputs), (output,), any_symbol=symbol, **inputs)
