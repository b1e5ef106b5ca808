"""torchbook.exercises.tuning: right answers pass, usual slips get the hint meant for them."""

import math

import torch
from answers import *  # noqa: F403


def count_tries(share, sure):
    n = 1
    while 1 - (1 - share) ** n < sure:
        n += 1
    return n


def best(scores, n):
    up_to = torch.linspace(0, 1, len(scores) + 1) ** n
    return (scores.sort().values * up_to.diff()).sum()


def best_by_sum(scores, n):
    M = len(scores)
    pairs = enumerate(sorted(scores.tolist()), start=1)
    return sum(s * ((i / M) ** n - ((i - 1) / M) ** n) for i, s in pairs)


def best_in_place(scores, n):
    scores.copy_(scores.sort().values)
    return best(scores, n)


def chances(scores, n):
    return (torch.linspace(0, 1, len(scores) + 1) ** n).diff()


def ranked(scores):
    return scores.sort().values


def standing(curves):
    left = torch.arange(len(curves))
    for scores in curves.T:
        left = left[scores[left].topk(len(left) // 2).indices]
    return left.item()


def standing_by_marks(curves):
    alive = torch.ones(len(curves), dtype=torch.bool)
    for scores in curves.T:
        middle = scores[alive].median()  # the lower of the two in the middle
        alive = alive & (scores > middle)
    return alive.nonzero()[0, 0]


def standing_in_place(curves):
    number = standing(curves)
    curves[:, 0] = 0
    return number


def without_their_numbers(curves):
    left = curves
    for t in range(curves.shape[1]):
        rows = left[:, t].topk(len(left) // 2).indices
        left = left[rows]
    return rows.item()


RIGHT = {
    "tries_needed": [
        lambda share, sure: math.ceil(math.log(1 - sure) / math.log(1 - share)),
        lambda share, sure: math.ceil(math.log(1 - sure, 1 - share)),
        count_tries,
    ],
    "expected_best": [best, best_by_sum],
    "last_standing": [standing, standing_by_marks],
}

WRONG = {
    "tries_needed": {
        "rounded down": (
            lambda share, sure: int(math.log(1 - sure) / math.log(1 - share)),
            "Round up",
        ),
        "one more": (lambda share, sure: count_tries(share, sure) + 1, "One try fewer"),
        "not rounded": (
            lambda share, sure: math.log(1 - sure) / math.log(1 - share),
            "Tries are whole",
        ),
        "sure for unsure": (
            lambda share, sure: math.ceil(math.log(sure) / math.log(1 - share)),
            "is 1 - sure",
        ),
        "share for the rest": (
            lambda share, sure: math.ceil(math.log(1 - sure) / math.log(share)),
            "misses the best with",
        ),
        "added up": (lambda share, sure: math.ceil(sure / share), "do not add up"),
        "a habit": (lambda share, sure: 60, "(1 - share) ** n"),
    },
    "expected_best": {
        "the best": (lambda scores, n: scores.max(), "not always among the n"),
        "not sorted": (
            lambda scores, n: (scores * chances(scores, n)).sum(),
            "rising order first",
        ),
        "falling": (
            lambda scores, n: (ranked(scores).flip(0) * chances(scores, n)).sum(),
            "order is to rise",
        ),
        "not differences": (
            lambda scores, n: (
                ranked(scores) * torch.linspace(0, 1, len(scores) + 1)[1:] ** n
            ).sum(),
            "Take differences",
        ),
        "the mean": (lambda scores, n: scores.mean(), "That is one draw"),
        "not added up": (
            lambda scores, n: ranked(scores) * chances(scores, n),
            "Add them up",
        ),
        "mean of the parts": (
            lambda scores, n: (ranked(scores) * chances(scores, n)).mean(),
            "take the sum",
        ),
        "in place": (best_in_place, "changed the scores"),
        "noise": (lambda scores, n: 7.0, "i counts from 1"),
    },
    "last_standing": {
        "best at the end": (
            lambda curves: curves[:, -1].argmax(),
            "better half earlier",
        ),
        "best at first": (lambda curves: curves[:, 0].argmax(), "only the worse half"),
        "lowest": (lambda curves: standing(-curves), "Higher scores"),
        "from the end": (lambda curves: standing(curves.flip(1)), "is the first epoch"),
        "mean": (lambda curves: curves.mean(dim=1).argmax(), "not their mean"),
        "among those left": (without_their_numbers, "Count in all rows"),
        "score": (lambda curves: curves[standing(curves), -1], "That is its score"),
        "a row": (lambda curves: torch.tensor([standing(curves)]), "its number alone"),
        "in place": (standing_in_place, "changed the curves"),
    },
}
