"""torchbook.exercises.adaptive: right answers pass, usual slips get the hint meant for them."""

import torch
from answers import *  # noqa: F403

from torchbook.exercises import adaptive


def adagrad_by_loop(slopes, lr):
    rates, total = [], 0.0
    for slope in slopes.tolist():
        total += slope**2
        rates.append(lr / total**0.5)
    return torch.tensor(rates)


def decayed_by_loop(w, rates, strength):
    for lr in rates:
        w = w - lr * strength * w
    return w


def decayed_in_place(w, rates, strength):
    for lr in rates:
        w *= 1 - lr * strength
    return w


def decayed_by_torch(w, rates, strength):
    weight = w.clone().requires_grad_()
    weight.grad = torch.zeros_like(w)
    optimizer = torch.optim.AdamW([weight], lr=1.0, weight_decay=strength)
    for lr in rates.tolist():
        optimizer.param_groups[0]["lr"] = lr
        optimizer.step()
    return weight.detach()


def adamax(w, g, m, s, t, lr):
    m = 0.9 * m + 0.1 * g
    s = torch.maximum(0.999 * s, g.abs())
    return w - lr / (1 - 0.9**t) * m / s, m, s


def adamax_by_where(w, g, m, s, t, lr):
    m = m + 0.1 * (g - m)
    s = torch.where(0.999 * s > g.abs(), 0.999 * s, g.abs())
    return w - lr * (m / (1 - 0.9**t)) / s, m, s


def adamax_in_place(w, g, m, s, t, lr):
    m *= 0.9
    m += 0.1 * g
    s = torch.maximum(0.999 * s, g.abs())
    return w - lr / (1 - 0.9**t) * m / s, m, s


def slipped(slip):
    return lambda w, g, m, s, t, lr: adaptive._adamax(w, g, m, s, t, lr, slip=slip)


RIGHT = {
    "adagrad_rates": [
        lambda slopes, lr: lr / slopes.square().cumsum(0).sqrt(),
        adagrad_by_loop,
    ],
    "decayed": [
        lambda w, rates, strength: w * (1 - rates * strength).prod(),
        decayed_by_loop,
        decayed_by_torch,
    ],
    "adamax_step": [adamax, adamax_by_where],
}

WRONG = {
    "adagrad_rates": {
        "no root": (lambda g, lr: lr / g.square().cumsum(0), "Take the root"),
        "a mean": (
            lambda g, lr: (
                lr / (g.square().cumsum(0) / torch.arange(1, len(g) + 1)).sqrt()
            ),
            "Adagrad keeps the sum",
        ),
        "the move": (
            lambda g, lr: -lr * g / g.square().cumsum(0).sqrt(),
            "This is the move",
        ),
        "the last": (lambda g, lr: lr / g.norm(), "Give that of each step"),
        "sizes": (lambda g, lr: lr / g.abs().cumsum(0), "Add up the squares"),
        "bare slopes": (
            lambda g, lr: lr / g.cumsum(0),
            "Square the slopes",
        ),
        "one slope": (lambda g, lr: lr / g.abs(), "not that one alone"),
        "a step late": (
            lambda g, lr: lr / (g.square().cumsum(0) - g.square()).sqrt(),
            "The slope of a step counts",
        ),
        "below the line": (
            lambda g, lr: g.square().cumsum(0).sqrt(),
            "what the learning rate is divided by",
        ),
        "something else": (lambda g, lr: lr * g * g, "root of the sum of all squares"),
    },
    "decayed": {
        "the share": (
            lambda w, rates, k: (1 - rates * k).prod(),
            "Multiply the weights by it",
        ),
        "exponential": (
            lambda w, rates, k: w * torch.exp(-k * rates.sum()),
            "for small rates only",
        ),
        "no rate": (
            lambda w, rates, k: w * (1 - k) ** len(rates),
            "in each factor too",
        ),
        "a sum": (
            lambda w, rates, k: w * (1 - k * rates.sum()),
            "shrinks what the last left",
        ),
        "the slope of the square": (
            lambda w, rates, k: w * (1 - 2 * rates * k).prod(),
            "The factor is",
        ),
        "the same off each": (
            lambda w, rates, k: w - k * rates.sum(),
            "not the same off each",
        ),
        "the mean rate": (
            lambda w, rates, k: w * (1 - rates.mean() * k) ** len(rates),
            "its own rate",
        ),
        "the first rate": (
            lambda w, rates, k: w * (1 - rates[0] * k) ** len(rates),
            "its own rate",
        ),
        "what goes": (lambda w, rates, k: w * (rates * k).prod(), "Keep the rest"),
        "in place": (decayed_in_place, "Make a new tensor"),
        "nothing": (lambda w, rates, k: w, "multiplied by 1 - lr * strength"),
    },
    "adamax_step": {
        **{slip: (slipped(slip), told) for slip, told in adaptive.SLIPS.items()},
        "in place": (adamax_in_place, "Make new tensors"),
        "weights alone": (lambda *given: adamax(*given)[0], "return w, m, s"),
        "one number": (
            lambda *given: (adamax(*given)[0].sum(), *adamax(*given)[1:]),
            "a single number",
        ),
        "plain": (
            lambda w, g, m, s, t, lr: (w - lr * g, m, s),
            "three lines of the equation",
        ),
    },
}
