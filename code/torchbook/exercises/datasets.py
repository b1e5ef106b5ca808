"""Checks for the exercises on data sets, in part 4."""

import hashlib

import torch

from torchbook.exercises import Case, compare, exercise, show, unchanged


@exercise("is_whole")
def check_is_whole(is_whole):
    """A whole file, half of one, one bit turned, an empty one, and a file of zeros."""
    whole = bytes(range(256)) * 2
    turned = bytes([whole[0] ^ 1]) + whole[1:]
    for what, content, published, want in (
        ("a whole file", whole, whole, True),
        ("half a file", whole[:256], whole, False),
        ("a file with its first bit turned", turned, whole, False),
        ("a file of zeros, of the right size", bytes(512), whole, False),
        ("an empty file that should be empty", b"", b"", True),
        ("a file with bytes after its end", whole + b"\n", whole, False),
    ):
        got = is_whole(content, hashlib.sha256(published).hexdigest())
        told = "Compare the checksum of all bytes with the published one."
        if want:
            told = "hexdigest() gives text, as the published one is; digest() does not."
        if isinstance(got, str | bytes):
            told = "Do not return the checksum: compare it with the published one."
        what = f"for {what} it gave {show(got)}, wanted {want}."
        yield Case(what, isinstance(got, bool) and got == want, told)


@exercise("mean_of_batches")
def check_mean_of_batches(mean_of_batches):
    """A ragged last batch, batches of one size, a single batch, and one that holds one sample."""
    for means, sizes in (
        ([2.0, 4.0, 9.0], [4, 4, 2]),
        ([1.0, 3.0], [5, 5]),
        ([0.25], [7]),
        ([0.0, 100.0], [99, 1]),
    ):
        means, sizes = torch.tensor(means), torch.tensor(sizes)
        total = (means * sizes).sum()
        usual = [
            (total, "This is the sum over all samples. Divide by how many there are."),
            (total / len(means), "Divide by the number of samples, not of batches."),
            (means.mean(), "A small batch counts as much as a large one here."),
        ]
        otherwise = "A mean times its size is the sum over that batch. Add those up."
        got = mean_of_batches(means.clone(), sizes.clone())
        call = f"mean_of_batches({show(means)}, {show(sizes)})"
        yield compare(call, got, total / sizes.sum(), usual, otherwise)


@exercise("scale_like")
def check_scale_like(scale_like):
    """Inputs of different units, new samples far from the training set, and one alone."""
    X = torch.tensor([[100.0, 1.0], [300.0, 4.0], [200.0, 2.0], [400.0, 1.0]])
    m, d = X.mean(dim=0), X.std(dim=0)
    for X_new in (
        torch.tensor([[900.0, 9.0], [800.0, 3.0], [500.0, 6.0]]),
        torch.tensor([[250.0, 3.0]]),
        X,
    ):
        given = X.clone(), X_new.clone()
        got = scale_like(*given)
        yield unchanged(
            given, (X, X_new), "X -= ... works in place. Make a new tensor instead."
        )
        told = "Take the mean and the spread from X_train alone."
        usual = [
            (X_new - m, "The means are taken off. Divide by the spreads, too."),
            (X_new / d, "Take the mean off before you divide."),
            (X_new - m / d, "Only the mean was divided. Put both in parentheses."),
            ((X_new - m) / d**2, "That is the variance. Divide by its root."),
            ((X_new - m) / X.std(dim=0, correction=0), "Use std(dim=0) as it comes."),
            ((X_new - X.mean()) / X.std(), "Each input has a mean of its own: dim=0."),
            ((X - m) / d, "This is X_train, scaled. Scale X_new."),
        ]
        several = [rows for rows in (X_new, torch.cat([X, X_new])) if len(rows) > 1]
        for rows in several:  # the spread of a single sample is nan
            mean, spread = rows.mean(dim=0), rows.std(dim=0)
            pairs = (mean, spread), (mean, d), (m, spread)
            usual += [((X_new - a) / b, told) for a, b in pairs]
        otherwise = "Take off the mean of each input of X_train, divide by its spread."
        call, want = f"scale_like(X, {show(X_new)})", (X_new - m) / d
        yield compare(call, got, want, usual, otherwise)
