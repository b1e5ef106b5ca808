"""Optimizers by hand: gradient descent and its momentum; the others come from adaptive.py.

For a parameter p with the slope g = dL/dp, a rate lr, and all operations entry by entry:

    SGD                p <- p - lr * g
    with momentum      v <- momentum * v + g,    p <- p - lr * v

Each follows torch's optimizer of the same name and settings, step for step. What they have
in common, groups of parameters, settings and state, is in groups.py. Read in part 7.
"""

from collections.abc import Iterable

from torch import Tensor

from torchbook.scratch.adaptive import Adagrad, Adam, AdamW, RMSprop
from torchbook.scratch.groups import Optimizer

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "RMSprop"]


class SGD(Optimizer):
    """Stochastic gradient descent (Robbins & Monro, 1951), with or without momentum.

    Raises ValueError for a negative setting or nan, for a dampening of 1 and more, and
    for Nesterov's momentum without momentum or with dampening.
    """

    numbers = ("lr", "momentum", "weight_decay")
    shares = ("dampening",)

    def __init__(
        self,
        params: Iterable,
        lr: float,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
    ):
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )

    def update(self, p: Tensor, g: Tensor, state: dict, group: dict) -> None:
        """v <- momentum * v + (1 - dampening) * g, at first v = g;  p <- p - lr * v.

        That is the heavy ball (Polyak, 1964). Nesterov's step (1983, after Sutskever et
        al., 2013, p being the place ahead) is p <- p - lr * (g + momentum * v).
        """
        momentum = group["momentum"]
        if momentum > 0:
            # the first slope is not dampened, as in torch
            v = state.get("momentum_buffer")
            v = g.clone() if v is None else momentum * v + (1 - group["dampening"]) * g
            state["momentum_buffer"] = v
            g = g + momentum * v if group["nesterov"] else v
        p.sub_(group["lr"] * g)

    def check(self, group: dict) -> None:
        """Also refuse Nesterov's momentum where there is none, or a dampened one."""
        super().check(group)
        if group["nesterov"] and not (group["momentum"] > 0 == group["dampening"]):
            raise ValueError(
                f"nesterov with momentum {group['momentum']}, dampening "
                f"{group['dampening']}: wanted a momentum above 0, and no dampening"
            )
