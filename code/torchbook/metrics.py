"""Numbers that say how good predictions are; the chapter on validation reads them."""

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
        if size == 0:  # a process without a share of this batch; its mean is nan
            return
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
    _want_rows(logits, y)
    return (logits.argmax(dim=1) == y).to(_widest(y.device)).mean()


def topk_accuracy(logits: Tensor, y: Tensor, k: int) -> Tensor:
    """The share of rows of logits (N, C) with y (N,) among their k largest; a 0-d tensor.

    Of equal entries, `torch.topk` says which come first. Raises ValueError for other shapes,
    and for k outside 1 … C.
    """
    _want_rows(logits, y)
    if not 1 <= k <= logits.shape[1]:
        raise ValueError(f"k {k}: wanted 1 … {logits.shape[1]}, the number of classes")
    found = logits.topk(k, dim=1).indices == y[:, None]  # (N, k)
    return found.any(dim=1).to(_widest(y.device)).mean()


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


def precision_recall(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Precision (C,) and recall (C,) of each class, from a confusion matrix (C, C).

    Of what was called class c, precision is the share that is c; of what is c, recall is the
    share that was called so. A class that was never predicted has no precision, one that never
    occurred no recall: 0 / 0 is nan, since 0 would accuse and 1 would praise without evidence.
    `nanmean` leaves such classes out. Raises ValueError for a matrix that is not square, or
    has an entry below 0 (precision and recall: van Rijsbergen 1979).
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a matrix {tuple(matrix.shape)}: wanted (C, C)")
    if (matrix < 0).any():
        raise ValueError("the matrix has an entry below 0: wanted counts")
    counts = matrix.to(_widest(matrix.device))
    hits = counts.diag()  # (C,)
    return hits / counts.sum(dim=0), hits / counts.sum(dim=1)


def _want_rows(logits: Tensor, y: Tensor) -> None:
    if logits.ndim != 2 or y.shape != logits.shape[:1]:
        raise ValueError(
            f"logits {tuple(logits.shape)} and y {tuple(y.shape)}: wanted (N, C) and (N,)"
        )


def _widest(device: torch.device) -> torch.dtype:
    # Apple's MPS has no float64
    return torch.float32 if device.type == "mps" else torch.float64
