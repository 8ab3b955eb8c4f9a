"""Scaling laws of the additive form: loss, its two inverses, the compute-optimal point, over-training. No numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from ..arrays import as_number, brief, check, elementwise, is_lazy, is_symbolic, require
from ..symbols import TRAINING_FLOP

COEFFICIENTS = ("E", "A", "B", "alpha", "beta")


@dataclass(frozen=True, eq=False)
class ScalingLaw:
    r"""A law for the loss of a model with N parameters trained once over D tokens.

    .. math:: L(N, D) = E + A N^{-\alpha} + B D^{-\beta}

    Parameters
    ----------
    E : float, array or symbol
        Irreducible loss, nats per token.
    A, B : float, array or symbol
        Coefficients of the parameter and the token term, nats per token.
    alpha, beta : float, array or symbol
        Exponents of the parameter and the token term.
    name, source : str, optional
        For labels and tables.
    covariance : array of shape (5, 5), optional
        Of the estimated (ln A, ln B, ln E, alpha, beta), in this order, where it is known. A and alpha are correlated
        by 0.999, and so are B and beta: never draw them apart (``lifetime.OneOf`` draws them together). A law of arrays
        may have one too, as a summary: its own elements are what is drawn.

    Notes
    -----
    Fields broadcast against each other and against every argument: 10,000 bootstrap draws of a law are one law whose
    fields have shape (10000,). With symbols in the fields or the arguments, every method returns a sympy expression:
    the formula that is computed with is the formula that is derived with.

    Raises
    ------
    ValueError
        For a coefficient or exponent that is not positive and finite (E may be 0), or an invalid covariance or draws.

    Examples
    --------
    >>> law = ScalingLaw(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
    >>> print(f"{law.loss(70e9, 1.4e12):.4f}")
    1.9739

    References
    ----------
    Hoffmann et al. (2022), arXiv 2203.15556, equation 10.
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float
    name: str = field(default="", kw_only=True)
    source: str = field(default="", kw_only=True, repr=False)
    covariance: np.ndarray | None = field(default=None, kw_only=True, repr=False)
    draws: ScalingLaw | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self):
        for coefficient in COEFFICIENTS:
            value = as_number(coefficient, getattr(self, coefficient))
            if not is_symbolic(value) and not is_lazy(value):
                check(coefficient, value)
            object.__setattr__(self, coefficient, value)
        if self.covariance is not None:
            object.__setattr__(self, "covariance", _valid_covariance(self.covariance))
        if self.draws is not None and not (isinstance(self.draws, ScalingLaw) and self.draws._holds_arrays):
            raise ValueError(f"draws must be a lifetime.ScalingLaw whose fields are arrays; got {brief(self.draws)}")

    @property
    def coefficients(self) -> dict:
        """The five fields of the equation by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name in COEFFICIENTS}

    def intervals(self, level=0.8):
        """The median and the central interval of each coefficient, for a law of arrays: a bootstrap, or other draws.

        Parameters
        ----------
        level : float, optional
            Probability of the interval: 0.8 is from the 10 % to the 90 % quantile.

        Returns
        -------
        pandas.DataFrame
            A row a coefficient; columns low, median, high. Each interval is of one coefficient by itself: A at its low
            end with alpha at its high end is not a likely law.

        Raises
        ------
        ValueError
            For a law of single numbers.

        Examples
        --------
        >>> import lifetime as lt
        >>> law = lt.sample({"law": lt.OneOf(lt.laws.Besiroglu2024)}, 4096, rng=0)["law"]
        >>> law.intervals().round(2).loc["alpha"].tolist()
        [0.33, 0.35, 0.37]
        """
        from ..arrays import quantiles

        if not self._holds_arrays:
            raise ValueError(
                f"intervals need a law of arrays; got {self!r}. If it is uncertain, draw it first: "
                "lifetime.sample({'law': lifetime.OneOf(law)}, n=4096, rng=0)['law']"
            )
        return quantiles(self.coefficients, level)

    @property
    def is_uncertain(self) -> bool:
        """Whether the uncertainty of the coefficients is known: as arrays, as draws or as a covariance."""
        return self._holds_arrays or self.draws is not None or self.covariance is not None

    @property
    def _holds_arrays(self) -> bool:
        return any(np.ndim(value) for value in self.coefficients.values())

    def _evaluate(self, formula, *outputs, **inputs):
        return elementwise(formula, outputs, **self.coefficients, **inputs)

    def loss(self, N, D):
        r"""Loss of a model: :math:`L = E + A N^{-\alpha} + B D^{-\beta}`, nats per token.

        Parameters
        ----------
        N, D : float or array
            Parameters and training tokens; they broadcast.

        Examples
        --------
        >>> from lifetime import laws
        >>> print(f"{laws.Sardana2024.loss(70e9, 1e12):.5f}")
        1.94727
        """
        return self._evaluate(_loss, "loss", N=N, D=D)

    def tokens_for(self, loss, N):
        r"""Training tokens with which N parameters reach a loss: :math:`D = (B / (L - E - A N^{-\alpha}))^{1/\beta}`.

        Raises
        ------
        ValueError
            If N parameters cannot reach the loss with any number of tokens.

        Examples
        --------
        >>> from lifetime import laws
        >>> law = laws.Besiroglu2024
        >>> print(f"{law.tokens_for(law.loss(7e9, 2e12), 7e9):.4g}")
        2e+12
        """
        return self._evaluate(_tokens_for, "D", loss=loss, N=N)

    def params_for(self, loss, D):
        r"""Parameters that reach a loss with D training tokens: :math:`N = (A / (L - E - B D^{-\beta}))^{1/\alpha}`.

        Raises
        ------
        ValueError
            If no model of finite size reaches the loss with D tokens.

        Examples
        --------
        >>> from lifetime import laws
        >>> law = laws.Besiroglu2024
        >>> print(f"{law.params_for(law.loss(7e9, 2e12), 2e12):.4g}")
        7e+09
        """
        return self._evaluate(_params_for, "N", loss=loss, D=D)

    def compute_optimal(self, flop):
        r"""The (N, D) of least loss for a pre-training compute of 6·N·D FLOP.

        .. math:: N = G (C/6)^{\beta/(\alpha+\beta)}, \quad D = G^{-1} (C/6)^{\alpha/(\alpha+\beta)}, \quad
                  G = \left(\frac{\alpha A}{\beta B}\right)^{1/(\alpha+\beta)}

        Parameters
        ----------
        flop : float or array
            Pre-training compute C, FLOP.

        Returns
        -------
        (N, D)

        Examples
        --------
        >>> from lifetime import laws
        >>> N, D = laws.Besiroglu2024.compute_optimal(5.76e23)
        >>> print(f"{N:.4g} parameters, {D:.4g} tokens")
        7.225e+10 parameters, 1.329e+12 tokens

        References
        ----------
        Hoffmann et al. (2022), arXiv 2203.15556, equation 4.
        """
        return self._evaluate(_compute_optimal, "N", "D", flop=flop)

    def compute_optimal_at_loss(self, loss):
        r"""The (N, D) of least pre-training compute for a loss.

        .. math:: N_0 = \left(\frac{(\alpha+\beta) A}{\beta (L-E)}\right)^{1/\alpha}, \quad
                  D_0 = \left(\frac{(\alpha+\beta) B}{\alpha (L-E)}\right)^{1/\beta}

        Returns
        -------
        (N, D)

        Examples
        --------
        >>> from lifetime import laws
        >>> law = laws.Besiroglu2024
        >>> N, D = law.compute_optimal_at_loss(law.loss(*law.compute_optimal(5.76e23)))
        >>> print(f"{6 * N * D:.4g} FLOP")
        5.76e+23 FLOP
        """
        return self._evaluate(_compute_optimal_at_loss, "N", "D", loss=loss)

    def compute_optimal_tokens(self, N):
        r"""Training tokens at which N parameters are compute-optimal.

        .. math:: D = \left(\frac{\beta B}{\alpha A} N^\alpha\right)^{1/\beta}

        Examples
        --------
        >>> from lifetime import laws
        >>> print(f"{laws.Besiroglu2024.compute_optimal_tokens(70e9):.4g}")
        1.289e+12
        """
        return self._evaluate(_compute_optimal_tokens, "D", N=N)

    def overtraining(self, N, D):
        r"""Training tokens as a multiple of the compute-optimal tokens of a model of the same size.

        .. math:: D / D_\mathrm{opt}(N)

        Examples
        --------
        >>> from lifetime import laws
        >>> print(f"{laws.Besiroglu2024.overtraining(8.03e9, 15e12):.1f}")
        91.2
        """
        return self._evaluate(_overtraining, "over-training", N=N, D=D)


def _valid_covariance(covariance):
    matrix = np.asarray(as_number("covariance", covariance))
    valid = matrix.shape == (5, 5) and np.all(np.isfinite(matrix)) and np.allclose(matrix, matrix.T, rtol=1e-6, atol=0)
    if not valid or np.any(np.linalg.eigvalsh(matrix) <= 0):
        raise ValueError(
            f"covariance must be a symmetric, positive definite matrix of shape (5, 5); got shape {matrix.shape}"
            + (f" with diagonal {matrix.diagonal()}" if matrix.ndim == 2 else "")
        )
    return matrix


def reducible(loss, E):
    """The part of a loss above E; an error where there is none."""
    if not is_symbolic(loss - E):
        require(loss > E, "loss", loss, "above {limit}, the irreducible loss E of the law", limit=E)
    return loss - E


def _loss(E, A, B, alpha, beta, N, D):
    return E + A * N**-alpha + B * D**-beta


def _tokens_for(E, A, B, alpha, beta, loss, N):
    rest = reducible(loss, E) - A * N**-alpha
    if not is_symbolic(rest):
        smallest = (A / (loss - E)) ** (1 / alpha)
        require(rest > 0, "N", N, "above {limit} to reach the loss with a finite number of tokens", limit=smallest)
    return (B / rest) ** (1 / beta)


def _params_for(E, A, B, alpha, beta, loss, D):
    rest = reducible(loss, E) - B * D**-beta
    if not is_symbolic(rest):
        fewest = (B / (loss - E)) ** (1 / beta)
        require(rest > 0, "D", D, "above {limit} for a model of finite size to reach the loss", limit=fewest)
    return (A / rest) ** (1 / alpha)


def _compute_optimal(E, A, B, alpha, beta, flop):
    G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))
    product = flop / TRAINING_FLOP
    return G * product ** (beta / (alpha + beta)), product ** (alpha / (alpha + beta)) / G


def _compute_optimal_at_loss(E, A, B, alpha, beta, loss):
    rest = reducible(loss, E)
    return (
        ((alpha + beta) * A / (beta * rest)) ** (1 / alpha),
        ((alpha + beta) * B / (alpha * rest)) ** (1 / beta),
    )


def _compute_optimal_tokens(E, A, B, alpha, beta, N):
    return (beta * B / (alpha * A) * N**alpha) ** (1 / beta)


def _overtraining(E, A, B, alpha, beta, N, D):
    return D / _compute_optimal_tokens(E, A, B, alpha, beta, N)
