"""How far machines stay behind the model of them: factors measured elsewhere, and results that carry their spread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..types import Value

_MEASURED: list[Callable[[], Mapping[str, Calibration]]] = []


@dataclass(frozen=True)
class Calibration:
    """Measured over modelled, of one class of deployments.

    Attributes
    ----------
    kind : str
        The class: "dense", "moe_small" (experts inside one domain, on at most 8 devices), "moe_rack" (on more),
        "moe_wide_ib" (experts across domains), or "prompts" (prompts alone).
    median, low, high : float
        Of measured over modelled; eight in ten measurements lie between the last two.
    points, sources : int
        How many measurements, and from how many publishers.
    """

    kind: str
    median: float
    low: float
    high: float
    points: int
    sources: int


class Estimate(float):
    """A modelled rate times what machines of its class reach: a number that knows its spread.

    Attributes
    ----------
    low, high : float
        Between them lie eight in ten measurements of the class, as rates.
    calibration : Calibration
        The class, and how many measurements it rests on.
    """

    low: float
    high: float
    calibration: Calibration

    def __repr__(self):
        kind, points = self.calibration.kind, self.calibration.points
        return f"{float(self):.6g} ({self.low:.6g} to {self.high:.6g}; {kind}, {points} measurements)"


class Estimates(np.ndarray):
    """An array of such rates, with arrays ``low`` and ``high``."""

    low: np.ndarray
    high: np.ndarray
    calibration: Calibration


def measured_by(calibrations: Callable[[], Mapping[str, Calibration]]) -> None:
    """Where the factors come from: called when the first is asked for."""
    _MEASURED[:] = [calibrations]


def calibrated(kind: str, modelled: Value) -> Value:
    """A modelled rate times the median of its class, with the spread as ``low`` and ``high``.

    Raises
    ------
    ValueError
        For a class of which no measurement is known.
    """
    known = _MEASURED[0]() if _MEASURED else {}
    if kind not in known:
        valid = ", ".join(known) or "none"
        raise ValueError(f"calibrated must be False for a deployment of class {kind!r}; measured are: {valid}")
    factors = known[kind]
    if np.ndim(modelled) and isinstance(modelled, np.ndarray):
        result = (modelled * factors.median).view(Estimates)
        result.low, result.high = modelled * factors.low, modelled * factors.high
    elif isinstance(modelled, float):
        result = Estimate(modelled * factors.median)
        result.low, result.high = float(modelled * factors.low), float(modelled * factors.high)
    else:
        return modelled * factors.median
    result.calibration = factors
    return result
