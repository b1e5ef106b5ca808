"""torchbook.data.picture_folder: the same batches whoever decodes them, faults told in words."""

import gc
import multiprocessing
import os
import random
import signal
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from torchbook.data.augment import horizontal_flip
from torchbook.data.folder import DataError
from torchbook.data.loader import Batches
from torchbook.data.picture_folder import PictureFolder
from torchbook.data.picture_reader import to_tensor

N = 11


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Eleven pictures of many sizes in two classes, JPEG and PNG."""
    root = tmp_path_factory.mktemp("pictures")
    g = np.random.default_rng(0)
    for i in range(N):
        height, width = g.integers(12, 40, 2)
        coarse = g.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((int(width), int(height)))
        folder = root / ("ants" if i < 5 else "bees")
        folder.mkdir(exist_ok=True)
        image.save(folder / f"{i:02d}.{'png' if i % 2 else 'jpg'}")
    return root


def jitter(image):
    """A transform by chance: a crop and a tint, from all three sources."""
    left = random.randrange(4)
    top = int(np.random.randint(4))
    tint = int(torch.randint(60, ()))
    X = to_tensor(image.resize((16, 12)))[:, top : top + 8, left : left + 8]
    return (X // 2 + tint).to(torch.uint8)


def folder(root, workers=0, **options):
    return PictureFolder(
        root, **{"batch_size": 4, "size": (10, 8), "workers": workers, **options}
    )


def assert_same(got, want):
    for (X, y), (X_want, y_want) in zip(got, want, strict=True):
        assert torch.equal(X, X_want)
        assert torch.equal(y, y_want)


def noisy(X, generator):
    return X + torch.rand(X.shape, generator=generator)


def in_memory(root, **options):
    """Batches of the same pictures, read beforehand."""
    (X, y), *_ = folder(root, batch_size=N, mean=0, std=1 / 255)
    return Batches(X.round().to(torch.uint8), y, **options)


def test_classes_files_and_labels(root):
    pictures = folder(root)
    assert pictures.classes == ("ants", "bees")
    assert [file.name[:2] for file in pictures.files] == [f"{i:02d}" for i in range(N)]
    assert pictures.y.tolist() == [0] * 5 + [1] * 6
    assert (len(pictures), pictures.samples, pictures.batch_size) == (3, N, 4)
    assert "11 pictures in 2 classes" in repr(pictures)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("augment", [None, horizontal_flip])
def test_batches_are_those_of_the_same_set_in_memory(root, shuffle, augment):
    options = {"batch_size": 4, "shuffle": shuffle, "seed": 3, "augment": augment}
    options |= {"mean": [0.4, 0.5, 0.6], "std": 0.25}
    pictures, memory = folder(root, **options), in_memory(root, **options)
    for _ in range(2):
        want = list(memory)
        assert_same(pictures, want)
        assert pictures.total == len(want[-1][1]) == 3
        assert (pictures.epoch, pictures.position) == (memory.epoch, memory.position)


def test_workers_change_nothing(root):
    options = {"shuffle": True, "transform": jitter, "augment": noisy, "seed": 5}
    alone, helped = folder(root, 0, **options), folder(root, 2, **options)
    passes = []
    for _ in range(3):
        passes.append(list(alone))
        assert_same(helped, passes[-1])
    first, later = (
        dict(zip(torch.cat([y for _, y in p]).tolist(), p, strict=False))
        for p in passes[:2]
    )
    assert not torch.equal(first[0][0], later[0][0])


def test_the_transform_draws_anew_each_epoch_for_each_picture(root):
    pictures = folder(root, transform=jitter)
    passes = [torch.cat([X for X, _ in pictures]) for _ in range(2)]
    for one, other in zip(*passes, strict=True):
        assert not torch.equal(one, other)


def test_the_transform_of_a_picture_does_not_depend_on_its_batch(root):
    def by_row(**options):
        pictures = folder(root, transform=jitter, **options)
        list(pictures)  # the second pass
        order = torch.randperm(N, generator=torch.Generator().manual_seed(0))
        if options.get("shuffle"):
            g = torch.Generator().manual_seed(0)
            torch.randperm(N, generator=g)
            order = torch.randperm(N, generator=g)
        else:
            order = torch.arange(N)
        X = torch.cat([X for X, _ in pictures])
        return X[order.argsort()]

    assert torch.equal(by_row(), by_row(shuffle=True))
    assert torch.equal(by_row(), by_row(batch_size=3))


@pytest.mark.parametrize("workers", [0, 2])
def test_reading_leaves_the_sources_of_chance_alone(root, workers):
    pictures = folder(root, workers, shuffle=True, transform=jitter)
    torch.manual_seed(1), random.seed(1), np.random.seed(1)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    list(pictures)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert (np.random.get_state()[1] == before[2]).all()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("k", [0, 1, 3])
def test_a_pass_taken_up_goes_on_bit_for_bit(root, workers, k, tmp_path):
    options = {"shuffle": True, "transform": jitter, "augment": noisy}
    whole = folder(root, seed=3, **options)
    passes = [list(whole) for _ in range(3)]
    stopped = folder(root, workers, seed=3, check=False, **options)
    list(stopped)
    assert_same(islice(stopped, k), passes[1][:k])
    torch.save(stopped.state_dict(), tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert (state["epoch"], state["position"]) == (1, k)
    fresh = folder(root, workers, seed=99, check=False, **options)
    fresh.load_state_dict(state)
    assert_same(fresh, passes[1][k:])
    assert_same(fresh, passes[2])


@pytest.mark.parametrize("world", [2, 3, 4])
def test_the_parts_of_all_processes_are_the_batch(root, world):
    options = {"batch_size": 10, "shuffle": True, "transform": jitter, "std": 0.5}
    whole = list(folder(root, **options))
    ranks = [folder(root, **options).share(rank, world) for rank in range(world)]
    for (X_whole, y_whole), *parts in zip(whole, *ranks, strict=True):
        assert torch.equal(torch.cat([X for X, _ in parts]), X_whole)
        assert torch.equal(torch.cat([y for _, y in parts]), y_whole)
        assert {X.shape[1:] for X, _ in parts} == {(3, 8, 8)}  # with no rows as well
        assert [rank.total for rank in ranks] == [len(y_whole)] * world
    assert [len(y) for _, y in parts] == [1] + [0] * (world - 1)


def test_another_number_of_processes_takes_up_the_same_pictures(root):
    options = {"shuffle": True, "transform": jitter, "batch_size": 5}
    want = list(folder(root, **options))[1:]
    stopped = folder(root, **options).share(1, 2)
    next(iter(stopped))
    ranks = [folder(root, **options).share(rank, 3) for rank in range(3)]
    for rank in ranks:
        rank.load_state_dict(stopped.state_dict())
    for (X_whole, y_whole), *parts in zip(want, *ranks, strict=True):
        assert torch.equal(torch.cat([X for X, _ in parts]), X_whole)
        assert torch.equal(torch.cat([y for _, y in parts]), y_whole)


@pytest.mark.parametrize("workers", [0, 2])
def test_two_passes_at_once_do_not_mix(root, workers):
    pictures = folder(root, workers, shuffle=True)
    again = folder(root, shuffle=True)
    want = list(again), list(again)
    older, newer = iter(pictures), iter(pictures)
    got = list(zip(older, newer, strict=True))
    assert_same([one for one, _ in got], want[0])
    assert_same([two for _, two in got], want[1])
    assert (pictures.epoch, pictures.position) == (1, 0)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_pass_that_was_left_does_not_run_into_the_next(root, workers):
    pictures, again = folder(root, workers), folder(root)
    want = list(again)
    for _ in range(3):
        assert_same(islice(pictures, 1), want[:1])
    assert (pictures.epoch, pictures.position) == (0, 1)
    assert_same(pictures, want)


@pytest.fixture
def own_workers():
    """A function: the worker processes that this test has started."""
    before = set(multiprocessing.active_children())
    return lambda: set(multiprocessing.active_children()) - before


def pids(loader):
    return {worker.pid for worker in loader._idle[0]._iterator._workers}


def test_workers_stay_for_the_next_pass_and_end_with_the_loader(root, own_workers):
    pictures = folder(root, 2)
    list(pictures)
    first = pids(pictures)
    list(islice(pictures, 1))
    list(pictures)
    assert pids(pictures) == first
    assert len(first) == 2
    del pictures
    gc.collect()
    assert own_workers() == set()


def test_workers_end_at_once_when_an_error_refers_to_the_loader(root, monkeypatch):
    terminated = []
    terminate = multiprocessing.Process.terminate
    monkeypatch.setattr(
        multiprocessing.Process,
        "terminate",
        lambda process: (terminated.append(process), terminate(process)),
    )

    def fails():
        pictures = folder(root, 2)
        try:
            for _ in pictures:
                raise ZeroDivisionError
        except ZeroDivisionError as error:
            kept = error  # noqa: F841 - a circle: error, traceback, frame, error

    fails()
    gc.collect()
    assert terminated == []  # torch does that after five seconds of waiting


def test_when_a_worker_is_killed_the_next_pass_starts_another(root, own_workers):
    pictures, want = folder(root, 2), list(folder(root))
    with pytest.raises(RuntimeError, match="worker"):
        for _ in pictures:
            os.kill(own_workers().pop().pid, signal.SIGKILL)
            time.sleep(10)  # torch raises as soon as the system tells it
    assert_same(pictures, want)


def test_an_interrupt_does_not_end_the_workers(root, own_workers):
    pictures = folder(root, 2, batch_size=1)
    want = list(folder(root, batch_size=1))
    got = []
    for batch in pictures:
        got.append(batch)
        if len(got) == 2:  # Ctrl-C reaches every process of the terminal
            for child in own_workers():
                os.kill(child.pid, signal.SIGINT)
            time.sleep(0.1)
    assert_same(got, want)


def breaks_on_the_third(image):
    if image.size == (33, 33):
        raise KeyError("no such tint")
    return torch.zeros(1, 2, 2, dtype=torch.uint8)


@pytest.fixture
def spoilt(root, tmp_path):
    """The same folders, and a page that was saved as a picture, and one picture of 33 x 33."""
    for file in root.rglob("*.*"):
        copy = tmp_path / "spoilt" / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    (tmp_path / "spoilt" / "bees" / "06a.jpg").write_text("<html>not found</html>")
    Image.new("RGB", (33, 33)).save(tmp_path / "spoilt" / "bees" / "square.png")
    return tmp_path / "spoilt"


def test_a_broken_picture_is_an_error_at_the_start(spoilt):
    with pytest.raises(DataError, match=r"06a\.jpg \(class bees\) .* broken='skip'"):
        folder(spoilt)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_broken_picture_can_be_left_out(spoilt, workers):
    with pytest.warns(UserWarning, match="1 of 13 files left out: .*06a") as told:
        pictures = folder(spoilt, workers, broken="skip", shuffle=True)
    assert told[0].filename == __file__
    assert [path.name for path in pictures.skipped] == ["06a.jpg"]
    assert (pictures.samples, len(pictures.files)) == (12, 12)
    assert sum(len(y) for _, y in pictures) == 12
    assert "1 broken" in repr(pictures)


@pytest.mark.parametrize("workers", [0, 2])
def test_what_breaks_later_is_told_without_the_workers_traceback(spoilt, workers):
    pictures = folder(spoilt, workers, check=False, batch_size=3)
    got = []
    with pytest.raises(DataError) as caught:
        for _, y in pictures:
            got += y.tolist()
    message = str(caught.value)
    assert message.startswith(f"{spoilt / 'bees' / '06a.jpg'} (class bees) cannot be")
    assert "Traceback" not in message
    assert len(message.splitlines()) == 1
    assert (len(got), pictures.position) == (6, 2)
    (spoilt / "bees" / "06a.jpg").write_bytes((spoilt / "bees" / "06.jpg").read_bytes())
    pictures.load_state_dict(
        pictures.state_dict()
    )  # mended, it goes on where it stopped
    assert sum(len(y) for _, y in pictures) == 7


@pytest.mark.parametrize("workers", [0, 2])
def test_a_transform_that_fails_is_told_with_the_file(spoilt, workers):
    (spoilt / "bees" / "06a.jpg").unlink()
    pictures = folder(spoilt, workers, transform=breaks_on_the_third)
    words = r"transform failed on .*square\.png \(class bees\) with KeyError: 'no such tint'"
    with pytest.raises(DataError, match=words) as caught:
        list(pictures)
    assert "Traceback" not in str(caught.value)


def test_a_file_that_goes_away_is_named(spoilt):
    (spoilt / "bees" / "06a.jpg").unlink()
    pictures = folder(spoilt)
    (spoilt / "ants" / "01.png").unlink()
    with pytest.raises(DataError, match=r"01\.png .class ants. .*it is not there"):
        list(pictures)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workers": -1}, "workers -1: wanted 0 or more"),
        ({"broken": "ignore"}, "broken 'ignore': wanted 'error' or 'skip'"),
        ({"broken": "skip", "check": False}, "check=False"),
        ({"size": 0}, "size 0"),
        ({"size": (8, -1)}, r"size \(8, -1\)"),
        ({"batch_size": 0}, "batch_size 0"),
        ({"mean": [0.1, 0.2]}, "statistics of 2 channels for images of 3"),
        ({"std": 0}, "std 0"),
    ],
)
def test_settings_that_will_not_do_are_refused(root, options, words):
    with pytest.raises(ValueError, match=words):
        folder(root, **options)


def test_a_folder_that_is_not_there_is_named():
    with pytest.raises(DataError, match="nowhere is not there: wanted a folder"):
        PictureFolder("nowhere")


def test_statistics_for_other_channels_than_a_transform_makes_are_refused(root):
    pictures = folder(root, transform=breaks_on_the_third, mean=[0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="statistics of 3 channels for images of 1"):
        list(pictures)


def test_the_state_of_other_files_is_refused(root, spoilt):
    state = folder(root).state_dict()
    with pytest.raises(ValueError, match="samples 11; here it is 13"):
        folder(spoilt, check=False).load_state_dict(state)
    (spoilt / "bees" / "06a.jpg").unlink()
    (spoilt / "bees" / "06.jpg").unlink()
    other = folder(spoilt)
    with pytest.raises(ValueError, match="a state of other files"):
        other.load_state_dict(state)
    memory = Batches(torch.zeros(N, 1), torch.zeros(N), 4)
    with pytest.raises(ValueError, match="a state of other files"):
        folder(root).load_state_dict(memory.state_dict())
    with pytest.raises(ValueError, match="without seed"):
        del state["seed"]
        folder(root).load_state_dict(state)


def test_the_state_fits_the_same_files_in_another_place(root, spoilt):
    (spoilt / "bees" / "06a.jpg").unlink()
    (spoilt / "bees" / "square.png").unlink()
    state = folder(root).state_dict()
    moved = folder(spoilt)
    moved.load_state_dict(state)
    assert_same(moved, list(folder(root)))


def test_one_number_is_a_square(root):
    X, _ = next(iter(folder(root, size=12)))
    assert X.shape == (4, 3, 12, 12)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_unset_there_is_a_worker_a_core_shared_by_the_processes(root, monkeypatch):
    monkeypatch.setattr("torchbook.data.picture_folder._cores", lambda: 6)
    assert folder(root, None)._open().num_workers == 6
    assert folder(root, None).share(1, 4)._open().num_workers == 1
    monkeypatch.setattr("torchbook.data.picture_folder._cores", lambda: 64)
    assert folder(root, None)._open().num_workers == 8


def test_memory_is_pinned_for_cuda_alone(root):
    pictures = folder(root)
    assert not pictures._open().pin_memory
    assert pictures.to("cuda") is pictures
    assert pictures._open().pin_memory


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("workers", [0, 2])
def test_batches_lie_on_the_device(root, workers):
    options = {"shuffle": True, "mean": 0.5, "std": 0.5, "augment": horizontal_flip}
    here, there = (
        folder(root, **options),
        folder(root, workers, device="cuda", **options),
    )
    for (X_cpu, y_cpu), (X_gpu, y_gpu) in zip(here, there, strict=True):
        assert X_gpu.is_cuda
        assert y_gpu.is_cuda
        assert torch.equal(y_gpu.cpu(), y_cpu)
        torch.testing.assert_close(X_gpu.cpu(), X_cpu)


ANTS = Path(os.environ.get("TORCHBOOK_DATA", "")) / "ants_and_bees" / "train"


@pytest.mark.skipif(
    not os.environ.get("TORCHBOOK_DATA") or not ANTS.is_dir(),
    reason="needs ants and bees",
)
def test_photographs_of_ants_and_bees(tmp_path):
    pictures = PictureFolder(ANTS, 100, size=64, workers=2, shuffle=True)
    assert (pictures.classes, pictures.samples) == (("ants", "bees"), 244)
    assert [path.name for path in pictures.ignored] == ["imageNotFound.gif"]
    sums, labels = [], []
    for X, y in pictures:
        assert X.shape[1:] == (3, 64, 64)
        sums.append(X.mean((0, 2, 3)) * len(X))
        labels.append(y)
    assert torch.cat(labels).bincount().tolist() == [123, 121]
    mean = torch.stack(sums).sum(0) / 244
    assert ((mean > 0.3) & (mean < 0.6)).all()  # photographs, neither black nor white
