"""torchbook.data.cifar: the published files, the packed one, JPEGs, and nothing run unchecked."""

import hashlib
import io
import lzma
import os
import pickle
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from torchbook.data import cifar, images, jpegs
from torchbook.data.fetch import MissingError
from torchbook.data.folder import DataError, data_folder

REAL = data_folder() / cifar.JPEG_FOLDER
needs_jpegs = pytest.mark.skipif(
    not (os.environ.get("TORCHBOOK_DATA") and (REAL / "train.tar.xz").exists()),
    reason="needs CIFAR-10 as JPEGs in the folder that TORCHBOOK_DATA names",
)


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No network, a cache of its own."""
    monkeypatch.setenv("TORCHBOOK_OFFLINE", "1")
    monkeypatch.setenv("TORCHBOOK_CACHE", str(tmp_path / "cache"))


class TinyCifar:
    """10 pictures in each of six batches, in the published form."""

    def __init__(self):
        generator = np.random.default_rng(0)
        self.X = generator.integers(0, 256, (6, 10, 3072), dtype=np.uint8)
        self.y = np.stack([generator.permutation(10) for _ in range(6)])
        self.content = {
            name: pickle.dumps({"data": X, "labels": y.tolist()}, protocol=2)
            for name, X, y in zip(cifar.MD5, self.X, self.y, strict=True)
        }
        self.meta = pickle.dumps({"label_names": list(cifar.CLASSES)}, protocol=2)
        self.packed = self.pack({**self.content, cifar.META: self.meta})

    @staticmethod
    def pack(files, folder=cifar.FOLDER):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(f"{folder}/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return file.getvalue()

    def fill(self, root, *, without=()):
        folder = root / cifar.FOLDER
        folder.mkdir(parents=True)
        for name in self.content.keys() - set(without):
            (folder / name).write_bytes(self.content[name])
        return folder


@pytest.fixture
def small(monkeypatch):
    """A tiny set whose checksums are taken for the published ones."""
    from torchvision.datasets import CIFAR10

    tiny = TinyCifar()
    md5 = {
        name: hashlib.md5(content).hexdigest() for name, content in tiny.content.items()
    }
    monkeypatch.setattr(cifar, "MD5", md5)
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(tiny.packed).hexdigest())
    return tiny


@pytest.fixture
def served(small, server, monkeypatch):
    """A server on this machine that has the packed file."""
    from torchvision.datasets import CIFAR10

    monkeypatch.delenv("TORCHBOOK_OFFLINE", raising=False)
    monkeypatch.setattr(CIFAR10, "url", f"{server.address}{cifar.PACKED}")
    server.packed[cifar.PACKED] = small.packed
    return server


def load(root, download=True, progress=lambda text: None):
    return cifar.load(root, download=download, progress=progress)


def is_the_set(tensors, tiny):
    X, y = torch.from_numpy(tiny.X), torch.from_numpy(tiny.y)
    assert torch.equal(tensors["X_train"], X[:5].reshape(50, 3, 32, 32))
    assert torch.equal(tensors["y_train"], y[:5].flatten())
    assert torch.equal(tensors["X_test"], X[5].reshape(10, 3, 32, 32))
    assert torch.equal(tensors["y_test"], y[5])
    assert {name: t.dtype for name, t in tensors.items()} == {
        "X_train": torch.uint8,
        "y_train": torch.int64,
        "X_test": torch.uint8,
        "y_test": torch.int64,
    }


def test_the_checksums_and_the_layout_are_those_of_torchvision():
    from torchvision.datasets import CIFAR10

    assert dict(CIFAR10.train_list + CIFAR10.test_list) == cifar.MD5
    assert CIFAR10.base_folder == cifar.FOLDER
    assert CIFAR10.filename == cifar.PACKED
    assert CIFAR10.meta["filename"] == cifar.META
    assert CIFAR10.url.endswith(f"/{cifar.PACKED}")


def test_the_published_files_are_read_where_they_lie(small, tmp_path):
    small.fill(tmp_path)
    tensors, origin = load(tmp_path)
    is_the_set(tensors, small)
    assert origin == "read from the data folder"


def test_it_is_what_torchvision_reads(small, tmp_path, monkeypatch):
    from torchvision.datasets import CIFAR10

    folder = small.fill(tmp_path)
    (folder / cifar.META).write_bytes(small.meta)
    md5 = list(cifar.MD5.items())
    monkeypatch.setattr(CIFAR10, "train_list", md5[:5])
    monkeypatch.setattr(CIFAR10, "test_list", md5[5:])
    checksum = hashlib.md5(small.meta).hexdigest()
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": checksum})
    theirs, tensors = CIFAR10(tmp_path, train=True), load(tmp_path)[0]
    assert theirs.classes == list(cifar.CLASSES)
    assert torch.equal(
        torch.from_numpy(theirs.data).permute(0, 3, 1, 2), tensors["X_train"]
    )
    assert theirs.targets == tensors["y_train"].tolist()


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_that_is_not_the_published_one_is_not_run(small, tmp_path):
    folder, trap = small.fill(tmp_path), tmp_path / "trap"
    (folder / "data_batch_3").write_bytes(pickle.dumps(Hostile(trap)))
    with pytest.raises(
        DataError, match=r"data_batch_3 is broken: it has .* MD5"
    ) as raised:
        load(tmp_path)
    assert not trap.exists()
    assert not isinstance(raised.value, MissingError)
    pickle.loads((folder / "data_batch_3").read_bytes())
    assert trap.exists()  # so it would have been run


def test_the_packed_file_put_there_by_hand_needs_no_network(small, tmp_path):
    (tmp_path / cifar.PACKED).write_bytes(small.packed)
    said = []
    is_the_set(load(tmp_path, progress=said.append)[0], small)
    assert said == [f"Unpacking {cifar.PACKED} in {tmp_path}"]
    folder = tmp_path / cifar.FOLDER
    assert {p.name for p in folder.iterdir()} == {*cifar.MD5, cifar.META}
    is_the_set(load(tmp_path, progress=said.append)[0], small)
    assert len(said) == 1


def test_a_fresh_download_and_then_none(small, served, tmp_path):
    root, said = tmp_path / "new" / "folder", []
    is_the_set(load(root, progress=said.append)[0], small)
    assert said == [f"Fetching {cifar.PACKED} (170 MB) of CIFAR-10 in {root}"]
    assert {p.name for p in root.iterdir()} == {cifar.FOLDER}
    served.asked.clear()
    is_the_set(load(root)[0], small)
    assert served.asked == []


def test_a_broken_file_is_replaced_and_no_other(small, served, tmp_path):
    folder = small.fill(tmp_path)
    (folder / "data_batch_2").write_bytes(small.content["data_batch_2"][:-9])
    other = (folder / "data_batch_1").stat().st_mtime_ns
    is_the_set(load(tmp_path)[0], small)
    assert (folder / "data_batch_1").stat().st_mtime_ns == other
    assert (folder / "data_batch_2").read_bytes() == small.content["data_batch_2"]


def test_a_broken_file_outlives_a_failed_download(small, served, tmp_path):
    folder = small.fill(tmp_path)
    (folder / "test_batch").write_bytes(b"half")
    served.packed[cifar.PACKED] = small.packed[:-100]
    with pytest.raises(DataError, match="What is broken was left as it is") as raised:
        load(tmp_path)
    assert "test_batch is broken: it has 4 bytes" in str(raised.value)
    assert (folder / "test_batch").read_bytes() == b"half"
    assert [p.name for p in tmp_path.iterdir()] == [cifar.FOLDER]


def test_without_download_nothing_is_asked_or_changed(small, served, tmp_path):
    folder = small.fill(tmp_path, without=["data_batch_4"])
    with pytest.raises(MissingError, match="data_batch_4 is not there") as raised:
        load(tmp_path, download=False)
    assert raised.value.why == "downloading is switched off"
    assert len(list(folder.iterdir())) == 5
    assert served.asked == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda files: files.pop("data_batch_5"), "has no file .*data_batch_5"),
        (
            lambda files: files.update(data_batch_5=b"other"),
            "data_batch_5 in .* has 5 bytes",
        ),
    ],
)
def test_a_packed_file_of_the_right_checksum_is_checked_all_the_same(
    small, served, tmp_path, monkeypatch, spoil, said
):
    from torchvision.datasets import CIFAR10

    files = {**small.content, cifar.META: small.meta}
    spoil(files)
    served.packed[cifar.PACKED] = packed = small.pack(files)
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(packed).hexdigest())
    with pytest.raises(MissingError, match=said):
        load(tmp_path)
    assert not (tmp_path / cifar.FOLDER / "data_batch_5").exists()


def test_a_broken_packed_file_is_named_when_there_is_no_network(small, tmp_path):
    (tmp_path / cifar.PACKED).write_bytes(small.packed[:-1])
    with pytest.raises(MissingError, match=f"{cifar.PACKED} is broken"):
        load(tmp_path)


def test_no_network_says_how_to_get_it(small, tmp_path):
    with pytest.raises(MissingError, match="none of its six files is there") as raised:
        load(tmp_path)
    for word in (
        str(tmp_path / cifar.FOLDER), "TORCHBOOK_OFFLINE is set", cifar.PAGE, cifar.PACKED,
        "TORCHBOOK_DATA", "cifar10-jpeg/train.tar.xz",
    ):  # fmt: skip
        assert word in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_made(small, served, tmp_path):
    (tmp_path / cifar.FOLDER).write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"can not be read \(Not a directory") as raised:
        load(tmp_path)
    assert "set TORCHBOOK_DATA to a folder of your own" in str(raised.value)


def jpeg(label, n):
    """A picture whose color tells its class."""
    file = io.BytesIO()
    Image.new("RGB", (32, 32), (25 * label, 10 * n, 128)).save(file, "JPEG", quality=75)
    return file.getvalue()


@pytest.fixture
def with_jpegs(tmp_path):
    """A data folder with 3 + 2 JPEGs a class, classes in the order of a folder's listing."""
    root = tmp_path / "data"
    (root / cifar.JPEG_FOLDER).mkdir(parents=True)
    for split, count in (("train", 3), ("test", 2)):
        with tarfile.open(root / cifar.JPEG_FOLDER / f"{split}.tar.xz", "w:xz") as tar:
            for label, name in reversed(list(enumerate(cifar.CLASSES))):
                for n in range(count):
                    content = jpeg(label, n)
                    member = tarfile.TarInfo(f"{split}/{name}/{n:04}.jpg")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
    return root


def test_jpegs_stand_for_the_set_and_say_so(with_jpegs):
    data = images.load("CIFAR-10", folder=with_jpegs)
    assert data.X_train.shape == (30, 3, 32, 32)
    assert data.X_test.shape == (20, 3, 32, 32)
    assert data.classes == cifar.CLASSES
    for X, y in ((data.X_train, data.y_train), (data.X_test, data.y_test)):
        assert y.bincount().tolist() == [len(y) // 10] * 10
        assert (X[:, 0].float().mean((1, 2)) - 25 * y).abs().max() < 3
    assert not data.is_stand_in
    assert data.note.startswith(
        "Data: CIFAR-10 (JPEGs from the data folder, so a little lossy, in an order of our own), "
        "30 training and 20 test images of 32×32 pixels"
    )


def test_jpegs_are_decoded_once_and_kept(with_jpegs, tmp_path, monkeypatch):
    said = []
    data = images.load("cifar10", folder=with_jpegs, progress=said.append)
    assert said == [f"Making cifar10-jpeg, to be kept in {tmp_path / 'cache'}"]
    monkeypatch.setattr(jpegs, "read", None)
    again = images.load("cifar10", folder=with_jpegs, progress=said.append)
    assert len(said) == 1
    assert torch.equal(data.X_train, again.X_train)
    assert torch.equal(data.y_test, again.y_test)


def test_other_archives_are_decoded_anew(with_jpegs):
    folder, said = with_jpegs / cifar.JPEG_FOLDER, []
    images.load("cifar10", folder=with_jpegs, progress=said.append)
    train = folder / "train.tar.xz"
    train.write_bytes(lzma.compress(lzma.decompress(train.read_bytes()), preset=0))
    images.load("cifar10", folder=with_jpegs, progress=said.append)
    assert len(said) == 2


def test_the_published_files_go_before_jpegs(small, with_jpegs):
    small.fill(with_jpegs)
    is_the_set(load(with_jpegs)[0], small)


def test_jpegs_go_before_a_download(served, with_jpegs):
    assert len(load(with_jpegs)[0]["X_train"]) == 30
    assert served.asked == []


def test_half_of_the_jpegs_are_not_the_set(with_jpegs):
    (with_jpegs / cifar.JPEG_FOLDER / "test.tar.xz").unlink()
    with pytest.raises(MissingError):
        load(with_jpegs)


def test_a_broken_archive_is_an_error_even_with_a_stand_in(with_jpegs):
    file = with_jpegs / cifar.JPEG_FOLDER / "test.tar.xz"
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"test.tar.xz is broken"):
        images.load("cifar10", folder=with_jpegs, stand_in="digits")


def test_an_archive_that_can_not_be_read_is_named(with_jpegs):
    file = with_jpegs / cifar.JPEG_FOLDER / "train.tar.xz"
    file.unlink()
    file.mkdir()
    with pytest.raises(
        DataError, match=r"train.tar.xz can not be read: Is a directory"
    ):
        load(with_jpegs)


@needs_jpegs
def test_the_real_jpegs_have_nearly_the_published_statistics():
    X, y = jpegs.read(REAL / "test.tar.xz", "test", cifar.CLASSES, side=32)
    assert X.shape == (10_000, 3, 32, 32)
    assert y.bincount().tolist() == [1000] * 10
    pixels = X.float() / 255
    wanted = torch.tensor([[0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]])
    assert (pixels.mean((0, 2, 3)) - wanted[0]).abs().max() < 0.005
    assert (pixels.std((0, 2, 3)) - wanted[1]).abs().max() < 0.005


@needs_jpegs
def test_the_real_archive_has_5000_training_pictures_a_class():
    with jpegs._opened(REAL / "train.tar.xz") as tar:
        names = [member.name.split("/") for member in tar if member.isfile()]
    found = [cifar.CLASSES.index(name) for split, name, _ in names if split == "train"]
    assert torch.tensor(found).bincount().tolist() == [5000] * 10
