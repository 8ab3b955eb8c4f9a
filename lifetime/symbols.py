"""Every symbol of the package, once: letter, meaning, unit and valid values.

A phase, a lifetime, a notebook cell and a keyword argument all mean the same thing by the same letter, because they all
take it from here. ``table()`` lists them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import sympy as sp
from sympy.printing.latex import LatexPrinter

from .types import Table, Value

FORWARD_FLOP = 2
"""FLOP per parameter and token of a forward pass: one multiply and one add per weight."""
BACKWARD_FLOP = 4
"""FLOP per parameter and token of a backward pass: the gradients of the inputs and of the weights, 2 each."""
TRAINING_FLOP = FORWARD_FLOP + BACKWARD_FLOP
"""FLOP per parameter and token of a training step: the 6 of 6·N·D."""


class Meaning(NamedTuple):
    """What a symbol stands for, which values are valid (``low`` itself only where ``closed``), and which are usual."""

    symbol: sp.Symbol
    meaning: str
    unit: str
    low: float = 0
    high: float = float("inf")
    closed: bool = False
    usual_low: float = -float("inf")
    usual_high: float = float("inf")
    letter: str = ""

    @property
    def valid(self) -> str:
        """The valid values in words."""
        if self.high < float("inf"):
            bounds = "from {:g} to {:g}" if self.closed else "above {:g} and at most {:g}"
            return f"a number {bounds.format(self.low, self.high)}"
        if self.low == -float("inf"):
            return "a finite number"
        return "a finite number, 0 or more" if self.closed else "a finite number above 0"

    @property
    def usual(self) -> str:
        """The usual values in words; empty where all that are valid are usual."""
        low, high = (f"{bound:g}".replace("e+", "e") for bound in (self.usual_low, self.usual_high))
        if self.usual_high < float("inf"):
            return f"{low} to {high}" if self.usual_low > -float("inf") else f"at most {high}"
        return f"at least {low}" if self.usual_low > -float("inf") else ""


MEANINGS: dict[str, Meaning] = {}


def _symbol(
    name: str, meaning: str, unit: str, zero: bool = False, high: float = float("inf"), letter: str = "", **usual: float
) -> sp.Symbol:
    symbol = sp.Symbol(name, nonnegative=True) if zero else sp.Symbol(name, positive=True)
    MEANINGS[name] = Meaning(symbol, meaning, unit, 0, high, zero, **usual, letter=letter)
    return symbol


N = _symbol("N", "active parameters", "parameters", usual_low=1e4)
D = _symbol("D", "pre-training tokens", "tokens", usual_high=1e17)
D_RL = _symbol("D_RL", "tokens generated in reinforcement learning", "tokens", zero=True)
D_inf = _symbol("D_inf", "tokens served in inference", "tokens", zero=True)
k_RL = _symbol("k_RL", "reinforcement learning, per parameter and token", "FLOP", usual_low=2, usual_high=6)
e_RL = _symbol("e_RL", "utilisation in reinforcement learning, relative to pre-training", "1", usual_high=1.5)
e_inf = _symbol("e_inf", "utilisation in inference, relative to pre-training", "1", usual_high=1.5)

E = _symbol("E", "irreducible loss of a scaling law", "nats per token", zero=True)
A = _symbol("A", "coefficient of the parameter term of a scaling law", "nats per token")
B = _symbol("B", "coefficient of the token term of a scaling law", "nats per token")
alpha = _symbol("alpha", "exponent of the parameter term of a scaling law", "1")
beta = _symbol("beta", "exponent of the token term of a scaling law", "1")
gamma = _symbol("gamma", "outer exponent of a scaling law", "1")
loss = _symbol("loss", "loss of the pre-trained model", "nats per token", usual_high=12, letter="L")

flop = _symbol("flop", "pre-training compute", "FLOP", letter=r"C_\mathrm{train}")
cost = _symbol("cost", "lifetime cost", "pre-training-equivalent FLOP", letter="C")
kappa = _symbol("kappa", "cost per parameter and pre-training token (6, unless other phases scale with D)", "FLOP")
W = _symbol("W", "cost per parameter that does not scale with D: the demand", "FLOP", zero=True)

N_total = _symbol("N_total", "parameters in all, active or not", "parameters")
weight_bytes = _symbol("weight_bytes", "size of a weight", "bytes", letter=r"b_\mathrm{weight}")
kv_bytes = _symbol(
    "kv_bytes", "KV cache per token of context and sequence", "bytes", zero=True, letter=r"b_\mathrm{KV}"
)
attention_flop = _symbol(
    "attention_flop", "attention, per new token and token of context", "FLOP", zero=True, letter=r"f_\mathrm{attention}"
)
batch = _symbol("batch", "sequences decoded together", "sequences", letter=r"n_\mathrm{batch}")
context = _symbol("context", "tokens that a new token attends to", "tokens", zero=True, letter=r"n_\mathrm{context}")
F = _symbol("F", "peak of all devices together, dense", "FLOP per second")
BW = _symbol("BW", "memory bandwidth of all devices together", "bytes per second")
memory = _symbol("memory", "memory of all devices together", "bytes")
training_mfu = _symbol(
    "training_mfu", "utilisation in pre-training, as a share of F", "1", high=1, letter=r"\operatorname{MFU}"
)


def table() -> Table:
    """All symbols as a table: letter, meaning, unit, valid and usual values.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> table().loc["k_RL", ["valid", "usual"]].tolist()
    ['a finite number above 0', '2 to 6']
    """
    import pandas as pd

    rows = [(name, m.meaning, m.unit, m.valid, m.usual) for name, m in MEANINGS.items()]
    return pd.DataFrame(rows, columns=["symbol", "meaning", "unit", "valid", "usual"]).set_index("symbol")


def letter(symbol: sp.Symbol) -> str:
    r"""A symbol as LaTeX: its letter in formulas, else its name with every word in it upright.

    Examples
    --------
    >>> letter(flop), letter(D_RL), letter(sp.Symbol("share"))
    ('C_\\mathrm{train}', 'D_\\mathrm{RL}', '\\operatorname{share}')
    """
    known = MEANINGS.get(symbol.name)
    if known and known.letter and known.symbol == symbol:
        return known.letter
    text = re.sub(r"_\{([A-Za-z]{2,})\}", r"_\\mathrm{\1}", sp.latex(symbol, symbol_names={}))
    return re.sub(r"^[A-Za-z]{2,}", r"\\operatorname{\g<0>}", text)


class _Letters:
    """What sympy looks a symbol up in, as in a dictionary."""

    get = staticmethod(letter)


def use_letters() -> None:
    """Let sympy write every symbol by its ``letter``, in whatever expression a notebook shows."""
    LatexPrinter.set_global_settings(symbol_names=_Letters)


def latex(expression: Value) -> str:
    r"""An expression as LaTeX: symbols by their ``letter``, numbers that are not whole to four digits.

    Examples
    --------
    >>> latex(k_RL * D_RL / e_RL)
    '\\frac{D_\\mathrm{RL} k_\\mathrm{RL}}{e_\\mathrm{RL}}'
    """
    numbers = sp.sympify(expression).atoms(sp.Float, sp.Integer)
    long = {n: sp.Float(n, 4) for n in numbers if n.is_Float or abs(n) >= 10**6}
    text = sp.latex(sp.sympify(expression).xreplace(long), symbol_names=_Letters)
    return re.sub(r"(\d)\.0(?!\d)", r"\1", text)
