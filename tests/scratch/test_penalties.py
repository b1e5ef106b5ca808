"""torchbook.scratch.penalties: values, slopes and steps against torch's."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook.scratch import penalties

BELOW = {"atol": 1e-12, "rtol": 0}
PENALTIES = [penalties.l1, penalties.l2]


def randn(*shape, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=g, dtype=torch.float64)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()


def loss_of(model):
    X, y = randn(30, 4, seed=1), randn(30, 1, seed=2)
    return ((model(X) - y) ** 2).mean()


@pytest.mark.parametrize(("ours", "order"), [(penalties.l1, 1), (penalties.l2, 2)])
def test_values_and_slopes_are_those_of_the_norms(ours, order):
    w = [randn(3, 4).requires_grad_(), randn(5, seed=1).requires_grad_()]
    everything = torch.cat([entry.flatten() for entry in w])
    theirs = torch.linalg.vector_norm(everything, order) ** order
    torch.testing.assert_close(ours(w), theirs, **BELOW)
    for a, b in zip(
        torch.autograd.grad(ours(w), w), torch.autograd.grad(theirs, w), strict=True
    ):
        torch.testing.assert_close(a, b, **BELOW)


def test_values_by_hand():
    w = [torch.tensor([[3.0, -4.0]]), torch.tensor(0.5)]
    assert penalties.l1(w).item() == 7.5
    assert penalties.l2(w).item() == 25.25
    assert penalties.l2(w).shape == ()


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_model_of_parameters_and_a_lone_tensor_are_both_taken(penalty):
    model = network()
    want = sum(penalty([p]) for p in model.parameters())
    torch.testing.assert_close(penalty(model.parameters()), want)
    lone = torch.tensor(-2.0)
    assert penalty(lone) == penalty([lone]) == (2 if penalty is penalties.l1 else 4)


def test_the_slope_at_zero_is_zero_as_torchs():
    w = torch.zeros(3, requires_grad=True)
    for penalty in PENALTIES:
        assert torch.equal(torch.autograd.grad(penalty([w]), w)[0], torch.zeros(3))


@pytest.mark.parametrize("momentum", [0, 0.9])
@pytest.mark.parametrize("steps", [1, 100])
def test_half_of_l2_is_the_weight_decay_of_sgd(steps, momentum):
    ours, theirs = network(), network()
    by_loss = torch.optim.SGD(ours.parameters(), lr=0.05, momentum=momentum)
    by_option = torch.optim.SGD(
        theirs.parameters(), lr=0.05, momentum=momentum, weight_decay=0.3
    )
    for _ in range(steps):
        by_loss.zero_grad(), by_option.zero_grad()
        (loss_of(ours) + 0.3 / 2 * penalties.l2(ours.parameters())).backward()
        loss_of(theirs).backward()
        by_loss.step(), by_option.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, **BELOW)


@pytest.mark.parametrize("steps", [1, 60])
def test_decay_is_what_sets_adamw_apart_from_adam(steps):
    ours, theirs = network(), network()
    adam = torch.optim.Adam(ours.parameters(), lr=0.01)
    adamw = torch.optim.AdamW(theirs.parameters(), lr=0.01, weight_decay=0.4)
    for _ in range(steps):
        adam.zero_grad(), adamw.zero_grad()
        loss_of(ours).backward(), loss_of(theirs).backward()
        penalties.decay_(ours.parameters(), 0.01, 0.4)
        adam.step(), adamw.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, **BELOW)


def test_decay_shrinks_by_a_power_of_the_share():
    w = nn.Parameter(randn(6))
    start = w.detach().clone()
    for _ in range(10):
        assert penalties.decay_([w], lr=0.5, strength=0.2) is None
    torch.testing.assert_close(w.detach(), 0.9**10 * start, **BELOW)
    assert w.requires_grad
    assert w.is_leaf
    penalties.decay_([w], lr=1, strength=1)
    assert torch.equal(w.detach(), torch.zeros_like(start))


@pytest.mark.parametrize(
    ("lr", "strength"),
    [(-0.1, 0.1), (0.1, -0.1), (-1, -0.5), (2, 0.6), (math.nan, 1), (0, math.nan)],
)
def test_decay_refuses_what_would_grow_or_turn_round_the_weights(lr, strength):
    w = randn(3)
    before = w.clone()
    with pytest.raises(ValueError, match="their product at most 1"):
        penalties.decay_([w], lr, strength)
    assert torch.equal(w, before)


@pytest.mark.parametrize("by", [0.0, 0.3, 1.0, 10.0])
def test_soft_threshold_is_torchs_softshrink(by):
    edges = [0.0, -0.0, by, -by, math.inf, -math.inf]
    w = torch.cat([randn(100), torch.tensor(edges, dtype=torch.float64)])
    found = []
    for function in (penalties.soft_threshold, F.softshrink):
        w = w.detach().requires_grad_()
        out = function(w, by)
        found.append((out.detach(), torch.autograd.grad(out.sum(), w)[0]))
    torch.testing.assert_close(found[0][0], found[1][0], **BELOW)
    torch.testing.assert_close(found[0][1], found[1][1], **BELOW)


def test_soft_threshold_is_the_lowest_point_of_its_definition():
    """Of (u - w)² / 2 + by |u|, over a fine grid of u."""
    u = torch.linspace(-4, 4, 80_001, dtype=torch.float64)
    w, by = randn(40), 0.7
    cost = (u[:, None] - w) ** 2 / 2 + by * u.abs()[:, None]
    lowest = u[cost.argmin(dim=0)]
    ours = penalties.soft_threshold(w, by)
    torch.testing.assert_close(ours, lowest, atol=1e-4, rtol=0)
    assert (ours == 0).any()


def test_nan_stays_nan():
    assert penalties.soft_threshold(torch.tensor([math.nan, 2.0]), 0.5)[0].isnan()


def test_a_penalty_of_l1_zeroes_by_the_threshold_and_jumps_to_and_fro_without():
    """Least squares with 2 inputs of 8 that matter, descended in both ways."""
    X = randn(200, 8, seed=3)
    y = X[:, 0] - 2 * X[:, 1] + 0.1 * randn(200, seed=4)
    strength, lr = 0.1, 0.05

    def slope(w):
        return 2 * X.T @ (X @ w - y) / len(X)

    plain = proximal = torch.zeros(8, dtype=torch.float64)
    for _ in range(500):
        plain = plain - lr * (slope(plain) + strength * plain.sign())
        proximal = penalties.soft_threshold(
            proximal - lr * slope(proximal), lr * strength
        )
    assert (proximal != 0).nonzero().flatten().tolist() == [0, 1]
    assert (plain != 0).all()
    torch.testing.assert_close(plain, proximal, atol=2 * lr * strength, rtol=0)


@pytest.mark.parametrize("by", [-0.1, math.nan])
def test_soft_threshold_refuses_a_push_outwards(by):
    with pytest.raises(ValueError, match="from 0 up"):
        penalties.soft_threshold(torch.zeros(2), by)


@pytest.mark.parametrize(
    "penalty", [*PENALTIES, lambda p: penalties.decay_(p, 0.1, 0.1)]
)
def test_a_used_up_generator_and_a_module_are_explained(penalty):
    model = network()
    used = model.parameters()
    assert len(list(used)) == 4
    with pytest.raises(ValueError, match=r"list\(model.parameters\(\)\)"):
        penalty(used)
    with pytest.raises(
        ValueError, match=r"the module Sequential.*model.parameters\(\)"
    ):
        penalty(model)
