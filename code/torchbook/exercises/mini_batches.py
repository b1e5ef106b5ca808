"""Checks for the exercises on mini-batches, in part 7."""

import math

import torch

from torchbook.exercises import compare, exercise, show


@exercise("equal_batch")
def check_equal_batch(equal_batch):
    """Slopes that nearly agree, that nearly cancel, of one weight and of several."""
    for slopes in (
        torch.tensor([[1.0, 0.0], [3.0, 2.0], [2.0, -2.0], [0.0, 4.0]]),
        torch.tensor([[5.0], [4.0], [6.0]]),
        torch.tensor([[1.0, -2.0, 0.5], [-0.5, 2.5, 0.0]]),
    ):
        N, g = len(slopes), slopes.mean(dim=0)
        off = (slopes - g).square().sum(dim=1)
        length = g.square().sum()
        want = off.mean() / length
        usual = [
            (want.sqrt(), "That is the ratio of the lengths. "
             "The noise falls with the root of B: square it."),
            (1 / want, "Turned over: more noise asks for a larger batch."),
            (off.mean(), "Compare it with the slope: divide by its length, squared."),
            (off.sum() / length, "The variance is a mean over the samples, not a sum."),
            (off.sum() / (N - 1) / length, "The equation divides by N, not by N - 1."),
            (slopes.square().sum(dim=1).mean() / length,
             "Take the mean slope off each sample's slope first."),
            (off.mean() / length.sqrt(), "Square the length of the slope, too."),
            (off.mean().sqrt() / length, "Both squared or neither: the variance, "
             "over the squared length."),
            (off.mean() / slopes.shape[1] / g.square().sum(),
             "Add up over the weights, do not average over them."),
            ((slopes - g).square().mean() / g.square().sum(),
             "Add up over the weights, do not average over them."),
        ]  # fmt: skip
        otherwise = "Set sigma / sqrt(B) equal to the length of g, and solve for B."
        got = equal_batch(slopes.clone())
        yield compare(f"equal_batch({show(slopes)})", got, want, usual, otherwise)


@exercise("scaled_rate")
def check_scaled_rate(scaled_rate):
    """More samples, fewer, as many, and so many that the curvature forbids it."""
    for lr, old, new, curvature in (
        (0.1, 16, 64, 1.0),
        (0.4, 128, 32, 0.5),
        (0.1, 16, 1024, 4.0),
        (0.1, 16, 256, 0.8),
        (0.05, 8, 8, 2.0),
    ):
        scaled, most = lr * new / old, 1 / curvature
        usual = [
            (lr * old / new, "Turned over: a larger batch stands a larger rate."),
            (lr * math.sqrt(new / old), "In proportion, without the root."),
            (min(lr * math.sqrt(new / old), most), "In proportion, without the root."),
            (
                min(scaled, 2 / curvature),
                "2 / c is the limit. The best rate is half of it.",
            ),
            (min(scaled, curvature), "A steep bowl wants a small rate: 1 / c."),
            (scaled, "In proportion, but not more than the curvature allows."),
            (most, "That is the most it may be. Take the smaller of the two."),
        ]
        otherwise = "Multiply the rate by new / old, and take at most 1 / curvature."
        got = scaled_rate(lr, old, new, curvature)
        call = f"scaled_rate({lr}, {old}, {new}, {curvature})"
        yield compare(call, got, min(scaled, most), usual, otherwise)


@exercise("fastest_batch")
def check_fastest_batch(fastest_batch):
    """Steps that cost mostly their overhead, mostly their samples, and little noise."""
    for a, b, equal in ((2e-4, 1e-6, 50.0), (1e-3, 1e-3, 16.0), (0.5, 0.25, 0.08)):
        want = math.sqrt(a * equal / b)
        usual = [
            (want**2, "At the lowest place it is the square of B. Take the root."),
            (math.sqrt(b * equal / a), "Turned over: a dear call asks for a larger batch."),
            (a / b, "The noise counts as well. What happens to S(B) for small batches?"),
            (equal, "Time counts as well. What if a step cost nothing but its call?"),
            (math.sqrt(a / b), "The noise counts as well. Multiply out and see where "
             "it stands."),
            ((a + b * equal) * 2, "That is a time. The batch size is asked for."),
        ]  # fmt: skip
        otherwise = (
            "Multiply time and steps, take the slope in B, and see where it is zero."
        )
        got = fastest_batch(a, b, equal)
        call = f"fastest_batch({a}, {b}, {equal})"
        yield compare(call, got, want, usual, otherwise)
