"""torchbook.exercises.few_labels: right answers pass, usual slips get the hint for them."""

import torch
from answers import *  # noqa: F403


def means(features, labels):
    return torch.stack([features[labels == c].mean(dim=0) for c in labels.unique()])


def by_rounds(parts, lr, decay):
    rates = {}
    for name in reversed(parts):
        rates[name] = lr
        lr = lr * decay
    return rates


def loop(features, labels, new):
    classes = means(features, labels)
    return [int((classes - row).pow(2).sum(dim=1).argmin()) for row in new]


def in_place(features, labels, new):
    features *= 1.0001
    return torch.cdist(new, means(features, labels)).argmin(dim=1)


RIGHT = {
    "rates_by_depth": [
        by_rounds,
        lambda parts, lr, decay: {
            name: lr * decay ** (len(parts) - 1 - k) for k, name in enumerate(parts)
        },
    ],
    "nearest_mean": [
        lambda X, y, new: torch.cdist(new, means(X, y)).argmin(dim=1),
        loop,
    ],
}

WRONG = {
    "rates_by_depth": {
        "the other way round": (
            lambda p, lr, d: {n: lr * d**k for k, n in enumerate(p)},
            "The last part has the largest rate",
        ),
        "one step too many": (
            lambda p, lr, d: {n: lr * d ** (len(p) - k) for k, n in enumerate(p)},
            "The last part gets lr itself",
        ),
        "a line, not a power": (
            lambda p, lr, d: {n: lr * d * (len(p) - 1 - k) for k, n in enumerate(p)},
            "multiplies once more",
        ),
        "decay for all": (
            lambda p, lr, d: dict.fromkeys(p, lr * d),
            "a rate of its own",
        ),
        "no decay": (lambda p, lr, d: dict.fromkeys(p, lr), "has less than the one"),
        "a list": (
            lambda p, lr, d: [lr * d ** (len(p) - 1 - k) for k in range(len(p))],
            "wanted a dictionary with the keys",
        ),
        "the head, too": (
            lambda p, lr, d: by_rounds([*p, "head"], lr, d),
            "A pair for each part and no other",
        ),
        "something else": (
            lambda p, lr, d: {n: lr + k for k, n in enumerate(p)},
            "Count the steps from the last part",
        ),
    },
    "nearest_mean": {
        "the farthest": (
            lambda X, y, new: torch.cdist(new, means(X, y)).argmax(dim=1),
            "This is the farthest",
        ),
        "the nearest sample": (
            lambda X, y, new: y[torch.cdist(new, X).argmin(dim=1)],
            "Take the mean of each class",
        ),
        "sums": (
            lambda X, y, new: torch.cdist(
                new, torch.stack([X[y == c].sum(dim=0) for c in range(3)])
            ).argmin(dim=1),
            "These are sums",
        ),
        "products": (
            lambda X, y, new: (new @ means(X, y).T).argmax(dim=1),
            "A product is no distance",
        ),
        "distances": (
            lambda X, y, new: torch.cdist(new, means(X, y)).min(dim=1).values,
            "Give the class",
        ),
        "all distances": (
            lambda X, y, new: torch.cdist(new, means(X, y)),
            "Give the class of the smallest",
        ),
        "in place": (in_place, "Make new tensors"),
        "one class": (
            lambda X, y, new: torch.zeros(len(new)),
            "A mean for each class",
        ),
    },
}
