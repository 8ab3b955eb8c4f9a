"""Claims and published numbers beside ours: what is stated, what comes out, and how far they are apart.

``data/claims.csv`` has a row a claim: in our words, with its source, the number as stated, and what came of it. Our
value comes from ``lecture.py`` or ``papers.py`` beside this file, and the verdict from the two numbers, by one rule,
:func:`verdict`.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from html import escape
from importlib import resources

import numpy as np

from . import lecture, papers

VERDICTS = ("reproduced", "close", "off", "far off", "untested")
ROUGH, CLOSE, FAR = 1.4, 1.1, 2
"""The factors up to which a rough number is met and an exact one is close, and from which either is far off."""
WIDTHS = {"claim": "15em", "stated": "7em", "ours": "4.5em", "verdict": "6em", "remark": "15em", "where": "11em"}
"""The least width of each column: a narrow screen scrolls the table."""


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


def verdict(stated: str, ours: float, rough: float = ROUGH, close: float = CLOSE, far: float = FAR) -> str:
    """What comes of a stated number: one of ``VERDICTS``.

    An exact number is "reproduced" if ours rounds to it. One that its source calls rough has a tilde, as in ``"~200"``,
    and is "reproduced" up to a factor. The rest goes by the larger number over the smaller.

    Parameters
    ----------
    stated : str
        As printed: its last digit tells its precision. Not looked at where ``ours`` is NaN.
    ours : float
        NaN where nothing here can test the claim.
    rough, close, far : float, optional
        A rough number is "reproduced" up to the first factor, an exact one "close" up to the second. From the third
        on either is "far off", and "off" between.

    Examples
    --------
    >>> [verdict("1.5", ours) for ours in (1.46, 1.4, 1.0, 0.3)]
    ['reproduced', 'close', 'off', 'far off']
    >>> verdict("200", 259), verdict("~200", 259)
    ('off', 'reproduced')
    """
    if np.isnan(ours):
        return "untested"
    number = stated.removeprefix("~")
    factor = times_off(float(number), ours)
    if factor <= rough if number != stated else agrees(number, ours):
        return "reproduced"
    return "far off" if factor >= far else "close" if factor <= close else "off"


def times_off(stated: float, ours: float) -> float:
    """The larger over the smaller of two numbers; infinite if one of them is zero or their signs differ."""
    return max(ours / stated, stated / ours) if ours * stated > 0 else np.inf


def table(**factors):
    """All claims with our values and verdicts, a row each, in the order of the file.

    Parameters
    ----------
    **factors : float
        ``rough``, ``close`` and ``far`` of :func:`verdict`.

    Returns
    -------
    pandas.DataFrame
        ``topic``, ``claim``, ``source``, ``locator``, ``stated`` (as printed), ``unit``, ``ratio`` (of our value to
        the stated one), ``ours``, ``verdict`` (computed), ``filed`` (the verdict in the file), ``recorded`` (our value
        in the file, which stands in for claims that take runs), ``notebook`` (where it is tested) and ``note``. Where
        nothing can be tested, ``ours`` and ``ratio`` are NaN.

    Examples
    --------
    >>> row = table().loc["thirds_overtraining_besiroglu"]
    >>> print(f"stated {row.stated}, ours {row.ours:.1f}: {row.verdict}")
    stated ~100, ours 20.2: far off
    """
    import pandas as pd

    with (resources.files("lifetime") / "data" / "claims.csv").open(encoding="utf-8") as text:
        claims = pd.read_csv(text, index_col="key", dtype=str, keep_default_na=False)
    claims = claims.rename(columns={"verdict": "filed"})
    ours = pd.to_numeric(claims.recorded.replace("", np.nan))
    ours.update(pd.Series(computed()))
    ratio = ours / pd.to_numeric(claims.stated.str.removeprefix("~").replace("", np.nan))
    verdicts = [verdict(*pair, **factors) for pair in zip(claims.stated, ours, strict=True)]
    return claims.assign(ours=ours, ratio=ratio, verdict=verdicts)


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
    parts = (*lecture.PARTS, *papers.PARTS)
    return {key: float(value) for part in parts for key, value in part().items()}


def sources() -> list[str]:
    """The sources of all claims, each once, in the order of the file."""
    return list(dict.fromkeys(table().source))


def html(claims) -> str:
    """Some rows of a :func:`table` as a table in HTML, which scrolls where it is wider than the page.

    Sources are numbered, in the order of :func:`sources`.

    Examples
    --------
    >>> html(table().loc[["thirds_overtraining_besiroglu"]]).count("<tr>")
    2
    """
    numbers = {source: number for number, source in enumerate(sources(), 1)}
    head = "".join(f'<th style="min-width: {width}; text-align: left">{name}</th>' for name, width in WIDTHS.items())
    rows = [
        "".join(f"<td>{escape(text, quote=False)}</td>" for text in _texts(row, numbers)) for row in claims.itertuples()
    ]
    lines = "\n".join(f"<tr>{cells}</tr>" for cells in [head, *rows])
    return f'<div style="overflow-x: auto">\n<table class="table">\n{lines}\n</table>\n</div>'


def _texts(row, numbers):
    """The cells of a row, in the order of ``WIDTHS``."""
    from ...show.display import plain, short

    number = row.stated.removeprefix("~")
    digits = len(Decimal(number or 0).as_tuple().digits)
    scaled = short if "e" in number else plain
    as_printed = scaled(float(number), digits) if "e" in number or number.isdigit() else number or "–"
    rough = number != row.stated
    stated = f"{'about ' if rough else ''}{as_printed} {row.unit if number else ''}".removesuffix(" 1").rstrip()
    digits = 3 if rough else max(3, digits + 1)
    ours = "–" if np.isnan(row.ours) else scaled(row.ours, digits) + " %" * (row.unit == "%")
    where = f"[{numbers[row.source]}] {row.locator}"
    notebook = f"; notebook {row.notebook.replace(' ', ', ')}" if row.notebook else ""
    return row.claim, stated, ours, row.verdict + _off_by(row), row.note, where + notebook


def _off_by(row):
    from ...show.display import percent, plain

    if row.verdict in ("reproduced", "untested"):
        return ""
    if not 0.5 < row.ratio < 2:
        return f", ×{plain(row.ratio, 2)}" if row.ratio > 1 else f", ÷{plain(1 / row.ratio, 2)}"
    off = row.ratio - 1
    return ", under 0.01 %" if abs(off) < 1e-4 else ", " + percent(off, 0 if abs(off) >= 0.1 else 2, sign=True)
