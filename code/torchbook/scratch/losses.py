"""Error functions: one number for how wrong the outputs are.

The first three take scores z, real numbers of shape (N,), and labels y, 0 or 1, of the same
shape; each returns the mean over the N samples as a scalar tensor. The others take tensors of
any shape, and a reduction: "none" (the loss of each sample), "mean" or "sum". Those for more
than two classes, `nll` and `cross_entropy`, are in `multiclass`.

All raise ValueError for shapes that would be stretched, values that have no meaning here, and
reductions that are none.
"""

import torch
from torch import Tensor

from torchbook.scratch.activations import log_sigmoid
from torchbook.scratch.batch import (
    bits,
    reduce,
    same_shape,
    signs,
    stretched,
    within_0_and_1,
)
from torchbook.scratch.multiclass import cross_entropy, nll, one_hot

__all__ = [
    "bce",
    "bce_with_logits",
    "cosine_embedding",
    "cross_entropy",
    "hinge",
    "huber",
    "log_loss",
    "mae",
    "mse",
    "nll",
    "one_hot",
    "perceptron",
    "soft_margin",
    "zero_one",
]


def zero_one(z: Tensor, y: Tensor) -> Tensor:
    """The share of samples on the wrong side: discrete, with slope 0 or none."""
    same_shape(z, y, "z and y")
    bits(y)
    return ((z >= 0) != (y > 0)).to(z.dtype).mean()


def perceptron(z: Tensor, y: Tensor) -> Tensor:
    """How far the wrong ones reach to the wrong side: mean of max(0, -s z), s = 2y - 1."""
    same_shape(z, y, "z and y")
    bits(y)
    s = 2 * y.to(z.dtype) - 1
    return torch.clamp(-s * z, min=0).mean()


def log_loss(z: Tensor, y: Tensor) -> Tensor:
    """-log of the probability sigmoid(z) gives to the true class, on average.

    Written as log(exp(0) + exp(-s z)), s = 2y - 1, by `logaddexp`, so no z overflows:
    torch's `binary_cross_entropy_with_logits` is the same function.
    """
    same_shape(z, y, "z and y")
    bits(y)
    s = 2 * y.to(z.dtype) - 1
    return torch.logaddexp(torch.zeros_like(z), -s * z).mean()


# Numbers: prediction and target of the same shape.


def mse(prediction: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The square of what is missing."""
    same_shape(prediction, target, "prediction and target")
    return reduce((prediction - target) ** 2, reduction)


def mae(prediction: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The size of what is missing; its slope is a sign, and 0 where nothing is."""
    same_shape(prediction, target, "prediction and target")
    return reduce((prediction - target).abs(), reduction)


def huber(
    prediction: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0
) -> Tensor:
    """Half the square up to delta, a straight line from there on (Huber, 1964)."""
    same_shape(prediction, target, "prediction and target")
    if not 0 < delta < torch.inf:
        raise ValueError(f"delta {delta}: wanted a finite number above 0")
    r = prediction - target
    line = delta * (r.abs() - delta / 2)
    return reduce(torch.where(r.abs() < delta, r**2 / 2, line), reduction)


# Two classes: labels y of 0 and 1, or shares between them.


def bce(
    p: Tensor, y: Tensor, weight: Tensor | None = None, reduction: str = "mean"
) -> Tensor:
    """-y log p - (1 - y) log(1 - p), for the probabilities p of class 1.

    A logarithm counts as -100 at the least, as in torch, so p = 0 and p = 1 give no
    infinity. Where the label is missed there, the slope of ours is 0 and torch's 1e12
    in size; where it is met, ours is 1 in size and torch's 0. The mean is over N,
    whatever the weights.
    """
    same_shape(p, y, "p and y")
    within_0_and_1(p, "p", "for scores there is bce_with_logits")
    within_0_and_1(y, "y", "labels -1 and +1 become these by (y + 1) / 2")
    y = y.to(p.dtype)
    losses = -(y * _log(p) + (1 - y) * _log(1 - p))
    return reduce(stretched(weight, losses, "weight") * losses, reduction)


def _log(p: Tensor) -> Tensor:
    """log p, at least -100, without the nan that 0 times an infinite slope would be."""
    above = p > 0
    logs = torch.where(above, p, torch.ones_like(p)).log()
    return torch.where(above, logs, torch.full_like(p, -100)).clamp(min=-100)


def bce_with_logits(
    z: Tensor,
    y: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """bce(sigmoid(z), y) from the scores z, exact for any score.

    pos_weight multiplies what a label 1 costs, weight what any sample costs.
    """
    same_shape(z, y, "z and y")
    within_0_and_1(y, "y", "labels -1 and +1 become these by (y + 1) / 2")
    z = 1.0 * z  # whole numbers become floats
    y = y.to(z.dtype)
    ones = stretched(pos_weight, z, "pos_weight")
    losses = -(ones * y * log_sigmoid(z) + (1 - y) * log_sigmoid(-z))
    return reduce(stretched(weight, losses, "weight") * losses, reduction)


# Two classes again: labels y of -1 and +1.


def hinge(z: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """max(0, 1 - y z): nothing to pay once a score is on its side by 1 or more."""
    same_shape(z, y, "z and y")
    signs(y)
    return reduce(torch.clamp(1 - y * z, min=0), reduction)


def soft_margin(z: Tensor, y: Tensor, reduction: str = "mean") -> Tensor:
    """log(1 + exp(-y z)): the log-loss, for labels that are signs; no score overflows."""
    same_shape(z, y, "z and y")
    signs(y)
    return reduce(-log_sigmoid(1.0 * y * z), reduction)


# Pairs of vectors.


def cosine_embedding(
    a: Tensor, b: Tensor, y: Tensor, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """1 - cos(a, b) for pairs that belong together (y = 1), max(0, cos - margin) for others.

    a and b have shape (N, D), y has (N,) with labels -1 and +1. The 1e-12 that is added to the
    squared lengths, as torch does, gives a vector of zeros a cosine of 0.
    """
    same_shape(a, b, "a and b")
    if a.ndim != 2 or y.shape != a.shape[:1]:
        raise ValueError(
            f"a {tuple(a.shape)} and y {tuple(y.shape)}: wanted (N, D) and (N,)"
        )
    signs(y)
    squares = ((a * a).sum(1) + 1e-12) * ((b * b).sum(1) + 1e-12)  # (N,)
    cos = (a * b).sum(1) / squares.sqrt()
    return reduce(
        torch.where(y == 1, 1 - cos, torch.clamp(cos - margin, min=0)), reduction
    )
