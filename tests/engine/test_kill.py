"""benchmarks/kill.py: a few of its kills, and that it would see a difference."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest
import torch

from torchbook import checkpoint

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="needs fork and SIGKILL"
)


@pytest.fixture(scope="module")
def kill(root):
    spec = importlib.util.spec_from_file_location("kill", root / "benchmarks/kill.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["kill"] = module  # a dataclass looks for its module there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["kill"]


def test_killed_at_random_moments_a_run_ends_as_if_it_had_not_been(root):
    command = [sys.executable, root / "benchmarks/kill.py", "--kills", "7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    numbers = dict(re.findall(r"^(\D+?) +(\d+)$", done.stdout, re.MULTILINE))
    assert numbers["kills"] == "7"
    assert int(numbers["kills during the write of a checkpoint"]) > 0
    assert int(numbers["runs compared with the uninterrupted one"]) > 0
    assert int(numbers["checkpoints read after a kill"]) > 0
    assert numbers["differences and unreadable files"] == "0"


def test_the_comparison_sees_one_bit_in_each_part(kill, tmp_path):
    kill.train(tmp_path, 1)
    whole = checkpoint.load(tmp_path / "result.pt")
    assert kill.differences(checkpoint.load(tmp_path / "result.pt"), whole) == []

    def nudged(tensor):
        tensor.flatten()[-1:].copy_(
            torch.nextafter(tensor.flatten()[-1:], tensor.new_tensor(9.0))
        )

    changes = {
        "weights 1.bias": lambda s: nudged(s["model"]["1.bias"]),
        "moments 0 exp_avg": lambda s: nudged(s["optimizer"]["state"][0]["exp_avg"]),
        "losses of steps": lambda s: nudged(s["losses"]),
        "rows of epochs": lambda s: s["rows"][0].update(train_loss=0.0),
    }
    for name, change in changes.items():
        other = checkpoint.load(tmp_path / "result.pt")
        change(other)
        assert kill.differences(other, whole) == [name]


def test_an_unreadable_checkpoint_is_counted(kill, tmp_path):
    tally = kill.Tally()
    checkpoint.save(tmp_path / "step-000000004.pt", checkpoint.capture())
    tally.look(tmp_path, False)
    assert not tally.wrong
    (tmp_path / "step-000000006.pt").write_bytes(b"half")
    tally.look(tmp_path, True)
    assert sum(tally.wrong.values()) == 1
    assert (tally.kills, tally.writes, tally.read) == (2, 1, 3)
    assert tally.steps == [4, 6]
