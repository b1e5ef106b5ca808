"""Checks for the exercises on tuning, in part 8."""

import math

import torch

from torchbook.exercises import Case, close, compare, exercise, show


@exercise("tries_needed")
def check_tries_needed(tries_needed):
    """A twentieth, a half, a rare share, a share that one try reaches, and other certainties."""
    for share, sure in (
        (0.1, 0.6),
        (0.05, 0.95),
        (0.5, 0.95),
        (0.01, 0.9),
        (0.95, 0.9),
        (0.2, 0.5),
        (0.1, 0.99),
    ):
        want, none = 0, 1.0
        while 1 - none < sure:
            want, none = want + 1, none * (1 - share)
        usual = [
            (want - 1, "That is not quite enough. Round up."),
            (want + 1, "One try fewer is enough."),
            (
                math.ceil(math.log(sure) / math.log(1 - share)),
                "The probability that none is among the best is 1 - sure.",
            ),
            (
                math.ceil(math.log(1 - sure) / math.log(share)),
                "One try misses the best with probability 1 - share.",
            ),
            (math.ceil(sure / share), "Chances of several tries do not add up."),
        ]
        otherwise = "All n tries miss the best with probability (1 - share) ** n."
        got = tries_needed(share, sure)
        if isinstance(got, float) and not got.is_integer():
            otherwise = "Tries are whole: round up."
        yield compare(f"tries_needed({share}, {sure})", got, want, usual, otherwise)


def _slips_of_the_best(scores, up_to):
    weights, ranked = up_to.diff(), scores.sort().values
    return [
        (
            scores.max(),
            "The highest score is not always among the n that are drawn.",
        ),
        ((scores * weights).sum(), "Put the scores in rising order first."),
        (
            (ranked.flip(0) * weights).sum(),
            "The order is to rise: the highest score has the largest chance.",
        ),
        (
            (ranked * up_to[1:]).sum(),
            "(i / M) ** n is the chance that all are among the lowest i. Take differences.",
        ),
        (scores.mean(), "That is one draw. With n of them the best is higher."),
        (
            ranked * weights,
            "Each score has its chance. Add them up.",
        ),
        (
            (ranked * weights).mean(),
            "The chances add up to 1 already: take the sum.",
        ),
    ]


@exercise("expected_best")
def check_expected_best(expected_best):
    """Scores in no order, equal ones, ones below zero, one draw, many draws, a single score."""
    for scores, n in (
        ([0.9, 0.1, 0.5, 0.7], 2),
        ([0.9, 0.1, 0.5, 0.7], 1),
        ([0.3, 0.3, 0.3], 5),
        ([-2.0, -1.0, -4.0], 3),
        ([0.2], 4),
        ([3.0, 1.0, 2.0, 5.0, 4.0], 50),
    ):
        scores = torch.tensor(scores)
        given, M = scores.clone(), len(scores)
        got = expected_best(given, n)
        yield Case(
            "your function changed the scores that it was given.",
            torch.equal(given, scores),
            "sort() gives a new tensor; scores[...] = ... and sort_() do not.",
        )
        up_to = (torch.arange(M + 1) / M) ** n
        want = (scores.sort().values * up_to.diff()).sum()
        usual = _slips_of_the_best(scores, up_to)
        otherwise = "The i-th score times its chance, added up; i counts from 1."
        yield compare(
            f"expected_best({show(scores)}, {n})", got, want, usual, otherwise
        )


def _curves() -> list[torch.Tensor]:
    """The best at the end leaves early in the second; in the third a leader falls back."""
    return [
        torch.tensor([[0.2, 0.3], [0.5, 0.9], [0.1, 0.8], [0.6, 0.7]]),
        torch.tensor([[0.6, 0.7], [0.3, 0.9], [0.5, 0.4], [0.2, 0.6]]),
        torch.tensor(
            [
                [0.10, 0.95, 0.99],
                [0.50, 0.20, 0.98],
                [0.90, 0.60, 0.10],
                [0.20, 0.30, 0.40],
                [0.60, 0.55, 0.30],
                [0.40, 0.90, 0.90],
                [0.80, 0.50, 0.97],
                [0.30, 0.40, 0.50],
            ]
        ),
        torch.tensor([[0.4], [0.3]]),
    ]


def _standing(curves: torch.Tensor) -> int:
    left = list(range(len(curves)))
    for scores in curves.T.tolist():
        left = sorted(left, key=lambda row: -scores[row])[: len(left) // 2]
    return left[0]


def _renumbered(curves: torch.Tensor) -> int:
    """Where the winner stands among the rows of the last round."""
    for epoch in range(curves.shape[1]):
        rows = curves[:, epoch].topk(len(curves) // 2).indices
        curves = curves[rows]
    return rows.item()


@exercise("last_standing")
def check_last_standing(last_standing):
    """Four tries, a try that would win but is ended, eight tries in three rounds, and two."""
    for curves in _curves():
        given = curves.clone()
        got = last_standing(given)
        yield Case(
            "your function changed the curves that it was given.",
            torch.equal(given, curves),
            "curves[...] = ... works in place. Keep the numbers of those that are left.",
        )
        usual = [
            (
                curves[:, -1].argmax(),
                "Its score was not among the better half earlier.",
            ),
            (curves[:, 0].argmax(), "After the first epoch only the worse half goes."),
            (_standing(-curves), "Higher scores are better here."),
            (_standing(curves.flip(1)), "The first column is the first epoch."),
            (
                curves.mean(dim=1).argmax(),
                "One epoch at a time decides, not their mean.",
            ),
            (
                _renumbered(curves),
                "That counts among those that were left. Count in all rows.",
            ),
        ]
        otherwise = (
            "Keep the numbers of the rows that are left, and halve them each epoch."
        )
        if isinstance(got, torch.Tensor) and got.ndim:
            otherwise = "One is left: return its number alone."
        if close(got, curves[_standing(curves), -1]):
            otherwise = "That is its score. Return its number."
        call = f"last_standing, for curves {tuple(curves.shape)},"
        yield compare(call, got, _standing(curves), usual, otherwise)
