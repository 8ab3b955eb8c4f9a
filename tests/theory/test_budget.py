import re

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import lifetime as lt
from cases import LAW, assumptions, corpora, refused, sizes
from lifetime import symbols as s
from lifetime.theory.budget import as_lifetime

T = 1e12
BOARD = {"N": 100e9, "D": 200 * T, "D_RL": 400 / 3 * T, "D_inf": 200 * T, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
PHASES = ["pre-training", "reinforcement learning", "inference"]
f, r = sp.symbols("f r", positive=True)


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
        ({"k_RL": 0}, "k_RL must be a finite number above 0; got 0"),
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


@pytest.mark.parametrize(
    ("other", "named"),
    [(5, "5 (int)"), (s.N, "N (Symbol)"), (None, "None (NoneType)"), ([lt.Phase("a", 1, 2)], "[Phase(name='a', ")],
)
def test_what_is_no_phase_cannot_be_added_and_is_named(other, named):
    message = "only a phase can be added to a lifetime, such as lifetime.Phase('distillation', tokens=2e12, flop_per"
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}.*; got {re.escape(named)}"):
        lt.LIFETIME + other


def test_only_a_phase_that_is_there_can_be_replaced():
    with pytest.raises(ValueError, match="unknown phase 'inferense'; did you mean 'inference'"):
        lt.LIFETIME.replace("inferense")
    assert [phase.name for phase in lt.LIFETIME.replace("inference").phases] == PHASES[:2]


# A phase that does not grow with the size


TRIALS = lt.LIFETIME + lt.Phase("trials", flop=s.W, efficiency=f)


def test_a_phase_of_given_flop_is_in_the_ledger_without_tokens():
    ledger = TRIALS.ledger(**BOARD, W=1e25, f=0.5)
    assert ledger.flops["trials"] == 1e25
    assert ledger.costs["trials"] == 2e25
    assert list(ledger.tokens) == PHASES
    assert np.isnan(ledger.table().loc["trials", "tokens"])
    assert repr(ledger).splitlines()[4].split() == ["trials", "1e25", "4.8", "%", "2e25", "5.3", "%"]
    alone = lt.Lifetime(TRIALS.phases[-1]).ledger(N=1e9, D=1e12, W=3, f=1)
    assert (alone.tokens, alone.cost) == ({}, 3)


def test_a_phase_of_given_flop_takes_values_and_prices_like_any_other():
    assert TRIALS.assumptions == (*lt.LIFETIME.assumptions, "W", "f")
    assert TRIALS.given(W=1e25, f=s.e_RL).phases[-1] == lt.Phase("trials", flop=1e25, efficiency=s.e_RL)
    assert TRIALS.priced(2).ledger(**BOARD, W=1e25, f=0.5).costs["trials"] == 4e25
    assert TRIALS.priced(2).ledger(**BOARD, W=1e25, f=0.5).flops["trials"] == 1e25
    assert TRIALS.per_param is None
    assert (lt.LIFETIME + lt.Phase("twice", flop=6 * s.N * s.D)).per_param[0] == 12


@given(constant=st.floats(20, 26).map(lambda exponent: 10**exponent))
def test_a_cost_that_does_not_depend_on_the_model_moves_no_optimum(constant):
    assumed = {name: BOARD[name] for name in lt.LIFETIME.assumptions}
    plain = lt.cheapest(LAW, loss=1.95, **assumed)
    more = lt.cheapest(LAW, loss=1.95, lifetime=lt.LIFETIME + lt.Phase("trials", flop=constant), **assumed)
    assert more.N == pytest.approx(plain.N, rel=1e-6)
    assert more.cost == pytest.approx(plain.cost + constant, rel=1e-9)


# What must be given


def without(*names):
    return {name: value for name, value in BOARD.items() if name not in names}


@pytest.mark.parametrize("zero", [0, 0.0, np.float64(0), np.int64(0), sp.Integer(0)])
def test_what_only_a_phase_of_no_cost_depends_on_need_not_be_given(zero):
    values = without("k_RL", "e_RL") | {"D_RL": zero}
    ledger = lt.LIFETIME.ledger(**values)
    assert ledger.values == values, "nothing that was not given"
    assert ledger.costs == lt.LIFETIME.ledger(**BOARD | {"D_RL": 0}).costs
    assert ledger.tokens["reinforcement learning"] == ledger.flops["reinforcement learning"] == 0
    assert lt.LIFETIME.needed(values) == ("D_RL", "D_inf", "e_inf")
    assert lt.LIFETIME.settled(values).assumptions == ("D_RL", "D_inf", "e_inf")


def test_a_symbol_of_two_phases_is_needed_while_one_of_them_costs():
    both = lt.Lifetime([lt.Phase("one", s.D_RL, 2, s.e_inf), lt.Phase("two", s.D_inf, f, s.e_inf)])
    assert both.needed({"D_RL": 0}) == ("D_RL", "e_inf", "D_inf", "f")
    assert both.needed({"D_RL": 0, "D_inf": 0}) == ("D_RL", "D_inf")
    assert both.needed({"D_inf": 0}) == ("D_RL", "e_inf", "D_inf")
    assert lt.LIFETIME.given(D_RL=0).needed({}) == ("D_inf", "e_inf")


def test_a_symbol_that_only_tokens_or_only_flop_depend_on_is_needed_too():
    free = lt.LIFETIME.replace("reinforcement learning", lt.Phase("rollouts", s.D_RL, f, r))
    assert free.needed({"f": 0}) == ("D_RL", "f", "D_inf", "e_inf")
    assert free.ledger(**without("k_RL", "e_RL"), f=0).tokens["rollouts"] == BOARD["D_RL"]
    assert lt.Lifetime(lt.Phase("own", s.D, f, f)).needed({}) == ("f",), "it cancels in the cost, and not in the FLOP"


@pytest.mark.parametrize("value", [[0, 0], np.zeros(2), np.zeros(()), 1e-300])
def test_all_is_needed_where_a_value_is_not_the_number_zero(value):
    message = "^missing assumption: k_RL, e_RL; needed: N, D, D_RL, k_RL, e_RL, D_inf, e_inf"
    with pytest.raises(ValueError, match=message):
        lt.LIFETIME.ledger(**without("k_RL", "e_RL") | {"D_RL": value})


def test_only_what_is_needed_is_asked_for():
    with pytest.raises(ValueError, match="^missing assumption: D, D_inf, e_inf; needed: N, D, D_RL, D_inf, e_inf$"):
        lt.LIFETIME.ledger(N=1e9, D_RL=0)


@pytest.mark.parametrize(
    ("name", "value"), [("D_RL", False), ("k_RL", -3), ("e_RL", 0), ("e_RL", "1"), ("k_RL", [3, np.nan])]
)
def test_what_is_given_though_not_needed_is_checked(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be "):
        lt.LIFETIME.ledger(**without("k_RL", "e_RL") | {"D_RL": 0, name: value})


def test_what_is_given_though_not_needed_may_hold_arrays():
    ledger = lt.LIFETIME.ledger(**without("e_RL") | {"D_RL": 0, "k_RL": [2, 3, 4]})
    assert ledger.warnings == ()
    assert lt.LIFETIME.settled(ledger.values).assumptions == ("D_RL", "k_RL", "D_inf", "e_inf")


def test_what_is_chosen_is_neither_given_nor_zero():
    assumed = without("N", "D", "D_RL")
    assert lt.LIFETIME.checked(assumed, chosen=("D_RL",)) == assumed
    assert lt.LIFETIME.settled(assumed, chosen=("D_RL",)).assumptions == lt.LIFETIME.assumptions
    with pytest.raises(ValueError, match="missing assumption: k_RL; needed: G, k_RL, e_RL, D_inf, e_inf"):
        lt.LIFETIME.checked(without("N", "D", "D_RL", "k_RL") | {"G": 1}, also=("G",), chosen=("D_RL",))
    with pytest.raises(ValueError, match="unknown assumption 'D_RL'"):
        lt.LIFETIME.checked(assumed | {"D_RL": 0}, chosen=("D_RL",))


# As mathematics


def test_a_lifetime_is_shown_as_the_equation():
    shown = (
        r"$\displaystyle C = 6 \, N \, D + \frac{k_\mathrm{RL} \, N \, D_\mathrm{RL}}{e_\mathrm{RL}} "
        r"+ \frac{2 \, N \, D_\mathrm{inf}}{e_\mathrm{inf}}$"
    )
    assert lt.LIFETIME._repr_latex_() == shown


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


@pytest.mark.parametrize("arrays", [False, True])
def test_the_shares_of_a_lifetime_that_costs_nothing_are_zero(arrays):
    later = lt.LIFETIME.replace("pre-training")
    served = [0.0, 1e12] if arrays else 0
    ledger = later.ledger(N=1e9, D=1e12, D_RL=0, D_inf=served, e_inf=0.5)
    first = np.atleast_1d(ledger.cost)[0], *(np.atleast_1d(share)[0] for share in ledger.shares.values())
    assert first == (0, 0, 0)
    assert [np.atleast_1d(share)[0] for share in ledger.flop_shares.values()] == [0, 0]
    if arrays:
        assert ledger.shares["inference"][1] == 1
    else:
        assert ledger.table()[["share of FLOP", "share of cost"]].to_numpy().tolist() == [[0, 0]] * 3
        assert "0.0 %" in repr(ledger)


def test_a_phase_may_be_called_total():
    own = lt.LIFETIME + lt.Phase("total", 1e12, 2)
    table = own.ledger(**BOARD).table()
    assert list(table.index) == [*PHASES, "total", "total of all"]
    assert table.loc["total", "cost"] == 2e12 * BOARD["N"]
    assert table.loc["total of all", "cost"] == table["cost"].iloc[:4].sum()
    both = own + lt.Phase("total of all", 1e12, 2)
    assert list(both.ledger(**BOARD).table().index)[-1] == "total of all of all"


def test_an_expression_for_the_cost_is_a_lifetime_of_one_phase():
    ledger = as_lifetime(6 * s.N * s.D + 1e20).ledger(N=1e9, D=1e12)
    assert ledger.costs == {"lifetime": 6e21 + 1e20}
    assert list(ledger.table().index) == ["lifetime", "total"]


def test_what_is_unusual_is_said_with_the_ledger():
    assert lt.LIFETIME.ledger(**BOARD).warnings == ()
    ledger = lt.LIFETIME.ledger(**BOARD | {"k_RL": 8, "e_inf": 2})
    assert ledger.warnings == ("k_RL is outside 2 to 6: 8", "e_inf is above 1.5: 2")
    for shown in (repr(ledger), ledger._repr_html_()):
        for sentence in ledger.warnings:
            assert f"Warning: {sentence}" in shown
    many = lt.LIFETIME.ledger(**BOARD | {"k_RL": [3, 8]})
    assert repr(many).splitlines()[1:] == ["Warning: k_RL is outside 2 to 6: 8 (1 of 2 values)"]


# Prices


def test_a_price_may_be_one_for_all_phases_and_have_a_unit_that_heads_the_cost():
    bill = lt.LIFETIME.priced(3e-19, unit="USD")
    assert bill.phases == lt.LIFETIME.priced(dict.fromkeys(PHASES, 3e-19)).phases
    ledger = bill.ledger(**BOARD)
    assert list(ledger.table().columns) == ["tokens", "FLOP", "share of FLOP", "cost (USD)", "share of cost"]
    assert ledger.table().loc["total", "cost (USD)"] == ledger.cost == pytest.approx(3e-19 * 3.6e26)
    for shown in (repr(ledger), ledger._repr_html_()):
        assert "cost (USD)" in shown and "1.08e8" in shown
    assert lt.LIFETIME.ledger(**BOARD).table().columns[3] == "cost"


def test_the_unit_stays_with_the_lifetime_until_it_is_priced_anew():
    bill = lt.LIFETIME.priced(3e-19, unit="USD")
    kept = [bill + lt.Phase("own", flop=1), bill.replace("inference"), bill.given(k_RL=3)]
    assert [own.unit for own in kept] == ["USD"] * 3
    assert bill.settled({"D_RL": 0}).unit == "USD"
    assert bill.priced(2).unit == lt.LIFETIME.unit == ""
    with pytest.raises(ValueError, match="unit must be a string such as 'USD'; got 3"):
        lt.LIFETIME.priced(1, unit=3)


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
