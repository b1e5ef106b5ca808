"""Scales of a search: what is drawn evenly, the value itself or a function of it.

A learning rate is as likely between 0.001 and 0.01 as between 0.01 and 0.1: its logarithm is
drawn evenly. A momentum β averages over some 1 / (1 - β) steps, so that 0.99 and 0.999 are far
apart: the logarithm of 1 - β is drawn evenly. Part 08 teaches it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# name: a rising function, whose values are drawn evenly, and its inverse
SCALES = {
    "linear": (np.positive, np.positive),
    "log": (np.log, np.exp),
    "1-beta": (lambda x: -np.log1p(-x), lambda s: -np.expm1(-s)),
}


def uniform(low: float, high: float) -> Range:
    """Numbers from low to high, evenly."""
    return Range(low, high)


def log(low: float, high: float) -> Range:
    """Numbers from low to high, above 0, evenly in their logarithm."""
    return Range(low, high, "log")


def one_minus(low: float, high: float) -> Range:
    """Numbers β from low to high, in 0 ≤ β < 1, evenly in the logarithm of 1 - β."""
    return Range(low, high, "1-beta")


def integer(low: int, high: int, *, log: bool = False) -> Range:
    """Whole numbers from low to high, both among them, evenly; with `log`, in their logarithm."""
    return Range(low, high, "log" if log else "linear", whole=True)


def choice(*options) -> Choice:
    """One of the options, each as likely."""
    return Choice(options)


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both among them; with `whole`, whole ones only.

    Raises ValueError for a range that is empty or that its scale does not know.
    """

    low: float
    high: float
    scale: str = "linear"
    whole: bool = False

    def __post_init__(self) -> None:
        low, high = self.low, self.high
        if not all(
            isinstance(x, int | float) and math.isfinite(x) for x in (low, high)
        ):
            raise ValueError(f"{low!r} to {high!r}: wanted two finite numbers")
        if low > high or (low == high and not self.whole):
            raise ValueError(f"{low} to {high} is empty: wanted the lower number first")
        if self.whole and not (isinstance(low, int) and isinstance(high, int)):
            raise ValueError(
                f"{low} to {high}: wanted whole numbers, as 32 and not 32.0"
            )
        if self.scale not in SCALES:
            raise ValueError(f"scale {self.scale!r}: wanted one of {', '.join(SCALES)}")
        if self.scale == "log" and low <= 0:
            raise ValueError(f"{low} to {high}: a log scale begins above 0")
        if self.scale == "1-beta" and not 0 <= low < high < 1:
            raise ValueError(f"{low} to {high}: a 1-β scale lies in 0 ≤ β < 1")

    def __repr__(self) -> str:
        kind = {"linear": "uniform", "log": "log", "1-beta": "one_minus"}[self.scale]
        log = f", log={self.scale == 'log'}" if self.whole else ""
        return (
            f"{'integer' if self.whole else kind}({self.low:.5g}, {self.high:.5g}{log})"
        )

    def at(self, u: float) -> float:
        """The value at u, 0 ≤ u < 1: where u is even, so is the value on its scale."""
        there, back = SCALES[self.scale]
        # A whole number k owns what lies from k up to k + 1.
        start, end = there(float(self.low)), there(float(self.high + self.whole))
        value = float(back(start + u * (end - start)))
        value = math.floor(value) if self.whole else value
        return min(max(value, self.low), self.high)  # rounding may step over an end

    def around(self, values: list[float]) -> Range:
        """The smaller range that holds two values or more, and their mean gap on either side."""
        there, back = SCALES[self.scale]
        start, end = there(float(min(values))), there(float(max(values)))
        gap = (end - start) / (len(values) - 1)
        low, high = float(back(start - gap)), float(back(end + gap))
        if self.whole:
            low, high = math.floor(low), math.ceil(high)
        return replace(self, low=max(low, self.low), high=min(high, self.high))

    def position(self, value: float) -> float:
        """Where a value lies on the axis."""
        return value

    def draw_axis(self, ax: Axes) -> None:
        """Give the x axis the limits and the scale, with ticks at round numbers."""
        there, back = SCALES[self.scale]
        start, end = there(float(self.low)), there(float(self.high))
        margin = 0.04 * (end - start) or 0.5
        limits = ax.set_xlim(back(start - margin), back(end + margin))
        if self.scale != "linear":
            # Clipped, as matplotlib also asks for the place of 0 and of 1.
            within = lambda x: there(np.clip(x, *limits))  # noqa: E731
            ax.set_xscale("function", functions=(within, back))
            ticks = self._ticks(1, 2, 5)
            ticks = ticks if len(ticks) < 8 else self._ticks(1)
            if len(ticks) > 1:  # else matplotlib finds some
                ticks = ticks[:: 1 + len(ticks) // 8]
                ax.set_xticks(ticks, [f"{tick:.12g}" for tick in ticks])

    def _ticks(self, *digits: int) -> np.ndarray:
        """The numbers 0.1, 0.01, … and their multiples, or 1 minus these, in the range."""
        ticks = np.outer(10.0 ** np.arange(-12, 13), digits).ravel()
        ticks = 1 - ticks if self.scale == "1-beta" else ticks
        return np.sort(ticks[(ticks >= self.low) & (ticks <= self.high)])


@dataclass(frozen=True)
class Choice:
    """One of some options: text, numbers, True, False or None. Raises ValueError for others."""

    options: tuple

    def __post_init__(self) -> None:
        if not self.options:
            raise ValueError("a choice of nothing: wanted one option or more")
        for option in self.options:
            if not isinstance(option, str | int | float | None):
                raise ValueError(
                    f"the option {option!r}: wanted text, a number, True, False or None, which "
                    "a file can hold; look other things up by their name in the objective"
                )

    def __repr__(self) -> str:
        return f"choice{self.options!r}"

    def at(self, u: float):
        """The option at u, 0 ≤ u < 1."""
        return self.options[int(u * len(self.options))]

    def around(self, values: list) -> Choice:
        """Only the options that are among the values."""
        return Choice(tuple(option for option in self.options if option in values))

    def position(self, value) -> int:
        """Where an option lies on the axis."""
        return self.options.index(value)

    def draw_axis(self, ax: Axes) -> None:
        """Name the options on the x axis."""
        ax.set_xlim(-0.5, len(self.options) - 0.5)
        ax.set_xticks(range(len(self.options)), map(str, self.options))
