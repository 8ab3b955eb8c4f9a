"""What is suspicious about a plan, in sentences: the result is returned, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..arrays import aligned, is_symbolic, unusual
from ..symbols import MEANINGS
from ..types import Value
from .failures import about_failures

STOCK_OF_TEXT = 300e12
"""Tokens of public human text, with quality and repetition allowed for (90 % interval 100 T to 1,000 T).

Villalobos et al. (2024), arXiv 2211.04325, version 2.
"""
_SMALLEST = 5e8  # parameters: few language models that are served have fewer


class Suspicion(NamedTuple):
    """Which scenarios it is about, what is odd about them, and the sentence."""

    where: np.ndarray
    what: str
    sentence: str


def about(plan: Value) -> tuple[str, ...]:
    """The warnings of a plan."""
    if any(is_symbolic(value) for value in (plan.N, plan.D, plan.loss)):
        return ()
    return tuple(found.sentence for found in _all(plan))


def by_scenario(plan: Value) -> np.ndarray:
    """What is odd about each scenario of a plan, as an array of texts of its shape."""
    texts = np.full(plan.shape, "", dtype=object)
    for found in _all(plan):
        text = np.where(found.where, found.what, "").astype(object)
        texts = texts + np.where((texts != "") & (text != ""), "; ", "").astype(object) + text
    return texts


def _all(plan) -> Iterator[Suspicion]:
    N, D, loss = aligned(plan.N, plan.D, plan.loss)
    law = plan.law
    if np.any(failed := np.isnan(N) & plan.of_draws):
        yield Suspicion(failed, "could not be planned", about_failures(plan, failed))
    for name, value in {"N": N, "D": D, "loss": loss, **plan.assumptions, **plan.given}.items():
        if sentence := unusual(name, value):
            meaning = MEANINGS[name]
            value = aligned(plan.N, plan.loss, value)[-1]
            odd = (value < meaning.usual_low) | (value > meaning.usual_high)
            yield Suspicion(odd, sentence.partition(":")[0], sentence)
    label = law.name or "the law"
    cases = [
        (D < N / 10, "D is below N/10", D / N, "{to}{:.2g} tokens per parameter; is one of them in another unit?", min),
        (
            N < _SMALLEST,
            f"N is below {_SMALLEST:.0g}".replace("e+0", "e"),
            loss,
            "so little is enough for a loss of {to}{:.4g}; is it in bits (0.693 nats each), or a perplexity (take its "
            "ln)?",
            max,
        ),
    ]
    ratio = ("tokens per parameter", "tokens_per_param", D / N)
    for name, what, values in (("N", "params", N), ("D", "tokens", D), ratio):
        low, high = law.range.get(what, (None, None))
        beyond = f"{name} is beyond the runs"
        if high:
            far = f"{{to}}{{:.3g}} times the most in the runs of {label} ({high:.4g}): extrapolated"
            cases.append((values > high, beyond, values / high, far, max))
        if low and what == "tokens_per_param":
            far = f"{{to}}{{:.3g}} times the fewest in the runs of {label} ({low:.4g}): extrapolated"
            cases.append((values < low, beyond, values / low, far, min))
    stock = f"{{to}}{{:.3g}} times the stock of about {STOCK_OF_TEXT:.0e} tokens (1e14 to 1e15; arXiv 2211.04325)"
    cases.append((D > STOCK_OF_TEXT, "D is more than there is public text", D / STOCK_OF_TEXT, stock, max))
    for odd, what, value, how, worst in cases:
        if np.any(odd):
            many = "" if odd.size == 1 else f" in {np.count_nonzero(odd):,} of {odd.size:,} scenarios"
            to = "" if odd.size == 1 else "down to " if worst is min else "up to "
            yield Suspicion(odd, what, f"{what}{many}: {how.format(worst(value[odd]), to=to)}")
    if law.not_for:
        what = f"{label} is not for {law.not_for}"
        yield Suspicion(np.ones(N.shape, dtype=bool), what, f"{what}: its note says why")
