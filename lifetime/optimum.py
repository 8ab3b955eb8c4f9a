r"""The optimum: cheapest (fixed loss), best (fixed budget), and the demand that a finished model reveals.

For a cost N·(κ·D + W) both problems come down to one equation in y, the training tokens as a multiple of the
compute-optimal tokens without demand:

.. math:: y^{1+\beta} = (y + k)^m

with m = 1 at a fixed loss and m = 1 − α at a fixed budget. In u = ln y it is (1+β)·u = m·ln(e^u + k), which three
Halley steps solve to machine precision. Any other cost is minimised numerically along the iso-loss curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import sympy as sp

from . import symbols as s
from .arrays import elementwise, exp, is_symbolic, log, require
from .budget import LIFETIME, Ledger, Lifetime, Phase, check_names, compiled
from .scaling import ScalingLaw, reducible


@dataclass(frozen=True, eq=False)
class Plan:
    """A model and what its lifetime costs: the result of :func:`cheapest` and :func:`best`.

    Attributes
    ----------
    N, D, loss : float or array
        Active parameters, pre-training tokens, loss.
    cost, flop : float or array
        Lifetime total: pre-training-equivalent FLOP, and raw FLOP.
    shares : dict
        Share of the cost by phase name.
    tokens_per_param, overtraining : float or array
        D/N, and D as a multiple of the compute-optimal tokens at the same N.
    saving : float or array
        Fraction of the lifetime cost saved against the compute-optimal ("Chinchilla") model of the same loss.
    status, method : str
        "converged" (anything else is an error), by "closed form" or "numeric" minimisation.
    law, lifetime, assumptions
        What it was computed from.
    """

    law: ScalingLaw
    lifetime: Lifetime
    assumptions: dict
    N: float
    D: float
    loss: float
    method: str
    status: str = "converged"

    @cached_property
    def ledger(self) -> Ledger:
        """The bill of this plan, phase by phase."""
        return Ledger(self.lifetime, {"N": self.N, "D": self.D, **self.assumptions})

    @property
    def cost(self):
        """Lifetime cost, pre-training-equivalent FLOP."""
        return self.ledger.cost

    @property
    def flop(self):
        """Lifetime raw FLOP."""
        return self.ledger.flop

    @property
    def shares(self) -> dict:
        """Share of the lifetime cost by phase name."""
        return self.ledger.shares

    @property
    def tokens_per_param(self):
        """Training tokens per parameter, D/N."""
        return self.D / self.N

    @property
    def overtraining(self):
        """Training tokens as a multiple of the compute-optimal tokens at the same N."""
        return self.law.overtraining(self.N, self.D)

    @cached_property
    def chinchilla(self) -> Plan:
        """The compute-optimal model of the same loss, with the same lifetime to live."""
        N, D = self.law.compute_optimal_at_loss(self.loss)
        return Plan(self.law, self.lifetime, self.assumptions, N, D, self.loss, "closed form")

    @property
    def saving(self):
        """Fraction of the lifetime cost saved against the compute-optimal model of the same loss."""
        return 1 - self.cost / self.chinchilla.cost

    def table(self):
        """The plan beside the compute-optimal model of the same loss, in base units.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        def column(plan):
            rows = {"N": plan.N, "D": plan.D, "tokens per parameter": plan.tokens_per_param}
            rows |= {"over-training": plan.overtraining, "loss": plan.loss, "cost": plan.cost}
            return rows | {f"share of {name}": share for name, share in plan.shares.items()}

        if np.ndim(self.N):
            raise ValueError(f"a table shows one scenario; this plan holds {np.shape(self.N)} of them")
        return pd.DataFrame({"plan": column(self), "compute-optimal": column(self.chinchilla)})

    def __repr__(self):
        if np.ndim(self.N):
            return f"<Plan of {np.shape(self.N)} scenarios, {self.method}, {self.status}>"
        return self._shown().to_string()

    def _repr_html_(self):
        return None if np.ndim(self.N) else self._shown().to_html()

    def _shown(self):
        from .display import plan_table

        return plan_table(self.table())


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
    lifetime = _as_lifetime(lifetime)
    assumptions = check_names(assumptions, lifetime.assumptions)
    _numeric_only(law, loss=loss, **assumptions)
    if lifetime.per_param:
        demand, method = _demand(lifetime), "closed form"

        def formula(E, A, B, alpha, beta, loss, **assumptions):
            kappa, W = demand(assumptions)
            rest = reducible(loss, E)
            k, per_D0 = _relative_demand(rest, B, alpha, beta, kappa, W)
            return _cheapest_model(_trinomial(k, beta, 1.0), k, per_D0, rest, A, alpha, beta)
    else:
        cost, method = _cost(lifetime), "numeric"

        def formula(E, A, B, alpha, beta, loss, **assumptions):
            split = _cheapest_split(cost, reducible(loss, E), A, B, alpha, beta, assumptions)
            return _on_iso_loss(split, reducible(loss, E), A, B, alpha, beta)

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
    lifetime = _as_lifetime(lifetime)
    assumptions = check_names(assumptions, lifetime.assumptions)
    _numeric_only(law, cost=cost, **assumptions)
    if lifetime.per_param:
        demand, method = _demand(lifetime), "closed form"

        def formula(E, A, B, alpha, beta, cost, **assumptions):
            kappa, W = demand(assumptions)
            _affordable(cost > W, cost)
            k, log_Dc = _relative_budget(cost, A, B, alpha, beta, kappa, W)
            N, D = _best_model(_trinomial(k, beta, 1 - alpha), log_Dc, cost, kappa, W)
            _affordable(N >= 1, cost)
            return N, D, E + A * N**-alpha + B * D**-beta
    else:
        total, method = _cost(lifetime), "numeric"

        def formula(E, A, B, alpha, beta, cost, **assumptions):
            return _best_numeric(total, cost, E, A, B, alpha, beta, assumptions)

    N, D, loss = elementwise(formula, ("N", "D", "loss"), **law.coefficients, cost=cost, **assumptions)
    return Plan(law, lifetime, assumptions, N, D, loss, method)


def revealed_demand(law: ScalingLaw, N, D, *, lifetime: Lifetime | sp.Expr = LIFETIME, **assumptions):
    r"""The demand per parameter that makes a finished model the cheapest of its loss.

    .. math:: W = \kappa D \left(\frac{\alpha A N^{-\alpha}}{\beta B D^{-\beta}} - 1\right)

    Parameters
    ----------
    law : ScalingLaw
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
    kappa, _ = _linear(_as_lifetime(lifetime))
    names = tuple(sorted(symbol.name for symbol in kappa.free_symbols))
    check_names(assumptions, names)
    function = compiled((kappa,), names)

    def formula(E, A, B, alpha, beta, N, D, **assumptions):
        (factor,) = function(*(assumptions[name] for name in names))
        return factor * D * (_marginal_ratio(A, B, alpha, beta, N, D) - 1)

    return elementwise(formula, ("W",), **law.coefficients, N=N, D=D, **assumptions)


def served_tokens(law: ScalingLaw, N, D, *, lifetime: Lifetime | sp.Expr = LIFETIME, **assumptions):
    r"""The tokens served, D_inf, that make a finished model the cheapest of its loss.

    Solves :math:`W(D_\mathrm{inf}) =` :func:`revealed_demand` for D_inf, all else given.

    Parameters
    ----------
    law : ScalingLaw
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
    lifetime = _as_lifetime(lifetime)
    kappa, W = _linear(lifetime)
    others = tuple(name for name in lifetime.assumptions if name != "D_inf")
    slope = sp.diff(W, s.D_inf)
    if slope == 0 or s.D_inf in slope.free_symbols | kappa.free_symbols:
        raise ValueError("lifetime must have a cost that is linear in D_inf, and has not")
    check_names(assumptions, others)
    function = compiled((kappa, sp.expand(W - slope * s.D_inf), slope), others)

    def formula(E, A, B, alpha, beta, N, D, **assumptions):
        factor, rest, per_token = function(*(assumptions[name] for name in others))
        return (factor * D * (_marginal_ratio(A, B, alpha, beta, N, D) - 1) - rest) / per_token

    return elementwise(formula, ("D_inf",), **law.coefficients, N=N, D=D, **assumptions)


def _as_lifetime(lifetime) -> Lifetime:
    if isinstance(lifetime, Lifetime):
        return lifetime
    if isinstance(lifetime, sp.Expr):
        return Lifetime((Phase("total", s.D, lifetime / (s.N * s.D)),))
    raise ValueError(f"lifetime must be a lifetime.Lifetime or a sympy expression for the cost; got {lifetime!r}")


def _numeric_only(law, **values):
    for name, value in (law.coefficients | values).items():
        if is_symbolic(value):
            raise ValueError(f"{name} must be a number or an array to optimise with; got the expression {value}")


def _linear(lifetime: Lifetime) -> tuple[sp.Expr, sp.Expr]:
    if lifetime.per_param is None:
        raise ValueError(f"lifetime must have a cost of the form N·(κ·D + W); got {lifetime.cost}")
    return lifetime.per_param


def _demand(lifetime: Lifetime):
    """A function of the assumptions that returns κ and W as numbers."""
    names = lifetime.assumptions
    function = compiled(_linear(lifetime), names)

    def demand(assumptions):
        kappa, W = function(*(assumptions[name] for name in names))
        require(np.greater(kappa, 0), "lifetime", kappa, "such that its cost per parameter and token of D is above 0")
        require(np.greater_equal(W, 0), "lifetime", W, "such that its demand per parameter is 0 or more")
        return kappa, W

    return demand


def _cost(lifetime: Lifetime):
    """A function of N, D and the assumptions that returns the cost C, N·∂C/∂N and D·∂C/∂D."""
    total = lifetime.cost
    slopes = s.N * sp.diff(total, s.N), s.D * sp.diff(total, s.D)
    if any(slope.has(sp.Derivative) for slope in slopes):
        raise ValueError(f"lifetime must have a cost that is piecewise differentiable in N and D; got {total}")
    function = compiled((total, *slopes), ("N", "D", *lifetime.assumptions))

    def cost(N, D, *assumptions):
        total, by_N, by_D = function(N, D, *assumptions)
        require(~np.less_equal(total, 0), "lifetime", total, "such that its cost is above 0")
        return total, by_N, by_D

    return cost


def _marginal_ratio(A, B, alpha, beta, N, D):
    """αA·N^-α / (βB·D^-β): lifetime cost over pre-training cost at the optimum."""
    return alpha * A * N**-alpha / (beta * B * D**-beta)


def _relative_demand(rest, B, alpha, beta, kappa, W):
    """The k of the trinomial at a fixed loss, and 1/D_0."""
    per_D0 = exp(log(alpha / (alpha + beta) * rest / B) / beta)
    return beta / (alpha + beta) * W / kappa * per_D0, per_D0


def _cheapest_model(u, k, per_D0, rest, A, alpha, beta):
    """(N, D) at the root u of the trinomial at a fixed loss."""
    y = exp(u)
    left = 1 - alpha / (alpha + beta) * y / (y + k)  # of loss − E, to the parameter term; y^-β = y/(y + k)
    return exp(log(A / (rest * left)) / alpha), y / per_D0


def _relative_budget(cost, A, B, alpha, beta, kappa, W):
    """The k of the trinomial at a fixed budget, and ln D_c."""
    log_Dc = (log(beta * B / (alpha * A)) + alpha * log(cost / kappa)) / (alpha + beta)
    return W / kappa * exp(-log_Dc), log_Dc


def _best_model(u, log_Dc, cost, kappa, W):
    """(N, D) at the root u of the trinomial at a fixed budget."""
    D = exp(log_Dc + u)
    return cost / (kappa * D + W), D


def _trinomial(k, beta, m):
    """The root u of (1+β)·u = m·ln(e^u + k) for k ≥ 0 and m ≤ 1: convex or concave in u, so Halley's steps are safe."""
    u = _halley_start(k, beta, m)
    for _ in range(_halley_steps(np.min(beta))):
        step = _halley_step(u, k, beta, m)
        u = u - step
    if np.any(np.abs(step) > 1e-4):
        raise ArithmeticError(f"the optimum did not converge: last step {np.max(np.abs(step)):.2g} in ln D")
    return u


def _halley_start(k, beta, m):
    b = 1 + beta
    return m / b * log(1 + k * (b / (b - m)))


def _halley_steps(smallest_beta):
    """How many steps reach machine precision."""
    return 3 + (smallest_beta < 0.2) + (smallest_beta < 0.02)


def _halley_step(u, k, beta, m):
    b = 1 + beta
    e = exp(u)
    t = e + k
    p = m * e / t
    f = b * u - m * log(t)
    slope = b - p
    return 2 * f * slope / (2 * slope * slope + f * p * (k / t))


def _on_iso_loss(x, rest, A, B, alpha, beta):
    """(N, D) on the iso-loss curve: a share 1/(1+e^-x) of the reducible loss is left to N, the other to D."""
    return (
        np.exp((np.log(A / rest) + np.logaddexp(0, -x)) / alpha),
        np.exp((np.log(B / rest) + np.logaddexp(0, x)) / beta),
    )


def _cheapest_split(cost, rest, A, B, alpha, beta, assumptions):
    """The split x of the reducible loss at which the cost is least.

    A grid brackets the minima on the iso-loss curve by the sign of the slope, the root of the slope is found in each,
    and the cheapest is kept. Where the cost is a sum of powers of N and D with exponents of 0 or more, the logarithm of
    the cost is convex in x, and there is only one; a dip narrower than a step of the grid (10 % in N) may be missed.
    """
    from scipy.optimize import elementwise as search

    def slope(x, rest, A, B, alpha, beta, *assumptions):
        total, by_N, by_D = cost(*_on_iso_loss(x, rest, A, B, alpha, beta), *assumptions)
        up, down = by_D / (beta * (1 + np.exp(-x))), by_N / (alpha * (1 + np.exp(x)))
        return (up - down) / (np.abs(up) + np.abs(down)), total

    args = (rest, A, B, alpha, beta, *assumptions.values())
    minima = []  # the brackets of the first minimum of every scenario, of the second where there is one, ...
    before, on_grid = slope(_SPLITS[0], *args)
    for left, right in pairwise(_SPLITS):
        here, total = slope(right, *args)
        on_grid = np.fmin(on_grid, total)
        new = (before < 0) & (here >= 0)
        before = here
        for bracket in minima:
            free = new & np.isnan(bracket[0])
            bracket[:] = np.where(free, left, bracket[0]), np.where(free, right, bracket[1])
            new = new & ~free
        if np.any(new):
            minima.append([np.where(new, left, np.nan), np.where(new, right, np.nan)])
    split, lowest = np.nan, np.inf
    for bracket in minima:
        found = search.find_root(lambda *x: slope(*x)[0], tuple(bracket), args=args)
        if not np.all(found.success | np.isnan(bracket[0])):
            raise ArithmeticError(f"the optimum did not converge: status {np.unique(found.status)}")
        total = slope(found.x, *args)[1]
        split, lowest = np.where(total < lowest, found.x, split), np.fmin(total, lowest)
    inside = ~np.isnan(split) & ~(on_grid < lowest * (1 - 1e-9))
    require(inside, "lifetime", on_grid, "a cost that is continuous and, at this loss, least at a finite N and D")
    return split


_SPLITS = np.sinh(np.linspace(-np.arcsinh(40), np.arcsinh(40), 301))


def _best_numeric(cost, budget, E, A, B, alpha, beta, assumptions):
    """(N, D, loss) at which the cheapest model costs the budget: a root in ln(loss − E)."""
    from scipy.optimize import elementwise as search

    names = tuple(assumptions)

    def model(log_rest, A, B, alpha, beta, *values):
        rest = np.exp(log_rest)
        split = _cheapest_split(cost, rest, A, B, alpha, beta, dict(zip(names, values, strict=True)))
        return _on_iso_loss(split, rest, A, B, alpha, beta)

    def excess(log_rest, budget, *law_and_values):
        return np.log(cost(*model(log_rest, *law_and_values), *law_and_values[4:])[0] / budget)

    args = (budget, A, B, alpha, beta, *assumptions.values())
    worst = np.log(A + B)  # the reducible loss of one parameter trained on one token
    _affordable(excess(worst, *args) < 0, budget)
    bracket = search.bracket_root(excess, worst - 1, worst, xmax=worst, args=args)
    found = search.find_root(excess, bracket.bracket, args=args)
    if not np.all(found.success):
        raise ArithmeticError(f"the optimum did not converge: status {np.unique(found.status)}")
    N, D = model(found.x, *args[1:])
    _affordable(N >= 1, budget)
    return N, D, E + np.exp(found.x)


def _affordable(ok, budget):
    require(ok, "cost", budget, "above what the demand alone takes with a model of one parameter")
