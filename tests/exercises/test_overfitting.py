"""torchbook.exercises.overfitting: right answers pass, usual slips get the hint for them."""

import torch
from answers import *  # noqa: F403


def diagnosed(train, valid, floor):
    bias, variance = train - floor, valid - train
    if max(bias, variance) <= 0.01:
        return "fine"
    return "bias" if bias > variance else "variance"


def left_out(A, y, reduce):
    misses = []
    for n in range(len(y)):
        others = torch.arange(len(y)) != n
        w = torch.linalg.lstsq(A[others], y[others, None]).solution[:, 0]
        misses.append(A[n] @ w - y[n])
    return reduce(torch.stack(misses))


def whole_fit(A, y):
    return (A @ torch.linalg.lstsq(A, y[:, None]).solution[:, 0] - y).square().mean()


def first_only(A, y):
    w = torch.linalg.lstsq(A[1:], y[1:, None]).solution[:, 0]
    return (A[0] @ w - y[0]) ** 2


def zeroed(A, y):
    A[0] = 0
    return left_out(A, y, lambda e: e.square().mean())


def grouped(answers, m, correction=0):
    groups = len(answers) // m
    means = answers[: groups * m].reshape(groups, m, -1).mean(dim=1)
    return means.var(dim=0, correction=correction)


def across(answers, m):
    groups = len(answers) // m
    return (
        answers[: groups * m].reshape(m, groups, -1).mean(0).var(0, correction=0).mean()
    )


RIGHT = {
    "diagnose": [diagnosed],
    "leave_one_out": [
        lambda A, y: left_out(A, y, lambda e: e.square().mean()),
        lambda A, y: left_out(A, y, lambda e: (e**2).mean().item()),
    ],
    "of_means": [
        lambda answers, m: grouped(answers, m).mean(),
        lambda answers, m: (
            torch.stack(
                [part.mean(dim=0) for part in answers.split(m) if len(part) == m]
            )
            .var(dim=0, correction=0)
            .mean()
        ),
    ],
}

WRONG = {
    "diagnose": {
        "no floor": (
            lambda train, valid, floor: diagnosed(train, valid, 0.0),
            "some of it is the floor",
        ),
        "never fine": (
            lambda train, valid, floor: (
                "bias" if train - floor > valid - train else "variance"
            ),
            "Neither distance",
        ),
        "fine by the gap": (
            lambda train, valid, floor: (
                "fine" if valid - train < 0.03 else diagnosed(train, valid, floor)
            ),
            "both distances are small",
        ),
        "a number": (lambda train, valid, floor: train - floor, "one of the words"),
        "another word": (lambda train, valid, floor: "overfitting", "one of the words"),
        "always bias": (lambda train, valid, floor: "bias", "Compare train - floor"),
        "only the gap": (
            lambda train, valid, floor: "variance" if valid - train > 0.03 else "bias",
            "Neither distance",
        ),
    },
    "leave_one_out": {
        "training error": (whole_fit, "This is the training error"),
        "sum": (
            lambda A, y: left_out(A, y, lambda e: e.square().sum()),
            "This is the sum",
        ),
        "sizes": (lambda A, y: left_out(A, y, lambda e: e.abs().mean()), "mean size"),
        "signs": (lambda A, y: left_out(A, y, lambda e: e.mean()), "signs cancel"),
        "root": (
            lambda A, y: left_out(A, y, lambda e: e.square().mean().sqrt()),
            "This is the root",
        ),
        "squares": (
            lambda A, y: left_out(A, y, lambda e: e.square()),
            "Return their mean",
        ),
        "misses": (lambda A, y: left_out(A, y, lambda e: e), "mean of their squares"),
        "one": (first_only, "Each takes its turn"),
        "in place": (zeroed, "changed a tensor"),
        "zero": (lambda A, y: torch.tensor(0.0), "Fit the rows other than n"),
    },
    "of_means": {
        "correction": (
            lambda answers, m: grouped(answers, m, 1).mean(),
            "number of groups",
        ),
        "all places": (
            lambda answers, m: grouped(answers, m),
            "Average over the places",
        ),
        "spread": (lambda answers, m: grouped(answers, m).sqrt().mean(), "the spread"),
        "across": (across, "Group neighbours"),
        "single models": (
            lambda answers, m: answers.var(dim=0, correction=0).mean(),
            "Take the means first",
        ),
        "theory": (
            lambda answers, m: answers.var(dim=0, correction=0).mean() / m,
            "what theory expects",
        ),
        "nothing": (lambda answers, m: 0.0, "Reshape the first rows"),
    },
}
