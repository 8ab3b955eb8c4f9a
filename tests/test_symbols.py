import re

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


def test_every_letter_is_of_one_symbol():
    letters = [symbols.letter(meaning.symbol) for meaning in symbols.MEANINGS.values()]
    assert len(set(letters)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_has_no_two_italic_letters_in_a_row(name):
    plain = re.sub(r"\\(mathrm|operatorname)\{\w+\}|\\[a-z]+", "", symbols.letter(symbols.MEANINGS[name].symbol))
    assert re.findall("[A-Za-z]{2,}", plain) == []


def test_training_is_a_forward_and_a_backward_pass():
    assert (symbols.FORWARD_FLOP, symbols.BACKWARD_FLOP, symbols.TRAINING_FLOP) == (2, 4, 6)


def test_the_table_has_a_row_for_every_symbol():
    table = symbols.table()
    assert list(table.index) == NAMES
    assert (table.drop(columns="usual") != "").all(axis=None)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("N", "a finite number above 0"),
        ("D_inf", "a finite number, 0 or more"),
        ("k_RL", "a finite number above 0"),
        ("e_inf", "a finite number above 0"),
        ("E", "a finite number, 0 or more"),
        ("training_mfu", "a number above 0 and at most 1"),
    ],
)
def test_the_table_says_in_words_what_is_valid(name, valid):
    assert symbols.table().loc[name, "valid"] == valid


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        ("N", "at least 10000"),
        ("D", "at most 1e17"),
        ("k_RL", "2 to 6"),
        ("e_RL", "at most 1.5"),
        ("e_inf", "at most 1.5"),
        ("loss", "at most 12"),
        ("alpha", ""),
    ],
)
def test_the_table_says_in_words_what_is_usual(name, usual):
    assert symbols.table().loc[name, "usual"] == usual


@pytest.mark.parametrize("name", NAMES)
def test_what_is_usual_is_valid(name):
    meaning = symbols.MEANINGS[name]
    assert meaning.usual_low < meaning.usual_high
    assert meaning.usual_low == -float("inf") or meaning.usual_low >= meaning.low
    assert meaning.usual_high == float("inf") or meaning.usual_high <= meaning.high


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (symbols.D_RL, r"D_\mathrm{RL}"),
        (6 * symbols.e_inf, r"6 e_\mathrm{inf}"),
        (symbols.alpha, r"\alpha"),
        (symbols.flop / symbols.batch, r"\frac{C_\mathrm{train}}{n_\mathrm{batch}}"),
        (sp.Symbol("flop"), r"\operatorname{flop}"),
        (sp.Symbol("D_opt"), r"D_\mathrm{opt}"),
        (sp.Symbol("share_of_2"), r"\operatorname{share}_{of 2}"),
        (sp.Symbol("x_1"), "x_{1}"),
        (2e12, r"2 \cdot 10^{12}"),
        (10**20, r"1 \cdot 10^{20}"),
        (0.123456, "0.1235"),
        (1.05, "1.05"),
        (6, "6"),
        (sp.Rational(1, 3), r"\frac{1}{3}"),
    ],
)
def test_an_expression_is_shown_as_mathematics(expression, text):
    assert symbols.latex(expression) == text
