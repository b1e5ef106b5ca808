"""torchbook.exercises.drawing_digits: right answers pass, usual slips get the hint for them."""

import torch
import torch.nn.functional as F
from answers import *  # noqa: F403
from answers import BROKE


def laid(x, kernel, stride):
    (H, W), K = x.shape, len(kernel)
    out = torch.zeros((H - 1) * stride + K, (W - 1) * stride + K)
    for i in range(H):
        for j in range(W):
            top, left = i * stride, j * stride
            out[top : top + K, left : left + K] += x[i, j] * kernel
    return out


def laid_by_torch(x, kernel, stride):
    return F.conv_transpose2d(x[None, None], kernel[None, None], stride=stride)[0, 0]


def overwritten(x, kernel, stride):
    (H, W), K = x.shape, len(kernel)
    out = torch.zeros((H - 1) * stride + K, (W - 1) * stride + K)
    for i in range(H):
        for j in range(W):
            top, left = i * stride, j * stride
            out[top : top + K, left : left + K] = x[i, j] * kernel
    return out


def emptied(x, kernel, stride):
    only = torch.zeros_like(x)
    only[-1, -1] = x[-1, -1]
    return laid(only, kernel, stride)


def too_small(x, kernel, stride):
    out = torch.zeros(len(x) * stride, x.shape[1] * stride)
    K = len(kernel)
    for i in range(len(x)):
        for j in range(x.shape[1]):
            out[i * stride : i * stride + K, j * stride : j * stride + K] += (
                x[i, j] * kernel
            )
    return out


def slid(x, kernel, stride):
    padded = F.pad(x[None, None], [len(kernel) - 1] * 4)
    return F.conv2d(padded, kernel[None, None])[0, 0]


def laid_in_place(x, kernel, stride):
    out = laid(x, kernel, stride)
    x.zero_()
    return out


def angle_of(a, b):
    return torch.acos(a @ b / (a.norm() * b.norm()))


def bent(a, b, n, angle=None):
    angle = angle_of(a, b) if angle is None else angle
    t = torch.linspace(0, 1, n)[:, None]
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / angle.sin()


def bent_in_a_loop(a, b, n):
    w, points = angle_of(a, b), []
    for k in range(n):
        t = k / (n - 1)
        points.append((torch.sin((1 - t) * w) * a + torch.sin(t * w) * b) / w.sin())
    return torch.stack(points)


def straight(a, b, n):
    t = torch.linspace(0, 1, n)[:, None]
    return (1 - t) * a + t * b


def planes(y, classes, X):
    return torch.eye(classes)[y][:, :, None, None].expand(-1, -1, *X.shape[2:])


def behind(X, y, classes):
    return torch.cat([X, planes(y, classes, X)], dim=1)


def behind_in_a_loop(X, y, classes):
    more = torch.zeros(len(X), classes, *X.shape[2:])
    for n, k in enumerate(y):
        more[n, k] = 1
    return torch.cat([X, more], dim=1)


def labels(X, y, count):
    return y[:, None, None, None].expand(-1, count, *X.shape[2:])


RIGHT = {
    "transposed": [laid, laid_by_torch],
    "arc": [bent, bent_in_a_loop],
    "with_planes": [behind, behind_in_a_loop],
}

WRONG = {
    "transposed": {
        "overwritten": (overwritten, "+=, not ="),
        "turned": (lambda x, k, s: laid(x, k.flip(0, 1), s), "turned round"),
        "kernel swapped": (lambda x, k, s: laid(x, k.T, s), "of the kernel are"),
        "x swapped": (lambda x, k, s: laid(x.T, k, s), "of x are swapped"),
        "no stride": (lambda x, k, s: laid(x, k, 1), "stride places apart"),
        "cut": (lambda x, k, s: laid(x, k, s)[1:-1, 1:-1], "nothing is cut off"),
        "slid": (slid, "hands a copy out"),
        "emptied": (emptied, "Start with zeros once"),
        "too small": (too_small, BROKE),
        "in place": (laid_in_place, "leave x and the kernel"),
        "noise": (lambda x, k, s: laid(x, k, s) + 1, "Add x[i, j] * kernel"),
    },
    "arc": {
        "from b": (lambda a, b, n: bent(b, a, n), "begins at a"),
        "straight": (straight, "straight line"),
        "not divided": (
            lambda a, b, n: bent(a, b, n) * angle_of(a, b).sin(),
            "Divide by the sine",
        ),
        "unit": (lambda a, b, n: bent(a / a.norm(), b / b.norm(), n), "own lengths"),
        "columns": (lambda a, b, n: bent(a, b, n).T, "A row for each"),
        "no end": (lambda a, b, n: bent(a, b, n)[:-1], "The last point is b"),
        "cosine": (
            lambda a, b, n: bent(a, b, n, a @ b / (a.norm() * b.norm())),
            "sin((1 - t)",
        ),
        "noise": (lambda a, b, n: bent(a, b, n) + 1, "linspace(0, 1, n)"),
    },
    "with_planes": {
        "in front": (
            lambda X, y, c: torch.cat([planes(y, c, X), X], dim=1),
            "after the channels",
        ),
        "planes alone": (lambda X, y, c: planes(y, c, X), "itself is missing"),
        "turned": (
            lambda X, y, c: torch.cat([X, 1 - planes(y, c, X)], dim=1),
            "wrong way round",
        ),
        "labels": (lambda X, y, c: torch.cat([X, labels(X, y, c)], 1), "not the label"),
        "one plane": (
            lambda X, y, c: torch.cat([X, labels(X, y, 1)], dim=1),
            "One plane for each",
        ),
        "zeros": (
            lambda X, y, c: torch.cat([X, 0 * planes(y, c, X)], dim=1),
            "All are zero",
        ),
        "not expanded": (
            lambda X, y, c: torch.cat([X, torch.eye(c)[y][:, :, None, None]], 1),
            BROKE,
        ),
        "shape of X": (
            lambda X, y, c: X + y[:, None, None, None],
            "behind the channels",
        ),
        "in place": (lambda X, y, c: behind(X.zero_(), y, c), "X is to stay"),
        "noise": (lambda X, y, c: behind(X, y, c) + 1, "One-hot rows"),
    },
}
