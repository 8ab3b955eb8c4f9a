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
from measure import MISSED, in_turns, report
from scipy.optimize import newton

import lifetime as lt

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
    report(f"{n:,} optima : one np.exp(np.log(x)) pass ({np.median(logs) * 1e3:.0f} ms)", np.median(optima / logs), 15)


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
    report("scipy.optimize.newton for one optimum, as published (start 1e8) : cheapest", published, 5000, at_least=True)
    print(f"{'  the same, started at the compute-optimal tokens':<82} {better:>9,.4g} times  (no target)")


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
memory()
imports()
sys.exit(bool(MISSED))
