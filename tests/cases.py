"""What several tests share: a law, a lifetime, strategies for random ones, and input that must be refused."""

import re

import numpy as np
import pytest
from hypothesis import strategies as st

import lifetime as lt
from lifetime.symbols import MEANINGS, D, W

LAW = lt.ScalingLaw(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
SYMBOLIC = lt.ScalingLaw(**{name: MEANINGS[name].symbol for name in ("E", "A", "B", "alpha", "beta")})
OTHERS = {"D_RL": 1e12, "D_inf": 1e13, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
DEMAND = lt.Lifetime([lt.Phase("pre-training", D, 6), lt.Phase("demand", W, 1)])
"""A lifetime whose cost is N·(6·D + W), to set W itself."""


def powers_of_ten(low, high):
    return st.floats(low, high).map(lambda exponent: 10.0**exponent)


laws = st.builds(
    lt.ScalingLaw,
    E=st.sampled_from([0.0, 1.8]),
    A=powers_of_ten(1, 4),
    B=powers_of_ten(1, 4),
    alpha=st.floats(0.1, 1),
    beta=st.floats(0.1, 1),
)
sizes = powers_of_ten(6, 13)
corpora = powers_of_ten(8, 16)
demands = st.just(0.0) | powers_of_ten(8, 18)
assumptions = st.fixed_dictionaries(
    {
        "D_RL": demands,
        "D_inf": demands,
        "k_RL": st.floats(2, 6),
        "e_RL": powers_of_ten(-1.5, 0.5),
        "e_inf": powers_of_ten(-1.5, 0.5),
    }
)


def scenarios(n, seed=0, low=0.1, high=1.0):
    """Random laws with E = 0, reducible losses and demands over all that the accuracy is promised for."""
    rng = np.random.default_rng(seed)
    draw = lambda low, high: 10 ** rng.uniform(low, high, n)
    law = lt.ScalingLaw(0, draw(1, 4), draw(1, 4), rng.uniform(0.1, 1, n), rng.uniform(low, high, n))
    return law, draw(-6, 1), np.where(rng.random(n) < 0.05, 0, draw(0, 22))


NO_NUMBERS = {
    "text": "7B",
    "number in text": "7e9",
    "bytes": b"7",
    "None": None,
    "bool": True,
    "complex": 1j,
    "dict": {"N": 1e9},
    "ragged list": [[1e9, 2e9], [3e9]],
    "list with None": [1e9, None],
    "bool among numbers": [True, 2.0],
    "bool of numpy among numbers": ((1.0, np.True_), (2.0, 3.0)),
    "texts": np.array(["7e9"]),
    "objects with text": np.array([1e9, "7e9"], dtype=object),
    "objects with bool": np.array([1e9, True], dtype=object),
    "objects with bool of numpy": np.array([1e9, np.True_], dtype=object),
    "bools": np.array([True, False]),
    "complex numbers": np.array([1 + 0j]),
    "masked complex": np.ma.array([1 + 1j]),
    "masked texts": np.ma.array(["7e9"]),
    "date": np.datetime64("2026-01-01"),
    "integer beyond floats": 10**400,
}


def refused(*names):
    """Every argument with bad values, each with the message that names the argument, the value and what is valid."""
    cases = []
    for name in names:
        meaning = MEANINGS[name]
        out_of_range = [-1.0, np.nan, np.inf, -np.inf]
        out_of_range += [] if meaning.closed and meaning.low == 0 else [0, 0.0]
        out_of_range += [meaning.low - 0.1, meaning.high + 0.1] if meaning.high < np.inf else []
        must_be = f"{name} must be {meaning.valid}; got "
        cases += [(name, value, f"{must_be}{value:g}") for value in out_of_range]
        cases.append((name, [3.0, np.nan, 4.0], f"{must_be}nan (1 of 3 values)"))
        cases.append((name, np.ma.array([3, 4], mask=[False, True]), f"{must_be}nan (1 of 2 values)"))
        cases.append((name, [], f"{name} must hold at least one number; got an empty array of shape (0,)"))
        cases += [
            (name, value, f"{name} must be a number or an array of numbers; got {value!r}") for value in ("7B", None)
        ]
    return [pytest.param(*case[:2], f"^{re.escape(case[2])}", id=f"{case[0]}={case[1]}") for case in cases]
