import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import lifetime as lt
from cases import LAW
from uncertain import BESIROGLU, BOOTSTRAP, INPUTS, REFIT, UNCERTAIN, UNIFORM, plan

# Sobol indices


ANGLES = dict.fromkeys("xyz", stats.uniform(-np.pi, 2 * np.pi))


def ishigami(x, y, z, a=7, b=0.1):
    return np.sin(x) + a * np.sin(y) ** 2 + b * z**4 * np.sin(x)


def test_the_indices_of_the_ishigami_function():
    """Ishigami & Homma (1990): sin x + a sin² y + b z⁴ sin x on (-π, π), whose variances are known."""
    a, b = 7, 0.1
    V_x, V_y, V_xz = (1 + b * np.pi**4 / 5) ** 2 / 2, a**2 / 8, b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    V = V_x + V_y + V_xz
    found = lt.sobol(ishigami, ANGLES, 1024, rng=0)
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


def test_standard_errors_of_few_points_are_low_by_as_much_as_the_docstring_says():
    rows = [lt.sobol(ishigami, ANGLES, 256, seed) for seed in range(40)]
    ratios = []
    for column in ("first", "total"):
        values, errors = (np.array([row[name] for row in rows]) for name in (column, f"{column} SE"))
        ratios += list(errors.mean(axis=0) / values.std(axis=0, ddof=1))
    assert 0.5 < min(ratios) < 0.85
    assert max(ratios) < 1.3


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
    first, again, other = (lt.sobol(lambda x, y: x * y, dict(x=UNIFORM, y=UNIFORM), 32, rng=i) for i in (1, 1, 2))
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


def test_a_law_alone_may_be_uncertain_in_a_tornado():
    found = lt.tornado(lambda law: law.alpha, {"law": lt.OneOf(BOOTSTRAP)})
    assert found["base"].item() == np.median(BOOTSTRAP.alpha)
    assert found["low"].item() < found["base"].item() < found["high"].item()


# Bad input


def sobol_of(function):
    return lt.sobol(function, {"x": UNIFORM}, 8, rng=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lt.sobol(abs, LAW, 8, 0), "assumptions must map names to values, such as "),
        (lambda: lt.tornado(abs, "Besiroglu2024"), "assumptions must map names to values, such as "),
        (lambda: lt.sobol(abs, {"x": UNIFORM}, 8, None), "rng must be a seed or a numpy.random.Generator, so that"),
        (
            lambda: lt.sobol(abs, {"x": 1}, 8, 0),
            "assumptions must hold at least one distribution or uncertain law; got x",
        ),
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
        (
            lambda: lt.tornado(lambda x: x, {}),
            "assumptions must hold at least one distribution or uncertain law; got none",
        ),
    ],
)
def test_what_has_no_sensitivity_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_an_output_without_a_name_is_not_named():
    with pytest.raises(ValueError, match=r"got an array of shape \(\)$"):
        lt.tornado(lambda x: 1, {"x": UNIFORM})
