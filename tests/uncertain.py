"""What the tests of uncertainty share: uncertain laws and assumptions, and how they are drawn."""

import numpy as np
from scipy import stats

import lifetime as lt
from cases import LAW

BESIROGLU = lt.ScalingLaw(**lt.laws.Besiroglu2024.coefficients, covariance=lt.laws.Besiroglu2024.covariance)
REFIT = lt.ScalingLaw(**lt.laws.Sardana2024Refit.coefficients)  # as if nothing were known of its uncertainty
UNIFORM = stats.uniform()
UNCERTAIN = {
    "law": lt.OneOf([BESIROGLU, REFIT], weights=[3, 1]),
    "D_RL": lt.lognormal(1e12, 3),
    "D_inf": lt.loguniform(1e13, 1e15),
    "k_RL": lt.triangular(2, 3, 6),
    "e_RL": lt.triangular(0.14, 1 / 3, 0.4),
    "e_inf": lt.triangular(0.14, 1 / 3, 0.4),
}
INPUTS = ["law: choice", "law: coefficients", "D_RL", "D_inf", "k_RL", "e_RL", "e_inf"]
BOOTSTRAP = lt.ScalingLaw(*(np.array(list(LAW.coefficients.values()))[:, None] * np.linspace(0.9, 1.1, 7)))


def plan(law, **assumptions):
    """The cheapest model as good as Chinchilla."""
    return lt.cheapest(law, loss=law.loss(70e9, 1.4e12), **assumptions)


def rows(law):
    return np.stack(list(law.coefficients.values()), axis=-1)


def logs(law):
    """In the order of a covariance."""
    return np.stack([np.log(law.A), np.log(law.B), np.log(law.E), law.alpha, law.beta])


def ways(assumptions, n=1024, **options):
    return lt.sample(assumptions, n, 0, **options)
