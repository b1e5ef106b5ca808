"""Checks for the exercises on pictures made by two networks, in part 11."""

import torch
import torch.nn.functional as F
from torch import Tensor

from torchbook.exercises import Case, compare_entries, exercise, unchanged


def _random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def _laid(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    return F.conv_transpose2d(x[None, None], kernel[None, None], stride=stride)[0, 0]


@exercise("transposed")
def check_transposed(transposed):
    """Copies that meet, that overlap, that leave gaps; one pixel; a kernel of one."""
    for shape, size, stride in (
        ((2, 3), 2, 2),
        ((3, 3), 3, 1),
        ((2, 2), 4, 2),
        ((2, 2), 2, 3),
        ((1, 1), 3, 2),
        ((3, 2), 1, 1),
    ):
        x, kernel = _random(*shape), _random(size, size)
        given = x.clone(), kernel.clone()
        got = transposed(*given, stride)
        told = (
            "Add copies to a new tensor of zeros; leave x and the kernel as they are."
        )
        yield unchanged(given, (x, kernel), told)
        call = f"transposed, for {shape}, a kernel of {size} and stride {stride},"
        want = _laid(x, kernel, stride)
        otherwise = (
            "Add x[i, j] * kernel where row i * stride, column j * stride begin."
        )
        yield compare_entries(call, got, want, _slips(x, kernel, stride), otherwise)


def _slips(x: Tensor, kernel: Tensor, stride: int) -> list:
    size = len(kernel)
    full = F.pad(x[None, None], [size - 1] * 4)
    crossed = F.conv2d(full, kernel[None, None])[0, 0]
    return [
        (_overwritten(x, kernel, stride), "Where copies overlap, add: +=, not =."),
        (_laid(x, kernel.flip(0, 1), stride), "The kernel is turned round."),
        (_laid(x, kernel.T, stride), "Rows and columns of the kernel are swapped."),
        (_laid(x.T, kernel, stride), "Rows and columns of x are swapped."),
        (_laid(x, kernel, 1), "Neighbours in x lie stride places apart in the output."),
        (_cut(x, kernel, stride), "There is no padding: nothing is cut off."),
        (crossed, "This slides a kernel over x. Here each pixel hands a copy out."),
        (_last_alone(x, kernel, stride), "Start with zeros once, before the loops."),
    ]


def _overwritten(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    out, size = torch.zeros_like(_laid(x, kernel, stride)), len(kernel)
    for i, row in enumerate(x):
        for j, value in enumerate(row):
            top, left = i * stride, j * stride
            out[top : top + size, left : left + size] = value * kernel
    return out


def _last_alone(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    alone = torch.zeros_like(x)
    alone[-1, -1] = x[-1, -1]
    return _laid(alone, kernel, stride)


def _cut(x: Tensor, kernel: Tensor, stride: int) -> Tensor:
    return _laid(x, kernel, stride)[1:-1, 1:-1]


def _arc(a: Tensor, b: Tensor, n: int) -> Tensor:
    angle = torch.acos(a @ b / (a.norm() * b.norm()))
    t = torch.linspace(0, 1, n)[:, None]
    there, here = torch.sin(t * angle), torch.sin((1 - t) * angle)
    return (here * a + there * b) / torch.sin(angle)


@exercise("arc")
def check_arc(arc):
    """A right angle, a wide one, vectors of other lengths, both ends alone."""
    for a, b, n in (
        ([3.0, 0.0], [0.0, 1.0], 5),
        ([2.0, 0.0, 0.0], [-1.0, 1.0, 0.0], 4),
        ([1.0, 2.0, -1.0], [0.5, 1.0, 2.0], 3),
        ([1.0, 0.0], [0.0, 1.0], 2),
    ):
        call = f"arc({a}, {b}, {n})"
        a, b = torch.tensor(a), torch.tensor(b)
        given = a.clone(), b.clone()
        got = arc(*given, n)
        yield unchanged(given, (a, b), "a and b are to stay as they are.")
        want, t = _arc(a, b, n), torch.linspace(0, 1, n)[:, None]
        usual = [
            (_arc(b, a, n), "It begins at a, t = 0, and ends at b."),
            ((1 - t) * a + t * b, "That is the straight line. Weight by the sines."),
            (want * torch.sin(_angle(a, b)), "Divide by the sine of the angle."),
            (_arc(a / a.norm(), b / b.norm(), n), "a and b keep their own lengths."),
            (want.T, "A row for each point: (n, Z)."),
            (want[:-1], "The last point is b: n points, both ends among them."),
            (_with_angle(a, b, n, a @ b), "The angle is the arc cosine, torch.acos."),
            (
                _with_angle(a, b, n, torch.acos((a @ b).clamp(-1, 1))),
                "Divide the dot product by both lengths before acos.",
            ),
        ]
        otherwise = (
            "sin((1 - t)ω) a + sin(tω) b, over sin ω, for t in linspace(0, 1, n)."
        )
        yield compare_entries(call, got, want, usual, otherwise)


def _angle(a: Tensor, b: Tensor) -> Tensor:
    return torch.acos(a @ b / (a.norm() * b.norm()))


def _with_angle(a: Tensor, b: Tensor, n: int, angle: Tensor) -> Tensor:
    t = torch.linspace(0, 1, n)[:, None]
    mixed = torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b
    return mixed / torch.sin(angle)


@exercise("with_planes")
def check_with_planes(with_planes):
    """Several pictures, one, colors, as many classes as pictures, a class that is absent."""
    for shape, labels, classes in (
        ((3, 1, 2, 4), [1, 0, 1], 3),
        ((1, 3, 2, 2), [2], 4),
        ((4, 1, 3, 3), [3, 1, 0, 2], 4),
        ((2, 2, 3, 2), [0, 0], 1),
    ):
        X, y = _random(*shape), torch.tensor(labels)
        given = X.clone(), y.clone()
        got = with_planes(*given, classes)
        yield unchanged(given, (X, y), "X is to stay as it is: torch.cat makes a copy.")
        call = f"with_planes, for {shape}, labels {labels} and {classes} classes,"
        if isinstance(got, Tensor) and got.shape == X.shape:
            hint = "torch.cat([X, planes], dim=1) lays planes behind the channels."
            yield Case(
                f"{call} gave the shape of X, wanted more channels.", False, hint
            )
        planes = F.one_hot(y, classes)[:, :, None, None].expand(-1, -1, *shape[2:])
        want = torch.cat([X, planes], dim=1)
        number = y[:, None, None, None].expand(-1, classes, *shape[2:])
        usual = [
            (torch.cat([planes, X], dim=1), "The planes come after the channels."),
            (planes, "The picture itself is missing: torch.cat([X, planes], dim=1)."),
            (
                torch.cat([X, 1 - planes], dim=1),
                "Ones and zeros are the wrong way round.",
            ),
            (torch.cat([X, number], dim=1), "A plane holds 0 or 1, not the label."),
            (torch.cat([X, number[:, :1]], dim=1), "One plane for each class."),
            (torch.cat([X, torch.zeros_like(want[:, shape[1] :])], 1), "All are zero."),
        ]
        otherwise = "One-hot rows (N, classes) become planes with [:, :, None, None] and expand."
        yield compare_entries(call, got, want, usual, otherwise)
