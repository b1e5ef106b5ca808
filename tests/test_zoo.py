"""torchbook.zoo: weights that are there, that are not, and that are broken; never the network."""

import hashlib
from types import SimpleNamespace

import pytest
import torch
import torchvision

from torchbook import weights, zoo
from torchbook.data import glyphs
from torchbook.data.fetch import MissingError
from torchbook.data.folder import DataError
from torchbook.models.backbone import CLASSES, Backbone

NAME = (
    "squeezenet1_1"  # the smallest of torchvision: its weights are written in a moment
)


@pytest.fixture(autouse=True)
def hub(tmp_path, monkeypatch):
    """An empty folder of torch's, and no network."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    monkeypatch.setenv("TORCHBOOK_OFFLINE", "1")
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Weights of the backbone, random ones, where the package looks for them."""
    torch.manual_seed(1)
    model = Backbone()
    monkeypatch.setattr(zoo, "FILE", tmp_path / "backbone.safetensors")
    weights.write(zoo.FILE, model)
    return model


def published(hub, monkeypatch):
    """Weights of NAME in torch's folder, under a name that ends in their checksum."""
    torch.manual_seed(2)
    model = torchvision.models.get_model(NAME, weights=None)
    torch.save(model.state_dict(), hub / "new.pth")
    digest = hashlib.sha256((hub / "new.pth").read_bytes()).hexdigest()[:8]
    file = (hub / "new.pth").rename(hub / f"small-{digest}.pth")
    entry = torchvision.models.get_model_weights(NAME).DEFAULT
    url = f"https://weights.example/{file.name}"
    monkeypatch.setattr(entry, "_value_", SimpleNamespace(
        url=url, meta=entry.meta, transforms=entry.transforms))  # fmt: skip
    return model, file


def test_the_backbone_has_its_weights_and_what_it_wants_of_pictures(own):
    net = zoo.load("backbone")
    X = torch.rand(2, 3, net.size, net.size)
    assert torch.equal(net.model(X), own.eval()(X))
    assert not net.model.training
    assert net.classes == CLASSES
    assert len(net.mean) == len(net.std) == 3
    assert not net.is_stand_in
    assert net.note == (
        "Network: the book's backbone (trained on CIFAR-10 without cats and dogs, 8 classes)."
    )
    assert repr(net) == "<the book's backbone: 8 classes, 32 × 32>"


def test_weights_of_16_bits_make_a_network_of_32(own):
    weights.write(zoo.FILE, Backbone().half())
    assert {p.dtype for p in zoo.backbone().parameters()} == {torch.float32}


def test_without_weights_it_starts_at_random(own):
    first = next(zoo.backbone(pretrained=False).parameters())
    assert not torch.equal(first, next(zoo.backbone().parameters()))
    assert torch.equal(next(zoo.backbone().parameters()), next(own.parameters()))


def test_missing_weights_are_named_with_the_command_that_makes_them(own):
    zoo.FILE.unlink()
    with pytest.raises(
        DataError, match=r"(?s)safetensors is not there.*benchmarks/back"
    ):
        zoo.load("backbone")
    zoo.backbone(pretrained=False)


def test_broken_weights_are_named(own):
    zoo.FILE.write_bytes(zoo.FILE.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"is no whole safetensors file"):
        zoo.backbone()


def test_weights_of_another_network_are_refused(own):
    weights.write(zoo.FILE, Backbone(classes=3))
    with pytest.raises(DataError, match=r"size mismatch for fc.weight"):
        zoo.backbone()


def test_a_published_network_that_is_not_there_is_an_error_with_ways_out():
    with pytest.raises(MissingError) as told:
        zoo.load("resnet18")
    for words in ("ResNet18", "TORCHBOOK_OFFLINE is set", "TORCH_HOME", ".pth"):
        assert words in str(told.value)


def test_downloading_can_be_switched_off(monkeypatch):
    monkeypatch.delenv("TORCHBOOK_OFFLINE")
    with pytest.raises(MissingError, match="downloading is switched off"):
        zoo.load("densenet121", download=False)


def test_a_stand_in_says_what_it_stands_for(own):
    net = zoo.load("densenet121", stand_in="backbone")
    assert (net.name, net.wanted, net.is_stand_in) == ("backbone", "DenseNet121", True)
    assert "in place of DenseNet121" in net.note
    assert "because TORCHBOOK_OFFLINE is set; to run this with DenseNet121" in net.note


def test_a_published_network_is_loaded_as_torchvision_loads_it(hub, monkeypatch):
    model, _ = published(hub, monkeypatch)
    net = zoo.load(NAME, stand_in="backbone")
    X = torch.rand(1, 3, 64, 64)
    assert torch.equal(net.model(X), model.eval()(X))
    assert not net.model.training
    assert (net.size, len(net.classes), net.is_stand_in) == (224, 1000, False)
    assert net.mean == pytest.approx((0.485, 0.456, 0.406))
    assert "ImageNet, 1,000 classes" in net.note


def test_a_broken_file_is_named_and_no_stand_in_hides_it(hub, monkeypatch, own):
    _, file = published(hub, monkeypatch)
    content = bytearray(file.read_bytes())
    content[5000] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"is broken: its SHA-256 begins with") as told:
        zoo.load(NAME, stand_in="backbone")
    assert not isinstance(told.value, MissingError)
    assert file.name in str(told.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("resnet81", "Did you mean 'resnet18'"),
        ("bakbone", "'backbone'"),
        ("", "There are"),
    ],
)
def test_an_unknown_name_is_refused_with_what_there_is(name, words):
    with pytest.raises(zoo.UnknownNetworkError, match=words):
        zoo.load(name)


@pytest.mark.parametrize(
    ("file", "right"), [(zoo.FILE, 0.9), (zoo.LETTERS, 0.75)], ids=zoo.OWN
)
def test_the_weights_of_the_package_are_small_and_say_where_they_are_from(file, right):
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        notes = opened.metadata()
    assert {"command", "data", "seed", "test_accuracy"} <= notes.keys()
    assert float(notes["test_accuracy"]) > right
    assert file.stat().st_size < 2 * 2**20


def test_the_backbone_takes_color_pictures():
    net = zoo.load("backbone")
    assert net.model(torch.zeros(1, 3, net.size, net.size)).isfinite().all()


def test_the_reader_of_letters_reads_letters():
    """Drawn anew, so none of them was in its training."""
    net = zoo.load("letters")
    drawn, y = glyphs.draw(520, "".join(net.classes), seed=99)
    with torch.inference_mode():
        said = net.model((glyphs.fitted(drawn) - net.mean[0]) / net.std[0]).argmax(1)
    assert (said == y).double().mean() > 0.7


def test_missing_letters_are_named_with_the_command_that_makes_them(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(zoo, "LETTERS", tmp_path / "letters.safetensors")
    with pytest.raises(DataError, match=r"(?s)is not there.*benchmarks/letters.py"):
        zoo.load("letters")
