import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
def test_a_computed_sentence_is_shown_as_markdown_or_printed(function, shown, monkeypatch, capsys):
    function("so it is")
    assert capsys.readouterr().out == f"{shown}\n", "no IPython is running"
    seen = []
    monkeypatch.setattr("IPython.display.display", seen.append)
    monkeypatch.setattr("IPython.get_ipython", object)
    function("so it is")
    assert [markdown.data for markdown in seen] == [shown]
    monkeypatch.delitem(sys.modules, "IPython")
    function("so it is")
    assert capsys.readouterr().out == f"{shown}\n", "nor is it imported"


def test_an_answer_has_a_short_form_as_its_plain_text(monkeypatch, capsys):
    seen = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: seen.append(data))
    monkeypatch.setattr("IPython.get_ipython", object)
    display.tldr(
        "so\nit is",
        short="""so
    it""",
    )
    assert seen == [{"text/markdown": "**TL;DR** so it is", "text/plain": "so it"}]
    monkeypatch.delitem(sys.modules, "IPython")
    display.tldr("so it is", short="so")
    assert capsys.readouterr().out == "**TL;DR** so it is\n"


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("one line ", "one line "),
        ("two\nlines", "two lines"),
        ("\n    indented\n    as code is,\n\n    two paragraphs\n    ", "indented as code is,\n\ntwo paragraphs"),
        ("a list:\n- one\n- two,\n  longer\n1. three", "a list:\n- one\n- two, longer\n1. three"),
        ("a table:\n\n| a |\n|---|\n| 1 |\nafter", "a table:\n\n| a |\n|---|\n| 1 |\nafter"),
        ("**bold**\n**bold**\n-5 % is a number", "**bold** **bold** -5 % is a number"),
        ("> quoted\n> twice", "> quoted\n> twice"),
        ("```\ncode\n  more\n```", "```\ncode\n  more\n```"),
    ],
)
def test_a_text_typed_over_several_lines_is_unwrapped(typed, text):
    assert display.unwrapped(typed) == text


@given(st.lists(st.lists(st.sampled_from(["a", "β", "5 %", "**x**"]), min_size=1), min_size=1))
def test_however_a_text_is_broken_into_lines_it_says_the_same(paragraphs):
    lines = "\n  \n".join("\n  ".join(words) for words in paragraphs)
    whole = "\n\n".join(" ".join(words) for words in paragraphs)
    assert display.unwrapped(lines) == whole


def test_every_line_of_a_takeaway_is_quoted(capsys):
    display.takeaway(
        """First,
        and more.

        - Second."""
    )
    assert capsys.readouterr().out == "> **Takeaway.** First, and more.\n> \n> - Second.\n"


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


def test_what_was_chosen_is_shown_as_a_count_where_it_is_large():
    table = pd.DataFrame({"plan": [3.14159, 1.23456e12]}, index=["k", "D_RL"])
    assert display.plan_table(table)["plan"].tolist() == ["3.142", "1.235 T"]
