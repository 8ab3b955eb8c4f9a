"""The speed of the roofline and of deployments: surfaces, and optima with a roofline efficiency, ``make bench``.

Measured in processor time on one core. The exit code is 1 if a target is missed.
"""

import dataclasses
import sys

import numpy as np
from measure import MISSED, in_turns, report

import lifetime as lt
from lifetime import symbols as s

LAW = lt.laws.Besiroglu2024


def surface():
    """Batch, context and chip, with and without a look at the memory, in FP8 on 8 devices each."""
    table = lt.accelerators.table().dropna(subset=["fp8"]).iloc[:5]
    peaks = {"F": 8 * table.fp8.to_numpy(), "BW": 8 * table.hbm_bandwidth.to_numpy()}
    batch, context = np.geomspace(1, 64, 500)[:, None, None], np.geomspace(128, 32768, 400)[:, None]
    model = {"N": 8e9, "N_total": 8e9, "weight_bytes": 1, "kv_bytes": 65536}
    x = np.geomspace(1, 10, batch.size * context.size * len(table))
    for memory, what in ((None, ""), (8 * table.hbm_bytes.to_numpy(), ", memory checked")):
        roof = lt.Roofline(**model, **peaks, memory=memory)
        shape = roof.efficiency(batch, context, training_mfu=0.4).shape
        assert np.prod(shape) == x.size == 1_000_000
        ours, passes = in_turns(
            15, lambda roof=roof: roof.efficiency(batch, context, training_mfu=0.4), lambda: np.exp(np.log(x))
        )
        claim = f"{x.size:,} decode efficiencies ({np.median(ours) * 1e3:.0f} ms{what}) : one np.exp(np.log(x)) pass"
        report(claim, np.median(ours / passes), 20, unit="times")


def optima(n=100_000):
    """Every scenario with a demand, a batch and a context of its own, over both sides of the roofline."""
    rng = np.random.default_rng(0)
    draw = lambda low, high: 10 ** rng.uniform(low, high, n)
    given = {"D_inf": draw(11, 16), "batch": draw(0.5, 3.5), "context": draw(2, 5)}
    loss = LAW.E + draw(-2, 0)
    roof = lt.accelerators.H100_SXM.roofline("fp8", N=s.N, N_total=s.N, weight_bytes=1, kv_bytes=70e3)
    roof = dataclasses.replace(roof, memory=None)  # many of these would not fit, which is an error
    for overlap, bound in ((True, "max"), (False, "sum")):
        efficiency = roof.efficiency(s.batch, s.context, training_mfu=0.4, overlap=overlap)
        lifetime = lt.Lifetime([lt.Phase("pre-training", s.D, 6), lt.Phase("decode", s.D_inf, 2, efficiency)])
        assert lt.cheapest(LAW, loss=2.0, lifetime=lifetime, D_inf=1e14, batch=64, context=8192).method == "numeric"
        (times,) = in_turns(3, lambda lifetime=lifetime: lt.cheapest(LAW, loss=loss, lifetime=lifetime, **given))
        report(
            f"{n:,} optima with a roofline efficiency ({bound} of computing and reading)", np.median(times), 1, unit="s"
        )


def deployments(n=100_000, points=200):
    """Steps of DeepSeek-V3 on 72 devices, links and experts touched included: all at once, and one by one."""
    rng = np.random.default_rng(0)
    batch, context = 10 ** rng.uniform(0, 3, n), 10 ** rng.uniform(2, 4, n)
    served = lt.architectures.DeepSeekV3.roofline(lt.accelerators.H100_SXM, devices=72)
    one_by_one = lambda: [served.step_time(b, c) for b, c in zip(batch[:points], context[:points], strict=True)]
    assert np.allclose(served.step_time(batch, context)[:points], one_by_one())
    together, apart = in_turns(5, lambda: served.step_time(batch, context), one_by_one)
    claim = f"{n:,} steps of a deployment ({np.median(together) * 1e3:.0f} ms) : the same one by one"
    report(claim, n / points * np.median(apart / together), 100, unit="times", at_least=True)


surface()
optima()
deployments()
sys.exit(bool(MISSED))
