"""Batches from tensors that already lie on the device that trains.

A set that fits into memory needs no workers: shuffling is one index tensor, and
turning bytes into normalised floats happens a whole batch at a time.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor


class Batches:
    """Yields (X, y) batches of batch_size, the last one smaller when N does not divide.

    X (N, …) and y (N, …) move to `device` once, at the start. Bytes (uint8) become floats
    in 0 … 1. With mean and std, one number or one per channel, batches become
    (X - mean) / std. With shuffle, every pass has its own order, all set by `seed`.

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
    ) -> None:
        if len(X) != len(y) or len(X) == 0:
            raise ValueError(
                f"{len(X)} inputs and {len(y)} labels: wanted as many, at least one"
            )
        if batch_size < 1:
            raise ValueError(f"batch_size {batch_size}: wanted 1 or more")
        self.X, self.y = X.to(device), y.to(device)
        self.batch_size, self.shuffle = batch_size, shuffle
        self.generator = torch.Generator().manual_seed(seed)
        self.mean, self.std = self._per_channel(mean), self._per_channel(std)

    def __len__(self) -> int:
        """Batches in a pass: the ceiling of N / batch_size."""
        return math.ceil(len(self.X) / self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        n = len(self.X)
        if self.shuffle:
            order = torch.randperm(n, generator=self.generator).to(self.X.device)
            for rows in order.split(self.batch_size):
                yield self._ready(self.X[rows]), self.y[rows]
        else:
            for i in range(0, n, self.batch_size):
                rows = slice(i, i + self.batch_size)
                yield self._ready(self.X[rows]), self.y[rows]

    def _ready(self, X: Tensor) -> Tensor:
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
