"""Doubts about a fit, on made-up runs: what each sees, and that clean runs leave none."""

import re

import numpy as np
import pytest

import lifetime as lt
from cases import LAW
from lifetime.evidence import huber
from lifetime.evidence.doubts import _columns, doubts
from lifetime.evidence.repeats import labels


def spread(n, seed, noise=0.004, kind="laplace"):
    """Runs at random, as many as they may be, with independent errors."""
    rng = np.random.default_rng(seed)
    N, flop = 10 ** rng.uniform([[7.75], [18.8]], [[10.2], [21.5]], (2, n))
    return N, flop / 6 / N, LAW.loss(N, flop / 6 / N) * np.exp(getattr(rng, kind)(0, noise, n))


def grid(sizes, lengths, seed, noise=0.005):
    rng = np.random.default_rng(seed)
    N, D = (x.ravel() for x in np.meshgrid(np.geomspace(1e8, 1e10, sizes), np.geomspace(2e9, 1e12, lengths)))
    return N, D, LAW.loss(N, D) * np.exp(rng.normal(0, noise, N.size))


def checkpoints(seed, rates=1, shared=0.004):
    """Forty checkpoints of runs of twenty sizes, each run with an error of its own, at so many learning rates."""
    rng = np.random.default_rng(seed)
    N = np.geomspace(5e7, 5e9, 20)[:, None, None]
    rate = np.linspace(-1, 1, rates)[:, None] if rates > 1 else np.zeros((1, 1))
    error = rng.normal(0, shared, (20, rates, 1)) + rng.normal(0, 0.001, (20, rates, 40))
    D = N * np.geomspace(5, 400, 40)
    loss = LAW.loss(N, D) * (1 + 0.02 * rate**2) * np.exp(error)
    return tuple(np.broadcast_to(x, loss.shape).ravel() for x in (N, D, loss))


def said(N, D, L, group=None, weights=None, **options):
    """The doubts about the minimum that is found from the true law."""
    data = huber.Runs(N, D, L, **options)
    weights = np.ones(N.size) if weights is None else weights
    theta = huber.minimise(data.from_law(LAW)[None], data, 1e-3, weights, tolerance=1e-14)[0][0]
    residuals, slopes, _ = huber.derivatives(theta, data)
    group = None if group is None else labels(group, N.size)
    return "\n".join(doubts(theta, data, 1e-3, residuals, data.ties.T @ np.stack(slopes), weights, group))


def figures(pattern, text):
    """The numbers in a sentence, where the pattern has its groups."""
    found = re.search(pattern, text)
    assert found, text
    return [float(number.replace(",", "")) for number in found.groups()]


# Silence


@pytest.mark.parametrize("kind", ["laplace", "normal"])
@pytest.mark.parametrize("n", [25, 60, 240])
def test_independent_runs_leave_hardly_any_doubt(n, kind):
    """Four tests along the runs at 1 in 4,000 each, and two of the errors at 1 in 1,000: of 60, none or one."""
    loud = [text for seed in range(60) if (text := said(*spread(n, seed, kind=kind)))]
    assert len(loud) <= 1, loud


@pytest.mark.parametrize("shape", [(6, 6), (10, 20), (5, 30)])
def test_a_clean_grid_leaves_hardly_any_doubt(shape):
    loud = [text for seed in range(40) if (text := said(*grid(*shape, seed)))]
    assert len(loud) <= 1, loud


def test_a_clean_grid_with_its_sizes_as_groups_leaves_no_doubt():
    N, D, L = grid(10, 20, 0)
    assert said(N, D, L, group=N) == ""


def test_runs_without_noise_leave_no_doubt():
    assert said(*grid(6, 6, 0, noise=0)) == ""


# Runs that repeat


def test_copies_count_once():
    """Twenty copies of a file of twelve runs: what is said of the twelve is said of them, and that they are copies."""
    once = spread(12, 3, noise=0.05)
    many = [np.tile(x, 20) for x in once]
    text = said(*many)
    assert "228 of 240 runs are copies of another (params, tokens and loss alike)" in text
    assert "12 different runs are few for 5 coefficients: 7 to tell the noise from" in text
    others = [line for line in said(*once).splitlines() if " few " not in line]
    assert "is not identified" in "".join(others)
    assert all(line in text.splitlines() for line in others)
    assert "copies" not in said(*once)


def test_a_copy_or_two_do_not_matter():
    runs = [np.append(x, x[:2]) for x in spread(60, 0)]
    assert said(*runs) == ""


def test_a_sweep_of_learning_rates_is_seen():
    runs = checkpoints(0, rates=5)
    text = said(*runs)
    assert "4,000 of 4,000 runs share (N, D) with another: 5 have params 5e+07 and tokens 2.5e+08" in text
    assert "lt.best_of" in text
    assert "share (N, D)" not in said(*lt.best_of(*runs).to_numpy().T)


def test_runs_that_share_N_and_D_within_their_group_are_no_doubt():
    N, D, L = checkpoints(0, rates=5)
    assert "share (N, D)" not in said(N, D, L, group=N)
    assert "share (N, D)" in said(N, D, L, group=np.arange(N.size))
    assert "share (N, D)" in said(N, D, L, group=np.arange(N.size) // 40 % 5)


def test_a_few_repeats_do_not_matter():
    N, D, L = spread(60, 1)
    again = LAW.loss(N[:2], D[:2]) * 1.003
    assert said(np.append(N, N[:2]), np.append(D, D[:2]), np.append(L, again)) == ""


@pytest.mark.parametrize("seed", range(5))
def test_checkpoints_of_one_run_each_are_seen(seed):
    N, D, L = checkpoints(seed)
    text = said(N, D, L)
    assert "runs of one size err alike" in text
    assert "(20 sizes, 800 runs)" in text and "a pattern" not in text
    assert said(N, D, L, group=N) == ""


# A law that does not fit


@pytest.mark.parametrize("bend", [0.002, -0.002])
@pytest.mark.parametrize("runs", [spread(240, 5), grid(8, 8, 5)], ids=["at random", "grid"])
def test_a_pattern_is_seen(runs, bend):
    """Losses off the law by half the square of ln of D/N over 20, in per cent: no law of this form has them."""
    N, D, L = runs
    text = said(N, D, L * np.exp(bend * np.log(D / N / 20) ** 2))
    assert "a pattern is left along" in text and "tokens per parameter" in text
    assert "err alike" not in text
    assert "the median errors are" in text


@pytest.mark.parametrize(
    ("name", "along"),
    [
        ("params", lambda N, D: N),
        ("tokens", lambda N, D: D),
        ("tokens per parameter", lambda N, D: D / N),
        ("compute", lambda N, D: N * D),
    ],
)
def test_a_pattern_is_named_for_what_it_is_along(name, along):
    N, D, L = spread(400, 5, noise=0.002)
    z = np.log(along(N, D))
    wave = np.polynomial.legendre.Legendre.basis(3)(2 * (z - z.min()) / np.ptp(z) - 1)
    assert re.search(f"a pattern is left along {name}(:|, and)", said(N, D, L * np.exp(-0.02 * wave)))


@pytest.mark.parametrize(("sizes", "seen"), [(8, False), (9, False), (10, True), (11, True)])
def test_a_pattern_takes_ten_groups_to_be_seen(sizes, seen):
    rng = np.random.default_rng(0)
    N = np.repeat(np.geomspace(1e8, 1e10, sizes), 30)
    D = N * 10 ** rng.uniform(0, 3, N.size)
    L = LAW.loss(N, D) * np.exp(0.01 * np.log(D / N / 30) ** 2 + rng.normal(0, 0.001, N.size))
    assert ("a pattern is left" in said(N, D, L, group=N)) == seen


def test_a_pattern_in_groups_that_share_their_error_is_none():
    """Half the noise common to each size is a curve along params; for so many independent sizes it is chance."""
    rng = np.random.default_rng(0)
    loud = {"alone": 0, "grouped": 0}
    for _ in range(20):
        N = np.repeat(np.geomspace(6e7, 1e10, 20), 12)
        D = 10 ** rng.uniform(18.8, 21.5, 240) / 6 / N
        L = LAW.loss(N, D) * np.exp(np.repeat(rng.normal(0, 0.008, 20), 12) + rng.normal(0, 0.004, 240))
        loud["alone"] += said(N, D, L, group=np.arange(240)).count("a pattern")
        loud["grouped"] += said(N, D, L, group=N).count("a pattern")
    assert loud["grouped"] <= 1 < loud["alone"]


def test_a_faint_pattern_is_seen_only_where_most_errors_are_fainter():
    N, D, L = spread(3000, 7, noise=0.004)
    bend = np.exp(2e-4 * np.log(D / N / 20) ** 2)
    assert "a pattern" not in said(N, D, L * bend)
    N, D, L = spread(3000, 7, noise=0.0002)
    assert "a pattern" in said(N, D, L * bend)


def test_large_errors_are_a_doubt():
    assert "half of the runs are off by more than 2.5 % of their loss" in said(*spread(240, 0, noise=0.04))
    assert "large" not in said(*spread(240, 0, noise=0.012))


def test_runs_far_off_are_counted_and_the_farthest_is_named():
    N, D, L = spread(240, 0)
    L[10:22] *= 1.1
    L[100] *= 1.3
    text = said(N, D, L)
    assert "13 of 240 runs are off by more than 20 times the median error" in text
    assert "in run 100 (counted from 0)" in text


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_two_heaps_are_seen(share):
    N, D, L = spread(240, 2, noise=0.005, kind="normal")
    second = np.random.default_rng(0).random(240) < share
    text = said(N, D, L * np.where(second, 1.03, 1))
    assert "errors fall into two heaps" in text and "two sets of data mixed?" in text


def test_two_sets_of_data_are_seen_by_their_labels():
    """Half the runs a hundredth off the others: within the noise for each, but not for all."""
    N, D, L = spread(240, 2, noise=0.005, kind="normal")
    second = np.random.default_rng(0).random(240) < 0.5
    L = L * np.where(second, 1.01, 1)
    text = said(N, D, L, group=np.where(second, "web", "code"))
    assert "groups lie off each other: the runs of code at -0." in text and "those of web at +0." in text
    assert said(N, D, L) == ""
    assert said(*spread(240, 2), group=np.where(second, "web", "code")) == ""


# The numbers in the sentences, from what the runs were made of


def test_the_medians_of_columns_are_named():
    N, D, L = spread(60, 0)
    per_param = f"{np.median(D / N):.2g}"
    assert "tokens are" not in said(N, D, L)
    text = said(N, D / N, L)
    assert f"tokens are below a tenth of params in most runs (median {np.median(D / N**2):.2g} per parameter)" in text
    text = said(N / 1e9, D, L)
    assert f"params, the median of the runs: N is below 10000: {np.median(N) / 1e9:.6g}; is it in parameters?" in text
    assert f"tokens are very many (median {np.median(D):.2g}, {float(per_param) * 1e9:.2g} per parameter)" in text
    assert "tokens are very many (median 2.4e+15" in said(1e5 * N, 1e5 * D, L)


@pytest.mark.parametrize(
    ("N", "ratio", "few", "many"),
    [
        (1e9, 0.0999, True, False),
        (1e9, 0.1, False, False),
        (1e9, 20, False, False),
        (1e9, 1e5, False, False),
        (1e9, 1.00001e5, False, True),
        (1e14, 10, False, False),
        (1.001e14, 10, False, True),
    ],
)
def test_what_is_another_column_is_told_by_the_medians(N, ratio, few, many):
    """From below a tenth of a token to beyond 100,000 tokens per parameter, or beyond 1e15 tokens."""
    N = N * np.array([0.001, 1, 1, 1, 1000])
    text = "".join(_columns(huber.Runs(N, ratio * N, np.full(5, 3.0))))
    assert ("tokens are below a tenth of params" in text, "tokens are very many" in text) == (few, many)


def test_sizes_and_tokens_that_move_together_are_seen():
    N = np.geomspace(1e8, 1e10, 40)
    noise = np.random.default_rng(0).normal(0, 1, (2, 40))
    for apart, seen in ((0.2, True), (0.8, False)):
        D = 20 * N * np.exp(apart * noise[0])
        text = said(N, D, LAW.loss(N, D) * np.exp(0.003 * noise[1]))
        together = np.corrcoef(np.log(N), np.log(D))[0, 1]
        assert ("params and tokens move together" in text) == (together > 0.95) == seen
        assert (f"(correlation {together:.2f})" in text) == seen


@pytest.mark.parametrize("few", [5, 12, 19])
def test_runs_below_twenty_are_few(few):
    assert f"{few} runs are few for 5 coefficients: {few - 5} to tell the noise from (20 runs or more" in said(
        *spread(few, 3)
    )
    assert "few" not in said(*spread(20, 3))
    assert "4 runs are few for 5 coefficients: 0 to tell" in said(*spread(4, 3))


def test_copies_are_counted_from_one_in_twenty():
    for copies, seen in ((3, False), (4, True)):
        text = said(*[np.append(x, x[:copies]) for x in spread(60, 0)])
        assert (f"{copies} of {60 + copies} runs are copies of another" in text) == seen


def test_of_repeats_the_most_are_shown_with_how_far_apart_they_are():
    N, D, L = spread(60, 1)
    more = np.repeat([5, 9, 3], [3, 7, 2])
    again = L[more] * (1 + 0.0104 * np.arange(1, 13))
    text = said(np.append(N, N[more]), np.append(D, D[more]), np.append(L, again))
    assert "15 of 72 runs share (N, D) with another: 8 have params " in text
    assert f"params {N[9]:.3g} and tokens {D[9]:.3g}, with losses up to 10 % apart" in text


def test_the_errors_of_neighbours_are_as_correlated_as_they_were_made():
    """By 0.94 for the errors as they were made; less for what is left beyond a law and a cubic fitted to them."""
    (seen,) = figures(r"neighbours in tokens are correlated by (0\.\d\d) \(", said(*checkpoints(0)))
    assert 0.8 < seen < 16 / 17
    (fainter,) = figures(r"neighbours in tokens are correlated by (0\.\d\d) \(", said(*checkpoints(0, shared=0.001)))
    assert 0.1 < fainter < 0.5


def test_the_farthest_run_is_as_far_as_it_was_put():
    N, D, L = spread(240, 0, noise=0)
    L[10:22] *= 1.1
    L[100] *= np.exp(-0.2643)
    assert "at most 26 % of the loss in run 100 (counted from 0)" in said(N, D, L)
    N, D, L = spread(240, 0)
    assert "off by" not in said(N, D, L)
    L[[10, 20, 30, 40, 50]] = 0.955 * LAW.loss(N, D)[[10, 20, 30, 40, 50]]
    assert "5 of 240 runs are off by more than 10 times the median error" in said(N, D, L)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_the_heaps_are_as_large_and_as_far_apart_as_they_were_made(share):
    N, D, L = spread(240, 2, noise=0.005, kind="normal")
    second = np.random.default_rng(0).random(240) < share
    text = said(N, D, L * np.where(second, 1.03, 1))
    above, high, below, low = figures(r": (\d+) runs about ([+-].+?) % off the law and (\d+) about ([+-].+?) %;", text)
    assert (above, below) == pytest.approx((second.sum(), 240 - second.sum()), abs=2)
    assert high - low == pytest.approx(100 * np.log(1.03), abs=0.25)
    assert high > 0 > low


@pytest.mark.parametrize("sign", [1, -1])
def test_two_laws_in_one_table_are_said_to_be_as_far_apart_as_they_are(sign):
    """Seven tenths are of the one, which the fit follows; it gives the others a hundredth of what they are off."""
    N, D, L = spread(240, 2, noise=0)
    others = np.arange(240) % 10 < 3
    text = said(N, D, L * np.exp(sign * 0.0497 * others))
    assert f"{'72' if sign > 0 else '168'} runs about " in text
    assert ("+4.9 %" if sign > 0 else "-4.9 %") in text


def test_a_few_runs_far_off_are_no_heap():
    N, D, L = spread(240, 2, noise=0.005, kind="normal")
    assert "heaps" not in said(N, D, L * np.where(np.arange(240) % 8 == 0, 1.05, 1))
    N, D, L = spread(24, 2, noise=0.002, kind="normal")
    assert "heaps" not in said(N, D, L * np.where(np.arange(24) % 4 == 0, 1.05, 1))


def test_groups_lie_as_far_apart_as_they_were_put():
    N, D, L = spread(240, 2, noise=0)
    group = np.tile(["web", "code", "books"], 80)
    text = said(N, D, L * np.tile(np.exp([0.02446, -0.0344, 0]), 80), group)
    assert "the runs of code at -3.4 % of the law's loss, those of web at +2.4 % (medians)" in text


@pytest.mark.parametrize(
    ("runs", "bend"), [(spread(240, 5), -0.002), (grid(8, 8, 5), 0.002)], ids=["at random", "grid"]
)
def test_the_medians_of_a_pattern_bend_as_it_was_made(runs, bend):
    """Predicted over measured: where the losses were made larger at both ends, the law is below them there."""
    N, D, L = runs
    z = np.log(D / N / 20)
    text = said(N, D, L * np.exp(bend * z**2))
    assert "a pattern is left along tokens per parameter" in text
    fifths = np.array(figures("the median errors are " + ", ".join(["([+-][^ ]+)"] * 5) + " %", text))
    ends = -np.sign(bend)
    assert (np.sign(fifths[[0, 3, 4]]) == [ends, -ends, ends]).all()
    assert 0.1 < np.abs(fifths).max() < 100 * abs(bend) * (z**2).max()


# Options


def test_a_share_of_runs_below_the_law_is_no_misfit():
    N, D, L = spread(240, 0, noise=0.012)
    assert said(N, D, L * np.exp(np.abs(np.random.default_rng(1).normal(0, 0.02, 240))), quantile=0.1) == ""


def test_tied_exponents_are_one_coefficient():
    text = said(*spread(12, 0), tied=True)
    assert "12 runs are few for 4 coefficients: 8 to tell the noise from" in text
    text = said(*spread(25, 2, noise=0.3), tied=True)
    assert "alpha is not identified" in text and "beta is not" not in text


def test_the_scale_of_the_weights_is_no_doubt():
    runs = spread(60, 0)
    weights = np.random.default_rng(0).uniform(0.5, 2, 60)
    assert said(*runs, weights=weights) == said(*runs, weights=1000 * weights) == ""
    noisy = spread(25, 2, noise=0.1)
    once, much = (said(*noisy, weights=np.full(25, w)) for w in (1.0, 1e6))
    assert once == much and "is not identified" in once
