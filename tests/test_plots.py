"""torchbook.plots: what is drawn where, and the same bytes every time."""

import io
import logging
import re
import warnings
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib import font_manager
from matplotlib.colors import to_rgba

from torchbook import plots
from torchbook.experiment import Runs
from torchbook.landscape import Surface, several_minima

SQUARE = (-1.0, 3.0, 0.0, 2.0)


@pytest.fixture(autouse=True)
def clean():
    """The reader's own settings come back after each test, and figures are closed."""
    with mpl.rc_context():
        plots.use_style()
        yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


def svg(draw):
    fig, ax = plt.subplots()
    draw(ax)
    file = io.BytesIO()
    fig.savefig(file, format="svg", metadata={"Date": None})
    plt.close(fig)
    return file.getvalue()


def everything(ax):
    X = torch.tensor([[0.0, 0.5], [1.0, 1.5], [2.0, 0.2]])
    plots.points(ax, X, torch.tensor([0, 1, 2]))
    plots.ring(ax, X[0])
    plots.regions(ax, lambda p: (p[:, 0] > 1).long(), SQUARE, resolution=30)
    plots.boundary(ax, torch.tensor([1.0, 2.0]), -1.0, arrow=True)
    ax.legend()


def test_every_function_returns_the_axes_it_drew_on(ax):
    X, w = torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.tensor([1.0, -1.0])
    assert plots.points(ax, X, torch.tensor([0, 1])) is ax
    assert plots.ring(ax, X[0]) is ax
    assert plots.regions(ax, lambda p: p[:, 0] > 0, SQUARE, resolution=5) is ax
    assert plots.boundary(ax, w, 0.0) is ax
    assert plots.boundary(ax, torch.zeros(2), 1.0) is ax
    assert plots.image(ax, torch.zeros(1, 4, 4)) is ax
    assert plots.class_probabilities(ax, torch.tensor([0.2, 0.8]), ["a", "b"]) is ax


def test_the_style_names_its_salt_and_finds_its_font(caplog):
    assert mpl.rcParams["svg.hashsalt"] == "torchbook"
    for weight in ("regular", "bold"):
        wanted = font_manager.FontProperties(family="Inter", weight=weight)
        found = font_manager.findfont(wanted, fallback_to_default=False)
        assert Path(found).name == f"Inter-{weight}.ttf"
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        svg(lambda ax: ax.set(title="bold: λ → η", xlabel="$\\mathbf{w} \\cdot x_1$"))
    assert not caplog.records


def test_colors_of_the_package_are_those_of_the_style():
    cycle = [
        f"#{c.lstrip('#')}" for c in mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    ]
    assert cycle == plots.COLORS
    assert len(set(plots.MARKERS)) == len(plots.COLORS)


def test_the_same_figure_is_the_same_bytes():
    first = svg(everything)
    assert first == svg(everything)
    assert b"<svg" in first
    assert b"dc:date" not in first


def test_points_have_a_color_and_a_marker_for_each_class(ax):
    X = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    plots.points(ax, X, torch.tensor([2, 0, 2]))
    zero, two = ax.collections
    assert zero.get_offsets().tolist() == [[2, 3]]
    assert two.get_offsets().tolist() == [[0, 1], [4, 5]]
    for drawn, k in ((zero, 0), (two, 2)):
        assert drawn.get_label() == f"label {k}"
        want = to_rgba(plots.COLORS[k])[:3]
        assert tuple(drawn.get_facecolor()[0][:3]) == pytest.approx(want)
    shapes = [len(drawn.get_paths()[0].vertices) for drawn in (zero, two)]
    assert shapes[0] != shapes[1]


def test_points_without_labels_leave_the_legend_empty(ax):
    plots.points(ax, torch.zeros(2, 2), torch.tensor([0, 1]), labels=False)
    assert ax.get_legend_handles_labels() == ([], [])


@pytest.mark.parametrize(
    ("w", "b"),
    [
        ([1.0, 2.0], -3.0),
        ([-3.0, 0.5], torch.tensor(1.0)),
        ([0.0, 2.0], -1.0),
        ([4.0, 0.0], -8.0),
    ],
)
def test_the_boundary_goes_through_points_of_score_zero(ax, w, b):
    ax.set(xlim=SQUARE[:2], ylim=SQUARE[2:])
    plots.boundary(ax, torch.tensor(w), b)
    (line,) = ax.lines
    ends = np.array([line.get_xy1(), line.get_xy2()])
    assert ends @ np.array(w) + float(b) == pytest.approx([0, 0], abs=1e-12)
    assert np.linalg.norm(ends[1] - ends[0]) > 0
    assert (*ax.get_xlim(), *ax.get_ylim()) == SQUARE


def test_the_arrow_points_to_the_side_of_class_one(ax):
    ax.set(xlim=SQUARE[:2], ylim=SQUARE[2:])
    w, b = np.array([1.0, -2.0]), 1.0
    plots.boundary(ax, torch.tensor([1.0, -2.0]), b, arrow=True)
    arrow = next(text for text in ax.texts if text.get_text() == "")
    tip, foot = np.array(arrow.xy), np.array(arrow.xyann)
    assert w @ foot + b == pytest.approx(0, abs=1e-12)
    assert w @ tip + b > 0
    direction = tip - foot
    assert direction[0] * w[1] - direction[1] * w[0] == pytest.approx(0, abs=1e-12)


def test_weights_of_zero_have_no_boundary(ax):
    plots.boundary(ax, torch.zeros(2), 1.0)
    assert len(ax.lines) == 0


@pytest.mark.parametrize(
    ("corner", "row", "column"),
    [((-1, 0), 0, 0), ((3, 0), 0, -1), ((-1, 2), -1, 0), ((3, 2), -1, -1)],
)
def test_regions_tint_the_corner_that_has_the_class(ax, corner, row, column):
    def near_the_corner(p):
        return ((p - torch.tensor(corner)).norm(dim=1) < 0.5).long()

    plots.regions(ax, near_the_corner, SQUARE, resolution=40)
    (tint,) = ax.images
    classes = np.asarray(tint.get_array())
    assert classes[row, column] == 1
    assert 0 < classes.sum() < 0.2 * classes.size
    assert (tint.origin, tint.get_extent()) == ("lower", list(SQUARE))
    assert (*ax.get_xlim(), *ax.get_ylim()) == SQUARE


def test_regions_are_right_in_the_picture_itself():
    """Class 1 only at the right bottom: seen in the pixels of the drawn figure."""
    fig = plt.figure(figsize=(2, 1), dpi=100, facecolor="white", layout="none")
    ax = fig.add_axes((0, 0, 1, 1))
    plots.regions(ax, lambda p: (p[:, 0] > 1) & (p[:, 1] < 1), SQUARE)
    ax.set_axis_off()
    fig.canvas.draw()
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., :3].astype(
        int
    )  # row 0 is the top
    red_over_blue = pixels[..., 0] > pixels[..., 2]  # the orange of class 1
    assert red_over_blue[75, 150]
    assert not red_over_blue[25, 150]
    assert not red_over_blue[75, 50]
    assert not red_over_blue[25, 50]


@pytest.mark.parametrize("k", [0, 1, 3])
def test_regions_of_one_class_keep_its_color(ax, k):
    plots.regions(ax, lambda p: torch.full((len(p),), k), SQUARE, resolution=4)
    tint = ax.images[0]
    color = tint.cmap(tint.norm(k))[:3]
    assert color == pytest.approx(to_rgba(plots.COLORS[k])[:3])


def test_regions_record_no_graph(ax):
    layer = torch.nn.Linear(2, 3)
    plots.regions(ax, lambda p: layer(p).argmax(dim=1), SQUARE, resolution=4)
    assert layer.weight.grad is None


def test_an_image_keeps_its_orientation_and_channels(ax):
    pixels = torch.arange(24, dtype=torch.uint8).reshape(1, 4, 6)
    plots.image(ax, pixels, "a title")
    drawn = ax.images[0]
    assert np.asarray(drawn.get_array()).tolist() == pixels[0].tolist()
    assert drawn.origin == "upper"
    assert ax.get_title() == "a title"
    color = torch.rand(3, 4, 6)
    plots.image(ax, color)
    assert (
        np.asarray(ax.images[1].get_array())[1, 2].tolist() == color[:, 1, 2].tolist()
    )


def test_class_probabilities_have_a_bar_each_from_the_top_and_mark_the_truth(ax):
    probs = torch.tensor([0.25, 0.5, 0.25])
    plots.class_probabilities(ax, probs, ["a", "b", "c"], truth=1)
    assert [bar.get_width() for bar in ax.patches] == probs.tolist()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b", "c"]
    assert ax.yaxis_inverted()
    colors = [text.get_color() for text in ax.get_yticklabels()]
    assert colors[0] == colors[2] != colors[1] == plots.COLORS[2]


def curves(*runs):
    return Runs(torch.tensor(runs, dtype=torch.float64), tuple(range(len(runs))))


def test_a_band_reaches_from_the_lowest_run_to_the_highest_round_the_mean(ax):
    runs = curves([1.0, 2.0, 6.0], [3.0, 2.0, 0.0])
    assert plots.band(ax, [10, 20, 30], runs, "ours", linestyle="--") is ax
    (line,), (band,) = ax.lines, ax.collections
    assert line.get_xydata().tolist() == [[10, 2], [20, 2], [30, 3]]
    assert (line.get_label(), line.get_linestyle()) == ("ours", "--")
    corners = {tuple(point) for point in band.get_paths()[0].vertices.tolist()}
    assert corners == {(10, 1), (20, 2), (30, 0), (10, 3), (30, 6)}
    assert ax.get_legend_handles_labels()[1] == ["ours"]


def test_each_band_has_the_color_of_its_line_and_the_next_another(ax):
    runs = curves([1.0, 2.0], [3.0, 2.0])
    plots.band(ax, range(2), runs, "one")
    plots.band(ax, torch.arange(2), runs, "two")
    plots.band(ax, np.arange(2), runs, color=plots.COLORS[4])
    for k, line, band in zip((0, 1, 4), ax.lines, ax.collections, strict=True):
        assert line.get_color() == plots.COLORS[k]
        color = band.get_facecolor()[0]
        assert tuple(color[:3]) == pytest.approx(to_rgba(plots.COLORS[k])[:3])
        assert 0 < color[3] < 0.3


def test_a_band_has_a_gap_where_a_run_is_nan(ax):
    runs = curves([1.0, 2.0, np.nan, 4.0, 5.0], [2.0] * 5)
    plots.band(ax, range(5), runs)
    assert np.isnan(ax.lines[0].get_ydata()).tolist() == [
        False,
        False,
        True,
        False,
        False,
    ]
    assert len(ax.collections[0].get_paths()) == 2


@pytest.mark.parametrize(
    "runs", [curves([1.0, 2.0]), curves(1.0, 2.0), curves([[1.0, 2.0, 3.0]])]
)
def test_a_band_of_another_length_or_of_no_curves_is_refused(ax, runs):
    with pytest.raises(ValueError, match="x has 3 entries, a run the shape"):
        plots.band(ax, [1, 2, 3], runs)
    assert not ax.lines


def uphill(name="uphill", function=lambda w: w[..., 0] + w[..., 1]):
    """Height w1 + w2 over a map of 4 to 2: the lowest corner is bottom left."""
    return Surface(name, function, (0.0, 1.0), SQUARE, (-1.0, 0.0))


def test_a_surface_is_a_map_of_its_limits_with_a_star_at_its_lowest_point(ax):
    assert plots.surface(ax, several_minima, resolution=40) is ax
    assert (*ax.get_xlim(), *ax.get_ylim()) == several_minima.limits
    (star,) = ax.lines
    assert star.get_marker() == "*"
    assert star.get_xydata().tolist() == [list(several_minima.lowest)]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$w_1$", "$w_2$")


def test_a_surface_is_darker_where_it_is_higher_and_tinted_to_its_corners():
    fig = plt.figure(figsize=(2, 1), dpi=100, facecolor="white", layout="none")
    ax = fig.add_axes((0, 0, 1, 1))
    plots.surface(
        ax, uphill(function=lambda w: w[..., 0] / 2 + 2 * w[..., 1]), levels=6
    )
    ax.set_axis_off()
    fig.canvas.draw()
    gray = np.asarray(fig.canvas.buffer_rgba())[..., :3].astype(int).sum(axis=2)
    bottom_left, bottom_right = gray[85, 30], gray[85, 195]
    top_left, top_right = gray[2, 4], gray[2, 195]
    assert top_right < top_left < bottom_right < bottom_left < 3 * 255
    assert gray.max() < 3 * 255  # no white hole at the highest or the lowest point


def test_levels_of_a_surface_lie_closer_together_at_the_bottom(ax):
    plots.surface(ax, uphill(), levels=4, resolution=20)
    tints, lines = ax.collections
    assert tints.levels.tolist() == pytest.approx([-1, -0.625, 0.5, 2.375, 5])
    assert lines.levels.tolist() == pytest.approx([-0.625, 0.5, 2.375])


def test_a_surface_has_only_colors_that_dark_pages_know():
    def draw(ax):
        plots.surface(ax, several_minima, resolution=20)

    drawn = svg(draw)
    assert drawn == svg(draw)
    colors = set(re.findall(rb"(?:fill|stroke): (#[0-9a-f]{6})", drawn))
    ink = {mpl.rcParams[name] for name in ("text.color", "xtick.color")}
    ink |= {mpl.rcParams["xtick.labelcolor"], mpl.rcParams["axes.edgecolor"]}
    known = {f"#{color.lstrip('#')}".encode() for color in [*ink, plots.COLORS[5]]}
    assert plots.COLORS[5].encode() in colors
    assert colors <= known


@pytest.mark.parametrize("heights", [3.0, float("nan"), float("inf")])
def test_a_surface_without_heights_to_draw_is_refused(ax, heights):
    with pytest.raises(ValueError, match="wanted finite ones that differ"):
        plots.surface(ax, uphill(function=lambda w: 0 * w[..., 0] + heights))
