"""Measured machines beside their model: a bound bounds, a calibration holds for what it has not seen."""

import numpy as np
import pytest

import lifetime as lt
from lifetime.evidence import machines

TABLE = machines.comparison()


class TestModel:
    def test_every_measurement_is_compared_unless_its_drafts_are_unknown(self):
        left_out = set(lt.throughput.keys()) - set(TABLE.index)
        assert left_out == {key for key, row in lt.throughput.items() if row.tokens_per_step is None}
        assert len(left_out) == 3

    @pytest.mark.parametrize("key", TABLE.index)
    def test_no_machine_beats_its_bound(self, key):
        assert TABLE.of_bound[key] < 0.9

    @pytest.mark.parametrize("key", TABLE.index)
    def test_every_machine_is_within_a_factor_of_ten_of_the_sum_of_the_parts(self, key):
        assert 0.1 < TABLE.of_summed[key] < 1.2

    @pytest.mark.parametrize("key", TABLE.index)
    def test_it_is_what_the_deployment_says(self, key):
        row = lt.throughput[key]
        served = machines.deployed(row)
        for overlap, column in ((True, "bound"), (False, "summed")):
            if row.phase == "mixed":
                rate = served.serve(row.input_tokens, row.output_tokens, row.batch, overlap=overlap)
            elif row.phase == "prefill":
                rate = served.read_prompts(row.input_tokens, overlap=overlap)
            else:
                rate = served.throughput(row.batch or served.max_batch(row.context), row.context, overlap=overlap)
            assert rate / served.devices == pytest.approx(TABLE[column][key], rel=1e-9)

    def test_intensity_and_share_of_the_peak_by_hand(self):
        """DeepSeek-V3 on 72 H100: 18,432 sequences of 2,000 tokens (LMSYS, 2025-05-05)."""
        row = TABLE.loc["lmsys_h100_ep72_2k"]
        times = machines.deployed(lt.throughput["lmsys_h100_ep72_2k"]).times(18_432, 2000)
        computing, reading = times.compute + times.attention, times.weights + times.cache
        assert row.intensity == pytest.approx(computing / reading)
        assert row.of_peak == pytest.approx(2785.25 * 72 / 18_432 * computing)
        assert (TABLE.intensity[TABLE.kind == "prompts"] == np.inf).all()

    def test_classes_are_those_of_the_source(self):
        """A deployment finds its class from chip and devices; the table states it."""
        for key, row in lt.throughput.items():
            if row.phase != "prefill" and row.tokens_per_step is not None:
                assert TABLE.kind[key] == row.layout, key


class TestCalibration:
    def test_factors_are_quantiles(self):
        for kind, factors in machines.calibrations().items():
            ratios = TABLE.of_summed[TABLE.kind == kind]
            assert (factors.points, factors.median) == (len(ratios), pytest.approx(np.median(ratios)))
            assert factors.low <= factors.median <= factors.high
            assert factors.sources == TABLE.publisher[TABLE.kind == kind].nunique()

    def test_it_holds_for_publishers_it_has_not_seen(self):
        """Nine in ten within a factor of 2.5, two in three within 1.6: what issue and text promise."""
        off = np.exp(np.abs(np.log(machines.unseen().off.dropna())))
        assert len(off) > 80
        assert (off < 2.5).mean() > 0.9
        assert (off < 1.6).mean() > 2 / 3

    def test_nothing_of_a_publisher_calibrates_itself(self):
        unseen = machines.unseen()
        row = unseen.loc["lmsys_k2_h200_decode"]
        others = TABLE[(TABLE.kind == "moe_wide_ib") & (TABLE.publisher != "lm-sys")]
        assert row.off == pytest.approx(row.of_summed / others.of_summed.median())
        assert unseen.off.isna().sum() == (TABLE.kind == "moe_rack").sum()  # one publisher

    @pytest.mark.parametrize(("name", "devices"), [("Llama3_70B", 8), ("DeepSeekV3", 72), ("Qwen3_235B_A22B", 8)])
    def test_serve_is_calibrated_by_it(self, name, devices):
        served = lt.architectures[name].roofline(lt.accelerators.H100_SXM, devices=devices)
        factors = machines.calibrations()[served.kind]
        found, summed = served.serve(500, 1000, calibrated=True), served.serve(500, 1000, overlap=False)
        assert found == pytest.approx(factors.median * summed)
        assert found.low == pytest.approx(factors.low * summed)
        assert found.high == pytest.approx(factors.high * summed)
        assert served.read_prompts(500, calibrated=True).calibration.kind == "prompts"


class TestEfficiency:
    E = machines.efficiencies()

    @pytest.mark.parametrize(
        ("group", "low", "median", "high"),
        [
            ("dense, writing", 0.14, 0.59, 1.07),
            ("mixture, few users", 0.03, 0.08, 0.12),
            ("mixture, InfiniBand", 0.48, 0.7, 0.76),
            ("mixture, a rack", 0.51, 0.62, 0.91),
            ("mixture, reading", 1.1, 1.7, 1.9),
        ],
    )
    def test_ranges_by_group(self, group, low, median, high):
        values = self.E.e[self.E.group == group]
        assert low - 0.01 <= values.min() <= values.max() <= high + 0.01
        assert values.median() == pytest.approx(median, rel=0.05)

    def test_by_hand(self):
        """Llama 3.3 70B on 2 H100, 128 to 2,048 tokens (TensorRT-LLM); trained at 1,664 tokens/s (Megatron-Bridge)."""
        row, found = lt.throughput["trt10_h100_70b_128_2048"], self.E.loc["trt10_h100_70b_128_2048"]
        assert row.tokens_per_second_per_device == 3325.5
        reference = 6 * lt.architectures.Llama3_70B.active_params * 1664
        assert found.e == pytest.approx(2 * row.active_params * 3325.5 * (2048 + 128) / 2048 / reference, rel=1e-3)
        assert (found.trained_in, found.served_in) == ("fp8", "fp8")

    def test_an_e_above_1_explains_itself(self):
        above = self.E[(self.E.e > 1.05)]
        assert len(above) > 10
        assert (above.above_1 != "").all()

    def test_groups_are_those_of_the_list(self):
        assert set(self.E.group) == set(machines.GROUPS)
        assert self.E.reading.between(0, 1).all()
