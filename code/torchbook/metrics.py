"""Numbers that say how good predictions are."""

import torch
from torch import Tensor


class Mean:
    """A mean over samples from the means of batches, weighted by their sizes.

    Sums stay on the device of the values; only `value` waits for them.
    """

    def __init__(self) -> None:
        self.total: Tensor | float = 0.0
        self.count = 0

    def add(self, value: Tensor, size: int) -> None:
        """Take in the mean `value` of a batch of `size` samples."""
        self.total = self.total + value.detach().to(_widest(value.device)) * size
        self.count += size

    @property
    def value(self) -> float:
        """The mean so far; ValueError when no sample was seen."""
        if self.count == 0:
            raise ValueError("the mean of no samples: was the loader empty?")
        return float(self.total) / self.count


def accuracy(logits: Tensor, y: Tensor) -> Tensor:
    """The share of rows of logits (N, C) whose largest entry is at y (N,); a 0-d tensor."""
    if logits.ndim != 2 or y.shape != logits.shape[:1]:
        raise ValueError(
            f"logits {tuple(logits.shape)} and y {tuple(y.shape)}: wanted (N, C) and (N,)"
        )
    return (logits.argmax(dim=1) == y).to(_widest(y.device)).mean()


def confusion_matrix(y: Tensor, y_hat: Tensor, num_classes: int) -> Tensor:
    """Counts (num_classes, num_classes): row = true class, column = predicted class."""
    for name, labels in (("y", y), ("y_hat", y_hat)):
        if (
            labels.numel()
            and not 0 <= int(labels.min()) <= int(labels.max()) < num_classes
        ):
            raise ValueError(f"{name} holds a class outside 0 … {num_classes - 1}")
    pairs = (
        y.long() * num_classes + y_hat
    )  # (N,) each pair of classes has its own number
    return torch.bincount(pairs, minlength=num_classes**2).reshape(
        num_classes, num_classes
    )


def _widest(device: torch.device) -> torch.dtype:
    # Apple's MPS has no float64
    return torch.float32 if device.type == "mps" else torch.float64
