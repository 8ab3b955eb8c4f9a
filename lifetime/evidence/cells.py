"""What a cell of a table of runs says: numbers as people write them, and the units that a column's name holds."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import NamedTuple

_POWERS = {"": 0, "k": 3, "m": 6, "b": 9, "t": 12}
_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(e[+-]?[0-9]+|\s*[kmbt])?", re.ASCII | re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+\s*[kmbt]?", re.ASCII | re.IGNORECASE)
_ENDLESS = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}
_MISSING = ("", "na", "n/a", "null", "none", "<na>")

_WORDS = {"nat": 0, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_UNIT = re.compile(r"\s*[(\[]\s*(?:in\s+)?([a-z]+)\s*[)\]]$", re.IGNORECASE)
_LETTER = re.compile(r"[_ ]([KMBT])$")
_FLOP = re.compile(r"(.*?)([kmgtpez])?flops?", re.IGNORECASE)
_FLOP_POWERS = dict(zip("kmgtpez", range(3, 24, 3)))


_LISTS = ("to_pylist", "to_list")  # what a column of pyarrow, pandas or polars has, and an array has not


class Cell(NamedTuple):
    """A number, or what is wrong with it; ``failed`` if it is missing or not finite, as a run that failed leaves it."""

    value: float
    problem: str | None = None
    failed: bool = False


def read_cell(value, plain: bool = False) -> Cell:
    """The positive number that a cell holds.

    Parameters
    ----------
    value : str, number or None
        A text may be "150M", "1.5B", "300 B", "1e9" or "1,000,000".
    plain : bool, optional
        For a loss: "2.8" only, neither letters nor commas.

    Examples
    --------
    >>> read_cell("1.5B").value, read_cell("2,8").problem
    (1500000000.0, "is not a number: '2,8' (a decimal comma? write 2.8)")
    """
    if is_missing(value):
        return Cell(math.nan, "is missing", failed=True)
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in _MISSING:
            return Cell(math.nan, f"is missing: {text!r}" if text else "is missing", failed=True)
        number = _from_text(text, plain)
    else:
        text, number = str(value), _from_number(value)
    if number is None:
        return Cell(math.nan, f"is not a number: {_short(value)}{_comma(text)}")
    if not 0 < number < math.inf:
        return Cell(math.nan, f"must be a finite number above 0; got {text}", failed=not math.isfinite(number))
    return Cell(number)


def is_missing(value) -> bool:
    """Whether a value is the mark of a library for none; NaN is a number."""
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _from_text(text, plain):
    bare = text.lower().lstrip("+-")
    if bare in _ENDLESS:
        return -_ENDLESS[bare] if text.startswith("-") else _ENDLESS[bare]
    if not plain and _THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits, end = match[1], (match[2] or "").strip().lower()
    if end.startswith("e"):
        return float(digits + end)
    return None if plain and end else float(f"{digits}e{_POWERS[end]}")


def _from_number(value):
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return None
    try:
        return float(value) if isinstance(value, int | float | Decimal) or hasattr(value, "__float__") else None
    except (TypeError, ValueError):
        return None
    except OverflowError:
        return math.inf


def _comma(text):
    return f" (a decimal comma? write {text.replace(',', '.')})" if _DECIMAL_COMMA.fullmatch(text) else ""


def _short(value):
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def split_unit(name: str) -> tuple[str, float]:
    """A column's name without its unit, and what a number in that unit is worth.

    Examples
    --------
    >>> split_unit("Tokens (B)"), split_unit("total_gflops"), split_unit("model size")
    (('Tokens', 1000000000.0), ('total_flops', 1000000000.0), ('model size', 1.0))
    """
    match = _UNIT.search(name)
    if match:
        unit = match[1].lower()
        power = (_WORDS | _POWERS).get(unit.removesuffix("s") if len(unit) > 2 else unit)
        flop = _FLOP.fullmatch(unit)
        if flop and not flop[1]:
            power = _FLOP_POWERS.get((flop[2] or "").lower(), 0)
        return (name, 1.0) if power is None else (name[: match.start()], float(f"1e{power}"))
    match = _LETTER.search(name)
    if match:
        return name[: match.start()], float(f"1e{_POWERS[match[1].lower()]}")
    match = _FLOP.fullmatch(name)
    if match and match[2] and (not match[1] or not match[1][-1].isalpha()):
        return f"{match[1]}flops", float(f"1e{_FLOP_POWERS[match[2].lower()]}")
    return name, 1.0


def as_list(column) -> list:
    """The values of a column of any library: pandas, polars, pyarrow, or what numpy makes an array of."""
    for method in (*_LISTS, "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def as_numbers(name: str, column):
    """A column of a data frame as a list of numbers, with NaN where there is none; anything else as it is.

    Raises
    ------
    ValueError
        For a text in it, named by its row.
    """
    if not any(hasattr(column, method) for method in _LISTS):
        return column
    values = as_list(column)
    for i, value in enumerate(values):
        if isinstance(value, str):
            row = list(column.index)[i] if hasattr(column, "iloc") else i
            raise ValueError(
                f"{name} must be numbers; got {_short(value)} in row {row} (read_runs reads numbers in texts)"
            )
    return [math.nan if is_missing(value) else value for value in values]
