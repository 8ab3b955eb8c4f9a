import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import lifetime as lt
from lifetime import symbols as sy
from lifetime.machine.activations import RECOMPUTE, activation_bytes, hold_time, state_bytes, step_flop

s, b, h, a, L, t, V, B, n, x = sp.symbols("s b h a L t V B n x", positive=True)
SHAPE = {"sequence": s, "width": h, "heads": a, "microbatch": b}
GPT = {"sequence": s, "width": h, "layers": L, "vocabulary": V, "batch": B}

# Korthikanti et al. (2022), arXiv 2205.05198: Table 3, with s = 2,048, t = 8 and V = 51,200
MODELS = {  # heads, width, layers, microbatch
    "22B": (64, 6144, 48, 4),
    "175B": (96, 12288, 96, 1),
    "530B": (128, 20480, 105, 1),
    "1T": (160, 25600, 128, 1),
}
TABLE_5 = {"22B": (1.42, 1.10, 0.415, 0.437), "175B": (18.13, 13.75, 0.514, 0.528)}
TABLE_5 |= {"530B": (49.05, 37.83, 0.560, 0.570), "1T": (94.42, 71.49, 0.563, 0.570)}
"""Seconds of a step with all recomputed and with the scores only; MFU and HFU of the latter."""


def layer(name, tensor_parallel=8, **options):
    heads, width, _, microbatch = MODELS[name]
    options = {"tensor_parallel": tensor_parallel} | options
    return activation_bytes(2048, width, heads, microbatch=microbatch, **options)


def flop(name, recompute="none", batch=1):
    _, width, layers, _ = MODELS[name]
    return step_flop(2048, width, layers, 51200, batch=batch, recompute=recompute)


# Published numbers


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"tensor_parallel": 1}, s * b * h * (34 + 5 * a * s / h)),
        ({}, s * b * h * (10 + 24 / t + 5 * a * s / (h * t))),
        ({"sequence_parallel": True}, s * b * h * (34 / t + 5 * a * s / (h * t))),
        ({"recompute": "selective"}, s * b * h * (10 + 24 / t)),
        ({"recompute": "selective", "sequence_parallel": True}, 34 * s * b * h / t),
        ({"recompute": "full"}, 2 * s * b * h),
    ],
)
def test_table_2(options, expected):
    found = activation_bytes(**SHAPE, **({"tensor_parallel": t} | options))
    assert sp.simplify(sp.nsimplify(found) - expected) == 0


@pytest.mark.parametrize(("name", "exact", "stated"), [("175B", 80 / 114, 0.70), ("530B", 64 / 98, 0.65)])
def test_share_of_the_scores(name, exact, stated):
    share = 1 - layer(name, 1, recompute="selective") / layer(name, 1)
    assert share == pytest.approx(exact, rel=1e-12) == pytest.approx(stated, abs=0.005)


@pytest.mark.parametrize(("name", "times"), [("22B", 6.2), ("175B", 5.4), ("530B", 4.9), ("1T", 4.9)])
def test_both_techniques_together_keep_a_fifth(name, times):
    """ "5x", to under 20 % in Figure 7; all recomputed is at about 10 %."""
    less = layer(name) / layer(name, sequence_parallel=True, recompute="selective")
    assert less == pytest.approx(times, abs=0.05)
    assert less == pytest.approx(5, abs=0.5) or name == "22B"
    assert layer(name, recompute="full") / layer(name) == pytest.approx(0.1, abs=0.025)


@pytest.mark.parametrize(
    ("name", "gigabytes"),
    [
        ("22B", (7.08, 1.325, 0.885, 0.654, 0.214, 0.101)),
        ("175B", (2.87, 0.579, 0.359, 0.327, 0.107, 0.050)),
        ("530B", (4.11, 0.881, 0.514, 0.545, 0.178, 0.084)),
        ("1T", (5.14, 1.101, 0.642, 0.682, 0.223, 0.105)),
    ],
)
def test_gigabytes_of_a_layer(name, gigabytes):
    both = {"sequence_parallel": True, "recompute": "selective"}
    options = {"tensor_parallel": 1}, {}, {"sequence_parallel": True}, {"recompute": "selective"}, both
    found = [layer(name, **option) for option in (*options, {"recompute": "full"})]
    assert np.divide(found, 1e9) == pytest.approx(gigabytes, abs=0.0051)


@pytest.mark.parametrize(("name", "stated", "counted"), [("175B", 0.027, 0.0093), ("530B", 0.016, 0.0056)])
def test_overhead_of_the_scores(name, stated, counted):
    """Section 5 states what equation 9 gives, s/(6h), cut off. Appendix A names one forward pass of two products."""
    _, width, _, _ = MODELS[name]
    printed = 2048 / (6 * width)
    assert 0 < printed - stated < 0.001
    assert 2048 / (18 * width) == pytest.approx(counted, abs=5e-5)
    assert 3 * (flop(name, "selective") / flop(name) - 1) == pytest.approx(printed, rel=0.04)


@pytest.mark.parametrize("name", MODELS)
def test_hardware_utilisation_in_table_5_counts_the_scores_three_times(name):
    *_, mfu, hfu = TABLE_5[name]
    once = flop(name, "selective") / flop(name) - 1
    assert mfu * (1 + 3 * once) == pytest.approx(hfu, abs=0.001)
    assert mfu * (1 + once) < hfu - 0.001


@pytest.mark.parametrize("name", ["22B", "175B", "530B", "1T"])
def test_utilisation_from_the_seconds_of_table_5(name):
    """FLOP over seconds over the 312 TFLOP/s of an A100; batches and devices of Table 3."""
    batch, devices = {"22B": (4, 8), "175B": (64, 64), "530B": (280, 280), "1T": (512, 512)}[name]
    _, seconds, mfu, _ = TABLE_5[name]
    assert flop(name, batch=batch) / (seconds * devices * 312e12) == pytest.approx(mfu, abs=0.002)


def test_utilisation_of_530b_on_2240_devices():
    """Abstract: 54.2 % against 42.1 %, "29 % faster"; the latter computes 4/3 of its useful FLOP."""
    assert 0.542 / 0.421 - 1 == pytest.approx(0.29, abs=0.01)
    again = flop("530B", "full") / flop("530B")
    assert again == pytest.approx(4 / 3, rel=0.001)
    assert 0.421 * 4 / 3 == pytest.approx(0.561, abs=5e-4)


def test_bytes_of_a_token_of_gpt3():
    """134.48 MB, 2.359 of them inputs of layers; its KV cache has twice as many as those."""
    all_, inputs = (96 * activation_bytes(2048, 12288, 96, recompute=r) / 2048 for r in ("none", "full"))
    cache = lt.architectures.GPT3_175B.kv_cache_bytes()
    assert (all_, inputs, cache) == (134479872, 2359296, 4718592)
    assert cache == 2 * inputs


def test_state_of_405b():
    """16 bytes per parameter: "about 6.48 TB"."""
    total = state_bytes(2, 2, 12) * lt.architectures.Llama31_405B.total_params
    assert total == pytest.approx(6.48e12, rel=0.005) and total == pytest.approx(6.49e12, rel=0.001)


@pytest.mark.parametrize(
    ("parts", "bytes_"),
    [((2, 2, 12), 16), ((2, 4, 12), 18), ((2, 2, 4 + 1 + 1), 10), ((1, 4, 4 + 2 + 2), 13)],
    ids=["ZeRO", "Megatron, FP32 gradients", "8-bit Adam", "DeepSeek-V3"],
)
def test_bytes_of_a_parameter(parts, bytes_):
    assert state_bytes(*parts) == bytes_


@pytest.mark.parametrize(("stage", "expected"), [(0, 16), (1, 4 + 12 / n), (2, 2 + 14 / n), (3, 16 / n)])
def test_stages_of_zero(stage, expected):
    assert sp.simplify(state_bytes(2, 2, 12, devices=n, stage=stage) - expected) == 0


def test_hidden_state_of_llama():
    """stas00/ml-engineering, training/performance: 0.25 GiB for 32,768 tokens of Llama 8B."""
    width = lt.architectures.Llama3_8B.width
    assert activation_bytes(32768, width, 32, recompute="full") == 0.25 * 2**30


def test_bytes_of_a_weight_in_mxfp4():
    """4 bits a weight, and a scale of 8 bits for 32 weights."""
    served = lt.architectures.Llama3_8B.roofline(lt.accelerators.B200, "fp4")
    assert served.weight_bytes == (32 * 4 + 8) / 32 / 8 == pytest.approx(0.531, abs=5e-4)


@pytest.mark.parametrize(
    ("key", "rate", "seconds"),
    [
        ("GPT3_175B", 7.8e4, 6),
        ("Qwen3_235B_A22B", 2.9e5, 23),
        ("gptoss_120b", 3.1e5, 25),
        ("Llama3_70B", 4.6e5, 37),
        ("Gemma3_27B", 6.8e5, 55),
        ("Kimi_K2", 1.05e6, 85),
        ("DeepSeekV3", 1.33e6, 108),
        ("Llama31_405B", 1.63e6, 132),
    ],
)
def test_how_long_a_cache_pays(key, rate, seconds):
    arch, chip = lt.architectures[key], lt.accelerators.H100_SXM
    found = arch.prefill_flop(8192) / arch.kv_cache_bytes()
    assert found == pytest.approx(rate, rel=0.015)
    rounded = 80e9  # bytes, as for the published times
    assert hold_time(found, rounded, chip.fp8, 0.5) == pytest.approx(seconds, abs=0.5)


# The same, tensor by tensor

TENSORS = {  # what a layer keeps: (bytes of an element, elements per token, shared by tensor parallelism)
    "input of the first norm": (2, lambda s, h, a: h, False),
    "input of queries, keys and values": (2, lambda s, h, a: h, False),
    "queries": (2, lambda s, h, a: h, True),
    "keys": (2, lambda s, h, a: h, True),
    "softmax": (2, lambda s, h, a: a * s, True),
    "mask of the softmax": (1, lambda s, h, a: a * s, True),
    "softmax after its mask": (2, lambda s, h, a: a * s, True),
    "values": (2, lambda s, h, a: h, True),
    "input of the output projection": (2, lambda s, h, a: h, True),
    "mask of the attention": (1, lambda s, h, a: h, False),
    "input of the second norm": (2, lambda s, h, a: h, False),
    "input of the feed-forward block": (2, lambda s, h, a: h, False),
    "input of GELU": (2, lambda s, h, a: 4 * h, True),
    "output of GELU": (2, lambda s, h, a: 4 * h, True),
    "mask of the feed-forward block": (1, lambda s, h, a: h, False),
}
shapes = st.integers(1, 4096), st.integers(1, 200), st.integers(1, 64), st.integers(1, 8), st.sampled_from([1, 2, 8])


@given(*shapes, st.booleans())
def test_tensor_by_tensor(sequence, size, heads, microbatch, devices, sequence_parallel):
    width = size * heads
    for recompute in ("none", "selective"):
        kept = [row for name, row in TENSORS.items() if recompute == "none" or "softmax" not in name]
        total = sum(
            microbatch
            * sequence
            * element
            * count(sequence, width, heads)
            / (devices if split or sequence_parallel else 1)
            for element, count, split in kept
        )
        options = {"tensor_parallel": devices, "sequence_parallel": sequence_parallel, "recompute": recompute}
        found = activation_bytes(sequence, width, heads, microbatch=microbatch, **options)
        assert found == pytest.approx(total, rel=1e-12)


class Counted:
    """A number that counts how often two are multiplied."""

    products = 0

    def __mul__(self, other):
        Counted.products += 1
        return self

    def __add__(self, other):
        return self


def of(*shape):
    return np.full(shape, Counted())


def products(layers, tokens, width, heads, vocabulary):
    """Multiplications of a forward pass over a sequence, and of its scores alone."""
    Counted.products, scores, size = 0, 0, width // heads
    for _ in range(layers):
        of(tokens, width) @ of(width, 3 * width)
        before = Counted.products
        for _ in range(heads):
            of(tokens, size) @ of(size, tokens)
            of(tokens, tokens) @ of(tokens, size)
        scores += Counted.products - before
        of(tokens, width) @ of(width, width)
        of(tokens, width) @ of(width, 4 * width)
        of(tokens, 4 * width) @ of(4 * width, width)
    layers_only = Counted.products
    of(tokens, width) @ of(width, vocabulary)
    return Counted.products, layers_only, scores


@pytest.mark.parametrize("shape", [(1, 3, 4, 2, 5), (2, 4, 6, 3, 7), (3, 2, 4, 1, 3)])
def test_product_by_product(shape):
    layers, tokens, width, _, vocabulary = shape
    forward, layers_only, scores = products(*shape)
    again = {"none": 0, "selective": scores, "full": layers_only}
    for recompute in RECOMPUTE:
        found = step_flop(tokens, width, layers, vocabulary, recompute=recompute)
        assert found == 2 * (3 * forward + again[recompute])


# What follows


def test_equation_7():
    expected = 72 * B * L * s * h**2 * (1 + s / (6 * h) + V / (12 * h * L))
    assert sp.expand(step_flop(**GPT) - expected) == 0


def test_one_more_forward_pass_of_the_scores():
    once = sp.limit(step_flop(**GPT, recompute="selective") / step_flop(**GPT), V, 0) - 1
    assert sp.limit(once / (s / (18 * h)), s, 0) == 1


def test_all_again_with_equation_of_narayanan():
    """Narayanan et al. (2021), section 5.1: 96BsLh²(1 + s/(6h) + V/(16Lh))."""
    expected = 96 * B * s * L * h**2 * (1 + s / (6 * h) + V / (16 * L * h))
    assert sp.expand(step_flop(**GPT, recompute="full") - expected) == 0


def test_from_6_to_8_flop_per_parameter():
    """12Lh² parameters; without scores and head, all again is 8 of 6."""
    per_token = [sp.limit(sp.limit(step_flop(**GPT, recompute=r) / (B * s), V, 0), s, 0) for r in ("none", "full")]
    assert [sp.simplify(f / (12 * L * h**2)) for f in per_token] == [6, 8]


def test_the_device_cancels():
    """To hold as long as T costs as much of the device as to compute again."""
    T = hold_time(x, sy.memory, sy.F, sy.e_inf)
    flop_, kept = sp.symbols("flop_ kept", positive=True)
    held, again = kept / sy.memory * T.subs(x, flop_ / kept), flop_ / (sy.e_inf * sy.F)
    assert sp.simplify(held - again) == 0


def test_defaults():
    """One sequence, one device, all kept; the full peak."""
    assert activation_bytes(3, 8, 2) == 3 * (8 * 34 + 5 * 2 * 3)
    assert step_flop(3, 8, 2, 5) == step_flop(3, 8, 2, 5, batch=1, recompute="none")
    assert state_bytes(2, 2, 12, stage=3) == state_bytes(2, 2, 12, devices=8) == 16
    assert hold_time(1, 80, 10) == 8


def test_arrays_are_many_numbers():
    sequences = np.array([512.0, 2048.0])
    assert activation_bytes(sequences, 128, 4).tolist() == [activation_bytes(q, 128, 4) for q in sequences]
    assert step_flop(sequences, 128, 4, 99).tolist() == [step_flop(q, 128, 4, 99) for q in sequences]
    assert state_bytes(2, 2, 12, devices=[1, 4], stage=1).tolist() == [16, 7]
    assert hold_time([1, 2], 80, 10, 0.5).tolist() == [16, 32]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: activation_bytes(2048, 128, 4, recompute="ful"),
            "recompute must be one of these; got 'ful'; did you mean 'full'",
        ),
        (lambda: step_flop(2048, 128, 4, 99, recompute=None), "recompute must be one of these; got None"),
        (lambda: step_flop("long", 128, 4, 99), "sequence must be a number or an array of numbers; got 'long'"),
        (lambda: activation_bytes(1e300, 1e300, 4), "bytes is not a finite number"),
        (lambda: step_flop(1e300, 1e300, 4, 99), "FLOP is not a finite number"),
        (lambda: state_bytes(1e308, 1e308, 1e308), "bytes is not a finite number"),
        (lambda: hold_time(1e300, 1e300, 1), "seconds is not a finite number"),
        (lambda: activation_bytes(0, 128, 4), "sequence must be a finite number above 0; got 0"),
        (lambda: step_flop(2048, 128, 4, -1), "vocabulary must be a finite number above 0; got -1"),
        (lambda: state_bytes(2, 2, 12, stage=4), "stage must be 0, 1, 2 or 3; got 4"),
        (lambda: state_bytes(2, 2, 12, devices=0), "devices must be a finite number above 0; got 0"),
        (lambda: hold_time(np.nan, 1, 1), "flop_per_byte must be a finite number above 0; got nan"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
