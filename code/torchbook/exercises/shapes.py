"""Checks for the exercises on shapes, memory and broadcasting, of part 1."""

import torch

from torchbook.exercises import Case, compare_entries, exercise


@exercise("row_shares")
def check_row_shares(row_shares):
    """A square table, on which a slip raises no error; then tables of other shapes."""
    for table in (
        [[2, 1, 1], [0, 5, 5], [1, 1, 8]],
        [[1, 3], [6, 2], [5, 5]],
        [[4, 1, 5]],
    ):
        counts = torch.tensor(table)
        got, want = row_shares(counts.clone()), counts / counts.sum(1, keepdim=True)
        square = counts.shape[0] == counts.shape[1]
        usual = [
            (counts / counts.sum(dim=0), "Columns add up to 1 here. Sum over dim=1."),
            (counts / counts.sum(), "All entries add up to 1 here. Sum over dim=1."),
            (counts // counts.sum(1, keepdim=True), "// leaves whole numbers."),
            (counts.sum(dim=1), "These are the sums of the rows."),
            (counts.sum(dim=1, keepdim=True), "These are the sums of the rows."),
        ]
        if square:
            told = (
                "The sums are a vector, so they were read as a row, and each column got a "
                "sum of its own. keepdim=True keeps them a column."
            )
            usual.append((counts / counts.sum(dim=1), told))
        otherwise = "Divide by the sums of the rows, as a column: keepdim=True."
        call = f"row_shares({table})"
        yield compare_entries(call, got, want, usual, otherwise)


@exercise("pairwise")
def check_pairwise(pairwise):
    """Two sets of different sizes, two of one size, and sets of a single row."""
    for a, b in (
        ([[0.0, 0.0], [3.0, 4.0]], [[0.0, 1.0], [3.0, 0.0], [-1.0, -1.0]]),
        ([[1.0, 2.0, 2.0], [0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]),
        ([[2.0]], [[-1.0]]),
    ):
        A, B = torch.tensor(a), torch.tensor(b)
        gaps = A[:, None] - B  # (N, M, D)
        got, want = pairwise(A.clone(), B.clone()), gaps.square().sum(dim=2)
        usual = [
            (want.sqrt(), "These are distances. Wanted are their squares: no root."),
            (want.T, "A row for each row of A, a column for each row of B."),
            (gaps.abs().sum(dim=2), "Square the differences before you add them."),
            (gaps.square().mean(dim=2), "This is a mean over the inputs. Add them up."),
            (gaps.sum(dim=2).square(), "Square each difference first, then add up."),
            (gaps.square(), "Add up over the last dimension."),
        ]
        if A.shape == B.shape:
            told = "This pairs row i with row i only. All pairs need A[:, None]."
            usual.append(((A - B).square().sum(dim=1), told))
        otherwise = "A[:, None] has shape (N, 1, D). Minus B, that is (N, M, D)."
        call = f"pairwise({a}, {b})"
        yield compare_entries(call, got, want, usual, otherwise)


@exercise("channels_last")
def check_channels_last(channels_last):
    """Four different sizes, then the memory."""
    pictures = torch.arange(5 * 3 * 2 * 4).reshape(5, 3, 2, 4)  # (N, C, H, W)
    want = pictures.permute(0, 2, 3, 1).clone()
    got = channels_last(pictures)
    usual = [
        (
            pictures.reshape(want.shape),
            "The shape is right, and the pictures are scrambled: reshape keeps the order "
            "of reading. permute changes it.",
        ),
        (pictures.transpose(1, 3), "Height and width have changed places too."),
        (pictures.permute(0, 3, 1, 2), "The width moved to the front. Turn it round."),
    ]
    otherwise = "permute(…) takes, for each new dimension, the number of the old one."
    call = f"channels_last of {tuple(pictures.shape)}"
    yield compare_entries(call, got, want, usual, otherwise)
    yield Case(
        f"the answer is a {type(got).__name__}, wanted a tensor.",
        isinstance(got, torch.Tensor),
        "Stay in torch: permute is a method of the tensor.",
    )
    yield Case(
        "the numbers are right, and they were copied.",
        got.untyped_storage().data_ptr() == pictures.untyped_storage().data_ptr(),
        "permute and transpose make views; contiguous, clone and reshape may copy.",
    )


@exercise("quarters")
def check_quarters(quarters):
    """Two pictures whose numbers are all different, then one."""
    for N in (2, 1):
        pictures = torch.arange(N * 64).reshape(N, 8, 8)
        halves = pictures.reshape(N, 2, 4, 2, 4)
        want = halves.transpose(2, 3).reshape(N, 4, 4, 4)
        got = quarters(pictures.clone())
        usual = [
            (
                pictures.reshape(N, 4, 4, 4),
                "A view alone cuts after every 16 numbers: that is two rows.",
            ),
            (
                halves.permute(0, 3, 1, 2, 4).reshape(N, 4, 4, 4),
                "Quarters they are. Wanted is top right before bottom left.",
            ),
            (halves.transpose(2, 3), "Join the two dimensions of size 2 at the end."),
        ]
        otherwise = "(N, 8, 8) to (N, 2, 4, 2, 4); then bring the two 2s side by side."
        call = f"quarters of {(N, 8, 8)}"
        yield compare_entries(call, got, want, usual, otherwise)
