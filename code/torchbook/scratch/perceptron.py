"""The perceptron: a weighted sum, a threshold, and a rule that learns from mistakes.

The rule (Rosenblatt, 1958): for a sample on the wrong side, or on the line, with
s = +1 for label 1 and s = -1 for label 0,

    w <- w + lr s x,    b <- b + lr s.

Shapes: X (N, D) samples, y (N,) labels 0 or 1, w (D,) weights, b a number.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from torchbook.scratch.activations import step


def score(x: Tensor, w: Tensor, b: float) -> Tensor:
    """w · x + b for one sample (D,) or a batch (N, D)."""
    return x @ w + b


def predict(x: Tensor, w: Tensor, b: float) -> Tensor:
    """1 on the line and on the side that w points to, else 0."""
    return step(score(x, w, b))


def is_mistake(x: Tensor, y: Tensor, w: Tensor, b: float) -> Tensor:
    """True where a sample is on the wrong side of the line, or on the line itself."""
    s = 2 * y.to(w.dtype) - 1
    return s * score(x, w, b) <= 0


def trick(
    x: Tensor, y: Tensor, w: Tensor, b: float, lr: float = 1.0
) -> tuple[Tensor, float]:
    """Move the line towards one sample that it gets wrong; x (D,), y a 0-d tensor."""
    s = 2 * float(y) - 1
    return w + lr * s * x, b + lr * s


@dataclass
class Run:
    """What an algorithm did: the last weights, and the mistakes of each epoch."""

    w: Tensor
    b: float
    mistakes: list[int] = field(default_factory=list)

    @property
    def converged(self) -> bool:
        """True once a whole epoch passed without a mistake."""
        return bool(self.mistakes) and self.mistakes[-1] == 0


def perceptron_algorithm(
    X: Tensor, y: Tensor, *, epochs: int = 100, lr: float = 1.0
) -> Run:
    """Use the trick on each mistake, pass after pass, until a pass has none.

    Raises ValueError for labels but 0 and 1, and for shapes that do not meet.
    """
    _check(X, y)
    run = Run(torch.zeros(X.shape[1], dtype=X.dtype), 0.0)
    for _ in range(epochs):
        mistakes = 0
        for x_n, y_n in zip(X, y, strict=True):
            if is_mistake(x_n, y_n, run.w, run.b):
                run.w, run.b = trick(x_n, y_n, run.w, run.b, lr)
                mistakes += 1
        run.mistakes.append(mistakes)
        if mistakes == 0:
            break
    return run


def pocket(X: Tensor, y: Tensor, *, epochs: int = 100, lr: float = 1.0) -> Run:
    """The perceptron algorithm that keeps the best line it has met (Gallant, 1990).

    `mistakes` holds the fewest wrong samples after each epoch, so it never rises.
    """
    _check(X, y)
    w, b = torch.zeros(X.shape[1], dtype=X.dtype), 0.0
    run, fewest = Run(w, b), len(y) + 1
    for _ in range(epochs):
        for x_n, y_n in zip(X, y, strict=True):
            if is_mistake(x_n, y_n, w, b):
                w, b = trick(x_n, y_n, w, b, lr)
                wrong = int(is_mistake(X, y, w, b).sum())
                if wrong < fewest:
                    run.w, run.b, fewest = w, b, wrong
        run.mistakes.append(min(fewest, len(y)))
        if fewest == 0:
            break
    return run


def margin(X: Tensor, y: Tensor, w: Tensor, b: float) -> float:
    """The smallest s (w · x + b) / |(w, b)|: above 0 when the line separates the classes."""
    s = 2 * y.to(w.dtype) - 1
    length = torch.sqrt((w * w).sum() + b * b)
    return float((s * score(X, w, b)).min() / length)


def mistake_bound(X: Tensor, gamma: float) -> float:
    """(R / gamma)²: no run on these samples makes more mistakes (Novikoff, 1962).

    R² is the largest |x|² + 1, where the 1 stands for the bias's constant input.
    """
    if not gamma > 0:  # nor is it for nan, the margin of all weights zero
        raise ValueError(
            f"margin {gamma:.3g}: the bound holds for separated classes only, where it is above 0"
        )
    return float(((X * X).sum(dim=1) + 1).max()) / gamma**2


def _check(X: Tensor, y: Tensor) -> None:
    if X.ndim != 2 or y.shape != X.shape[:1]:
        raise ValueError(
            f"X {tuple(X.shape)} and y {tuple(y.shape)}: wanted (N, D) and (N,)"
        )
    other = sorted(set(y.tolist()) - {0, 1})
    if other:
        raise ValueError(f"labels must be 0 and 1; y also holds {other[:5]}")
