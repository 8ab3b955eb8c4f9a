"""Draws are compared with closed forms. The tolerances are what quasi-Monte-Carlo reaches: plain random numbers, whose
error is 1/sqrt(n) of a standard deviation (1.6 % at 4,096), would miss most of them."""

import re

import cloudpickle
import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import ndtri

import lifetime as lt
from cases import LAW, SYMBOLIC
from lifetime.evidence import sampling

BESIROGLU = lt.ScalingLaw(**lt.laws.Besiroglu2024.coefficients, covariance=lt.laws.Besiroglu2024.covariance)
REFIT = lt.ScalingLaw(**lt.laws.Sardana2024Refit.coefficients)  # as if nothing were known of its uncertainty
PROBABILITIES = np.array([1e-9, 0.01, 0.1, 0.3, 0.5, 0.8, 0.99, 1 - 1e-9])
UNIFORM = stats.uniform()
UNCERTAIN = {
    "law": lt.OneOf([BESIROGLU, REFIT], weights=[3, 1]),
    "D_RL": lt.lognormal(1e12, 3),
    "D_inf": lt.loguniform(1e13, 1e15),
    "k_RL": lt.triangular(2, 3, 6),
    "e_RL": lt.triangular(0.14, 1 / 3, 0.4),
    "e_inf": lt.triangular(0.14, 1 / 3, 0.4),
}
INPUTS = ["law: choice", "law: coefficients", "D_RL", "D_inf", "k_RL", "e_RL", "e_inf"]
BOOTSTRAP = lt.ScalingLaw(*(np.array(list(LAW.coefficients.values()))[:, None] * np.linspace(0.9, 1.1, 7)))


def plan(law, **assumptions):
    """The cheapest model as good as Chinchilla."""
    return lt.cheapest(law, loss=law.loss(70e9, 1.4e12), **assumptions)


def rows(law):
    return np.stack(list(law.coefficients.values()), axis=-1)


def logs(law):
    """In the order of a covariance."""
    return np.stack([np.log(law.A), np.log(law.B), np.log(law.E), law.alpha, law.beta])


def ways(assumptions, n=1024, **options):
    return lt.sample(assumptions, n, 0, **options)


# Distributions


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


SHAPE = np.log(3) / ndtri(0.9)


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


# Laws


def test_the_draws_of_a_law_have_its_coefficients_and_their_covariance():
    """Other sets of 4,096 vary by 0.07 % of a variance; random numbers would by 2.2 %."""
    law = lt.sample({"law": lt.OneOf(BESIROGLU)}, 4096, 0)["law"]
    SE = np.sqrt(BESIROGLU.covariance.diagonal())
    assert np.all(np.abs(logs(law).mean(axis=1) - logs(BESIROGLU)) < 1e-3 * SE)
    np.testing.assert_allclose(np.cov(logs(law)) / np.outer(SE, SE), BESIROGLU.covariance / np.outer(SE, SE), atol=5e-3)


def test_A_and_alpha_and_B_and_beta_are_drawn_together():
    for law in (ways({"law": lt.OneOf(BESIROGLU)})["law"], ways(UNCERTAIN | {"law": lt.OneOf(BESIROGLU)})["law"]):
        found, given = np.corrcoef(logs(law)), BESIROGLU.covariance
        for i, j in ((0, 3), (1, 4)):
            expected = given[i, j] / np.sqrt(given[i, i] * given[j, j])
            assert 1 - found[i, j] == pytest.approx(1 - expected, rel=0.2)
            assert expected > 0.999


def test_every_prepared_draw_is_used_once_when_there_are_as_many_points():
    one_of = lt.OneOf(BESIROGLU, n=256)
    law = ways({"law": one_of, "x": UNIFORM}, 256)["law"]
    table = one_of.at(coefficients=(np.arange(256) + 0.5) / 256)
    assert sorted(map(tuple, rows(law))) == sorted(map(tuple, rows(table)))
    assert len({*law.alpha}) == 256


@pytest.mark.parametrize("law", [BESIROGLU, ways({"law": lt.OneOf(BESIROGLU)}, 4096)["law"]], ids=["numbers", "draws"])
def test_every_other_draw_is_as_good_as_all(law):
    """Points of a Sobol sequence in their own order are not: the mean of every fourth is off by 25 standard errors."""
    one_of, SE = lt.OneOf(law), np.sqrt(BESIROGLU.covariance.diagonal() / 1024)
    for start in range(4):
        some = one_of.at(coefficients=(np.arange(1024) * 4 + start + 0.5) / 4096)
        assert np.all(np.abs(logs(some).mean(axis=1) - logs(BESIROGLU)) < 4 * SE)


@pytest.mark.parametrize("n", [256, 1024, 4096])
def test_coefficients_are_independent_of_the_other_assumptions(n):
    for seed in range(8):
        drawn = lt.sample(UNCERTAIN | {"law": lt.OneOf(BESIROGLU)}, n, seed)
        others = [UNCERTAIN[name].cdf(drawn[name]) for name in INPUTS[2:]]
        correlations = np.corrcoef([*logs(drawn["law"]), *others])[:5, 5:]
        assert np.max(np.abs(correlations)) < 4.5 / np.sqrt(n)


def test_two_laws_are_mixed_and_never_their_coefficients():
    law = ways(UNCERTAIN)["law"]
    prepared = {*map(tuple, rows(lt.OneOf(BESIROGLU).at(coefficients=(np.arange(4096) + 0.5) / 4096)))}
    refit = tuple(REFIT.coefficients.values())
    kinds = [tuple(row) == refit for row in rows(law)]
    assert all(kind or tuple(row) in prepared for kind, row in zip(kinds, rows(law), strict=True))
    assert sum(kinds) == 256, "a quarter of 1,024, exactly"


@given(weights=st.lists(st.floats(0.05, 1), min_size=2, max_size=4))
def test_laws_are_drawn_by_their_weights(weights):
    laws = [lt.ScalingLaw(i, 1, 1, 1, 1) for i in range(len(weights))]
    drawn = lt.sample({"law": lt.OneOf(laws, weights)}, 256, 1)["law"].E
    shares = np.bincount(drawn.astype(int), minlength=len(laws)) / 256
    np.testing.assert_allclose(shares, np.array(weights) / sum(weights), atol=2 / 256)
    assert lt.OneOf(laws, weights).weights == pytest.approx(np.array(weights) / sum(weights), rel=1e-12)


def test_a_law_with_draws_is_drawn_from_them_and_stays_itself_where_it_does_not_vary():
    law = lt.ScalingLaw(**BESIROGLU.coefficients, draws=BOOTSTRAP)
    found = lt.OneOf(law).at(coefficients=(np.arange(BOOTSTRAP.alpha.size) + 0.5) / BOOTSTRAP.alpha.size)
    assert sorted(found.alpha) == sorted(BOOTSTRAP.alpha)
    assert lt.OneOf(law).at().alpha == BESIROGLU.alpha


@pytest.mark.parametrize("covariance", [None, BESIROGLU.covariance])
def test_a_law_of_arrays_is_drawn_from_its_elements(covariance):
    law = lt.ScalingLaw(**BOOTSTRAP.coefficients, covariance=covariance)
    drawn = ways({"law": lt.OneOf(law)})["law"]
    assert {*map(tuple, rows(drawn))} == {*map(tuple, rows(BOOTSTRAP))}
    assert np.ptp(np.unique(drawn.E, return_counts=True)[1]) <= 2


def test_the_fields_of_a_law_of_arrays_broadcast():
    law = lt.ScalingLaw(1.8, np.array([[400.0], [500.0]]), np.array([2000.0, 2100.0, 2200.0]), 0.3, 0.4)
    drawn = ways({"law": lt.OneOf(law)})["law"]
    expected = {(1.8, A, B, 0.3, 0.4) for A in (400, 500) for B in (2000, 2100, 2200)}
    assert {*map(tuple, rows(drawn))} == expected


def test_an_irreducible_loss_of_zero_stays_zero():
    law = lt.ScalingLaw(**BESIROGLU.coefficients | {"E": 0}, covariance=BESIROGLU.covariance)
    drawn = ways({"law": lt.OneOf(law)})["law"]
    assert np.all(drawn.E == 0)
    assert drawn.A.std() > 0


def test_a_law_at_a_point():
    one_of = lt.OneOf([BESIROGLU, BOOTSTRAP, REFIT], weights=[2, 1, 1])
    assert one_of.at().coefficients == pytest.approx(BESIROGLU.coefficients, rel=1e-15)
    assert one_of.at(choice=0.49).coefficients == one_of.at().coefficients
    assert one_of.at(choice=0.5).coefficients == pytest.approx(LAW.coefficients, rel=1e-15), "the median of seven"
    assert one_of.at(choice=0.75).coefficients == REFIT.coefficients
    drawn = [one_of.at(0.6, part).alpha for part in np.arange(7) / 7 + 0.01]
    assert sorted(drawn) == sorted(BOOTSTRAP.alpha)
    assert one_of.at(0.6, 0).alpha == drawn[0]
    assert one_of.at(0.6, 1 - 2**-53).alpha == drawn[6]
    assert one_of.at(0.8, 0.5).coefficients == REFIT.coefficients
    assert one_of.at([[0.1], [0.6]], [0.2, 0.4, 0.6]).beta.shape == (2, 3)


@pytest.mark.parametrize(
    ("laws", "inputs"),
    [
        (REFIT, ()),
        (BESIROGLU, ("coefficients",)),
        (BOOTSTRAP, ("coefficients",)),
        ([REFIT, LAW], ("choice",)),
        ([REFIT, BESIROGLU], ("choice", "coefficients")),
    ],
)
def test_what_is_uncertain_about_a_law(laws, inputs):
    assert lt.OneOf(laws).inputs == inputs


def test_a_law_without_uncertainty_is_the_law():
    drawn = ways({"law": lt.OneOf(REFIT), "x": UNIFORM})
    assert drawn["law"].coefficients == REFIT.coefficients
    assert isinstance(drawn["law"].E, float)


# Draws


def test_the_same_seed_gives_the_same_draws_and_another_seed_others():
    first, again, other = (rows(lt.sample(UNCERTAIN, 64, seed)["law"]) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    rng = np.random.default_rng(1)
    x, y, z = (lt.sample({"x": UNIFORM}, 64, r)["x"] for r in (np.random.default_rng(1), rng, rng))
    assert np.array_equal(x, y)
    assert not np.array_equal(y, z)


@given(seed=st.integers(0, 2**32), power=st.integers(0, 8))
def test_draws_are_balanced(seed, power):
    """One in each of n equal parts of each input, and of the two halves of one and n/2 parts of another."""
    n = 2**power
    x, y = lt.sample({"x": UNIFORM, "y": UNIFORM}, n, seed).values()
    for drawn in (x, y):
        assert sorted((drawn * n).astype(int)) == list(range(n))
    if n > 1:
        assert len({*zip((x * 2).astype(int), (y * n / 2).astype(int), strict=True)}) == n


def test_draws_never_reach_the_ends_and_are_of_every_block():
    class Ends:
        def ppf(self, p):
            assert np.all((p > 0) & (p < 1))
            return p

    drawn = lt.sample({"x": Ends(), "y": stats.norm()}, 2**16, 0)
    assert np.all(np.isfinite(drawn["y"]))
    assert len({*drawn["x"]}) == 2**16
    assert np.array_equal(sampling.inside(np.array([0.0, 0.5, 1.0])), [2**-31, 0.5, 1 - 2**-31])


def test_what_is_not_uncertain_is_left_as_it_is():
    demand = np.array([[1.0], [2.0]])
    drawn = ways({"a": 3, "x": UNIFORM, "b": demand, "c": None})
    assert list(drawn) == ["a", "x", "b", "c"]
    assert (drawn["a"], drawn["b"] is demand, drawn["c"]) == (3, True, None)


def test_quasi_monte_carlo_beats_random_numbers():
    def errors(draw):
        means = [np.prod([1 + (x - 0.5) / 2 for x in draw(seed)], axis=0).mean() for seed in range(16)]
        return np.sqrt(np.mean((np.array(means) - 1) ** 2))

    names = "uvwxyz"
    ours = errors(lambda seed: lt.sample(dict.fromkeys(names, UNIFORM), 1024, seed).values())
    random = errors(lambda seed: np.random.default_rng(seed).random((len(names), 1024)))
    assert ours < random / 20


# Quantiles


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), level=st.floats(0.01, 0.99))
def test_quantiles_are_those_of_numpy(values, level):
    found = lt.quantiles({"x": values, "y": 3}, level)
    expected = [np.quantile(values, (1 - level) / 2), np.median(values), np.quantile(values, (1 + level) / 2)]
    assert found.loc["x"].tolist() == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found.loc["y"].tolist() == [3, 3, 3]
    assert list(found.columns) == ["low", "median", "high"]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.99])
@pytest.mark.parametrize("chunks", [100, 777, 2**14, ((50, 9950, 30000),)], ids=str)
@pytest.mark.parametrize("order", ["random", "sorted"])
def test_quantiles_of_a_dask_array_are_those_of_all_of_it(order, chunks, level):
    """Within a 1,005th of the chunks in probability, also where they are unalike or of unequal size."""
    values = np.random.default_rng(0).normal(size=40000)
    values = np.sort(values) if order == "sorted" else values
    found = lt.quantiles({"x": da.from_array(values, chunks=chunks)}, level).loc["x"]
    ranks = [np.mean(values <= x) for x in found]
    assert ranks == pytest.approx([(1 - level) / 2, 0.5, (1 + level) / 2], abs=1e-3)


def test_dask_and_xarray_and_numpy_stand_side_by_side_in_their_order():
    x = np.linspace(0, 1, 1001)
    lazy = da.from_array(x, chunks=500)
    values = {"dask": lazy, "numpy": x, "table": lazy[:1000].reshape(10, 100), "xarray": xr.DataArray(lazy)}
    found = lt.quantiles(values)
    assert list(found.index) == list(values)
    np.testing.assert_allclose(found, np.tile([0.1, 0.5, 0.9], (4, 1)), atol=2e-3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_has_no_quantiles(bad):
    values = np.array([1.0, 2.0, bad])
    message = re.escape(f"saving must be finite; got {bad} (1 of 3 values)")
    with pytest.raises(ValueError, match=message):
        lt.quantiles({"saving": values})
    with pytest.raises(ValueError, match=message):
        lt.quantiles({"saving": da.from_array(values, chunks=3)})


# Sobol indices


def test_the_indices_of_the_ishigami_function():
    """Ishigami & Homma (1990): sin x + a sin² y + b z⁴ sin x on (-π, π), whose variances are known."""
    a, b = 7, 0.1
    V_x, V_y, V_xz = (1 + b * np.pi**4 / 5) ** 2 / 2, a**2 / 8, b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    V = V_x + V_y + V_xz
    angle = stats.uniform(-np.pi, 2 * np.pi)
    f = lambda x, y, z: np.sin(x) + a * np.sin(y) ** 2 + b * z**4 * np.sin(x)
    found = lt.sobol(f, dict.fromkeys("xyz", angle), 1024, rng=0)
    assert list(found.index) == ["x", "y", "z"]
    assert np.all(np.abs(found["first"] - np.array([V_x, V_y, 0]) / V) < 4 * found["first SE"])
    assert np.all(np.abs(found["total"] - np.array([V_x + V_xz, V_y, V_xz]) / V) < 4 * found["total SE"])
    assert np.all((found[["first SE", "total SE"]] > 0) & (found[["first SE", "total SE"]] < 0.01))


@settings(max_examples=8)
@given(slopes=st.lists(st.floats(0.1, 3), min_size=1, max_size=3))
def test_the_indices_of_sums_and_products(slopes):
    """Two outputs at once: a linear function has no interactions, a product has them all."""
    names = "xyz"[: len(slopes)]
    rows = np.array(slopes) ** 2
    product_variance = np.prod(1 + rows / 12) - 1

    def function(**x):
        moved = [slope * (x[name] - 0.5) for slope, name in zip(slopes, names, strict=True)]
        return {"sum": sum(moved), "product": np.prod([1 + m for m in moved], axis=0)}

    found = lt.sobol(function, dict.fromkeys(names, UNIFORM), 512, rng=0, repeats=16)
    assert found.index.names == ["output", "input"]
    assert list(found.loc["sum"].index) == list(found.loc["product"].index) == list(names)
    expected = {
        ("sum", "first"): rows / rows.sum(),
        ("sum", "total"): rows / rows.sum(),
        ("product", "first"): rows / 12 / product_variance,
        ("product", "total"): rows / 12 * np.prod(1 + rows / 12) / (1 + rows / 12) / product_variance,
    }
    for (output, kind), values in expected.items():
        table = found.loc[output]
        assert np.all(np.abs(table[kind] - values) < 5 * table[f"{kind} SE"] + 1e-9)


def test_standard_errors_are_of_the_right_size():
    """The mean over 8 scramblings misses by about its standard error, here in the root mean square of 40 such means."""
    f = lambda x, y: np.exp(x) * (1 + y)
    truth = lt.sobol(f, {"x": UNIFORM, "y": UNIFORM}, 2**13, rng=99)
    misses = []
    for seed in range(20):
        found = lt.sobol(f, {"x": UNIFORM, "y": UNIFORM}, 64, rng=seed)
        misses.append((found["total"] - truth["total"]) / found["total SE"])
    assert 0.6 < np.sqrt(np.mean(np.square(misses))) < 1.6


def test_a_law_counts_as_its_choice_and_its_coefficients():
    laws = [lt.ScalingLaw(E, 400, 2000, [0.30, 0.31, 0.32, 0.33], 0.35) for E in (1.0, 2.0)]
    law = lt.OneOf(laws)
    choice, both, coefficients = (
        lt.sobol(f, {"law": law}, 256, rng=0)["first"]
        for f in (lambda law: law.E, lambda law: law.E + 100 * law.alpha, lambda law: law.alpha)
    )
    assert list(choice.index) == ["law: choice", "law: coefficients"]
    assert choice.tolist() == pytest.approx([1, 0], abs=0.02)
    assert coefficients.tolist() == pytest.approx([0, 1], abs=0.02)
    assert both.tolist() == pytest.approx([0.25 / (0.25 + 1.25), 1.25 / (0.25 + 1.25)], abs=0.02)


def test_the_same_seed_gives_the_same_indices():
    first, again, other = (lt.sobol(lambda x, y: x * y, dict(x=UNIFORM, y=UNIFORM), 32, rng=s) for s in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_every_assumption_moves_every_output_of_the_cheapest_plan():
    def outputs(law, **assumptions):
        found = plan(law, **assumptions)
        return {"N": np.log(found.N), "over-training": np.log(found.overtraining), "saving": found.saving}

    indices = lt.sobol(outputs, UNCERTAIN, 1024, rng=0)
    swings = lt.tornado(outputs, UNCERTAIN)
    for table in (indices, swings):
        assert list(table.index) == [(output, name) for output in ("N", "over-training", "saving") for name in INPUTS]
    assert np.all(indices["total"] > 4 * indices["total SE"])
    assert np.all(swings["high"] > swings["low"])
    rounding = 1e-12 * swings["base"].abs()
    assert np.all(swings["low"] <= swings["base"] + rounding)
    assert np.all(swings["high"] >= swings["base"] - rounding)
    assert np.all(indices.groupby("output")["total"].sum() > 1 - 0.02)


# Tornado


def test_the_tornado_of_a_linear_function():
    f = lambda x, y, z: {"sum": 3 * x - 2 * y + z, "x": x}
    found = lt.tornado(f, {"x": UNIFORM, "y": stats.uniform(10, 2), "z": 7}, level=0.5, n=2001)
    assert found.index.tolist() == [(output, name) for output in ("sum", "x") for name in ("x", "y")]
    base = 1.5 - 22 + 7
    np.testing.assert_allclose(found.loc["sum", "base"], base, rtol=1e-12)
    np.testing.assert_allclose(found.loc["sum", "low"], [base - 0.75, base - 1], rtol=1e-3)
    np.testing.assert_allclose(found.loc["sum", "high"], [base + 0.75, base + 1], rtol=1e-3)
    np.testing.assert_allclose(found.loc["x"], [[0.25, 0.5, 0.75], [0.5, 0.5, 0.5]], rtol=1e-3)


def test_the_tornado_starts_from_the_first_law_and_its_own_coefficients():
    f = lambda law: law.loss(70e9, 1.4e12)
    found = lt.tornado(f, {"law": lt.OneOf([BESIROGLU, REFIT])})
    assert found["base"].tolist() == pytest.approx([f(BESIROGLU)] * 2, rel=1e-14)
    low, _, high = found.loc["law: choice"]
    assert [low, high] == pytest.approx(sorted([f(BESIROGLU), f(REFIT)]), rel=1e-14)
    low, _, high = found.loc["law: coefficients"]
    draws = lt.OneOf(BESIROGLU).at(coefficients=(np.arange(4096) + 0.5) / 4096)
    assert [low, high] == pytest.approx([*np.quantile(f(draws), [0.1, 0.9])], rel=1e-12)
    swapped = lt.tornado(f, {"law": lt.OneOf([REFIT, BESIROGLU])})
    assert np.ptp(swapped.loc["law: coefficients"]) == 0, "the first law has none"


# Sweeps larger than memory


@pytest.fixture
def drawn(monkeypatch):
    """The sizes of the sets of points drawn so far."""
    sizes, original = [], sampling._sobol_points

    def recorded(d, n, rng):
        sizes.append((d, n))
        return original(d, n, rng)

    monkeypatch.setattr(sampling, "_sobol_points", recorded)
    return sizes


def lazily(n=3 * 256, seed=0):
    return lt.sample(UNCERTAIN, n, seed, chunk=256)


def test_nothing_is_drawn_before_it_is_computed_and_then_once(drawn):
    found = plan(**lazily())
    values = {"N": found.N, "cost": found.cost, "saving": found.saving, **found.shares}
    assert all(isinstance(value, da.Array) and value.chunks == ((256,) * 3,) for value in values.values())
    assert drawn == []
    table = lt.quantiles(values)
    assert drawn == [(7, 256)] * 3
    assert list(table.index) == list(values)


def test_a_lazy_plan_is_the_plan_of_its_draws():
    lazy = lazily()
    numbers = {name: dask.compute(value)[0] for name, value in lazy.items() if name != "law"}
    law = lt.ScalingLaw(*dask.compute(*lazy["law"].coefficients.values()))
    ours, expected = plan(**lazy), plan(law=law, **numbers)
    for name in ("N", "D", "loss", "cost", "flop", "tokens_per_param", "overtraining", "saving"):
        assert np.array_equal(getattr(ours, name).compute(), getattr(expected, name)), name
    for name, share in ours.shares.items():
        assert np.array_equal(share.compute(), expected.shares[name])


def test_lazy_draws_are_distributed_as_others_are():
    lazy, plain = lt.sample(UNCERTAIN, 2**13, 0, chunk=2**11), lt.sample(UNCERTAIN, 2**13, 1)
    ours, others = ({"N": p.N, "cost": p.cost, **p.shares} for p in (plan(**lazy), plan(**plain)))
    for name, found in lt.quantiles(ours).iterrows():
        assert [np.mean(others[name] <= x) for x in found] == pytest.approx([0.1, 0.5, 0.9], abs=0.01), name


def test_each_chunk_is_balanced_and_scrambled_by_itself():
    first, again, other = (lazily(seed=seed)["e_inf"].compute() for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    chunks = UNCERTAIN["e_inf"].cdf(first).reshape(3, 256)
    for chunk in chunks:
        assert sorted((chunk * 256).astype(int)) == list(range(256))
    assert len({*first}) == 3 * 256


def test_lazy_draws_can_be_sent_to_another_machine():
    lazy = lazily()["law"].alpha
    assert np.array_equal(cloudpickle.loads(cloudpickle.dumps(lazy)).compute(), lazy.compute())


def test_a_lazy_law_has_intervals():
    found = lazily()["law"].intervals()
    assert isinstance(found, pd.DataFrame)
    assert np.all(found["low"] < found["high"])


# Bad input


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
        (lambda: lt.OneOf([]), "laws must be one or more lifetime.ScalingLaw; got []"),
        (lambda: lt.OneOf(["Besiroglu2024"]), "laws must be one or more lifetime.ScalingLaw; got ['Besiroglu2024']"),
        (lambda: lt.OneOf(SYMBOLIC), "laws must have numbers for coefficients; got ScalingLaw(E=E, A=A"),
        (lambda: lt.OneOf([LAW, LAW], [1]), "weights must be 2 positive numbers; got [1]"),
        (lambda: lt.OneOf([LAW, LAW], [1, 0]), "weights must be 2 positive numbers; got [1, 0]"),
        (lambda: lt.OneOf([LAW, LAW], [1, np.nan]), "weights must be 2 positive numbers; got [1, nan]"),
        (lambda: lt.OneOf([LAW, LAW], ["a", "b"]), "weights must be a number or an array of numbers; got ['a', 'b']"),
        (lambda: lt.OneOf(LAW, n=1000), "n must be a power of two; got 1000; the nearest is 1,024"),
        (lambda: lt.OneOf(wide()), "alpha must be a finite number above 0; got -"),
        (lambda: lt.OneOf([LAW, REFIT]).at(1), "choice must be 0 or more and below 1; got 1"),
        (lambda: lt.OneOf(LAW).at(0, [0.5, -0.5]), "coefficients must be 0 or more and below 1; got -0.5 (1 of 2 val"),
        (lambda: ways({"x": UNIFORM}, 1e6), "n must be a power of two; got 1000000.0; the nearest is 1,048,576"),
        (lambda: ways({"x": UNIFORM}, 0), "n must be a power of two; got 0"),
        (lambda: ways({"x": UNIFORM}, "8"), "n must be a power of two; got '8'"),
        (lambda: ways({"x": UNIFORM}, 8, chunk=3), "chunk must be a power of two; got 3; the nearest is 4"),
        (lambda: ways({"x": UNIFORM}, 8, chunk=16), "n must be an integer of at least 16; got 8"),
        (lambda: ways({"x": UNIFORM}, 24.0, chunk=8), "n must be an integer of at least 8; got 24.0"),
        (lambda: ways({"x": UNIFORM}, 20, chunk=8), "n must be a multiple of chunk (8); got 20"),
        (lambda: ways({"x": 1, "y": 2}), "assumptions must hold at least one distribution; got x, y"),
        (lambda: ways({}), "assumptions must hold at least one distribution; got none"),
        (lambda: ways({"law": lt.OneOf(LAW)}), "assumptions must hold at least one distribution; got law"),
        (lambda: lt.sample({"x": UNIFORM}, 8, None), "rng must be a seed or a numpy.random.Generator, so that"),
        (lambda: lt.sobol(abs, {"x": UNIFORM}, 8, None), "rng must be a seed or a numpy.random.Generator, so that"),
        (lambda: lt.quantiles({"x": [1, 2]}, 0), "level must be above 0 and below 1; got 0"),
        (lambda: lt.quantiles({"x": ["a"]}), "x must be a number or an array of numbers; got ['a']"),
        (lambda: lt.sobol(abs, {"x": 1}, 8, 0), "assumptions must hold at least one distribution; got x"),
        (lambda: lt.sobol(abs, {"x": UNIFORM}, 10, 0), "n must be a power of two; got 10; the nearest is 8"),
        (lambda: lt.sobol(abs, {"x": UNIFORM}, 8, 0, repeats=1), "repeats must be an integer of at least 2; got 1"),
        (lambda: sobol_of(lambda x: 3 + 0 * x), "function must return values that vary; got 3 always"),
        (
            lambda: sobol_of(lambda x: {"N": x, "E": 0 * x}),
            "function must return values that vary; got 0 always for 'E'",
        ),
        (lambda: sobol_of(lambda x: 1.0), "function must return one finite value a draw, of shape (8,); got an array"),
        (lambda: sobol_of(lambda x: {"N": x[1:]}), "of shape (8,); got an array of shape (7,) for 'N'"),
        (lambda: sobol_of(lambda x: {"N": x * np.nan}), "of shape (8,); got values that are not finite for 'N'"),
        (lambda: lt.tornado(lambda x: x, {"x": UNIFORM}, level=2), "level must be above 0 and below 1; got 2"),
        (lambda: lt.tornado(lambda x: x, {"x": UNIFORM}, n=0), "n must be an integer of at least 1; got 0"),
        (lambda: lt.tornado(lambda x: 1, {"x": UNIFORM}), "of shape (1,); got an array of shape ()"),
        (lambda: lt.tornado(lambda x: x, {}), "assumptions must hold at least one distribution; got none"),
    ],
)
def test_bad_input_is_refused_with_what_is_valid(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def sobol_of(function):
    return lt.sobol(function, {"x": UNIFORM}, 8, rng=0)


def wide():
    """A law whose exponent may well be negative."""
    return lt.ScalingLaw(**LAW.coefficients, covariance=np.diag([0.1, 0.1, 0.1, 0.1, 1e-4]))


def test_a_law_alone_may_be_uncertain_in_a_tornado():
    found = lt.tornado(lambda law: law.alpha, {"law": lt.OneOf(BOOTSTRAP)})
    assert found["base"].item() == np.median(BOOTSTRAP.alpha)
    assert found["low"].item() < found["base"].item() < found["high"].item()
