"""A learning rate from one short sweep: raise it step by step until the loss breaks out.

Too small a rate changes nothing, too large a one makes the loss grow. In between it falls
fastest. The sweep leaves no trace: model, optimizer, loader and chance are put back (Smith 2017,
"Cyclical learning rates for training neural networks", section 3.3).
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from torchbook import seed
from torchbook.callbacks import Callback
from torchbook.train import Loader, Metric, fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from torchbook.engine.run import Run

SMOOTH = 0.9  # weight of the past in the running mean of the loss
BROKEN = 4  # times the lowest loss: from there on it only grows


@dataclass(frozen=True)
class Sweep:
    """The learning rate of each step, and the running mean of the loss after it."""

    lrs: list[float]
    losses: list[float]

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the loss was lowest: below it there is room for noise."""
        return self.lrs[self.losses.index(min(self.losses))] / 10

    def plot(self, ax: Axes | None = None) -> Axes:
        """The loss against the learning rate, and the suggestion as a line; the axes drawn on."""
        import matplotlib.pyplot as plt

        ax = ax or plt.subplots()[1]
        ax.plot(self.lrs, self.losses)
        ax.axvline(self.suggestion, linestyle=":", label=f"{self.suggestion:.1e}")
        ax.set(xscale="log", xlabel="learning rate", ylabel="loss, running mean")
        ax.legend()
        return ax


def find_lr(
    model: nn.Module,
    train: Loader,
    loss_fn: Metric,
    optimizer: torch.optim.Optimizer,
    *,
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 100,
    **options,
) -> Sweep:
    """Train for `steps` steps, the learning rate rising from low to high by equal factors.

    Ends early when the loss breaks out. All is put back afterwards. `options` are those of `fit`.
    Raises ValueError unless 0 < low < high and steps is 2 or more.
    """
    if not 0 < low < high or steps < 2:
        raise ValueError(
            f"low {low}, high {high}, steps {steps}: wanted 0 < low < high and 2 steps or more"
        )
    parts = [p for p in (model, optimizer, train) if hasattr(p, "state_dict")]
    before = [copy.deepcopy(part.state_dict()) for part in parts]
    chance = seed.states()
    watcher = _Watcher(steps)
    try:
        for group in optimizer.param_groups:
            group["lr"] = low
        factor = (high / low) ** (1 / (steps - 1))
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, factor)
        options |= {"schedule": schedule, "callbacks": [watcher], "progress": False}
        fit(model, train, loss_fn, optimizer, epochs=steps, **options)
    except FloatingPointError:
        pass  # the loss broke out altogether, and that is the end of the sweep
    finally:
        for part, state in zip(parts, before, strict=True):
            part.load_state_dict(state)
        seed.set_states(chance)
    if not watcher.losses:
        raise ValueError(f"the loss is not finite at a learning rate of {low} already")
    return Sweep(watcher.lrs, watcher.losses)


class _Watcher(Callback):
    def __init__(self, steps: int) -> None:
        self.steps, self.lrs, self.losses, self.mean = steps, [], [], 0.0

    def before(self, run: Run) -> None:
        self.lr = run.optimizer.param_groups[0]["lr"]

    def after_step(self, run: Run) -> None:
        run.look()
        loss = run.history.losses[-1]
        self.mean = SMOOTH * self.mean + (1 - SMOOTH) * loss
        # the running mean began at 0: divide by the weight that it has had so far
        self.losses.append(self.mean / (1 - SMOOTH ** (len(self.losses) + 1)))
        self.lrs.append(self.lr)
        self.lr = run.optimizer.param_groups[0]["lr"]
        broken = self.losses[-1] > BROKEN * min(self.losses)
        if broken or run.step >= self.steps or not math.isfinite(self.losses[-1]):
            run.stop = "the sweep is over"
