"""What may happen around the loop, one small object each.

`fit` calls four methods of every callback: before the first step, after each step, after each
epoch, after the last. They get the run, with its model, optimizer, history, step and epoch, and
may set `run.stop` to a reason for ending.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

from torchbook.files import replacing

if TYPE_CHECKING:
    from torchbook.engine.run import Run


class Callback:
    """Does nothing at each of the four moments; override those that you want."""

    def before(self, run: Run) -> None:
        """Before the first step, after a checkpoint was put back."""

    def after_step(self, run: Run) -> None:
        """After each step. Losses may still lie on the device: `run.look()` fetches them."""

    def after_epoch(self, run: Run) -> None:
        """After each epoch, its row being the last of `run.history`."""

    def after(self, run: Run) -> None:
        """At the end of a run that nothing broke off."""

    def state_dict(self) -> dict:
        """What a checkpoint must keep of this callback: tensors and plain values."""
        return {}

    def load_state_dict(self, state: dict) -> None:
        """Put back what `state_dict` gave."""


class EarlyStopping(Callback):
    """Stop when a column got no better for `patience` epochs; the best weights come back.

    Lower is better for a column that ends in "loss", else higher. Better means by more than
    `min_delta` (Prechelt 1998). `best` is the value, `best_epoch` its epoch.
    """

    def __init__(
        self, column: str = "valid_loss", patience: int = 5, min_delta: float = 0.0
    ) -> None:
        if patience < 1 or min_delta < 0:
            raise ValueError(
                f"patience {patience}, min_delta {min_delta}: wanted 1 or more, and 0 or more"
            )
        self.column, self.patience, self.min_delta = column, patience, min_delta
        self.sign = -1 if column.endswith("loss") else 1
        self.best, self.best_epoch, self.weights = -math.inf * self.sign, 0, None

    def before(self, run: Run) -> None:
        if run.step == 0:  # what an earlier run left does not count in this one
            self.best, self.best_epoch, self.weights = -math.inf * self.sign, 0, None
        self._stop_if_hopeless(run)

    def after_epoch(self, run: Run) -> None:
        value = value_of(run.history.rows[-1], self.column)
        better = self.sign * (value - self.best) > self.min_delta
        if better or self.weights is None or math.isnan(self.best):
            self.best, self.best_epoch = value, run.epoch
            weights = run.model.state_dict().items()
            self.weights = {name: tensor.clone() for name, tensor in weights}
        self._stop_if_hopeless(run)

    def after(self, run: Run) -> None:
        if self.weights is not None:
            run.model.load_state_dict(self.weights)

    def state_dict(self) -> dict:
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "weights": self.weights,
        }

    def load_state_dict(self, state: dict) -> None:
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.weights = state["weights"]

    def _stop_if_hopeless(self, run: Run) -> None:
        waited = run.epoch - self.best_epoch
        if self.weights is not None and waited >= self.patience:
            run.stop = (
                f"{self.column} was best, {self.best:.4g}, after epoch {self.best_epoch}, "
                f"and no better in the {waited} epochs since"
            )


class CsvLog(Callback):
    """Keeps the history's rows in a CSV file that is whole after every epoch."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def after_epoch(self, run: Run) -> None:
        from torchbook.distributed import is_writer

        if not is_writer():
            return
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, run.history.columns, restval="")
        table.writeheader()
        table.writerows(
            run.history.rows
        )  # all: a run that went back in time stays right
        with replacing(self.path) as file:
            file.write(text.getvalue().encode())


class TensorBoardLog(Callback):
    """Writes the loss and learning rate of steps, and the row of epochs, for TensorBoard.

    Look at them with `tensorboard --logdir FOLDER`. Needs the extra `log`; raises ImportError
    that says so.
    """

    def __init__(self, folder: str | Path, every: int = 10) -> None:
        self.folder, self.every, self.writer, self._written = (
            Path(folder),
            every,
            None,
            0,
        )

    def before(self, run: Run) -> None:
        from torchbook.distributed import is_writer

        if not is_writer():
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError(
                "TensorBoardLog needs the extra `log`: pip install 'torchbook[log]'"
            ) from error
        # what was written after the checkpoint that this run goes on from is void
        void = run.step + 1 if run.step else None
        self.writer = SummaryWriter(self.folder, purge_step=void)
        self._written = run.step

    def after_step(self, run: Run) -> None:
        if run.step % self.every:
            return
        run.look()  # in every process: they add up their losses
        if self.writer is None:
            return
        for step in range(self._written, len(run.history.losses), self.every):
            self.writer.add_scalar("loss", run.history.losses[step], step + 1)
        self._written = run.step
        lr = run.optimizer.param_groups[0]["lr"]
        self.writer.add_scalar("learning rate", lr, run.step)

    def after_epoch(self, run: Run) -> None:
        if self.writer is None:
            return
        for name, value in run.history.rows[-1].items():
            if name != "epoch":
                self.writer.add_scalar(name, value, run.step)
        self.writer.flush()

    def after(self, run: Run) -> None:
        if self.writer is not None:
            self.writer.close()


def value_of(row: dict[str, float], column: str) -> float:
    """The entry of a row; KeyError names the columns that a run of fit has."""
    if column not in row:
        raise KeyError(
            f"no column {column!r} to watch; this run has {', '.join(row)}"
            + ("; give valid= to fit" if column.startswith("valid_") else "")
        )
    return row[column]
