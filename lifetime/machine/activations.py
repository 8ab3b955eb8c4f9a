"""Memory for compute: what training keeps, what it takes to compute it again, how long keeping pays. No numbers.

Activations are counted as in Korthikanti et al. (2022), for a GPT: 16-bit activations, masks of dropout of a byte, a
feed-forward block four times as wide as the model, as many heads of keys as of queries, attention not in one kernel.
"""

from __future__ import annotations

from ..arrays import closest, require
from ..symbols import FORWARD_FLOP, TRAINING_FLOP
from ..types import Value
from .positive import of_positive

RECOMPUTE = ("none", "selective", "full")
"""What is computed again: nothing, the attention scores, or all that lies between the inputs of two layers."""
_SPLIT, _WHOLE, _SCORES, _INPUT = 24, 10, 5, 2  # bytes per token and element of width, but for the scores: per head


def activation_bytes(
    sequence: Value,
    width: Value,
    heads: Value,
    *,
    microbatch: Value = 1,
    tensor_parallel: Value = 1,
    sequence_parallel: bool = False,
    recompute: str = "none",
) -> Value:
    r"""Bytes of activations that a layer keeps for its backward pass, on each device.

    With s tokens in each of b sequences, width h, a heads and t devices that share a layer:

    .. math:: sbh \left(10 + \frac{24}{t} + \frac{5as}{ht}\right)

    The last term is the scores: softmax, its mask and its output. ``recompute="selective"`` leaves it out, "full" keeps
    the input of the layer alone, 2sbh. With ``sequence_parallel`` the 10 is divided by t, too.

    Parameters
    ----------
    sequence, width, heads : float, array or symbol
        s, h and a.
    microbatch : float, array or symbol, optional
        b, sequences that go through the layer together.
    tensor_parallel : float, array or symbol, optional
        t.
    sequence_parallel : bool, optional
        Also norms and dropout are shared.
    recompute : {"none", "selective", "full"}, optional

    Raises
    ------
    ValueError
        For values that are not positive and finite, and for another word.

    Examples
    --------
    Of what a layer of GPT-3 keeps, the scores are 70 %:

    >>> some, all_ = (activation_bytes(2048, 12288, 96, recompute=r) for r in ("selective", "none"))
    >>> print(f"{1 - some / all_:.1%}")
    70.2%

    References
    ----------
    Korthikanti et al. (2022), arXiv 2205.05198, Table 2.
    """
    _known(recompute)

    def formula(sequence, width, heads, microbatch, tensor_parallel):
        tokens = sequence * microbatch
        if recompute == "full":
            return _INPUT * tokens * width
        alone = tensor_parallel if sequence_parallel else 1
        scores = 0 if recompute == "selective" else _SCORES * heads * sequence / tensor_parallel
        return tokens * (width * (_WHOLE / alone + _SPLIT / tensor_parallel) + scores)

    shape = {"sequence": sequence, "width": width, "heads": heads}
    shared = {"microbatch": microbatch, "tensor_parallel": tensor_parallel}
    return of_positive(formula, "bytes", **shape, **shared)


def step_flop(
    sequence: Value, width: Value, layers: Value, vocabulary: Value, *, batch: Value = 1, recompute: str = "none"
) -> Value:
    r"""FLOP of a training step of a GPT: its matrix products, forward, backward, and computed again.

    With B sequences of s tokens, L layers of width h and V rows of the output head:

    .. math:: 3 B \left[L \left(24 s h^2 + 4 s^2 h\right) + 2 s h V\right]
              = 72 B L s h^2 \left(1 + \frac{s}{6h} + \frac{V}{12hL}\right)

    "selective" adds one more forward pass of the scores, 4BLs²h; "full" one of all layers.

    Parameters
    ----------
    sequence, width, layers, vocabulary : float, array or symbol
        s, h, L and V.
    batch : float, array or symbol, optional
        B.
    recompute : {"none", "selective", "full"}, optional

    Raises
    ------
    ValueError
        For values that are not positive and finite, and for another word.

    Notes
    -----
    Equation 8 of the paper has 1 + s/(3h), hence an overhead of s/(6h), "2.7 %" for GPT-3. The sentence before it names
    the products that are counted here, which give s/(18h), a third of it.

    Examples
    --------
    >>> gpt3 = {"sequence": 2048, "width": 12288, "layers": 96, "vocabulary": 51200}
    >>> print(f"{step_flop(**gpt3, recompute='selective') / step_flop(**gpt3) - 1:.2%}")
    0.90%

    References
    ----------
    Korthikanti et al. (2022), arXiv 2205.05198, appendix A; Narayanan et al. (2021), arXiv 2104.04473, section 5.1.
    """
    _known(recompute)

    def formula(sequence, width, layers, vocabulary, batch):
        tokens = batch * sequence
        scores = 2 * FORWARD_FLOP * layers * tokens * sequence * width
        forward = FORWARD_FLOP * tokens * 12 * layers * width**2 + scores
        head = FORWARD_FLOP * tokens * width * vocabulary
        again = {"none": 0, "selective": scores, "full": forward}[recompute]
        return TRAINING_FLOP // FORWARD_FLOP * (forward + head) + again

    shape = {"sequence": sequence, "width": width, "layers": layers, "vocabulary": vocabulary}
    return of_positive(formula, "FLOP", **shape, batch=batch)


def state_bytes(weights: Value, gradients: Value, optimizer: Value, *, devices: Value = 1, stage: int = 0) -> Value:
    """Bytes per parameter of weights, gradients and optimizer state on each of n devices that share them.

    ZeRO shares the optimizer state (stage 1), the gradients, too (2), and the weights, too (3).

    Parameters
    ----------
    weights, gradients, optimizer : float, array or symbol
        Bytes per parameter of each; the optimizer's include its own copy of the weights.
    devices : float, array or symbol, optional
        n.
    stage : {0, 1, 2, 3}, optional

    Raises
    ------
    ValueError
        For values that are not positive and finite, and for another stage.

    Examples
    --------
    Adam in mixed precision: weights and gradients of 2 bytes; a copy of the weights and two moments of 4 each:

    >>> [float(state_bytes(2, 2, 12, devices=64, stage=stage)) for stage in range(4)]
    [16.0, 4.1875, 2.21875, 0.25]

    References
    ----------
    Rajbhandari et al. (2020), arXiv 1910.02054, sections 3.1 and 5.
    """
    require(stage in range(4), "stage", stage, "0, 1, 2 or 3")

    def formula(weights, gradients, optimizer, devices):
        parts = optimizer, gradients, weights
        return sum(parts[:stage]) / devices + sum(parts[stage:])

    return of_positive(formula, "bytes", weights=weights, gradients=gradients, optimizer=optimizer, devices=devices)


def hold_time(flop_per_byte: Value, memory: Value, F: Value, utilisation: Value = 1) -> Value:
    r"""Seconds for which a byte is worth keeping, in the memory of the device that would compute it again.

    To hold b bytes for T seconds takes b/memory of the device for T. To compute them again takes all of the device, for
    the FLOP over e·F. Where the two are equal,

    .. math:: T = x\,\frac{\mathrm{memory}}{e F}

    with x the FLOP that a byte saves. What the device costs cancels.

    Parameters
    ----------
    flop_per_byte : float, array or symbol
        x.
    memory, F : float, array or symbol
        Bytes, and peak FLOP per second, of the device.
    utilisation : float, array or symbol, optional
        e, the share of the peak that the device reaches.

    Raises
    ------
    ValueError
        For values that are not positive and finite.

    Examples
    --------
    The KV cache of Llama 3 70B at 8,192 tokens, on an H100 at half of its peak:

    >>> from lifetime import accelerators, architectures
    >>> llama, chip = architectures.Llama3_70B, accelerators.H100_SXM
    >>> x = llama.prefill_flop(8192) / llama.kv_cache_bytes()
    >>> print(f"{hold_time(x, chip.hbm_bytes, chip.fp8, 0.5):.0f} s")
    39 s
    """

    def formula(flop_per_byte, memory, F, utilisation):
        return flop_per_byte * memory / (utilisation * F)

    return of_positive(formula, "seconds", flop_per_byte=flop_per_byte, memory=memory, F=F, utilisation=utilisation)


def _known(recompute):
    if recompute not in RECOMPUTE:
        raise ValueError(f"recompute must be one of these; got {recompute!r}; {closest(str(recompute), RECOMPUTE)}")
