import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from torchbook import weights
from torchbook.checkpoint import CheckpointError


def network(classes=3, norm=True):
    body = (
        [nn.Linear(4, 6), nn.BatchNorm1d(6)]
        if norm
        else [nn.Linear(4, 6), nn.Identity()]
    )
    return nn.Sequential(*body, nn.Linear(6, classes))


def test_a_warm_start_takes_what_fits_and_reports_the_rest():
    torch.manual_seed(0)
    source, target = network(classes=3), network(classes=5, norm=False)
    target.add_module("extra", nn.Linear(5, 5))
    head = target[2].weight.clone()
    report = weights.warm_start(target, source.state_dict())
    assert report.matched == ["0.weight", "0.bias"]
    assert report.missing == ["extra.weight", "extra.bias"]
    assert "1.running_mean" in report.unexpected and len(report.unexpected) == 5
    assert report.different[0] == "2.weight ((3, 6) for (5, 6))"
    assert torch.equal(target[0].weight, source[0].weight)
    assert torch.equal(target[2].weight, head)
    assert "2 tensors taken over" in repr(report) and "2 different" in repr(report)


def test_strict_false_does_not_forgive_shapes():
    """The reason for a warm start of our own: noticed here if torch ever changes."""
    with pytest.raises(RuntimeError, match="size mismatch"):
        network(classes=5).load_state_dict(
            network(classes=3).state_dict(), strict=False
        )


def test_weights_of_something_else_are_refused():
    with pytest.raises(ValueError, match="no tensor of these weights fits"):
        weights.warm_start(network(), {"conv.weight": torch.ones(3)})


def test_safetensors_there_and_back(tmp_path):
    source = network()
    path = weights.write(tmp_path / "w.safetensors", source, trained_on="digits")
    back = weights.read(path)
    assert back.keys() == source.state_dict().keys()
    assert all(torch.equal(back[name], t) for name, t in source.state_dict().items())
    assert load_file(path).keys() == back.keys()
    target = network()
    assert not weights.warm_start(target, back).missing
    assert torch.equal(target(torch.ones(2, 4)), source(torch.ones(2, 4)))


def test_shared_and_sliced_tensors_can_be_written(tmp_path):
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    model[1].weight = model[0].weight
    model.register_buffer("part", torch.arange(12.0).reshape(3, 4).T)
    back = weights.read(weights.write(tmp_path / "w.safetensors", model))
    assert torch.equal(back["0.weight"], back["1.weight"])
    assert torch.equal(back["part"], model.part)


def test_files_that_cannot_be_read_or_written(tmp_path):
    (tmp_path / "file").write_text("no weights")
    with pytest.raises(CheckpointError, match="no whole safetensors file"):
        weights.read(tmp_path / "file")
    with pytest.raises(CheckpointError, match="no whole safetensors file"):
        weights.read(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="could not be written"):
        weights.write(tmp_path / "file" / "w.safetensors", network())
