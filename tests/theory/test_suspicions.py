"""What is suspicious about a plan: every sentence with its numbers, and where nothing is said."""

from types import SimpleNamespace

import numpy as np
import pytest

import lifetime as lt
from lifetime import symbols as s
from lifetime.theory.suspicions import about, by_scenario

RANGE = {"params": (1e8, 2e10), "tokens": (1e9, 5e11), "tokens_per_param": (4, 400)}


def made(N, D, loss=2.5, assumptions=None, given=None, **law):
    """What looks like a plan, of any N and D, by a law of known runs."""
    law = lt.ScalingLaw(1.8, 480, 2000, 0.35, 0.37, **{"name": "Own", "range": RANGE} | law)
    shape = np.broadcast_shapes(*map(np.shape, (N, D, loss)))
    values = {"N": N, "D": D, "loss": loss, "law": law, "shape": shape, "of_draws": False}
    return SimpleNamespace(**values, assumptions=assumptions or {}, given=given or {})


def test_within_the_runs_nothing_is_said_up_to_their_ends():
    for N, D in ((1e9, 2e10), (2e10, 5e11), (5e8, 2e9), (1.25e9, 5e11)):
        assert about(made(N, D)) == ()
        assert str(by_scenario(made(N, D))) == ""


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (
            made(1e9, 5e7, range={}),
            "D is below N/10: 0.05 tokens per parameter; is one of them in another unit?",
        ),
        (
            made(4e8, 8e9, loss=3.25),
            "N is below 5e8: so little is enough for a loss of 3.25; is it in bits (0.693 nats each), or a perplexity "
            "(take its ln)?",
        ),
        (made(2.5e10, 2e11), "N is beyond the runs: 1.25 times the most in the runs of Own (2e+10): extrapolated"),
        (made(1e10, 1.5e12), "D is beyond the runs: 3 times the most in the runs of Own (5e+11): extrapolated"),
        (
            made(1e9, 4.2e11),
            "tokens per parameter is beyond the runs: 1.05 times the most in the runs of Own (400): extrapolated",
        ),
        (
            made(1e10, 3e10),
            "tokens per parameter is beyond the runs: 0.75 times the fewest in the runs of Own (4): extrapolated",
        ),
        (
            made(2.5e10, 2e11, name=""),
            "N is beyond the runs: 1.25 times the most in the runs of the law (2e+10): extrapolated",
        ),
        (
            made(1e13, 4.5e14, range={}),
            "D is more than there is public text: 1.5 times the stock of about 3e+14 tokens (1e14 to 1e15; arXiv "
            "2211.04325)",
        ),
        (made(1e9, 2e10, range={}, not_for="a plan"), "Own is not for a plan: its note says why"),
        (made(1e9, 2e10, assumptions={"k_RL": 8}), "k_RL is outside 2 to 6: 8"),
        (made(1e9, 2e10, given={"e_inf": 33}), "e_inf is above 1.5: 33"),
        (made(1e9, 2e10, loss=13.0), "loss is above 12: 13; is it in nats per token?"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_sentence_says_what_is_odd_and_how_far(plan, sentence):
    assert about(plan)[0] == sentence
    assert str(by_scenario(plan)).split("; ")[0] == sentence.partition(":")[0]


def test_of_an_end_that_is_not_known_nothing_is_said():
    for known in ({}, {"params": (None, None)}, {"tokens_per_param": (None, None)}):
        assert about(made(1e9, 2e9, range=known)) == ()
        assert about(made(1e11, 1e14, range=known)) == ()
    half = made(np.array([1e10, 1e9]), np.array([3e10, 1e12]), range={"tokens_per_param": (4, None)})
    assert [sentence.partition(",")[0] for sentence in about(half)] == [
        "tokens per parameter is beyond the runs in 1 of 2 scenarios: down to 0.75 times the fewest in the runs of Own "
        "(4): extrapolated"
    ]


def test_fewer_parameters_and_tokens_than_the_runs_have_are_no_extrapolation_that_matters():
    """Down there laws are least wrong for their N and D; only the ratio is watched at both ends."""
    assert about(made(5e8, 5e9, range={"params": (1e9, 1e10), "tokens": (1e10, 1e12)})) == ()


def test_of_many_scenarios_the_worst_of_either_side_is_said():
    N = np.array([[1e9, 1e10, 4e10], [1e9, 1e10, 1e10]])
    D = np.array([[2e10, 2e11, 1e12], [5e11, 3e10, 2e10]])
    assert about(made(N, D)) == (
        "N is beyond the runs in 1 of 6 scenarios: up to 2 times the most in the runs of Own (2e+10): extrapolated",
        "D is beyond the runs in 1 of 6 scenarios: up to 2 times the most in the runs of Own (5e+11): extrapolated",
        "tokens per parameter is beyond the runs in 1 of 6 scenarios: up to 1.25 times the most in the runs of Own "
        "(400): extrapolated",
        "tokens per parameter is beyond the runs in 2 of 6 scenarios: down to 0.5 times the fewest in the runs of Own "
        "(4): extrapolated",
    )
    few = "tokens per parameter is beyond the runs"
    assert by_scenario(made(N, D)).tolist() == [
        ["", "", "N is beyond the runs; D is beyond the runs"],
        [few, few, few],
    ]


def test_of_models_with_hardly_any_tokens_the_fewest_are_said():
    """And of small models the greatest loss."""
    plan = made(np.array([1e9, 1e9]), np.array([5e7, 2e7]), range={})
    assert about(plan)[0].startswith("D is below N/10 in 2 of 2 scenarios: down to 0.02 tokens per parameter; ")
    plan = made(4e8, 8e9, loss=np.array([3.0, 3.5]))
    assert about(plan)[0].startswith("N is below 5e8 in 2 of 2 scenarios: so little is enough for a loss of up to 3.5;")


def test_each_scenario_has_its_own_oddities():
    k = np.array([3.0, 8.0, 1.0])
    plan = made(np.array([1e9, 4e8, 4e8]), np.array([2e10, 8e9, 8e9]), assumptions={"k_RL": k})
    odd = "k_RL is outside 2 to 6"
    assert by_scenario(plan).tolist() == ["", f"{odd}; N is below 5e8", f"{odd}; N is below 5e8"]
    assert about(plan)[0] == f"{odd}: 8 (2 of 3 values)"
    assert about(plan)[1].startswith("N is below 5e8 in 2 of 3 scenarios: so little is enough for a loss of up to 2.5;")


def test_thousands_of_scenarios_are_counted_in_groups_of_digits():
    many = made(np.full(2000, 4e10), np.full(2000, 4e11))
    assert about(many)[0].startswith("N is beyond the runs in 2,000 of 2,000 scenarios: up to 2 times the most")


@pytest.mark.parametrize("name", ["N", "D", "loss"])
def test_of_a_symbol_nothing_is_said(name):
    values = {"N": 1e3, "D": 1e3, "loss": 20.0} | {name: s.MEANINGS[name].symbol}
    plan = SimpleNamespace(**values)
    assert about(plan) == ()
