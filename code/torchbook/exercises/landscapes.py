"""Checks for the exercises on landscapes, and on comparing optimizers, in part 7."""

import math

import torch
from torch import Tensor

from torchbook.exercises import Case, close, compare, exercise, fits, show


@exercise("restarts_needed")
def check_restarts_needed(restarts_needed):
    """Chances small and large, ones that come out even, and little that is asked."""
    for p, sure in (
        (0.05, 0.4),
        (0.3, 0.95),
        (0.5, 0.75),
        (0.01, 0.99),
        (0.2, 0.1),
        (0.9, 0.999),
    ):
        exact = math.log(1 - sure) / math.log(1 - p)
        want = math.ceil(exact - 1e-9)
        got = restarts_needed(p, sure)
        counts = isinstance(got, int | float) and not isinstance(got, bool)
        value = got if counts else None
        told = "All k starts miss with the chance (1 - p)**k."
        for wrong, text in (
            (exact, "Starts are whole: take the next number up."),
            (want + 1, "That is one more than is needed."),
            (math.floor(exact), "With so few the chance is too small yet: round up."),
            (round(exact), "Rounding can leave the chance too small: round up."),
            (-want, "Both logarithms are below 0, and their quotient above."),
            (math.ceil(1 / p), "That is about the mean number, whatever `sure` is."),
            (sure / p, "Chances of several starts do not add up."),
            (math.ceil(math.log(sure) / math.log(p)), "These are the chances to hit."),
            (math.ceil(math.log(sure) / math.log(1 - p)), "1 - sure may be missed."),
        ):
            if value is not None and math.isclose(value, wrong, abs_tol=1e-9):
                told = text
                break
        what = f"restarts_needed({p}, {sure}) gave {show(got)}, wanted {want}."
        yield Case(what, value is not None and value == want, told)


def _ends(w: Tensor) -> Tensor:
    """A valley at -1 and a higher one at 1, along the first weight."""
    return (w[0] ** 2 - 1) ** 2 + 0.3 * w[0] + 0.5 + (w[1:] ** 2).sum()


def _hill(w: Tensor) -> Tensor:
    return 2 * torch.exp(-4 * (w - 0.2).square().sum())


def _bowl(w: Tensor) -> Tensor:
    return w.square().sum()


@exercise("barrier")
def check_barrier(barrier):
    """Ends of two heights, a hill off the middle, a bowl, and both ends in one place."""
    low, high = torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 0.0])
    ones = torch.ones(3)
    for what, loss, a, b in (
        ("two valleys of different heights", _ends, low, high),
        ("the same valleys, the other way", _ends, high, low),
        ("a hill off the middle", _hill, -ones, ones),
        ("a bowl", _bowl, -ones, 2 * ones),
        ("no distance at all", _ends, low, low),
    ):
        t = torch.linspace(0, 1, 51)
        along = torch.stack([loss(a + s * (b - a)) for s in t])  # (51,)
        above = along - (1 - t) * along[0] - t * along[-1]
        top = along.max()
        usual = [
            (top, "That is the height itself. Take off the line between the ends."),
            (
                top - along[0],
                "The ends may differ: the line goes from one to the other.",
            ),
            (
                top - along[-1],
                "The ends may differ: the line goes from one to the other.",
            ),
            (top - max(along[0], along[-1]), "Take off the line at the same place."),
            (top - min(along[0], along[-1]), "Take off the line at the same place."),
            (top - (along[0] + along[-1]) / 2, "Take off the line at the same place."),
            (above[25], "The highest place need not be in the middle."),
            (above.mean(), "Take the largest of them, not the mean."),
            (above.min(), "Take the largest of them."),
            (above.abs().max(), "Below the line is no barrier: leave out the abs."),
        ]
        got = barrier(loss, a.clone(), b.clone())
        otherwise = "The loss at 51 places from a to b, less the line between its ends."
        call = f"barrier, for {what},"
        yield compare(call, got, above.max(), usual, otherwise)


@exercise("way_down")
def check_way_down(way_down):
    """A saddle along the axes, turned ones of several sizes, a minimum, and a dome."""
    g = torch.Generator().manual_seed(0)
    turn = torch.linalg.qr(torch.randn(4, 4, generator=g, dtype=torch.float64))[0]
    for what, bends in (
        ("a saddle", [3.0, -1.0, 0.5, -4.0]),
        ("a minimum", [3.0, 1.0, 0.5, 4.0]),
        ("a dome", [-2.0, -1.0, -0.5, -3.0]),
    ):
        H = turn @ torch.diag(torch.tensor(bends).double()) @ turn.T
        H = (H + H.T) / 2
        values, vectors = torch.linalg.eigh(H)  # (D,) rising, (D, D)
        got = way_down(H.clone())
        told = "The direction is the eigenvector of the lowest eigenvalue."
        yield fits(f"way_down of {what}", got, (len(H),), told)
        d = torch.as_tensor(got).double()
        if values[0] >= 0:
            what = f"{what} bends down nowhere, and way_down gave {show(d)}."
            told = "Without an eigenvalue below 0, give zeros."
            yield Case(what, close(d, torch.zeros(len(H))), told)
            continue
        for wrong, text in (
            (vectors[0], "eigh gives the eigenvectors as columns: vectors[:, 0]."),
            (
                vectors[:, -1],
                "That is the steepest way up: eigh sorts from low to high.",
            ),
            (vectors[-1], "eigh gives the eigenvectors as columns: vectors[:, 0]."),
            (values, "These are the curvatures. Give a direction."),
            (torch.zeros(len(H)), "There is an eigenvalue below 0 here."),
        ):
            if close(d, wrong) or close(d, -wrong):
                told = text
                break
        length = d.norm()
        if length > 0 and close(d / length @ H @ (d / length), values[0]):
            told = "The direction is right. Give it the length 1."
        what = f"way_down of {what} gave {show(d)}: the curvature along it is {show(d @ H @ d)}"
        right = close(length, 1.0) and close(d @ H @ d, values[0])
        yield Case(f"{what}, wanted {show(values[0])}.", right, told)


@exercise("near_best")
def check_near_best(near_best):
    """Tries that all end well, ones that failed, and factors small and large."""
    nan = math.nan
    for losses, factor in (
        ([0.4, 0.2, 0.21, 0.5], 1.1),
        ([0.3, nan, 0.1, 0.19, 0.6, nan], 2.0),
        ([nan, 1.0, 7.0, 1.5, 2.0, 1.6], 1.5),
        ([0.2], 1.0),
    ):
        t = torch.tensor(losses)
        left = t[~t.isnan()]
        low, M = left.min(), len(t)
        near = left <= factor * low
        usual = [
            (near.sum(), "This is how many. Divide by the number of tries."),
            (near.double().mean(), "Tries that failed were tries, too: divide by all."),
            ((left < factor * low).sum() / M, "At most: the bound itself is near."),
            (1 - near.sum() / M, "This is the share of the others."),
            ((left <= low + factor).sum() / M, "It is `factor` times the lowest."),
            (
                (t <= factor * t.min()).double().mean(),
                "A minimum with nan in it is nan.",
            ),
            ((near.sum() - 1) / M, "The best try is one of them."),
        ]
        otherwise = (
            "Count the losses up to factor times the lowest; divide by all tries."
        )
        got = near_best(t.clone(), factor)
        yield compare(
            f"near_best({show(t)}, {factor})", got, near.sum() / M, usual, otherwise
        )


@exercise("errors_apart")
def check_errors_apart(errors_apart):
    """Clear differences, none to speak of, the other sign, and two seeds."""
    for a, b in (
        ([0.30, 0.25, 0.28, 0.33], [0.20, 0.18, 0.19, 0.22]),
        ([0.5, 0.1, 0.9, 0.4], [0.45, 0.15, 0.85, 0.45]),
        ([1.0, 2.0, 3.0], [1.5, 2.4, 3.9]),
        ([0.2, 0.4], [0.1, 0.1]),
    ):
        a, b = torch.tensor(a).double(), torch.tensor(b).double()
        d, S = a - b, len(a)
        want = d.mean() / (d.std() / S**0.5)
        usual = [
            (-want, "It is a less b: where b is lower, the number is above 0."),
            (d.mean() / d.std(), "The error of a mean falls with the root of S."),
            (d.mean() / (d.std() / S), "The error falls with the root of S, not with S."),
            (d.mean() / (d.std(correction=0) / S**0.5), "Use std() as it comes."),
            (d.mean(), "That is the mean difference. Divide by its standard error."),
            (d.mean() / ((a.var() + b.var()) / S).sqrt(),
             "The seeds are the same: take the difference of each, and its spread."),
        ]  # fmt: skip
        otherwise = "Mean of the differences, divided by their std over the root of S."
        got = errors_apart(a.clone(), b.clone())
        yield compare(
            f"errors_apart({show(a)}, {show(b)})", got, want, usual, otherwise
        )
