"""torchbook.exercises.dropout: right answers pass, usual slips get the hint for them."""

import torch
from answers import *  # noqa: F403
from answers import BROKE
from torch import nn


def masked(X, p, *shape, scale=None):
    keep = torch.rand(*shape) >= p
    return X * keep * (1 / (1 - p) if scale is None else scale)


def in_place(X, p):
    X *= torch.rand(len(X), X.shape[1], 1, 1) >= p
    return X / (1 - p)


def fixed_number(X, p):
    order = torch.rand(X.shape[:2]).argsort(dim=1)
    keep = order >= round(p * X.shape[1])
    return X * keep[:, :, None, None] * (1 / (1 - p))


def woken(model, find=lambda m: m.modules(), kind=nn.Dropout, sleep=True):
    if sleep:
        model.eval()
    for module in find(model):
        if isinstance(module, kind):
            module.train()
    return model


RIGHT = {
    "channel_dropout": [
        lambda X, p: masked(X, p, len(X), X.shape[1], 1, 1),
        lambda X, p: nn.functional.dropout2d(X, p),
    ],
    "wake_dropout": [
        woken,
        lambda model: model.eval().apply(
            lambda m: setattr(m, "training", type(m) is nn.Dropout)
        ),
    ],
    "dropout_price": [
        lambda x, w, p: p / (1 - p) * (w * x).square().sum(),
        lambda x, w, p: (w**2 @ x**2).item() * p / (1 - p),
    ],
}

WRONG = {
    "channel_dropout": {
        "each pixel": (lambda X, p: masked(X, p, *X.shape), "(N, C, 1, 1)"),
        "not divided": (
            lambda X, p: masked(X, p, len(X), X.shape[1], 1, 1, scale=1.0),
            "has to be divided",
        ),
        "multiplied": (
            lambda X, p: masked(X, p, len(X), X.shape[1], 1, 1, scale=1 - p),
            "do not multiply",
        ),
        "by p": (
            lambda X, p: masked(X, p, len(X), X.shape[1], 1, 1, scale=1 / p),
            "not of being dropped",
        ),
        "wrong way round": (
            lambda X, p: X * (torch.rand(len(X), X.shape[1], 1, 1) < p) / (1 - p),
            "the right way round",
        ),
        "one mask": (
            lambda X, p: masked(X, p, 1, X.shape[1], 1, 1),
            "for each sample and each channel",
        ),
        "whole samples": (
            lambda X, p: masked(X, p, len(X), 1, 1, 1),
            "for each sample and each channel",
        ),
        "fixed number": (fixed_number, "no fixed number"),
        "mask alone": (
            lambda X, p: (torch.rand(len(X), X.shape[1], 1, 1) >= p) / (1 - p),
            "times X",
        ),
        "two dimensions": (lambda X, p: masked(X, p, *X.shape[:2]), BROKE),
        "in place": (in_place, "Make a new tensor"),
        "everything dropped": (lambda X, p: 0 * X, "Divide what is kept"),
    },
    "wake_dropout": {
        "train": (lambda model: model.train(), "First model.eval()"),
        "eval": (lambda model: model.eval(), "modules() also finds"),
        "children": (
            lambda model: woken(model, lambda m: m.children()),
            "modules() also finds",
        ),
        "no eval": (lambda model: woken(model, sleep=False), "First model.eval()"),
        "all kinds": (
            lambda model: woken(model, kind=(nn.Dropout, nn.Dropout1d)),
            "on the dropout layers alone",
        ),
        "a copy": (lambda model: nn.Sequential(*woken(model)), "return model"),
    },
    "dropout_price": {
        "p": (lambda x, w, p: p * (w * x).square().sum(), "made larger"),
        "no division": (
            lambda x, w, p: p * (1 - p) * (w * x).square().sum(),
            "without the division",
        ),
        "square of the sum": (
            lambda x, w, p: p / (1 - p) * (w @ x) ** 2,
            "not the sum",
        ),
        "weights alone": (
            lambda x, w, p: p / (1 - p) * w.square().sum(),
            "inputs count",
        ),
        "no squares": (lambda x, w, p: p / (1 - p) * (w @ x), "have squares"),
        "divided twice": (
            lambda x, w, p: p / (1 - p) ** 2 * (w * x).square().sum(),
            "The toss has",
        ),
        "turned round": (
            lambda x, w, p: (1 - p) / p * (w * x).square().sum(),
            "wrong way round",
        ),
        "terms": (lambda x, w, p: p / (1 - p) * (w * x) ** 2, "Add up"),
        "nothing": (lambda x, w, p: 0.0, "The variance of x̃"),
    },
}
