"""How far our optimizers are from torch's: both take the same 200 steps.

Each optimizer of `scratch.optim` and its twin in torch begin with the same parameters, and
get the slopes of the same bowl with waves, its bottom elsewhere at every step. The table holds
the largest difference that they have after any step, as a share of torch's values above 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from torchbook.scratch import optim
from torchbook.tables import Table

STEPS = 200
SHAPES = [(7, 5), (5,), (), (2, 3, 2)]

# what torch calls it, as ours is called too, and the settings besides the defaults
TWINS: list[tuple[str, dict[str, object]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.5}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.9, "centered": True}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "betas": (0.5, 0.9), "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True}),
]


def difference(
    ours: type,
    torchs: type,
    settings: dict[str, object],
    *,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> float:
    """The largest difference of the parameters over STEPS steps; nan where one is nan."""
    sides = []
    for kind in (ours, torchs):
        g = torch.Generator().manual_seed(seed)
        params = [_parameter(shape, g, dtype) for shape in SHAPES]
        sides.append((params, kind(params, **settings)))
    g = torch.Generator().manual_seed(seed + 1)
    found = []
    for _ in range(STEPS):
        targets = [torch.randn(shape, generator=g, dtype=dtype) for shape in SHAPES]
        for params, optimizer in sides:
            for p, target in zip(params, targets, strict=True):
                d = p.detach() - target
                p.grad = d + d.cos()  # a bowl with waves
            optimizer.step()
        for a, b in zip(sides[0][0], sides[1][0], strict=True):
            found.append(((a - b).abs() / b.abs().clamp(min=1)).max())
    return torch.stack(found).max().item()


def _parameter(
    shape: tuple[int, ...], g: torch.Generator, dtype: torch.dtype
) -> Tensor:
    return torch.randn(shape, generator=g, dtype=dtype).requires_grad_()


def table(*, seed: int = 0, dtype: torch.dtype = torch.float64) -> Table:
    """Each optimizer with several settings, and its largest difference from torch's."""
    rows = []
    for name, settings in TWINS:
        ours, torchs = getattr(optim, name), getattr(torch.optim, name)
        found = difference(ours, torchs, settings, seed=seed, dtype=dtype)
        shown = ", ".join(f"{key}={value}" for key, value in settings.items())
        rows.append([name, f"optim.{name}", shown, f"{found:.0e}" if found else "0"])
    heading = ["ours", "torch's", "settings", "largest difference"]
    return Table(heading, rows, left=heading[:3])
