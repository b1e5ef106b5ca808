"""Muon: momentum whose update is made orthogonal, so that no direction is left behind.

The update of a weight matrix G = U S Vᵀ becomes U Vᵀ, up to the rounding of a few steps of
Newton-Schulz: all singular values are near 1 (Jordan et al. 2024, "Muon: an optimizer for hidden
layers in neural networks"). Kernels (C_out, C_in, h, w) count as matrices (C_out, C_in · h · w).
"""

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class Muon(Optimizer):
    """Muon for the weights between hidden channels, AdamW for everything else, in one object.

    What is not a matrix, the first layer and the last one are AdamW's, with the rate `adamw_lr`.
    Weights decay, biases and the scales of normalisation do not. Raises ValueError for rates
    that are not above 0.
    """

    def __init__(
        self,
        model: nn.Module,
        lr: float = 0.03,
        adamw_lr: float = 0.006,
        weight_decay: float = 0.0,
        momentum: float = 0.9,
        betas: tuple[float, float] = (0.9, 0.99),
    ) -> None:
        if min(lr, adamw_lr) <= 0:
            raise ValueError(f"lr {lr}, adamw_lr {adamw_lr}: wanted rates above 0")
        weights = [p for p in model.parameters() if p.ndim > 1]
        first_and_last, hidden = [weights[0], weights[-1]], weights[1:-1]
        flat = [p for p in model.parameters() if p.ndim <= 1]
        groups = [
            {"params": hidden, "lr": lr, "orthogonal": True},
            {"params": first_and_last, "lr": adamw_lr, "orthogonal": False},
            {"params": flat, "lr": adamw_lr, "orthogonal": False, "weight_decay": 0.0},
        ]
        defaults = {"weight_decay": weight_decay, "momentum": momentum, "betas": betas}
        super().__init__(groups, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        """One update of every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            update = self._muon if group["orthogonal"] else self._adam
            for p in group["params"]:
                if p.grad is not None:
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(update(p, group), alpha=-group["lr"])
        return loss

    def _muon(self, p: Tensor, group: dict) -> Tensor:
        average = self._state(p, "average")
        average.lerp_(p.grad, 1 - group["momentum"])
        ahead = p.grad.lerp(average, group["momentum"])  # as Nesterov's
        matrix = orthogonal(ahead.reshape(len(p), -1))  # (C_out, C_in · h · w)
        rows, columns = matrix.shape
        return matrix.reshape(p.shape) * max(1, rows / columns) ** 0.5

    def _adam(self, p: Tensor, group: dict) -> Tensor:
        average, square = self._state(p, "average"), self._state(p, "square")
        beta1, beta2 = group["betas"]
        steps = self._state(p, "steps", torch.zeros(()))
        steps += 1
        average.lerp_(p.grad, 1 - beta1)
        square.lerp_(p.grad.square(), 1 - beta2)
        n = int(steps)
        scale = (square / (1 - beta2**n)).sqrt_().add_(1e-8)
        return average / (1 - beta1**n) / scale

    def _state(self, p: Tensor, name: str, start: Tensor | None = None) -> Tensor:
        if name not in self.state[p]:
            self.state[p][name] = torch.zeros_like(p) if start is None else start
        return self.state[p][name]


def orthogonal(G: Tensor, steps: int = 4) -> Tensor:
    """U Vᵀ of a matrix G = U S Vᵀ, roughly: singular values of about 0.7 … 1.2.

    Each step applies s -> 3.4445 s - 4.775 s³ + 2.0315 s⁵ to all singular values at once.
    """
    if G.shape[0] > G.shape[1]:
        return orthogonal(G.T, steps).T
    X = G / (G.norm() + 1e-7)
    for _ in range(steps):
        A = X @ X.T
        X = 3.4445 * X + (-4.775 * A + 2.0315 * A @ A) @ X
    return X
