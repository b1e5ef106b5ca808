"""torchbook.exercises.deployment: right answers pass, usual slips get the hint meant for them."""

import math

import torch
from answers import *  # noqa: F403
from answers import BROKE


def fold(weight, bias, m, s):
    return weight / s, bias - (weight / s) @ m


def fold_by_loops(weight, bias, m, s):
    W, b = weight.clone(), bias.clone()
    for h in range(len(W)):
        for d in range(len(m)):
            W[h, d] = weight[h, d] / s[d]
            b[h] = b[h] - weight[h, d] * m[d] / s[d]
    return [W, b]


def mean_of_each(X):
    return X.mean(dim=(1, 2, 3), keepdim=True)


def brighten(X):
    return torch.where(mean_of_each(X) < 0.2, 2 * X, X)


def by_an_if(X):
    pictures = [2 * x if x.mean() < 0.2 else x for x in X]
    return torch.stack(pictures)


def in_place(X):
    X[X.mean(dim=(1, 2, 3)) < 0.2] *= 2
    return X


def tail(latencies, share):
    return sorted(latencies)[math.ceil(share * len(latencies)) - 1]


def tail_in_place(latencies, share):
    latencies.sort()
    return latencies[math.ceil(share * len(latencies)) - 1]


def tail_by_search(latencies, share):
    enough = (
        t for t in latencies if sum(u <= t for u in latencies) >= share * len(latencies)
    )
    return min(enough)


def sizes(arrivals, a, b, most, together=True, capped=True, per_picture=True):
    found, done, free = [], 0, 0.0
    while done < len(arrivals):
        start = max(free, arrivals[done])
        size = sum(t <= start for t in arrivals[done:])
        size = min(size, most) if capped else size
        size = size if together else 1
        found.append(size)
        done, free = done + size, start + a + b * (size if per_picture else 1)
    return found


def emptied(arrivals, a, b, most):
    found = sizes(arrivals, a, b, most)
    arrivals.clear()
    return found


RIGHT = {
    "fold_scaling": [fold, fold_by_loops],
    "brighten": [
        brighten,
        lambda X: X * (1 + (mean_of_each(X) < 0.2)),
        lambda X: X + X * (mean_of_each(X) < 0.2).float(),
    ],
    "tail": [tail, tail_by_search],
    "batch_sizes": [sizes, lambda *words: tuple(sizes(*words))],
}

WRONG = {
    "fold_scaling": {
        "unchanged": (lambda w, b, m, s: (w, b), "divided by s in x"),
        "multiplied": (lambda w, b, m, s: (w * s, b - w @ m), "Divide by the spreads"),
        "means in weights": (lambda w, b, m, s: ((w - m) / s, b), "change the bias"),
        "no means": (lambda w, b, m, s: (w / s, b), "set x to 0"),
        "wrong sign": (lambda w, b, m, s: (w / s, b + (w / s) @ m), "so their share"),
        "means alone": (
            lambda w, b, m, s: (w / s, b - w @ m),
            "divided by the spreads",
        ),
        "one mean": (lambda w, b, m, s: (w / s, b - m.mean()), "through the weights"),
        "weight alone": (lambda w, b, m, s: w / s, "wanted a pair"),
        "by rows": (lambda w, b, m, s: (w / s[:, None], b), "collect what stands"),
    },
    "brighten": {
        "by pixels": (lambda X: torch.where(X < 0.2, 2 * X, X), "not by pixels"),
        "by channels": (
            lambda X: torch.where(X.mean((2, 3), keepdim=True) < 0.2, 2 * X, X),
            "over channels, too",
        ),
        "the batch": (lambda X: 2 * X if X.mean() < 0.2 else X, "mean of its own"),
        "the light ones": (
            lambda X: torch.where(mean_of_each(X) < 0.2, X, 2 * X),
            "the dark ones",
        ),
        "all": (lambda X: 2 * X, "stay as they are"),
        "none": (lambda X: X, "Dark pictures are doubled"),
        "in place": (in_place, "works in place"),
        "an if": (by_an_if, "There is an if"),
        "no dimensions kept": (
            lambda X: torch.where(X.mean((1, 2, 3)) < 0.2, 2 * X, X),
            BROKE,
        ),
    },
    "tail": {
        "mean": (lambda t, share: sum(t) / len(t), "hides the slow ones"),
        "unsorted": (
            lambda t, share: t[min(len(t) - 1, int(share * len(t)))],
            "Sort them first",
        ),
        "one too far": (
            lambda t, share: sorted(t)[min(len(t) - 1, int(share * len(t)))],
            "One place too far",
        ),
        "rounded down": (
            lambda t, share: sorted(t)[max(0, int(share * len(t)) - 1)],
            "math.ceil",
        ),
        "the fast ones": (
            lambda t, share: sorted(t, reverse=True)[math.ceil(share * len(t)) - 1],
            "fast end",
        ),
        "in place": (tail_in_place, "changed the list"),
        "the slowest": (lambda t, share: max(t), "rounded up"),
    },
    "batch_sizes": {
        "one by one": (
            lambda *words: sizes(*words, together=False),
            "not one by one",
        ),
        "all at once": (lambda arrivals, *_: [len(arrivals)], "has not arrived"),
        "no most": (lambda *words: sizes(*words, capped=False), "at the most"),
        "a share of the time": (
            lambda *words: sizes(*words, per_picture=False),
            "How long does a batch take",
        ),
        "some forgotten": (lambda *words: sizes(*words)[:1], "add up to their number"),
        "the number": (lambda *words: len(sizes(*words)), "wanted a list"),
        "the list emptied": (emptied, "changed the list"),
    },
}
