"""Checkpoints: all that a run needs to go on as if it had never stopped.

A checkpoint is one file that `torch.load(file, weights_only=True)` reads, with the SHA-256 of
its content in the comment that a zip archive may carry. It is written beside its place, forced
to the disk, and moved in at once: a reader finds the old file or the new one, never half of one.
"""

from __future__ import annotations

import platform
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import torch

from torchbook import __version__, seed
from torchbook.engine import archive
from torchbook.engine.archive import CheckpointError
from torchbook.files import second_name

FORMAT = 1


def capture(**parts) -> dict:
    """A state for `save`: the state_dict of each part, random states, versions.

    Parts are objects with state_dict() (model, optimizer, schedule, scaler, loader), or
    plain values, which are taken as they are. A part that is None is left out.
    """
    state = {"format": FORMAT, "versions": versions(), "random": seed.states()}
    for name, part in parts.items():
        if part is not None:
            state[name] = part.state_dict() if hasattr(part, "state_dict") else part
    return state


def restore(state: dict, **parts) -> None:
    """Put a state back: load_state_dict of each part, then every random state.

    Raises CheckpointError when the state lacks a part or a part refuses it, as the weights of
    another model. Then the parts named before it are loaded, and the random states are not.
    """
    for name, part in parts.items():
        if part is None:
            continue
        if name not in state:
            held = ", ".join(key for key in state if key not in ("format", "versions"))
            raise CheckpointError(f"the checkpoint holds no {name}; it holds {held}")
        try:
            part.load_state_dict(state[name])
        except (RuntimeError, ValueError, KeyError) as error:
            raise CheckpointError(
                f"the {name} does not fit the checkpoint: {error}"
            ) from error
    if "random" in state:
        seed.set_states(state["random"])


def save(path: str | Path, state: dict) -> Path:
    """Write a state to path, whole or not at all. Raises CheckpointError when it cannot."""
    return archive.write(Path(path), state)


def load(path: str | Path, device: str | torch.device = "cpu") -> dict:
    """The state in path, its tensors on device; nothing that the file says is executed.

    Raises CheckpointError for a file that is missing, damaged, not a checkpoint, of a newer
    format, or that holds anything but tensors and plain values.
    """
    state = archive.read(Path(path), device)
    if not isinstance(state, dict) or not isinstance(state.get("format"), int):
        raise CheckpointError(f"{path} is whole, but no checkpoint of torchbook")
    if state["format"] > FORMAT:
        raise CheckpointError(
            f"{path} has format {state['format']}, and this torchbook reads up to {FORMAT}: "
            "install a newer one"
        )
    return state


class Checkpoints:
    """The checkpoints of one run: `step-….pt` for the newest `keep`, and `best.pt`.

    `fit` writes one at the end of every epoch, and every `every` steps if that is given. Best is
    the epoch with the best value in the column `best` of the history: the lowest for a column
    that ends in "loss", else the highest. A run without that column has no best.
    """

    def __init__(
        self,
        folder: str | Path,
        keep: int = 3,
        every: int | None = None,
        best: str = "valid_loss",
    ) -> None:
        if keep < 1:
            raise ValueError(f"keep {keep}: wanted 1 or more")
        if every is not None and every < 1:
            raise ValueError(f"every {every}: wanted 1 step or more")
        self.folder, self.keep, self.every, self.best = Path(folder), keep, every, best
        self._best: float | None = None

    def prepare(self) -> None:
        """Make the folder; CheckpointError now, not after an epoch, where it cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise CheckpointError(
                f"{self.folder} cannot hold checkpoints: {error.strerror or error}"
            ) from error

    def score_of(self, row: dict[str, float]) -> float | None:
        """The score of an epoch, higher being better; None without the column `best`."""
        value = row.get(self.best)
        return -value if value is not None and self.best.endswith("loss") else value

    def path_of(self, step: int) -> Path:
        """The file for a step."""
        return self.folder / f"step-{step:09d}.pt"

    def newest_name(self) -> str:
        """The end of a sentence: where the newest checkpoint is, if there is one."""
        files = self.files()
        return f"; the newest checkpoint is {files[0]}" if files else ""

    def files(self) -> list[Path]:
        """The checkpoints by step, the newest first."""
        return sorted(self.folder.glob("step-*.pt"), reverse=True)

    def save(self, state: dict, step: int, score: float | None = None) -> Path:
        """Write the state of a step; where its score is the highest so far, it is best.pt too.

        Higher is better: give an accuracy as it is, and a loss with its sign turned.
        """
        path = save(self.path_of(step), {**state, "step": step, "score": score})
        if score is not None and score > self.best_score():
            second_name(path, self.folder / "best.pt")
            self._best = score
        # what a run that was killed while it wrote has left
        cut_short = self.folder.glob(".*.pt-*")
        others = [file for file in self.files() if file != path]
        for old in [*others[self.keep - 1 :], *cut_short]:
            with suppress(OSError):
                old.unlink()
        return path

    def best_score(self) -> float:
        """The score of best.pt; minus infinity where there is none that can be read."""
        if self._best is None:
            self._best = float("-inf")
            with suppress(CheckpointError, TypeError):
                self._best = float(load(self.folder / "best.pt").get("score"))
        return self._best

    def newest(self, device: str | torch.device = "cpu") -> dict | None:
        """The newest state that is whole, or None; warns of each file that had to be skipped."""
        for path in self.files():
            try:
                return load(path, device)
            except CheckpointError as error:
                warnings.warn(f"skipped: {error}", RuntimeWarning, stacklevel=2)
        return None


def versions() -> dict[str, str]:
    """What wrote the checkpoint."""
    return {
        "torchbook": __version__,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
