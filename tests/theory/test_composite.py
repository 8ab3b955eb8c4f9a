"""Laws with more in them than N and D."""

import re

import numpy as np
import pytest
import sympy as sp
from hypothesis import given

import lifetime as lt
from cases import LAW, corpora, laws, sizes
from lifetime import symbols as s
from lifetime.theory.composite import Law, NotApplicableError

x, U, R = sp.symbols("x U R", positive=True)
REPEATED = sp.Piecewise((s.D, s.D <= U), (U * (1 + R * (1 - sp.exp(-(s.D / U - 1) / R))), True))


@given(law=laws, N=sizes, D=corpora)
def test_a_replaced_D_or_N_is_where_the_loss_is_taken(law, N, D):
    assert law.where(D=s.D / 3, N=2 * s.N).loss(N, D) == pytest.approx(law.loss(2 * N, D / 3), rel=1e-13)
    assert law.where(D=s.D * x).loss(N, D, x=0.1) == pytest.approx(law.loss(N, 0.1 * D), rel=1e-13)
    assert (law + 0.1).loss(N, D) == pytest.approx(law.loss(N, D) + 0.1, rel=1e-13)


def test_replacing_is_done_at_once_and_in_all_that_is_there():
    swapped = LAW.where(N=s.D, D=s.N)
    assert swapped.loss(1e9, 1e12) == pytest.approx(LAW.loss(1e12, 1e9), rel=1e-14)
    after = (LAW + s.D / 1e13).where(D=s.D / 2)
    before = LAW.where(D=s.D / 2) + s.D / 1e13
    assert after.loss(1e9, 1e12) == pytest.approx(LAW.loss(1e9, 5e11) + 0.05, rel=1e-14)
    assert before.loss(1e9, 1e12) == pytest.approx(LAW.loss(1e9, 5e11) + 0.1, rel=1e-14)
    assert LAW.where(D=s.D / 2).where(D=s.D * 2).loss(1e9, 1e12) == pytest.approx(LAW.loss(1e9, 1e12), rel=1e-14)


def test_terms_may_stand_on_either_side_and_be_taken_away():
    assert (0.1 + LAW).loss(1e9, 1e12) == (LAW + 0.1).loss(1e9, 1e12)
    assert (LAW - 0.1).loss(1e9, 1e12) == pytest.approx(LAW.loss(1e9, 1e12) - 0.1, rel=1e-14)
    assert (LAW + 0.1).positive
    assert not (LAW - 0.1).positive
    assert (LAW + s.D_RL**-0.2).assumptions == ("D_RL",)


def test_repeated_text_is_worth_what_its_paper_says():
    """Muennighoff et al. (2023), arXiv 2305.16264: the effective epochs of 1, 2, 4, 8, 16 and 40."""
    law = lt.laws.Muennighoff2023.where(D=REPEATED)
    epochs = np.array([1, 2, 4, 8, 16, 40])
    effective = lt.laws.Muennighoff2023.tokens_for(law.loss(1e10, epochs * 1e11, U=1e11, R=15.387756), 1e10) / 1e11
    assert effective == pytest.approx([1, 1.9682, 3.7257, 6.6241, 10.5825, 15.1675], abs=1e-4)


@given(law=laws, N=sizes, D=corpora)
def test_both_inverses_undo_the_loss(law, N, D):
    base = lt.ScalingLaw(0, law.A, law.B, law.alpha, law.beta)
    own = base.where(D=REPEATED) + 0.5 * x
    loss = own.loss(N, D, x=0.1, U=1e16, R=15.4)
    u, v = law.A * N**-law.alpha, law.B * D**-law.beta
    rounding = 1e-12 * (1 + (u + v + 0.05) / min(u, v)) / min(law.alpha, law.beta)
    assert own.tokens_for(loss, N, x=0.1, U=1e16, R=15.4) == pytest.approx(D, rel=rounding)
    assert own.params_for(loss, D, x=0.1, U=1e16, R=15.4) == pytest.approx(N, rel=rounding)


def test_the_inverses_are_vectorised_and_take_draws():
    draws = lt.laws.Besiroglu2024.sample(6, rng=0).where(D=s.D * x)
    N = np.geomspace(1e9, 1e11, 6)
    loss = draws.loss(N, 1e12, x=0.5)
    assert draws.tokens_for(loss, N, x=0.5) == pytest.approx(np.full(6, 1e12), rel=1e-9)
    assert draws.params_for(loss, 1e12, x=0.5) == pytest.approx(N, rel=1e-9)


def test_of_two_numbers_of_tokens_the_fewer_is_found():
    """Where training past a point makes it worse."""
    law = LAW + 0.0598 * np.exp(-4 / 0.5907) * s.D**0.5068 / s.N**0.3439
    D = np.geomspace(1e11, 1e14, 2000)
    losses = law.loss(8e9, D)
    turn = D[losses.argmin()]
    assert 1e11 < turn < 1e13
    assert law.tokens_for(law.loss(8e9, turn / 2), 8e9) == pytest.approx(turn / 2, rel=1e-9)
    with pytest.raises(ValueError, match="loss must be one that some D reaches with the rest as given"):
        law.tokens_for(losses.min() * 0.999, 8e9)


def test_what_is_known_of_a_plain_law_only_says_so():
    law = LAW + 0.1
    for name in (
        "compute_optimal",
        "compute_optimal_at_loss",
        "compute_optimal_tokens",
        "overtraining",
        "least_params",
    ):
        with pytest.raises(NotApplicableError, match=f"{name} is known of a plain ScalingLaw only.*lifetime.cheapest"):
            getattr(law, name)
    with pytest.raises(AttributeError, match="'Law' object has no attribute 'lose'"):
        _ = law.lose
    with pytest.raises(ValueError, match="law must be a plain lifetime.ScalingLaw here"):
        lt.revealed_demand(law, 8e9, 15e12)


def test_what_the_base_is_called_and_draws_carry_over():
    law = lt.laws.Besiroglu2024.where(D=s.D / 2)
    assert (law.name, law.is_uncertain) == ("Besiroglu2024", True)
    drawn = law.sample(10, rng=0)
    assert isinstance(drawn, Law)
    assert drawn.loss(1e9, 1e12).shape == (10,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LAW + "0.1", "term must be one number or a sympy expression (for an array"),
        (lambda: LAW + np.array([0.1, 0.2]), "term must be one number or a sympy expression (for an array"),
        (
            lambda: LAW.where(D=[1, 2]),
            "D must be one number or a sympy expression (for an array: a symbol, and the array by name later)",
        ),
        (lambda: LAW.where(D=sp.Symbol("D") / 2), "D has a symbol D that is not lifetime.symbols.D: use that one"),
        (lambda: LAW + sp.Symbol("loss"), "loss"),
        (lambda: LAW + sp.Symbol("choose"), "term has a symbol named choose, which is the name of an argument"),
        (lambda: Law(lt.ScalingLaw(s.E, 1, 1, 0.3, 0.3)), "a law of symbols is its own expression"),
        (lambda: (LAW + x).loss(1e9, 1e12), "missing assumption: x"),
        (lambda: (LAW + x).loss(1e9, 1e12, x=1, y=2), "unknown assumption 'y'"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_it_shows_itself():
    law = LAW.where(D=s.D / 2)
    assert repr(law).startswith("<Law: ")
    assert law._repr_latex_().startswith("$\\displaystyle L = ")
