"""What machines measure, beside what the model of machines says: ratios by class, and utilisation against training."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..machine import step
from ..machine.calibration import Calibration, measured_by
from ..machine.deployment import Deployment
from ..machine.measured import Throughput
from ..presets import accelerators, architectures, throughput, training_throughput
from ..types import Table

_MIDDLE = (0.1, 0.5, 0.9)
_BYTES = {"nvfp4": 9 / 16, "mxfp4": 17 / 32}
"""Of a weight with its scale, where products are computed in another precision, too."""
_WRITING, _READING = 0.35, 0.85
"""Share of prompts among all tokens, at most and at least, where a measurement is one of writing or of reading."""
_SAME_ARITHMETIC = {"H200_SXM": "H100_SXM", "H800_SXM": "H100_SXM"}
_FEW = 8
"""Sequences per device: with at most so many a mixture has few users."""
GROUPS = (
    "dense, writing",
    "dense, both",
    "dense, reading",
    "mixture, few users",
    "mixture, a node",
    "mixture, InfiniBand",
    "mixture, a rack",
    "mixture, reading",
)
"""Kinds of service, by model, machine, and what most tokens are."""


def deployed(row: Throughput) -> Deployment:
    """The deployment that a measurement was made on.

    Examples
    --------
    >>> from lifetime import throughput
    >>> served = deployed(throughput["lmsys_k2_h200_decode"])
    >>> served.devices, served.kind
    (96, 'moe_wide_ib')
    """
    chip = accelerators[row.accelerator]
    narrow = row.kv_bytes == 1 and row.compute_precision in ("fp8", "fp4") and chip.fp8
    return architectures[row.architecture].roofline(
        chip,
        row.compute_precision,
        devices=int(row.devices),
        weight_bytes=_BYTES.get(row.weights_format),
        kv_element_bytes=row.kv_bytes,
        attention_precision="fp8" if narrow else "bf16",
        tokens_per_step=row.tokens_per_step,
    )


def modelled(row: Throughput, *, overlap: bool = True) -> float:
    """Tokens per second and device that the deployment of a measurement would make: answers, or prompts for prefill.

    Examples
    --------
    Measured are 3,000; the sum of all parts, none hidden behind another, would make a little more:

    >>> from lifetime import throughput
    >>> print(f"{modelled(throughput['lmsys_k2_h200_decode'], overlap=False):,.0f}")
    3,387
    """
    served = deployed(row)
    tokens, seconds = _step(row, served)
    return float(tokens / step.total(*seconds, overlap) / served.devices)


def _step(row, served):
    """Tokens that are counted, and the seconds of the parts, of a step."""
    if row.phase == "prefill":
        return 1, step.parts(served, 0, 1, prompt=row.input_tokens)
    if row.phase == "mixed":
        return step.in_flight(served, row.batch, row.input_tokens, row.output_tokens)
    batch = step.most(served, row.context) if row.batch is None else row.batch
    answers = batch * served.tokens_per_step
    return answers, step.parts(served, answers, 0, batch, row.context)


@cache
def _comparison():
    known = {key: row for key, row in throughput.items() if row.architecture and row.tokens_per_step is not None}
    return {key: _compare(row) for key, row in known.items()}


def _compare(row):
    served, rate = deployed(row), row.tokens_per_second_per_device
    tokens, seconds = _step(row, served)
    bound, summed = (tokens / step.total(*seconds, overlap) / served.devices for overlap in (True, False))
    computing, reading = seconds[0] + seconds[1], seconds[2] + seconds[3]
    return {
        "kind": "prompts" if row.phase == "prefill" else served.kind,
        "publisher": _publisher(row.source),
        "measured": rate,
        "bound": bound,
        "summed": summed,
        "of_bound": rate / bound,
        "of_summed": rate / summed,
        "intensity": computing / reading if reading else np.inf,
        "of_peak": rate * served.devices * computing / tokens,
    }


def comparison() -> Table:
    """Every measurement whose deployment can be modelled, beside the model: rates per device, and their ratios.

    Returns
    -------
    pandas.DataFrame
        ``measured``, ``bound`` (all parts overlap) and ``summed`` (none does), tokens per second and device;
        ``of_bound`` and ``of_summed``, measured over them; ``intensity``, the time of computing over that of reading,
        and ``of_peak``, the share of time in which the arithmetic of the step would have been done at peak (with
        attention); the ``kind`` of deployment and the ``publisher``.

    Examples
    --------
    No machine beats its bound:

    >>> bool((comparison().of_bound < 1).all())
    True
    """
    import pandas as pd

    return pd.DataFrame.from_dict(_comparison(), orient="index").rename_axis("key")


def calibrations() -> dict[str, Calibration]:
    """Throughput over the sum of all modelled parts, by class: median, and where eight in ten measurements lie.

    Examples
    --------
    >>> sorted(calibrations())
    ['dense', 'moe_rack', 'moe_small', 'moe_wide_ib', 'prompts']
    """
    return dict(_calibrations())


@cache
def _calibrations():
    rows = list(_comparison().values())
    found = {}
    for kind in dict.fromkeys(row["kind"] for row in rows):
        of_class = [row for row in rows if row["kind"] == kind]
        low, median, high = np.quantile([row["of_summed"] for row in of_class], _MIDDLE).tolist()
        publishers = len({row["publisher"] for row in of_class})
        found[kind] = Calibration(kind, median, low, high, len(of_class), publishers)
    return found


measured_by(calibrations)


def unseen() -> Table:
    """Every measurement beside what the others' calibration says of it: nothing from its publisher is used.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`comparison`, and ``off``: measured over calibrated, NaN where no other publisher has
        measured a deployment of that class.
    """
    table = comparison()
    off = []
    for row in table.itertuples():
        others = table[(table.kind == row.kind) & (table.publisher != row.publisher)]
        off.append(row.of_summed / others.of_summed.median() if len(others) else np.nan)
    return table.assign(off=off)


def efficiencies() -> Table:
    """Utilisation in serving relative to training, of every measurement on a chip whose training has been measured.

    FLOP per second of all tokens that pass (2·N each, prompts included), over the median FLOP per second of training
    (6·N per token) on the same chip (for the H200: the H100): of the same architecture where that has been measured,
    else of models of the same kind, dense or mixture; in FP8 where that has been measured, else in BF16. Attention is
    in neither.

    Returns
    -------
    pandas.DataFrame
        ``e``; ``group``, one of ``GROUPS``; ``reading``, the share of prompt tokens; ``trained_in`` and ``served_in``,
        precisions; ``above_1``, why e may be above 1.
    """
    import pandas as pd

    rows = {}
    for key, row in throughput.items():
        found = _reference(row)
        if found is None or row.tokens_per_step != 1:
            continue
        precision, reference = found
        reading = {"prefill": 1.0, "decode": 0.0}.get(row.phase)
        if reading is None:
            reading = row.input_tokens / (row.input_tokens + row.output_tokens)
        per_answer = 1 / (1 - reading) if reading < 1 else 1
        rows[key] = {
            "e": row.flop_per_second_per_device * per_answer / reference,
            "group": _group(row, reading),
            "reading": reading,
            "served_in": row.compute_precision,
            "trained_in": precision,
            "above_1": _above_1(row, precision, reading),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("key")


@cache
def _references():
    """Median FLOP per second of training, by chip, precision, and architecture or whether dense."""
    found = {}
    for row in training_throughput.values():
        rate = row.useful_flop_per_second_per_device or row.flop_per_second_per_device
        if rate is not None:
            for model in (row.architecture, row.layout == "dense"):
                found.setdefault((row.accelerator, row.precision, model), []).append(rate)
    return {key: float(np.median(rates)) for key, rates in found.items()}


def _reference(row):
    """Precision and FLOP per second of training that a measurement of serving is held against, or None."""
    known, chip = _references(), _SAME_ARITHMETIC.get(row.accelerator, row.accelerator)
    for model in (row.architecture, row.layout == "dense"):
        for precision in ("fp8", "bf16"):
            if (chip, precision, model) in known:
                return precision, known[chip, precision, model]
    return None


def _group(row, reading):
    if row.layout == "dense":
        return "dense, writing" if reading <= _WRITING else "dense, both" if reading < _READING else "dense, reading"
    if reading >= _READING:
        return "mixture, reading"
    if row.layout == "moe_small" and row.batch is not None and row.batch <= _FEW * row.devices:
        return "mixture, few users"
    return {"moe_small": "mixture, a node", "moe_rack": "mixture, a rack"}.get(row.layout, "mixture, InfiniBand")


def _above_1(row, trained_in, reading):
    """What would explain a utilisation above that of training, in words; empty where nothing known would."""
    bits = {"bf16": 16, "fp8": 8, "int8": 8, "fp4": 4}
    if bits[row.compute_precision] < bits[trained_in]:
        return f"computes in fewer bits ({row.compute_precision}) than training did ({trained_in})"
    if reading > _WRITING:
        return "reads prompts: no gradients are sent or summed"
    return "stays in one domain: training sends to experts across many" if row.layout == "moe_small" else ""


def _publisher(source):
    """The organisation behind an address."""
    host, _, path = source.partition("//")[2].partition("/")
    return path.split("/")[0].lower() if host == "github.com" else host
