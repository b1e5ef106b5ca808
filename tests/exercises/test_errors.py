"""torchbook.exercises.errors: right answers pass, usual slips get the hint meant for them."""

import math

import torch
import torch.nn.functional as F
from answers import *  # noqa: F403


def sign(y):
    return 2 * y - 1


def likelihoods(p, y):
    return torch.where(y == 1, p, 1 - p)


def two_slopes(scale=2.0):
    def slopes(z, y):
        y_hat = torch.sigmoid(z)
        return y_hat - y, scale * (y_hat - y) * y_hat * (1 - y_hat)

    return slopes


def slopes_by_autograd(z, y):
    found = []
    for loss in (F.binary_cross_entropy, F.mse_loss):
        v = z.clone().requires_grad_()
        value = loss(torch.sigmoid(v), y.float(), reduction="sum")
        found.append(torch.autograd.grad(value, v)[0])
    return found


def unused_branch_overflows(z, y):
    v = -sign(y) * z
    return torch.where(
        v > 0, v + torch.log1p(torch.exp(-v)), torch.log1p(v.exp())
    ).mean()


def bits_of_probabilities(z, y):
    p = torch.sigmoid(z)
    return -(y * p.log2() + (1 - y) * (1 - p).log2()).mean()


def bits_in_place(z, y):
    y[y == 0] = -1
    return F.softplus(-y * z).mean() / math.log(2)


def slopes_on_the_given(z, y):
    z.requires_grad_()
    F.binary_cross_entropy_with_logits(z, y.float(), reduction="sum").backward()
    return z.grad, two_slopes()(z.detach(), y)[1]


def loss_of_a_copy(z, y):
    return F.softplus(-sign(y) * z.detach().clone().requires_grad_()).mean()


RIGHT = {
    "room": [
        lambda z: z.abs().min(),
        lambda z: min(abs(v) for v in z.tolist()),
        lambda z: torch.sort(z.abs()).values[0],
    ],
    "bits": [
        lambda z, y: F.softplus(-sign(y) * z).mean() / math.log(2),
        lambda z, y: (
            F.binary_cross_entropy_with_logits(z, y.float()).item() / math.log(2)
        ),
        bits_in_place,
    ],
    "bce": [
        lambda p, y: -(y * p.log() + (1 - y) * (1 - p).log()).mean(),
        lambda p, y: -likelihoods(p, y).log().mean(),
        lambda p, y: F.binary_cross_entropy(p, y.float()).item(),
    ],
    "score_slopes": [two_slopes(), slopes_by_autograd, slopes_on_the_given],
    "stable_log_loss": [
        lambda z, y: F.softplus(-sign(y) * z).mean(),
        lambda z, y: torch.logaddexp(torch.zeros(4), -sign(y) * z).mean(),
        lambda z, y: (
            torch.clamp(-sign(y) * z, min=0) + torch.log1p(torch.exp(-z.abs()))
        ).mean(),
        lambda z, y: -F.logsigmoid(sign(y) * z).mean(),
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
    "bits": {
        "nats": (lambda z, y: F.softplus(-sign(y) * z).mean(), "Divide by log 2."),
        "multiplied": (
            lambda z, y: F.softplus(-sign(y) * z).mean() * math.log(2),
            "do not multiply",
        ),
        "the sum": (
            lambda z, y: F.softplus(-sign(y) * z).sum() / math.log(2),
            "Take the mean",
        ),
        "no mean": (
            lambda z, y: F.softplus(-sign(y) * z) / math.log(2),
            "Take the mean over the samples",
        ),
        "turned": (
            lambda z, y: F.softplus(sign(y) * z).mean() / math.log(2),
            "The sign is turned",
        ),
        "labels for signs": (
            lambda z, y: F.softplus(-y * z).mean() / math.log(2),
            "in place of s = -1",
        ),
        "overflow": (
            lambda z, y: torch.log2(1 + torch.exp(-sign(y) * z)).mean(),
            "exp of a large score overflows",
        ),
        "not a number": (bits_of_probabilities, "exp of a large score overflows"),
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
    "score_slopes": {
        "one": (lambda z, y: two_slopes()(z, y)[0], "Return two tensors"),
        "turned": (
            lambda z, y: tuple(-v for v in two_slopes()(z, y)),
            "the loss falls as the score rises",
        ),
        "exchanged": (
            lambda z, y: two_slopes()(z, y)[::-1],
            "The log-loss is first",
        ),
        "exchanged, without the 2": (
            lambda z, y: two_slopes(1.0)(z, y)[::-1],
            "cancels in the log-loss",
        ),
        "divided": (
            lambda z, y: tuple(v / len(z) for v in two_slopes()(z, y)),
            "do not divide by N",
        ),
        "no label": (
            lambda z, y: (z.sigmoid(), two_slopes()(z, y)[1]),
            "Subtract the label",
        ),
        "no sigmoid": (lambda z, y: (z - y, z - y), "through the sigmoid"),
        "no factor 2": (two_slopes(1.0), "brings a factor 2"),
        "square turned": (two_slopes(-2.0), "What is the slope for the log-loss"),
        "no bend": (
            lambda z, y: (z.sigmoid() - y, 2 * (z.sigmoid() - y)),
            "its slope is a factor",
        ),
        "half a bend": (
            lambda z, y: (z.sigmoid() - y, 2 * (z.sigmoid() - y) * z.sigmoid()),
            "y_hat (1 - y_hat)",
        ),
        "twice": (lambda z, y: (z.sigmoid() - y,) * 2, "log-loss again"),
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
        "a slope of nan": (unused_branch_overflows, "must not overflow either"),
    },
}
