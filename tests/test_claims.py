"""Every claim: our value gives the verdict that is on file, and its digits where the verdict alone would not pin it."""

import os

import numpy as np
import pandas as pd
import pytest

from lifetime import claims
from lifetime.claims_papers import from_runs

TABLE = claims.table()
RUNS = os.environ.get("LIFETIME_CHINCHILLA_RUNS")
tested = TABLE.index[TABLE.verdict != "untested"]
off = TABLE.index[~TABLE.filed.isin(["reproduced", "untested"])]


@pytest.mark.parametrize("key", TABLE.index)
def test_the_verdict_is_that_on_file(key):
    row = TABLE.loc[key]
    assert row.verdict == row.filed, f"stated {row.stated}, ours {row.ours:.8g}"


@pytest.mark.parametrize("key", TABLE.index[TABLE.recorded != ""])
def test_our_value_is_that_on_record(key):
    """So that what is not reproduced is pinned too: nobody tunes a mismatch away."""
    assert claims.agrees(TABLE.recorded[key], TABLE.ours[key]), f"{TABLE.ours[key]:.8g}"


@pytest.mark.parametrize("key", off)
def test_a_mismatch_is_on_record_to_three_digits_or_more(key):
    value, half = claims.printed(TABLE.recorded[key])
    assert half <= 0.006 * abs(value)


@pytest.fixture(scope="module")
def ours_from_runs():
    """The 245 runs without the five of the largest loss, as Besiroglu et al. leave them out."""
    if not RUNS:
        pytest.skip("LIFETIME_CHINCHILLA_RUNS names no file of runs")
    runs = pd.read_csv(RUNS).sort_values("loss").iloc[:-5]
    assert len(runs) == 240
    return from_runs(runs.params, runs.tokens, runs.loss)


@pytest.mark.parametrize("key", TABLE.index[TABLE.topic == claims.FROM_RUNS])
def test_what_takes_the_runs_is_as_recorded(ours_from_runs, key):
    assert claims.agrees(TABLE.recorded[key], ours_from_runs[key]), f"{ours_from_runs[key]:.8g}"


def test_every_value_has_a_row_and_every_row_a_value(ours_from_runs):
    assert ours_from_runs.keys() == set(TABLE.index[TABLE.topic == claims.FROM_RUNS])


def test_every_computed_value_has_a_row_and_every_row_is_computed_recorded_or_untested():
    assert set(claims.computed()) == set(tested) - set(TABLE.index[TABLE.topic == claims.FROM_RUNS])
    assert (TABLE.recorded[TABLE.topic == claims.FROM_RUNS] != "").all()


def test_the_file_is_complete():
    assert TABLE.index.is_unique
    for column in ("topic", "claim", "source", "locator"):
        assert (TABLE[column].str.strip() != "").all()
    assert (TABLE.loc[tested, ["stated", "unit"]] != "").all(axis=None)
    assert set(TABLE.filed) == set(claims.VERDICTS), "each occurs, or the word is not needed"


@pytest.mark.parametrize("key", TABLE.index[TABLE.filed.isin(["not reproduced", "contradicted", "untested"])])
def test_what_is_not_reproduced_or_tested_says_why(key):
    assert TABLE.note[key].strip()


def test_a_topic_is_one_stretch_of_the_file():
    topics = TABLE.topic
    assert (topics != topics.shift()).sum() == topics.nunique()


# The rule


@pytest.mark.parametrize(
    ("stated", "ours", "expected"),
    [
        ("2", 2.5, "reproduced"),
        ("2", 2.51, "not reproduced"),
        ("2.0", 2.051, "nearly"),
        ("2.0", 2.2, "nearly"),
        ("2.0", 1.81, "not reproduced"),
        ("2.0", 4.0, "contradicted"),
        ("2.0", 1.0, "contradicted"),
        ("2.0", -2.0, "contradicted"),
        ("0.00", 0.004, "reproduced"),
        ("0.00", 0.1, "contradicted"),
        ("-2.0", -2.1, "nearly"),
        ("2e14", 2.49e14, "reproduced"),
        ("2e14", 2.59e14, "not reproduced"),
        ("200e12", 2.49e14, "not reproduced"),
        ("", np.nan, "untested"),
    ],
)
def test_the_rule(stated, ours, expected):
    assert claims.verdict(stated, ours) == expected


def test_the_difference_is_relative_to_what_is_stated():
    row = TABLE.loc["summary_rl_counts"]
    assert row.difference == pytest.approx(row.ours / float(row.stated) - 1, rel=1e-15)
