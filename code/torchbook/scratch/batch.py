"""What every loss does with a batch: refuse what does not fit, and reduce.

Torch stretches shapes that differ, or lets a label pass that is no class, where the result
would be a number that means nothing. The losses of this package stop and say why.
"""

import torch
from torch import Tensor


def reduce(losses: Tensor, reduction: str) -> Tensor:
    """The losses as they are ("none"), their mean, or their sum; the mean of none is nan."""
    if reduction == "none":
        return losses
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    raise ValueError(f"reduction {reduction!r}: wanted 'none', 'mean' or 'sum'")


def same_shape(a: Tensor, b: Tensor, names: str) -> None:
    """Raise ValueError where two shapes differ, and would be stretched to fit."""
    if a.shape != b.shape:
        raise ValueError(
            f"{names} have shapes {tuple(a.shape)} and {tuple(b.shape)}: wanted the same; "
            "squeeze(1) makes (N,) of (N, 1)"
        )


def within_0_and_1(values: Tensor, name: str, help: str) -> None:
    """Raise ValueError unless every value lies in 0 … 1; nan does not."""
    outside = values[~((values >= 0) & (values <= 1))]
    if len(outside):
        raise ValueError(f"{name} holds {outside[0].item():.4g}: wanted 0 to 1; {help}")


def bits(y: Tensor) -> None:
    """Raise ValueError unless every label is 0 or 1."""
    kept = y.bool().to(y.dtype)  # 1 for all but 0
    if not torch.equal(y, kept):
        raise ValueError(
            f"y holds {y[y != kept][0].item():.4g}: wanted 0 and 1; (y + 1) / 2 makes "
            "them of -1 and +1; for shares between them there is bce_with_logits"
        )


def signs(y: Tensor) -> None:
    """Raise ValueError unless every label is -1 or +1."""
    outside = y[(y != 1) & (y != -1)]
    if len(outside):
        raise ValueError(
            f"y holds {outside[0].item()}: wanted -1 and +1; 2 * y - 1 makes them of 0 and 1"
        )


def labels(y: Tensor, classes: int, ignore_index: int | None = None) -> Tensor:
    """y as int64; raises ValueError for labels outside 0 … classes - 1, but for ignore_index."""
    if y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise ValueError(
            f"y has dtype {y.dtype}: wanted whole numbers; y.long() makes them"
        )
    y = y.long()  # unsigned bytes would take -100 for 156
    wrong = (y < 0) | (y >= classes)
    if ignore_index is not None:
        wrong &= y != ignore_index
    outside = y[wrong]
    if len(outside):
        raise ValueError(
            f"y holds the label {outside[0].item()}: wanted 0 to {classes - 1}, for {classes} "
            "classes"
        )
    return y


def stretched(weight: Tensor | None, losses: Tensor, name: str) -> Tensor:
    """A weight for every loss: 1 for None; a weight may be stretched, the losses may not."""
    if weight is None:
        return torch.ones_like(losses)
    try:
        return weight.expand_as(losses)
    except RuntimeError as error:
        raise ValueError(
            f"{name} has shape {tuple(weight.shape)}: wanted one that stretches to "
            f"{tuple(losses.shape)}"
        ) from error
