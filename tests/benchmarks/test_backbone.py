"""benchmarks/backbone.py: what it keeps is what it measured, and the command runs."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from torchbook import weights, zoo
from torchbook.data import images
from torchbook.data.folder import DataError
from torchbook.models.backbone import CLASSES, Backbone

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import backbone  # noqa: E402


@pytest.fixture(scope="module")
def data():
    try:
        return backbone.load()
    except DataError:
        pytest.skip("CIFAR-10 is not in the data folder")


def test_what_is_read_is_what_was_measured(tmp_path, monkeypatch):
    """Rounded to 16 bits before it is measured, and unchanged by the file."""
    torch.manual_seed(0)
    trained = Backbone()
    trained.train()(
        torch.randn(8, 3, 32, 32)
    )  # statistics that no rounding leaves as they are
    model = backbone.rounded(trained)
    first = trained.stem[0].weight
    assert not torch.equal(model.stem[0].weight, first)
    torch.testing.assert_close(model.stem[0].weight, first, rtol=1e-3, atol=1e-6)
    X = torch.randn(4, 3, 32, 32)
    want = model(X)
    path = backbone.keep(model, tmp_path / "new" / "backbone.safetensors", seed="0")
    assert path.stat().st_size < 2 * Backbone().fc.weight.nbytes * 60
    assert weights.read(path)["fc.weight"].dtype == torch.float16
    monkeypatch.setattr(zoo, "FILE", path)
    assert torch.equal(zoo.backbone()(X), want)


def test_other_pictures_than_its_constants_say_are_refused(monkeypatch):
    X = torch.zeros(20, 3, 32, 32, dtype=torch.uint8)
    y = torch.arange(20) % 10
    classes = tuple(sorted({*CLASSES, "cat", "dog"}))
    black = images.ImageSet("c", "C", "here", X, y, X, y, classes, "C")
    monkeypatch.setattr(images, "load", lambda *a, **k: black)
    with pytest.raises(ValueError, match=r"mean is \[0.0, 0.0, 0.0\], wanted \(0.49"):
        backbone.load()


def test_it_never_sees_a_cat_or_a_dog(data):
    assert data.classes == CLASSES
    assert (len(data.X_train), len(data.X_test)) == (40_000, 8_000)
    assert data.y_train.bincount().tolist() == [5_000] * 8


def test_a_trained_network_is_better_than_chance(data):
    few = replace(data, X_test=data.X_test[:400], y_test=data.y_test[:400])
    recipe = replace(backbone.RECIPE, epochs=1, precision="float32")
    X, y = data.X_train[:1280], data.y_train[:1280]
    model, losses, _ = backbone.cifar.trained(
        recipe, 0, X, y, torch.device("cpu"), len(CLASSES)
    )
    assert len(losses) == 1
    assert backbone.accuracy(backbone.rounded(model), few) > 0.2


def test_the_command_runs(data, tmp_path):
    out = tmp_path / "trial.safetensors"
    words = ["--samples", "256", "--epochs", "1", "--out", str(out)]
    command = [sys.executable, str(BENCHMARKS / "backbone.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "test accuracy 0." in done.stdout
    assert "Nothing is recorded" in done.stdout
    Backbone().load_state_dict(weights.read(out))
