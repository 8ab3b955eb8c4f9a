r"""The optimum: cheapest (fixed loss), best (fixed budget), and the demand that a finished model reveals.

For a cost N·(κ·D + W) both problems come down to one equation in y, the training tokens as a multiple of the
compute-optimal tokens without demand:

.. math:: y^{1+\beta} = (y + k)^m

with m = 1 at a fixed loss and m = 1 − α at a fixed budget. In u = ln y it is (1+β)·u = m·ln(e^u + k), which three
Halley steps solve to machine precision. Any other cost is minimised numerically along the iso-loss curve.
"""

from __future__ import annotations

import numpy as np
import sympy as sp

from ..arrays import elementwise, is_symbolic, require
from .budget import LIFETIME, Lifetime, as_lifetime, check_names, compiled, linear_cost
from .closed_form import best_model, cheapest_model, relative_budget, relative_demand, trinomial
from .curve import affordable, best_numeric, cheapest_split, cost_function, on_iso_loss
from .law import ScalingLaw, reducible
from .plan import Plan


def cheapest(law: ScalingLaw, *, loss, lifetime: Lifetime | sp.Expr = LIFETIME, **assumptions) -> Plan:
    r"""The model of least lifetime cost at a fixed loss.

    .. math:: \min_{N, D}\; C(N, D) \quad\text{at}\quad L(N, D) = \text{loss}

    For :math:`C = N(\kappa D + W)`, with :math:`D_0` the compute-optimal tokens at that loss and :math:`y = D/D_0`,

    .. math:: y^{1+\beta} = y + k, \qquad k = \frac{\beta W}{\kappa(\alpha+\beta)D_0},

    solved in closed form (three Halley steps). Any other cost is minimised numerically along the iso-loss curve.

    Parameters
    ----------
    law : ScalingLaw
    loss : float or array
        Loss to reach, nats per token. Only loss − E matters, so a loss given to 1e-16 relative fixes loss − E to
        1e-16·loss/(loss − E) only: what that cancellation costs close to E is the caller's.
    lifetime : Lifetime or sympy expression, optional
        What to pay for; an expression is a cost in terms of ``lifetime.symbols``.
    **assumptions : float or array
        Every symbol of the lifetime but N and D by name: for the default D_RL, D_inf, k_RL, e_RL, e_inf. Zero demand is
        valid and gives the compute-optimal point.

    Returns
    -------
    Plan
        Of the broadcast shape of all arguments and of the law's fields.

    Raises
    ------
    ValueError
        For an unknown, missing or invalid assumption, a loss at or below E, or a cost without a finite optimum.

    Examples
    --------
    A model as good as a compute-optimal one of 13 B parameters, to serve 2 T tokens:

    >>> import lifetime as lt
    >>> law = lt.laws.Sardana2024
    >>> loss = law.loss(13e9, law.compute_optimal_tokens(13e9))
    >>> plan = cheapest(law, loss=loss, D_RL=0, D_inf=2e12, k_RL=3, e_RL=1, e_inf=1)
    >>> print(f"{plan.N:.4g} parameters, {plan.D:.4g} tokens, {plan.saving:.1%} saved")
    6.969e+09 parameters, 1.248e+12 tokens, 17.4% saved

    References
    ----------
    Sardana et al. (2024), arXiv 2401.00448, equation 1 (solved there with Newton's method).
    """
    lifetime = as_lifetime(lifetime)
    assumptions = check_names(assumptions, lifetime.assumptions)
    _numeric_only(law, loss=loss, **assumptions)
    if lifetime.per_param:
        demand, method = _demand(lifetime), "closed form"

        def formula(E, A, B, alpha, beta, loss, **assumptions):
            kappa, W = demand(assumptions)
            rest = reducible(loss, E)
            k, per_D0 = relative_demand(rest, B, alpha, beta, kappa, W)
            return cheapest_model(trinomial(k, beta, 1.0), k, per_D0, rest, A, alpha, beta)
    else:
        cost, method = cost_function(lifetime), "numeric"

        def formula(E, A, B, alpha, beta, loss, **assumptions):
            split = cheapest_split(cost, reducible(loss, E), A, B, alpha, beta, assumptions)
            return on_iso_loss(split, reducible(loss, E), A, B, alpha, beta)

    N, D = elementwise(formula, ("N", "D"), **law.coefficients, loss=loss, **assumptions)
    return Plan(law, lifetime, assumptions, N, D, loss, method)


def best(law: ScalingLaw, *, cost, lifetime: Lifetime | sp.Expr = LIFETIME, **assumptions) -> Plan:
    r"""The model of lowest loss at a fixed lifetime cost: the dual of :func:`cheapest`.

    .. math:: \min_{N, D}\; L(N, D) \quad\text{at}\quad C(N, D) = \text{cost}

    For :math:`C = N(\kappa D + W)`, with :math:`D_c` the compute-optimal tokens of a pre-training budget of the same
    size and :math:`y = D/D_c`,

    .. math:: y^{1+\beta} = (y + k)^{1-\alpha}, \qquad k = \frac{W}{\kappa D_c}.

    For any other cost, the loss is searched at which :func:`cheapest` costs the budget.

    Parameters
    ----------
    law : ScalingLaw
    cost : float or array
        Lifetime budget, pre-training-equivalent FLOP.
    lifetime, **assumptions
        As for :func:`cheapest`.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        As :func:`cheapest`, and for a budget that the demand alone exceeds, even with a model of one parameter.

    Examples
    --------
    >>> import lifetime as lt
    >>> plan = best(lt.laws.Besiroglu2024, cost=3.6e26, D_RL=0, D_inf=2e14, k_RL=3, e_RL=1, e_inf=1 / 3)
    >>> print(f"{plan.N:.3g} parameters, {plan.D:.3g} tokens, loss {plan.loss:.4f}")
    2.07e+11 parameters, 8.95e+13 tokens, loss 1.8895
    """
    lifetime = as_lifetime(lifetime)
    assumptions = check_names(assumptions, lifetime.assumptions)
    _numeric_only(law, cost=cost, **assumptions)
    if lifetime.per_param:
        demand, method = _demand(lifetime), "closed form"

        def formula(E, A, B, alpha, beta, cost, **assumptions):
            kappa, W = demand(assumptions)
            affordable(cost > W, cost)
            k, log_Dc = relative_budget(cost, A, B, alpha, beta, kappa, W)
            N, D = best_model(trinomial(k, beta, 1 - alpha), log_Dc, cost, kappa, W)
            affordable(N >= 1, cost)
            return N, D, E + A * N**-alpha + B * D**-beta
    else:
        total, method = cost_function(lifetime), "numeric"

        def formula(E, A, B, alpha, beta, cost, **assumptions):
            return best_numeric(total, cost, E, A, B, alpha, beta, assumptions)

    N, D, loss = elementwise(formula, ("N", "D", "loss"), **law.coefficients, cost=cost, **assumptions)
    return Plan(law, lifetime, assumptions, N, D, loss, method)


def _numeric_only(law, **values):
    for name, value in (law.coefficients | values).items():
        if is_symbolic(value):
            raise ValueError(f"{name} must be a number or an array to optimise with; got the expression {value}")


def _demand(lifetime: Lifetime):
    """A function of the assumptions that returns κ and W as numbers."""
    names = lifetime.assumptions
    function = compiled(linear_cost(lifetime), names)

    def demand(assumptions):
        kappa, W = function(*(assumptions[name] for name in names))
        require(np.greater(kappa, 0), "lifetime", kappa, "such that its cost per parameter and token of D is above 0")
        require(np.greater_equal(W, 0), "lifetime", W, "such that its demand per parameter is 0 or more")
        return kappa, W

    return demand
