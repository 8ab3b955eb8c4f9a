"""FLOP and bytes of a sequence, from what its layers attend to."""

from __future__ import annotations

from ..arrays import is_symbolic, require
from ..symbols import FORWARD_FLOP


def flop(weights, per_entry, spans, context, mean=False):
    """FLOP of the last token of a sequence, or of its mean token; ``per_entry`` is of a span."""
    products = weights
    for span in spans:
        entries, keys = span.read(context, mean)
        products = products + span.layers * (per_entry(span) * entries + span.index_heads * span.index_size * keys)
    return FORWARD_FLOP * products


def growth(cached, spans, bytes_per_element, bytes_per_index_element=None):
    """Bytes that a token adds to a long sequence."""
    rates = _rates(cached, bytes_per_element, bytes_per_index_element)
    return sum(_bytes(span, (1 if span.ratio == 1 else 1 / span.ratio,) * 2, *rates) for span in spans if span.ratio)


def stored(cached, spans, context, bytes_per_element, bytes_per_index_element=None):
    """Bytes that a sequence keeps."""
    rates = _rates(cached, bytes_per_element, bytes_per_index_element)
    return sum(_bytes(span, span.kept(context), *rates) for span in spans)


def read(cached, spans, context, bytes_per_element, bytes_per_index_element=None):
    """Bytes that the last token of a sequence reads of what it keeps."""
    rates = _rates(cached, bytes_per_element, bytes_per_index_element)
    return sum(_bytes(span, span.read(context), *rates) for span in spans)


def _bytes(span, entries, per_entry, per_index_element):
    return span.layers * (per_entry * entries[0] + per_index_element * span.index_size * entries[1])


def _rates(cached, bytes_per_element, bytes_per_index_element=None):
    """Bytes of an entry, and of an element of an index key."""
    for name, value in {
        "bytes_per_element": bytes_per_element,
        "bytes_per_index_element": bytes_per_index_element,
    }.items():
        if value is not None and not is_symbolic(value):
            require(value > 0, name, value, "a finite number above 0")
    return cached * bytes_per_element, bytes_per_element if bytes_per_index_element is None else bytes_per_index_element
