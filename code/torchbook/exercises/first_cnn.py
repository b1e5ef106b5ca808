"""Checks of the exercises in "A first convolutional network"."""

from collections.abc import Iterator
from itertools import pairwise

import torch

from torchbook.exercises import Case, compare, compare_entries, exercise, unchanged


@exercise("flat_features")
def check_flat_features(answer) -> Iterator[Case]:
    """flat_features(side, channels, layers) is the length of the flattened maps."""
    networks = [
        (11, 2, [("conv", 16, 3, 2), ("pool", 2)]),
        (28, 1, [("conv", 6, 5, 0), ("pool", 2), ("conv", 16, 5, 0), ("pool", 2)]),
        (15, 3, [("conv", 4, 3, 0), ("pool", 2), ("pool", 4)]),
        (9, 5, []),
        (10, 2, [("conv", 3, 1, 2), ("pool", 3)]),
    ]
    otherwise = (
        "A convolution leaves side + 2 · padding - kernel + 1 pixels a side, a pooling "
        "side // size. In the end there are channels · side · side numbers."
    )
    for side, channels, layers in networks:
        want = _flat(side, channels, layers)[0]
        usual = [
            (wrong, told)
            for wrong, told in _slips_of_flat(side, channels, layers)
            if wrong != want
        ]
        got = answer(side, channels, list(layers))
        call = f"flat_features({side}, {channels}, {layers})"
        yield compare(call, got, want, usual, otherwise)


def _slips_of_flat(side, channels, layers) -> list[tuple[int, str]]:
    """The usual mistakes, as (value, hint)."""
    _, last, height = _flat(side, channels, layers)
    return [
        (height**2, "That is one channel. How many are there at the end?"),
        (last * height, "That is one row of each channel; the maps are square."),
        (
            _flat(side, channels, layers, padding=0)[0],
            "The padding is missing: it adds pixels on both sides.",
        ),
        (
            _flat(side, channels, layers, padding=1)[0],
            "The padding counts twice: on the left and on the right, above and below.",
        ),
        (
            _flat(side, channels, layers, pool=0)[0],
            "Pooling divides the side by its size.",
        ),
        (
            _flat(side, channels, layers, round_up=True)[0],
            "What is left over at the edge is dropped: the side is rounded down.",
        ),
        (
            channels * height**2,
            "The channels at the end are those of the last convolution.",
        ),
    ]


def _flat(side, channels, layers, padding=2, pool=1, round_up=False):
    """Features, channels and side at the end, right or with a slip."""
    for kind, *numbers in layers:
        if kind == "conv":
            channels = numbers[0]
            side += padding * numbers[2] - numbers[1] + 1
        elif pool:
            side = -(-side // numbers[0]) if round_up else side // numbers[0]
    return channels * side**2, channels, side


@exercise("cnn_parameters")
def check_cnn_parameters(answer) -> Iterator[Case]:
    """cnn_parameters(widths, classes, kernel) counts what is learned."""
    otherwise = (
        "From n_in to n_out channels: n_in · n_out · kernel² weights, and two numbers a "
        "channel for the normalization. At the end a weight and a bias for each class."
    )
    for widths, classes, kernel in [
        ((1, 4), 2, 3),
        ((3, 16, 32), 10, 5),
        ((3, 8, 8, 24), 7, 1),
        ((6,), 4, 3),
    ]:
        want, slips = _counts(widths, classes, kernel)
        usual = [(wrong, told) for wrong, told in slips if wrong != want]
        call = f"cnn_parameters({widths}, {classes}, {kernel})"
        yield compare(call, answer(widths, classes, kernel), want, usual, otherwise)


def _counts(widths, classes, kernel) -> tuple[int, list[tuple[int, str]]]:
    """The right number, and the usual mistakes, as (value, hint)."""
    pairs = list(pairwise(widths))
    kernels = sum(a * b * kernel**2 for a, b in pairs)
    out, last = sum(widths[1:]), widths[-1]
    head = last * classes + classes
    want = kernels + 2 * out + head
    return want, [
        (want + out, "A convolution before a normalization needs no bias here."),
        (want + 2 * out, "Running statistics are kept, but not learned."),
        (want - 2 * out, "The normalization has a scale and a shift a channel."),
        (want - out, "The normalization has two numbers a channel."),
        (want - classes, "The linear layer has a bias for each class."),
        (want - head, "The linear layer is missing."),
        (want + 2 * widths[0], "Only what a convolution gives is normalized."),
        (
            sum(b * kernel**2 for _, b in pairs) + 2 * out + head,
            "A kernel looks at all the channels that come in.",
        ),
        (
            sum(a * b * kernel for a, b in pairs) + 2 * out + head,
            "A kernel is a square: kernel · kernel numbers for each channel.",
        ),
    ]


@exercise("strongest_places")
def check_strongest_places(answer) -> Iterator[Case]:
    """strongest_places(maps) is picture, row and column of each channel's largest value."""
    generator = torch.Generator().manual_seed(0)
    for shape in [(4, 3, 5, 7), (1, 2, 6, 3), (3, 1, 2, 2)]:
        maps = torch.randn(shape, generator=generator) - 5  # all below 0
        before = maps.clone()
        got = answer(maps)
        want = torch.tensor([_places(maps[:, c]) for c in range(shape[1])])
        columns = want[:, [0, 2, 1]]
        own = torch.tensor([_places(picture[None])[1:] for picture in maps[0]])
        usual = [
            (columns, "The row comes before the column."),
            (want + 1, "Count from 0, as indices do."),
            (want[:, 1:], "The number of the picture belongs in front."),
            (want.T, "One row a channel: (C, 3)."),
            (
                own,
                "Look for the largest value in all pictures, and say in which it is.",
            ),
        ]
        otherwise = (
            "Bring the channels to the front and flatten the rest, so that argmax finds one "
            "place a channel; then take that number apart with // and %."
        )
        call = f"strongest_places(maps) of maps {shape}"
        yield compare_entries(call, got, want, usual, otherwise)
        yield unchanged([maps], [before], "Work on a copy, or change nothing.")


def _places(maps: torch.Tensor) -> tuple[int, ...]:
    """Where the largest entry of (N, H, W) is."""
    return tuple(int(i) for i in (maps == maps.max()).nonzero()[0])
