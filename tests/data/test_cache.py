"""torchbook.data.cache: made once, whole or made again, never in the way."""

import pytest
import torch

from torchbook.data.cache import cached


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHBOOK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Maker:
    """Makes other tensors at every call, so that a second making shows."""

    calls = 0

    def __call__(self):
        self.calls += 1
        return {"a": torch.arange(1000) * self.calls, "b": torch.ones(2, 3)}


def ask(make, settings=None, said=None):
    progress = said.append if said is not None else lambda text: None
    return cached("thing", settings or {"n": 1}, make, progress)


def test_what_was_made_is_read_back_the_same(cache):
    make = Maker()
    made, read = ask(make), ask(make)
    assert make.calls == 1
    assert made.keys() == read.keys()
    assert all(torch.equal(made[key], read[key]) for key in made)
    assert [file.suffix for file in cache.iterdir()] == [".safetensors"]


def test_other_settings_are_another_file(cache):
    make = Maker()
    ask(make, {"n": 1})
    ask(make, {"n": 2})
    assert make.calls == 2
    assert len(list(cache.iterdir())) == 2


def spoil_the_end(bytes_):
    return bytes_[:-1] + bytes([bytes_[-1] ^ 1])


def spoil_the_values(bytes_):
    middle = len(bytes_) // 2
    return bytes_[:middle] + bytes([bytes_[middle] ^ 1]) + bytes_[middle + 1 :]


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_the_end,
        spoil_the_values,
        lambda b: b[:-5],
        lambda b: b[:4],
        lambda b: b"",
    ],
    ids=["checksum", "values", "truncated", "no header", "empty"],
)
def test_a_spoiled_file_is_removed_and_made_again(cache, spoil):
    make = Maker()
    ask(make)
    (file,) = cache.iterdir()
    file.write_bytes(spoil(file.read_bytes()))
    assert torch.equal(ask(make)["a"], torch.arange(1000) * 2)
    assert torch.equal(ask(make)["a"], torch.arange(1000) * 2)
    assert list(cache.iterdir()) == [file]


def test_a_cache_that_can_not_be_written_is_only_said(cache):
    cache.write_text("a file where the folder should be")
    said = []
    assert torch.equal(ask(Maker(), said=said)["a"], torch.arange(1000))
    assert "could not be kept" in said[-1]
    assert str(cache) in said[-1]


def test_nothing_half_written_is_left(cache, monkeypatch):
    def full_disk(*paths):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full_disk)
    said = []
    ask(Maker(), said=said)
    assert "No space left" in said[-1]
    assert list(cache.iterdir()) == []
