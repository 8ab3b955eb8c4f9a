"""Drawing: what is drawn is what was given, and labels keep out of each other's way."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import sympy as sp
from matplotlib_inline.config import InlineBackend
from sympy.printing.latex import LatexPrinter
from traitlets.config import Configurable

import lifetime as lt
from cases import LAW, OTHERS
from lifetime import display, plotting
from lifetime.symbols import D_RL, flop

mpl.use("Agg")


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def texts(ax):
    return {text.get_text(): text for text in ax.texts}


@pytest.fixture
def undone(monkeypatch):
    """What ``use_style`` sets is set for one test only."""
    monkeypatch.setattr(LatexPrinter, "_global_settings", {})
    with mpl.rc_context():
        yield


@pytest.mark.usefixtures("undone")
def test_the_style_is_used_and_prints_in_colours_that_survive_colour_blindness():
    plotting.use_style()
    colours = [colour.strip("#") for colour in mpl.rcParams["axes.prop_cycle"].by_key()["color"]]
    assert colours[:3] == ["0072B2", "D55E00", "009E73"]  # Okabe and Ito's blue, vermillion and bluish green


@pytest.mark.usefixtures("undone")
def test_with_the_style_every_expression_is_written_with_the_letters_of_its_symbols():
    assert "flop" in sp.latex(flop / D_RL)
    plotting.use_style()
    assert sp.latex(flop / D_RL) == r"\frac{C_\mathrm{train}}{D_\mathrm{RL}}"
    assert (flop * sp.Symbol("share"))._repr_latex_() == r"$\displaystyle C_\mathrm{train} \operatorname{share}$"


@pytest.mark.usefixtures("undone")
@pytest.mark.filterwarnings("ignore:InlineBackend.*:DeprecationWarning")  # its own, of traitlets
@pytest.mark.parametrize(
    ("wanted", "used"),
    [({"png"}, {"retina"}), ({"png", "svg"}, {"retina", "svg"}), ({"svg"}, {"svg"}), (set(), set())],
)
def test_in_a_notebook_png_get_twice_the_pixels_and_other_formats_stay(wanted, used, monkeypatch):
    InlineBackend.clear_instance()
    InlineBackend.instance().figure_formats = wanted
    monkeypatch.setattr(plotting, "_running_ipython", Configurable)
    plotting.use_style()
    plotting.use_style()
    assert InlineBackend.instance().figure_formats == used
    InlineBackend.clear_instance()


def test_lines_are_drawn_and_labelled_in_their_own_colour(ax):
    x = np.array([1.0, 2.0, 3.0])
    plotting.lines(ax, x, {"double": 2 * x, "square": x**2})
    assert [list(line.get_ydata()) for line in ax.lines] == [[2, 4, 6], [1, 4, 9]]
    inks = [plotting.ink(line.get_color()) for line in ax.lines]
    assert [texts(ax)[name].get_color() for name in ("double", "square")] == inks


def test_labels_of_lines_that_end_together_are_moved_apart(ax):
    x = np.array([1.0, 2.0])
    plotting.lines(ax, x, {name: x * (1 + small) for name, small in (("a", 0.0), ("b", 1e-6), ("c", 2e-6))})
    heights = sorted(text.get_position()[1] for text in ax.texts)
    assert np.diff(heights) == pytest.approx(0.065)


def test_labels_can_be_left_out(ax):
    plotting.lines(ax, np.array([1.0, 2.0]), {"a": np.array([1.0, 2.0])}, label=False)
    assert not ax.texts


def test_shares_are_stacked_and_named_where_they_are_thickest(ax):
    x = np.geomspace(1, 1e6, 7)
    falling = np.linspace(1, 0, 7)
    plotting.stacked(ax, x, {"falling": falling, "rising": 1 - falling})
    assert texts(ax)[" falling "].get_position() == pytest.approx((x[0], 0.5))
    assert texts(ax)[" rising "].get_position() == pytest.approx((x[-1], 0.5))
    assert [text.get_ha() for text in ax.texts] == ["left", "right"]


@pytest.mark.parametrize(
    ("top", "labels"), [(9e10, {"1 B", "2 B", "5 B", "10 B", "20 B", "50 B"}), (1e15, {"1 B", "1 T"})]
)
def test_counts_are_shown_with_prefixes_at_finer_steps_where_there_are_few_decades(ax, top, labels):
    ax.set(yscale="log", ylim=(1e9, top))
    plotting.counts(ax.yaxis)
    ax.figure.canvas.draw()
    assert labels <= {label.get_text() for label in ax.get_yticklabels()}


def test_percentages_are_shown_as_such(ax):
    ax.set(ylim=(0, 1))
    plotting.percents(ax.yaxis)
    ax.figure.canvas.draw()
    assert "20 %" in {label.get_text() for label in ax.get_yticklabels()}


def test_a_point_is_marked_with_its_label_and_lines_across(ax):
    plotting.cross(ax, 0.5, 100, "here")
    assert [list(line.get_xdata()) for line in ax.lines] == [[0, 1], [0.5, 0.5], [0.5]]
    assert ax.texts[0].xy == (0.5, 100)


def test_a_mark_without_a_label_has_none(ax):
    plotting.mark(ax, 1, 2)
    assert not ax.texts


def test_a_law_has_its_colour_in_every_figure_and_others_are_black(ax):
    x = np.array([1.0, 2.0])
    plotting.lines(ax, x, {"Hoffmann2022": x, "Besiroglu2024": 2 * x, "another": 3 * x})
    assert [line.get_color() for line in ax.lines] == ["C1", "C0", "black"]
    assert plotting.colour("Besiroglu2024") == "C0"


# What is drawn of a plan


LIKE = {"loss": LAW.loss(70e9, 1.4e12)}


@pytest.mark.parametrize("lifetime", [lt.LIFETIME, lt.LIFETIME.priced(3e-19, unit="USD")], ids=["FLOP", "USD"])
def test_the_cost_of_other_sizes_is_least_at_the_plan(ax, lifetime):
    plan = lt.cheapest(LAW, **LIKE, lifetime=lifetime, **OTHERS)
    plotting.cost_curve(ax, plan, phases=False)
    (curve, point) = ax.lines
    N, cost = curve.get_data()
    assert (point.get_xdata(), point.get_ydata()) == ([plan.N], [plan.cost])
    assert np.all(cost > plan.cost * (1 - 1e-12))
    assert cost.min() == pytest.approx(plan.cost, rel=1e-3)
    assert N[0] == pytest.approx(max(LAW.least_params(plan.loss), plan.N / 3), rel=0.02), "none that cannot reach it"
    assert N[-1] == pytest.approx(10 * plan.N)
    for size, there in zip(N[::50], cost[::50], strict=True):
        tokens = LAW.tokens_for(plan.loss, size)
        assert there == pytest.approx(lifetime.ledger(N=size, D=tokens, **OTHERS).cost)
    assert ax.get_xlim() == pytest.approx((plan.N / 3, plan.N * 10))
    assert ax.get_ylabel() == f"lifetime cost, {lifetime.unit or 'pre-training-equivalent FLOP'}"
    assert ax.texts[0].get_text() == display.short(plan.N)


def test_the_phases_of_a_plan_are_stacked_to_its_cost(ax):
    plan = lt.cheapest(LAW, **LIKE, lifetime=lt.LIFETIME + lt.Phase("trials", flop=1e22), **OTHERS)
    plotting.cost_curve(ax, plan)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(plan.ledger.costs)[::-1]
    below = [layer.get_paths()[0].vertices for layer in ax.collections]
    tops = [vertices[np.abs(vertices[:, 0] / plan.N - 1) < 0.01, 1].max() for vertices in below]
    np.testing.assert_allclose(tops, np.cumsum(list(plan.ledger.costs.values())), rtol=0.05)


def test_the_cost_curve_of_a_law_with_more_terms_keeps_what_was_chosen(ax):
    law = LAW + 1.5 * D_RL**-0.1
    assumed = {name: value for name, value in OTHERS.items() if name != "D_RL"}
    plan = lt.cheapest(law, loss=2.1, choose="D_RL", **assumed)
    plotting.cost_curve(ax, plan, phases=False)
    N, cost = ax.lines[0].get_data()
    assert N[cost.argmin()] == pytest.approx(plan.N, rel=0.02)
    assert cost.min() == pytest.approx(plan.cost, rel=1e-3)


def test_a_cost_curve_is_of_one_scenario(ax):
    plan = lt.cheapest(LAW, **LIKE, **OTHERS | {"D_inf": [1e12, 1e13]})
    with pytest.raises(ValueError, match=r"plan must be of one scenario; this one holds \(2,\) of them"):
        plotting.cost_curve(ax, plan)


SWINGS = pd.DataFrame(
    {"low": [9e9, 1e9, 8e9], "base": [1e10] * 3, "high": [1.2e10, 2e10, 1.4e10]}, index=["least", "most", "some"]
)


def test_a_tornado_has_its_longest_bar_on_top_and_its_ends_written_beside_it(ax):
    plotting.tornado(ax, SWINGS)
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["least", "some", "most"]
    bars = [(bar.get_x(), bar.get_width()) for bar in ax.patches]
    np.testing.assert_allclose(bars, [(9e9, 3e9), (8e9, 6e9), (1e9, 19e9)])
    assert [text.get_text().strip() for text in ax.texts] == ["9 B", "12 B", "8 B", "14 B", "1 B", "20 B"]
    assert list(ax.lines[0].get_xdata()) == [1e10, 1e10]
    left, right = ax.get_xlim()
    assert left < 1e9 and right > 2e10, "room for what is written"


def test_a_tornado_on_a_logarithmic_axis_has_the_longest_ratio_on_top(ax):
    ax.set_xscale("log")
    table = pd.DataFrame({"low": [1, 80], "base": [100, 100], "high": [100, 500]}, index=["ratio", "difference"])
    plotting.tornado(ax, table, form=display.plain)
    assert [text.get_text().strip() for text in ax.texts] == ["80", "500", "1", "100"]


def test_a_tornado_takes_what_lifetime_tornado_returns_of_one_output(ax):
    uniform = {"x": lt.triangular(1, 2, 3), "y": lt.triangular(1, 2, 3)}
    plotting.tornado(ax, lt.tornado(lambda x, y: x + 3 * y, uniform, n=64))
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["x", "y"]
    two = lt.tornado(lambda x, y: {"sum": x + y, "x": x}, uniform, n=64)
    with pytest.raises(ValueError, match=r"table must be of one output, such as table.loc\['sum'\]"):
        plotting.tornado(ax, two)
