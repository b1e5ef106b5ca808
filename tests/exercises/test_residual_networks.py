"""torchbook.exercises.residual_networks: right answers pass, slips get the hint meant for them."""

import math

import torch
import torch.nn.functional as F
from answers import *  # noqa: F403
from answers import BROKE


def projected(x, weight, bias, stride):
    fewer = x[:, :, ::stride, ::stride]
    return torch.einsum("dc,nchw->ndhw", weight, fewer) + bias[:, None, None]


def projected_in_place(x, weight, bias, stride):
    x *= 2
    return projected(x / 2, weight, bias, stride)


def whole_strides(x, weight, bias, stride):
    H, W = (side // stride * stride for side in x.shape[2:])
    return projected(x[:, :, :H, :W], weight, bias, stride)


def sometimes(x, f, kept, keep):
    return x + kept[:, None, None, None] * f / keep


def sometimes_in_place(x, f, kept, keep):
    x += kept[:, None, None, None] * f / keep
    return x


def spread(kept):
    return kept[:, None, None, None]


def paths(blocks):
    return [math.comb(blocks, j) for j in range(blocks + 1)]


def by_pascal(blocks):
    row = [1]
    for _ in range(blocks):
        row = [a + b for a, b in zip([0, *row], [*row, 0], strict=True)]
    return row


def every(x, weight, bias):
    return projected(x, weight, bias, 1)


RIGHT = {
    "projected": [
        projected,
        lambda x, w, b, s: F.conv2d(x, w[:, :, None, None], b, stride=s),
        lambda x, w, b, s: (x[:, :, ::s, ::s].movedim(1, -1) @ w.T + b).movedim(-1, 1),
    ],
    "sometimes": [
        sometimes,
        lambda x, f, kept, keep: torch.where(spread(kept), x + f / keep, x),
    ],
    "paths": [paths, by_pascal, lambda blocks: torch.tensor(paths(blocks))],
}

WRONG = {
    "projected": {
        "all pixels": (lambda x, w, b, s: every(x, w, b), "Only every stride-th"),
        "rows only": (
            lambda x, w, b, s: every(x, w, b)[:, :, ::s],
            "Columns are to be",
        ),
        "columns only": (lambda x, w, b, s: every(x, w, b)[..., ::s], "Rows are to be"),
        "means": (lambda x, w, b, s: F.avg_pool2d(every(x, w, b), s), "no mean over"),
        "no bias": (
            lambda x, w, b, s: projected(x, w, 0 * b, s),
            "The bias is missing",
        ),
        "whole strides": (whole_strides, "left over at the end count"),
        "no weights": (lambda x, w, b, s: x[:, :, ::s, ::s], "weights are missing"),
        "turned": (
            lambda x, w, b, s: projected(x, w, b, s).transpose(0, 1),
            "The batch comes first",
        ),
        "with ReLU": (lambda x, w, b, s: projected(x, w, b, s).relu(), "No ReLU here"),
        "other start": (
            lambda x, w, b, s: every(x.roll((-1, -1), (2, 3)), w, b)[:, :, ::s, ::s],
            "Take the pixels first",
        ),
        "weights turned": (lambda x, w, b, s: projected(x, w.T, b, s), BROKE),
        "in place": (projected_in_place, "changed a tensor"),
    },
    "sometimes": {
        "not divided": (
            lambda x, f, kept, keep: x + spread(kept) * f,
            "the mean is too small",
        ),
        "multiplied": (
            lambda x, f, kept, keep: x + spread(kept) * f * keep,
            "smaller yet",
        ),
        "by what is dropped": (
            lambda x, f, kept, keep: x + spread(kept) * f / (1 - keep),
            "the share that is kept",
        ),
        "x dropped": (
            lambda x, f, kept, keep: spread(kept) * (x + f / keep),
            "x stays",
        ),
        "all divided": (
            lambda x, f, kept, keep: (x + spread(kept) * f) / keep,
            "Only f is divided",
        ),
        "the others": (
            lambda x, f, kept, keep: x + ~spread(kept) * f / keep,
            "where kept is true",
        ),
        "always": (lambda x, f, kept, keep: x + f, "nothing is added"),
        "no x": (lambda x, f, kept, keep: spread(kept) * f / keep, "x is missing"),
        "axes as they come": (lambda x, f, kept, keep: x + kept * f / keep, BROKE),
        "minus": (
            lambda x, f, kept, keep: x - spread(kept) * f / keep,
            "x stays for all pictures",
        ),
        "in place": (sometimes_in_place, "changed a tensor"),
    },
    "paths": {
        "one each": (lambda n: [1] * (n + 1), "Several paths"),
        "not past all": (lambda n: paths(n)[1:], "through no block at all"),
        "not through all": (lambda n: paths(n)[:-1], "through all blocks"),
        "all together": (lambda n: 2**n, "all paths together"),
        "up to": (
            lambda n: [sum(paths(n)[: j + 1]) for j in range(n + 1)],
            "Exactly j blocks",
        ),
        "powers": (lambda n: [2**j for j in range(n + 1)], "in j blocks"),
        "with order": (
            lambda n: [math.perm(n, j) for j in range(n + 1)],
            "to choose these j",
        ),
    },
}
