"""Convolution and pooling by hand: look through every window; read in part 9.

Both cut the picture into windows. A convolution multiplies each window with a kernel and
adds up; pooling keeps the largest or the mean of each. What is called convolution here,
as in torch, does not turn the kernel round (mathematicians call it cross-correlation):

    out[n, k, y, x] = b[k] + sum over c, i, j of
                      weight[k, c, i, j] * X[n, c, s y + d i - p, s x + d j - p]

with stride s, padding p and dilation d, and X zero outside the picture (LeCun et al.,
1998, "Gradient-based learning applied to document recognition"; the sizes are those of
Dumoulin and Visin, 2016). Sizes, strides, paddings and dilations are one whole number for
both directions, or a pair (rows, columns).
"""

import math
import operator
from collections.abc import Sequence

import torch
from torch import Tensor

Pair = int | Sequence[int]


def output_size(
    n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """How many windows fit into n pixels, along one direction; rounded down.

    Raises ValueError where none fits, and for numbers that are not whole or too small.
    """
    (n,) = _whole("n", [n], 1)
    (kernel,) = _whole("kernel", [kernel], 1)
    (stride,) = _whole("stride", [stride], 1)
    (padding,) = _whole("padding", [padding], 0)
    (dilation,) = _whole("dilation", [dilation], 1)
    reach = dilation * (kernel - 1) + 1  # pixels from a window's first to its last
    if n + 2 * padding < reach:
        raise ValueError(
            f"a kernel of {kernel} with dilation {dilation} reaches over {reach} pixels, "
            f"and there are {n}, with padding {n + 2 * padding}: wanted at least {reach}; "
            "use a smaller kernel, or more padding"
        )
    return (n + 2 * padding - reach) // stride + 1


def windows(
    X: Tensor,
    size: Pair,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    fill: float = 0.0,
) -> Tensor:
    """All windows (I, J) of pictures (N, C, H, W): (N, C, H', W', I, J).

    The frame that padding adds holds `fill`. Without padding this is a view: no pixel is
    copied, though each is in several windows. Raises ValueError where no window fits.
    """
    _check_pictures(X)
    size = _pair("size", size, 1)
    stride, dilation = _pair("stride", stride, 1), _pair("dilation", dilation, 1)
    padding = _pair("padding", padding, 0)
    for way in (0, 1):
        n = X.shape[2 + way]
        output_size(n, size[way], stride[way], padding[way], dilation[way])
    X = _framed(X, padding, fill)
    for way, d in enumerate(dilation):
        reach = d * (size[way] - 1) + 1
        X = X.unfold(2 + way, reach, stride[way])[..., ::d]  # one more dimension, last
    return X


def conv2d(
    X: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """Kernels (K, C / groups, I, J) slid over X (N, C, H, W): (N, K, H', W').

    Of `groups`, each has its share of the channels in and of the kernels. bias is (K,).
    Raises ValueError for shapes that do not meet, numbers that are not whole or too small,
    kernels that reach over more than there is, and tensors that are not floats of one kind.
    """
    groups = _check_kernels(X, weight, bias, groups)
    K, C = len(weight), X.shape[1]
    seen = windows(X, weight.shape[2:], stride, padding, dilation)
    seen = seen.unflatten(1, (groups, C // groups))  # (N, G, C/G, H', W', I, J)
    kernels = weight.unflatten(0, (groups, K // groups))  # (G, K/G, C/G, I, J)
    out = torch.einsum("ngcyxij,gkcij->ngkyx", seen, kernels).flatten(1, 2)
    return out if bias is None else out + bias[:, None, None]  # (N, K, H', W')


def max_pool2d(
    X: Tensor, size: Pair, stride: Pair | None = None, padding: Pair = 0
) -> Tensor:
    """The largest of each window of X (N, C, H, W): (N, C, H', W').

    The stride is the size unless told: windows side by side. The frame never wins. Where
    several are the largest, the slope goes to the first. Raises ValueError as conv2d does,
    and for a padding above half the size, where a window could lie in the frame alone.
    """
    seen = _pooled(X, size, stride, padding, -math.inf)  # (N, C, H', W', I, J)
    return seen.flatten(-2).max(dim=-1).values


def avg_pool2d(
    X: Tensor, size: Pair, stride: Pair | None = None, padding: Pair = 0
) -> Tensor:
    """The mean of each window of X (N, C, H, W), zeros of the frame included: (N, C, H', W').

    Stride and errors as in max_pool2d.
    """
    return _pooled(X, size, stride, padding, 0.0).mean(dim=(-2, -1))


def _pooled(
    X: Tensor, size: Pair, stride: Pair | None, padding: Pair, fill: float
) -> Tensor:
    size, padding = _pair("size", size, 1), _pair("padding", padding, 0)
    for p, n in zip(padding, size, strict=True):
        if 2 * p > n:
            raise ValueError(
                f"padding {p} for windows of {n}: wanted at most {n // 2}, half of that; "
                "a window could lie in the frame alone"
            )
    return windows(X, size, size if stride is None else stride, padding, fill=fill)


def _framed(X: Tensor, padding: tuple[int, int], fill: float) -> Tensor:
    """X (N, C, H, W) with a frame of `fill` round each picture."""
    top, left = padding
    if top == left == 0:
        return X
    N, C, H, W = X.shape
    framed = X.new_full((N, C, H + 2 * top, W + 2 * left), fill)
    framed[:, :, top : top + H, left : left + W] = X
    return framed


def _pair(name: str, value: Pair, least: int) -> tuple[int, int]:
    """The number for rows and that for columns; raises ValueError for what is no such pair."""
    if isinstance(value, (str, Tensor)) or not isinstance(value, Sequence):
        value = [value, value]
    if len(value) != 2:
        raise ValueError(
            f"{name} {tuple(value)}: wanted one whole number, or two: (rows, columns)"
        )
    return tuple(_whole(name, value, least))


def _whole(name: str, values: Sequence[int], least: int) -> list[int]:
    """The values as ints; raises ValueError where one is not whole, or below the least."""
    try:
        found = [operator.index(v) for v in values if not isinstance(v, bool)]
    except (TypeError, ValueError, RuntimeError):  # text, fractions, tensors of several
        found = []
    if len(found) < len(values) or min(found) < least:
        shown = values[0] if len(set(map(repr, values))) == 1 else tuple(values)
        more = ""
        if shown in ("same", "valid"):
            more = "; for a stride of 1, dilation * (kernel - 1) // 2 keeps the size"
        raise ValueError(
            f"{name} {shown!r}: wanted whole numbers, at least {least}{more}"
        )
    return found


def _check_pictures(X: Tensor) -> None:
    if not isinstance(X, Tensor):
        raise ValueError(f"X is a {type(X).__name__}: wanted a tensor (N, C, H, W)")
    if X.ndim != 4:
        help = {
            2: "X[None, None] makes it of (H, W)",
            3: "unsqueeze adds the missing one",
        }
        raise ValueError(
            f"X {tuple(X.shape)}: wanted (N, C, H, W), pictures and channels first; "
            + help.get(X.ndim, "reshape it")
        )
    if not X.is_floating_point():
        raise ValueError(
            f"X holds {X.dtype}: wanted floats; X.float() makes them of whole numbers"
        )


def _check_kernels(X: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> int:
    """Raise ValueError where pictures, kernels, bias and groups do not fit; give the groups."""
    _check_pictures(X)
    (groups,) = _whole("groups", [groups], 1)
    if not isinstance(weight, Tensor) or weight.ndim != 4 or weight.numel() == 0:
        shape = tuple(getattr(weight, "shape", ())) or type(weight).__name__
        raise ValueError(
            f"weight {shape}: wanted (K, C, I, J), kernels and channels first, no size 0"
        )
    K, C = weight.shape[:2]
    if X.shape[1] != C * groups or K % groups:
        raise ValueError(
            f"X {tuple(X.shape)} has {X.shape[1]} channels, weight {tuple(weight.shape)} "
            f"looks at {C} in each of {groups} groups: wanted {C * groups} channels, and "
            f"kernels that {groups} divides; a weight is (K, C / groups, I, J)"
        )
    if bias is not None and (not isinstance(bias, Tensor) or tuple(bias.shape) != (K,)):
        shape = tuple(getattr(bias, "shape", ())) or type(bias).__name__
        raise ValueError(f"bias {shape}: wanted ({K},), a number for each kernel")
    for name, part in (("weight", weight), ("bias", bias)):
        if part is None or torch.is_autocast_enabled(X.device.type):
            continue
        if part.dtype != X.dtype:
            raise ValueError(
                f"X holds {X.dtype}, the {name} {part.dtype}: wanted the same; "
                f"X.to({name}.dtype) makes them so"
            )
    return groups
