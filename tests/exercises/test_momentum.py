"""torchbook.exercises.momentum: right answers pass, usual slips get the hint meant for them."""

import math

import torch
from answers import *  # noqa: F403
from answers import BROKE


def ages(T):
    return torch.arange(T - 1, -1, -1)


def raw(beta, T):
    return (1 - beta) * beta ** ages(T)


def by_running(beta, T):
    rows = []
    for one in torch.eye(T).double():
        a = 0.0
        for x in one:
            a = beta * a + (1 - beta) * x
        rows.append(a / (1 - beta**T))
    return torch.stack(rows)


def counted(beta, share):
    left, steps = 1.0, 0
    while left > share:
        left, steps = left * beta, steps + 1
    return steps


def walked(g, lr, momentum, steps):
    v = w = 0.0
    for _ in range(steps):
        v = momentum * v + g
        w -= lr * v
    return w


def late(g, lr, momentum, steps):
    v = w = 0.0
    for _ in range(steps):
        w -= lr * v
        v = momentum * v + g
    return w


def polyak(g, lr, momentum, steps):
    w = before = 0.0
    for _ in range(steps):
        w, before = w - lr * g + momentum * (w - before), w
    return w


RIGHT = {
    "steps_to_forget": [
        lambda beta, share: math.ceil(math.log(share) / math.log(beta)),
        counted,
    ],
    "corrected_weights": [
        lambda beta, T: raw(beta, T) / (1 - beta**T),
        lambda beta, T: raw(beta, T) / raw(beta, T).sum(),
        by_running,
    ],
    "coast": [walked, polyak],
}

WRONG = {
    "steps_to_forget": {
        "parts": (lambda beta, share: math.log(share) / math.log(beta), "Round up"),
        "down": (
            lambda beta, share: int(math.log(share) / math.log(beta)),
            "One step short",
        ),
        "window": (lambda beta, share: round(1 / (1 - beta)), "That is the window"),
        "forgotten": (
            lambda beta, share: math.ceil(math.log(1 - share) / math.log(beta)),
            "what is left",
        ),
        "the other factor": (
            lambda beta, share: math.ceil(math.log(share) / math.log(1 - beta)),
            "not 1 - beta",
        ),
        "one value": (
            lambda beta, share: math.ceil(
                math.log(share / (1 - beta)) / math.log(beta)
            ),
            "All older ones",
        ),
        "one more": (lambda beta, share: counted(beta, share) + 1, "One step too many"),
        "many": (lambda beta, share: 1000, "beta to the power k"),
        "logarithm of zero": (lambda beta, share: math.log(0), BROKE),
    },
    "corrected_weights": {
        "newest first": (
            lambda beta, T: (raw(beta, T) / raw(beta, T).sum()).flip(0),
            "Oldest first",
        ),
        "uncorrected": (raw, "Divide by 1 - beta**T"),
        "both": (lambda beta, T: raw(beta, T).flip(0), "Oldest first, and divide"),
        "powers": (lambda beta, T: beta ** ages(T), "not by 1"),
        "powers, corrected": (
            lambda beta, T: beta ** ages(T) / (1 - beta**T),
            "The newest value is multiplied",
        ),
        "one older": (
            lambda beta, T: beta * raw(beta, T) / (1 - beta**T),
            "has not faded yet",
        ),
        "each its own": (
            lambda beta, T: raw(beta, T) / (1 - beta ** (T - ages(T))),
            "One number divides",
        ),
        "divided by the power": (
            lambda beta, T: raw(beta, T) / beta**T,
            "Divide by 1 - beta**T",
        ),
        "a sum": (lambda beta, T: raw(beta, T).sum(), "wanted a tensor of shape (3,)"),
        "even": (lambda beta, T: torch.ones(T) / T, "A value k steps old"),
        "whole numbers": (lambda beta, T: torch.arange(T).mean(), BROKE),
    },
    "coast": {
        "uphill": (lambda *a: -walked(*a), "against the slope"),
        "last step": (
            lambda g, lr, mu, n: -lr * g * (1 - mu**n) / (1 - mu),
            "Add all of them up",
        ),
        "velocity": (
            lambda g, lr, mu, n: g * (1 - mu**n) / (1 - mu),
            "Where is the weight?",
        ),
        "long run": (lambda g, lr, mu, n: -lr * g / (1 - mu), "in the long run"),
        "at once": (lambda g, lr, mu, n: -n * lr * g / (1 - mu), "grows from 0"),
        "plain": (lambda g, lr, mu, n: -n * lr * g, "plain steps"),
        "average": (lambda g, lr, mu, n: (1 - mu) * walked(g, lr, mu, n), "no 1 - mu"),
        "late": (late, "before the step"),
        "still": (lambda g, lr, mu, n: 0.0, "Walk it in a loop"),
        "by zero": (lambda g, lr, mu, n: g / 0, BROKE),
    },
}
