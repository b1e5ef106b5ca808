"""torchbook.exercises.errors: right answers pass, usual slips get the hint meant for them."""

import math

import torch
import torch.nn.functional as F
from answers import *  # noqa: F403
from answers import BROKE


def sign(y):
    return 2 * y - 1


def likelihoods(p, y):
    return torch.where(y == 1, p, 1 - p)


def in_weights(of_scores):
    """The mean over the samples of of_scores(y_hat, y) times the inputs."""
    return lambda X, y, w: of_scores(torch.sigmoid(X @ w), y) @ X / len(y)


def of_square(y_hat, y):
    return 2 * (y_hat - y) * y_hat * (1 - y_hat)


def slope_by_autograd(X, y, w):
    w.requires_grad_()
    F.mse_loss(torch.sigmoid(X @ w), y).backward()
    return w.grad


def slope_sample_by_sample(X, y, w):
    total = torch.zeros_like(w)
    for x, label in zip(X, y, strict=True):
        total += of_square(torch.sigmoid(x @ w), label) * x
    return (total / len(y)).tolist()


def unused_branch_overflows(z, y):
    v = -sign(y) * z
    return torch.where(
        v > 0, v + torch.log1p(torch.exp(-v)), torch.log1p(v.exp())
    ).mean()


def paid_one_by_one(loss, n):
    left, mistakes = n * loss, 0
    while mistakes < n and left > math.log(2) - 1e-6:
        left, mistakes = left - math.log(2), mistakes + 1
    return mistakes


def kinks_that_cancel(z, y):
    v = -sign(y) * z
    small = torch.exp(torch.where(v >= 0, -v, v))
    return (torch.where(v >= 0, v, 0) + torch.log1p(small)).mean()


def loss_of_a_copy(z, y):
    return F.softplus(-sign(y) * z.detach().clone().requires_grad_()).mean()


RIGHT = {
    "room": [
        lambda z: z.abs().min(),
        lambda z: min(abs(v) for v in z.tolist()),
        lambda z: torch.sort(z.abs()).values[0],
    ],
    "guaranteed": [
        lambda loss, n: min(n, math.floor(n * loss / math.log(2) + 1e-9)),
        lambda loss, n: min(n, round(n * loss / math.log(2), 6) // 1),
        paid_one_by_one,
    ],
    "bce": [
        lambda p, y: -(y * p.log() + (1 - y) * (1 - p).log()).mean(),
        lambda p, y: -likelihoods(p, y).log().mean(),
        lambda p, y: F.binary_cross_entropy(p, y.float()).item(),
    ],
    "square_slope": [
        in_weights(of_square),
        slope_by_autograd,
        slope_sample_by_sample,
    ],
    "stable_log_loss": [
        lambda z, y: F.softplus(-sign(y) * z).mean(),
        lambda z, y: torch.logaddexp(torch.zeros(4), -sign(y) * z).mean(),
        kinks_that_cancel,
        lambda z, y: -F.logsigmoid(sign(y) * z).mean(),
        lambda z, y: (
            torch.maximum(-sign(y) * z, torch.zeros(4))
            + torch.log1p(torch.exp(-z.abs()))
        ).mean(),
    ],
}

WRONG = {
    "room": {
        "the minimum": (lambda z: z.min(), "most negative one"),
        "the maximum": (lambda z: z.abs().max(), "farthest from 0"),
        "only above": (lambda z: z[z >= 0].min(), "Scores below 0 can change"),
        "only below": (lambda z: z[z < 0].abs().min(), "Scores above 0 can change"),
        "squared": (lambda z: (z * z).min(), "This is squared"),
        "all of them": (lambda z: z.abs(), "One number: the nearest"),
        "the mean": (lambda z: z.abs().mean(), "How far is the nearest"),
    },
    "guaranteed": {
        "not whole": (lambda loss, n: n * loss / math.log(2), "Mistakes are whole"),
        "the share": (lambda loss, n: loss / math.log(2), "This is the share"),
        "no log 2": (lambda loss, n: min(n, int(n * loss)), "log 2 at least, not 1"),
        "multiplied": (lambda loss, n: int(n * loss * math.log(2)), "do not multiply"),
        "rounded up": (lambda loss, n: math.ceil(n * loss / math.log(2)), "Round down"),
        "rounded": (
            lambda loss, n: min(n, round(n * loss / math.log(2))),
            "Round down",
        ),
        "a hair below": (lambda loss, n: min(n, int(n * loss / math.log(2))), "1e-9"),
        "more than there are": (
            lambda loss, n: int(n * loss / math.log(2) + 1e-9),
            "only 40 samples",
        ),
        "the right ones": (
            lambda loss, n: n - min(n, int(n * loss / math.log(2) + 1e-9)),
            "surely right",
        ),
    },
    "bce": {
        "sign": (lambda p, y: likelihoods(p, y).log().mean(), "errors are not"),
        "sum": (lambda p, y: -likelihoods(p, y).log().sum(), "Take the mean"),
        "none": (
            lambda p, y: -likelihoods(p, y).log(),
            "These are the losses of the samples",
        ),
        "half": (lambda p, y: -(y * p.log()).mean(), "Samples of label 0"),
        "p for all": (lambda p, y: -p.log().mean(), "it is 1 - p that counts"),
        "exchanged": (
            lambda p, y: -likelihoods(1 - p, y).log().mean(),
            "labels are exchanged",
        ),
        "bits": (lambda p, y: -likelihoods(p, y).log2().mean(), "natural logarithm"),
        "log of the mean": (
            lambda p, y: -likelihoods(p, y).mean().log(),
            "First the logarithms",
        ),
        "no logarithm": (
            lambda p, y: (1 - likelihoods(p, y)).mean(),
            "Take the logarithm",
        ),
        "zero": (lambda p, y: 0.0, "for each sample, then the mean"),
    },
    "square_slope": {
        "in the scores": (
            lambda X, y, w: of_square(torch.sigmoid(X @ w), y),
            "slopes in the scores",
        ),
        "in the mean's scores": (
            lambda X, y, w: of_square(torch.sigmoid(X @ w), y) / len(y),
            "slopes in the scores",
        ),
        "a row a sample": (
            lambda X, y, w: of_square(torch.sigmoid(X @ w), y)[:, None] * X,
            "Take the mean of the rows",
        ),
        "sum": (
            lambda X, y, w: of_square(torch.sigmoid(X @ w), y) @ X,
            "Take the mean",
        ),
        "no factor 2": (
            in_weights(lambda p, y: (p - y) * p * (1 - p)),
            "brings a factor 2",
        ),
        "turned": (in_weights(lambda p, y: -of_square(p, y)), "sign is turned"),
        "log-loss": (in_weights(lambda p, y: p - y), "slope of the log-loss"),
        "no bend": (in_weights(lambda p, y: 2 * (p - y)), "has a slope too"),
        "half a bend": (in_weights(lambda p, y: 2 * (p - y) * p), "y_hat (1 - y_hat)"),
        "no sigmoid": (
            lambda X, y, w: 2 * (X @ w - y) @ X / len(y),
            "Where is the sigmoid?",
        ),
        "squared bend": (
            in_weights(lambda p, y: 2 * (p - y) * (p * (1 - p)) ** 2),
            "Chain rule",
        ),
        "X not turned": (
            lambda X, y, w: X @ of_square(torch.sigmoid(X @ w), y) / len(y),
            BROKE,
        ),
    },
    "stable_log_loss": {
        "sum": (lambda z, y: F.softplus(-sign(y) * z).sum(), "Take the mean"),
        "turned": (lambda z, y: F.softplus(sign(y) * z).mean(), "The sign is turned"),
        "negative": (lambda z, y: F.logsigmoid(sign(y) * z).mean(), "not below 0"),
        "through probabilities": (
            lambda z, y: F.binary_cross_entropy(z.sigmoid(), y.float()),
            "Do not go through probabilities",
        ),
        "naive": (
            lambda z, y: torch.log(1 + torch.exp(-sign(y) * z)).mean(),
            "log1p(exp(-|z|))",
        ),
        "a number": (
            lambda z, y: F.softplus(-sign(y) * z).mean().item(),
            "no .item()",
        ),
        "a way back to a copy": (loss_of_a_copy, "no detach()"),
        "a slope of 0 at 0": (
            lambda z, y: (
                torch.clamp(-sign(y) * z, min=0) + torch.log1p(torch.exp(-z.abs()))
            ).mean(),
            "must be a half",
        ),
        "a slope of nan": (unused_branch_overflows, "must not overflow either"),
    },
}
