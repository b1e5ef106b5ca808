"""Three layers by hand: Linear, Dropout, BatchNorm; read in parts 5 and 8.

Each is a module as torch's own are: `nn.Parameter` holds what is learned, a buffer what
is kept besides, and `self.training` is what `train()` and `eval()` set. The names in
the state dict are torch's, so either side loads the other's.
"""

import math

import torch
from torch import Tensor, nn


class Linear(nn.Module):
    """X W^T + b: (…, D) becomes (…, K), with weight W (K, D) and bias b (K,).

    Both start between -1/sqrt(D) and 1/sqrt(D), as in nn.Linear: a seed gives the same
    start. Raises ValueError for sizes below 1 and for inputs that do not fit.
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__()
        if inputs < 1 or outputs < 1:
            raise ValueError(
                f"inputs {inputs}, outputs {outputs}: wanted at least 1 of each"
            )
        limit = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-limit, limit))
        self.bias = None
        if bias:
            self.bias = nn.Parameter(torch.empty(outputs).uniform_(-limit, limit))

    def forward(self, X: Tensor) -> Tensor:
        if X.ndim == 0 or X.shape[-1] != self.weight.shape[1]:
            raise ValueError(
                f"X {tuple(X.shape)}: wanted (…, {self.weight.shape[1]}), inputs last"
            )
        _check_floats(X, self.weight)
        z = X @ self.weight.T  # (…, K)
        return z if self.bias is None else z + self.bias

    def extra_repr(self) -> str:
        outputs, inputs = self.weight.shape
        return f"inputs={inputs}, outputs={outputs}, bias={self.bias is not None}"


class Dropout(nn.Module):
    """In training mode, each number becomes 0 with probability p, by itself.

    What is kept is divided by the probability of being kept, 1 - p: the mean stays, and
    nothing is left to do in eval mode (inverted dropout; Srivastava et al., 2014,
    section 10). A seed gives the mask that nn.Dropout draws on a CPU. Raises ValueError
    for a p outside 0 … 1, and for whole numbers.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p {p}: wanted a probability of dropping, from 0 to 1")
        self.p = p

    def forward(self, X: Tensor) -> Tensor:
        _check_floats(X)
        if not self.training or self.p == 0:
            return X
        keep = torch.empty_like(X).bernoulli_(1 - self.p)  # 1 where kept, else 0
        if self.p < 1:
            keep = keep / (1 - self.p)
        return X * keep

    def extra_repr(self) -> str:
        return f"p={self.p}"


class BatchNorm(nn.Module):
    """Each channel of (N, C) or (N, C, H, W) gets mean 0 and variance 1, then γ x + β.

    γ is `weight`, β is `bias`, both (C,). In training mode mean and variance are the
    batch's, over N or over N, H and W, and the running ones move towards them by a
    share `momentum`; None makes them plain means over all batches. In eval mode the
    running ones are used. The batch is divided by its biased variance, the running one
    takes the unbiased (Ioffe and Szegedy, 2015, algorithms 1 and 2). Raises ValueError
    for other shapes, and in training mode for a batch with one number a channel: its
    variance would be 0.
    """

    def __init__(
        self, features: int, eps: float = 1e-5, momentum: float | None = 0.1
    ) -> None:
        super().__init__()
        if features < 1 or not eps > 0:
            raise ValueError(
                f"features {features}, eps {eps}: wanted at least 1, and above 0"
            )
        if momentum is not None and not 0 <= momentum <= 1:
            raise ValueError(
                f"momentum {momentum}: wanted a share from 0 to 1, or None"
            )
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.register_buffer("running_mean", torch.zeros(features))
        self.register_buffer("running_var", torch.ones(features))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, X: Tensor) -> Tensor:
        self._check(X)
        mean, var = self.running_mean, self.running_var  # (C,)
        if self.training:
            others = [0, *range(2, X.ndim)]  # all dimensions but the channels
            mean, var = X.mean(others), X.var(others, correction=0)
            self._track(mean, var, X.numel() // X.shape[1])
        shape = (-1, *[1] * (X.ndim - 2))  # (C,) or (C, 1, 1), to be stretched
        X_hat = (X - mean.view(shape)) / torch.sqrt(var + self.eps).view(shape)
        return self.weight.view(shape) * X_hat + self.bias.view(shape)

    @torch.no_grad()
    def _track(self, mean: Tensor, var: Tensor, n: int) -> None:
        """Move the running ones towards those of a batch of n numbers a channel."""
        self.num_batches_tracked += 1
        share = self.momentum
        if share is None:
            share = 1 / self.num_batches_tracked.item()
        unbiased = var * n / (n - 1)
        self.running_mean.mul_(1 - share).add_(share * mean)
        self.running_var.mul_(1 - share).add_(share * unbiased)

    def _check(self, X: Tensor) -> None:
        channels = len(self.weight)
        if X.ndim not in (2, 4) or X.shape[1] != channels:
            raise ValueError(
                f"X {tuple(X.shape)}: wanted (N, {channels}) or (N, {channels}, H, W)"
            )
        _check_floats(X, self.weight)
        n = X.numel() // channels
        if self.training and n < 2:
            raise ValueError(
                f"X {tuple(X.shape)}: {n} to a channel; training wants at least 2, "
                "to have a variance; drop a last batch of one, or predict in eval()"
            )

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}, momentum={self.momentum}"


def _check_floats(X: Tensor, weight: Tensor | None = None) -> None:
    """Raise ValueError for whole numbers, and floats of another kind than weights."""
    if not X.is_floating_point():
        raise ValueError(
            f"X holds {X.dtype}: wanted floats; X.float() makes them of whole numbers"
        )
    if weight is None or torch.is_autocast_enabled(X.device.type):
        return
    if X.dtype != weight.dtype:
        raise ValueError(
            f"X holds {X.dtype}, the weights {weight.dtype}: wanted the same; "
            "X.to(layer.weight.dtype) makes them so"
        )
