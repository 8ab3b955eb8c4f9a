"""Any law, any cost, any choice: against the closed form, brute force, optima found by others, and the theorems."""

import re

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lifetime as lt
from cases import LAW, OTHERS, assumptions, laws, powers_of_ten
from lifetime import symbols as s
from lifetime.theory.composite import Law
from lifetime.theory.stationary import newton
from lifetime.theory.system import System, system

U, R, R_N, U_N = sp.symbols("U R R_N U_N", positive=True)
G, g, k, P, x, y = sp.symbols("G g k P x y", positive=True)
SAMPLING = lt.LIFETIME.replace("inference", lt.Phase("inference", k * s.D_inf, 2, s.e_inf))
LOSS = 2.0


def same_plan(one, other, rel):
    for name in ("N", "D", "loss", "cost"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=rel)


# Where the closed form applies


@given(law=laws, rest=powers_of_ten(-3, 0.5), values=assumptions)
@settings(max_examples=30)
def test_a_plain_law_gives_the_closed_form(law, rest, values):
    plain, solved = (lt.cheapest(each, loss=law.E + rest, **values) for each in (law, Law(law)))
    assert (plain.method, solved.method) == ("closed form", "stationary")
    same_plan(solved, plain, 1e-9)


@given(law=laws, cost=powers_of_ten(22, 28))
@settings(max_examples=20)
def test_a_plain_law_gives_the_closed_form_at_a_cost_too(law, cost):
    assume(law.compute_optimal(cost)[0] > 1e3)
    given = OTHERS | {"D_inf": 1e8, "D_RL": 0}
    same_plan(lt.best(Law(law), cost=cost, **given), lt.best(law, cost=cost, **given), 1e-9)


def test_an_outer_exponent_gives_the_closed_form():
    law = lt.ScalingLaw(1.22, 3355, 18186, 0.408, 0.431, 0.452)
    loss = law.loss(70e9, 1.4e12)
    same_plan(lt.cheapest(Law(law), loss=loss, **OTHERS), lt.cheapest(law, loss=loss, **OTHERS), 1e-9)
    same_plan(lt.best(Law(law), cost=1e25, **OTHERS), lt.best(law, cost=1e25, **OTHERS), 1e-9)


@pytest.mark.parametrize("unit", [0.01, 0.3, 100])
def test_the_unit_of_the_loss_is_no_matter(unit):
    """In bits per byte, say, a loss may be below 1: the plan is the same, at the least cost and at the least loss."""
    other = lt.ScalingLaw(unit * LAW.E, unit * LAW.A, unit * LAW.B, LAW.alpha, LAW.beta)
    plan = lt.cheapest(Law(LAW), loss=LOSS, **OTHERS)
    for law, found in (
        (other, lt.cheapest(Law(other), loss=unit * LOSS, **OTHERS)),
        (other + 0.1 * unit, lt.cheapest(other + 0.1 * unit, loss=unit * (LOSS + 0.1), **OTHERS)),
        (other, lt.best(Law(other), cost=plan.cost, **OTHERS)),
    ):
        assert (found.N, found.D, found.cost) == pytest.approx((plan.N, plan.D, plan.cost), rel=1e-7)
        assert found.loss == pytest.approx(law.loss(plan.N, plan.D), rel=1e-9)


def test_data_worth_half_are_half_as_much_data():
    half = lt.cheapest(LAW.where(D=s.D / 2), loss=LOSS, **OTHERS)
    dear = lt.LIFETIME.replace("pre-training", lt.Phase("pre-training", s.D, 12))
    plain = lt.cheapest(LAW, loss=LOSS, lifetime=dear, **OTHERS)
    assert (half.N, half.D, half.cost) == pytest.approx((plain.N, 2 * plain.D, plain.cost), rel=1e-10)


def test_a_law_of_draws_and_arrays_of_scenarios_are_a_loop():
    draws = LAW.sample(40, rng=0) if LAW.is_uncertain else lt.laws.Besiroglu2024.sample(40, rng=0)
    loss = draws.loss(70e9, 1.4e12)
    many = lt.cheapest(draws.where(D=s.D * x), loss=loss, x=0.5, **OTHERS | {"D_inf": np.geomspace(1e11, 1e14, 40)})
    assert many.N.shape == (40,)
    for i in (0, 7, 39):
        one = lt.ScalingLaw(**{name: value[i] for name, value in draws.coefficients.items()})
        alone = lt.cheapest(one.where(D=s.D * x), loss=loss[i], x=0.5, **many[i].assumptions)
        assert (many.N[i], many.D[i]) == pytest.approx((alone.N, alone.D), rel=1e-9)
    grid = lt.cheapest(LAW.where(D=s.D * x), loss=np.array([[1.95], [2.1]]), x=[0.5, 1, 2], **OTHERS)
    assert grid.N.shape == (2, 3)


# The data wall: facts from Muennighoff et al. (2023), arXiv 2305.16264, optima by an independent grid

MUENNIGHOFF = lt.laws.Muennighoff2023
REPEATED = sp.Piecewise((s.D, s.D <= U), (U * (1 + R * (1 - sp.exp(-(s.D / U - 1) / R))), True))
SURPLUS = sp.Piecewise((s.N, s.N <= U_N), (U_N * (1 + R_N * (1 - sp.exp(-(s.N / U_N - 1) / R_N))), True))
DECAY = {"R": 15.387756, "R_N": 5.309743}
SERVED = {"D_RL": 0, "e_inf": 1 / 3}


def wall(unique, D_inf):
    law = MUENNIGHOFF
    fitting = (law.alpha * law.A / (law.beta * law.B) * unique**law.beta) ** (1 / law.alpha)
    return lt.cheapest(
        law.where(D=REPEATED, N=SURPLUS), loss=law.loss(70e9, 1.4e12), D_inf=D_inf, U=unique, U_N=fitting,
        **DECAY, **SERVED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("unique", "D_inf", "N", "D", "cost"),
    [
        (1e16, 0, 70.7e9, 1.39e12, 5.88e23),
        (1e12, 0, 68.2e9, 1.46e12, 5.96e23),
        (3e11, 0, 69.2e9, 2.17e12, 9.01e23),
        (2e11, 0, 80.4e9, 3.11e12, 1.50e24),
        (1e16, 1e13, 25.8e9, 6.71e12, 2.588e24),
        (1e12, 1e13, 28.7e9, 5.98e12, 2.748e24),
        (5e11, 1e13, 31.9e9, 5.64e12, 2.992e24),
        (2e11, 1e13, 54.5e9, 5.79e12, 5.168e24),
    ],
)
def test_a_data_wall_makes_the_model_larger(unique, D_inf, N, D, cost):
    plan = wall(unique, D_inf)
    assert (plan.N, plan.D, plan.cost) == pytest.approx((N, D, cost), rel=5e-3)


def test_too_little_text_is_an_error():
    with pytest.raises(
        ValueError, match=r"loss must be one that some model reaches with the rest as given; got 0\.155"
    ):
        wall(1e11, 1e13)


def test_a_wall_at_a_tenth_of_the_tokens_costs_8_percent_and_acts_as_a_price():
    law, W = MUENNIGHOFF, 2 * 6 * 200e12
    unique = np.array([1e16, 100e12, 50e12, 30e12, 20e12, 10e12])
    plan = lt.cheapest(
        law.where(D=REPEATED), loss=law.loss(100e9, 200e12), D_RL=0, D_inf=W / 2, e_inf=1, U=unique, R=15.387756
    )
    assert plan.cost / plan.cost[0] == pytest.approx([1, 1.0003, 1.007, 1.018, 1.033, 1.079], abs=2e-3)
    repeats = np.maximum(plan.D / unique - 1, 0)
    effective = np.where(plan.D <= unique, plan.D, unique * (1 + 15.387756 * (1 - np.exp(-repeats / 15.387756))))
    u, v = law.alpha * law.A * plan.N**-law.alpha, law.beta * law.B * effective**-law.beta
    price = (6 * plan.D + W) / (6 * effective * np.exp(repeats / 15.387756))
    np.testing.assert_allclose(u / v, price, rtol=1e-10)
    free = lt.cheapest(law, loss=law.loss(100e9, 200e12), D_RL=0, D_inf=W / 2, e_inf=1)
    assert (plan.N[0], plan.D[0]) == pytest.approx((free.N, free.D), rel=1e-9)


# Precision: the penalty of Kumar et al. (2024), arXiv 2411.04330, on the Chinchilla refit

BITS = LAW + 0.0598 * sp.exp(-P / 0.5907) * s.D**0.5068 / s.N**0.3439
IN_BITS = lt.LIFETIME.replace("inference", lt.Phase("inference", s.D_inf, 2 * P / 16, s.e_inf))


def served_in(bits, **options):
    return lt.cheapest(BITS, loss=LAW.loss(70e9, 1.4e12), lifetime=IN_BITS, D_inf=1e13, **SERVED, P=bits, **options)


def test_a_penalty_that_grows_with_training_is_reproduced():
    """The facts' own search finds nothing at 3 bits; a model of 744 B parameters, five times as dear, is there."""
    dense = lt.cheapest(LAW, loss=LAW.loss(70e9, 1.4e12), D_inf=1e13, **SERVED)
    plan = served_in(np.array([8, 6, 5, 4]))
    assert plan.cost / dense.cost == pytest.approx([0.677, 0.606, 0.641, 1.04], rel=5e-3)
    assert plan.N == pytest.approx([31.2e9, 35.2e9, 45.3e9, 102e9], rel=1e-2)
    three = served_in(3)
    assert three.cost / dense.cost == pytest.approx(5.05, rel=1e-2)
    assert BITS.loss(three.N, three.D, P=3) == pytest.approx(LAW.loss(70e9, 1.4e12), rel=1e-12)


@pytest.mark.parametrize("bits", [4, 6, 16])
def test_its_first_order_condition_holds(bits):
    plan = served_in(bits)
    penalty = 0.0598 * np.exp(-bits / 0.5907) * plan.D**0.5068 / plan.N**0.3439
    u, v = LAW.alpha * LAW.A * plan.N**-LAW.alpha, LAW.beta * LAW.B * plan.D**-LAW.beta
    ratio = (u + 0.3439 * penalty) / (v - 0.5068 * penalty)
    assert ratio == pytest.approx(1 / plan.shares["pre-training"], rel=1e-9)
    assert v > 0.5068 * penalty, "of the two D at this size, the one beyond which training makes it worse"


def test_the_bits_can_be_chosen_too():
    plan = lt.cheapest(BITS, loss=LAW.loss(70e9, 1.4e12), lifetime=IN_BITS, choose="P", D_inf=1e13, **SERVED)
    around = served_in(plan.chosen["P"] * np.array([0.98, 1, 1.02]))
    assert around.cost[1] == pytest.approx(plan.cost, rel=1e-9)
    assert around.cost[1] < min(around.cost[0], around.cost[2])


# The theorem of shares


def test_a_chosen_phase_has_the_share_of_its_steepness_on_200_random_laws():
    rng = np.random.default_rng(0)
    draw = lambda low, high: rng.uniform(low, high, 200)
    law = lt.ScalingLaw(0, 10 ** draw(1, 4), 10 ** draw(1, 4), draw(0.15, 0.8), draw(0.15, 0.8), draw(0.4, 1.6))
    steep, size = draw(0.1, 0.6), 10 ** draw(-0.5, 2)
    bracket = s.A * s.N**-s.alpha + s.B * s.D**-s.beta + G * s.D_RL**-g
    whole = Law(law, s.E + bracket**s.gamma)
    loss = (10 ** draw(-1.5, 0)) ** law.gamma
    given = {"k_RL": draw(2, 6), "e_RL": draw(0.1, 1), "D_inf": 10 ** draw(8, 14), "e_inf": draw(0.1, 1)}
    plan = lt.cheapest(whole, loss=loss, choose=("D_RL",), G=size, g=steep, **given)
    u = law.alpha * law.A * plan.N**-law.alpha
    v, w = law.beta * law.B * plan.D**-law.beta, steep * size * plan.chosen["D_RL"] ** -steep
    np.testing.assert_allclose(plan.shares["pre-training"], v / u, rtol=1e-9)
    np.testing.assert_allclose(plan.shares["reinforcement learning"], w / u, rtol=1e-9)
    np.testing.assert_allclose(plan.shares["inference"], 1 - (v + w) / u, rtol=1e-7, atol=1e-9)


def test_the_theorem_of_shares_follows_from_the_conditions_of_lagrange():
    T, tau, c = sp.symbols("T tau c", positive=True)
    rest = s.A * s.N**-s.alpha + T * x**-tau
    total = s.N * (c * x + y)  # y: what all other phases cost a parameter
    by_size = sp.diff(total, s.N) * s.N / (s.alpha * s.A * s.N**-s.alpha)  # the multiplier, from N and from x
    by_tokens = sp.diff(total, x) * x / (tau * T * x**-tau)
    assert sp.simplify(sp.diff(rest, s.N) * s.N + s.alpha * s.A * s.N**-s.alpha) == 0
    share = s.N * c * x / total
    assert sp.simplify((by_tokens / by_size) - share * (s.alpha * s.A * s.N**-s.alpha) / (tau * T * x**-tau)) == 0


# Choices against brute force


def test_samples_are_chosen_as_brute_force_does():
    law, given = LAW + G * k**-g, {"G": 0.1, "g": 0.5, "D_RL": 0, "D_inf": 1e12, "e_inf": 1 / 3}
    plan = lt.cheapest(law, loss=2.1, lifetime=SAMPLING, choose=("k",), **given)
    samples = plan.chosen["k"] * np.geomspace(0.5, 2, 2001)
    fixed = lt.cheapest(LAW, loss=2.1 - 0.1 * samples**-0.5, lifetime=SAMPLING, k=samples, **SERVED | {"D_inf": 1e12})
    best = fixed.cost.argmin()
    assert plan.cost <= fixed.cost[best]
    assert (plan.cost, plan.chosen["k"]) == (
        pytest.approx(fixed.cost[best], rel=1e-6),
        pytest.approx(samples[best], rel=1e-3),
    )


def test_two_choices_at_once():
    law = LAW + G * k**-g + 20 * s.D_RL**-0.2
    given = {"G": 0.1, "g": 0.5, "D_inf": 1e12, "e_inf": 1 / 3, "k_RL": 3, "e_RL": 1 / 3}
    plan = lt.cheapest(law, loss=2.2, lifetime=SAMPLING, choose=("k", "D_RL"), **given)
    for name in ("k", "D_RL"):
        other = ({"k", "D_RL"} - {name}).pop()
        for factor in (0.99, 1.01):
            one = lt.cheapest(
                law, loss=2.2, lifetime=SAMPLING, choose=other, **given, **{name: plan.chosen[name] * factor}
            )
            assert one.cost > plan.cost
    dual = lt.best(law, cost=plan.cost, lifetime=SAMPLING, choose=("k", "D_RL"), **given)
    assert (dual.N, dual.D, dual.loss) == pytest.approx((plan.N, plan.D, plan.loss), rel=1e-7)


def test_the_least_loss_is_that_of_a_grid():
    law = LAW.where(D=REPEATED)
    plan = lt.best(law, cost=1e24, D_RL=0, D_inf=1e12, e_inf=1, U=2e11, R=15.4)
    D = plan.D * np.geomspace(0.3, 3, 100_001)
    losses = law.loss(1e24 / (6 * D + 2e12), D, U=2e11, R=15.4)
    assert plan.loss <= losses.min() * (1 + 1e-13)
    assert plan.loss == pytest.approx(losses.min(), rel=1e-9)


# Kinks, jumps, and more than one minimum


@pytest.mark.parametrize("overlap", [True, False])
def test_a_roofline_that_depends_on_the_size_with_rl_as_a_choice(overlap):
    roof = lt.accelerators.H100_SXM.roofline("fp8", N=s.N, N_total=s.N, weight_bytes=1, kv_bytes=70e3)
    efficiency = roof.efficiency(s.batch, s.context, training_mfu=0.4, overlap=overlap)
    own = lt.LIFETIME.replace("inference", lt.Phase("decode", s.D_inf, 2, efficiency))
    law, given = LAW + 20 * s.D_RL**-0.2, {"k_RL": 3, "e_RL": 1 / 3, "D_inf": 1e13, "batch": 64, "context": 8192}
    plan = lt.cheapest(law, loss=2.1, lifetime=own, choose="D_RL", **given)
    chosen = plan.chosen["D_RL"] * np.geomspace(0.5, 2, 401)
    fixed = lt.cheapest(LAW, loss=2.1 - 20 * chosen**-0.2, lifetime=own, D_RL=chosen, **given)
    assert plan.cost == pytest.approx(fixed.cost.min(), rel=1e-6)


def kinked(law, **given):
    """A cost with a kink at N = 3e10, where it is least."""
    return lt.cheapest(law, loss=LOSS, lifetime=6 * s.N * s.D * (1 + sp.Abs(sp.log(s.N / 3e10))), **given)


def test_a_kink_is_found():
    assert kinked(Law(LAW)).N == pytest.approx(3e10, rel=1e-6)
    assert kinked(Law(LAW)).cost == pytest.approx(kinked(LAW).cost, rel=1e-6)


def test_a_kink_is_found_at_a_cost_too():
    """And at the cost of the cheapest, there is the loss of the cheapest."""
    cost = 6 * s.N * s.D * (1 + sp.Abs(sp.log(s.N / 3e10)))
    dual = lt.best(Law(LAW), cost=kinked(LAW).cost, lifetime=cost)
    assert dual.N == pytest.approx(3e10, rel=1e-6)
    assert dual.loss == pytest.approx(LOSS, rel=1e-9)


def two_dips(depth):
    return 6 * s.N * s.D * (1 - depth * sp.exp(-((sp.log(s.N / 2e11) / 0.5) ** 2)))


@pytest.mark.parametrize("depth", [0.3, 0.6])
def test_of_two_minima_the_lower_is_found(depth):
    """Of the plain optimum near 47 B and the dip at 200 B."""
    plan = lt.cheapest(Law(LAW), loss=LOSS, lifetime=two_dips(depth))
    N = LAW.least_params(LOSS) * (1 + np.geomspace(1e-3, 1e3, 400_001))
    cost = sp.lambdify((s.N, s.D), two_dips(depth), "numpy")(N, LAW.tokens_for(LOSS, N))
    minima = np.count_nonzero((cost[1:-1] < cost[:-2]) & (cost[1:-1] < cost[2:]))
    assert minima == 2
    assert plan.cost == pytest.approx(cost.min(), rel=1e-6)
    assert plan.cost <= cost.min() * (1 + 1e-12)
    assert (plan.N > 1e11) == (depth == 0.6)


def test_each_scenario_has_the_lower_of_its_own_minima():
    depth = np.array([0.3, 0.6, 0.45, 0.2])
    many = lt.cheapest(Law(LAW), loss=LOSS, lifetime=two_dips(x), x=depth)
    assert many.cost == pytest.approx([lt.cheapest(LAW, loss=LOSS, lifetime=two_dips(d)).cost for d in depth], rel=1e-9)


def test_a_jump_where_the_cost_is_least_is_refused():
    jump = 6 * s.N * s.D + 2e13 * s.N * sp.Piecewise((1, s.N < 1.3e10), (3, True))
    with pytest.raises(ValueError, match="lifetime must have a cost that is continuous; it jumps at N = 1.3e"):
        lt.cheapest(Law(LAW), loss=LOSS, lifetime=jump)


# Where there is no optimum: each error names what fails


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (2 * s.N * 1e13, "the optimum is at infinity: the cost still falls as D grows past"),
        (s.D * 1e11, "the optimum is at infinity: the cost still falls as N grows past"),
        (6 * s.N * s.D / s.N**2, "the optimum is at infinity: the cost still falls as N grows past"),
    ],
    ids=str,
)  # fmt: skip
def test_an_optimum_at_infinity_says_where(expression, message):
    with pytest.raises(ValueError, match=message) as error:
        lt.cheapest(Law(LAW), loss=LOSS, lifetime=expression)
    assert "in between" not in str(error.value)


def test_what_is_between_two_ends_that_fall_is_said_to_be_no_minimum():
    hill = 6 * s.N * s.D * sp.exp(3 * sp.exp(-((sp.log(s.N / 5e10)) ** 2))) * (s.N / 1e10) ** -1.5
    with pytest.raises(ValueError, match="at infinity: .* as N grows .* in between is a saddle or a maximum"):
        lt.cheapest(Law(LAW), loss=LOSS, lifetime=hill)


def test_what_costs_and_does_not_help_is_best_left_out():
    with pytest.raises(ValueError, match="D_RL is best at its bound 0, where it is not used: give D_RL instead of"):
        lt.cheapest(LAW, loss=LOSS, choose="D_RL", **{n: v for n, v in OTHERS.items() if n != "D_RL"})


def test_what_helps_and_costs_nothing_is_best_at_infinity():
    with pytest.raises(ValueError, match="the optimum is at infinity: the cost still falls as e_inf grows past"):
        lt.cheapest(LAW, loss=LOSS, choose="e_inf", **{n: v for n, v in OTHERS.items() if n != "e_inf"})


def test_a_share_that_would_be_best_above_one_is_at_its_bound():
    chip = lt.LIFETIME.replace("inference", lt.Phase("inference", s.D_inf, 2 + 0.1 * s.training_mfu**2, s.training_mfu))
    given = {n: v for n, v in OTHERS.items() if n != "e_inf"}
    with pytest.raises(ValueError, match=r"training_mfu is best at its bound 1: without it, 4\.47"):
        lt.cheapest(LAW, loss=LOSS, lifetime=chip, choose="training_mfu", **given)


def test_a_loss_out_of_reach_is_an_error():
    with pytest.raises(ValueError, match=r"loss must be one that some model reaches .*; got 0\.1828 above its floor"):
        lt.cheapest(LAW + 0.2, loss=LOSS, **OTHERS)
    with pytest.raises(ValueError, match="loss must be above 1.8172, the irreducible loss E of the law; got 1.8"):
        lt.cheapest(LAW + 0.2, loss=1.8, **OTHERS)


def test_a_budget_below_the_demand_is_an_error():
    with pytest.raises(ValueError, match="cost must be one that some model costs with the rest as given; got 100"):
        lt.best(LAW + 0.2, cost=100, **OTHERS)


def test_a_gain_may_take_a_loss_below_E():
    """A term of unknown sign: the loss itself is what is held, not what is above E."""
    plan = lt.cheapest(LAW - 0.3, loss=1.7, **OTHERS)
    plain = lt.cheapest(LAW, loss=2.0, **OTHERS)
    assert (plan.N, plan.D) == pytest.approx((plain.N, plain.D), rel=1e-9)


# What is asked for


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"choose": "D_rl"}, "choose must name symbols of the lifetime or the law; got 'D_rl'; did you mean 'D_RL'?"),
        ({"choose": "N"}, "choose must name symbols of the lifetime or the law; got 'N'; "),
        ({"choose": "D_inf"}, "D_inf must be given or chosen, not both; got D_inf=10000000000000.0"),
        ({"x": 2}, "unknown assumption 'x'; "),
    ],
)
def test_bad_choices_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        lt.cheapest(LAW, loss=LOSS, **OTHERS | options)


def test_what_the_law_needs_is_asked_for():
    with pytest.raises(ValueError, match="^missing assumption: x; needed: x, D_RL, "):
        lt.cheapest(LAW.where(D=s.D * x), loss=LOSS, **OTHERS)
    law, without = LAW + s.k_RL / 100, {"D_RL": 0, "D_inf": 1e13, "e_inf": 1}
    with pytest.raises(ValueError, match="^missing assumption: k_RL; needed: k_RL, D_RL, D_inf, e_inf$"):
        lt.cheapest(law, loss=LOSS, **without)
    plan = lt.cheapest(law, loss=LOSS, k_RL=3, **without)
    assert plan.N == pytest.approx(lt.cheapest(LAW, loss=LOSS - 0.03, **without).N, rel=1e-9)


def test_symbols_of_one_name_are_one_symbol():
    plain = sp.Symbol("k")
    law = LAW + 0.1 * plain**-0.5
    plan = lt.cheapest(law, loss=2.1, lifetime=SAMPLING, choose="k", D_RL=0, D_inf=1e12, e_inf=1 / 3)
    assert plan.chosen["k"] == pytest.approx(2.668, rel=1e-3)


def test_the_system_knows_convexity_where_sympy_sees_it():
    names = (*LAW.coefficients, *lt.LIFETIME.assumptions)
    assert system(lt.LIFETIME.cost, Law(LAW).rest, (), names).convex
    assert not system(lt.LIFETIME.cost, LAW.where(D=REPEATED).rest, (), (*names, "U", "R")).convex
    assert not system(two_dips(0.3), Law(LAW).rest, (), names).convex


def test_derivatives_are_those_of_differences():
    law = LAW.where(D=REPEATED) + G * k**-g
    names = (*LAW.coefficients, *SAMPLING.assumptions, "U", "R", "G", "g")
    names = tuple(dict.fromkeys(name for name in names if name != "k"))
    known = LAW.coefficients | OTHERS | {"U": 2e11, "R": 15.4, "G": 0.1, "g": 0.5}
    equations = system(SAMPLING.cost, law.rest, ("k",), names)
    args, at, h = [np.array([float(known[name])]) for name in names], np.log([[3e10], [2e12], [4.0]]), 1e-5
    found = equations.derivatives(at, args)
    for which in (0, 1):
        value = lambda at, which=which: equations.values(at, args)[which][0]
        for i in range(3):
            e_i = h * np.eye(3)[:, i : i + 1]
            slope = (value(at + e_i) - value(at - e_i)) / (2 * h)
            assert found[which][1][0, i] == pytest.approx(slope, abs=1e-8)
            for j in range(3):
                e_j = h * np.eye(3)[:, j : j + 1]
                curved = value(at + e_i + e_j) - value(at + e_i - e_j) - value(at - e_i + e_j) + value(at - e_i - e_j)
                assert found[which][2][0, i, j] == pytest.approx(curved / (4 * h * h), abs=1e-4)


@given(
    depth=st.floats(0.05, 0.9), place=powers_of_ten(10.3, 12.5), width=st.floats(0.6, 1.5), served=powers_of_ten(9, 14)
)
@settings(max_examples=25)
def test_any_dip_is_minimised_as_along_the_curve(depth, place, width, served):
    cost = lt.LIFETIME.cost * (1 - depth * sp.exp(-((sp.log(s.N / place) / width) ** 2)))
    given = OTHERS | {"D_inf": served}
    one, other = (lt.cheapest(law, loss=LOSS, lifetime=cost, **given) for law in (LAW, Law(LAW)))
    assert other.cost == pytest.approx(one.cost, rel=1e-9)


@pytest.mark.parametrize(
    ("start", "most"),
    [
        ((24, 28, 28), 6),
        ((20, 20, 20), 10),
        ((30, 35, 40), 10),
        ((24, 27, 10), 14),
        ((26, 30, 60), 18),
        ((24, 28, 5), 16),
    ],
)
def test_newtons_steps_are_few_from_near_and_far(start, most, monkeypatch):
    """With a limit on a step, a penalty for leaving the constraint, and a first multiplier."""
    known = LAW.coefficients | {"k_RL": 3, "e_RL": 1 / 3, "D_inf": 1e13, "e_inf": 1 / 3}
    equations = system(lt.LIFETIME.cost, (LAW + 20 * s.D_RL**-0.2).rest, ("D_RL",), tuple(known))
    args, target, calls = [np.array([float(value)]) for value in known.values()], np.log([2.1 - LAW.E]), []
    derivatives = System.derivatives
    monkeypatch.setattr(System, "derivatives", lambda *given: calls.append(1) or derivatives(*given))
    x, good = newton(equations, np.array(start, dtype=float)[:, None], args, target, False)
    assert good.all()
    assert np.exp(x[:, 0]) == pytest.approx([8.09897084e9, 5.48896486e12, 2.83533618e12], rel=1e-8)
    assert len(calls) <= most


def test_a_system_that_does_not_converge_says_which_points():
    """From where the cost overflows, nothing leads on."""
    known = LAW.coefficients | OTHERS
    equations = system(lt.LIFETIME.cost, Law(LAW).rest, (), tuple(known))
    args = [np.array([float(value)] * 2) for value in known.values()]
    _, good = newton(equations, np.array([[24.0, 800.0], [28.0, 800.0]]), args, np.log([0.2, 0.2]), False)
    assert good.tolist() == [True, False]
