"""torchbook.exercises.production: right answers pass, usual slips get the hint meant for them."""

import torch
from answers import *  # noqa: F403


def scales_of(W):
    largest = W.abs().amax(dim=1)
    return torch.where(largest == 0, 1.0, largest / 127)


def quantize(W, scales=scales_of, change=torch.round, kind=torch.int8):
    s = scales(W)
    return change(W / s[:, None]).to(kind), s


def row_by_row(W):
    numbers, scales = torch.zeros_like(W, dtype=torch.int8), torch.ones(len(W))
    for row, weights in enumerate(W):
        if weights.any():
            scales[row] = weights.abs().max() / 127
        numbers[row] = (weights / scales[row]).round()
    return [numbers, scales]


def in_place(W):
    s = scales_of(W)
    W /= s[:, None]
    return W.round().to(torch.int8), s


def index(then, now, add=1, share=True, log=torch.log, sign=1):
    p, r = then + add, now + add
    if share:
        p, r = p / p.sum(), r / r.sum()
    return sign * ((r - p) * log(r / p)).sum()


def index_in_place(then, now):
    then += 1
    now += 1
    return index(then, now, add=0)


def parts(then, now):
    p, r = (then + 1) / (then + 1).sum(), (now + 1) / (now + 1).sum()
    return p, r, (r / p).log()


def terms(then, now):
    p, r, logs = parts(then, now)
    return (r - p) * logs


RIGHT = {
    "quantize_rows": [quantize, row_by_row],
    "stability_index": [index, lambda then, now: index(then, now).item()],
}

WRONG = {
    "quantize_rows": {
        "no 127": (
            lambda W: quantize(W, lambda W: W.abs().amax(1)),
            "Divide the largest by 127",
        ),
        "zeros forgotten": (
            lambda W: quantize(W, lambda W: W.abs().amax(1) / 127),
            "gets the scale 1",
        ),
        "128": (lambda W: quantize(W, lambda W: W.abs().amax(1) / 128), "becomes 127"),
        "no size": (
            lambda W: quantize(W, lambda W: W.amax(1).clamp(min=1e-9) / 127),
            "be it below zero",
        ),
        "columns": (
            lambda W: (W.to(torch.int8), W.abs().amax(0) / 127),
            "for each column",
        ),
        "one scale": (
            lambda W: quantize(W, lambda W: W.abs().max().expand(len(W)) / 127),
            "One scale for each row",
        ),
        "kept dimension": (
            lambda W: (quantize(W)[0], scales_of(W)[:, None]),
            "no further dimension",
        ),
        "cut off": (lambda W: quantize(W, change=torch.trunc), "Round first"),
        "floats": (lambda W: quantize(W, kind=torch.float32), "Convert them"),
        "not divided": (
            lambda W: (W.round().clamp(-128, 127).to(torch.int8), scales_of(W)),
            "the numbers of",
        ),
        "numbers alone": (lambda W: quantize(W)[0], "in this order"),
        "in place": (in_place, "Make a new tensor"),
    },
    "stability_index": {
        "no 1": (lambda a, b: index(a, b, add=0), "Add 1 to every"),
        "counts": (lambda a, b: index(a, b, share=False), "Shares, not counts"),
        "sign": (lambda a, b: index(a, b, sign=-1), "The sign"),
        "r alone": (lambda a, b: (parts(a, b)[1] * parts(a, b)[2]).sum(), "r alone"),
        "logarithms": (lambda a, b: parts(a, b)[2].sum(), "is weighted"),
        "not summed": (terms, "Add the terms up"),
        "mean": (lambda a, b: terms(a, b).mean(), "not a mean"),
        "bits": (lambda a, b: index(a, b, log=torch.log2), "natural logarithm"),
        "in place": (index_in_place, "works in place"),
        "twice": (lambda a, b: 2 * index(a, b), "Counts plus 1"),
    },
}
