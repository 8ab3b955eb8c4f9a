"""The speed of a fit and of its bootstrap beside the usual way: ``make bench``.

The usual way is what papers and scripts do: scipy's BFGS with numerical gradients, from each of the 4,500 starts of
Hoffmann et al. (2022), arXiv 2203.15556, appendix D.2; and for a bootstrap sample from the fitted law. A few of these
are run and scaled up. Fits of many runs are timed in a process each, whose greatest memory is read. The exit code is 1
if a target is missed.
"""

import itertools
import resource
import subprocess
import sys

import numpy as np
from measure import MISSED, in_turns, report, seconds
from scipy.optimize import minimize
from scipy.special import huber, logsumexp

import lifetime as lt

RUNS, SAMPLES, STARTS = 240, 4000, 20
MANY = {10_000: 5, 40_000: 20}
"""Seconds for so many runs; with at most 600 MB."""


def runs(n=RUNS):
    """As many as figure 4 of Hoffmann et al. holds, over its range of budgets, with the noise of its residuals."""
    rng, law = np.random.default_rng(0), lt.laws.Besiroglu2024
    N, flop = 10 ** rng.uniform([[7.75], [18.8]], [[10.2], [21.5]], (2, n))
    return N, flop / (6 * N), law.loss(N, flop / (6 * N)) * np.exp(rng.laplace(0, 0.004, n))


def usual(start, N, D, L, weights=1):
    """Least Huber loss by BFGS from one start."""

    def objective(v):
        a, b, e, alpha, beta = v
        terms = [a - alpha * np.log(N), b - beta * np.log(D), np.full(N.size, e)]
        return (weights * huber(1e-3, logsumexp(terms, axis=0) - np.log(L))).sum()

    return minimize(objective, start, method="BFGS").fun


if sys.argv[1:]:  # in a process of its own: seconds of a first fit of so many runs, and the greatest memory in MB
    given = runs(int(sys.argv[1]))
    print(seconds(lambda: lt.fit(*given)), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    sys.exit()
for n, limit in MANY.items():
    found = subprocess.run([sys.executable, __file__, str(n)], check=True, capture_output=True, text=True)
    took, memory = map(float, found.stdout.split())
    report(f"first fit of {n:,} runs", took, limit, unit="s")
    report(f"greatest memory of a process that fits {n:,} runs", memory, 600, unit="MB")

N, D, L = runs()
grid = itertools.product(range(0, 30, 5), range(0, 30, 5), np.arange(-1, 1.5, 0.5), *[np.arange(0, 2.5, 0.5)] * 2)
grid = np.array(list(grid))
some = np.random.default_rng(1).choice(grid, STARTS, replace=False)
fitted = lt.fit(N, D, L)
law = fitted.law
assert min(usual(start, N, D, L) for start in some) > fitted.objective * (1 - 1e-9), "BFGS found something lower"

ours, theirs = in_turns(3, lambda: lt.fit(N, D, L), lambda: [usual(start, N, D, L) for start in some]) / [[1], [STARTS]]
report(f"fit of {RUNS} runs from its full grid of starts", np.median(ours), 2, unit="s")
report(
    f"BFGS from the {len(grid):,} starts of Hoffmann et al. : the same",
    np.median(theirs * len(grid) / ours),
    100,
    at_least=True,
)

weights = np.random.default_rng(2).multinomial(RUNS, np.full(RUNS, 1 / RUNS), size=STARTS)
point = [np.log(law.A), np.log(law.B), np.log(law.E), law.alpha, law.beta]
ours, theirs = in_turns(
    3, lambda: fitted.bootstrap(SAMPLES, rng=0), lambda: [usual(point, N, D, L, w) for w in weights]
) / [[1], [STARTS]]
report(f"{SAMPLES:,} bootstrap refits of {RUNS} runs, on one core", np.median(ours), 10, unit="s")
report(f"BFGS for {SAMPLES:,} bootstrap samples : the same", np.median(theirs * SAMPLES / ours), 20, at_least=True)
sys.exit(bool(MISSED))
