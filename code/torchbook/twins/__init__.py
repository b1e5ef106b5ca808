"""How far our from-scratch functions are from torch's: the table of the page on choosing a loss.

Each activation and loss of `scratch` that has a slope, but for those of part 2, stands beside
its twin in torch. Both get the same random inputs, and the table holds the largest difference
of the outputs and of the slopes, as a share of torch's where that is above 1. Rounding is all
that should be left: about 1e-16 for each step of a computation in float64, 1e-7 in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from torchbook.scratch import activations, losses
from torchbook.tables import Table


class Twin(NamedTuple):
    """A function of ours, what torch calls its own, torch's own, and what makes their inputs.

    The inputs are a tuple; slopes are taken in the first of them.
    """

    ours: Callable[..., Tensor]
    name: str
    torchs: Callable[..., Tensor]
    inputs: Callable[[torch.Generator, torch.dtype], tuple[Tensor, ...]]


N, C, D = 200, 5, 8  # samples, classes, entries of a vector


def _scores(g: torch.Generator, dtype: torch.dtype) -> tuple[Tensor]:
    z = 4 * torch.randn(N, C, generator=g, dtype=dtype)
    z[:5] *= 1e3  # far past where an exponential overflows
    return (z,)


def _numbers(g: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    return tuple(2 * torch.randn(2, N, generator=g, dtype=dtype))


def _binary(g: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    z = 4 * torch.randn(N, generator=g, dtype=dtype)
    z[:5] *= 1e3
    return z, torch.randint(2, (N,), generator=g).to(dtype)


def _probabilities(g: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    p = torch.rand(N, generator=g, dtype=dtype)
    return p, torch.randint(2, (N,), generator=g).to(dtype)


def _signs(g: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    z = 4 * torch.randn(N, generator=g, dtype=dtype)  # torch's soft margin overflows
    return z, 2 * torch.randint(2, (N,), generator=g).to(dtype) - 1


def _classes(g: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    (scores,) = _scores(g, dtype)
    return scores, torch.randint(C, (N,), generator=g)


def _vectors(g: torch.Generator, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    a, b = torch.randn(2, N, D, generator=g, dtype=dtype)
    return a, b, 2 * torch.randint(2, (N,), generator=g) - 1


def _softmax(z: Tensor) -> Tensor:
    return activations.softmax(z, 1)


def _log_softmax(z: Tensor) -> Tensor:
    return activations.log_softmax(z, 1)


def _margin_ranking(z: Tensor, y: Tensor, reduction: str) -> Tensor:
    """Torch's loss for pairs that are to be ranked, against a score of 0."""
    zeros = torch.zeros_like(z)
    return F.margin_ranking_loss(z, zeros, y, margin=1.0, reduction=reduction)


ACTIVATIONS = {
    "relu": Twin(activations.relu, "relu", F.relu, _scores),
    "sigmoid": Twin(activations.sigmoid, "sigmoid", torch.sigmoid, _scores),
    "log_sigmoid": Twin(activations.log_sigmoid, "logsigmoid", F.logsigmoid, _scores),
    "softmax": Twin(_softmax, "softmax", lambda z: F.softmax(z, 1), _scores),
    "log_softmax": Twin(
        _log_softmax, "log_softmax", lambda z: F.log_softmax(z, 1), _scores
    ),
}
LOSSES = {
    "mse": Twin(losses.mse, "mse_loss", F.mse_loss, _numbers),
    "mae": Twin(losses.mae, "l1_loss", F.l1_loss, _numbers),
    "huber": Twin(losses.huber, "huber_loss", F.huber_loss, _numbers),
    "bce": Twin(
        losses.bce, "binary_cross_entropy", F.binary_cross_entropy, _probabilities
    ),
    "bce_with_logits": Twin(
        losses.bce_with_logits,
        "binary_cross_entropy_with_logits",
        F.binary_cross_entropy_with_logits,
        _binary,
    ),
    "hinge": Twin(losses.hinge, "margin_ranking_loss", _margin_ranking, _signs),
    "soft_margin": Twin(
        losses.soft_margin, "soft_margin_loss", F.soft_margin_loss, _signs
    ),
    "nll": Twin(losses.nll, "nll_loss", F.nll_loss, _classes),
    "cross_entropy": Twin(
        losses.cross_entropy, "cross_entropy", F.cross_entropy, _classes
    ),
    "cosine_embedding": Twin(
        losses.cosine_embedding,
        "cosine_embedding_loss",
        F.cosine_embedding_loss,
        _vectors,
    ),
}


def differences(
    twin: Twin, *, seed: int = 0, dtype: torch.dtype = torch.float64, **options: object
) -> tuple[float, float]:
    """The largest difference of the outputs, and of the slopes in the first input.

    The options, such as reduction="none", go to both functions. A slope is that of the sum
    of the outputs, each with a random weight: those of a softmax would add up to nothing.
    """
    g = torch.Generator().manual_seed(seed)
    first, *others = twin.inputs(g, dtype)
    outputs, slopes = [], []
    for function in (twin.ours, twin.torchs):
        x = first.clone().requires_grad_()
        out = function(x, *others, **options)
        same = torch.Generator().manual_seed(seed)
        weight = torch.randn(out.shape, generator=same, dtype=dtype)
        slopes.append(torch.autograd.grad((weight * out).sum(), x)[0])
        outputs.append(out.detach())
    return _largest(*outputs), _largest(*slopes)


def _largest(ours: Tensor, torchs: Tensor) -> float:
    return float(((ours - torchs).abs() / torchs.abs().clamp(min=1)).max())


def table(*, seed: int = 0, dtype: torch.dtype = torch.float64) -> Table:
    """Each activation and loss of `scratch`: torch's name, the differences in value and slope."""
    rows = []
    for twins, options in ((ACTIVATIONS, {}), (LOSSES, {"reduction": "none"})):
        for name, twin in twins.items():
            found = differences(twin, seed=seed, dtype=dtype, **options)
            rows.append([name, twin.name, *(f"{d:.0e}" if d else "0" for d in found)])
    return Table(["ours", "torch's", "value", "slope"], rows, left=["ours", "torch's"])
