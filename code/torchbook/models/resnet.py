"""A residual network for small pictures: each block adds something to what it was given.

It is the network of He et al. (2016, section 4.2) for CIFAR-10: a 3×3 convolution, three stages
of n blocks, the mean over the pixels, a linear layer; 6n + 2 layers with weights in all. Each
stage has twice the channels of the one before, and half the height and width. Part 09 teaches it.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """ReLU(x + f(x)), where f is convolution, norm, ReLU, convolution, norm.

    Where f(x) has another shape than x, every stride-th pixel of x is taken, and channels of
    zeros are added: option A of the paper, a shortcut without weights. Raises ValueError for
    fewer channels than there were.
    """

    def __init__(self, c_in: int, c_out: int, stride: int = 1) -> None:
        if c_out < c_in:
            raise ValueError(f"Block({c_in}, {c_out}): wanted {c_in} channels or more")
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(c_out)
        self.stride, self.added = stride, c_out - c_in

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C_in, H, W) to (N, C_out, ⌈H / stride⌉, ⌈W / stride⌉)."""
        f = F.relu(self.norm1(self.conv1(x)))
        f = self.norm2(self.conv2(f))
        return F.relu(self.shortcut(x) + f)

    def shortcut(self, x: Tensor) -> Tensor:
        """x in the shape of f(x)."""
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        if self.added:
            x = F.pad(x, (0, 0, 0, 0, 0, self.added))  # (N, C_in + added, H', W')
        return x


class ResNet(nn.Module):
    """Pictures (N, in_channels, H, W), of any height and width, give logits (N, classes).

    The stages have `width`, 2 · width and 4 · width channels. Convolutions start as in He et al.
    (2015). With `zero_init` each block starts as ReLU(x), the weight of its last norm being 0
    (Goyal et al., 2017, section 5.1). Raises ValueError for a number below 1.
    """

    def __init__(
        self,
        n: int = 3,
        in_channels: int = 3,
        classes: int = 10,
        width: int = 16,
        *,
        zero_init: bool = False,
    ) -> None:
        if min(n, in_channels, classes, width) < 1:
            raise ValueError(
                f"ResNet(n={n}, in_channels={in_channels}, classes={classes}, width={width}): "
                "wanted numbers of 1 or more"
            )
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        self.stages = nn.Sequential(
            _stage(n, width, width),
            _stage(n, width, 2 * width, stride=2),
            _stage(n, 2 * width, 4 * width, stride=2),
        )
        self.head = nn.Linear(4 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if isinstance(module, Block) and zero_init:
                nn.init.zeros_(module.norm2.weight)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, in_channels, H, W) to logits (N, classes)."""
        x = self.stem(x)  # (N, width, H, W)
        x = self.stages(x)  # (N, 4 * width, ⌈H / 4⌉, ⌈W / 4⌉)
        return self.head(x.mean(dim=(2, 3)))


def _stage(n: int, c_in: int, c_out: int, stride: int = 1) -> nn.Sequential:
    """n blocks, of which the first has the stride and the new number of channels."""
    return nn.Sequential(
        Block(c_in, c_out, stride), *(Block(c_out, c_out) for _ in range(n - 1))
    )
