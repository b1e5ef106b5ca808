"""Checks for the exercises on networks in daily use, in part 12."""

import torch

from torchbook.exercises import (
    Case,
    compare,
    compare_entries,
    exercise,
    fits,
    unchanged,
)


@exercise("quantize_rows")
def check_quantize_rows(quantize_rows):
    """Rows of very different sizes, one row, a row of zeros, and a largest weight below zero."""
    chance = torch.Generator().manual_seed(0)
    uneven = torch.randn(3, 4, generator=chance) * torch.tensor(
        [[1.0], [100.0], [0.01]]
    )
    zeros = torch.tensor([[0.0, 0.0, 0.0], [1.0, -0.4, 0.25]])
    for what, W in (
        ("rows of different sizes", uneven),
        ("a square matrix", torch.randn(4, 4, generator=chance)),
        ("one row", torch.tensor([[-2.54, 1.0, 0.013]])),
        ("a row of zeros", zeros),
    ):
        given = W.clone()
        got = quantize_rows(given)
        yield unchanged([given], [W], "Make a new tensor.")
        call = f"quantize_rows of {what}"
        two = isinstance(got, (tuple, list)) and len(got) == 2
        told = f"{call} gave {type(got).__name__}, wanted a pair of tensors."
        yield Case(told, two, "Return the whole numbers and the scales, in this order.")
        largest = W.abs().amax(dim=1)
        want = torch.where(largest == 0, 1.0, largest / 127)
        usual = [
            (largest, "Divide the largest by 127."),
            (largest / 127, "A row of zeros gets the scale 1: or it divides by 0."),
            (largest / 128, "The largest becomes 127, as int8 goes from -128 to 127."),
            (W.amax(dim=1) / 127, "The largest by its size, be it below zero or not."),
            (W.abs().amax(dim=0) / 127, "That is a scale for each column: dim=1."),
            (want[:, None], "The scales have shape (H,): no further dimension."),
        ]
        otherwise = "One scale for each row: W.abs().amax(dim=1) / 127."
        yield compare_entries(f"the scales of {call}", got[1], want, usual, otherwise)
        yield from _whole_numbers(call, got[0], W, want[:, None])


def _whole_numbers(call: str, got, W: torch.Tensor, scales: torch.Tensor):
    """The quantized weights, for scales (H, 1)."""
    q = (W / scales).round()
    yield fits(f"the numbers of {call}", got, W.shape, "One number a weight.")
    kind = getattr(got, "dtype", None)
    told = f"the numbers of {call} are {kind}, wanted torch.int8."
    yield Case(told, kind == torch.int8, "Convert them at the end: .to(torch.int8).")
    usual = [
        (
            (W / scales).trunc(),
            "Round first: int8 cuts off what is behind the point.",
        ),
        (W.round(), "Divide by the scales before you round."),
        ((W * scales).round(), "Divide by the scales, not multiply."),
    ]
    otherwise = "Each row is divided by its own scale: scales[:, None]."
    yield compare_entries(f"the numbers of {call}", got, q, usual, otherwise)


@exercise("stability_index")
def check_stability_index(stability_index):
    """The same counts, other totals, a class that vanished, and one that is new."""
    for then, now in (
        ([70.0, 20.0, 10.0], [30.0, 30.0, 40.0]),
        ([50.0, 50.0], [50.0, 50.0]),
        ([99.0, 99.0], [9.0, 9.0]),
        ([10.0, 30.0, 0.0], [5.0, 0.0, 8.0]),
    ):
        then, now = torch.tensor(then), torch.tensor(now)
        given = then.clone(), now.clone()
        got = stability_index(*given)
        yield unchanged(given, (then, now), "+= works in place. Make a new tensor.")
        p, r = (then + 1) / (then + 1).sum(), (now + 1) / (now + 1).sum()
        bare = then / then.sum(), now / now.sum()
        usual = [
            (_index(*bare), "Add 1 to every count first."),
            (_index(then + 1, now + 1), "Shares, not counts: divide by their sum."),
            (-_index(p, r), "The sign: each term is positive, or 0."),
            ((r * (r / p).log()).sum(), "The factor is r - p, not r alone."),
            ((r / p).log().sum(), "Each logarithm is weighted by r - p."),
            ((r - p) * (r / p).log(), "Add the terms up."),
            (((r - p) * (r / p).log()).mean(), "A sum over classes, not a mean."),
            (_index(p, r, torch.log2), "The natural logarithm: .log()."),
        ]
        otherwise = "Counts plus 1, then shares, then the sum of (r - p) ln(r / p)."
        call = f"stability_index({then.tolist()}, {now.tolist()})"
        yield compare(call, got, _index(p, r), usual, otherwise)


def _index(p, r, log=torch.log):
    return ((r - p) * log(r / p)).sum()
