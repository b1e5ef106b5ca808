"""torchbook.exercises.regression_errors: right answers pass, usual slips get their hint."""

import torch
import torch.nn.functional as F
from answers import *  # noqa: F403


def rmse_of_one_shape_only(y_hat, y):
    if y_hat.shape == y.shape:
        return ((y_hat - y) ** 2).mean().sqrt()


def huber_slope_in_place(r, delta):
    r[r > delta] = delta
    r[r < -delta] = -delta
    return r


def careful_rmse(y_hat, y):
    assert y_hat.shape == y.shape
    return ((y_hat - y) ** 2).mean() ** 0.5


RIGHT = {
    "rmse": [
        careful_rmse,
        lambda y_hat, y: F.mse_loss(y_hat.reshape(y.shape), y).sqrt().item(),
        lambda y_hat, y: (y_hat.squeeze() - y).square().mean().sqrt(),
    ],
    "huber_slope": [
        lambda r, delta: r.clamp(-delta, delta),
        lambda r, delta: torch.where(r.abs() <= delta, r, delta * r.sign()),
        huber_slope_in_place,
    ],
    "pinball": [
        lambda p, y, q: torch.maximum(q * (y - p), (q - 1) * (y - p)).mean(),
        lambda p, y, q: torch.where(y > p, q * (y - p), (1 - q) * (p - y)).mean(),
    ],
}

WRONG = {
    "rmse": {
        "no root": (lambda p, y: ((p - y) ** 2).mean(), "Take its root"),
        "no mean": (lambda p, y: ((p - y) ** 2).sum().sqrt(), "mean before the root"),
        "root too early": (lambda p, y: ((p - y) ** 2).sqrt().mean(), "mean first"),
        "no square": (lambda p, y: (p - y).mean(), "misses cancel"),
        "stretched": (
            lambda p, y: ((p - y) ** 2).mean().sqrt(),
            "(4, 1) and (4,) stretch to (4, 4)",
        ),
        "torch's own, stretched": (
            lambda p, y: F.mse_loss(p, y).sqrt(),
            "(4, 1) and (4,) stretch to (4, 4)",
        ),
        "nothing for a column": (rmse_of_one_shape_only, "gave back nothing"),
    },
    "huber_slope": {
        "turned": (lambda r, d: -r.clamp(-d, d), "The sign"),
        "the square's": (lambda r, d: r, "slope of the square"),
        "the absolute's": (lambda r, d: r.sign(), "slope of the absolute"),
        "delta times sign": (
            lambda r, d: 0.5 * r.sign() if d == 0.5 else r.clamp(-d, d),
            "Within delta",
        ),
        "always 1": (lambda r, d: r.clamp(-1, 1), "not always at 1"),
        "sign beyond": (
            lambda r, d: torch.where(r.abs() <= d, r, r.sign()),
            "Beyond delta it is ±delta",
        ),
        "one side": (
            lambda r, d: torch.where(r.abs() <= d, r, d),
            "Misses below -delta",
        ),
        "doubled": (lambda r, d: 2 * r.clamp(-d, d), "without a 2"),
        "the loss": (
            lambda r, d: F.huber_loss(
                r, torch.zeros_like(r), reduction="none", delta=d
            ),
            "This is the loss",
        ),
    },
    "pinball": {
        "exchanged": (
            lambda p, y, q: torch.maximum((1 - q) * (y - p), -q * (y - p)).mean(),
            "exchanged",
        ),
        "below zero": (
            lambda p, y, q: torch.where(y > p, q * (y - p), (1 - q) * (y - p)).mean(),
            "never below 0",
        ),
        "sum": (
            lambda p, y, q: torch.maximum(q * (y - p), (q - 1) * (y - p)).sum(),
            "Take the mean",
        ),
        "no mean": (
            lambda p, y, q: torch.maximum(q * (y - p), (q - 1) * (y - p)),
            "the charges of the samples",
        ),
        "absolute": (lambda p, y, q: (y - p).abs().mean(), "Too low costs q a unit"),
        "one side": (
            lambda p, y, q: (q * (y - p).clamp(min=0)).mean(),
            "Too high costs something",
        ),
    },
}
