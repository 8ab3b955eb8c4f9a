"""Around the published numbers: tables that must agree with themselves, identities, and numbers that nobody printed.

What a source states, and whether it comes out, is in ``lifetime/data/claims.csv`` and tested in ``test_claims.py``.
The numbers here were computed before, by other programs, from the same published constants. They are met to half a unit
of the last digit.
"""

import numpy as np
import pytest

import lifetime as lt
from lifetime import claims, laws, models

SARDANA = laws.Sardana2024
UNROUNDED = lt.ScalingLaw(  # Besiroglu et al. (2024), logs in the notebook of epoch-research/analyzing-chinchilla
    E=np.exp(0.59711196), A=np.exp(6.17795598), B=np.exp(7.64273236), alpha=0.34781303, beta=0.36585412
)
HUBER = lt.ScalingLaw(  # the same runs, at the least of the plain Huber objective
    E=np.exp(0.59730681), A=np.exp(6.16924637), B=np.exp(7.67015673), alpha=0.3473105, beta=0.36717243
)
PLAIN = {"D_RL": 0, "k_RL": 3, "e_RL": 1, "e_inf": 1}
"""C = 6·N·D + 2·N·D_inf, as in the literature."""


def printed(text):
    """A number to half a unit of its last digit."""
    number, half = claims.printed(text)
    return pytest.approx(number, rel=0, abs=half * (1 + 1e-6))


def of_quality(law, N):
    """The loss of the compute-optimal model of that size."""
    return law.loss(N, law.compute_optimal_tokens(N))


# Hoffmann et al. (2022), arXiv 2203.15556, and allocations by the laws


@pytest.mark.parametrize(
    ("law", "G", "exponent", "gamma", "N", "D", "tokens_per_param"),
    [
        (laws.Hoffmann2022Rounded, "1.344711", ".451613", ".153548", "32.190e9", "2.982e12", "92.65"),
        (laws.Hoffmann2022, "1.300046", ".456526", ".154840", "40.361e9", "2.379e12", "58.93"),
        (SARDANA, "1.297347", ".457189", ".153616", "41.716e9", "2.301e12", "55.17"),
        (laws.Besiroglu2024, ".119630", ".512612", ".178286", "72.249e9", "1.3287e12", "18.39"),
        (UNROUNDED, ".119633", ".512640", ".178303", "72.36e9", "1.3268e12", "18.34"),
        (HUBER, ".113208", ".513900", ".178483", "73.19e9", "1.312e12", "17.92"),
        (laws.Muennighoff2023, ".225802", ".5", ".176330", "69.962e9", "1.3722e12", "19.61"),
    ],
    ids=[
        "Hoffmann2022Rounded",
        "Hoffmann2022",
        "Sardana2024",
        "Besiroglu2024",
        "unrounded",
        "Huber",
        "Muennighoff2023",
    ],
)
def test_allocation_of_the_budget_of_gopher(law, G, exponent, gamma, N, D, tokens_per_param):
    """5.76e23 FLOP: N = G·(C/6)^exponent, and the reducible loss falls as C^-gamma."""
    size, tokens = law.compute_optimal(5.76e23)
    assert (size, tokens, tokens / size) == (printed(N), printed(D), printed(tokens_per_param))
    assert np.sqrt(size / tokens * (5.76e23 / 6) ** (1 - 2 * law.beta / (law.alpha + law.beta))) == printed(G)
    larger, more = law.compute_optimal(5.76e25)
    assert np.log(larger / size) / np.log(100) == printed(exponent)
    fall = (law.loss(larger, more) - law.E) / (law.loss(size, tokens) - law.E)
    assert -np.log(fall) / np.log(100) == printed(gamma)


@pytest.mark.parametrize("law", [*laws, UNROUNDED, HUBER], ids=[*laws.available, "unrounded", "Huber"])
def test_marginal_returns_are_equal_at_every_compute_optimum(law):
    N, D = law.compute_optimal(np.logspace(18, 28, 11))
    np.testing.assert_allclose(law.alpha * law.A * N**-law.alpha, law.beta * law.B * D**-law.beta, rtol=1e-12)


TABLE_A3 = {  # Hoffmann et al. (2022), table A3, approach 3: parameters, FLOP, tokens
    "400M": (400e6, 2.21e19, 9.2e9),
    "1B": (1e9, 1.62e20, 27.1e9),
    "10B": (10e9, 2.46e22, 410.1e9),
    "67B": (67e9, 1.71e24, 4.1e12),
    "175B": (175e9, 1.26e24, 12.0e12),
    "280B": (280e9, 3.52e25, 20.1e12),
    "520B": (520e9, 1.36e26, 43.5e12),
    "1T": (1e12, 5.65e26, 94.1e12),
    "10T": (10e12, 8.55e28, 1425.5e12),
}


@pytest.mark.parametrize("row", sorted(TABLE_A3.keys() - {"67B", "175B", "280B"}))
def test_table_a3_is_6_N_D_but_for_three_rows(row):
    """Two to four digits: 0.6 % covers their rounding. The other three are claims, a3_67B, a3_175B and a3_280B."""
    N, flop, D = TABLE_A3[row]
    assert lt.LIFETIME.ledger(N=N, D=D, D_inf=0, **PLAIN).cost == pytest.approx(flop, rel=0.006)


def test_table_a3_is_a_power_law_of_its_own():
    rows = np.array([row for name, row in TABLE_A3.items() if name != "67B"])
    rows[3, 1] *= 10  # the exponent of the 175B row
    slope, _ = np.polyfit(np.log(rows[:, 1]), np.log(rows[:, 0]), 1)
    assert slope == printed(".4586")


@pytest.mark.parametrize(
    ("law", "percent"),
    [
        (SARDANA, "0.4 1.6 3.0 -5.0 5.2 5.3 5.6 6.2 8.0"),
        (laws.Hoffmann2022, "6.3 7.9 10.2 2.2 13.6 13.9 14.4 15.3 18.2"),
        (laws.Hoffmann2022Rounded, "57 63 76 71 94 97 101 105 122"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_table_a3_follows_from_no_published_constants(law, percent):
    """Compute-optimal FLOP for the sizes of the table, and how far that is from what it prints."""
    N, flop, _ = np.array(list(TABLE_A3.values())).T
    flop[4] *= 10
    excess = 100 * (6 * N * law.compute_optimal_tokens(N) / flop - 1)
    assert excess.tolist() == [
        pytest.approx(float(text), abs=0.051 if "." in text else 0.51) for text in percent.split()
    ]
    assert abs(excess).max() > 7.9


# Sardana et al. (2024), arXiv 2401.00448


@pytest.mark.parametrize("quality", [7e9, 13e9, 30e9, 70e9])
def test_a_quality_is_that_of_the_compute_optimal_model_of_a_size(quality):
    plan = lt.cheapest(SARDANA, loss=of_quality(SARDANA, quality), D_inf=1e12, **PLAIN)
    assert plan.chinchilla.N == pytest.approx(quality, rel=1e-12)


def test_what_sardana_does_not_print_of_its_examples():
    small, largest, short = (
        lt.cheapest(SARDANA, loss=of_quality(SARDANA, N), D_inf=D_inf, **PLAIN)
        for N, D_inf in ((7e9, 1e11), (70e9, 1e13), (70e9, 2e12))
    )
    assert small.saving == printed("0.0085")
    assert largest.D / largest.chinchilla.D == printed("1.8620")
    assert (short.N, short.D / short.chinchilla.D) == (printed("57.922e9"), printed("1.2228"))


@pytest.mark.parametrize(
    ("law", "loss", "N", "D", "multiple", "saving", "tokens_per_param"),
    [
        (SARDANA, "1.958253", "13.6128e9", "4.42624e12", "2.8448", "0.27985", "325"),
        (laws.Hoffmann2022Rounded, "1.936585", "15.9e9", "6.05e12", "2.21", "0.18", "381"),
        (laws.Hoffmann2022, "1.942234", "13.934e9", "4.576e12", "2.739", "0.2659", "328"),
        (UNROUNDED, "2.030247", "11.614e9", "2.4454e12", "4.2565", "0.4275", "211"),
        (laws.Besiroglu2024, "2.030664", "11.621e9", "2.4488e12", "4.2504", "0.4271", "211"),
    ],
    ids=["Sardana2024", "Hoffmann2022Rounded", "Hoffmann2022", "unrounded", "Besiroglu2024"],
)
def test_30B_quality_served_1e13_tokens_by_law(law, loss, N, D, multiple, saving, tokens_per_param):
    """Each law's own quality of a compute-optimal 30 B. Four digits of Besiroglu's constants move N by 0.06 %."""
    plan = lt.cheapest(law, loss=of_quality(law, 30e9), D_inf=1e13, **PLAIN)
    assert (plan.loss, plan.N, plan.D) == (printed(loss), printed(N), printed(D))
    assert (plan.D / plan.chinchilla.D, plan.saving, plan.tokens_per_param) == (
        printed(multiple),
        printed(saving),
        printed(tokens_per_param),
    )


@pytest.mark.parametrize("law", [SARDANA, laws.Hoffmann2022, laws.Besiroglu2024], ids=lambda law: law.name)
def test_the_identities_of_the_optimum(law):
    """Inference over training cost is u/v − 1, over-training its (1/β)th power, and both vanish with demand."""
    plan = lt.cheapest(law, loss=of_quality(law, 13e9), D_inf=np.array([0.0, 1e9, 1e12, 1e15]), **PLAIN)
    ratio = law.alpha * law.A * plan.N**-law.alpha / (law.beta * law.B * plan.D**-law.beta)
    inference, training = plan.shares["inference"], plan.shares["pre-training"]
    np.testing.assert_allclose(inference / training, ratio - 1, atol=1e-12, rtol=1e-12)
    np.testing.assert_allclose(plan.overtraining, (1 / training) ** (1 / law.beta), rtol=1e-11)
    assert plan.N[0] == pytest.approx(13e9, rel=1e-12)
    assert plan.saving[0] == pytest.approx(0, abs=1e-12)


def test_the_rows_in_dollars_come_out_at_99_cents_an_hour_instead_of_110():
    """To a quarter of a per cent of what is printed, or to half a unit of its last digit."""
    table = claims.table()
    for key, value in claims.papers.dollar_rows(price=0.99).items():
        stated = table.stated[key]
        assert value == pytest.approx(float(stated), rel=0.0025) or claims.agrees(stated, value), key


# De Vries (2023), "Go smol or go home"


@pytest.mark.parametrize("flop", [1e18, 1.62e20, 5.76e23, 1e27])
@pytest.mark.parametrize(("E", "rel"), [(0, 4e-11), (1.62, 3e-9)], ids=["E=0", "E=1.62"])  # E costs digits of the loss
def test_a_model_half_as_big_needs_as_many_more_tokens_at_every_budget(flop, E, rel):
    """The multiple itself is a claim, devries_k_D."""
    law = lt.ScalingLaw(E, SARDANA.A, SARDANA.B, SARDANA.alpha, SARDANA.beta)
    N, D = law.compute_optimal(flop)
    multiple = law.tokens_for(law.loss(N, D), N / 2) / D
    closed = (1 - (2**law.alpha - 1) * law.beta / law.alpha) ** (-1 / law.beta)
    assert multiple == pytest.approx(closed, rel=rel)


def test_the_smallest_model_of_a_quality():
    """No quality is reached with less than 9.7 % of the optimal size: k_N = (1 + α/β)^(-1/α)."""
    N, D = SARDANA.compute_optimal(1.62e20)
    assert (N, D) == (printed("0.9928e9"), printed("27.196e9"))
    plan = lt.cheapest(SARDANA, loss=SARDANA.loss(N, D), D_inf=1e60, **PLAIN)
    assert plan.N / N == printed("0.09736")


# The lecture: Pope with Patel, 2026-04-29, transcript and flash cards


def test_equal_thirds_at_the_board():
    """6·D = 9·D_RL = 6·D_inf with k_RL = 3 and a third of the utilisation, whatever N is."""
    tokens = {"D": 200e12, "D_RL": 200e12 * 6 / 9, "D_inf": 200e12}
    ledger = lt.LIFETIME.ledger(N=[1e9, 100e9], **tokens, k_RL=3, e_RL=1 / 3, e_inf=1 / 3)
    for share in ledger.shares.values():
        np.testing.assert_allclose(share, 1 / 3, rtol=1e-14)


@pytest.mark.parametrize("e", [0.30, 1 / 3, 0.20, 1 / 1.3, 0.70, 1, 1 / 0.3])
@pytest.mark.parametrize("k", [2, 3, 4, 6])
def test_tokens_at_equal_cost_are_6_e_over_k_per_training_token(e, k):
    """Whichever way "30 %" is read."""
    tokens = {"D": 1e12, "D_RL": 6 * e / k * 1e12, "D_inf": 6 * e / 2 * 1e12}
    costs = lt.LIFETIME.ledger(N=1e9, **tokens, k_RL=k, e_RL=e, e_inf=e).costs
    assert list(costs.values()) == pytest.approx([6e21] * 3, rel=1e-14)


@pytest.mark.parametrize("law", [*laws, UNROUNDED, HUBER], ids=[*laws.available, "unrounded", "Huber"])
@pytest.mark.parametrize("parts", [2, 3, 5])
def test_a_share_of_the_cost_implies_an_overtraining(law, parts):
    """A model is the cheapest of its loss and pre-training one part of its cost: parts^(1/β), of any size."""
    tokens = law.compute_optimal_tokens(100e9) * parts ** (1 / law.beta)
    assert law.overtraining(100e9, tokens) == pytest.approx(parts ** (1 / law.beta), rel=1e-11)
    assert lt.revealed_demand(law, 100e9, tokens) == pytest.approx((parts - 1) * 6 * tokens, rel=1e-11)


@pytest.mark.parametrize(
    ("law", "D_RL", "N", "D"),
    [
        (laws.Besiroglu2024, 0, "119e9", "89e12"),
        (laws.Besiroglu2024, 2.592e14 * 2 / 3, "107e9", "138e12"),
        (laws.Hoffmann2022Rounded, 0, "98e9", "208e12"),
    ],
    ids=["Besiroglu", "Besiroglu with as much for RL", "Hoffmann"],
)
def test_the_model_of_the_lecture_is_near_the_optimum(law, D_RL, N, D):
    """100 B on 200 T, serving 259 T at a third of the utilisation; what it wastes are claims, cheapest_..."""
    given = {"D_RL": D_RL, "D_inf": 2.592e14, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
    plan = lt.cheapest(law, loss=law.loss(100e9, 200e12), **given)
    assert (plan.N, plan.D) == (printed(N), printed(D))
    if law is laws.Hoffmann2022Rounded:
        assert 1 - plan.cost / lt.LIFETIME.ledger(N=100e9, D=200e12, **given).cost == printed("0.000")


# Demand revealed by models that were built


@pytest.mark.parametrize(
    ("law", "N", "D", "ratio", "served"),
    [
        (laws.Hoffmann2022, 70e9, 1.4e12, ".713", "-.860"),
        (SARDANA, 70e9, 1.4e12, ".730", "-.810"),
        (UNROUNDED, 70e9, 1.4e12, "1.032", ".095"),
        (laws.Hoffmann2022, 8e9, 15e12, "2.926", "5.78"),
        (SARDANA, 8e9, 15e12, "2.961", "5.88"),
        (UNROUNDED, 8e9, 15e12, "5.224", "12.67"),
    ],
)
def test_revealed_demand_of_chinchilla_and_llama_3(law, N, D, ratio, served):
    """D_inf/D = 3·(u/v − 1). Negative: the law calls the model under-trained, and no serving explains it."""
    assert lt.served_tokens(law, N, D, **PLAIN) / D == printed(served)
    assert 1 + lt.revealed_demand(law, N, D) / (6 * D) == printed(ratio)


@pytest.mark.parametrize(
    ("name", "flop"),
    [
        ("Llama1_7B", "4.02e22"),
        ("DeepSeekV3", "3.286e24"),
        ("Llama4_Scout", "4.08e24"),
        ("Llama4_Maverick", "2.24e24"),
        ("Qwen3_235B_A22B", "4.75e24"),
        ("Kimi_K2", "3.0e24"),
    ],
)
def test_6_N_D_of_models_that_were_built(name, flop):
    model = models[name]
    assert lt.LIFETIME.ledger(N=model.active_params, D=model.training_tokens, D_inf=0, **PLAIN).cost == printed(flop)
