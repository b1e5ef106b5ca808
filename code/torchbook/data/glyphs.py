"""Glyphs: distorted letters, as many as wanted, from the fonts that Matplotlib ships.

Each picture starts as one letter of one font, is thickened or thinned, then bent, rotated,
sheared, scaled and shifted, and last made fainter and noisy. White on black and 28 x 28, like MNIST
(LeCun et al., 1998); the smooth bending is the elastic distortion of Simard et al. (2003), and
the idea of letters from fonts is that of notMNIST (Bulatov, 2011).
"""

import math
from pathlib import Path

import torch
import torch.nn.functional as F

# The families with true Latin letters; the other files hold symbols, or letters in a script hand.
FONTS = (
    *(
        f"DejaVu{family}{style}"
        for family in ("Sans", "SansMono")
        for style in ("", "-Bold", "-Oblique", "-BoldOblique")
    ),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    "cmb10",
    "cmmi10",
    "cmr10",
    "cmss10",
    "cmti10",
    "cmtt10",
)

# How far a picture strays. The frame reaches from -1 to 1 in x and y; "sd" is a standard deviation.
STRENGTH = {
    "rotate_sd": 0.22,  # radians
    "shear_sd": 0.22,
    "scale": (0.70, 1.10),
    "stretch_sd": 0.15,  # log of width over height
    "shift": 0.17,
    "bend_sd": 0.09,
    "threshold": (
        0.30,
        0.65,
    ),  # of the blurred letter: low is a thick stroke, high a thin one
    "contrast": (0.45, 1.0),
    "noise_sd": 0.06,
}
MASTER = 84  # pixels on a side of a letter before it is distorted
BATCH = 1000


def draw(n, classes="ABCDEFGHIJ", seed=0, size=28):
    """Draw n letters in shuffled order, each class as often as the others (to within one).

    Returns images, uint8 (n, 1, size, size), and labels, int64 (n,), indices into `classes`.
    The same arguments give the same bytes; another seed gives other pictures.
    """
    masters = _masters(classes)  # (classes, fonts, MASTER, MASTER)
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.arange(n) % len(classes))[torch.randperm(n, generator=generator)]
    images = torch.empty(n, 1, size, size, dtype=torch.uint8)
    for start in range(0, n, BATCH):
        of_batch = slice(start, start + BATCH)
        letters = _pick(masters, labels[of_batch], generator)
        images[of_batch] = _distort(letters, size, generator)
    return images, labels


def fitted(letters, size=8):
    """The letters alone, cut out, in the middle of their pictures and as bright as can be.

    letters are (N, 1, H, H), uint8, as from `draw`; the result is (N, 1, size, size), float in
    0 … 1. The cut is a square around the ink, pixels above 0.3, whose longer side fills it.
    Raises ValueError for pictures of another shape, and for one without ink.
    """
    if (
        letters.ndim != 4
        or letters.shape[1] != 1
        or letters.shape[2] != letters.shape[3]
    ):
        raise ValueError(
            f"letters of shape {tuple(letters.shape)}: wanted (N, 1, H, H), as draw gives them"
        )
    ink, H = letters.float() / 255, letters.shape[-1]
    inked = ink[:, 0] > 0.3  # (N, H, H)
    if (blank := (~inked.flatten(1).any(dim=1)).nonzero()).numel():
        raise ValueError(
            f"picture {blank[0].item()} has no ink: wanted pixels above 0.3"
        )
    theta, sides = torch.zeros(len(letters), 2, 3), []
    for row, lines in enumerate((inked.any(dim=1), inked.any(dim=2))):  # x, then y
        first = lines.float().argmax(dim=1)
        end = H - lines.flip(1).float().argmax(dim=1)
        sides.append(end - first)
        theta[:, row, 2] = (first + end) / H - 1  # the middle, from -1 to 1
    theta[:, 0, 0] = theta[:, 1, 1] = torch.maximum(*sides) / H
    # four by four points a pixel, averaged: edges come out smooth
    places = F.affine_grid(theta, [len(letters), 1, 4 * size, 4 * size], False)
    small = F.avg_pool2d(F.grid_sample(ink, places, align_corners=False), 4)
    return small / small.amax((1, 2, 3), keepdim=True)


def _pick(masters, labels, generator):
    """A letter of each label, (B, 1, MASTER, MASTER), in a font chosen by chance."""
    fonts = torch.randint(masters.shape[1], labels.shape, generator=generator)
    return masters[labels, fonts].unsqueeze(1)


def _distort(letters, size, generator):
    """Letters (B, 1, MASTER, MASTER) in [0, 1] to pictures (B, 1, size, size), uint8."""
    n = len(letters)
    # Twice the pixels, averaged two by two: edges come out smooth.
    grid = _sampling_points(n, 2 * size, generator)
    ink = F.grid_sample(letters, grid, mode="bilinear", align_corners=False)
    threshold = _uniform(n, STRENGTH["threshold"], generator)
    ink = ((ink - threshold) * 5 + 0.5).clamp_(0, 1)
    ink = F.avg_pool2d(ink, 2)  # (B, 1, size, size)
    ink = ink * _uniform(n, STRENGTH["contrast"], generator)
    ink = ink + STRENGTH["noise_sd"] * torch.randn(ink.shape, generator=generator)
    return (ink.clamp_(0, 1) * 255).round_().to(torch.uint8)


def _sampling_points(n, side, generator):
    """Where in the letter each pixel of the picture looks: (n, side, side, 2), x before y."""
    ticks = (torch.arange(side) + 0.5) * (2 / side) - 1
    y, x = ticks[:, None], ticks[None, :]
    (xx, xy), (yx, yy) = _matrix(n, generator)
    shift_x = _uniform(n, (-STRENGTH["shift"], STRENGTH["shift"]), generator)
    shift_y = _uniform(n, (-STRENGTH["shift"], STRENGTH["shift"]), generator)
    bend = STRENGTH["bend_sd"] * torch.randn(n, 2, 6, 6, generator=generator)
    bend = F.interpolate(bend, (side, side), mode="bicubic", align_corners=True)
    # Written out, not as a matrix product: the bytes then depend on no BLAS library.
    look_x = xx * x + xy * y + shift_x + bend[:, :1]  # (n, 1, side, side)
    look_y = yx * x + yy * y + shift_y + bend[:, 1:]
    return torch.stack((look_x[:, 0], look_y[:, 0]), dim=-1)


def _matrix(n, generator):
    """Four numbers a picture, each (n, 1, 1, 1): rotation by shear by scale, from picture to
    letter (so a scale above 1 divides)."""
    angle = _normal(n, STRENGTH["rotate_sd"], generator)
    shear = _normal(n, STRENGTH["shear_sd"], generator)
    scale = _uniform(n, STRENGTH["scale"], generator)
    stretch = torch.exp(_normal(n, STRENGTH["stretch_sd"], generator) / 2)
    across, down = 1 / (scale * stretch), stretch / scale
    cos, sin = torch.cos(angle), torch.sin(angle)
    row_x = across * (cos + shear * sin), across * (shear * cos - sin)
    row_y = down * sin, down * cos
    return row_x, row_y


def _uniform(n, between, generator):
    low, high = between
    return low + (high - low) * torch.rand(n, 1, 1, 1, generator=generator)


def _normal(n, sd, generator):
    return sd * torch.randn(n, 1, 1, 1, generator=generator)


def _masters(classes):
    """Every letter in every font, large and a little blurred: (classes, fonts, MASTER, MASTER).

    The blur lets a threshold move the edge, and with it the thickness of the stroke.
    Raises FileNotFoundError if Matplotlib came without its fonts.
    """
    letters = torch.stack(
        [torch.stack([_letter(c, f) for f in _font_files()]) for c in classes]
    )
    taps = torch.exp(-0.5 * (torch.arange(-4, 5) / 1.6) ** 2)
    taps = taps / taps.sum()
    flat = letters.view(-1, 1, MASTER, MASTER)
    flat = F.conv2d(flat, taps.view(1, 1, 1, 9), padding=(0, 4))
    flat = F.conv2d(flat, taps.view(1, 1, 9, 1), padding=(4, 0))
    return flat.view_as(letters)


def _font_files():
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    files = [folder / f"{name}.ttf" for name in FONTS]
    files = [file for file in files if file.is_file()]
    if not files:
        raise FileNotFoundError(
            f"none of the fonts that Matplotlib ships is in {folder}"
        )
    return files


def _letter(character, font_file):
    """One letter, white on black, its ink in the middle: (MASTER, MASTER) in [0, 1]."""
    from PIL import Image, ImageDraw, ImageFont

    layout = ImageFont.Layout.BASIC  # the other engine may or may not be installed
    font = ImageFont.truetype(str(font_file), 100, layout_engine=layout)
    _, top, _, bottom = font.getbbox("H")
    left, highest, right, lowest = font.getbbox(character)
    longest = max(right - left, lowest - highest)
    scale = min(0.68 * MASTER / (bottom - top), 0.86 * MASTER / longest)
    font = ImageFont.truetype(
        str(font_file), math.floor(100 * scale), layout_engine=layout
    )
    left, top, right, bottom = font.getbbox(character)
    page = Image.new("L", (MASTER, MASTER))
    corner = ((MASTER - left - right) / 2, (MASTER - top - bottom) / 2)
    ImageDraw.Draw(page).text(corner, character, fill=255, font=font)
    pixels = torch.frombuffer(bytearray(page.tobytes()), dtype=torch.uint8)
    return pixels.view(MASTER, MASTER).float() / 255
