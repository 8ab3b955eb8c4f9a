"""The scan of a lattice: its parts against brute force, made-up lattices, and the closed forms."""

from itertools import product

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import lifetime as lt
from cases import LAW, OTHERS
from lifetime import symbols as s
from lifetime.theory import lattice
from lifetime.theory.budget import as_lifetime
from lifetime.theory.composite import Law
from lifetime.theory.system import system

heights = st.sampled_from([0.0, 1.0, 2.0, 3.0, np.nan, np.inf])


def brute_force(value, edges):
    low = np.zeros(value.shape, dtype=bool)
    beyond = np.inf if edges else -np.inf
    for place in np.ndindex(value.shape):
        if not np.isfinite(value[place]):
            continue
        around = []
        for axis, shift in product(range(1, value.ndim), (1, -1)):
            other = list(place)
            other[axis] += shift
            inside = 0 <= other[axis] < value.shape[axis]
            around.append(value[tuple(other)] if inside else beyond)
        low[place] = all(value[place] <= (beyond if np.isnan(other) else other) for other in around)
    return low


@given(st.integers(1, 2), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.data(), st.booleans())
def test_low_places_are_those_of_brute_force(scenarios, shape, data, edges):
    size = scenarios * int(np.prod(shape))
    flat = data.draw(st.lists(heights, min_size=size, max_size=size))
    value = np.reshape(flat, (scenarios, *shape))
    before = value.copy()
    assert np.array_equal(lattice._lower_than_neighbours(value, edges), brute_force(value, edges))
    assert np.array_equal(value, before, equal_nan=True)


def made(*values, axes=None):
    """A scan of made-up values, one array a scenario, over ln N = 0, 1, 2, ... and the chosen ones at 10, 20, ..."""
    shape = np.shape(values[0])
    axes = [np.arange(float(n)) * 10**axis * (1 + (axis > 0)) for axis, n in enumerate(shape)]
    mesh = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
    places = np.repeat(mesh[:, None], len(values), axis=1)
    value = np.reshape(values, (len(values), -1)).astype(float)
    tokens = 100.0 + np.arange(value.shape[1]) + 100 * np.arange(len(values))[:, None]
    return lattice.Scan(axes, places, value, tokens, [], np.nanargmin(value, axis=1))


def test_the_lowest_is_that_of_each_scenario():
    assert made([3, 1, 2], [5, np.nan, 4]).lowest.tolist() == [1, 4]
    assert made([[3, 1], [2, 7]]).lowest.tolist() == [1]


def test_candidates_come_in_rounds():
    scan = made([3, 1, 2], [3, 1, 2], [3, 1, 2])
    scan.candidates = [[np.array([1, 2])], [np.array([3, 4]), np.array([5, 6])], [np.array([7, 8]), np.array([9, 10])]]
    rounds = [(which.tolist(), x.tolist()) for which, x in scan.rounds()]
    assert rounds == [([0, 1, 2], [[1, 3, 7], [2, 4, 8]]), ([1, 2], [[5, 9], [6, 10]])]


@pytest.mark.parametrize(
    ("values", "edge"),
    [
        ([3, 1, 2], None),
        ([1, 2, 3], (0, -1, 1.0)),
        ([3, 2, 1], (0, 1, np.exp(2))),
        ([2, 1, 1], (0, 1, np.exp(2))),  # as low at the end
        ([1, 1, 2, 3], (0, -1, 1.0)),
        ([2, 1, 1 + 1e-8], None),
        ([2, 1, 1 + 1e-10], (0, 1, np.exp(2))),
        ([np.nan, 1, 2, 3], (1, 1, np.exp(101))),  # beside a size that no D is enough for
        ([np.nan, 3, 2, 3], None),
        ([[9, 9, 9], [9, 1, 9], [9, 9, 9]], None),
        ([[9, 9, 9], [1, 2, 9], [9, 9, 9]], (2, -1, 1.0)),
        ([[9, 9, 9], [9, 2, 1], [9, 9, 9]], (2, 1, np.exp(40))),
        ([[9, 9, 9], [9, 9, 9], [9, 1, 9]], (0, 1, np.exp(2))),
        ([[9, np.nan, 9], [9, 1, 9], [9, 9, 9]], (1, 1, np.exp(104))),
        ([[np.nan, 9, 9], [9, 1, 9], [9, 9, 9]], None),
        ([[[9] * 3] * 3, [[9] * 3, [9, 2, 9], [9, 1, 9]], [[9] * 3] * 3], (2, 1, np.exp(40))),
        ([[[9] * 3] * 3, [[9] * 3, [1, 2, 9], [9, 9, 9]], [[9] * 3] * 3], (3, -1, 1.0)),
    ],
)
def test_the_edge_is_where_the_lowest_place_is(values, edge):
    """As (unknown, side, value), D being unknown 1; the same in any scenario."""
    inside = np.full(np.shape(values), 9.0)
    inside[tuple(n // 2 for n in inside.shape)] = 1
    found = made(values, inside), made(inside, values)
    for scan, i in zip(found, (0, 1), strict=True):
        shift = 100 * i if edge and edge[0] == 1 else 0
        assert scan.edge(i) == (edge and (*edge[:2], pytest.approx(edge[2] * np.exp(shift), rel=1e-12)))
        assert scan.edge(1 - i) is None


def test_a_hill_is_inside_and_higher_than_its_neighbours():
    assert made([1, 2, 3]).hill(0) is None
    assert made([3, 1, 2]).hill(0) is None
    assert made([1, np.nan, 2, 1]).hill(0) is None
    assert made([0, 0, 0], [1, 3, 2, 0][:3]).hill(1).tolist() == [1, 201]
    assert made([[1, 1, 1], [1, 5, 1], [1, 1, 1]]).hill(0).tolist() == [1, 104, 20]


# Golden sections


@pytest.mark.parametrize("axes", [1, 2])
def test_golden_sections_close_in_on_a_kink(axes):
    """In every scenario at once, in some 45 steps an axis."""
    rng, calls = np.random.default_rng(0), []
    start, steps = rng.normal(size=(axes, 5)), [1.5, 0.5][:axes]
    least = start + rng.uniform(-0.99, 0.99, (axes, 5)) * np.array(steps)[:, None]

    def function(x):
        calls.append(1)
        assert (np.abs(x - start) <= np.array(steps)[:, None]).all()
        return np.abs(x - least).sum(axis=0) + 0.3 * np.abs(x - least).max(axis=0)

    found = lattice._golden(function, start, steps, 0)
    np.testing.assert_allclose(found, least, atol=2e-9)
    assert len(calls) <= 50 * (50 if axes == 2 else 1)
    lattice._golden(lambda x: x.sum(axis=0), start, steps, 0)


def test_golden_sections_go_to_the_end_where_it_is_least_there():
    found = lattice._golden(lambda x: -x[0], np.array([[2.0, 5.0]]), [0.5], 0)
    np.testing.assert_allclose(found, [[2.5, 5.5]], atol=2e-9)


# The lattice of a system


def equations(law, lifetime=lt.LIFETIME, choose=(), **known):
    """The system, its arguments for some scenarios, and its names."""
    law = law if isinstance(law, Law) else Law(law)
    names = (*law.base.coefficients, *known)
    values = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(x, float)) for x in (law.base.coefficients | known).values())
    )
    return system(lifetime.cost, law.rest, choose, names), [value.copy() for value in values]


LOSSES = np.array([1.9, 2.0, 2.3])


def test_the_tokens_of_a_place_are_those_that_meet_the_constraint():
    solver, args = equations(LAW, **OTHERS | {"D_inf": [1e12, 1e13, 1e14]})
    centre = np.log([[1e11, 3e10, 1e10], [2e13, 5e12, 1e12]])
    scan = lattice.scan(solver, args, np.log(LOSSES - LAW.E), centre, False)
    for i, loss in enumerate(LOSSES):
        N = np.exp(scan.places[0, i])
        enough = np.isfinite(scan.tokens[i])
        assert enough.any() and not enough.all()
        np.testing.assert_allclose(np.exp(scan.tokens[i, enough]), LAW.tokens_for(loss, N[enough]), rtol=1e-9)
        assert N[~enough].max() < 1.05 * LAW.least_params(loss)
        ledger = lt.LIFETIME.ledger(
            N=N[enough], D=np.exp(scan.tokens[i, enough]), **OTHERS | {"D_inf": 10.0 ** (12 + i)}
        )
        np.testing.assert_allclose(scan.value[i, enough], np.log(ledger.cost), rtol=1e-12)
        assert np.isnan(scan.value[i, ~enough]).all()
        assert scan.best[i] == np.nanargmin(scan.value[i])


def test_the_one_candidate_of_a_plain_law_is_next_to_the_closed_form():
    served = np.array([1e12, 1e13, 1e14])
    solver, args = equations(LAW, **OTHERS | {"D_inf": served})
    plan = lt.cheapest(LAW, loss=LOSSES, **OTHERS | {"D_inf": served})
    centre = np.log(np.stack([plan.chinchilla.N, plan.chinchilla.D]))
    scan = lattice.scan(solver, args, np.log(LOSSES - LAW.E), centre, False)
    assert [len(found) for found in scan.candidates] == [1, 1, 1]
    step = scan.axes[0][1] - scan.axes[0][0]
    for i, (found,) in enumerate(scan.candidates):
        assert abs(found[0] - np.log(plan.N[i])) <= step
        assert found[1] == pytest.approx(np.log(LAW.tokens_for(LOSSES[i], np.exp(found[0]))), abs=1e-9)
        assert scan.edge(i) is None


def test_at_a_cost_the_tokens_are_those_that_cost_it():
    solver, args = equations(LAW, **OTHERS | {"D_inf": [1e12, 1e13]})
    cost = np.array([1e24, 1e26])
    scan = lattice.scan(solver, args, np.log(cost), np.log(LAW.compute_optimal(cost)), True)
    plan = lt.best(LAW, cost=cost, **OTHERS | {"D_inf": [1e12, 1e13]})
    for i in range(2):
        enough = np.isfinite(scan.tokens[i])
        N, D = np.exp(scan.places[0, i, enough]), np.exp(scan.tokens[i, enough])
        ledger = lt.LIFETIME.ledger(N=N, D=D, **OTHERS | {"D_inf": [1e12, 1e13][i]})
        np.testing.assert_allclose(ledger.cost, cost[i], rtol=1e-9)
        np.testing.assert_allclose(np.exp(scan.value[i, enough]), LAW.loss(N, D) - LAW.E, rtol=1e-9)
        (found,) = scan.candidates[i]
        assert abs(found[0] - np.log(plan.N[i])) <= scan.axes[0][1] - scan.axes[0][0]


k = sp.Symbol("k", positive=True)


def test_a_chosen_symbol_has_an_axis_over_all_it_may_be():
    own = lt.LIFETIME.replace("inference", lt.Phase("inference", k * s.D_inf, 2, s.e_inf))
    given = {name: value for name, value in OTHERS.items() if name != "e_inf"} | {"e_inf": 0.5}
    solver, args = equations(LAW + 0.1 * k**-0.5, own, ("k",), **given)
    centre = np.log(np.array(LAW.compute_optimal_at_loss(2.0)))[:, None]
    scan = lattice.scan(solver, args, np.log([2.1 - LAW.E]), centre, False)
    assert [len(axis) for axis in scan.axes] == [41, 25]
    assert np.exp(scan.axes[1][[0, -1]]) == pytest.approx([1e-6, 1e26])
    plan = lt.cheapest(LAW + 0.1 * k**-0.5, loss=2.1, lifetime=own, choose="k", **given)
    best = scan.candidates[0][0]
    assert abs(best[2] - np.log(plan.chosen["k"])) <= scan.axes[1][1] - scan.axes[1][0]
    for symbol, low, high in ((s.training_mfu, 1e-6, 1), (s.k_RL, s.MEANINGS["k_RL"].low or 1e-6, 1e26)):
        assert np.exp(lattice._range(symbol)) == pytest.approx([low, high])


def test_candidates_are_the_lowest_six_in_their_order():
    """Of a cost with eleven dips along N."""
    dips = 6 * s.N * s.D * (1 + 0.8 * sp.cos(4 * sp.log(s.N)))
    solver, args = equations(LAW, as_lifetime(dips))
    centre = np.log(np.array(LAW.compute_optimal_at_loss(2.0)))[:, None]
    scan = lattice.scan(solver, args, np.log([2.0 - LAW.E]), centre, False)
    value = scan.value[0]
    padded = np.concatenate([[np.inf], np.where(np.isnan(value), np.inf, value), [np.inf]])
    low = np.flatnonzero((padded[1:-1] <= padded[:-2]) & (padded[1:-1] <= padded[2:]) & np.isfinite(value))
    assert len(low) > 6
    expected = scan.places[0, 0, low[np.argsort(value[low])]][:6]
    assert [found[0] for found in scan.candidates[0]] == expected.tolist()
