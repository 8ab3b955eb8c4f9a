"""Drawing on a given axis, from what was computed elsewhere. ``use_style()`` once, then any of the rest."""

from __future__ import annotations

import contextlib
from importlib import resources
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ..symbols import use_letters
from .display import _running_ipython, percent, science, short

_COLOURS = {
    "Besiroglu2024": "C0",
    "Hoffmann2022": "C1",
    "OpenAthena2026Llama3": "C2",
    "Sardana2024Refit": "C3",
    "Muennighoff2023": "C4",
    "Beck2025Llama": "C5",
}


def colour(law: str) -> str:
    """The colour of a law: the same in every figure, black for laws that are seldom drawn."""
    return _COLOURS.get(law, "black")


def ink(colour: str) -> str:
    """A colour dark enough to be read as text on white, at a contrast of 4.5 to 1 (WCAG 2).

    Examples
    --------
    >>> ink("black"), ink("#E69F00")
    ('#000000', '#9d6c00')
    """
    rgb = np.array(to_rgb(colour))
    while 1.05 / (_luminance(rgb) + 0.05) < 4.5:
        rgb = 0.98 * rgb
    return to_hex(rgb)


def _luminance(rgb) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def use_style() -> None:
    """Use the style of the notebooks, for figures and formulas; there, PNG get twice the pixels."""
    use_letters()
    plt.style.use(resources.files("lifetime") / "show" / "lifetime.mplstyle")
    if (ipython := _running_ipython()) is not None:
        from matplotlib_inline.config import InlineBackend

        backend = InlineBackend.instance(parent=ipython)
        backend.figure_formats = {"retina" if kind == "png" else kind for kind in backend.figure_formats}


def lines(ax, x, series: dict, label: bool = True, **style) -> None:
    """Draw one line a law, each labelled at its right end; labels that would overlap are moved apart.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With its scales already set.
    x : array
    series : dict of str to array
        Name of the law to values.
    label : bool, optional
        False leaves the labels out (where a neighbouring axis has them).
    **style
        For every line.
    """
    drawn = {name: ax.plot(x, y, **({"color": colour(name)} | style))[0] for name, y in series.items()}
    if label:
        end_labels(ax, {name: (line.get_color(), line.get_ydata()[-1]) for name, line in drawn.items()})


def end_labels(ax, ends: dict, gap: float = 0.065) -> None:
    """Write labels at the right edge of an axis, at the given heights, at least ``gap`` of its height apart.

    Parameters
    ----------
    ends : dict of str to (colour, y)
    """
    ax.get_ylim()  # settles the limits, which the heights depend on
    to_axis = ax.transData + ax.transAxes.inverted()
    heights = {name: to_axis.transform((ax.get_xlim()[1], y))[1] for name, (_, y) in ends.items()}
    order = sorted(heights, key=heights.get)
    for below, above in pairwise(order):
        heights[above] = max(heights[above], heights[below] + gap)
    for name, (colour, _) in ends.items():
        ax.text(1.02, heights[name], name, color=ink(colour), transform=ax.transAxes, va="center", fontsize=9)


def _greys(n):
    return [str(0.35 + 0.5 * i / max(1, n - 1)) for i in range(n)]


def stacked(ax, x, series: dict) -> None:
    """Stack shares that add up to one over a logarithmic x, each named where it is thickest."""
    greys = _greys(len(series))
    ax.stackplot(x, series.values(), colors=greys)
    ax.set(xscale="log", ylim=(0, 1))
    below = 0
    for (name, y), grey in zip(series.items(), greys, strict=True):
        at = y.argmax()
        side = "left" if at < len(x) / 3 else "right" if at > 2 * len(x) / 3 else "center"
        ink = "white" if float(grey) < 0.6 else "black"
        ax.text(x[at], (below + y / 2)[at], f" {name} ", ha=side, va="center", color=ink, fontsize=9)
        below = below + y
    percents(ax.yaxis)


def cost_curve(ax, plan, phases: bool = True) -> None:
    """Draw what models of other sizes and the same loss cost over their life, and mark the plan among them.

    From a third of the size of the plan to ten times it, as far as the size can reach the loss at all, and cut off at
    three times the cost.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    plan : lifetime.Plan
        Of one scenario.
    phases : bool, optional
        Stack the phases; False draws the total alone.

    Raises
    ------
    ValueError
        For a plan that holds arrays.
    """
    if np.ndim(plan.cost):
        raise ValueError(f"plan must be of one scenario; this one holds {np.shape(plan.cost)} of them")
    given = {**plan.assumptions, **plan.given, **plan.chosen}
    own = {name: given[name] for name in getattr(plan.law, "assumptions", ())}
    found = []
    for N in plan.N * np.geomspace(1 / 3, 10, 201):
        with contextlib.suppress(ValueError):  # too small for the loss
            found.append((N, plan.law.tokens_for(plan.loss, N, **own)))
    N, D = np.transpose(found)
    ledger = plan.lifetime.ledger(N=N, D=D, **{n: x for n, x in given.items() if n in plan.lifetime.assumptions})
    if phases:
        costs = [cost + 0 * N for cost in ledger.costs.values()]
        ax.stackplot(N, costs, colors=_greys(len(costs)), labels=ledger.costs)
        ax.legend(loc="upper right", reverse=True, frameon=True)
    else:
        ax.plot(N, ledger.cost, color=colour(plan.law.name))
    ax.set(xscale="log", xlim=plan.N * np.array([1 / 3, 10]), ylim=(0, 3 * plan.cost), xlabel="active parameters")
    ax.set(ylabel=f"lifetime cost, {plan.lifetime.unit or 'pre-training-equivalent FLOP'}")
    counts(ax.xaxis)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: science(value) if value else "0"))
    mark(ax, plan.N, plan.cost, short(plan.N), offset=(-14, 8))


def tornado(ax, table, form=short) -> None:
    """Draw the table of ``lifetime.tornado``: a bar an assumption, the longest on top, with its ends written beside it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With its scale already set, if it is to be logarithmic.
    table : pandas.DataFrame
        A row an assumption, columns low, base and high: of one output.
    form : callable, optional
        Writes a value.

    Raises
    ------
    ValueError
        For a table of several outputs.
    """
    if table.index.nlevels > 1:
        one = table.index[0][0]
        raise ValueError(f"table must be of one output, such as table.loc[{one!r}]")
    size = np.log if ax.get_xscale() == "log" else np.asarray
    rows = table.iloc[np.argsort(size(table["high"]) - size(table["low"]), kind="stable")]
    ax.barh(rows.index, rows["high"] - rows["low"], left=rows["low"], color="0.6", height=0.6)
    ax.axvline(rows["base"].iloc[0], color="black", linewidth=1)
    for at, (low, high) in enumerate(zip(rows["low"], rows["high"], strict=True)):
        for value, side, text in ((low, "right", f"{form(low)} "), (high, "left", f" {form(high)}")):
            ax.text(value, at, text, ha=side, va="center", fontsize=9)
    ax.use_sticky_edges = False
    ax.margins(x=0.2)
    ax.grid(axis="y", visible=False)
    counts(ax.xaxis)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: form(value)))


def counts(axis, digits: int = 3) -> None:
    """Show the ticks of an axis as counts (10 B, 1 T); on a logarithmic axis of few decades at 1, 2 and 5."""
    low, high = axis.get_view_interval()
    if axis.get_scale() == "log" and high < 300 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short(value, digits)))
    axis.set_minor_formatter(NullFormatter())


def percents(axis) -> None:
    """Show the ticks of an axis as percentages."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))


def mark(ax, x, y, text: str = "", offset=(8, 8), **style) -> None:
    """Mark one point, with a label beside it."""
    ax.plot([x], [y], **({"marker": "o", "linestyle": "", "color": "black", "zorder": 5} | style))
    if text:
        ax.annotate(text, (x, y), textcoords="offset points", xytext=offset, fontsize=9)


def cross(ax, x, y, text: str) -> None:
    """Mark one point with a label and dotted lines across the axis."""
    ax.axhline(y, color="0.4", linewidth=1, linestyle=":", zorder=0)
    ax.axvline(x, color="0.4", linewidth=1, linestyle=":", zorder=0)
    mark(ax, x, y, text, offset=(-60, 6))
