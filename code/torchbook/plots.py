"""Figures of the book: each takes the axes to draw on and returns them.

`use_style` comes first on a page. It sets type and colors, and in a notebook asks for SVG.
"""

import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from torch import Tensor

STYLE = Path(__file__).with_name("style")
COLORS = ["#2b6cb0", "#d2600a", "#14876a", "#8e56b3", "#a97f00", "#6d737d"]
MARKERS = ["o", "s", "^", "D", "v", "P"]


def use_style() -> None:
    """Set the book's look for all figures that follow, as SVG when in a notebook."""
    for file in STYLE.glob("*.ttf"):
        font_manager.fontManager.addfont(file)
    plt.style.use(STYLE / "book.mplstyle")
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None}, bbox_inches=None)


def points(
    ax: Axes, X: Tensor, y: Tensor, *, size: float = 28, labels: bool = True
) -> Axes:
    """Samples X (N, 2), a color and a marker for each class in y (N,)."""
    for k in y.unique().tolist():
        ax.scatter(
            *X[y == k].T,
            s=size,
            marker=MARKERS[k],
            color=COLORS[k],
            linewidths=0,
            alpha=0.85,
            label=f"label {k}" if labels else None,
            zorder=3,
        )
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    return ax


def ring(ax: Axes, x: Tensor) -> Axes:
    """A circle round one point x (2,), to point it out."""
    ink = mpl.rcParams["text.color"]
    ax.scatter(*x, s=110, facecolors="none", edgecolors=ink, linewidths=1.2, zorder=4)
    return ax


def regions(
    ax: Axes,
    classify,
    limits: tuple[float, float, float, float],
    *,
    resolution: int = 300,
) -> Axes:
    """Tint the plane by the class (M,) that classify gives to points (M, 2)."""
    x1 = torch.linspace(limits[0], limits[1], resolution)
    x2 = torch.linspace(limits[2], limits[3], resolution)
    grid = torch.cartesian_prod(x1, x2)  # (resolution², 2)
    with torch.no_grad():
        classes = classify(grid).reshape(resolution, resolution).T.numpy()
    colors = ListedColormap(COLORS[: max(2, int(classes.max()) + 1)])
    ax.imshow(
        classes,
        origin="lower",
        extent=limits,
        aspect="auto",
        cmap=colors,
        vmin=0,
        vmax=colors.N - 1,
        alpha=0.16,
        interpolation="nearest",
        zorder=0,
    )
    ax.set(xlim=limits[:2], ylim=limits[2:])
    return ax


def boundary(
    ax: Axes, w: Tensor, b: Tensor | float, *, arrow: bool = False, **line
) -> Axes:
    """The line w · x + b = 0 across the axes; with arrow, the direction of w from it.

    Draws nothing when w is zero: then every point has the same score.
    """
    (w1, w2), b = w.tolist(), float(b)
    if w1 == w2 == 0:
        return ax
    limits = ax.get_xlim(), ax.get_ylim()
    middle, normal = np.mean(limits, axis=1), np.array([w1, w2])
    foot = middle - (normal @ middle + b) / (normal @ normal) * normal  # on the line
    style = {"color": mpl.rcParams["text.color"]} | line
    ax.axline(foot, foot + np.array([-w2, w1]), **style)
    if arrow:
        tip = foot + 0.15 * np.ptp(limits[0]) * normal / np.hypot(w1, w2)
        arrow_style = {"arrowstyle": "-|>", "color": style["color"]}
        ax.annotate("", tip, foot, arrowprops=arrow_style)
        beside = 9 * np.array([w2, -w1]) / np.hypot(w1, w2)  # points, along the line
        ax.annotate(
            "$w$",
            (foot + tip) / 2,
            beside,
            textcoords="offset points",
            ha="center",
            va="center",
        )
    ax.set(xlim=limits[0], ylim=limits[1])
    return ax


def image(ax: Axes, pixels: Tensor, title: str = "") -> Axes:
    """One image (C, H, W), C 1 or 3, bytes or floats in 0 … 1, without ticks."""
    # (H, W) or (H, W, 3)
    pixels = pixels[0] if len(pixels) == 1 else pixels.permute(1, 2, 0)
    white = 255 if pixels.dtype == torch.uint8 else 1
    ax.imshow(
        pixels.cpu().numpy(), cmap="gray", vmin=0, vmax=white, interpolation="nearest"
    )
    ax.set_title(title, fontsize=9, fontweight=400)
    ax.set_axis_off()
    return ax


def class_probabilities(
    ax: Axes, probs: Tensor, classes, *, truth: int | None = None
) -> Axes:
    """Bars of the probabilities (C,) of the classes; the name of the true one is green."""
    ax.barh(range(len(classes)), probs.tolist(), color=COLORS[0], height=0.7)
    ax.set_yticks(range(len(classes)), classes)
    if truth is not None:
        ax.get_yticklabels()[truth].set(color=COLORS[2], fontweight="bold")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel="probability", xlim=(0, 1))
    return ax


def band(ax: Axes, x, runs, label: str | None = None, **line) -> Axes:
    """The mean of several runs over x (T,), and a band from the lowest to the highest.

    runs is what `experiment.repeat` gave, curves (S, T). Where a run is nan the curve has a
    gap. Raises ValueError for runs that are no curves, or have another length than x.
    """
    x = torch.as_tensor(x).tolist()
    if tuple(runs.values.shape[1:]) != (len(x),):
        raise ValueError(
            f"x has {len(x)} entries, a run the shape {tuple(runs.values.shape[1:])}: "
            "wanted a curve with a number for each x"
        )
    (mean,) = ax.plot(x, runs.mean.tolist(), label=label, **line)
    low, high = runs.low.tolist(), runs.high.tolist()
    ax.fill_between(x, low, high, color=mean.get_color(), alpha=0.15, linewidth=0)
    return ax


def surface(ax: Axes, surface, *, levels: int = 14, resolution: int = 80) -> Axes:
    """The map of a `landscape.Surface`: the darker, the higher; a star is the lowest point.

    There are `levels` tints. Their heights grow as 1, 4, 9, ..., so that a steep wall does
    not hide how the bottom bends. Raises ValueError for heights that are all the same, and
    for nan and inf.
    """
    limits = surface.limits
    w1 = torch.linspace(*limits[:2], resolution)
    w2 = torch.linspace(*limits[2:], resolution)
    with torch.no_grad():
        heights = surface.function(torch.cartesian_prod(w1, w2))  # (resolution²,)
    heights = heights.reshape(resolution, resolution).T.numpy()
    low, high = heights.min(), heights.max()
    if not low < high < np.inf:
        raise ValueError(
            f"heights from {low} to {high}: wanted finite ones that differ"
        )
    edges = low + (high - low) * np.linspace(0, 1, levels + 1) ** 2
    edges[-1] = high  # rounding would leave the highest point out
    gray = COLORS[5]
    tints = [(gray, alpha) for alpha in np.linspace(0.03, 0.45, levels)]
    ax.contourf(w1, w2, heights, edges, colors=tints, zorder=0)
    ax.contour(w1, w2, heights, edges[1:-1], colors=gray, linewidths=0.4, zorder=1)
    ink = mpl.rcParams["text.color"]
    ax.plot(*surface.lowest, "*", color=ink, markersize=9, zorder=4)
    ax.grid(visible=False)
    ax.set(xlim=limits[:2], ylim=limits[2:], xlabel="$w_1$", ylabel="$w_2$")
    return ax
