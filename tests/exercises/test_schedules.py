"""torchbook.exercises.schedules: right answers pass, usual slips get the hint meant for them."""

import math

import torch
from answers import *  # noqa: F403
from torch import nn

from torchbook.exercises import schedules


def wave(done):
    return (1 + math.cos(math.pi * done)) / 2


def warm_cosine(t, total, length):
    if t < length:
        return (t + 1) / length
    return wave((t - length) / (total - length))


def restarts(t, period):
    while t >= period:
        t, period = t - period, 2 * period
    return wave(t / period)


def restarts_by_logarithm(t, period):
    n = (t // period + 1).bit_length() - 1
    return wave((t - period * (2**n - 1)) / (period * 2**n))


def groups(model, lr, share, *, only=lambda layer: True):
    found, rate = [], lr
    for layer in reversed(model):
        if list(layer.parameters()) and only(layer):
            found.append({"params": layer.parameters(), "lr": rate})
            rate *= share
    return found


def groups_by_place(model, lr, share):
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    return [
        {"params": list(layer.parameters()), "lr": lr * share ** (len(layers) - 1 - n)}
        for n, layer in enumerate(layers)
    ]


def rated(rate_of):
    """Groups whose rate is that of a layer's place in the model, counted from either end."""

    def answer(model, lr, share):
        last = len(model) - 1
        return [
            {"params": layer.parameters(), "lr": rate_of(n, last - n, lr, share)}
            for n, layer in enumerate(model)
            if list(layer.parameters())
        ]

    return answer


def two_rates(model, lr, share):
    found = groups(model, lr, share)
    return [found[0], *({**group, "lr": lr * share} for group in found[1:])]


def biases_at_lr(model, lr, share):
    found = []
    for group in groups(model, lr, share):
        weight, bias = group["params"]
        found += [{**group, "params": weight}, {"params": [bias], "lr": 2 * lr}]
    return found


def slower(model, lr, share):
    return [{**group, "lr": group["lr"] * share} for group in groups(model, lr, share)]


def warm(slip):
    return lambda t, total, length: schedules._warm(t, total, length, slip=slip)


def restarted(slip):
    return lambda t, period: schedules._restart(t, period, slip=slip)


RIGHT = {
    "warm_cosine": [warm_cosine],
    "restarts": [restarts, restarts_by_logarithm],
    "layer_groups": [groups, groups_by_place],
}

WRONG = {
    "warm_cosine": {
        **{slip: (warm(slip), told) for slip, told in schedules.WARM_SLIPS.items()},
        "a tensor": (
            lambda t, *rest: torch.tensor(warm_cosine(t, *rest)),
            "wanted a number",
        ),
        "no climb": (lambda t, total, length: wave(t / total), "Climb by 1 / length"),
    },
    "restarts": {
        **{
            slip: (restarted(slip), told)
            for slip, told in schedules.RESTART_SLIPS.items()
        },
        "on and on": (lambda t, period: wave(t / period), "up as well as down"),
        "once": (lambda t, period: wave(min(t / period, 1)), "After the first period"),
        "a tensor": (
            lambda t, period: torch.tensor(restarts(t, period)),
            "wanted a number",
        ),
        "ones": (lambda t, period: 1.0, "Find the period"),
    },
    "layer_groups": {
        "from the front": (
            lambda model, lr, share: [
                {**group, "lr": lr * share**n}
                for n, group in enumerate(reversed(groups(model, lr, share)))
            ],
            "the last layer that gets lr",
        ),
        "all layers counted": (
            rated(lambda n, back, lr, share: lr * share**back),
            "Count only layers with weights",
        ),
        "faster": (
            lambda model, lr, share: groups(model, lr, 1 / share),
            "slower than the last",
        ),
        "one rate": (lambda model, lr, share: groups(model, lr, 1.0), "all the same"),
        "two rates": (two_rates, "a rate of its own"),
        "one too slow": (slower, "gets lr itself"),
        "the last layer alone": (
            lambda model, lr, share: groups(model, lr, share)[:1],
            "Each parameter belongs",
        ),
        "without biases": (
            lambda model, lr, share: [
                {**group, "params": list(group["params"])[:1]}
                for group in groups(model, lr, share)
            ],
            "Each parameter belongs",
        ),
        "biases elsewhere": (biases_at_lr, "The bias of a layer"),
        "no rate": (
            lambda model, lr, share: [{"params": model.parameters()}],
            "does not have both",
        ),
        "a dictionary": (
            lambda model, lr, share: groups(model, lr, share)[0],
            "wanted a list of dictionaries",
        ),
        "odd rates": (
            lambda model, lr, share: groups(model, 2 * lr, share),
            "The last layer gets lr, the one before",
        ),
    },
}
