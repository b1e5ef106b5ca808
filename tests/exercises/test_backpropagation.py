"""torchbook.exercises.backpropagation: right answers pass, usual slips get their hint."""

import torch
from answers import *  # noqa: F403
from answers import BROKE


def through(delta, X, W1, W2):
    """The way through the layers alone."""
    H = torch.tanh(X @ W1.T)
    return (delta @ W2 * (1 - H**2)) @ W1


def by_autograd(delta, X, W1, W2):
    X = X.clone().requires_grad_()
    Y = X + torch.tanh(X @ W1.T) @ W2.T
    return torch.autograd.grad((delta * Y).sum(), X)[0]


def in_place(delta, X, W1, W2):
    answer = through(delta, X, W1, W2)
    delta += answer
    return delta


def shares(delta, X, W):
    H = torch.tanh(X @ W.T)
    return delta.T @ H, ((delta @ W) * (1 - H**2)).T @ X


def shared_by_autograd(delta, X, W):
    W = W.clone().requires_grad_()
    Z = torch.tanh(X @ W.T) @ W.T
    return torch.autograd.grad((delta * Z).sum(), W)[0]


def transposed(delta, X, W):
    H = torch.tanh(X @ W.T)
    return delta.T @ H + ((delta @ W.T) * (1 - H**2)).T @ X


def no_slope(delta, X, W):
    return shares(delta, X, W)[0] + (delta @ W).T @ X


RIGHT = {
    "hidden_delta": [(6, 0, 12), (6.0, 0.0, torch.tensor(12.0))],
    "through_block": [
        lambda delta, X, W1, W2: delta + through(delta, X, W1, W2),
        by_autograd,
    ],
    "shared_slope": [
        lambda delta, X, W: sum(shares(delta, X, W)),
        shared_by_autograd,
    ],
}

WRONG = {
    "hidden_delta": {
        "no two": ((3, 0, 6), "2 (y_hat - 1), not"),
        "stopped early": ((2, 0, 12), "two factors"),
        "other input": ((-6, 0, 12), "The first input is 1"),
        "of the input": ((12, 0, 12), "That is the slope in x_1"),
        "unit 2 on": ((6, 10, 12), "Unit 2 has a score below 0"),
        "x_1 by both": ((6, 0, 22), "Unit 2 has a score below 0"),
        "x_1 as a weight": ((6, 0, 6), "The input is multiplied by the weight"),
        "a guess": ((7, 0, 12), "times the output's weight"),
    },
    "through_block": {
        "through": (through, "X also goes round"),
        "round": (lambda delta, X, W1, W2: delta.clone(), "one through the layers"),
        "no slope of tanh": (
            lambda delta, X, W1, W2: delta + delta @ W2 @ W1,
            "The tanh has a slope",
        ),
        "no square": (
            lambda delta, X, W1, W2: (
                delta + (delta @ W2 * (1 - torch.tanh(X @ W1.T))) @ W1
            ),
            "with the square",
        ),
        "product": (
            lambda delta, X, W1, W2: delta * through(delta, X, W1, W2),
            "add up",
        ),
        "twice": (
            lambda delta, X, W1, W2: 2 * through(delta, X, W1, W2),
            "the way round adds delta",
        ),
        "in place": (in_place, "changed a tensor"),
        "wrong order": (lambda delta, X, W1, W2: delta @ W1, BROKE),
    },
    "shared_slope": {
        "upper": (lambda *given: shares(*given)[0], "the upper layer's share"),
        "lower": (lambda *given: shares(*given)[1], "the lower layer's share"),
        "mean": (lambda *given: sum(shares(*given)) / 2, "no mean to be taken"),
        "no slope of tanh": (no_slope, "The tanh has a slope"),
        "W transposed": (transposed, "not delta W^T"),
        "transpose": (lambda *given: sum(shares(*given)).T, "This is the transpose"),
        "one twice": (lambda *given: 2 * shares(*given)[0], "different inputs"),
        "a difference": (
            lambda *given: shares(*given)[0] - shares(*given)[1],
            "adds both",
        ),
        "per sample": (lambda delta, X, W: delta * X, "wanted (3, 3)"),
    },
}
