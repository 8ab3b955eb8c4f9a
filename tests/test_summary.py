import re

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import lifetime as lt


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), level=st.floats(0.01, 0.99))
def test_quantiles_are_those_of_numpy(values, level):
    found = lt.quantiles({"x": values, "y": 3}, level)
    expected = [np.quantile(values, (1 - level) / 2), np.median(values), np.quantile(values, (1 + level) / 2)]
    assert found.loc["x"].tolist() == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert found.loc["y"].tolist() == [3, 3, 3]
    assert list(found.columns) == ["low", "median", "high"]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.99])
@pytest.mark.parametrize("chunks", [100, 777, 2**14, ((50, 9950, 30000),)], ids=str)
@pytest.mark.parametrize("order", ["random", "sorted"])
def test_quantiles_of_a_dask_array_are_those_of_all_of_it(order, chunks, level):
    """Within a 1,005th of the chunks in probability, also where they are unalike or of unequal size."""
    values = np.random.default_rng(0).normal(size=40000)
    values = np.sort(values) if order == "sorted" else values
    found = lt.quantiles({"x": da.from_array(values, chunks=chunks)}, level).loc["x"]
    ranks = [np.mean(values <= x) for x in found]
    assert ranks == pytest.approx([(1 - level) / 2, 0.5, (1 + level) / 2], abs=1e-3)


def test_dask_and_xarray_and_numpy_stand_side_by_side_in_their_order():
    x = np.linspace(0, 1, 1001)
    lazy = da.from_array(x, chunks=500)
    values = {"dask": lazy, "numpy": x, "table": lazy[:1000].reshape(10, 100), "xarray": xr.DataArray(lazy)}
    found = lt.quantiles(values)
    assert list(found.index) == list(values)
    np.testing.assert_allclose(found, np.tile([0.1, 0.5, 0.9], (4, 1)), atol=2e-3)


def test_an_infinite_value_has_no_quantiles():
    values = np.array([1.0, 2.0, -np.inf])
    message = re.escape("saving must be finite; got -inf (1 of 3 values)")
    with pytest.raises(ValueError, match=message):
        lt.quantiles({"saving": values})
    with pytest.raises(ValueError, match=message):
        lt.quantiles({"saving": da.from_array(values, chunks=3)})


@pytest.mark.parametrize("wrap", [np.asarray, lambda x: da.from_array(x, chunks=1000)], ids=["numpy", "dask"])
def test_nan_is_left_out_and_counted(wrap):
    """A draw that could not be planned; in one chunk of dask nothing else."""
    values = np.random.default_rng(0).normal(size=(5, 1000))
    holes = values.copy()
    holes[0], holes[3, ::7] = np.nan, np.nan
    found = lt.quantiles({"N": wrap(holes.ravel()), "D": wrap(values.ravel())})
    assert found.attrs["warnings"] == ("N: 1,143 of 5,000 values are NaN and left out",)
    ranks = [np.mean(holes[np.isfinite(holes)] <= x) for x in found.loc["N"]]
    assert ranks == pytest.approx([0.1, 0.5, 0.9], abs=1e-3)
    assert "warnings" not in lt.quantiles({"D": wrap(values.ravel())}).attrs
    with pytest.raises(ValueError, match=r"N must hold at least one number; got NaN only \(1,000 values\)"):
        lt.quantiles({"N": wrap(holes[0])})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lt.quantiles([1, 2]), "values must map names to arrays, such as quantiles({'N': plan.N}); got [1, 2]"),
        (lambda: lt.quantiles({"x": [1, 2]}, 0), "level must be above 0 and below 1; got 0"),
        (lambda: lt.quantiles({"x": ["a"]}), "x must be a number or an array of numbers; got ['a']"),
    ],
)
def test_what_has_no_quantiles_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
