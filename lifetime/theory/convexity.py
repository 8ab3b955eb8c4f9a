"""What sympy can see of an expression: whether its logarithm is convex in the logarithms of the unknowns."""

from __future__ import annotations

import sympy as sp


def is_log_convex(expression: sp.Expr, unknowns: tuple[sp.Symbol, ...], rising: bool = False) -> bool:
    """Whether an expression is built of powers of the unknowns with positive coefficients, sums, products and maxima.

    Then ln of it is convex in ln of the unknowns, and the least of it at a fixed value of another such expression is
    the only stationary point (geometric programming). False where sympy cannot see it.

    Parameters
    ----------
    expression : sympy expression
    unknowns : tuple of symbol
    rising : bool, optional
        Ask that it falls in no unknown, too.

    Examples
    --------
    >>> from lifetime.symbols import D, N
    >>> is_log_convex(6 * N * D + 2e12 * N, (N, D), rising=True), is_log_convex(6 * N * D - N, (N, D))
    (True, False)

    References
    ----------
    Boyd, Kim, Vandenberghe & Hassibi (2007), A tutorial on geometric programming, Optimization and Engineering 8, 67.
    """
    known = not expression.has(*unknowns)
    if known:
        return bool(expression.is_nonnegative)
    if expression.is_Symbol:
        return True
    if isinstance(expression, sp.Add | sp.Mul | sp.Max):
        return all(is_log_convex(part, unknowns, rising) for part in expression.args)
    if isinstance(expression, sp.Pow) and not expression.exp.has(*unknowns):
        base, exponent = expression.args
        if exponent.is_nonnegative:
            return is_log_convex(base, unknowns, rising)
        return not rising and exponent.is_real and _is_monomial(base, unknowns)
    return False


def _is_monomial(expression, unknowns):
    if not expression.has(*unknowns):
        return bool(expression.is_positive)
    if isinstance(expression, sp.Mul):
        return all(_is_monomial(part, unknowns) for part in expression.args)
    if isinstance(expression, sp.Pow):
        return bool(expression.exp.is_real) and _is_monomial(expression.base, unknowns)
    return expression.is_Symbol
