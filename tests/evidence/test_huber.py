"""What a fit minimises: against the law itself, finite differences, scipy's optimiser and repeated rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.special import huber

from cases import LAW, powers_of_ten
from lifetime import ScalingLaw
from lifetime.evidence import huber as huber_module
from lifetime.evidence.huber import Runs, derivatives, grid_of_starts, minimise, residuals

DELTA = 1e-3


def some_runs(n=40, noise=0.005, seed=0, law=LAW):
    rng = np.random.default_rng(seed)
    N, D = 10 ** rng.uniform([[8], [9.5]], [[10.5], [12]], (2, n))
    return Runs(N, D, law.loss(N, D) * np.exp(rng.normal(0, noise, n)))


DATA = some_runs()
vectors = st.tuples(
    st.floats(-6, 2), st.floats(-6, 2), st.floats(-6, 2), st.floats(0.05, 1.5), st.floats(0.05, 1.5)
).map(np.array)


def objective(theta, data=DATA, weights=1.0):
    return (weights * huber(DELTA, residuals(theta, data))).sum(axis=-1)


@given(
    E=powers_of_ten(-2, 1),
    A=powers_of_ten(0, 4),
    B=powers_of_ten(0, 4),
    alpha=st.floats(0.05, 1.5),
    beta=st.floats(0.05, 1.5),
)
def test_the_residual_is_ln_of_the_loss_of_the_law_over_the_measured_one(E, A, B, alpha, beta):
    law = ScalingLaw(E, A, B, alpha, beta)
    runs = Runs(DATA.params, DATA.tokens, DATA.loss)
    a, b = np.log(A) - alpha * runs.center[0], np.log(B) - beta * runs.center[1]
    found = residuals(np.array([a, b, np.log(E), alpha, beta]), runs)
    np.testing.assert_allclose(found, np.log(law.loss(runs.params, runs.tokens) / runs.loss), rtol=1e-9, atol=1e-12)


def test_a_law_and_its_vector_are_the_same():
    law = DATA.to_law(DATA.from_law(LAW))
    assert [law.coefficients[name] for name in "ABE"] == pytest.approx([LAW.coefficients[name] for name in "ABE"])
    assert (law.alpha, law.beta) == (LAW.alpha, LAW.beta)


def test_a_law_outside_the_bounds_is_taken_to_them():
    low, high = DATA.bounds
    vector = DATA.from_law(ScalingLaw(E=1e-30, A=1e30, B=1, alpha=5, beta=1e-3))
    assert ((vector >= low) & (vector <= high)).all()
    assert (vector[[2, 3, 4]] == [low[2], high[3], low[4]]).all()


def test_many_vectors_are_a_law_of_arrays_with_their_covariance():
    many = DATA.from_law(LAW) + np.random.default_rng(0).normal(0, 0.01, (6, 5))
    law = DATA.to_law(many, name="of six")
    assert law.name == "of six"
    logs = [np.log(getattr(law, name)) for name in "ABE"]
    np.testing.assert_allclose(law.covariance, np.cov([*logs, law.alpha, law.beta]), rtol=1e-9, atol=1e-15)
    assert DATA.to_law(many[:5]).covariance is None, "of five draws it is singular"
    assert DATA.to_law(many[:1]).covariance is DATA.to_law(many[0]).covariance is None


def test_vectors_that_are_equal_in_one_coordinate_have_no_covariance():
    """At runs whose mean is 0 the coordinates of the fit are those of the covariance, here without correlation."""
    data = Runs(np.array([0.5, 2]), np.array([0.5, 2]), np.array([1.0, 2]))
    signs = np.array([[1, -1][bin(i & j).count("1") % 2] for i in range(8) for j in (1, 2, 0, 4, 7)]).reshape(8, 5)
    many = 0.5 + 0.25 * signs
    assert np.linalg.matrix_rank(np.cov(many.T)) == 4
    assert data.to_law(many).covariance is None
    many[:, 2] += 0.25 * np.array([1, -1, -1, 1, 1, -1, -1, 1])
    assert data.to_law(many).covariance is not None


@pytest.mark.parametrize("seed", range(20))
def test_rounding_does_not_make_a_covariance_of_a_singular_one(seed):
    """Of tied exponents: the last two rows are one."""
    many = DATA.from_law(LAW) + np.random.default_rng(seed).normal(0, 0.01, (50, 5))
    many[:, 4] = many[:, 3]
    assert DATA.to_law(many).covariance is None


def test_a_thousandth_of_a_thousandth_apart_is_a_covariance():
    rng = np.random.default_rng(0)
    many = DATA.from_law(LAW) + rng.normal(0, 0.01, (50, 5))
    many[:, 4] = many[:, 3] + rng.normal(0, 1e-6, 50)
    assert DATA.to_law(many).covariance is not None


@given(vectors)
def test_the_first_derivatives_are_those_of_finite_differences(theta):
    _, slopes, _ = derivatives(theta, DATA)
    found = approx_fprime(theta, lambda v: residuals(v, DATA), 1e-7)
    np.testing.assert_allclose(np.stack(slopes, axis=-1), found, atol=1e-5)


@given(vectors)
def test_the_second_derivatives_are_those_of_finite_differences(theta):
    _, _, curvatures = derivatives(theta, DATA)
    rows, columns = np.triu_indices(5)
    for row in range(5):
        found = approx_fprime(theta, lambda v, row=row: derivatives(v, DATA)[1][row], 1e-7)
        for entry in np.flatnonzero(rows == row):
            np.testing.assert_allclose(curvatures[entry], found[:, columns[entry]], atol=1e-5)


@pytest.mark.parametrize("delta", [10.0, 1e-9], ids=["every residual squared", "every residual linear"])
def test_the_gradient_and_the_hessian_of_the_objective_are_those_of_finite_differences(delta):
    """Where no residual crosses delta: there the second derivative of the Huber loss jumps."""
    weights = np.random.default_rng(0).integers(0, 3, 40)
    theta = DATA.from_law(LAW) + np.array([0.3, -0.2, 0.1, 0.05, -0.05])
    value = lambda v: (weights * huber(delta, residuals(v, DATA))).sum()
    system = lambda v: [found[0] for found in huber_module._system(v[None], DATA, delta, weights[None])]
    gradient, hessian, reweighted = system(theta)
    scale = np.abs(hessian).max()
    np.testing.assert_allclose(gradient, approx_fprime(theta, value, 1e-7), rtol=1e-4, atol=1e-5 * scale)
    np.testing.assert_allclose(hessian, approx_fprime(theta, lambda v: system(v)[0], 1e-7), atol=1e-5 * scale)
    assert np.linalg.eigvalsh(reweighted)[0] > 0


def test_the_reweighted_squares_pull_as_the_objective_does():
    """Iteratively reweighted least squares: weights that make the gradient of squares that of the Huber losses."""
    weights = np.random.default_rng(0).integers(1, 3, 40)
    theta = DATA.from_law(LAW) + np.array([0.3, -0.2, 0.1, 0.05, -0.05])
    residual, slopes, _ = derivatives(theta, DATA)
    delta = np.median(np.abs(residual))
    _, _, found = huber_module._system(theta[None], DATA, delta, weights[None])
    pull = weights * np.clip(residual, -delta, delta) / residual
    np.testing.assert_allclose(found[0], np.einsum("n,in,jn->ij", pull, slopes, slopes), rtol=1e-12)


def test_nothing_overflows_however_far_apart_the_runs_are():
    N = np.geomspace(1e-150, 1e150, 5)
    steep = np.array([0.0, 0, 0, 3, 3])
    for data in (Runs(N, N, np.ones(5)), Runs(N, N[::-1], np.ones(5))):
        assert np.isfinite(residuals(steep, data)).all()


def test_nothing_overflows_far_from_the_runs():
    far = np.array([[800.0, -800, 0, 1, 1], [-800, 800, 0, 3, 3], [0, 0, 900, 0.01, 3]])
    assert np.isfinite(residuals(far, DATA)).all()
    assert all(np.isfinite(d).all() for d in derivatives(far, DATA)[1] + derivatives(far, DATA)[2])


def test_a_start_is_the_least_of_relative_squares_for_its_exponents():
    """Except that a term of nothing gets a chance."""
    starts, floor = grid_of_starts(DATA), DATA.logs[2].min() - 3
    squares = lambda theta: (np.expm1(residuals(theta, DATA)) ** 2).sum(axis=-1)
    assert starts[:, :3].min() == floor
    inside = starts[(starts[:, :3] > floor).all(axis=1)]
    assert len(inside) > 20
    for step in 1e-3 * np.eye(5)[:3]:
        assert (squares(inside) < squares(inside + step)).all()
        assert (squares(inside) < squares(inside - step)).all()


def test_a_start_with_an_outer_exponent_is_the_least_of_relative_squares_of_the_bracket():
    data, gamma = Runs(DATA.params, DATA.tokens, DATA.loss, gamma=0.5), 0.5
    x, t, y = data.logs

    def squares(theta):
        a, b, e, alpha, beta = theta.T[..., None]
        bracket = np.exp(a / gamma - alpha * x) + np.exp(b / gamma - beta * t)
        return ((bracket / (np.exp(y) - np.exp(e)) ** (1 / gamma) - 1) ** 2).sum(axis=-1)

    starts = grid_of_starts(data)
    inside = starts[(starts[:, :2] > y.min() - 3).all(axis=1)]
    assert len(inside) > 10
    for step in 1e-3 * np.eye(5)[:2]:
        assert (squares(inside) < squares(inside + step)).all()
        assert (squares(inside) < squares(inside - step)).all()


@pytest.mark.parametrize("seed", range(5))
def test_scipy_finds_nothing_lower(seed):
    data = some_runs(seed=seed)
    theta, least, converged = minimise(grid_of_starts(data), data, DELTA, 1.0)
    best = least.argmin()
    assert converged[best]
    assert least[best] == pytest.approx(objective(theta[best], data), rel=1e-14)
    for start in (theta[best], theta[best] * 1.02, theta[best] * 0.98):
        found = minimize(
            objective, start, args=(data,), method="Nelder-Mead", options={"maxiter": 4000, "fatol": 1e-14}
        )
        assert least[best] <= found.fun * (1 + 1e-9)


def test_every_start_of_the_grid_reaches_the_same_minimum():
    theta, least, converged = minimise(grid_of_starts(DATA), DATA, DELTA, 1.0)
    assert len(least) == 144
    assert converged.all()
    same = least <= least.min() * (1 + 1e-9)
    assert same.mean() > 0.9
    assert np.ptp(theta[same], axis=0).max() < 1e-5


def test_the_steps_only_go_down():
    starts = grid_of_starts(DATA)
    before = objective(starts)
    for most in (1, 2, 5, 20):
        _, after, _ = minimise(starts, DATA, DELTA, 1.0, most=most)
        assert (after <= before).all()
        before = after


def test_a_weight_is_a_repeated_run():
    weights = np.random.default_rng(1).multinomial(40, np.full(40, 1 / 40))
    start = DATA.from_law(LAW)[None]
    theta, least, _ = minimise(start, DATA, DELTA, weights, tolerance=1e-16)
    repeated = Runs(*(np.repeat(v, weights) for v in (DATA.params, DATA.tokens, DATA.loss)))
    other, same, _ = minimise(repeated.from_law(LAW)[None], repeated, DELTA, 1.0, tolerance=1e-16)
    assert least == pytest.approx(same, rel=1e-12)
    one, two = DATA.to_law(theta[0]), repeated.to_law(other[0])
    assert list(one.coefficients.values()) == pytest.approx(list(two.coefficients.values()), rel=1e-5)


def test_the_scale_of_the_weights_does_not_matter():
    starts = grid_of_starts(DATA)
    (one, least, _), (many, most, _) = (minimise(starts, DATA, DELTA, weight, most=20) for weight in (1.0, 2.0**40))
    np.testing.assert_allclose(many, one, rtol=1e-9)
    np.testing.assert_allclose(most, 2.0**40 * least, rtol=1e-9)


def test_starts_are_independent_of_each_other():
    starts = grid_of_starts(DATA)[::36]
    together, _, _ = minimise(starts, DATA, DELTA, 1.0)
    alone = np.concatenate([minimise(start[None], DATA, DELTA, 1.0)[0] for start in starts])
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_start_that_has_converged_is_left_alone(monkeypatch):
    system, sizes = huber_module._system, []
    monkeypatch.setattr(huber_module, "_system", lambda at, *rest: (sizes.append(len(at)), system(at, *rest))[1])
    assert minimise(grid_of_starts(DATA), DATA, DELTA, 1.0)[2].all()
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 144 and sum(sizes) < 144 * 200


@pytest.mark.parametrize("seed", range(5))
def test_a_start_nearby_needs_few_steps(seed):
    data = some_runs(seed=seed)
    _, _, converged = minimise(data.from_law(LAW)[None], data, DELTA, 1.0, most=20)
    assert converged.all()


@pytest.mark.parametrize("coordinate", range(5))
@pytest.mark.parametrize("end", [0, 1])
def test_a_start_at_a_bound_leaves_it(coordinate, end):
    least = minimise(DATA.from_law(LAW)[None], DATA, DELTA, 1.0)[1]
    start = DATA.from_law(LAW)
    start[coordinate] = DATA.bounds[end][coordinate]
    _, found, converged = minimise(start[None], DATA, DELTA, 1.0)
    assert converged.all()
    assert found == pytest.approx(least, rel=1e-9)


def test_an_exponent_that_wants_beyond_its_upper_bound_stays_there():
    N = np.geomspace(1e8, 1e10, 30)
    data = Runs(N, np.tile([1e10, 1e11, 1e12], 10), 1.8 + 0.2 * (N / 1e9) ** -5)
    theta, _, converged = minimise(grid_of_starts(data), data, DELTA, 1.0)
    assert converged.all()
    assert (theta[:, 3] == data.bounds[1][3]).all()


def test_of_tied_exponents_none_is_lower():
    data = Runs(DATA.params, DATA.tokens, DATA.loss, tied=True)
    starts = grid_of_starts(data)
    assert (starts[:, 3] == starts[:, 4]).all() and len(starts) == 12
    theta, least, converged = minimise(starts, data, DELTA, 1.0)
    best = theta[least.argmin()]
    assert converged[least.argmin()]
    assert best[3] == best[4]
    with_one = lambda v: objective(np.append(v, v[3]))
    for start in (best[:4], best[:4] * 1.02, best[:4] * 0.98):
        found = minimize(with_one, start, method="Nelder-Mead", options={"maxiter": 4000, "fatol": 1e-14})
        assert least.min() <= found.fun * (1 + 1e-9)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_of_an_uneven_loss_none_is_lower(share):
    data = Runs(DATA.params, DATA.tokens, DATA.loss, quantile=share)
    theta, least, converged = minimise(grid_of_starts(data), data, DELTA, 1.0)
    best = theta[least.argmin()]
    assert converged[least.argmin()]

    def uneven(v):
        error = residuals(v, data)
        return (np.where(error < 0, 2 * share, 2 - 2 * share) * huber(DELTA, error)).sum()

    assert least.min() == pytest.approx(uneven(best), rel=1e-14)
    for start in (best, best * 1.02, best * 0.98):
        found = minimize(uneven, start, method="Nelder-Mead", options={"maxiter": 4000, "fatol": 1e-14})
        assert least.min() <= found.fun * (1 + 1e-9)


def test_turns_change_nothing(monkeypatch):
    starts = grid_of_starts(DATA)
    whole = minimise(starts, DATA, DELTA, 1.0, most=20)
    monkeypatch.setattr(huber_module, "CELLS", 7 * 40 + 1)
    for one, other in zip(whole, minimise(starts, DATA, DELTA, 1.0, most=20), strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_start_is_seen_to_end():
    for most in (5, 1000):
        ended = []
        minimise(grid_of_starts(DATA), DATA, DELTA, 1.0, most=most, watch=ended.append)
        assert sum(ended) == 144
        assert min(ended) >= 0


def test_few_steps_do_not_converge():
    _, _, converged = minimise(grid_of_starts(DATA), DATA, DELTA, 1.0, most=2)
    assert not converged.any()


def test_a_coefficient_that_wants_beyond_its_bound_stays_there():
    """Losses that do not depend on D at all: the term of D vanishes."""
    N = np.geomspace(1e8, 1e10, 30)
    data = Runs(N, np.tile([1e10, 1e11, 1e12], 10), 1.8 + 400 * N**-0.35)
    theta, least, converged = minimise(grid_of_starts(data), data, DELTA, 1.0)
    best = theta[least.argmin()]
    assert converged[least.argmin()]
    assert (best >= data.bounds[0]).all() and (best <= data.bounds[1]).all()
    assert data.to_law(best).alpha == pytest.approx(0.35, rel=1e-3)
    assert best[1] < -9, "no more than a tenth of a thousandth of the loss"
