"""The speed and the memory of uncertain scenarios, ``make bench``: draws, Sobol indices, a billion scenarios.

The first two are measured in processor time on one core; the billion runs in a process of its own on two, and takes
some minutes. The exit code is 1 if a target is missed.
"""

import resource
import subprocess
import sys
import time

import numpy as np
from measure import MISSED, in_turns, report

import lifetime as lt

LAW = lt.laws.Besiroglu2024
HOFFMANN = lt.ScalingLaw(**lt.laws.Hoffmann2022.coefficients, covariance=LAW.covariance)  # a stand-in: it has none
UNCERTAIN = {
    "law": lt.OneOf([LAW, HOFFMANN]),
    "D_RL": lt.lognormal(3e11, 3),
    "D_inf": lt.loguniform(1e12, 1e14),
    "k_RL": lt.triangular(2, 3, 6),
    "e_RL": lt.triangular(0.14, 1 / 3, 0.4),
    "e_inf": lt.triangular(0.14, 1 / 3, 0.4),
}


def as_good_as_chinchilla(law, **assumptions):
    return lt.cheapest(law, loss=law.loss(70e9, 1.4e12), **assumptions)


def draws(n=2**20):
    (times,) = in_turns(5, lambda: as_good_as_chinchilla(**lt.sample(UNCERTAIN, n, rng=0)))
    report(
        f"{n:,} draws of 6 assumptions, two laws and their coefficients, and their optima",
        np.median(times),
        1,
        unit="s",
    )


def indices(n=2**13, repeats=8, by_hand=300):
    """Beside one call a scenario, which is what a general library of sensitivity analysis is usually given."""
    size = lambda **scenario: np.log(as_good_as_chinchilla(**scenario).N)
    calls = repeats * n * (2 + len(UNCERTAIN) + 1)  # the law counts as two
    drawn = lt.sample(UNCERTAIN, 512, rng=0)
    columns = drawn.pop("law").coefficients | drawn

    def one_by_one():
        for *law, D_RL, D_inf, k_RL, e_RL, e_inf in zip(*(column[:by_hand].tolist() for column in columns.values())):
            size(law=lt.ScalingLaw(*law), D_RL=D_RL, D_inf=D_inf, k_RL=k_RL, e_RL=e_RL, e_inf=e_inf)

    ours, loop = in_turns(3, lambda: lt.sobol(size, UNCERTAIN, n, rng=0, repeats=repeats), one_by_one)
    claim = f"one call a scenario : sobol, {calls:,} scenarios ({np.median(ours):.1f} s)"
    report(claim, np.median(loop / by_hand / (ours / calls)), 100, at_least=True)


def sweep(chunks=1000, chunk=2**20):
    """The whole of a process of its own: a billion scenarios, never more than a few chunks of them in memory."""
    import dask

    plan = as_good_as_chinchilla(**lt.sample(UNCERTAIN, chunks * chunk, rng=0, chunk=chunk))
    with dask.config.set(scheduler="threads", num_workers=2):
        print(lt.quantiles({"N": plan.N, "share of pre-training": plan.shares["pre-training"]}))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def billion():
    start = time.perf_counter()
    run = subprocess.run([sys.executable, __file__, "sweep"], check=True, capture_output=True, text=True)
    minutes = (time.perf_counter() - start) / 60
    *table, peak = run.stdout.splitlines()
    report(
        f"peak memory of 1,048,576,000 scenarios in blocks ({minutes:.1f} minutes on two cores)",
        int(peak) / 1e9,
        1,
        unit="GB",
    )
    print("\n".join(table))


if "sweep" in sys.argv:
    sweep()
else:
    draws()
    indices()
    billion()
    sys.exit(bool(MISSED))
