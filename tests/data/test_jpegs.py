"""torchbook.data.jpegs: archives of pictures, whole, broken and hostile."""

import io
import lzma
import tarfile

import pytest
import torch
from PIL import Image

from torchbook.data import jpegs
from torchbook.data.folder import DataError

CLASSES = ("zebra", "ant", "bee")  # in an order that no folder has


def jpeg(color, size=(8, 8), kind="JPEG", mode="RGB"):
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, kind, quality=95)
    return file.getvalue()


def color_of(label, n):
    return (60 * label + 20, 10 * n + 20, 100)


PICTURES = {
    f"train/{name}/{n:04}.jpg": jpeg(color_of(label, n))
    for label, name in enumerate(CLASSES)
    for n in range(5)
}


def archive(path, members, change=None):
    """A .tar.xz of these contents by name; `change` may spoil each member's entry."""
    with tarfile.open(path, "w:xz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if change:
                change(member)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "train.tar.xz"


def read(path, split="train"):
    return jpegs.read(path, split, CLASSES, side=8)


def test_pictures_are_read_with_their_labels(path):
    X, y = read(archive(path, PICTURES))
    assert (X.dtype, X.shape) == (torch.uint8, (15, 3, 8, 8))
    assert (y.dtype, y.bincount().tolist()) == (torch.int64, [5, 5, 5])
    assert X.is_contiguous()
    red, green, blue = X.float().mean((2, 3)).T
    assert (red - (60 * y + 20)).abs().max() < 3  # JPEG loses a little
    assert (blue - 100).abs().max() < 3
    for label in range(3):
        found = green[y == label].sort().values
        assert (found - torch.arange(20, 70, 10)).abs().max() < 3


def test_rows_and_columns_keep_their_places(path):
    image = Image.new("RGB", (8, 8))
    image.paste((255, 255, 255), (0, 0, 8, 4))  # the upper half
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    X, _ = read(archive(path, dict.fromkeys(PICTURES, file.getvalue())))
    assert X[0, :, :4].float().mean() > 250
    assert X[0, :, 4:].float().mean() < 5


def test_the_order_is_shuffled_and_does_not_depend_on_the_archive(path):
    X, y = read(archive(path, PICTURES))
    assert y.tolist() != sorted(y.tolist())
    turned = {f"./{name}": content for name, content in reversed(PICTURES.items())}
    X_again, y_again = read(archive(path, turned))
    assert torch.equal(X, X_again)
    assert torch.equal(y, y_again)


def test_a_gray_picture_gets_three_equal_channels(path):
    gray = dict.fromkeys(PICTURES, jpeg(90, mode="L"))
    X, _ = read(archive(path, gray))
    assert torch.equal(X[:, 0], X[:, 1])
    assert torch.equal(X[:, 0], X[:, 2])


def test_folders_and_hidden_files_are_passed_over(path):
    def change(member):
        if member.name.endswith("ant"):
            member.type = tarfile.DIRTYPE

    members = {
        "train/ant": b"",
        ".DS_Store": b"x",
        "train/ant/._0000.jpg": b"y",
        **PICTURES,
    }
    assert len(read(archive(path, members, change))[0]) == 15


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_an_archive_that_is_cut_short_is_named(path, share):
    archive(path, PICTURES)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(
        DataError, match=r"train.tar.xz is broken: .*Put a whole one"
    ) as raised:
        read(path)
    assert str(path) in str(raised.value)


def test_a_flipped_bit_anywhere_is_found(path):
    content = archive(path, PICTURES).read_bytes()
    for place in range(12, len(content), 97):
        spoiled = bytearray(content)
        spoiled[place] ^= 16
        path.write_bytes(spoiled)
        with pytest.raises(DataError, match="broken"):
            read(path)


@pytest.mark.parametrize(
    "content", [b"no archive at all", lzma.compress(b"no tar" * 200)]
)
def test_what_is_no_archive_is_named(path, content):
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"train.tar.xz is broken"):
        read(path)


def test_an_archive_that_is_not_there_is_named(path):
    with pytest.raises(DataError, match=r"train.tar.xz can not be read: No such file"):
        read(path)


@pytest.mark.parametrize(
    "name",
    [
        "test/ant/0000.jpg",
        "train/wasp/0000.jpg",
        "train/ant/0000.png",
        "train/ant/deep/0000.jpg",
        "train/0000.jpg",
        "0000.jpg",
        "../train/ant/0000.jpg",
        "/train/ant/0000.jpg",
        "train/../ant/0000.jpg",
        "train/ant/../../../etc/passwd",
    ],
)
def test_a_name_that_is_no_picture_of_a_class_is_refused(path, tmp_path, name):
    archive(path, {**PICTURES, name: PICTURES["train/ant/0000.jpg"]})
    with pytest.raises(DataError, match=r"wanted train/class/name.jpg") as raised:
        read(path)
    assert repr(name) in str(raised.value)
    assert "zebra, ant, bee" in str(raised.value)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(path, kind):
    def change(member):
        if member.name.endswith("ant/0003.jpg"):
            member.type, member.linkname, member.size = kind, "train/ant/0000.jpg", 0

    with pytest.raises(DataError, match=r"holds 'train/ant/0003.jpg'; wanted"):
        read(archive(path, PICTURES, change))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no whole JPEG"),
        (b"text", "is no whole JPEG"),
        (jpeg((1, 2, 3))[:-60], "is no whole JPEG"),
        (jpeg((1, 2, 3), kind="PNG"), "is no whole JPEG"),
        (jpeg((1, 2, 3), size=(8, 9)), "has 8×9 pixels, not 8×8"),
        (jpeg((1, 2, 3), size=(640, 480)), "has 640×480 pixels, not 8×8"),
    ],
    ids=["empty", "text", "cut", "png", "taller", "large"],
)
def test_a_picture_that_is_broken_is_named(path, content, said):
    archive(path, {**PICTURES, "train/bee/0002.jpg": content})
    with pytest.raises(DataError, match=f"train/bee/0002.jpg in .*train.tar.xz {said}"):
        read(path)


def test_a_class_without_a_picture_is_named(path):
    few = {n: c for n, c in PICTURES.items() if "zebra" not in n and "bee" not in n}
    with pytest.raises(DataError, match=r"train.tar.xz has no picture of zebra, bee"):
        read(archive(path, few))


def test_what_unpacks_to_very_much_is_refused(path, monkeypatch):
    monkeypatch.setattr(jpegs, "LARGEST", 10_000)
    archive(path, {**PICTURES, "train/ant/9999.jpg": bytes(10**6)})
    assert path.stat().st_size < 10_000
    with pytest.raises(DataError, match="unpacks to more than 10,000 bytes"):
        read(path)
