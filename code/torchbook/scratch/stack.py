"""Many multilayer perceptrons of one shape, side by side in one stack; read in part 5.

A stack of S networks is a list W_1, b_1, W_2, b_2, … with weights (S, K, D) and biases
(S, 1, K), for D inputs and K units of each layer. The networks share no number, so the
slope of the sum of their losses is, in each weight, the slope of its own network's loss.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor


def start_uniform(sizes: Sequence[int], S: int, seed: int = 0) -> list[Tensor]:
    """S networks from one seed: weights and biases uniform in ±1/√D, as nn.Linear's.

    sizes are those of the inputs, of each hidden layer and of the outputs. Raises
    ValueError for fewer than two sizes, or one below 1.
    """
    g, layers = _generator(sizes, S, seed), []
    for D, K in pairwise(sizes):
        drawn = torch.rand(S, K, D + 1, generator=g)
        W, b = ((2 * drawn - 1) / D**0.5).split([D, 1], dim=-1)
        layers += [W.clone().requires_grad_(), b.mT.clone().requires_grad_()]
    return layers  # W (S, K, D), b (S, 1, K), and so on


def start_normal(
    sizes: Sequence[int], S: int, seed: int = 0, gain: float = 1.0
) -> list[Tensor]:
    """S networks from one seed, weights normal with standard deviation gain / √D, biases 0.

    sizes and errors as in `start_uniform`.
    """
    g, layers = _generator(sizes, S, seed), []
    for D, K in pairwise(sizes):
        W = gain * torch.randn(S, K, D, generator=g) / D**0.5
        layers += [W.requires_grad_(), torch.zeros(S, 1, K, requires_grad=True)]
    return layers


def hidden(X: Tensor, layers: list[Tensor], g: Callable = torch.tanh) -> list[Tensor]:
    """The values (S, N, K) of each hidden layer for X (N, D), g between the layers."""
    values = []
    for W, b in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        X = g(X @ W.mT + b)
        values.append(X)
    return values


def forward(X: Tensor, layers: list[Tensor], g: Callable = torch.tanh) -> Tensor:
    """The scores (S, N, C) of all networks for X (N, D), g between the layers."""
    for W, b in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        X = g(X @ W.mT + b)  # (S, N, K)
    return X @ layers[-2].mT + layers[-1]  # (S, N, C)


def _generator(sizes: Sequence[int], S: int, seed: int) -> torch.Generator:
    if len(sizes) < 2 or min(*sizes, S) < 1:
        raise ValueError(
            f"sizes {tuple(sizes)} and S {S}: wanted the sizes of the inputs and of one "
            "or more layers, such as (2, 8, 1), all of them 1 or more, and so S"
        )
    return torch.Generator().manual_seed(seed)
