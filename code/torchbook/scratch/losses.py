"""Error functions: one number for how wrong the outputs are.

Scores z are real numbers of shape (N,), labels y are 0 or 1 of the same shape;
each function returns the mean over the N samples as a scalar tensor.
"""

import torch
from torch import Tensor


def zero_one(z: Tensor, y: Tensor) -> Tensor:
    """The share of samples on the wrong side: discrete, so its slope is 0 wherever it has one."""
    return ((z >= 0) != (y > 0)).to(z.dtype).mean()


def perceptron(z: Tensor, y: Tensor) -> Tensor:
    """How far the wrong ones reach to the wrong side: mean of max(0, -s z), s = 2y - 1."""
    s = 2 * y.to(z.dtype) - 1
    return torch.clamp(-s * z, min=0).mean()


def log_loss(z: Tensor, y: Tensor) -> Tensor:
    """-log of the probability sigmoid(z) gives to the true class, on average.

    Written as log(exp(0) + exp(-s z)), s = 2y - 1, by `logaddexp`, which overflows for no z:
    torch's `binary_cross_entropy_with_logits` is the same function.
    """
    s = 2 * y.to(z.dtype) - 1
    return torch.logaddexp(torch.zeros_like(z), -s * z).mean()
