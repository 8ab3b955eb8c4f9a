"""The demand that a finished model reveals: what it would have to serve to be the cheapest of its loss."""

from __future__ import annotations

import sympy as sp

from .. import symbols as s
from ..arrays import elementwise
from ..types import Value
from .budget import LIFETIME, as_lifetime, check_names, compiled, linear_cost
from .law import ScalingLaw
from .named import as_law, plain


def revealed_demand(
    law: ScalingLaw | str, N: Value, D: Value, *, lifetime: Value = LIFETIME, **assumptions: Value
) -> Value:
    r"""The demand per parameter that makes a finished model the cheapest of its loss.

    .. math:: W = \kappa D \left(\frac{\alpha A N^{-\alpha}}{\beta B D^{-\beta}} - 1\right)

    Parameters
    ----------
    law : ScalingLaw or str
    N, D : float, array or symbol
        Parameters and pre-training tokens of the model.
    lifetime, **assumptions
        Only what the cost per pre-training token (κ) depends on: nothing by default, where κ = 6.

    Returns
    -------
    W : float or array
        Cost of everything but pre-training, pre-training-equivalent FLOP per parameter. Negative where no demand
        explains the model: it was trained on fewer tokens than is compute-optimal for its size.

    Examples
    --------
    >>> from lifetime import laws
    >>> print(f"{revealed_demand(laws.Besiroglu2024, 8.03e9, 15e12):.3g} FLOP per parameter")
    3.79e+14 FLOP per parameter
    """
    law = plain(as_law(law))
    kappa, _ = linear_cost(as_lifetime(lifetime))
    names = tuple(sorted(symbol.name for symbol in kappa.free_symbols))
    check_names(assumptions, names)
    function = compiled((kappa,), names)

    def formula(A, B, alpha, beta, N, D, **assumptions):
        (factor,) = function(*(assumptions[name] for name in names))
        return factor * D * (_marginal_ratio(A, B, alpha, beta, N, D) - 1)

    return elementwise(formula, ("W",), **law.coefficients, N=N, D=D, **assumptions)


def served_tokens(
    law: ScalingLaw | str, N: Value, D: Value, *, lifetime: Value = LIFETIME, **assumptions: Value
) -> Value:
    r"""The tokens served, D_inf, that make a finished model the cheapest of its loss.

    Solves :math:`W(D_\mathrm{inf}) =` :func:`revealed_demand` for D_inf, all else given.

    Parameters
    ----------
    law : ScalingLaw or str
    N, D : float or array
        Parameters and pre-training tokens of the model.
    lifetime : Lifetime, optional
        Must depend on D_inf, linearly.
    **assumptions : float or array
        Every other symbol of the lifetime by name.

    Returns
    -------
    D_inf : float or array
        Negative where no demand explains the model, or where its reinforcement learning alone asks for more.

    Examples
    --------
    >>> from lifetime import laws
    >>> D_inf = served_tokens(laws.Besiroglu2024, 8e9, 15e12, D_RL=0, k_RL=3, e_RL=1, e_inf=1)
    >>> print(f"{D_inf / 15e12:.2f} tokens served per training token")
    12.65 tokens served per training token
    """
    law, lifetime = plain(as_law(law)), as_lifetime(lifetime)
    assumptions = lifetime.checked(assumptions, chosen=("D_inf",))
    kappa, W = linear_cost(lifetime.settled(assumptions, chosen=("D_inf",)))
    slope = sp.diff(W, s.D_inf)
    if slope == 0 or s.D_inf in slope.free_symbols | kappa.free_symbols:
        raise ValueError("lifetime must have a cost that is linear in D_inf, and has not")
    others = tuple(assumptions)
    function = compiled((kappa, sp.expand(W - slope * s.D_inf), slope), others)

    def formula(A, B, alpha, beta, N, D, **assumptions):
        factor, rest, per_token = function(*(assumptions[name] for name in others))
        return (factor * D * (_marginal_ratio(A, B, alpha, beta, N, D) - 1) - rest) / per_token

    return elementwise(formula, ("D_inf",), **law.coefficients, N=N, D=D, **assumptions)


def _marginal_ratio(A, B, alpha, beta, N, D):
    """αA·N^-α / (βB·D^-β): lifetime cost over pre-training cost at the optimum."""
    return alpha * A * N**-alpha / (beta * B * D**-beta)
