"""torchbook.exercises.shapes: right answers pass, usual slips get the hint meant for them."""

import numpy as np
import torch
from answers import *  # noqa: F403
from answers import BROKE, run


def gaps(A, B):
    return A[:, None] - B


def quarters_by_slices(p):
    cut = (slice(0, 4), slice(4, 8))
    return torch.stack([p[:, a, b] for a in cut for b in cut], dim=1)


def halves(p):
    return p.reshape(-1, 2, 4, 2, 4)


RIGHT = {
    "row_shares": [
        lambda c: c / c.sum(dim=1, keepdim=True),
        lambda c: c / c.sum(1)[:, None],
        lambda c: (c.T / c.sum(1)).T,
    ],
    "pairwise": [
        lambda A, B: gaps(A, B).square().sum(dim=2),
        lambda A, B: torch.cdist(A, B) ** 2,
        lambda A, B: (A * A).sum(1)[:, None] - 2 * A @ B.T + (B * B).sum(1),
    ],
    "channels_last": [
        lambda p: p.permute(0, 2, 3, 1),
        lambda p: p.transpose(1, 2).transpose(2, 3),
        lambda p: p.movedim(1, -1),
    ],
    "quarters": [
        lambda p: halves(p).transpose(2, 3).reshape(-1, 4, 4, 4),
        quarters_by_slices,
    ],
}

WRONG = {
    "row_shares": {
        "no keepdim": (lambda c: c / c.sum(dim=1), "keepdim=True keeps them a column"),
        "columns": (lambda c: c / c.sum(dim=0), "Columns add up to 1"),
        "the whole": (lambda c: c / c.sum(), "All entries add up to 1"),
        "whole numbers": (lambda c: c // c.sum(1, keepdim=True), "// leaves whole"),
        "sums": (lambda c: c.sum(dim=1), "These are the sums"),
        "sums as a column": (lambda c: c.sum(1, keepdim=True), "These are the sums"),
        "largest": (lambda c: c / c.amax(1, keepdim=True), "Divide by the sums"),
        "softmax": (lambda c: c.float().softmax(dim=1), "Divide by the sums"),
    },
    "pairwise": {
        "root": (torch.cdist, "These are distances"),
        "exchanged": (lambda A, B: gaps(B, A).square().sum(2), "a column for each row"),
        "absolute": (lambda A, B: gaps(A, B).abs().sum(2), "Square the differences"),
        "mean": (lambda A, B: gaps(A, B).square().mean(2), "This is a mean"),
        "sum squared": (
            lambda A, B: gaps(A, B).sum(2).square(),
            "Square each difference first",
        ),
        "not summed": (lambda A, B: gaps(A, B).square(), "over the last dimension"),
        "row by row": (lambda A, B: (A - B).square().sum(1), BROKE),
        "row by row where it fits": (
            lambda A, B: (
                (A - B).square().sum(1)
                if A.shape == B.shape
                else gaps(A, B).square().sum(2)
            ),
            "pairs row i with row i only",
        ),
        "products": (lambda A, B: A @ B.T, "(N, 1, D). Minus B"),
    },
    "channels_last": {
        "reshaped": (lambda p: p.reshape(5, 2, 4, 3), "the pictures are scrambled"),
        "transposed": (lambda p: p.transpose(1, 3), "changed places too"),
        "turned the other way": (lambda p: p.permute(0, 3, 1, 2), "Turn it round"),
        "unchanged": (lambda p: p, "the number of the old one"),
        "copied": (lambda p: p.permute(0, 2, 3, 1).contiguous(), "they were copied"),
        "a list": (lambda p: p.permute(0, 2, 3, 1).tolist(), "is a list, wanted"),
        "an array": (lambda p: np.moveaxis(p.numpy(), 1, -1), "is a ndarray, wanted"),
        "three numbers": (lambda p: p.permute(1, 2, 0), BROKE),
    },
    "quarters": {
        "a view": (lambda p: p.reshape(-1, 4, 4, 4), "that is two rows"),
        "another order": (
            lambda p: halves(p).permute(0, 3, 1, 2, 4).reshape(-1, 4, 4, 4),
            "top right before bottom left",
        ),
        "not joined": (lambda p: halves(p).transpose(2, 3), "Join the two dimensions"),
        "not exchanged": (lambda p: halves(p), "bring the two 2s side by side"),
        "one quarter": (lambda p: p[:, :4, :4], "bring the two 2s side by side"),
    },
}


def test_of_many_numbers_the_first_wrong_one_is_told():
    outcome = run("quarters", lambda p: p.reshape(-1, 4, 4, 4))
    assert "quarters of (2, 8, 8): entry (0, 0, 1, 0) is 4" in repr(outcome)
