"""benchmarks/letters.py: what it keeps is what it measured, and the command runs."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from torchbook import weights
from torchbook.data.loader import Batches
from torchbook.models.letters import CLASSES, MEAN, STD
from torchbook.train import evaluate

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import letters  # noqa: E402


@pytest.fixture(scope="module")
def drawn():
    return letters.drawn(2_600, 0)


def test_its_constants_are_those_of_what_it_draws(drawn):
    X, y = drawn
    assert X.shape == (2_600, 1, 8, 8)
    assert y.bincount().tolist() == [50] * len(CLASSES)
    assert X.mean().item() == pytest.approx(MEAN[0], abs=0.005)
    assert X.std().item() == pytest.approx(STD[0], abs=0.005)


def test_letters_in_pieces_are_the_letters(monkeypatch):
    whole, _ = letters.drawn(60, 3)
    monkeypatch.setattr(letters, "PIECE", 25)
    assert torch.equal(letters.drawn(60, 3)[0], whole)


def test_the_new_letters_are_others():
    first, second = (letters.drawn(100, number)[0].flatten(1) for number in (0, 1))
    assert torch.cdist(first, second).min() > 0.1


def test_a_trained_network_is_better_than_chance_and_is_kept_as_it_is(drawn, tmp_path):
    model, losses = letters.trained(*drawn, 0, epochs=3)
    assert losses[-1] < losses[0]
    model = letters.rounded(model)
    new = Batches(*letters.drawn(520, 1), 520, **letters.SCALE)
    score = evaluate(model, new, torch.nn.CrossEntropyLoss())
    assert score["accuracy"] > 5 / len(CLASSES)
    path = weights.write(tmp_path / "letters.safetensors", model.half())
    again = letters.reader()
    again.load_state_dict(weights.read(path))
    assert evaluate(again, new, torch.nn.CrossEntropyLoss()) == score


def test_the_command_runs(tmp_path):
    out = tmp_path / "trial.safetensors"
    words = ["--letters", "520", "--epochs", "1", "--out", str(out)]
    command = [sys.executable, str(BENCHMARKS / "letters.py"), *words]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "of new letters after" in told
    assert "Nothing is recorded" in told
    assert weights.read(out)["head.weight"].shape == (len(CLASSES), 64)
