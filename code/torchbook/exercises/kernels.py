"""Checks for the exercises on kernels, channels and pooling, in part 9."""

import torch
import torch.nn.functional as F

from torchbook.exercises import Case, compare_entries, exercise, fits, unchanged

IN_PLACE = "Your function works in place. Make new tensors instead."
TWICE = "Column and row share a number, which comes in twice: divide one of them by it."
SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def _colors() -> list[tuple[str, torch.Tensor]]:
    g = torch.Generator().manual_seed(0)
    halves = torch.zeros(1, 3, 4, 6)
    halves[:, 0, :, :3] = halves[:, 1, :, 3:] = 0.6  # red beside green, equally bright
    return [
        ("two pictures of chance", torch.rand(2, 3, 4, 5, generator=g)),
        ("red beside green", halves),
        ("three pictures, higher than wide", torch.rand(3, 3, 6, 3, generator=g)),
    ]


@exercise("color_edges")
def check_color_edges(color_edges):
    """Chance, an edge between two colors of one brightness, as many pictures as colors."""
    for what, X in _colors():
        given = X.clone()
        got = color_edges(given)
        yield unchanged([given], [X], IN_PLACE)
        g, h = _sobel(X, SOBEL), _sobel(X, SOBEL.T)  # (N, 3, H, W) each
        want = (g**2 + h**2).sqrt()
        both = _sobel(X.sum(1, True), SOBEL) ** 2 + _sobel(X.sum(1, True), SOBEL.T) ** 2
        usual = [
            (want, "Now take the largest over the colors, dimension 1."),
            (want.amax(dim=1, keepdim=True), "amax(dim=1) drops the dimension."),
            (want.amax(dim=0), "Colors are dimension 1, pictures dimension 0."),
            (want.sum(dim=1), "The largest of the three is wanted, not their sum."),
            (want.mean(dim=1), "The largest of the three is wanted, not their mean."),
            ((want**2).amax(dim=1), "The root is missing."),
            (
                (g.abs() + h.abs()).amax(dim=1),
                "Square both, add, and take the root.",
            ),
            (g.abs().amax(dim=1), "Level edges are missing: SOBEL.T finds them."),
            (h.abs().amax(dim=1), "Upright edges are missing."),
            (
                both.sqrt()[:, 0],
                "The colors were added up before the edges were found.",
            ),
            (both.sqrt()[:, 0] / 3, "That is the edge of the mean of the colors."),
            (
                want.amax(dim=1)[:, 1:-1, 1:-1],
                "padding=1 keeps the size.",
            ),
        ]
        otherwise = "Sobel in each color, groups=3 or one at a time; root; the largest."
        call = f"color_edges, of {what},"
        yield compare_entries(call, got, want.amax(dim=1), usual, otherwise)


def _sobel(X: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    C = X.shape[1]
    return F.conv2d(X, kernel.repeat(C, 1, 1, 1), padding=1, groups=C)


@exercise("separated")
def check_separated(separated):
    """Sobel, a blur, a wide one, one that begins with zeros, a single number, a negative one."""
    for column, row in (
        ([1.0, 2, 1], [-1.0, 0, 1]),
        ([1 / 3, 1 / 3, 1 / 3], [1 / 3, 1 / 3, 1 / 3]),
        ([0.0, 0.5, -2], [0.0, 3, 1, 4]),
        ([-3.0], [2.0]),
        ([1.0, -1], [0.0, 0, -5]),
    ):
        kernel = torch.outer(torch.tensor(column), torch.tensor(row))
        given = kernel.clone()
        got = separated(given)
        yield unchanged([given], [kernel], IN_PLACE)
        size = f"{len(column)} × {len(row)}"
        yield Case(
            f"separated, of a kernel {size}, gave {type(got).__name__}, wanted a pair.",
            isinstance(got, tuple | list) and len(got) == 2,
            "Return a pair: the column, the row.",
        )
        for name, part, n in zip(
            ("column", "row"), got, (len(column), len(row)), strict=True
        ):
            call = f"separated, of a kernel {size}: the {name}"
            yield fits(
                call, part, (n,), f"The {name} has {n} numbers, and one dimension."
            )
        yield _product(got, kernel, size)


def _product(got, kernel: torch.Tensor, size: str) -> Case:
    column, row = (torch.as_tensor(part, dtype=torch.float64) for part in got)
    product = torch.outer(column, row)
    largest = kernel.abs().max().double()
    usual = [
        (kernel * largest, TWICE),
        (-kernel * largest, TWICE),
        (-kernel, "The sign is wrong: divide by the number itself, not its size."),
    ]
    otherwise = "Each row is a multiple of one row. The column says which multiple."
    if not product.isfinite().all():
        otherwise = "Something was divided by 0: choose a number that is not 0."
    call = f"for a kernel {size}, column times row"
    return compare_entries(call, product, kernel, usual, otherwise)


def _maps() -> list[tuple[str, torch.Tensor]]:
    g = torch.Generator().manual_seed(0)
    flat = torch.zeros(1, 1, 3, 4)
    flat[..., 1, 1:3] = 2.0
    return [
        ("a map of chance", torch.rand(1, 1, 5, 6, generator=g)),
        ("several maps", torch.randn(2, 3, 4, 4, generator=g)),
        ("maps below zero", -1 - torch.rand(1, 2, 4, 5, generator=g)),
        ("a map with two equal neighbours", flat),
    ]


@exercise("peaks")
def check_peaks(peaks):
    """Chance, several maps, negative scores, and two peaks side by side."""
    for what, Z in _maps():
        given = Z.clone()
        got = peaks(given)
        yield unchanged([given], [Z], IN_PLACE)
        around = F.max_pool2d(Z, 3, 1, 1)
        framed = F.max_pool2d(F.pad(Z, (1, 1, 1, 1)), 3, 1)
        largest = Z.amax(dim=(2, 3), keepdim=True)
        highest = torch.eq(Z, around)  # where a score is a peak
        want = torch.where(highest, Z, 0)
        usual = [
            (around, "This is the highest score around. Keep Z where it is equal."),
            (highest, "This says where peaks are. Their scores are wanted."),
            (
                torch.where(torch.eq(Z, largest), Z, 0),
                "Each map may have several peaks.",
            ),
            (
                torch.where(torch.eq(Z, framed), Z, 0),
                "A frame of zeros beats scores below 0.",
            ),
            (torch.where(highest, 0, Z), "Those are the others: exchange them."),
            (F.max_pool2d(Z, 3), "stride=1 and padding=1 keep the size."),
            (F.max_pool2d(Z, 3, 1), "padding=1 keeps the size."),
            (F.max_pool2d(Z, 3, padding=1), "stride=1: a window for every pixel."),
            (Z, "Scores beside a peak should be 0."),
        ]
        otherwise = "Compare each score with the highest of the nine around it."
        yield compare_entries(f"peaks, of {what},", got, want, usual, otherwise)
