"""Checks for the exercises on over- and underfitting, in part 8."""

import torch

from torchbook.exercises import Case, compare, exercise, show, unchanged


@exercise("diagnose")
def check_diagnose(diagnose):
    """Each verdict, with a floor above zero, and a gap that is as large as the whole error."""
    for train, valid, floor, want in (
        (0.15, 0.17, 0.02, "bias"),
        (0.01, 0.12, 0.0, "variance"),
        (0.15, 0.19, 0.14, "variance"),
        (0.055, 0.06, 0.05, "fine"),
        (0.30, 0.45, 0.02, "bias"),
        (0.05, 0.02, 0.0, "bias"),
        (0.02, 0.018, 0.018, "fine"),
    ):
        got = diagnose(train, valid, floor)
        call = f"diagnose({train}, {valid}, {floor})"
        told = (
            "Compare train - floor with valid - train, after you have asked for fine."
        )
        if not isinstance(got, str) or got not in ("bias", "variance", "fine"):
            told = 'Return one of the words "bias", "variance", "fine".'
        elif floor > 0.1:
            told = "Not the whole training error is bias: some of it is the floor."
        elif want == "fine":
            told = "Neither distance is more than 0.01 here."
        elif got == "fine":
            told = "Only if both distances are small is it fine."
        what = f"{call} gave {show(got)}, wanted {want!r}."
        yield Case(what, isinstance(got, str) and got == want, told)


def _solve(A, y):
    return torch.linalg.lstsq(A, y[:, None]).solution[:, 0]


@exercise("leave_one_out")
def check_leave_one_out(leave_one_out):
    """A line and a curve through noisy points, and samples that count very unequally."""
    g = torch.Generator().manual_seed(1)
    for n, degree in ((6, 1), (9, 3), (5, 2)):
        x = torch.linspace(-1, 1, n).double()
        A = x[:, None] ** torch.arange(degree + 1)  # (N, D)
        y = torch.sin(3 * x) + 0.3 * torch.randn(n, generator=g).double()
        given = A.clone(), y.clone()
        got = leave_one_out(*given)
        yield unchanged(
            given,
            (A, y),
            "Take the other rows with a mask, and leave A and y as they are.",
        )
        # without a fit for each: the miss of the whole fit, over 1 - leverage
        leverage = (A @ torch.linalg.pinv(A)).diag()
        whole = A @ _solve(A, y) - y  # (N,)
        misses = whole / (1 - leverage)
        first = A @ _solve(A[1:], y[1:]) - y
        want = misses.square().mean()
        usual = [
            (whole.square().mean(), "This is the training error. Fit without row n."),
            (
                misses.square().sum(),
                "This is the sum. Divide by the number of samples.",
            ),
            (misses.abs().mean(), "This is the mean size of the misses. Square them."),
            (misses.mean(), "Misses of different signs cancel. Square each."),
            (want.sqrt(), "This is the root. Leave the mean of the squares as it is."),
            (misses.square(), "These are the squares. Return their mean."),
            (misses, "These are the misses. Return the mean of their squares."),
            (first[0] ** 2, "Only the first sample was left out. Each takes its turn."),
        ]
        otherwise = "Fit the rows other than n, predict row n, square the miss."
        call = f"leave_one_out(A {tuple(A.shape)}, y)"
        yield compare(call, got, want, usual, otherwise)


@exercise("of_means")
def check_of_means(of_means):
    """Groups that come out even, and some left over; one model a group."""
    g = torch.Generator().manual_seed(2)
    answers = torch.randn(11, 4, generator=g).double() + torch.arange(4)
    answers[:5] += 2  # so that the order matters
    for m in (1, 2, 3, 5):
        got = of_means(answers.clone(), m)
        groups = len(answers) // m
        used = answers[: groups * m]
        means = used.reshape(groups, m, 4).mean(dim=1)  # (S // m, M)
        other = used.reshape(m, groups, 4).mean(dim=0)
        want = means.var(dim=0, correction=0).mean()
        usual = [
            (means.var(dim=0).mean(), "Divide by the number of groups: correction=0."),
            (means.var(dim=0, correction=0), "Average over the places, too."),
            (means.var(correction=0), "Take the variance at each place: dim=0."),
            (means.std(dim=0, correction=0).mean(), "That is the spread. Square it."),
            (
                other.var(dim=0, correction=0).mean(),
                "Group neighbours: (S // m, m, M).",
            ),
            (
                answers.var(dim=0, correction=0).mean() / m,
                "That is what theory expects. Measure it, with means of groups.",
            ),
            (
                answers.var(dim=0, correction=0).mean(),
                "That is the variance of single models. Take the means first.",
            ),
            (
                used.var(dim=0, correction=0).mean(),
                "That is the variance of single models. Take the means first.",
            ),
        ]
        otherwise = (
            "Reshape the first rows to (S // m, m, M), and take the mean over m."
        )
        call = f"of_means(answers {tuple(answers.shape)}, {m})"
        yield compare(call, got, want, usual, otherwise)
