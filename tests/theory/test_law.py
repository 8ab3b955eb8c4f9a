import re

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given
from hypothesis import strategies as st

import lifetime as lt
from cases import LAW, SYMBOLIC, assumptions, corpora, laws, powers_of_ten, refused, sizes
from lifetime import symbols as s

FIELDS = ("E", "A", "B", "alpha", "beta")
METHODS = {
    "loss": ("N", "D"),
    "tokens_for": ("loss", "N"),
    "params_for": ("loss", "D"),
    "compute_optimal": ("flop",),
    "compute_optimal_at_loss": ("loss",),
    "compute_optimal_tokens": ("N",),
    "overtraining": ("N", "D"),
}
VALUES = {"N": 8e9, "D": 15e12, "loss": 2.1, "flop": 1e24}
EPS = np.finfo(float).eps
below_E = powers_of_ten(-6, 1)


def call(law, method, **changes):
    """The results of a method, as a tuple."""
    result = getattr(law, method)(**{name: (VALUES | changes)[name] for name in METHODS[method]})
    return result if isinstance(result, tuple) else (result,)


def symbolic(method):
    return getattr(SYMBOLIC, method)(*(getattr(s, name) for name in METHODS[method]))


def same(one, other):
    """Whether two positive expressions are equal: the difference of their logarithms is 0."""
    return sp.simplify(sp.expand_log(sp.log(one) - sp.log(other), force=True)) == 0


# The formulas


def test_the_loss_is_the_equation():
    assert symbolic("loss") - (s.E + s.A / s.N**s.alpha + s.B / s.D**s.beta) == 0


def test_both_inverses_invert_the_loss_symbolically():
    assert sp.simplify(SYMBOLIC.tokens_for(symbolic("loss"), s.N)) == s.D
    assert sp.simplify(SYMBOLIC.params_for(symbolic("loss"), s.D)) == s.N


def test_at_the_compute_optimum_the_marginal_returns_are_equal():
    N, D = symbolic("compute_optimal")
    assert same(s.alpha * s.A * N**-s.alpha, s.beta * s.B * D**-s.beta)
    assert same(6 * N * D, s.flop)


def test_the_compute_optimum_at_a_loss_has_that_loss_and_equal_marginal_returns():
    rest = sp.Symbol("rest", positive=True)
    N, D = SYMBOLIC.compute_optimal_at_loss(s.E + rest)
    assert same(s.A * N**-s.alpha, s.beta * rest / (s.alpha + s.beta))
    assert same(s.B * D**-s.beta, s.alpha * rest / (s.alpha + s.beta))


def test_the_compute_optimal_tokens_are_those_of_the_compute_optimum():
    N, D = symbolic("compute_optimal")
    assert same(SYMBOLIC.compute_optimal_tokens(N), D)


def test_overtraining_is_tokens_over_compute_optimal_tokens():
    assert symbolic("overtraining") == s.D / symbolic("compute_optimal_tokens")


@pytest.mark.parametrize("method", METHODS)
def test_symbols_and_numbers_give_the_same(method):
    names = (*FIELDS, *METHODS[method])
    formula = sp.lambdify([s.MEANINGS[name].symbol for name in names], symbolic(method), "math")
    expected = formula(*({**LAW.coefficients, **VALUES}[name] for name in names))
    assert call(LAW, method) == pytest.approx(expected if isinstance(expected, tuple) else (expected,), rel=1e-13)


@pytest.mark.parametrize("method", METHODS)
def test_a_numeric_law_gives_a_formula_for_a_symbol(method):
    name = METHODS[method][0]
    formulas = call(LAW, method, **{name: s.MEANINGS[name].symbol})
    numbers = tuple(float(formula.subs(s.MEANINGS[name].symbol, VALUES[name])) for formula in formulas)
    assert numbers == pytest.approx(call(LAW, method), rel=1e-13)


# Round trips


@given(law=laws, N=sizes, D=corpora)
def test_tokens_for_and_params_for_undo_the_loss(law, N, D):
    loss = law.loss(N, D)
    u, v = law.A * N**-law.alpha, law.B * D**-law.beta
    assume(min(u, v) > 100 * EPS * loss)  # else the loss, as a float, has forgotten the smaller term
    rounding = lambda term, exponent: 20 * EPS * (1 + loss / term / exponent)
    assert law.tokens_for(loss, N) == pytest.approx(D, rel=rounding(v, law.beta))
    assert law.params_for(loss, D) == pytest.approx(N, rel=rounding(u, law.alpha))


@given(law=laws, rest=below_E)
def test_compute_optimal_from_flop_and_from_loss_agree(law, rest):
    law = lt.ScalingLaw(0, law.A, law.B, law.alpha, law.beta)
    N, D = law.compute_optimal_at_loss(rest)
    assert law.loss(N, D) == pytest.approx(rest, rel=1e-13)
    assert law.compute_optimal(6 * N * D) == pytest.approx((N, D), rel=1e-12)
    assert law.compute_optimal_tokens(N) == pytest.approx(D, rel=1e-12)
    assert law.overtraining(N, 7 * D) == pytest.approx(7, rel=1e-12)


@given(law=laws, flop=powers_of_ten(15, 30))
def test_no_other_size_of_the_same_compute_has_a_lower_loss(law, flop):
    N, D = law.compute_optimal(flop)
    assert 6 * N * D == pytest.approx(flop, rel=1e-13)
    for factor in (0.5, 0.9, 1.1, 2):
        assert law.loss(N * factor, D / factor) > law.loss(N, D)


@pytest.mark.parametrize(("method", "name"), [(method, name) for method in METHODS for name in METHODS[method]])
def test_every_argument_moves_the_result(method, name):
    changed = call(LAW, method, **{name: VALUES[name] * 1.01})
    assert all(before != after for before, after in zip(call(LAW, method), changed, strict=True))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("field", FIELDS)
def test_every_field_moves_the_results_that_depend_on_it(method, field):
    law = lt.ScalingLaw(**LAW.coefficients | {field: LAW.coefficients[field] * 1.01})
    formulas = call(SYMBOLIC, method, **{name: s.MEANINGS[name].symbol for name in METHODS[method]})
    for result, other, formula in zip(call(LAW, method), call(law, method), formulas, strict=True):
        assert (result != other) == (s.MEANINGS[field].symbol in formula.free_symbols)


# Laws of arrays


@pytest.mark.parametrize("method", METHODS)
def test_a_law_of_draws_is_a_loop_over_laws(method):
    rng = np.random.default_rng(0)
    draws = {name: value * rng.uniform(0.95, 1.05, (4, 1)) for name, value in LAW.coefficients.items()}
    name = METHODS[method][0]
    values = VALUES[name] * np.array([1.0, 1.1, 1.2])
    many = call(lt.ScalingLaw(**draws), method, **{name: values})
    assert {result.shape for result in many} == {(4, 3)}
    for i, j in np.ndindex(4, 3):
        one = lt.ScalingLaw(**{field: value[i, 0] for field, value in draws.items()})
        assert tuple(result[i, j] for result in many) == pytest.approx(
            call(one, method, **{name: values[j]}), rel=1e-14
        )


def test_lists_and_zero_dimensional_arrays_are_arrays_and_numbers():
    assert LAW.loss([1e9, 2e9], 1e12).shape == (2,)
    assert isinstance(LAW.loss(np.array(1e9), np.float64(1e12)), float)
    assert lt.ScalingLaw(1, [2, 3], 4, 1, 1).loss(1e9, 1e12).shape == (2,)


def test_a_law_shows_its_name_and_its_numbers():
    law = lt.ScalingLaw(1.0, 2.0, 3.0, 0.25, 0.5, name="own", source="nowhere")
    assert repr(law) == "ScalingLaw(E=1.0, A=2.0, B=3.0, alpha=0.25, beta=0.5, name='own')"
    assert law.coefficients == {"E": 1, "A": 2, "B": 3, "alpha": 0.25, "beta": 0.5}
    assert law.source == "nowhere"


def test_a_law_cannot_be_changed():
    with pytest.raises(AttributeError):
        LAW.beta = 0.5


# Uncertain laws

COVARIANCE = 1e-4 * (np.eye(5) + 0.5)


def test_a_law_may_carry_its_covariance_whether_it_is_of_numbers_or_of_arrays():
    for coefficients in (LAW.coefficients, LAW.coefficients | {"alpha": [0.3, 0.4]}):
        law = lt.ScalingLaw(**coefficients, covariance=COVARIANCE.tolist())
        assert np.array_equal(law.covariance, COVARIANCE)
        assert "covariance" not in law.coefficients
        assert "0.0001" not in repr(law)
    assert LAW.covariance is None
    assert np.all(lt.ScalingLaw(**LAW.coefficients, covariance=COVARIANCE).loss(1e9, 1e12) == LAW.loss(1e9, 1e12))


@pytest.mark.parametrize(
    ("covariance", "got"),
    [
        (np.eye(4), r"got shape \(4, 4\) with diagonal \[1. 1. 1. 1.\]"),
        (0.1, r"got shape \(\)$"),
        (np.ones(5), r"got shape \(5,\)$"),
        (np.triu(COVARIANCE), r"got shape \(5, 5\) with diagonal \[0.00015"),
        (COVARIANCE - np.diag([0.001, 0, 0, 0, 0]), r"with diagonal \[-0.00085"),
        (np.ones((5, 5)) + COVARIANCE - np.diag([0.1] * 5), "with diagonal"),
        (COVARIANCE + np.triu(0.5 * COVARIANCE, 1), "with diagonal"),
        (np.zeros((5, 5)), "with diagonal"),
        (COVARIANCE * np.nan, "with diagonal"),
        (np.diag([np.inf, 1, 1, 1, 1]), "with diagonal"),
    ],
)
def test_what_is_no_covariance_is_refused(covariance, got):
    message = r"covariance must be a symmetric, positive definite matrix of shape \(5, 5\), or \(6, 6\) with gamma; "
    with pytest.raises(ValueError, match=message + ".*" + got):
        lt.ScalingLaw(**LAW.coefficients, covariance=covariance)


def test_intervals_of_a_law_of_arrays_are_the_quantiles_of_each_coefficient():
    draws = lt.ScalingLaw(0, 400 + np.arange(101.0), 2000, [[0.3], [0.4]], 0.36)
    found = draws.intervals()
    assert list(found.index) == list(FIELDS)
    assert list(found.columns) == ["low", "median", "high"]
    assert found.loc["A"].tolist() == pytest.approx([410, 450, 490], rel=1e-12)
    assert found.loc["alpha"].tolist() == pytest.approx([0.31, 0.35, 0.39], rel=1e-12)
    assert found.loc[["E", "B", "beta"], "low"].tolist() == [0, 2000, 0.36]
    assert draws.intervals(level=0.5).loc["A"].tolist() == pytest.approx([425, 450, 475], rel=1e-12)


@pytest.mark.parametrize("law", [LAW, SYMBOLIC], ids=["numbers", "symbols"])
def test_a_law_of_single_numbers_has_no_intervals(law):
    message = f"intervals need a law of arrays; got {law!r}. If it is uncertain, draw it first: law.sample"
    with pytest.raises(ValueError, match=re.escape(message)):
        law.intervals()


# The outer exponent

GAMMA = lt.ScalingLaw(E=1.22, A=3355, B=18186, alpha=0.408, beta=0.431, gamma=0.452)
"""Busbridge et al. (2025), arXiv 2502.08606, Table 6, supervised."""
gammas = st.floats(0.2, 2)


def with_gamma(law, gamma):
    return lt.ScalingLaw(**law.coefficients | {"gamma": gamma})


def test_the_published_law_with_an_outer_exponent_gives_its_published_losses():
    assert GAMMA.loss(7.75e9, 20 * 7.75e9) == pytest.approx(2.0036, abs=1e-4)
    assert GAMMA.loss(198e6, 20 * 198e6) == pytest.approx(2.7894, abs=1e-4)
    N, D = GAMMA.compute_optimal(5.76e23)
    assert (N, D / N) == (pytest.approx(80.0e9, rel=1e-3), pytest.approx(15.0, rel=2e-3))


@given(law=laws, gamma=gammas, N=sizes, D=corpora)
def test_both_inverses_undo_a_loss_with_an_outer_exponent(law, gamma, N, D):
    law = with_gamma(lt.ScalingLaw(0, law.A, law.B, law.alpha, law.beta), gamma)
    u, v = law.A * N**-law.alpha, law.B * D**-law.beta
    rounding = 1e-13 * (1 + (u + v) / min(u, v)) / min(law.alpha, law.beta) / min(1, gamma)
    assert law.tokens_for(law.loss(N, D), N) == pytest.approx(D, rel=rounding)
    assert law.params_for(law.loss(N, D), D) == pytest.approx(N, rel=rounding)
    assert law.loss(N, D) == pytest.approx((u + v) ** gamma, rel=1e-12)


@given(law=laws, gamma=gammas, flop=powers_of_ten(18, 28), N=sizes, D=corpora)
def test_the_compute_optimum_and_the_demand_do_not_depend_on_it(law, gamma, flop, N, D):
    other = with_gamma(law, gamma)
    assert other.compute_optimal(flop) == law.compute_optimal(flop)
    assert other.compute_optimal_tokens(N) == law.compute_optimal_tokens(N)
    assert other.overtraining(N, D) == law.overtraining(N, D)
    assert lt.revealed_demand(other, N, D) == lt.revealed_demand(law, N, D)


@given(law=laws, gamma=gammas, values=assumptions)
def test_the_cheapest_of_an_equal_model_is_the_same_model(law, gamma, values):
    """Equal loss is equal (A·N^-α + B·D^-β), whatever power of it the loss is."""
    law = lt.ScalingLaw(0, law.A, law.B, law.alpha, law.beta)
    other = with_gamma(law, gamma)
    plan, same = (lt.cheapest(each, loss=each.loss(7e9, 2e12), **values) for each in (law, other))
    assert (same.N, same.D) == pytest.approx((plan.N, plan.D), rel=1e-10 / min(1, gamma))
    if plan.N > 2:
        dual = lt.best(other, cost=plan.cost, **values)
        assert (dual.N, dual.D, dual.loss) == pytest.approx((plan.N, plan.D, same.loss), rel=1e-9)


def test_a_numeric_cost_takes_it_too():
    own = lt.LIFETIME.cost + 1e11 * s.D
    given = {"D_RL": 0, "D_inf": 1e13, "k_RL": 3, "e_RL": 1, "e_inf": 1}
    law = with_gamma(LAW, 0.5)
    plan, plain = (lt.cheapest(each, loss=each.loss(7e9, 2e12), lifetime=own, **given) for each in (law, LAW))
    assert plan.method == "numeric"
    assert (plan.N, plan.D) == pytest.approx((plain.N, plain.D), rel=1e-10)
    dual = lt.best(law, cost=plan.cost, lifetime=own, **given)
    assert (dual.N, dual.loss) == pytest.approx((plan.N, plan.loss), rel=1e-8)


def test_leaving_the_compute_optimum_costs_far_more_by_a_law_of_a_small_outer_exponent():
    """Thirds, 3^(1/β): 20 by the Chinchilla refit, 4.5 by the xLSTM authors' fit with gamma 0.343 and beta 0.7289."""
    assert 3 ** (1 / lt.laws.Besiroglu2024.beta) == pytest.approx(20.1, rel=1e-2)
    assert 3 ** (1 / 0.7289) == pytest.approx(4.51, rel=1e-2)


@given(law=laws, gamma=gammas, N=sizes)
def test_no_amount_of_data_gets_below_the_least_size(law, gamma, N):
    law = with_gamma(law, gamma)
    loss = law.loss(N, 1e12)
    least = law.least_params(loss)
    assert least < N
    law.tokens_for(loss, least * 1.001)
    with pytest.raises(ValueError, match="N must be above .* to reach the loss"):
        law.tokens_for(loss, least * 0.999)


def test_gamma_is_a_coefficient_only_where_it_is_not_one():
    assert "gamma" not in LAW.coefficients
    assert GAMMA.coefficients["gamma"] == 0.452
    assert lt.ScalingLaw(*LAW.coefficients.values(), gamma=[1, 2]).loss(1e9, 1e10).shape == (2,)
    symbolic = lt.ScalingLaw(s.E, s.A, s.B, s.alpha, s.beta, s.gamma)
    assert symbolic.loss(s.N, s.D) == s.E + (s.A * s.N**-s.alpha + s.B * s.D**-s.beta) ** s.gamma
    assert sp.simplify(symbolic.tokens_for(symbolic.loss(s.N, s.D), s.N)) == s.D


# Draws


def test_a_law_is_drawn_with_its_coefficients_together():
    law = lt.laws.Besiroglu2024
    draws = law.sample(20_000, rng=0)
    logs = np.stack([np.log(draws.A), np.log(draws.B), np.log(draws.E), draws.alpha, draws.beta])
    assert np.abs(np.corrcoef(draws.alpha, np.log(draws.A))[0, 1]) > 0.99
    np.testing.assert_allclose(np.cov(logs), law.covariance, rtol=0.05, atol=2e-5)
    again = law.sample(20_000, rng=0)
    assert np.array_equal(again.A, draws.A)
    assert not np.array_equal(law.sample(20_000, rng=1).A, draws.A)


def test_gamma_is_drawn_with_the_others_where_it_was_fitted():
    covariance = np.diag([1e-3] * 3 + [1e-4] * 3)
    draws = lt.ScalingLaw(**GAMMA.coefficients, covariance=covariance).sample(5000, rng=0)
    assert draws.gamma.std() == pytest.approx(0.01, rel=0.05)
    both = lt.sample({"law": lt.OneOf([lt.ScalingLaw(**GAMMA.coefficients, covariance=covariance), LAW])}, 1024, rng=0)
    assert np.mean(both["law"].gamma == 1) == 0.5
    five = lt.ScalingLaw(**GAMMA.coefficients, covariance=covariance[:5, :5]).sample(50, rng=0)
    assert (five.gamma == 0.452).all()


def test_a_law_of_arrays_is_drawn_from_its_elements():
    table = lt.ScalingLaw(1.8, [400, 500, 600], 2000, [0.33, 0.34, 0.35], 0.36)
    draws = table.sample(300, rng=0)
    assert draws.A.shape == (300,)
    assert {*zip(draws.A, draws.alpha)} == {(400, 0.33), (500, 0.34), (600, 0.35)}
    refit = lt.laws.Sardana2024Refit.sample(2000, rng=0)
    assert np.isin(refit.alpha, lt.laws.Sardana2024Refit.draws.alpha).all()


def test_a_gamma_of_one_stays_out_of_the_coefficients_of_draws():
    assert "gamma" not in lt.laws.Besiroglu2024.sample(10, rng=0).coefficients
    steep = lt.ScalingLaw(1.8, [400, 500], 2000, 0.34, 1.0, [0.4, 0.5])
    assert {*steep.sample(50, rng=0).gamma} == {0.4, 0.5}


def test_a_law_of_which_nothing_is_known_is_not_drawn():
    with pytest.raises(ValueError, match="law must have arrays, draws or a covariance to be drawn from"):
        LAW.sample(10, rng=0)
    with pytest.raises(ValueError, match="n must be an integer of at least 1; got 0"):
        lt.laws.Besiroglu2024.sample(0, rng=0)
    with pytest.raises(ValueError, match="rng must be a seed"):
        lt.laws.Besiroglu2024.sample(10, rng=None)


def test_a_law_of_draws_shows_itself_in_a_line():
    draws = lt.laws.Besiroglu2024.sample(1000, rng=0)
    assert repr(draws) == "ScalingLaw(1000 draws, name='Besiroglu2024')"
    assert repr(LAW) == "ScalingLaw(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)"


# Laws by name, and laws that are none


@pytest.mark.parametrize("function", [lt.cheapest, lt.best])
def test_a_law_may_be_given_by_name(function):
    given = {"D_RL": 0, "D_inf": 1e12, "e_inf": 1} | ({"loss": 2.0} if function is lt.cheapest else {"cost": 1e24})
    assert function("Besiroglu2024", **given).N == function(lt.laws.Besiroglu2024, **given).N


def test_a_law_by_name_reveals_its_demand_too():
    assert lt.revealed_demand("Besiroglu2024", 8e9, 15e12) == lt.revealed_demand(lt.laws.Besiroglu2024, 8e9, 15e12)
    given = {"D_RL": 0, "e_inf": 1}
    assert lt.served_tokens("Besiroglu2024", 8e9, 15e12, **given) == lt.served_tokens(
        lt.laws.Besiroglu2024, 8e9, 15e12, **given
    )


@pytest.mark.parametrize("wrong", ["Besiroglu2023", 5, None, {"E": 1}, lt.LIFETIME], ids=repr)
def test_what_is_no_law_is_refused_with_the_names(wrong):
    for call in (
        lambda: lt.cheapest(wrong, loss=2.0, D_RL=0, D_inf=0),
        lambda: lt.best(wrong, cost=1e24, D_RL=0, D_inf=0),
        lambda: lt.revealed_demand(wrong, 8e9, 15e12),
        lambda: lt.served_tokens(wrong, 8e9, 15e12, D_RL=0),
    ):
        with pytest.raises(ValueError, match="law must be a lifetime.ScalingLaw, .* or a name; .*Hoffmann2022"):
            call()


class Worse(lt.ScalingLaw):
    """A law with a loss of its own."""

    def loss(self, N, D):
        return super().loss(N, D) + 0.3


def test_a_subclass_that_overrides_its_loss_is_refused():
    with pytest.raises(ValueError, match=r"law must not be a subclass that overrides loss.*law.where"):
        lt.cheapest(Worse(**LAW.coefficients), loss=2.0, D_RL=0, D_inf=0)
    assert lt.cheapest(LAW + 0.3, loss=2.3, D_RL=0, D_inf=0).N == pytest.approx(
        lt.cheapest(LAW, loss=2.0, D_RL=0, D_inf=0).N, rel=1e-10
    )


def test_a_subclass_with_more_methods_is_a_law():
    class Named(lt.ScalingLaw):
        def label(self):
            return "mine"

    law = Named(**LAW.coefficients)
    assert lt.cheapest(law, loss=2.0, D_RL=0, D_inf=0).N == lt.cheapest(LAW, loss=2.0, D_RL=0, D_inf=0).N


def test_an_overtraining_that_no_float_holds_is_named():
    with pytest.raises(ValueError, match="^over-training is not a finite number"):
        LAW.overtraining(1e-300, 1e300)


def test_a_range_has_known_names():
    with pytest.raises(ValueError, match="range must be of params, tokens and tokens_per_param; got size"):
        lt.ScalingLaw(**LAW.coefficients, range={"size": (1, 2)})


# Bad input


@pytest.mark.parametrize(("field", "value", "message"), refused(*FIELDS))
def test_a_bad_coefficient_is_refused_by_name(field, value, message):
    with pytest.raises(ValueError, match=message):
        lt.ScalingLaw(**LAW.coefficients | {field: value})


def test_an_irreducible_loss_of_zero_is_valid():
    assert lt.ScalingLaw(0, 1, 1, 1, 1).loss(4, 4) == 0.5


@pytest.mark.parametrize(
    ("method", "name", "value", "message"),
    [
        pytest.param(method, *case.values, id=f"{method}: {case.id}")
        for method in METHODS
        for case in refused(*METHODS[method])
    ],
)
def test_a_bad_argument_is_refused_by_name(method, name, value, message):
    with pytest.raises(ValueError, match=message):
        call(LAW, method, **{name: value})


@pytest.mark.parametrize("method", ["tokens_for", "params_for", "compute_optimal_at_loss"])
@pytest.mark.parametrize("loss", [1.8172, 1.0, 1e-9])
def test_a_loss_at_or_below_E_is_refused(method, loss):
    message = f"loss must be above 1.8172, the irreducible loss E of the law; got {loss:.10g}"
    with pytest.raises(ValueError, match=re.escape(message)):
        call(LAW, method, loss=loss)


def test_a_loss_out_of_reach_of_the_given_size_is_refused_with_the_least_size():
    least = (LAW.A / (2.0 - LAW.E)) ** (1 / LAW.alpha)
    message = re.escape(f"N must be above {least:.6g} to reach the loss with a finite number of tokens; got 1000000000")
    with pytest.raises(ValueError, match=message):
        LAW.tokens_for(2.0, 1e9)
    assert LAW.tokens_for(2.0, least * 1.01) > 0


def test_a_loss_out_of_reach_of_the_given_tokens_is_refused_with_the_fewest_tokens():
    fewest = (LAW.B / (2.0 - LAW.E)) ** (1 / LAW.beta)
    message = re.escape(f"D must be above {fewest:.6g} for a model of finite size to reach the loss; got 1000000000")
    with pytest.raises(ValueError, match=message):
        LAW.params_for(2.0, 1e9)
    assert LAW.params_for(2.0, fewest * 1.01) > 0


def test_fields_and_arguments_that_do_not_broadcast_are_refused_by_name():
    law = lt.ScalingLaw([1.0, 2.0], 400, 2000, 0.3, 0.3)
    with pytest.raises(ValueError, match=r"must broadcast against each other; got E \(2,\), N \(3,\)"):
        law.loss([1e9] * 3, 1e12)


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("compute_optimal", {"flop": 5e-324}),
        ("compute_optimal_tokens", {"N": 1e308}),
        ("tokens_for", {"loss": 1.8172 + 1e-15, "N": 1e300}),
    ],
)
def test_what_a_float_cannot_hold_is_an_error(method, values):
    law = lt.ScalingLaw(1.8172, 482, 2085, 0.3, 0.05)
    with pytest.raises(ValueError, match=r"[ND] is not a finite number \(too large or too small for a float\)"):
        call(law, method, **values)


@pytest.mark.parametrize(
    ("law", "method", "values", "what"),
    [
        ((1e4, 1e4, 0.01, 0.01), "least_params", {"loss": 1e-3}, "N"),
        ((1e-3, 1e4, 1, 0.01), "tokens_for", {"loss": 1e-3, "N": 1e12}, "D"),
        ((1e4, 1e-3, 0.01, 1), "params_for", {"loss": 1e-3, "D": 1e12}, "N"),
        ((1e10, 1e-10, 0.01, 0.01), "compute_optimal", {"flop": 1e24}, "N"),
        ((1e6, 1, 0.01, 0.01), "compute_optimal", {"flop": 6e-60}, "D"),
        ((1e4, 1e-3, 0.01, 1), "compute_optimal_at_loss", {"loss": 1e-3}, "N"),
        ((1e-3, 1e4, 1, 0.01), "compute_optimal_at_loss", {"loss": 1e-3}, "D"),
        ((1e-3, 1e4, 1, 0.01), "compute_optimal_tokens", {"N": 1e9}, "D"),
        ((1, 1, 3, 3, 150), "loss", {"N": 1e-300, "D": 1e12}, "loss"),
        ((1e4, 1e-4, 1, 0.01), "overtraining", {"N": 1e-9, "D": 1e9}, "over-training"),
    ],
)
def test_what_a_float_cannot_hold_is_named(law, method, values, what):
    """Of two results the second, where the first is finite."""
    with pytest.raises(ValueError, match=f"^{what} is not a finite number"):
        getattr(lt.ScalingLaw(0, *law), method)(**values)


def test_what_is_no_coefficient_is_given_by_name():
    for value in ("own", None, {}):
        with pytest.raises(TypeError, match="positional arguments but 8 were given"):
            lt.ScalingLaw(1.8, 480, 2000, 0.35, 0.37, 1, value)


def test_a_law_may_carry_draws_and_says_whether_it_is_uncertain():
    arrays = lt.ScalingLaw(**LAW.coefficients | {"alpha": [0.3, 0.4]})
    law = lt.ScalingLaw(**LAW.coefficients, draws=arrays)
    assert law.draws is arrays
    assert law.loss(1e9, 1e12) == LAW.loss(1e9, 1e12)
    certain = [LAW, lt.ScalingLaw(**LAW.coefficients, covariance=COVARIANCE), arrays, law]
    assert [each.is_uncertain for each in certain] == [False, True, True, True]


@pytest.mark.parametrize("draws", [LAW, LAW.coefficients, [0.3, 0.4]])
def test_what_are_no_draws_are_refused(draws):
    with pytest.raises(ValueError, match=r"draws must be a lifetime.ScalingLaw whose fields are arrays; got"):
        lt.ScalingLaw(**LAW.coefficients, draws=draws)
