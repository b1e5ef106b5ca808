"""torchbook.exercises.likelihood: right answers pass, usual slips get the hint meant for them."""

import math

import torch
import torch.nn.functional as F
from answers import *  # noqa: F403
from answers import BROKE
from torch import nn

LOSSES = [nn.L1Loss, nn.BCEWithLogitsLoss, nn.NLLLoss, nn.CosineEmbeddingLoss]


def answers(place, loss):
    """The right losses, but for the one at that place."""
    return (*LOSSES[:place], loss, *LOSSES[place + 1 :])


def one_hot_by_hand(y, classes):
    Y = torch.zeros(len(y), classes)
    Y[torch.arange(len(y)), y] = 1
    return Y


def one_hot_in_columns(y, classes):
    return one_hot_by_hand(y, classes).T


def one_hot_by_label(y, classes):
    return one_hot_by_hand(y, classes) * y[:, None]


def log_sum_exp(z, largest=lambda z: z.amax(dim=1)):
    """The logarithms (N,), with largest(z), (N,) or (), taken out and put back."""
    top = largest(z)
    return top + torch.exp((z.T - top).T).sum(dim=1).log()


def true_entries(z, y):
    return z[torch.arange(len(y)), y]


def weights_by_loop(y, classes):
    counts = [int((y == c).sum()) for c in range(classes)]
    return [len(y) / (classes * n) if n else 0.0 for n in counts]


def counts_of(y, classes):
    return torch.bincount(y, minlength=classes).float()


def kl(p, q, keep=lambda p, q: p > 0):
    p, q = p[keep(p, q)], q[keep(p, q)]
    return (p * (p / q).log()).sum()


RIGHT = {
    "one_hot": [
        one_hot_by_hand,
        lambda y, classes: torch.eye(classes)[y],
        lambda y, classes: y[:, None] == torch.arange(classes),
        lambda y, classes: [[int(k == c) for c in range(classes)] for k in y.tolist()],
    ],
    "log_sum_exp": [
        log_sum_exp,
        lambda z: log_sum_exp(z.double()).tolist(),
        lambda z: -z.log_softmax(1)[:, 0] + z[:, 0],
    ],
    "centered_logits": [
        lambda p: p.log() - p.log().mean(dim=1, keepdim=True),
        lambda p: torch.stack([(r / r.log().mean().exp()).log() for r in p]),
    ],
    "cross_entropy_of_logits": [
        lambda z, y: (torch.logsumexp(z, dim=1) - true_entries(z, y)).mean(),
        lambda z, y: -z.log_softmax(1).gather(1, y[:, None]).mean(),
        lambda z, y: F.cross_entropy(z, y).item(),
    ],
    "divergence": [
        kl,
        lambda p, q: torch.xlogy(p, p).sum() - torch.xlogy(p, q).sum(),
        lambda p, q: sum(
            a * math.log(a / b) if b else math.inf
            for a, b in zip(p, q, strict=True)
            if a
        ),
    ],
    "which_loss": [
        tuple(LOSSES),
        tuple(loss() for loss in LOSSES),
        (
            nn.HuberLoss(),
            F.binary_cross_entropy_with_logits,
            F.nll_loss,
            F.cosine_embedding_loss,
        ),
        ("nn.SmoothL1Loss", "BCEWithLogitsLoss", "F.nll_loss", "cosine_embedding_loss"),
        answers(1, nn.MultiLabelSoftMarginLoss),
    ],
    "balanced_weights": [
        weights_by_loop,
        lambda y, classes: torch.nan_to_num(
            len(y) / (classes * counts_of(y, classes)), posinf=0.0
        ),
    ],
}

WRONG = {
    "one_hot": {
        "columns": (one_hot_in_columns, "A row for each label"),
        "the label as entry": (one_hot_by_label, "The entry is 1"),
        "turned round": (lambda y, c: 1 - one_hot_by_hand(y, c), "changed places"),
        "from 1": (lambda y, c: one_hot_by_hand((y + 1) % c, c), "count from 0"),
        "backwards": (lambda y, c: one_hot_by_hand(c - 1 - y, c), "first column"),
        "classes forgotten": (
            lambda y, c: one_hot_by_hand(y, int(y.max()) + 1),
            "As many columns as classes",
        ),
        "labels in a row": (lambda y, c: y, "A row for each label"),
        "one row": (lambda y, c: one_hot_by_hand(y, c).sum(0), "A row for each label"),
        "nothing": (lambda y, c: print(end=""), "gave back nothing"),
        "eye of y": (lambda y, c: torch.eye(y), BROKE),
    },
    "log_sum_exp": {
        "maximum lost": (
            lambda z: log_sum_exp(z) - z.amax(dim=1),
            "Now put it back",
        ),
        "maximum subtracted twice": (
            lambda z: log_sum_exp(z) - 2 * z.amax(dim=1),
            "Add the maximum",
        ),
        "a column": (lambda z: log_sum_exp(z)[:, None], "shape (N,)"),
        "columns": (lambda z: log_sum_exp(z.T), "along a row"),
        "one sum": (lambda z: z.exp().sum().log(), "Each row has a sum"),
        "no logarithm": (lambda z: z.exp().sum(1), "Take the logarithm"),
        "no exponential": (lambda z: z.sum(1), "First the exponentials"),
        "mean": (lambda z: z.exp().mean(1).log(), "not the mean"),
        "bits": (lambda z: z.exp().sum(1).log2(), "natural logarithm"),
        "sum of logarithms": (lambda z: z.exp().log().sum(1), "First the exponentials"),
        "overflow": (
            lambda z: z.exp().sum(1).log(),
            "Subtract from each row its own largest",
        ),
        "overflow in float64": (
            lambda z: z.double().exp().sum(1).log(),
            "Subtract from each row its own largest",
        ),
        "largest only above zero": (
            lambda z: log_sum_exp(z, lambda z: z.amax(1).relu()),
            "Subtract from each row its own largest",
        ),
        "the largest of all": (
            lambda z: log_sum_exp(z, torch.max),
            "Subtract from each row its own largest",
        ),
        "clamped": (
            lambda z: z.clamp(-80, 80).exp().sum(1).log(),
            "Subtract from each row its own largest",
        ),
        "the maximum alone": (lambda z: z.amax(1), "exp of each score"),
        "no keepdim": (lambda z: (z - z.amax(1)).exp().sum(1).log(), BROKE),
        "powers of 2": (lambda z: (2**z).sum(1).log(), "exp of each score"),
    },
    "centered_logits": {
        "not moved": (lambda p: p.log(), "do not add up to 0"),
        "largest at 0": (
            lambda p: (p / p.amax(1, keepdim=True)).log(),
            "Subtract the mean of the row",
        ),
        "one mean": (lambda p: p.log() - p.log().mean(), "mean of its own"),
        "columns": (lambda p: p.log() - p.log().mean(0), "runs along a row"),
        "sum": (lambda p: p.log() - p.log().sum(1, keepdim=True), "not the sum"),
        "no logarithm": (lambda p: p - p.mean(1, keepdim=True), "logarithms first"),
        "log-odds": (lambda p: torch.logit(p), "undoes the sigmoid"),
        "exponentials": (lambda p: p.exp(), "log(probs) gives them back"),
        "one number": (lambda p: p.log().mean(), "log(probs) gives them back"),
    },
    "cross_entropy_of_logits": {
        "sign": (lambda z, y: -F.cross_entropy(z, y), "The sign"),
        "sum": (lambda z, y: F.cross_entropy(z, y, reduction="sum"), "This is the sum"),
        "each": (
            lambda z, y: F.cross_entropy(z, y, reduction="none"),
            "one loss for each sample",
        ),
        "nll of logits": (lambda z, y: F.nll_loss(z, y), "logarithm of the sum"),
        "no logarithm": (
            lambda z, y: F.nll_loss(z.softmax(1), y),
            "Take the logarithm",
        ),
        "columns": (lambda z, y: F.nll_loss(z.log_softmax(0), y), "dim=1"),
        "softmax twice": (
            lambda z, y: F.cross_entropy(z.softmax(1), y),
            "minus the score of its true class",
        ),
        "columns picked": (
            lambda z, y: (z.logsumexp(1)[:, None] - z[:, y]).mean(),
            "Pick one entry a row",
        ),
        "bits": (lambda z, y: F.cross_entropy(z, y) / math.log(2), "natural logarithm"),
        "overflow": (
            lambda z, y: (z.exp().sum(1).log() - true_entries(z, y)).mean(),
            "Use logsumexp",
        ),
        "log of softmax": (
            lambda z, y: -true_entries(z.softmax(1).log(), y).mean(),
            "Use logsumexp",
        ),
        "y is no index": (lambda z, y: z[y.float()], BROKE),
    },
    "divergence": {
        "sign": (lambda p, q: -kl(p, q), "The sign"),
        "cross-entropy": (
            lambda p, q: -torch.xlogy(p, q).sum(),
            "Leave out the entropy",
        ),
        "entropy": (lambda p, q: -torch.xlogy(p, p).sum(), "entropy of p"),
        "turned round": (lambda p, q: kl(q, p), "changed places"),
        "bits": (lambda p, q: kl(p, q) / math.log(2), "natural logarithm"),
        "mean": (lambda p, q: kl(p, q) / len(p), "Sum over the classes"),
        "zeros": (
            lambda p, q: (p * (p / q).log()).sum(),
            "leave out classes with p = 0",
        ),
        "both left out": (
            lambda p, q: kl(p, q, lambda p, q: (p > 0) & (q > 0)),
            "costs infinity",
        ),
        "a little added": (
            lambda p, q: kl(p, q + 1e-9),
            "costs infinity",
        ),
        "distance": (lambda p, q: (p - q).abs().sum(), "the logarithm of p / q"),
        "each": (lambda p, q: p * (p / q).log(), "Then the sum"),
    },
    "which_loss": {
        "squares": (answers(0, nn.MSELoss), "would decide everything"),
        "classes for prices": (answers(0, nn.CrossEntropyLoss), "outliers"),
        "one tag wins": (answers(1, nn.CrossEntropyLoss), "lets one class win"),
        "one tag wins, nll": (answers(1, nn.NLLLoss()), "lets one class win"),
        "scores as probabilities": (answers(1, nn.BCELoss), "wants probabilities"),
        "its function": (answers(1, F.binary_cross_entropy), "wants probabilities"),
        "softmax twice": (answers(2, F.cross_entropy), "a second time"),
        "numbers for classes": (answers(2, "nn.MSELoss"), "one class of ten"),
        "distances": (answers(3, nn.HingeEmbeddingLoss), "loud is far from soft"),
        "lengths": (answers(3, nn.MSELoss), "only the direction counts"),
        "no loss": (answers(0, 3), "outliers"),
    },
    "balanced_weights": {
        "shares": (lambda y, c: counts_of(y, c) / len(y), "These are the shares"),
        "upside down": (lambda y, c: c * counts_of(y, c) / len(y), "turned round"),
        "one over counts": (
            lambda y, c: 1 / counts_of(y, c).clamp(min=1),
            "Multiply by N / C",
        ),
        "no classes": (
            lambda y, c: len(y) / counts_of(y, c).clamp(min=1),
            "Divide by the number of classes",
        ),
        "adding up to 1": (
            lambda y, c: F.normalize(1 / counts_of(y, c), p=1, dim=0),
            "These add up to 1",
        ),
        "infinite": (
            lambda y, c: len(y) / (c * counts_of(y, c)),
            "gets the weight 0",
        ),
        "an empty class counts": (
            lambda y, c: len(y) / (c * counts_of(y, c).clamp(min=1)),
            "gets the weight 0",
        ),
        "too short": (
            lambda y, c: len(y) / (c * torch.bincount(y)).clamp(min=1),
            "no label names has one too",
        ),
        "a weight for each sample": (
            lambda y, c: (len(y) / (c * counts_of(y, c)))[y],
            "over classes times those",
        ),
    },
}
