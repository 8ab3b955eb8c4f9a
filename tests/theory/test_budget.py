import re

import numpy as np
import pandas as pd
import pytest
import sympy as sp
from hypothesis import given

import lifetime as lt
from cases import OTHERS, assumptions, corpora, refused, sizes
from lifetime import symbols as s

T = 1e12
BOARD = {"N": 100e9, "D": 200 * T, "D_RL": 400 / 3 * T, "D_inf": 200 * T, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
PHASES = ["pre-training", "reinforcement learning", "inference"]
f, r = sp.symbols("f r", positive=True)


# A phase


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
    "value", ["7B", "2*N", None, True, [1, 2], np.array([1.0]), pd.Series([1.0]), sp.Eq(s.D, 1), {}, object], ids=str
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
    "symbol", [sp.Symbol("law"), sp.Symbol("lifetime"), s.loss, s.cost, s.E, s.A, s.B, s.alpha, s.beta]
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


# A lifetime


def test_the_lifetime_is_the_equation_of_the_lecture():
    assert (
        sp.expand(lt.LIFETIME.cost - (6 * s.N * s.D + s.k_RL * s.N * s.D_RL / s.e_RL + 2 * s.N * s.D_inf / s.e_inf))
        == 0
    )
    assert sp.expand(lt.LIFETIME.flop - (6 * s.N * s.D + s.k_RL * s.N * s.D_RL + 2 * s.N * s.D_inf)) == 0
    assert [phase.name for phase in lt.LIFETIME.phases] == PHASES
    assert lt.LIFETIME.assumptions == ("D_RL", "k_RL", "e_RL", "D_inf", "e_inf")


def test_a_cost_linear_in_D_is_read_as_N_times_kappa_D_plus_W():
    kappa, W = lt.LIFETIME.per_param
    assert kappa == 6
    assert sp.expand(W - (s.k_RL * s.D_RL / s.e_RL + 2 * s.D_inf / s.e_inf)) == 0


@pytest.mark.parametrize(
    "tokens", [s.N, s.D**2, sp.sqrt(s.D), s.N * s.D, sp.Max(s.D, 1e12), 1 / s.D, s.D / s.N], ids=str
)
def test_any_other_cost_has_no_such_form(tokens):
    assert (lt.LIFETIME + lt.Phase("own", tokens, 2)).per_param is None


def test_a_lifetime_without_pre_training_has_no_such_form():
    assert lt.LIFETIME.replace("pre-training").per_param is None


def test_a_fourth_phase_is_one_line():
    own = lt.LIFETIME + lt.Phase("distillation", tokens=2e12, flop_per_param_token=6)
    assert own.cost == lt.LIFETIME.cost + 12e12 * s.N
    assert own.ledger(**BOARD).costs["distillation"] == 6 * 100e9 * 2e12
    assert [phase.name for phase in lt.LIFETIME.phases] == PHASES


def test_reinforcement_learning_splits_into_rollout_and_update():
    split = lt.LIFETIME.replace(
        "reinforcement learning", lt.Phase("rollout", s.D_RL, 2, s.e_RL), lt.Phase("update", s.D_RL, 4 * f)
    )
    assert [phase.name for phase in split.phases] == ["pre-training", "rollout", "update", "inference"]
    values = {name: value for name, value in BOARD.items() if name != "k_RL"}
    ledger = split.ledger(**values, f=0.25)
    whole = lt.LIFETIME.ledger(**BOARD)
    assert ledger.flops["rollout"] + ledger.flops["update"] == pytest.approx(
        whole.flops["reinforcement learning"], rel=1e-15
    )
    assert ledger.costs["rollout"] == pytest.approx(3 * ledger.flops["rollout"], rel=1e-15), "bound by decoding"
    assert ledger.costs["update"] == ledger.flops["update"], "as efficient as pre-training"


def test_inference_splits_into_prefill_and_decode():
    prefill = sp.Symbol("prefill", positive=True)
    split = lt.LIFETIME.replace(
        "inference", lt.Phase("prefill", s.D_inf * prefill, 2), lt.Phase("decode", s.D_inf * (1 - prefill), 2, s.e_inf)
    )
    ledger = split.ledger(**BOARD, prefill=0.75)
    assert ledger.flops["prefill"] + ledger.flops["decode"] == lt.LIFETIME.ledger(**BOARD).flops["inference"]
    assert ledger.costs["prefill"] == pytest.approx(ledger.costs["decode"], rel=1e-15), (
        "a quarter of the tokens, 3 times the cost"
    )


def test_full_recomputation_of_activations_makes_pre_training_8_N_D():
    recompute = lt.LIFETIME.replace("pre-training", lt.Phase("pre-training", s.D, 8))
    assert recompute.per_param == (8, lt.LIFETIME.per_param[1])
    assert recompute.ledger(**BOARD).costs["pre-training"] == 8 * 100e9 * 200e12


def test_rl_tokens_that_are_a_multiple_of_D_fold_into_kappa_and_not_into_W():
    folded = lt.LIFETIME.given(D_RL=r * s.D)
    assert folded.assumptions == ("r", "k_RL", "e_RL", "D_inf", "e_inf")
    kappa, W = folded.per_param
    assert sp.expand(kappa - (6 + s.k_RL * r / s.e_RL)) == 0
    assert W == 2 * s.D_inf / s.e_inf


@pytest.mark.parametrize("value", [3, 3.0, sp.Integer(3), np.float64(3)])
def test_given_replaces_a_symbol_by_a_number(value):
    fixed = lt.LIFETIME.given(k_RL=value)
    assert fixed.assumptions == ("D_RL", "e_RL", "D_inf", "e_inf")
    assert (
        fixed.ledger(**{name: v for name, v in BOARD.items() if name != "k_RL"}).cost
        == lt.LIFETIME.ledger(**BOARD).cost
    )


def test_given_replaces_symbols_at_once_and_not_one_after_the_other():
    swapped = lt.LIFETIME.given(D_RL=s.D_inf, D_inf=s.D_RL)
    assert [phase.tokens for phase in swapped.phases] == [s.D, s.D_inf, s.D_RL]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"k_rl": 3}, "unknown symbol 'k_rl'; did you mean 'k_RL'"),
        ({"N": 1e9}, "unknown symbol 'N'"),
        ({"k_RL": 7}, "k_RL must be a number from 2 to 6; got 7"),
        ({"e_RL": 0}, "e_RL must be a finite number above 0; got 0"),
        ({"e_RL": -s.k_RL}, "e_RL must be a finite number, 0 or more; got -k_RL"),
        ({"D_inf": np.nan}, "D_inf must be a finite number, 0 or more; got nan"),
        ({"D_inf": [1, 2]}, r"D_inf must be one number or a sympy expression .*; got \[1, 2\]"),
        ({"D_inf": sp.Symbol("D")}, "D_inf has a symbol D that is not lifetime.symbols.D"),
    ],
)
def test_given_refuses_what_is_unknown_or_invalid(values, message):
    with pytest.raises(ValueError, match=message):
        lt.LIFETIME.given(**values)


@pytest.mark.parametrize("phases", [(), None, 3, "abc", [1, 2], (lt.LIFETIME,), [lt.LIFETIME.phases]], ids=repr)
def test_a_lifetime_is_made_of_phases_only(phases):
    with pytest.raises(ValueError, match="^phases must be one or more lifetime.Phase; got "):
        lt.Lifetime(phases)


def test_a_lifetime_takes_one_phase_or_any_iterable():
    phase = lt.Phase("only", s.D, 6)
    assert lt.Lifetime(phase) == lt.Lifetime([phase]) == lt.Lifetime(p for p in (phase,))


def test_a_phase_occurs_once():
    with pytest.raises(
        ValueError, match="phases must have different names; got pre-training, .*, inference, inference"
    ):
        lt.LIFETIME + lt.LIFETIME.phases[-1]
    with pytest.raises(ValueError, match="phases must be one or more lifetime.Phase"):
        lt.LIFETIME + 3


def test_only_a_phase_that_is_there_can_be_replaced():
    with pytest.raises(ValueError, match="unknown phase 'inferense'; did you mean 'inference'"):
        lt.LIFETIME.replace("inferense")
    assert [phase.name for phase in lt.LIFETIME.replace("inference").phases] == PHASES[:2]


# The ledger


def test_the_board_of_the_lecture():
    """Lecture, transcript 827-891 and flash cards: k_RL = 3, e = 1/3, D = 1.5 D_RL = D_inf, N = 100 B, D = 200 T."""
    assert BOARD["D"] == pytest.approx(1.5 * BOARD["D_RL"], rel=1e-15)
    ledger = lt.LIFETIME.ledger(**BOARD)
    assert list(ledger.costs) == list(ledger.flops) == list(ledger.tokens) == PHASES
    assert list(ledger.costs.values()) == pytest.approx([1.2e26] * 3, rel=1e-14)
    assert list(ledger.shares.values()) == pytest.approx([1 / 3] * 3, rel=1e-14)
    assert list(ledger.flop_shares.values()) == pytest.approx([0.6, 0.2, 0.2], rel=1e-14)
    assert ledger.cost == pytest.approx(3.6e26, rel=1e-14)
    assert ledger.flop == pytest.approx(2.0e26, rel=1e-14)


@given(N=sizes, D=corpora, values=assumptions)
def test_the_ledger_is_the_equation_at_its_values(N, D, values):
    ledger = lt.LIFETIME.ledger(N=N, D=D, **values)
    rl, inference = values["k_RL"] * N * values["D_RL"], 2 * N * values["D_inf"]
    assert list(ledger.flops.values()) == pytest.approx([6 * N * D, rl, inference], rel=1e-14)
    assert list(ledger.costs.values()) == pytest.approx(
        [6 * N * D, rl / values["e_RL"], inference / values["e_inf"]], rel=1e-14
    )
    assert ledger.cost == pytest.approx(sum(ledger.costs.values()), rel=1e-14)
    assert sum(ledger.shares.values()) == pytest.approx(1, rel=1e-14)
    assert sum(ledger.flop_shares.values()) == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize("name", BOARD)
def test_every_value_moves_the_total_cost(name):
    step = 1.01 if name != "e_RL" else 0.99
    assert lt.LIFETIME.ledger(**BOARD | {name: BOARD[name] * step}).cost != lt.LIFETIME.ledger(**BOARD).cost


def test_the_ledger_of_arrays_is_an_array_of_ledgers():
    D, e = np.array([[1e12], [2e12]]), np.array([0.1, 0.3, 1.0])
    many = lt.LIFETIME.ledger(**BOARD | {"D": D, "e_inf": e})
    assert many.cost.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        one = lt.LIFETIME.ledger(**BOARD | {"D": D[i, 0], "e_inf": e[j]})
        assert many.cost[i, j] == one.cost
        assert many.shares["inference"][i, j] == one.shares["inference"]


def test_the_table_of_a_ledger_has_a_row_for_each_phase_and_the_total():
    table = lt.LIFETIME.ledger(**BOARD).table()
    assert list(table.index) == [*PHASES, "total"]
    assert list(table.columns) == ["tokens", "FLOP", "share of FLOP", "cost", "share of cost"]
    for column in ("FLOP", "cost", "share of FLOP", "share of cost"):
        assert table[column].iloc[:3].sum() == pytest.approx(table.loc["total", column], rel=1e-14)
    assert table["tokens"].tolist()[:3] == [BOARD["D"], BOARD["D_RL"], BOARD["D_inf"]]
    assert np.isnan(table.loc["total", "tokens"]), "tokens of different phases do not add up to anything"


def test_a_phase_of_fixed_tokens_shows_them_in_the_table():
    own = lt.LIFETIME + lt.Phase("archive", 10**20, 2)
    assert own.ledger(**BOARD).table().loc["archive", "tokens"] == 1e20


def test_a_ledger_shows_itself_as_a_table_or_says_how_many_it_holds():
    ledger = lt.LIFETIME.ledger(**BOARD)
    for shown in (repr(ledger), ledger._repr_html_()):
        for text in ("pre-training", "200 T", "1.2e26", "33.3 %", "60.0 %", "3.6e26"):
            assert text in shown
    many = lt.LIFETIME.ledger(**BOARD | {"D": [1e12, 2e12]})
    assert repr(many) == "<Ledger of (2,) scenarios: pre-training, reinforcement learning, inference>"
    assert many._repr_html_() is None
    with pytest.raises(ValueError, match=r"a table shows one scenario; this ledger holds \(2,\) of them"):
        many.table()


@pytest.mark.parametrize(("name", "value", "message"), refused(*BOARD))
def test_the_ledger_refuses_a_bad_value_by_name(name, value, message):
    with pytest.raises(ValueError, match=message):
        lt.LIFETIME.ledger(**BOARD | {name: value})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "missing assumption: N, D, D_RL, k_RL, e_RL, D_inf, e_inf; needed: N, D"),
        ({**BOARD, "d_inf": 1}, "unknown assumption 'd_inf'; did you mean 'D_inf'"),
        (
            {name: value for name, value in BOARD.items() if name != "e_RL"},
            "missing assumption: e_RL; needed: N, D, D_RL",
        ),
        (
            {**BOARD, "D": [1e12, 2e12], "N": [1e9] * 3},
            r"shapes of the arguments must broadcast .*; got N \(3,\), D \(2,\)",
        ),
        ({**BOARD, "N": 1e200, "D": 1e200}, r"^cost of phase 'pre-training' is not a finite number"),
    ],
)
def test_the_ledger_says_what_is_unknown_missing_or_does_not_fit(values, message):
    with pytest.raises(ValueError, match=message):
        lt.LIFETIME.ledger(**values)


@pytest.mark.parametrize(("tokens", "efficiency"), [(-1e12, 1), (1e12, -1)])
def test_a_phase_of_the_readers_own_cannot_cost_less_than_nothing(tokens, efficiency):
    own = lt.LIFETIME + lt.Phase(
        "own", *sp.symbols("tokens", positive=True, seq=True), 2, sp.Symbol("efficiency", positive=True)
    )
    with pytest.raises(ValueError, match="cost of phase 'own' must be 0 or more; got -2e"):
        own.ledger(**BOARD, tokens=tokens, efficiency=efficiency)


# Prices


def test_a_price_multiplies_the_cost_of_its_phase_and_leaves_the_flop():
    prices = dict(zip(PHASES, (2, 3, 5), strict=True))
    priced, plain = lt.LIFETIME.priced(prices).ledger(**BOARD), lt.LIFETIME.ledger(**BOARD)
    assert priced.costs == pytest.approx({name: prices[name] * cost for name, cost in plain.costs.items()})
    assert priced.flop == pytest.approx(plain.flop)


def test_one_price_for_all_moves_no_optimum_and_a_dear_phase_does():
    law, assumed = lt.laws.Besiroglu2024, {name: BOARD[name] for name in lt.LIFETIME.assumptions}
    plain = lt.cheapest(law, loss=1.95, **assumed)
    same = lt.cheapest(law, loss=1.95, lifetime=lt.LIFETIME.priced(dict.fromkeys(PHASES, 1e-18)), **assumed)
    dear = lt.cheapest(
        law, loss=1.95, lifetime=lt.LIFETIME.priced(dict(zip(PHASES, (1, 1, 2), strict=True))), **assumed
    )
    twice = lt.cheapest(law, loss=1.95, **(assumed | {"D_inf": 2 * assumed["D_inf"]}))
    assert same.N == pytest.approx(plain.N)
    assert same.cost == pytest.approx(plain.cost * 1e-18)
    assert dear.N == pytest.approx(twice.N)
    assert dear.N < plain.N


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ({}, "missing phase: pre-training, reinforcement learning, inference; needed: pre-training"),
        (dict.fromkeys([*PHASES, "infrence"], 1), "unknown phase 'infrence'; did you mean 'inference'"),
        (dict.fromkeys(PHASES, 0), "price of phase 'pre-training' must be above 0; got 0"),
        (dict.fromkeys(PHASES, -1), "price of phase 'pre-training' must be a finite number, 0 or more; got -1"),
        (dict.fromkeys(PHASES, "2"), "price of phase 'pre-training' must be one number or a sympy expression"),
    ],
)
def test_a_price_that_is_missing_unknown_or_not_positive_is_refused(prices, message):
    with pytest.raises(ValueError, match=message):
        lt.LIFETIME.priced(prices)
