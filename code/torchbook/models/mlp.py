"""A multilayer perceptron: linear layers with a ReLU between each two."""

from itertools import pairwise

from torch import nn


class MLP(nn.Sequential):
    """Sizes (D, H1, …, C): inputs (N, …) of D numbers each give logits (N, C).

    >>> MLP(784, 256, 10)  # Flatten, Linear(784, 256), ReLU, Linear(256, 10)

    Raises ValueError for fewer than two sizes.
    """

    def __init__(self, *sizes: int, dropout: float = 0.0) -> None:
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"MLP{sizes}: wanted at least two sizes, each 1 or more")
        layers: list[nn.Module] = [nn.Flatten()]
        for n_in, n_out in pairwise(sizes[:-1]):
            layers += [nn.Linear(n_in, n_out), nn.ReLU()]
            if dropout:
                layers.append(nn.Dropout(dropout))
        layers.append(nn.Linear(sizes[-2], sizes[-1]))
        super().__init__(*layers)

    def __getitem__(self, index):
        """A layer; for a slice, a `Sequential` of layers: they have no sizes to make an MLP of."""
        return nn.Sequential(*self)[index]
