"""torchbook.exercises.picture_files: right answers pass, slips get the hint meant for them."""

import torch
from answers import *  # noqa: F403
from answers import BROKE


def merged(n1, mean1, std1, n2, mean2, std2, share=None):
    share = n1 / (n1 + n2) if share is None else share
    mean = share * mean1 + (1 - share) * mean2
    squares = share * (std1**2 + mean1**2) + (1 - share) * (std2**2 + mean2**2)
    return mean, (squares - mean**2).sqrt()


def by_differences(n1, mean1, std1, n2, mean2, std2):
    n = n1 + n2
    mean = mean1 + (mean2 - mean1) * n2 / n
    variance = (n1 * std1**2 + n2 * std2**2) / n
    return [mean, (variance + n1 * n2 / n**2 * (mean1 - mean2) ** 2).sqrt()]


def averaged(n1, mean1, std1, n2, mean2, std2, power=1):
    share = n1 / (n1 + n2)
    std = (share * std1**power + (1 - share) * std2**power) ** (1 / power)
    return share * mean1 + (1 - share) * mean2, std


def merged_in_place(n1, mean1, std1, n2, mean2, std2):
    result = merged(n1, mean1, std1, n2, mean2, std2)
    mean1 += 1
    return result


def to_floats(X, mean, std):
    return 255 * (X.permute(0, 2, 3, 1) * std + mean)


def to_bytes(X, mean, std):
    return to_floats(X, mean, std).round().clamp(0, 255).to(torch.uint8)


def to_bytes_in_place(X, mean, std):
    X *= std[:, None, None]
    X += mean[:, None, None]
    return (255 * X).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def hold_out(labels, k, of=None):
    out = set()
    for label in set(labels):
        rows = [n for n, other in enumerate(labels) if other == label]
        out.update(rows[of(k)] if of else rows[max(0, len(rows) - k) :])
    train = [n for n in range(len(labels)) if n not in out]
    return train, sorted(out)


def from_the_front(labels, k):
    out = []
    for label in sorted(set(labels)):
        rows = [n for n, other in enumerate(labels) if other == label]
        out += rows[len(rows) - k :]  # which counts from behind where k is the larger
    return [n for n in range(len(labels)) if n not in out], sorted(out)


def from_behind(labels, k):
    left, train, held = {}, [], []
    for n in reversed(range(len(labels))):
        seen = left[labels[n]] = left.get(labels[n], 0) + 1
        (held if seen <= k else train).insert(0, n)
    return [train, held]


def in_place(labels, k):
    found = hold_out(labels, k)
    labels.sort(reverse=True)
    return found


RIGHT = {
    "merged": [merged, by_differences],
    "to_bytes": [
        to_bytes,
        lambda X, m, s: (
            (255 * (X * s[:, None, None] + m[:, None, None]))
            .round()
            .clamp(0, 255)
            .byte()
            .movedim(1, -1)
        ),
    ],
    "hold_out": [
        hold_out,
        from_behind,
        lambda labels, k: tuple(map(torch.tensor, hold_out(labels, k))),
    ],
}

WRONG = {
    "merged": {
        "mean of spreads": (averaged, "cannot be averaged"),
        "mean of variances": (lambda *a: averaged(*a, power=2), "that is spread as"),
        "variance": (lambda *a: (merged(*a)[0], merged(*a)[1] ** 2), "Take its root"),
        "turned": (lambda *a: merged(*a)[::-1], "The mean comes first"),
        "halves": (lambda *a: merged(*a, share=0.5), "more pixels counts more"),
        "other share": (
            lambda n1, m1, s1, n2, m2, s2: (
                merged(n2, m1, s1, n1, m2, s2)[0],
                merged(n1, m1, s1, n2, m2, s2)[1],
            ),
            "n1 / (n1 + n2)",
        ),
        "only the mean": (lambda *a: merged(*a)[0], "Go back to sums"),
        "in place": (merged_in_place, "changed a tensor"),
        "a word": (lambda *a: "mean", "wanted a tensor"),
    },
    "to_bytes": {
        "channels first": (
            lambda X, m, s: to_bytes(X, m, s).permute(0, 3, 1, 2),
            "As files have them",
        ),
        "not times 255": (
            lambda X, m, s: (to_floats(X, m, s) / 255).clamp(0, 1),
            "from 0 to 255",
        ),
        "wrapped": (
            lambda X, m, s: to_floats(X, m, s).round().to(torch.int32).to(torch.uint8),
            "wraps round",
        ),
        "not clamped": (to_floats, "Clamp to 0 and 255"),
        "cut off": (
            lambda X, m, s: to_floats(X, m, s).clamp(0, 255).to(torch.uint8),
            "Round first",
        ),
        "floats": (
            lambda X, m, s: to_bytes(X, m, s).float(),
            "gave torch.float32, wanted torch.uint8",
        ),
        "mean first": (
            lambda X, m, s: to_bytes((X + (m / s**2)[:, None, None]), m, s),
            "in reverse order",
        ),
        "as the axes stand": (lambda X, m, s: to_bytes(X * s + m, m, s), BROKE),
        "in place": (to_bytes_in_place, "changed a tensor"),
    },
    "hold_out": {
        "turned": (lambda y, k: hold_out(y, k)[::-1], "to train on come first"),
        "labels": (
            lambda y, k: [[y[n] for n in part] for part in hold_out(y, k)],
            "Row numbers are wanted",
        ),
        "not taken out": (
            lambda y, k: (list(range(len(y))), hold_out(y, k)[1]),
            "must not be trained on",
        ),
        "rows[-k:]": (
            lambda y, k: hold_out(y, k, of=lambda k: slice(-k, None)),
            "rows[-0:] is all rows",
        ),
        "a small class": (from_the_front, "is held out whole"),
        "falling": (
            lambda y, k: (hold_out(y, k)[0], hold_out(y, k)[1][::-1]),
            "in rising order",
        ),
        "the last of all": (
            lambda y, k: (list(range(len(y) - k)), list(range(len(y) - k, len(y)))),
            "take k of each",
        ),
        "the first": (
            lambda y, k: hold_out(y, k, of=lambda k: slice(k)),
            "The last are wanted",
        ),
        "one more": (lambda y, k: hold_out(y, k + 1), "cut the last k off"),
        "only one list": (lambda y, k: hold_out(y, k)[0], "Return a pair"),
        "rows side by side": (lambda y, k: hold_out(y, k)[1], "lists of row numbers"),
        "sets": (lambda y, k: tuple(map(set, hold_out(y, k))), "lists of row numbers"),
        "in place": (in_place, "changed the list"),
    },
}
