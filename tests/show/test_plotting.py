"""Drawing: what is drawn is what was given, and labels keep out of each other's way."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from lifetime import plotting

mpl.use("Agg")


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def texts(ax):
    return {text.get_text(): text for text in ax.texts}


def test_the_style_is_used_and_prints_in_colours_that_survive_colour_blindness():
    with mpl.rc_context():
        plotting.use_style()
        colours = [colour.strip("#") for colour in mpl.rcParams["axes.prop_cycle"].by_key()["color"]]
    assert colours[:3] == ["0072B2", "D55E00", "009E73"]  # Okabe and Ito's blue, vermillion and bluish green


def test_lines_are_drawn_and_labelled_in_their_own_colour(ax):
    x = np.array([1.0, 2.0, 3.0])
    plotting.lines(ax, x, {"double": 2 * x, "square": x**2})
    assert [list(line.get_ydata()) for line in ax.lines] == [[2, 4, 6], [1, 4, 9]]
    assert [texts(ax)[name].get_color() for name in ("double", "square")] == [line.get_color() for line in ax.lines]


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
