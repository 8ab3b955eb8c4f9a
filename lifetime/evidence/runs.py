"""Training runs from a file."""

from __future__ import annotations

import csv
import os
from typing import TextIO

import numpy as np

from ..arrays import closest
from ..types import Table

COLUMNS = ("params", "tokens", "loss")


def read_runs(file: str | os.PathLike[str] | TextIO) -> Table:
    r"""Read runs from a CSV file with the columns params, tokens and loss; others are left out.

    Parameters
    ----------
    file : path or text file

    Returns
    -------
    pandas.DataFrame
        Columns params, tokens, loss: ``fit(**read_runs(file))``.

    Raises
    ------
    ValueError
        For a column that is missing or there twice, and for values that are missing or not positive and finite, all
        named by their line.

    Examples
    --------
    >>> import io
    >>> read_runs(io.StringIO("params,tokens,loss\n1e9,2e10,2.8\n2e9,4e10,2.6"))
             params        tokens  loss
    0  1.000000e+09  2.000000e+10   2.8
    1  2.000000e+09  4.000000e+10   2.6
    """
    import pandas as pd

    if isinstance(file, str | os.PathLike):
        with open(file, encoding="utf-8-sig", newline="") as text:
            return read_runs(text)
    lines = csv.reader(file)
    header = [name.strip() for name in next(lines, [])]
    for name in COLUMNS:
        if header.count(name) != 1:
            what = "is there twice" if name in header else f"is missing ({_like(name, header)})"
            raise ValueError(f"the first line must name the columns {', '.join(COLUMNS)} once each; {name} {what}")
    rows, bad = [], []
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            bad.append(f"line {lines.line_num} has {len(cells)} values for {len(header)} columns")
            continue
        row = {name: cells[header.index(name)].strip() for name in COLUMNS}
        bad += [f"line {lines.line_num}: {name} {problem}" for name in COLUMNS if (problem := _problem(row[name]))]
        rows.append(row)
    if bad:
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise ValueError(f"{'; '.join(bad[:5])}{more}")
    return pd.DataFrame(rows, columns=COLUMNS).astype(float)


def _like(name, header):
    return closest(name, header).replace("Valid", "the file has")


def _problem(text):
    try:
        value = float(text)
    except ValueError:
        return f"is not a number: {text!r}" if text else "is missing"
    return None if 0 < value < np.inf else f"must be a finite number above 0; got {text}"
