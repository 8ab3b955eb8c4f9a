"""A plan: what it says of itself, scenario by scenario, and what it warns of."""

import re

import numpy as np
import pytest
import sympy as sp

import lifetime as lt
from cases import LAW, OTHERS
from lifetime import symbols as s

REFIT = lt.laws.Besiroglu2024
SWEEP = OTHERS | {"D_inf": np.geomspace(1e11, 1e14, 4)}
k = sp.Symbol("k", positive=True)
SAMPLED = {
    "law": REFIT + 0.1 * k**-0.5,
    "lifetime": lt.LIFETIME.replace("inference", lt.Phase("inference", k * s.D_inf, 2, s.e_inf)),
}


def near(law=REFIT, **changes):
    """A plan within the runs of the refit, of which nothing is said."""
    loss = law.loss(1e9, 2e10)
    return lt.cheapest(law, loss=loss, **{"D_RL": 0, "D_inf": 1e9, "k_RL": 3, "e_RL": 1, "e_inf": 1} | changes)


# Warnings


def test_a_plan_within_the_runs_of_its_law_warns_of_nothing():
    assert near().warnings == ()
    assert "Warning" not in repr(near())
    assert "Warning" not in near()._repr_html_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lt.cheapest(REFIT, loss=REFIT.loss(70, 1400), D_RL=0, D_inf=0), "N is below 10000: "),
        (lambda: lt.cheapest(REFIT, loss=REFIT.loss(70, 1400), D_RL=0, D_inf=0), "loss is above 12: "),
        (lambda: near(e_inf=33), "e_inf is above 1.5: 33"),
        (lambda: near(k_RL=8, D_RL=1e8), "k_RL is outside 2 to 6: 8"),
        (lambda: lt.cheapest(REFIT, loss=1.9737 / np.log(2), D_RL=0, D_inf=0), "is it in bits"),
        (lambda: lt.cheapest(REFIT, loss=7.2, D_RL=0, D_inf=0), "or a perplexity"),
        (lambda: near(D_inf=1e14), "tokens per parameter is beyond the runs: "),
        (
            lambda: lt.cheapest(REFIT, loss=1.9, D_RL=0, D_inf=0),
            "times the most in the runs of Besiroglu2024 (1.6e+10)",
        ),
        (lambda: lt.cheapest(REFIT, loss=1.9, D_RL=0, D_inf=0), "D is beyond the runs: "),
        (lambda: lt.cheapest(REFIT, loss=1.835, D_RL=0, D_inf=0), "D is more than there is public text: "),
        (lambda: lt.best("OpenAthena2026Llama3", cost=1e20, D_RL=0, D_inf=0), "OpenAthena2026Llama3 is not for a loss"),
    ],
)
def test_what_is_suspicious_is_said(call, message):
    plan = call()
    assert any(message in sentence for sentence in plan.warnings), plan.warnings
    assert message in repr(plan)
    assert "<p>Warning: " in plan._repr_html_()


def test_far_fewer_tokens_than_parameters_are_suspicious():
    law = lt.ScalingLaw(1.8, 500, 0.01, 0.35, 0.35)
    plan = lt.cheapest(law, loss=2.0, D_RL=0, D_inf=0)
    assert any(sentence.startswith("D is below N/10: ") for sentence in plan.warnings)


def test_of_many_scenarios_the_number_and_the_worst_are_said():
    plan = lt.cheapest(REFIT, loss=REFIT.loss(1e9, 2e10), **OTHERS | {"D_inf": [0, 0, 1e14], "D_RL": 0})
    (sentence,) = [text for text in plan.warnings if text.startswith("tokens per parameter")]
    most = (plan.D / plan.N).max() / 341.1
    assert f"in 1 of 3 scenarios: up to {most:.3g} times the most in the runs of Besiroglu2024" in sentence
    assert sentence in repr(plan)


def test_nothing_is_said_of_a_law_whose_runs_are_not_known():
    assert lt.cheapest(LAW, loss=1.95, D_RL=0, D_inf=1e13, e_inf=1).warnings == ()


def test_a_symbolic_plan_and_a_lazy_one_show_themselves_without_computing():
    import dask.array as da

    lazy = lt.cheapest(REFIT, loss=da.from_array([1.9, 2.0]), D_RL=0, D_inf=0)
    assert repr(lazy) == "<Plan of (2,) scenarios, not computed yet, closed form>"
    assert any("beyond the runs" in sentence for sentence in lazy.warnings)


# Many scenarios


def test_a_frame_has_a_row_a_scenario():
    plan = lt.cheapest(REFIT, loss=2.0, **SWEEP)
    frame = plan.to_frame()
    assert len(frame) == len(plan) == 4
    for name, value in {
        "D_inf": SWEEP["D_inf"],
        "N": plan.N,
        "D": plan.D,
        "cost": plan.cost,
        "saving": plan.saving,
    }.items():
        assert np.array_equal(frame[name], value)
    assert np.array_equal(frame["share of inference"], plan.shares["inference"])
    assert (frame["loss"] == 2.0).all()
    assert "beyond the runs" in frame["warnings"][0]
    assert (near().to_frame()["warnings"] == "").all()


def test_a_frame_of_draws_has_the_law_of_each_row():
    law = REFIT.sample(5, rng=0)
    frame = lt.cheapest(law, loss=law.loss(70e9, 1.4e12), **OTHERS).to_frame()
    assert np.array_equal(frame["law alpha"], law.alpha)
    assert len(frame) == 5


def test_a_frame_of_a_price_carries_the_unit():
    priced = lt.LIFETIME.priced(3e-18, unit="USD")
    assert "cost (USD)" in lt.cheapest(REFIT, loss=2.0, lifetime=priced, **OTHERS).to_frame().columns
    assert "cost (USD)" in lt.cheapest(REFIT, loss=2.0, lifetime=priced, **OTHERS).table().index


def test_a_grid_of_named_dimensions_is_one_of_scenarios():
    import xarray as xr

    served = xr.DataArray([1e12, 1e13, 1e14], dims="served", coords={"served": ["a", "b", "c"]})
    utilisation = xr.DataArray([0.2, 0.4], dims="use")
    plan = lt.cheapest(REFIT, loss=2.0, D_RL=0, D_inf=served, e_inf=utilisation)
    assert plan.shape == plan.N.shape == (3, 2)
    frame = plan.to_frame()
    assert np.array_equal(frame["N"], plan.N.to_numpy().ravel())
    assert frame["D_inf"].tolist() == [1e12, 1e12, 1e13, 1e13, 1e14, 1e14]
    assert plan[2, 0].N == lt.cheapest(REFIT, loss=2.0, D_RL=0, D_inf=1e14, e_inf=0.2).N
    assert "N is beyond the runs in 3 of 6 scenarios" in plan.warnings[0]


def test_a_frame_says_which_scenario_is_suspicious_and_of_many_at_once():
    many = np.where(np.arange(100_000) % 2, 1e9, 1e14)
    plan = lt.cheapest(REFIT, loss=REFIT.loss(1e9, 2e10), D_RL=0, D_inf=many, e_inf=1)
    warnings = plan.to_frame()["warnings"]
    assert (warnings[1::2] == "").all()
    assert warnings[0] == "N is below 5e8; D is beyond the runs; tokens per parameter is beyond the runs"
    assert warnings[::2].nunique() == 1


def test_a_grid_of_scenarios_is_in_the_order_of_ravel():
    plan = lt.cheapest(REFIT, loss=np.array([[1.95], [2.1]]), **SWEEP)
    assert (plan.shape, len(plan)) == ((2, 4), 2)
    assert np.array_equal(plan.to_frame()["N"], plan.N.ravel())
    assert np.array_equal(plan[1].N, plan.N[1])
    assert plan[1, 2].N == plan.N[1, 2]


@pytest.mark.parametrize("options", [{"law": REFIT}, SAMPLED | {"choose": "k"}], ids=["plain", "chosen"])
def test_a_part_of_a_plan_is_the_plan_of_that_scenario(options):
    many = lt.cheapest(loss=2.1, **options, **SWEEP)
    for i, part in enumerate(many):
        one = lt.cheapest(loss=2.1, **options, **SWEEP | {"D_inf": SWEEP["D_inf"][i]})
        for name in ("N", "D", "loss", "cost", "saving"):
            assert getattr(part, name) == pytest.approx(getattr(one, name), rel=1e-9), name
        assert part.chosen == pytest.approx(one.chosen, rel=1e-9)
        assert part.shares == pytest.approx(one.shares, rel=1e-9)
    assert len(many[1:3]) == 2
    assert many[-1].N == many.N[-1]


def test_a_part_of_a_plan_of_draws_has_its_law():
    law = REFIT.sample(5, rng=0)
    plan = lt.cheapest(law, loss=law.loss(70e9, 1.4e12), **OTHERS)
    assert plan[2].law.alpha == law.alpha[2]
    assert plan[2].overtraining == pytest.approx(plan.overtraining[2], rel=1e-14)


def test_one_scenario_has_no_length_and_no_parts():
    plan = lt.cheapest(REFIT, loss=2.0, **OTHERS)
    assert plan
    with pytest.raises(TypeError, match="a plan of one scenario has no length"):
        len(plan)
    with pytest.raises(IndexError, match="a plan of one scenario has no parts"):
        plan[0]


# What is chosen, and laws that are more


def test_a_plan_shows_what_was_chosen():
    plan = lt.cheapest(loss=2.1, choose="k", **SAMPLED, **OTHERS)
    assert set(plan.chosen) == {"k"}
    assert plan.table().loc["k", "plan"] == plan.chosen["k"]
    assert "over-training" not in plan.table().index
    assert re.search(r"^k +", repr(plan), flags=re.MULTILINE)


def test_the_saving_is_against_the_least_pre_training_of_the_same_loss_with_the_same_choices():
    plan = lt.cheapest(loss=2.1, choose="k", **SAMPLED, **OTHERS)
    beside = lt.cheapest(REFIT, loss=2.1 - 0.1 * plan.chosen["k"] ** -0.5, D_RL=0, D_inf=0)
    assert (plan.chinchilla.N, plan.chinchilla.D) == pytest.approx((beside.N, beside.D), rel=1e-9)
    cost = SAMPLED["lifetime"].ledger(N=beside.N, D=beside.D, **OTHERS, k=plan.chosen["k"]).cost
    assert plan.saving == pytest.approx(1 - plan.cost / cost, rel=1e-9)
    assert plan.saving > 0
