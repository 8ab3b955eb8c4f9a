"""What a layer attends to, and what it keeps for that: all tokens, a window, a chunk, compressed or chosen entries."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import sympy as sp

from ..arrays import is_symbolic
from ..types import Value
from .sizes import insist, whole

_NEEDS = {"top": "ratio", "index_heads": "index_size", "index_size": "top"}


@dataclass(frozen=True, kw_only=True)
class Span:
    r"""Layers that attend alike. An entry of the cache is a token, or stands for ``ratio`` of them.

    Parameters
    ----------
    layers : int or symbol
        So many layers.
    window : int or symbol, optional
        The last so many tokens are attended to, one entry each.
    chunk : int or symbol, optional
        The tokens since the last multiple of ``chunk`` are (chunked attention), one entry each.
    ratio : int or symbol, optional
        All tokens are, ``ratio`` to an entry. 0: none beyond the window or chunk. Default: 0 with one of them, else 1.
    top : int or symbol, optional
        At most so many of these entries are read, chosen for every token. 0: all of them.
    index_heads, index_size : int or symbol, optional
        An indexer chooses them: heads of its queries, and size of the key that it caches, and reads, for every entry.

    Raises
    ------
    ValueError
        For a size that is not a whole number, and for sizes that contradict each other.

    Examples
    --------
    DeepSeek-V3.2 reads an index key of every token, and the entries of 2,048:

    >>> Span(layers=61, top=2048, index_heads=64, index_size=128)
    Span(layers=61, window=0, chunk=0, ratio=1, top=2048, index_heads=64, index_size=128)

    References
    ----------
    DeepSeek-AI (2025), DeepSeek-V3.2-Exp, section 2; vLLM (2026), DeepSeek V4, appendix (vllm-project.github.io).
    """

    layers: Value
    window: Value = 0
    chunk: Value = 0
    ratio: Value = None
    top: Value = 0
    index_heads: Value = 0
    index_size: Value = 0

    def __post_init__(self):
        near = bool(self.window) or bool(self.chunk)
        for size in fields(self):
            value = getattr(self, size.name)
            value = int(not near) if value is None else value
            object.__setattr__(self, size.name, whole(size.name, value, least=int(size.name == "layers")))
        insist(not (self.window and self.chunk), "chunk", self.chunk, f"0 with window={self.window}")
        insist(near or self.ratio, "ratio", self.ratio, "1 or more without window or chunk")
        insist(not self.index_size or self.index_heads, "index_size", self.index_size, "0 without index_heads")
        for name, other in _NEEDS.items():
            insist(not getattr(self, name) or getattr(self, other), name, getattr(self, name), f"0 without {other}")

    @classmethod
    def parse(cls, text: str) -> tuple[Span, ...]:
        """Spans from the text of a table.

        Examples
        --------
        >>> Span.parse("36 chunk=8192; 2 window=128 ratio=4")[1].ratio
        4
        """
        spans = (part.split() for part in text.split(";") if part.strip())
        pairs = ((layers, dict(word.split("=") for word in words)) for layers, *words in spans)
        return tuple(cls(layers=int(n), **{name: int(value) for name, value in more.items()}) for n, more in pairs)

    def kept(self, context):
        """Entries that a layer keeps of a sequence: with a key and a value, with an index key."""
        far = context / self.ratio if self.ratio else 0 * context
        size = self.window or self.chunk
        near = least(context, size) if size else 0
        return near + far, far if self.index_size else 0

    def read(self, context, mean=False):
        """Entries that the last token of a sequence reads in a layer, or its mean token does: as for ``kept``."""
        lately = _mean if mean else least
        near = lately(context, self.window) if self.window else 0
        if self.chunk:
            near = _mean_in_chunk(context, self.chunk) if mean else _in_chunk(context, self.chunk)
        if not self.ratio:
            return near, 0
        chosen = lately(context, self.top * self.ratio if self.top else context) / self.ratio
        return near + chosen, lately(context, context) / self.ratio if self.index_size else 0


def least(one, other):
    """The smaller of two numbers or expressions."""
    return sp.Min(one, other) if is_symbolic(one - other) else np.minimum(one, other)


def _mean(context, size):
    """Mean of 1, 2, ..., size, size, ..., size: as many numbers as there are tokens in the context."""
    tokens = least(context, size)
    return tokens - tokens * (tokens - 1) / (2 * _length(context))


def _in_chunk(context, chunk):
    """Tokens of the chunk that the last token is in."""
    full = context / chunk
    if is_symbolic(full):
        return context - chunk * sp.Max(sp.ceiling(full) - 1, 0)
    return context - chunk * np.maximum(np.ceil(full) - 1, 0)


def _mean_in_chunk(context, chunk):
    """Mean of 1, 2, ..., chunk, 1, 2, ..., chunk, 1, ...: as many numbers as there are tokens in the context."""
    full = sp.floor(context / chunk) if is_symbolic(context / chunk) else np.floor(context / chunk)
    rest = context - full * chunk
    return (full * chunk * (chunk + 1) + rest * (rest + 1)) / (2 * _length(context))


def _length(context):
    return context if is_symbolic(context) else np.maximum(context, 1)
