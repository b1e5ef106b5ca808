"""What a search found: the result of each trial, as a table, as a plot, as a smaller space."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torchbook.scales import Choice, Range
from torchbook.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOKS = {  # how a trial can end, and how it is drawn then
    "done": {"color": "C0"},
    "pruned": {"facecolors": "none", "edgecolors": "C5"},
    "failed": {"color": "C1", "marker": "x"},
}


@dataclass(frozen=True)
class Result:
    """How a trial ended: `state` is done, pruned (`score` is its best report then) or failed."""

    number: int
    params: dict
    state: str
    score: float | None
    reports: list[float]
    seconds: float
    error: str = ""


@dataclass(repr=False)
class Study:
    """The results of the trials in a space, in the order of their numbers.

    Raises ValueError for a space without settings, a setting without a scale, or another goal
    than "max" and "min".
    """

    space: dict[str, Range | Choice]
    goal: str = "max"
    results: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.goal not in ("max", "min"):
            raise ValueError(f"goal {self.goal!r}: wanted 'max' or 'min'")
        if not self.space:
            raise ValueError("the space is empty: wanted one setting or more")
        for name, scale in self.space.items():
            if not isinstance(scale, Range | Choice):
                raise ValueError(
                    f"{name}: {scale!r} is no scale; wanted uniform, log, one_minus, integer "
                    "or choice, as in log(1e-4, 1e-1)"
                )

    @property
    def done(self) -> list[Result]:
        """The trials that ran to their end, the best first."""
        return [result for result in self.ranked() if result.state == "done"]

    @property
    def best(self) -> Result:
        """The best of the trials that ran to their end. Raises ValueError when none did."""
        if not self.done:
            raise ValueError("no trial ran to its end")
        return self.done[0]

    def ranked(self) -> list[Result]:
        """All trials: done, then pruned, then failed, the best of each first."""
        sign = -1 if self.goal == "max" else 1

        def rank(result: Result) -> tuple[int, float]:
            return list(LOOKS).index(result.state), sign * (result.score or 0)

        return sorted(self.results, key=rank)

    def narrowed(self, top: float = 0.25) -> dict[str, Range | Choice]:
        """A smaller space, round the best `top` of the trials that did not fail, two at least.

        Raises ValueError for a share outside 0 … 1, or when fewer than two trials are done.
        """
        if not 0 < top <= 1:
            raise ValueError(f"top {top}: wanted a share above 0, up to 1")
        if len(self.done) < 2:
            raise ValueError(f"trials done: {len(self.done)}; wanted 2 or more")
        count = top * sum(result.state != "failed" for result in self.results)
        best = self.done[: max(2, round(count))]
        return {
            name: scale.around([result.params[name] for result in best])
            for name, scale in self.space.items()
        }

    def plot(self, name: str, ax: Axes | None = None) -> Axes:
        """Draw the scores against a setting, on its own scale.

        Trials that did not run to their end have no score to compare, and lie on the axis.
        Raises KeyError for a setting that there is not.
        """
        import matplotlib.pyplot as plt

        if name not in self.space:
            raise KeyError(f"no setting {name!r}; there are {', '.join(self.space)}")
        scale, ax = self.space[name], ax or plt.subplots()[1]
        for state, look in LOOKS.items():
            found = [result for result in self.results if result.state == state]
            x = [scale.position(result.params[name]) for result in found]
            y = [result.score if state == "done" else 0.0 for result in found]
            if state != "done":
                look = {**look, "transform": ax.get_xaxis_transform(), "clip_on": False}
            if found:
                ax.scatter(x, y, label=state, **look)
        scale.draw_axis(ax)
        ax.set(xlabel=name.replace("_", " "), ylabel="score")
        ax.legend()
        return ax

    def table(self) -> Table:
        """A row for each trial, the best first."""
        names = [name.replace("_", " ") for name in self.space]
        heading, rows = ["trial", *names, "score", "steps", "seconds", "state"], []
        for r in self.ranked():
            values = [r.number, *r.params.values(), r.score, len(r.reports)]
            ended = " ".join(f"{r.state} {r.error}".split())
            ended = ended if len(ended) <= 70 else f"{ended[:69]}…"
            rows.append([*values, f"{r.seconds:.1f}", ended])
        return Table(heading, rows, left=["state"], digits=5)

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        """The same table, for a notebook."""
        return self.table()._repr_html_()
