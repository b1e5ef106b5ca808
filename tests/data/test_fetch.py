"""torchbook.data.fetch: a tiny set, from a server on this machine, by torchvision's download."""

import errno
import gzip
import time

import pytest

from torchbook.data import fetch
from torchbook.data.fetch import MissingError, ensure
from torchbook.data.folder import DataError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"


def get(tiny, root, download=True):
    return ensure(tiny.idx_set, root, download=download, progress=lambda text: None)


def test_a_fresh_download_and_then_none(tiny, server, tmp_path):
    said = []
    root = tmp_path / "new" / "folder"
    raw = ensure(tiny.idx_set, root, download=True, progress=said.append)
    assert raw == root / "FashionMNIST" / "raw"
    assert tiny.read(raw) == tiny.content
    assert {path.name for path in raw.iterdir()} == tiny.content.keys()
    assert len(said) == 4
    assert said[0].startswith(f"Fetching {IMAGES}.gz of Fashion-MNIST in")
    server.asked.clear()
    assert get(tiny, root) == raw
    assert server.asked == []


def test_a_broken_file_is_fetched_again_and_no_other(tiny, server, tmp_path):
    raw = tiny.fill(tmp_path)
    (raw / IMAGES).write_bytes(tiny.content[IMAGES][:-100])
    get(tiny, tmp_path)
    assert tiny.read(raw) == tiny.content
    assert set(server.asked) == {f"{IMAGES}.gz"}


def test_without_download_a_broken_file_is_named_and_left(tiny, server, tmp_path):
    raw = tiny.fill(tmp_path)
    (raw / IMAGES).write_bytes(b"half")
    with pytest.raises(
        DataError, match=f"{IMAGES} is broken: it has 4 bytes"
    ) as raised:
        get(tiny, tmp_path, download=False)
    assert not isinstance(raised.value, MissingError)
    assert "downloading is switched off" in str(raised.value)
    assert (raw / IMAGES).read_bytes() == b"half"
    assert server.asked == []


def test_a_broken_file_outlives_a_failed_download(tiny, server, tmp_path):
    raw = tiny.fill(tmp_path, without=[TEST_IMAGES])
    (raw / IMAGES).write_bytes(b"half")
    server.packed[f"{IMAGES}.gz"] = gzip.compress(b"not what the checksum promises")
    with pytest.raises(DataError, match="What is broken was left as it is") as raised:
        get(tiny, tmp_path)
    assert not isinstance(raised.value, MissingError)
    assert "corrupted" in str(raised.value)
    # The file that lacked came first, and stays.
    assert tiny.read(raw) == {**tiny.content, IMAGES: b"half"}


def test_a_file_of_the_right_md5_is_checked_all_the_same(
    tiny, server, tmp_path, torchvision_at
):
    server.packed[f"{IMAGES}.gz"] = gzip.compress(tiny.content[IMAGES][:-1])
    torchvision_at([server.address], server.packed)
    with pytest.raises(MissingError, match="as fetched has 9,423 bytes"):
        get(tiny, tmp_path)
    assert list((tmp_path / "FashionMNIST" / "raw").iterdir()) == []


def test_a_server_without_the_file(tiny, server, tmp_path):
    del server.packed[f"{LABELS}.gz"]
    with pytest.raises(MissingError, match="404") as raised:
        get(tiny, tmp_path)
    assert f"{LABELS} is not there" in str(raised.value)
    assert f"{IMAGES} is not there" not in str(raised.value)


def test_the_next_mirror_is_tried(tiny, server, tmp_path, torchvision_at):
    nobody = f"{server.address}no/such/folder/"
    torchvision_at([nobody, server.address], tiny.packed)
    assert tiny.read(get(tiny, tmp_path)) == tiny.content


def test_packed_files_put_there_by_hand_need_no_network(
    tiny, server, tmp_path, monkeypatch
):
    monkeypatch.setenv("TORCHBOOK_OFFLINE", "1")
    raw = tiny.fill(tmp_path, without=tiny.content)
    for name, packed in tiny.packed.items():
        (raw / name).write_bytes(packed)
    assert tiny.read(get(tiny, tmp_path)) == tiny.content
    assert server.asked == []


def test_a_broken_packed_file_is_named(tiny, server, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHBOOK_OFFLINE", "1")
    raw = tiny.fill(tmp_path, without=[IMAGES])
    (raw / f"{IMAGES}.gz").write_bytes(b"half")
    with pytest.raises(DataError, match=f"{IMAGES}.gz is broken"):
        get(tiny, tmp_path)


def test_no_network_fails_soon_and_says_how_to_get_it(
    tiny, tmp_path, torchvision_at, closed
):
    torchvision_at([closed], tiny.packed)
    begin = time.perf_counter()
    with pytest.raises(MissingError, match="no server answered") as raised:
        get(tiny, tmp_path)
    assert time.perf_counter() - begin < 30  # not the minutes of a socket that waits
    for help_ in (
        str(tmp_path / "FashionMNIST" / "raw"),
        tiny.idx_set.page,
        "TORCHBOOK_DATA",
    ):
        assert help_ in str(raised.value)
    assert list(tmp_path.iterdir()) == []  # no empty folders either


def test_offline_asks_nobody(tiny, server, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHBOOK_OFFLINE", "1")
    with pytest.raises(MissingError, match="TORCHBOOK_OFFLINE is set"):
        get(tiny, tmp_path)
    assert server.asked == []


def test_a_folder_that_can_not_be_made(tiny, server, tmp_path):
    (tmp_path / "FashionMNIST").write_text("a file where the folder should be")
    with pytest.raises(DataError, match="can not be written") as raised:
        get(tiny, tmp_path)
    assert "set TORCHBOOK_DATA to a folder of your own" in str(raised.value)
    assert str(tmp_path) in str(raised.value)


def test_a_read_only_folder_with_a_broken_file(tiny, server, tmp_path, monkeypatch):
    def refuse(**where):
        raise PermissionError(errno.EACCES, "Permission denied")

    raw = tiny.fill(tmp_path)
    (raw / IMAGES).write_bytes(b"half")
    monkeypatch.setattr(fetch.tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(
        DataError, match="can not be written: Permission denied"
    ) as raised:
        get(tiny, tmp_path)
    assert f"{IMAGES} is broken" in str(raised.value)
    assert (raw / IMAGES).read_bytes() == b"half"


def test_a_full_disk(tiny, server, tmp_path, monkeypatch):
    def write_nothing(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("torchvision.datasets.utils._urlretrieve", write_nothing)
    with pytest.raises(DataError, match=r"no space left .* \(free 100 MB") as raised:
        get(tiny, tmp_path)
    assert str(tmp_path) in str(raised.value)
    assert list((tmp_path / "FashionMNIST" / "raw").iterdir()) == []


def test_a_folder_in_the_place_of_a_file_is_broken_not_missing(tiny, tmp_path):
    raw = tiny.fill(tmp_path, without=[IMAGES])
    (raw / IMAGES).mkdir()
    with pytest.raises(DataError, match="is broken") as raised:
        get(tiny, tmp_path, download=False)
    assert not isinstance(raised.value, MissingError)
