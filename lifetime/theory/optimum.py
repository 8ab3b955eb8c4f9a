"""The optimum: the cheapest model at a loss, the best at a cost.

Three ways, each for what the one before it does not cover: the closed form (``closed_form.py``) for a plain law and a
cost N·(κ·D + W), the curve of equal loss (``curve.py``) for a plain law and any cost, and the conditions of Lagrange
(``stationary.py``) for any law, any cost and any further choice.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from .. import symbols as s
from ..arrays import as_number, brief, closest, elementwise, is_lazy, is_symbolic, require
from ..types import Value
from .budget import LIFETIME, Lifetime, as_lifetime, compiled, linear_cost
from .closed_form import best_model, cheapest_model, relative_budget, relative_demand, trinomial
from .composite import Law
from .curve import affordable, best_numeric, cheapest_split, cost_function, on_iso_loss
from .failures import holds_draws, some_planned
from .formulas import compute_optimal, reducible
from .formulas import loss as loss_of
from .law import ScalingLaw
from .limits import Limited
from .named import as_law
from .phase import Phase
from .plan import Plan
from .stationary import solve
from .system import system

_PRE_TRAINING = Lifetime(Phase("pre-training", s.D, s.TRAINING_FLOP))


def cheapest(
    law: ScalingLaw | Law | str, *, loss: Value, lifetime: Value = LIFETIME, choose: Value = (), **given: Value
) -> Plan:
    r"""The model of least lifetime cost at a fixed loss.

    .. math:: \min_{N, D}\; C(N, D) \quad\text{at}\quad L(N, D) = \text{loss}

    For :math:`C = N(\kappa D + W)`, with :math:`D_0` the compute-optimal tokens at that loss and :math:`y = D/D_0`,

    .. math:: y^{1+\beta} = y + k, \qquad k = \frac{\beta W}{\kappa(\alpha+\beta)D_0},

    solved in closed form (three of Newton's steps). Any other cost of a plain law is minimised along the curve of equal
    loss; any other law, and any further choice, by the conditions of Lagrange (``lifetime.theory.stationary``).

    Parameters
    ----------
    law : ScalingLaw, Law or str
        A string is the name of a preset.
    loss : float or array
        Loss to reach, nats per token. Only loss − E matters, so a loss given to 1e-16 relative fixes loss − E to
        1e-16·loss/(loss − E) only: what that cancellation costs close to E is the caller's.
    lifetime : Lifetime or sympy expression, optional
        What to pay for; an expression is a cost in terms of ``lifetime.symbols``.
    choose : tuple of str, optional
        Names of further symbols of the law and the lifetime that are not given: their best values are found with N and
        D, and are in ``plan.chosen``.
    **given : float or array
        Every other symbol of the lifetime and of the law but N and D by name: for the default D_RL, D_inf, k_RL, e_RL,
        e_inf. Zero demand is valid and gives the compute-optimal point; what a phase of 0 tokens costs need not be
        given.

    Returns
    -------
    Plan
        Of the broadcast shape of all arguments and of the law's fields. Of a law of arrays some draws may have no
        optimum: they are NaN in the plan, ``plan.planned`` says which, ``plan.warnings`` how many and why, and
        ``lifetime.quantiles`` leaves them out.

    Raises
    ------
    ValueError
        For an unknown, missing or invalid assumption, a loss that nothing reaches, a law that is none, and where there
        is no finite optimum: at a bound of what is chosen, or at infinity, and then the message says which. Of a law of
        arrays, only where no draw can be planned.

    Examples
    --------
    A model as good as a compute-optimal one of 13 B parameters, to serve 2 T tokens:

    >>> import lifetime as lt
    >>> law = lt.laws.Sardana2024
    >>> loss = law.loss(13e9, law.compute_optimal_tokens(13e9))
    >>> plan = cheapest(law, loss=loss, D_RL=0, D_inf=2e12, k_RL=3, e_RL=1, e_inf=1)
    >>> print(f"{plan.N:.4g} parameters, {plan.D:.4g} tokens, {plan.saving:.1%} saved")
    6.969e+09 parameters, 1.248e+12 tokens, 17.4% saved

    How many samples k to draw for each answer, where the loss falls by 0.1·k^-0.5 and each sample is paid for:

    >>> from lifetime.symbols import D_inf, e_inf
    >>> import sympy as sp
    >>> k = sp.Symbol("k", positive=True)
    >>> sampling = lt.LIFETIME.replace("inference", lt.Phase("inference", k * D_inf, 2, e_inf))
    >>> given = {"D_RL": 0, "D_inf": 1e11, "e_inf": 1}
    >>> plan = lt.cheapest(law + 0.1 * k**-0.5, loss=loss + 0.05, lifetime=sampling, choose="k", **given)
    >>> print(f"{plan.chosen['k']:.2f} samples, {plan.N:.3g} parameters")
    8.61 samples, 7.29e+09 parameters

    References
    ----------
    Sardana et al. (2024), arXiv 2401.00448, equation 1 (solved there with Newton's method).
    """
    return _cheapest(law, loss, lifetime, choose, given)


def _cheapest(law, loss, lifetime, choose, given, failed=()):
    """The cheapest model; ``failed`` may be ("loss",), where that of a failed draw is NaN."""
    law, lifetime, settled, choose, given = _problem(law, lifetime, choose, given, loss=loss)
    failed = failed if holds_draws(law) else None
    if choose or isinstance(law, Law):
        return _stationary(law, lifetime, settled, choose, given, failed, loss=loss)
    if settled.per_param:
        demand, method = _demand(settled), "closed form"

        def formula(E, A, B, alpha, beta, loss, gamma=1, **given):
            kappa, W = demand(given)
            rest = reducible(loss, E, gamma)
            k, per_D0 = relative_demand(rest, B, alpha, beta, kappa, W)
            return cheapest_model(trinomial(k, beta, 1.0), k, per_D0, rest, A, alpha, beta)
    else:
        cost, method = cost_function(settled), "numeric"

        def formula(E, A, B, alpha, beta, loss, gamma=1, **given):
            rest = reducible(loss, E, gamma)
            return on_iso_loss(cheapest_split(cost, rest, A, B, alpha, beta, given), rest, A, B, alpha, beta)

    N, D = elementwise(formula, ("N", "D"), failed, **law.coefficients, loss=loss, **given)
    return _checked(Plan(law, lifetime, given, N, D, loss, method, planner=cheapest, goal={"loss": loss}))


def best(
    law: ScalingLaw | Law | str, *, cost: Value, lifetime: Value = LIFETIME, choose: Value = (), **given: Value
) -> Plan:
    r"""The model of lowest loss at a fixed lifetime cost: the dual of :func:`cheapest`.

    .. math:: \min_{N, D}\; L(N, D) \quad\text{at}\quad C(N, D) = \text{cost}

    For :math:`C = N(\kappa D + W)`, with :math:`D_c` the compute-optimal tokens of a pre-training budget of the same
    size and :math:`y = D/D_c`,

    .. math:: y^{1+\beta} = (y + k)^{1-\alpha}, \qquad k = \frac{W}{\kappa D_c}.

    For any other cost of a plain law, the loss is searched at which :func:`cheapest` costs the budget; for any other
    law, and any further choice, the conditions are those of :func:`cheapest` with cost and loss exchanged.

    Parameters
    ----------
    law : ScalingLaw, Law or str
    cost : float or array
        Lifetime budget, pre-training-equivalent FLOP.
    lifetime, choose, **given
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
    law, lifetime, settled, choose, given = _problem(law, lifetime, choose, given, cost=cost)
    failed = () if holds_draws(law) else None
    if choose or isinstance(law, Law):
        return _stationary(law, lifetime, settled, choose, given, failed, cost=cost)
    if settled.per_param:
        demand, method = _demand(settled), "closed form"

        def formula(E, A, B, alpha, beta, cost, gamma=1, **given):
            kappa, W = demand(given)
            affordable(cost > W, cost)
            k, D_c = relative_budget(cost, A, B, alpha, beta, kappa, W)
            N, D = best_model(trinomial(k, beta, 1 - alpha), D_c, cost, kappa, W)
            affordable(N >= 1, cost)
            return N, D, loss_of(E, A, B, alpha, beta, N, D, gamma)
    else:
        total, method = cost_function(settled), "numeric"

        def formula(E, A, B, alpha, beta, cost, gamma=1, **given):
            N, D = best_numeric(total, cost, E, A, B, alpha, beta, given)
            return N, D, loss_of(E, A, B, alpha, beta, N, D, gamma)

    N, D, loss = elementwise(formula, ("N", "D", "loss"), failed, **law.coefficients, cost=cost, **given)
    return _checked(Plan(law, lifetime, given, N, D, loss, method, planner=best, goal={"cost": cost}))


def _problem(law, lifetime, choose, given, **target):
    """Everything checked: law, lifetime, the lifetime without what is idle, the names to choose, the values given."""
    law, lifetime = as_law(law), as_lifetime(lifetime)
    choose = (choose,) if isinstance(choose, str) else tuple(choose)
    own = law.assumptions if isinstance(law, Law) else ()
    known = [*dict.fromkeys((*lifetime.assumptions, *own))]
    for name in choose:
        if name not in known:
            hint = closest(str(name), known)
            raise ValueError(f"choose must name symbols of the lifetime or the law; got {brief(name)}; {hint}")
        if name in given:
            raise ValueError(f"{name} must be given or chosen, not both; got {name}={brief(given[name])}")
    given = lifetime.checked(given, also=own, chosen=choose)
    for name, value in (law.coefficients | target | given).items():
        if is_symbolic(value):
            raise ValueError(f"{name} must be a number or an array to optimise with; got the expression {value}")
    _as_declared(lifetime.cost.free_symbols | (law.expression.free_symbols if isinstance(law, Law) else set()), given)
    return law, lifetime, lifetime.settled(given, chosen=choose), choose, given


def _as_declared(symbols, given):
    """An error for a value below 0 of a reader's own symbol that is declared not to be: the solvers rely on it."""
    for symbol in symbols:
        value = given.get(symbol.name)
        if symbol.is_nonnegative and symbol.name not in s.MEANINGS and value is not None and not is_lazy(value):
            value = as_number(symbol.name, value)
            require(~np.less(value, 0), symbol.name, value, "0 or more, as its symbol is declared")


def _stationary(law, lifetime, settled, choose, given, failed, **target):
    """A plan by the conditions of Lagrange."""
    if not isinstance(law, Law):
        law = Law(law)
    ((fixed, value),) = target.items()
    dual = fixed == "cost"
    names = (*law.base.coefficients, *given)
    equations = system(settled.cost, law.rest if law.positive else law.expression, choose, names)

    def formula(**values):
        arrays = dict(zip(values, np.broadcast_arrays(*values.values()), strict=True))
        shape = arrays[fixed].shape
        flat = {name: array.ravel() for name, array in arrays.items()}
        goal = flat[fixed]
        coefficients = {name: flat[name] for name in law.base.coefficients}
        if dual:
            level, centre = goal, compute_optimal(flop=goal, **coefficients)
        else:
            level, centre = _level(law, goal, coefficients)
        found = solve(equations, [flat[name] for name in names], np.log(level), np.log(centre), dual=dual)
        return tuple(np.exp(x).reshape(shape)[()] for x in found)

    inputs = law.base.coefficients | {fixed: value} | given
    outputs = ("N", "D", *choose)
    found = dict(zip(outputs, elementwise(formula, outputs, failed, **inputs), strict=True))
    N, D = found.pop("N"), found.pop("D")
    everything = given | found
    own = {name: everything[name] for name in law.assumptions}
    failed = None if failed is None else ("N", "D", "loss", *choose)
    loss = law._loss(N, D, own, failed) if dual else value
    of_lifetime = {name: everything[name] for name in lifetime.assumptions if name in everything}
    compare = partial(_cheapest, law, loss, _PRE_TRAINING, (), own, failed)
    plan = Plan(law, lifetime, of_lifetime, N, D, loss, "stationary", chosen=found, given=own, compare=compare)
    return _checked(replace(plan, planner=best if dual else cheapest, goal=target))


def _level(law, loss, coefficients):
    """The loss above its floor, and an N and a D of the right order."""
    E, A, B, alpha, beta = (coefficients[name] for name in ("E", "A", "B", "alpha", "beta"))
    if law.positive:
        terms, level = reducible(loss, E, coefficients.get("gamma", 1)), loss - E
    else:
        require(loss > 0, "loss", loss, "a finite number above 0")
        terms, level = np.maximum(loss - E, 0.02 * loss), loss
    return level, ((A / terms) ** (1 / alpha), (B / terms) ** (1 / beta))


def _demand(lifetime: Lifetime):
    """A function of the assumptions that returns κ and W as numbers."""
    names = lifetime.assumptions
    expressions = linear_cost(lifetime)
    function = compiled(expressions, names)
    ours = all(symbol.name in s.MEANINGS for x in expressions for symbol in x.free_symbols)
    known = ours and bool(expressions[0].is_positive and expressions[1].is_nonnegative)

    def demand(assumptions):
        kappa, W = function(*(assumptions[name] for name in names))
        if known:  # from the ranges of its symbols, which are checked
            return kappa, W
        require(np.greater(kappa, 0), "lifetime", kappa, "such that its cost per parameter and token of D is above 0")
        require(np.greater_equal(W, 0), "lifetime", W, "such that its demand per parameter is 0 or more")
        return kappa, W

    return demand


def _checked(plan):
    """The plan, if some draw of its law could be planned in every scenario, and it fits."""
    plan = _fitting(plan)
    if plan.of_draws and not is_lazy(plan.N):
        some_planned(plan)
    return plan


def _fitting(plan):
    """The plan; an error that names the phase, what it takes and what there is, where it does not fit in a memory."""
    values = {"N": plan.N, "D": plan.D, **plan.assumptions}
    for phase in plan.lifetime.settled(plan.assumptions).phases:
        for _, taken, memory in {found.args for x in phase.fields.values() for found in x.atoms(Limited)}:
            function = compiled((taken, memory), tuple(values))

            def formula(function=function, phase=phase, **given):
                need, there = np.broadcast_arrays(*function(*given.values()))
                if np.any(beyond := need > there * (1 + 1e-12)):
                    many = "" if need.size == 1 else f" in {np.count_nonzero(beyond):,} of {need.size:,} scenarios"
                    raise ValueError(
                        f"the best plan does not fit{many}: phase {phase.name!r} takes {need[beyond].max():.4g} bytes "
                        f"of memory, and there are {there[beyond][0]:.4g}; give a smaller batch, a shorter context or "
                        "more devices"
                    )
                return given["N"], given["D"]

            N, D = elementwise(formula, ("N", "D"), plan.failed, **values)
            plan = replace(plan, N=N, D=D) if is_lazy(plan.N) or plan.of_draws else plan
    return plan
