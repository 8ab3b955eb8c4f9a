"""Draws of a law are compared with its coefficients and their covariance; the tolerances are what quasi-Monte-Carlo
reaches."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lifetime as lt
from cases import LAW, SYMBOLIC
from lifetime.symbols import D_RL
from uncertain import BESIROGLU, BOOTSTRAP, INPUTS, REFIT, UNCERTAIN, UNIFORM, logs, rows, ways


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


def test_a_law_may_be_given_by_the_name_of_a_preset():
    named, given = lt.OneOf(["Besiroglu2024", REFIT]), lt.OneOf([lt.laws.Besiroglu2024, REFIT])
    assert named.laws == given.laws
    assert lt.OneOf("Besiroglu2024").laws == (lt.laws.Besiroglu2024,)


def test_a_law_with_more_terms_is_drawn_as_the_law_that_it_was_made_from():
    own = lt.OneOf([BOOTSTRAP + D_RL**-0.1, REFIT + D_RL**-0.1])
    plain = lt.OneOf([BOOTSTRAP, REFIT])
    assert own.inputs == plain.inputs
    drawn, expected = own.at([0.2, 0.2, 0.7], [0.1, 0.9, 0.1]), plain.at([0.2, 0.2, 0.7], [0.1, 0.9, 0.1])
    found = drawn.loss(70e9, 1.4e12, D_RL=1e12)
    np.testing.assert_allclose(found, expected.loss(70e9, 1.4e12) + 1e12**-0.1, rtol=1e-14)
    assert own.at().loss(70e9, 1.4e12, D_RL=1e12).shape == ()


def test_a_law_without_uncertainty_is_the_law():
    drawn = ways({"law": lt.OneOf(REFIT), "x": UNIFORM})
    assert drawn["law"].coefficients == REFIT.coefficients
    assert isinstance(drawn["law"].E, float)


def wide():
    """A law whose exponent may well be negative."""
    return lt.ScalingLaw(**LAW.coefficients, covariance=np.diag([0.1, 0.1, 0.1, 0.1, 1e-4]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lt.OneOf([]), "laws must be one or more laws of the same expression; got []"),
        (lambda: lt.OneOf([LAW, LAW + D_RL]), "laws must be one or more laws of the same expression; got [Scaling"),
        (
            lambda: lt.OneOf(["Besiroglu"]),
            "law must be a lifetime.ScalingLaw, a lifetime.Law or a name; got 'Besiroglu",
        ),
        (lambda: lt.OneOf("Besiroglu"), "; did you mean 'Besiroglu2024'? Valid: Besiroglu2024, "),
        (lambda: lt.OneOf(3), "law must be a lifetime.ScalingLaw, a lifetime.Law or a name; got 3; Valid names: B"),
        (lambda: lt.OneOf([LAW, None]), "law must be a lifetime.ScalingLaw, a lifetime.Law or a name; got None"),
        (lambda: lt.OneOf(SYMBOLIC), "laws must have numbers for coefficients; got ScalingLaw(E=E, A=A"),
        (lambda: lt.OneOf([LAW, LAW], [1]), "weights must be 2 positive numbers; got [1]"),
        (lambda: lt.OneOf([LAW, LAW], [1, 0]), "weights must be 2 positive numbers; got [1, 0]"),
        (lambda: lt.OneOf([LAW, LAW], [1, np.nan]), "weights must be 2 positive numbers; got [1, nan]"),
        (lambda: lt.OneOf([LAW, LAW], ["a", "b"]), "weights must be a number or an array of numbers; got ['a', 'b']"),
        (lambda: lt.OneOf(LAW, n=1000), "n must be a power of two; got 1000; the nearest is 1,024"),
        (lambda: lt.OneOf(wide()), "alpha must be a finite number above 0; got -"),
        (lambda: lt.OneOf([LAW, REFIT]).at(1), "choice must be 0 or more and below 1; got 1"),
        (lambda: lt.OneOf(LAW).at(0, [0.5, -0.5]), "coefficients must be 0 or more and below 1; got -0.5 (1 of 2 val"),
    ],
)
def test_bad_laws_and_weights_are_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
