"""How compute is divided between size and data, where a source has published that and no law of the loss."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..arrays import elementwise
from ..types import Value


@dataclass(frozen=True, eq=False)
class Allocation:
    r"""The compute-optimal size and data as powers of the compute, without a loss.

    .. math:: N = a\, C^p / u, \qquad D = b\, C^q

    Attributes
    ----------
    a, p, b, q : float
        Coefficients and exponents, as published, with C in FLOP.
    size_unit : float
        u, what the published size has for each parameter: 1 where it is parameters, 6 where it is FLOP per token.
    size_counted, compute_counted : str
        What is counted as the size and as the compute.
    name, source : str
        For labels and tables.

    Notes
    -----
    Neither :func:`lifetime.cheapest` nor :func:`lifetime.best` can use it: what a model is worth off the optimum, or at
    another loss, it does not say.

    Examples
    --------
    >>> from lifetime import allocations
    >>> N, D = allocations.DeepSeek2024.compute_optimal(5.76e23)
    >>> print(f"{N:.3g} parameters, {D:.3g} tokens")
    8.2e+10 parameters, 1.17e+12 tokens
    """

    a: float
    p: float
    b: float
    q: float
    size_unit: float = 1
    size_counted: str = field(default="", kw_only=True)
    compute_counted: str = field(default="", kw_only=True)
    name: str = field(default="", kw_only=True)
    source: str = field(default="", kw_only=True, repr=False)

    def compute_optimal(self, flop: Value) -> tuple[Value, Value]:
        """The (N, D) of least loss for a pre-training compute, as the source counts it.

        Parameters
        ----------
        flop : float or array
            Pre-training compute C, FLOP.

        Returns
        -------
        (N, D)
        """
        formula = lambda flop: (self.a * flop**self.p / self.size_unit, self.b * flop**self.q)
        return elementwise(formula, ("N", "D"), flop=flop)
