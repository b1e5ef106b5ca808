"""torchbook.data.images: the sets by name, what they say of themselves, and stand-ins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import torchbook.data.images as images
from torchbook.data import idx
from torchbook.data.folder import DataError, data_folder

REAL = data_folder() / "FashionMNIST" / "raw" / idx.FASHION_MNIST.files[0].name
needs_fashion = pytest.mark.skipif(
    not (os.environ.get("TORCHBOOK_DATA") and REAL.exists()),
    reason="needs Fashion-MNIST in the folder that TORCHBOOK_DATA names",
)


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No network, a cache of its own, few glyphs."""
    monkeypatch.setenv("TORCHBOOK_OFFLINE", "1")
    monkeypatch.setenv("TORCHBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(images, "TRAIN_GLYPHS", 60)
    monkeypatch.setattr(images, "TEST_GLYPHS", 20)


@pytest.fixture
def empty(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHBOOK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def is_well_formed(data):
    for X, y in ((data.X_train, data.y_train), (data.X_test, data.y_test)):
        assert X.dtype == torch.uint8
        assert y.dtype == torch.int64
        assert X.dim() == 4
        assert y.shape == X.shape[:1]
        assert y.unique().tolist() == list(range(len(data.classes)))


def test_digits_are_those_of_scikit_learn_scaled():
    from sklearn.datasets import load_digits

    data = images.load("digits")
    is_well_formed(data)
    assert data.X_train.shape == (1437, 1, 8, 8)
    assert data.X_test.shape == (360, 1, 8, 8)
    ours = torch.cat([data.X_train, data.X_test]).flatten(1)
    labels = torch.cat([data.y_train, data.y_test])
    theirs, their_labels = load_digits(return_X_y=True)
    scaled = (theirs * 255 / 16).round().astype("uint8")
    pairs = sorted(zip(ours.tolist(), labels.tolist(), strict=True))
    assert pairs == sorted(zip(scaled.tolist(), their_labels.tolist(), strict=True))
    assert ours.max() == 255


def test_digits_are_split_the_same_each_time_and_fairly():
    data, again = images.load("digits"), images.load("digits")
    assert torch.equal(data.X_train, again.X_train)
    assert torch.equal(data.y_test, again.y_test)
    share = data.y_test.bincount() / (data.y_test.bincount() + data.y_train.bincount())
    assert share.sub(360 / 1797).abs().max() < 0.01


def test_glyphs_are_drawn_once_and_kept(tmp_path):
    said = []
    data = images.load("glyphs", progress=said.append)
    is_well_formed(data)
    assert data.X_train.shape == (60, 1, 28, 28)
    assert data.X_test.shape == (20, 1, 28, 28)
    assert "".join(data.classes) == "ABCDEFGHIJ"
    assert len(said) == 1
    again = images.load("glyphs", progress=said.append)
    assert len(said) == 1
    assert torch.equal(data.X_train, again.X_train)
    assert torch.equal(data.y_test, again.y_test)


def test_colored_glyphs_have_the_shape_of_cifar10(tmp_path):
    said = []
    data = images.load("color_glyphs", progress=said.append)
    is_well_formed(data)
    assert data.X_train.shape == (60, 3, 32, 32)
    assert data.X_test.shape == (20, 3, 32, 32)
    assert "".join(data.classes) == "ABCDEFGHIJ"
    again = images.load("Color Glyphs", progress=said.append)
    assert len(said) == 1
    assert torch.equal(data.X_train, again.X_train)
    assert data.note.startswith("Data: Colored glyphs (letters drawn from the fonts")


def test_colored_glyphs_stand_in_for_cifar10(empty):
    data = images.load("CIFAR-10", stand_in="color_glyphs")
    assert (data.name, data.wanted, data.is_stand_in) == (
        "color_glyphs",
        "CIFAR-10",
        True,
    )
    assert "in place of CIFAR-10, which is not in the data folder" in data.note


def test_a_spoiled_file_of_glyphs_is_drawn_again(tmp_path):
    data, said = images.load("glyphs"), []
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(file.read_bytes()[:-1000])
    again = images.load("glyphs", progress=said.append)
    assert len(said) == 1
    assert torch.equal(data.X_train, again.X_train)


def test_the_glyphs_of_the_test_set_are_others():
    data = images.load("glyphs")
    train = {image.numpy().tobytes() for image in data.X_train}
    assert not train & {image.numpy().tobytes() for image in data.X_test}


@needs_fashion
def test_fashion_mnist_has_its_published_statistics():
    data = images.load("Fashion-MNIST", download=False)
    is_well_formed(data)
    assert data.X_train.shape == (60_000, 1, 28, 28)
    assert data.X_test.shape == (10_000, 1, 28, 28)
    assert data.y_train.bincount().tolist() == [6000] * 10
    assert data.y_test.bincount().tolist() == [1000] * 10
    pixels = data.X_train.float() / 255
    assert pixels.mean().item() == pytest.approx(0.2860, abs=5e-5)
    assert pixels.std().item() == pytest.approx(0.3530, abs=5e-5)
    assert data.classes[data.y_train[0]] == "Ankle boot"
    assert data.note.startswith(
        "Data: Fashion-MNIST (read from the data folder), 60,000 training"
    )


@needs_fashion
def test_fashion_mnist_is_not_replaced_where_it_can_be_had():
    data = images.load("fashion_mnist", stand_in="digits")
    assert data.name == "fashion_mnist"
    assert not data.is_stand_in


def test_a_note_is_one_line_with_what_ran():
    note = images.load("digits").note
    assert note == (
        "Data: Digits (handwritten, inside scikit-learn), 1,437 training and 360 test images "
        "of 8×8 pixels in 10 classes."
    )


def test_a_stand_in_says_so(empty):
    data = images.load("Fashion-MNIST", stand_in="glyphs")
    assert data.is_stand_in
    assert (data.name, data.title, data.wanted) == (
        "glyphs",
        "Glyphs",
        "Fashion-MNIST",
    )
    assert "\n" not in data.note
    for word in (
        "Glyphs",
        "60 training",
        "in place of Fashion-MNIST",
        "TORCHBOOK_OFFLINE is set",
        "connect to the network",
        "TORCHBOOK_DATA",
    ):
        assert word in data.note


def test_without_a_stand_in_a_missing_set_is_an_error(empty):
    with pytest.raises(DataError, match="Fashion-MNIST can not be read from") as raised:
        images.load("fashion_mnist")
    for word in (
        str(empty / "FashionMNIST" / "raw"),
        "github.com/zalandoresearch",
        "TORCHBOOK_DATA",
    ):
        assert word in str(raised.value)


@pytest.mark.parametrize("download", [True, False])
def test_a_broken_file_is_an_error_even_with_a_stand_in(empty, download):
    file = empty / "MNIST" / "raw" / "train-labels-idx1-ubyte"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half")
    with pytest.raises(
        DataError, match="train-labels-idx1-ubyte is broken: it has 4 bytes"
    ):
        images.load("mnist", stand_in="digits", download=download)
    assert file.read_bytes() == b"half"


def test_a_folder_given_goes_before_the_data_folder(empty, tmp_path):
    with pytest.raises(DataError, match=str(tmp_path / "mine")):
        images.load("mnist", folder=tmp_path / "mine")


@pytest.mark.parametrize(
    "name", ["fashion_mnist", "Fashion-MNIST", "FashionMNIST", "fashion mnist"]
)
def test_hyphens_and_capitals_are_forgiven(empty, name):
    assert images.load(name, stand_in="Digits").wanted == "Fashion-MNIST"


def test_an_unknown_name_gets_a_suggestion_and_the_list():
    with pytest.raises(ValueError, match="Did you mean 'fashion_mnist'") as raised:
        images.load("fashion-minst")
    assert isinstance(raised.value, DataError)
    assert all(name in str(raised.value) for name in images.NAMES)
    with pytest.raises(ValueError, match="'zzz'") as raised:
        images.load("digits", stand_in="zzz")
    assert "Did you mean" not in str(raised.value)


def test_the_repr_is_short():
    assert repr(images.load("digits")) == "<Digits: 1,437 + 360 images, 1×8×8>"


def test_importing_the_module_imports_nothing_heavy():
    code = (
        "import sys, torchbook.data.images; "
        "print({'torchvision', 'sklearn', 'matplotlib', 'PIL', 'safetensors'} & set(sys.modules))"
    )
    root = Path(images.__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "set()"
