"""torchbook.exercises.batch_normalization: right answers pass, slips get their hint."""

import copy
import math

import torch
from answers import *  # noqa: F403
from answers import BROKE
from torch import nn


def factor(norm):
    return norm.weight / (norm.running_var + norm.eps).sqrt()


def folded(linear, norm):
    f = factor(norm)
    return f[:, None] * linear.weight, f * (linear.bias - norm.running_mean) + norm.bias


def by_trying(linear, norm):
    """The layers as a function of x: what they give for 0 is the bias."""
    bias = norm(linear(torch.zeros(1, linear.in_features)))[0]
    return (norm(linear(torch.eye(linear.in_features))) - bias).T, bias


def folded_in_place(linear, norm):
    weight, bias = folded(linear, norm)
    linear.weight.data = weight
    return weight, bias


def with_weight(weight):
    return lambda linear, norm: (weight(linear, norm), folded(linear, norm)[1])


def with_bias(bias):
    return lambda linear, norm: (
        folded(linear, norm)[0],
        bias(factor(norm), linear.bias, norm.running_mean, norm.bias),
    )


def count_up(share, momentum):
    t, weight = 0, 1.0
    while weight > share:
        t, weight = t + 1, weight * (1 - momentum)
    return t


KINDS = nn.BatchNorm1d | nn.BatchNorm2d


def frozen(model):
    model.train()
    for module in model.modules():
        if isinstance(module, KINDS):
            module.eval().requires_grad_(False)
    return model


def frozen_by_name(model):
    model.train()
    norms = [
        m for _, m in model.named_modules() if type(m).__name__.startswith("BatchN")
    ]
    for norm in norms:
        norm.training = False
        norm.weight.requires_grad = norm.bias.requires_grad = False
    return model


def only_eval(model):
    model.train()
    for module in model.modules():
        if isinstance(module, KINDS):
            module.eval()
    return model


def only_gradients(model):
    model.train()
    for module in model.modules():
        if isinstance(module, KINDS):
            module.requires_grad_(False)
    return model


def one_level(model):
    model.train()
    for module in model.children():
        if isinstance(module, KINDS):
            module.eval().requires_grad_(False)
    return model


def no_train(model):
    for module in model.modules():
        if isinstance(module, KINDS):
            module.eval().requires_grad_(False)
    return model


def all_parameters(model):
    return frozen(model).requires_grad_(False)


def reset(model):
    for module in frozen(model).modules():
        if isinstance(module, KINDS):
            module.running_mean += 1
    return model


RIGHT = {
    "folded": [folded, by_trying, lambda linear, norm: [*folded(linear, norm)]],
    "batches_until": [
        lambda share, m: math.ceil(math.log(share) / math.log(1 - m)),
        lambda share, m: math.ceil(math.log(share, 1 - m)),
        count_up,
    ],
    "train_with_frozen_norms": [frozen, frozen_by_name],
}

WRONG = {
    "folded": {
        "no gamma": (
            with_weight(
                lambda l, n: l.weight / (n.running_var + n.eps).sqrt()[:, None]
            ),
            "γ, norm.weight, is missing",
        ),
        "no eps": (
            with_weight(
                lambda l, n: (n.weight / n.running_var.sqrt())[:, None] * l.weight
            ),
            "adds eps below the root",
        ),
        "no root": (
            with_weight(
                lambda l, n: (n.weight / (n.running_var + n.eps))[:, None] * l.weight
            ),
            "the root of the variance",
        ),
        "eps outside": (
            with_weight(
                lambda l, n: (
                    (n.weight / (n.running_var.sqrt() + n.eps))[:, None] * l.weight
                )
            ),
            "eps stands below the root",
        ),
        "weight as it is": (with_weight(lambda l, n: l.weight), "its rows is scaled"),
        "columns where they fit": (
            with_weight(
                lambda l, n: (
                    factor(n) * l.weight
                    if l.weight.shape[0] == l.weight.shape[1]
                    else folded(l, n)[0]
                )
            ),
            "row k of the weight",
        ),
        "columns": (with_weight(lambda l, n: factor(n) * l.weight), BROKE),
        "transposed": (
            with_weight(lambda l, n: folded(l, n)[0].T),
            "gave shape (2, 4)",
        ),
        "no mean": (
            with_bias(lambda f, b, m, beta: f * b + beta),
            "before it is scaled",
        ),
        "no beta": (with_bias(lambda f, b, m, beta: f * (b - m)), "β, norm.bias"),
        "no bias": (with_bias(lambda f, b, m, beta: beta - f * m), "layer is missing"),
        "bias not scaled": (
            with_bias(lambda f, b, m, beta: b - f * m + beta),
            "is scaled, too",
        ),
        "beta scaled": (
            with_bias(lambda f, b, m, beta: f * (b - m + beta)),
            "added last",
        ),
        "mean not scaled": (
            with_bias(lambda f, b, m, beta: f * b - m + beta),
            "before it is scaled",
        ),
        "a single tensor": (lambda l, n: folded(l, n)[0][0, 0], "Return a pair"),
        "in place": (folded_in_place, "changed a layer"),
    },
    "batches_until": {
        "rounded down": (
            lambda share, m: int(math.log(share) / math.log(1 - m)),
            "Round up",
        ),
        "one too many": (lambda share, m: count_up(share, m) + 1, "One batch fewer"),
        "not rounded": (
            lambda share, m: math.log(share) / math.log(1 - m),
            "Batches are whole",
        ),
        "momentum kept": (
            lambda share, m: math.ceil(math.log(share) / math.log(m)),
            "keeps 1 - momentum",
        ),
        "the window": (lambda share, m: round(2 / m), "(1 - momentum) ** t"),
    },
    "train_with_frozen_norms": {
        "only eval": (only_eval, "stops γ and β"),
        "only gradients": (only_gradients, "running statistics would move"),
        "one level": (one_level, "modules() finds"),
        "train after": (lambda model: frozen(model).train(), "after train()"),
        "no train": (no_train, "train() on the model first"),
        "all in eval": (lambda model: frozen(model).eval(), "normalizations alone"),
        "all parameters": (all_parameters, "of the normalizations alone"),
        "a copy": (lambda model: frozen(copy.deepcopy(model)), "Return the model"),
        "nothing but a flag": (lambda model: frozen(model).training, "gave True"),
        "numbers changed": (reset, "Only modes and requires_grad"),
    },
}
