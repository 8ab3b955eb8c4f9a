"""A model on devices: counted once more device by device, held against what is known, and what is refused."""

import dataclasses
import inspect
from math import gcd, sqrt

import dask.array as da
import numpy as np
import pytest
import sympy as sp
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import lifetime as lt
from lifetime import symbols as s
from lifetime.machine.calibration import Calibration, measured_by
from lifetime.machine.deployment import Deployment
from lifetime.machine.money import price_of
from lifetime.machine.step import StepTimes

CHIP = lt.Accelerator(
    name="own",
    bf16=1e15,
    fp8=2e15,
    hbm_bytes=1e11,
    hbm_bandwidth=4e12,
    scale_up_size=8,
    scale_up_bandwidth=8e11,
    scale_out_bandwidth=5e10,
)
DENSE = lt.Architecture(layers=6, width=512, heads=16, head_size=64, kv_heads=8, ffn_width=2048, vocabulary=5000)
MIXTURE = {"experts": 32, "active_experts": 4, "shared_experts": 1, "expert_width": 256, "dense_layers": 1}
SPARSE = dataclasses.replace(DENSE, **MIXTURE)
LATENT = dataclasses.replace(SPARSE, kv_heads=16, kv_rank=128, q_rank=256, rope_size=32)
ARCHITECTURES = {"dense": DENSE, "sparse": SPARSE, "latent": LATENT}
A = lt.architectures
H100 = lt.accelerators.H100_SXM


def by_hand(architecture, devices, t, batch, context, tokens_per_step=1.0):
    """Seconds of the parts of a step, counted matrix by matrix for one device, in FP8 with a cache of one byte."""
    a, n, domain = architecture, devices, 8
    up, out = CHIP.scale_up_bandwidth / 2, CHIP.scale_out_bandwidth
    head = a.head_size
    if a.kv_rank:
        attention = a.width * a.q_rank + a.q_rank * a.heads * (head + a.rope_size) + a.width * (a.kv_rank + a.rope_size)
        attention += a.kv_rank * a.heads * 2 * head + a.heads * head * a.width + a.q_rank + a.kv_rank
        entry, scores, kv_heads = a.kv_rank + a.rope_size, 2 * a.kv_rank + a.rope_size, 1
    else:
        attention = a.width * head * (2 * a.heads + 2 * a.kv_heads)
        entry, scores, kv_heads = 2 * a.kv_heads * head, 2 * head, a.kv_heads
    expert = 3 * a.width * a.expert_width
    moe = a.layers - a.dense_layers if a.experts else 0
    shared = a.layers * (attention + 2 * a.width) + (a.layers - moe) * 3 * a.width * a.ffn_width
    shared += moe * (a.shared_experts * expert + a.experts * a.width) + a.width + a.vocabulary * a.width
    norms = a.layers * 2 * a.width + a.width + (a.layers * (a.q_rank + a.kv_rank) if a.kv_rank else 0)
    tokens = batch * tokens_per_step
    touched = sum(1 - ((a.experts - a.active_experts) / a.experts) ** tokens for _ in range(a.experts))
    weights = shared / t + moe * touched * expert / n
    flop = 2 * (shared - norms + moe * a.active_experts * expert) * tokens / n
    copies = t / gcd(t, kv_heads)
    cache = batch / n * copies * a.layers * entry * context
    attending = tokens / n * 2 * a.heads * scores * a.layers * context
    apart = a.experts and t < n
    sending = 0
    if t > 1:
        sums = a.layers + (a.layers - moe if apart else a.layers)
        bytes_each = sums * 2 * a.width * 2 * tokens * t / n
        local = min(t, domain)
        sending += bytes_each * (local - 1) / local / up
        if t > domain:
            groups = t / domain
            sending += bytes_each * (groups - 1) / groups / domain / out
    if apart:
        routed = moe * a.active_experts * a.width * (1 + 2) * tokens / n
        sending += routed * (n - 1) / n / up if n <= domain else routed / out
    return flop / CHIP.fp8, attending / CHIP.bf16, weights / CHIP.hbm_bandwidth, cache / CHIP.hbm_bandwidth, sending


@pytest.mark.parametrize("kind", ARCHITECTURES)
@pytest.mark.parametrize(("devices", "t"), [(1, 1), (8, 8), (8, 4), (8, 1), (32, 1), (32, 8), (32, 16)])
def test_parts_of_a_step_are_those_counted_by_hand(kind, devices, t):
    deployed = ARCHITECTURES[kind].roofline(CHIP, devices=devices, tensor_parallel=t, tokens_per_step=1.5)
    found = deployed.times(200, 3000)
    expected = by_hand(ARCHITECTURES[kind], devices, t, 200, 3000, 1.5)
    assert tuple(found) == pytest.approx(expected, rel=1e-12)
    assert found["links"] == found.links == found[4]
    compute, attention, weights, cache, links = expected
    assert deployed.step_time(200, 3000) == pytest.approx(max(compute + attention, weights + cache, links))
    assert deployed.step_time(200, 3000, overlap=False) == pytest.approx(sum(expected))
    assert deployed.throughput(200, 3000) == pytest.approx(300 / deployed.step_time(200, 3000))


def test_experts_touched_is_the_mean_of_draws():
    rng = np.random.default_rng(0)
    experts, k, tokens = 32, 4, 10
    draws = [len({e for _ in range(tokens) for e in rng.choice(experts, k, replace=False)}) for _ in range(4000)]
    one, many = (SPARSE.roofline(CHIP, devices=1).times(batch, 100).weights for batch in (tokens, 1e5))
    routed = SPARSE.routed_expert_params / CHIP.hbm_bandwidth
    assert 1 - (many - one) / routed == pytest.approx(np.mean(draws) / experts, rel=0.01)


class TestKnownNumbers:
    """What an engineer can check: sizes and floors of machines that exist."""

    def test_latent_attention_is_kept_by_every_device(self):
        served = A.DeepSeekV3.roofline(H100, devices=72)
        assert served.tensor_parallel == 1
        assert served.weights_per_device == pytest.approx(25.3e9, rel=2e-3)
        assert served.latency_floor == pytest.approx(7.5e-3, rel=0.01)
        assert served.kind == "moe_wide_ib"

    def test_all_to_all_of_72_h100_takes_longer_than_all_else(self):
        """DeepSeek's bound with nine experts elsewhere is 12.8 ms; the shared one is at home here: 8 of 9."""
        times = A.DeepSeekV3.roofline(H100, devices=72).times(4096, 4096)
        assert times.links == pytest.approx(12.8e-3 * 8 / 9, rel=5e-3)
        assert times.links > max(times.compute + times.attention, times.weights + times.cache)

    def test_gemma_keeps_windows(self):
        """1,589 sequences in 8 · 80e9 bytes; 3,654 was what its growth rate gave."""
        eighty = dataclasses.replace(H100, hbm_bytes=80e9)
        assert A.Gemma3_27B.roofline(eighty).max_batch(4096) == pytest.approx(1589, abs=1)

    @pytest.mark.parametrize("name", ["Llama3_8B", "DeepSeekV3", "Gemma3_27B"])
    def test_prompts_as_long_as_pre_training_run_at_its_roofline(self, name):
        chip = dataclasses.replace(lt.accelerators.GB200_NVL72, scale_up_bandwidth=1e18)
        served = A[name].roofline(chip, "fp8", devices=8, attention_precision="fp8")
        rate = served.read_prompts(4096) * served.training_flop / 3 / (8 * chip.fp8)
        assert rate == pytest.approx(1, rel=1e-12)

    def test_few_users_read_few_experts(self):
        served = A.DeepSeekV3.roofline(lt.accelerators.H200_SXM, devices=8)
        assert served.times(8, 1000).weights < 0.5 * served.latency_floor


class TestServe:
    def test_without_prompts_it_is_decoding(self):
        served = SPARSE.roofline(CHIP)
        assert served.serve(1e-9, 2000, 100) == pytest.approx(served.throughput(100, 1000), rel=1e-9)

    @given(prompt=st.floats(10, 5000), answer=st.floats(10, 5000))
    def test_time_adds_up(self, prompt, answer):
        """Without overlap: the time of an answer is that of its steps and that of its prompt, experts read apart."""
        served = DENSE.roofline(CHIP)
        decoding = served.throughput(64, prompt + answer / 2, overlap=False)
        reading = served.read_prompts(prompt, overlap=False)
        together = served.serve(prompt, answer, 64, overlap=False)
        assert 1 / together == pytest.approx(1 / decoding + prompt / answer / reading)

    def test_the_batch_is_what_fits(self):
        served = DENSE.roofline(CHIP)
        assert served.serve(400, 200) == served.serve(400, 200, served.max_batch(500))

    def test_prompts_go_to_domains_once(self):
        served = LATENT.roofline(CHIP, devices=32)
        apart, once = 4, 3 * (1 - 0.75**4)
        layers = LATENT.moe_layers
        assert served.times(1, 1).links == pytest.approx(apart * layers * 512 * 3 / 32 / 5e10)
        one = served.read_prompts(100, overlap=False)
        kept = dataclasses.replace(CHIP, scale_out_bandwidth=1e30)
        other = LATENT.roofline(kept, devices=32).read_prompts(100, overlap=False)
        assert 1 / one - 1 / other == pytest.approx(once * layers * 512 * 3 / 32 / 5e10)


@settings(max_examples=40)
@given(
    kind=st.sampled_from(sorted(ARCHITECTURES)),
    devices=st.sampled_from([1, 2, 8, 16, 64]),
    batch=st.floats(1, 1e4),
    context=st.floats(1, 2e4),
)
def test_what_holds_for_any_deployment(kind, devices, batch, context):
    served = ARCHITECTURES[kind].roofline(CHIP, devices=devices)
    batch = min(batch, served.max_batch(context))
    fast, slow = (served.throughput(batch, context, overlap=overlap) for overlap in (True, False))
    assert slow <= fast <= 3 * slow * (1 + 1e-12)
    assert served.throughput(batch, 2 * context) <= fast if 2 * batch <= served.max_batch(context) else True
    seconds = served.step_time(batch, context)
    assert served.batch_within(seconds * (1 + 1e-9), context) >= batch * (1 - 1e-6) or batch < 1
    assert served.efficiency(batch, context) <= served.training_flop / 3 / ARCHITECTURES[kind].forward_flop(0) * 1.001


class TestBatchWithin:
    @pytest.mark.parametrize("overlap", [True, False])
    def test_it_is_the_inverse_of_the_step_time(self, overlap):
        served = LATENT.roofline(CHIP, devices=16)
        batches = np.array([2.0, 50.0, 3000.0])
        seconds = served.step_time(batches, 2000, overlap=overlap)
        grown = served.step_time(batches * 1.01, 2000, overlap=overlap) > seconds  # flat where it is bound by links? no
        found = served.batch_within(seconds, 2000, overlap=overlap)
        assert found[grown] == pytest.approx(batches[grown], rel=1e-6)
        assert np.all(found >= batches * (1 - 1e-9))

    def test_memory_is_the_other_limit(self):
        served = DENSE.roofline(CHIP)
        assert served.batch_within(1e3, 5000) == served.max_batch(5000)

    def test_a_time_that_is_too_short_names_the_least(self):
        served = DENSE.roofline(CHIP)
        least = served.step_time(1, 5000)
        with pytest.raises(ValueError, match=rf"step_time must be at least {least:.6g} s, a step of one sequence"):
            served.batch_within(least / 2, 5000)


class TestValues:
    def test_arrays_labels_and_lazy_ones(self):
        served = SPARSE.roofline(CHIP)
        batch, context = np.array([10.0, 100.0]), np.array([[100.0], [1000.0]])
        expected = np.array([[served.throughput(b, c) for b in batch] for c in context[:, 0]])
        assert np.allclose(served.throughput(batch, context), expected, rtol=1e-12)
        labelled = xr.DataArray(batch, dims="batch")
        assert served.serve(300, 100, labelled).dims == ("batch",)
        lazy = served.throughput(da.from_array(batch), 100.0)
        assert isinstance(lazy, da.Array)
        assert np.allclose(lazy.compute(), expected[0])
        assert np.allclose(served.batch_within([0.01, 0.02], 100), [served.batch_within(x, 100) for x in (0.01, 0.02)])

    @pytest.mark.parametrize("kind", ARCHITECTURES)
    def test_symbols_give_the_formula(self, kind):
        served = ARCHITECTURES[kind].roofline(CHIP, devices=16)
        formula = served.step_time(s.batch, s.context)
        for batch, context in ((3, 50), (300, 5000)):
            value = float(formula.subs({s.batch: batch, s.context: context}))
            assert value == pytest.approx(served.step_time(batch, context), rel=1e-9)

    def test_a_phase_takes_its_efficiency(self):
        served = DENSE.roofline(CHIP)
        phase = lt.Phase("decode", s.D_inf, 2, served.efficiency(s.batch, 1000))
        assert phase.cost.free_symbols == {s.N, s.D_inf, s.batch}


class TestEfficiency:
    def test_it_compares_with_training_at_its_roofline(self):
        served = DENSE.roofline(CHIP, attention_precision="fp8", training_flop=DENSE.training_flop(2000))
        expected = served.throughput(64, 500) * DENSE.training_flop(2000) / 3 / (8 * CHIP.fp8)
        assert served.efficiency(64, 500) == pytest.approx(expected)

    def test_or_with_a_measured_utilisation(self):
        served = DENSE.roofline(CHIP)
        measured = served.efficiency(64, 500, training_mfu=0.4)
        assert measured == pytest.approx(served.throughput(64, 500) * 2 * DENSE.active_params / (8 * CHIP.fp8) / 0.4)


def test_price():
    served = DENSE.roofline(CHIP)
    rate = served.throughput(64, 500)
    assert served.dollars_per_million(2, 64, 500) == pytest.approx(2 * 8 / (rate * 3600) * 1e6)
    assert np.allclose(price_of([1, 2], 8, 1000), [1e6 / 3.6e6 * 8, 2e6 / 3.6e6 * 8])
    with pytest.raises(ValueError, match="^price_per_hour must be"):
        served.dollars_per_million(0, 64, 500)


class TestDefaults:
    @pytest.mark.parametrize(
        ("kind", "devices", "t"),
        [("dense", None, 8), ("dense", 4, 4), ("dense", 16, 8), ("sparse", 8, 8), ("latent", 8, 1), ("latent", 64, 1)],
    )
    def test_how_a_model_is_split(self, kind, devices, t):
        deployed = ARCHITECTURES[kind].roofline(CHIP, devices=devices)
        assert (deployed.devices, deployed.tensor_parallel) == (devices or 8, t)

    def test_weights_that_do_not_fit_are_split_further(self):
        few = dataclasses.replace(DENSE, kv_heads=1)
        small = dataclasses.replace(CHIP, hbm_bytes=few.total_params / 3)
        assert few.roofline(CHIP).tensor_parallel == 1
        assert few.roofline(small).tensor_parallel == 4

    @pytest.mark.parametrize(("precision", "size"), [("bf16", 2), ("fp8", 1), ("fp4", 17 / 32)])
    def test_bytes_of_a_weight(self, precision, size):
        chip = dataclasses.replace(CHIP, fp4=4e15)
        assert DENSE.roofline(chip, precision).weight_bytes == size

    @pytest.mark.parametrize(
        ("kind", "devices", "of"),
        [("dense", 8, "dense"), ("sparse", 8, "moe_small"), ("latent", 32, "moe_wide_ib")],
    )
    def test_class(self, kind, devices, of):
        assert ARCHITECTURES[kind].roofline(CHIP, devices=devices).kind == of
        rack = dataclasses.replace(CHIP, scale_up_size=72)
        assert SPARSE.roofline(rack, devices=72).kind == "moe_rack"


class TestCalibrated:
    @pytest.fixture(autouse=True)
    def factors(self, monkeypatch):
        from lifetime.machine import calibration

        monkeypatch.setattr(calibration, "_MEASURED", [])
        measured_by(lambda: {"dense": Calibration("dense", 0.5, 0.25, 0.75, 40, 5)})

    def test_it_is_the_sum_times_the_median_with_its_spread(self):
        served = DENSE.roofline(CHIP)
        rate = served.serve(300, 100, 20, overlap=False)
        found = served.serve(300, 100, 20, calibrated=True)
        assert (found, found.low, found.high) == pytest.approx((0.5 * rate, 0.25 * rate, 0.75 * rate))
        assert found.calibration.points == 40
        assert "dense, 40 measurements" in repr(found)
        many = served.serve([300, 400], 100, 20, calibrated=True)
        assert many[0] == pytest.approx(found)
        assert many.low[0] == pytest.approx(found.low)

    def test_a_class_without_measurements_is_refused(self):
        with pytest.raises(ValueError, match="calibrated must be False for a deployment of class 'moe_small'"):
            SPARSE.roofline(CHIP).serve(300, 100, calibrated=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"devices": 0}, "devices must be a whole number"),
        ({"devices": 2.5}, "devices must be a whole number"),
        ({"precision": "fp4"}, "precision must be one that own has; got 'fp4'"),
        ({"attention_precision": "int8"}, "attention_precision must be one of bf16, fp8; got 'int8'"),
        ({"tensor_parallel": 3}, "tensor_parallel must be a divisor of devices=8; got 3"),
        ({"tokens_per_step": 0.5}, "tokens_per_step must be 1 or more; got 0.5"),
        ({"kv_element_bytes": 0}, "kv_element_bytes must be"),
        ({"weight_bytes": -1}, "weight_bytes must be"),
        ({"training_flop": np.nan}, "training_flop must be"),
    ],
)
def test_bad_assumptions_are_named(change, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        DENSE.roofline(CHIP, **{"devices": 8} | change)


def test_unknown_links_are_named():
    alone = dataclasses.replace(CHIP, scale_up_bandwidth=None)
    with pytest.raises(ValueError, match="^devices must be 1, as the links of own are not known; got 8"):
        DENSE.roofline(alone)
    near = dataclasses.replace(CHIP, scale_out_bandwidth=None)
    with pytest.raises(ValueError, match="^devices must be at most 8: links between domains of own are not known"):
        DENSE.roofline(near, devices=16)
    with pytest.raises(ValueError, match="^devices must be given"):
        DENSE.roofline(dataclasses.replace(CHIP, scale_up_size=None))


@pytest.mark.parametrize("bad", [0, -1, np.nan, np.inf])
@pytest.mark.parametrize("method", ["throughput", "step_time", "times", "efficiency"])
def test_bad_arguments_are_named(method, bad):
    served = DENSE.roofline(CHIP)
    with pytest.raises(ValueError, match="^batch must be"):
        getattr(served, method)(bad, 100)
    with pytest.raises(ValueError, match="^context must be"):
        getattr(served, method)(1, bad)


def test_a_batch_too_large_names_the_largest():
    served = DENSE.roofline(CHIP)
    most = served.max_batch(5000)
    for call in (served.throughput, served.times):
        with pytest.raises(ValueError, match=rf"^batch must be at most {most:.6g}"):
            call(2 * most, 5000)
    with pytest.raises(ValueError, match="^batch must be at most"):
        served.serve(4500, 1000, 2 * most)


def test_weights_that_do_not_fit_are_named():
    tiny = dataclasses.replace(CHIP, hbm_bytes=1e6)
    with pytest.raises(ValueError, match="^devices must be enough"):
        DENSE.roofline(tiny).max_batch(100)


def test_defaults_are_those_of_the_architecture_that_makes_it():
    made = inspect.signature(lt.Architecture.roofline).parameters
    for name, own in inspect.signature(Deployment).parameters.items():
        assert name in ("architecture", "chip") or own.default == made[name].default, name
    assert Deployment(architecture=DENSE, chip=CHIP).max_batch(500) == DENSE.roofline(CHIP).max_batch(500)


def test_made_by_the_architecture():
    made = DENSE.roofline(CHIP, "bf16", devices=2, kv_element_bytes=2)
    assert isinstance(made, Deployment)
    assert isinstance(made.times(1, 1), StepTimes)
    assert made.times(1, 1).compute == pytest.approx(DENSE.forward_flop(0) / 2 / CHIP.bf16)
    assert sqrt(made.latency_floor) > 0
    assert sp.sympify(made.devices) == 2
