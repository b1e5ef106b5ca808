"""A training run under way: what surrounds the lines of `train.fit`.

Where they run, in which precision and on how many processes; what is written down after each
step; when to stop. What a checkpoint keeps of a run, and how it is put back, is in `resume`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from operator import mul
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from tqdm.auto import tqdm

from torchbook import distributed
from torchbook.callbacks import Callback
from torchbook.device import pick
from torchbook.engine import checks, optimizers, resume
from torchbook.engine.history import History
from torchbook.engine.interrupt import Interrupted, Requests
from torchbook.engine.options import Options
from torchbook.engine.precision import Precision

# steps between two looks at losses that lie on a GPU, or in several processes
GLANCE = 50


class Run:
    """A run: model, optimizer, history, the numbers of the epoch and of the step, all public."""

    def __init__(
        self,
        model: nn.Module,
        train,
        optimizer: torch.optim.Optimizer,
        epochs: int,
        callbacks: list[Callback],
        options: Options,
    ) -> None:
        checks.before_training(model, optimizer, options.schedule)
        self.model, self.optimizer, self.options = model, optimizer, options
        self.last_epoch, self.callbacks = epochs, list(callbacks)
        self.device = distributed.start(pick(options.device))
        self.precision = Precision(options.precision, self.device)
        optimizers.settle(model, optimizer, self.device, options.channels_last)
        self.train = distributed.place(train, self.device)
        self.forward = distributed.wrap(model, self.device)
        if options.compile:
            self.forward = torch.compile(self.forward)
        self.history = History()
        self.epoch = 0  # the one under way, from 1; between two, the one that ended
        self.step = 0  # steps made since the start
        self.sizes: list[int] = []  # samples in each step of this epoch
        self.over = False  # whether the step was the last one of its pass
        self.stop = ""  # why to end before the last epoch; any callback may say so
        self._pending: list[Tensor] = []  # losses that nobody has looked at yet
        self._loss: Tensor | float = 0.0
        self._began, self.seconds = perf_counter(), 0.0
        alone_on_cpu = self.device.type == "cpu" and distributed.world() == 1
        self._glance = 1 if alone_on_cpu else GLANCE

    def __enter__(self) -> Run:
        with ExitStack() as closing:
            if self.options.checkpoints:
                self._requests = closing.enter_context(Requests())
            resume.begin(self)
            for callback in self.callbacks:
                callback.before(self)
            quiet = not (self.options.progress and distributed.is_writer())
            bar = tqdm(
                total=self._steps(), initial=self.step, unit=" steps", disable=quiet
            )
            self._bar = closing.enter_context(bar)
            self._closing = closing.pop_all()
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._closing.close()
        if error is None:
            for callback in self.callbacks:
                callback.after(self)

    def _steps(self) -> int | None:
        try:
            batches = len(self.train)
        except TypeError:  # a stream does not know
            return None
        return self.last_epoch * math.ceil(batches / self.options.accumulate)

    def epochs(self) -> Iterator[int]:
        """The numbers of the epochs that are left, until something says stop."""
        for number in range(self.epoch + 1, self.last_epoch + 1):
            if self.stop:
                return
            self.epoch, self._began = number, perf_counter() - self.seconds
            yield number

    def groups(self) -> Iterator[Iterator[tuple[Tensor, Tensor, float]]]:
        """The batches of a pass, `accumulate` of them to a group; a group makes one step."""
        if self.over:
            return
        batches = iter(self.train)
        while not (self.stop or self.over):
            group = []
            for X, y in islice(batches, self.options.accumulate):
                total = self.train.total if hasattr(self.train, "share") else len(y)
                group.append((X, y, total))
            # then the loader found its end already, and stands before the next pass
            self.over = len(group) < self.options.accumulate
            if not group:
                return
            self.sizes.append(sum(total for *_, total in group))
            if not self.sizes[-1]:
                raise ValueError(f"step {self.step + 1}: the loader yielded no samples")
            yield self._batches(group)

    def _batches(self, group: list) -> Iterator[tuple[Tensor, Tensor, float]]:
        """Each batch on the device, with its share of the samples that make the step."""
        for i, (X, y, _) in enumerate(group, 1):
            distributed.synchronise(self.forward, now=i == len(group))
            # processes are averaged, so each counts by its samples times their number
            share = len(y) * distributed.world() / self.sizes[-1]
            if len(y) == 0:  # nothing left for this process: it only joins in
                X, y = self._spare
            self._spare = X[:1], y[:1]
            X = X.to(self.device, non_blocking=True)
            if self.options.channels_last and X.ndim == 4:
                X = X.to(memory_format=torch.channels_last)
            yield X, y.to(self.device, non_blocking=True), share

    @contextmanager
    def careful(self, X: Tensor, y: Tensor) -> Iterator[None]:
        """Mixed precision inside; an error of model or loss says what was wrong with the batch."""
        where = f"step {self.step + 1} (epoch {self.epoch})"
        with checks.explained(self.model, X, y, where), self.precision.autocast():
            yield

    def backward(self, loss: Tensor, share: float) -> None:
        """Gradients of a batch that is `share` of the step; ValueError for more than one loss."""
        if loss.ndim:
            raise ValueError(
                f"step {self.step + 1} (epoch {self.epoch}): the loss has shape "
                f"{tuple(loss.shape)}; wanted one number, as of loss.mean()"
            )
        if share != 1.0:
            loss = loss * share
        self._loss = self._loss + loss.detach()
        self.precision.scaled(loss).backward()

    def update(self) -> None:
        """The step itself: clip, move the weights and the schedule, write down, look around."""
        self._pending.append(torch.as_tensor(self._loss))
        self._loss = 0.0
        if len(self._pending) >= self._glance:
            self.look()
        self.precision.step(self.optimizer, self.model, self.options.clip)
        if self.options.schedule and self.options.schedule_each == "step":
            self.options.schedule.step()
        self.step += 1
        self._bar.update()
        for callback in self.callbacks:
            callback.after_step(self)
        self._save_if_due()

    def look(self) -> None:
        """Take the losses since the last look into the history; one that is bad raises."""
        if not self._pending:
            return
        losses = distributed.total(torch.stack(self._pending)) / distributed.world()
        first, kept = len(self.history.losses) + 1, self.options.checkpoints
        self._pending = []
        for step, loss in enumerate(losses.tolist(), first):
            if not math.isfinite(loss):
                raise FloatingPointError(
                    f"the loss of step {step} (epoch {self.epoch}) is {loss}: try a smaller "
                    "learning rate, or clip the gradients, and look for inputs that are not finite"
                    + (kept.newest_name() if kept else "")
                )
            self.history.losses.append(loss)

    def close_epoch(self, scores: dict[str, float]) -> None:
        """Write down the row of the epoch, and a checkpoint."""
        self.look()
        if self.stop and not self.over and self.sizes:  # broken off in the middle
            if self.options.checkpoints and hasattr(self.train, "state_dict"):
                self.seconds = perf_counter() - self._began
                resume.save(self)
            return
        if not self.sizes:
            raise ValueError("the loader yielded no batch: the training set is empty")
        losses = self.history.losses[-len(self.sizes) :]
        mean = math.fsum(map(mul, losses, self.sizes)) / sum(self.sizes)
        row = {"epoch": self.epoch, "train_loss": mean}
        row |= {f"valid_{name}": value for name, value in scores.items()}
        row["seconds"] = perf_counter() - self._began
        self.history.rows.append(row)
        self.sizes, self.seconds, self.over = [], 0.0, False
        self._bar.set_postfix({name: f"{value:.3g}" for name, value in row.items()})
        if self.options.schedule and self.options.schedule_each == "epoch":
            _step_by_epoch(self.options.schedule, row)
        for callback in self.callbacks:
            callback.after_epoch(self)
        if self.options.checkpoints:
            path = resume.save(self)
            if self._asked_to_stop():
                raise Interrupted(self.step, path)

    def _save_if_due(self) -> None:
        kept = self.options.checkpoints
        if kept is None:
            return
        # asking the other processes costs time
        ask = distributed.world() == 1 or self.step % GLANCE == 0
        asked = ask and self._asked_to_stop()
        if asked and not hasattr(self.train, "state_dict"):
            raise KeyboardInterrupt(
                "stopped in the middle of an epoch" + kept.newest_name()
            )
        if asked or (kept.every and self.step % kept.every == 0):
            self.look()
            self.seconds = perf_counter() - self._began
            path = resume.save(self)
            if asked:
                raise Interrupted(self.step, path)

    def _asked_to_stop(self) -> bool:
        return distributed.any_of(self._requests.asked)


def _step_by_epoch(schedule: LRScheduler, row: dict[str, float]) -> None:
    if not isinstance(schedule, ReduceLROnPlateau):
        schedule.step()
        return
    if schedule.mode == "min":
        schedule.step(row.get("valid_loss", row["train_loss"]))
        return
    scores = [v for k, v in row.items() if k.startswith("valid_") and k != "valid_loss"]
    if not scores:
        raise ValueError("a plateau of mode 'max' needs valid= and a metric to watch")
    schedule.step(scores[0])
