"""benchmarks/cifar.py: what it trains on, what it leaves out, and that it trains at all."""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from torchbook import recorded
from torchbook.data import images
from torchbook.models.cnn import CNN

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import cifar  # noqa: E402

CPU = torch.device("cpu")
TINY = replace(
    cifar.SMALL,
    model=partial(CNN, in_channels=3, widths=(8, 16), blocks=(0, 1)),
    epochs=3,
)


@pytest.fixture(scope="module")
def data():
    """Noise in ten colors, named by letters, as large as the photographs are."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(2036) % 10
    paint = torch.randint(60, 196, (10, 3, 1, 1), generator=generator)
    noise = torch.randint(-60, 60, (2036, 3, 32, 32), generator=generator)
    X = (paint[y] + noise).to(torch.uint8)
    X, X_test, y, y_test = X[:1536], X[1536:], y[:1536], y[1536:]
    names = tuple("ABCDEFGHIJ")
    return images.ImageSet(
        "colors", "Colors", "made up", X, y, X_test, y_test, names, "Colors"
    )


def test_the_recipe_trains_and_says_how_well(data):
    model, scores, losses = cifar.run(TINY, 0, data, 0, CPU)
    assert losses[-1] < losses[0]
    assert scores["accuracy"] > 0.3  # of ten classes, after 36 steps
    assert scores["parameters"] == sum(p.numel() for p in model.parameters())
    assert scores.keys() >= {"seconds", "loss", "accuracy_with_mirror_image"}


@pytest.mark.parametrize("name", cifar.RECIPES)
def test_a_network_fits_the_photographs(name):
    model = cifar.RECIPES[name].model(classes=8)
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 8)


def test_a_run_depends_on_its_seed_alone(data):
    quick = replace(TINY, epochs=1)
    few = data.X_train[:256], data.y_train[:256]
    losses = []
    for number in (0, 0, 1):
        torch.rand(3)
        losses.append(cifar.trained(quick, number, *few, CPU)[1])
    assert losses[0] == losses[1] != losses[2]


def test_classes_are_left_out_of_both_parts(data):
    less = cifar.without(data, ["B", "E"])
    assert less.classes == tuple("ACDFGHIJ")
    for part in ("train", "test"):
        X, y = getattr(data, f"X_{part}"), getattr(data, f"y_{part}")
        rest, number = getattr(less, f"X_{part}"), getattr(less, f"y_{part}")
        stay = [n for n, k in enumerate(y.tolist()) if data.classes[k] not in "BE"]
        assert torch.equal(rest, X[stay])
        names = [data.classes[k] for k in y[stay].tolist()]
        assert [less.classes[k] for k in number.tolist()] == names
    _, scores, _ = cifar.run(replace(TINY, epochs=1), 0, less, 100, CPU)
    assert 0 <= scores["accuracy"] <= 1


@pytest.mark.parametrize("names", [["K"], list("ABCDEFGHI")])
def test_classes_that_cannot_be_left_out_are_named(data, names):
    with pytest.raises(ValueError, match=f"without {', '.join(names)}: wanted classes"):
        cifar.without(data, names)


def test_statistics_are_those_of_each_channel(data):
    got = cifar.statistics(data.X_train)
    pixels = data.X_train.double() / 255
    torch.testing.assert_close(got["mean"].double(), pixels.mean((0, 2, 3)))
    torch.testing.assert_close(got["std"].double(), pixels.std((0, 2, 3)))


def test_a_precision_is_chosen_by_the_device_unless_asked_for():
    assert cifar.settled("", torch.device("cuda")) == "mixed"
    assert cifar.settled("", CPU) in ("bfloat16", "float32")
    assert cifar.settled("float32", torch.device("cuda")) == "float32"


@pytest.fixture
def command(monkeypatch, tmp_path, data):
    """The command, on letters, with a small network, in this process; the folder of records."""
    monkeypatch.setattr(images, "load", lambda name, progress: data)
    monkeypatch.setitem(cifar.RECIPES, "small", TINY)
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)
    folder = tmp_path / "book" / "recorded"
    folder.mkdir(parents=True)
    monkeypatch.setattr(recorded, "write", partial(recorded.write, folder=folder))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["cifar.py", "small", *words])
        cifar.main()
        return folder

    return run


def test_the_command_records_what_it_did(command, capsys):
    folder = command("--seeds", "3", "--device", "cpu")
    record = recorded.read("cifar-small", folder=folder)
    assert record.seeds == [3]
    assert record.command == ("python benchmarks/cifar.py small --seeds 3 --device cpu")
    assert record.results["each_seed"]["accuracy"] == [
        record.results["mean"]["accuracy"]
    ]
    assert len(record.curves["train_loss_seed_3"]) == TINY.epochs
    assert "Recorded as book/recorded/cifar-small.json" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--epochs", "1"],
        ["--samples", "256"],
        ["--holdout", "1024"],
        ["--without", "A", "B"],
    ],
)
def test_other_settings_than_the_recipe_s_are_not_recorded(
    command, capsys, monkeypatch, words
):
    monkeypatch.setitem(cifar.RECIPES, "small", replace(TINY, epochs=1))
    folder = command("--device", "cpu", *words)
    assert "Nothing is recorded" in capsys.readouterr().out
    assert not list(folder.iterdir())


def test_fewer_samples_than_two_batches_are_refused(command, capsys):
    with pytest.raises(SystemExit):
        command("--samples", "255")
    assert "wanted 256 or more" in capsys.readouterr().err
