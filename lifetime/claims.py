"""Claims and published numbers beside ours: what is stated, what comes out, and how far they are apart.

``data/claims.csv`` has a row a claim: in our words, with its source, the number as printed, and what came of it. Our
value comes from :mod:`lifetime.claims_lecture` or :mod:`lifetime.claims_papers`, and the verdict from the two numbers,
by one rule.
"""

from __future__ import annotations

from decimal import Decimal
from importlib import resources

import numpy as np

from . import claims_lecture, claims_papers

VERDICTS = {
    "reproduced": "within half a unit of the last printed digit",
    "nearly": "else within a factor of 1.1",
    "not reproduced": "within a factor of 2",
    "contradicted": "a factor of 2 or more, or zero",
    "untested": "a guess, or nothing here to test it with",
}
"""What can come of a claim, and when."""
FROM_RUNS = "Chinchilla's runs"
"""The topic of the claims that take runs which the project does not carry: the file has our value of them."""


def printed(text: str) -> tuple[float, float]:
    """A number as printed, and half a unit of its last digit.

    Examples
    --------
    >>> printed("13.6e9")
    (13600000000.0, 50000000.0)
    """
    number = Decimal(text)
    return float(number), float(Decimal((0, (5,), number.as_tuple().exponent - 1)))


def agrees(text: str, value: float) -> bool:
    """Whether a value rounds to a number as printed."""
    number, half = printed(text)
    return abs(value - number) <= half * (1 + 1e-6)


def verdict(stated: str, ours: float) -> str:
    """What comes of a stated number: one of ``VERDICTS``.

    Parameters
    ----------
    stated : str
        As printed: its last digit tells its precision. Not looked at where ``ours`` is NaN.
    ours : float
        NaN where nothing here can test the claim.

    Examples
    --------
    >>> [verdict("1.5", ours) for ours in (1.46, 1.4, 1.0, 0.3)]
    ['reproduced', 'nearly', 'not reproduced', 'contradicted']
    """
    if np.isnan(ours):
        return "untested"
    if agrees(stated, ours):
        return "reproduced"
    factor = times_off(printed(stated)[0], ours)
    return "nearly" if factor <= 1.1 else "not reproduced" if factor < 2 else "contradicted"


def times_off(stated: float, ours: float) -> float:
    """The larger over the smaller of two numbers; infinite if one of them is zero or their signs differ."""
    return max(ours / stated, stated / ours) if ours * stated > 0 else np.inf


def table():
    """All claims with our values and verdicts, a row each, in the order of the file.

    Returns
    -------
    pandas.DataFrame
        ``topic``, ``claim``, ``source``, ``locator``, ``stated`` (as printed), ``unit``, ``ours``, ``difference``
        (relative to the stated value), ``verdict`` (computed), ``filed`` (the verdict in the file), ``recorded`` (our
        value in the file, where the verdict alone would not pin it), ``notebook`` (where it is tested) and ``note``.
        Of claims that take runs, ``ours`` is as recorded; where nothing can be tested it is NaN.

    Examples
    --------
    >>> row = table().loc["thirds_overtraining_besiroglu"]
    >>> print(f"stated {row.stated}, ours {row.ours:.1f}: {row.verdict}")
    stated 100, ours 20.2: contradicted
    """
    import pandas as pd

    with (resources.files("lifetime") / "data" / "claims.csv").open(encoding="utf-8") as text:
        claims = pd.read_csv(text, index_col="key", dtype=str, keep_default_na=False)
    number = lambda texts: pd.to_numeric(texts.where(texts != ""))
    claims = claims.rename(columns={"verdict": "filed"})
    ours = number(claims.recorded).where(claims.topic == FROM_RUNS)
    ours.update(pd.Series(computed()))
    with np.errstate(divide="ignore"):
        difference = ours / number(claims.stated) - 1
    verdicts = [verdict(*pair) for pair in zip(claims.stated, ours, strict=True)]
    return claims.assign(ours=ours, difference=difference, verdict=verdicts)


def computed() -> dict:
    """Our value for every claim that can be tested without runs, by key.

    Examples
    --------
    >>> print(f"{computed()['board_D_RL']:.3g} training tokens per RL token")
    1.5 training tokens per RL token
    """
    parts = (*claims_lecture.PARTS, *claims_papers.PARTS)
    return {key: float(value) for part in parts for key, value in part().items()}
