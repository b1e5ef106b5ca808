"""torchbook.exercises.first_cnn: right answers pass, usual slips get the hint meant for them."""

from itertools import pairwise

import torch
from answers import *  # noqa: F403
from answers import BROKE


def flat(side, channels, layers, twice=2, pool=True, up=0):
    for kind, *numbers in layers:
        if kind == "conv":
            channels, kernel, padding = numbers
            side = side + twice * padding - kernel + 1
        elif pool:
            side = (side + up * (numbers[0] - 1)) // numbers[0]
    return channels, side


def flat_features(side, channels, layers, **slip):
    channels, side = flat(side, channels, layers, **slip)
    return channels * side * side


def by_torch(side, channels, layers):
    X = torch.zeros(1, channels, side, side)
    for kind, *numbers in layers:
        if kind == "conv":
            c_out, kernel, padding = numbers
            conv = torch.nn.Conv2d(X.shape[1], c_out, kernel, padding=padding)
            X = conv(X)
        else:
            X = torch.nn.functional.max_pool2d(X, numbers[0])
    return X.numel()


def parameters(widths, classes, kernel, bias=0, norm=2, head_bias=1):
    pairs = pairwise(widths)
    stages = sum(a * b * kernel**2 + (bias + norm) * b for a, b in pairs)
    return stages + classes * (widths[-1] + head_bias)


def counted(widths, classes, kernel):
    from torch import nn

    layers = [
        nn.Sequential(nn.Conv2d(a, b, kernel, bias=False), nn.BatchNorm2d(b))
        for a, b in pairwise(widths)
    ]
    model = nn.Sequential(*layers, nn.Linear(widths[-1], classes))
    return sum(p.numel() for p in model.parameters())


def strongest(maps):
    _, C, H, W = maps.shape
    at = maps.transpose(0, 1).reshape(C, -1).argmax(dim=1)
    return torch.stack([at // (H * W), at // W % H, at % W], dim=1)


def in_place(maps):
    maps -= maps.min()
    return strongest(maps)


RIGHT = {
    "flat_features": [flat_features, by_torch],
    "cnn_parameters": [parameters, counted],
    "strongest_places": [
        strongest,
        lambda maps: [
            [int(i) for i in (m == m.max()).nonzero()[0]] for m in maps.transpose(0, 1)
        ],
    ],
}

WRONG = {
    "flat_features": {
        "one channel": (lambda *a: flat(*a)[1] ** 2, "How many are there at the end"),
        "one row": (lambda *a: flat(*a)[0] * flat(*a)[1], "the maps are square"),
        "no padding": (lambda *a: flat_features(*a, twice=0), "padding is missing"),
        "padding once": (lambda *a: flat_features(*a, twice=1), "counts twice"),
        "no pooling": (lambda *a: flat_features(*a, pool=False), "divides the side"),
        "rounded up": (lambda *a: flat_features(*a, up=1), "rounded down"),
        "first channels": (
            lambda side, c, layers: c * flat(side, c, layers)[1] ** 2,
            "those of the last convolution",
        ),
        "the shape": (lambda *a: (1, *flat(*a)), "wanted a single number"),
        "no layers allowed": (
            lambda side, c, layers: layers[-1] and flat_features(side, c, layers),
            BROKE,
        ),
    },
    "cnn_parameters": {
        "with bias": (lambda *a: parameters(*a, bias=1), "needs no bias here"),
        "statistics": (lambda *a: parameters(*a, norm=4), "but not learned"),
        "no normalization": (lambda *a: parameters(*a, norm=0), "a scale and a shift"),
        "one a channel": (lambda *a: parameters(*a, norm=1), "two numbers a channel"),
        "no bias at the end": (
            lambda *a: parameters(*a, head_bias=0),
            "a bias for each class",
        ),
        "no head": (
            lambda w, c, k: parameters(w, c, k) - c * (w[-1] + 1),
            "linear layer is missing",
        ),
        "picture normalized": (
            lambda w, c, k: parameters(w, c, k) + 2 * w[0],
            "Only what a convolution gives",
        ),
        "one channel in": (
            lambda w, c, k: sum(b * (k**2 + 2) for b in w[1:]) + c * (w[-1] + 1),
            "all the channels that come in",
        ),
        "no square": (
            lambda w, c, k: (
                sum(a * b * k + 2 * b for a, b in pairwise(w)) + c * (w[-1] + 1)
            ),
            "A kernel is a square",
        ),
    },
    "strongest_places": {
        "column first": (lambda m: strongest(m)[:, [0, 2, 1]], "row comes before"),
        "from 1": (lambda m: strongest(m) + 1, "Count from 0"),
        "no picture": (lambda m: strongest(m)[:, 1:], "belongs in front"),
        "turned": (lambda m: strongest(m).T, "One row a channel"),
        "first picture": (lambda m: strongest(m[:1])[:, 1:], "in all pictures"),
        "smallest": (lambda m: strongest(-m), "so that argmax finds"),
        "largest size": (lambda m: strongest(m.abs()), "so that argmax finds"),
        "in place": (in_place, "changed a tensor"),
        "one place": (lambda m: m.argmax(), "wanted a tensor of shape"),
    },
}
