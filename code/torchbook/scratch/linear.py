"""Linear models and the slopes of their errors, by hand; read in part 4.

A linear model adds up weighted inputs and a bias. With L the mean error of N samples,
X (N, D), and z = X w + b, the three models of part 4 have slopes of one form:

    dL/dw = X^T e,    dL/db = sum of e,    where e = dL/dz, shape (N,):

    linear regression     e = 2 (z - y) / N             error: mean square
    logistic regression   e = (sigmoid(z) - y) / N      error: log-loss
    softmax regression    e = (softmax(Z) - Y) / N      error: cross-entropy, (N, C)

With K outputs the weights are W (K, D) and the biases b (K,), as torch.nn.Linear keeps them.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from torchbook.scratch.activations import sigmoid, softmax
from torchbook.scratch.batch import labels, same_shape, within_0_and_1


def linear(X: Tensor, w: Tensor, b: Tensor | float) -> Tensor:
    """X w + b: (N,) for weights (D,) and a number b; (N, K) for (K, D) and (K,).

    Raises ValueError where X is no (N, D), the weights want other inputs, or b would
    stretch the outputs.
    """
    if X.ndim != 2 or w.ndim not in (1, 2) or w.shape[-1] != X.shape[1]:
        raise ValueError(
            f"X {tuple(X.shape)} and weights {tuple(w.shape)}: wanted (N, D) and (D,), "
            "or (N, D) and (K, D) for K outputs"
        )
    shape = tuple(torch.as_tensor(b).shape)
    if shape not in ((), w.shape[:-1]):
        raise ValueError(
            f"b {shape} and weights {tuple(w.shape)}: wanted a number b, "
            "or (K,) and (K, D)"
        )
    return X @ (w if w.ndim == 1 else w.T) + b


def mse_gradients(
    X: Tensor, y: Tensor, w: Tensor, b: Tensor | float
) -> tuple[Tensor, Tensor]:
    """The slopes in w and b of the mean of (X w + b - y)², over samples and outputs.

    y is (N,), or (N, K) for K outputs. Raises ValueError where it is not: torch would
    stretch (N,) against (N, 1) to a table.
    """
    z = linear(X, w, b)  # (N,) or (N, K)
    same_shape(z, y, "X w + b and y")
    return _through_linear(X, 2 * (z - y.to(z.dtype)) / z.numel())


def logistic_gradients(
    X: Tensor, y: Tensor, w: Tensor, b: Tensor | float
) -> tuple[Tensor, Tensor]:
    """The slopes in w and b of the mean log-loss of sigmoid(X w + b), y from 0 to 1.

    Raises ValueError for other labels, -1 say, and for shapes that do not meet.
    """
    z = linear(X, w, b)  # (N,) or (N, K)
    same_shape(z, y, "X w + b and y")
    within_0_and_1(y, "y", "labels -1 and +1 become these by (y + 1) / 2")
    return _through_linear(X, (sigmoid(z) - y.to(z.dtype)) / z.numel())


def softmax_gradients(
    X: Tensor, y: Tensor, W: Tensor, b: Tensor
) -> tuple[Tensor, Tensor]:
    """The slopes in W (C, D) and b (C,) of the cross-entropy of softmax(X W^T + b).

    It is a mean; y (N,) holds whole numbers from 0 to C - 1. Raises ValueError where it
    does not.
    """
    z = linear(X, W, b)  # (N, C)
    if z.ndim != 2:
        raise ValueError(f"weights {tuple(W.shape)}: wanted (C, D), a row a class")
    same_shape(z[:, 0], y, "the samples and y")
    y = labels(y, z.shape[1])
    e = softmax(z, dim=1)  # (N, C)
    e[torch.arange(len(y)), y] -= 1  # less 1 where the true class is
    return _through_linear(X, e / len(X))


def descend(
    gradients: Callable[..., Sequence[Tensor]],
    parameters: Sequence[Tensor | float],
    lr: float,
    steps: int,
) -> list[tuple[Tensor, ...]]:
    """Gradient descent (Cauchy, 1847): each step, parameter <- parameter - lr * slope.

    `gradients(*parameters)` gives a slope for each parameter. The path that comes back
    has steps + 1 entries, the start among them; one that diverges ends in inf or nan.
    Raises ValueError for a rate not above 0, for less than no steps, and for slopes
    that are not one for each parameter, of its shape.
    """
    if not lr > 0 or steps < 0:
        raise ValueError(f"lr {lr}, steps {steps}: wanted a rate above 0, steps from 0")
    path = [tuple(torch.as_tensor(p).detach().clone() for p in parameters)]
    for _ in range(steps):
        slopes = gradients(*path[-1])
        _check_slopes(slopes, path[-1])
        new = (p - lr * slope for p, slope in zip(path[-1], slopes, strict=True))
        path.append(tuple(new))
    return path


def least_squares(X: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The w and b of the lowest mean square, solved for (Legendre, 1805; Gauss, 1809).

    With means taken off, the slope is zero where X^T X w = X^T y. For X = Q R, where
    Q^T Q = 1, that is R w = Q^T y. y is (N,) or (N, K). It is solved in float64, and w
    and b get the dtype of X, or the default one where X holds whole numbers. Raises
    ValueError for nan, inf, and samples that leave more than one answer.
    """
    _check_samples(X, y)
    floats = X.is_floating_point()
    dtype = X.dtype if floats else torch.get_default_dtype()
    eps = torch.finfo(X.dtype if floats else torch.float64).eps
    X, y = X.double(), y.double()
    X_c, y_c = X - X.mean(dim=0), y - y.mean(dim=0)
    spread = X_c.square().mean(dim=0).sqrt()  # (D,), in the units of each input
    spread = torch.where(spread > 0, spread, 1)
    rounded = eps * X.square().mean(dim=0).sqrt() / spread  # (D,), in spreads
    _check_one_answer(X_c / spread, rounded)
    Q, R = torch.linalg.qr(X_c / spread)  # (N, D), (D, D)
    w = torch.linalg.solve(R, Q.T @ y_c)  # (D,) or (D, K)
    w = (w if w.ndim == 1 else w.T) / spread  # (D,) or (K, D), in units again
    b = y.mean(dim=0) - w @ X.mean(dim=0)
    return w.to(dtype), b.to(dtype)


def _check_samples(X: Tensor, y: Tensor) -> None:
    if X.ndim != 2 or y.ndim not in (1, 2) or len(X) != len(y):
        raise ValueError(
            f"X {tuple(X.shape)} and y {tuple(y.shape)}: wanted (N, D) and (N,) or (N, K)"
        )
    for name, values in (("X", X), ("y", y)):
        if not values.isfinite().all():
            raise ValueError(f"{name} holds nan or inf: wanted finite numbers")


def _check_one_answer(X: Tensor, rounded: Tensor) -> None:
    """X has mean 0 and spread 1; directions as thin as its rounding are none."""
    n, d = X.shape
    few = n <= d  # with the means taken off, n samples are n - 1 directions at most
    thin = 10 * rounded.norm().item() + n * torch.finfo(X.dtype).eps
    if few or torch.linalg.matrix_rank(X, rtol=thin) < d:
        raise ValueError(
            f"{n} samples of {d} inputs leave more than one answer: an input is "
            "constant, or but for rounding a sum of others, perhaps in other units, or "
            "samples are too few. Drop inputs, or descend"
        )


def _through_linear(X: Tensor, e: Tensor) -> tuple[Tensor, Tensor]:
    # e (N,) gives (D,) and (); e (N, K) gives (K, D) and (K,)
    return (X.T @ e if e.ndim == 1 else e.T @ X), e.sum(dim=0)


def _check_slopes(slopes: Sequence[Tensor], parameters: tuple[Tensor, ...]) -> None:
    if not isinstance(slopes, (tuple, list)):
        raise ValueError("gradients must give a tuple, a slope for each parameter")
    got = [tuple(torch.as_tensor(slope).shape) for slope in slopes]
    want = [tuple(p.shape) for p in parameters]
    if got != want:
        raise ValueError(f"slopes of shapes {got} for parameters of shapes {want}")
