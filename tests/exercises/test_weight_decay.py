"""torchbook.exercises.weight_decay: right answers pass, usual slips get the hint for them."""

import math

import torch
from answers import *  # noqa: F403


def counted(lr, strength):
    left, steps = 1.0, 0
    while left > 0.5:
        left, steps = left * (1 - lr * strength), steps + 1
    return steps


def toward_zero(w, by):
    return w.sign() * (w.abs() - by).clamp(min=0)


def elastic(w, slope, lr, l1, l2):
    return toward_zero((1 - lr * l2) * w - lr * slope, lr * l1)


def in_place(w, slope, lr, l1, l2):
    w -= lr * (slope + l2 * w)
    return toward_zero(w, lr * l1)


def rows(A, y, c):
    D = A.shape[1]
    return torch.cat([A, c * torch.eye(D).double()]), torch.cat([y, torch.zeros(D)])


RIGHT = {
    "half_life": [
        lambda lr, strength: math.ceil(math.log(0.5) / math.log1p(-lr * strength)),
        counted,
    ],
    "elastic_step": [
        elastic,
        lambda w, slope, lr, l1, l2: torch.nn.functional.softshrink(
            w - lr * (slope + l2 * w), lr * l1
        ),
    ],
    "as_samples": [
        lambda A, y, strength: rows(A, y, (len(A) * strength / 2) ** 0.5),
        lambda A, y, strength: rows(A, y, -((len(A) * strength / 2) ** 0.5)),
    ],
}

WRONG = {
    "half_life": {
        "no rounding": (
            lambda lr, strength: math.log(0.5) / math.log(1 - lr * strength),
            "round up",
        ),
        "rounded down": (
            lambda lr, strength: int(math.log(0.5) / math.log(1 - lr * strength)),
            "round up",
        ),
        "exponential": (
            lambda lr, strength: math.ceil(math.log(2) / (lr * strength)),
            "holds nearly",
        ),
        "steps of one size": (
            lambda lr, strength: math.ceil(0.5 / (lr * strength)),
            "a share of what is left",
        ),
        "time constant": (
            lambda lr, strength: math.ceil(1 / (lr * strength)),
            "about 1/e",
        ),
        "without the rate": (
            lambda lr, strength: math.ceil(math.log(0.5) / -strength),
            "Solve for t",
        ),
    },
    "elastic_step": {
        "no l1": (
            lambda w, slope, lr, l1, l2: (1 - lr * l2) * w - lr * slope,
            "L1 price is missing",
        ),
        "no l2": (
            lambda w, slope, lr, l1, l2: toward_zero(w - lr * slope, lr * l1),
            "L2 price is missing",
        ),
        "slope of l1": (
            lambda w, slope, lr, l1, l2: w - lr * (slope + l2 * w + l1 * w.sign()),
            "passes zero",
        ),
        "past zero": (
            lambda w, slope, lr, l1, l2: (
                (v := (1 - lr * l2) * w - lr * slope) - lr * l1 * v.sign()
            ),
            "passes zero",
        ),
        "no rate": (
            lambda w, slope, lr, l1, l2: toward_zero(w - lr * (slope + l2 * w), l1),
            "not by l1",
        ),
        "sizes": (
            lambda w, slope, lr, l1, l2: elastic(w, slope, lr, l1, l2).abs(),
            "signs are lost",
        ),
        "no half": (
            lambda w, slope, lr, l1, l2: elastic(w, slope, lr, l1, 2 * l2),
            "has a half",
        ),
        "decayed slope": (
            lambda w, slope, lr, l1, l2: toward_zero(
                (1 - lr * l2) * (w - lr * slope), lr * l1
            ),
            "slope does not decay",
        ),
        "shrunk without rate": (
            lambda w, slope, lr, l1, l2: toward_zero(
                (1 - l2) * w - lr * slope, lr * l1
            ),
            "Shrink by",
        ),
        "other order": (
            lambda w, slope, lr, l1, l2: (
                (1 - lr * l2) * toward_zero(w, lr * l1) - lr * slope
            ),
            "First the step",
        ),
        "in place": (in_place, "changed a tensor"),
    },
    "as_samples": {
        "no half": (
            lambda A, y, strength: rows(A, y, (len(A) * strength) ** 0.5),
            "The price has a half",
        ),
        "no number": (
            lambda A, y, strength: rows(A, y, (strength / 2) ** 0.5),
            "The error is a mean",
        ),
        "root of the strength": (
            lambda A, y, strength: rows(A, y, strength**0.5),
            "The error is a mean",
        ),
        "no root": (
            lambda A, y, strength: rows(A, y, len(A) * strength / 2),
            "take the root",
        ),
        "nothing added": (lambda A, y, strength: (A, y), "Append a row"),
        "rows alone": (
            lambda A, y, strength: (rows(A, y, 1.0)[0], y),
            "Append a row",
        ),
        "the weights": (
            lambda A, y, strength: torch.linalg.pinv(A) @ y,
            "return longer_A, longer_y",
        ),
        "ones": (lambda A, y, strength: rows(A, y, 1.0), "What must c be?"),
    },
}
