"""Draws are compared with closed forms. The tolerances are what quasi-Monte-Carlo reaches: plain random numbers, whose
error is 1/sqrt(n) of a standard deviation (1.6 % at 4,096), would miss most of them."""

import re
import sys

import cloudpickle
import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import lifetime as lt
from cases import LAW
from lifetime.evidence import sampling
from lifetime.symbols import D_RL
from uncertain import BESIROGLU, BOOTSTRAP, REFIT, UNCERTAIN, UNIFORM, plan, rows, ways


def test_the_same_seed_gives_the_same_draws_and_another_seed_others():
    first, again, other = (rows(lt.sample(UNCERTAIN, 64, seed)["law"]) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    rng = np.random.default_rng(1)
    x, y, z = (lt.sample({"x": UNIFORM}, 64, r)["x"] for r in (np.random.default_rng(1), rng, rng))
    assert np.array_equal(x, y)
    assert not np.array_equal(y, z)


@given(seed=st.integers(0, 2**32), power=st.integers(0, 8))
def test_draws_are_balanced(seed, power):
    """One in each of n equal parts of each input, and of the two halves of one and n/2 parts of another."""
    n = 2**power
    x, y = lt.sample({"x": UNIFORM, "y": UNIFORM}, n, seed).values()
    for drawn in (x, y):
        assert sorted((drawn * n).astype(int)) == list(range(n))
    if n > 1:
        assert len({*zip((x * 2).astype(int), (y * n / 2).astype(int), strict=True)}) == n


def test_draws_never_reach_the_ends_and_are_of_every_block():
    class Ends:
        def ppf(self, p):
            assert np.all((p > 0) & (p < 1))
            return p

    drawn = lt.sample({"x": Ends(), "y": stats.norm()}, 2**16, 0)
    assert np.all(np.isfinite(drawn["y"]))
    assert len({*drawn["x"]}) == 2**16
    assert np.array_equal(sampling.inside(np.array([0.0, 0.5, 1.0])), [2**-31, 0.5, 1 - 2**-31])


def test_what_is_not_uncertain_is_left_as_it_is():
    demand = np.array([[1.0], [2.0]])
    drawn = ways({"a": 3, "x": UNIFORM, "b": demand, "c": None})
    assert list(drawn) == ["a", "x", "b", "c"]
    assert (drawn["a"], drawn["b"] is demand, drawn["c"]) == (3, True, None)


def test_quasi_monte_carlo_beats_random_numbers():
    def errors(draw):
        means = [np.prod([1 + (x - 0.5) / 2 for x in draw(seed)], axis=0).mean() for seed in range(16)]
        return np.sqrt(np.mean((np.array(means) - 1) ** 2))

    names = "uvwxyz"
    ours = errors(lambda seed: lt.sample(dict.fromkeys(names, UNIFORM), 1024, seed).values())
    random = errors(lambda seed: np.random.default_rng(seed).random((len(names), 1024)))
    assert ours < random / 20


# Laws that stand by themselves


@pytest.mark.parametrize(
    ("bare", "law"),
    [
        (BESIROGLU, BESIROGLU),
        (BOOTSTRAP, BOOTSTRAP),
        ("Besiroglu2024", lt.laws.Besiroglu2024),
        (lt.laws.Besiroglu2024, lt.laws.Besiroglu2024),
    ],
    ids=["covariance", "arrays", "name", "preset"],
)
def test_an_uncertain_law_by_itself_is_drawn(bare, law):
    uncertain, same = ({"law": value, "D_inf": UNCERTAIN["D_inf"]} for value in (bare, lt.OneOf(law)))
    assert np.array_equal(rows(ways(uncertain)["law"]), rows(ways(same)["law"]))
    assert np.array_equal(rows(ways({"law": bare})["law"]), rows(ways({"law": lt.OneOf(law)})["law"]))
    f = lambda law, D_inf: np.log(law.A) + np.log(D_inf) / 100
    assert lt.sobol(f, uncertain, 64, rng=0).equals(lt.sobol(f, same, 64, rng=0))
    swings = lt.tornado(f, uncertain, n=64)
    assert swings.equals(lt.tornado(f, same, n=64))
    assert list(swings.index) == ["law: coefficients", "D_inf"]


def test_an_uncertain_law_with_more_terms_is_drawn_by_itself():
    law = ways({"law": BOOTSTRAP + D_RL**-0.1})["law"]
    assert {*law.base.alpha} == {*BOOTSTRAP.alpha}


@pytest.mark.parametrize("value", [REFIT, "Hoffmann", "fp8", 3])
def test_what_is_certain_stays_as_it_is(value):
    assert ways({"x": UNIFORM, "same": value})["same"] is value
    assert list(lt.tornado(lambda x, same: x, {"x": UNIFORM, "same": value}).index) == ["x"]


# Sweeps larger than memory


@pytest.fixture
def drawn(monkeypatch):
    """The sizes of the sets of points drawn so far."""
    sizes, original = [], sampling._sobol_points

    def recorded(d, n, rng):
        sizes.append((d, n))
        return original(d, n, rng)

    monkeypatch.setattr(sampling, "_sobol_points", recorded)
    return sizes


def lazily(n=3 * 256, seed=0):
    return lt.sample(UNCERTAIN, n, seed, chunk=256)


def test_nothing_is_drawn_before_it_is_computed_and_then_once(drawn):
    found = plan(**lazily())
    values = {"N": found.N, "cost": found.cost, "saving": found.saving, **found.shares}
    assert all(isinstance(value, da.Array) and value.chunks == ((256,) * 3,) for value in values.values())
    assert drawn == []
    table = lt.quantiles(values)
    assert drawn == [(7, 256)] * 3
    assert list(table.index) == list(values)


def test_a_lazy_plan_is_the_plan_of_its_draws():
    lazy = lazily()
    numbers = {name: dask.compute(value)[0] for name, value in lazy.items() if name != "law"}
    law = lt.ScalingLaw(*dask.compute(*lazy["law"].coefficients.values()))
    ours, expected = plan(**lazy), plan(law=law, **numbers)
    for name in ("N", "D", "loss", "cost", "flop", "tokens_per_param", "overtraining", "saving"):
        assert np.array_equal(getattr(ours, name).compute(), getattr(expected, name)), name
    for name, share in ours.shares.items():
        assert np.array_equal(share.compute(), expected.shares[name])


def test_lazy_draws_are_distributed_as_others_are():
    lazy, plain = lt.sample(UNCERTAIN, 2**13, 0, chunk=2**11), lt.sample(UNCERTAIN, 2**13, 1)
    ours, others = ({"N": p.N, "cost": p.cost, **p.shares} for p in (plan(**lazy), plan(**plain)))
    for name, found in lt.quantiles(ours).iterrows():
        assert [np.mean(others[name] <= x) for x in found] == pytest.approx([0.1, 0.5, 0.9], abs=0.01), name


def test_each_chunk_is_balanced_and_scrambled_by_itself():
    first, again, other = (lazily(seed=seed)["e_inf"].compute() for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    chunks = UNCERTAIN["e_inf"].cdf(first).reshape(3, 256)
    for chunk in chunks:
        assert sorted((chunk * 256).astype(int)) == list(range(256))
    assert len({*first}) == 3 * 256


def test_lazy_draws_can_be_sent_to_another_machine():
    lazy = lazily()["law"].alpha
    assert np.array_equal(cloudpickle.loads(cloudpickle.dumps(lazy)).compute(), lazy.compute())


def test_a_lazy_law_has_intervals():
    found = lazily()["law"].intervals()
    assert isinstance(found, pd.DataFrame)
    assert np.all(found["low"] < found["high"])


def test_a_chunk_without_dask_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(ModuleNotFoundError, match=r"^chunk needs the package dask, .*: python -m pip install dask$"):
        lazily()


# Bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ways({"x": UNIFORM}, 1e6), "n must be a power of two; got 1000000.0; the nearest is 1,048,576"),
        (lambda: ways({"x": UNIFORM}, 0), "n must be a power of two; got 0"),
        (lambda: ways({"x": UNIFORM}, "8"), "n must be a power of two; got '8'"),
        (lambda: ways({"x": UNIFORM}, 8, chunk=3), "chunk must be a power of two; got 3; the nearest is 4"),
        (lambda: ways({"x": UNIFORM}, 8, chunk=16), "n must be an integer of at least 16; got 8"),
        (lambda: ways({"x": UNIFORM}, 24.0, chunk=8), "n must be an integer of at least 8; got 24.0"),
        (lambda: ways({"x": UNIFORM}, 20, chunk=8), "n must be a multiple of chunk (8); got 20"),
        (lambda: ways({"x": 1, "y": 2}), "assumptions must hold at least one distribution or uncertain law; got x, y"),
        (
            lambda: ways(LAW),
            "assumptions must map names to values, such as {'law': law, 'D_inf': lognormal(1e13, 3)}; ",
        ),
        (lambda: ways([1, 2]), "'D_inf': lognormal(1e13, 3)}; got [1, 2]"),
        (lambda: ways({}), "assumptions must hold at least one distribution or uncertain law; got none"),
        (
            lambda: ways({"law": lt.OneOf(LAW)}),
            "assumptions must hold at least one distribution or uncertain law; got law",
        ),
        (lambda: lt.sample({"x": UNIFORM}, 8, None), "rng must be a seed or a numpy.random.Generator, so that"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
