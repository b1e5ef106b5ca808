"""torchbook.uploads: good pictures as `torchbook predict` sees them, all others refused."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
import torch
from pictures import encoded, noise, png
from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from torchbook import predict, runs, uploads
from torchbook.uploads import Limits, Refused

GRAY = runs.Facts("x", "X", ("a", "b"), (1, 8, 8), 0.5, 0.5)
COLOR = runs.Facts("x", "X", ("a", "b"), (3, 12, 10), 0.5, 0.5)


def refused(content, facts=GRAY, **limits):
    with pytest.raises(Refused) as caught:
        uploads.read(content, facts, Limits(**limits))
    assert len(str(caught.value).split()) >= 4
    assert "\n" not in str(caught.value)
    return caught.value.status, str(caught.value)


@pytest.mark.parametrize("facts", [GRAY, COLOR])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK"])
@pytest.mark.parametrize("invert", [False, True])
def test_a_picture_is_read_as_the_command_predict_reads_it(
    facts, mode, invert, tmp_path
):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    content = encoded(noise(mode=mode), kind)
    path = tmp_path / "picture"
    path.write_bytes(content)
    want = predict.read([path], facts, invert=invert)[0]
    got = uploads.read(content, facts, invert=invert)
    assert got.dtype == torch.uint8
    assert torch.equal(got, want)


def test_a_turned_photograph_is_turned_back():
    picture = noise((12, 8), "L")
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    upright = uploads.read(encoded(picture), GRAY)
    turned = encoded(picture.rotate(180), exif=exif)
    assert torch.equal(uploads.read(turned, GRAY), upright)


def test_what_is_empty_or_no_picture_is_refused():
    assert refused(b"") == (400, "the file is empty")
    for content in (
        b"hello",
        b"\0" * 1000,
        b"<svg xmlns='x'></svg>",
        b"%PDF-1.7",
        b"PK",
    ):
        status, words = refused(content)
        assert status == 415
        assert "JPEG or a PNG" in words


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO"])
def test_other_kinds_of_pictures_are_refused(kind):
    assert refused(encoded(noise(), kind))[0] == 415


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_is_cut_off_anywhere_is_refused(kind):
    whole = encoded(noise(), kind)
    uploads.read(whole, GRAY)
    for length in range(1, len(whole) - 20, 37):
        assert refused(whole[:length])[0] in (400, 415)


def test_gray_of_sixteen_bits_is_refused_and_not_cut_off():
    deep = Image.fromarray(np.full((8, 8), 40_000, dtype=np.uint16))
    status, words = refused(encoded(deep))
    assert status == 415
    assert "8 bits" in words


def test_a_bomb_is_one_where_warnings_are_errors_too():
    with warnings.catch_warnings(action="error"):
        status, words = refused(png(11_000, 11_000, b"x"))
    assert status == 413 and "pixels" in words


def test_a_jpeg_that_claims_too_much_is_refused_by_its_claim():
    content = bytearray(encoded(noise(), "JPEG"))
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", 65_000, 65_000)
    assert refused(bytes(content))[0] == 413


@pytest.mark.parametrize("turn", [1, 3, 6])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_a_turned_picture_is_changed_in_place_and_the_same(mode, turn):
    picture = noise((12, 8), mode)
    exif = Image.Exif()
    exif[0x0112] = turn
    content = encoded(picture, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    want = uploads.read(encoded(upright), COLOR)
    assert torch.equal(uploads.read(content, COLOR), want)


def test_bytes_and_pixels_have_their_limits():
    content = encoded(noise())  # 30 by 20
    uploads.read(content, GRAY, Limits(bytes=len(content), pixels=600))
    status, words = refused(content, bytes=len(content) - 1)
    assert status == 413 and f"{len(content) - 1:,} bytes" in words
    status, words = refused(content, pixels=599)
    assert status == 413 and "30 by 20" in words and "599" in words


@pytest.mark.parametrize("side", [5_000, 15_000, 60_000, 2**31 - 1])
def test_a_bomb_is_refused_by_its_claim_before_it_is_decoded(side, monkeypatch):
    row = zlib.compress(bytes(2**20))
    bomb = png(side, side, row * 4)
    assert len(bomb) < 20_000
    decoded = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded.append)
    status, words = refused(bomb)
    assert status == 413
    assert "pixels" in words
    assert decoded == []


def test_what_a_body_holds_beyond_the_claim_is_left():
    content = png(8, 8, zlib.compress(bytes(50 * 2**20)))
    try:
        assert uploads.read(content, GRAY).shape == (1, 8, 8)
    except Refused as error:
        assert error.status == 400


def test_a_bomb_in_the_text_of_a_png_is_refused():
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "a" * (100 * 2**20), zip=True)
    assert refused(encoded(noise(), pnginfo=text))[0] == 400


def test_a_jpeg_of_many_scans_is_refused():
    content = encoded(noise(), "JPEG", progressive=True)
    assert 1 < content.count(uploads.START_OF_SCAN) < 20
    uploads.read(content, GRAY)
    scan = content[content.index(uploads.START_OF_SCAN) : -2]
    assert refused(content[:-2] + scan * 100 + content[-2:])[0] == 400


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1)])
def test_odd_shapes_fit(size):
    assert uploads.read(encoded(noise(size)), COLOR).shape == (3, 12, 10)


@pytest.mark.parametrize("name", ["bytes", "pixels", "waiting", "decoders", "seconds"])
def test_limits_are_at_least_one(name):
    with pytest.raises(ValueError, match=f"limit {name} is 0: wanted 1 or more"):
        Limits(**{name: 0})
