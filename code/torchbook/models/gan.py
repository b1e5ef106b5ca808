"""The two players for pictures: one grows noise into a picture, the other shrinks it to a logit.

After Radford, Metz, Chintala 2016, "Unsupervised representation learning with deep
convolutional generative adversarial networks" (DCGAN): convolutions that double or halve
instead of pooling, batch normalization, ReLU in the one and leaky ReLU in the other, first
weights of standard deviation 0.02.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class Generator(nn.Sequential):
    """Noise (N, latent) gives pictures (N, channels, side, side), each pixel in -1 … 1.

    `widths` are the channels on the way. The first is at the smallest size, which is `side`
    halved once for each width; every further layer doubles it.

    >>> Generator(64, 28, (128, 64))  # 7 × 7 of 128, 14 × 14 of 64, 28 × 28 of 1

    Raises ValueError for numbers that make no network, and for noise that does not fit it.
    """

    def __init__(
        self, latent: int, side: int, widths: Sequence[int], channels: int = 1
    ) -> None:
        small = _smallest(side, widths, latent, channels)
        layers: list[nn.Module] = [
            nn.Unflatten(1, (latent, 1, 1)),
            nn.ConvTranspose2d(latent, widths[0], small, bias=False),
        ]
        for n_in, n_out in pairwise((*widths, channels)):
            layers += [nn.BatchNorm2d(n_in), nn.ReLU(inplace=True)]
            layers.append(nn.ConvTranspose2d(n_in, n_out, 4, 2, 1, bias=False))
        super().__init__(*layers, nn.Tanh())
        self.latent = latent
        self.apply(_first_weights)

    def forward(self, Z: Tensor) -> Tensor:
        if Z.ndim != 2 or Z.shape[1] != self.latent:
            raise ValueError(
                f"noise of shape {tuple(Z.shape)}: wanted (N, {self.latent})"
            )
        return super().forward(Z)


class Discriminator(nn.Sequential):
    """Pictures (N, channels, side, side) give a logit each, (N,): positive for real.

    `widths` are the channels on the way, at half the size, a quarter, and so on. The first
    layer and the last have no batch normalization.

    Raises ValueError for numbers that make no network, and for pictures that do not fit it.
    """

    def __init__(self, side: int, widths: Sequence[int], channels: int = 1) -> None:
        small = _smallest(side, widths, channels)
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise((channels, *widths)):
            layers.append(nn.Conv2d(n_in, n_out, 4, 2, 1, bias=not layers))
            if len(layers) > 1:
                layers.append(nn.BatchNorm2d(n_out))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        layers += [nn.Conv2d(widths[-1], 1, small), nn.Flatten(0)]
        super().__init__(*layers)
        self.shape = (channels, side, side)
        self.apply(_first_weights)

    def forward(self, X: Tensor) -> Tensor:
        if X.ndim != 4 or tuple(X.shape[1:]) != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise ValueError(
                f"pictures of shape {tuple(X.shape)}: wanted (N, {wanted})"
            )
        return super().forward(X)


def _smallest(side: int, widths: Sequence[int], *numbers: int) -> int:
    """The side before the first doubling; ValueError where it is no whole number."""
    if not widths or min(*widths, *numbers, side) < 1:
        raise ValueError(
            f"side {side}, widths {tuple(widths)}, others {numbers}: wanted at least one "
            "width, and each number 1 or more"
        )
    small, rest = divmod(side, 2 ** len(widths))
    if rest or not small:
        raise ValueError(
            f"side {side} cannot be halved {len(widths)} times, once for each of the widths "
            f"{tuple(widths)}: give fewer widths, or another side"
        )
    return small


@torch.no_grad()
def _first_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        module.weight.normal_(0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        module.weight.normal_(1, 0.02)
