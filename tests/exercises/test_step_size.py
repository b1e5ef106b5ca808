"""torchbook.exercises.step_size: right answers pass, usual slips get the hint meant for them."""

import math

import torch
from answers import *  # noqa: F403
from answers import BROKE


def central(gradient, w, v, eps):
    return (gradient(w + eps * v) - gradient(w - eps * v)) / (2 * eps)


def factor(curvatures):
    low, high = curvatures.min().item(), curvatures.max().item()
    return (high - low) / (high + low)


def counted(curvatures, nearer):
    away, steps = 1.0, 0
    while away > nearer:
        away, steps = away * factor(curvatures), steps + 1
    return steps


RIGHT = {
    "curvature_along": [
        lambda a, b, s: (b - a) @ s / (s @ s),
        lambda a, b, s: (((b - a) * s).sum() / s.norm() ** 2).item(),
    ],
    "hessian_times": [
        central,
        lambda f, w, v, e: (f(w + e * v) - f(w - e * v)) / e / 2,
    ],
    "steps_at_best": [
        lambda c, n: math.ceil(math.log(n) / math.log(factor(c))),
        counted,
    ],
}

WRONG = {
    "curvature_along": {
        "sign": (lambda a, b, s: (a - b) @ s / (s @ s), "sign is flipped"),
        "not divided": (lambda a, b, s: (b - a) @ s * 1.0, "Divide by the square"),
        "one length": (lambda a, b, s: (b - a) @ s / s.norm(), "divide once more"),
        "lengths": (lambda a, b, s: (b - a).norm() / s.norm(), "along the step counts"),
        "the slope": (lambda a, b, s: b @ s / (s @ s), "Take its change"),
        "the old slope": (lambda a, b, s: a @ s / (s @ s), "Take its change"),
        "entries": (lambda a, b, s: (b - a) / s, "one number"),
        "nothing": (lambda a, b, s: 0.0, "for each unit of its length"),
        "wrong product": (lambda a, b, s: (b - a) @ s[:-1], BROKE),
    },
    "hessian_times": {
        "half the way": (
            lambda f, w, v, e: (f(w + e * v) - f(w - e * v)) / e,
            "2 * eps apart",
        ),
        "not divided": (lambda f, w, v, e: f(w + e * v) - f(w - e * v), "Divide the"),
        "ahead": (lambda f, w, v, e: (f(w + e * v) - f(w)) / e, "looks ahead only"),
        "behind": (lambda f, w, v, e: (f(w) - f(w - e * v)) / e, "looks behind only"),
        "sign": (lambda f, w, v, e: -central(f, w, v, e), "sign is flipped"),
        "unit length": (
            lambda f, w, v, e: central(f, w, v, e) / v.norm(),
            "Leave v as long as it is",
        ),
        "every axis": (
            lambda f, w, v, e: (f(w + e) - f(w - e)) / (2 * e),
            "Go along v",
        ),
        "sum": (
            lambda f, w, v, e: (f(w + e * v) + f(w - e * v)) / (2 * e),
            "difference of the slopes",
        ),
        "a number": (
            lambda f, w, v, e: v @ central(f, w, v, e),
            "gave a single number",
        ),
    },
    "steps_at_best": {
        "parts": (lambda c, n: math.log(n) / math.log(factor(c)), "Round up"),
        "down": (lambda c, n: int(math.log(n) / math.log(factor(c))), "One step short"),
        "loss": (
            lambda c, n: math.ceil(math.log(n) / math.log(factor(c)) / 2),
            "shrinks with the square",
        ),
        "cautious": (
            lambda c, n: math.ceil(
                math.log(n) / math.log(1 - (c.min() / c.max()).item())
            ),
            "Take the best rate",
        ),
        "condition": (lambda c, n: math.ceil(c.max() / c.min()), "itself"),
        "wrong end": (lambda c, n: 1 / n, "smallest t"),
        "a tensor": (lambda c, n: torch.zeros(2), "smallest t"),
        "texts": (lambda c, n: math.log("n"), BROKE),
    },
}
