"""What sympy can see of convexity, on expressions of every kind, and against the definition on random points."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lifetime.symbols import D, N
from lifetime.theory.convexity import is_log_convex

p = sp.Symbol("p", positive=True)
zero = sp.Symbol("zero", nonnegative=True)
r = sp.Symbol("r", real=True)
x = sp.Symbol("x")


@pytest.mark.parametrize(
    ("expression", "convex", "rising"),
    [
        (N, True, True),
        (sp.Integer(5), True, True),
        (sp.Integer(0), True, True),
        (sp.Integer(-5), False, False),
        (p, True, True),
        (zero, True, True),
        (r, False, False),
        (x * N, False, False),
        (zero * N**2 + 6 * N * D, True, True),
        (N - D, False, False),
        (-2 / N, False, False),
        (1 / N, True, False),
        (N + p / D, True, False),
        (N * D**-2, True, False),
        (sp.sqrt(N + D), True, True),
        ((N + D) ** p, True, True),
        ((1 / N + D) ** 2, True, False),
        (1 / (N + D), False, False),  # concave
        (D / (N + p), False, False),
        ((p * N * D**-3) ** r, True, False),
        ((zero * N) ** r, False, False),  # may be 0
        ((x * N) ** r, False, False),
        ((N ** (p + r) * p) ** (-p), True, False),
        (N**x, False, False),
        ((N**x * p) ** r, False, False),
        (N**D, False, False),
        (2**D, False, False),
        ((sp.Max(N, D) * p) ** r, False, False),
        (sp.Max(N, D, p), True, True),
        (sp.Max(N, 1 / D), True, False),
        (sp.Min(N, D), False, False),
        (sp.exp(N), False, False),
        (N * sp.log(N), False, False),
        (N * D * sp.Max(N + D, p) ** sp.Rational(1, 3) + p, True, True),
    ],
    ids=str,
)
def test_what_is_seen(expression, convex, rising):
    assert bool(is_log_convex(expression, (N, D))) is convex
    assert bool(is_log_convex(expression, (N, D), rising=True)) is rising


def test_only_the_unknowns_count():
    assert is_log_convex(1 / (N + D), (p,))
    assert is_log_convex(p / (1 + N), (p,), rising=True)
    assert not is_log_convex(1 / (N + p), (p,))


exponents = st.sampled_from([-2, -1, sp.Rational(-1, 3), 0, sp.Rational(1, 2), 1, 3])
terms = st.builds(lambda c, a, b: c * N**a * D**b, st.integers(-2, 5), exponents, exponents)
joined = st.recursive(
    terms,
    lambda inner: (
        st.builds(lambda a, b: a + b, inner, inner)
        | st.builds(lambda a, b: a * b, inner, inner)
        | st.builds(sp.Max, inner, inner)
        | st.builds(lambda a, b: a**b, inner, exponents.filter(lambda b: b != 0))
    ),
    max_leaves=4,
)


@given(joined, st.integers(0, 2**32 - 1))
def test_what_is_seen_is_so(expression, seed):
    """At the middle of two points no more than their mean; and where it rises, no less at a greater point."""
    if not is_log_convex(expression, (N, D)) or not expression.has(N, D):
        return
    value = sp.lambdify((N, D), expression, "numpy")
    low, high = np.random.default_rng(seed).uniform(-2, 2, (2, 2, 50))
    with np.errstate(divide="ignore"):
        f = lambda at: np.log(value(*np.exp(at)) * np.ones(50))
        assert (f((low + high) / 2) <= (f(low) + f(high)) / 2 + 1e-9).all()
        if is_log_convex(expression, (N, D), rising=True):
            assert (f(np.maximum(low, high)) >= f(low) - 1e-9).all()
