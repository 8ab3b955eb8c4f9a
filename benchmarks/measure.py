"""Timing and reporting for the benchmarks: processor time on one core, ratios, targets met or not."""

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import time

import numpy as np

MISSED = []


def report(claim, measured, limit, *, at_least=False, unit="times"):
    """Print a claim with its target, and remember whether it was missed."""
    met = measured >= limit if at_least else measured <= limit
    target = f"{'at least' if at_least else 'at most'} {limit:,g} {unit}"
    print(f"{claim:<82} {measured:>9,.4g} {unit:<5}  target: {target:<20} {'met' if met else 'NOT MET'}")
    if not met:
        MISSED.append(claim)


def seconds(function):
    """Processor time of a call."""
    start = time.process_time()
    function()
    return time.process_time() - start


def in_turns(rounds, *functions):
    """Processor time of every function in every round, after one round to warm up."""
    return np.array([[seconds(function) for function in functions] for _ in range(rounds + 1)])[1:].T
