"""torchbook.exercises.landscapes: right answers pass, usual slips get the hint meant for them."""

import math

import torch
from answers import *  # noqa: F403


def counted(p, sure):
    k, missed = 1, 1 - p
    while 1 - missed < sure - 1e-12:
        k, missed = k + 1, missed * (1 - p)
    return k


def ratio(p, sure):
    return math.log(1 - sure) / math.log(1 - p)


def along(loss, a, b):
    t = torch.linspace(0, 1, 51)
    losses = torch.stack([loss((1 - s) * a + s * b) for s in t])
    return losses, losses - torch.lerp(losses[0], losses[-1], t)


def by_power(H):
    """Power iteration on a shifted matrix, whose largest eigenvalue is H's lowest."""
    shifted = H.abs().sum() * torch.eye(len(H)) - H
    d = torch.ones(len(H), dtype=H.dtype) + 0.1 * torch.arange(len(H))
    for _ in range(3000):
        d = shifted @ d
        d = d / d.norm()
    return d if d @ H @ d < 0 else torch.zeros_like(d)


def by_eigh(H):
    values, vectors = torch.linalg.eigh(H)
    return vectors[:, 0] * (values[0] < 0)


def near(losses, factor):
    return (losses <= factor * losses.nan_to_num(math.inf).min()).sum() / len(losses)


def near_by_loop(losses, factor):
    low = min(loss for loss in losses.tolist() if not math.isnan(loss))
    return sum(loss <= factor * low + 1e-9 for loss in losses.tolist()) / len(losses)


def whole(losses):
    return losses[~losses.isnan()]


def apart(a, b):
    d = a - b
    return d.mean() / (d.std() / len(d) ** 0.5)


RIGHT = {
    "restarts_needed": [counted, lambda p, sure: math.ceil(ratio(p, sure) - 1e-9)],
    "barrier": [
        lambda loss, a, b: along(loss, a, b)[1].max(),
        lambda loss, a, b: along(loss, a, b)[1].max().item(),
    ],
    "way_down": [by_eigh, lambda H: -by_eigh(H), by_power],
    "near_best": [near, near_by_loop],
    "errors_apart": [apart, lambda a, b: apart(a, b).item()],
}

WRONG = {
    "restarts_needed": {
        "not whole": (ratio, "Starts are whole"),
        "floor": (lambda p, sure: math.floor(ratio(p, sure)), "too small yet"),
        "one more": (lambda p, sure: counted(p, sure) + 1, "one more than is needed"),
        "negative": (lambda p, sure: -counted(p, sure), "Both logarithms"),
        "a sum": (lambda p, sure: sure / p, "do not add up"),
        "the mean": (lambda p, sure: math.ceil(1 / p), "whatever `sure` is"),
        "hits": (
            lambda p, sure: math.ceil(math.log(sure) / math.log(p)),
            "chances to hit",
        ),
        "sure": (
            lambda p, sure: math.ceil(math.log(sure) / math.log(1 - p)),
            "may be missed",
        ),
        "text": (lambda p, sure: "nine", "All k starts miss"),
        "a hundred": (lambda p, sure: 100, "All k starts miss"),
    },
    "barrier": {
        "the height": (
            lambda loss, a, b: along(loss, a, b)[0].max(),
            "the height itself",
        ),
        "above the first": (
            lambda loss, a, b: along(loss, a, b)[0].max() - loss(a),
            "The ends may differ",
        ),
        "above the higher": (
            lambda loss, a, b: (
                along(loss, a, b)[0].max() - torch.maximum(loss(a), loss(b))
            ),
            "The ends may differ",
        ),
        "above the mean": (
            lambda loss, a, b: along(loss, a, b)[0].max() - (loss(a) + loss(b)) / 2,
            "at the same place",
        ),
        "the middle": (
            lambda loss, a, b: along(loss, a, b)[1][25],
            "need not be in the middle",
        ),
        "the mean": (lambda loss, a, b: along(loss, a, b)[1].mean(), "not the mean"),
        "the lowest": (lambda loss, a, b: along(loss, a, b)[1].min(), "the largest"),
        "either side": (
            lambda loss, a, b: along(loss, a, b)[1].abs().max(),
            "leave out the abs",
        ),
        "the curve": (lambda loss, a, b: along(loss, a, b)[1], "a single number"),
        "something else": (lambda loss, a, b: 17.0, "at 51 places"),
    },
    "way_down": {
        "a row": (
            lambda H: (
                torch.linalg.eigh(H)[1][0] * (torch.linalg.eigvalsh(H)[0] < 0)
            ).roll(0),
            "as columns",
        ),
        "the way up": (
            lambda H: (
                torch.linalg.eigh(H)[1][:, -1] * (torch.linalg.eigvalsh(H)[0] < 0)
            ),
            "from low to high",
        ),
        "always": (lambda H: torch.linalg.eigh(H)[1][:, 0], "bends down nowhere"),
        "never": (lambda H: torch.zeros(len(H)), "There is an eigenvalue below 0"),
        "curvatures": (lambda H: torch.linalg.eigvalsh(H), "These are the curvatures"),
        "too long": (lambda H: 3 * by_eigh(H), "Give it the length 1"),
        "a number": (lambda H: torch.linalg.eigvalsh(H)[0], "a single number"),
        "along the first": (
            lambda H: torch.eye(len(H))[0],
            "eigenvector of the lowest eigenvalue",
        ),
    },
    "near_best": {
        "how many": (
            lambda losses, factor: near(losses, factor) * len(losses),
            "This is how many",
        ),
        "of those that ended": (
            lambda losses, factor: near(whole(losses), factor),
            "divide by all",
        ),
        "below": (
            lambda losses, factor: (
                (losses < factor * whole(losses).min()).sum() / len(losses)
            ),
            "the bound itself",
        ),
        "the others": (lambda losses, factor: 1 - near(losses, factor), "the others"),
        "without the best": (
            lambda losses, factor: near(losses, factor) - 1 / len(losses),
            "The best try is one of them",
        ),
        "added": (
            lambda losses, factor: (
                (losses <= factor + whole(losses).min()).sum() / len(losses)
            ),
            "times the lowest",
        ),
        "nan": (
            lambda losses, factor: (losses <= factor * losses.min()).double().mean(),
            "A minimum with nan",
        ),
        "the bad ones": (
            lambda losses, factor: (
                (losses >= factor * whole(losses).min()).sum() / len(losses)
            ),
            "the others",
        ),
        "something else": (lambda losses, factor: 17.0, "Count the losses"),
    },
    "errors_apart": {
        "the other way": (lambda a, b: apart(b, a), "It is a less b"),
        "no sign": (lambda a, b: apart(a, b).abs(), "It is a less b"),
        "no root": (
            lambda a, b: (a - b).mean() / (a - b).std(),
            "falls with the root of S",
        ),
        "by S": (
            lambda a, b: (a - b).mean() / ((a - b).std() / len(a)),
            "not with S",
        ),
        "of a whole set": (
            lambda a, b: (a - b).mean() / ((a - b).std(correction=0) / len(a) ** 0.5),
            "as it comes",
        ),
        "the difference": (lambda a, b: (a - b).mean(), "Divide by its standard"),
        "each by itself": (
            lambda a, b: (a.mean() - b.mean()) / ((a.var() + b.var()) / len(a)).sqrt(),
            "The seeds are the same",
        ),
        "something else": (lambda a, b: a.mean() / b.mean(), "Mean of the differences"),
    },
}
