import re

import numpy as np
import pandas as pd
import pytest
import sympy as sp

import lifetime as lt
from cases import OTHERS
from lifetime import symbols as s

T = 1e12
BOARD = {"N": 100e9, "D": 200 * T, "D_RL": 400 / 3 * T, "D_inf": 200 * T, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
f = sp.Symbol("f", positive=True)


def test_a_phase_costs_its_raw_flop_over_its_efficiency():
    k, tokens, e = sp.symbols("k tokens e", positive=True)
    phase = lt.Phase("any", tokens, k, e)
    assert phase.flop == k * s.N * tokens
    assert phase.cost == k * s.N * tokens / e


def test_the_efficiency_of_a_phase_is_1_unless_said_otherwise():
    phase = lt.Phase("distillation", 2e12, 6)
    assert phase.efficiency == 1
    assert phase.cost == phase.flop == 12e12 * s.N


def test_a_phase_takes_numbers_of_any_type():
    phases = [
        lt.Phase("same", *values)
        for values in ((2, 3, 4), (np.int64(2), np.float64(3), sp.Integer(4)), (2.0, 3.0, 4.0))
    ]
    assert {float(phase.cost.subs(s.N, 10)) for phase in phases} == {15.0}


@pytest.mark.parametrize("field", ["tokens", "flop_per_param_token", "efficiency"])
@pytest.mark.parametrize("value", [-1, -0.5, np.nan, np.inf, sp.oo, sp.zoo, 1 + 2j, -s.D, 10**400], ids=str)
def test_a_field_of_a_phase_must_be_finite_and_not_negative(field, value):
    fields = {"tokens": 1, "flop_per_param_token": 2, "efficiency": 1, field: value}
    message = (
        f"^{field} of phase 'own' must be a finite number, 0 or more; got {re.escape(str(sp.sympify(value)))[:30]}"
    )
    with pytest.raises(ValueError, match=message):
        lt.Phase("own", **fields)


@pytest.mark.parametrize("field", ["tokens", "flop_per_param_token", "efficiency"])
@pytest.mark.parametrize(
    "value", ["7B", "2*N", True, [1, 2], np.array([1.0]), pd.Series([1.0]), sp.Eq(s.D, 1), {}, object], ids=str
)
def test_a_field_of_a_phase_must_be_a_number_or_an_expression(field, value):
    fields = {"tokens": 1, "flop_per_param_token": 2, "efficiency": 1, field: value}
    with pytest.raises(ValueError, match=f"^{field} of phase 'own' must be one number or a sympy expression .*; got "):
        lt.Phase("own", **fields)


@pytest.mark.parametrize("zero", [0, 0.0, sp.Integer(0), np.float64(0)])
def test_an_efficiency_of_zero_is_refused(zero):
    with pytest.raises(ValueError, match="^efficiency of phase 'own' must be above 0; got 0"):
        lt.Phase("own", 1, 2, zero)


@pytest.mark.parametrize("name", ["", None, 3, ["inference"]])
def test_a_phase_needs_a_name(name):
    with pytest.raises(ValueError, match=f"^name must be a string that is not empty; got {re.escape(repr(name))}"):
        lt.Phase(name, 1, 2)


@pytest.mark.parametrize("symbol", [sp.Symbol("N"), sp.Symbol("D", real=True), sp.Symbol("k_RL")])
def test_a_symbol_like_one_of_the_package_is_refused_because_it_would_be_another(symbol):
    with pytest.raises(
        ValueError, match=f"tokens of phase 'own' has a symbol {symbol} that is not lifetime.symbols.{symbol}"
    ):
        lt.Phase("own", symbol, 2)


@pytest.mark.parametrize(
    "symbol",
    [*sp.symbols("law lifetime choose"), s.loss, s.cost, s.E, s.A, s.B, s.alpha, s.beta, s.gamma],
)
def test_a_symbol_named_like_an_argument_is_refused(symbol):
    with pytest.raises(
        ValueError, match=f"has a symbol named {symbol}, which is the name of an argument: choose another"
    ):
        lt.Phase("own", symbol, 2)


@pytest.mark.parametrize("name", ["self", "formula", "outputs", "names", "lambda", "value of it", "N_{x}", "k"])
def test_any_other_name_of_a_symbol_works(name):
    own = lt.LIFETIME + lt.Phase("own", sp.Symbol(name, positive=True), 2)
    extra = {name: 1e12}
    assert own.ledger(**BOARD, **extra).costs["own"] == 2 * 100e9 * 1e12
    plan = lt.cheapest(lt.ScalingLaw(1.8, 482, 2085, 0.35, 0.37), loss=2, lifetime=own, **OTHERS, **extra)
    assert plan.ledger.tokens["own"] == 1e12


def test_a_phase_may_cost_a_given_flop_whatever_the_size():
    phase = lt.Phase("trials", flop=1e23, efficiency=0.5)
    assert (phase.flop, phase.cost) == (1e23, 2e23)
    assert phase.tokens is phase.flop_per_param_token is None
    assert repr(phase) == f"Phase(name='trials', flop={sp.Float(1e23)}, efficiency=0.500000000000000)"
    assert lt.Phase("trials", flop=s.N**2).cost == s.N**2
    assert lt.Phase("same", flop=6 * s.N * s.D) != lt.Phase("same", s.D, 6)


@pytest.mark.parametrize(
    ("fields", "got"),
    [
        ({}, "none"),
        ({"tokens": 1}, "tokens"),
        ({"flop_per_param_token": 2}, "flop_per_param_token"),
        ({"tokens": 1, "flop": 3}, "tokens and flop"),
        ({"tokens": 1, "flop_per_param_token": 2, "flop": 3}, "tokens and flop_per_param_token and flop"),
    ],
)
def test_a_phase_has_tokens_and_flop_per_token_or_its_flop_and_not_both(fields, got):
    message = f"^phase 'own' must have tokens and flop_per_param_token, or flop; got {got}$"
    with pytest.raises(ValueError, match=message):
        lt.Phase("own", **fields)


@pytest.mark.parametrize("value", [-1, np.nan, "1e23", [1e23], sp.Symbol("N"), s.loss])
def test_the_flop_of_a_phase_must_be_valid_too(value):
    with pytest.raises(ValueError, match="^flop of phase 'own' "):
        lt.Phase("own", flop=value)


@pytest.mark.parametrize(
    ("phase", "shown"),
    [
        (lt.Phase("own", 2e12, 6), r"6 \, N \cdot 2 \cdot 10^{12}"),
        (lt.Phase("own", s.W, 1), r"N \, W"),
        (lt.Phase("own", 0, 6), "0"),
        (lt.Phase("own", s.D + s.D_RL, 2, s.e_RL), r"\frac{2 \, N \, \left(D + D_\mathrm{RL}\right)}{e_\mathrm{RL}}"),
        (lt.Phase("own", flop=2e24, efficiency=s.e_RL), r"\frac{2 \cdot 10^{24}}{e_\mathrm{RL}}"),
        (lt.Phase("own", flop=1, efficiency=f), r"\frac{1}{f}"),
        (lt.Phase("own", s.D, 6, s.e_inf / f), r"\frac{6 \, N \, D \, f}{e_\mathrm{inf}}"),
    ],
)
def test_a_phase_is_shown_as_its_cost(phase, shown):
    assert phase._repr_latex_() == rf"$\displaystyle {shown}$"
