import re
import tracemalloc

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import sympy as sp
import xarray as xr

import lifetime as lt
from cases import LAW, NO_NUMBERS, OTHERS
from lifetime import symbols as s
from lifetime.arrays import BLOCK, as_number, check, closest, elementwise, is_lazy, is_symbolic, require, unusual


def product(N, D):
    return 6 * N * D


def compute(**inputs):
    return elementwise(product, ("flop",), **inputs)


# What a number is


@pytest.mark.parametrize(
    "value", [7, 7.0, np.float32(7), np.int64(7), np.array(7), sp.Integer(7), sp.Float(7), np.ma.array(7)]
)
def test_one_number_becomes_a_float(value):
    assert type(as_number("N", value)) is float
    assert as_number("N", value) == 7


@pytest.mark.parametrize(
    "value", [[1, 2], (1, 2), range(1, 3), np.array([1, 2]), np.array([1, 2], dtype=object), np.ma.array([1, 2])]
)
def test_several_numbers_become_an_array_of_floats(value):
    number = as_number("N", value)
    assert number.dtype == float
    np.testing.assert_array_equal(number, [1.0, 2.0])


@pytest.mark.parametrize("value", [s.N, 2 * s.D, sp.log(s.N)])
def test_an_expression_stays_an_expression(value):
    assert as_number("N", value) is value


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_is_no_number_is_refused_by_name(kind):
    value = NO_NUMBERS[kind]
    with pytest.raises(ValueError, match=r"^D_inf must be a number or an array of numbers; got ") as error:
        as_number("D_inf", value)
    assert repr(value)[:50] in str(error.value)


@pytest.mark.parametrize(
    "value", [[], np.array([]), np.zeros((3, 0)), pd.Series([], dtype=float), da.zeros(0), xr.DataArray([])]
)
def test_an_empty_array_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"^loss must hold at least one number; got an empty array of shape \("):
        as_number("loss", value)


def test_a_masked_value_counts_as_missing():
    number = as_number("N", np.ma.array([1, 2, 3], mask=[False, True, False]))
    np.testing.assert_array_equal(number, [1, np.nan, 3])
    assert np.isnan(as_number("N", np.ma.masked))


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("library", [pd.Series, da.from_array, xr.DataArray])
def test_an_array_of_another_library_keeps_its_type_and_becomes_float64(library, kind):
    array = library(np.array([1, 2], dtype=kind))
    number = as_number("N", array)
    assert type(number) is type(array)
    assert number.dtype == np.float64


@pytest.mark.parametrize("values", [["7B"], [True], [1j]])
@pytest.mark.parametrize("library", [pd.Series, lambda x: da.from_array(np.array(x)), xr.DataArray])
def test_an_array_of_another_library_must_hold_numbers(library, values):
    with pytest.raises(ValueError, match=r"^N must be a number or an array of numbers; got "):
        as_number("N", library(values))


def test_floats_are_not_copied():
    array = np.ones(3)
    assert as_number("N", array) is array


# What a valid number is


@pytest.mark.parametrize("name", s.MEANINGS)
def test_every_symbol_refuses_what_its_meaning_excludes(name):
    meaning = s.MEANINGS[name]
    for value in (-1.0, np.nan, np.inf, -np.inf, meaning.high * 1.001):
        with pytest.raises(ValueError, match=re.escape(f"{name} must be {meaning.valid}; got {value:.10g}")):
            check(name, value)
    if meaning.closed:
        check(name, meaning.low)
    else:
        with pytest.raises(ValueError, match=f"{name} must be .*; got 0"):
            check(name, meaning.low)
    check(name, min(3.0, meaning.high))


def test_a_symbol_of_the_readers_own_must_be_finite():
    check("own", -3.0)
    with pytest.raises(ValueError, match="own must be a finite number; got nan"):
        check("own", np.nan)


def test_an_error_about_an_array_quotes_the_first_bad_value_and_counts_them():
    with pytest.raises(ValueError, match=r"N must be above 2; got 1 \(2 of 4 values\)"):
        require(np.array([True, False, True, False]), "N", np.array([5, 1, 6, 0]), "above {limit}", limit=2)


def test_an_error_quotes_the_limit_of_the_first_bad_value():
    with pytest.raises(ValueError, match="N must be above 20; got 7"):
        require(np.array([True, False]), "N", 7, "above {limit}", limit=np.array([10, 20]))


@pytest.mark.parametrize(
    ("typo", "message"),
    [("D_rl", "did you mean 'D_RL'? Valid: D_RL, e_RL"), ("xyz", "Valid: D_RL, e_RL")],
)
def test_an_unknown_name_is_answered_by_the_closest_if_any_is_close(typo, message):
    assert closest(typo, ["D_RL", "e_RL"]) == message


def test_an_unknown_name_where_nothing_is_valid_is_told_so():
    assert closest("x", []) == "Valid: none"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("k_RL", 8, "k_RL is outside 2 to 6: 8"),
        ("k_RL", [3, 8, 4], "k_RL is outside 2 to 6: 8 (1 of 3 values)"),
        ("k_RL", 1.5, "k_RL is outside 2 to 6: 1.5"),
        ("N", 70, "N is below 10000: 70; is it in parameters?"),
        ("D", np.array([1e12, 1e18]), "D is above 1e17: 1e+18 (1 of 2 values); is it in tokens?"),
        ("loss", 200, "loss is above 12: 200; is it in nats per token?"),
        ("e_inf", 33, "e_inf is above 1.5: 33"),
        ("e_RL", pd.Series([1.0, 2.0]), "e_RL is above 1.5: 2 (1 of 2 values)"),
    ],
)
def test_a_value_outside_the_usual_range_gets_a_sentence(name, value, sentence):
    assert unusual(name, value) == sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [("k_RL", 2), ("k_RL", [6, 2.0]), ("D_inf", 0), ("alpha", 9), ("own", -7), ("k_RL", s.D), ("N", da.zeros(3) + 1)],
)
def test_no_sentence_for_what_is_usual_has_no_usual_range_or_cannot_be_looked_at(name, value):
    assert unusual(name, value) is None


# Evaluation


def test_scalars_give_a_float():
    assert isinstance(compute(N=1, D=2), float)
    assert compute(N=1, D=2) == 12


def test_integers_do_not_overflow():
    N, D = np.array([10**11]), np.array([2 * 10**14])
    assert (6 * N * D < 1e26).all(), "in 64-bit integers it does"
    for library in (np.array, list, pd.Series, da.from_array, xr.DataArray):
        assert np.asarray(compute(N=library(N), D=library(D)))[0] == pytest.approx(1.2e26, rel=1e-15)
    assert compute(N=10**30, D=10**40) == pytest.approx(6e70, rel=1e-15)


@pytest.mark.parametrize(
    "shapes", [((5,), ()), ((5,), (5,)), ((4, 1), (5,)), ((2, 1, 3), (4, 1)), ((1,), (1, 1)), ((BLOCK * 3 + 1,), ())]
)
def test_arguments_broadcast(shapes):
    rng = np.random.default_rng(0)
    N, D = (rng.uniform(1, 2, shape) for shape in shapes)
    result = compute(N=N, D=D)
    assert result.shape == np.broadcast_shapes(*shapes)
    np.testing.assert_array_equal(result, 6 * N * D)


@pytest.mark.parametrize("layout", [np.asfortranarray, np.transpose, lambda a: a[::-2, ::3], lambda a: a.astype(">f8")])
def test_the_layout_in_memory_does_not_matter(layout):
    N = layout(np.arange(1.0, 1 + 3 * BLOCK).reshape(3, BLOCK))
    np.testing.assert_array_equal(compute(N=N, D=2.0), 12 * N)


def test_inputs_are_left_alone():
    N, D = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    N.flags.writeable = D.flags.writeable = False
    result = compute(N=N, D=D)
    result[:] = 0
    np.testing.assert_array_equal(N, [1, 2])


def test_shapes_that_do_not_broadcast_are_named():
    message = r"^the shapes of the arguments must broadcast against each other; got N \(2,\), D \(3,\)$"
    for library in (np.array, list, pd.Series, lambda x: da.from_array(np.array(x))):
        with pytest.raises(ValueError, match=message):
            compute(N=library([1.0, 2.0]), D=np.ones(3))


def test_the_bad_value_is_found_in_whichever_block_it_is():
    N = np.ones(3 * BLOCK)
    N[-1] = -7
    with pytest.raises(ValueError, match=r"N must be a finite number above 0; got -7 \(1 of \d+ values\)"):
        compute(N=N, D=1.0)


@pytest.mark.parametrize("N", [1e200, [1.0, 1e200]])
def test_a_result_that_overflows_is_an_error_that_names_result_and_inputs(N):
    with pytest.raises(ValueError, match=r"flop is not a finite number .* at N=.*1\.?e\+200.*, D=.*1e\+200"):
        compute(N=N, D=1e200)


@pytest.mark.parametrize("output", ["N", "D"])
def test_a_size_that_underflows_to_zero_is_an_error(output):
    with pytest.raises(ValueError, match=rf"^{output} is not a finite number \(too large or too small for a float\)"):
        elementwise(lambda flop: flop * 1e-300, (output,), flop=1e-300)


def test_symbols_give_the_formula_and_numbers_beside_them_are_checked():
    assert compute(N=s.N, D=2) == 12.0 * s.N
    assert is_symbolic(compute(N=s.N, D=2))
    with pytest.raises(ValueError, match="D must be a finite number above 0; got -1"):
        compute(N=s.N, D=-1)


def test_an_input_may_have_the_name_of_a_parameter():
    assert elementwise(lambda formula, outputs: formula + outputs, ("sum",), formula=1, outputs=2) == 3


# Other libraries


def test_xarray_broadcasts_by_name_and_keeps_coordinates():
    N = xr.DataArray([1e9, 2e9], dims="size", coords={"size": ["small", "large"]})
    D = xr.DataArray([1e12, 2e12, 3e12], dims="corpus")
    flop = compute(N=N, D=D)
    assert isinstance(flop, xr.DataArray)
    assert flop.dims == ("size", "corpus")
    assert flop.sel(size="large").values.tolist() == [12e21, 24e21, 36e21]


def test_xarray_passes_through_an_optimum():
    loss = xr.DataArray([2.0, 2.2], dims="loss")
    served = xr.DataArray([0.0, 1e12, 1e13], dims="served")
    plan = lt.cheapest(LAW, loss=loss, **OTHERS | {"D_inf": served})
    assert plan.N.dims == plan.saving.dims == plan.shares["inference"].dims == ("loss", "served")
    one = lt.cheapest(LAW, loss=2.2, **OTHERS | {"D_inf": 1e13})
    assert plan.cost.isel(loss=1, served=2).item() == one.cost


def test_xarray_dimensions_that_disagree_are_refused():
    with pytest.raises(ValueError, match="'size'"):
        compute(N=xr.DataArray([1.0, 2.0], dims="size"), D=xr.DataArray([1.0, 2.0, 3.0], dims="size"))


def watched(values, chunks):
    """A dask array, and a list that gets an entry when it is computed."""
    seen = []

    def load(block):
        seen.append(len(block))
        return block

    return da.from_array(np.asarray(values), chunks=chunks).map_blocks(load, dtype=float, meta=np.array([])), seen


@pytest.mark.parametrize("wrap", [lambda a: a, lambda a: xr.DataArray(a, dims="x")], ids=["dask", "xarray of dask"])
def test_dask_stays_lazy_and_keeps_its_chunks(wrap):
    values = np.linspace(2, 3, 10)
    lazy, seen = watched(values, 4)
    plan = lt.cheapest(LAW, loss=wrap(lazy), **OTHERS)
    results = plan.N, plan.D, plan.cost, plan.saving, plan.overtraining, plan.shares["inference"]
    assert not seen
    assert all(is_lazy(result) and type(result) is type(wrap(lazy)) for result in results)
    assert all((result.chunks == ((4, 4, 2),)) for result in results)
    eager = lt.cheapest(LAW, loss=values, **OTHERS)
    expected = eager.N, eager.D, eager.cost, eager.saving, eager.overtraining, eager.shares["inference"]
    for result, numbers in zip(dask.compute(*results, scheduler="sync"), expected, strict=True):
        np.testing.assert_allclose(result, numbers, rtol=1e-14)
    assert seen


def test_a_bad_value_in_dask_is_an_error_when_it_is_computed():
    lazy, seen = watched([2.0, 1.0], 1)
    plan = lt.cheapest(LAW, loss=lazy, **OTHERS)
    assert not seen
    with pytest.raises(ValueError, match=r"loss must be above 1\.8172, the irreducible loss E of the law; got 1"):
        dask.compute(plan.N, scheduler="sync")


def test_a_law_of_dask_draws_is_checked_when_it_is_computed():
    law = lt.ScalingLaw(E=da.from_array([1.8, -1.8]), A=400, B=2000, alpha=0.3, beta=0.3)
    loss = law.loss(1e9, 1e12)
    with pytest.raises(ValueError, match="E must be a finite number, 0 or more; got -1.8"):
        loss.compute(scheduler="sync")


def test_pandas_gives_a_series_on_the_same_index():
    N = pd.Series([1e9, 7e9], index=["small", "large"])
    D = pd.Series([1e12, 2e12], index=["small", "large"])
    loss = LAW.loss(N, D)
    assert isinstance(loss, pd.Series)
    assert list(loss.index) == ["small", "large"]
    assert loss["large"] == LAW.loss(7e9, 2e12)
    assert lt.cheapest(LAW, loss=loss, **OTHERS).N["large"] == lt.cheapest(LAW, loss=loss["large"], **OTHERS).N


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ([0, 1], [1, 2], "row labels in the same order; where N has 0, D has 1"),
        (["a", "b"], ["b", "a"], "row labels in the same order; where N has 'a', D has 'b'"),
        (["a", "b"], ["a"], "row labels in the same order; where N has 'b', D has None"),
    ],
)
def test_pandas_labels_that_differ_are_named_with_both_arguments(one, other, message):
    N, D = (pd.Series(1.0, index=labels) for labels in (one, other))
    for wrap in (lambda series: series, pd.Series.to_frame):
        with pytest.raises(ValueError, match=re.escape(f"N and D must have the same {message}")):
            compute(N=wrap(N), D=wrap(D))


def test_pandas_labels_are_compared_where_pandas_aligns_them():
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    by_column = compute(N=table, D=pd.Series([10.0, 100.0], index=["a", "b"]))
    assert by_column.to_dict("list") == {"a": [60, 120], "b": [1800, 2400]}
    message = re.escape("N and D must have the same column labels in the same order; where N has 'a', D has 0")
    with pytest.raises(ValueError, match=message):
        compute(N=table, D=pd.Series([1.0, 2.0]))
    message = "N and D must have the same column labels in the same order; where N has 'b', D has 'c'"
    with pytest.raises(ValueError, match=message):
        compute(N=table, D=table.rename(columns={"b": "c"}))
    assumed = OTHERS | {"D_inf": pd.Series([1e12], index=[1]), "D_RL": pd.Series([1e12], index=[2])}
    with pytest.raises(ValueError, match="D_RL and D_inf must have the same row labels"):
        lt.LIFETIME.ledger(N=1e9, D=1e12, **assumed)


def test_a_table_of_pandas_passes_through():
    table = pd.DataFrame({"a": [10**11], "b": [10**12]})
    assert compute(N=table, D=10**14).to_dict("list") == {"a": [pytest.approx(6e25)], "b": [pytest.approx(6e26)]}


# Memory


def memory_beyond_results(n):
    rng = np.random.default_rng(0)
    loss, served = LAW.E + 10 ** rng.uniform(-2, 0, n), 10 ** rng.uniform(9, 16, n)
    tracemalloc.start()
    plan = lt.cheapest(LAW, loss=loss, **OTHERS | {"D_inf": served})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - plan.N.nbytes - plan.D.nbytes


def test_memory_beyond_inputs_and_results_does_not_grow_with_the_scenarios():
    memory_beyond_results(10)
    one, two = memory_beyond_results(1_000_000), memory_beyond_results(2_000_000)
    assert one < 5e6
    assert two < one + 1e5
