"""The numbers a network starts from; read in part 5.

A unit adds up `fan_in` products. With weights of mean 0 and variance v, and inputs that
do not depend on each other, of mean 0 and variance 1, its sum has variance
fan_in * v. Slopes that come back through the layer meet fan_out * v in the same way:

    Xavier (Glorot and Bengio, 2010)    v = 2 / (fan_in + fan_out)    between the two
    He (He et al., 2015)                v = 2 / fan_in                ReLU drops half

A uniform spread over -a … a has variance a² / 3, so a = sqrt(3 v). All functions fill
the weight in place and return it, record no slope, and draw as torch.nn.init does: a
seed, or a generator, gives the same weights.
"""

import math

import torch
from torch import Tensor


def fans(weight: Tensor) -> tuple[int, int]:
    """fan_in, the inputs that a unit adds up, and fan_out, the units an input reaches.

    (K, D) of a linear layer gives D and K; (K, C, H, W) of a convolution gives C H W
    and K H W. Raises ValueError for fewer than two dimensions, or no entries.
    """
    if weight.ndim < 2 or weight.numel() == 0:
        raise ValueError(
            f"weight {tuple(weight.shape)}: wanted (K, D) or (K, C, H, W), no size 0; "
            "a bias has no fans, and starts at 0"
        )
    outputs, inputs = weight.shape[:2]
    window = math.prod(weight.shape[2:])  # 1 for a linear layer
    return inputs * window, outputs * window


@torch.no_grad()
def uniform_(
    weight: Tensor, low: float, high: float, generator: torch.Generator | None = None
) -> Tensor:
    """Every number from low to high is as likely.

    Raises ValueError where low is above high, a limit is not finite, or the weight
    holds whole numbers.
    """
    _check_floats(weight)
    if not -math.inf < low <= high < math.inf:
        raise ValueError(f"low {low}, high {high}: wanted finite limits, low first")
    return weight.uniform_(low, high, generator=generator)


@torch.no_grad()
def normal_(
    weight: Tensor, std: float, generator: torch.Generator | None = None
) -> Tensor:
    """A bell curve round 0 with standard deviation std.

    Raises ValueError for a std below 0 or not finite, and for a weight of whole
    numbers.
    """
    _check_floats(weight)
    if not 0 <= std < math.inf:
        raise ValueError(f"std {std}: wanted a finite number from 0 up")
    return weight.normal_(0, std, generator=generator)


def xavier_uniform_(weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Uniform, of variance 2 / (fan_in + fan_out): for tanh and the like."""
    limit = math.sqrt(6 / sum(fans(weight)))
    return uniform_(weight, -limit, limit, generator)


def xavier_normal_(weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Normal, of variance 2 / (fan_in + fan_out): for tanh and the like."""
    return normal_(weight, math.sqrt(2 / sum(fans(weight))), generator)


def he_uniform_(weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Uniform, of variance 2 / fan_in: for ReLU. Torch names it after Kaiming He."""
    fan_in, _ = fans(weight)
    limit = math.sqrt(6 / fan_in)
    return uniform_(weight, -limit, limit, generator)


def he_normal_(weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Normal, of variance 2 / fan_in: for ReLU. Torch names it after Kaiming He."""
    fan_in, _ = fans(weight)
    return normal_(weight, math.sqrt(2 / fan_in), generator)


def _check_floats(weight: Tensor) -> None:
    if not weight.is_floating_point():
        raise ValueError(
            f"weight holds {weight.dtype}: wanted floats, as torch.empty(K, D) has"
        )
