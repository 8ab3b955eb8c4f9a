"""A model served on devices: what a step takes, part by part, what fits, and what that makes per second and dollar.

Unlike :class:`~lifetime.Roofline`, which shares everything evenly and sends nothing, a :class:`Deployment` knows what
every device must hold for itself, which experts a step touches, what sequences store and read, and what the devices
send to each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import as_number, brief, check, is_symbolic, require
from ..symbols import FORWARD_FLOP, TRAINING_FLOP
from ..types import Value
from . import step
from .accelerator import Accelerator
from .calibration import calibrated as measured
from .money import price_of
from .positive import POSITIVE, of_positive
from .step import StepTimes

_BYTES = {"bf16": 2, "fp8": 1, "int8": 1, "fp4": 17 / 32}
"""Of a weight by precision; four bits come with a scale of a byte for 32 weights (MXFP4)."""
_SMALL = 8
"""Devices of a small mixture: one node."""
_REFERENCE_CONTEXT = 4096
"""Tokens of a sequence in pre-training, where no reference is given."""
_HALVINGS = 60


@dataclass(frozen=True, eq=False, kw_only=True)
class Deployment:
    r"""An architecture on devices of one kind, every assumption by name: made by :meth:`Architecture.roofline`.

    Parameters
    ----------
    architecture : Architecture
    chip : Accelerator
    precision : str
        Of the weights and their products: "bf16", "fp8", "int8" or "fp4", one that the chip has.
    devices : int, optional
        Devices that hold the model together. Default: one scale-up domain.
    training_flop : float, optional
        The reference of :meth:`efficiency`: FLOP per token of a pre-training step, attention included. Default: that of
        sequences of 4,096 tokens.
    weight_bytes : float, optional
        Bytes of a weight. Default: 2, 1, 1 and 17/32 by precision.
    kv_element_bytes : float, optional
        Bytes of an element of the KV cache.
    attention_precision : str, optional
        Of attention between tokens, which most kernels compute in BF16 beside FP8 weights.
    tokens_per_step : float, optional
        Tokens that a step adds to every sequence: above 1 where they are guessed and accepted (speculative decoding).
    tensor_parallel : int, optional
        Devices t that share each matrix of attention and of what every token uses; of such groups there are
        devices / t, each with a copy, and with its own sequences. A group keeps the cache once for each t / kv_heads
        devices: a head of keys and values cannot be shared. Default: 1 for latent attention with experts (its
        cache has one head); else the most that shares the heads evenly, or more if the weights do not fit.

    Notes
    -----
    A step adds ``tokens_per_step`` tokens to each of ``batch`` sequences. Its parts, each in seconds of a device:

    - *compute*: 2 FLOP for each weight that a token uses, at the peak of ``precision``;
    - *attention*: at the peak of ``attention_precision``;
    - *weights*: the bytes of what the device shares with its group, and of its share of those experts that the step's
      tokens touch, :math:`E (1 - (1 - k/E)^{n_\mathrm{tokens}})` of E;
    - *cache*: the bytes that its sequences read (less than they store where attention is sparse);
    - *links*: all-reduce inside a group, and all-to-all between experts: across domains a copy for each expert, or for
      prompts a copy for each domain reached (:mod:`lifetime.machine.links`).

    With ``overlap`` (the default) reading, computing and sending hide behind each other perfectly, and the longest
    of the three counts: a bound that no machine beats. Without, they add up: what a machine would take that overlaps
    nothing and is perfect otherwise. Neither is a forecast. ``calibrated=True`` is: the sum, times what published
    measurements of the same class reach of it.

    Numbers and arrays broadcast; with symbols the result is a sympy expression, which knows no memory limit.

    Raises
    ------
    ValueError
        For devices that are not a whole number, a precision that the chip does not have, a split that does not divide
        the devices, and links that are not known. From methods for weights that do not fit, for a batch too large for
        the memory (with the largest), and for a batch or a context that is not positive and finite.

    Examples
    --------
    DeepSeek-V3 on nine nodes of H100, 4,096 sequences of 4,096 tokens, where the links decide:

    >>> from lifetime import accelerators, architectures
    >>> served = architectures.DeepSeekV3.roofline(accelerators.H100_SXM, "fp8", devices=72)
    >>> for part, seconds in served.times(4096, 4096)._asdict().items():
    ...     print(f"{part}: {seconds * 1e3:.1f} ms")
    compute: 2.1 ms
    attention: 4.0 ms
    weights: 7.5 ms
    cache: 2.4 ms
    links: 11.4 ms

    References
    ----------
    Pope et al. (2022), arXiv 2211.05102, section 3; DeepSeek-AI (2025), arXiv 2505.09343, section 2.3.
    """

    architecture: Any
    chip: Accelerator
    precision: str = "fp8"
    devices: int | None = None
    training_flop: Value = None
    weight_bytes: float | None = None
    kv_element_bytes: float = 1
    attention_precision: str = "bf16"
    tokens_per_step: float = 1
    tensor_parallel: int | None = None

    def __post_init__(self):
        chip = self.chip
        if self.devices is None and chip.scale_up_size is None:
            raise ValueError(f"devices must be given: the scale-up size of {chip.name} is not known")
        self._set("devices", _whole("devices", chip.scale_up_size if self.devices is None else self.devices))
        chip.flop_per_second(self.precision)
        if self.attention_precision not in chip.precisions:
            known = ", ".join(chip.precisions)
            raise ValueError(f"attention_precision must be one of {known}; got {self.attention_precision!r}")
        if self.weight_bytes is None:
            self._set("weight_bytes", _BYTES[self.precision])
        if self.training_flop is None:
            self._set("training_flop", self.architecture.training_flop(_REFERENCE_CONTEXT))
        for name in ("weight_bytes", "kv_element_bytes", "tokens_per_step", "training_flop"):
            value = as_number(name, getattr(self, name))
            if not is_symbolic(value):
                check(name, value, POSITIVE)
            self._set(name, value)
        if not is_symbolic(self.tokens_per_step):
            require(self.tokens_per_step >= 1, "tokens_per_step", self.tokens_per_step, "1 or more")
        t = step.split(self) if self.tensor_parallel is None else _whole("tensor_parallel", self.tensor_parallel)
        if self.devices % t:
            raise ValueError(f"tensor_parallel must be a divisor of devices={self.devices}; got {t}")
        self._set("tensor_parallel", t)
        step.bandwidths(self)

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    @property
    def weights_per_device(self) -> Value:
        """Bytes of weights that a device holds: its part of the experts, and of what its group shares."""
        return step.held(self, self.tensor_parallel)

    @property
    def latency_floor(self) -> Value:
        """Seconds to read once all weights that a step multiplies: the least that a step of many tokens takes."""
        return step.read_at_most(self) / self.chip.hbm_bandwidth

    @property
    def kind(self) -> str:
        """The class that its calibration is taken from: "dense", "moe_small", "moe_rack" or "moe_wide_ib"."""
        if not self.architecture.experts:
            return "dense"
        if step.domains(self) > 1:
            return "moe_wide_ib"
        return "moe_small" if self.devices <= _SMALL else "moe_rack"

    def _evaluate(self, formula, *outputs, **inputs):
        given = {name: value for name, value in inputs.items() if value is not None}
        return of_positive(formula, *outputs, **given)

    def _parts(self, batch, context):
        step.insist_fits(self, batch, context)
        return step.parts(self, batch * self.tokens_per_step, 0, batch, context)

    def times(self, batch: Value, context: Value) -> StepTimes:
        """Seconds of a decoding step by part: compute, attention, weights, cache, links."""
        outputs = tuple(f"time of {part}" for part in StepTimes._fields)
        return StepTimes(*self._evaluate(self._parts, *outputs, batch=batch, context=context))

    def step_time(self, batch: Value, context: Value, overlap: bool = True) -> Value:
        """Seconds of a decoding step: the longest of computing, reading and sending; without overlap their sum."""

        def formula(batch, context):
            return step.total(*self._parts(batch, context), overlap)

        return self._evaluate(formula, "step time", batch=batch, context=context)

    def throughput(self, batch: Value, context: Value, overlap: bool = True) -> Value:
        """Answer tokens per second of all devices while they only decode: batch · tokens_per_step / step_time."""

        def formula(batch, context):
            return batch * self.tokens_per_step / step.total(*self._parts(batch, context), overlap)

        return self._evaluate(formula, "throughput", batch=batch, context=context)

    def efficiency(self, batch: Value, context: Value, overlap: bool = True, *, training_mfu: Value = None) -> Value:
        r"""Utilisation of decoding relative to pre-training, the e of a phase.

        .. math:: e = \frac{n_\mathrm{tokens/s}\; f_\mathrm{train} / 3}{n_\mathrm{devices} F}
                  \quad\text{or}\quad \frac{n_\mathrm{tokens/s}\; 2N}{n_\mathrm{devices} F \cdot \mathrm{MFU}}

        By default pre-training runs at the peak F of the same precision and pays for attention, too: like is
        compared with like, at the roofline of both. With a measured MFU (6·N per token, as a share of that F) e is an
        upper bound. It is above 1 where serving pays for less attention than the reference, or runs at its roofline
        while the measured reference does not.

        Examples
        --------
        >>> from lifetime import accelerators, architectures
        >>> served = architectures.Llama3_70B.roofline(accelerators.H100_SXM, "fp8")
        >>> print(f"{served.efficiency(128, 8192):.2f}")
        0.13
        """

        def formula(batch, context, training_mfu=None):
            rate = batch * self.tokens_per_step / step.total(*self._parts(batch, context), overlap)
            peak = self.devices * self.chip.flop_per_second(self.precision)
            if training_mfu is None:
                return rate * self.training_flop * FORWARD_FLOP / TRAINING_FLOP / peak
            return rate * FORWARD_FLOP * self.architecture.active_params / (peak * training_mfu)

        return self._evaluate(formula, "efficiency", batch=batch, context=context, training_mfu=training_mfu)

    def max_batch(self, context: Value) -> Value:
        """The largest batch whose KV cache fits in the memory beside the weights, not rounded to a whole number.

        Examples
        --------
        >>> from lifetime import accelerators, architectures
        >>> served = architectures.Gemma3_27B.roofline(accelerators.H100_SXM, "fp8")
        >>> print(f"{served.max_batch(4096):,.0f} sequences of 4,096 tokens")
        1,703 sequences of 4,096 tokens
        """
        return self._evaluate(lambda context: step.most(self, context), "batch", context=context)

    def batch_within(self, step_time: Value, context: Value, overlap: bool = True) -> Value:
        """The largest batch that fits in the memory and whose decoding step takes at most ``step_time`` seconds.

        Raises
        ------
        ValueError
            For a time in which not even one sequence takes a step, with that time.

        Examples
        --------
        >>> from lifetime import accelerators, architectures
        >>> served = architectures.Llama3_70B.roofline(accelerators.H100_SXM, "fp8")
        >>> print(f"{served.batch_within(0.02, 8192, overlap=False):.0f} sequences at 50 tokens per second each")
        243 sequences at 50 tokens per second each
        """

        def seconds(batch, context):
            return step.total(*step.parts(self, batch * self.tokens_per_step, 0, batch, context), overlap)

        def formula(step_time, context):
            high = step.most(self, context)
            require(high >= 1, "context", context, "short enough for the cache of one sequence to fit")
            least = seconds(1.0, context)
            require(step_time >= least, "step_time", step_time, "at least {limit} s, a step of one sequence", least)
            low, whole = np.ones_like(high * step_time), high + 0 * step_time
            high = whole
            for _ in range(_HALVINGS):
                middle = np.sqrt(low * high)
                fits = seconds(middle, context) <= step_time
                low, high = np.where(fits, middle, low), np.where(fits, high, middle)
            return np.where(seconds(whole, context) <= step_time, whole, low)

        if is_symbolic(step_time) or is_symbolic(context):
            raise ValueError("step_time and context must be numbers; got a symbol")
        return self._evaluate(formula, "batch", step_time=step_time, context=context)

    def serve(
        self,
        prompt_tokens: Value,
        answer_tokens: Value,
        batch: Value = None,
        overlap: bool = True,
        calibrated: bool = False,
    ) -> Value:
        """Answer tokens per second of all devices, when they also read the prompts (in-flight batching).

        Every step decodes for ``batch`` sequences and reads as many prompt tokens as sequences begin anew.

        Parameters
        ----------
        prompt_tokens, answer_tokens : float or array
            Tokens of a prompt that are computed (not read from a cache), and of its answer.
        batch : float or array, optional
            Sequences in flight. Default: as many as fit at their mean length, prompt + answer / 2.
        overlap : bool, optional
        calibrated : bool, optional
            What machines of this class reach: the sum of all parts (whatever ``overlap``), times the median of measured
            over modelled. The result has ``low`` and ``high``, between which eight in ten measurements lie.

        Examples
        --------
        >>> from lifetime import accelerators, architectures
        >>> served = architectures.Llama3_70B.roofline(accelerators.H100_SXM, "fp8")
        >>> print(f"at most {served.serve(500, 1000):,.0f} tokens per second")
        at most 65,395 tokens per second
        """

        def formula(prompt_tokens, answer_tokens, batch=None):
            answers, seconds = step.in_flight(self, batch, prompt_tokens, answer_tokens)
            return answers / step.total(*seconds, overlap and not calibrated)

        inputs = {"prompt_tokens": prompt_tokens, "answer_tokens": answer_tokens, "batch": batch}
        rate = self._evaluate(formula, "throughput", **inputs)
        return measured(self.kind, rate) if calibrated else rate

    def read_prompts(self, prompt_tokens: Value, *, overlap: bool = True, calibrated: bool = False) -> Value:
        """Prompt tokens per second of all devices that only read prompts, so many together that weights cost nothing.

        Examples
        --------
        >>> from lifetime import accelerators, architectures
        >>> served = architectures.DeepSeekV3.roofline(accelerators.H100_SXM, "fp8", devices=32)
        >>> print(f"at most {served.read_prompts(4096) / 32:,.0f} tokens per second and device")
        at most 14,850 tokens per second and device
        """

        def formula(prompt_tokens):
            return 1 / step.total(*step.parts(self, 0, 1, prompt=prompt_tokens), overlap and not calibrated)

        rate = self._evaluate(formula, "throughput", prompt_tokens=prompt_tokens)
        return measured("prompts", rate) if calibrated else rate

    def dollars_per_million(self, price_per_hour: Value, batch: Value, context: Value, overlap: bool = True) -> Value:
        """USD per million decoded tokens, at a price of one device and hour: what ``throughput`` makes of it."""
        rate = self.throughput(batch, context, overlap=overlap)
        return price_of(price_per_hour, self.devices, rate)


def _whole(name, value):
    number = as_number(name, value)
    if not (isinstance(number, float) and number >= 1 and number % 1 == 0):
        raise ValueError(f"{name} must be a whole number, 1 or more; got {brief(value)}")
    return int(number)
