"""What is offered: every window and every price is possible, dated, and consistent with itself."""

import re
from math import isfinite

import numpy as np
import pytest

import lifetime as lt

WINDOWS, PRICES = list(lt.windows), list(lt.prices)
every_row = pytest.mark.parametrize("row", WINDOWS + PRICES, ids=lt.windows.keys() + lt.prices.keys())
window = pytest.mark.parametrize("row", WINDOWS, ids=lt.windows.keys())
price = pytest.mark.parametrize("row", PRICES, ids=lt.prices.keys())
DAY = r"20\d\d-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?"


def numbers(row):
    return {name: value for name, value in vars(row).items() if isinstance(value, int | float)}


@every_row
def test_numbers_are_positive_and_texts_are_there(row):
    assert all(isfinite(value) and value > 0 for value in numbers(row).values())
    for name in ("model", "source", "locator", "certainty", "checked"):
        assert getattr(row, name).strip(), name
    assert re.fullmatch(r"(source|as given), 20\d\d-\d\d-\d\d", row.checked)
    assert row.certainty in ("primary", "secondary")
    assert row.certainty == "primary" or "Secondary source." in row.note
    assert re.search(r"https://|arXiv", row.source)


@every_row
def test_a_step_has_a_threshold_within_the_window_and_both_multipliers(row):
    step = (row.long_threshold, row.long_input_multiplier, row.long_output_multiplier)
    assert all(step) or not any(step)
    if all(step):
        assert row.long_threshold <= row.context
        assert row.long_input_multiplier >= row.long_output_multiplier > 1


@window
def test_a_window_has_a_date_and_a_kind_of_attention(row):
    assert re.fullmatch(DAY, row.date) and "2019" <= row.date[:4] <= "2026"
    assert row.developer.strip() and row.attention.strip()
    assert row.kind in ("full", "windowed", "hybrid", "sparse", "compressed", "undisclosed")
    assert (row.kind == "undisclosed") == row.attention.startswith("undisclosed")
    assert 1e3 <= row.context <= 1e7
    assert bool(row.long_threshold) == bool(re.search(r"x\d.*\d+k", row.price_step)) or "separate" in row.price_step


@price
def test_a_price_is_dated_and_its_parts_fit_together(row):
    assert row.date_from == "" or re.fullmatch(DAY, row.date_from)
    assert re.fullmatch(DAY, row.date_seen) and row.date_from[:7] <= row.date_seen[:7]
    assert row.sold_by in ("developer", "host")
    assert row.terms in ("list", "introductory", "peak", "off-peak", "fast", "spot")
    assert 1 <= row.output_over_input < 9
    assert 0.01 <= row.input_per_million <= 30
    if row.cached_per_million:
        assert 0.008 < row.cached_over_input <= 0.53
    else:
        assert row.cached_over_input is None
    writes = (row.input_per_million, row.write_5min_per_million, row.write_1h_per_million)
    assert [x for x in writes if x] == sorted(x for x in writes if x)
    assert row.batch_multiplier in (None, 0.5, 0.8)


@price
def test_a_price_that_will_rise_says_so(row):
    assert (row.terms == "introductory") == ("doubles" in row.note)


def test_the_tables_are_as_large_as_they_were_collected():
    assert (len(WINDOWS), len(PRICES)) == (55, 112)
    seen = [[row.checked.startswith("source") for row in rows] for rows in (WINDOWS, PRICES)]
    assert [sum(each) for each in seen] == [42, 108]


def test_answers_cost_three_to_five_times_prompts_in_the_middle_half():
    quartiles = np.quantile([row.output_over_input for row in PRICES], [0.25, 0.5, 0.75])
    assert quartiles == pytest.approx([3, 4, 5], rel=0.01)


def test_an_hour_in_a_cache_costs_the_same_share_of_the_price_at_one_vendor():
    """1.25 times for 5 minutes, 2 times for an hour: 0.82 of the input price an hour."""
    rows = [row for row in PRICES if row.provider == "Anthropic" and row.write_1h_per_million]
    rates = [(r.write_1h_per_million - r.write_5min_per_million) / (55 / 60) / r.input_per_million for r in rows]
    assert len(rows) > 10 and rates == pytest.approx([0.75 * 60 / 55] * len(rows))
    assert lt.prices.claude_opus_5.input_per_million * rates[0] == pytest.approx(4.09, abs=5e-3)


def test_a_flagship_stood_at_200k_for_27_months():
    """Anthropic's largest window, betas aside: from Claude 2.1 to Claude Opus 4.6."""
    rows = [row for row in WINDOWS if row.developer == "Anthropic" and "beta" not in row.model]
    at = sorted(row.date for row in rows if row.context == 200_000)
    after = min(row.date for row in rows if row.context > 200_000)
    (y, m), (Y, M) = (map(int, date.split("-")[:2]) for date in (at[0], after))
    assert (Y - y) * 12 + M - m == 27
