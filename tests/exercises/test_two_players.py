"""torchbook.exercises.two_players: right answers pass, usual slips get the hint for them."""

import math

import torch
from answers import *  # noqa: F403
from answers import BROKE

xlogy = torch.xlogy


def value(p, q):
    best = torch.where(p + q > 0, p / (p + q), torch.full_like(p, 0.5))
    return (xlogy(p, best) + xlogy(q, 1 - best)).sum()


def value_in_a_loop(p, q):
    total = 0.0
    for a, b in zip(p.tolist(), q.tolist(), strict=True):
        total += a * math.log(a / (a + b)) if a else 0
        total += b * math.log(b / (a + b)) if b else 0
    return total


def value_with_nan(p, q):
    best = p / (p + q)
    return (p * best.log() + q * (1 - best).log()).sum()


def half(p, q):
    return xlogy(p, (p / (p + q)).nan_to_num(1.0)).sum()


def squares(real, fake):
    return ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2, (
        (fake - 1) ** 2
    ).mean() / 2


def squares_in_place(real, fake):
    return (real.sub_(1) ** 2).mean() / 2 + (fake**2).mean() / 2, (
        (fake - 1) ** 2
    ).mean() / 2


def forger_with(loss):
    return lambda real, fake: (squares(real, fake)[0], loss(fake))


def slopes(D, X, graph=True, loss=torch.sum):
    X = X.detach().clone().requires_grad_()
    (found,) = torch.autograd.grad(loss(D(X)), X, create_graph=graph)
    return found.flatten(1)


def penalty(D, X, **how):
    return slopes(D, X, **how).square().sum(dim=1).mean() / 2


def penalty_one_by_one(D, X):
    return sum(slopes(D, x[None]).square().sum() for x in X) / 2 / len(X)


def penalty_at_x_itself(D, X):
    X.requires_grad_()
    (found,) = torch.autograd.grad(D(X).sum(), X, create_graph=True)
    return found.flatten(1).square().sum(dim=1).mean() / 2


def penalty_by_backward(D, X):
    X = X.clone().requires_grad_()
    D(X).sum().backward(create_graph=True)
    return X.grad.flatten(1).square().sum(dim=1).mean() / 2


def penalty_of(reduce):
    return lambda D, X: reduce(slopes(D, X))


RIGHT = {
    "best_value": [value, value_in_a_loop],
    "least_squares": [squares, lambda real, fake: list(squares(real, fake))],
    "slope_penalty": [penalty, penalty_one_by_one],
}

WRONG = {
    "best_value": {
        "sign": (lambda p, q: -value(p, q), "The sign"),
        "half of it": (lambda p, q: value(p, q) / 2, "do not halve"),
        "mean": (lambda p, q: value(p, q) / len(p), "Sum over the places"),
        "bits": (lambda p, q: value(p, q) / math.log(2), "natural logarithm"),
        "divergence": (lambda p, q: value(p, q) + 2 * math.log(2), "2 log 2"),
        "no ratio": (
            lambda p, q: xlogy(p, p).sum() + xlogy(q, q).sum(),
            "Divide by p + q",
        ),
        "real half": (half, "the fakes count"),
        "other half": (
            lambda p, q: half(q, p) if p[0] > 0.6 else value(p, q),
            "the real ones count",
        ),
        "nan": (value_with_nan, "0 times log(0)"),
        "a place each": (lambda p, q: xlogy(p, p / (p + q)), "over the places"),
    },
    "least_squares": {
        "no half": (
            lambda real, fake: [2 * loss for loss in squares(real, fake)],
            "Half the mean square, for each",
        ),
        "mean of halves": (
            lambda real, fake: (squares(real, fake)[0] / 2, squares(real, fake)[1]),
            "do not take their mean",
        ),
        "sign": (
            lambda real, fake: [-loss for loss in squares(real, fake)],
            "never below 0",
        ),
        "other order": (lambda real, fake: squares(real, fake)[::-1], "comes first"),
        "turned": (
            lambda real, fake: (
                (real**2).mean() / 2 + ((fake - 1) ** 2).mean() / 2,
                squares(real, fake)[1],
            ),
            "other way round",
        ),
        "sigmoid": (
            lambda real, fake: squares(real.sigmoid(), fake.sigmoid()),
            "No sigmoid",
        ),
        "sums": (
            lambda real, fake: (
                ((real - 1) ** 2).sum() / 2 + (fake**2).sum() / 2,
                squares(real, fake)[1],
            ),
            "means, not sums",
        ),
        "real alone": (
            lambda real, fake: (((real - 1) ** 2).mean() / 2, squares(real, fake)[1]),
            "The fakes count",
        ),
        "forger, no half": (forger_with(lambda a: ((a - 1) ** 2).mean()), "Half the"),
        "forger, sign": (forger_with(lambda a: -((a - 1) ** 2).mean() / 2), "never"),
        "forger, 0": (forger_with(lambda a: (a**2).mean() / 2), "wants 1"),
        "forger, against": (forger_with(lambda a: -(a**2).mean() / 2), "wants 1"),
        "forger, sum": (forger_with(lambda a: ((a - 1) ** 2).sum() / 2), "not the sum"),
        "forger, sigmoid": (
            forger_with(lambda a: ((a.sigmoid() - 1) ** 2).mean() / 2),
            "No sigmoid here",
        ),
        "one loss": (lambda real, fake: squares(real, fake)[0], "Return a pair"),
        "in place": (squares_in_place, "works in place"),
        "noise": (lambda real, fake: (real.sum(), fake.sum()), "plus half the mean"),
    },
    "slope_penalty": {
        "no half": (lambda D, X: 2 * penalty(D, X), "divide by 2"),
        "sum": (penalty_of(lambda s: s.square().sum() / 2), "not the sum"),
        "whole sum": (penalty_of(lambda s: s.square().sum()), "half the mean"),
        "mean of all": (penalty_of(lambda s: s.square().mean() / 2), "mean is over N"),
        "length": (
            penalty_of(lambda s: s.norm(dim=1).mean() / 2),
            "Square the length.",
        ),
        "whole length": (penalty_of(lambda s: s.norm(dim=1).mean()), "and take half"),
        "mean first": (
            penalty_of(lambda s: s.mean(0).square().sum() / 2),
            "Square first",
        ),
        "mean logit": (lambda D, X: penalty(D, X, loss=torch.mean), "divides it by N"),
        "no graph": (lambda D, X: penalty(D, X, graph=False), "create_graph=True"),
        "at X": (penalty_at_x_itself, "at a copy"),
        "backward": (penalty_by_backward, "leaves no .grad"),
        "no gradient asked for": (
            lambda D, X: torch.autograd.grad(D(X).sum(), X)[0].sum(),
            BROKE,
        ),
        "noise": (lambda D, X: D(X).sum(), "squared length"),
    },
}
