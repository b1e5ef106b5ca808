"""torchbook.exercises.convolution: right answers pass, usual slips get the hint meant for them."""

from math import prod

import torch
from answers import *  # noqa: F403
from answers import BROKE

from torchbook.scratch import conv


def one_at(row, column):
    kernel = torch.zeros(3, 3)
    kernel[row, column] = 1
    return kernel


def moving(down, right):
    return one_at(1 - down, 1 - right)


def field(layers):
    """The pixels between the first and the last that a score sees, walked back."""
    seen = 1
    for kernel, stride, dilation in reversed(layers):
        seen = (seen - 1) * stride + dilation * (kernel - 1) + 1
    return seen


def strides_before(layers, n):
    return prod(stride for _, stride, _ in layers[:n])


def scores(picture, pattern):
    seen = picture.unfold(0, len(pattern), 1).unfold(1, pattern.shape[1], 1)
    return ((seen - pattern) ** 2).sum(dim=(2, 3))


def by_loops(picture, pattern):
    (H, W), (I, J) = picture.shape, pattern.shape
    places = [(y, x) for y in range(H - I + 1) for x in range(W - J + 1)]
    return min(
        places,
        key=lambda p: (
            (picture[p[0] : p[0] + I, p[1] : p[1] + J] - pattern) ** 2
        ).sum(),
    )


def by_convolutions(picture, pattern):
    def slide(X, kernel):
        return conv.conv2d(X[None, None], kernel[None, None])[0, 0]

    away = slide(picture**2, torch.ones_like(pattern)) - 2 * slide(picture, pattern)
    return torch.stack(torch.unravel_index(away.argmin(), away.shape))


def found(away, width=None):
    return divmod(away.argmin().item(), width or away.shape[1])


def product(picture, pattern):
    seen = picture.unfold(0, len(pattern), 1).unfold(1, pattern.shape[1], 1)
    return found(-(seen * pattern).sum(dim=(2, 3)))


def not_squared(picture, pattern):
    seen = picture.unfold(0, len(pattern), 1).unfold(1, pattern.shape[1], 1)
    return found((seen - pattern).sum(dim=(2, 3)))


def absolute(picture, pattern):
    seen = picture.unfold(0, len(pattern), 1).unfold(1, pattern.shape[1], 1)
    return found((seen - pattern).abs().sum(dim=(2, 3)))


def in_place(picture, pattern):
    place = by_loops(picture, pattern)
    picture -= pattern.mean()
    return place


RIGHT = {
    "moving_kernel": [
        moving,
        lambda down, right: torch.eye(9).reshape(9, 3, 3)[4 - 3 * down - right],
        lambda down, right: one_at(1, 1).roll((-down, -right), (0, 1)),
    ],
    "receptive_field": [
        field,
        lambda layers: (
            1
            + sum(
                (k - 1) * d * strides_before(layers, n)
                for n, (k, _, d) in enumerate(layers)
            )
        ),
    ],
    "find_pattern": [
        lambda picture, pattern: found(scores(picture, pattern)),
        by_loops,
        by_convolutions,
    ],
}

WRONG = {
    "moving_kernel": {
        "the other way": (lambda d, r: moving(-d, -r), "the other way. What moves"),
        "columns first": (lambda d, r: moving(r, d), "down is about rows"),
        "both": (lambda d, r: moving(-r, -d), "the other way. What moves"),
        "up is down": (lambda d, r: moving(-d, r), "down is up"),
        "left is right": (lambda d, r: moving(d, -r), "left are exchanged"),
        "all ones": (lambda d, r: torch.ones(3, 3), "adds all nine pixels up"),
        "no move": (lambda d, r: moving(0, 0), "where it is"),
        "zeros": (lambda d, r: torch.zeros(3, 3), "has to be 1"),
        "with channels": (
            lambda d, r: moving(d, r)[None, None],
            "gave shape (1, 1, 3, 3), wanted (3, 3)",
        ),
        "twice as bright": (lambda d, r: 2 * moving(d, r), "the others are 0"),
        "out of the kernel": (lambda d, r: one_at(3 + d, 3 + r), BROKE),
    },
    "receptive_field": {
        "no strides": (
            lambda layers: field([(k, 1, d) for k, _, d in layers]),
            "Strides count",
        ),
        "its own stride": (
            lambda layers: (
                1
                + sum(
                    (k - 1) * d * strides_before(layers, n + 1)
                    for n, (k, _, d) in enumerate(layers)
                )
            ),
            "behind its own",
        ),
        "no dilations": (
            lambda layers: field([(k, s, 1) for k, s, _ in layers]),
            "spreads the weights",
        ),
        "the last stride only": (
            lambda layers: (
                1
                + sum(
                    (k - 1) * d * (layers[n - 1][1] if n else 1)
                    for n, (k, _, d) in enumerate(layers)
                )
            ),
            "product of all strides",
        ),
        "from zero": (lambda layers: field(layers) - 1, "begin with 1"),
        "sum of kernels": (lambda layers: sum(k for k, *_ in layers), "not three"),
        "no layer": (lambda layers: field(layers) if layers else 0, "begin with 1"),
        "area": (lambda layers: field(layers) ** 2, "Each layer adds"),
        "a tensor": (lambda layers: torch.ones(3), "wanted a single number"),
    },
    "find_pattern": {
        "product": (product, "product is highest there"),
        "least like it": (
            lambda p, q: found(-scores(p, q)),
            "the smallest one is wanted",
        ),
        "not squared": (not_squared, "Square the differences"),
        "absolute": (absolute, "Square, do not take the size"),
        "column first": (lambda p, q: found(scores(p, q))[::-1], "row comes first"),
        "a number": (
            lambda p, q: scores(p, q).argmin(),
            "counts through all places",
        ),
        "pixels in a row": (
            lambda p, q: found(scores(p, q), p.shape[1]),
            "fewer places in a row",
        ),
        "its middle": (
            lambda p, q: [
                a + b // 2 for a, b in zip(found(scores(p, q)), q.shape, strict=True)
            ],
            "That is its middle",
        ),
        "nowhere": (lambda p, q: (0, 0), "Take the pattern off"),
        "in place": (in_place, "changed a tensor"),
        "no windows": (lambda p, q: ((p - q) ** 2).argmin(), BROKE),
    },
}
