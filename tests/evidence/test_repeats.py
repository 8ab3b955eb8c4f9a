"""Runs that belong together: the best of each (N, D), labels of groups, and runs that are alike."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lifetime as lt
from lifetime.evidence.repeats import labels, shared

few = st.lists(st.tuples(st.sampled_from([1e8, 1e9]), st.sampled_from([1e10, 3e10]), st.floats(2, 4)), min_size=1)


@given(few)
def test_the_best_of_each_is_the_least_loss_of_each(runs):
    found = lt.best_of(*np.transpose(runs))
    expected = {}
    for N, D, L in runs:
        expected[N, D] = min(L, expected.get((N, D), 9))
    assert dict(zip(zip(found.params, found.tokens, strict=True), found.loss, strict=True)) == expected
    assert [tuple(row) for row in found.to_numpy()] == [runs[i] for i in found.index]
    assert found.index.is_monotonic_increasing


@given(few)
def test_the_best_of_the_best_are_the_same(runs):
    once = lt.best_of(*np.transpose(runs))
    again = lt.best_of(**once)
    assert again.to_numpy().tolist() == once.to_numpy().tolist()


def test_what_else_is_known_of_the_runs_goes_along():
    found = lt.best_of([1e9, 1e9], [1e10, 1e10], [3, 2], weights=[1, 5], group=["a", "b"])
    assert found.to_dict("list") == {
        "params": [1e9], "tokens": [1e10], "loss": [2], "weights": [5], "group": ["b"]
    }  # fmt: skip


def test_runs_that_differ_by_rounding_are_alike():
    D = 6e20 / (6 * 1e9)
    assert len(lt.best_of([1e9] * 2, [D, D * (1 + 1e-15)], [2, 3])) == 1
    assert len(lt.best_of([1e9] * 2, [D, D * (1 + 1e-6)], [2, 3])) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": [2]}, "params, tokens and loss must have one value a run; got {'params': 2, 'tokens': 2, 'loss': 1}"),
        ({"loss": [2, -1]}, "loss must be finite numbers above 0; got -1 in run 1"),
        ({"group": ["a"]}, "loss and group must have one value a run"),
        ({"group": "a"}, "loss and group must have one value a run"),
    ],
)
def test_bad_runs_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        lt.best_of(**{"params": [1e9, 2e9], "tokens": [1e10, 1e10], "loss": [2, 3]} | change)


@pytest.mark.parametrize(
    ("bad", "more"), [(1, ""), (5, ""), (6, " and 1 more"), (8, " and 3 more")], ids=lambda value: str(value)
)
def test_of_bad_runs_five_are_named_and_the_rest_are_counted(bad, more):
    values = np.array([-1, np.nan, np.inf, 0, -2.5, -7, -7, -7])[:bad]
    named = ["-1 in run 2", "nan in run 3", "inf in run 4", "0 in run 5", "-2.5 in run 6"][:bad]
    message = f"loss must be finite numbers above 0; got {', '.join(named)}{more} (runs counted from 0)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        lt.best_of(np.full(bad + 2, 1e9), np.full(bad + 2, 1e10), [3, 2, *values])


@pytest.mark.parametrize("values", [3.0, [[3.0, 2.0]]])
def test_a_column_of_another_shape_is_refused(values):
    with pytest.raises(ValueError, match=r"^tokens must have one value a run, shape \(runs,\); got shape \((1, 2)?\)$"):
        lt.best_of([1e9, 2e9], values, [3, 2])


@given(st.lists(st.integers(0, 4), min_size=1))
def test_labels_are_numbered_in_the_order_of_their_first_runs(group):
    numbers, names = labels(group, len(group))
    assert [names[i] for i in numbers] == group
    assert list(names) == list(dict.fromkeys(group))


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1))
def test_what_is_shared_has_one_number(pairs):
    numbers = shared(*np.transpose(pairs).astype(float))
    first = list(dict.fromkeys(pairs))
    assert numbers.tolist() == [first.index(pair) for pair in pairs]


@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_run_without_a_label_is_named(missing):
    with pytest.raises(ValueError, match="group must have a label for every run; it is missing in run 2"):
        labels(pd.Series(["a", "b", missing]), 3)


@pytest.mark.parametrize("group", [["a"], "a", [["a", "b", "c"]], 3])
def test_labels_of_another_shape_are_refused(group):
    with pytest.raises(ValueError, match=r"group must have one label a run, shape \(3,\); got shape"):
        labels(group, 3)
