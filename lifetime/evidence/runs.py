"""Training runs from a file or a data frame: which column holds what, and what became of every row."""

from __future__ import annotations

import difflib
import os
import re
from itertools import combinations
from typing import Any, NamedTuple, TextIO

from ..arrays import brief, closest
from ..types import Table
from .cells import is_missing, read_cell, split_unit
from .files import SEPARATORS, Row, Sheet, read_sheets

COLUMNS = ("params", "tokens", "loss")
ALIASES = {
    "params": """N, params, parameters, num params, n params, nr params, num parameters, n parameters, param count,
        params count, parameter count, number of parameters, model size, model params, model parameters, total params,
        total parameters, active params, active parameters, non embedding params, non embedding parameters""",
    "tokens": """D, tokens, num tokens, n tokens, token count, number of tokens, training tokens, train tokens,
        num train tokens, num training tokens, num tokens training, tokens trained, trained tokens, tokens seen,
        seen tokens, total tokens, dataset tokens, throughput/total_tokens""",
    "flop": """C, flop, flops, training flop, training flops, train flop, train flops, total flop, total flops,
        num flops, num flops training, compute, compute budget, flop budget, flops budget,
        training compute, total compute, throughput/total_flops, throughput/total_training_flops""",
    "loss": """loss, final loss, smooth loss, smoothed loss, train loss, training loss, loss/train, val loss,
        valid loss, validation loss, loss/val, eval loss, evaluation loss, test loss, final train loss,
        final training loss, final val loss, final validation loss, final eval loss, final test loss, cross entropy,
        cross entropy loss, ce loss""",
}
"""The usual names of each column: case, and what is neither letter nor digit, make no difference."""
_SHOWN = 12  # names of a header, and lines, in one message


def _plain(name):
    return re.sub(r"[^a-z0-9]", "", name.lower())


_KNOWN = {role: {_plain(name) for name in names.split(",")} for role, names in ALIASES.items()}


class Column(NamedTuple):
    """A column that is read: what it holds, its place and name, what its unit is worth, and what else it could be."""

    role: str
    index: int
    name: str
    scale: float = 1.0
    others: str = ""

    def __str__(self):
        return self.role if self.name == self.role else f"{self.role} ({self.name!r})"


def read_runs(
    file: str | os.PathLike[str] | TextIO | Any,
    *,
    params: str | None = None,
    tokens: str | None = None,
    flop: str | None = None,
    loss: str | None = None,
    group: str | None = None,
    skip: str | None = None,
) -> Table:
    r"""Read training runs: their parameters, training tokens and final loss.

    Columns are known by their usual names, in any case: params, N, "Model Size"; tokens, D; loss, "train/loss",
    "Smoothed Loss" and so on. If there are no tokens but FLOP (flop, C, "Training FLOP"), tokens = flop / (6 params).
    A number may be written as 150M, 1.5B or 1,000,000; a unit may stand in a column's name, as in "Tokens (B)".

    Parameters
    ----------
    file : path, open file or data frame
        CSV with commas, semicolons or tabs, JSON, JSON lines, or parquet (with pyarrow); any of them may be gzipped. A
        path with ``*`` is a pattern: one file a run, whose last row counts. Or a data frame of pandas, polars or
        pyarrow, in memory.
    params, tokens, flop, loss : str, optional
        The name of the column, where it is not a usual one or more than one could be meant. With ``flop``, tokens are
        computed, even if there is a column of them. With a pattern, "*" is what its first star stands for: the 190M of
        190M-5xC.csv.
    group : str, optional
        The name of a column that tells groups of runs, such as sizes or seeds: it becomes the column ``group``.
    skip : {"failed"}, optional
        Leave out runs that failed, whose loss is missing or not finite. They are counted. Without it they are errors.

    Returns
    -------
    pandas.DataFrame
        Columns params, tokens, loss (and group, if asked for): ``fit(**read_runs(file))``. Its ``attrs["read"]`` says
        how many rows of how many are used, why others are not, and which columns were read.

    Raises
    ------
    ValueError
        For a file that is not there, empty or no text in UTF-8; a column that is missing, there twice, or could be one
        of several; a line with more or fewer values than columns, or with a quote that is not closed; and values that
        are missing or not positive and finite. The message names the file, line and column.

    Examples
    --------
    >>> import io
    >>> file = io.StringIO("Model Size,Training FLOP,loss\n1B,1.2e20,2.8\n2B,4.8e20,2.6\n4B,5e20,nan")
    >>> runs = read_runs(file, skip="failed")
    >>> runs
             params        tokens  loss
    0  1.000000e+09  2.000000e+10   2.8
    1  2.000000e+09  4.000000e+10   2.6
    >>> print(runs.attrs["read"])
    2 of 3 rows used; 1 skipped: loss is not finite in line 4; read: params from 'Model Size', loss, tokens =
    flop / (6 params), flop from 'Training FLOP'
    """
    import pandas as pd

    named = {"params": params, "tokens": tokens, "flop": flop, "loss": loss, "group": group}
    _check(named, skip)
    sheets, pattern = read_sheets(file)
    runs, bad, failed, sources = [], [], {}, {}
    for sheet in sheets:
        columns = _columns(sheet, named)
        sources[_sources(columns)] = None
        if not sheet.rows:
            raise sheet.fail("there are names of columns, but no runs below them")
        if pattern:
            _check_history(sheet, columns)
        before = sheet.where if pattern else ""
        bad += [f"{before}{row.problem}" for row in sheet.rows if row.problem]
        for row in sheet.rows[-1:] if pattern else sheet.rows:
            if row.problem:
                continue
            run, problems, failure = _run(row, columns)
            if failure:
                failed.setdefault(failure, []).append(f"{before}{row.place}")
            if problems and not (failure and skip):
                bad += [f"{before}{row.place}: {problem}" for problem in problems]
            runs += [] if problems else [run]
    unit, total = ("file", len(sheets)) if pattern else ("row", len(sheets[0].rows))
    where, n = "" if pattern else sheets[0].where, sum(map(len, failed.values()))
    if bad:
        only = f"{n} of {total} runs failed (skip='failed' leaves them out): " if not skip and n == len(bad) else ""
        raise ValueError(f"{where}{only}{_cut(bad, 5, '; ')}")
    why = "; ".join(f"{text} in {_places(places)}" for text, places in failed.items())
    if not runs:
        raise ValueError(f"{where}no run is left, all {total} failed: {why}")
    table = pd.DataFrame(runs)
    table.attrs["read"] = "; ".join(
        [f"{len(runs)} of {total} {unit}s used" + ", the last row of each" * pattern]
        + ([f"{n} skipped: {why}"] if failed else [])
        + [" or ".join(sources)]
    )
    return table


def _check(named, skip):
    for role, name in named.items():
        if name is not None and not isinstance(name, str):
            raise ValueError(f"{role} must be the name of a column; got {brief(name)}")
    if named["tokens"] is not None and named["flop"] is not None:
        raise ValueError(f"give tokens or flop, not both; got {named['tokens']!r} and {named['flop']!r}")
    if skip not in (None, "failed"):
        raise ValueError(f"skip must be 'failed' or None; got {brief(skip)}")


# Which column holds what


def _columns(sheet: Sheet, named) -> list[Column]:
    """The columns to read: as named, or else those with the usual names."""
    for name in sheet.header:
        if name and sheet.header.count(name) > 1:
            if name in COLUMNS:
                raise sheet.fail(f"{_must(sheet)}; {name} is there twice")
            raise sheet.fail(f"{sheet.head} must name each column once; {name} is there twice: rename one of them")
    given = {role: _column(sheet, role, name) for role, name in named.items() if name is not None}
    needed = [role for role in COLUMNS if role != "tokens" or "flop" not in given]
    found = {role: given.get(role) or _column(sheet, role) for role in named if role in given or role in needed}
    if found.get("tokens", "flop") is None:
        found["flop"] = _column(sheet, "flop")
        del found["tokens" if found["flop"] else "flop"]
    lacking = [role for role, column in found.items() if column is None]
    if lacking:
        role = lacking[0]
        one = len(sheet.header) == 1 and sheet.head == "the first line"
        marks = f"; columns are separated by {', '.join(SEPARATORS.values())}" if one else ""
        names = ", ".join(f"{role}='...'" + " or flop='...'" * (role == "tokens") for role in lacking)
        has = f"{role} is missing ({_like(role, sheet)})"
        raise sheet.fail(f"{_must(sheet)}; {has}; if columns have other names, give them: {names}{marks}")
    for one, other in combinations([column for column in found.values() if column.role != "group"], 2):
        if one.index == other.index:
            raise sheet.fail(f"{one.role} and {other.role} must be different columns; both are {one.name!r}")
    return list(found.values())


def _column(sheet, role, name=None):
    """The column of that name, or else with a usual name; None if there is none."""
    header = sheet.header
    if name is not None:
        if name not in header:
            raise sheet.fail(f"{role}={name!r} is no column ({_like(name, sheet)})")
        return Column(role, header.index(name), name, 1.0 if role in ("loss", "group") else split_unit(name)[1])
    could_be = [Column(role, i, text, scale) for i, text in enumerate(header) if (scale := _usual(role, text))]
    names = " or ".join(repr(column.name) for column in could_be if column.name != role)
    if role in header:
        return Column(role, header.index(role), role, others=names)
    if len(could_be) > 1:
        raise sheet.fail(f"{role} could be {names}: say which, {role}={could_be[0].name!r}")
    return could_be[0] if could_be else None


def _usual(role, text):
    """What a number in a column of that name is worth, if it is a usual name of what is sought; else None."""
    name, scale = split_unit(text)
    if role == "loss":
        return 1.0 if scale == 1 and (name == "L" or _plain(name) in _KNOWN["loss"]) else None
    rate = scale != 1 and _plain(name) in ("flop", "flops") and name != text  # TFLOPs: of a device, each second
    return scale if _plain(name) in _KNOWN[role] and not rate else None


def _must(sheet):
    return f"{sheet.head} must name the columns {', '.join(COLUMNS)} once each"


def _like(name, sheet):
    """The names of a table, those that are closest to a name first if they are many."""
    header = sheet.header
    file = "the table" if sheet.head == "the table" else "the file"
    if len(header) <= _SHOWN:
        return closest(name, header).replace("Valid", f"{file} has")
    lower = {text.lower(): text for text in reversed(header)}
    near = [lower[text] for text in difflib.get_close_matches(name.lower(), lower, n=_SHOWN, cutoff=0.3)]
    near = list(dict.fromkeys(near + [text for text in header if _plain(name) in _plain(text)]))[:_SHOWN]
    return f"{file} has {len(header)} columns, among them: {', '.join(near or header[:_SHOWN])}"


def _sources(columns):
    """From which columns the numbers are, in words."""
    texts = []
    for column in columns:
        text = column.role if column.name == column.role else f"{column.role} from {column.name!r}"
        text += f" times {column.scale:g}" if column.scale != 1 else ""
        text += f" (not {column.others})" if column.others else ""
        texts.append(f"tokens = flop / (6 params), {text}" if column.role == "flop" else text)
    return f"read: {', '.join(texts)}"


# What became of a row


def _run(row: Row, columns: list[Column]) -> tuple[dict, list[str], str]:
    """The run in a row, what is wrong with it, and in which way it failed, if it did."""
    run, problems, failure = {}, [], ""
    for column in columns:
        value = row.cells[column.index]
        if column.role == "group":
            run["group"] = value.strip() if isinstance(value, str) else value
            if is_missing(value) or value != value or run["group"] == "":
                problems.append(f"{column} is missing")
            continue
        cell = read_cell(value, plain=column.role == "loss")
        run[column.role] = cell.value * column.scale
        if cell.problem:
            problems.append(f"{column} {cell.problem}")
        if cell.failed and column.role == "loss":
            failure = f"loss is {'missing' if cell.problem.startswith('is missing') else 'not finite'}"
    if "flop" in run:
        run["tokens"] = run["flop"] / (6 * run["params"])
    if not problems:
        too = [name for name in COLUMNS if not 0 < run[name] < float("inf")]
        problems = [f"{name} must be a finite number above 0; got {run[name]:g}" for name in too]
    return {name: run[name] for name in (*COLUMNS, "group") if name in run}, problems, failure


def _check_history(sheet, columns):
    """Raise a ``ValueError`` unless the rows of a file are the history of one run, the longest training last."""
    remedy = "of a pattern, the last row of each file counts: if its rows are runs, read the file by itself"
    for column in columns:
        values = [read_cell(row.cells[column.index]).value for row in sheet.rows if not row.problem]
        values = [value for value in values if value == value]
        if column.role == "params" and len(set(values)) > 1:
            raise sheet.fail(f"{column} is not the same in all rows; {remedy}")
        if column.role in ("tokens", "flop") and values and values[-1] < max(values):
            raise sheet.fail(f"{column} is not the greatest in the last row; {remedy}")


def _places(places):
    """Where rows stand, such as lines 4 and 9; each by its file, if they are of several."""
    if ": " in places[0]:
        return _cut(places, _SHOWN, ", ")
    kinds, numbers = zip(*(place.split(" ", 1) for place in places), strict=True)
    return f"{kinds[0]}{'s' * (len(places) > 1)} {_cut(numbers, _SHOWN, ', ')}"


def _cut(texts, most, between):
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return between.join(texts[:most]) + more
