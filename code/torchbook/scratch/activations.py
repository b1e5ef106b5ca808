"""Activation functions: what a unit does with its weighted sum.

Read in the chapters on the perceptron, on the way from a step to a slope, and on error
functions. Each works on a tensor of any shape and returns one of the same shape. No score
is too large: only the exponentials of numbers up to 0 are taken. `step` and `relu` keep
whole numbers; to the others they are floats, or -z of a byte would be 256 - z. `tanh` is
torch's own.
"""

import torch
from torch import Tensor


def step(z: Tensor) -> Tensor:
    """1 where z is zero or more, else 0 (Heaviside); the dtype of z is kept."""
    return (z >= 0).to(z.dtype)


def relu(z: Tensor) -> Tensor:
    """max(0, z); its slope at 0 is 0, as torch's is."""
    return torch.where(z <= 0, torch.zeros_like(z), z)  # nan is not <= 0: it stays nan


def sigmoid(z: Tensor) -> Tensor:
    """1 / (1 + exp(-z)), without overflow: only exp of numbers up to 0 is taken."""
    z = 1.0 * z  # whole numbers become floats
    small = torch.exp(torch.where(z >= 0, -z, z))  # -z.abs() would have slope 0 at 0
    return torch.where(z >= 0, 1 / (1 + small), small / (1 + small))


def log_sigmoid(z: Tensor) -> Tensor:
    """log(sigmoid(z)) = -log(exp(0) + exp(-z)): never -inf, near z far below 0."""
    z = 1.0 * z  # whole numbers become floats
    return -torch.logaddexp(torch.zeros_like(z), -z)


def softmax(z: Tensor, dim: int) -> Tensor:
    """Probabilities along dim: exp(z) over its sum, the maximum subtracted first."""
    z = 1.0 * z  # whole numbers become floats
    e = torch.exp(z - z.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def log_softmax(z: Tensor, dim: int) -> Tensor:
    """log(softmax(z, dim)), with no logarithm of a probability rounded to 0."""
    z = 1.0 * z  # whole numbers become floats
    z = z - z.amax(dim, keepdim=True)
    return z - torch.exp(z).sum(dim, keepdim=True).log()
