"""torchbook.data.picture_reader: upright, RGB, the middle; words for what cannot be read."""

import random

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import transforms

from torchbook.data.folder import DataError
from torchbook.data.picture_reader import Reader, Request, cover, decode, to_tensor


def smooth(width, height):
    """A picture of colors that change slowly, another at each place."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, 255 - x], axis=-1).astype(np.uint8))


def saved(folder, image, name="a.png", **options):
    image.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("width_height", [(60, 40), (40, 60), (50, 50), (300, 31)])
@pytest.mark.parametrize("size", [16, 28])
def test_the_middle_is_that_of_torchvision(width_height, size):
    image = smooth(*width_height)
    steps = [
        transforms.Resize(size),
        transforms.CenterCrop(size),
        transforms.PILToTensor(),
    ]
    want = transforms.Compose(steps)(image).int()
    got = to_tensor(cover(image, (size, size)))
    assert (got.dtype, got.shape) == (torch.uint8, (3, size, size))
    # torchvision cuts at whole pixels of the small picture, half a pixel aside at the most
    slope = 255 / min(width_height) * min(width_height) / size
    assert (got.int() - want).abs().max() <= slope / 2 + 2


def test_an_oblong_size_is_height_by_width():
    got = to_tensor(cover(smooth(80, 80), (10, 40)))
    assert got.shape == (3, 10, 40)
    across, down = got[0].float().mean(0), got[1].float().mean(1)
    assert across[0] < 10
    assert across[-1] > 245  # the whole width, and the middle quarter of the height
    assert 90 < down[0] < 105
    assert 150 < down[-1] < 165


@pytest.mark.parametrize(
    ("mode", "color", "want"),
    [
        ("L", 77, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("RGBA", (10, 20, 30, 128), (10, 20, 30)),
        ("LA", (50, 255), (50, 50, 50)),
    ],
)
def test_every_mode_becomes_rgb(tmp_path, mode, color, want):
    image = decode(saved(tmp_path, Image.new(mode, (5, 4), color)))
    assert (image.mode, image.size, image.getpixel((2, 2))) == ("RGB", (5, 4), want)
    palette = Image.new("RGB", (5, 4), (9, 8, 7)).convert("P")
    assert decode(saved(tmp_path, palette, "p.png")).mode == "RGB"


def test_cmyk_becomes_rgb(tmp_path):
    path = saved(tmp_path, Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "a.jpg")
    red, green, blue = decode(path).getpixel((3, 3))
    assert red > 200
    assert green < 60
    assert blue < 60


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_more_than_eight_bits_are_refused_and_not_cut_off(tmp_path, mode):
    path = saved(tmp_path, Image.new(mode, (5, 4), 3000), "a.tiff")
    with pytest.raises(ValueError, match=rf"more than 8 bits a channel \(mode {mode}"):
        decode(path)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(tmp_path, orientation):
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = smooth(12, 8)
    lying = upright if orientation == 1 else upright.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    got = decode(saved(tmp_path, lying, exif=exif))
    assert got.size == (12, 8)
    assert np.array_equal(np.array(got), np.array(upright))


def test_a_large_jpeg_is_decoded_smaller_and_looks_the_same(tmp_path):
    path = saved(tmp_path, smooth(1600, 1200), "a.jpg", quality=95)
    assert decode(path).size == (1600, 1200)
    small = decode(path, at_least=32)
    assert min(small.size) < 1200
    assert min(small.size) >= 64
    got, want = (to_tensor(cover(image, (32, 32))) for image in (small, decode(path)))
    assert (got.int() - want.int()).abs().max() <= 3


def request(*paths, seeds=None):
    names = [f"{path} (class c)" for path in paths]
    return Request([str(path) for path in paths], names, seeds or [0] * len(paths))


def test_a_batch_is_the_pictures_one_after_the_other(tmp_path):
    paths = [
        saved(tmp_path, smooth(20 + i, 30), f"{i}.png", compress_level=1)
        for i in range(3)
    ]
    got = Reader((8, 6), None)[request(*paths)]
    assert got.shape == (3, 3, 8, 6)
    assert got.is_contiguous()
    for picture, path in zip(got, paths, strict=True):
        assert torch.equal(picture, to_tensor(cover(Image.open(path), (8, 6))))


def noise(image):
    """A transform that draws on all three sources."""
    return torch.tensor(
        [
            [[random.randrange(256)] * 2],
            [[int(np.random.randint(256))] * 2],
            [[int(torch.randint(256, ()))] * 2],
        ],
        dtype=torch.uint8,
    )


def states():
    _, keys, *rest = np.random.get_state()
    return random.getstate(), keys.tolist(), rest, torch.get_rng_state().tolist()


def test_chance_in_a_transform_is_set_by_the_seed_and_kept_from_the_run(tmp_path):
    path = saved(tmp_path, smooth(4, 4))
    before = states()
    reader = Reader((4, 4), noise)
    many = reader[request(*[path] * 4, seeds=[1, 2, 1, 2**64 - 1])]
    assert states() == before
    assert torch.equal(many[0], many[2])
    for channel in range(3):
        assert many[0, channel, 0, 0] != many[1, channel, 0, 0]
    assert torch.equal(reader[request(path, seeds=[2])][0], many[1])


def test_a_transform_gets_the_whole_picture(tmp_path):
    sizes = []

    def look(image):
        sizes.append((image.mode, image.size))
        return torch.zeros(1, 2, 3, dtype=torch.uint8)

    large = saved(tmp_path, smooth(900, 700), "a.jpg")
    assert Reader((8, 8), look)[request(large)].shape == (1, 1, 2, 3)
    assert sizes == [("RGB", (900, 700))]


def test_what_is_not_there_or_no_picture_is_named(tmp_path):
    page = tmp_path / "page.jpg"
    page.write_text("<html>not found</html>")
    empty = tmp_path / "empty.jpg"
    empty.touch()
    whole = saved(tmp_path, smooth(60, 50), "whole.jpg").read_bytes()
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole[: len(whole) // 2])
    (tmp_path / "folder.jpg").mkdir()
    for name, words in {
        "page.jpg": "its content is no picture",
        "empty.jpg": "it is empty",
        "cut.jpg": "truncated",
        "gone.jpg": "it is not there",
        "folder.jpg": "it is no file",
    }.items():
        path = tmp_path / name
        with pytest.raises(DataError) as caught:
            Reader((8, 8), None)[request(path)]
        message = str(caught.value)
        assert message.startswith(f"{path} (class c) cannot be read as a picture: ")
        assert words in message.lower()
        assert message.endswith("leave such files out with broken='skip'")


def fails(image):
    raise ZeroDivisionError("by chance")


def floats(image):
    return to_tensor(image).float()


def flat(image):
    return to_tensor(image)[0]


def same(image):
    return image


def as_large_as_it_is(image):
    return to_tensor(image)


@pytest.mark.parametrize(
    ("transform", "words"),
    [
        (
            fails,
            "transform failed on .*a.png .class c. with ZeroDivisionError: by chance",
        ),
        (fails, "test_picture_reader.py, line"),
        (floats, r"made torch.float32 \(3, 5, 6\) of .*a.png .* wanted uint8"),
        (flat, r"made torch.uint8 \(5, 6\) of "),
        (same, "made Image of .*a.png"),
        (
            as_large_as_it_is,
            r"made \(3, 7, 8\) of .*b.png .class c. and \(3, 5, 6\) of .*a.png .class c.: ",
        ),
    ],
)
def test_a_transform_that_goes_wrong_is_told_with_the_file(tmp_path, transform, words):
    one = saved(tmp_path, smooth(6, 5))
    other = saved(tmp_path, smooth(8, 7), "b.png")
    before = states()
    with pytest.raises(DataError, match=words):
        Reader((4, 4), transform)[request(one, other)]
    assert states() == before
