"""Augmentation: pictures changed by chance in ways that leave their label true.

Each function takes a batch X (N, C, H, W), uint8 or float, and returns a new one of the same
shape, dtype and device, in which every sample had its own random choice. No sample waits for
another: there is no loop over the batch. Chance comes from the CPU generator that is passed
in, so the choices are the same whichever device the pictures lie on. What was not in the
picture is 0: black, for pictures that are not yet normalised.

    augment = compose(partial(random_crop, padding=2), horizontal_flip)
    X = augment(X, generator)
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

Augmentation = Callable[[Tensor, Generator], Tensor]


def compose(*functions: Augmentation) -> Augmentation:
    """One function (X, generator) -> X that applies all, the first one first."""

    def apply(X: Tensor, generator: Generator) -> Tensor:
        for function in functions:
            X = function(X, generator)
        return X

    return apply


def random_crop(X: Tensor, generator: Generator, padding: int = 4) -> Tensor:
    """Shift by up to `padding` pixels each way: a frame of zeros, then a crop of H × W.

    Raises ValueError for a padding below 0 or above the shorter side
    (Krizhevsky et al. 2012; padded, as in He et al. 2016).
    """
    N, _, H, W = _shape(X)
    _want(0 <= padding <= min(H, W), f"padding {padding} for pictures of {H} × {W}")
    places = 2 * padding + 1
    top, left = torch.randint(places, (2, N), generator=generator).to(X.device)
    crops = F.pad(X, (padding,) * 4).unfold(2, H, 1).unfold(3, W, 1)
    # (N, C, places, places, H, W), a view of all crops there are; one each is copied
    return crops[torch.arange(N, device=X.device), :, top, left]  # (N, C, H, W)


def horizontal_flip(X: Tensor, generator: Generator, p: float = 0.5) -> Tensor:
    """Mirror left and right, each sample with probability p. ValueError for p outside [0, 1]."""
    flipped = _chosen(_shape(X)[0], generator, p).to(X.device)
    return torch.where(flipped[:, None, None, None], X.flip(-1), X)


def rotation(X: Tensor, generator: Generator, degrees: float = 10) -> Tensor:
    """Turn about the middle by an angle uniform in [-degrees, degrees], bilinear.

    A positive angle turns counter-clockwise. Raises ValueError for negative degrees
    (sampling on a grid: Jaderberg et al. 2015).
    """
    N, _, H, W = _shape(X)
    _want(degrees >= 0, f"degrees {degrees}: wanted 0 or more")
    angle = torch.deg2rad((2 * torch.rand(N, generator=generator) - 1) * degrees)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros(N)
    # where in the old picture each new pixel lies, in units of half a width and half a height
    theta = torch.stack(
        [cos, -sin * H / W, zero, sin * W / H, cos, zero], dim=1
    ).reshape(N, 2, 3)
    pixels = X.to(torch.promote_types(X.dtype, torch.float32))
    grid = F.affine_grid(theta.to(pixels), [*X.shape], align_corners=False)
    turned = F.grid_sample(pixels, grid, align_corners=False)  # (N, C, H, W)
    return (turned if X.is_floating_point() else turned.round()).to(X.dtype)


def shake(X: Tensor, generator: Generator) -> Tensor:
    """Move, stretch and slant a little, each by a normal number of mean 0, bilinear."""
    N = _shape(X)[0]
    change = torch.tensor([[0.12, 0.15, 0.12], [0.10, 0.08, 0.08]])
    theta = torch.eye(2, 3) + change * torch.randn(N, 2, 3, generator=generator)
    pixels = X.to(torch.promote_types(X.dtype, torch.float32))
    places = F.affine_grid(theta.to(pixels), [*X.shape], align_corners=False)
    shaken = F.grid_sample(pixels, places, align_corners=False)  # (N, C, H, W)
    return (shaken if X.is_floating_point() else shaken.round()).to(X.dtype)


def erasing(
    X: Tensor,
    generator: Generator,
    p: float = 0.5,
    scale: tuple[float, float] = (0.02, 0.2),
    ratio: tuple[float, float] = (0.3, 3.3),
) -> Tensor:
    """Blacken a rectangle inside the picture, each sample with probability p.

    Its area is uniform in `scale`, as a share of the picture; its height / width is uniform in
    `ratio` on a logarithmic scale, among those that fit; both up to whole pixels. Raises
    ValueError for p outside [0, 1], and for ranges that are empty or not always fit (Random
    Erasing, Zhong et al. 2020, who fill with noise and draw the ratio itself uniformly).
    """
    N, _, H, W = _shape(X)
    chosen = _chosen(N, generator, p)
    _want(0 < scale[0] <= scale[1] <= 1, f"scale {scale}: wanted a range in 0 … 1")
    _want(0 < ratio[0] <= ratio[1], f"ratio {ratio}: wanted a range above 0")
    fits = ratio[0] <= H / (W * scale[1]) and H * scale[1] / W <= ratio[1]
    _want(fits, f"scale {scale} and ratio {ratio} do not fit into {H} × {W}")
    share = _uniform(N, generator, *scale)
    low = (share * H / W).clamp(min=ratio[0]).log()  # flatter is wider than the picture
    high = (H / (share * W)).clamp(max=ratio[1]).log()  # steeper is higher than it
    aspect = (low + (high - low) * torch.rand(N, generator=generator)).exp()
    height = (share * H * W * aspect).sqrt().round().long().clamp(1, H)
    width = (share * H * W / aspect).sqrt().round().long().clamp(1, W)
    top, left = torch.randint(2**31, (2, N), generator=generator)
    top, left = top % (H - height + 1), left % (W - width + 1)
    return _blacken(X, top, left, height * chosen, width)


def cutout(X: Tensor, generator: Generator, size: int) -> Tensor:
    """Blacken a square of size × size around a pixel, any one; what hangs over is cut off.

    Raises ValueError for a size below 1 (DeVries & Taylor 2017, who blacken normalised
    pictures, where 0 is the mean).
    """
    N, _, H, W = _shape(X)
    _want(size >= 1, f"size {size}: wanted 1 or more")
    y = torch.randint(H, (N,), generator=generator)
    x = torch.randint(W, (N,), generator=generator)
    side = torch.full((N,), size)
    return _blacken(X, y - size // 2, x - size // 2, side, side)


def _blacken(X, top, left, height, width) -> Tensor:
    def within(start, length, end):  # (N,) and (N,) -> (N, end)
        place = torch.arange(end)
        return (place >= start[:, None]) & (place < (start + length)[:, None])

    rows, columns = within(top, height, X.shape[2]), within(left, width, X.shape[3])
    box = rows[:, None, :, None] & columns[:, None, None, :]  # (N, 1, H, W)
    return X.masked_fill(box.to(X.device), 0)


def _uniform(n: int, generator: Generator, low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=generator)


def _chosen(n: int, generator: Generator, p: float) -> Tensor:
    _want(0 <= p <= 1, f"p {p}: wanted a probability, 0 … 1")
    return torch.rand(n, generator=generator) < p


def _shape(X: Tensor) -> tuple[int, int, int, int]:
    _want(X.ndim == 4, f"a tensor of shape {tuple(X.shape)}: wanted (N, C, H, W)")
    return tuple(X.shape)


def _want(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
