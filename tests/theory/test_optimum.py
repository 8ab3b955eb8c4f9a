import re

import numpy as np
import pandas as pd
import pytest
import sympy as sp
import xarray as xr
from hypothesis import assume, given

import lifetime as lt
from cases import DEMAND, LAW, OTHERS, SYMBOLIC, assumptions, corpora, laws, powers_of_ten, refused, scenarios, sizes
from lifetime import symbols as s

WITHOUT_D_INF = {name: value for name, value in OTHERS.items() if name != "D_inf"}
NO_DEMAND = OTHERS | {"D_RL": 0, "D_inf": 0}
LOSS, COST = 2.0, 1e25
zero = sp.Symbol("zero", nonnegative=True)
GENERAL = lt.LIFETIME.cost + zero * s.N**2
"""The cost of LIFETIME in a form that only the numeric path takes."""
rests = powers_of_ten(-3, 0.5)


def marginal_ratio(law, N, D):
    return law.alpha * law.A * N**-law.alpha / (law.beta * law.B * D**-law.beta)


# Cheapest


def test_the_first_order_condition_holds_to_1e_12():
    law, rest, W = scenarios(100_000)
    plan = lt.cheapest(law, loss=rest, lifetime=DEMAND, W=W)
    assert plan.method == "closed form"
    np.testing.assert_allclose(marginal_ratio(law, plan.N, plan.D), 1 + W / (6 * plan.D), rtol=1e-12)
    np.testing.assert_allclose(law.loss(plan.N, plan.D), rest, rtol=1e-12)


@pytest.mark.parametrize("betas", [(0.001, 0.002), (0.002, 0.02), (0.02, 0.1), (1, 3)])
def test_it_holds_for_exponents_beyond_the_usual_too(betas):
    rng = np.random.default_rng(1)
    n, beta = 10_000, rng.uniform(*betas, 10_000)
    tokens, W = 10 ** rng.uniform(8, 16, n), 10 ** rng.uniform(0, 22, n)
    law = lt.ScalingLaw(0, 400, 2000, rng.uniform(0.2, 0.5, n), beta)
    rest = (law.alpha + beta) / law.alpha * law.B * tokens**-beta  # of a compute-optimal model with so many tokens
    plan = lt.cheapest(law, loss=rest, lifetime=DEMAND, W=W)
    np.testing.assert_allclose(marginal_ratio(law, plan.N, plan.D), 1 + W / (6 * plan.D), rtol=1e-12)


@given(law=laws, rest=rests, values=assumptions)
def test_no_other_model_of_the_same_loss_is_cheaper(law, rest, values):
    plan = lt.cheapest(law, loss=law.E + rest, **values)
    assert law.loss(plan.N, plan.D) == pytest.approx(law.E + rest, rel=1e-13)
    share = law.A * plan.N**-law.alpha / (law.loss(plan.N, plan.D) - law.E)
    for other in (share * 0.99, share + (1 - share) * 0.01):
        N, D = (law.A / (rest * other)) ** (1 / law.alpha), (law.B / (rest * (1 - other))) ** (1 / law.beta)
        assert lt.LIFETIME.ledger(N=N, D=D, **values).cost > plan.cost


@pytest.mark.parametrize("lifetime", [lt.LIFETIME, GENERAL], ids=["closed form", "numeric"])
def test_without_demand_the_cheapest_is_the_compute_optimal_model(lifetime):
    extra = {} if lifetime is lt.LIFETIME else {"zero": 0}
    plan = lt.cheapest(LAW, loss=LOSS, lifetime=lifetime, **NO_DEMAND, **extra)
    assert (plan.N, plan.D) == pytest.approx(LAW.compute_optimal_at_loss(LOSS), rel=1e-13)
    assert plan.saving == pytest.approx(0, abs=1e-13)
    assert plan.overtraining == pytest.approx(1, rel=1e-12)


def test_more_demand_makes_a_smaller_model_trained_for_longer():
    plan = lt.cheapest(LAW, loss=LOSS, **OTHERS | {"D_inf": np.array([0, *np.logspace(9, 20, 50)])})
    assert (np.diff(plan.N) < 0).all()
    assert (np.diff(plan.D) > 0).all()
    assert (np.diff(plan.saving) > 0).all()


@given(law=laws, rest=rests)
def test_the_model_shrinks_to_a_floor_and_never_below(law, rest):
    floor = (law.beta / (law.alpha + law.beta)) ** (1 / law.alpha)
    plan = lt.cheapest(law, loss=law.E + rest, lifetime=DEMAND, W=np.logspace(0, 40, 41))
    assert (plan.N / plan.chinchilla.N >= floor * (1 - 1e-12)).all()
    far = lt.cheapest(lt.ScalingLaw(0, 400, 2000, law.alpha, 1), loss=rest, lifetime=DEMAND, W=1e60)
    assert far.N / far.chinchilla.N == pytest.approx((1 / (1 + law.alpha)) ** (1 / law.alpha), rel=1e-12)


@given(law=laws)
def test_tokens_grow_as_demand_to_the_power_1_over_1_plus_beta(law):
    a, b = (lt.cheapest(law, loss=law.E + 0.1, lifetime=DEMAND, W=W).D for W in (1e200, 1e204))
    assert np.log(b / a) / np.log(1e4) == pytest.approx(1 / (1 + law.beta), rel=1e-12)


@given(law=laws, rest=rests)
def test_serving_costs_as_much_as_training_at_exactly_one_demand(law, rest):
    law = lt.ScalingLaw(0, law.A, law.B, law.alpha, law.beta)
    _, D0 = law.compute_optimal_at_loss(rest)
    y = (1 + law.beta / (law.alpha + law.beta)) ** (1 / law.beta)
    k = y ** (1 + law.beta) - y
    W = k * 6 * (law.alpha + law.beta) * D0 / law.beta
    plan = lt.cheapest(law, loss=rest, lifetime=DEMAND, W=[W, W * 0.99, W * 1.01])
    assert plan.D[0] / D0 == pytest.approx(y, rel=1e-11)
    assert plan.shares["demand"][0] == pytest.approx(0.5, rel=1e-11)
    assert plan.shares["demand"][1] < 0.5 < plan.shares["demand"][2]


@given(law=laws, rest=rests, values=assumptions)
def test_lifetime_over_pre_training_cost_follows_from_N_and_D_alone(law, rest, values):
    plan = lt.cheapest(law, loss=law.E + rest, **values)
    ratio = 1 / plan.shares["pre-training"]
    assert ratio == pytest.approx(marginal_ratio(law, plan.N, plan.D), rel=1e-11)
    assert plan.overtraining == pytest.approx(ratio ** (1 / law.beta), rel=1e-10)


@pytest.mark.parametrize(
    ("name", "smaller"), [("D_RL", True), ("D_inf", True), ("k_RL", True), ("e_RL", False), ("e_inf", False)]
)
def test_every_assumption_moves_the_optimum_the_right_way(name, smaller):
    base = lt.cheapest(LAW, loss=LOSS, **OTHERS)
    more = lt.cheapest(LAW, loss=LOSS, **OTHERS | {name: OTHERS[name] * 1.1})
    assert (more.N < base.N) == smaller
    assert (more.D > base.D) == smaller
    fixed = lt.best(LAW, cost=COST, **OTHERS)
    assert (lt.best(LAW, cost=COST, **OTHERS | {name: OTHERS[name] * 1.1}).loss > fixed.loss) == smaller


def test_cost_that_scales_with_D_counts_as_pre_training_does():
    """RL on 2/3 of D at k/e = 9 makes κ = 12: the optimum of half the demand, at twice the cost."""
    folded = lt.LIFETIME.given(D_RL=s.D * 2 / 3, k_RL=3, e_RL=sp.Rational(1, 3))
    assert folded.per_param[0] == 12
    plan = lt.cheapest(LAW, loss=LOSS, lifetime=folded, D_inf=1e13, e_inf=1)
    half = lt.cheapest(LAW, loss=LOSS, **NO_DEMAND | {"D_inf": 5e12, "e_inf": 1})
    assert (plan.N, plan.D, plan.cost) == pytest.approx((half.N, half.D, 2 * half.cost), rel=1e-13)


# Best


@given(law=laws, rest=rests, values=assumptions)
def test_best_undoes_cheapest(law, rest, values):
    plan = lt.cheapest(law, loss=law.E + rest, **values)
    assume(plan.N > 2)
    dual = lt.best(law, cost=plan.cost, **values)
    assert (dual.N, dual.D, dual.loss) == pytest.approx((plan.N, plan.D, plan.loss), rel=1e-11)
    assert dual.cost == pytest.approx(plan.cost, rel=1e-13)


@pytest.mark.parametrize("flop", [8, 6 + 9 * sp.Rational(2, 3), s.TRAINING_FLOP / s.e_inf], ids=str)
def test_best_undoes_cheapest_whatever_a_pre_training_token_costs(flop):
    own = lt.LIFETIME.replace("pre-training", lt.Phase("pre-training", s.D, flop))
    plan = lt.cheapest(LAW, loss=[1.95, 2.0, 2.3], lifetime=own, **OTHERS)
    dual = lt.best(LAW, cost=plan.cost, lifetime=own, **OTHERS)
    np.testing.assert_allclose([dual.N, dual.D, dual.loss], [plan.N, plan.D, plan.loss], rtol=1e-11)


@given(law=laws, cost=powers_of_ten(18, 30), values=assumptions)
def test_no_other_model_of_the_same_lifetime_cost_is_better(law, cost, values):
    W = values["k_RL"] * values["D_RL"] / values["e_RL"] + 2 * values["D_inf"] / values["e_inf"]
    assume(cost > 100 * W)
    plan = lt.best(law, cost=cost, **values)
    assert plan.cost == pytest.approx(cost, rel=1e-13)
    for D in (plan.D * 0.9, plan.D * 1.1):
        assert law.loss(cost / (6 * D + W), D) >= plan.loss * (1 - 1e-15)


@pytest.mark.parametrize("lifetime", [lt.LIFETIME, GENERAL], ids=["closed form", "numeric"])
def test_without_demand_the_best_is_the_compute_optimal_model(lifetime):
    extra = {} if lifetime is lt.LIFETIME else {"zero": 0}
    plan = lt.best(LAW, cost=1e24, lifetime=lifetime, **NO_DEMAND, **extra)
    assert (plan.N, plan.D) == pytest.approx(LAW.compute_optimal(1e24), rel=1e-12)


# Revealed demand


@given(law=laws, rest=rests, values=assumptions)
def test_revealed_demand_undoes_cheapest(law, rest, values):
    plan = lt.cheapest(law, loss=law.E + rest, **values)
    W = plan.cost / plan.N - 6 * plan.D
    assert lt.revealed_demand(law, plan.N, plan.D) == pytest.approx(W, abs=1e-11 * plan.cost / plan.N)


@given(law=laws, rest=rests, values=assumptions)
def test_served_tokens_undo_cheapest(law, rest, values):
    plan = lt.cheapest(law, loss=law.E + rest, **values)
    given = {name: value for name, value in values.items() if name != "D_inf"}
    D_inf = lt.served_tokens(law, plan.N, plan.D, **given)
    assert D_inf == pytest.approx(values["D_inf"], abs=1e-11 * plan.cost / plan.N * values["e_inf"] / 2)


@given(law=laws, N=sizes, D=corpora)
def test_a_model_is_the_cheapest_under_the_demand_it_reveals(law, N, D):
    W = lt.revealed_demand(law, N, D)
    assume(W >= 0)
    law = lt.ScalingLaw(0, law.A, law.B, law.alpha, law.beta)
    plan = lt.cheapest(law, loss=law.loss(N, D), lifetime=DEMAND, W=W)
    u, v = law.A * N**-law.alpha, law.B * D**-law.beta
    rounding = 1e-13 * (1 + (u + v) / min(u, v)) / min(law.alpha, law.beta)
    assert (plan.N, plan.D) == pytest.approx((N, D), rel=rounding)


def test_a_model_trained_on_less_than_is_compute_optimal_reveals_negative_demand():
    D = LAW.compute_optimal_tokens(1e10)
    below, at, above = lt.revealed_demand(LAW, 1e10, D * np.array([0.5, 1, 2]))
    assert below < 0 < above
    assert at == pytest.approx(0, abs=1e-12 * 6 * D)


def test_reinforcement_learning_leaves_less_demand_for_serving():
    without, some, much = (
        lt.served_tokens(LAW, 8e9, 15e12, **WITHOUT_D_INF | {"D_RL": D_RL}) for D_RL in (0, 1e13, 1e14)
    )
    assert without > some > 0 > much
    assert without - some == pytest.approx(3 * 1e13 / 2, rel=1e-12)


def test_revealed_demand_scales_with_the_cost_of_a_pre_training_token():
    recompute = lt.LIFETIME.replace("pre-training", lt.Phase("pre-training", s.D, 8))
    assert lt.revealed_demand(LAW, 8e9, 15e12, lifetime=recompute) == pytest.approx(
        8 / 6 * lt.revealed_demand(LAW, 8e9, 15e12), rel=1e-14
    )
    folded = lt.LIFETIME.given(D_RL=s.D * 2 / 3)
    W = lt.revealed_demand(LAW, 8e9, 15e12, lifetime=folded, k_RL=3, e_RL=1 / 3)
    assert W == pytest.approx(2 * lt.revealed_demand(LAW, 8e9, 15e12), rel=1e-14)


def test_revealed_demand_of_symbols_is_its_formula():
    u, v = s.alpha * s.A * s.N**-s.alpha, s.beta * s.B * s.D**-s.beta
    assert sp.simplify(lt.revealed_demand(SYMBOLIC, s.N, s.D) - 6 * s.D * (u / v - 1)) == 0


@pytest.mark.parametrize("function", [lt.revealed_demand, lt.served_tokens])
def test_demand_is_revealed_by_a_cost_expression_too(function):
    given = WITHOUT_D_INF if function is lt.served_tokens else {}
    assert function(LAW, 8e9, 15e12, lifetime=lt.LIFETIME.cost, **given) == function(LAW, 8e9, 15e12, **given)


def test_a_demand_that_a_float_cannot_hold_is_named():
    steep = lt.ScalingLaw(0, 1, 1, 3, 3)
    with pytest.raises(ValueError, match="^W is not a finite number"):
        lt.revealed_demand(steep, 1e-60, 1e60)
    with pytest.raises(ValueError, match="^D_inf is not a finite number"):
        lt.served_tokens(steep, 1e-60, 1e60, **WITHOUT_D_INF)


# Numeric minimisation of any other cost


def test_the_numeric_path_agrees_with_the_closed_form_everywhere():
    law, rest, W = scenarios(2_000, seed=2)
    closed = lt.cheapest(law, loss=rest, lifetime=DEMAND, W=W)
    numeric = lt.cheapest(law, loss=rest, lifetime=DEMAND.cost + zero * s.N**2, W=W, zero=0)
    assert numeric.method == "numeric"
    np.testing.assert_allclose(numeric.N, closed.N, rtol=1e-12)
    np.testing.assert_allclose(numeric.D, closed.D, rtol=1e-12)


def test_the_numeric_dual_agrees_with_the_closed_form():
    cost = np.logspace(21, 28, 8)
    closed = lt.best(LAW, cost=cost, **OTHERS | {"D_inf": 1e11})
    numeric = lt.best(LAW, cost=cost, lifetime=GENERAL, zero=0, **OTHERS | {"D_inf": 1e11})
    assert numeric.method == "numeric"
    for name in ("N", "D", "loss"):
        np.testing.assert_allclose(getattr(numeric, name), getattr(closed, name), rtol=1e-12)


KV = 6 * s.N * s.D + sp.Max(2 * s.N, 4e10) * s.D_inf
PRICE_OF_SIZE = 6 * s.N * s.D + 2 * s.N * s.D_inf * (1 + (s.N / 1e11) ** sp.Rational(1, 2))
BETTER_WHEN_BIG = 6 * s.N * s.D * (1 + 1e9 / s.N) + 2 * s.N * s.D_inf
TWO_DIPS = 6 * s.N * s.D * (1 - 0.5 * sp.exp(-((sp.log(s.N / 1e11) / 0.2) ** 2))) + 0 * s.D_inf
FAR_DIP = 6 * s.N * s.D * (1 - 0.9 * sp.exp(-((2 * sp.log(s.N / 3e11)) ** 2))) + 0 * s.D_inf
CHIP = 6 * s.N * s.D + 2 * s.N * s.D_inf * sp.Piecewise((1, s.N < 2e10), (3, True))

NO_MINIMUM = "lifetime must be a cost that is continuous and, at this loss, least at a finite N and D"


def brute_force(expression, loss, **values):
    """N, D and cost of the least cost on a dense grid of the iso-loss curve."""
    cost = sp.lambdify(
        (s.N, s.D), expression.subs({s.MEANINGS[name].symbol: value for name, value in values.items()}), "numpy"
    )
    smallest = (LAW.A / (loss - LAW.E)) ** (1 / LAW.alpha)
    N = smallest * (1 + np.geomspace(1e-4, 1e4, 400_001))
    D = LAW.tokens_for(loss, N)
    best = np.argmin(cost(N, D))
    return N[best], D[best], cost(N, D)[best]


@pytest.mark.parametrize(
    "expression", [KV, PRICE_OF_SIZE, BETTER_WHEN_BIG, TWO_DIPS, FAR_DIP, CHIP], ids=lambda e: str(e)[:40]
)
def test_a_cost_of_the_readers_own_is_minimised_globally(expression):
    given = {"D_inf": 1e13} if s.D_inf in expression.free_symbols else {}
    plan = lt.cheapest(LAW, loss=LOSS, lifetime=expression, **given)
    N, D, cost = brute_force(expression, LOSS, **given)
    assert plan.method == "numeric"
    assert plan.status == "converged"
    assert plan.cost <= cost * (1 + 1e-7)
    assert (plan.N, plan.D) == pytest.approx((N, D), rel=1e-3), "the step of the grid is 5e-5 in N - smallest"
    assert plan.loss == LAW.loss(plan.N, plan.D) == pytest.approx(LOSS, rel=1e-14)


def test_a_kink_is_found_to_machine_precision():
    plan = lt.cheapest(LAW, loss=LOSS, lifetime=6 * s.N * s.D * (1 + sp.Abs(sp.log(s.N / 3e10))))
    assert plan.N == pytest.approx(3e10, rel=1e-12)


def test_every_scenario_finds_its_own_minimum():
    N = sp.Symbol("favourite", positive=True)
    favourites = np.array([2e10, 6e10, 2e11])
    dip = 6 * s.N * s.D * (1 - 0.5 * sp.exp(-((sp.log(s.N / N) / 0.2) ** 2)))
    many = lt.cheapest(LAW, loss=LOSS, lifetime=dip, favourite=favourites)
    for favourite, size in zip(favourites, many.N, strict=True):
        one = dip.subs(N, favourite)
        assert size == pytest.approx(brute_force(one, LOSS)[0], rel=1e-3)
        assert size == pytest.approx(lt.cheapest(LAW, loss=LOSS, lifetime=one).N, rel=1e-13)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (2 * s.N * 1e13, "the optimum is at infinity, for it still falls as D grows"),
        (s.D * 1e11, "the optimum is at infinity, for it still falls as N grows"),
        (sp.Min(2 * s.N * 1e13, 1e40), "the optimum is at infinity, for it still falls as D grows"),
        (6 * s.N * s.D / s.N**2, "the optimum is at infinity, for it still falls as N grows"),
    ],
    ids=str,
)
def test_a_cost_without_a_least_value_inside_is_refused(expression, why):
    with pytest.raises(ValueError, match=f"{NO_MINIMUM}; got .*: {why}"):
        lt.cheapest(LAW, loss=LOSS, lifetime=expression)


@pytest.mark.parametrize("expression", [sp.Min(6 * s.N * s.D, 1e22), sp.Integer(5)], ids=str)
def test_a_flat_cost_is_refused(expression):
    with pytest.raises(ValueError, match=f"{NO_MINIMUM}; got "):
        lt.cheapest(LAW, loss=LOSS, lifetime=expression)


def test_a_cost_that_jumps_where_it_is_least_is_refused():
    jump = CHIP.subs({s.D_inf: 1e13, 2e10: 1.3e10})
    with pytest.raises(ValueError, match=f"{NO_MINIMUM}; got .*: it jumps there"):
        lt.cheapest(LAW, loss=LOSS, lifetime=jump)


def test_a_cost_without_a_derivative_is_refused():
    with pytest.raises(
        ValueError, match=r"lifetime must have a cost that is piecewise differentiable in N and D; got .*ceiling"
    ):
        lt.cheapest(LAW, loss=LOSS, lifetime=6 * s.D * s.N * sp.ceiling(s.N / 1e10))


def test_a_cost_that_is_negative_is_refused():
    with pytest.raises(ValueError, match="lifetime must be such that its demand per parameter is 0 or more; got -1e"):
        lt.cheapest(LAW, loss=LOSS, lifetime=6 * s.N * s.D - 1e12 * s.N)
    with pytest.raises(
        ValueError, match="lifetime must be such that its cost per parameter and token of D is above 0; got -6"
    ):
        lt.cheapest(LAW, loss=LOSS, lifetime=1e12 * s.N - 6 * s.N * s.D)
    with pytest.raises(ValueError, match="lifetime must be such that its cost is above 0; got -"):
        lt.cheapest(LAW, loss=LOSS, lifetime=6 * s.N * s.D - s.N**2)


def test_the_best_model_for_a_cost_of_the_readers_own_costs_the_budget_and_undoes_cheapest():
    plan = lt.cheapest(LAW, loss=[1.95, 2.0, 2.3], lifetime=KV, D_inf=1e13)
    dual = lt.best(LAW, cost=plan.cost, lifetime=KV, D_inf=1e13)
    assert dual.method == "numeric"
    np.testing.assert_allclose(dual.loss, plan.loss, rtol=1e-13)
    np.testing.assert_allclose(dual.N, plan.N, rtol=1e-9)


@pytest.mark.parametrize("library", [list, pd.Series, lambda x: xr.DataArray(x, dims="loss")])
def test_the_numeric_path_takes_arrays_of_any_library(library):
    losses = np.array([2.0, 2.1])
    expected = lt.cheapest(LAW, loss=losses, lifetime=KV, D_inf=1e13).N
    np.testing.assert_allclose(lt.cheapest(LAW, loss=library(losses), lifetime=KV, D_inf=1e13).N, expected, rtol=1e-13)


@pytest.mark.parametrize("lifetime", [lt.LIFETIME, GENERAL], ids=["closed form", "numeric"])
@pytest.mark.parametrize("share", [1e-3, 0.5, 0.9, 0.999])
def test_a_budget_below_the_demand_of_one_parameter_is_refused(lifetime, share):
    given = OTHERS | ({} if lifetime is lt.LIFETIME else {"zero": 0})
    W = 3 * 1e12 / (1 / 3) + 2 * 1e13 / (1 / 3)
    message = f"cost must be above what the demand alone takes with a model of one parameter; got {share * W:.10g}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lt.best(LAW, cost=share * W, lifetime=lifetime, **given)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_budget_below_that_of_any_loss_is_refused_too(share):
    """The greatest loss that is searched is that of one parameter and one token."""
    given = OTHERS | {"zero": 0}
    least = lt.cheapest(LAW, loss=LAW.loss(1, 1), lifetime=GENERAL, **given).cost
    with pytest.raises(ValueError, match="^cost must be above what the demand alone takes with a model of one "):
        lt.best(LAW, cost=share * least, lifetime=GENERAL, **given)


@pytest.mark.parametrize("search", ["slope", "excess"])
def test_a_search_that_does_not_converge_is_an_error(search, monkeypatch):
    from scipy.optimize import elementwise

    find_root = elementwise.find_root

    def hurried(function, *args, **kwargs):
        return find_root(function, *args, maxiter=1 if search == "slope" or search in str(function) else 100, **kwargs)

    monkeypatch.setattr(elementwise, "find_root", hurried)
    with pytest.raises(ArithmeticError, match="the optimum did not converge"):
        lt.best(LAW, cost=COST, lifetime=KV, D_inf=1e13)


# Plans


def test_a_plan_accounts_for_itself():
    plan = lt.cheapest(LAW, loss=LOSS, **OTHERS)
    ledger = lt.LIFETIME.ledger(N=plan.N, D=plan.D, **OTHERS)
    assert (plan.cost, plan.flop, plan.shares) == (ledger.cost, ledger.flop, ledger.shares)
    assert plan.tokens_per_param == plan.D / plan.N
    assert plan.overtraining == LAW.overtraining(plan.N, plan.D)
    assert plan.loss == LOSS
    assert (plan.status, plan.method) == ("converged", "closed form")
    assert (plan.law, plan.lifetime, plan.assumptions) == (LAW, lt.LIFETIME, OTHERS)


def test_the_saving_is_against_the_compute_optimal_model_of_the_same_loss():
    plan = lt.cheapest(LAW, loss=LOSS, **OTHERS)
    N, D = LAW.compute_optimal_at_loss(LOSS)
    assert (plan.chinchilla.N, plan.chinchilla.D, plan.chinchilla.loss) == (N, D, LOSS)
    assert plan.saving == 1 - plan.cost / lt.LIFETIME.ledger(N=N, D=D, **OTHERS).cost
    assert 0.1 < plan.saving < 0.9


def test_the_table_of_a_plan_sets_it_beside_the_compute_optimal_model():
    plan = lt.cheapest(LAW, loss=LOSS, **OTHERS)
    table = plan.table()
    assert list(table.columns) == ["plan", "compute-optimal"]
    assert table.loc["N"].tolist() == [plan.N, plan.chinchilla.N]
    assert table.loc["over-training"].tolist() == pytest.approx([plan.overtraining, 1], rel=1e-12)
    assert table.loc["cost", "compute-optimal"] * (1 - plan.saving) == pytest.approx(
        table.loc["cost", "plan"], rel=1e-14
    )
    assert table.loc[table.index.str.startswith("share of")].sum().tolist() == pytest.approx([1, 1], rel=1e-14)


def test_a_plan_shows_itself_as_a_table_or_says_how_many_it_holds():
    plan = lt.cheapest(LAW, loss=LOSS, **OTHERS)
    for shown in (repr(plan), plan._repr_html_()):
        assert f"{plan.N / 1e9:.4g} B" in shown
        assert "2.0000" in shown
        assert "compute-optimal" in shown
    many = lt.cheapest(LAW, loss=[2.0, 2.1], **OTHERS)
    assert repr(many) == "<Plan of (2,) scenarios, closed form, converged>"
    assert many._repr_html_() is None
    with pytest.raises(ValueError, match=r"a table shows one scenario; this plan holds \(2,\) of them"):
        many.table()


@pytest.mark.parametrize(
    "solve",
    [lambda law, **given: lt.cheapest(law, loss=LOSS, **given), lambda law, **given: lt.best(law, cost=COST, **given)],
)
def test_a_law_of_draws_is_a_loop_over_laws(solve):
    rng = np.random.default_rng(0)
    draws = {name: value * rng.uniform(0.99, 1.01, (3, 1)) for name, value in LAW.coefficients.items()}
    served = np.array([0, 1e12, 1e13])
    many = solve(lt.ScalingLaw(**draws), **OTHERS | {"D_inf": served})
    assert many.N.shape == many.cost.shape == many.overtraining.shape == many.saving.shape == (3, 3)
    for i, j in np.ndindex(3, 3):
        one = solve(
            lt.ScalingLaw(**{name: value[i, 0] for name, value in draws.items()}), **OTHERS | {"D_inf": served[j]}
        )
        assert (many.N[i, j], many.D[i, j], many.saving[i, j]) == pytest.approx((one.N, one.D, one.saving), rel=1e-12)


# Bad input

FUNCTIONS = {
    "cheapest": (lambda **given: lt.cheapest(LAW, **given), {"loss": LOSS, **OTHERS}),
    "best": (lambda **given: lt.best(LAW, **given), {"cost": COST, **OTHERS}),
    "numeric cheapest": (lambda **given: lt.cheapest(LAW, lifetime=KV, **given), {"loss": LOSS, "D_inf": 1e12}),
    "numeric best": (lambda **given: lt.best(LAW, lifetime=KV, **given), {"cost": COST, "D_inf": 1e12}),
    "revealed_demand": (lambda **given: lt.revealed_demand(LAW, **given), {"N": 8e9, "D": 15e12}),
    "served_tokens": (lambda **given: lt.served_tokens(LAW, **given), {"N": 8e9, "D": 15e12, **WITHOUT_D_INF}),
}


@pytest.mark.parametrize(
    ("function", "name", "value", "message"),
    [
        pytest.param(f, *case.values, id=f"{f}: {case.id}")
        for f, (_, given) in FUNCTIONS.items()
        for case in refused(*given)
    ],
)
def test_a_bad_value_is_refused_by_name(function, name, value, message):
    call, given = FUNCTIONS[function]
    with pytest.raises(ValueError, match=message):
        call(**given | {name: value})


@pytest.mark.parametrize(
    ("function", "missing"), [(f, name) for f, (_, given) in FUNCTIONS.items() for name in given if name in OTHERS]
)
def test_a_missing_assumption_is_named(function, missing):
    call, given = FUNCTIONS[function]
    with pytest.raises(ValueError, match=f"missing assumption: {missing}; needed: "):
        call(**{name: value for name, value in given.items() if name != missing})


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_unknown_assumption_is_answered_by_the_closest(function):
    call, given = FUNCTIONS[function]
    with pytest.raises(ValueError, match="unknown assumption 'e_infer'; "):
        call(**given, e_infer=1)
    with pytest.raises(ValueError, match="unknown assumption 'd_inf'; (did you mean 'D_inf'|.*Valid: )"):
        call(**given, d_inf=1)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_shapes_that_do_not_fit_are_named(function):
    call, given = FUNCTIONS[function]
    first, second = list(given)[:2]
    with pytest.raises(ValueError, match=rf"must broadcast against each other; got {first} \(2,\), {second} \(3,\)"):
        call(**given | {first: [given[first]] * 2, second: [given[second]] * 3})


@pytest.mark.parametrize("loss", [1.8172, 1.5, [2.0, 1.0]])
@pytest.mark.parametrize("lifetime", [lt.LIFETIME, KV], ids=["closed form", "numeric"])
def test_a_loss_at_or_below_E_is_refused(loss, lifetime):
    given = OTHERS if lifetime is lt.LIFETIME else {"D_inf": 1e12}
    message = f"loss must be above 1.8172, the irreducible loss E of the law; got {np.ravel(loss)[-1]:.10g}"
    with pytest.raises(ValueError, match=re.escape(message)):
        lt.cheapest(LAW, loss=loss, lifetime=lifetime, **given)


@pytest.mark.parametrize("lifetime", [lt.LIFETIME, KV], ids=["closed form", "numeric"])
@pytest.mark.parametrize("cost", [1.0, 1e10, [1e25, 1e10]])
def test_a_budget_that_the_demand_alone_exceeds_is_refused(lifetime, cost):
    given = OTHERS if lifetime is lt.LIFETIME else {"D_inf": 1e12}
    message = (
        f"cost must be above what the demand alone takes with a model of one parameter; got {np.ravel(cost)[-1]:.10g}"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        lt.best(LAW, cost=cost, lifetime=lifetime, **given)


@pytest.mark.parametrize("lifetime", [lt.LIFETIME, GENERAL], ids=["closed form", "numeric"])
def test_a_budget_for_less_than_one_parameter_is_refused(lifetime):
    extra = {} if lifetime is lt.LIFETIME else {"zero": 0}
    W = 3 * 3 * 1e12 + 2 * 3 * 1e13
    assert lt.best(LAW, cost=W * 1.01, lifetime=lifetime, **OTHERS, **extra).N > 1
    with pytest.raises(
        ValueError, match="cost must be above what the demand alone takes with a model of one parameter"
    ):
        lt.best(LAW, cost=W * (1 + 1e-12), lifetime=lifetime, **OTHERS, **extra)


@pytest.mark.parametrize("lifetime", ["LIFETIME", None, 6, [1], s])
@pytest.mark.parametrize("function", [lt.cheapest, lt.best, lt.revealed_demand, lt.served_tokens])
def test_a_lifetime_that_is_none_is_refused(function, lifetime):
    given = {lt.cheapest: {"loss": LOSS}, lt.best: {"cost": COST}}.get(function, {"N": 8e9, "D": 15e12})
    with pytest.raises(
        ValueError, match="lifetime must be a lifetime.Lifetime or a sympy expression for the cost; got "
    ):
        function(LAW, lifetime=lifetime, **given)


@pytest.mark.parametrize("field", ["loss", "D_inf"])
def test_symbols_cannot_be_optimised_with(field):
    values = {"loss": LOSS, **OTHERS, field: s.MEANINGS[field].symbol}
    with pytest.raises(
        ValueError, match=f"{field} must be a number or an array to optimise with; got the expression {field}"
    ):
        lt.cheapest(LAW, **values)
    with pytest.raises(ValueError, match="E must be a number or an array to optimise with; got the expression E"):
        lt.best(SYMBOLIC, cost=COST, **OTHERS)


@pytest.mark.parametrize("function", [lt.revealed_demand, lt.served_tokens])
def test_demand_is_revealed_only_where_the_cost_is_linear_in_D(function):
    with pytest.raises(ValueError, match=r"lifetime must have a cost of the form N·\(κ·D \+ W\); got 6\*D\*N\*\*2"):
        function(LAW, 8e9, 15e12, lifetime=6 * s.D * s.N**2)


@pytest.mark.parametrize("tokens", [0, s.D_inf**2, s.D * s.D_inf], ids=str)
def test_served_tokens_need_a_cost_that_is_linear_in_them(tokens):
    lifetime = lt.LIFETIME.replace("inference", lt.Phase("inference", tokens, 2))
    given = {name: value for name, value in WITHOUT_D_INF.items() if name != "e_inf"}
    with pytest.raises(ValueError, match="lifetime must have a cost that is linear in D_inf, and has not"):
        lt.served_tokens(LAW, 8e9, 15e12, lifetime=lifetime, **given)


def test_a_size_that_no_float_holds_is_an_error():
    law = lt.ScalingLaw(0, 1, 1, 0.001, 0.3)
    with pytest.raises(ValueError, match=r"N is not a finite number \(too large or too small for a float\)"):
        lt.cheapest(law, loss=[5.0, 6.0], **NO_DEMAND)


def test_steps_that_do_not_converge_are_an_error():
    from lifetime.theory.closed_form import trinomial as _trinomial

    # Rounding, which a slope of 1e-15 turns into steps, differs between processors: one of a thousand is enough.
    with pytest.raises(ArithmeticError, match=r"the optimum did not converge: last step \d\S* in ln D"):
        _trinomial(np.geomspace(1e-17, 1e-12, 1000), np.float64(1e-15), 1.0)


def test_a_symbol_of_the_readers_own_is_what_it_is_declared_to_be():
    refused = "tokens_of_mine must be 0 or more, as its symbol is declared; got -1"
    negative = "lifetime must be such that its demand per parameter is 0 or more"
    for declared, message in ((True, refused), (None, negative)):
        own = lt.LIFETIME + lt.Phase("own", sp.Symbol("tokens_of_mine", positive=declared), 2)
        with pytest.raises(ValueError, match=message):
            lt.cheapest(LAW, loss=LOSS, lifetime=own, tokens_of_mine=-1, D_RL=0, D_inf=0)
    with pytest.raises(ValueError, match="size_of_mine must be 0 or more, as its symbol is declared; got -0.5"):
        lt.cheapest(LAW + sp.Symbol("size_of_mine", positive=True), loss=LOSS, size_of_mine=-0.5, D_RL=0, D_inf=0)
