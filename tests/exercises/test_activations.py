"""torchbook.exercises.activations: right answers pass, usual slips get the hint for them."""

import math

import torch
from answers import *  # noqa: F403
from answers import BROKE


def by_counting(largest, lost):
    if largest >= 1:
        return math.inf
    layers, bound = 0, 1.0
    while bound > lost:
        layers, bound = layers + 1, bound * largest
    return layers


def up_to(compare):
    """An answer that stops by another comparison."""

    def layers_until(largest, lost):
        if largest >= 1:
            return math.inf
        layers, bound = 0, 1.0
        while compare(bound, lost):
            layers, bound = layers + 1, bound * largest
        return layers

    return layers_until


def endless(largest, lost):
    return min(by_counting(min(largest, 0.99), lost), 100)


def scores(X, W, b):
    return X @ W.T + b


s = torch.sigmoid

RIGHT = {
    "silu_slope": [
        lambda z: s(z) + z * s(z) * (1 - s(z)),
        lambda z: s(z) * (1 + z * s(-z)),
    ],
    "dead_units": [
        lambda X, W, b: (scores(X, W, b) <= 0).all(dim=0).nonzero()[:, 0],
        lambda X, W, b: (
            torch.relu(scores(X, W, b)).amax(dim=0).eq(0).nonzero().flatten()
        ),
    ],
    "layers_until": [
        by_counting,
        lambda largest, lost: (
            math.inf if largest >= 1 else math.ceil(math.log(lost, largest) - 1e-9)
        ),
    ],
}

WRONG = {
    "silu_slope": {
        "of the sigmoid": (lambda z: s(z) * (1 - s(z)), "z is a factor, too"),
        "one part": (lambda z: z * s(z) * (1 - s(z)), "has a slope of 1"),
        "other part": (s, "changes with z, too"),
        "no z": (lambda z: s(z) + s(z) * (1 - s(z)), "z is a factor."),
        "silu": (lambda z: z * s(z), "SiLU itself"),
        "1 - s": (lambda z: s(z) + z * (1 - s(z)), "is s (1 - s)"),
        "with exp": (
            lambda z: (
                (1 + torch.exp(-z) + z * torch.exp(-z)) / (1 + torch.exp(-z)) ** 2
            ),
            "nan",
        ),
        "ReLU's": (lambda z: (z > 0).float(), "the other way round"),
    },
    "dead_units": {
        "booleans": (
            lambda X, W, b: (scores(X, W, b) <= 0).all(dim=0),
            "nonzero() gives the numbers",
        ),
        "a column": (
            lambda X, W, b: (scores(X, W, b) <= 0).all(dim=0).nonzero(),
            "a column too many",
        ),
        "any": (
            lambda X, W, b: (scores(X, W, b) <= 0).any(dim=0).nonzero()[:, 0],
            "not for some",
        ),
        "below zero": (
            lambda X, W, b: (scores(X, W, b) < 0).all(dim=0).nonzero()[:, 0],
            "exactly 0",
        ),
        "no bias": (
            lambda X, W, b: (X @ W.T <= 0).all(dim=0).nonzero()[:, 0],
            "bias belongs",
        ),
        "alive": (
            lambda X, W, b: (scores(X, W, b) > 0).any(dim=0).nonzero()[:, 0],
            "the ones that are alive",
        ),
        "samples": (
            lambda X, W, b: (scores(X, W, b) <= 0).all(dim=1).nonzero()[:, 0],
            "Go down the columns",
        ),
        "a count": (
            lambda X, W, b: (scores(X, W, b) <= 0).all(dim=0).sum(),
            "a unit is a column",
        ),
        "not transposed": (lambda X, W, b: X @ W + b, BROKE),
    },
    "layers_until": {
        "one too many": (up_to(lambda bound, lost: bound >= lost), "exactly counts"),
        "a fraction": (
            lambda largest, lost: math.log(lost) / math.log(largest),
            "round up",
        ),
        "rounded down": (
            lambda largest, lost: math.log(lost) // math.log(largest),
            "One too few",
        ),
        "never": (lambda largest, lost: math.inf, "below 1"),
        "a bound on 1": (endless, "does not fade"),
        "a ratio": (lambda largest, lost: largest / lost, "largest ** n"),
    },
}
