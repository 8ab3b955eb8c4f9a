"""The price of a size under a law that may be true, and the size whose worst case is least."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lifetime as lt
from lifetime import symbols as s

LIKE = (70e9, 1.4e12)
DEMAND = {"D_RL": 3e11, "D_inf": 1e13, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
LAWS = ["Besiroglu2024", "Sardana2024Refit", "Beck2025Llama"]


def cheapest(law, **changed):
    law = lt.laws[law]
    return lt.cheapest(law, loss=law.loss(*LIKE), **(DEMAND | changed))


@pytest.mark.parametrize("law", lt.laws.available)
def test_the_best_size_costs_nothing_more_and_any_other_something(law):
    plan = cheapest(law)
    extra = lt.regret(law, plan.N * np.array([0.97, 1, 1.03, 3]), like=LIKE, **DEMAND)
    assert abs(extra[1]) < 1e-9
    assert np.all(extra[[0, 2, 3]] > 1e-6)


def test_it_is_the_price_of_the_same_loss():
    law, plan = lt.laws.Besiroglu2024, cheapest("Besiroglu2024")
    D = law.tokens_for(plan.loss, 40e9)
    cost = 40e9 * (6 * D + 9 * DEMAND["D_RL"] + 6 * DEMAND["D_inf"])
    assert np.isclose(lt.regret(law, 40e9, like=LIKE, **DEMAND), cost / plan.cost - 1, rtol=1e-12)


def test_a_size_that_cannot_reach_the_quality_costs_infinitely_more():
    law = lt.laws.Besiroglu2024
    floor = law.least_params(law.loss(*LIKE))
    extra = lt.regret(law, [0.5 * floor, floor, 1.01 * floor], like=LIKE, **DEMAND)
    assert np.isinf(extra[:2]).all()
    assert np.isfinite(extra[2])
    assert lt.regret(law, 1e9, like=LIKE, **DEMAND) == np.inf


def test_draws_of_a_law_each_have_a_price():
    draws = lt.laws.Besiroglu2024.sample(64, np.random.default_rng(0))
    extra = lt.regret(draws, 30e9, like=LIKE, **DEMAND)
    one = [
        lt.regret(lt.ScalingLaw(*x), 30e9, like=LIKE, **DEMAND)
        for x in zip(*list(draws.coefficients.values())[:5], strict=True)
    ]
    assert extra.shape == (64,)
    assert np.allclose(extra, one, rtol=1e-9)


def test_a_draw_that_cannot_be_planned_has_no_price():
    law = lt.ScalingLaw(1.8, np.array([480, 1e-3]), 2085, np.array([0.35, 0.002]), 0.37)
    extra = lt.regret(law, 30e9, like=LIKE, **DEMAND)
    assert list(np.isfinite(extra)) == [True, False] and np.isnan(extra[1])


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.sampled_from(list(lt.laws.available)), min_size=1, max_size=5, unique=True),
    st.floats(11, 16),
    st.floats(0.1, 1),
)
def test_no_size_has_a_smaller_worst_case(laws, log_served, e):
    demand = DEMAND | {"D_inf": 10**log_served, "e_inf": e}
    choice = lt.least_regret(laws, like=LIKE, **demand)
    sizes = np.append(choice.N * np.geomspace(1e-3, 1e3, 3001), choice.N * np.array([0.999, 1, 1.001]))
    worst = np.max([lt.regret(law, sizes, like=LIKE, **demand) for law in laws], axis=0)
    assert worst.min() >= choice.regret * (1 - 1e-6) - 1e-9
    assert np.isclose(max(choice.by_law.values()), choice.regret)
    for law in laws:
        assert np.isclose(lt.laws[law].loss(choice.N, choice.tokens[law]), choice.best[law].loss, rtol=1e-9)


def test_one_law_is_its_own_best():
    choice = lt.least_regret(["Besiroglu2024"], like=LIKE, **DEMAND)
    assert np.isclose(choice.N, cheapest("Besiroglu2024").N, rtol=1e-6)
    assert choice.regret < 1e-9


def test_at_the_compromise_two_laws_are_equally_far_off():
    choice = lt.least_regret(LAWS, like=LIKE, **DEMAND)
    first, second, _ = sorted(choice.by_law.values(), reverse=True)
    assert np.isclose(first, second, rtol=1e-5)


def test_scenarios_are_solved_as_one_by_one():
    served = np.array([[1e11], [1e13], [1e15]])
    e = np.array([0.14, 0.4])
    choice = lt.least_regret(LAWS, like=LIKE, **(DEMAND | {"D_inf": served, "e_inf": e}))
    assert choice.N.shape == (3, 2)
    for at in np.ndindex(3, 2):
        one = lt.least_regret(LAWS, like=LIKE, **(DEMAND | {"D_inf": served[at[0], 0], "e_inf": e[at[1]]}))
        assert np.isclose(choice.N[at], one.N, rtol=1e-6)
        assert np.isclose(choice.regret[at], one.regret, rtol=1e-6, atol=1e-9)


def test_any_cost_will_do():
    teacher = lt.LIFETIME.cost + 2 * 405e9 * s.D / s.e_inf
    choice = lt.least_regret(LAWS, like=LIKE, lifetime=teacher, **DEMAND)
    sizes = np.geomspace(choice.N / 2, choice.N * 2, 401)
    worst = np.max([lt.regret(law, sizes, like=LIKE, lifetime=teacher, **DEMAND) for law in LAWS], axis=0)
    assert worst.min() >= choice.regret * (1 - 1e-6)
    assert choice.N > lt.least_regret(LAWS, like=LIKE, **DEMAND).N


@pytest.mark.parametrize(
    ("laws", "like", "message"),
    [
        ([], LIKE, "laws must be one or more"),
        ("Besiroglu2024", LIKE, "laws must be a sequence"),
        (["Besiroglu2024", "Besiroglu2024"], LIKE, "each with a name of its own"),
        (["Besiroglu24"], LIKE, "did you mean 'Besiroglu2024'"),
        (LAWS, 70e9, "like must be a pair"),
        ([lt.laws.Besiroglu2024 + s.N**-0.5], LIKE, "law must be a plain"),
    ],
)
def test_bad_input_is_named(laws, like, message):
    with pytest.raises(ValueError, match=message):
        lt.least_regret(laws, like=like, **DEMAND)


def test_a_size_must_be_one():
    with pytest.raises(ValueError, match="N must be"):
        lt.regret("Besiroglu2024", -1, like=LIKE, **DEMAND)
