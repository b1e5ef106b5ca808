"""How far our convolution and pooling are from torch's: a table for the page that builds them.

A function of `scratch.conv` and its twin in torch get the same pictures, kernels, biases and
settings. The table holds the largest difference of the outputs, and of the slopes in all
of these, as a share of torch's where that is above 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from torchbook.scratch import conv
from torchbook.tables import Table

PICTURES = (3, 6, 11, 10)  # samples, channels, height, width
KERNELS = 4


class Twin(NamedTuple):
    """A function of ours, what torch calls it, torch's; the settings that both get.

    A twin with a `kernel` gets random kernels of that size and biases, too.
    """

    ours: Callable[..., Tensor]
    name: str
    torchs: Callable[..., Tensor]
    settings: dict[str, object]
    kernel: tuple[int, int] | None = None


def _columns(X: Tensor, size: int, **settings: object) -> Tensor:
    """Our windows in the order of torch's unfold: (N, C · I · J, H' · W')."""
    seen = conv.windows(X, size, **settings)  # (N, C, H', W', I, J)
    return seen.permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)


def _unfold(X: Tensor, size: int, **settings: object) -> Tensor:
    return F.unfold(X, size, **settings)


def _pool(ours: Callable, name: str) -> Callable[..., Twin]:
    def twin(size: int, stride: int | None = None, padding: int = 0) -> Twin:
        theirs, settings = getattr(F, name), {"stride": stride, "padding": padding}
        return Twin(
            lambda X, **s: ours(X, size, **s),
            f"F.{name}",
            lambda X, **s: theirs(X, size, **s),
            settings,
        )

    return twin


def _conv(kernel: tuple[int, int] = (3, 3), **settings: object) -> Twin:
    return Twin(conv.conv2d, "F.conv2d", F.conv2d, settings, kernel)


def _twins() -> dict[str, Twin]:
    largest, mean = (
        _pool(conv.max_pool2d, "max_pool2d"),
        _pool(conv.avg_pool2d, "avg_pool2d"),
    )
    return {
        "windows": Twin(
            lambda X, **s: _columns(X, 3, **s),
            "F.unfold",
            lambda X, **s: _unfold(X, 3, **s),
            {"stride": 2, "padding": 1, "dilation": 2},
        ),
        "conv2d": _conv(),
        "conv2d, 1 × 1": _conv((1, 1)),
        "conv2d, stride 2": _conv(stride=2),
        "conv2d, padding 1": _conv(padding=1),
        "conv2d, dilation 2": _conv(dilation=2),
        "conv2d, 2 groups": _conv(groups=2),
        "conv2d, all of these": _conv(
            (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2
        ),
        "max_pool2d": largest(2),
        "max_pool2d, overlapping": largest(3, 2, 1),
        "avg_pool2d": mean(2),
        "avg_pool2d, overlapping": mean(3, 2, 1),
    }


TWINS = _twins()


def differences(
    twin: Twin, *, seed: int = 0, dtype: torch.dtype = torch.float64
) -> tuple[float, float]:
    """The largest difference of the outputs, and of the slopes in all that goes in."""
    g = torch.Generator().manual_seed(seed)
    given = [torch.randn(PICTURES, generator=g, dtype=dtype)]
    if twin.kernel:
        channels = PICTURES[1] // twin.settings.get("groups", 1)
        shapes = (KERNELS, channels, *twin.kernel), (KERNELS,)
        given += [torch.randn(shape, generator=g, dtype=dtype) for shape in shapes]
    outputs, slopes = [], []
    for function in (twin.ours, twin.torchs):
        tensors = [t.clone().requires_grad_() for t in given]
        out = function(*tensors, **twin.settings)
        same = torch.Generator().manual_seed(seed)
        weight = torch.randn(out.shape, generator=same, dtype=dtype)
        outputs.append([out.detach()])
        slopes.append(torch.autograd.grad((weight * out).sum(), tensors))
    return _largest(*outputs), _largest(*slopes)


def table(*, seed: int = 0, dtype: torch.dtype = torch.float64) -> Table:
    """Each function of `scratch.conv`: torch's name, the differences in value and slope."""
    rows = []
    for name, twin in TWINS.items():
        found = differences(twin, seed=seed, dtype=dtype)
        rows.append([name, twin.name, *(f"{d:.0e}" if d else "0" for d in found)])
    return Table(["ours", "torch's", "value", "slope"], rows, left=["ours", "torch's"])


def _largest(ours: list[Tensor], torchs: list[Tensor]) -> float:
    """Nan where any difference is: torch's max keeps it."""
    shares = [
        ((a - b).abs() / b.abs().clamp(min=1)).max().double()
        for a, b in zip(ours, torchs, strict=True)
    ]
    return float(torch.stack(shares).max())
