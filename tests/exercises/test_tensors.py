"""torchbook.exercises.tensors: right answers pass, usual slips get the hint meant for them."""

import torch
from answers import *  # noqa: F403
from answers import BROKE


def clean_copy(picture, threshold):
    cleaned = picture.clone()
    cleaned[cleaned < threshold] = 0
    return cleaned


def clean_in_place(picture, threshold):
    picture[picture < threshold] = 0
    return picture


def members(y, num_classes):
    return (y == torch.arange(num_classes)[:, None]).float()  # (C, N)


def means_by_product(X, y, num_classes):
    member = members(y, num_classes)
    return member @ X / member.sum(dim=1, keepdim=True)


def means_of_columns(X, y, num_classes):
    member = torch.eye(num_classes)[y]  # (N, C)
    return (member / member.sum(dim=0)).T @ X


def per_class(reduce):
    return lambda X, y, C: torch.stack([reduce(X[y == k], X) for k in range(C)])


def shapes(layers, x):
    noted = []
    for layer in layers:
        x = layer(x)
        noted.append(tuple(x.shape))
    return noted


def shapes_before(layers, x):
    noted = []
    for layer in layers:
        noted.append(tuple(x.shape))
        x = layer(x)
    return noted


def last_shape(layers, x):
    for layer in layers:
        x = layer(x)
    return tuple(x.shape)


def halving(measure, stop):
    """Count halvings of x until stop(measure(x), limit)."""

    def halvings(x, limit):
        count = 0
        while not stop(measure(x), limit) and count < 50:
            x, count = x / 2, count + 1
        return count

    return halvings


def halve_in_place(x, limit):
    count = 0
    while x.norm() > limit:
        x /= 2
        count += 1
    return count


def halve_again(x, limit):
    return 0 if x.norm() <= limit else 1 + halve_again(x / 2, limit)


def at_most(length, limit):
    return length <= limit


RIGHT = {
    "as_input": [
        lambda p: p.flatten(1) / 255,
        lambda p: p.float().reshape(len(p), -1).div(255),
        lambda p: torch.from_numpy(p.numpy().astype("float32")).flatten(1) / 255,
    ],
    "clean": [
        clean_copy,
        lambda p, t: torch.where(p >= t, p, 0),
        lambda p, t: p * (p >= t),
    ],
    "turn": [
        lambda p, P: p.T @ P,
        lambda p, P: (P @ p).T,
        lambda p, P: torch.rot90(p, -1),
    ],
    "class_means": [
        means_by_product,
        means_of_columns,
        per_class(lambda g, X: g.mean(dim=0)),
    ],
    "shapes_through": [
        shapes,
        lambda layers, x: [(x := layer(x)).shape for layer in layers],
    ],
    "halvings": [halving(torch.norm, at_most), halve_again],
}

WRONG = {
    "as_input": {
        "bytes": (lambda p: p.flatten(1), "These are bytes still"),
        "floats, not divided": (lambda p: p.flatten(1).float(), "These are bytes"),
        "whole division": (lambda p: p.flatten(1) // 255, "One slash divides"),
        "by 256": (lambda p: p.flatten(1) / 256, "The largest byte is 255"),
        "by the maximum": (
            lambda p: p.flatten(1) / p.max(),
            "whatever the brightest pixel is",
        ),
        "not flat": (lambda p: p / 255, "flatten(1) makes a row of each"),
        "all flat": (lambda p: p.flatten() / 255, "leaves the samples apart"),
        "float64": (lambda p: p.flatten(1).double() / 255, "wanted a tensor of torch"),
        "an array": (lambda p: p.flatten(1).numpy() / 255, "is ndarray, wanted"),
        "a list": (lambda p: (p.flatten(1) / 255).tolist(), "Stay in torch"),
        "turned round": (lambda p: 1 - p.flatten(1) / 255, "divided by 255"),
        "a wrong shape": (lambda p: p.view(8, 9), BROKE),
    },
    "clean": {
        "in place": (clean_in_place, "changed the picture that it was given"),
        "threshold gone": (lambda p, t: p * (p > t), "at the threshold stays"),
        "the bright gone": (lambda p, t: p * (p < t), "kept the faint"),
        "the mask": (lambda p, t: p >= t, "This is the mask"),
        "picked": (lambda p, t: p[p >= t], "Here it should write a 0"),
        "unchanged": (lambda p, t: p.clone(), "Nothing became 0"),
        "clamped": (lambda p, t: p.clamp(min=t), "Copy with .clone()"),
        "python if": (lambda p, t: p if p >= t else 0 * p, "want a single number"),
    },
    "turn": {
        "to the left": (lambda p, P: torch.rot90(p), "a turn to the left"),
        "order exchanged": (lambda p, P: P @ p.T, "a turn to the left"),
        "upside down": (lambda p, P: P @ p, "That is upside down"),
        "mirrored": (lambda p, P: p.flip(1), "That is a mirror"),
        "transposed": (lambda p, P: p.T, "Now put the columns in reverse"),
        "half": (lambda p, P: P @ p @ P, "That is half a turn"),
        "entry by entry": (lambda p, P: p.T * P, "The first row becomes the last"),
        "rolled": (lambda p, P: p.roll(1, 0), "The first row becomes the last"),
    },
    "class_means": {
        "sums": (per_class(lambda g, X: g.sum(dim=0)), "These are sums"),
        "over all": (
            per_class(lambda g, X: g.sum(dim=0) / len(X)),
            "samples in the class",
        ),
        "one number": (per_class(lambda g, X: g.mean()), "which dim?"),
        "all samples": (
            per_class(lambda g, X: X.mean(dim=0)),
            "the mean of all samples",
        ),
        "a list": (
            lambda X, y, C: [X[y == k].mean(dim=0) for k in range(C)],
            "One product of two matrices",
        ),
        "columns": (
            lambda X, y, C: means_by_product(X, y, C).T.contiguous(),
            "A row for each class",
        ),
        "dim 1": (per_class(lambda g, X: g.mean(dim=1)), BROKE),
        "two classes": (
            lambda X, y, C: means_by_product(X, y, 2),
            "Row k of the matrix",
        ),
        "the matrix": (lambda X, y, C: members(y, C), "This is the matrix"),
        "no column of counts": (
            lambda X, y, C: members(y, C) @ X / members(y, C).sum(dim=1),
            "Make a column of counts",
        ),
        "turned round": (lambda X, y, C: members(y, C).T @ X, BROKE),
        "booleans": (lambda X, y, C: (members(y, C) == 1) @ X, BROKE),
        "medians": (
            per_class(lambda g, X: g.median(dim=0).values),
            "Divide by how many ones",
        ),
    },
    "shapes_through": {
        "x too": (
            lambda layers, x: [tuple(x.shape), *shapes(layers, x)],
            "x itself is not asked for",
        ),
        "before": (shapes_before, "after the layer has run"),
        "the last": (last_shape, "one for every layer"),
        "each on x": (
            lambda layers, x: [f(x).shape for f in layers],
            "one before it gave",
        ),
        "tensors": (lambda layers, x: [f(x) for f in layers], "gave no list of shapes"),
        "sizes of tensors": (
            lambda layers, x: [torch.tensor(s) for s in shapes(layers, x)],
            "gave no list of shapes",
        ),
        "a number": (lambda layers, x: 3, "gave no list of shapes"),
    },
    "halvings": {
        "one too many": (
            halving(torch.norm, lambda length, limit: length < limit),
            "One too many",
        ),
        "one too few": (
            lambda x, limit: max(0, halve_again(x, limit) - 1),
            "One too few",
        ),
        "largest entry": (halving(torch.max, at_most), "not the largest entry"),
        "in place": (halve_in_place, "changed the x that it was given"),
        "the vector": (lambda x, limit: x / 2, "and count"),
        "always": (lambda x, limit: 7, "and count"),
    },
}
