"""Pipeline parallelism: how long devices wait for each other, and what utilisation is left. No numbers.

The layers are cut into stages, one for each device, and a batch into microbatches, which follow each other through the
stages. At the start the last stages have nothing to do, at the end the first ones: the bubble.
"""

from __future__ import annotations

from ..arrays import closest, is_symbolic, require
from ..types import Value
from .positive import of_positive


def _waves(stages, forward, backward, **_):
    return (stages - 1) * (forward + backward)


def _interleaved(virtual, **times):
    return _waves(**times) / virtual


def _zero_bubble(stages, forward, backward, weights, **_):
    return (stages - 1) * (forward + backward - 2 * weights)


def _both_ways(stages, forward, backward, weights, **_):
    return (stages / 2 - 1) * (forward + 2 * backward - 3 * weights)


_IDLE = {
    "GPipe": _waves,
    "1F1B": _waves,
    "interleaved": _interleaved,
    "ZB1P": _zero_bubble,
    "DualPipe": _both_ways,
}
SCHEDULES = tuple(_IDLE)
"""The schedules by name."""


def idle_time(
    schedule: str, stages: Value, *, forward: Value = 1, backward: Value = 2, weights: Value = 1, virtual: Value = 1
) -> Value:
    r"""Time that a device waits in a training step, in the unit of the times given.

    With p stages, and F, B and W the times in which a stage takes a microbatch forward, backward, and through the part
    of the backward pass that computes the gradients of the weights:

    ============================ ========================= ============ =======================
    schedule                     idle time                 weights held microbatches kept alive
    ============================ ========================= ============ =======================
    GPipe                        (p − 1)(F + B)            once         all of the batch
    1F1B                         (p − 1)(F + B)            once         p
    interleaved, v parts a stage (p − 1)(F + B) / v        once         p + (p − 1)/v
    ZB1P                         (p − 1)(F + B − 2W)       once         p
    DualPipe                     (p/2 − 1)(F + 2B − 3W)    twice        p + 1
    ============================ ========================= ============ =======================

    DualPipe is taken to overlap communication only: a forward and a backward chunk together take F + B.

    Parameters
    ----------
    schedule : {"GPipe", "1F1B", "interleaved", "ZB1P", "DualPipe"}
    stages : float, array or symbol
        p, 1 or more (DualPipe: 2 or more).
    forward, backward, weights : float, array or symbol, optional
        F, B and W. By default the forward pass is the unit and the backward pass takes twice as long, half of it for
        the gradients of the weights.
    virtual : float, array or symbol, optional
        v, for the interleaved schedule.

    Raises
    ------
    ValueError
        For an unknown schedule, for values that are not positive and finite, and for times by which a device would wait
        less than not at all.

    Examples
    --------
    DeepSeek-V3, on 16 stages with 120 microbatches of 3 chunk times: out of 360,

    >>> [float(idle_time(name, stages=16)) for name in ("1F1B", "ZB1P", "DualPipe")]
    [45.0, 15.0, 14.0]

    References
    ----------
    Huang et al. (2018), arXiv 1811.06965, section 2.3; Narayanan et al. (2021), arXiv 2104.04473, section 2.2; Qi et
    al. (2023), arXiv 2401.10241; DeepSeek-AI (2024), arXiv 2412.19437, Table 2.
    """
    times = {"forward": forward, "backward": backward, "weights": weights}
    return of_positive(_idle(schedule), "idle time", stages=stages, virtual=virtual, **times)


def bubble(
    schedule: str,
    stages: Value,
    microbatches: Value,
    *,
    forward: Value = 1,
    backward: Value = 2,
    weights: Value = 1,
    virtual: Value = 1,
) -> Value:
    """The time that a device waits, as a share of the time that it computes: :func:`idle_time` over m(F + B).

    As a share of *all* time it is b/(1 + b): the two are often confused.

    Parameters
    ----------
    schedule, stages, forward, backward, weights, virtual
        As for :func:`idle_time`.
    microbatches : float, array or symbol
        m, in a batch.

    Raises
    ------
    ValueError
        As :func:`idle_time`.

    Examples
    --------
    A model of 1 T parameters on 64 stages, with 512 microbatches:

    >>> print(f"{bubble('1F1B', stages=64, microbatches=512):.1%}")
    12.3%
    """
    idle = _idle(schedule)
    times = {"forward": forward, "backward": backward, "weights": weights}

    def share(microbatches, **values):
        return idle(**values) / (microbatches * (values["forward"] + values["backward"]))

    return of_positive(share, "bubble", stages=stages, microbatches=microbatches, virtual=virtual, **times)


def mfu_after(mfu: Value, before: Value, after: Value) -> Value:
    """What a utilisation becomes if nothing but the bubble changes: mfu · (1 + before)/(1 + after).

    Parameters
    ----------
    mfu : float, array or symbol
        Utilisation with the bubble ``before``.
    before, after : float, array or symbol
        Bubbles as shares of the computing time.

    Raises
    ------
    ValueError
        For values that are negative or not finite.

    Examples
    --------
    Llama 3 405B from 32 microbatches to 16, on 16 stages of 8 parts:

    >>> before, after = (bubble("interleaved", stages=16, microbatches=m, virtual=8) for m in (32, 16))
    >>> print(f"{mfu_after(0.43, before, after):.1%}")
    40.7%
    """
    values = {"mfu": mfu, "before": before, "after": after}
    return of_positive(lambda mfu, before, after: mfu * (1 + before) / (1 + after), "MFU", zero=True, **values)


def _idle(schedule):
    if schedule not in _IDLE:
        raise ValueError(f"schedule must be one of these; got {schedule!r}; {closest(str(schedule), SCHEDULES)}")

    def idle(**values):
        time = _IDLE[schedule](**values)
        if not is_symbolic(time):
            least = 2 if schedule == "DualPipe" else 1
            require(values["stages"] >= least, "stages", values["stages"], f"{least} or more for {schedule}")
            require(time >= 0, "weights", values["weights"], "so small that no device waits less than not at all")
        return time

    return idle
