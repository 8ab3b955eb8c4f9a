import pytest

import lifetime as lt
from cases import LAW, OTHERS
from lifetime import display


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 3, "0"),
        (640, 3, "640"),
        (0.04567, 3, "0.0457"),
        (999.4, 3, "999"),
        (999.6, 3, "1 k"),
        (1234, 3, "1.23 k"),
        (6.9686e9, 3, "6.97 B"),
        (6.9686e9, 5, "6.9686 B"),
        (8e9, 4, "8 B"),
        (999.96e9, 4, "1 T"),
        (15e12, 3, "15 T"),
        (1.5e15, 3, "1,500 T"),
        (9.99e15, 3, "9,990 T"),
        (1e16, 3, "1e16"),
        (2.346e17, 3, "2.35e17"),
        (-15e12, 3, "-15 T"),
    ],
)
def test_a_count_is_short(value, digits, text):
    assert display.short(value, digits) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (3.8e25, 2, "3.8e25"),
        (1.2e26, 3, "1.2e26"),
        (9.96e25, 2, "1e26"),
        (4e-5, 1, "4e-5"),
        (0, 3, "0e0"),
        (-1.25e3, 3, "-1.25e3"),
    ],
)
def test_scientific_notation_has_no_padding(value, digits, text):
    assert display.science(value, digits) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1234.5, 3, "1,230"),
        (1e7, 3, "10,000,000"),
        (0.04567, 2, "0.046"),
        (2, 3, "2"),
        (2.50, 3, "2.5"),
        (99.96, 3, "100"),
        (0, 3, "0"),
        (100, 1, "100"),
    ],
)
def test_a_plain_number_has_significant_digits_only(value, digits, text):
    assert display.plain(value, digits) == text


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (0.17447, {}, "17 %"),
        (0.17447, {"decimals": 1}, "17.4 %"),
        (-0.0149, {"decimals": 1}, "−1.5 %"),
        (0.2, {"sign": True}, "+20 %"),
        (-0.2, {"sign": True}, "−20 %"),
        (3.0, {}, "300 %"),
    ],
)
def test_a_fraction_is_shown_in_percent(value, options, text):
    assert display.percent(value, **options) == text


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (display.say, "so it is"),
        (display.takeaway, "> **Takeaway.** so it is"),
        (display.tldr, "**TL;DR** so it is"),
    ],
)
def test_a_computed_sentence_is_shown_as_markdown(function, shown, monkeypatch):
    seen = []
    monkeypatch.setattr("IPython.display.display", seen.append)
    function("so it is")
    assert [markdown.data for markdown in seen] == [shown]


def test_the_ledger_is_shown_rounded_and_computed_with_in_full():
    board = {"N": 100e9, "D": 200e12, "D_RL": 400e12 / 3, "D_inf": 200e12, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
    table = lt.LIFETIME.ledger(**board).table()
    before = table.copy()
    shown = display.ledger_table(table)
    assert shown.loc["reinforcement learning"].tolist() == ["133 T", "4e25", "20.0 %", "1.2e26", "33.3 %"]
    assert shown.loc["total"].tolist() == ["", "2e26", "100.0 %", "3.6e26", "100.0 %"]
    assert table.equals(before)


def test_a_plan_is_shown_rounded_and_computed_with_in_full():
    table = lt.cheapest(LAW, loss=2.0, **OTHERS).table()
    before = table.copy()
    shown = display.plan_table(table)["compute-optimal"]
    assert shown["N"] == f"{table.loc['N', 'compute-optimal'] / 1e9:.4g} B"
    assert shown["loss"] == "2.0000"
    assert shown["over-training"] == "1"
    assert shown["share of inference"].endswith(" %")
    assert "e" in shown["cost"]
    assert table.equals(before)
