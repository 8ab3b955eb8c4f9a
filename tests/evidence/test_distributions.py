import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

import lifetime as lt

PROBABILITIES = np.array([1e-9, 0.01, 0.1, 0.3, 0.5, 0.8, 0.99, 1 - 1e-9])
SHAPE = np.log(3) / ndtri(0.9)


@given(low=st.floats(1e-6, 1e12), ratio=st.floats(1.01, 1e12))
def test_loguniform_is_linear_in_the_logarithm(low, ratio):
    expected = low * ratio**PROBABILITIES
    np.testing.assert_allclose(lt.loguniform(low, low * ratio).ppf(PROBABILITIES), expected, rtol=1e-12)


@given(median=st.floats(1e-6, 1e15), factor=st.floats(1.01, 100), level=st.floats(0.1, 0.999))
def test_lognormal_has_its_median_and_lies_within_its_factor_at_its_level(median, factor, level):
    found = lt.lognormal(median, factor, level)
    expected = median * factor ** (ndtri(PROBABILITIES) / ndtri((1 + level) / 2))
    np.testing.assert_allclose(found.ppf(PROBABILITIES), expected, rtol=1e-9)
    assert found.cdf(median * factor) - found.cdf(median / factor) == pytest.approx(level, rel=1e-9)


@given(low=st.floats(-1e3, 1e3), width=st.floats(1e-3, 1e3), at=st.floats(0, 1))
def test_triangular_is_the_inverse_of_two_parabolas(low, width, at):
    high = low + width
    mode = min(low + at * width, high)
    p, c = PROBABILITIES, (mode - low) / (high - low)
    left, right = low + (high - low) * np.sqrt(c * p), high - (high - low) * np.sqrt((1 - c) * (1 - p))
    found = lt.triangular(low, mode, high).ppf(p)
    np.testing.assert_allclose(found, np.where(p < c, left, right), rtol=1e-9, atol=1e-9 * (abs(low) + width))


def test_the_default_level_is_80_percent():
    assert lt.lognormal(5, 2).ppf([0.1, 0.9]) == pytest.approx([2.5, 10], rel=1e-12)


@pytest.mark.parametrize(
    ("distribution", "mean", "variance", "rel"),
    [
        (lt.loguniform(2, 50), 48 / np.log(25), (50**2 - 2**2) / 2 / np.log(25) - (48 / np.log(25)) ** 2, 1e-4),
        (lt.lognormal(5, 3), 5 * np.exp(SHAPE**2 / 2), 25 * np.exp(SHAPE**2) * np.expm1(SHAPE**2), 0.05),
        (lt.triangular(2, 3, 6), 11 / 3, (4 + 9 + 36 - 6 - 12 - 18) / 18, 1e-4),
    ],
    ids=["loguniform", "lognormal", "triangular"],
)
def test_draws_have_the_moments_of_their_distribution(distribution, mean, variance, rel):
    """A lognormal's variance hangs on its upper tail, which 4,096 points do not reach."""
    drawn = lt.sample({"x": distribution}, 4096, 0)["x"]
    assert drawn.mean() == pytest.approx(mean, rel=min(rel, 1e-3))
    assert drawn.var() == pytest.approx(variance, rel=rel)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lt.loguniform(0, 1), "low must be above 0 and finite; got 0"),
        (lambda: lt.loguniform(2, 2), "high must be above 2 and finite; got 2"),
        (lambda: lt.loguniform(2, np.inf), "high must be above 2 and finite; got inf"),
        (lambda: lt.loguniform([1, 2], 3), "low must be a single number; got [1, 2]"),
        (lambda: lt.loguniform("1", 3), "low must be a number or an array of numbers; got '1'"),
        (lambda: lt.lognormal(-1, 3), "median must be above 0 and finite; got -1"),
        (lambda: lt.lognormal(np.nan, 3), "median must be above 0 and finite; got nan"),
        (lambda: lt.lognormal(1, 1), "factor must be above 1 and finite; got 1"),
        (lambda: lt.lognormal(1, 3, level=1), "level must be above 0 and below 1; got 1"),
        (lambda: lt.triangular(-np.inf, 0, 1), "low must be finite; got -inf"),
        (lambda: lt.triangular(0, np.nan, 1), "mode must be finite; got nan"),
        (lambda: lt.triangular(1, 1, 1), "high must be above 1 and finite; got 1"),
        (lambda: lt.triangular(1, 0.5, 2), "mode must be from low (1) to high (2); got 0.5"),
        (lambda: lt.triangular(1, 2.5, 2), "mode must be from low (1) to high (2); got 2.5"),
    ],
)
def test_a_distribution_refuses_what_it_cannot_be(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
