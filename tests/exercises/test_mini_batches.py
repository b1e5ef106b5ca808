"""torchbook.exercises.mini_batches: right answers pass, usual slips get their hint."""

from answers import *  # noqa: F403
from answers import BROKE


def variance(s):
    return ((s - s.mean(dim=0)) ** 2).sum(dim=1).mean()


def length(s):
    return s.mean(dim=0).square().sum()


RIGHT = {
    "equal_batch": [
        lambda s: variance(s) / length(s),
        lambda s: (s.var(dim=0, correction=0).sum() / s.mean(0).norm() ** 2).item(),
        lambda s: s.square().sum(dim=1).mean() / length(s) - 1,
    ],
    "scaled_rate": [
        lambda lr, old, new, c: min(lr * new / old, 1 / c),
        lambda lr, old, new, c: lr * new / old if lr * new / old < 1 / c else 1 / c,
    ],
    "fastest_batch": [
        lambda a, b, equal: (a * equal / b) ** 0.5,
    ],
}

WRONG = {
    "equal_batch": {
        "lengths": (lambda s: (variance(s) / length(s)).sqrt(), "square it"),
        "turned over": (lambda s: length(s) / variance(s), "Turned over"),
        "the noise": (variance, "Compare it with the slope"),
        "a sum": (lambda s: len(s) * variance(s) / length(s), "not a sum"),
        "of a sample": (lambda s: s.var(dim=0).sum() / length(s), "not by N - 1"),
        "no mean off": (
            lambda s: s.square().sum(dim=1).mean() / length(s),
            "Take the mean slope off",
        ),
        "no square": (lambda s: variance(s) / length(s).sqrt(), "Square the length"),
        "root above": (lambda s: variance(s).sqrt() / length(s), "or neither"),
        "mean over weights": (
            lambda s: s.var(dim=0, correction=0).mean() / length(s),
            "Add up over the weights",
        ),
        "each weight": (
            lambda s: s.var(dim=0, correction=0) / s.mean(0) ** 2,
            "wanted a single number",
        ),
        "wrong axis": (lambda s: (s - s.mean(dim=1)).sum(), BROKE),
    },
    "scaled_rate": {
        "turned over": (lambda lr, old, new, c: lr * old / new, "Turned over"),
        "root": (lambda lr, old, new, c: lr * (new / old) ** 0.5, "without the root"),
        "the limit": (
            lambda lr, old, new, c: min(lr * new / old, 2 / c),
            "half of it",
        ),
        "max": (
            lambda lr, old, new, c: max(lr * new / old, 1 / c),
            "smaller of the two",
        ),
        "curvature": (lambda lr, old, new, c: min(lr * new / old, c), "1 / c"),
        "no limit": (lambda lr, old, new, c: lr * new / old, "curvature allows"),
        "only the limit": (lambda lr, old, new, c: 1 / c, "smaller of the two"),
        "as it was": (lambda lr, old, new, c: lr, "Multiply the rate"),
        "by zero": (lambda lr, old, new, c: lr / 0, BROKE),
    },
    "fastest_batch": {
        "no root": (lambda a, b, equal: a * equal / b, "Take the root"),
        "turned over": (lambda a, b, equal: (b * equal / a) ** 0.5, "Turned over"),
        "no noise": (lambda a, b, equal: a / b, "The noise counts"),
        "no time": (lambda a, b, equal: equal, "Time counts"),
        "no noise, root": (lambda a, b, equal: (a / b) ** 0.5, "The noise counts"),
        "the time": (lambda a, b, equal: (a + b * equal) * 2, "That is a time"),
        "one": (lambda a, b, equal: 1.0, "where it is zero"),
        "by zero": (lambda a, b, equal: a / 0, BROKE),
    },
}
