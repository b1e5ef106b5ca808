"""How far our layers and penalties are from torch's: a table for the pages that build them.

A layer of `scratch.layers` and its twin start from the same state dict and the same seed, and
get the same batches. The table holds the largest difference of the outputs and the running
statistics, and of the slopes in the inputs, the weights and the biases, as a share of torch's
where that is above 1. A penalty is compared in the same way; of what only moves weights, the
weights that come out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchbook.scratch import layers, penalties
from torchbook.tables import Table

N, C, H, W = 20, 6, 5, 4  # samples, channels, height, width
BATCHES, STRENGTH, LR = 3, 0.3, 0.1


class Layers(NamedTuple):
    """A layer of ours, what torch calls it, torch's, the inputs' shape, and the mode."""

    ours: Callable[[], nn.Module]
    name: str
    torchs: Callable[[], nn.Module]
    shape: tuple[int, ...]
    training: bool = True


class Functions(NamedTuple):
    """A function of ours of the weights w, what torch calls it, torch's; has it a slope?"""

    ours: Callable[[Tensor], Tensor]
    name: str
    torchs: Callable[[Tensor], Tensor]
    slope: bool = True


def _of(kind: type[nn.Module], *options: float) -> Callable[[], nn.Module]:
    return lambda: kind(*options)


def _layers() -> dict[str, Layers]:
    linear = _of(layers.Linear, C, 7), "nn.Linear", _of(nn.Linear, C, 7)
    drop = _of(layers.Dropout, 0.3), "nn.Dropout", _of(nn.Dropout, 0.3)
    ours = _of(layers.BatchNorm, C)
    flat = ours, "nn.BatchNorm1d", _of(nn.BatchNorm1d, C)
    images = ours, "nn.BatchNorm2d", _of(nn.BatchNorm2d, C)
    found = {"Linear": Layers(*linear, (N, C))}
    for name, twin, shape in (
        ("Dropout", drop, (N, C)),
        ("BatchNorm (N, C)", flat, (N, C)),
        ("BatchNorm (N, C, H, W)", images, (N, C, H, W)),
    ):
        found[f"{name}, train"] = Layers(*twin, shape)
        found[f"{name}, eval"] = Layers(*twin, shape, training=False)
    return found


def _sgd_with_penalty(w: Tensor) -> Tensor:
    """One step of plain descent on λ/2 l2, the loss itself being flat."""
    w = w.detach().requires_grad_()
    (slope,) = torch.autograd.grad(STRENGTH / 2 * penalties.l2([w]), w)
    return w.detach() - LR * slope


def _decayed(w: Tensor) -> Tensor:
    new = w.detach().clone()
    penalties.decay_([new], LR, STRENGTH)
    return new


def _stepped(optimizer: type[torch.optim.Optimizer]) -> Callable[[Tensor], Tensor]:
    """One step where the loss is flat: all that moves w is the weight decay."""

    def step(w: Tensor) -> Tensor:
        new = nn.Parameter(w.detach().clone())
        new.grad = torch.zeros_like(new)
        optimizer([new], lr=LR, weight_decay=STRENGTH).step()
        return new.detach()

    return step


def _torchs_l1(w: Tensor) -> Tensor:
    return F.l1_loss(w, torch.zeros_like(w), reduction="sum")


def _torchs_l2(w: Tensor) -> Tensor:
    return F.mse_loss(w, torch.zeros_like(w), reduction="sum")


LAYERS = _layers()
FUNCTIONS = {
    "l1": Functions(lambda w: penalties.l1([w]), "F.l1_loss", _torchs_l1),
    "l2": Functions(lambda w: penalties.l2([w]), "F.mse_loss", _torchs_l2),
    "soft_threshold": Functions(
        lambda w: penalties.soft_threshold(w, STRENGTH),
        "F.softshrink",
        lambda w: F.softshrink(w, STRENGTH),
    ),
    "l2, a step": Functions(
        _sgd_with_penalty, "optim.SGD", _stepped(torch.optim.SGD), slope=False
    ),
    "decay_": Functions(
        _decayed, "optim.AdamW", _stepped(torch.optim.AdamW), slope=False
    ),
}


def of_layers(
    twin: Layers, *, seed: int = 0, dtype: torch.dtype = torch.float64
) -> tuple[float, float]:
    """The largest difference of outputs and running statistics, and of all the slopes.

    Three batches go through each layer. In eval mode the running statistics are random.
    """
    g = torch.Generator().manual_seed(seed)
    outputs, slopes = [], []
    with torch.random.fork_rng(devices=[]):  # layers draw their start, and masks
        pair = [
            make().to(dtype).train(twin.training) for make in (twin.ours, twin.torchs)
        ]
        start = {
            name: torch.rand(value.shape, generator=g, dtype=dtype) + 0.5
            for name, value in pair[0].state_dict().items()
            if value.is_floating_point()  # the count of batches stays at 0
        }
        batches = 3 * torch.randn(BATCHES, *twin.shape, generator=g, dtype=dtype) + 1
        for layer in pair:
            layer.load_state_dict(start, strict=False)
            torch.manual_seed(seed)
            out, slope = _through(layer, batches, seed)
            outputs.append(out)
            slopes.append(slope)
    return _largest(*outputs), _largest(*slopes)


def of_functions(
    twin: Functions, *, seed: int = 0, dtype: torch.dtype = torch.float64
) -> tuple[float, float | None]:
    """The largest difference of the values, and of the slopes in the weights, if any."""
    g = torch.Generator().manual_seed(seed)
    w = torch.randn(N, C, generator=g, dtype=dtype)
    outputs, slopes = [], []
    for function in (twin.ours, twin.torchs):
        w = w.detach().requires_grad_()
        out = function(w)
        outputs.append([out.detach()])
        if twin.slope:
            slopes.append(torch.autograd.grad(_weighted(out, seed), [w]))
    return _largest(*outputs), _largest(*slopes) if twin.slope else None


def table(*, seed: int = 0, dtype: torch.dtype = torch.float64) -> Table:
    """Each layer and penalty of `scratch`: torch's name, the differences in value and slope."""
    rows = []
    for twins, differences in ((LAYERS, of_layers), (FUNCTIONS, of_functions)):
        for name, twin in twins.items():
            found = differences(twin, seed=seed, dtype=dtype)
            rows.append([name, twin.name, *map(_word, found)])
    return Table(["ours", "torch's", "value", "slope"], rows, left=["ours", "torch's"])


def _through(
    layer: nn.Module, batches: Tensor, seed: int
) -> tuple[list[Tensor], list[Tensor]]:
    """The outputs and buffers of a layer, and all its slopes."""
    outputs, slopes = [], []
    for X in batches:
        X = X.clone().requires_grad_()
        out = layer(X)
        outputs.append(out.detach())
        wanted = [X, *layer.parameters()]
        slopes += torch.autograd.grad(_weighted(out, seed), wanted)
    return outputs + list(layer.buffers()), slopes


def _weighted(out: Tensor, seed: int) -> Tensor:
    """The sum of the outputs, each with a random weight: those of a batch norm add up to 0."""
    g = torch.Generator().manual_seed(seed)
    return (torch.randn(out.shape, generator=g, dtype=out.dtype) * out).sum()


def _largest(ours: list[Tensor], torchs: list[Tensor]) -> float:
    """Nan where any difference is: torch's max keeps it."""
    shares = [
        ((a - b).abs() / b.abs().clamp(min=1)).max().double()
        for a, b in zip(ours, torchs, strict=True)
    ]
    return float(torch.stack(shares).max())


def _word(difference: float | None) -> str | None:
    if difference is None:
        return None
    return f"{difference:.0e}" if difference else "0"
