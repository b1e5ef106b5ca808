"""Activation functions: what a unit does with its weighted sum.

Read in the chapters on the perceptron and on the way from a step to a slope.
Each works on a tensor of any shape and returns one of the same shape.
"""

import torch
from torch import Tensor


def step(z: Tensor) -> Tensor:
    """1 where z is zero or more, else 0 (Heaviside); the dtype of z is kept."""
    return (z >= 0).to(z.dtype)


def sigmoid(z: Tensor) -> Tensor:
    """1 / (1 + exp(-z)), without overflow: only exp of numbers up to 0 is taken."""
    small = torch.exp(torch.where(z >= 0, -z, z))  # -z.abs() would have slope 0 at 0
    return torch.where(z >= 0, 1 / (1 + small), small / (1 + small))


def softmax(z: Tensor, dim: int) -> Tensor:
    """Probabilities along dim: exp(z) over its sum, the maximum subtracted first."""
    e = torch.exp(z - z.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)
