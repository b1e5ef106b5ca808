"""Error functions for one class of C: log-probabilities or logits (N, C), labels y (N,).

`losses` has these under the same names. All raise ValueError for labels outside the classes,
shapes that do not meet, and reductions that are none.
"""

import torch
from torch import Tensor

from torchbook.scratch.activations import log_softmax
from torchbook.scratch.batch import labels, reduce


def one_hot(y: Tensor, classes: int) -> Tensor:
    """A row of 0s for each label, with a 1 at its class: shape (*y.shape, classes)."""
    y = labels(y, classes)
    return (y[..., None] == torch.arange(classes, device=y.device)).long()


def nll(
    log_probs: Tensor,
    y: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-probability (N, C) that each sample gives to its true class.

    weight (C,) is what a class counts; the mean divides by the sum of the weights met,
    not by N. A sample with the label ignore_index costs nothing and does not count.
    """
    counts, kept = _counts(log_probs, y, weight, ignore_index)
    true = log_probs.gather(1, torch.where(kept, y, 0).long()[:, None])[:, 0]  # (N,)
    losses = torch.where(kept, -counts * true, 0)
    return _reduce(losses, counts, reduction)


def cross_entropy(
    logits: Tensor,
    y: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """nll of the log-softmax of the logits (N, C).

    label_smoothing takes that share from the true class and spreads it evenly over all C
    (Szegedy et al., 2016).
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing {label_smoothing}: wanted 0 to 1")
    counts, kept = _counts(logits, y, weight, ignore_index)
    log_probs = log_softmax(logits, 1)
    losses = nll(log_probs, y, weight, ignore_index, "none")
    if label_smoothing:  # or 0 times an infinite loss would be nan
        costs = -log_probs if weight is None else -log_probs * weight
        even = torch.where(kept, costs.mean(1), 0)
        losses = (1 - label_smoothing) * losses + label_smoothing * even
    return _reduce(losses, counts, reduction)


def _counts(
    scores: Tensor, y: Tensor, weight: Tensor | None, ignore_index: int
) -> tuple[Tensor, Tensor]:
    """How much each sample counts (N,), and True where it counts at all."""
    if scores.ndim != 2 or y.shape != scores.shape[:1]:
        raise ValueError(
            f"scores {tuple(scores.shape)} and y {tuple(y.shape)}: wanted (N, C) and (N,)"
        )
    classes = scores.shape[1]
    if weight is not None and weight.shape != (classes,):
        raise ValueError(
            f"weight {tuple(weight.shape)}: wanted ({classes},), one number for each class"
        )
    y = labels(y, classes, ignore_index)
    kept = y != ignore_index
    if weight is None:
        return kept.to(scores.dtype), kept
    return torch.where(kept, weight[torch.where(kept, y, 0)], 0), kept


def _reduce(losses: Tensor, counts: Tensor, reduction: str) -> Tensor:
    """As `reduce`, but the mean is over what the samples count; it is nan if none does."""
    if reduction == "mean":
        return losses.sum() / counts.sum()
    return reduce(losses, reduction)
