"""Checks for the exercises of part 3 on errors of numbers."""

import torch

from torchbook.exercises import (
    Case,
    NothingBack,
    Unusable,
    close,
    compare,
    exercise,
    show,
)


@exercise("rmse")
def check_rmse(rmse):
    """Known roots, then predictions as a column."""
    y = torch.tensor([3.0, -1.0, 2.0, 5.0])
    for y_hat in (y + torch.tensor([3.0, -4.0, 0.0, 0.0]), y - 2, y):
        r = y_hat - y
        got, want = rmse(y_hat.clone(), y.clone()), (r * r).mean().sqrt()
        usual = [
            ((r * r).mean(), "This is the mean of the squares. Take its root."),
            (
                (r * r).sum().sqrt(),
                "The root of the sum. Take the mean before the root.",
            ),
            (r.abs().mean(), "The root of each square is its size again: mean first."),
            (r.mean().abs(), "Square before the mean, or misses cancel."),
            (r.mean(), "Square before the mean, or misses cancel."),
        ]
        otherwise = "Difference, square, mean, root: in that order."
        yield compare(f"rmse({show(y_hat)}, {show(y)})", got, want, usual, otherwise)
    try:
        got = rmse(y[:, None].clone(), y.clone())
    except NothingBack:
        raise
    except Unusable:  # refusing is the safest answer
        got = 0.0
    yield Case(
        f"perfect predictions of shape (4, 1) gave {show(got)}, wanted 0 or an error.",
        close(got, 0.0),
        "Shapes (4, 1) and (4,) stretch to (4, 4). Compare the shapes, or squeeze one.",
    )


@exercise("huber_slope")
def check_huber_slope(huber_slope):
    """Misses on both sides of delta, for a delta of 1 and others."""
    r = torch.tensor([-5.0, -1.5, -0.75, -0.25, 0.0, 0.5, 1.75, 4.0])
    for delta in (1.0, 0.5, 3.0):
        want = r.clamp(-delta, delta)
        usual = [
            (-want, "The sign: a prediction that is too high has an upward slope."),
            (r, "This is the slope of the square. Beyond delta it stays level."),
            (r.sign(), "This is the slope of the absolute error."),
            (delta * r.sign(), "Within delta the slope is the miss itself."),
            (r.clamp(-1, 1), "The corner is at delta, not always at 1."),
            (torch.where(r.abs() <= delta, r, r.sign()), "Beyond delta it is ±delta."),
            (torch.where(r.abs() <= delta, r, delta), "Misses below -delta: -delta."),
            (2 * want, "Half the square: its slope is the miss, without a 2."),
            (
                torch.where(r.abs() <= delta, r * r / 2, delta * (r.abs() - delta / 2)),
                "This is the loss. Its slope is wanted.",
            ),
        ]
        otherwise = "The miss itself up to delta in size, then ±delta."
        call = f"huber_slope({show(r)}, {delta})"
        yield compare(call, huber_slope(r.clone(), delta), want, usual, otherwise)


@exercise("pinball")
def check_pinball(pinball):
    """Misses on both sides, for three shares; at a half it is half the absolute error."""
    y = torch.tensor([4.0, 1.0, 3.0, 2.0])
    y_hat = torch.tensor([1.0, 3.0, 3.0, 2.5])
    for q in (0.5, 0.9, 0.25):
        r = y - y_hat  # above 0 where the prediction is too low
        each = torch.where(r > 0, q * r, (q - 1) * r)
        got, want = pinball(y_hat.clone(), y.clone(), q), each.mean()
        usual = [
            (
                torch.where(r > 0, (1 - q) * r, -q * r).mean(),
                "q and 1 - q are exchanged.",
            ),
            (torch.where(r > 0, q * r, (1 - q) * r).mean(), "A loss is never below 0."),
            (want * len(y), "This is the sum. Take the mean."),
            (each, "These are the charges of the samples. Take their mean."),
            (r.abs().mean(), "Too low costs q a unit, too high costs 1 - q."),
            (torch.where(r > 0, q * r, 0).mean(), "Too high costs something as well."),
        ]
        otherwise = (
            "Too low by r costs q r, too high by r costs (1 - q) r; then the mean."
        )
        call = f"pinball({show(y_hat)}, {show(y)}, {q})"
        yield compare(call, got, want, usual, otherwise)
