"""FLOP and bytes of a sequence, from what its layers attend to."""

from __future__ import annotations

import numpy as np
import sympy as sp

from ..arrays import is_symbolic, require
from ..symbols import FORWARD_FLOP


def decode(weights, per_token, context, **reach):
    """FLOP of a new token that attends to all of the context."""
    return FORWARD_FLOP * (weights + per_token * attended(context, **reach))


def prefill(weights, per_token, context, **reach):
    """FLOP of the mean token of a causal sequence."""
    return FORWARD_FLOP * (weights + per_token * attended(context, **reach, average=mean))


def growth(elements, bytes_per_element):
    """Bytes that a token adds."""
    if not is_symbolic(bytes_per_element):
        require(bytes_per_element > 0, "bytes_per_element", bytes_per_element, "a finite number above 0")
    return elements * bytes_per_element


def cache(elements, context, bytes_per_element, **reach):
    """Bytes of the cache of a sequence."""
    return growth(elements, bytes_per_element) * attended(context, **reach)


def attended(context, full, windowed, window, average=lambda tokens, context: tokens):
    """Tokens that are attended to, summed over the layers."""
    near = sp.Min(context, window) if is_symbolic(context - window) else np.minimum(context, window)
    return full * average(context, context) + windowed * average(near, context)


def mean(tokens, context):
    """Mean of 1, 2, ..., tokens, tokens, ..., tokens: as many numbers as there are in the context."""
    length = context if is_symbolic(context) else np.maximum(context, 1)
    return tokens - tokens * (tokens - 1) / (2 * length)
