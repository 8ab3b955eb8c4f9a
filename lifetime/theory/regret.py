"""One size under several laws: what it costs more than the best of each, and the size whose worst case is least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import as_number, brief, check
from ..types import Value
from .budget import LIFETIME
from .formulas import COEFFICIENTS, reducible
from .law import ScalingLaw
from .named import as_law, plain
from .optimum import cheapest

_GRID, _GOLDEN, _STEPS = 33, (5**0.5 - 1) / 2, 42


@dataclass(frozen=True, eq=False)
class LeastRegret:
    """The size whose worst case is least: the result of :func:`least_regret`.

    Attributes
    ----------
    N : float or array
        Parameters to build.
    regret : float or array
        The most that it costs more than the best, whichever of the laws is true, as a share of the best.
    by_law : dict of str to (float or array)
        What it costs more than the best, if that law is true.
    tokens : dict of str to (float or array)
        Training tokens with which it reaches the quality, if that law is true.
    best : dict of str to Plan
        The cheapest model, if that law is known to be true.
    """

    N: Value
    regret: Value
    by_law: dict[str, Value]
    tokens: dict[str, Value]
    best: dict


def regret(
    law: ScalingLaw | str, N: Value, *, like: Sequence[Value], lifetime: Value = LIFETIME, **given: Value
) -> Value:
    r"""What a size costs more over its life than the best of the same quality, if a law is true.

    .. math:: \frac{C(N, D(N))}{\min_{N', D'} C(N', D')} - 1

    where D(N) is the data with which N parameters reach the loss of the model ``like``.

    Parameters
    ----------
    law : ScalingLaw or str
        May hold arrays, such as draws.
    N : float or array
        Sizes.
    like : (float, float)
        Parameters and training tokens of a model to be matched.
    lifetime, **given
        As in :func:`cheapest`.

    Returns
    -------
    float or array
        A share of the least cost; infinite where no amount of data would do, NaN for a draw of the law that cannot be
        planned.

    Examples
    --------
    Half the best size, and twice:

    >>> import lifetime as lt
    >>> demand = {"D_RL": 3e11, "D_inf": 1e13, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
    >>> extra = lt.regret("Besiroglu2024", [13.25e9, 26.5e9, 53e9], like=(70e9, 1.4e12), **demand)
    >>> print(*(f"{x:.0%}" for x in extra))
    659% 0% 44%
    """
    law, loss = _asked(law, like)
    N = as_number("N", N)
    check("N", N)
    plan = cheapest(law, loss=loss, lifetime=lifetime, **given)
    return _extra(plan, N)[0]


def least_regret(
    laws: Sequence[ScalingLaw | str], *, like: Sequence[Value], lifetime: Value = LIFETIME, **given: Value
) -> LeastRegret:
    r"""The size that costs least more than the best, whichever of several laws is true.

    .. math:: \min_N \max_{\text{laws}} \frac{C(N, D(N))}{\min C} - 1

    Found on a grid between the least and the greatest of the laws' own best sizes, then by a golden section in ln N.

    Parameters
    ----------
    laws : sequence of ScalingLaw or str
        Those that may be true, each with a name of its own.
    like : (float, float)
        Parameters and training tokens of a model to be matched: each law gives it the loss that it has by that law.
    lifetime, **given
        As in :func:`cheapest`; they broadcast.

    Raises
    ------
    ValueError
        For no laws, a law that is none, and two laws of one name.

    Examples
    --------
    >>> import lifetime as lt
    >>> demand = {"D_RL": 3e11, "D_inf": 1e13, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
    >>> choice = lt.least_regret(["Besiroglu2024", "Sardana2024Refit"], like=(70e9, 1.4e12), **demand)
    >>> print(f"{choice.N:.3g} parameters, at most {choice.regret:.1%} more than the best")
    2.89e+10 parameters, at most 1.0% more than the best
    """
    if isinstance(laws, str) or not hasattr(laws, "__iter__"):
        raise ValueError(f"laws must be a sequence of laws or names; got {brief(laws)}")
    asked = [_asked(law, like) for law in laws]
    names = [law.name or f"law {at}" for at, (law, _) in enumerate(asked, 1)]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"laws must be one or more, each with a name of its own; got {brief(names)}")
    plans = [cheapest(law, loss=loss, lifetime=lifetime, **given) for law, loss in asked]
    floors = [law.least_params(loss) for law, loss in asked]

    def worst(ln_N):
        return np.maximum.reduce(np.broadcast_arrays(*(_extra(plan, np.exp(ln_N))[0] for plan in plans)))

    sizes = np.log(np.stack(np.broadcast_arrays(*(plan.N for plan in plans))))
    low = np.maximum(sizes.min(axis=0), np.log(np.maximum.reduce(floors) * (1 + 1e-9)))
    high = np.maximum(sizes.max(axis=0), low)
    N = np.exp(_lowest(worst, low, high))
    extra, tokens = zip(*(_extra(plan, N) for plan in plans), strict=True)
    by_law = dict(zip(names, extra, strict=True))
    most = np.maximum.reduce(np.broadcast_arrays(*extra))
    return LeastRegret(
        _number(N), _number(most), by_law, dict(zip(names, tokens, strict=True)), dict(zip(names, plans, strict=True))
    )


def _asked(law, like):
    """A plain law, and the loss of the model to be matched by that law."""
    law = plain(as_law(law))
    try:
        N_like, D_like = like
    except (TypeError, ValueError):
        raise ValueError(f"like must be a pair, parameters and training tokens of a model; got {brief(like)}") from None
    return law, law.loss(N_like, D_like)


def _extra(plan, N):
    """What sizes cost more than a plan, and the tokens they need.

    Infinite where they are at the floor or below it, and NaN for a draw of the law that could not be planned.
    """
    E, A, B, alpha, beta, gamma = (plan.law.coefficients.get(name, 1) for name in COEFFICIENTS)
    with np.errstate(all="ignore"):
        terms = reducible(plan.loss, E, gamma)
        rest = terms - A * N**-alpha  # for the token term
        enough = rest > 1e-13 * terms
        D = (B / rest) ** (1 / beta)
    fits = enough & np.isfinite(D) & np.isfinite(plan.N)
    assumed = {name: value for name, value in plan.assumptions.items() if name in plan.lifetime.assumptions}
    cost = plan.lifetime.ledger(N=np.where(fits, N, 1), D=np.where(fits, D, 1), **assumed).cost
    extra = np.where(fits, cost / plan.cost - 1, np.where(np.isfinite(plan.N), np.inf, np.nan))
    return _number(extra), _number(np.where(fits, D, np.where(enough, np.nan, np.inf)))


def _lowest(function, low, high):
    """Where a function of arrays is least: the best of a grid, then a golden section between its neighbours."""
    shares = np.linspace(0, 1, _GRID)
    at = np.argmin([function(low + share * (high - low)) for share in shares], axis=0)
    width = (high - low) / (_GRID - 1)
    a, b = (np.clip(low + (at + side) * width, low, high) for side in (-1, 1))
    for _ in range(_STEPS):
        c, d = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
        left = function(c) < function(d)
        a, b = np.where(left, a, c), np.where(left, d, b)
    return (a + b) / 2


def _number(value):
    return value if np.ndim(value) else float(value)
