"""Checks of the exercises in "Residual networks"."""

import math
from collections.abc import Iterator
from itertools import accumulate

import torch

from torchbook.exercises import Case, compare, compare_entries, exercise, unchanged


def _misread(x, bare, every, want, stride: int) -> list:
    """What comes of the usual slips: `bare` is without bias, `every` with all places."""
    height, width = x.shape[2:]
    return [
        (every, "Only every stride-th row and column is wanted."),
        (every[:, :, ::stride], "Columns are to be left out as well."),
        (every[:, :, :, ::stride], "Rows are to be left out as well."),
        (
            torch.nn.functional.avg_pool2d(every, stride),
            "Take pixels as they are; no mean over neighbours.",
        ),
        (x[:, :, ::stride, ::stride], "The weights are missing."),
        (
            bare[:, :, ::stride, ::stride],
            "The bias is missing: a number a channel.",
        ),
        (
            every[:, :, : height // stride * stride, : width // stride * stride][
                :, :, ::stride, ::stride
            ],
            "Rows and columns that are left over at the end count, too.",
        ),
        (want.transpose(0, 1), "The batch comes first: (N, D, H', W')."),
        (want.relu(), "No ReLU here: a shortcut is to hand on what it gets."),
    ]


@exercise("projected")
def check_projected(answer) -> Iterator[Case]:
    """projected(x, weight, bias, stride) is a convolution of 1 by 1 with that stride."""
    generator = torch.Generator().manual_seed(0)
    otherwise = (
        "Take the pixels first, x[:, :, ::stride, ::stride]; then each output channel is a "
        "sum over the input channels, with a row of weight, and its number of bias."
    )
    for (n, c, height, width), d, stride in [
        ((2, 3, 4, 6), 5, 2),
        ((3, 2, 5, 7), 4, 3),
        ((1, 4, 3, 3), 2, 1),
    ]:
        x = torch.randn(n, c, height, width, generator=generator)
        weight = torch.randn(d, c, generator=generator)
        bias = torch.randn(d, generator=generator)
        before = x.clone(), weight.clone(), bias.clone()
        bare = (weight @ x.flatten(2)).reshape(n, d, height, width)
        every = bare + bias[:, None, None]
        want = every[:, :, ::stride, ::stride]
        usual = _misread(x, bare, every, want, stride)
        wrong = [pair for pair in usual if not _same(pair[0], want)]
        call = f"projected(x, weight, bias, {stride}) of x {tuple(x.shape)}"
        got = answer(x, weight, bias, stride)
        yield compare_entries(call, got, want, wrong, otherwise)
        yield unchanged((x, weight, bias), before, "Work on new tensors.")


@exercise("sometimes")
def check_sometimes(answer) -> Iterator[Case]:
    """sometimes(x, f, kept, keep) adds f / keep where it was kept."""
    generator = torch.Generator().manual_seed(0)
    otherwise = (
        "x stays for all pictures. Where kept is true, f / keep is added; kept needs three "
        "more axes to be spread over channels, rows and columns."
    )
    for shape, keep in [((5, 2, 3, 4), 0.8), ((4, 4, 4, 4), 0.5), ((2, 1, 1, 1), 0.25)]:
        x, f = torch.randn(2, *shape, generator=generator)
        kept = torch.arange(shape[0]) % 2 == 0
        before = x.clone(), f.clone(), kept.clone()
        chosen = kept[:, None, None, None]
        want = x + chosen * f / keep
        usual = [
            (x + chosen * f, "Kept with probability keep: the mean is too small."),
            (
                x + chosen * f * keep,
                "Divide by keep. Multiplying makes it smaller yet.",
            ),
            (
                x + chosen * f / (1 - keep),
                "keep is the share that is kept: divide by it.",
            ),
            (chosen * (x + f / keep), "x stays, whatever chance says."),
            (chosen * (x + f) / keep, "x stays, whatever chance says."),
            ((x + chosen * f) / keep, "Only f is divided; x is always there."),
            (x + ~chosen * f / keep, "It is added where kept is true."),
            (x + f / keep, "Where kept is false, nothing is added."),
            (x + f, "Where kept is false, nothing is added."),
            (chosen * f / keep, "x is missing."),
        ]
        wrong = [pair for pair in usual if not _same(pair[0], want)]
        call = f"sometimes(x, f, kept, {keep}) of x {shape}"
        got = answer(x, f, kept, keep)
        yield compare_entries(call, got, want, wrong, otherwise)
        yield unchanged((x, f, kept), before, "Work on new tensors.")


@exercise("paths")
def check_paths(answer) -> Iterator[Case]:
    """paths(blocks) is a row of Pascal's triangle."""
    otherwise = "To go through the layers of j blocks is to choose these j out of all."
    for blocks in (4, 1, 7, 0, 12):
        want = [math.comb(blocks, j) for j in range(blocks + 1)]
        usual = [
            ([1] * (blocks + 1), "Several paths go through as many blocks."),
            (want[1:], "One path goes through no block at all: it is counted, too."),
            (want[:-1], "One path goes through all blocks."),
            (2**blocks, "That is all paths together. How many of each length?"),
            (list(accumulate(want)), "Exactly j blocks, not up to j."),
            ([2**j for j in range(blocks + 1)], "That counts paths in j blocks."),
        ]
        wrong = [pair for pair in usual if pair[0] != want]
        got = answer(blocks)
        yield compare(f"paths({blocks})", got, want, wrong, otherwise)


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b)
