"""Ctrl-C and SIGTERM at the command line: all is kept, and said in a sentence."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from torchbook import checkpoint
from torchbook.checkpoint import Checkpoints
from torchbook.data import images
from torchbook.engine.run import Run

# the command, slowed down so that there is time to interrupt it
SLOWLY = """
import sys, time, torch
from torchbook.cli import main
from torchbook.engine.run import Run
torch.set_num_threads({threads})
update = Run.update
def slowly(run):
    update(run)
    time.sleep(0.1)
Run.update = slowly
main()
"""


def wait_for(condition, process, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_step_and_resume_goes_on(command, tmp_path, number):
    out = tmp_path / "a run"
    words = ["train", *command.small, "--epochs", "3", "--save-every", "2"]
    code = SLOWLY.format(threads=torch.get_num_threads())
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words, "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: list(out.glob("step-*.pt")), process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Traceback" not in errors
    newest = Checkpoints(out).files()[0]
    step = checkpoint.load(newest)["step"]
    assert 2 <= step < 63
    assert f"Stopped after step {step}; {newest} holds the run. Go on with:" in errors
    assert f"torchbook train --out '{out}' --resume" in errors
    command.call("train", "--out", out, "--resume", "--quiet")
    command.call(*words, "--out", tmp_path / "whole")
    one, two = (
        checkpoint.load(folder / "step-000000063.pt")
        for folder in (out, tmp_path / "whole")
    )
    assert torch.equal(one["history"]["losses"], two["history"]["losses"])
    for name, tensor in one["model"].items():
        assert torch.equal(tensor, two["model"][name])


def test_ctrl_c_while_images_are_loaded(command, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(images, "load", interrupted)
    result = command.invoke("train", *command.small, "--out", tmp_path / "run")
    assert result.exit_code == 130
    assert result.output == "\nStopped.\n"
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("when", ["at the start", "after a checkpoint"])
def test_ctrl_c_that_does_not_wait(command, tmp_path, monkeypatch, when):
    update, last = Run.update, 1 if when == "at the start" else 7

    def interrupted(run):
        update(run)
        if run.step == last:
            raise KeyboardInterrupt

    monkeypatch.setattr(Run, "update", interrupted)
    out = tmp_path / "run"
    words = ["--epochs", "1", "--save-every", "5", "--out", out]
    result = command.invoke("train", *command.small, *words)
    assert result.exit_code == 130
    if when == "at the start":
        assert result.output.endswith("Stopped at once, before the first checkpoint.\n")
        assert not out.exists()
        return
    newest = out / "step-000000005.pt"
    assert f"Stopped at once; {newest} holds the run. Go on with:" in result.output
    monkeypatch.setattr(Run, "update", update)
    command.call("train", "--out", out, "--resume", "--quiet")


def test_ctrl_c_in_the_other_commands(command, run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(images, "load", interrupted)
    result = command.invoke("evaluate", run)
    assert (result.exit_code, result.output) == (130, "\nStopped.\n")
