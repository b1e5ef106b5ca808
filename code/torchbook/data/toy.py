"""Small sets that can be drawn, and so understood: points in the plane, a line, applications.

Every function depends on its arguments alone; another n is another draw. Points in
the plane are X (N, 2) float32 with labels y (N,) int64; what `line` and `admissions` return,
their docstrings say.
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
    """Two round clouds of unit standard deviation, their centers `gap` apart."""
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    centers = torch.tensor([[-gap / 2, 0.0], [gap / 2, 0.0]])
    return centers[y] + torch.randn(n, 2, generator=g), y


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


def line(
    n: int = 50,
    *,
    slope: float = 2.0,
    intercept: float = 1.0,
    noise: float = 0.5,
    outliers: int = 0,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Points round a straight line: X (N, 1) from -3 to 3, y (N,) float32.

    y is slope * x + intercept, and normal noise of that standard deviation. In the last
    `outliers` samples the decimal point has slipped: their y is ten times as large.
    All other samples are those that the same seed gives without outliers. Raises
    ValueError for more outliers than samples.
    """
    if not 0 <= outliers <= n:
        raise ValueError(f"{outliers} outliers among {n} samples: wanted 0 to {n}")
    g = torch.Generator().manual_seed(seed)
    X = 6 * torch.rand(n, 1, generator=g) - 3
    y = slope * X[:, 0] + intercept + noise * torch.randn(n, generator=g)
    slipped = torch.arange(n) >= n - outliers
    return X, torch.where(slipped, 10 * y, y)


def admissions(n: int = 400, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Simulated applications to a school: X (N, 3) GRE, GPA, rank; y (N,), 1 if admitted.

    Nobody is behind these records. They are drawn like this:

    - ability a is standard normal; test and grades each see it through noise of their own;
    - GRE is 580 + 115 (0.6 a + 0.8 e), in steps of 20, kept within 200 to 800;
    - GPA is 3.3 + 0.4 (0.6 a + 0.8 e'), in steps of 0.01, kept within 1 to 4;
    - rank, of the college before, is 1 (best) to 4, in shares of 15, 35, 30, 20 per cent;
    - y is 1 with the probability that `admission_probability` gives to GRE, GPA and rank.

    e and e' are standard normal and independent. Both X and y are float32.
    """
    g = torch.Generator().manual_seed(seed)
    ability, for_gre, for_gpa = torch.randn(3, n, generator=g)
    gre = 580 + 115 * (0.6 * ability + 0.8 * for_gre)
    gpa = 3.3 + 0.4 * (0.6 * ability + 0.8 * for_gpa)
    up_to = torch.tensor([0.15, 0.5, 0.8])  # sums of the shares of ranks 1, 2, 3
    rank = 1 + torch.bucketize(torch.rand(n, generator=g), up_to)
    gre = (20 * (gre / 20).round()).clamp(200, 800)
    gpa = ((100 * gpa).round() / 100).clamp(1, 4)
    X = torch.stack([gre, gpa, rank.float()], dim=1)  # (N, 3)
    return X, (torch.rand(n, generator=g) < admission_probability(X)).float()


def admission_probability(X: Tensor) -> Tensor:
    """The true chance (N,) of the simulated `admissions`: a sigmoid of a weighted sum.

    The sum is -1 + 0.6 (GRE - 580) / 115 + 0.5 (GPA - 3.3) / 0.4 - 0.8 (rank - 2.5).
    """
    gre, gpa, rank = X.T
    z = -1 + 0.6 * (gre - 580) / 115 + 0.5 * (gpa - 3.3) / 0.4 - 0.8 * (rank - 2.5)
    return torch.sigmoid(z)
