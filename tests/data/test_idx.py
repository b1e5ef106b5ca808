"""torchbook.data.idx: what is whole, what is broken, and the same values as torchvision's."""

import pytest
import torch

from torchbook.data import idx


def test_a_whole_file_has_no_fault_and_is_remembered_until_it_changes(
    tiny, tmp_path, monkeypatch
):
    path, file = tiny.fill(tmp_path) / tiny.files[0].name, tiny.files[0]
    assert idx.fault(path, file) is None
    with monkeypatch.context() as patched:
        patched.setattr(idx, "_fault", None)  # not called a second time
        assert idx.fault(path, file) is None
    path.write_bytes(tiny.content[file.name][:-1])
    assert idx.fault(path, file) == "has 9,423 bytes instead of 9,424"


SPOILED = {
    "empty": (lambda b: b"", "has 0 bytes instead of 9,424"),
    "too long": (lambda b: b + b"x", "has 9,425 bytes instead of 9,424"),
    "another shape": (
        lambda b: b[:7] + b"\x0d" + b[8:],
        "does not begin as an IDX file",
    ),
    "a wrong byte": (lambda b: b[:-1] + b"\xff", "has the SHA-256 checksum"),
}


@pytest.mark.parametrize("spoil, words", SPOILED.values(), ids=SPOILED)
def test_a_fault_is_put_in_words(tiny, tmp_path, spoil, words):
    path = tmp_path / "file"
    path.write_bytes(spoil(tiny.content[tiny.files[0].name]))
    assert words in idx.fault(path, tiny.files[0])


def test_what_is_no_file_can_not_be_read(tiny, tmp_path):
    assert "Is a directory" in idx.fault(tmp_path, tiny.files[0])


def test_torchvision_reads_the_same(tiny, server, tmp_path):
    from torchvision.datasets import FashionMNIST

    raw = tiny.fill(tmp_path)
    images, labels = (idx.read(raw / file.name, file) for file in tiny.files[2:])
    theirs = FashionMNIST(tmp_path, train=False)
    assert torch.equal(images, theirs.data)
    assert torch.equal(labels.long(), theirs.targets)


@pytest.mark.parametrize("published", [idx.FASHION_MNIST, idx.MNIST])
def test_the_published_files_are_those_that_torchvision_fetches(published):
    from torchvision import datasets

    theirs = getattr(datasets, published.folder)
    assert [f"{file.name}.gz" for file in published.files] == [
        name for name, _ in theirs.resources
    ]
    assert [file.size for file in published.files] == [
        47_040_016,
        60_008,
        7_840_016,
        10_008,
    ]
    assert all(len(file.sha256) == 64 for file in published.files)
    assert len(published.classes) == 10
    if published is idx.FASHION_MNIST:
        assert list(published.classes) == theirs.classes
