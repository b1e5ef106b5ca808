"""Stacks of networks, held against one torch network after the other."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook.scratch import stack

SIZES = (3, 7, 5, 2)


def torchs(layers, number):
    """Network `number` of the stack, as torch modules."""
    linear = []
    for W, b in zip(layers[::2], layers[1::2], strict=True):
        layer = nn.Linear(W.shape[2], W.shape[1], dtype=W.dtype)
        with torch.no_grad():
            layer.weight.copy_(W[number])
            layer.bias.copy_(b[number, 0])
        linear += [layer, nn.Tanh()]
    return nn.Sequential(*linear[:-1])


@pytest.fixture
def layers():
    return [
        p.detach().double().requires_grad_() for p in stack.start_uniform(SIZES, S=4)
    ]


def test_scores_and_hidden_values_are_those_of_torch_networks(layers):
    X = torch.randn(6, 3, dtype=torch.float64)
    scores, values = stack.forward(X, layers), stack.hidden(X, layers)
    assert scores.shape == (4, 6, 2)
    assert [v.shape for v in values] == [(4, 6, 7), (4, 6, 5)]
    for number in range(4):
        model = torchs(layers, number)
        torch.testing.assert_close(scores[number], model(X))
        torch.testing.assert_close(values[0][number], model[:2](X))
        torch.testing.assert_close(values[1][number], model[:4](X))


def test_one_backward_gives_each_network_the_slopes_of_its_own_loss(layers):
    X, y = torch.randn(6, 3, dtype=torch.float64), torch.arange(6) % 2
    scores = stack.forward(X, layers)
    sum(F.cross_entropy(scores[number], y) for number in range(4)).backward()
    for number in range(4):
        model = torchs(layers, number)
        F.cross_entropy(model(X), y).backward()
        for ours, theirs in zip(layers, model.parameters(), strict=True):
            torch.testing.assert_close(ours.grad[number].view_as(theirs), theirs.grad)


def test_the_start_is_spread_as_that_of_nn_linear():
    W, b = stack.start_uniform((25, 400), S=20)
    torchs = nn.Linear(25, 400)
    bound = 25**-0.5
    assert (
        0.99 * bound < W.abs().max() <= bound and 0.99 * bound < b.abs().max() <= bound
    )
    assert W.std().item() == pytest.approx(torchs.weight.std().item(), rel=0.05)
    assert W.mean().abs() < 0.002
    assert not torch.equal(W[0], W[1])


def test_the_normal_start_has_the_spread_that_was_asked_for():
    W, b = stack.start_normal((64, 300), S=10, gain=2.0)
    assert W.std().item() == pytest.approx(2 / 8, rel=0.02)
    assert not b.any() and b.shape == (10, 1, 300)


@pytest.mark.parametrize("how", [stack.start_uniform, stack.start_normal])
def test_a_seed_gives_the_same_start_and_leaves_other_chance_alone(how):
    state = torch.get_rng_state()
    first, again, other = how(SIZES, 2, seed=1), how(SIZES, 2, seed=1), how(SIZES, 2, 2)
    assert torch.equal(state, torch.get_rng_state())
    assert all(map(torch.equal, first, again))
    assert not torch.equal(first[0], other[0])
    assert all(p.is_leaf and p.requires_grad for p in first)


@pytest.mark.parametrize("how", [stack.start_uniform, stack.start_normal])
@pytest.mark.parametrize("sizes, S", [((3,), 1), ((), 1), ((3, 0, 2), 1), ((3, 2), 0)])
def test_sizes_that_make_no_network_are_refused(how, sizes, S):
    with pytest.raises(ValueError, match="such as"):
        how(sizes, S)
