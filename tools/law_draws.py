"""Rows of lifetime/data/law_draws.csv: a law's bootstrap, from the runs it was fitted to (which the project has not).

`python tools/law_draws.py Besiroglu2024 runs.csv --drop 5` prints 512 draws as they stand in the file.
"""

import argparse
import sys

import numpy as np

import lifetime as lt

DRAWS, SEED = 512, 42


def draws(law, runs, delta=1e-3, drop=0):
    """Return the draws of the bootstrap around our own fit, moved in logarithms so that they are around the law."""
    runs = runs.sort_values("loss").iloc[: len(runs) - drop]
    fitted = lt.fit(**runs, delta=delta)
    found = fitted.bootstrap(DRAWS, rng=SEED).coefficients
    moved = {name: found[name] * law.coefficients[name] / fitted.law.coefficients[name] for name in ("E", "A", "B")}
    return moved | {
        name: found[name] + law.coefficients[name] - fitted.law.coefficients[name] for name in ("alpha", "beta")
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("law", choices=lt.laws.available)
    parser.add_argument("runs")
    parser.add_argument(
        "--delta", type=float, default=1e-3, help="of the Huber loss; 1 is least squares of ln of the loss"
    )
    parser.add_argument("--drop", type=int, default=0, help="leave out so many of the largest losses")
    given = parser.parse_args()
    found = draws(lt.laws[given.law], lt.read_runs(given.runs), given.delta, given.drop)
    for row in np.column_stack([*found.values()]):
        sys.stdout.write(",".join([given.law, *(f"{value:.6g}" for value in row)]) + "\n")


if __name__ == "__main__":
    main()
