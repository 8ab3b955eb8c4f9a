"""A memory that an expression brings along: a plan that does not fit is never returned."""

import dask.array as da
import numpy as np
import pytest
import sympy as sp

import lifetime as lt
from cases import LAW
from lifetime import symbols as s
from lifetime.theory.limits import Limited, bare

x, taken, memory = sp.symbols("x taken memory", positive=True)
ROOF = lt.accelerators.H100_SXM.roofline("fp8", N=s.N, N_total=s.N, weight_bytes=1, kv_bytes=70e3)
"""A dense model on 8 H100: 684e9 bytes."""
DECODE = lt.Phase("decode", s.D_inf, 2, ROOF.efficiency(s.batch, s.context, training_mfu=0.4))
SERVED = lt.LIFETIME.replace("inference", DECODE)
GIVEN = {"D_RL": 0, "D_inf": 1e13, "context": 32768}


def served(batch, loss=1.9, law=LAW, **options):
    return lt.cheapest(law, loss=loss, lifetime=SERVED, batch=batch, **GIVEN | options)


def test_a_plan_that_fits_is_as_without_a_limit():
    plan = served(64)
    free = lt.LIFETIME.replace("inference", lt.Phase("decode", s.D_inf, 2, bare(DECODE.efficiency)))
    assert not free.cost.has(Limited)
    assert plan.N + 64 * 32768 * 70e3 < 684.2e9
    assert plan.N == lt.cheapest(LAW, loss=1.9, lifetime=free, batch=64, **GIVEN).N
    assert SERVED.cost == free.cost


@pytest.mark.parametrize("call", [lt.cheapest, lt.best])
def test_a_plan_that_does_not_fit_is_an_error_with_what_it_takes(call):
    target = {"loss": 1.9} if call is lt.cheapest else {"cost": 1e26}
    message = r"the best plan does not fit: phase 'decode' takes \d\.\d+e\+12 bytes of memory, and there are 6"
    with pytest.raises(ValueError, match=message):
        call(LAW, lifetime=SERVED, batch=512, **target, **GIVEN)


def test_of_many_the_number_that_does_not_fit_is_said():
    with pytest.raises(ValueError, match="does not fit in 2 of 3 scenarios: phase 'decode' takes"):
        served([64, 512, 1024])


def test_a_law_of_the_readers_own_and_a_choice_are_held_to_it_too():
    law = LAW + 0.1 * s.D_RL**-0.2
    given = {name: value for name, value in GIVEN.items() if name != "D_RL"} | {"k_RL": 3, "e_RL": 1}
    plan = lt.cheapest(law, loss=2.1, lifetime=SERVED, choose="D_RL", batch=64, **given)
    assert plan.chosen["D_RL"] > 0
    with pytest.raises(ValueError, match="the best plan does not fit"):
        lt.cheapest(law, loss=2.1, lifetime=SERVED, choose="D_RL", batch=512, **given)


def test_a_lazy_plan_is_held_to_it_when_it_is_computed():
    fits, not_ = served(da.from_array([32.0, 64.0])), served(da.from_array([64.0, 512.0]))
    assert np.allclose(fits.N.compute(), served([32, 64]).N, rtol=1e-12)
    with pytest.raises(ValueError, match="does not fit in 1 of 2 scenarios"):
        not_.N.compute()


def test_weights_alone_have_to_fit():
    cache_free = lt.Phase("decode", s.D_inf, 2, ROOF.efficiency(None, s.context, training_mfu=0.4))
    own = lt.LIFETIME.replace("inference", cache_free)
    with pytest.raises(ValueError, match=r"takes \d\.\d+e\+1[23] bytes of memory, and there are 6\.842e\+11"):
        lt.cheapest(LAW, loss=1.83, lifetime=own, D_RL=0, D_inf=1e10, context=1)


def test_a_roofline_without_a_known_memory_brings_no_limit():
    symbolic = lt.Roofline(N=s.N, N_total=s.N, weight_bytes=1, kv_bytes=70e3, F=s.F, BW=s.BW, memory=s.memory)
    assert not symbolic.efficiency(s.batch, s.context, 0.4).has(Limited)
    small = lt.accelerators.H100_SXM.roofline("fp8", N=1e9, N_total=1e9, weight_bytes=1, kv_bytes=1)
    assert isinstance(small.efficiency(8, 1024, 0.4), float)


def test_it_is_its_value_wherever_sympy_and_numpy_look():
    limited = Limited(x**2, taken, memory)
    assert sp.diff(limited, x) == 2 * x
    assert (limited.is_positive, limited.is_zero) == (True, False)
    assert sp.lambdify(x, limited, "numpy")(3.0) == 9
    assert (str(limited), sp.latex(limited)) == ("x**2", "x^{2}")
    assert bare(1 / limited + limited) == x**2 + x**-2
    assert limited.subs({taken: 5, memory: 6}) == x**2
    with pytest.raises(ValueError, match="memory must be at least 7 bytes for what it holds; got 6"):
        limited.subs({taken: 7, memory: 6})
