"""torchbook.exercises.initialization: right answers pass, usual slips get their hint."""

import torch
from answers import *  # noqa: F403
from answers import BROKE
from torch import nn


def square(g):
    u = torch.linspace(-8, 8, 10_001)
    bell = torch.exp(-(u**2) / 2)
    return (g(u) ** 2 * bell).sum() / bell.sum()


def by_chance(g, D):
    return 1 / (D * (g(torch.randn(1_000_000)) ** 2).mean())


def as_variance(g, D):
    return 1 / (D * g(torch.randn(1_000_000)).var())


def linear(model):
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def he(fill, *, bias=True, layers=linear):
    """An answer that fills the weights of some layers, and their biases with zeros."""

    def he_everywhere(model):
        for module in layers(model):
            fill(module.weight)
            if bias and module.bias is not None:
                nn.init.zeros_(module.bias)
        return model

    return he_everywhere


def normal(variance):
    """Weights from a bell curve, its variance a function of D and K."""
    return lambda W: nn.init.normal_(W, std=variance(W.shape[1], W.shape[0]) ** 0.5)


def by_apply(model):
    return model.apply(
        lambda m: (
            he(normal(lambda D, K: 2 / D))(m) if isinstance(m, nn.Linear) else None
        )
    )


def all_weights(model):
    """Every matrix, an embedding's too."""
    he(normal(lambda D, K: 2 / D))(model)
    for p in model.parameters():
        if p.ndim == 2:
            nn.init.normal_(p, std=(2 / p.shape[1]) ** 0.5)
    return model


def nothing_back(model):
    he(normal(lambda D, K: 2 / D))(model)
    return linear(model)


def children(model):
    return [module for module in model.children() if isinstance(module, nn.Linear)]


def no_bias_asked(model):
    for module in linear(model):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)
    return model


kaiming = nn.init.kaiming_normal_

RIGHT = {
    "spread": [
        lambda D, v, layers: (D * v) ** (layers / 2),
        lambda D, v, layers: torch.tensor(D * v).sqrt() ** layers,
    ],
    "variance_for": [lambda g, D: 1 / (D * square(g)), by_chance],
    "he_everywhere": [
        he(lambda W: kaiming(W, nonlinearity="relu")),
        by_apply,
    ],
}

WRONG = {
    "spread": {
        "mean square": (lambda D, v, layers: (D * v) ** layers, "Take the root"),
        "one layer": (lambda D, v, layers: (D * v) ** 0.5, "Each multiplies again"),
        "no D": (lambda D, v, layers: v ** (layers / 2), "adds up D products"),
        "a product": (lambda D, v, layers: D * v * layers, "a power, not a product"),
        "v squared": (
            lambda D, v, layers: (D * v**2) ** (layers / 2),
            "variance already",
        ),
        "a guess": (lambda D, v, layers: 1.0, "mean square by D v"),
    },
    "variance_for": {
        "one over D": (lambda g, D: 1 / D, "as it is"),
        "no D": (lambda g, D: 1 / square(g), "Divide by D"),
        "turned round": (lambda g, D: square(g) / D, "have to be larger"),
        "width": (lambda g, D: (D * square(g)) ** -0.5, "That is the width"),
        "He's": (lambda g, D: 2 / D, "Measure what g leaves"),
        "variance": (as_variance, "without its mean taken off"),
        "a table": (lambda g, D: g(torch.ones(3)) / D, "over a bell curve"),
        "of a number": (lambda g, D: g(1.0) / D, BROKE),
    },
    "he_everywhere": {
        "children": (
            he(normal(lambda D, K: 2 / D), layers=children),
            "all the way down",
        ),
        "fan-out": (he(normal(lambda D, K: 2 / K)), "the second dimension"),
        "Xavier": (he(nn.init.xavier_normal_), "Xavier's rule"),
        "no two": (he(normal(lambda D, K: 1 / D)), "takes half away"),
        "torch's": (he(lambda W: nn.init.kaiming_uniform_(W, a=5**0.5)), "own start"),
        "variance for width": (
            he(lambda W: nn.init.normal_(W, std=2 / W.shape[1])),
            "wants its root",
        ),
        "uniform": (
            he(lambda W: nn.init.kaiming_uniform_(W, nonlinearity="relu")),
            "A bell curve",
        ),
        "not centered": (
            he(lambda W: nn.init.normal_(W, 1.0, (2 / W.shape[1]) ** 0.5)),
            "The mean is 0",
        ),
        "biases left": (he(normal(lambda D, K: 2 / D), bias=False), "zeros_"),
        "every matrix": (all_weights, "Only nn.Linear"),
        "a list": (nothing_back, "wanted the model"),
        "no bias to fill": (no_bias_asked, BROKE),
    },
}
