"""Numbers in, numbers out: conversion at the door, checks that name the argument, evaluation block by block.

Everything numeric in the package runs through :func:`elementwise`. A formula is written once, for one scenario; here it
is fed numpy blocks of a few thousand scenarios (so memory beyond inputs and outputs does not grow with their number),
xarray and dask objects (lazily where they are lazy), or sympy symbols (so that the formula that is computed with is
also the formula that is derived with).
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable
from itertools import zip_longest

import numpy as np
import sympy as sp

from .symbols import MEANINGS, Meaning
from .types import Value

BLOCK = 16384
_ANY = Meaning(None, "", "", low=-np.inf)
_NEVER_ZERO = ("N", "D")
_HUGE = 1e100  # of a draw: an N and a D within it and its inverse have a finite cost, too
_NO_NUMBERS = (str, bytes, bool, np.bool_, type(None))


def closest(name: str, valid: Iterable[str]) -> str:
    """The valid names as the end of an error message, with the closest match to ``name`` first."""
    valid = list(valid)
    lower = {choice.lower(): choice for choice in valid}
    match = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    hint = f"did you mean {lower[match[0]]!r}? " if match else ""
    return f"{hint}Valid: {', '.join(valid) or 'none'}"


def is_lazy(value) -> bool:
    """Whether a value is a dask array, or an xarray object that holds one."""
    graph = getattr(value, "__dask_graph__", None)
    return graph is not None and graph() is not None


def is_symbolic(value) -> bool:
    """Whether a value is a sympy expression that still has symbols in it."""
    return isinstance(value, sp.Basic) and bool(value.free_symbols)


def exp(value: Value, *, reuse: bool = False) -> Value:
    """The exponential of numbers, or of a sympy expression; with ``reuse`` an array's memory is written over."""
    if is_symbolic(value):
        return sp.exp(value)
    return np.exp(value, out=value) if reuse and isinstance(value, np.ndarray) else np.exp(value)


def log(value: Value, *, reuse: bool = False) -> Value:
    """The natural logarithm of numbers, or of a sympy expression; with ``reuse`` an array's memory is written over."""
    if is_symbolic(value):
        return sp.log(value)
    return np.log(value, out=value) if reuse and isinstance(value, np.ndarray) else np.log(value)


def as_number(name: str, value):
    """Turn an argument into float64 (scalar or array); symbols, and the arrays of other libraries, keep their type."""
    if is_symbolic(value):
        return value
    own_type = hasattr(value, "__array_ufunc__") and not isinstance(value, np.ndarray | np.generic)
    try:
        number = _as_floats(value if own_type else np.asarray(value))
        if isinstance(value, list | tuple):  # numpy makes numbers of the bools among them
            _as_floats(np.asarray(value, dtype=object))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a number or an array of numbers; got {brief(value)}") from None
    if np.any(np.ma.getmask(value)):
        number = np.where(np.ma.getmask(value), np.nan, number)
    if getattr(number, "size", 1) == 0:
        raise ValueError(f"{name} must hold at least one number; got an empty array of shape {number.shape}")
    return number if own_type or number.ndim else float(number)


def _as_floats(array):
    dtype = getattr(array, "dtype", None)  # a table has one for each column
    if isinstance(array, np.ndarray) and dtype.kind == "O":
        if any(isinstance(value, _NO_NUMBERS) for value in array.flat):
            raise TypeError
    elif dtype is not None and dtype.kind not in "iuf":
        raise TypeError
    return array if dtype == np.float64 or not hasattr(array, "astype") else array.astype(float)


def brief(value) -> str:
    """A value as the end of an error message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def check(name: str, value, meaning: Meaning | None = None) -> None:
    """Raise a ``ValueError`` that names argument, value and what is valid, unless every value is valid.

    What is valid follows from the symbol of that name; a name without one (a reader's own symbol) must be finite.
    """
    meaning = meaning or MEANINGS.get(name, _ANY)
    if isinstance(value, np.ndarray) and value.size and _within(np.min(value), np.max(value), meaning):
        return
    above = value >= meaning.low if meaning.closed else value > meaning.low
    below = value <= meaning.high if meaning.high < np.inf else value < np.inf
    require(above & below, name, value, meaning.valid)


def _within(low, high, meaning) -> bool:
    """Whether all between two values is valid, the quick way; False where one is NaN."""
    above = low >= meaning.low if meaning.closed else low > meaning.low
    return bool(above and (high <= meaning.high if meaning.high < np.inf else high < np.inf))


def unusual(name: str, value) -> str | None:
    """A sentence about values outside the usual range of that symbol; None for none, and for symbolic or lazy ones.

    Examples
    --------
    >>> unusual("k_RL", [3, 8, 4])
    'k_RL is outside 2 to 6: 8 (1 of 3 values)'
    """
    meaning = MEANINGS.get(name)
    if meaning is None or not meaning.usual or is_symbolic(value) or is_lazy(value):
        return None
    value = np.asarray(value, dtype=float)
    odd = value[(value < meaning.usual_low) | (value > meaning.usual_high)]
    if odd.size == 0:
        return None
    where = "" if value.size == 1 else f" ({odd.size} of {value.size} values)"
    side = f"outside {meaning.usual}".replace("outside at least", "below").replace("outside at most", "above")
    scaled = f"; is it in {meaning.unit}?" if not side.startswith("outside") and meaning.unit != "1" else ""
    return f"{name} is {side}: {odd[0]:.6g}{where}{scaled}"


def require(ok, name: str, value, valid: str, limit=np.nan) -> None:
    """Raise a ``ValueError`` that names argument, value and what is valid, unless ``ok`` holds everywhere.

    ``valid`` may quote the ``{limit}`` that the first invalid value broke.
    """
    if np.all(ok):
        return
    ok, value, limit = np.broadcast_arrays(*(np.asarray(x) for x in (ok, value, limit)))
    bad = value[~ok]
    where = "" if value.size == 1 else f" ({bad.size} of {value.size} values)"
    raise ValueError(f"{name} must be {valid.format(limit=f'{limit[~ok][0]:.6g}')}; got {bad[0]:.10g}{where}")


def aligned(*values) -> list[np.ndarray]:
    """Values broadcast against each other, as numpy arrays: labelled ones by the names of their dimensions."""
    if any(hasattr(value, "dims") for value in values):
        xarray = sys.modules["xarray"]
        values = xarray.broadcast(*(v if hasattr(v, "dims") else xarray.DataArray(v) for v in values))
    return list(np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values)))


def at_least(name: str, n, low: int) -> None:
    """Raise a ``ValueError`` unless n is an integer of at least ``low``."""
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < low:
        raise ValueError(f"{name} must be an integer of at least {low:,}; got {brief(n)}")


def between(name, value, low=-np.inf, high=np.inf) -> float:
    """A single number strictly between two others."""
    number = as_number(name, value)
    if not isinstance(number, float):
        raise ValueError(f"{name} must be a single number; got {brief(value)}")
    above = f"above {low:g} and " * (low > -np.inf)
    require(low < number < high, name, number, above + (f"below {high:g}" if high < np.inf else "finite"))
    return number


def tails(level):
    """The two probabilities outside of which a central interval of that probability leaves equal shares."""
    level = between("level", level, 0, 1)
    return (1 - level) / 2, (1 + level) / 2


def power_of_two(name, n):
    """Raise a ``ValueError`` unless n is a power of two."""
    if not isinstance(n, int | np.integer) or n < 1 or n & (n - 1):
        near = f"; the nearest is {2 ** round(np.log2(n)):,}" if isinstance(n, int | float) and 1 < n < 2**60 else ""
        raise ValueError(f"{name} must be a power of two; got {brief(n)}{near}")


def generator(rng) -> np.random.Generator:
    """The generator of a seed, or the generator itself; no seed is an error."""
    if rng is None:
        raise ValueError("rng must be a seed or a numpy.random.Generator, so that the draws can be repeated; got None")
    return np.random.default_rng(rng)


def elementwise(
    formula: Callable, outputs: tuple[str, ...], failed: tuple[str, ...] | None = None, /, **inputs: Value
) -> Value:
    """Evaluate ``formula(**inputs)`` for every scenario of the broadcast inputs.

    Parameters
    ----------
    formula : callable
        Takes the inputs by name and returns one value, or a tuple of as many as there are ``outputs``.
    outputs : tuple of str
        The names of the results, for error messages.
    failed : tuple of str, optional
        For draws, of which some may fail: NaN instead of an error where the formula has no result, and where one of the
        inputs of these names is NaN already. An input that is invalid for any other reason is an error as ever.
    **inputs
        Numbers, arrays, lists, xarray or dask arrays, or sympy symbols; they broadcast.

    Returns
    -------
    one value, or a tuple of values
        Of the broadcast shape: numpy floats and arrays, or the library's own type for xarray and dask.

    Raises
    ------
    ValueError
        For an input outside the range of its symbol, shapes that do not broadcast, and results that are not finite.
        For lazy inputs at the time they are computed.
    """
    inputs = {name: as_number(name, value) for name, value in inputs.items()}
    if any(is_symbolic(value) for value in inputs.values()):
        for name, value in inputs.items():
            if not is_symbolic(value) and not is_lazy(value):
                check(name, value)
        return formula(**inputs)
    varying = [name for name, value in inputs.items() if not isinstance(value, float)]
    fixed = {name: np.float64(value) for name, value in inputs.items() if isinstance(value, float)}
    if any(np.isnan(fixed.get(name, 0)) for name in failed or ()):
        return (np.nan,) * len(outputs) if len(outputs) > 1 else np.nan
    for name, value in fixed.items():
        check(name, value)
    top = np.inf if failed is None else _HUGE

    def kernel(*blocks):
        values = dict.fromkeys(inputs) | fixed | dict(zip(varying, blocks, strict=True))
        for name in varying:
            check(name, values[name])
        with np.errstate(all="ignore"):
            results = formula(**values)
        results = results if isinstance(results, tuple) else (results,)
        results = tuple(float(r) if isinstance(r, int) else r for r in results)  # an expression may be an integer
        for output, result in zip(outputs, results, strict=True):
            low, high = np.min(result), np.max(result)  # NaN if any is
            size = output in _NEVER_ZERO
            if not (-np.inf < low and high < (top if size else np.inf)) or (size and not low > 1 / top):
                given = ", ".join(f"{n}={brief(v)}" for n, v in values.items() if n in MEANINGS)
                raise ValueError(f"{output} is not a finite number (too large or too small for a float) at {given}")
        return results

    spared = kernel if failed is None else _spared(kernel, varying, failed, len(outputs))
    results = _dispatch(spared, varying, [inputs[name] for name in varying], len(outputs), labelled=failed is None)
    return results if len(outputs) > 1 else results[0]


def _spared(kernel, names, failed, n_out):
    """The kernel with NaN where it fails: a block in which it does is halved, until what fails is alone."""

    def spared(*blocks):
        size = blocks[0].size if blocks else 1
        lost = np.zeros(size, dtype=bool)
        for name, block in zip(names, blocks, strict=True):
            lost |= np.isnan(block) if name in failed else False
        for name, block in zip(names, blocks, strict=True):
            check(name, block[~lost] if np.any(lost) else block)
        found, todo = np.full((n_out, size), np.nan), [np.flatnonzero(~lost)]
        while todo:
            some = todo.pop()
            part = blocks if some.size == size else [block[some] for block in blocks]
            try:
                results = kernel(*part) if some.size else ()
            except (ValueError, ArithmeticError):
                todo += np.array_split(some, 2) if some.size > 1 else []
                continue
            for row, result in zip(found, results):
                row[some] = result
        return found if blocks else found[:, 0]

    return spared


def _dispatch(kernel, names, arrays, n_out, labelled):
    libraries = {type(a).__module__.partition(".")[0] for a in arrays}

    def blocks(*pieces):
        results = _blocks(kernel, pieces, n_out)
        return results if n_out > 1 else results[0]

    if not arrays:
        return kernel()
    if "xarray" in libraries:
        result = sys.modules["xarray"].apply_ufunc(
            blocks, *arrays, output_core_dims=[[]] * n_out, dask="parallelized", output_dtypes=[float] * n_out
        )
        return result if n_out > 1 else (result,)
    if "pandas" in libraries:
        _check_labels({name: a for name, a in zip(names, arrays, strict=True) if hasattr(a, "axes")})
    _check_shapes(names, arrays)
    if "dask" in libraries:
        signature = ",".join(["()"] * len(arrays)) + "->" + ",".join(["()"] * n_out)
        result = sys.modules["dask.array"].apply_gufunc(
            blocks, signature, *arrays, output_dtypes=[float] * n_out if n_out > 1 else float
        )
        return result if n_out > 1 else (result,)
    if libraries != {"numpy"} and labelled:
        return kernel(*arrays)
    results = _blocks(kernel, [np.asarray(a) for a in arrays], n_out)
    return results if libraries == {"numpy"} else [sum(0 * a for a in arrays) + result for result in results]


def _check_labels(arrays: dict):
    """Raise a ``ValueError`` that names two pandas objects whose labels differ, and the first labels that do."""
    known, table = {}, any(array.ndim == 2 for array in arrays.values())
    for name, array in arrays.items():
        axes = ("row", "column") if array.ndim == 2 else ("column" if table else "row",)  # as pandas aligns them
        for axis, labels in zip(axes, array.axes, strict=True):
            first, expected = known.setdefault(axis, (name, labels))
            for one, other in () if labels.equals(expected) else zip_longest(expected, labels, fillvalue=None):
                if one != other:
                    has = f"where {first} has {one!r}, {name} has {other!r}"
                    raise ValueError(f"{first} and {name} must have the same {axis} labels in the same order; {has}")


def _check_shapes(names, arrays):
    shapes = {name: getattr(array, "shape", ()) for name, array in zip(names, arrays, strict=True)}
    try:
        np.broadcast_shapes(*(shape for shape in shapes.values() if all(n == n for n in shape)))  # dask: nan is unknown
    except ValueError:
        got = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"the shapes of the arguments must broadcast against each other; got {got}") from None


def _blocks(kernel, arrays, n_out):
    n_in = len(arrays)
    iterator = np.nditer(
        [*arrays, *[None] * n_out],
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_flags=[["readonly"]] * n_in + [["writeonly", "allocate"]] * n_out,
        op_dtypes=[float] * (n_in + n_out),
        buffersize=BLOCK,
    )
    with iterator:
        for operands in iterator:
            operands = operands if isinstance(operands, tuple) else (operands,)
            for out, result in zip(operands[n_in:], kernel(*operands[:n_in]), strict=True):
                out[...] = result
        return iterator.operands[n_in:]
