"""torchbook.engine.optimizers: the fused step, where it may be chosen."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn, optim

from torchbook import train
from torchbook.data.loader import Batches
from torchbook.engine.optimizers import fuse, settle

CPU = torch.device("cpu")


def model(dtype=torch.float32):
    torch.manual_seed(0)
    return nn.Linear(4, 3, dtype=dtype)


def fused(optimizer):
    return [group.get("fused") for group in optimizer.param_groups]


def fit(net, optimizer):
    g = torch.Generator().manual_seed(0)
    X, y = torch.randn(20, 4, generator=g), torch.randint(3, (20,), generator=g)
    batches = Batches(X, y, 8)
    return train.fit(
        net,
        batches,
        F.cross_entropy,
        optimizer,
        epochs=3,
        device="cpu",
        progress=False,
    )


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW, optim.Adagrad])
def test_the_fused_step_is_chosen_and_gives_the_same(kind):
    one, two = model(), model()
    free, told = (
        kind(one.parameters(), lr=0.05),
        kind(two.parameters(), lr=0.05, fused=False),
    )
    fit(one, free)
    fit(two, told)
    assert fused(free) == [True]
    assert fused(told) == [False]
    torch.testing.assert_close(one.weight, two.weight)
    torch.testing.assert_close(one.bias, two.bias)


@pytest.mark.parametrize("switch", [{"foreach": True}, {"foreach": False}])
def test_who_chose_another_step_keeps_it(switch):
    optimizer = optim.AdamW(model().parameters(), lr=0.05, **switch)
    before = copy.deepcopy(optimizer.state_dict())
    fuse(optimizer, CPU)
    assert optimizer.state_dict() == before


def test_optimizers_and_devices_without_a_fused_step_are_left_alone():
    class Own(optim.SGD):
        """Of a class that torch does not know, whose step may be anything."""

    for optimizer in (optim.RMSprop(model().parameters()), Own(model().parameters())):
        before = copy.deepcopy(optimizer.state_dict())
        fuse(optimizer, CPU)
        assert optimizer.state_dict() == before
    optimizer = optim.SGD(model().parameters())
    fuse(optimizer, torch.device("meta"))
    assert fused(optimizer) == [None]
    optimizer = optim.Adam(model().parameters(), differentiable=True)
    fuse(optimizer, CPU)
    assert fused(optimizer) == [None]


def test_complex_weights_are_not_fused():
    net = nn.Linear(2, 2, dtype=torch.complex64)
    optimizer = optim.Adam(net.parameters())
    fuse(optimizer, CPU)
    assert not any(fused(optimizer))


def test_each_group_decides_for_itself():
    net = model()
    groups = [{"params": [net.weight], "fused": False}, {"params": [net.bias]}]
    optimizer = optim.SGD(groups, lr=0.1)
    fuse(optimizer, CPU)
    assert fused(optimizer) == [False, True]
    fit(net, optimizer)


def test_an_optimizer_that_has_stepped_goes_on_with_its_moments():
    one, two = model(), model()
    plain = optim.AdamW(one.parameters(), lr=0.05, fused=True)
    once = optim.AdamW(two.parameters(), lr=0.05)
    for net, optimizer in ((one, plain), (two, once)):
        net(torch.ones(2, 4)).sum().backward()
        optimizer.step()
    settle(two, once, CPU)
    assert fused(once) == [True]
    fit(one, plain)
    fit(two, once)
    torch.testing.assert_close(one.weight, two.weight)
    steps = [state["step"].item() for state in once.state.values()]
    assert steps == [10, 10]  # the one before, and nine of fit
