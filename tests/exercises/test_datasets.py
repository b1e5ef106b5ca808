"""torchbook.exercises.datasets: right answers pass, usual slips get the hint meant for them."""

import hashlib
import zlib

import torch
from answers import *  # noqa: F403
from answers import BROKE


def digest(content):
    return hashlib.sha256(content).hexdigest()


def scaled_in_place(X_train, X_new):
    X_new -= X_train.mean(dim=0)
    X_new /= X_train.std(dim=0)
    return X_new


def training_set_in_place(X_train, X_new):
    X_new = (X_new - X_train.mean(dim=0)) / X_train.std(dim=0)
    X_train -= X_train.mean(dim=0)
    return X_new


def together(X_train, X_new):
    X = torch.cat([X_train, X_new])
    return (X_new - X.mean(dim=0)) / X.std(dim=0)


RIGHT = {
    "is_whole": [
        lambda content, sha256: digest(content) == sha256,
        lambda content, sha256: hashlib.new("sha256", content).digest().hex() == sha256,
    ],
    "mean_of_batches": [
        lambda means, sizes: (means * sizes).sum() / sizes.sum(),
        lambda means, sizes: (means @ sizes.float() / sizes.sum()).item(),
        lambda means, sizes: means.repeat_interleave(sizes).mean(),
    ],
    "scale_like": [
        lambda X, X_new: (X_new - X.mean(dim=0)) / X.std(dim=0),
        lambda X, X_new: X_new / X.std(0) - X.mean(0) / X.std(0),
    ],
}

WRONG = {
    "is_whole": {
        "the checksum": (lambda content, sha256: digest(content), "compare it with"),
        "always": (lambda content, sha256: True, "checksum of all bytes"),
        "never": (lambda content, sha256: False, "as the published one is"),
        "bytes for text": (
            lambda content, sha256: hashlib.sha256(content).digest() == sha256,
            "as the published one is",
        ),
        "another sum": (
            lambda content, sha256: hashlib.md5(content).hexdigest() == sha256,
            "as the published one is",
        ),
        "the length": (
            lambda content, sha256: len(content) in (0, 512),
            "checksum of all bytes",
        ),
        "the first half": (
            lambda content, sha256: digest(content[:512]) == sha256,
            "for a file with bytes after its end it gave True",
        ),
        "a number": (
            lambda content, sha256: zlib.crc32(content),
            "as the published one is",
        ),
        "one and zero": (
            lambda content, sha256: int(digest(content) == sha256),
            "for a whole file it gave 1, wanted True",
        ),
    },
    "mean_of_batches": {
        "mean of means": (lambda means, sizes: means.mean(), "as much as a large one"),
        "sum": (lambda means, sizes: (means * sizes).sum(), "This is the sum"),
        "over batches": (
            lambda means, sizes: (means * sizes).mean(),
            "not of batches",
        ),
        "one a batch": (
            lambda means, sizes: means * sizes / sizes.sum(),
            "Add those up",
        ),
        "divided by sizes": (
            lambda means, sizes: (means / sizes).sum(),
            "A mean times its size",
        ),
        "last one dropped": (
            lambda means, sizes: means[:-1].mean(),
            "A mean times its size",
        ),
        "whole numbers": (lambda means, sizes: sizes.mean(), BROKE),
    },
    "scale_like": {
        "its own statistics": (
            lambda X, X_new: (X_new - X_new.mean(0)) / X_new.std(0),
            "from X_train alone",
        ),
        "both sets": (together, "from X_train alone"),
        "its own mean": (
            lambda X, X_new: (X_new - X_new.mean(0)) / X.std(0),
            "from X_train alone",
        ),
        "its own spread": (
            lambda X, X_new: (X_new - X.mean(0)) / X_new.std(0),
            "from X_train alone",
        ),
        "no spread": (lambda X, X_new: X_new - X.mean(0), "Divide by the spreads"),
        "no mean": (lambda X, X_new: X_new / X.std(0), "Take the mean off"),
        "no parentheses": (
            lambda X, X_new: X_new - X.mean(0) / X.std(0),
            "in parentheses",
        ),
        "variance": (lambda X, X_new: (X_new - X.mean(0)) / X.var(0), "its root"),
        "other spread": (
            lambda X, X_new: (X_new - X.mean(0)) / X.std(0, correction=0),
            "as it comes",
        ),
        "all inputs as one": (
            lambda X, X_new: (X_new - X.mean()) / X.std(),
            "mean of its own",
        ),
        "the training set": (
            lambda X, X_new: (X - X.mean(0)) / X.std(0),
            "gave shape (4, 2), wanted (3, 2).\n  Hint: This is X_train, scaled",
        ),
        "in place": (scaled_in_place, "changed a tensor"),
        "the training set in place": (training_set_in_place, "changed a tensor"),
        "wrong axis": (lambda X, X_new: (X_new - X.mean(1)) / X.std(1), BROKE),
    },
}
