"""A small convolutional network: pictures shrink, channels grow, a linear layer decides.

Few channels look at the picture at full size; the more there are, the fewer pixels are left.
The layers that keep the size add to what they are given: X + f(X) (He et al. 2016, "Deep
residual learning for image recognition").
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Convolution(nn.Sequential):
    """3 × 3 convolution, batch normalization, ReLU: (N, n_in, H, W) -> (N, n_out, H, W).

    `halve` says how H and W are halved, and rounded up: by a stride of 2 in the convolution,
    or, better and slower, by the larger of each 2 × 2 that it yields ("pool"). There is no bias
    in the convolution, as the normalization would remove it.
    """

    def __init__(self, n_in: int, n_out: int, halve: str = "") -> None:
        stride = 2 if halve == "stride" else 1
        pool = [nn.MaxPool2d(2, ceil_mode=True)] if halve == "pool" else []
        super().__init__(
            nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False),
            *pool,
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Sequential):
    """X + f(X), where f is the layers, one after another; they must keep the shape."""

    def forward(self, X: Tensor) -> Tensor:
        return X + super().forward(X)


class MeanAndMax(nn.Module):
    """The mean and the maximum of each channel: (N, C, H, W) -> (N, 2C)."""

    def forward(self, X: Tensor) -> Tensor:
        return torch.cat([X.mean((2, 3)), X.amax((2, 3))], dim=1)


class CNN(nn.Sequential):
    """Pictures (N, in_channels, H, W), 16 pixels or more a side, give logits (N, classes).

    `widths` are the channels of the stages. The first sees the picture at full size, each
    further one begins with a convolution that halves it: the first of these pools, the others,
    of more channels, make do with a stride. Then come residual convolutions, as many as
    `blocks` says for the stage. The default has 88,498 parameters, and its stages see
    28 × 28, 14 × 14 and 7 × 7 pixels of a picture of 28 × 28.

    >>> CNN(in_channels=3, classes=100, widths=(16, 32, 64, 128), blocks=(0, 1, 1, 2))

    Raises ValueError for numbers that make no network, and for pictures that do not fit it.
    """

    def __init__(
        self,
        in_channels: int = 1,
        classes: int = 10,
        widths: Sequence[int] = (16, 32, 60),
        blocks: Sequence[int] = (0, 0, 2),
        dropout: float = 0.0,
    ) -> None:
        if not widths or min(in_channels, classes, *widths) < 1:
            raise ValueError(
                f"in_channels {in_channels}, classes {classes}, widths {tuple(widths)}: wanted "
                "at least one width, and each number 1 or more"
            )
        if len(blocks) != len(widths) or min(blocks) < 0:
            raise ValueError(
                f"blocks {tuple(blocks)} for widths {tuple(widths)}: wanted as many numbers, "
                "each 0 or more"
            )
        layers: list[nn.Module] = []
        n_in = in_channels
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            halve = ("", "pool", "stride")[min(stage, 2)]
            layers.append(Convolution(n_in, width, halve))
            layers += [Residual(Convolution(width, width)) for _ in range(count)]
            n_in = width
        layers.append(MeanAndMax())  # (N, 2 · widths[-1])
        if dropout:
            layers.append(nn.Dropout(dropout))
        super().__init__(*layers, nn.Linear(2 * n_in, classes))
        self.in_channels = in_channels

    def __getitem__(self, index):
        """A layer; for a slice, a `Sequential` of layers: they have no widths to make a CNN of."""
        return nn.Sequential(*self)[index]

    def forward(self, X: Tensor) -> Tensor:
        if X.ndim != 4 or X.shape[1] != self.in_channels or min(X.shape[2:]) < 16:
            raise ValueError(
                f"pictures of shape {tuple(X.shape)}: wanted (N, {self.in_channels}, H, W) "
                "with 16 pixels or more a side"
            )
        return super().forward(X)
