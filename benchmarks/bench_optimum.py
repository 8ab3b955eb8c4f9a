"""The speed of an optimum beside what one would otherwise run: ``make bench``.

Every claim is a ratio of two things measured in turns in one run, on one core and in processor time, so that neither
the machine nor what else it does matters much; the median over the rounds is shown. The exit code is 1 if a target is
missed.
"""

import resource
import subprocess
import sys
import tracemalloc

import numpy as np
import sympy as sp
from measure import MISSED, in_turns, report
from scipy.optimize import newton

import lifetime as lt
from lifetime import symbols as s
from lifetime.theory import curve
from lifetime.theory.composite import Law

LAW = lt.laws.Besiroglu2024
OTHERS = {"D_RL": 0, "k_RL": 3, "e_RL": 1, "e_inf": 1}


def scenarios(n, seed=0):
    """Reducible losses from 0.01 to 1 and demands from 1e9 to 1e16 tokens."""
    rng = np.random.default_rng(seed)
    return LAW.E + 10 ** rng.uniform(-2, 0, n), 10 ** rng.uniform(9, 16, n)


def many_optima(n=1_000_000):
    loss, D_inf = scenarios(n)
    return lambda: lt.cheapest(LAW, loss=loss, D_inf=D_inf, **OTHERS)


def passes(n=1_000_000):
    x = scenarios(n)[1]
    optima, logs = in_turns(15, many_optima(n), lambda: np.exp(np.log(x)))
    report(f"{n:,} optima : one np.exp(np.log(x)) pass ({np.median(logs) * 1e3:.0f} ms)", np.median(optima / logs), 12)


def one_by_one(n=300, many=1_000_000):
    """The condition of Sardana et al. (2024), arXiv 2401.00448, as their program solves it, and from a better start."""
    E, A, B, alpha, beta = LAW.coefficients.values()
    loss, D_inf = scenarios(n)
    plan = lt.cheapest(LAW, loss=loss, D_inf=D_inf, **OTHERS)

    def condition(D, D_inf, loss):
        trained, served = (beta * B / alpha + B) * D**-beta, D_inf * beta * B / (3 * alpha) * D ** (-beta - 1)
        return trained + served + E - loss

    def solve(starts):
        points = zip(starts, D_inf.tolist(), loss.tolist(), strict=True)
        D = np.array([newton(condition, x, args=args, tol=1e-5, rtol=1e-8, maxiter=100) for x, *args in points])
        N = (A / (loss - E - B * D**-beta)) ** (1 / alpha)
        worst = max(abs(D / plan.D - 1).max(), abs(N / plan.N - 1).max())
        assert worst < 1e-9, f"the answers differ by {worst:.2g}"

    starts = [1e8] * n, plan.chinchilla.D.tolist()
    optima, *newtons = in_turns(7, many_optima(many), *(lambda x=x: solve(x) for x in starts))
    published, better = (np.median(times / n / (optima / many)) for times in newtons)
    report("scipy.optimize.newton for one optimum, as published (start 1e8) : cheapest", published, 6000, at_least=True)
    print(f"{'  the same, started at the compute-optimal tokens':<82} {better:>9,.4g} times  (no target)")


def any_cost(n=100_000):
    """Training data that a teacher writes: beside a grid along the curve of equal loss and a root in each bracket."""
    loss, D_inf = scenarios(n)
    given = OTHERS | {"D_inf": D_inf}
    teacher = lt.LIFETIME.cost + 2 * 405e9 * s.D / s.e_inf
    ours = lambda: lt.cheapest(LAW, loss=loss, lifetime=teacher, **given)

    def by_grid():
        known, curve.is_log_convex = curve.is_log_convex, lambda *args, **options: False
        try:
            return lt.cheapest(LAW, loss=loss, lifetime=teacher, **given)
        finally:
            curve.is_log_convex = known

    assert np.allclose(ours().N, by_grid().N, rtol=1e-9)
    times, grids = in_turns(3, ours, by_grid)
    claim = f"a grid and a root search : {n:,} optima of a teacher's cost ({np.median(times) * 1e6 / n:.1f} µs each)"
    report(claim, np.median(grids / times), 7, at_least=True)
    report("an optimum of a teacher's cost", np.median(times) * 1e6 / n, 10, unit="µs")


def any_law(n=20_000):
    """The conditions of Lagrange, where sympy sees that they have one solution (20,000) and where it does not (200)."""
    loss, D_inf = scenarios(n)
    given = OTHERS | {"D_inf": D_inf}
    (times,) = in_turns(3, lambda: lt.cheapest(Law(LAW), loss=loss, **given))
    claim = f"{n:,} optima of a law by the conditions of Lagrange"
    print(f"{claim:<82} {np.median(times) * 1e6 / n:>9,.4g} µs each  (no target)")
    wall = LAW.where(D=repeated(1e12))
    few = {name: value[:200] if np.ndim(value) else value for name, value in given.items()}
    (times,) = in_turns(3, lambda: lt.cheapest(wall, loss=np.maximum(loss[:200], LAW.E + 0.1), **few))
    claim = "200 optima of a law with a kink, by a scan first"
    print(f"{claim:<82} {np.median(times) * 1e6 / 200:>9,.4g} µs each  (no target)")


def repeated(unique, decay=15.4):
    """Effective tokens of repeated text, Muennighoff et al. (2023), arXiv 2305.16264."""
    worn = unique * (1 + decay * (1 - sp.exp(-(s.D / unique - 1) / decay)))
    return sp.Piecewise((s.D, s.D <= unique), (worn, True))


def memory():
    beyond = []
    for n in (100_000, 1_000_000, 4_000_000):
        loss, D_inf = scenarios(n)
        tracemalloc.start()
        plan = lt.cheapest(LAW, loss=loss, D_inf=D_inf, **OTHERS)
        peak = tracemalloc.get_traced_memory()[1] - plan.N.nbytes - plan.D.nbytes
        tracemalloc.stop()
        beyond.append(peak / 1e6)
        report(f"peak memory beyond inputs and results, {n:,} optima", beyond[-1], 10, unit="MB")
    report("that memory at 4,000,000 : at 100,000", beyond[-1] / beyond[0], 1.1)


def imports():
    def fresh(statement):
        used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
        start = used()
        subprocess.run([sys.executable, "-c", statement], check=True)
        return used() - start

    statements = "import lifetime", "import sympy, numpy, pandas"
    ours, theirs = np.array([[fresh(statement) for statement in statements] for _ in range(12)])[1:].T
    report(" : ".join(statements), np.median(ours / theirs), 1.3)


passes()
one_by_one()
any_cost()
any_law()
memory()
imports()
sys.exit(bool(MISSED))
