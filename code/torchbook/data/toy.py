"""Points in the plane: small sets that can be drawn, and so understood.

Every function returns X (N, 2) float32 and y (N,) int64, and depends on its seed alone.
"""

import math

import torch
from torch import Tensor


def separable(
    n: int = 40, *, margin: float = 0.3, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Points in the square [-1, 1]² on both sides of a line, none closer to it than margin.

    Raises ValueError for a margin at which too little of the square would be left.
    """
    if not 0 < margin <= 0.6:
        raise ValueError(f"margin {margin}: wanted more than 0 and at most 0.6")
    g = torch.Generator().manual_seed(seed)
    angle = 2 * math.pi * torch.rand(1, generator=g)
    w = torch.cat([torch.cos(angle), torch.sin(angle)])  # (2,) of length 1
    b = 0.4 * torch.rand(1, generator=g) - 0.2
    X = torch.empty(0, 2)
    while len(X) < n:
        more = 2 * torch.rand(4 * n, 2, generator=g) - 1
        X = torch.cat([X, more[(more @ w + b).abs() >= margin]])
    X = X[:n]  # (N, 2)
    return X, (X @ w + b > 0).long()


def blobs(n: int = 100, *, gap: float = 2.0, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two round clouds of unit standard deviation, their centres `gap` apart."""
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    centres = torch.tensor([[-gap / 2, 0.0], [gap / 2, 0.0]])
    return centres[y] + torch.randn(n, 2, generator=g), y


def xor(n: int = 200, *, noise: float = 0.15, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Four clouds round the corners of the unit square; label 1 where the corner's bits differ."""
    g = torch.Generator().manual_seed(seed)
    corner = torch.arange(n) % 4
    bits = torch.stack([corner // 2, corner % 2], dim=1)  # (N, 2)
    X = bits + noise * torch.randn(n, 2, generator=g)
    return X, bits[:, 0] ^ bits[:, 1]


def circles(
    n: int = 200, *, noise: float = 0.1, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """An inner ring (label 1, radius 0.5) inside an outer one (label 0, radius 1)."""
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    angle = 2 * math.pi * torch.rand(n, generator=g)
    radius = 1 - 0.5 * y
    X = radius[:, None] * torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    return X + noise * torch.randn(n, 2, generator=g), y


def moons(n: int = 200, *, noise: float = 0.1, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two half circles that reach into each other."""
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    angle = math.pi * torch.rand(n, generator=g)
    upper = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    lower = torch.stack([1 - torch.cos(angle), 0.5 - torch.sin(angle)], dim=1)
    X = torch.where(y[:, None] == 1, lower, upper)  # (N, 2)
    return X + noise * torch.randn(n, 2, generator=g), y


def spirals(
    n: int = 200, *, turns: float = 1.5, noise: float = 0.02, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Two arms that wind round each other, from the middle to radius 1."""
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    t = torch.rand(n, generator=g).sqrt()  # more points outside, where an arm is longer
    angle = 2 * math.pi * turns * t + math.pi * y
    X = t[:, None] * torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    return X + noise * torch.randn(n, 2, generator=g), y
