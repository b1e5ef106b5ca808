"""torchbook.distributed: a run on several processes is the run on one.

The runs are in tests/processes/runs.py. Each start of several processes takes seconds, so one
start makes all the runs of that number of processes, and the tests look at what came of them.
"""

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from torchbook import checkpoint, distributed

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available() or os.name != "posix",
    reason="needs torch.distributed and gloo",
)
CLOSE = {"rtol": 0, "atol": 1e-12}  # float64


def torchrun(number, *words, cwd=None):
    """What several processes print; they must all succeed."""
    start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", number]
    done = subprocess.run(
        [sys.executable, *map(str, [*start, *words])],
        env=os.environ | {"OMP_NUM_THREADS": "1", "TORCHBOOK_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        cwd=cwd,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def runs(root):
    spec = importlib.util.spec_from_file_location(
        "runs", root / "tests/processes/runs.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def seen(root, runs, tmp_path_factory):
    """What 1, 2 and 3 processes saw, a list by rank for each, and the folder they left."""
    folder = tmp_path_factory.mktemp("processes")

    def hand_on(left, *goals):
        for goal in goals:
            shutil.copytree(folder / left, folder / goal)

    def several(number):
        torchrun(number, root / "tests/processes/runs.py", folder)
        files = [folder / f"processes-{number}-{rank}.pt" for rank in range(number)]
        return [torch.load(file, weights_only=True) for file in files]

    runs.leave(folder / "left by 1")
    hand_on("left by 1", "for 2, of one", "for 2, of one, sharded", "for 3, of one")
    two = several(2)
    hand_on("left by 2", "for 1, of two", "for 3, of two")
    hand_on("left by 2, sharded", "for 1, of two that were sharded")
    hand_on("left by 2, sharded", "for 3, of two, sharded")
    three = several(3)
    hand_on("left by 3", "for 1, of three")
    with torch.random.fork_rng():
        one = runs.everything(folder)
    return SimpleNamespace(folder=folder, by={1: [one], 2: two, 3: three})


def same(mine, yours, **tolerance):
    """Fail unless two runs had the same losses, rows, weights and measures."""
    tolerance = tolerance or {"rtol": 0, "atol": 0}
    assert len(mine["losses"]) == len(yours["losses"]) > 0
    torch.testing.assert_close(mine, yours, **tolerance)


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize(
    "name", ["plain", "one row left", "accumulate", "clip", "both"]
)
def test_several_processes_make_the_steps_of_one(seen, name, world):
    alone = seen.by[1][0][name]
    for rank in range(world):
        same(seen.by[world][rank][name], alone, **CLOSE)


def test_what_is_compared_is_not_all_the_same(seen):
    alone = seen.by[1][0]
    names = ("plain", "one row left", "accumulate", "clip", "both")
    few = {alone[name]["losses"][-1].item() for name in names}
    assert len(few) == 5
    assert len(alone["plain"]["losses"]) == 21  # 7 an epoch, the last of 4 samples
    assert len(alone["one row left"]["losses"]) == 21  # the last of 1
    assert len(alone["accumulate"]["losses"]) == 9
    assert len(alone["plain"]["rows"]) == 3


@pytest.mark.parametrize("world", [2, 3])
def test_metrics_are_exact_and_the_same_everywhere(seen, world):
    alone = seen.by[1][0]["plain"]["measured"]
    correct = alone["accuracy"] * 25
    assert correct == pytest.approx(round(correct), abs=1e-12)
    assert alone["accuracy"] < alone["top2"] <= 1
    first, *others = (each["plain"]["measured"] for each in seen.by[world])
    assert others == [first] * (world - 1)
    for name in ("accuracy", "top2"):
        assert first[name] == pytest.approx(alone[name], abs=1e-15)


def test_the_weights_stay_equal_in_all_processes(seen):
    for world in (2, 3):
        first, *others = (each["dropout"]["weights"] for each in seen.by[world])
        for other in others:
            assert all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("world", [1, 2, 3])
def test_each_process_drops_other_units(seen, world):
    masks = [each["masks"].float() for each in seen.by[world]]
    assert all(0.2 < mask.mean() < 0.8 for mask in masks)
    rows = torch.cat(masks)
    assert len(rows) == 6
    assert len(rows.unique(dim=0)) == 6


@pytest.mark.parametrize("world", [1, 2, 3])
def test_as_many_processes_go_on_bit_for_bit_with_dropout(seen, world):
    # of three gradients the sum depends on which two are added first, and that changes
    # after the first step of DistributedDataParallel
    tolerance = {"rtol": 1e-5, "atol": 1e-7} if world > 2 else {"rtol": 0, "atol": 0}
    for each in seen.by[world]:
        same(each["dropout, cut"], each["dropout"], **tolerance)
        assert not torch.equal(
            each["dropout"]["losses"], seen.by[world % 3 + 1][0]["dropout"]["losses"]
        )


@pytest.mark.parametrize(
    ("world", "name"),
    [
        (2, "for 2, of one"),
        (3, "for 3, of one"),
        (1, "for 1, of two"),
        (3, "for 3, of two"),
        (1, "for 1, of three"),
    ],
)
def test_another_number_of_processes_goes_on_from_a_checkpoint(seen, world, name):
    for each in seen.by[world]:
        same(each[name], seen.by[1][0]["plain"], **CLOSE)


@pytest.mark.parametrize(
    ("world", "name"),
    [
        (2, "for 2, of one, sharded"),
        (1, "for 1, of two that were sharded"),
        (3, "for 3, of two, sharded"),
    ],
)
def test_a_run_goes_on_sharded_or_not(seen, world, name):
    for rank, each in enumerate(seen.by[world]):
        got, alone = each[name], seen.by[1][0]["plain"]
        if name.endswith(", sharded") and rank > 0:
            assert got.pop("weights") == {}  # they are gathered for the one that writes
            alone = {k: v for k, v in alone.items() if k != "weights"}
        same(got, alone, **CLOSE)


@pytest.mark.parametrize("world", [2, 3])
@pytest.mark.parametrize("name", ["sharded", "sharded, clip"])
def test_sharded_weights_make_the_same_steps(seen, runs, world, name):
    options = {} if name == "sharded" else {"n": 37, "clip": 0.05, "accumulate": 3}
    same(seen.by[world][0][name], runs.run(**options), **CLOSE)


def test_a_checkpoint_of_a_sharded_run_is_that_of_another(seen):
    one, two, sharded = (
        checkpoint.load(seen.folder / left / "step-000000008.pt")
        for left in ("left by 1", "left by 2", "left by 2, sharded")
    )
    assert len(one["processes"]) == 1
    assert len(two["processes"]) == len(sharded["processes"]) == 2
    for other in (two, sharded):
        for part in ("model", "optimizer", "history"):
            assert other[part].keys() == one[part].keys()
        torch.testing.assert_close(other["model"], one["model"], **CLOSE)
        mine, yours = other["optimizer"]["state"], one["optimizer"]["state"]
        torch.testing.assert_close(mine, yours, **CLOSE)
        torch.testing.assert_close(
            other["history"]["losses"], one["history"]["losses"], **CLOSE
        )


@pytest.mark.parametrize("world", [2, 3])
def test_one_process_writes_and_shows(seen, world):
    screens = [each["screen"] for each in seen.by[world]]
    assert "21/21" in screens[0]
    assert screens[1:] == [""] * (world - 1)


def test_only_the_first_process_has_files(seen):
    files = sorted(path.name for path in seen.folder.glob("files of *"))
    assert files == ["files of 0 in 1", "files of 0 in 2", "files of 0 in 3"]
    for name in files:
        first = seen.folder / name
        assert len(list((first / "checkpoints").glob("step-*.pt"))) == 3
        with (first / "history.csv").open(newline="") as file:
            assert len(list(csv.reader(file))) == 4


@pytest.mark.parametrize("world", [2, 3])
def test_loaders_that_cannot_be_divided_are_refused(seen, world):
    for each in seen.by[world]:
        training, valid, small = each["refused"]
        words = f"a DataLoader cannot be divided among {world} processes: use Batches"
        assert training.startswith(words)
        assert valid.startswith(words)
        assert small.startswith(f"a batch_size of 1 for {world} processes")


@pytest.mark.parametrize("world", [2, 3])
def test_what_is_measured_is_what_the_checkpoint_holds(seen, runs, world):
    state = checkpoint.load(seen.folder / f"norm {world}" / "step-000000018.pt")
    model = runs.network(torch.nn.BatchNorm1d(16))
    model.load_state_dict(state["model"])
    valid = runs.Batches(*runs.samples(25), 8)
    alone = runs.train.evaluate(model, valid, runs.F.cross_entropy)
    row = state["history"]["rows"][-1]
    assert row["valid_loss"] == pytest.approx(alone["loss"], rel=1e-12)


def test_the_command_line_under_torchrun(tmp_path):
    out = tmp_path / "run"
    words = ["--data", "digits", "--model", "mlp", "--epochs", 2, "--device", "cpu"]
    said = torchrun(2, "-m", "torchbook", "train", *words, "--out", out, cwd=tmp_path)
    assert said.count("Data: Digits") == 1
    assert said.count("epoch  train loss") == 1
    assert said.count("Everything is in ") == 1
    assert said.count("| 0/22 ") == 1
    names = {f.name for f in out.iterdir()}
    steps = {f"step-{step:09d}.pt" for step in (11, 22)}
    others = {"settings.json", "best.pt", "history.csv", "weights.safetensors"}
    assert names == steps | others
    settings = json.loads((out / "settings.json").read_text("utf8"))["settings"]
    assert settings["batch_size"] == 128  # of both together: 11 steps of 1293 images
    assert len(checkpoint.load(out / "best.pt")["processes"]) == 2


# in a process that is alone, all of it is nothing


def test_a_process_that_is_alone():
    assert (distributed.world(), distributed.rank()) == (1, 0)
    assert distributed.is_writer()
    model = torch.nn.Linear(2, 2)
    assert distributed.wrap(model, torch.device("cpu")) is model
    assert distributed.shard(model, "cpu") is model
    assert not distributed.is_sharded(model)
    assert distributed.start(torch.device("cpu")) == torch.device("cpu")
    assert distributed.any_of(True)
    assert not distributed.any_of(False)
    assert distributed.gathered("a") == ["a"]
    values = torch.arange(3.0)
    assert distributed.total(values) is values
    distributed.agree(model)
    distributed.stop()


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match="process 1 of this machine has no GPU: there"):
        distributed.start(torch.device("cuda"))
