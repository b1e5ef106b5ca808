"""Optimizers with a step for each entry, by hand: Adagrad, RMSprop, Adam, AdamW.

Each divides a slope g by the size that slopes have had in that entry. With ε to keep the
divisor above 0, and all operations entry by entry:

    Adagrad      s <- s + g²                          p <- p - lr * g / (√s + ε)
    RMSprop      s <- α s + (1 - α) g²                p <- p - lr * g / (√s + ε)
    Adam         m <- β₁ m + (1 - β₁) g
                 v <- β₂ v + (1 - β₂) g²              p <- p - lr * m̂ / (√v̂ + ε)

Sums and averages begin with 0; m̂ and v̂ are m and v, freed of what that 0 does to them.
Read in part 7, and shown there by way of optim.py.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from torchbook.scratch.groups import Optimizer, check_number


class Adagrad(Optimizer):
    """Rates that fall with the slopes there were (Duchi, Hazan & Singer, 2011)."""

    numbers = ("lr", "lr_decay", "weight_decay", "eps")

    def __init__(
        self,
        params: Iterable,
        lr: float = 0.01,
        lr_decay: float = 0,
        weight_decay: float = 0,
        eps: float = 1e-10,
    ):
        super().__init__(
            params, lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps
        )

    def update(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        """s <- s + g²;  p <- p - lr_t * g / (√s + ε).

        lr_t = lr / (1 + (t - 1) * lr_decay), at step t.
        """
        t = state["step"] = state.get("step", 0) + 1
        s = state["sum"] = state.get("sum", 0) + g**2
        lr = group["lr"] / (1 + (t - 1) * group["lr_decay"])
        p.sub_(lr * g / (s.sqrt() + group["eps"]))


class RMSprop(Optimizer):
    """Slopes over their recent size (Tieleman & Hinton, 2012; Graves, 2013)."""

    numbers = ("lr", "eps", "weight_decay", "momentum")
    shares = ("alpha",)

    def __init__(
        self,
        params: Iterable,
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
    ):
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )

    def update(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        """s <- α s + (1 - α) g²;  p <- p - lr * g / (√s + ε).

        Centered, the square of the average slope is taken off s: what is left is the
        variance. Momentum adds up the quotients: v <- momentum * v + g / (√s + ε).
        """
        alpha, momentum = group["alpha"], group["momentum"]
        s = state["square_avg"] = (
            alpha * state.get("square_avg", 0) + (1 - alpha) * g**2
        )
        if group["centered"]:
            mean = alpha * state.get("grad_avg", 0) + (1 - alpha) * g
            state["grad_avg"] = mean
            s = (s - mean**2).clamp(min=0)  # rounding may leave less
        v = g / (s.sqrt() + group["eps"])
        if momentum > 0:
            v = momentum * state.get("momentum_buffer", 0) + v
            state["momentum_buffer"] = v
        p.sub_(group["lr"] * v)


class Adam(Optimizer):
    """Momentum and RMSprop in one (Kingma & Ba, 2015); amsgrad: Reddi et al., 2018.

    The weight decay is that of a penalty: it goes through both averages. See AdamW.
    """

    numbers = ("lr", "eps", "weight_decay")

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
    ):
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
        )

    def update(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        """p <- p - lr * m̂ / (√v̂ + ε), with m̂ = m / (1 - β₁ᵗ) and v̂ = v / (1 - β₂ᵗ).

        m <- β₁ m + (1 - β₁) g and v <- β₂ v + (1 - β₂) g² are kept as they are: only
        copies are corrected. With amsgrad, v̂ has the largest v so far in place of v.
        """
        beta1, beta2 = group["betas"]
        t = state["step"] = state.get("step", 0) + 1
        m = state["exp_avg"] = beta1 * state.get("exp_avg", 0) + (1 - beta1) * g
        v = state["exp_avg_sq"] = (
            beta2 * state.get("exp_avg_sq", 0) + (1 - beta2) * g**2
        )
        if group["amsgrad"]:
            v = torch.maximum(state.get("max_exp_avg_sq", v), v)
            state["max_exp_avg_sq"] = v
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        p.sub_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))

    def check(self, group: dict) -> None:
        """Also refuse betas that are not two numbers from 0, below 1."""
        super().check(group)
        if not isinstance(group["betas"], tuple | list) or len(group["betas"]) != 2:
            raise ValueError(f"betas {group['betas']!r}: wanted two, as (0.9, 0.999)")
        for beta in group["betas"]:
            check_number("a beta of", beta, below=1)


class AdamW(Adam):
    """Adam with a weight decay of its own (Loshchilov & Hutter, 2019).

    The weights shrink by the factor 1 - lr * weight_decay, whatever their slopes are.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def slope(self, p: Tensor, group: dict) -> Tensor:
        """The slope of the loss alone."""
        return super().slope(p, {**group, "weight_decay": 0})

    def update(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        """p <- (1 - lr * weight_decay) * p, and then Adam's step."""
        p.mul_(1 - group["lr"] * group["weight_decay"])
        super().update(p, g, state, group)
