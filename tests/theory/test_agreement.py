"""Independent routes to the same answer: derivations in sympy, 40 digits, brute force, other solvers."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from scipy import optimize

import lifetime as lt
from cases import DEMAND, LAW, OTHERS, SYMBOLIC, scenarios
from lifetime import symbols as s
from lifetime.theory import closed_form
from lifetime.theory.closed_form import trinomial as _trinomial

y, k, rest, D0, N0, C, lam = sp.symbols("y k rest D_0 N_0 C lambda", positive=True)
COST = s.N * (s.kappa * s.D + s.W)


def same(one, other):
    return sp.simplify(sp.powsimp(sp.expand(one - other), force=True)) == 0


# Derivations


@pytest.fixture(scope="module")
def first_order_condition():
    """From the Lagrangian of the least cost at a loss: what must vanish, the multiplier eliminated."""
    lagrangian = COST + lam * (SYMBOLIC.loss(s.N, s.D) - s.loss)
    (multiplier,) = sp.solve(sp.diff(lagrangian, s.D), lam)
    return sp.expand(sp.diff(lagrangian, s.N).subs(lam, multiplier) * s.N)


def test_at_the_cheapest_model_lifetime_over_pre_training_cost_is_the_ratio_of_marginal_returns(first_order_condition):
    ratio = s.alpha * s.A * s.N**-s.alpha / (s.beta * s.B * s.D**-s.beta)
    (W,) = sp.solve(first_order_condition, s.W)
    assert same((s.kappa * s.D + W) / (s.kappa * s.D), ratio)
    assert same(W.subs(s.kappa, 6), lt.revealed_demand(SYMBOLIC, s.N, s.D))


def test_the_first_order_condition_is_the_trinomial(first_order_condition):
    """D = y·D0 on the iso-loss curve; both terms of the loss by what is left of it, so that A and B drop out."""
    of_tokens = s.alpha / (s.alpha + s.beta) * rest * y**-s.beta
    condition = first_order_condition.subs(s.A, (rest - of_tokens) * s.N**s.alpha)
    condition = condition.subs(s.B, of_tokens * s.D**s.beta).subs(s.D, y * D0)
    scaled = condition / (s.N * s.kappa * D0) * s.beta / (s.alpha + s.beta)
    k = s.beta * s.W / (s.kappa * (s.alpha + s.beta) * D0)
    assert same(scaled, y + k - y ** (1 + s.beta))


def test_the_dual_has_the_trinomial_with_a_power():
    """D = y·Dc, with Dc (here D0) the compute-optimal tokens for all of the budget; B by what that means."""
    slope = s.D * sp.diff(SYMBOLIC.loss(C / (s.kappa * s.D + s.W), s.D), s.D)
    (B,) = sp.solve(slope.subs(s.W, 0).subs(s.D, D0), s.B)
    scaled = slope.subs(s.B, B).subs({s.D: y * D0, s.W: k * s.kappa * D0}) / (
        s.alpha * s.A * (s.kappa * D0 / C) ** s.alpha
    )
    trinomial = y ** (1 + s.beta) - (y + k) ** (1 - s.alpha)
    assert same(scaled, trinomial * y**-s.beta * (y + k) ** (s.alpha - 1))


def test_the_floor_of_the_size_is_a_limit():
    _, D_0 = SYMBOLIC.compute_optimal_at_loss(s.E + rest)
    size = SYMBOLIC.params_for(s.E + rest, D_0 * y) / SYMBOLIC.compute_optimal_at_loss(s.E + rest)[0]
    floor = (s.beta / (s.alpha + s.beta)) ** (1 / s.alpha)
    values = {s.alpha: sp.Rational(1, 3), s.beta: sp.Rational(1, 2), s.A: 5, s.B: 7, rest: 1, s.E: 0}
    assert sp.limit(size.subs(values), y, sp.oo) == floor.subs(values)


def test_the_elasticity_of_tokens_in_demand_goes_from_0_to_1_over_1_plus_beta():
    demand = y ** (1 + s.beta) - y
    elasticity = sp.simplify(demand / (y * sp.diff(demand, y)))
    x = sp.Symbol("x", positive=True)  # y^β
    elasticity = sp.simplify(elasticity.subs(y, x ** (1 / s.beta)))
    assert sp.limit(elasticity, x, sp.oo) == 1 / (1 + s.beta)
    assert sp.limit(elasticity, x, 1) == 0


def test_serving_equals_training_where_y_to_the_beta_is_1_plus_beta_over_alpha_plus_beta():
    served_over_trained = s.W / (s.kappa * y * D0)
    equal = served_over_trained.subs(s.W, (y ** (1 + s.beta) - y) * s.kappa * (s.alpha + s.beta) * D0 / s.beta)
    assert same(equal.subs(y, (1 + s.beta / (s.alpha + s.beta)) ** (1 / s.beta)), sp.Integer(1))


def test_overtraining_is_the_marginal_ratio_to_the_power_1_over_beta():
    ratio = s.alpha * s.A * s.N**-s.alpha / (s.beta * s.B * s.D**-s.beta)
    difference = sp.log(SYMBOLIC.overtraining(s.N, s.D)) - sp.log(ratio) / s.beta
    assert sp.simplify(sp.expand_log(difference, force=True)) == 0


# Forty digits


def root(k, beta, m=1):
    """The root u of (1+β)·u = m·ln(e^u + k), by Newton's steps in 40 digits."""
    with mp.workdps(40):
        k, beta, m = mp.mpf(k), mp.mpf(beta), mp.mpf(m)
        u = m / (1 + beta) * mp.log(1 + k * (1 + beta) / (1 + beta - m))
        for _ in range(100):
            step = ((1 + beta) * u - m * mp.log(mp.exp(u) + k)) / (1 + beta - m * mp.exp(u) / (mp.exp(u) + k))
            u -= step
            if abs(step) < mp.mpf(10) ** -35:
                return float(u)
        raise AssertionError("Newton's steps did not end")


@pytest.mark.parametrize("m", [1.0, 0.65, -0.5])
def test_the_steps_are_the_formula_of_a_step(m):
    """Newton's, derived here, and what the package computes without new memory."""
    derived = y - (y - (y + k) ** (m / (1 + s.beta))) / sp.diff(y - (y + k) ** (m / (1 + s.beta)), y)
    assert sp.simplify((closed_form.step(y, k, s.beta, m) - derived).subs(s.beta, sp.Rational(1, 3))) == 0
    given, beta = np.geomspace(1e-6, 1e6, 50), np.float64(0.3)
    by_formula = closed_form.start(given, beta, m)
    for _ in range(closed_form.steps(beta, m)):
        by_formula = closed_form.step(by_formula, given, beta, m)
    np.testing.assert_allclose(closed_form.trinomial(given, beta, m), by_formula, rtol=1e-14)


def test_no_more_steps_are_taken_than_are_needed():
    assert [closed_form.steps(beta, 1.0) for beta in (0.1, 0.25, 0.366, 2)] == [4, 3, 3, 3]
    assert [closed_form.steps(0.366, m) for m in (-0.5, 0, 0.5)] == [4, 3, 3]


DEMANDS = [0, 1e-15, 1e-6, 0.01, 0.3, 1, 10, 1e3, 1e8, 1e15, 1e22, 1e30]


@pytest.mark.parametrize("beta", [0.001, 0.005, 0.0199, 0.02, 0.0999, 0.1, 0.1999, 0.2, 0.285, 0.366, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("m", [1.0, 0.9, 0.65, 0.3, 0.0, -1.0])
def test_the_steps_reach_the_root_to_machine_precision(beta, m):
    """That is: to what rounding ln(e^u + k) once, where the slope of the equation is 1 + β − m or more, does to u."""
    u = np.log(_trinomial(np.array(DEMANDS), np.float64(beta), m))
    expected = np.array([root(k, beta, m) for k in DEMANDS])
    rounding = np.finfo(float).eps * (np.abs(expected) + 1 / (1 + beta - m))
    assert (np.abs(u - expected) <= 2 * rounding).all()


# Brute force, and other solvers


@pytest.mark.parametrize("beta", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("W", [0, 1e6, 1e14, 1e22])
@pytest.mark.parametrize("rest", [1e-6, 1e-2, 10])
def test_cheapest_is_the_least_of_a_dense_grid_and_of_a_golden_search(beta, W, rest):
    """In another parametrisation: D as a multiple of the least D that reaches the loss, N by the inverse of the law."""
    law = lt.ScalingLaw(0, 482.01, 2085.43, 0.3478, beta)
    plan = lt.cheapest(law, loss=rest, lifetime=DEMAND, W=W)
    fewest = (law.B / rest) ** (1 / law.beta)

    def log_cost(t):
        D = fewest * (1 + np.exp(t))
        return np.log(law.params_for(rest, D)) + np.log(6 * D + W)

    grid = np.linspace(-15, 60, 1501)
    values = log_cost(grid)
    i = values.argmin()
    assert 0 < i < grid.size - 1
    found = optimize.minimize_scalar(log_cost, bracket=grid[i - 1 : i + 2], method="golden", tol=1e-12)
    assert np.log(plan.cost) <= found.fun + 1e-13 * abs(found.fun)
    assert np.log(plan.cost) == pytest.approx(found.fun, rel=1e-13)
    curvature = (
        values[i - 1] + values[i + 1] - 2 * values[i]
    )  # a step of the grid, squared, times the second derivative
    flat = np.sqrt(1e-13 * abs(found.fun) / curvature) * np.diff(grid)[0]  # where rounding hides the slope
    assert np.log(plan.D / fewest - 1) == pytest.approx(found.x, abs=max(1e-9, 10 * flat))


def test_cheapest_is_the_answer_of_a_constrained_optimiser():
    def in_logs(function):
        return lambda x: np.log(function(*np.exp(x)))

    cost = lambda N, D: lt.LIFETIME.ledger(N=N, D=D, **OTHERS).cost
    limit = {"type": "eq", "fun": in_logs(lambda N, D: (LAW.loss(N, D) - LAW.E) / (2.0 - LAW.E))}
    start = np.log(LAW.compute_optimal_at_loss(2.0))
    found = optimize.minimize(in_logs(cost), start, constraints=limit, method="SLSQP", options={"ftol": 1e-15})
    plan = lt.cheapest(LAW, loss=2.0, **OTHERS)
    assert found.success
    assert np.exp(found.x) == pytest.approx([plan.N, plan.D], rel=1e-5), "its slopes are finite differences"
    assert plan.cost <= np.exp(found.fun) * (1 + 1e-12)


def test_cheapest_is_the_root_of_the_condition_that_scripts_solve():
    """Sardana et al. (2024), arXiv 2401.00448, appendix A: Newton's method in D, then N from the loss."""
    E, A, B, alpha, beta = LAW.coefficients.values()
    loss, D_inf = 2.0, 1e13

    def condition(D):
        return (beta * B / alpha + B) * D**-beta + D_inf * beta * B / (3 * alpha) * D ** (-beta - 1) + E - loss

    D = optimize.newton(condition, LAW.compute_optimal_at_loss(loss)[1], tol=1e-3, maxiter=200)
    plan = lt.cheapest(LAW, loss=loss, D_RL=0, D_inf=D_inf, k_RL=3, e_RL=1, e_inf=1)
    assert plan.D == pytest.approx(D, rel=1e-12)
    assert plan.N == pytest.approx((A / (loss - E - B * D**-beta)) ** (1 / alpha), rel=1e-12)


def test_best_is_the_least_loss_of_a_dense_grid():
    plan = lt.best(LAW, cost=1e25, **OTHERS)
    W = OTHERS["k_RL"] * OTHERS["D_RL"] / OTHERS["e_RL"] + 2 * OTHERS["D_inf"] / OTHERS["e_inf"]
    D = plan.D * np.linspace(0.5, 2, 30_001)
    losses = LAW.loss(1e25 / (6 * D + W), D)
    assert plan.loss <= losses.min()
    assert D[losses.argmin()] == pytest.approx(plan.D, rel=1e-4), "two steps of the grid"


def test_the_numeric_path_and_the_closed_form_agree_on_best_over_random_laws():
    law, rest, W = scenarios(60, seed=3)
    closed = lt.cheapest(law, loss=rest, lifetime=DEMAND, W=W)
    keep = closed.N > 2
    law = lt.ScalingLaw(0, *(law.coefficients[name][keep] for name in ("A", "B", "alpha", "beta")))
    zero = sp.Symbol("zero", nonnegative=True)
    for lifetime, extra in ((DEMAND, {}), (DEMAND.cost + zero * s.N**2, {"zero": 0})):
        dual = lt.best(law, cost=closed.cost[keep], lifetime=lifetime, W=W[keep], **extra)
        np.testing.assert_allclose(dual.loss, rest[keep], rtol=1e-12)
        np.testing.assert_allclose(dual.D, closed.D[keep], rtol=1e-10)


def test_the_cost_is_the_same_by_symbols_by_the_ledger_and_by_hand():
    symbolic = sp.lambdify([s.MEANINGS[name].symbol for name in ("N", "D", *OTHERS)], lt.LIFETIME.cost)(
        8e9, 15e12, *OTHERS.values()
    )
    by_hand = 6 * 8e9 * 15e12 + 3 * 8e9 * 1e12 * 3 + 2 * 8e9 * 1e13 * 3
    assert symbolic == pytest.approx(by_hand, rel=1e-15)
    assert lt.LIFETIME.ledger(N=8e9, D=15e12, **OTHERS).cost == pytest.approx(by_hand, rel=1e-15)
