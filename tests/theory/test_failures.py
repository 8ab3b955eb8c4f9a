"""A draw of an uncertain law that cannot be planned does not kill the others; a wrong assumption still does."""

import re
import warnings

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import lifetime as lt
from lifetime.symbols import D_RL, D, N

LAW = lt.laws.Besiroglu2024
GIVEN = {"D_RL": 3e11, "D_inf": 1e13, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
LOSS = LAW.loss(70e9, 1.4e12)
GOOD = LAW.sample(40, rng=0)
NUMERIC = lt.LIFETIME.replace("inference", lt.Phase("inference", flop=2 * N * lt.symbols.D_inf + 1e-3 * D**1.1))


def with_bad(**changes):
    """The good draws with one at the bound of alpha and two that never reach the loss."""
    fields = {name: value.copy() for name, value in GOOD.coefficients.items()}
    fields["alpha"][3], fields["E"][[7, 9]] = 0.01, 1.99
    return lt.ScalingLaw(**fields | changes, name="draws")


BAD, FAILED = with_bad(), np.isin(np.arange(40), [3, 7, 9])


def without(law, failed=FAILED):
    return lt.ScalingLaw(**{name: value[~failed] for name, value in law.coefficients.items()})


KINDS = {"closed form": {}, "numeric": {"lifetime": NUMERIC}, "general": {}}


def law_of(kind, law):
    return law + 1e-6 * D_RL**-0.1 if kind == "general" else law


@pytest.mark.parametrize("kind", KINDS)
def test_what_can_be_planned_is_planned_and_the_rest_is_counted(kind):
    given = {name: value for name, value in GIVEN.items() if kind != "numeric" or name != "e_inf"}
    plan = lt.cheapest(law_of(kind, BAD), loss=LOSS, **given, **KINDS[kind])
    few = lt.cheapest(law_of(kind, without(BAD)), loss=LOSS, **given, **KINDS[kind])
    assert np.array_equal(plan.planned, ~FAILED)
    shares = {f"share of {name}": lambda plan, name=name: plan.shares[name] for name in plan.shares}
    for value in ("N", "D", "cost", "flop", "tokens_per_param", "saving", *shares):
        get = shares.get(value, lambda plan, value=value: getattr(plan, value))
        assert np.array_equal(np.isnan(get(plan)), FAILED), value
        np.testing.assert_allclose(get(plan)[~FAILED], get(few), rtol=1e-9, err_msg=value)
    (sentence,) = (text for text in plan.warnings if "planned" in text)
    assert sentence.startswith("3 of 40 draws of the law could not be planned and are NaN (plan.planned is False;")
    assert not any("could not" in text for text in few.warnings)
    assert "Warning: 3 of 40 draws" in repr(plan)


def test_the_warning_says_why():
    (sentence,) = lt.cheapest(BAD, loss=LOSS, **GIVEN).warnings
    assert "1 as N is not a finite number (too large or too small for a float) (alpha=0.01, beta=0.3" in sentence
    assert "2 as loss must be above 1.99, the irreducible loss E of the law; got 1.97388" in sentence
    many = with_bad(E=np.where(np.arange(40) < 30, 1.99, GOOD.E))
    twice = lt.ScalingLaw(**{name: np.tile(value, 2) for name, value in many.coefficients.items()})
    (sentence,) = lt.cheapest(twice, loss=LOSS, **GIVEN).warnings
    assert sentence.startswith("60 of 80 draws") and ": of the first 50, loss must be above 1.99" in sentence


def test_the_loss_of_each_draw_may_be_given():
    """Then no E is in the way, but an exponent at its bound is."""
    for kind in ("closed form", "general"):
        law = law_of(kind, BAD)
        loss = 1e-5 + BAD.loss(70e9, 1.4e12)
        loss[3] = BAD.E[3] + 0.01
        plan = lt.cheapest(law, loss=loss, **GIVEN)
        assert np.flatnonzero(~plan.planned).tolist() == [3]
        assert np.isfinite(plan.saving).sum() == 39


def test_a_demand_drawn_with_the_law_stays_with_it():
    demand = np.geomspace(1e12, 1e14, 40)
    plan = lt.cheapest(BAD, loss=LOSS, **GIVEN | {"D_inf": demand})
    assert plan.N.shape == (40,) and np.array_equal(plan.assumptions["D_inf"], demand)
    for i in (0, 20, 39):
        one = lt.cheapest(plan[i].law, loss=LOSS, **GIVEN | {"D_inf": demand[i]})
        assert plan.N[i] == pytest.approx(one.N, rel=1e-12)
    frame = plan.to_frame()
    assert frame["N"].isna().tolist() == FAILED.tolist()
    assert (frame["warnings"].str.contains("could not be planned")).tolist() == FAILED.tolist()
    assert frame["D_inf"].tolist() == demand.tolist()


def test_one_failed_draw_by_itself_says_so():
    plan = lt.cheapest(BAD, loss=LOSS, **GIVEN)[3]
    assert np.isnan([plan.N, plan.D, plan.cost, plan.saving, plan.overtraining]).all() and not plan.planned
    assert plan.warnings == (
        "this draw of the law could not be planned: N is not a finite number (too large or too small for a float) "
        f"(alpha=0.01, beta={BAD.beta[3]:.4g})",
    )
    assert repr(plan).startswith("<Plan of () scenarios") and plan._repr_html_() is None
    assert lt.cheapest(BAD, loss=LOSS, **GIVEN)[:2].planned.all()


def test_a_few_draws_taken_out_of_many_are_counted_among_themselves():
    plan = lt.cheapest(BAD, loss=LOSS, **GIVEN)
    for some, failed in (([3], 1), ([7], 1), ([3, 4], 1), ([3, 7], 2), ([3, 7, 8, 9], 3)):
        (sentence,) = plan[some].warnings
        assert sentence.startswith(f"{failed} of {len(some)} draws of the law could not be planned and are NaN"), some
    assert plan[[4]].warnings == plan[[4, 5]].warnings == ()


def test_a_grid_counts_draws_and_scenarios():
    demand = [[1e12], [1e13]]
    plan = lt.cheapest(BAD, loss=[[1.9], [LOSS]], **GIVEN | {"D_inf": demand})
    failed = np.stack([(BAD.E >= 1.9) | FAILED, FAILED])
    assert np.array_equal(~plan.planned, failed)
    draws = np.count_nonzero(failed.any(axis=0))
    assert plan.warnings[0].startswith(f"{draws} of 40 draws of the law could not be planned (in {failed.sum()} of 80 ")


@pytest.mark.parametrize("loss", [1.7, [[1.7], [2.0]]])
@pytest.mark.parametrize("kind", ["closed form", "general"])
def test_a_scenario_in_which_no_draw_can_be_planned_is_an_error(kind, loss):
    message = "none of the 40 draws of the law can be planned: loss must be (above 1.[78]|one that some model reaches)"
    with pytest.raises(ValueError, match=message):
        lt.cheapest(law_of(kind, BAD), loss=loss, **GIVEN)
    with pytest.raises(ValueError, match="^loss must be above 1.8172, the irreducible loss E of the law; got 1.7"):
        lt.cheapest(LAW, loss=loss, **GIVEN)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"D_inf": np.where(FAILED, -1, 1e13)}, "D_inf must be a finite number, 0 or more; got -1 (3 of 40 values)"),
        (
            {"D_inf": np.where(FAILED, np.nan, 1e13)},
            "D_inf must be a finite number, 0 or more; got nan (3 of 40 values)",
        ),
        ({"e_inf": np.array([[0.3], [-0.3]])}, "e_inf must be a finite number above 0; got -0.3"),
        ({"loss": np.where(FAILED, np.nan, LOSS)}, "loss must be a finite number above 0; got nan (3 of 40 values)"),
    ],
)
def test_an_invalid_assumption_is_an_error_as_ever(change, message):
    for law in (BAD, law_of("general", BAD)):
        with pytest.raises(ValueError, match=re.escape(message)):
            lt.cheapest(law, **{"loss": LOSS, **GIVEN} | change)


def test_best_leaves_a_draw_out_too():
    fields = {name: value.copy() for name, value in GOOD.coefficients.items()}
    fields["A"][5] = 1e-280  # whose best model has less than one parameter
    law = lt.ScalingLaw(**fields)
    for some in (law, law_of("general", law)):
        plan = lt.best(some, cost=3e24, **GIVEN)
        assert np.flatnonzero(~plan.planned).tolist() == [5]
        assert np.flatnonzero(np.isnan(plan.loss)).tolist() == np.flatnonzero(np.isnan(plan.saving)).tolist() == [5]
        assert plan.warnings[0].startswith("1 of 40 draws of the law could not be planned")
        assert np.array_equal(plan[4:7].planned, [True, False, True])


def test_what_is_chosen_is_nan_with_the_rest():
    law = BAD + 0.5 * D_RL**-0.1
    given = {name: value for name, value in GIVEN.items() if name != "D_RL"}
    plan = lt.cheapest(law, loss=LOSS + 0.02, choose="D_RL", **given)
    for value in (plan.chosen["D_RL"], plan.N, plan.cost, plan.saving, plan.shares["reinforcement learning"]):
        assert np.array_equal(np.isnan(value), ~plan.planned)
    assert 1 <= np.count_nonzero(~plan.planned) < 40
    assert len(plan.to_frame()) == 40


def test_labels_and_laziness_are_kept():
    expected = lt.cheapest(BAD, loss=LOSS, **GIVEN)
    labelled = lt.ScalingLaw(**{n: xr.DataArray(v, dims="draw") for n, v in BAD.coefficients.items()})
    demand = xr.DataArray([1e13, 1e14], dims="demand")
    plan = lt.cheapest(labelled, loss=LOSS, **GIVEN | {"D_inf": demand})
    np.testing.assert_array_equal(plan.N.isel(demand=0), expected.N)
    assert plan.warnings[0].startswith("3 of 40 draws of the law could not be planned (in 6 of 80 scenarios)")
    with pytest.raises(ValueError, match="none of the 40 draws of the law can be planned: loss must be above"):
        lt.cheapest(labelled, loss=xr.DataArray([1.7, 2.0], dims="loss"), **GIVEN)

    lazy = lt.ScalingLaw(**{n: da.from_array(v, chunks=15) for n, v in BAD.coefficients.items()})
    plan = lt.cheapest(lazy, loss=LOSS, **GIVEN)
    assert "not computed yet" in repr(plan)
    np.testing.assert_allclose(plan.N.compute(scheduler="sync"), expected.N, rtol=1e-13)
    np.testing.assert_allclose(plan.saving.compute(scheduler="sync"), expected.saving, rtol=1e-13)
    assert lt.quantiles({"N": plan.N}).attrs["warnings"] == ("N: 3 of 40 values are NaN and left out",)
    assert plan.warnings == expected.warnings

    demand = pd.Series(np.full(40, 1e13), index=range(1, 41))
    plan = lt.cheapest(BAD, loss=LOSS, **GIVEN | {"D_inf": demand})
    np.testing.assert_array_equal(plan.N, expected.N)
    assert plan.N.index.equals(demand.index) and plan.saving.index.equals(demand.index)


def test_an_N_whose_cost_would_overflow_is_no_plan():
    fields = {name: value.copy() for name, value in GOOD.coefficients.items()}
    fields["alpha"][3] = 0.014  # N of 1e187 or so
    plan = lt.cheapest(lt.ScalingLaw(**fields), loss=LOSS, **GIVEN)
    assert np.flatnonzero(np.isnan(plan.N)).tolist() == np.flatnonzero(np.isnan(plan.cost)).tolist() == [3]
    assert "too large or too small for a float" in plan.warnings[0]


def plan_of(**drawn):
    return lt.cheapest(loss=LOSS, **GIVEN | drawn)


UNCERTAIN = {"law": BAD, "D_inf": lt.lognormal(1e13, 3)}


def test_samples_and_one_of_keep_the_failed_draws():
    drawn = lt.sample(UNCERTAIN, 256, rng=0)
    plan = plan_of(**drawn)
    bad = np.isin(drawn["law"].E, BAD.E[FAILED])
    assert np.array_equal(plan.planned, ~bad) and 10 < bad.sum() < 30
    found = lt.quantiles({"N": plan.N, "D_inf": drawn["D_inf"]})
    assert found.loc["N", "median"] == np.median(plan.N[plan.planned])


def test_sensitivities_leave_them_out_and_say_so():
    result = lambda **drawn: np.log(plan_of(**drawn).N)
    good = lt.sobol(result, UNCERTAIN | {"law": without(BAD)}, 512, rng=0, repeats=4)
    found = lt.sobol(result, UNCERTAIN, 512, rng=0, repeats=4)
    np.testing.assert_allclose(
        found["total"], good["total"], atol=0.1
    )  # draws are a set, and fewer of them are in another order
    assert not good.attrs
    (sentence,) = found.attrs["warnings"]
    assert re.fullmatch(r"[0-9,]+ of 8,192 draws could not be planned .* and are left out", sentence)
    found = lt.tornado(result, UNCERTAIN, n=40)
    assert found.notna().all(axis=None)
    assert found.attrs["warnings"][0].startswith("3 of 80 draws could not be planned")
    only = lt.tornado(result, UNCERTAIN | {"law": without(BAD)}, n=37)
    assert found.loc["law: coefficients", "high"] == pytest.approx(only.loc["law: coefficients", "high"], rel=1e-9)


def recipe(seed, samples):
    """The README's recipe with twelve runs."""
    rng = np.random.default_rng(seed)
    params, tokens = 10 ** rng.uniform([[8], [9.5]], [[10], [11.5]], (2, 12))
    runs = {"params": params, "tokens": tokens, "loss": LAW.loss(params, tokens) * np.exp(rng.normal(0, 0.01, 12))}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"[0-9]+ of [0-9]+ bootstrap samples did not converge", RuntimeWarning)
        draws = lt.fit(**runs).bootstrap(samples, rng=0)
    failed = []
    for loss in (draws.loss(70e9, 1.4e12), 2.0):
        plan = lt.cheapest(draws, loss=loss, **GIVEN)
        found = lt.quantiles({"N": plan.N, "cost": plan.cost, "saving": plan.saving})
        assert np.isfinite(found).all(axis=None)
        failed.append(np.count_nonzero(~plan.planned))
        assert failed[-1] < samples
        assert any(text.startswith(f"{failed[-1]} of {samples} draws") for text in plan.warnings) == bool(failed[-1])
    return failed


def test_the_recipe_of_the_readme_survives_twelve_runs():
    assert recipe(1, 200) == [1, 73]


@pytest.mark.slow
def test_the_recipe_of_the_readme_survives_twelve_runs_eighty_times():
    assert np.any([recipe(seed, 200) for seed in range(80)], axis=0).all()
