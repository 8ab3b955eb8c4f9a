"""An uncertain law: one of several, with coefficients that are drawn together."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..arrays import as_number, brief, elementwise, is_symbolic, power_of_two, require
from ..theory.law import COEFFICIENTS, ScalingLaw


@dataclass(frozen=True, eq=False)
class OneOf:
    """An uncertain law: which of several it is, and its coefficients, drawn together.

    Each law is a set of equally likely draws of (E, A, B, alpha, beta): the elements of a law of arrays (a bootstrap),
    or of its ``draws``; for a law with a covariance, made once from the normal distribution of (ln A, ln B, ln E,
    alpha, beta) around its coefficients; any other law has one. A and alpha are correlated by 0.999, and so are B and
    beta: a draw is never taken apart.

    Parameters
    ----------
    laws : ScalingLaw or sequence of ScalingLaw
        The first is the one that :func:`tornado` keeps while it varies something else.
    weights : sequence of float, optional
        How much each law is believed, relative to the others; equally by default.
    n : int, optional
        Draws of a law of numbers with a covariance; a power of two. Another 4,096 would move a quantile of the cheapest
        N by about 0.1 %.

    Raises
    ------
    ValueError
        For no laws, weights that do not match or are not positive, an n that is not a power of two, and a covariance so
        wide that it draws an exponent of 0 or less.

    Examples
    --------
    >>> from lifetime import laws, sample
    >>> draws = sample({"law": OneOf([laws.Besiroglu2024, laws.Sardana2024Refit])}, n=1024, rng=0)
    >>> draws["law"].alpha.shape
    (1024,)
    """

    laws: tuple[ScalingLaw, ...]
    weights: tuple[float, ...] | None = None
    n: int = 4096
    _tables: tuple = field(init=False, repr=False)

    def __post_init__(self):
        laws = (self.laws,) if isinstance(self.laws, ScalingLaw) else tuple(self.laws)
        if not laws or not all(isinstance(law, ScalingLaw) for law in laws):
            raise ValueError(f"laws must be one or more lifetime.ScalingLaw; got {brief(self.laws)}")
        weights = np.asarray(as_number("weights", np.ones(len(laws)) if self.weights is None else self.weights))
        if weights.shape != (len(laws),) or not np.all((weights > 0) & (weights < np.inf)):
            raise ValueError(f"weights must be {len(laws)} positive numbers; got {brief(self.weights)}")
        power_of_two("n", self.n)
        object.__setattr__(self, "laws", laws)
        object.__setattr__(self, "weights", tuple((weights / weights.sum()).tolist()))
        object.__setattr__(self, "_tables", tuple(_draws(law, self.n) for law in laws))

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is uncertain: the "choice" of the law, its "coefficients", both or neither."""
        return ("choice",) * (len(self.laws) > 1) + ("coefficients",) * any(
            table.shape[1] > 1 for table in self._tables
        )

    def at(self, choice=0.0, coefficients=None) -> ScalingLaw:
        """The law at points of [0, 1): which one (else the first), and which of its draws (in a shuffled order).

        Without ``coefficients``: its own, or of a law of arrays the median of each.
        """
        tables = self._tables
        if coefficients is None:
            tables, coefficients = [np.median(_table(law), axis=1, keepdims=True) for law in self.laws], 0.0
        bounds, table, sizes = np.cumsum(self.weights)[:-1], np.hstack(tables), np.array([t.shape[1] for t in tables])
        first = np.cumsum(sizes) - sizes

        def pick(**points):
            for name, value in points.items():
                require((value >= 0) & (value < 1), name, value, "0 or more and below 1")
            which = np.searchsorted(bounds, points["choice"], side="right")
            column = first[which] + (points["coefficients"] * sizes[which]).astype(int)
            return tuple(np.take(table, column, axis=1))

        return ScalingLaw(*elementwise(pick, COEFFICIENTS, choice=choice, coefficients=coefficients))


def _table(law):
    """The coefficients, of shape (5, 1), or with a column for each element of a law of arrays."""
    values = law.coefficients.values()
    if any(is_symbolic(value) for value in values):
        raise ValueError(f"laws must have numbers for coefficients; got {brief(law)}")
    return np.stack([value.ravel() for value in np.broadcast_arrays(*values)])


def _draws(law, n):
    """The table of a law, drawn from its covariance if that is all that is known of its uncertainty.

    Shuffled, because draws may come in an order (Sobol points do) of which every other one is lopsided.
    """
    table, rng = _table(law if law.draws is None else law.draws), np.random.default_rng(0)
    if law.covariance is not None and table.shape[1] == 1:
        from scipy.stats import qmc

        E, A, B, *exponents = table[:, 0]
        with np.errstate(divide="ignore"):  # E may be 0, and stays 0
            centre = [*np.log([A, B, E]), *exponents]
        ln_A, ln_B, ln_E, alpha, beta = qmc.MultivariateNormalQMC(centre, law.covariance, rng=rng).random(n).T
        table = _table(ScalingLaw(np.exp(ln_E), np.exp(ln_A), np.exp(ln_B), alpha, beta))
    return rng.permutation(table, axis=1)
