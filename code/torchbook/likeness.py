"""How good are made samples? Numbers from a classifier that was trained on real ones.

A picture that is good belongs to a class, and the classifier is sure which. A set that is
good has all classes. And on the whole its features lie as those of real pictures do.
Part 11 of the book teaches this.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SURE = 0.9


@dataclass(frozen=True)
class Scores:
    """What a classifier says of a set of pictures.

    sure: the share that it gives to one class with a probability of SURE or more.
    seen: the share of the classes that hold, among those, at least a fifth of an equal share.
    spread: the entropy of the mean answer, divided by that of an even one: 1 for all alike.
    score: exp of the mean divergence of an answer from the mean answer, 1 … the number of
    classes (Salimans et al. 2016, "Improved techniques for training GANs", section 4).
    """

    sure: float
    seen: float
    spread: float
    score: float


def scores(probs: Tensor) -> Scores:
    """Scores of the probabilities (N, C) that a classifier gives; ValueError for others."""
    if probs.ndim != 2 or probs.shape[1] < 2 or not len(probs):
        raise ValueError(
            f"probabilities of shape {tuple(probs.shape)}: wanted (N, C), 2 classes or more"
        )
    probs = probs.double()
    sums = probs.sum(dim=1)
    if not (
        probs.min() >= 0 and torch.allclose(sums, torch.ones_like(sums), atol=1e-4)
    ):
        raise ValueError(
            "these are no probabilities: a row has negative entries, or does not sum to 1; "
            "of logits, take softmax(dim=1)"
        )
    N, C = probs.shape
    best, label = probs.max(dim=1)
    sure = best >= SURE
    counts = torch.bincount(label[sure], minlength=C)  # (C,)
    mean = probs.mean(dim=0)  # (C,)
    between, within = _entropy(mean), _entropy(probs).mean()
    even = torch.tensor(float(C), dtype=torch.float64).log()
    return Scores(
        sure=sure.double().mean().item(),
        seen=(counts >= 0.2 * N / C).double().mean().item(),
        spread=(between / even).item(),
        score=(between - within).exp().item(),
    )


def frechet(A: Tensor, B: Tensor) -> float:
    """How far apart two clouds of features lie, A (N, D) and B (M, D): 0 for the same.

    Each is taken for a normal distribution of its mean and covariance (Fréchet's distance,
    squared: Dowson and Landau 1982; of features of pictures: Heusel et al. 2017). It shrinks
    with more samples, so compare sets of one size. Raises ValueError for sets that do not fit.
    """
    if (
        A.ndim != 2
        or B.ndim != 2
        or A.shape[1] != B.shape[1]
        or min(len(A), len(B)) < 2
    ):
        raise ValueError(
            f"features {tuple(A.shape)} and {tuple(B.shape)}: wanted (N, D) and (M, D), two "
            "rows or more of each"
        )
    A, B = A.double(), B.double()
    S, T = (
        torch.cov(A.T).reshape(A.shape[1], -1),
        torch.cov(B.T).reshape(B.shape[1], -1),
    )
    values, vectors = torch.linalg.eigh(S)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T  # (D, D), root @ root = S
    both = torch.linalg.eigvalsh(root @ T @ root).clamp(min=0).sqrt().sum()
    apart = (A.mean(dim=0) - B.mean(dim=0)).pow(2).sum()
    return (apart + S.trace() + T.trace() - 2 * both).clamp(min=0).item()


def _entropy(probs: Tensor) -> Tensor:
    """-sum p log p over the last dimension; a probability of 0 adds nothing."""
    return -torch.special.xlogy(probs, probs).sum(dim=-1)
