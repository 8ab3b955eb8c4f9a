"""Scaling laws: loss, its two inverses, the compute-optimal point, over-training. No numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..arrays import as_number, at_least, brief, check, elementwise, generator, is_lazy, is_symbolic
from ..summary import quantiles
from ..types import Table, Value
from . import formulas
from .composite import Law
from .draws import drawn, valid_covariance


@dataclass(frozen=True, eq=False)
class ScalingLaw:
    r"""A law for the loss of a model with N parameters trained once over D tokens.

    .. math:: L(N, D) = E + (A N^{-\alpha} + B D^{-\beta})^\gamma

    Parameters
    ----------
    E : float, array or symbol
        Irreducible loss, nats per token.
    A, B : float, array or symbol
        Coefficients of the parameter and the token term, nats per token.
    alpha, beta : float, array or symbol
        Exponents of the parameter and the token term.
    gamma : float, array or symbol, optional
        Outer exponent; 1 for most laws. The compute optimum, and which N and D are equally good, do not depend on it.
    name, source : str, optional
        For labels and tables.
    covariance : array of shape (5, 5) or (6, 6), optional
        Of the estimated (ln A, ln B, ln E, alpha, beta), in this order, where it is known; with gamma as the sixth
        where that was fitted too. A and alpha are correlated by 0.999, and so are B and beta: never draw them apart
        (:meth:`sample` and ``lifetime.OneOf`` draw them together). A law of arrays may have one too, as a summary: its
        own elements are what is drawn.
    draws : ScalingLaw, optional
        A law of arrays, whose elements are equally likely: a bootstrap.
    params_counted : str, optional
        Which N the law means: total or active, embeddings in or out.
    range : mapping, optional
        What the runs of the fit span: "params", "tokens" and "tokens_per_param", each as (least, greatest), either of
        which may be None.
    not_for : str, optional
        What its source or its note forbids: "a loss", say. A plan made with it warns.

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

    E: Value
    A: Value
    B: Value
    alpha: Value
    beta: Value
    gamma: Value = 1
    name: str = field(default="", kw_only=True)
    source: str = field(default="", kw_only=True, repr=False)
    covariance: np.ndarray | None = field(default=None, kw_only=True, repr=False)
    draws: ScalingLaw | None = field(default=None, kw_only=True, repr=False)
    params_counted: str = field(default="", kw_only=True, repr=False)
    range: Mapping[str, tuple] = field(default_factory=dict, kw_only=True, repr=False)
    not_for: str = field(default="", kw_only=True, repr=False)

    def __post_init__(self):
        for coefficient in formulas.COEFFICIENTS:
            value = as_number(coefficient, getattr(self, coefficient))
            if not is_symbolic(value) and not is_lazy(value):
                check(coefficient, value)
            object.__setattr__(self, coefficient, value)
        if self.covariance is not None:
            object.__setattr__(self, "covariance", valid_covariance(self.covariance))
        if unknown := set(self.range) - {"params", "tokens", "tokens_per_param"}:
            raise ValueError(f"range must be of params, tokens and tokens_per_param; got {', '.join(sorted(unknown))}")
        if self.draws is not None and not (isinstance(self.draws, ScalingLaw) and self.draws._holds_arrays):
            raise ValueError(f"draws must be a lifetime.ScalingLaw whose fields are arrays; got {brief(self.draws)}")

    @property
    def coefficients(self) -> dict[str, Value]:
        """The fields of the equation by name; gamma only where it is not 1."""
        found = {name: getattr(self, name) for name in formulas.COEFFICIENTS}
        if isinstance(self.gamma, float) and self.gamma == 1:
            del found["gamma"]
        return found

    def intervals(self, level: float = 0.8) -> Table:
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
        >>> from lifetime import laws
        >>> laws.Besiroglu2024.sample(4096, rng=0).intervals().round(2).loc["alpha"].tolist()
        [0.33, 0.35, 0.37]
        """
        if not self._holds_arrays:
            hint = "If it is uncertain, draw it first: law.sample(4096, rng=0)"
            raise ValueError(f"intervals need a law of arrays; got {self!r}. {hint}")
        return quantiles(self.coefficients, level)

    @property
    def is_uncertain(self) -> bool:
        """Whether the uncertainty of the coefficients is known: as arrays, as draws or as a covariance."""
        return self._holds_arrays or self.draws is not None or self.covariance is not None

    def sample(self, n: int, rng: int | np.random.Generator) -> ScalingLaw:
        """Draw n laws, as one whose fields are arrays of shape (n,), its coefficients drawn together.

        From the elements of a law of arrays, or of its ``draws``, or from the normal of its covariance.

        Parameters
        ----------
        n : int
        rng : int or numpy.random.Generator

        Raises
        ------
        ValueError
            If nothing is known of the law's uncertainty.

        Examples
        --------
        >>> from lifetime import laws
        >>> print(f"{laws.Besiroglu2024.sample(1000, rng=0).alpha.std():.3f}")
        0.015
        """
        at_least("n", n, 1)
        return drawn(self, n, generator(rng))

    def where(self, *, N: Value = None, D: Value = None) -> Law:
        """The same law with N or D replaced by expressions: effective parameters, effective data.

        Parameters
        ----------
        N, D : sympy expression, optional
            In ``lifetime.symbols`` and symbols of the reader's own, which are then given, or chosen, by name.

        Examples
        --------
        Code that teaches as much as half as many tokens of text:

        >>> from lifetime import laws
        >>> from lifetime.symbols import D
        >>> law = laws.Besiroglu2024.where(D=D / 2)
        >>> print(f"{law.loss(70e9, 2.8e12):.4f} = {laws.Besiroglu2024.loss(70e9, 1.4e12):.4f}")
        1.9739 = 1.9739
        """
        return Law(self).where(N=N, D=D)

    def __add__(self, term: Value) -> Law:
        """The same law with one more term of the loss, an expression."""
        return Law(self) + term

    __radd__ = __add__

    def __sub__(self, term: Value) -> Law:
        """The same law with one term less."""
        return self + -term

    def least_params(self, loss: Value) -> Value:
        r"""The size that no amount of data gets below at a loss: :math:`(A / (L - E)^{1/\gamma})^{1/\alpha}`.

        Examples
        --------
        >>> from lifetime import laws
        >>> law = laws.Besiroglu2024
        >>> print(f"{law.least_params(law.loss(70e9, 1.4e12)):.3g}")
        1.07e+10
        """
        return self._evaluate(formulas.least_params, "N", loss=loss)

    def __repr__(self):
        shown = ", ".join(f"{name}={value!r}" for name, value in self.coefficients.items() if not np.ndim(value))
        if self._holds_arrays:
            sizes = np.broadcast_shapes(*(np.shape(value) for value in self.coefficients.values()))
            shown = f"{' × '.join(map(str, sizes))} draws" + (f", {shown}" if shown else "")
        return f"{type(self).__name__}({shown}{f', name={self.name!r}' if self.name else ''})"

    @property
    def _holds_arrays(self) -> bool:
        return any(np.ndim(value) for value in self.coefficients.values())

    def _evaluate(self, formula, *outputs, **inputs):
        return elementwise(formula, outputs, **self.coefficients, **inputs)

    def loss(self, N: Value, D: Value) -> Value:
        r"""Loss of a model: :math:`L = E + (A N^{-\alpha} + B D^{-\beta})^\gamma`, nats per token.

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
        return self._evaluate(formulas.loss, "loss", N=N, D=D)

    def tokens_for(self, loss: Value, N: Value) -> Value:
        r"""Training tokens with which N parameters reach a loss.

        .. math:: D = \left(\frac{B}{(L - E)^{1/\gamma} - A N^{-\alpha}}\right)^{1/\beta}

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
        return self._evaluate(formulas.tokens_for, "D", loss=loss, N=N)

    def params_for(self, loss: Value, D: Value) -> Value:
        r"""Parameters that reach a loss with D training tokens.

        .. math:: N = \left(\frac{A}{(L - E)^{1/\gamma} - B D^{-\beta}}\right)^{1/\alpha}

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
        return self._evaluate(formulas.params_for, "N", loss=loss, D=D)

    def compute_optimal(self, flop: Value) -> tuple[Value, Value]:
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
        return self._evaluate(formulas.compute_optimal, "N", "D", flop=flop)

    def compute_optimal_at_loss(self, loss: Value) -> tuple[Value, Value]:
        r"""The (N, D) of least pre-training compute for a loss.

        .. math:: N_0 = \left(\frac{(\alpha+\beta) A}{\beta r}\right)^{1/\alpha}, \quad
                  D_0 = \left(\frac{(\alpha+\beta) B}{\alpha r}\right)^{1/\beta}, \quad
                  r = (L-E)^{1/\gamma}

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
        return self._evaluate(formulas.compute_optimal_at_loss, "N", "D", loss=loss)

    def compute_optimal_tokens(self, N: Value) -> Value:
        r"""Training tokens at which N parameters are compute-optimal.

        .. math:: D = \left(\frac{\beta B}{\alpha A} N^\alpha\right)^{1/\beta}

        Examples
        --------
        >>> from lifetime import laws
        >>> print(f"{laws.Besiroglu2024.compute_optimal_tokens(70e9):.4g}")
        1.289e+12
        """
        return self._evaluate(formulas.compute_optimal_tokens, "D", N=N)

    def overtraining(self, N: Value, D: Value) -> Value:
        r"""Training tokens as a multiple of the compute-optimal tokens of a model of the same size.

        .. math:: D / D_\mathrm{opt}(N)

        Examples
        --------
        >>> from lifetime import laws
        >>> print(f"{laws.Besiroglu2024.overtraining(8.03e9, 15e12):.1f}")
        91.2
        """
        return self._evaluate(formulas.overtraining, "over-training", N=N, D=D)
