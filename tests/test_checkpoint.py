import errno
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from torchbook import files
from torchbook.checkpoint import (
    CheckpointError,
    Checkpoints,
    capture,
    load,
    restore,
    save,
)


def parts(seed=0, width=6):
    """A small model with dropout, its optimizer and its schedule, one step taken."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, width), nn.Dropout(0.5), nn.Linear(width, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 50)
    step(model, optimizer, schedule)
    return model, optimizer, schedule


def step(model, optimizer, schedule):
    """One step on data that comes from the global generators; its loss."""
    X = torch.randn(8, 4) + random.random() + float(np.random.rand())
    loss = model(X).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    return loss.item()


@pytest.fixture
def saved(tmp_path):
    model, optimizer, schedule = parts()
    state = capture(model=model, optimizer=optimizer, schedule=schedule, epoch=3)
    return save(tmp_path / "a.pt", state)


def test_a_resumed_run_is_the_same_bit_for_bit(tmp_path):
    model, optimizer, schedule = parts()
    state = capture(model=model, optimizer=optimizer, schedule=schedule)
    path = save(tmp_path / "a.pt", state)
    losses = [step(model, optimizer, schedule) for _ in range(10)]

    again, other_optimizer, other_schedule = parts(seed=1)
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    held = {"model": again, "optimizer": other_optimizer, "schedule": other_schedule}
    restore(load(path), **held)
    assert [step(*held.values()) for _ in range(10)] == losses
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])


def test_what_is_in_it(saved):
    state = load(saved)
    assert state["format"] == 1 and state["epoch"] == 3
    assert set(state["versions"]) == {"torchbook", "torch", "numpy", "python"}
    plain = torch.load(saved, weights_only=True)  # no tool of ours is needed to read it
    assert plain.keys() == state.keys()
    assert zipfile.ZipFile(saved).namelist()


def test_every_flipped_bit_and_every_cut_is_noticed(saved, tmp_path):
    content = saved.read_bytes()
    damaged = tmp_path / "damaged.pt"
    generator = random.Random(0)
    ends = range(
        len(content) - 90, len(content)
    )  # the end of the archive and the checksum
    for place in [*generator.sample(range(len(content)), 150), *ends]:
        flipped = bytearray(content)
        flipped[place] ^= 1 << generator.randrange(8)
        damaged.write_bytes(flipped)
        with pytest.raises(
            CheckpointError, match=r"damaged\.pt is (damaged|cut short)"
        ):
            load(damaged)
    for size in [
        0,
        1,
        50,
        *generator.sample(range(len(content)), 50),
        len(content) - 1,
    ]:
        damaged.write_bytes(content[:size])
        with pytest.raises(CheckpointError, match="cut short"):
            load(damaged)


class Bomb:
    def __reduce__(self):
        return os.system, ("touch exploded",)


def test_a_malicious_pickle_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("bomb.pt", {"format": 1, "model": Bomb()})
    with pytest.raises(CheckpointError, match="refused, and nothing in it was run"):
        load("bomb.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load("plain.pt")
    assert not (tmp_path / "exploded").exists()


def test_files_that_are_something_else(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        load(tmp_path / "nowhere.pt")
    torch.save({"weight": torch.ones(2)}, tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match="no checkpoint: its checksum is missing"):
        load(tmp_path / "weights.pt")
    save(tmp_path / "list.pt", [1, 2])
    with pytest.raises(CheckpointError, match="whole, but no checkpoint of torchbook"):
        load(tmp_path / "list.pt")
    save(tmp_path / "future.pt", {"format": 7})
    with pytest.raises(
        CheckpointError, match="format 7, and this torchbook reads up to 1"
    ):
        load(tmp_path / "future.pt")


def test_another_model_is_refused_with_both_shapes_named(saved):
    model, optimizer, _ = parts(width=5)
    before = torch.get_rng_state()
    with pytest.raises(CheckpointError, match="model does not fit") as raised:
        restore(load(saved), model=model)
    assert "[6, 4]" in str(raised.value) and "[5, 4]" in str(raised.value)
    assert torch.equal(torch.get_rng_state(), before)
    with pytest.raises(
        CheckpointError, match="holds no scaler; it holds random, model"
    ):
        restore(load(saved), scaler=optimizer)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_failed_write_leaves_what_was_there(saved, monkeypatch, number):
    content = saved.read_bytes()

    def fail(*_):
        raise OSError(number, os.strerror(number))

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(files.os, name, fail)
            with pytest.raises(CheckpointError, match="before is untouched"):
                save(saved, {"format": 1})
    assert saved.read_bytes() == content
    assert [file.name for file in saved.parent.iterdir()] == ["a.pt"], (
        "nothing is left behind"
    )


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="could not be written"):
        save(tmp_path / "file" / "a.pt", {"format": 1})


def test_the_newest_and_the_best_are_kept(tmp_path):
    run = Checkpoints(tmp_path / "run", keep=2)
    assert run.newest() is None
    for number, score in enumerate([0.1, 0.7, 0.3, 0.6, None], 1):
        run.save(capture(epoch=number), step=100 * number, score=score)
    assert [file.name for file in run.files()] == [
        "step-000000500.pt",
        "step-000000400.pt",
    ]
    assert load(run.folder / "best.pt")["epoch"] == 2
    assert Checkpoints(run.folder).best_score() == 0.7, "known again after a restart"
    later = Checkpoints(run.folder, keep=2)
    later.save(capture(epoch=6), step=600, score=0.65)
    assert load(run.folder / "best.pt")["epoch"] == 2
    later.save(capture(epoch=7), step=700, score=0.8)
    assert load(run.folder / "best.pt")["epoch"] == 7


def test_the_newest_whole_one_is_taken_and_the_damaged_are_named(tmp_path):
    run = Checkpoints(tmp_path, keep=5)
    for number in (1, 2, 3):
        run.save(capture(epoch=number), step=number)
    newest, second, _ = run.files()
    newest.write_bytes(newest.read_bytes()[:-10])
    flipped = bytearray(second.read_bytes())
    flipped[200] ^= 4
    second.write_bytes(flipped)
    with pytest.warns(RuntimeWarning, match="skipped") as warned:
        assert run.newest()["epoch"] == 1
    assert [str(w.message).count("step-00000000") for w in warned] == [1, 1]


WRITER = """
import sys, torch
from torchbook.checkpoint import Checkpoints, capture
run = Checkpoints(sys.argv[1], keep=2)
state = run.newest()
step = state["step"] if state else 0
while True:
    step += 1
    run.save(capture(weight=torch.full((300_000,), float(step))), step=step, score=float(step))
    print(step, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_whole_files(tmp_path):
    """SIGKILL at random moments, most of them while a file is being written."""
    generator, last = random.Random(0), 0
    for _ in range(6):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "run")]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        reported = int(writer.stdout.readline())
        time.sleep(0.3 * generator.random())
        writer.send_signal(signal.SIGKILL)
        reported = max([reported, *map(int, writer.stdout.read().split())])
        writer.wait()
        assert reported > last
        run = Checkpoints(tmp_path / "run")
        states = [load(file) for file in [*run.files(), run.folder / "best.pt"]]
        for state in states:
            assert torch.equal(
                state["weight"], torch.full((300_000,), float(state["step"]))
            )
        last = run.newest()["step"]
        assert last >= reported, "what was reported as written is there"
    run.save(capture(), step=last + 1)
    names = {file.name for file in run.folder.iterdir()}
    assert names == {*(file.name for file in run.files()), "best.pt"}, "halves are gone"


def test_keep_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="keep 0"):
        Checkpoints(tmp_path, keep=0)
