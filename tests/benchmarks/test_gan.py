"""benchmarks/gan.py: what is measured, what a page can read of it, and that the command runs."""

import base64
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from torchbook.data import images

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import gan  # noqa: E402

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def few():
    data = images.load("glyphs")
    return replace(
        data,
        X_train=data.X_train[:640],
        y_train=data.y_train[:640],
        X_test=data.X_test[:200],
        y_test=data.y_test[:200],
    )


@pytest.fixture(scope="module")
def measure(few):
    model, _ = gan.judge(gan.unseen(few, 200), 16, CPU)
    return gan.measure_with(model, gan.scaled(few.X_test), CPU)


def test_the_judge_learns_and_measures_in_eval_mode(few):
    model, accuracy = gan.judge(few, 12, CPU)
    assert accuracy > 0.3  # of ten classes, after sixty steps
    assert not model.training


def test_the_judge_does_not_learn_from_the_pictures_that_it_is_asked_about(few):
    rest = gan.unseen(few, 200)
    assert torch.equal(rest.X_train, few.X_train[200:])
    assert torch.equal(rest.y_train, few.y_train[200:])
    assert torch.equal(rest.X_test, few.X_test)


def test_real_pictures_are_nearer_than_noise(few, measure):
    told = gan.beside(few, measure, 200)
    assert list(told) == ["real", "noise", "pixels apart"]
    assert told["real"]["distance"] < 0.5 * told["pixels apart"]["distance"]
    assert told["real"]["distance"] < 0.5 * told["noise"]["distance"]
    assert told["real"]["score"] > told["noise"]["score"]
    same = measure(gan.scaled(few.X_test))
    assert same["distance"] == pytest.approx(0, abs=1e-3)


def test_pixels_apart_have_the_brightness_of_each_place(few):
    seen = []

    def measure(X):
        seen.append(X)
        return {}

    gan.beside(few, measure, 300)
    real, _, apart = (X.flatten(1) for X in seen)
    assert not torch.equal(real, apart)
    torch.testing.assert_close(real.sort(dim=0).values, apart.sort(dim=0).values)


def test_a_game_is_measured_after_each_epoch_and_depends_on_its_seed(few, measure):
    small = replace(few, X_train=few.X_train[:256], y_train=few.y_train[:256])
    runs = [gan.play(small, measure, number, 2, 50, CPU) for number in (0, 0, 1)]
    game, rows, shown = runs[0]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert set(rows[0]) == {"epoch", "sure", "seen", "spread", "score", "distance"}
    assert list(shown) == [0, 1, 2]
    assert rows == runs[1][1] != runs[2][1]
    assert game.epoch == 2


def test_pictures_come_back_from_the_record():
    X = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    text = gan.as_png(X)
    assert "/" not in text  # which a record would take for a path
    row = Image.open(io.BytesIO(base64.urlsafe_b64decode(text)))
    assert row.size == (5 * 28, 28)
    back = (
        torch.tensor(np.asarray(row).tolist()).view(28, 5, 28).permute(1, 0, 2) / 127.5
        - 1
    )
    assert (back - X[:, 0]).abs().max() < 0.005


def test_the_command_runs():
    words = ["--epochs", "1", "--seeds", "1", "--samples", "256", "--count", "50"]
    words += ["--judge-epochs", "1", "--data", "glyphs", "--device", "cpu"]
    command = [sys.executable, str(BENCHMARKS / "gan.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Nothing is recorded" in done.stdout
    for name in ("real", "noise", "pixels apart", "made, seed 0"):
        assert f"\n{name} " in done.stdout
