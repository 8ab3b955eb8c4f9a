"""Cells of a table of runs: numbers as people write them, and units in the names of columns."""

import math
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifetime.evidence.cells import as_list, as_numbers, read_cell, split_unit


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("Tokens (B)", 1e9), ("Tokens (in billions)", 1e9), ("tokens (T)", 1e12), ("tokens_b", 1), ("D_T", 1e12),
        ("total_gflops", 1e9), ("Training FLOP (EFLOP)", 1e18), ("trainingFLOPs", 1), ("compute [ZFLOP]", 1e21),
        ("loss (nats)", 1), ("loss (bits)", 1), ("TFLOPs", 1e12), ("Training FLOP (flop)", 1), ("m", 1), ("", 1),
        ("tokens (s)", 1), ("tokens ()", 1), ("tokens (ts)", 1),
    ],
)  # fmt: skip
def test_units_of_names(name, unit):
    assert split_unit(name)[1] == unit


@given(st.integers(0, 999_999), st.integers(0, 999_999), st.sampled_from(" kKmMbBtT"), st.sampled_from(["", " ", "  "]))
def test_a_number_with_a_letter_is_that_power_of_ten(whole, part, letter, space):
    value = float(f"{whole}.{part}e{' kmbt'.index(letter.lower()) * 3}")
    cell = read_cell(f" {whole}.{part}{space if letter != ' ' else ''}{letter}")
    assert (cell.value == value and cell.problem is None) or (
        value == 0 and cell.problem.startswith("must be a finite")
    )


@given(st.floats(5e-324, allow_infinity=False))
def test_what_python_writes_is_read_back(value):
    assert read_cell(repr(value)) == read_cell(repr(value), plain=True) == read_cell(value) == (value, None, False)


@given(st.integers(1, 10**18))
def test_thousands_are_read_in_counts_but_not_in_losses(value):
    assert read_cell(f"{value:,}").value == value
    assert (read_cell(f"{value:,}", plain=True).problem is None) == (value < 1000)


@given(st.text(max_size=8))
def test_a_text_is_a_number_or_a_problem(text):
    cell = read_cell(text)
    assert (cell.problem is None) == (0 < cell.value < math.inf)
    if cell.problem is None:
        assert re.fullmatch(r"\+?[0-9.,]+(e[+-]?[0-9]+|\s*[kmbt])?", text.strip(), re.I | re.A)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("", "is missing"), (" n/a ", "is missing: 'n/a'"), (None, "is missing"), (pd.NA, "is missing"),
        (pd.NaT, "is missing"),
        ("NaN", "must be a finite number above 0; got NaN"), ("-inf", "must be a finite number above 0; got -inf"),
        (np.nan, "must be a finite number above 0; got nan"), ("1e999", "must be a finite number above 0; got 1e999"),
        ("-150M", "must be a finite number above 0; got -150M"), (0, "must be a finite number above 0; got 0"),
        ("1_000", "is not a number: '1_000'"), ("0x10", "is not a number: '0x10'"), ("85%", "is not a number: '85%'"),
        ("1,00", "is not a number: '1,00' (a decimal comma? write 1.00)"), ("1e9B", "is not a number: '1e9B'"),
        ("1,500B", "is not a number: '1,500B' (a decimal comma? write 1.500B)"), ("~7B", "is not a number: '~7B'"),
        ("7 billion", "is not a number: '7 billion'"), ("\u0661\u0662", "is not a number: '\u0661\u0662'"),
        (True, "is not a number: True"), (np.bool_(True), "is not a number: np.True_"), (1j, "is not a number: 1j"),
        (b"1", "is not a number: b'1'"), (np.datetime64("2020"), "is not a number: np.datetime64('2020')"),
        ("x" * 99, f"is not a number: '{'x' * 36}..."), (10**400, f"must be a finite number above 0; got 1{'0' * 400}"),
    ],
)  # fmt: skip
def test_what_is_no_number_above_zero_is_a_problem(value, problem):
    assert read_cell(value).problem == problem


@pytest.mark.parametrize(
    ("values", "failed"),
    [
        ((None, pd.NA, pd.NaT, "", " ", "n/a", "NULL", "nan", "-inf", np.nan, -np.inf, "1e999", 10**400), True),
        ((0, "0", -1, "-150M", "x", "~7B", "1,00", True, 1j, b"1"), False),
    ],
)
def test_only_what_is_missing_or_not_finite_is_how_a_failed_run_leaves_it(values, failed):
    for value in values:
        cell = read_cell(value)
        assert math.isnan(cell.value)
        assert cell.problem and cell.failed is failed, value


def test_numbers_of_any_type_are_read():
    for value in (2, np.float32(2), np.int8(2), Decimal(2), "2.", "+2", "2e0", "  2 "):
        assert read_cell(value, plain=True) == (2.0, None, False)
    for value in ("2M", "2,000,000", "2B"):
        assert read_cell(value, plain=True).problem == f"is not a number: {value!r}"


def test_a_text_in_a_labelled_column_is_named_by_its_label():
    with pytest.raises(ValueError, match="loss must be numbers; got 'x' in row b"):
        as_numbers("loss", pd.Series([1.0, "x"], index=["a", "b"]))
    array = np.ones(3)
    assert as_numbers("loss", array) is array
    assert as_numbers("loss", 2) == 2


def test_a_column_of_any_library_is_a_list():
    for column in (pd.Series([1, 2]), np.array([1, 2]), (1, 2), pd.Index([1, 2])):
        assert as_list(column) == [1, 2]
