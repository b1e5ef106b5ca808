"""torchbook.exercises.kernels: right answers pass, usual slips get the hint meant for them."""

import torch
import torch.nn.functional as F
from answers import *  # noqa: F403
from answers import BROKE

from torchbook.scratch import conv

SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def scores(X, kernel, padding=1):
    """One kernel (3, 3) on each channel by itself, with the book's own convolution."""
    each = [
        conv.conv2d(x[:, None], kernel[None, None], None, 1, padding)
        for x in X.unbind(1)
    ]
    return torch.cat(each, dim=1)


def strengths(X, padding=1):
    return torch.hypot(scores(X, SOBEL, padding), scores(X, SOBEL.T, padding))


def strengths_in_place(X):
    X *= 2
    return strengths(X).amax(1) / 2


def shifted(X):
    """The edges from differences of shifted pictures, without any convolution."""
    P = F.pad(X, (1, 1, 1, 1))
    columns = P[..., :-2, :] + 2 * P[..., 1:-1, :] + P[..., 2:, :]
    rows = P[..., :-2] + 2 * P[..., 1:-1] + P[..., 2:]
    g = columns[..., 2:] - columns[..., :-2]
    h = rows[..., 2:, :] - rows[..., :-2, :]
    return (g**2 + h**2).sqrt().max(dim=1).values


def split(kernel):
    i, j = divmod(kernel.abs().argmax().item(), kernel.shape[1])
    return kernel[:, j] / kernel[i, j], kernel[i]


def by_svd(kernel):
    U, S, Vh = torch.linalg.svd(kernel.double())
    return U[:, 0] * S[0], Vh[0]


def shared(kernel):
    i, j = divmod(kernel.abs().argmax().item(), kernel.shape[1])
    return kernel[:, j], kernel[i]


def without_sign(kernel):
    i, j = divmod(kernel.abs().argmax().item(), kernel.shape[1])
    return kernel[:, j] / kernel[i, j].abs(), kernel[i]


def in_place(kernel):
    column, row = (part.clone() for part in split(kernel))
    kernel /= 2
    return column, row


def peak(Z, around):
    return torch.where(around == Z, Z, 0)


def by_windows(Z):
    P = F.pad(Z, (1, 1, 1, 1), value=-torch.inf)
    around = P.unfold(2, 3, 1).unfold(3, 3, 1).amax((-2, -1))
    return Z * (around <= Z)


def peaks_in_place(Z):
    Z[F.max_pool2d(Z, 3, 1, 1) > Z] = 0
    return Z


RIGHT = {
    "color_edges": [lambda X: strengths(X).amax(dim=1), shifted],
    "separated": [
        split,
        by_svd,
        lambda kernel: list(map(torch.Tensor.tolist, split(kernel))),
    ],
    "peaks": [lambda Z: peak(Z, conv.max_pool2d(Z, 3, 1, 1)), by_windows],
}

WRONG = {
    "color_edges": {
        "all colors": (strengths, "take the largest over the colors"),
        "a dimension left": (
            lambda X: strengths(X).amax(dim=1, keepdim=True),
            "drops the dimension",
        ),
        "over pictures": (lambda X: strengths(X).amax(dim=0), "pictures dimension 0"),
        "sum": (lambda X: strengths(X).sum(dim=1), "not their sum"),
        "mean": (lambda X: strengths(X).mean(dim=1), "not their mean"),
        "no root": (lambda X: (strengths(X) ** 2).amax(dim=1), "root is missing"),
        "sizes added": (
            lambda X: (scores(X, SOBEL).abs() + scores(X, SOBEL.T).abs()).amax(dim=1),
            "Square both",
        ),
        "upright only": (
            lambda X: scores(X, SOBEL).abs().amax(dim=1),
            "Level edges are",
        ),
        "lying only": (lambda X: scores(X, SOBEL.T).abs().amax(dim=1), "Upright edges"),
        "sum of colors": (
            lambda X: strengths(X.sum(dim=1, keepdim=True))[:, 0],
            "added up before",
        ),
        "gray": (
            lambda X: strengths(X.mean(dim=1, keepdim=True))[:, 0],
            "the mean of the colors",
        ),
        "smaller": (lambda X: strengths(X, 0).amax(dim=1), "keeps the size"),
        "signed": (lambda X: scores(X, SOBEL).amax(dim=1), "Sobel in each color"),
        "in place": (strengths_in_place, "changed a tensor"),
        "one kernel for three": (
            lambda X: F.conv2d(X, SOBEL[None, None], padding=1),
            BROKE,
        ),
    },
    "separated": {
        "one number twice": (shared, "comes in twice"),
        "twice, the sign lost": (
            lambda kernel: (-shared(kernel)[0], shared(kernel)[1]),
            "divide one of them by it",
        ),
        "no sign": (without_sign, "not its size"),
        "the first row": (
            lambda kernel: (kernel[:, 0] / kernel[0, 0], kernel[0]),
            "divided by 0",
        ),
        "the middle": (
            lambda kernel: (kernel[:, kernel.shape[1] // 2], kernel[len(kernel) // 2]),
            "a multiple of one row",
        ),
        "ones": (
            lambda kernel: (torch.ones(len(kernel)), kernel[0]),
            "a multiple of one row",
        ),
        "two dimensions": (
            lambda kernel: (split(kernel)[0][:, None], split(kernel)[1][None]),
            "and one dimension",
        ),
        "exchanged": (lambda kernel: split(kernel)[::-1], "column"),
        "the row alone": (lambda kernel: kernel[0], "wanted a pair"),
        "in place": (in_place, "changed a tensor"),
        "a large index": (lambda kernel: (kernel[:, 9], kernel[9]), BROKE),
    },
    "peaks": {
        "the highest around": (
            lambda Z: F.max_pool2d(Z, 3, 1, 1),
            "highest score around",
        ),
        "a mask": (lambda Z: F.max_pool2d(Z, 3, 1, 1) == Z, "says where peaks are"),
        "one a map": (
            lambda Z: peak(Z, Z.amax(dim=(2, 3), keepdim=True)),
            "several peaks",
        ),
        "a frame of zeros": (
            lambda Z: peak(Z, F.max_pool2d(F.pad(Z, (1, 1, 1, 1)), 3, 1)),
            "frame of zeros",
        ),
        "the others": (lambda Z: Z - by_windows(Z), "exchange them"),
        "the default stride": (lambda Z: F.max_pool2d(Z, 3), "stride=1 and padding=1"),
        "no padding": (lambda Z: F.max_pool2d(Z, 3, 1), "padding=1 keeps"),
        "a large stride": (lambda Z: F.max_pool2d(Z, 3, padding=1), "for every pixel"),
        "as it is": (lambda Z: Z, "beside a peak"),
        "below the mean": (lambda Z: Z * (Z.mean() < Z), "highest of the nine"),
        "in place": (peaks_in_place, "changed a tensor"),
        "shapes apart": (lambda Z: torch.where(F.max_pool2d(Z, 2) == Z, Z, 0), BROKE),
    },
}
