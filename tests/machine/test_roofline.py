import dataclasses
import pydoc
import re
from math import isfinite

import dask
import dask.array as da
import numpy as np
import pytest
import sympy as sp
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import lifetime as lt
from cases import LAW, powers_of_ten, refused
from lifetime import symbols as s

CHIPS = lt.accelerators
MODEL = {"N": 37e9, "N_total": 671e9, "weight_bytes": 1.0, "kv_bytes": 70272.0}
VALUES = MODEL | {"F": 1.6e16, "BW": 2.7e13, "attention_flop": 4e5, "memory": 1.1e12}
FIELDS = tuple(VALUES)
POINT = {"batch": 500.0, "context": 5000.0, "training_mfu": 0.4, "new_tokens": 3.0}
METHODS = {
    "token_cost": ("batch", "context", "new_tokens"),
    "times": ("batch", "context", "new_tokens"),
    "step_time": ("batch", "context", "new_tokens"),
    "throughput": ("batch", "context", "new_tokens"),
    "utilisation": ("batch", "context", "new_tokens"),
    "efficiency": ("batch", "context", "training_mfu", "new_tokens"),
    "balance_batch": ("context",),
    "balance_context": ("batch",),
    "max_batch": ("context",),
}
BALANCED = {"balance_batch": {"context": 500.0}, "balance_context": {"batch": 9000.0}}
STEPS = ("token_cost", "step_time", "throughput", "utilisation", "efficiency")
ROOFLINE = lt.Roofline(**VALUES)
SYMBOLIC = lt.Roofline(**{name: getattr(s, name) for name in FIELDS})
new_tokens = sp.Symbol("new_tokens", positive=True)


def call(roofline, method, **changes):
    given = POINT | BALANCED.get(method, {}) | changes
    overlap = {"overlap": given["overlap"]} if "overlap" in given else {}
    result = getattr(roofline, method)(**{name: given[name] for name in METHODS[method]}, **overlap)
    return result if isinstance(result, tuple) else (result,)


def symbol(name):
    return new_tokens if name == "new_tokens" else getattr(s, name)


def changed(roofline, **changes):
    return dataclasses.replace(roofline, **changes)


def on(chip, precision="fp8", weight_bytes=1, devices=1, **model):
    """A chip beside a model of which only the weights count."""
    model = {"N": 1e9, "N_total": 1e9, "kv_bytes": 0} | model
    return CHIPS[chip].roofline(precision, devices=devices, weight_bytes=weight_bytes, **model)


# The formulas


def test_a_step_computes_reads_the_weights_and_reads_the_cache():
    compute = s.batch * (2 * s.N + s.attention_flop * s.context) / s.F
    weights = s.N_total * s.weight_bytes / s.BW
    cache = s.batch * s.context * s.kv_bytes / s.BW
    assert [sp.expand(x - y) for x, y in zip(SYMBOLIC.times(s.batch, s.context), (compute, weights, cache))] == [0] * 3
    longer = SYMBOLIC.step_time(s.batch, s.context)
    assert sp.expand(SYMBOLIC.step_time(s.batch, s.context, overlap=False) - compute - weights - cache) == 0
    for F, expected in ((1e13, compute), (1e19, weights + cache)):
        values = {symbol(name): value for name, value in (VALUES | POINT | {"F": F}).items()}
        assert float(longer.subs(values)) == pytest.approx(float(expected.subs(values)), rel=1e-14)


def test_everything_is_the_cost_of_a_token():
    c = SYMBOLIC.token_cost(s.batch, s.context)
    where = s.batch, s.context
    R = s.F / s.BW
    read = R * (s.N_total * s.weight_bytes / s.batch + s.kv_bytes * s.context)
    assert sp.simplify(c - sp.Max(2 * s.N + s.attention_flop * s.context, sp.expand(read))) == 0
    assert sp.simplify(SYMBOLIC.step_time(*where) - s.batch * c / s.F) == 0
    assert sp.simplify(SYMBOLIC.throughput(*where) * c - s.F) == 0
    assert sp.simplify(SYMBOLIC.utilisation(*where) * c - 2 * s.N) == 0
    assert sp.simplify(SYMBOLIC.efficiency(*where, s.training_mfu) * c * s.training_mfu - 2 * s.N) == 0


def test_the_published_form_leaves_the_weights_out():
    """MatX (2025): max(2·N, bytes of KV cache read per token · FLOP per byte)."""
    model = lt.Roofline(N=s.N, N_total=s.N, weight_bytes=1, kv_bytes=s.kv_bytes, F=600, BW=1)
    assert model.token_cost(None, s.context) == sp.Max(2 * s.N, 600.0 * s.kv_bytes * s.context)
    assert sp.limit(SYMBOLIC.token_cost(s.batch, s.context, overlap=False), s.batch, sp.oo) == sp.expand(
        SYMBOLIC.token_cost(None, s.context, overlap=False)
    )


def test_the_balance_batch_without_a_context_is_the_general_form():
    assert SYMBOLIC.balance_batch() == s.F / s.BW * s.weight_bytes / 2 * s.N_total / s.N


@pytest.mark.parametrize("context", [None, s.context])
def test_at_the_balance_batch_reading_takes_as_long_as_computing(context):
    if context is None:
        model = changed(SYMBOLIC, kv_bytes=0, attention_flop=0)
        compute, weights, cache = model.times(SYMBOLIC.balance_batch(), s.context)
    else:
        compute, weights, cache = SYMBOLIC.times(SYMBOLIC.balance_batch(context), context)
    assert sp.simplify(compute - weights - cache) == 0


def test_at_the_balance_context_reading_takes_as_long_as_computing():
    compute, weights, cache = SYMBOLIC.times(s.batch, SYMBOLIC.balance_context(s.batch))
    assert sp.simplify(compute - weights - cache) == 0
    assert sp.limit(SYMBOLIC.balance_context(s.batch), s.batch, sp.oo) == SYMBOLIC.balance_context()


def test_the_two_balances_are_inverse():
    batch = ROOFLINE.balance_batch(500)
    assert ROOFLINE.balance_context(batch) == pytest.approx(500, rel=1e-12)


def test_the_largest_batch_fills_the_memory():
    used = s.N_total * s.weight_bytes + SYMBOLIC.max_batch(s.context) * s.context * s.kv_bytes
    assert sp.expand(used - s.memory) == 0


def test_new_tokens_share_one_reading_and_attend_to_what_is_before_them():
    """A prompt of L tokens attends to 1, 2, ..., L of them: to (L + 1)/2 on average."""
    compute, weights, cache = SYMBOLIC.times(s.batch, s.context, s.context)
    tokens = s.batch * s.context
    assert sp.expand(compute - tokens * (2 * s.N + s.attention_flop * (s.context + 1) / 2) / s.F) == 0
    assert (weights, cache) == SYMBOLIC.times(s.batch, s.context)[1:]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("overlap", [True, False])
def test_symbols_and_numbers_give_the_same(method, overlap):
    options = {"overlap": overlap} if method in STEPS else {}
    formulas = call(SYMBOLIC, method, **{name: symbol(name) for name in METHODS[method]}, **options)
    names = (*FIELDS, *METHODS[method])
    function = sp.lambdify([symbol(name) for name in names], formulas, "math")
    expected = function(*((VALUES | POINT | BALANCED.get(method, {}))[name] for name in names))
    assert call(ROOFLINE, method, **options) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [*FIELDS, *POINT])
def test_one_symbol_among_numbers_is_a_formula_of_it(method, name):
    """Whatever the checks would compare with it."""
    if name in FIELDS:
        found = call(changed(ROOFLINE, **{name: symbol(name)}), method)
    elif name in METHODS[method]:
        found = call(ROOFLINE, method, **{name: symbol(name)})
    else:
        pytest.skip("it has no such argument")
    value = (VALUES | POINT | BALANCED.get(method, {}))[name]
    numbers = [float(sp.sympify(formula).subs(symbol(name), value)) for formula in found]
    assert numbers == pytest.approx(list(call(ROOFLINE, method)), rel=1e-12)


LARGE = {"N": 1e308, "N_total": 1e308}
QUICK = {"N": 1e-9, "N_total": 1e-9, "F": 1e308, "BW": 1e308, "kv_bytes": 0, "attention_flop": 0}


@pytest.mark.parametrize(
    ("method", "changes", "result"),
    [
        ("token_cost", LARGE, "FLOP"),
        ("step_time", LARGE, "step time"),
        ("throughput", QUICK, "throughput"),
        ("utilisation", LARGE, "utilisation"),
        ("efficiency", LARGE, "efficiency"),
        ("times", LARGE, "time to compute"),
        ("times", {"BW": 1e-308}, "time to read the weights"),
        ("times", {"kv_bytes": 1e308}, "time to read the KV cache"),
        ("balance_batch", LARGE, "batch"),
        ("balance_context", LARGE | {"weight_bytes": 1e-9}, "context"),
        ("max_batch", {"kv_bytes": 1e-308, "memory": 1e12}, "batch"),
    ],
)
def test_a_result_that_no_float_holds_is_named(method, changes, result):
    with pytest.raises(ValueError, match=f"^{result} is not a finite number"):
        call(changed(ROOFLINE, **{"memory": None} | changes), method, batch=1e9)


def test_the_latency_floor_is_a_formula_too():
    assert SYMBOLIC.latency_floor == s.N_total * s.weight_bytes / s.BW
    assert ROOFLINE.latency_floor == pytest.approx(671e9 / 2.7e13, rel=1e-15)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("field", FIELDS)
def test_every_field_moves_the_results_that_depend_on_it(method, field):
    """With no overlap, where nothing is hidden behind the longer part."""
    options = {"overlap": False} if method in STEPS else {}
    formulas = call(SYMBOLIC, method, **{name: symbol(name) for name in METHODS[method]}, **options)
    before = call(ROOFLINE, method, **options)
    after = call(changed(ROOFLINE, **{field: VALUES[field] * 1.01}), method, **options)
    assert [x != y for x, y in zip(before, after)] == [getattr(s, field) in x.free_symbols for x in formulas]


# Limits and order


roofs = st.builds(
    lambda N, sparsity, w, kv, F, intensity: lt.Roofline(
        N=N, N_total=N * sparsity, weight_bytes=w, kv_bytes=kv, F=F, BW=F / intensity
    ),
    N=powers_of_ten(8, 12),
    sparsity=st.floats(1, 50),
    w=st.sampled_from([0.5, 1, 2]),
    kv=st.just(0.0) | powers_of_ten(3, 6),
    F=powers_of_ten(14, 18),
    intensity=powers_of_ten(1.5, 3.5),
)
batches, contexts, more = powers_of_ten(0, 5), powers_of_ten(0, 6), st.floats(1, 100)
MORE = 1 + 1e-12
"""Room for rounding: a sum and a product of a few numbers."""


@given(roof=roofs, batch=batches, context=contexts, factor=more)
def test_a_larger_batch_is_slower_a_sequence_and_faster_in_all(roof, batch, context, factor):
    assert roof.step_time(batch, context) <= roof.step_time(batch * factor, context) * MORE
    assert roof.step_time(batch * factor, context) <= factor * roof.step_time(batch, context) * MORE
    assert roof.throughput(batch, context) <= roof.throughput(batch * factor, context) * MORE
    assert roof.utilisation(batch, context) <= roof.utilisation(batch * factor, context) * MORE


@given(roof=roofs, batch=batches, context=contexts, factor=more)
def test_a_longer_context_is_never_faster(roof, batch, context, factor):
    for overlap in (True, False):
        near, far = (roof.step_time(batch, x, overlap=overlap) for x in (context, context * factor))
        assert near <= far * MORE
        ratios = roof.efficiency(batch, [context, context * factor], 0.4, overlap=overlap)
        assert ratios[1] <= ratios[0] * MORE


@given(roof=roofs, batch=batches, context=contexts)
def test_the_sum_is_between_one_and_two_times_the_maximum(roof, batch, context):
    low, high = (roof.step_time(batch, context, overlap=overlap) for overlap in (True, False))
    assert low <= high * MORE
    assert high <= 2 * low * MORE


@given(roof=roofs, batch=batches, context=contexts)
def test_no_step_beats_the_latency_floor_or_the_peak(roof, batch, context):
    assert roof.latency_floor <= roof.step_time(batch, context) * MORE
    assert 0 < roof.utilisation(batch, context) <= MORE
    assert roof.efficiency(batch, context, training_mfu=1) == roof.utilisation(batch, context)
    assert roof.throughput(batch, context) * roof.step_time(batch, context) == pytest.approx(batch, rel=1e-12)


@given(roof=roofs, context=contexts, new=st.floats(1, 50))
def test_guessed_tokens_are_never_slower_a_token(roof, context, new):
    context = context * new
    assert roof.token_cost(64, context, new) <= roof.token_cost(64, context) * MORE


def test_the_limits_of_the_batch_and_of_the_context():
    roof = changed(ROOFLINE, memory=None, attention_flop=0)
    assert roof.step_time(1e-9, 5000) == pytest.approx(roof.latency_floor, rel=1e-9)
    assert roof.throughput(1e15, 1) == pytest.approx(roof.F / (2 * roof.N), rel=1e-12), "bound by compute"
    alone = roof.BW / (roof.kv_bytes * 1e6)
    assert roof.throughput(1e15, 1e6) == pytest.approx(alone, rel=1e-9), "bound by the cache"
    without = changed(roof, kv_bytes=0)
    assert roof.step_time(64, 1e-9) == pytest.approx(without.step_time(64, 5000), rel=1e-9)
    assert roof.token_cost(1e15, 5000) == pytest.approx(roof.token_cost(None, 5000), rel=1e-9)


def test_prefill_is_bound_by_compute():
    roof = CHIPS.H200_SXM.roofline("fp8", **MODEL)
    assert roof.utilisation(1, 1_000_000, 1_000_000) == 1
    assert roof.token_cost(1, 8192, 8192) == 2 * 37e9
    assert roof.utilisation(1, 8192) < 1e-3


# Published numbers, and the arithmetic of the lecture


@pytest.mark.parametrize(
    ("chip", "balance"),
    [("A100_80GB", 153), ("A100_40GB", 201), ("H100_SXM", 295), ("H200_SXM", 206), ("B200", 292)],
)
def test_the_balance_batch_of_a_dense_model_by_chip(chip, balance):
    """300 is neither the A100 nor the H200: FLOP/s and bytes/s of the data sheets, to the last digit given."""
    for precision, weight_bytes in {"bf16": 2, "fp8": 1, "fp4": 0.5}.items():
        if precision in CHIPS[chip].precisions:
            assert on(chip, precision, weight_bytes).balance_batch() == pytest.approx(balance, abs=0.6)


@pytest.mark.parametrize(
    ("N", "N_total", "balance"), [(32, 256, 2400), (37e9, 671e9, pytest.approx(5440, abs=1)), (1, 1, 300)]
)
def test_sparsity_multiplies_the_balance_batch(N, N_total, balance):
    """The lecture: 300 multiplies per weight read, times 8 for "32 of 256"; the published config gives 18.1."""
    roof = lt.Roofline(N=N, N_total=N_total, weight_bytes=1, kv_bytes=0, F=600, BW=1)
    assert roof.balance_batch() == balance


@pytest.mark.parametrize(
    ("chip", "milliseconds"),
    [
        ("A100_80GB", 42.13),
        ("H100_SXM", 25.53),
        ("H200_SXM", 31.41),
        ("B200", 24.97),
        ("GB200_NVL72", 24.83),
        ("B300", 37.45),
        ("GB300_NVL72", 37.25),
        ("Rubin_NVL72", 13.09),
        ("MI300X", 38.89),
        ("MI355X", 38.65),
        ("TPU_v5p", 36.89),
        ("TPU7x", 27.93),
        ("Trainium3", 31.55),
    ],
)
def test_the_time_to_read_all_memory(chip, milliseconds):
    """The lecture says 20 ms. All bytes that the driver reports, which are 3 to 8 % more than GB as marketed."""
    assert CHIPS[chip].drain_time * 1e3 == pytest.approx(milliseconds, abs=0.005)


MEBIBYTES = {
    "A100_40GB": 40_960,
    "A100_80GB": 81_920,
    "H100_SXM": 81_559,
    "H200_SXM": 143_771,
    "H800_SXM": 81_559,
    "B200": 183_359,
    "GB200_NVL72": 189_471,
    "B300": 275_040,
    "GB300_NVL72": 284_208,
    "MI300X": 192 * 1024 - 16,
}
"""Memory as the driver reports it, from the listings that the rows cite."""
MARKETED = {"H20", "Rubin_NVL72", "TPU_v5e"}
"""Of these only GB are stated."""


@pytest.mark.parametrize("chip", list(CHIPS), ids=CHIPS.available)
def test_memory_is_what_the_driver_reports_or_whole_gibibytes_or_says_that_it_is_neither(chip):
    if chip.key in MEBIBYTES:
        assert chip.hbm_bytes == MEBIBYTES[chip.key] * 2**20
        assert "as the driver reports it" in chip.locator or "driver reports 81,559 MiB" in chip.locator
    elif chip.key in MARKETED:
        assert chip.hbm_bytes % 1e9 == 0 and "GB" in chip.note
    else:
        assert chip.hbm_bytes % 2**30 == 0 and "GiB" in chip.locator + chip.note


@pytest.mark.parametrize(
    ("chip", "N_total", "weight_bytes", "milliseconds", "digit", "fits"),
    [
        ("H100_SXM", 671e9, 1, 25, 0.5, True),
        ("H100_SXM", 685e9, 1, 25.6, 0.05, False),
        ("GB200_NVL72", 671e9, 1, 1.2, 0.05, True),
        ("GB200_NVL72", 1e12, 0.5, 0.87, 0.005, True),
        ("GB200_NVL72", 5e12, 1, 8.7, 0.05, True),
    ],
)
def test_the_latency_floor_of_a_scale_up_domain(chip, N_total, weight_bytes, milliseconds, digit, fits):
    """Not the time to read all memory, which is longer wherever the weights fit.

    671 GB just fit in 8 H100, with 13 GB for all the rest; with the 14 B of a head for guessed tokens they do not.
    """
    roof = on(chip, weight_bytes=weight_bytes, devices=None, N_total=N_total)
    assert roof.latency_floor * 1e3 == pytest.approx(milliseconds, abs=digit)
    assert (roof.latency_floor < CHIPS[chip].drain_time) == fits


@pytest.mark.parametrize(
    ("chip", "milliseconds"), [("H100_SXM", 25.0), ("H200_SXM", 17.5), ("GB200_NVL72", 1.16)], ids=str
)
def test_the_latency_floor_of_deepseek_v3_by_domain(chip, milliseconds):
    """671 GB in FP8 over 8 times 3.35 and 4.8 TB/s, and over 72 times 8: bandwidths as their makers state them."""
    v3 = lt.architectures.DeepSeekV3
    sizes = {"N": v3.active_params, "N_total": v3.total_params, "kv_bytes": v3.kv_cache_bytes()}
    roof = lt.accelerators[chip].roofline("fp8", weight_bytes=1, **sizes)
    assert roof.latency_floor * 1e3 == pytest.approx(milliseconds, rel=0.01)


def test_the_bandwidth_of_a_rack_is_21_times_that_of_a_node():
    assert on("GB200_NVL72", devices=None).BW / on("H100_SXM", devices=None).BW == pytest.approx(21.5, abs=0.05)


def test_the_example_of_matx():
    """Llama 3 at 8,192 tokens and 1 byte per element: 8B has 32 layers, 405B 126, each with 8 KV heads of 128.

    41 TFLOP against 2 are as printed, of 600 FLOP per byte. The 280 GB with 32 heads are 275, and the 1.5 of 405B is
    1.57: printed with two digits, to the lower side.
    """
    batch, context = 128, 8192
    models = {name: 2 * layers * 8 * 128 for name, layers in (("8B", 32), ("405B", 126))}
    assert batch * context * models["8B"] / 1e9 == pytest.approx(69, abs=0.5)
    assert 4 * batch * context * models["8B"] / 1e9 == pytest.approx(275, abs=0.5)
    small = lt.Roofline(N=8e9, N_total=8e9, weight_bytes=1, kv_bytes=models["8B"], F=600, BW=1)
    assert batch * small.token_cost(None, context) / 1e12 == pytest.approx(41, abs=0.5)
    assert batch * 2 * small.N / 1e12 == pytest.approx(2, abs=0.05)
    assert small.token_cost(None, context) / (2 * small.N) == pytest.approx(20, abs=0.5)
    large = changed(small, N=405e9, N_total=405e9, kv_bytes=models["405B"])
    assert large.token_cost(None, context) / (2 * large.N) == pytest.approx(1.57, abs=0.005)


def test_the_crossover_of_the_lecture_is_1667_bytes_per_token():
    """100 B parameters, 200,000 tokens, 300 multiplies per weight of a byte: kv = N / (300 · context)."""
    roof = lt.Roofline(N=100e9, N_total=100e9, weight_bytes=1, kv_bytes=1667, F=600, BW=1)
    assert roof.balance_context() == pytest.approx(200e3, rel=1 / 1667)
    assert changed(roof, kv_bytes=100e9 / 300 / 200e3).balance_context() == pytest.approx(200e3, rel=1e-14)


@pytest.mark.parametrize(
    ("chip", "precision", "kv_bytes"), [("H100_SXM", "fp8", 1692), ("H100_SXM", "bf16", 3390), ("B200", "fp4", 856)]
)
def test_the_crossover_in_bytes_depends_on_the_precision(chip, precision, kv_bytes):
    roof = on(chip, precision, N=100e9, N_total=100e9, kv_bytes=kv_bytes)
    assert roof.balance_context() == pytest.approx(200e3, rel=1e-3)


@pytest.mark.parametrize(("times", "elements"), [(2, 833), (3, 1111), (10, 1500)])
def test_the_weights_take_their_part_of_the_crossover(times, elements):
    roof = lt.Roofline(N=100e9, N_total=100e9, weight_bytes=1, kv_bytes=elements, F=600, BW=1)
    assert roof.balance_context(times * roof.balance_batch()) == pytest.approx(200e3, rel=1e-3)


@pytest.mark.parametrize(
    ("slope", "normal"), [(0, 2.5), (0.5, 2.727), (0.8, 2.25), (1, 1.8), (2, 0.9)], ids=lambda x: f"{x:g}"
)
def test_fast_mode_is_a_batch_15_times_smaller(slope, normal):
    """Six times the price at 2.5 times the speed; slope: time to read the cache over time to compute, per sequence."""
    roof = lt.Roofline(N=1e9, N_total=1e9, weight_bytes=1, kv_bytes=slope * 2e9 / 600 / 1000, F=600, BW=1)
    batch = normal * roof.balance_batch() / np.array([1, 15])
    time = roof.step_time(batch, 1000)
    price = time / batch
    assert time[0] / time[1] == pytest.approx(2.5, rel=1e-3)
    assert price[1] / price[0] == pytest.approx(6, rel=1e-3)


def test_fast_mode_from_weights_alone():
    roof = on("H100_SXM")
    balance = roof.balance_batch()
    times = roof.step_time([2.5 * balance, balance / 6], 1)
    assert times[0] / times[1] == pytest.approx(2.5, rel=1e-14)
    assert times[1] == pytest.approx(roof.latency_floor, rel=1e-14), "below the balance batch no speed is left to buy"


# Memory


def test_the_largest_batch_is_valid_and_one_more_is_not():
    largest = ROOFLINE.max_batch(5000)
    assert largest * 5000 * 70272 + 671e9 == pytest.approx(1.1e12, rel=1e-14)
    assert isfinite(ROOFLINE.step_time(largest, 5000))
    message = f"batch must be at most {largest:.6g} for its KV cache to fit in the memory; got {largest + 1:.10g}"
    for method in (*STEPS, "times"):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
            call(ROOFLINE, method, batch=largest + 1)


def test_of_many_batches_the_first_that_does_not_fit_is_named():
    message = r"^batch must be at most 610.485 for its KV cache to fit in the memory; got 1000 \(2 of 4 values\)"
    with pytest.raises(ValueError, match=message):
        ROOFLINE.step_time([1, 1000, 10, 1000], [5000, 1e4, 1e4, 1e4])


@pytest.mark.parametrize("method", ["step_time", "max_batch"])
def test_weights_that_do_not_fit_are_refused(method):
    message = "N_total must be below 5.98646e+11 for the weights to fit in the memory; got 6.71e+11"
    roof = CHIPS.H100_SXM.roofline("fp8", devices=7, **MODEL)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        call(roof, method)
    assert roof.latency_floor * roof.BW == pytest.approx(671e9, rel=1e-15), "the floor does not ask"


def test_without_a_memory_there_is_no_limit():
    roof = changed(ROOFLINE, memory=None)
    assert isfinite(roof.step_time(1e9, 1e6))
    with pytest.raises(ValueError, match="memory must be given to limit the batch; got None"):
        roof.max_batch(5000)


def test_without_a_cache_the_memory_does_not_limit_the_batch():
    roof = changed(ROOFLINE, kv_bytes=0)
    assert roof.step_time(1e9, 5000) > 0
    with pytest.raises(ValueError, match="kv_bytes must be above 0 for the memory to limit the batch; got 0"):
        roof.max_batch(5000)


# Arrays


@pytest.mark.parametrize("method", METHODS)
def test_arrays_are_a_loop_over_numbers(method):
    name = METHODS[method][0]
    F = VALUES["F"] * np.array([[1.0], [1.1]])
    values = (POINT | BALANCED.get(method, {}))[name] * np.array([1.0, 1.05, 1.1])
    many = call(changed(ROOFLINE, F=F), method, **{name: values})
    assert {result.shape for result in many} == {(2, 3)}
    for i, j in np.ndindex(2, 3):
        one = call(changed(ROOFLINE, F=F[i, 0]), method, **{name: values[j]})
        assert tuple(result[i, j] for result in many) == pytest.approx(one, rel=1e-14)


def test_chips_of_a_table_are_one_roofline():
    table = CHIPS.table().dropna(subset=["fp8"])
    roof = lt.Roofline(**MODEL, F=table.fp8.to_numpy(), BW=table.hbm_bandwidth.to_numpy())
    expected = [on(chip, **MODEL).balance_batch() for chip in table.index]
    np.testing.assert_allclose(roof.balance_batch(), expected, rtol=1e-14)


def test_labelled_arrays_keep_their_labels():
    batch = xr.DataArray([1.0, 8, 64], dims="batch", coords={"batch": [1, 8, 64]})
    context = xr.DataArray([1e3, 1e4], dims="context")
    result = ROOFLINE.efficiency(batch, context, 0.4)
    assert result.dims == ("batch", "context")
    np.testing.assert_array_equal(result, ROOFLINE.efficiency(batch.to_numpy()[:, None], context.to_numpy(), 0.4))


def test_lazy_arrays_stay_lazy_until_they_are_computed():
    result = ROOFLINE.step_time(da.from_array(np.array([1.0, 8.0, 1e9]), chunks=2), 5000)
    assert isinstance(result, da.Array)
    np.testing.assert_array_equal(result[:2].compute(), ROOFLINE.step_time([1, 8], 5000))
    with pytest.raises(ValueError, match="batch must be at most 1220.97"):
        result.compute()


def test_nothing_lazy_is_looked_at_before_it_is_computed():
    def fail():
        raise RuntimeError("computed")

    lazy = da.from_delayed(dask.delayed(fail)(), shape=(3,), dtype=float)
    roof = changed(ROOFLINE, N=lazy, F=lazy)
    for method in ("efficiency", "balance_batch", "balance_context", "max_batch"):
        (result,) = call(roof, method, batch=lazy, context=lazy)
        with pytest.raises(RuntimeError, match="computed"):
            result.compute()


def test_arrays_and_symbols_do_not_mix():
    message = "batch must be one number or a symbol, as there are symbols; got an array"
    with pytest.raises(ValueError, match=message):
        SYMBOLIC.step_time([1, 2], s.context)
    with pytest.raises(ValueError, match="context must be one number or a symbol"):
        ROOFLINE.step_time(s.batch, [1, 2])


# The efficiency of a phase


def lived(efficiency):
    return lt.Lifetime([lt.Phase("pre-training", s.D, 6), lt.Phase("decode", s.D_inf, 2, efficiency)])


def dense(**model):
    model = {"N": s.N, "N_total": s.N, "weight_bytes": 1, "kv_bytes": 70e3} | model
    return CHIPS.H100_SXM.roofline("fp8", **model)


@pytest.mark.parametrize("overlap", [True, False])
@pytest.mark.parametrize(("batch", "context"), [(32, 8192), (256, 32768), (2048, 512)])
def test_the_optimum_with_a_roofline_is_the_least_of_a_dense_grid(batch, context, overlap):
    efficiency = dense().efficiency(s.batch, s.context, training_mfu=0.4, overlap=overlap)
    given = {"D_inf": 1e14, "batch": batch, "context": context}
    plan = lt.cheapest(LAW, loss=2.0, lifetime=lived(efficiency), **given)
    assert plan.method == "numeric"
    D = plan.D * np.geomspace(0.8, 1.25, 20_001)
    N = LAW.params_for(2.0, D)
    e = dense(N=N, N_total=N).efficiency(batch, context, training_mfu=0.4, overlap=overlap)
    costs = 6 * N * D + 2 * N * 1e14 / e
    assert plan.cost <= costs.min() * (1 + 1e-12)
    assert plan.cost == pytest.approx(costs.min(), rel=1e-8)
    assert plan.N == pytest.approx(N[costs.argmin()], rel=1e-3), "flat near the optimum"
    share = dense(N=plan.N, N_total=plan.N).efficiency(batch, context, training_mfu=0.4, overlap=overlap)
    assert plan.ledger.flops["decode"] / plan.ledger.costs["decode"] == pytest.approx(share, rel=1e-12)


def test_where_decoding_is_bound_by_compute_the_efficiency_is_a_number():
    efficiency = dense(kv_bytes=1).efficiency(s.batch, s.context, training_mfu=0.4)
    plan = lt.cheapest(LAW, loss=2.0, lifetime=lived(efficiency), D_inf=[1e12, 1e14], batch=1e4, context=100)
    plain = lt.cheapest(LAW, loss=2.0, lifetime=lived(1 / 0.4), D_inf=[1e12, 1e14])
    assert (plan.method, plain.method) == ("numeric", "closed form")
    np.testing.assert_allclose(plan.N, plain.N, rtol=1e-9)


def test_where_decoding_reads_only_the_cache_its_demand_asks_for_no_smaller_model():
    """The cache costs the same for any N, so that the model is as large as without any demand."""
    efficiency = dense(kv_bytes=1e6).efficiency(None, s.context, training_mfu=0.4)
    plan = lt.cheapest(LAW, loss=2.0, lifetime=lived(efficiency), D_inf=[1e12, 1e14], context=1e6)
    np.testing.assert_allclose(plan.N, LAW.compute_optimal_at_loss(2.0)[0], rtol=1e-9)


def test_a_fixed_reading_stops_the_shrinking_where_it_balances():
    """Between the optimum bound by compute and the compute-optimal size, the model stays where the roofline bends."""
    D_inf, smallest = 1e15, lt.cheapest(LAW, loss=2.0, lifetime=lived(1), D_inf=1e15).N
    kink = np.sqrt(smallest * LAW.compute_optimal_at_loss(2.0)[0])
    R = CHIPS.H100_SXM.fp8 / CHIPS.H100_SXM.hbm_bandwidth
    model = dense(kv_bytes=2 * kink / R / 1000)
    lifetime = lived(model.efficiency(None, 1000, training_mfu=1))
    assert lt.cheapest(LAW, loss=2.0, lifetime=lifetime, D_inf=D_inf).N == pytest.approx(kink, rel=1e-9)


def test_the_dual_takes_a_roofline_too():
    lifetime = lived(dense().efficiency(s.batch, s.context, training_mfu=0.4))
    given = {"D_inf": 1e14, "batch": 64.0, "context": 8192.0}
    plan = lt.cheapest(LAW, loss=2.0, lifetime=lifetime, **given)
    dual = lt.best(LAW, cost=plan.cost, lifetime=lifetime, **given)
    assert (dual.loss, dual.N) == pytest.approx((2.0, plan.N), rel=1e-6)


def test_the_arguments_of_an_efficiency_are_assumptions_by_name():
    lifetime = lived(SYMBOLIC.efficiency(s.batch, s.context, s.training_mfu))
    assert set(lifetime.assumptions) == {"D_inf", *FIELDS, "batch", "context", "training_mfu"} - {"N", "memory"}
    given = {name: (VALUES | POINT)[name] for name in lifetime.assumptions if name != "D_inf"}
    with pytest.raises(ValueError, match="training_mfu must be a number above 0 and at most 1; got 40"):
        lt.cheapest(LAW, loss=2.0, lifetime=lifetime, D_inf=1e14, **given | {"training_mfu": 40})


# Bad input


@pytest.mark.parametrize(("field", "value", "message"), [case for case in refused(*FIELDS) if case.id != "memory=None"])
def test_a_bad_field_is_refused_by_name(field, value, message):
    with pytest.raises(ValueError, match=message):
        lt.Roofline(**VALUES | {field: value})


@pytest.mark.parametrize(("name", "value", "message"), refused("batch"))
def test_a_bad_argument_is_refused_by_name(name, value, message):
    with pytest.raises(ValueError, match=message):
        call(ROOFLINE, "step_time", **{name: value})


@pytest.mark.parametrize("value", [0, -0.4, 1.01, 40, np.nan, np.inf, [0.4, np.nan]])
def test_a_utilisation_is_a_share(value):
    with pytest.raises(ValueError, match="^training_mfu must be a number above 0 and at most 1; got "):
        call(ROOFLINE, "efficiency", training_mfu=value)
    with pytest.raises(ValueError, match="^training_mfu must be a number or an array of numbers; got None"):
        call(ROOFLINE, "efficiency", training_mfu=None)


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, [5000, 0], "long"])
@pytest.mark.parametrize("method", [method for method in METHODS if "context" in METHODS[method]])
def test_a_context_of_nothing_is_refused(method, value):
    with pytest.raises(
        ValueError, match=r"^context must be a (finite number above 0|number or an array of numbers); got "
    ):
        call(ROOFLINE, method, context=value)


@pytest.mark.parametrize("method", [*STEPS, "times", "max_batch"])
def test_a_token_needs_a_context(method):
    with pytest.raises(ValueError, match="^context must be a number or an array of numbers; got None"):
        call(ROOFLINE, method, context=None)


@pytest.mark.parametrize("method", ["step_time", "times"])
def test_a_step_needs_a_batch(method):
    with pytest.raises(ValueError, match="^batch must be a number or an array of numbers; got None"):
        call(ROOFLINE, method, batch=None)


@pytest.mark.parametrize("value", [0, 0.5, -1, 5001, np.nan])
def test_new_tokens_are_part_of_the_context(value):
    with pytest.raises(ValueError, match=r"^new_tokens must be (from 1 to the context of 5000|a finite number); got "):
        ROOFLINE.step_time(10, 5000, value)


def test_more_active_parameters_than_there_are_are_refused():
    with pytest.raises(ValueError, match=r"^N must be at most 8e\+09, the parameters in all; got 3.7e\+10"):
        lt.Roofline(**VALUES | {"N_total": 8e9})


def test_a_context_beyond_the_balance_of_every_batch_is_refused_with_the_crossover():
    roof = changed(ROOFLINE, memory=None)
    crossover = roof.balance_context()
    assert roof.balance_batch(crossover * 0.999) > 0
    with pytest.raises(
        ValueError, match=f"^context must be below {crossover:.6g} for any batch to be bound by compute"
    ):
        roof.balance_batch(crossover * 1.001)


def test_a_batch_below_the_balance_batch_is_refused_with_it():
    balance = ROOFLINE.balance_batch()
    assert ROOFLINE.balance_context(balance * 1.001) > 0
    with pytest.raises(ValueError, match=f"^batch must be above {balance:.6g} for any context to be bound by compute"):
        ROOFLINE.balance_context(balance)


def test_a_cache_that_is_faster_read_than_attended_to_has_no_crossover():
    roof = changed(ROOFLINE, attention_flop=1e8)
    assert roof.balance_batch(1e6) < roof.balance_batch()
    with pytest.raises(ValueError, match=r"^kv_bytes must be above 168750 for reading to take longer than computing"):
        roof.balance_context()


# Accelerators


every_chip = pytest.mark.parametrize("chip", list(CHIPS), ids=CHIPS.available)


@every_chip
def test_a_chip_has_what_a_roofline_needs_and_where_it_comes_from(chip):
    row = CHIPS.table().loc[chip.key]
    assert isinstance(chip, lt.Accelerator)
    assert chip is CHIPS[chip.key]
    assert chip.name and chip.vendor and "bf16" in chip.precisions
    assert "https://" in chip.source and chip.locator
    assert chip.power or "ower" in chip.note, "a note says why there is no power"
    text = re.sub(r"\s+", " ", pydoc.plain(pydoc.render_doc(chip)))
    for column in ("source", "locator", "note"):
        assert re.sub(r"\s+", " ", row[column]) in text
    assert " nan" not in text


@every_chip
def test_a_chip_is_plausible(chip):
    """A slip of a unit or of sparsity: 130 to 600 FLOP per byte in BF16, 13 to 50 ms to read all memory."""
    assert (30 if chip.key == "H20" else 130) < chip.bf16 / chip.hbm_bandwidth < 600
    assert 13e-3 < chip.drain_time < 50e-3
    assert chip.scale_up_size % 8 == 0
    assert chip.hbm_bandwidth > 1.9 * chip.scale_up_bandwidth
    assert chip.power is None or 300 <= chip.power <= 1400
    over_bf16 = {"bf16": 1, "fp8": 2, "int8": 2, "fp4": 6 if "B300" in chip.key else 4} | OVER_BF16.get(chip.key, {})
    for precision in chip.precisions:
        assert chip.flop_per_second(precision) / chip.bf16 == pytest.approx(over_bf16[precision], rel=0.005)


OVER_BF16 = {
    "TPU_v5p": {"fp8": 1},
    "TPU_v6e": {"fp8": 1},
    "Trainium2": {"fp8": 1.948},
    "Trainium3": {"fp8": 3.751, "fp4": 3.751},
    "Rubin_NVL72": {"fp8": 4.375, "fp4": 8.75},
}
"""Peaks that are not twice as high for half of the bits."""


@pytest.mark.parametrize(
    ("chip", "size", "up", "out", "ratio"),
    [
        ("A100_80GB", 8, 300, 25, 12),
        ("H100_SXM", 8, 450, 50, 9),
        ("H200_SXM", 8, 450, 50, 9),
        ("H800_SXM", 8, 200, 50, 4),
        ("H20", 8, 450, 25, 18),
        ("B200", 8, 900, 50, 18),
        ("B300", 8, 900, 100, 9),
        ("GB200_NVL72", 72, 900, 50, 18),
        ("GB300_NVL72", 72, 900, 100, 9),
        ("MI300X", 8, 448, 50, 8.96),
        ("MI355X", 8, 535.5, 50, 10.71),
        ("TPU_v5p", 8960, 600, 6.25, 96),
        ("TPU7x", 9216, 600, 12.5, 48),
        ("Trainium2", 64, 640, 25, 25.6),
    ],
)
def test_the_links_of_a_domain_carry_4_to_96_times_what_the_network_between_domains_does(chip, size, up, out, ratio):
    """Both one direction, GB/s. The lecture says 8."""
    chip = CHIPS[chip]
    assert chip.scale_up_size == size
    assert (chip.scale_up_bandwidth / 2e9, chip.scale_out_bandwidth / 1e9) == (up, out)
    assert chip.scale_up_advantage == pytest.approx(ratio, rel=1e-12)


def test_links_that_are_not_known_are_not_compared():
    message = "scale_out_bandwidth must be known to compare the two; got None for Vera Rubin NVL72"
    with pytest.raises(ValueError, match=f"^{message}"):
        CHIPS.Rubin_NVL72.scale_up_advantage  # noqa: B018
    own = lt.Accelerator(name="own", hbm_bytes=40e9, hbm_bandwidth=2e12, scale_out_bandwidth=50e9)
    with pytest.raises(ValueError, match="^scale_up_bandwidth must be known to compare the two; got None for own$"):
        own.scale_up_advantage  # noqa: B018


def test_the_four_chips_of_one_source_differ_as_it_has_them():
    """NVIDIA's README has one BF16 peak for both racks and one bandwidth for both boards."""
    assert CHIPS.GB200_NVL72.bf16 == CHIPS.GB300_NVL72.bf16 == 2.45e15
    assert CHIPS.B200.bf16 == CHIPS.B300.bf16 == 2.25e15
    assert CHIPS.GB200_NVL72.hbm_bandwidth == CHIPS.GB300_NVL72.hbm_bandwidth == 8e12
    assert CHIPS.B200.hbm_bandwidth == CHIPS.B300.hbm_bandwidth == 7.7e12
    assert {CHIPS[chip].source for chip in ("B200", "B300", "GB200_NVL72", "GB300_NVL72")} == {
        "https://github.com/NVIDIA/dgxc-benchmarking"
    }


@pytest.mark.parametrize(
    ("chip", "clock", "products", "units"),
    [
        ("A100_80GB", 1410e6, 256, 432),
        ("H100_SXM", 1830e6, 512, 528),
        ("MI300X", 2100e6, 256, 1216),
        ("MI355X", 2400e6, 512, 1024),
    ],
)
def test_peaks_are_dense_those_of_clock_and_units(chip, clock, products, units):
    """Multiply-adds per clock and matrix unit, as in the vendors' white papers; sparsity would double them."""
    assert CHIPS[chip].bf16 == pytest.approx(2 * clock * products * units, rel=1e-3)


@pytest.mark.parametrize(
    ("chip", "devices", "field", "total", "digit"),
    [
        ("GB200_NVL72", 72, "hbm_bandwidth", 576e12, 0.5e12),
        ("GB200_NVL72", 72, "scale_up_bandwidth", 130e12, 0.5e12),
        ("B300", 8, "hbm_bandwidth", 62e12, 0.5e12),
        ("Trainium3", 144, "fp8", 362.448e15, 1e9),
        ("Trainium3", 144, "bf16", 96.624e15, 1e9),
        ("Trainium3", 144, "hbm_bytes", 20736 * 2**30, 1),
        ("Trainium3", 144, "hbm_bandwidth", 705.6e12, 1e9),
        ("B200", 8, "scale_up_bandwidth", 14.4e12, 0.05e12),
        ("B200", 8, "fp8", 36e15, 0.5e15),
        ("TPU_v5e", 256, "int8", 100e15, 1e15),
        ("TPU_v6e", 256, "bf16", 234.9e15, 0.2e15),
    ],
)
def test_the_devices_of_a_system_add_up_to_what_its_maker_states(chip, devices, field, total, digit):
    assert devices * getattr(CHIPS[chip], field) == pytest.approx(total, rel=0, abs=digit)
    assert CHIPS[chip].scale_up_size == devices


def test_the_chips_of_the_notebooks_are_there():
    assert len(CHIPS) == len(CHIPS.table()) >= 20
    older = {"A100_40GB", "A100_80GB", "H100_SXM", "H200_SXM", "H800_SXM"}
    newer = {"H20", "Rubin_NVL72", "MI325X", "MI355X", "TPU7x", "Trainium2", "Trainium3"}
    assert older | newer | {"B200", "GB200_NVL72", "MI300X", "TPU_v5e", "TPU_v5p", "TPU_v6e"} <= set(CHIPS.available)


def test_a_precision_that_a_chip_has_not_is_refused_with_those_that_it_has():
    message = "precision must be one that A100 SXM4 80 GB has; got 'fp8'; Valid: bf16, int8"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        on("A100_80GB", "fp8")
    with pytest.raises(ValueError, match=r"got 'BF16'; did you mean 'bf16'\? Valid: bf16, fp8, int8$"):
        on("H100_SXM", "BF16")
    with pytest.raises(ValueError, match=r"got None; Valid: bf16, fp8, int8$"):
        on("H100_SXM", None)


def test_a_roofline_has_the_sum_of_its_devices():
    chip = CHIPS.H100_SXM
    roof, domain = on("H100_SXM", devices=4), on("H100_SXM", devices=None)
    assert (roof.F, roof.BW, roof.memory) == (4 * chip.fp8, 4 * chip.hbm_bandwidth, 4 * chip.hbm_bytes)
    assert domain.F == 8 * chip.fp8
    n = sp.Symbol("n", positive=True)
    assert on("H100_SXM", devices=n).latency_floor == on("H100_SXM").latency_floor / n


@pytest.mark.parametrize("devices", [0, -8, np.nan, np.inf])
def test_a_bad_number_of_devices_is_refused(devices):
    with pytest.raises(ValueError, match=f"^devices must be a finite number above 0; got {devices}"):
        on("H100_SXM", devices=devices)


def test_a_chip_of_the_readers_own():
    own = lt.Accelerator(name="own", bf16=1e15, hbm_bytes=40e9, hbm_bandwidth=2e12)
    assert (own.precisions, own.drain_time) == (("bf16",), 0.02)
    with pytest.raises(ValueError, match="devices must be given: the scale-up size of own is not known"):
        own.roofline("bf16", **MODEL)
    assert own.roofline("bf16", devices=32, **MODEL).F == 32e15
    with pytest.raises(AttributeError):
        own.bf16 = 2e15


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("bf16", -1, "bf16 must be a finite number above 0; got -1"),
        ("fp8", np.nan, "fp8 must be a finite number above 0; got nan"),
        ("power", 0, "power must be a finite number above 0; got 0"),
        ("scale_up_size", np.inf, "scale_up_size must be a finite number above 0; got inf"),
        ("scale_out_bandwidth", 0, "scale_out_bandwidth must be a finite number above 0; got 0"),
        ("scale_out_bandwidth", -50e9, "scale_out_bandwidth must be a finite number above 0; got -5e+10"),
        ("hbm_bytes", None, "hbm_bytes must be a number or an array of numbers; got None"),
        ("hbm_bandwidth", "3.35 TB/s", "hbm_bandwidth must be a number or an array of numbers; got '3.35 TB/s'"),
    ],
)
def test_a_bad_number_of_a_chip_is_refused_by_name(field, value, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        lt.Accelerator(**{"name": "own", "hbm_bytes": 1e11, "hbm_bandwidth": 5e12} | {field: value})
