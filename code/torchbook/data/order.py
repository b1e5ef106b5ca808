"""Which samples make which batch, and which of them are this process's to compute.

A pass goes through all samples once, in batches of all processes together. Each process takes
its part of every batch, so that the number of processes changes who computes, not what. An
Order is small: the loaders keep the data, it keeps the place, and its state is all that a run
needs to go on in the middle of a pass.
"""

import math
from collections.abc import Iterator
from functools import cached_property
from operator import index
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor


class Part(NamedTuple):
    """What one process takes of one batch: `rows` (n,) of the set, perhaps none.

    `position` counts the batches of the pass before this one, `total` the samples of the
    batch over all processes.
    """

    position: int
    rows: Tensor
    total: int


class Pass:
    """The batches of one pass from `first` on; iterating, as often as wanted, yields Parts.

    `reached(part)` notes that the loader has handed that part out, and `end()` that the last
    one was. Of passes side by side only the one begun last moves the place of its Order.
    """

    def __init__(self, order: "Order", rows: Tensor, first: int) -> None:
        self._order, self._rows, self._first = order, rows, first
        self.seed, self.epoch = order.seed, order.epoch
        self.batch_size = order.batch_size
        self.rank, self.world = order.rank, order.world

    def __len__(self) -> int:
        """Batches that are left."""
        return math.ceil(len(self._rows) / self.batch_size) - self._first

    def __iter__(self) -> Iterator[Part]:
        """What this process takes of each batch."""
        batches = self._rows.split(self.batch_size)[self._first :]
        for position, batch in enumerate(batches, self._first):
            mine = batch
            if self.world > 1:
                mine = batch.tensor_split(self.world)[self.rank]
            yield Part(position, mine, len(batch))

    def generator(self, part: Part) -> Generator:
        """Chance for one batch: set by seed, epoch, rank and position, by nothing before it."""
        return Generator().manual_seed(int(self._of_batches[part.position]))

    def seeds(self, rows: Tensor) -> list[int]:
        """A seed for each row of the set, set by seed, epoch and row, whoever asks."""
        return self._of_samples[rows.cpu().numpy()].tolist()

    @cached_property
    def _of_batches(self) -> np.ndarray:
        count = self._first + len(self)
        return _seeds(count, self.seed, self.epoch, self.rank)

    @cached_property
    def _of_samples(self) -> np.ndarray:
        return _seeds(len(self._rows), self.seed, self.epoch)

    def reached(self, part: Part) -> None:
        """The place is now after this part."""
        if self._order.current is self:
            self._order.position = part.position + 1

    def end(self) -> None:
        """The place is now the start of the next pass."""
        if self._order.current is self:
            self._order.close()


class Order:
    """Batches of `batch_size` out of 0 … samples - 1, the last one smaller if need be.

    With shuffle, every pass has its own order; the orders are those of torch.randperm on a
    generator of `seed`. Raises ValueError for no samples and for a batch_size below 1.
    """

    def __init__(
        self, samples: int, batch_size: int, shuffle: bool = False, seed: int = 0
    ) -> None:
        if samples < 1:
            raise ValueError(f"{samples} samples: wanted at least one")
        if batch_size < 1:
            raise ValueError(f"batch_size {batch_size}: wanted 1 or more")
        self.samples, self.batch_size, self.shuffle = samples, batch_size, bool(shuffle)
        self.seed = index(seed) % 2**64  # as torch reads a negative one
        self.rank, self.world = 0, 1
        self.epoch = 0  # passes that came to their end
        self.position = 0  # batches handed out of the pass begun last
        self.current: Pass | None = None  # that pass
        self._generator = Generator().manual_seed(self.seed)
        self._found = self._generator.get_state()  # as that pass found it
        self._resume_at = 0

    def __len__(self) -> int:
        """Batches in a pass: the ceiling of samples / batch_size."""
        return math.ceil(self.samples / self.batch_size)

    def share(self, rank: int, world: int) -> None:
        """From the next pass on, take part number `rank` (from 0) of `world` of each batch.

        The parts are those of torch.tensor_split. Raises ValueError for a rank outside
        0 … world - 1, and when a batch or the set is too small for everybody to have a part.
        """
        if not 0 <= rank < world:
            raise ValueError(
                f"rank {rank} of {world} processes: wanted at least one process, and "
                "ranks from 0 to their number less one"
            )
        if self.batch_size < world:
            raise ValueError(
                f"a batch_size of {self.batch_size} for {world} processes: it counts the "
                f"samples of all of them; give {world} or more, or start fewer processes"
            )
        if self.samples < world:
            raise ValueError(
                f"{self.samples} samples for {world} processes: start at most "
                f"{self.samples}"
            )
        self.rank, self.world = rank, world

    def begin(self, device: torch.device | str = "cpu") -> Pass:
        """A new pass, or what is left of one whose state was loaded; its rows on `device`."""
        first, self._resume_at = self._resume_at, 0
        self._found, self.position = self._generator.get_state(), first
        if self.shuffle:
            rows = torch.randperm(self.samples, generator=self._generator)
        else:
            rows = torch.arange(self.samples)
        self.current = Pass(self, rows.to(device), first)
        return self.current

    def close(self) -> None:
        """Count the current pass as done."""
        self.epoch, self.position, self.current = self.epoch + 1, 0, None
        self._found = self._generator.get_state()

    def state_dict(self) -> dict[str, int | Tensor]:
        """Numbers and one tensor: the place, and the chance that the pass began with."""
        return self._sizes() | {
            "seed": self.seed,
            "epoch": self.epoch,
            "position": self.position,
            "order": self._found.clone(),
        }

    def load_state_dict(self, state: dict[str, int | Tensor]) -> None:
        """Let the next pass be what was left of the pass that `state` was taken in.

        The number of processes may be another one. After the last batch but before the end
        of the pass, what was left is nothing. Raises ValueError, and changes nothing, for a
        state of another number of samples, batch size or shuffle, or one that lacks a part.
        """
        lacking = [name for name in self.state_dict() if name not in state]
        if lacking:
            raise ValueError(f"the state of a loader without {', '.join(lacking)}")
        for name, mine in self._sizes().items():
            if state[name] != mine:
                raise ValueError(f"a state of {name} {state[name]}; here it is {mine}")
        self._generator.set_state(state["order"].cpu())
        self._found = self._generator.get_state()
        self.seed, self.epoch = state["seed"], state["epoch"]
        self.position = self._resume_at = state["position"]
        self.current = None

    def _sizes(self) -> dict[str, int]:
        return {
            "samples": self.samples,
            "batch_size": self.batch_size,
            "shuffle": int(self.shuffle),
        }


def _seeds(count: int, seed: int, *place: int) -> np.ndarray:
    # seed + epoch + position would meet the same sum again; this is made not to
    sequence = np.random.SeedSequence(seed, spawn_key=place)
    return sequence.generate_state(count, np.uint64)
