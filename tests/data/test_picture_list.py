"""torchbook.data.picture_list: rows become pictures and labels; every slip is named."""

import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from torchbook.data.folder import DataError
from torchbook.data.picture_list import PictureList
from torchbook.data.picture_reader import to_tensor

COLORS = {"red": (200, 10, 10), "blue": (10, 10, 200)}


@pytest.fixture
def folder(tmp_path):
    """Six pictures of 6 by 4 pixels, and a table of them."""
    lines = ["file,taken,label"]
    for n in range(6):
        label = ("red", "blue")[n % 2]
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.new("RGB", (6, 4), COLORS[label]).save(tmp_path / f"photos/{n}.png")
        lines.append(f"photos/{n}.png,2026,{label}")
    write(tmp_path, lines)
    return tmp_path


def write(folder, lines, encoding="utf8"):
    (folder / "table.csv").write_text("\n".join(lines), encoding)


def test_rows_become_pictures_and_numbers(folder):
    pictures = PictureList(folder / "table.csv")
    assert len(pictures) == 6
    assert pictures.classes == ("blue", "red")
    assert pictures.labels == (1, 0, 1, 0, 1, 0)
    X, y = pictures[1]
    assert (X.dtype, X.shape, y) == (torch.uint8, (3, 4, 6), 0)
    assert X[:, 0, 0].tolist() == [10, 10, 200]
    assert "6 pictures in 2 classes" in repr(pictures)


def test_a_data_loader_takes_it_with_workers_and_without(folder):
    for workers in (0, 1):
        batches = [
            *DataLoader(PictureList(folder / "table.csv"), 4, num_workers=workers)
        ]
        assert [tuple(X.shape) for X, _ in batches] == [(4, 3, 4, 6), (2, 3, 4, 6)]
        assert torch.cat([y for _, y in batches]).tolist() == [1, 0, 1, 0, 1, 0]


def test_root_columns_classes_and_transform_can_be_said(folder):
    write(folder, ["name;kind", "0.png;red"])
    with pytest.raises(DataError, match="its first line names name;kind"):
        PictureList(folder / "table.csv")  # a semicolon is no comma
    write(folder, ["name,kind", " 0.png , red"])
    pictures = PictureList(
        folder / "table.csv",
        folder / "photos",
        file="name",
        label="kind",
        classes=["red", "blue"],
        transform=lambda image: to_tensor(image)[:, :2],
    )
    X, y = pictures[0]
    assert (tuple(X.shape), y, pictures.classes) == ((3, 2, 6), 0, ("red", "blue"))


def test_a_table_from_a_spreadsheet_is_read(folder):
    write(folder, ["file,label", '"photos/0.png","red"', ""], "utf-8-sig")
    assert PictureList(folder / "table.csv").classes == ("red",)


def test_a_photograph_is_turned_upright(folder):
    exif = Image.Exif()
    exif[274] = 6  # the camera was held on its side
    Image.new("RGB", (6, 4)).save(folder / "photos/0.jpg", exif=exif)
    write(folder, ["file,label", "photos/0.jpg,red"])
    assert PictureList(folder / "table.csv")[0][0].shape == (3, 6, 4)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "names none: write a heading"),
        (
            ["file,kind", "photos/0.png,red"],
            "has no column label; its first line names",
        ),
        (["a,b"], "no column file and no column label"),
        (["file,label"], "has a heading and no rows"),
        (["file,label", "photos/0.png,"], "line 2: wanted a file and a label"),
        (["file,label", "photos/0.png"], "line 2: wanted a file and a label"),
        (["file,label", "photos/0.png,red", ",red"], "line 3: wanted a file"),
        (["file,label", "0.png,red"], "line 2: 0.png is not in"),
        (["file,label", "photos,red"], "line 2: photos is not in"),
        (["file,label", ".,red"], "line 2: . is not in"),
        (["file,label", "photos/..,red"], "line 2: photos/.. is not in"),
        (["file,label", "../secret.png,red"], "leads out of"),
        (["file,label", "photos/../../secret.png,red"], "leads out of"),
        (["file,label", "/etc/passwd,red"], "leads out of"),
        (
            ["file,label", "photos/0.png,red", "photos/./0.png,blue"],
            "line 3: photos/./0.png is blue, and red in line 2",
        ),
        (["file,label", *["x.png,red"] * 9], "and 4 more"),
    ],
)
def test_a_slip_in_the_table_is_named(folder, lines, words):
    write(folder, lines)
    with pytest.raises(DataError) as caught:
        PictureList(folder / "table.csv")
    assert words in str(caught.value)


def test_a_table_that_is_none_is_named(folder):
    with pytest.raises(DataError, match=r"none\.csv is not there"):
        PictureList(folder / "none.csv")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        PictureList(folder)
    (folder / "table.csv").write_bytes(b"file,label\n\xff\xfe,red")
    with pytest.raises(DataError, match="cannot be read as CSV in UTF-8"):
        PictureList(folder / "table.csv")


def test_settings_are_checked(folder):
    with pytest.raises(ValueError, match="wanted 'error' or 'skip'"):
        PictureList(folder / "table.csv", broken="ignore")
    with pytest.raises(DataError, match="'blue' is none of the classes red, green"):
        PictureList(folder / "table.csv", classes=["red", "green"])


def test_a_broken_file_is_named_or_left_out(folder):
    (folder / "photos/2.png").write_bytes(b"<html>Not found")
    with pytest.raises(DataError, match=r"2\.png \(class red\) cannot be read"):
        PictureList(folder / "table.csv")
    with pytest.warns(UserWarning, match="1 of 6 files left out"):
        pictures = PictureList(folder / "table.csv", broken="skip")
    assert pictures.labels == (1, 0, 0, 1, 0)
    assert [path.name for path in pictures.skipped] == ["2.png"]
    assert pictures[2][0][:, 0, 0].tolist() == [10, 10, 200]
