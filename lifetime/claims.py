"""Claims and published numbers beside ours: what is stated, what comes out, and how far they are apart.

``data/claims.csv`` has a row a claim: in our words, with its source, the number as printed, and what came of it. Our
value comes from :mod:`lifetime.claims_lecture` or :mod:`lifetime.claims_papers`, and the verdict from the two numbers,
by one rule.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from importlib import resources

import numpy as np

from . import claims_lecture, claims_papers
from .display import percent, plain, short

VERDICTS = ("reproduced", "nearly", "not reproduced", "contradicted", "untested")
NEARLY, FAR = 1.1, 2
"""The factors up to which a number nearly comes out, and from which it is contradicted."""
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
    """Whether a value rounds to a number as printed.

    Examples
    --------
    >>> agrees("0.46", 0.4565), agrees("0.46", 0.4516)
    (True, False)
    """
    number, half = printed(text)
    return abs(value - number) <= half * (1 + 1e-6)


def verdict(stated: str, ours: float, nearly: float = NEARLY, far: float = FAR) -> str:
    """What comes of a stated number: one of ``VERDICTS``.

    Parameters
    ----------
    stated : str
        As printed: its last digit tells its precision. Not looked at where ``ours`` is NaN.
    ours : float
        NaN where nothing here can test the claim.
    nearly, far : float, optional
        Beyond half a unit of the last digit: "nearly" up to the one factor, "contradicted" from the other.

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
    return "nearly" if factor <= nearly else "not reproduced" if factor < far else "contradicted"


def times_off(stated: float, ours: float) -> float:
    """The larger over the smaller of two numbers; infinite if one of them is zero or their signs differ."""
    return max(ours / stated, stated / ours) if ours * stated > 0 else np.inf


def table(nearly: float = NEARLY, far: float = FAR):
    """All claims with our values and verdicts, a row each, in the order of the file.

    Parameters
    ----------
    nearly, far : float, optional
        See :func:`verdict`.

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
    verdicts = [verdict(*pair, nearly, far) for pair in zip(claims.stated, ours, strict=True)]
    return claims.assign(ours=ours, difference=difference, verdict=verdicts)


def computed() -> dict:
    """Our value for every claim that can be tested without runs, by key.

    Examples
    --------
    >>> print(f"{computed()['board_D_RL']:.3g} training tokens per RL token")
    1.5 training tokens per RL token
    """
    return dict(_computed())


@cache
def _computed():
    parts = (*claims_lecture.PARTS, *claims_papers.PARTS)
    return {key: float(value) for part in parts for key, value in part().items()}


def shown(claims):
    """A table of claims as short texts: claim, where, stated, ours, off by, verdict, remark.

    Sources are numbered, in the order of :func:`sources`. A number stated to one digit of a larger one is "about" it.

    Examples
    --------
    >>> shown(table()).loc["thirds_tokens_besiroglu", ["stated", "ours", "off by"]].tolist()
    ['about 200 T tokens', '36.5 T', '÷5.5']
    """
    import pandas as pd

    numbers = {source: number for number, source in enumerate(sources(), 1)}
    notebook = claims.notebook.map(lambda names: f"; notebook {names.replace(' ', ', ')}" if names else "")
    return pd.DataFrame(
        {
            "claim": claims.claim.str.replace("...", "…", regex=False),
            "where": "[" + claims.source.map(numbers).astype(str) + "] " + claims.locator + notebook,
            "stated": [_stated(row.stated, row.unit) for row in claims.itertuples()],
            "ours": [_ours(row.stated, row.ours) for row in claims.itertuples()],
            "off by": [_off_by(row) for row in claims.itertuples()],
            "verdict": claims.verdict,
            "remark": claims.note,
        }
    )


def sources() -> list[str]:
    """The sources of all claims, each once, in the order of the file."""
    return list(dict.fromkeys(table().source))


def _digits(stated):
    return len(Decimal(stated).as_tuple().digits)


def _stated(stated, unit):
    if not stated:
        return "–"
    if "e" not in stated:
        text = f"{int(stated):,}" if stated.isdigit() else stated
    else:
        text = ("about " if _digits(stated) == 1 else "") + short(float(stated), _digits(stated))
    return f"{text} {unit}" if unit != "1" else text


def _ours(stated, ours):
    if np.isnan(ours):
        return "–"
    digits = max(3, _digits(stated) + 1)
    return (short if "e" in stated else plain)(ours, digits)


def _off_by(row):
    if row.verdict in ("reproduced", "untested"):
        return "–"
    factor = row.difference + 1
    if abs(row.difference) < 1e-4:
        return "under 0.01 %"
    if 0.5 < factor < 2:
        return percent(row.difference, 1 if abs(row.difference) >= 0.01 else 2, sign=True)
    return "all of it" if np.isinf(factor) else f"×{plain(factor, 2)}" if factor > 1 else f"÷{plain(1 / factor, 2)}"
