"""torchbook.data.picture_files: classes from folders, and every fault found and named."""

import os
import warnings

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from torchbook.data.folder import DataError
from torchbook.data.picture_files import check, find


def picture(path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    g = np.random.default_rng(len(path.name))
    pixels = g.integers(0, 256, (20, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


@pytest.fixture
def root(tmp_path):
    """Three classes, one with a capital; five files."""
    for name in (
        "cats/1.png",
        "cats/10.jpg",
        "cats/2.JPEG",
        "dogs/x.bmp",
        "Ants/a.webp",
    ):
        picture(tmp_path / "pictures" / name)
    return tmp_path / "pictures"


def test_what_is_found_is_what_torchvision_finds(root):
    found, theirs = find(root), ImageFolder(root)
    assert list(found.classes) == theirs.classes == ["Ants", "cats", "dogs"]
    pairs = zip(map(str, found.files), found.labels, strict=True)
    assert list(pairs) == theirs.samples
    assert found.ignored == found.skipped == ()
    assert found.name(1) == f"{root / 'cats' / '1.png'} (class cats)"


def test_deeper_folders_belong_to_their_class_and_hidden_ones_to_none(root):
    deep = picture(root / "dogs" / "small" / "brown" / "y.png")
    for hidden in (".trash/a.png", "dogs/.thumbs/a.png", "dogs/._x.png"):
        picture(root / hidden)
    found = find(root)
    assert found.classes == ("Ants", "cats", "dogs")
    assert [f for f, l in zip(found.files, found.labels, strict=True) if l == 2] == [
        deep,
        root / "dogs" / "x.bmp",
    ]


def test_links_to_folders_are_followed(root, tmp_path):
    picture(tmp_path / "elsewhere" / "z.png")
    try:
        (root / "zebras").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    assert find(root).files[-1] == root / "zebras" / "z.png"


def test_other_files_are_ignored_and_told(root):
    for name in ("cats/notes.txt", "dogs/clip.gif"):
        (root / name).write_text("")
    (root / "README.md").write_text("not in a class")
    found = find(root)
    assert len(found.files) == 5
    assert found.ignored == (root / "cats" / "notes.txt", root / "dogs" / "clip.gif")


def test_folders_that_will_not_do_are_named(root, tmp_path):
    def refused(folder, *words):
        with pytest.raises(DataError) as caught:
            find(folder)
        assert all(word in str(caught.value) for word in (str(folder), *words))

    refused(tmp_path / "gone", "is not there", "a subfolder for each class")
    file = picture(tmp_path / "file.png")
    refused(file, "is no folder")
    refused(root / "cats", "has no subfolders", "its pictures in there")
    empty = root / "birds"
    empty.mkdir()
    refused(root, str(empty), "holds no picture", ".jpg", ".webp", "remove the folder")
    (empty / "bird.gif").write_text("")
    refused(root, "but others as bird.gif", ".png")


def break_(root):
    """Four broken files of the usual kinds, and one class of nothing else."""
    picture(root / "cats" / "cut.jpg")
    picture(root / "cats" / "cut.png")
    for name in ("cut.jpg", "cut.png"):
        path = root / "cats" / name
        path.write_bytes(path.read_bytes()[:-100])
    (root / "dogs" / "empty.png").touch()
    (root / "dogs" / "page.jpg").write_text("<html>404</html>")
    names = ["cats/cut.jpg", "cats/cut.png", "dogs/empty.png", "dogs/page.jpg"]
    return [root / name for name in names]


@pytest.mark.parametrize("broken", ["error", "skip"])
def test_a_whole_set_passes_without_a_word(root, broken):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check(find(root), broken, threads=2) == find(root)


def test_broken_files_are_an_error_that_names_them(root):
    bad = break_(root)
    with pytest.raises(DataError) as caught:
        check(find(root), "error", threads=2)
    message = str(caught.value)
    for path in bad:
        assert (
            f"{path} (class {path.parent.name}) cannot be read as a picture" in message
        )
    assert "truncated" in message
    assert "it is empty" in message
    assert "broken='skip'" in message


@pytest.mark.parametrize("threads", [1, 4])
def test_broken_files_are_skipped_with_one_warning(root, threads):
    whole, bad = find(root), break_(root)
    with pytest.warns(UserWarning, match="4 of 9 files left out: ") as told:
        left = check(find(root), "skip", threads)
    assert len(told) == 1
    assert all(str(path) in str(told[0].message) for path in bad)
    assert (left.files, left.labels) == (whole.files, whole.labels)
    assert left.skipped == tuple(bad)


def test_of_many_broken_files_the_first_are_named(root):
    for i in range(12):
        (root / "dogs" / f"{i:02d}.jpg").write_text("nothing")
    with pytest.raises(DataError, match=r"04\.jpg.*; and 7 more: repair") as caught:
        check(find(root), "error", threads=2)
    assert "05.jpg" not in str(caught.value)


def test_a_class_of_broken_files_alone_cannot_be_skipped(root):
    (root / "dogs" / "x.bmp").write_bytes(b"BM")
    with pytest.raises(
        DataError, match=r"every picture of class dogs is broken: .*x\.bmp"
    ):
        check(find(root), "skip", threads=2)


def test_a_link_to_nowhere_and_a_pipe_are_broken_files(root):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    (root / "cats" / "link.png").symlink_to(root / "gone.png")
    os.mkfifo(root / "cats" / "pipe.png")
    with pytest.raises(
        DataError, match=r"link\.png .*it is not there; .*it is no file"
    ):
        check(find(root), "error", threads=2)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9, 0.99])
def test_a_truncated_jpeg_is_found_wherever_it_ends(root, kept, progressive):
    path = picture(root / "cats" / "cut.jpg", progressive=progressive, quality=95)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(DataError, match=r"cut\.jpg"):
        check(find(root), "error", threads=1)
