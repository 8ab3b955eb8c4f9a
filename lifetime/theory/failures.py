"""Draws of an uncertain law that cannot be planned: NaN in the plan, counted, and said why.

A draw that fails does not take the others with it: a bootstrap sample with an exponent at its bound has no finite best
size, and one whose E is above a loss never reaches it. It stays in its place, as NaN, so that what was drawn together
stays together: plans of the same draws are compared draw by draw, and left out they would be shifted against each
other. Any other NaN is an error as ever.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from ..arrays import aligned
from ..types import Value
from .law import ScalingLaw

_MOST = 50  # failures that are planned again, to ask for the reason
_NUMBER = re.compile(r"-?[0-9][0-9.,]*(e[+-]?[0-9]+)?")


def holds_draws(law: Value) -> bool:
    """Whether a law, or the one that it is made from, is one of arrays: draws, of which some may fail."""
    base = law if isinstance(law, ScalingLaw) else law.base
    return any(np.ndim(value) for value in base.coefficients.values())


def some_planned(plan: Value) -> None:
    """An error where no draw of the law could be planned: then it is not the draws that are at fault."""
    failed = np.isnan(aligned(plan.N)[0])
    if not failed.any():
        return
    axes = _axes_of_draws(plan)
    everywhere = failed.all(axis=axes, keepdims=True)
    if everywhere.any():
        first = np.argwhere(np.broadcast_to(everywhere, failed.shape))[0]
        draws = int(np.prod([failed.shape[axis] for axis in axes]))
        none = f"none of the {draws:,} draws of the law can be planned: " if draws > 1 else ""
        raise ValueError(none + _reason(plan[tuple(first)]))


def _axes_of_draws(plan):
    """The axes of a plan along which its law varies."""
    coefficients = plan.base.coefficients.values()
    if hasattr(plan.N, "dims"):
        names = {name for value in coefficients for name in getattr(value, "dims", ())}
        return tuple(i for i, name in enumerate(plan.N.dims) if name in names)
    sizes = np.broadcast_shapes(*(np.shape(value) for value in coefficients))
    return tuple(i for i, size in enumerate(sizes, start=np.ndim(plan.N) - len(sizes)) if size > 1)


def about_failures(plan: Value, failed: np.ndarray) -> str:
    """How many draws could not be planned, and why."""
    if plan.shape:
        axes = _axes_of_draws(plan) or tuple(range(failed.ndim))
        others = tuple(axis for axis in range(failed.ndim) if axis not in axes)
        draws = failed.any(axis=others)
        many = f"{np.count_nonzero(draws):,} of {draws.size:,} draws of the law could not be planned"
        if others:
            many += f" (in {np.count_nonzero(failed):,} of {failed.size:,} scenarios)"
    else:
        many = "this draw of the law could not be planned"
    first, counts = {}, Counter()
    for index in np.argwhere(failed)[:_MOST]:
        scenario = plan[tuple(index)] if plan.shape else plan
        reason = _reason(scenario)
        kind = _NUMBER.sub("", reason)
        counts[kind] += 1
        exponents = ", ".join(f"{name}={getattr(scenario.base, name):.4g}" for name in ("alpha", "beta"))
        first.setdefault(kind, f"{reason} ({exponents})")
    few = f"of the first {_MOST}, " if np.count_nonzero(failed) > _MOST else ""
    reasons = [f"{counts[kind]} as {text}" if len(first) > 1 else text for kind, text in first.items()]
    where = "and are NaN (plan.planned is False; lifetime.quantiles leaves them out)" if plan.shape else ""
    return f"{many} {where}".rstrip() + f": {few}{', '.join(reasons)}"


def _reason(scenario):
    """Why a scenario cannot be planned, by planning it again."""
    given = {**scenario.assumptions, **scenario.given}
    given = {name: value for name, value in given.items() if name not in scenario.chosen}
    try:
        scenario.planner(scenario.law, lifetime=scenario.lifetime, choose=(*scenario.chosen,), **scenario.goal, **given)
    except (ValueError, ArithmeticError) as error:
        return str(error).partition(" at E=")[0]
    return "its N, its D or its cost is too large or too small for a float"
