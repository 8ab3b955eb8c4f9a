"""What makes a fitted law doubtful, in sentences: the columns, the coefficients, the fit, and whether runs repeat."""

from __future__ import annotations

import numpy as np

from ..arrays import unusual
from .repeats import shared

FEW = 20  # runs, below which a warning is due
_LARGE = 0.01  # a median error of ln loss above it is large
_SEEN = 2e-4  # an error of ln loss below it does not matter
_BENT = 2.5e-3  # nor does a pattern below it, unless it is larger than most errors
_RARE = 1e-3  # the probability below which chance is no explanation


def doubts(theta, data, delta, residuals, slopes, weights, group=None):
    """Yield a sentence for each doubt about the vector that was fitted.

    Exact copies of a run count once. ``slopes`` are the derivatives of the residuals by the free coordinates of theta,
    ``weights`` those of the objective, and ``group`` the number of each run's group and the groups' names, or None.
    """
    numbers, names = group or (None, ())
    copy = shared(data.params, data.tokens, data.loss)
    _, once = np.unique(copy, return_index=True)
    residuals, slopes, weights = residuals[once], slopes[:, once], np.bincount(copy, weights)
    x, t = (column[once] for column in data.logs[:2])
    place = shared(data.params[once], data.tokens[once])
    inner = None if numbers is None else numbers[once]
    yield from _columns(data)
    yield from _identified(theta, data, x, t, residuals, slopes, weights)
    yield from _repeated(data, copy, once, place, inner)
    if once.size < FEW:
        return
    if data.quantile == 0.5:
        yield from _large(residuals, once, len(slopes))
    together = _together(x, t, residuals, place, inner)
    yield from together
    apart = inner if inner is not None else shared(data.params[once]) if together else place
    side = np.where(residuals < 0, 2 * data.quantile, 2 - 2 * data.quantile)
    pull = weights * side * np.clip(residuals, -delta, delta)
    yield from _pattern(x, t, residuals, slopes, weights, pull, apart)
    if inner is not None:
        yield from _different(x, t, residuals, inner, names)
    elif data.quantile == 0.5:
        yield from _heaps(residuals)


def _columns(data):
    """What looks as if a column held something else, or another unit."""
    for name, values in (("params", data.params), ("tokens", data.tokens), ("loss", data.loss)):
        sentence = unusual({"params": "N", "tokens": "D"}.get(name, name), np.median(values))
        if sentence:
            yield f"{name}, the median of the runs: {sentence}"
    ratio = data.tokens / data.params
    if np.median(ratio) < 0.1:
        yield (
            f"tokens are below a tenth of params in most runs (median {np.median(ratio):.2g} per parameter): are they "
            "tokens per parameter, or in another unit?"
        )
    if np.median(ratio) > 1e5 or np.median(data.tokens) > 1e15:
        yield (
            f"tokens are very many (median {np.median(data.tokens):.2g}, {np.median(ratio):.2g} per parameter): are "
            "they FLOP?"
        )


def _identified(theta, data, x, t, residuals, slopes, weights):
    """Few runs, narrow ranges, coefficients at a bound or with large errors."""
    runs, free = x.size, len(slopes)
    if runs < FEW:
        different = "" if runs == data.loss.size else " different"
        yield (
            f"{runs}{different} runs are few for {free} coefficients: {max(runs - free, 0)} to tell the noise from "
            "(20 runs or more are better)"
        )
    for what, exponent, logs in (("params", "alpha", x), ("tokens", "beta", t)):
        if np.ptp(logs) < np.log(10.5):
            span = np.exp(np.ptp(logs))
            yield f"{what} span only a factor of {span:.3g}: {exponent} rests on a decade or less"
    if np.ptp(x) and np.ptp(t) and abs(np.corrcoef(x, t)[0, 1]) > 0.95:
        yield (
            f"params and tokens move together (correlation {np.corrcoef(x, t)[0, 1]:.2f}): the runs cannot tell "
            "what size does from what data do"
        )
    low, high = data.bounds
    where = {"E": 2, "alpha": 3, "beta": 4, "A": 0, "B": 1} | ({"gamma": 5} if theta.size == 6 else {})
    names = {name: i for name, i in where.items() if i in data.free}
    held = [name for name, i in names.items() if theta[i] in (low[i], high[i])]
    for name in held:
        yield f"{name} is at a bound of the search: the runs do not determine it"
    share = weights / weights.mean()
    noise = np.sqrt((share * residuals**2).sum() / max(runs - free, 1))
    inverse = np.linalg.pinv((share * slopes) @ slopes.T, hermitian=True)
    for name in ("alpha", "beta", "gamma"):
        if name not in names or name in held:
            continue
        error = noise * np.sqrt(inverse.diagonal()[data.free.index(names[name])])
        if error > 0.25 * theta[names[name]]:
            yield f"{name} is not identified: {theta[names[name]]:.3g}, with a standard error of about {error:.2g}"


def _repeated(data, copy, once, place, group):
    """Copies of one run, and several runs of one size on as many tokens, unless their group holds them together."""
    runs, copies = copy.size, copy.size - once.size
    if copies > 0.05 * runs:
        yield (
            f"{copies:,} of {runs:,} runs are copies of another (params, tokens and loss alike): they tell "
            "nothing new, and count here once"
        )
    many = np.bincount(place)
    if group is not None:  # of several groups
        pairs = np.unique([place, group], axis=1)[0]
        many = np.where(np.bincount(pairs) > 1, many, 1)
    sharing = many[many > 1].sum()
    if sharing > 0.1 * once.size:
        i = once[np.flatnonzero(place == many.argmax())]
        apart = data.loss[i].max() / data.loss[i].min() - 1
        yield (
            f"{sharing:,} of {once.size:,} runs share (N, D) with another: {i.size:,} have params "
            f"{data.params[i[0]]:.3g} and tokens {data.tokens[i[0]]:.3g}, with losses up to {100 * apart:.2g} % apart; "
            "if it is a sweep of learning rates, keep the best of each (lt.best_of); if they are not independent, give "
            "group="
        )


def _large(residuals, once, free):
    """A median error that is large, and more runs far from the law than Laplace's noise leaves there."""
    from scipy.special import bdtrc

    size = np.abs(residuals)
    median = np.median(np.sort(size)[free:])  # a law may go through as many runs as it has coefficients
    if np.median(size) > _LARGE:
        yield f"residuals are large: half of the runs are off by more than {100 * np.median(size):.2g} % of their loss"
    for times in (20, 10):
        far = size > max(times * median, _LARGE)
        if far.any() and bdtrc(far.sum() - 1, size.size, 0.5**times) < _RARE:
            yield (
                f"{far.sum():,} of {size.size:,} runs are off by more than {times} times the median error, at most "
                f"{100 * size.max():.2g} % of the loss in run {once[size.argmax()]} (counted from 0): did they go "
                "wrong?"
            )
            break


def _clipped(residuals):
    """Residuals of which the largest cannot decide."""
    far = 3 * np.median(np.abs(residuals))
    return np.clip(residuals, -far, far)


def _together(x, t, residuals, place, group):
    """Runs of one size whose errors resemble those of the next in tokens, beyond what is smooth in N and D."""
    terms = [x**i * t**j for i in range(4) for j in range(4 - i)]
    smooth = np.stack([term / max(np.abs(term).max(), 1e-300) for term in terms], axis=1)
    errors = _clipped(residuals)
    errors = errors - smooth @ np.linalg.lstsq(smooth, errors)[0]
    _, first, many = np.unique(place, return_index=True, return_counts=True)
    errors = np.bincount(place, errors) / many  # runs of one (N, D) count once
    x, t = x[first], t[first]
    order = np.lexsort([t, x])
    left, right = order[:-1], order[1:]
    pairs = np.abs(x[left] - x[right]) < 1e-9
    if group is not None:
        pairs &= group[first][left] != group[first][right]
    product = (errors[left] * errors[right])[pairs]
    scale = np.sqrt((product**2).sum())
    if product.size < FEW or product.sum() < 4 * scale or np.abs(residuals).max() < _SEEN:
        return []
    size = np.sqrt((errors[left] ** 2)[pairs].sum() * (errors[right] ** 2)[pairs].sum())
    sizes = np.unique(np.round(x, 9)).size
    return [
        f"runs of one size err alike: the errors of neighbours in tokens are correlated by {product.sum() / size:.2f} "
        f"({sizes:,} sizes, {first.size:,} runs); if they are checkpoints of one run each, give group= that run"
    ]


def _pattern(x, t, residuals, slopes, weights, pull, apart):
    """A curve along N, D, their ratio or product that would lower the objective by more than chance does.

    Rao's score test: the slopes of the objective by the coefficients of a cubic, which the law cannot take up, against
    their scatter from one independent set of runs (``apart``) to the next.
    """
    from scipy.special import fdtrc

    sets, known = apart.max() + 1, np.sqrt(weights) * slopes
    seen = max(_SEEN, min(_BENT, np.median(np.abs(residuals))))
    found = {}
    for name, z in (("params", x), ("tokens", t), ("tokens per parameter", t - x), ("compute", x + t)):
        if sets < FEW / 2 or np.ptp(z) < 1e-9:
            continue
        curve = np.polynomial.legendre.legvander(2 * (z - z.min()) / np.ptp(z) - 1, 3)[:, 1:].T
        curve = curve - np.linalg.lstsq(known.T, (np.sqrt(weights) * curve).T)[0].T @ slopes
        rows, sizes, _ = np.linalg.svd(curve @ curve.T)
        curve = (rows.T @ curve)[sizes > 1e-6 * len(z)]
        scores = np.stack([np.bincount(apart, pull * row, sets) for row in curve])
        total = scores.sum(axis=1)
        explained, q = total @ np.linalg.pinv(scores @ scores.T, hermitian=True) @ total, len(curve)
        chance = fdtrc(q, sets - q, (sets - q) / q * explained / max(sets - explained, 1e-9))
        fifths = [np.median(part) for part in np.array_split(residuals[np.argsort(z)], 5)]
        if chance < _RARE / 4 and np.abs(fifths).max() > seen:
            found[name] = chance, fifths
    if found:
        first = min(found, key=lambda name: found[name][0])
        medians = ", ".join(f"{100 * median:+.2g}" for median in found[first][1])
        also = "".join(f", and along {name}" for name in found if name != first)
        yield (
            f"a pattern is left along {first}{also}: from the least fifth of {first} to the greatest the median errors "
            f"are {medians} % (predicted over measured): the runs do not follow a law of this form"
        )


def _different(x, t, residuals, group, names):
    """Groups of many sizes and tokens that lie off each other (the test of Kruskal and Wallis): other data, say."""
    from scipy.special import chdtrc

    wide = [
        i
        for i in range(len(names))
        if (group == i).sum() >= 8 and all(np.unique(np.round(z[group == i], 9)).size > 2 for z in (x, t))
    ]
    if len(wide) < 2:
        return
    chosen = np.isin(group, wide)
    ranks, runs = np.argsort(np.argsort(residuals[chosen])) + 1, chosen.sum()
    ranks = [ranks[group[chosen] == i] for i in wide]
    between = 12 / (runs * (runs + 1)) * sum(part.sum() ** 2 / part.size for part in ranks) - 3 * (runs + 1)
    medians = {i: -np.median(residuals[group == i]) for i in wide}
    low, high = min(medians, key=medians.get), max(medians, key=medians.get)
    if medians[high] - medians[low] > _SEEN and chdtrc(len(wide) - 1, between) < _RARE:
        yield (
            f"groups lie off each other: the runs of {names[low]} at {100 * medians[low]:+.2g} % of the law's loss, "
            f"those of {names[high]} at {100 * medians[high]:+.2g} % (medians); if their data differ, fit "
            "each by itself"
        )


def _heaps(residuals):
    """Errors in two heaps with little between: the least squares about two means, against those about one."""
    errors = np.sort(residuals)
    n, left = errors.size, np.arange(1, errors.size)
    sums = np.cumsum(errors)[:-1]
    means = np.array([sums / left, (errors.sum() - sums) / (n - left)])
    between = left * (n - left) / n * (means[1] - means[0]) ** 2
    cut = between.argmax()
    within = 1 - between[cut] / max(((errors - errors.mean()) ** 2).sum(), 1e-300)
    small = min(left[cut], n - left[cut])
    low, high = -means[:, cut]
    if within < 0.25 - 1.5 / n and small > max(0.2 * n, 7) and low - high > _SEEN:
        yield (
            f"errors fall into two heaps: {left[cut]:,} runs about {100 * low:+.2g} % off the law and "
            f"{n - left[cut]:,} about {100 * high:+.2g} %; are two sets of data mixed? Give "
            "group=, or fit each by itself"
        )
