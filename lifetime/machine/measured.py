"""What machines were measured to do: serving and training, a row each. No numbers."""

from __future__ import annotations

from dataclasses import dataclass

from ..symbols import FORWARD_FLOP, TRAINING_FLOP


@dataclass(frozen=True)
class Throughput:
    """Tokens per second that a server was measured to give. ``None`` where the source states no value.

    Attributes
    ----------
    date : str
        Of the publication, or of the run where it is stated.
    model, architecture : str
        The model in plain words, and the preset of :data:`lifetime.architectures` that it is, or empty.
    total_params, active_params : float
        Parameters in all, and those that a token takes part in.
    accelerator, devices : str, float
        The preset of :data:`lifetime.accelerators`, and how many of them share one copy of the model.
    layout : str
        "dense"; "moe_small": experts on at most 8 devices of one domain; "moe_wide_ib": on more, over the network
        between domains; "moe_rack": on more than 8 devices of one domain.
    phase : str
        "decode", "prefill" (tokens are then input tokens), or "mixed": one server does both, output tokens are counted.
    weights_precision, compute_precision, weights_format : str
        Of most weights, one of an accelerator's precisions; in which most products are computed; the format by name.
    kv_bytes : float
        Bytes of an element of the KV cache.
    batch : float or None
        Sequences in flight per copy of the model.
    context, input_tokens, output_tokens : float or None
        Mean tokens that are attended to, and mean length of prompts and answers.
    tokens_per_step : float or None
        Tokens per sequence and step: 1 without guessed tokens, ``None`` if it is not known how many were accepted.
    tokens_per_second_per_device, tokens_per_second_per_user : float, float or None
        As measured, over all devices of the phase; and of one sequence.
    certainty : str
        "primary" or "secondary": who states it.
    checked : str
        "source", where the number was seen there, or "as given", by whoever collected it; and when.
    """

    key: str
    date: str
    model: str
    architecture: str
    total_params: float
    active_params: float
    accelerator: str
    devices: float
    layout: str
    phase: str
    weights_precision: str
    compute_precision: str
    weights_format: str
    kv_bytes: float
    batch: float | None
    context: float | None
    input_tokens: float | None
    output_tokens: float | None
    tokens_per_step: float | None
    tokens_per_second_per_device: float
    tokens_per_second_per_user: float | None
    software: str
    source: str
    locator: str
    certainty: str
    checked: str
    note: str

    @property
    def flop_per_second_per_device(self) -> float:
        """Useful FLOP per second of a device, 2·N per token. Where both phases are mixed, prompts do not count."""
        return FORWARD_FLOP * self.active_params * self.tokens_per_second_per_device


@dataclass(frozen=True)
class TrainingThroughput:
    """Tokens or FLOP per second that training was measured to reach. ``None`` where the source states no value.

    Attributes
    ----------
    date, model, architecture, total_params, active_params, accelerator, certainty, checked
        As of a :class:`Throughput`.
    devices : float or None
        All that one run took.
    layout : str
        "dense" or "mixture".
    precision, format : str
        Of most products, one of an accelerator's precisions, and the format by its name.
    sequence_length, global_batch_sequences : float or None
        Tokens of a sequence, and sequences of a step.
    parallelism : str
        Tensor (TP), pipeline (PP), context (CP), expert (EP) and data parallelism (DP, FSDP), over how many devices.
    tokens_per_second_per_device, flop_per_second_per_device : float or None
        As measured, and as the source states it.
    mfu : float or None
        As the source states it, a share of the peak in the precision.
    basis : str
        Which FLOP the source counts for the two.
    """

    key: str
    date: str
    model: str
    architecture: str
    total_params: float
    active_params: float
    accelerator: str
    devices: float | None
    layout: str
    precision: str
    format: str
    sequence_length: float | None
    global_batch_sequences: float | None
    parallelism: str
    tokens_per_second_per_device: float | None
    flop_per_second_per_device: float | None
    mfu: float | None
    basis: str
    software: str
    source: str
    locator: str
    certainty: str
    checked: str
    note: str

    @property
    def useful_flop_per_second_per_device(self) -> float | None:
        """6·N FLOP per token, whatever the source counts; ``None`` where it states no tokens per second."""
        tokens = self.tokens_per_second_per_device
        return None if tokens is None else TRAINING_FLOP * self.active_params * tokens
