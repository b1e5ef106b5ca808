"""Checks for the exercises on rates that change with time, and from layer to layer, in part 7."""

import math

import torch
from torch import nn

from torchbook.exercises import Case, compare_entries, exercise, show


def _cosine(done: float) -> float:
    return (1 + math.cos(math.pi * done)) / 2


def _warm(t: int, total: int, length: int, *, slip: str = "") -> float:
    up = t / length if slip == "late" else (t + 1) / length
    if slip == "product":
        return min(up, 1) * _cosine(t / total)
    if t < length:
        return up
    if slip == "whole":
        return _cosine(t / total)
    if slip == "early":
        return _cosine((t - length + 1) / (total - length))
    if slip == "length":
        return _cosine((t - length) / total)
    done = (t - length) / (total - length)
    return 1 - done if slip == "line" else _cosine(done)


WARM_SLIPS = {
    "late": "Step 0 should not be lost: the rate there is 1 / length, not 0.",
    "product": "The wave begins where the climb ends, at 1, not at step 0.",
    "whole": "The wave begins where the climb ends: count its steps from there.",
    "early": "At step `length` the wave has its first step, and is still 1.",
    "length": "The wave has total - length steps to come down.",
    "line": "That falls on a straight line. Use half a wave of the cosine.",
}


@exercise("warm_cosine")
def check_warm_cosine(warm_cosine):
    """Short and long climbs, and one of a single step."""
    for total, length in ((20, 5), (10, 1), (12, 6)):
        got = [warm_cosine(t, total, length) for t in range(total)]
        want = torch.tensor([_warm(t, total, length) for t in range(total)])
        usual = []
        for slip, told in WARM_SLIPS.items():
            wrong = [_warm(t, total, length, slip=slip) for t in range(total)]
            usual.append((torch.tensor(wrong), told))
        otherwise = "Climb by 1 / length a step, then half a wave of what is left."
        call = f"warm_cosine(t, {total}, {length}) for t = 0, 1, …"
        yield _numbers(call, got)
        yield compare_entries(call, got, want, usual, otherwise)


def _restart(t: int, period: int, *, slip: str = "") -> float:
    length = period
    while t >= length:
        t -= length
        length = length + period if slip == "added" else 2 * length
        length = period if slip == "same" else length
    if slip == "first":
        return _cosine(t / period)
    if slip == "line":
        return 1 - t / length
    return _cosine((t + 1) / length) if slip == "early" else _cosine(t / length)


RESTART_SLIPS = {
    "same": "Each period is twice as long as the one before.",
    "added": "The periods double: 1, 2, 4, 8 times the first, not 1, 2, 3, 4.",
    "first": "A later wave is longer: divide by the length of its own period.",
    "early": "The first step of each period has the factor 1.",
    "line": "That falls on a straight line. Use half a wave of the cosine.",
}


@exercise("restarts")
def check_restarts(restarts):
    """Several periods, long and short, and steps far out."""
    for period, steps in ((10, 30), (4, 60), (1, 15)):
        got = [restarts(t, period) for t in range(steps)]
        want = torch.tensor([_restart(t, period) for t in range(steps)])
        usual = [
            (torch.tensor([_cosine(t / period) for t in range(steps)]),
             "This wave goes on and on, up as well as down. Begin again at the top."),
            (torch.tensor([_cosine(min(t / period, 1)) for t in range(steps)]),
             "After the first period it begins again, at the top."),
        ]  # fmt: skip
        for slip, told in RESTART_SLIPS.items():
            wrong = [_restart(t, period, slip=slip) for t in range(steps)]
            usual.append((torch.tensor(wrong), told))
        otherwise = "Find the period that the step is in, and how far into it."
        call = f"restarts(t, {period}) for t = 0, 1, …"
        yield _numbers(call, got)
        yield compare_entries(call, got, want, usual, otherwise)


def _numbers(call: str, got: list) -> Case:
    odd = next((value for value in got if not isinstance(value, int | float)), None)
    what = f"{call}: it gave {show(odd)}, wanted a number."
    return Case(what, odd is None, "math.cos gives a number; return one for each t.")


@exercise("layer_groups")
def check_layer_groups(layer_groups):
    """Networks with and without layers that have nothing to train, and a single layer."""
    for model, lr, share in (
        (nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)), 0.1, 0.5),
        (_deep(), 0.01, 0.1),
        (nn.Sequential(nn.Flatten(), nn.Linear(4, 2), nn.Sigmoid()), 0.3, 0.2),
    ):
        groups = layer_groups(model, lr, share)
        yield Case(
            f"layer_groups gave {show(groups)[:60]}, wanted a list of dictionaries.",
            isinstance(groups, list) and all(isinstance(g, dict) for g in groups),
            'A group is {"params": …, "lr": …}; an optimizer takes a list of them.',
        )
        yield Case(
            "a group does not have both of its entries.",
            all({"params", "lr"} <= group.keys() for group in groups),
            'A group is {"params": …, "lr": …}.',
        )
        rates = {}
        for group in groups:
            rates |= {p: group["lr"] for p in _listed(group)}
        listed = sum(len(_listed(group)) for group in groups)
        yield Case(
            f"the groups hold {listed} parameters, {len(rates)} of them different; "
            f"wanted each of the model's {len(list(model.parameters()))} once.",
            rates.keys() == set(model.parameters()) and listed == len(rates),
            "Each parameter belongs into one group, weights and biases too.",
        )
        yield _rates_fit(model, rates, lr, share)


def _deep() -> nn.Module:
    layers = [nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 2)]
    return nn.Sequential(*layers)


def _listed(group: dict) -> list:
    """The parameters of a group; what model.parameters() gives can be read once only."""
    params = group["params"]
    group["params"] = [params] if isinstance(params, torch.Tensor) else list(params)
    return group["params"]


def _rates_fit(model: nn.Sequential, rates: dict, lr: float, share: float) -> Case:
    """A case that holds when each layer's rate is `share` of that of the next one."""
    layers = [layer for layer in model if list(layer.parameters())]
    places = [n for n, layer in enumerate(model) if list(layer.parameters())]
    got = [rates[layer.weight] for layer in layers]
    back, whole = range(len(layers) - 1, -1, -1), len(model) - 1
    told = "The last layer gets lr, the one before it lr * share, and so on."
    for wrong, text in (
        ([lr * share**n for n in reversed(back)], "It is the last layer that gets lr."),
        (
            [lr * share ** (whole - n) for n in places],
            "Count only layers with weights.",
        ),
        ([lr / share**n for n in back], "Early layers are to be slower than the last."),
        ([lr] * len(layers), "These are all the same rate."),
        ([*[lr * share] * (len(layers) - 1), lr], "Each layer has a rate of its own."),
        ([lr * share ** (n + 1) for n in back], "The last layer gets lr itself."),
    ):
        told = text if len(layers) > 1 and _same(got, wrong) else told
    want = [lr * share**n for n in back]
    what = f"the rates from the first layer on are {show(got)}, wanted {show(want)}."
    same_bias = all(rates[layer.bias] == rates[layer.weight] for layer in layers)
    told = told if same_bias else "The bias of a layer has the rate of its weights."
    return Case(what, _same(got, want) and same_bias, told)


def _same(a: list[float], b: list[float]) -> bool:
    return all(math.isclose(x, y, rel_tol=1e-6) for x, y in zip(a, b, strict=True))
