"""torchbook.data.augment: each function against a sample-by-sample reference or torchvision."""

import math
from functools import partial

import pytest
import torch
from torchvision.transforms import functional as TF

from torchbook.data.augment import (
    compose,
    cutout,
    erasing,
    horizontal_flip,
    random_crop,
    rotation,
    shake,
)
from torchbook.data.loader import Batches

ALL = {
    "random_crop": partial(random_crop, padding=3),
    "horizontal_flip": horizontal_flip,
    "rotation": partial(rotation, degrees=30),
    "shake": shake,
    "erasing": erasing,
    "cutout": partial(cutout, size=4),
    "compose": compose(partial(random_crop, padding=2), horizontal_flip, erasing),
}
each = pytest.mark.parametrize("function", ALL.values(), ids=ALL.keys())


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(n=20, channels=3, height=9, width=12, dtype=torch.uint8, seed=0):
    """No pixel is 0, so that zeros are what an augmentation put there."""
    size = (n, channels, height, width)
    X = torch.randint(1, 256, size, generator=chance(seed), dtype=torch.uint8)
    return X if dtype == torch.uint8 else X.to(dtype) / 255


def numbered(n, height, width):
    """The same picture n times; each pixel has its own number, from 1."""
    numbers = 1.0 + torch.arange(height * width).reshape(1, 1, height, width)
    return numbers.repeat(n, 1, 1, 1)


def boxes(X):
    """(top, left, height, width) of the zeros of each picture, None where there are none."""
    for x in X[:, 0] == 0:
        where = x.nonzero()
        if len(where) == 0:
            yield None
            continue
        (top, left), (bottom, right) = where.amin(0).tolist(), where.amax(0).tolist()
        assert x[top : bottom + 1, left : right + 1].all()  # a full rectangle
        yield top, left, bottom - top + 1, right - left + 1


def assert_uniform(values, low, high):
    """All of low … high came, and chi-square is within 5 deviations of its expectation."""
    counts = torch.bincount(torch.tensor(values) - low, minlength=high - low + 1)
    assert len(counts) == high - low + 1
    expected, freedom = len(values) / len(counts), len(counts) - 1
    chi_square = ((counts - expected) ** 2 / expected).sum().item()
    assert chi_square < freedom + 5 * math.sqrt(2 * freedom)


@each
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
@pytest.mark.parametrize("size", [(1, 1, 8, 8), (7, 3, 9, 12), (2, 4, 13, 6)])
def test_shape_and_dtype_stay_and_the_input_is_not_touched(function, dtype, size):
    X = pictures(*size, dtype=dtype)
    before = X.clone()
    got = function(X, chance())
    assert (got.shape, got.dtype, got.device) == (X.shape, X.dtype, X.device)
    got.zero_()
    assert torch.equal(X, before)


@each
def test_the_generator_alone_decides(function):
    X = pictures(50)
    torch.manual_seed(1)
    first = function(X, chance(3))
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert torch.equal(function(X, chance(3)), first)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(function(X, chance(4)), first)
    generator = chance(3)
    assert torch.equal(function(X, generator), first)
    assert not torch.equal(function(X, generator), first)


@each
def test_every_sample_has_its_own_choice(function):
    same = pictures(1).repeat(100, 1, 1, 1)
    assert len(function(same, chance()).flatten(1).unique(dim=0)) > 1


@each
def test_channels_go_together(function):
    gray = pictures(30, channels=1).repeat(1, 3, 1, 1)
    got = function(gray, chance())
    assert torch.equal(got[:, 0], got[:, 1])
    assert torch.equal(got[:, 0], got[:, 2])


@each
def test_layouts_in_memory_give_the_same_pictures(function):
    X = pictures(9, dtype=torch.float32)
    strided = X.to(memory_format=torch.channels_last)
    assert torch.equal(function(strided, chance()), function(X, chance()))


def test_shaking_takes_pixels_from_places_as_far_off_as_it_says():
    """A picture of x and one of y show the place from which a pixel came: a plane in x and y."""
    n, side = 4000, 33
    ticks = (torch.arange(side) + 0.5) * 2 / side - 1
    x, y = ticks.expand(side, side), ticks[:, None].expand(side, side)
    X = torch.stack([x, y]).double().expand(n, 2, side, side)
    middle = slice(14, 19)  # which no sample takes from outside the picture
    got = shake(X, chance())[:, :, middle, middle].flatten(2)  # (n, 2, 25)
    plane = torch.stack([x, y, torch.ones(side, side)])[:, middle, middle].double()
    theta = got @ torch.linalg.pinv(plane.flatten(1))  # (n, 2, 3)
    assert (theta @ plane.flatten(1) - got).abs().max() < 1e-5  # straight lines stay so
    off = theta - torch.eye(2, 3).double()
    assert off.mean(dim=0).abs().max() < 0.15 * 5 / n**0.5
    told = torch.tensor([[0.12, 0.15, 0.12], [0.10, 0.08, 0.08]]).double()
    torch.testing.assert_close(off.std(dim=0), told, rtol=0.06, atol=0)


@pytest.mark.parametrize(("size", "padding"), [((9, 12), 4), ((5, 5), 5), ((6, 4), 1)])
def test_crops_are_windows_of_the_padded_picture(size, padding):
    X = pictures(40, 2, *size)
    got = random_crop(X, chance(), padding)
    for x, crop in zip(X, got, strict=True):
        frame = TF.pad(x, padding)
        windows = [
            TF.crop(frame, top, left, *size)
            for top in range(2 * padding + 1)
            for left in range(2 * padding + 1)
        ]
        assert any(torch.equal(crop, window) for window in windows)


def test_offsets_of_crops_are_uniform_and_independent():
    n, padding, size = 5000, 2, 8
    got = random_crop(numbered(n, size, size), chance(), padding)[:, 0, 4, 4]
    place = (
        got.long() - 1
    )  # the number at a pixel that no offset moves out of the picture
    down, right = (place // size - 4).tolist(), (place % size - 4).tolist()
    assert_uniform(down, -padding, padding)
    assert_uniform(right, -padding, padding)
    pairs = [5 * (d + 2) + r + 2 for d, r in zip(down, right, strict=True)]
    assert_uniform(pairs, 0, 24)


def test_without_padding_nothing_is_cropped():
    X = pictures()
    assert torch.equal(random_crop(X, chance(), 0), X)


@pytest.mark.parametrize("width", [1, 4, 7])
def test_flips_are_those_of_torchvision(width):
    X = pictures(60, width=width)
    got = horizontal_flip(X, chance())
    for x, y in zip(X, got, strict=True):
        assert torch.equal(y, x) or torch.equal(y, TF.hflip(x))
    assert torch.equal(horizontal_flip(X, chance(), 0), X)
    assert torch.equal(horizontal_flip(X, chance(), 1), TF.hflip(X))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("function", [horizontal_flip, erasing])
def test_p_is_the_share_that_changes(function, p):
    n = 4000
    X = numbered(n, 6, 6)
    changed = (function(X, chance(), p) != X).flatten(1).any(1).sum().item()
    assert abs(changed - n * p) < 5 * math.sqrt(n * p * (1 - p))


def angles(n, degrees, seed=0):
    """The angles that rotation draws, seen on a float64 picture of the plane x + iy."""
    y, x = torch.meshgrid(
        torch.arange(-10.0, 11), torch.arange(-10.0, 11), indexing="ij"
    )
    plane = torch.stack([x, y]).double().repeat(n, 1, 1, 1)
    turned = rotation(plane, chance(seed), degrees)
    x, y = turned[:, :, 10, 14].unbind(1)  # four to the right of the middle
    return torch.rad2deg(
        torch.atan2(y, x)
    )  # y points down: counter-clockwise is positive


@pytest.mark.parametrize("size", [(16, 16), (15, 15), (12, 20), (21, 9)])
@pytest.mark.parametrize("degrees", [10, 45, 180])
def test_rotation_is_that_of_torchvision(size, degrees):
    X = pictures(12, 2, *size, dtype=torch.float32)
    got = rotation(X, chance(), degrees)
    for x, y, angle in zip(X, got, angles(12, degrees).tolist(), strict=True):
        want = TF.rotate(x, angle, TF.InterpolationMode.BILINEAR)
        torch.testing.assert_close(y, want, atol=2e-3, rtol=0)


def test_angles_are_uniform_within_what_was_asked():
    got = angles(3000, 30)
    assert got.abs().max() <= 30
    assert_uniform((got / 10).floor().long().tolist(), -3, 2)


def test_bytes_are_turned_as_floats_and_rounded():
    X = pictures(15)
    got, want = (rotation(x, chance(), 25) for x in (X, X.double()))
    assert (got.double() - want).abs().max() < 0.501
    assert torch.equal(rotation(X, chance(), 0), X)


def test_half_precision_is_turned_too():
    X = pictures(5, dtype=torch.float32).bfloat16()
    got = rotation(X, chance(), 25)
    assert got.dtype == torch.bfloat16
    assert torch.equal(got, rotation(X.float(), chance(), 25).bfloat16())


@pytest.mark.parametrize(
    ("scale", "ratio"),
    [((0.02, 0.2), (0.3, 3.3)), ((0.1, 0.3), (1, 1)), ((0.1, 0.1), (0.5, 2))],
)
@pytest.mark.parametrize("size", [(40, 40), (36, 60)])
def test_erased_areas_and_aspects_are_in_their_ranges(scale, ratio, size):
    X = numbered(400, *size)
    got = erasing(X, chance(), 1, scale, ratio)
    assert torch.equal(got[got != 0], X[got != 0])
    for _, _, height, width in boxes(got):  # every sample has one
        # sides are whole pixels: the true ones are up to half a pixel from those seen
        least, most = (height - 0.5) * (width - 0.5), (height + 0.5) * (width + 0.5)
        assert least <= scale[1] * math.prod(size)
        assert most >= scale[0] * math.prod(size)
        assert (height - 0.5) / (width + 0.5) <= ratio[1]
        assert (height + 0.5) / (width - 0.5) >= ratio[0]


def test_erased_areas_aspects_and_places_are_spread_as_described():
    n, size = 2000, 100
    got = list(boxes(erasing(numbered(n, size, size), chance(), 1)))
    share = torch.tensor([h * w / size**2 for _, _, h, w in got])
    steep = torch.tensor([math.log(h / w) for _, _, h, w in got])
    for values, low, high in (
        (share, 0.02, 0.2),
        (steep, math.log(0.3), math.log(3.3)),
        (torch.tensor([t / (size - h) for t, _, h, _ in got]), 0, 1),
        (torch.tensor([x / (size - w) for _, x, _, w in got]), 0, 1),
    ):
        tenths = ((values - low) / (high - low) * 10).floor().clamp(0, 9)
        counts = torch.bincount(tenths.long(), minlength=10)
        assert (counts - n / 10).abs().max() < 5 * math.sqrt(n / 10)


def test_erased_rectangles_reach_every_edge():
    fixed = {"p": 1, "scale": (9 / 80, 9 / 80), "ratio": (1, 1)}  # 3 × 3 pixels
    got = list(boxes(erasing(numbered(3000, 8, 10), chance(), **fixed)))
    assert {box[2:] for box in got} == {(3, 3)}
    assert_uniform([box[0] for box in got], 0, 5)
    assert_uniform([box[1] for box in got], 0, 7)


def test_erasing_may_take_the_whole_picture_or_a_pixel():
    X = pictures(6, height=8, width=8)
    assert erasing(X, chance(), 1, (1, 1), (1, 1)).count_nonzero() == 0
    got = erasing(X, chance(), 1, (1e-6, 1e-6))
    assert [box[2:] for box in boxes(got)] == [(1, 1)] * 6


def test_long_pictures_get_the_rectangles_that_fit():
    X = numbered(300, 6, 60)
    for _, _, height, width in boxes(erasing(X, chance(), 1)):
        assert (height + 0.5) * (width + 0.5) >= 0.02 * 360
        assert (height - 0.5) * (width - 0.5) <= 0.2 * 360


def test_erasing_with_p_0_is_the_identity():
    assert torch.equal(erasing(pictures(), chance(), 0), pictures())


@pytest.mark.parametrize("size", [1, 2, 3, 6, 40])
def test_cutout_is_a_square_around_a_uniform_pixel(size):
    n, height, width = 1000, 9, 12
    X = pictures(n, 1, height, width)
    holes = list(boxes(cutout(X, chance(), size)))

    def cut(top, left):
        t, l = max(top, 0), max(left, 0)
        return t, l, min(top + size, height) - t, min(left + size, width) - l

    wanted = {}
    for y in range(height):
        for x in range(width):
            hole = cut(y - size // 2, x - size // 2)
            wanted[hole] = wanted.get(hole, 0) + n / (height * width)
    assert set(holes) <= set(wanted)
    for hole, expected in wanted.items():
        assert abs(holes.count(hole) - expected) <= 6 * math.sqrt(expected)


def test_what_cutout_leaves_is_unchanged():
    X = pictures()
    got = cutout(X, chance(), 5)
    want = [
        TF.erase(x, *box, v=torch.tensor(0, dtype=torch.uint8))
        for x, box in zip(X, boxes(got), strict=True)
    ]
    assert torch.equal(got, torch.stack(want))


def test_compose_applies_the_first_function_first_with_one_generator():
    X, generator = pictures(), chance(5)
    want = cutout(horizontal_flip(random_crop(X, generator), generator), generator, 4)
    both = compose(random_crop, horizontal_flip, partial(cutout, size=4))
    assert torch.equal(both(X, chance(5)), want)
    assert compose()(X, chance()) is X


def test_labels_stay_with_their_pictures():
    X = torch.arange(1, 41, dtype=torch.uint8)[:, None, None, None].repeat(1, 1, 8, 8)
    y = torch.arange(1, 41)
    batches = Batches(X, y, 16, shuffle=True, augment=ALL["compose"])
    for pixels, labels in batches:
        seen = (pixels * 255).round().long().amax(dim=(1, 2, 3))
        assert torch.equal(seen, labels)
    assert torch.equal(y, torch.arange(1, 41))


@each
def test_a_single_picture_without_its_batch_is_refused(function):
    with pytest.raises(ValueError, match=r"\(3, 9, 12\): wanted \(N, C, H, W\)"):
        function(pictures()[0], chance())


@pytest.mark.parametrize(
    ("function", "settings", "words"),
    [
        (random_crop, {"padding": -1}, "padding -1 for pictures of 9 × 12"),
        (random_crop, {"padding": 10}, "padding 10 for pictures of 9 × 12"),
        (horizontal_flip, {"p": -0.1}, "p -0.1"),
        (horizontal_flip, {"p": math.nan}, "p nan"),
        (erasing, {"p": 1.1}, "p 1.1"),
        (erasing, {"scale": (0, 0.2)}, "scale"),
        (erasing, {"scale": (0.3, 0.2)}, "scale"),
        (erasing, {"scale": (0.3, 1.2)}, "scale"),
        (erasing, {"ratio": (0, 1)}, "ratio"),
        (erasing, {"ratio": (2, 1)}, "ratio"),
        (erasing, {"scale": (0.1, 0.9), "ratio": (3, 4)}, "do not fit into 9 × 12"),
        (rotation, {"degrees": -1}, "degrees -1"),
        (cutout, {"size": 0}, "size 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(function, settings, words):
    with pytest.raises(ValueError, match=words):
        function(pictures(), chance(), **settings)


@each
def test_no_time_goes_into_a_loop_over_samples(function):
    """As many calls into torch for three samples as for sixty."""

    def calls(n):
        with torch.profiler.profile() as record:
            function(pictures(n), chance())
        return len(record.events())

    calls(2)
    assert calls(60) <= calls(3) + 5


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@each
def test_choices_do_not_depend_on_the_device(function):
    X = pictures(dtype=torch.float32)
    got = function(X.cuda(), chance())
    assert got.is_cuda
    torch.testing.assert_close(got.cpu(), function(X, chance()), atol=1e-4, rtol=0)
