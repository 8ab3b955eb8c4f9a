"""An uncertain law: one of several, with coefficients that are drawn together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import as_number, brief, elementwise, power_of_two, require
from ..theory.composite import Law
from ..theory.draws import normal_draws, table_of
from ..theory.formulas import COEFFICIENTS
from ..theory.law import ScalingLaw
from ..theory.named import as_law
from ..types import Value


@dataclass(frozen=True, eq=False)
class OneOf:
    """An uncertain law: which of several it is, and its coefficients, drawn together.

    Each law is a set of equally likely draws of (E, A, B, alpha, beta): the elements of a law of arrays (a bootstrap),
    or of its ``draws``; for a law with a covariance, made once from the normal distribution of (ln A, ln B, ln E,
    alpha, beta) around its coefficients; any other law has one. A and alpha are correlated by 0.999, and so are B and
    beta: a draw is never taken apart.

    Parameters
    ----------
    laws : law, name of a preset, or sequence of these
        A ``ScalingLaw``, or a law made from one (``law + term``), if all are of the same expression. The first is the
        one that :func:`tornado` keeps while it varies something else.
    weights : sequence of float, optional
        How much each law is believed, relative to the others; equally by default.
    n : int, optional
        Draws of a law of numbers with a covariance; a power of two. Another 4,096 would move a quantile of the cheapest
        N by about 0.1 %.

    Raises
    ------
    ValueError
        For no laws or what is none, laws of different expressions, weights that do not match or are not positive, an n
        that is not a power of two, and a covariance so wide that it draws an exponent of 0 or less.

    Examples
    --------
    >>> from lifetime import sample
    >>> draws = sample({"law": OneOf(["Besiroglu2024", "Sardana2024Refit"])}, n=1024, rng=0)
    >>> draws["law"].alpha.shape
    (1024,)
    """

    laws: Any
    weights: Sequence[float] | None = None
    n: int = 4096
    _tables: tuple = field(init=False, repr=False)

    def __post_init__(self):
        several = isinstance(self.laws, Iterable) and not isinstance(self.laws, str)
        laws = tuple(as_law(law) for law in (self.laws if several else [self.laws]))
        if not laws or len({getattr(law, "expression", None) for law in laws}) > 1:
            raise ValueError(f"laws must be one or more laws of the same expression; got {brief(self.laws)}")
        weights = np.asarray(as_number("weights", np.ones(len(laws)) if self.weights is None else self.weights))
        if weights.shape != (len(laws),) or not np.all((weights > 0) & (weights < np.inf)):
            raise ValueError(f"weights must be {len(laws)} positive numbers; got {brief(self.weights)}")
        power_of_two("n", self.n)
        object.__setattr__(self, "laws", laws)
        object.__setattr__(self, "weights", tuple((weights / weights.sum()).tolist()))
        object.__setattr__(self, "_tables", tuple(_draws(_plain(law), self.n) for law in laws))

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is uncertain: the "choice" of the law, its "coefficients", both or neither."""
        return ("choice",) * (len(self.laws) > 1) + ("coefficients",) * any(
            table.shape[1] > 1 for table in self._tables
        )

    def at(self, choice: Value = 0.0, coefficients: Value = None) -> ScalingLaw | Law:
        """The law at points of [0, 1): which one (else the first), and which of its draws (in a shuffled order).

        Without ``coefficients``: its own, or of a law of arrays the median of each.
        """
        tables = self._tables
        if coefficients is None:
            tables, coefficients = [np.median(table_of(_plain(law)), axis=1, keepdims=True) for law in self.laws], 0.0
        bounds, table, sizes = np.cumsum(self.weights)[:-1], np.hstack(tables), np.array([t.shape[1] for t in tables])
        first = np.cumsum(sizes) - sizes

        def pick(**points):
            for name, value in points.items():
                require((value >= 0) & (value < 1), name, value, "0 or more and below 1")
            which = np.searchsorted(bounds, points["choice"], side="right")
            column = first[which] + (points["coefficients"] * sizes[which]).astype(int)
            return tuple(np.take(table, column, axis=1))

        values = elementwise(pick, COEFFICIENTS, choice=choice, coefficients=coefficients)
        drawn = ScalingLaw(*values[:5], 1 if np.all(table[-1] == 1) else values[5])
        like = self.laws[0]
        return Law(drawn, like.expression, positive=like.positive) if isinstance(like, Law) else drawn


def _plain(law):
    return law.base if isinstance(law, Law) else law


def _draws(law, n):
    """The table of a law, drawn from its covariance if that is all that is known of its uncertainty.

    Shuffled, because draws may come in an order (Sobol points do) of which every other one is lopsided.
    """
    table, rng = table_of(law if law.draws is None else law.draws), np.random.default_rng(0)
    if law.covariance is not None and table.shape[1] == 1:
        from scipy.stats import qmc

        size = len(law.covariance)
        standard = qmc.MultivariateNormalQMC(np.zeros(size), rng=rng).random(n).T
        table = normal_draws(law, standard)
    return rng.permutation(table, axis=1)
