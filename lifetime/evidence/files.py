"""Files of runs as tables of cells: found, unpacked, decoded and split, strictly. What cells mean is in ``runs``."""

from __future__ import annotations

import difflib
import glob
import gzip
import io
import json
import os
import re
import zlib
from dataclasses import dataclass, field
from typing import NamedTuple

from ..arrays import brief
from .cells import as_list

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_PATTERN = re.compile(r"[*?\[]")
_UTF_16 = "UTF-16 text, as spreadsheets write it: save it as CSV in UTF-8"
_KINDS = {  # what a file that is no text begins with
    b"PK": "a spreadsheet or a zip archive: save the sheet as CSV, or unpack the archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet: save it as CSV",
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
    b"BZh": "compressed with bzip2: unpack it, or pack it with gzip",
    b"\xfd7zXZ": "compressed with xz: unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: unpack it, or pack it with gzip",
    b"\x80": "binary (a pickle?): load it yourself and give the table instead of the path",
}
_BINARY = "binary: save the table as CSV, JSON or parquet, or load it yourself and give it instead of the path"


class NoFileError(FileNotFoundError, ValueError):
    """Nothing to read at that path."""


class Row(NamedTuple):
    """The cells of a run, where it stands, and what is wrong with it as a whole."""

    place: str
    cells: list
    problem: str = ""


@dataclass
class Sheet:
    """A table of cells: ``where`` begins its error messages, ``head`` says what names the columns."""

    where: str
    head: str
    header: list[str]
    rows: list[Row] = field(default_factory=list)

    def fail(self, message):
        """A ``ValueError`` about this table."""
        return ValueError(f"{self.where}{message}")


def read_sheets(source) -> tuple[list[Sheet], bool]:
    """The tables of a path, of all files that a pattern matches, of an open file, or of a data frame.

    Returns the tables, and whether they are those of a pattern: one file a run, whose last row counts.
    """
    if isinstance(source, str | os.PathLike):
        path = os.path.expanduser(os.fspath(source))
        if os.path.exists(path) or not _PATTERN.search(path):
            return [_from_path(path)], False
        paths = sorted(found for found in glob.glob(path, recursive=True) if not os.path.isdir(found))
        if not paths:
            inside = "" if os.path.isabs(path) else f" in {os.getcwd()!r}"
            raise NoFileError(f"no file matches {path!r}{inside}: check the folder and the pattern")
        short = len({os.path.basename(found) for found in paths}) == len(paths)
        names = [os.path.basename(found) if short else found for found in paths]
        return [_with_star(_from_path(*found), path, found[0]) for found in zip(paths, names, strict=True)], True
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        where = f"{os.path.basename(name)}: " if isinstance(name, str) and name else ""
        try:
            return [_from_content(source.read(), where)], False
        except UnicodeDecodeError as error:
            raise ValueError(f"{where}the file is not in {error.encoding}: open it with the encoding it has") from None
    return [_from_frame(source)], False


def _with_star(sheet, pattern, path):
    """The table with a column ``*``: what the first star of the pattern stands for in the path."""
    wild = {"**": ".*", "*": r"([^/\\]*?)", "?": "."}
    parts = re.split(r"(\*\*|\*|\?|\[[^]]*\])", pattern)
    inside = [wild.get(part, part.replace("[!", "[^")) if i % 2 else re.escape(part) for i, part in enumerate(parts)]
    match = re.fullmatch("".join(inside), path, re.DOTALL)
    if match is None or not match.re.groups:
        return sheet
    rows = [row if row.problem else row._replace(cells=[*row.cells, match[1]]) for row in sheet.rows]
    return Sheet(sheet.where, sheet.head, [*sheet.header, "*"], rows)


def _from_path(path, name=None):
    if os.path.isdir(path):
        raise NoFileError(
            f"{path!r} is a folder: name a file in it, or a pattern such as {os.path.join(path, '*.csv')!r}"
        )
    if not os.path.exists(path):
        raise NoFileError(_nothing_at(path))
    with open(path, "rb") as file:
        return _from_content(file.read(), f"{name or os.path.basename(path)}: ")


def _nothing_at(path):
    if "\n" in path:
        return f"the path {brief(path)} has several lines: give a text as io.StringIO(text)"
    folder, name = os.path.split(os.path.abspath(path))
    there = os.listdir(folder) if os.path.isdir(folder) else None
    if there is None:
        return f"no file {path!r}: there is no folder {folder!r}"
    close = difflib.get_close_matches(name, there, n=1)
    return f"no file {path!r} in {folder!r}" + (f": did you mean {close[0]!r}?" if close else ": check name and folder")


def _from_content(content, where):
    """The table in the content of a file, whatever its kind."""
    if isinstance(content, bytes) and content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error):
            raise ValueError(f"{where}the file is damaged or cut short: gzip cannot unpack it; copy it again") from None
    if isinstance(content, bytes) and content.startswith(b"PAR1"):
        return _from_parquet(content, where)
    text = _decoded(content, where) if isinstance(content, bytes) else content.removeprefix("\ufeff")
    if not text.strip():
        raise ValueError(f"{where}the file is empty: it must name the columns and hold a line for each run")
    if text.lstrip()[:1] in ("{", "["):
        return _from_json(text, where)
    return _from_text(text, where)


def _decoded(content, where):
    for begin, kind in _KINDS.items():
        if content.startswith(begin):
            raise ValueError(f"{where}the file is {kind}")
    if b"\0" in content:
        wide = content[:1000].count(b"\0") > len(content[:1000]) // 3
        raise ValueError(f"{where}the file is {_UTF_16 if wide else _BINARY}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if any(byte < 32 and byte not in b"\t\n\f\r" for byte in content[:10_000]):
            raise ValueError(f"{where}the file is {_BINARY}") from None
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{where}line {line} is not UTF-8 but perhaps Latin-1: save the file as UTF-8, or give "
            "open(path, encoding='latin-1') instead of the path"
        ) from None


def _from_parquet(content, where):
    import pandas as pd

    try:
        table = pd.read_parquet(io.BytesIO(content))
    except ImportError:
        raise ValueError(f"{where}parquet files need pyarrow: pip install pyarrow, or save the table as CSV") from None
    except Exception as error:  # whatever the library raises for a file that is damaged
        raise ValueError(f"{where}the parquet file cannot be read: {brief(str(error))}") from None
    return _from_frame(table, where)


# Text


def _from_text(text, where):
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    separator = max(SEPARATORS, key=lambda mark: len(_split(lines[0], mark) or ()))
    header = _split(lines[0], separator)
    if header is None:
        raise ValueError(f"{where}line 1: {_QUOTE}")
    sheet = Sheet(where, "the first line", [name.strip() for name in header])
    for number, line in enumerate(lines[1:], 2):
        place, cells = f"line {number}", _split(line, separator)
        if cells is None:
            sheet.rows.append(Row(place, [], f"{place}: {_QUOTE}"))
        elif len(cells) != len(header) and any(cell.strip() for cell in cells):
            sheet.rows.append(Row(place, [], f"{place} has {len(cells)} values for {len(header)} columns"))
        elif any(cell.strip() for cell in cells):
            sheet.rows.append(Row(place, cells))
    return sheet


_QUOTE = "a quote is not closed on its line, or stands inside a value: a run is one line, and a quote in it is doubled"


def _split(line, separator):
    """The cells of one line; None if a quote is left open or stands inside a cell."""
    if '"' not in line:
        return line.split(separator)
    cells, at = [], 0
    cell = re.compile(rf' *"((?:[^"]|"")*)" *(?={separator}|$)|([^"{separator}]*)(?={separator}|$)')
    while match := cell.match(line, at):
        cells.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        at = match.end() + 1
        if at > len(line):
            return cells
    return None


# JSON, and JSON lines


def _from_json(text, where):
    try:
        whole = _parsed(text)
    except ValueError as error:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2 or not lines[0][1].strip().endswith("}"):
            raise ValueError(f"{where}the JSON cannot be read: {error}") from None
        return _from_records([(f"line {number}", _json_line(line, number, where)) for number, line in lines], where)
    if isinstance(whole, dict):
        whole = _records(whole, where)
    return _from_records([(f"run {number}", record) for number, record in enumerate(whole, 1)], where)


def _json_line(line, number, where):
    try:
        return _parsed(line)
    except ValueError as error:
        raise ValueError(f"{where}line {number} cannot be read as JSON: {error}") from None


def _parsed(text):
    def once(pairs):
        record = dict(pairs)
        if len(record) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"{twice!r} is there twice in one run")
        return record

    return json.loads(text, object_pairs_hook=once)


def _records(whole, where):
    """The runs of a JSON object: columns of lists or of numbered rows, runs by name, one list of runs, or one run."""
    values = list(whole.values())
    if values and all(isinstance(value, list) for value in values):
        if len(values) == 1 and all(isinstance(value, dict) for value in values[0]):
            return values[0]
        lengths = {name: len(value) for name, value in whole.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"{where}the columns must be equally long; got {brief(lengths)}")
        return [dict(zip(whole, row, strict=True)) for row in zip(*values, strict=True)]
    if values and all(isinstance(value, dict) for value in values):
        if not set.intersection(*map(set, values)):
            return [whole]
        if not all(key.isdigit() for value in values for key in value):
            return values
        keys = dict.fromkeys(key for value in values for key in value)
        return [{name: value.get(key) for name, value in whole.items()} for key in keys]
    return [whole]


def _from_records(records, where):
    rows, header = [], {}
    for place, record in records:
        if not isinstance(record, dict):
            raise ValueError(f"{where}{place} must be an object with the names of columns; got {brief(record)}")
        rows.append((place, dict(_flat(record))))
        header |= dict.fromkeys(rows[-1][1])
    return Sheet(
        where, "the runs", list(header), [Row(place, [row.get(name) for name in header]) for place, row in rows]
    )


def _flat(record, before=""):
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}/")
        else:
            yield f"{before}{name}", value


# Data frames


def _from_frame(table, where=""):
    if hasattr(table, "collect"):
        raise ValueError(f"runs cannot be read from {brief(table)}: collect it first")
    names = getattr(table, "column_names", None)  # pyarrow
    names = getattr(table, "columns", None) if names is None else names
    if names is None or not hasattr(table, "__getitem__"):
        raise ValueError(f"runs cannot be read from {brief(table)}: give a path, an open file or a data frame")
    header = [str(name) for name in names]
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{where}the table must name each column once; {twice} is there twice")
    labels = list(table.index) if hasattr(table, "iloc") else None
    columns = [as_list(table[name]) for name in names]
    rows = [Row(f"row {labels[i] if labels else i}", list(cells)) for i, cells in enumerate(zip(*columns, strict=True))]
    return Sheet(where, "the table", header, rows)
