"""What a run leaves behind: a row of numbers an epoch, and the loss of every step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(repr=False)
class History:
    """One row an epoch: {"epoch": 1, "train_loss": …, "valid_loss": …, "seconds": …}.

    `losses` holds the loss of every step, the mean over the samples of that step.
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def __getitem__(self, name: str) -> list[float]:
        """The column called name, an entry an epoch; KeyError names the columns there are.

        It is nan in epochs that did not have it, as those before a run went on with valid=.
        """
        if self.rows and name not in self.columns:
            raise KeyError(f"no column {name!r}; there are {', '.join(self.columns)}")
        return [row.get(name, math.nan) for row in self.rows]

    @property
    def columns(self) -> list[str]:
        """The names of all columns, in the order in which they came up."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> str:
        """The rows as lines of text, a heading above them."""
        cells = self._cells()
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(
                cell.rjust(width) for cell, width in zip(line, widths, strict=True)
            )
            for line in cells
        )

    def __repr__(self) -> str:
        return self.table() if self.rows else "<History: no epoch yet>"

    def _repr_html_(self) -> str:
        """The same table, for a notebook."""
        heading, *rows = self._cells()

        def line(cells: list[str], tag: str) -> str:
            return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)

        body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
        return (
            f"<table><thead><tr>{line(heading, 'th')}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )

    def plot(self, *names: str, ax: Axes | None = None, loc: str = "best") -> Axes:
        """Draw columns against the epoch, the losses unless named; the axes drawn on.

        The legend is at `loc`. Raises KeyError for a column that there is not, and ValueError
        when there is no row.
        """
        import matplotlib.pyplot as plt

        if not self.rows:
            raise ValueError("nothing to plot: no epoch has ended")
        names = names or tuple(n for n in self.columns if n.endswith("loss"))
        ax = ax or plt.subplots()[1]
        for name in names:
            label = name.replace("_", " ")
            ax.plot(self["epoch"], self[name], marker="o", label=label)
        ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        ax.set(xlabel="epoch")
        ax.legend(loc=loc)
        return ax

    def state_dict(self) -> dict:
        """Numbers and a tensor, for a checkpoint."""
        losses = torch.tensor(self.losses, dtype=torch.float64)  # (steps,)
        return {"rows": [dict(row) for row in self.rows], "losses": losses}

    def load_state_dict(self, state: dict[str, list | Tensor]) -> None:
        """Put back what `state_dict` gave."""
        self.rows = [dict(row) for row in state["rows"]]
        self.losses = state["losses"].tolist()

    def _cells(self) -> list[list[str]]:
        names = self.columns or ["epoch"]
        numbers = [[_short(row.get(name, "")) for name in names] for row in self.rows]
        return [[name.replace("_", " ") for name in names], *numbers]


def _short(value: float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
