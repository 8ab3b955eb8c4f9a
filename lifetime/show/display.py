"""How numbers, tables and computed sentences are shown: scaled and rounded here, and nowhere else."""

from __future__ import annotations

import inspect
import math
import re
import sys

_PREFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def short(value: float, digits: int = 3) -> str:
    """A count with a prefix: 6.97 B parameters, 15 T tokens; in scientific notation from 10,000 T.

    Parameters
    ----------
    value : float
    digits : int, optional
        Significant digits.

    Examples
    --------
    >>> short(15e12), short(6.9686e9), short(1e17), short(640)
    ('15 T', '6.97 B', '1e17', '640')
    """
    if abs(value) >= 1e16:
        return science(value, digits)
    for scale, prefix in _PREFIXES:
        if abs(rounded := _round(value, digits)) >= scale:
            return f"{plain(rounded / scale, digits)} {prefix}"
    return plain(value, digits)


def science(value: float, digits: int = 2) -> str:
    """A number in scientific notation without padding.

    Examples
    --------
    >>> science(3.8e25), science(1.2e26, 2)
    ('3.8e25', '1.2e26')
    """
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(exponent)}"


def plain(value: float, digits: int = 3) -> str:
    """A number with that many significant digits, thousands separated, never in scientific notation.

    Examples
    --------
    >>> plain(1234.5), plain(0.04567), plain(2)
    ('1,230', '0.0457', '2')
    """
    rounded = _round(value, digits)
    decimals = max(0, digits - 1 - _magnitude(rounded))
    text = f"{rounded:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: float, decimals: int = 0, sign: bool = False) -> str:
    """A fraction in percent.

    Examples
    --------
    >>> percent(0.174), percent(-0.0149, 1), percent(0.2, sign=True)
    ('17 %', '−1.5 %', '+20 %')
    """
    return f"{100 * value:{'+' if sign else ''}.{decimals}f} %".replace("-", "−")


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0


def _round(value: float, digits: int) -> float:
    return round(float(value), digits - 1 - _magnitude(value))


def takeaway(text: str) -> None:
    """Show a computed sentence as a takeaway."""
    _show("> **Takeaway.** " + unwrapped(text).replace("\n", "\n> "))


def say(text: str) -> None:
    """Show a computed sentence as running text."""
    _show(unwrapped(text))


def tldr(text: str, short: str = "") -> None:
    """Show the answer of a notebook: number, reason and main caveat; ``short`` is for the list of notebooks."""
    _show(f"**TL;DR** {unwrapped(text)}", unwrapped(short))


def unwrapped(text: str) -> str:
    r"""A text typed over several lines, each paragraph on one; lines of tables, lists, headings and code are kept.

    Examples
    --------
    >>> unwrapped('''One paragraph,
    ...     typed in two lines:
    ...     - and a list.''')
    'One paragraph, typed in two lines:\n- and a list.'
    """
    if "\n" not in text or "```" in text:
        return text
    lines = "\n".join(line.rstrip() for line in inspect.cleandoc(text).split("\n"))
    return re.sub(rf"(?<!\n)(?<!\|)\n(?!\n|{_OWN_LINE})[ \t]*", " ", lines)


_OWN_LINE = r"\s*(?:\||[-*+]\s|\d+\.\s|>|\#|<)"
"""How a line begins that is not running text: a table, a list, a quotation, a heading, HTML."""


def _running_ipython():
    """The IPython that runs this code, as in a notebook; None elsewhere. It imports nothing."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def _show(text: str, short: str = "") -> None:
    """Show Markdown in a notebook, with a short form as its plain text; print it where no IPython is running."""
    if _running_ipython() is None:
        print(text)
        return
    from IPython.display import Markdown, display

    if short:
        display({"text/markdown": text, "text/plain": short}, raw=True)
    else:
        display(Markdown(text))


def ledger_table(table):
    """A ledger in base units as a table of short texts."""
    shown = table.astype(object)
    shown["tokens"] = [short(v) if v == v else "" for v in table["tokens"]]
    for column in table.columns[1:]:
        shown[column] = [percent(v, 1) if column.startswith("share") else science(v, 3) for v in table[column]]
    return shown


def plan_table(table):
    """A plan in base units as a table of short texts."""

    def cell(row, value):
        if row in ("N", "D"):
            return short(value, 4)
        if row.startswith("cost"):
            return science(value, 4)
        if row == "loss":
            return f"{value:.4f}"
        if row.startswith("share"):
            return percent(value, 1)
        return plain(value, 4) if abs(value) < 1e6 else short(value, 4)

    shown = table.astype(object)
    for row in table.index:
        shown.loc[row] = [cell(row, value) for value in table.loc[row]]
    return shown
