"""What the tests of the command share: calling it, and one run on the digits to look at."""

import re
import shutil
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from PIL import Image

from torchbook import device
from torchbook.cli import main
from torchbook.data import images

SMALL = ["--data", "digits", "--model", "mlp", "--batch-size", "64", "--quiet"]
SMALL += ["--device", "cpu"]


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """No GPU, no network, no data but what the package holds, an empty folder to be in."""
    monkeypatch.setattr(device, "available", lambda: ["cpu"])
    monkeypatch.setenv("TORCHBOOK_OFFLINE", "1")
    monkeypatch.setenv("TORCHBOOK_DATA", str(tmp_path / "no data"))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)


def invoke(*words):
    """The result of the command; an error that is not said in a sentence is raised."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.output
    return result


def call(*words):
    """What the command prints; it must succeed."""
    result = invoke(*words)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*words):
    """The sentence that the command ends with; it must fail."""
    result = invoke(*words)
    assert result.exit_code not in (0, 130), result.output
    before, sentence = re.split(r"^Error: ", result.output, flags=re.MULTILINE)
    assert "Error" not in before
    return sentence.strip()


def train(out, *more, epochs=20):
    """Train the small network; what was printed."""
    return call("train", *SMALL, "--epochs", epochs, "--out", out, *more)


@pytest.fixture(scope="session")
def command():
    """The functions above, for tests that cannot import them."""
    return SimpleNamespace(
        invoke=invoke, call=call, refused=refused, train=train, small=SMALL
    )


@pytest.fixture(scope="session")
def digits():
    """The digits as the package loads them."""
    return images.load("digits")


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A run of 20 epochs; its folder (not to be written to) and what was printed."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    return SimpleNamespace(folder=folder, said=train(folder))


@pytest.fixture
def run(trained, tmp_path):
    """A copy of that run, to be spoilt."""
    return shutil.copytree(trained.folder, tmp_path / "run")


@pytest.fixture
def picture(digits, tmp_path):
    """A function that writes test image number n, in a mode of Pillow, as a file."""

    def write(n, name=None, mode="L"):
        path = tmp_path / (name or f"{n}.png")
        Image.fromarray(digits.X_test[n, 0].numpy()).convert(mode).save(path)
        return path

    return write
