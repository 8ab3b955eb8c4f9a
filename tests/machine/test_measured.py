"""What machines were measured to do: every row is possible on its machine, and consistent with itself."""

import re
from math import isfinite, isnan

import numpy as np
import pytest

import lifetime as lt

SERVING, TRAINING = list(lt.throughput), list(lt.training_throughput)
every_row = pytest.mark.parametrize("row", SERVING + TRAINING, ids=lt.throughput.keys() + lt.training_throughput.keys())
serving = pytest.mark.parametrize("row", SERVING, ids=lt.throughput.keys())
training = pytest.mark.parametrize("row", TRAINING, ids=lt.training_throughput.keys())
BYTES = {"bf16": 2, "fp8": 1, "int8": 1, "fp4": 0.5}


def chip(row):
    return lt.accelerators[row.accelerator]


def numbers(row):
    return {name: value for name, value in vars(row).items() if isinstance(value, int | float)}


def prompts(row):
    """Tokens computed for each that is counted."""
    return 1 + row.input_tokens / row.output_tokens if row.phase == "mixed" else 1


def mean_context(row):
    """As stated, or that of sequences of which each is somewhere in its answer; None if neither is known."""
    if row.context or row.phase == "prefill" or not row.input_tokens:
        return row.context
    return row.input_tokens + row.output_tokens / 2


@every_row
def test_numbers_are_positive_and_texts_are_there(row):
    assert all(isfinite(value) and value > 0 for value in numbers(row).values())
    for name in ("model", "software", "source", "locator", "certainty", "checked", "layout"):
        assert getattr(row, name).strip(), name
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", row.date)
    assert re.fullmatch(r"(source|as given), 20\d\d-\d\d-\d\d", row.checked)
    assert row.certainty in ("primary", "secondary")
    assert row.certainty == "primary" or "Secondary source" in row.note
    assert re.search(r"https://|arXiv", row.source)


@every_row
def test_the_names_are_those_of_other_tables(row):
    assert row.accelerator in lt.accelerators
    if row.architecture:
        model = lt.architectures[row.architecture]
        assert (row.total_params, row.active_params) == (model.total_params, model.active_params)
    assert row.active_params <= row.total_params


@serving
def test_a_server_is_one_of_a_known_kind(row):
    assert row.phase in ("decode", "prefill", "mixed")
    assert row.layout in ("dense", "moe_small", "moe_wide_ib", "moe_rack")
    assert (row.layout == "dense") == (row.total_params < 1.1 * row.active_params)
    assert row.layout != "moe_small" or row.devices <= 8
    assert row.layout != "moe_wide_ib" or row.devices > chip(row).scale_up_size
    assert row.layout != "moe_rack" or 8 < row.devices <= chip(row).scale_up_size == 72
    assert row.weights_precision in BYTES and row.kv_bytes in (1, 2)
    assert row.phase != "mixed" or (row.input_tokens and row.output_tokens)
    assert row.phase != "prefill" or row.input_tokens
    assert row.tokens_per_step is None or row.tokens_per_step >= 1


@serving
def test_no_server_computes_more_than_the_peak_of_its_accelerator(row):
    """Prompts included, with the products of the weights alone."""
    peak = chip(row).flop_per_second(row.compute_precision)
    assert row.flop_per_second_per_device == 2 * row.active_params * row.tokens_per_second_per_device
    assert row.flop_per_second_per_device * prompts(row) < 0.6 * peak


@serving
def test_what_a_server_holds_fits_in_its_memory(row):
    if row.batch is None or mean_context(row) is None or not row.architecture:
        pytest.skip("batch, context or KV cache not known")
    kv = lt.architectures[row.architecture].kv_cache_bytes(bytes_per_element=row.kv_bytes)
    held = row.total_params * BYTES[row.weights_precision] + row.batch * mean_context(row) * kv
    assert held < 0.85 * row.devices * chip(row).hbm_bytes


@serving
def test_batch_and_speed_of_one_give_the_speed_of_all(row):
    """Little's law: whoever is in flight gets tokens."""
    if row.batch is None or row.tokens_per_second_per_user is None:
        pytest.skip("not both known")
    everybody = row.batch * row.tokens_per_second_per_user
    assert everybody == pytest.approx(row.devices * row.tokens_per_second_per_device, rel=0.03)


@serving
def test_no_decoding_beats_its_roofline(row):
    """Where batch and context are known, tokens are not guessed, and so many that a step touches every expert."""
    known = row.batch and mean_context(row) and row.tokens_per_step == 1 and row.architecture
    if not known or (row.layout != "dense" and row.batch < 256):
        pytest.skip("not all known, or some experts unread")
    kv = lt.architectures[row.architecture].kv_cache_bytes(bytes_per_element=row.kv_bytes)
    model = {"N": row.active_params, "N_total": row.total_params, "weight_bytes": BYTES[row.weights_precision]}
    roof = chip(row).roofline(row.compute_precision, devices=row.devices, kv_bytes=kv, **model)
    assert row.devices * row.tokens_per_second_per_device < roof.throughput(row.batch, mean_context(row))


@training
def test_no_training_computes_more_than_the_peak_of_its_accelerator(row):
    peak = chip(row).flop_per_second(row.precision)
    found = (row.useful_flop_per_second_per_device, row.flop_per_second_per_device, row.mfu and row.mfu * peak)
    assert any(found) and max(x for x in found if x) < 0.7 * peak
    assert row.layout in ("dense", "mixture")
    assert (row.layout == "dense") == (row.total_params < 1.1 * row.active_params)


@training
def test_what_a_source_states_of_one_run_agrees(row):
    """FLOP/s with 6·N per token, beside which attention and a head for guesses are a fifth or less; MFU with FLOP/s."""
    stated, useful = row.flop_per_second_per_device, row.useful_flop_per_second_per_device
    if stated and useful:
        low, high = (0.88, 0.89) if "believe the tokens" in row.note else (1.03, 1.19)
        assert low < stated / useful < high
    if stated and row.mfu:
        assert stated / chip(row).flop_per_second(row.precision) == pytest.approx(row.mfu, rel=0.015)


def test_a_run_without_tokens_has_no_useful_flop():
    row = lt.training_throughput.mcore_mixtral_h100
    assert row.tokens_per_second_per_device is row.useful_flop_per_second_per_device is None
    assert row.flop_per_second_per_device == 468e12


def test_the_tables_are_as_large_as_they_were_collected():
    assert (len(SERVING), len(TRAINING)) == (92, 48)
    seen = [row.checked.startswith("source") for row in SERVING], [row.checked.startswith("source") for row in TRAINING]
    assert (sum(seen[0]), sum(seen[1])) == (63, 40)


def test_experts_over_infiniband_decode_half_of_what_the_links_allow():
    """8 experts, 58 layers, width 7,168, 1 byte there and 2 back: 9.98 MB a token, 5,010 tokens/s at 50e9 bytes/s."""
    model = lt.architectures.DeepSeekV3
    sent = (model.layers - model.dense_layers) * model.active_experts * model.width * 3
    assert sent == 9_977_856
    rows = [lt.throughput[key] for key in ("lmsys_h100_ep72_2k", "vllm_h200_wideep")]
    shares = [row.tokens_per_second_per_device * sent / chip(row).scale_out_bandwidth for row in rows]
    assert shares == pytest.approx([0.556, 0.439], abs=5e-4)
    rack = lt.throughput.lmsys_gb200_ep48_fp4
    assert rack.tokens_per_second_per_device * sent / chip(rack).scale_out_bandwidth > 2.5, "only NVLink allows this"


def test_a_median_hour_of_16_published_runs_on_hopper_does_a_quarter_of_its_peak():
    """6·N·D over hours and BF16 peak, of all H100 and H800 runs whose tokens and hours are stated."""
    peaks = {"H100": lt.accelerators.H100_SXM.bf16, "H800": lt.accelerators.H800_SXM.bf16}
    table = lt.models.table()
    flop = 6 * table.active_params * table.training_tokens
    peak = table.accelerator.str.extract(r"\b(H[18]00)\b")[0].map(peaks)
    shares = (flop / (table.accelerator_hours * 3600 * peak)).dropna()
    assert len(shares) == 16 and not isnan(shares.max())
    assert np.median(shares) == pytest.approx(0.247, abs=5e-4)
    assert (shares.min(), shares.max()) == pytest.approx((0.106, 0.376), abs=5e-4)
