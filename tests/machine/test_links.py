"""What devices send: published limits, a count by hand, and what is refused."""

import itertools

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import lifetime as lt
from lifetime.machine import links

INFINIBAND, NVLINK = 50e9, 900e9
"""Bytes per second of a device in one direction: ConnectX-7, and NVLink of Blackwell."""
PUBLISHED = {"width": 7000, "copies": 9, "layers": 61}
"""The rounded sizes of DeepSeek's bound, arXiv 2505.09343, section 2.3.2."""


@pytest.mark.parametrize(
    ("bandwidth", "pair", "step", "rate"),
    [(INFINIBAND, 120.96e-6, 14.76e-3, 67.8), (NVLINK, 6.72e-6, 0.82e-3, 1220)],
)
def test_published_limits_of_expert_parallelism(bandwidth, pair, step, rate):
    """arXiv 2505.09343: 120.96 us and 67 tokens/s on InfiniBand, 6.72 us and 1,200 on NVL72."""
    one_layer = links.all_to_all_bytes(7000, 9, 1)
    assert 32 * one_layer / bandwidth == pytest.approx(pair, rel=1e-12)
    seconds = links.step_limit(32, bandwidth, **PUBLISHED)
    assert seconds == pytest.approx(2 * 61 * pair, rel=1e-12)
    assert seconds == pytest.approx(step, rel=3e-3)
    assert 1 / seconds == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize(("copies", "megabytes", "limit"), [(8, 9.98, 5010), (9, 11.2, 4450)])
def test_bytes_of_a_token_of_deepseek_v3(copies, megabytes, limit):
    sent = links.all_to_all_bytes(7168, copies, 58)
    assert sent == 58 * copies * 7168 * 3
    assert sent == pytest.approx(megabytes * 1e6, rel=3e-3)
    assert links.token_limit(sent, INFINIBAND) == pytest.approx(limit, rel=2e-3)


@pytest.mark.parametrize(
    ("model", "width", "copies", "layers", "megabytes"),
    [
        ("Kimi K2", 7168, 8, 60, 10.3),
        ("DeepSeek-V4-Pro", 7168, 6, 61, 7.9),
        ("DeepSeek-V4-Flash", 4096, 6, 43, 3.2),
        ("Qwen3-235B", 4096, 8, 94, 9.2),
        ("gpt-oss-120b", 2880, 4, 36, 1.2),
    ],
)
def test_bytes_of_a_token_of_other_mixtures(model, width, copies, layers, megabytes):
    assert links.all_to_all_bytes(width, copies, layers) == pytest.approx(megabytes * 1e6, rel=0.05)


@given(experts=st.integers(1, 4), domains=st.integers(1, 5))
def test_copies_across_is_the_mean_over_all_ways_to_draw(experts, domains):
    ways = list(itertools.product(range(domains), repeat=experts))
    reached = np.mean([len(set(way) - {0}) for way in ways])
    assert links.copies_across(experts, domains) == pytest.approx(reached, abs=1e-12)


@given(devices=st.integers(2, 12), width=st.integers(1, 6))
def test_all_reduce_is_what_a_ring_sends(devices, width):
    """Simulated: each device passes on one part at a time, first adding, then handing out."""
    parts = np.random.default_rng(devices).normal(size=(devices, devices, width))
    expected, sent = parts.sum(axis=0), 0
    for adding, shift in itertools.product((True, False), range(devices - 1)):
        for device in range(devices):
            part = (device - shift + (not adding)) % devices
            to = (device + 1) % devices
            parts[to, part] = parts[to, part] + parts[device, part] if adding else parts[device, part]
            sent += width
    assert np.allclose(parts, expected)
    assert links.all_reduce_bytes(devices * width, devices, 1) == pytest.approx(2 * sent / devices)


def test_arrays_and_symbols():
    d, n = sp.symbols("d n", positive=True)
    assert sp.expand(links.all_to_all_bytes(d, n, 3) - 9 * d * n) == 0
    assert sp.expand(links.hop_bytes(d) - 2 * d) == 0
    widths = np.array([1024, 2048])
    assert np.allclose(links.all_reduce_bytes(widths, 8, 2), 2 * 2 * 7 / 8 * widths * 2)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda bad: links.all_to_all_bytes(bad, 8, 58), "width"),
        (lambda bad: links.copies_across(8, bad), "domains"),
        (lambda bad: links.all_reduce_bytes(8192, bad, 2), "devices"),
        (lambda bad: links.hop_bytes(bad), "width"),
        (lambda bad: links.token_limit(1e7, bad), "bandwidth"),
        (lambda bad: links.step_limit(bad, 5e10, **PUBLISHED), "tokens"),
    ],
)
@pytest.mark.parametrize("bad", [0, -1, np.nan, np.inf, "8", [8, -8]])
def test_bad_values_are_named(call, name, bad):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        call(bad)


def test_time_of_a_transfer():
    chip = lt.accelerators.H100_SXM
    assert links.transfer_time(1e9, chip) == pytest.approx(1e9 / 450e9)
    assert np.allclose(links.transfer_time([1e9, 2e9], chip, across=True), [0.02, 0.04])
    alone = lt.Accelerator(name="alone", hbm_bytes=1e9, hbm_bandwidth=1e12)
    for across, name in ((False, "scale_up_bandwidth"), (True, "scale_out_bandwidth")):
        with pytest.raises(ValueError, match=f"^chip must have a {name}; alone has none"):
            links.transfer_time(1, alone, across)


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (lambda: links.all_to_all_bytes(1e300, 1e300, 58), "bytes"),
        (lambda: links.copies_across(1, 1e-320), "copies"),
        (lambda: links.all_reduce_bytes(1e308, 8, 160), "bytes"),
        (lambda: links.hop_bytes(1e308), "bytes"),
        (lambda: links.step_limit(32, 1e-320, **PUBLISHED), "seconds"),
        (lambda: links.token_limit(1e-300, 1e300), "tokens"),
    ],
)
def test_a_result_that_no_float_holds_is_named(call, result):
    with pytest.raises(ValueError, match=f"^{result} is not a finite number"):
        call()
