"""Batches: the interface of every loader, and the loader of sets that fit into memory.

A set that fits into memory needs no workers: it lies on the device that trains, shuffling is
one index tensor, and augmenting and turning bytes into normalised floats happen a whole batch
at a time. Sets that do not fit are in `torchbook.data.picture_folder`.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Self

import torch
from torch import Generator, Tensor

from torchbook.data.order import Order, Part, Pass

Augmentation = Callable[[Tensor, Generator], Tensor]
TOGETHER = 2**19  # bytes of the set that one call gathers, where batches are small


class Preprocess:
    """Augment, then bytes (uint8) to floats in 0 … 1, then (X - mean) / std.

    mean and std are one number, or one a channel, or None. Raises ValueError for a std that
    is not above 0, and for a mean that is not finite.
    """

    def __init__(
        self, augment: Augmentation | None = None, mean=None, std=None
    ) -> None:
        self.augment = augment
        self.mean, self.std = _statistic("mean", mean), _statistic("std", std)

    def __call__(self, X: Tensor, generator: Generator | None = None) -> Tensor:
        """The batch X (N, …) as the model wants it; X itself is left as it is."""
        if self.augment is not None:
            X = _augmented(self.augment, X, generator)
        ours = X.dtype == torch.uint8
        if ours:  # from here on a copy that nobody else holds, so that it may change
            X = X.float().div_(255)
        if self.mean is not None:
            mean = _per_channel(self.mean, X)
            X, ours = X.sub_(mean) if ours else X - mean, True
        if self.std is not None:
            std = _per_channel(self.std, X)
            X = X.div_(std) if ours else X / std
        return X

    def to(self, device: torch.device | str | None) -> Self:
        """Keep mean and std on device."""
        self.mean = None if self.mean is None else self.mean.to(device)
        self.std = None if self.std is None else self.std.to(device)
        return self

    def check(self, X: Tensor) -> None:
        """Raise ValueError unless mean and std have a number for each channel of X."""
        for value in (self.mean, self.std):
            if value is not None:
                _per_channel(value, X)


class Loader:
    """A set in batches, pass after pass; what `fit` relies on, wherever the set lies.

    Iterating yields (X, y); `total` is then the number of samples in that batch over all
    processes. `epoch` counts the passes that came to their end, `position` the batches
    yielded of the pass begun last; `state_dict()` says where it stands, and a loader of the
    same set that loads it yields the rest of that pass first, then the same later passes.
    """

    def __init__(self, order: Order, preprocess: Preprocess) -> None:
        self.order, self.preprocess, self.total = order, preprocess, 0

    def __len__(self) -> int:
        """Batches in a pass, over all processes together: the ceiling of N / batch_size."""
        return len(self.order)

    @property
    def samples(self) -> int:
        """The samples of the whole set, N."""
        return self.order.samples

    @property
    def batch_size(self) -> int:
        """The samples of a batch, over all processes together."""
        return self.order.batch_size

    @property
    def epoch(self) -> int:
        """Passes that came to their end."""
        return self.order.epoch

    @property
    def position(self) -> int:
        """Batches yielded of the pass begun last."""
        return self.order.position

    def share(self, rank: int, world: int) -> Self:
        """From the next pass on, yield part number `rank` (from 0) of `world` of each batch.

        The parts of all ranks, one after the other, are the batch; in a last batch that is
        smaller than `world` some are empty, X with 0 rows. Raises ValueError for a rank
        outside 0 … world - 1, and for a batch_size or a set smaller than world.
        """
        self.order.share(rank, world)
        return self

    def state_dict(self) -> dict[str, int | Tensor]:
        """Numbers and tensors from which `load_state_dict` goes on after the last batch."""
        return self.order.state_dict()

    def load_state_dict(self, state: dict[str, int | Tensor]) -> None:
        """Let the next pass be what was left of the pass that `state` was taken in.

        The number of processes may be another one: what was left is then divided anew.
        After the last batch but before the end of the pass, what was left is nothing.
        Raises ValueError for the state of another number of samples, batch size or shuffle.
        """
        self.order.load_state_dict(state)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        this_pass = self._begin()
        for part, X, y in self._read(this_pass):
            self.total = part.total
            this_pass.reached(part)
            yield X, y
        this_pass.end()

    def _begin(self) -> Pass:
        return self.order.begin()

    def _read(self, this_pass: Pass) -> Iterator[tuple[Part, Tensor, Tensor]]:
        """What this process takes of each batch, ready for the model."""
        raise NotImplementedError

    def _ready(self, this_pass: Pass, part: Part, X: Tensor) -> Tensor:
        # X is the rows of part, or where there are none any one: augment may change its shape
        return self.preprocess(X, this_pass.generator(part))[: len(part.rows)]


class Batches(Loader):
    """Yields (X, y) batches of batch_size, the last one smaller when N does not divide.

    X (N, …) and y (N, …) move to `device` once, at the start. Bytes (uint8) become floats
    in 0 … 1. With mean and std, one number or one per channel, batches become
    (X - mean) / std. With shuffle, every pass has its own order, all set by `seed`.

    augment, a function (X, generator) -> X, changes every batch of every pass before it is
    scaled, so that it sees the pictures as they are stored; give it for training only. Its
    generator is set by seed, epoch and position, so that a pass taken up in its middle is
    the same, bit for bit.

    Raises ValueError for sets of different length, an empty set, a batch_size below 1, and
    statistics that do not fit.
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
        augment: Augmentation | None = None,
    ) -> None:
        if len(X) != len(y) or len(X) == 0:
            raise ValueError(
                f"{len(X)} inputs and {len(y)} labels: wanted as many, at least one"
            )
        order = Order(len(X), batch_size, shuffle, seed)
        super().__init__(order, Preprocess(augment, mean, std))
        self.preprocess.check(X)
        self.X, self.y = X, y
        self.to(device)

    def to(self, device: torch.device | str | None) -> Self:
        """Move the set to device, where its batches will be yielded from."""
        self.X, self.y = self.X.to(device), self.y.to(device)
        self.preprocess.to(self.X.device)
        return self

    def _begin(self) -> Pass:
        return self.order.begin(self.X.device)

    def _read(self, this_pass: Pass) -> Iterator[tuple[Part, Tensor, Tensor]]:
        # Small batches are gathered and scaled several at a time, for the calls cost as much
        # as the arithmetic. The values do not depend on it.
        bytes_of_batch = self.X[:1].nbytes * self.batch_size // this_pass.world
        several, parts = max(1, TOGETHER // max(1, bytes_of_batch)), iter(this_pass)
        while together := list(islice(parts, several)):
            rows = torch.cat([part.rows for part in together])
            X, y = self.X.index_select(0, rows), self.y.index_select(0, rows)
            if self.preprocess.augment is None:
                X = self.preprocess(X)
            sizes = [len(part.rows) for part in together]
            for part, X_b, y_b in zip(
                together, X.split(sizes), y.split(sizes), strict=True
            ):
                if self.preprocess.augment is not None:
                    X_b = self._ready(this_pass, part, X_b if len(X_b) else self.X[:1])
                yield part, X_b, y_b


def _augmented(augment: Augmentation, X: Tensor, generator: Generator | None) -> Tensor:
    result = augment(X, generator)
    if len(result) != len(X):
        raise ValueError(
            f"augment gave {len(result)} samples for {len(X)}: wanted as many"
        )
    return result


def _statistic(name: str, value) -> Tensor | None:
    if value is None:
        return None
    value = torch.as_tensor(value, dtype=torch.float32)
    if not value.isfinite().all() or (name == "std" and not (value > 0).all()):
        wanted = "numbers above 0" if name == "std" else "finite numbers"
        raise ValueError(f"{name} {value.tolist()}: wanted {wanted}")
    return value.flatten() if value.ndim else value


def _per_channel(value: Tensor, X: Tensor) -> Tensor:
    if value.ndim == 0:
        return value
    channels = X.shape[1] if X.ndim > 1 else 1
    if value.shape != (channels,):
        raise ValueError(
            f"statistics of {len(value)} channels for images of {channels}: "
            "give one number, or one a channel"
        )
    return value.reshape(-1, *[1] * (X.ndim - 2))  # (C, 1, 1) for images
