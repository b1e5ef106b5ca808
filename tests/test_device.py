"""torchbook.device: what is at hand, in order, and errors that say so."""

import pytest
import torch

from torchbook import device


@pytest.fixture
def machine(monkeypatch):
    """A function: pretend to have so many CUDA devices, and MPS or not."""

    def pretend(*, cuda=0, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("cuda", "mps", "names"),
    [
        (0, False, ["cpu"]),
        (0, True, ["mps", "cpu"]),
        (1, False, ["cuda", "cpu"]),
        (2, True, ["cuda", "mps", "cpu"]),
    ],
)
def test_the_fastest_comes_first(machine, cuda, mps, names):
    machine(cuda=cuda, mps=mps)
    assert device.available() == names
    assert device.pick() == torch.device(names[0])
    assert [device.pick(name).type for name in names] == names


def test_the_cpu_is_always_there():
    assert device.pick("cpu") == torch.device("cpu")
    assert device.available()[-1] == "cpu"
    assert torch.zeros(1, device=device.pick()).device.type in device.available()


@pytest.mark.parametrize("name", ["gpu", "", "cuda:first", "CPU0"])
def test_an_unknown_name_is_an_error_that_lists_what_is_there(machine, name):
    machine()
    with pytest.raises(ValueError, match=f"'{name}'.*at hand: cpu"):
        device.pick(name)


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps", "meta"])
def test_a_device_that_is_absent_is_an_error_that_lists_what_is_there(machine, name):
    machine()
    with pytest.raises(ValueError, match=f"'{name}' is not at hand.*at hand: cpu$"):
        device.pick(name)


def test_a_number_past_the_last_device_is_an_error(machine):
    machine(cuda=2, mps=True)
    assert device.pick("cuda:1") == torch.device("cuda", 1)
    for name in ("cuda:2", "mps:1", "cpu:1"):
        with pytest.raises(ValueError, match=r"at hand: cuda, mps, cpu$"):
            device.pick(name)
