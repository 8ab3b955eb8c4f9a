"""Runs that belong together: the best of those that share (N, D), groups that a bootstrap draws whole, and copies."""

from __future__ import annotations

import numpy as np

from ..arrays import as_number
from ..types import Table
from .cells import as_numbers


def best_of(params, tokens, loss, **others) -> Table:
    """Of the runs that share params and tokens, the one with the least loss: of a sweep of learning rates, the best.

    Parameters
    ----------
    params, tokens, loss : array of shape (runs,)
        Parameters, training tokens, and final loss of each run.
    **others : array of shape (runs,), optional
        What else there is to know of the runs, such as weights or group.

    Returns
    -------
    pandas.DataFrame
        A row for each (N, D), in the order of the runs and with their numbers, counted from 0, as its index:
        ``fit(**best_of(**runs))``.

    Raises
    ------
    ValueError
        For arguments of different lengths, and for values that are not positive and finite.

    Examples
    --------
    >>> best_of([1e9, 1e9, 2e9], [2e10, 2e10, 4e10], [2.9, 2.8, 2.6], group=["a", "b", "a"])
             params        tokens  loss group
    1  1.000000e+09  2.000000e+10   2.8     b
    2  2.000000e+09  4.000000e+10   2.6     a
    """
    import pandas as pd

    numbers = {"params": params, "tokens": tokens, "loss": loss}
    columns = {name: column(name, values) for name, values in numbers.items()}
    columns |= {name: np.asarray(values) for name, values in others.items()}
    same_length(columns)
    table = pd.DataFrame(columns)
    return table.loc[np.sort(table.groupby(shared(columns["params"], columns["tokens"]))["loss"].idxmin())]


def column(name, values):
    """One positive, finite number for each run; an error that names the first that is not."""
    values = np.asarray(as_number(name, as_numbers(name, values)))
    if values.ndim != 1:
        raise ValueError(f"{name} must have one value a run, shape (runs,); got shape {values.shape}")
    bad = np.flatnonzero(~((values > 0) & (values < np.inf)))
    if bad.size:
        more = f" and {bad.size - 5} more" if bad.size > 5 else ""
        where = ", ".join(f"{values[i]:g} in run {i}" for i in bad[:5])
        raise ValueError(f"{name} must be finite numbers above 0; got {where}{more} (runs counted from 0)")
    return values


def same_length(columns):
    """An error unless each of the columns has one value a run."""
    sizes = {name: len(values) if np.ndim(values) else 1 for name, values in columns.items()}
    if len(set(sizes.values())) > 1:
        *names, last = sizes
        raise ValueError(f"{', '.join(names)} and {last} must have one value a run; got {sizes}")


def labels(group, runs):
    """A number for each run, that of its group, in the order of their first runs; and the groups' labels.

    Examples
    --------
    >>> numbers, names = labels(["b", "a", "b"], 3)
    >>> print(numbers, *names)
    [0 1 0] b a
    """
    import pandas as pd

    group = np.asarray(group)
    if group.shape != (runs,):
        raise ValueError(f"group must have one label a run, shape ({runs},); got shape {group.shape}")
    numbers, names = pd.factorize(group)
    if (numbers < 0).any():
        raise ValueError(f"group must have a label for every run; it is missing in run {numbers.argmin()}")
    return numbers, names


def shared(*columns):
    """A number for each run, the same for runs that are alike in all columns, to nine digits of their logarithms."""
    logs = np.round(np.log(columns), 9)
    _, first, numbers = np.unique(logs, axis=1, return_index=True, return_inverse=True)
    return first.argsort().argsort()[numbers.ravel()]  # in the order of their first runs
