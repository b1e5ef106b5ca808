"""Errors of two weights that can be drawn as a map, and the path that an optimizer takes.

Each surface has one trouble of the errors of networks in small: a ravine, a saddle, several
minima, a plateau. Their lowest points are known, and slopes come from autograd. Used in part 7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Surface(NamedTuple):
    """A height over the plane: `function` takes points (..., 2) and gives heights (...).

    `start` (w1, w2) is where walks begin, `limits` (w1 low, w1 high, w2 low, w2 high) what
    a map shows, and `lowest` (w1, w2) a lowest point, where the height is 0; the saddle
    has another one at (0, -1).
    """

    name: str
    function: Callable[[Tensor], Tensor]
    start: tuple[float, float]
    limits: tuple[float, float, float, float]
    lowest: tuple[float, float]


class Optimizer(Protocol):
    """What `walk` needs of an optimizer: torch's have it, and so do those of `scratch`."""

    def step(self) -> object: ...

    def zero_grad(self) -> object: ...


TURN = math.radians(30)  # of the ravine's floor against the first axis


def _ravine(p: Tensor) -> Tensor:
    """(u² + 50 v²) / 2: u runs along the floor, with curvature 1, and v across it, with 50."""
    along, across = _turned(p)
    return (along**2 + 50 * across**2) / 2


def _turned(p: Tensor) -> tuple[Tensor, Tensor]:
    c, s = math.cos(TURN), math.sin(TURN)
    w1, w2 = p.unbind(-1)
    return c * w1 + s * w2, c * w2 - s * w1


def _saddle(p: Tensor) -> Tensor:
    """w1² / 2 + (w2² - 1)² / 4: at (0, 0) the curvatures are 1 and -1."""
    w1, w2 = p.unbind(-1)
    return w1**2 / 2 + (w2**2 - 1) ** 2 / 4


def _several_minima(p: Tensor) -> Tensor:
    """A double well in each weight: minima at the four points (±1, ±1), of four heights."""
    w1, w2 = p.unbind(-1)
    return _double_well(w1, hump=0.3) + _double_well(w2, hump=0.1)


def _double_well(x: Tensor, hump: float) -> Tensor:
    """Its slope is (x + 1) (x - hump) (x - 1), and its height at -1 is 0."""
    return x**4 / 4 - hump * x**3 / 3 - x**2 / 2 + hump * x + 1 / 4 + 2 * hump / 3


def _plateau(p: Tensor) -> Tensor:
    """tanh(2 r²) + r² / 100, r the distance from (0, 0): almost flat, then a cliff."""
    r2 = p.square().sum(-1)
    return torch.tanh(2 * r2) + r2 / 100


ravine = Surface("ravine", _ravine, (-2.0, -0.5), (-2.5, 2.5, -1.8, 1.8), (0.0, 0.0))
saddle = Surface("saddle", _saddle, (-1.5, 0.01), (-2.0, 2.0, -1.7, 1.7), (0.0, 1.0))
several_minima = Surface(
    "several minima", _several_minima, (0.6, 0.5), (-1.7, 1.7, -1.7, 1.7), (-1.0, -1.0)
)
plateau = Surface("plateau", _plateau, (2.2, 1.2), (-2.7, 2.7, -2.0, 2.0), (0.0, 0.0))


def walk(
    surface: Surface,
    make_optimizer: Callable[[list[Tensor]], Optimizer],
    steps: int,
    start: Sequence[float] | None = None,
) -> Tensor:
    """The path (steps + 1, 2) of an optimizer, in float64, its start among the points.

    `make_optimizer([p])` gives anything with step() and zero_grad() that moves p (2,). The
    walk begins at the surface's own start unless another is given. A path that diverges
    ends in inf or nan. Raises ValueError for less than no steps, and for a start that is
    not two finite numbers.
    """
    if steps < 0:
        raise ValueError(f"steps {steps}: wanted a number from 0")
    first = surface.start if start is None else start
    p = torch.as_tensor(first, dtype=torch.float64).detach().clone()
    if p.shape != (2,) or not p.isfinite().all():
        raise ValueError(f"start {first}: wanted two finite numbers, (w1, w2)")
    p.requires_grad_()
    optimizer = make_optimizer([p])
    path = [p.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        surface.function(p).backward()
        optimizer.step()
        path.append(p.detach().clone())
    return torch.stack(path)
