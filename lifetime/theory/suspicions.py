"""What is suspicious about a plan, in sentences: the result is returned, and says so."""

from __future__ import annotations

import numpy as np

from ..arrays import is_symbolic, unusual

STOCK_OF_TEXT = 300e12
"""Tokens of public human text, with quality and repetition allowed for (90 % interval 100 T to 1,000 T).

Villalobos et al. (2024), arXiv 2211.04325, version 2.
"""
_SMALLEST = 5e8  # parameters: few language models that are served have fewer


def about(plan) -> tuple[str, ...]:
    """The warnings of a plan."""
    if any(is_symbolic(value) for value in (plan.N, plan.D, plan.loss)):
        return ()
    return tuple(sentence for sentence in _all(plan) if sentence)


def _all(plan):
    N, D, loss = (np.asarray(value, dtype=float) for value in (plan.N, plan.D, plan.loss))
    law = plan.law
    yield from plan.ledger.warnings
    yield unusual("loss", loss)
    for name, value in plan.given.items():
        yield unusual(name, value) if name not in plan.assumptions else None
    yield _where(D < N / 10, "D is below N/10", D / N, "{:.2g} tokens per parameter; is one of them in another unit?")
    yield _where(
        N < _SMALLEST,
        f"N is below {_SMALLEST:.0g}",
        np.broadcast_to(loss, N.shape),
        "so little is enough for a loss of {:.4g}; is it in bits (0.693 nats each), or a perplexity (take its ln)?",
    )
    label = law.name or "the law"
    for what, values, unit in (("params", N, "parameters"), ("tokens", D, "tokens"), ("tokens_per_param", D / N, "")):
        low, high = law.range.get(what, (None, None))
        name = {"params": "N", "tokens": "D"}.get(what, "tokens per parameter")
        if high:
            far = f"the most in the runs of {label} ({high:.4g}{unit and ' '}{unit}): extrapolated"
            yield _where(values > high, f"{name} is beyond the runs", values / high, "{:.3g} times " + far)
        if low and what == "tokens_per_param":
            far = f"the fewest in the runs of {label} ({low:.4g}): extrapolated"
            yield _where(values < low, f"{name} is beyond the runs", values / low, "{:.3g} times " + far, least=True)
    yield _where(
        D > STOCK_OF_TEXT,
        "D is more than there is public text",
        D / STOCK_OF_TEXT,
        f"{{:.3g}} times the stock of about {STOCK_OF_TEXT / 1e12:.0f} T tokens (100 T to 1,000 T; arXiv 2211.04325)",
    )
    if law.not_for:
        yield f"{label} is not for {law.not_for}: its note says why"


def _where(odd, what, value, how, least=False):
    """A sentence about the scenarios that are odd, with the worst of them; None if there is none."""
    if not np.any(odd):
        return None
    count = "" if odd.size == 1 else f" in {np.count_nonzero(odd):,} of {odd.size:,} scenarios"
    worst = value[odd].min() if least else value[odd].max()
    return f"{what}{count}: {'' if odd.size == 1 else 'up to ' if not least else 'down to '}{how.format(worst)}"
