"""Checks for the exercises on activation functions, of part 5."""

import math

import torch

from torchbook.exercises import compare, exercise, show


@exercise("silu_slope")
def check_silu_slope(silu_slope):
    """Near zero and far out, in a row, a table and alone; the truth is autograd's."""
    near = torch.tensor([-3.0, -1.25, -0.5, 0.0, 0.5, 2.0])
    far = torch.tensor([[-100.0, 100.0], [-20.0, 20.0]])
    for z in (near, far, torch.tensor(1.0)):
        at = z.clone().requires_grad_()
        (want,) = torch.autograd.grad((at * torch.sigmoid(at)).sum(), at)
        s = torch.sigmoid(z)
        usual = [
            (s * (1 - s), "That is the slope of the sigmoid; z is a factor, too."),
            (z * s * (1 - s), "The first factor, z, has a slope of 1: add that part."),
            (s + s * (1 - s), "In the second part z is a factor."),
            (s, "That is one part. The sigmoid changes with z, too."),
            (z * s, "That is SiLU itself. Wanted is its slope."),
            (s + z * (1 - s), "The slope of the sigmoid is s (1 - s)."),
        ]
        told = (
            "A product: slope of the first times the second, and the other way round."
        )
        got = silu_slope(z.clone())
        yield compare(f"silu_slope({show(z)})", got, want, usual, told)


@exercise("dead_units")
def check_dead_units(dead_units):
    """Units that are on for some, for none, and exactly at zero; then none dead, then all."""
    X = torch.tensor([[0.0, 1.0], [1.0, 1.0], [2.0, 0.0]])  # (3, 2)
    W = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, -1.0], [-1.0, -1.0], [1.0, 1.0]])
    for b in (
        torch.tensor([0.0, 0.0, 0.5, -1.0, -5.0]),
        torch.full((5,), 10.0),
        torch.full((5,), -10.0),
        torch.tensor([-1.5, 0.5, 0.0, 0.0, -1.5]),
    ):
        z = X @ W.T + b
        off = z <= 0
        want = off.all(dim=0).nonzero()[:, 0]
        usual = [
            (off.all(dim=0), "These are booleans. nonzero() gives the numbers."),
            (off.all(dim=0).nonzero(), "One row: nonzero() has a column too many."),
            (off.any(dim=0).nonzero()[:, 0], "Off for every sample, not for some."),
            (
                (z < 0).all(dim=0).nonzero()[:, 0],
                "At a score of exactly 0 a ReLU gives 0, too.",
            ),
            (
                (X @ W.T <= 0).all(dim=0).nonzero()[:, 0],
                "The bias belongs to the score.",
            ),
            (off.all(dim=1).nonzero()[:, 0], "These are samples. Go down the columns."),
            (
                (~off.all(dim=0)).nonzero()[:, 0],
                "These are the ones that are alive.",
            ),
        ]
        told = "Scores X W^T + b, (N, K); a unit is a column."
        call = f"with b = {show(b)} it"
        yield compare(call, dead_units(X.clone(), W.clone(), b), want, usual, told)


@exercise("layers_until")
def check_layers_until(layers_until):
    """The sigmoid's quarter, bounds that are met exactly, and slopes that never fade."""
    for largest, lost in (
        (0.25, 0.001),
        (0.5, 0.125),
        (0.25, 0.0625),
        (0.9, 0.5),
        (0.25, 0.5),
        (1.0, 0.5),
        (1.1, 0.01),
    ):
        want, bound = 0, 1.0
        while bound > lost and largest < 1:
            want, bound = want + 1, bound * largest
        want = want if largest < 1 else math.inf
        usual = [
            (want + 1, "One too many: at the bound exactly counts, too."),
            (want - 1, "One too few: round up, a layer cannot be half."),
            (math.inf, "It fades where the largest slope is below 1."),
        ]
        if largest < 1:
            exact = math.log(lost) / math.log(largest)
            usual.insert(0, (exact, "Layers are whole: round up."))
        told = "The bound after n layers is largest ** n."
        if largest >= 1:
            told = "A factor of 1 or more does not fade: math.inf."
        got = layers_until(largest, lost)
        yield compare(f"layers_until({largest}, {lost})", got, want, usual, told)
