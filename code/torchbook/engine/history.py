"""What a run leaves behind: a row of numbers an epoch, and the loss of every step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from torchbook.tables import Table

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

    def table(self) -> Table:
        """The rows, a heading above them; nothing where an epoch has no such number."""
        names = self.columns or ["epoch"]
        return Table(
            [name.replace("_", " ") for name in names],
            [[row.get(name) for name in names] for row in self.rows],
        )

    def __repr__(self) -> str:
        return str(self.table()) if self.rows else "<History: no epoch yet>"

    def _repr_html_(self) -> str:
        """The same table, for a notebook."""
        return self.table()._repr_html_()

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
