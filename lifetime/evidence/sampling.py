"""Uncertain scenarios: quasi-Monte-Carlo draws of a dict of assumptions, some of them distributions.

Every function of the package takes arrays as it takes numbers, and so it takes what :func:`sample` returns.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..arrays import BLOCK, at_least, brief, elementwise, generator, power_of_two
from ..presets import laws
from ..theory.composite import Law
from ..theory.law import ScalingLaw
from ..types import Value
from .one_of import OneOf


def sample(
    assumptions: Mapping[str, Value], n: int, rng: int | np.random.Generator, *, chunk: int | None = None
) -> dict[str, Value]:
    """Draw uncertain assumptions together, by scrambled Sobol points.

    Parameters
    ----------
    assumptions : mapping
        Each assumption by name: a number, a distribution (anything with a ``ppf``, as in ``scipy.stats``), or
        :class:`OneOf` several laws. A law by itself, or the name of one, is drawn like ``OneOf`` it if it is uncertain.
    n : int
        Number of draws; a power of two, for which the points are balanced.
    rng : int or numpy.random.Generator
        The same seed gives the same draws.
    chunk : int, optional
        Return dask arrays of that chunk size instead, drawn when they are computed: each chunk is a set of Sobol points
        with a scrambling of its own. Then chunk is a power of two, and n any multiple of it.

    Returns
    -------
    dict
        Distributions as arrays of shape (n,), laws as a law of such arrays, numbers as they are.

    Raises
    ------
    ValueError
        If n or chunk is no such number, nothing is uncertain, or rng is None.
    ModuleNotFoundError
        For a chunk where dask is not installed.

    Examples
    --------
    >>> import lifetime as lt
    >>> uncertain = {"D_inf": lt.lognormal(1e13, 3), "e_inf": lt.triangular(0.14, 0.33, 0.4)}
    >>> uncertain |= {"D_RL": 0, "k_RL": 3, "e_RL": 1}
    >>> law = lt.laws.Besiroglu2024
    >>> plan = lt.cheapest(law, loss=law.loss(70e9, 1.4e12), **sample(uncertain, 1024, rng=0))
    >>> print(f"{np.median(plan.N):.2g} parameters")
    2.6e+10 parameters

    References
    ----------
    A. B. Owen (1998), Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity 14, 466.
    """
    assumptions = with_laws(assumptions)
    inputs, rng = inputs_of(assumptions), generator(rng)
    if chunk is None:
        power_of_two("n", n)
        points = _sobol_points(len(inputs), n, rng)
    else:
        try:
            import dask.array as da
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                "chunk needs the package dask, which is not installed: python -m pip install dask"
            ) from None
        power_of_two("chunk", chunk)
        at_least("n", n, chunk)
        if n % chunk:
            raise ValueError(f"n must be a multiple of chunk ({chunk:,}); got {n:,}")
        seeds = da.from_array(rng.integers(2**63, size=n // chunk), chunks=1)
        points = seeds.map_blocks(
            lambda seed: _sobol_points(len(inputs), chunk, np.random.default_rng(seed)),
            new_axis=0,
            chunks=((len(inputs),), (chunk,) * len(seeds)),
            meta=np.empty((0, 0)),
        )
    return at(assumptions, dict(zip(inputs, points, strict=True)))


def _is_uncertain(value) -> bool:
    return isinstance(value, OneOf) or hasattr(value, "ppf")


def with_laws(assumptions) -> dict:
    """The assumptions, each uncertain law that stands by itself (or its name) as one to be drawn."""
    if not isinstance(assumptions, Mapping):
        raise ValueError(
            f"assumptions must map names to values, such as {{'law': law, 'D_inf': lognormal(1e13, 3)}}; "
            f"got {brief(assumptions)}"
        )
    found = dict(assumptions)
    for name, value in found.items():
        law = laws[value] if isinstance(value, str) and value in laws else value
        if isinstance(law, ScalingLaw | Law) and law.is_uncertain:
            found[name] = OneOf(law)
    return found


def inputs_of(assumptions) -> list[str]:
    """The names of the dimensions: an assumption by its own, the choice of a law and its coefficients apart."""
    names = []
    for name, value in assumptions.items():
        if isinstance(value, OneOf):
            names += [f"{name}: {part}" for part in value.inputs]
        elif _is_uncertain(value):
            names.append(name)
    if not names:
        got = ", ".join(assumptions) or "none"
        raise ValueError(f"assumptions must hold at least one distribution or uncertain law; got {got}")
    return names


def at(assumptions, points) -> dict:
    """The assumptions at points of the unit interval, by input; a law without a point at its centre."""
    found = {}
    for name, value in assumptions.items():
        if isinstance(value, OneOf):
            parts = {part: f"{name}: {part}" for part in ("choice", "coefficients")}
            found[name] = value.at(**{part: points[key] for part, key in parts.items() if key in points})
        elif _is_uncertain(value):
            found[name] = elementwise(lambda point, value=value: value.ppf(point), (name,), point=points[name])
        else:
            found[name] = value
    return found


def _sobol_points(d, n, rng):
    """Scrambled Sobol points of shape (d, n)."""
    from scipy.stats import qmc

    engine, points = qmc.Sobol(d, rng=rng), np.empty((d, n))
    for block in np.split(points, range(BLOCK, n, BLOCK), axis=1):
        block[...] = inside(engine.random(block.shape[1]).T)
    return points


def inside(points):
    """Points of [0, 1] without its ends, where a distribution may be infinite."""
    return 2.0**-31 + (1 - 2.0**-30) * points
