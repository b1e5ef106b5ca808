"""Data of the figures to play with: a photograph of 36 by 36 grays, and networks in training."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from torchbook.data import toy

DROPOUTS = (0.0, 0.1, 0.3, 0.5, 0.8)
DECAYS = (0.0, 0.1, 0.5, 2.0, 8.0)
STEPS, RATE, WIDTH = 1000, 0.01, 64
CELLS = 28  # squares of the map along each side
LIMITS = (-1.7, 2.7, -1.3, 1.8)


def photograph() -> dict:
    """The pagoda of the page on kernels, 36 by 36, as pairs of hexadecimal digits."""
    from sklearn.datasets import load_sample_image

    pixels = torch.tensor(load_sample_image("china.jpg")).permute(2, 0, 1).float()
    gray = pixels[None, :, 60:312, 70:322].mean(dim=1, keepdim=True)
    small = F.avg_pool2d(gray, 7)[0, 0].round().int()  # (36, 36)
    return {"photo": bytes(small.flatten().tolist()).hex()}


def regions() -> dict:
    """What networks think of each square of a map, for each dropout and weight decay.

    `frames[i][j]` has a digit a square, row by row from below: the probability of class 1 in
    ninths. `errors[i][j]` are the shares of mistakes on the training and on other points.
    """
    X, y = toy.moons(60, noise=0.3, seed=4)
    X_new, y_new = toy.moons(2000, noise=0.3, seed=5)
    weights = train(X, y)
    low, high, below, above = LIMITS
    middle = (torch.arange(CELLS) + 0.5) / CELLS
    x1, x2 = low + middle * (high - low), below + middle * (above - below)
    grid = torch.cartesian_prod(x2, x1).flip(1)  # (CELLS², 2), row by row
    with torch.no_grad():
        ninths = (9 * scores(weights, grid).sigmoid()).round().int()  # (M, CELLS²)
        errors = [
            ((scores(weights, A) >= 0) != (b > 0)).double().mean(dim=1)
            for A, b in ((X, y), (X_new, y_new))
        ]
    size = len(DROPOUTS), len(DECAYS)
    errors = torch.stack(errors, dim=1).reshape(*size, 2)
    frames = ["".join(map(str, row)) for row in ninths.tolist()]
    points = torch.column_stack([X, y]).tolist()
    return {
        "dropouts": DROPOUTS,
        "decays": DECAYS,
        "limits": LIMITS,
        "cells": CELLS,
        "points": [[round(a, 2), round(b, 2), int(k)] for a, b, k in points],
        "frames": [frames[n : n + size[1]] for n in range(0, len(frames), size[1])],
        "errors": [
            [[round(e, 4) for e in pair] for pair in row] for row in errors.tolist()
        ],
    }


def train(X: Tensor, y: Tensor) -> list[Tensor]:
    """One network for each pair of settings, side by side: weights (M, …), M of them all.

    All begin with the same weights. Adam looks at each number by itself, so no network meets
    another; the decay is AdamW's.
    """
    torch.manual_seed(0)
    dropout, decay = torch.tensor([(p, d) for p in DROPOUTS for d in DECAYS]).T
    weights = []
    for rows, columns in ((2, WIDTH), (WIDTH, WIDTH), (WIDTH, 1)):
        for shape in ((1, rows, columns), (1, 1, columns)):  # as nn.Linear begins
            first = (2 * torch.rand(shape) - 1) / rows**0.5
            weights.append(first.repeat(len(decay), 1, 1).requires_grad_())
    optimizer = torch.optim.Adam(weights, lr=RATE)
    for _ in range(STEPS):
        z = scores(weights, X, dropout[:, None, None])  # (M, N)
        y_all = y.float().expand_as(z)
        losses = F.binary_cross_entropy_with_logits(z, y_all, reduction="none")
        optimizer.zero_grad()
        losses.mean(dim=1).sum().backward()
        with torch.no_grad():
            for p in weights:
                p *= 1 - RATE * decay[:, None, None]
        optimizer.step()
    return weights


def scores(weights: list[Tensor], X: Tensor, dropout: Tensor | None = None) -> Tensor:
    """Of all networks for points X (N, 2): (M, N). With dropout (M, 1, 1) as in training."""
    hidden = X
    for n in (0, 2):
        hidden = torch.relu(hidden @ weights[n] + weights[n + 1])  # (M, N, WIDTH)
        if dropout is not None:
            hidden = hidden * (torch.rand_like(hidden) >= dropout) / (1 - dropout)
    return (hidden @ weights[4] + weights[5])[..., 0]


DATA = {"convolution": photograph, "regions": regions}
