"""Checks of the exercises in "Pictures from files"."""

from collections.abc import Iterator
from typing import Any

import torch

from torchbook.exercises import Case, compare_entries, exercise, show, unchanged


@exercise("merged")
def check_merged(answer) -> Iterator[Case]:
    """merged(n1, mean1, std1, n2, mean2, std2) is mean and standard deviation of both."""
    generator = torch.Generator().manual_seed(0)
    for n1, n2, channels in [(30, 90, 3), (50, 50, 1), (200, 10, 2)]:
        shift = 3 * torch.arange(1.0, channels + 1)[:, None]
        one = torch.randn(channels, n1, generator=generator)
        two = 2 * torch.randn(channels, n2, generator=generator) + shift
        parts = [(part.mean(1), part.std(1, correction=0)) for part in (one, two)]
        both = torch.cat([one, two], dim=1)
        want = torch.stack([both.mean(1), both.std(1, correction=0)])  # (2, C)
        given = [value.clone() for part in parts for value in part]
        got = _pair(answer(n1, *given[:2], n2, *given[2:]))
        call = f"merged({n1}, mean1, std1, {n2}, mean2, std2)"
        usual = _slips_of_merging(n1, n2, *parts)
        otherwise = (
            "Go back to sums: a mean times n is a sum, and std² + mean² is the mean of the "
            "squares. Add the sums of both parts, and divide by all pixels."
        )
        yield compare_entries(call, got, want, usual, otherwise)
        before = [value for part in parts for value in part]
        yield unchanged(given, before, "Work on new tensors.")


def _slips_of_merging(n1, n2, one, two) -> list:
    """The usual mistakes, as (values, hint)."""
    share = n1 / (n1 + n2)

    def mixed(a, b, part=share):
        return part * a + (1 - part) * b

    def squares(part):
        return mixed(one[1] ** 2 + one[0] ** 2, two[1] ** 2 + two[0] ** 2, part)

    (mean1, std1), (mean2, std2) = one, two
    mean = mixed(mean1, mean2)
    std = (squares(share) - mean**2).sqrt()
    within = mixed(std1**2, std2**2)
    half = mixed(mean1, mean2, 0.5)
    slips = [
        ((mean, mixed(std1, std2)), "Standard deviations cannot be averaged."),
        ((mean, within.sqrt()), "The two means differ, and that is spread as well."),
        ((mean, std**2), "This is the variance. Take its root."),
        ((std, mean), "The mean comes first."),
        (
            (half, (squares(0.5) - half**2).sqrt()),
            "A part of more pixels counts more.",
        ),
        (
            (mixed(mean1, mean2, 1 - share), std),
            "The share of the first part is n1 / (n1 + n2).",
        ),
    ]
    right = torch.stack([mean, std])
    wrong = [(torch.stack(values), told) for values, told in slips]
    return [(value, told) for value, told in wrong if not torch.equal(value, right)]


def _pair(got: Any) -> Any:
    """A pair of tensors as one tensor; anything else as it is."""
    pair = isinstance(got, (tuple, list)) and len(got) == 2
    if not pair or not all(isinstance(part, torch.Tensor) for part in got):
        return got
    alike = got[0].shape == got[1].shape
    return torch.stack([part.double() for part in got]) if alike else got


@exercise("to_bytes")
def check_to_bytes(answer) -> Iterator[Case]:
    """to_bytes(X, mean, std) is the picture as files have it."""
    generator = torch.Generator().manual_seed(0)
    for shape, mean, std in [
        ((2, 3, 4, 5), [0.5, 0.4, 0.3], [0.28, 0.23, 0.17]),
        ((3, 1, 2, 2), [0.1], [0.3]),
    ]:
        mean, std = torch.tensor(mean), torch.tensor(std)
        X = 1.5 * torch.randn(shape, generator=generator)
        shares = X.double() * std[:, None, None] + mean[:, None, None]
        bytes_ = (255 * shares).round().clamp(0, 255)
        want = bytes_.permute(0, 2, 3, 1)  # (N, H, W, C)
        before, got = X.clone(), answer(X, mean, std)
        call = f"to_bytes(X, mean, std) of X {shape}"
        wrapped = (255 * shares).round().remainder(256)
        usual = [
            (bytes_, "As files have them: (N, H, W, C). permute moves axes."),
            (want / 255, "Bytes go from 0 to 255."),
            (shares.clamp(0, 1).permute(0, 2, 3, 1), "Bytes go from 0 to 255."),
            (
                wrapped.permute(0, 2, 3, 1),
                "Clamp first: what is above 255 wraps round.",
            ),
            ((255 * shares).permute(0, 2, 3, 1), "Clamp to 0 and 255."),
            (
                (255 * shares).trunc().clamp(0, 255).permute(0, 2, 3, 1),
                "Round first: the step to bytes cuts off what is behind the point.",
            ),
        ]
        otherwise = (
            "Undo the steps in reverse order: times the spread, plus the mean, times 255; "
            "each channel with its own numbers."
        )
        yield compare_entries(call, got, want, usual, otherwise)
        kind = getattr(got, "dtype", type(got).__name__)
        what = f"{call} gave {kind}, wanted torch.uint8."
        yield Case(what, kind == torch.uint8, "In the end, .to(torch.uint8).")
        yield unchanged([X], [before], "Work on a new tensor.")


@exercise("hold_out")
def check_hold_out(answer) -> Iterator[Case]:
    """hold_out(labels, k) is the rows to train on, and the last k, or all, of each class."""
    for labels, k in [
        ([0, 0, 0, 1, 1, 1, 1], 1),
        ([2, 0, 1, 0, 2, 1, 0, 2, 1], 2),
        ([5, 5, 7, 5], 1),
        ([0, 1, 0, 1], 0),
        ([0, 0, 1, 1, 1], 3),
    ]:
        given = list(labels)
        got = answer(given, k)
        held = _last(labels, k)
        want = [[n for n in range(len(labels)) if n not in held], held]
        what = f"hold_out({labels}, {k}) gave {show(got)}, wanted {show(tuple(want))}."
        found = _as_lists(got)
        yield Case(what, found == want, _hint_for_rows(found, want, labels, k))
        yield Case(
            "your function changed the list of labels.",
            given == labels,
            "Work on a copy.",
        )


def _rows(labels: list[int], label: int) -> list[int]:
    return [n for n, other in enumerate(labels) if other == label]


def _last(labels: list[int], k: int) -> list[int]:
    """The last k rows of each class, all where there are fewer, in rising order."""
    parts = [_rows(labels, label) for label in set(labels)]
    return sorted(n for part in parts for n in part[max(0, len(part) - k) :])


def _as_lists(got: Any) -> Any:
    """A pair of rows of numbers as two lists; anything else as it is."""
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        return got
    return [
        part.tolist()
        if isinstance(part, torch.Tensor)
        else list(part)
        if isinstance(part, (tuple, list, range))
        else part
        for part in got
    ]


def _hint_for_rows(got: Any, want: list, labels: list[int], k: int) -> str:
    """What to say to a pair of rows, or to what is no pair."""
    train, held = want
    if not isinstance(got, list) or len(got) != 2:
        return "Return a pair of lists: rows to train on, rows to hold out."
    if not all(isinstance(part, list) for part in got):
        return "Both parts are lists of row numbers, in rising order."
    if got == [held, train] and k:
        return "The rows to train on come first."
    if got == [[labels[n] for n in train], [labels[n] for n in held]]:
        return "Row numbers are wanted, not labels."
    if got[1] == held and got[0] == list(range(len(labels))):
        return "A row that is held out must not be trained on."
    if got == [held, train]:
        return "rows[-0:] is all rows. Count from the front: rows[max(0, len(rows) - k) :]."
    if len(got[1]) < len(held) and k > min(labels.count(label) for label in labels):
        return "A class of fewer than k rows is held out whole: max(0, len(rows) - k)."
    if sorted(got[1]) == held and sorted(got[0]) == train:
        return "Both lists are in rising order."
    if got[1] == list(range(len(labels) - k, len(labels))):
        return "Those are the last of all. Files are sorted by class: take k of each."
    first = sorted(n for label in set(labels) for n in _rows(labels, label)[:k])
    if got[1] == first:
        return "Those are the first of each class. The last are wanted."
    return "Collect the rows of each class, cut the last k off, and sort both parts."
