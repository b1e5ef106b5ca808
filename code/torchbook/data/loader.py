"""Batches from tensors that already lie on the device that trains.

A set that fits into memory needs no workers: shuffling is one index tensor, and
augmenting and turning bytes into normalised floats happen a whole batch at a time.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor


class Batches:
    """Yields (X, y) batches of batch_size, the last one smaller when N does not divide.

    X (N, …) and y (N, …) move to `device` once, at the start. Bytes (uint8) become floats
    in 0 … 1. With mean and std, one number or one per channel, batches become
    (X - mean) / std. With shuffle, every pass has its own order, all set by `seed`.

    augment, a function (X, generator) -> X, changes every batch of every pass before it is
    scaled, so that it sees the pictures as they are stored; give it for training only.

    `state_dict()` says where the pass begun last stands; Batches of the same set that load it
    yield the rest of that pass first, bit for bit, and then the same later passes.

    Raises ValueError for sets of different length, an empty set, or a batch_size below 1.
    """

    def __init__(
        self,
        X: Tensor,
        y: Tensor,
        batch_size: int = 64,
        *,
        shuffle: bool = False,
        seed: int = 0,
        mean=None,
        std=None,
        device=None,
        augment: Callable[[Tensor, Generator], Tensor] | None = None,
    ) -> None:
        if len(X) != len(y) or len(X) == 0:
            raise ValueError(
                f"{len(X)} inputs and {len(y)} labels: wanted as many, at least one"
            )
        if batch_size < 1:
            raise ValueError(f"batch_size {batch_size}: wanted 1 or more")
        self.X, self.y = X.to(device), y.to(device)
        self.batch_size, self.shuffle = batch_size, shuffle
        self.generator = Generator().manual_seed(seed)
        # a stream of its own: augmenting leaves the order as it is
        other = torch.randint(2**31, (), generator=Generator().manual_seed(seed))
        self.augment_generator = Generator().manual_seed(int(other))
        self.augment = augment
        self.mean, self.std = self._per_channel(mean), self._per_channel(std)
        self.epoch = 0  # passes that came to their end
        self.position = 0  # batches yielded of the pass begun last
        self._order_state = self.generator.get_state()  # as that pass found it
        self._resume_at, self._current = 0, None

    def __len__(self) -> int:
        """Batches in a pass: the ceiling of N / batch_size."""
        return math.ceil(len(self.X) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        first, self._resume_at = self._resume_at, 0
        self._order_state, self.position = self.generator.get_state(), first
        this = self._current = object()  # of passes side by side, the last counts
        for i, rows in enumerate(self._rows()[first:], first + 1):
            batch = self._ready(self.X[rows]), self.y[rows]
            if self._current is this:
                self.position = i
            yield batch
        if self._current is this:
            self.epoch, self.position = self.epoch + 1, 0
            self._order_state = self.generator.get_state()

    def state_dict(self) -> dict[str, int | Tensor]:
        """Numbers and tensors from which `load_state_dict` goes on after the last batch."""
        return self._sizes() | {
            "epoch": self.epoch,
            "position": self.position,
            "order": self._order_state.clone(),
            "augment": self.augment_generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, int | Tensor]) -> None:
        """Let the next pass be what was left of the pass that `state` was taken in.

        After the last batch but before the end of the pass, what was left is nothing.
        Raises ValueError for the state of another number of samples, batch size or shuffle.
        """
        for name, mine in self._sizes().items():
            if state[name] != mine:
                raise ValueError(f"a state of {name} {state[name]}; here it is {mine}")
        self.generator.set_state(state["order"].cpu())
        self.augment_generator.set_state(state["augment"].cpu())
        self._order_state = self.generator.get_state()
        self.epoch, self.position = state["epoch"], state["position"]
        self._resume_at, self._current = self.position, None

    def _sizes(self) -> dict[str, int]:
        return {
            "samples": len(self.X),
            "batch_size": self.batch_size,
            "shuffle": int(self.shuffle),
        }

    def _rows(self) -> list:
        """What to take for each batch: indices (B,) in a new order, or slices."""
        n = len(self.X)
        if self.shuffle:
            order = torch.randperm(n, generator=self.generator).to(self.X.device)
            return list(order.split(self.batch_size))
        return [slice(i, i + self.batch_size) for i in range(0, n, self.batch_size)]

    def _ready(self, X: Tensor) -> Tensor:
        if self.augment is not None:
            X = self.augment(X, self.augment_generator)
        if X.dtype == torch.uint8:
            X = X.float().div_(255)
        if self.mean is not None:
            X = X - self.mean
        if self.std is not None:
            X = X / self.std
        return X

    def _per_channel(self, value) -> Tensor | None:
        if value is None:
            return None
        value = torch.as_tensor(value, dtype=torch.float32, device=self.X.device)
        if value.ndim == 0:
            return value
        channels = self.X.shape[1] if self.X.ndim > 1 else 1
        if value.shape != (channels,):
            raise ValueError(
                f"statistics of {len(value)} channels for images of {channels}: "
                "give one number, or one a channel"
            )
        return value.reshape(-1, *[1] * (self.X.ndim - 2))  # (C, 1, 1) for images
