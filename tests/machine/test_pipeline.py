import itertools

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from lifetime.machine.pipeline import SCHEDULES, bubble, idle_time, mfu_after

p, m, v, F, B, W = sp.symbols("p m v F B W", positive=True)

# Published numbers


def test_deepseek_v3():
    """DualPipe's README, with 16 stages, 15,360 sequences over 128 replicas, and a backward pass of twice the forward
    pass, half of it for the weights: 45, 15 and 14 of 360 chunk times."""
    microbatches = 15360 // 128
    idle = [idle_time(name, 16) for name in ("1F1B", "ZB1P", "DualPipe")]
    assert idle == [45, 15, 14]
    shares = [bubble(name, 16, microbatches) for name in ("1F1B", "ZB1P", "DualPipe")]
    assert np.allclose(shares, np.array(idle) / 360, rtol=1e-12)
    assert np.round(shares, 3).tolist() == [0.125, 0.042, 0.039]


def test_megatron_1t():
    """Narayanan et al. (2021), 64 stages; a batch of 3,072 over 6 replicas."""
    assert bubble("1F1B", 64, 3072 // 6) == pytest.approx(63 / 512, rel=1e-12)
    assert f"{bubble('GPipe', 64, 512):.1%}" == "12.3%"


def test_llama_3_loses_what_it_reports_by_its_bubble():
    """Llama 3 (arXiv 2407.21783), Table 4: 43 % MFU on 8,192 GPUs, 41 % on 16,384, with half the microbatches."""
    shares = bubble("interleaved", 16, [32, 16], virtual=8)
    assert shares == pytest.approx([0.0586, 0.1172], abs=5e-5)
    assert mfu_after(0.43, *shares) == pytest.approx(0.407, abs=5e-4)
    assert mfu_after(0.43, *shares) == pytest.approx(0.41, abs=5e-3)
    plain = bubble("1F1B", 16, [32, 16])
    assert mfu_after(0.43, *plain) == pytest.approx(0.326, abs=5e-4)
    assert plain[1] / (1 + plain[1]) == pytest.approx(0.48, abs=5e-3)  # of all time


# The same by simulation


def simulate(orders, after, durations, held=None):
    """Seconds until all devices have done their lists of tasks in order; a task starts when those it waits for end.

    A device that would wait does something from its list of ``held`` tasks meanwhile, once those are due.
    """
    ends, clock, at = {}, [0] * len(orders), [0] * len(orders)
    held = held or [[] for _ in orders]
    due = lambda task: all(t in ends for t in after(task))
    ready = lambda device, task: max([clock[device], *(ends[t] for t in after(task))])

    def run(device, task):
        clock[device] = ends[task] = ready(device, task) + durations[task[0]]

    while any(at[d] < len(orders[d]) or held[d] for d in range(len(orders))):
        starts = []
        for d, order in enumerate(orders):
            if at[d] < len(order) and due(order[at[d]]):
                starts.append((ready(d, order[at[d]]), 0, d))
            if held[d] and due(held[d][0]):
                starts.append((ready(d, held[d][0]), 1, d))
        _, idle, d = min(starts)
        if idle:
            run(d, held[d].pop(0))
        else:
            run(d, orders[d][at[d]])
            at[d] += 1
    return max(clock)


def chain(stages):
    """Forward follows the stage before, backward the stage behind, and the gradients of the weights the backward."""

    def after(task):
        kind, micro, stage = task
        if kind == "F":
            return [("F", micro, stage - 1)] if stage else []
        if kind == "W":
            return [("B", micro, stage)]
        return [("B", micro, stage + 1)] if stage + 1 < stages else [("F", micro, stage)]

    return after


def one_forward_one_backward(stages, microbatches, stage):
    warm = min(stages - 1 - stage, microbatches)
    forward = [("F", i, stage) for i in range(microbatches)]
    backward = [("B", i, stage) for i in range(microbatches)]
    pairs = itertools.chain.from_iterable(zip(forward[warm:], backward))
    return [*forward[:warm], *pairs, *backward[microbatches - warm :]]


sizes = st.integers(1, 6), st.integers(0, 6)
times = st.integers(1, 5)


@given(*sizes, times, times)
def test_first_all_forward_then_all_backward(stages, more, forward, backward):
    microbatches = stages + more
    orders = [[(kind, i, s) for kind in "FB" for i in range(microbatches)] for s in range(stages)]
    total = simulate(orders, chain(stages), {"F": forward, "B": backward})
    expected = idle_time("GPipe", stages, forward=forward, backward=backward, weights=backward / 2)
    assert total == microbatches * (forward + backward) + expected


@given(*sizes, times, times)
def test_one_forward_one_backward(stages, more, forward, backward):
    microbatches = stages + more
    orders = [one_forward_one_backward(stages, microbatches, s) for s in range(stages)]
    total = simulate(orders, chain(stages), {"F": forward, "B": backward})
    expected = idle_time("1F1B", stages, forward=forward, backward=backward, weights=backward / 2)
    assert total == microbatches * (forward + backward) + expected


def alive(order):
    """The most microbatches that have gone forward and not yet backward."""
    return max(itertools.accumulate(1 if kind == "F" else -1 for kind, *_ in order))


@given(*sizes)
def test_the_first_stage_keeps_as_many_microbatches_as_there_are_stages(stages, more):
    """So it keeps the activations of all layers, however many stages there are (arXiv 2205.05198, section 4.2.3)."""
    kept = [alive(one_forward_one_backward(stages, stages + more, s)) for s in range(stages)]
    assert kept == list(range(stages, 0, -1))


def interleaved(stages, microbatches, virtual, device):
    """Megatron's order: groups of as many microbatches as stages go through one part of the device after the other."""
    total = microbatches * virtual
    steps = [divmod(k, stages * virtual) for k in range(total)]
    micro = [group * stages + k % stages for group, k in steps]
    part = [k // stages for _, k in steps]
    forward = [("F", i, c * stages + device) for i, c in zip(micro, part)]
    backward = [("B", i, (virtual - 1 - c) * stages + device) for i, c in zip(micro, part)]
    warm = min(2 * (stages - 1 - device) + (virtual - 1) * stages, total)
    pairs = itertools.chain.from_iterable(zip(forward[warm:], backward))
    return [*forward[:warm], *pairs, *backward[total - warm :]]


@pytest.mark.parametrize(("stages", "virtual", "groups"), [(2, 2, 2), (4, 2, 2), (4, 3, 3), (3, 4, 2), (8, 2, 4)])
def test_interleaved(stages, virtual, groups):
    microbatches = groups * stages
    orders = [interleaved(stages, microbatches, virtual, d) for d in range(stages)]
    total = simulate(orders, chain(stages * virtual), {"F": 1 / virtual, "B": 2 / virtual})
    assert total == pytest.approx(microbatches * 3 + idle_time("interleaved", stages, virtual=virtual))
    assert alive(orders[0]) / virtual == pytest.approx(stages + (stages - 1) / virtual)


@pytest.mark.parametrize(("stages", "microbatches"), [(2, 4), (4, 8), (4, 13), (6, 12), (8, 24), (16, 120)])
@pytest.mark.parametrize("unit", [1, 3])
def test_zero_bubble(stages, microbatches, unit):
    """Gradients of the weights fill the waiting: (F + B − 2W) where all three take as long."""
    orders = [one_forward_one_backward(stages, microbatches, s) for s in range(stages)]
    late = [[("W", i, s) for i in range(microbatches)] for s in range(stages)]
    total = simulate(orders, chain(stages), dict.fromkeys("FBW", unit), held=late)
    expected = idle_time("ZB1P", stages, forward=unit, backward=2 * unit, weights=unit)
    assert total == microbatches * 3 * unit + expected


# What follows


def test_formulas():
    given = {"forward": F, "backward": B, "weights": W}
    assert sp.expand(idle_time("1F1B", p, **given) - (p - 1) * (F + B)) == 0
    assert sp.expand(idle_time("interleaved", p, virtual=v, **given) - (p - 1) * (F + B) / v) == 0
    assert sp.expand(idle_time("ZB1P", p, **given) - (p - 1) * (F + B - 2 * W)) == 0
    assert sp.expand(idle_time("DualPipe", p, **given) - (p / 2 - 1) * ((F + B) + B - 3 * W)) == 0
    assert sp.simplify(bubble("interleaved", p, m, virtual=v, **given) - (p - 1) / (v * m)) == 0


def test_a_share_of_all_time():
    b = bubble("1F1B", p, m, forward=F, backward=B)
    assert sp.simplify(b / (1 + b) - (p - 1) / (m + p - 1)) == 0


def test_zero_bubble_is_a_third_at_equal_times():
    """sail-sg/zero-bubble-pipeline-parallelism, README: ZB1P has a third of the bubble of 1F1B."""
    assert sp.simplify(3 * bubble("ZB1P", p, m) - bubble("1F1B", p, m)) == 0


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_arrays_are_many_numbers(schedule):
    stages, microbatches = np.array([2, 4, 16]), 32
    assert bubble(schedule, stages, microbatches).tolist() == [bubble(schedule, int(s), microbatches) for s in stages]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_bubble_on_the_fewest_stages(schedule):
    assert idle_time(schedule, 2 if schedule == "DualPipe" else 1) == 0


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_defaults(schedule):
    """A backward pass of two forward passes, half of it for the weights; one part a stage."""
    times = {"forward": 1, "backward": 2, "weights": 1, "virtual": 1}
    assert idle_time(schedule, 16) == idle_time(schedule, 16, **times)
    assert bubble(schedule, 16, 99) == bubble(schedule, 16, 99, **times) == idle_time(schedule, 16) / 297


def test_one_part_a_stage_is_not_interleaved():
    assert idle_time("interleaved", 16) == idle_time("1F1B", 16)


def test_more_microbatches_less_bubble():
    assert mfu_after(0.4, 0.1, 0.1) == pytest.approx(0.4)
    assert mfu_after(0.4, 0.5, 0) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bubble("1f1b", 4, 8), "schedule must be one of these; got '1f1b'; did you mean '1F1B'?"),
        (lambda: bubble("1F1B", "four", 8), "stages must be a number or an array of numbers; got 'four'"),
        (lambda: idle_time("1F1B", 1e300, forward=1e300), "idle time is not a finite number"),
        (lambda: bubble("1F1B", 1e300, 1e-300), "bubble is not a finite number"),
        (lambda: mfu_after(1e300, 1e300, 0), "MFU is not a finite number"),
        (lambda: bubble(None, 4, 8), "schedule must be one of these; got None"),
        (lambda: idle_time("1F1B", 0), "stages must be a finite number above 0; got 0"),
        (lambda: idle_time("1F1B", 0.5), "stages must be 1 or more for 1F1B; got 0.5"),
        (lambda: idle_time("DualPipe", [2, 1]), r"stages must be 2 or more for DualPipe; got 1 \(1 of 2 values\)"),
        (lambda: idle_time("ZB1P", 4, weights=2), "weights must be so small that no device waits less than not at all"),
        (lambda: bubble("1F1B", 4, -1), "microbatches must be a finite number above 0; got -1"),
        (lambda: bubble("interleaved", 4, 8, virtual=0), "virtual must be a finite number above 0; got 0"),
        (lambda: mfu_after(0.4, -0.1, 0), "before must be a finite number, 0 or more; got -0.1"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
