"""The commands behind the recorded runs: they run, on a little, and say what they should.

What they measure is nobody's test. That they break when the package changes is this one's.
"""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from torchbook.data import images

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import fashion  # noqa: E402
import gpu  # noqa: E402
import parts  # noqa: E402
import speed  # noqa: E402


def said(script, *words):
    """What the command prints."""
    command = [sys.executable, str(BENCHMARKS / script), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("loop", ["course", "hand", "fit"])
def test_each_loop_trains_the_same_network(loop):
    words = (loop, "--samples", "1280", "--epochs", "3", "--threads", "1")
    result = json.loads(said("loops.py", *words).splitlines()[-1])
    assert len(result["seconds"]) == 3
    assert min(result["seconds"]) > 0
    assert result["accuracy"] > 0.3  # of ten classes, after sixty steps


def test_a_ratio_of_the_table_is_one_of_medians(capsys):
    results = [
        {"seconds": [9.0, s], "accuracy": 0.8, "mib": 10.0} for s in (1.0, 4.0, 2.0)
    ]
    row = speed.summary(results, -1)
    assert (row["seconds"], row["all"]) == (2.0, [1.0, 4.0, 2.0])
    slow = row | {"seconds": 20.0}
    hand = row | {"seconds": 1.0}
    speed.show("title", {"course": slow, "hand": hand, "fit": row})
    line = capsys.readouterr().out.splitlines()[-1]
    assert "10.00×" in line  # as fast as the course's
    assert "2.00×" in line  # the time of the loop by hand


def test_checkpoints_are_timed_beside_torch(monkeypatch, tmp_path):
    monkeypatch.setattr(torch, "randn", lambda n: torch.zeros(n // 1000))
    table = speed.checkpoints(1)
    assert set(table) == {1, 50, 400}
    assert {*table[1]} == {
        "save",
        "torch.save",
        "torch.save + fsync",
        "load",
        "torch.load",
    }


def test_the_parts_of_a_step_are_all_there():
    rows = parts.measured(samples=4096, repeats=1)
    assert len(rows) == 4
    assert all({*row} == {*parts.PARTS} for row in rows.values())
    assert all(time > 0 for row in rows.values() for time in row.values())


def test_two_processes_are_held_against_one():
    words = ("--nproc", "2", "--repeats", "1", "--cases", "MLP, batch 64")
    lines = said("processes.py", *words, "--samples", "640").splitlines()
    one, two = (line.split() for line in lines[-2:])
    assert [one[-5], two[-5]] == ["1", "2"]
    assert float(two[-1]) < 1e-6  # the losses


def test_a_gpu_s_command_runs_without_one(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "SIZES", [1, 4])
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--device", "cpu"])
    gpu.main()
    text = capsys.readouterr().out
    assert text.count("without waiting") == len(gpu.MODELS)
    assert "Nothing is recorded" in text


@pytest.mark.parametrize("name", fashion.RECIPES)
def test_a_recipe_trains(name):
    data = images.load("glyphs")
    few = replace(data, X_train=data.X_train[:1024], y_train=data.y_train[:1024])
    recipe = replace(fashion.RECIPES[name], epochs=3)
    scores, losses = fashion.run(recipe, 0, few, 0, torch.device("cpu"))
    assert losses[-1] < losses[0]
    assert scores["accuracy"] > 0.2
    assert ("accuracy_with_mirror_image" in scores) == (name != "mlp")


def test_the_same_images_are_held_out_whatever_the_seed():
    data = images.load("glyphs")
    torch.manual_seed(1)
    (X, _), (X_out, y_out) = fashion.split(data, 100)
    torch.manual_seed(2)
    again = fashion.split(data, 100)[1]
    assert (len(X), len(X_out)) == (len(data.X_train) - 100, 100)
    assert torch.equal(again[0], X_out)
    assert torch.equal(again[1], y_out)
    together = torch.cat([X, X_out]).flatten(1).sum(1).sort().values
    assert torch.equal(together, data.X_train.flatten(1).sum(1).sort().values)
    whole, test = fashion.split(data, 0)
    assert whole[0] is data.X_train
    assert test[0] is data.X_test


def test_the_rate_is_a_triangle():
    rates = [fashion.triangle(step, 10, 0.2) for step in range(11)]
    assert rates == pytest.approx([0.5, 1, 1, *[k / 8 for k in range(7, -1, -1)]])


def test_the_mirrored_model_is_the_same_for_a_picture_and_its_mirror_image():
    model = fashion.Mirrored(nn.Sequential(nn.Flatten(), nn.Linear(12, 3)))
    X = torch.randn(2, 1, 3, 4)
    assert torch.allclose(model(X), model(X.flip(-1)), atol=1e-6)
