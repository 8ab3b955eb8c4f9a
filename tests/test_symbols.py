import pytest
import sympy as sp

from lifetime import symbols

NAMES = list(symbols.MEANINGS)


@pytest.mark.parametrize("name", NAMES)
def test_a_symbol_has_its_name_a_meaning_and_a_unit(name):
    meaning = symbols.MEANINGS[name]
    assert getattr(symbols, name) is meaning.symbol
    assert meaning.symbol.name == name
    assert meaning.meaning
    assert meaning.unit


@pytest.mark.parametrize("name", NAMES)
def test_a_symbol_is_positive_unless_zero_is_valid(name):
    meaning = symbols.MEANINGS[name]
    zero_is_valid = meaning.closed and meaning.low == 0
    assert meaning.symbol.is_nonnegative
    assert meaning.symbol.is_positive is (None if zero_is_valid else True)


def test_only_demand_the_irreducible_loss_and_attention_may_be_zero():
    zero = {"D_RL", "D_inf", "E", "W", "context", "kv_bytes", "attention_flop"}
    assert {name for name in NAMES if not symbols.MEANINGS[name].symbol.is_positive} == zero


def test_a_symbol_of_the_same_name_without_its_sign_is_another_symbol():
    assert sp.Symbol("N") != symbols.N


def test_training_is_a_forward_and_a_backward_pass():
    assert (symbols.FORWARD_FLOP, symbols.BACKWARD_FLOP, symbols.TRAINING_FLOP) == (2, 4, 6)


def test_the_table_has_a_row_for_every_symbol():
    table = symbols.table()
    assert list(table.index) == NAMES
    assert (table != "").all(axis=None)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("N", "a finite number above 0"),
        ("D_inf", "a finite number, 0 or more"),
        ("k_RL", "a number from 2 to 6"),
        ("e_inf", "a finite number above 0"),
        ("E", "a finite number, 0 or more"),
        ("training_mfu", "a number above 0 and at most 1"),
    ],
)
def test_the_table_says_in_words_what_is_valid(name, valid):
    assert symbols.table().loc[name, "valid"] == valid
