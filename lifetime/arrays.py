"""Numbers in, numbers out: conversion at the door, checks that name the argument, evaluation block by block.

Everything numeric in the package runs through :func:`elementwise`. A formula is written once, for one scenario; here it
is fed numpy blocks of a few thousand scenarios (so memory beyond inputs and outputs does not grow with their number),
xarray and dask objects (lazily where they are lazy), or sympy symbols (so that the formula that is computed with is also
the formula that is derived with).
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable

import numpy as np
import sympy as sp

from .symbols import MEANINGS, Meaning

BLOCK = 8192
_ANY = Meaning(None, "", "", low=-np.inf)


def closest(name: str, valid: Iterable[str]) -> str:
    """The valid names as the end of an error message, with the closest match to ``name`` first."""
    valid = list(valid)
    match = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    hint = f"did you mean {match[0]!r}? " if match else ""
    return f"{hint}Valid: {', '.join(valid) or 'none'}"


def is_lazy(value) -> bool:
    """Whether a value is a dask array, or an xarray object that holds one."""
    graph = getattr(value, "__dask_graph__", None)
    return graph is not None and graph() is not None


def is_symbolic(value) -> bool:
    """Whether a value is a sympy expression that still has symbols in it."""
    return isinstance(value, sp.Basic) and bool(value.free_symbols)


def as_number(name: str, value):
    """Turn an argument into float64 (scalar or array); symbols and arrays of other libraries pass through unchanged."""
    if is_symbolic(value) or (hasattr(value, "__array_ufunc__") and not isinstance(value, np.ndarray | np.generic)):
        return value
    if isinstance(value, np.ma.MaskedArray):
        value = value.astype(float).filled(np.nan)
    try:
        raw = np.asarray(value)
        if raw.dtype.kind not in "iufO" or (raw.dtype.kind == "O" and any(isinstance(v, str | bytes) for v in raw.flat)):
            raise TypeError
        number = raw.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} must be a number or an array of numbers; got {_brief(value)}") from None
    if number.size == 0:
        raise ValueError(f"{name} must hold at least one number; got an empty array of shape {number.shape}")
    return number if number.ndim else float(number)


def _brief(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def check(name: str, value, meaning: Meaning | None = None) -> None:
    """Raise a ``ValueError`` that names argument, value and what is valid, unless every value is valid.

    What is valid follows from the symbol of that name; a name without one (a reader's own symbol) must be finite.
    """
    meaning = meaning or MEANINGS.get(name, _ANY)
    above = value >= meaning.low if meaning.closed else value > meaning.low
    require(above & (value < np.inf) & (value <= meaning.high), name, value, meaning.valid)


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


def elementwise(formula: Callable, outputs: tuple[str, ...], **inputs):
    """Evaluate ``formula(**inputs)`` for every scenario of the broadcast inputs.

    Parameters
    ----------
    formula : callable
        Takes the inputs by name and returns one value, or a tuple of as many as there are ``outputs``.
    outputs : tuple of str
        The names of the results, for error messages.
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
        return formula(**inputs)
    varying = [name for name, value in inputs.items() if not isinstance(value, float)]
    fixed = {name: np.float64(value) for name, value in inputs.items() if isinstance(value, float)}
    for name, value in fixed.items():
        check(name, value)

    def kernel(*blocks):
        values = dict.fromkeys(inputs) | fixed | dict(zip(varying, blocks, strict=True))
        for name in varying:
            check(name, values[name])
        with np.errstate(all="ignore"):
            results = formula(**values)
        results = results if isinstance(results, tuple) else (results,)
        for output, result in zip(outputs, results, strict=True):
            if not np.all(np.isfinite(result)):
                given = ", ".join(f"{n}={_brief(v)}" for n, v in values.items() if n in MEANINGS)
                raise ValueError(f"{output} is not a finite number (too large or too small for a float) at {given}")
        return results

    results = _dispatch(kernel, varying, [inputs[name] for name in varying], len(outputs))
    return results if len(outputs) > 1 else results[0]


def _dispatch(kernel, names, arrays, n_out):
    libraries = {type(a).__module__.partition(".")[0] for a in arrays}

    def blocks(*pieces):
        return _blocks(kernel, pieces, n_out)

    if not arrays:
        return kernel()
    if "xarray" in libraries:
        result = sys.modules["xarray"].apply_ufunc(
            lambda *pieces: blocks(*pieces) if n_out > 1 else blocks(*pieces)[0],
            *arrays,
            output_core_dims=[[]] * n_out,
            dask="parallelized",
            output_dtypes=[float] * n_out,
        )
        return result if n_out > 1 else (result,)
    if "dask" in libraries:
        signature = ",".join(["()"] * len(arrays)) + "->" + ",".join(["()"] * n_out)
        result = sys.modules["dask.array"].apply_gufunc(
            lambda *pieces: blocks(*pieces) if n_out > 1 else blocks(*pieces)[0],
            signature,
            *arrays,
            output_dtypes=[float] * n_out if n_out > 1 else float,
        )
        return result if n_out > 1 else (result,)
    if libraries != {"numpy"}:
        return kernel(*arrays)
    try:
        np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in zip(names, arrays, strict=True))
        raise ValueError(f"the shapes of the arguments must broadcast against each other; got {shapes}") from None
    return blocks(*arrays)


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
