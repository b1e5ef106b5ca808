"""torchbook.scratch.initialize: bounds, variances and draws against torch.nn.init."""

import math

import pytest
import torch
from torch import nn
from torch.nn import init

from torchbook.scratch import initialize

TWINS = {
    initialize.xavier_uniform_: init.xavier_uniform_,
    initialize.xavier_normal_: init.xavier_normal_,
    initialize.he_uniform_: lambda w, generator=None: init.kaiming_uniform_(
        w, nonlinearity="relu", generator=generator
    ),
    initialize.he_normal_: lambda w, generator=None: init.kaiming_normal_(
        w, nonlinearity="relu", generator=generator
    ),
}
UNIFORM = [initialize.xavier_uniform_, initialize.he_uniform_]
NORMAL = [initialize.xavier_normal_, initialize.he_normal_]
XAVIER = [initialize.xavier_uniform_, initialize.xavier_normal_]
SHAPES = [(7, 5), (1, 1), (300, 20), (8, 3, 5, 5), (6, 4, 3)]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def named(functions):
    return pytest.mark.parametrize("fill", functions, ids=lambda f: f.__name__)


@pytest.mark.parametrize("shape", [*SHAPES, (2, 3, 4, 5, 6)])
def test_fans_are_torchs(shape):
    weight = torch.empty(shape)
    assert initialize.fans(weight) == init._calculate_fan_in_and_fan_out(weight)


def test_fans_of_real_layers():
    assert initialize.fans(nn.Linear(20, 300).weight) == (20, 300)
    assert initialize.fans(nn.Conv2d(3, 8, 5).weight) == (3 * 25, 8 * 25)
    assert initialize.fans(nn.Conv2d(4, 8, 3, groups=2).weight) == (2 * 9, 8 * 9)


@pytest.mark.parametrize("shape", [(), (4,), (0, 3), (3, 0), (3, 2, 0)])
def test_fans_refuse_a_bias_and_a_weight_without_entries(shape):
    with pytest.raises(ValueError, match=r"wanted \(K, D\)"):
        initialize.fans(torch.empty(shape))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@named(TWINS)
def test_a_seed_or_a_generator_gives_torchs_numbers(fill, shape, dtype):
    ours, theirs = torch.empty(2, *shape, dtype=dtype)
    fill(ours, generator(3))
    TWINS[fill](theirs, generator=generator(3))
    torch.testing.assert_close(ours, theirs)
    torch.manual_seed(4)
    fill(ours)
    torch.manual_seed(4)
    TWINS[fill](theirs)
    torch.testing.assert_close(ours, theirs)


def test_uniform_and_normal_draw_as_torchs():
    ours, theirs = torch.empty(2, 50, 3)
    initialize.uniform_(ours, -2, 5, generator(1))
    init.uniform_(theirs, -2, 5, generator=generator(1))
    assert torch.equal(ours, theirs)
    initialize.normal_(ours, 0.3, generator(2))
    init.normal_(theirs, 0, 0.3, generator=generator(2))
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("shape", [(400, 200), (200, 400), (80, 30, 5, 5)])
@named(TWINS)
def test_the_variance_is_that_of_the_paper(fill, shape):
    weight = fill(torch.empty(shape, dtype=torch.float64), generator())
    inputs = math.prod(shape[1:])
    outputs = shape[0] * math.prod(shape[2:])
    want = 2 / (inputs + outputs) if fill in XAVIER else 2 / inputs
    assert weight.var().item() == pytest.approx(want, rel=0.03)
    assert abs(weight.mean()) < 5 * math.sqrt(want / weight.numel())


@named(UNIFORM)
def test_a_uniform_start_fills_its_range_and_no_more(fill):
    weight = fill(torch.empty(400, 200, dtype=torch.float64), generator())
    limit = math.sqrt(6 / (600 if fill in XAVIER else 200))
    assert 0.999 * limit < weight.max() <= limit
    assert -limit <= weight.min() < -0.999 * limit
    quarters = torch.histc(weight, bins=4, min=-limit, max=limit) / weight.numel()
    assert ((quarters - 0.25).abs() < 0.01).all()


@named(NORMAL)
def test_a_normal_start_has_the_shares_of_a_bell_curve(fill):
    weight = fill(torch.empty(400, 200, dtype=torch.float64), generator())
    std = math.sqrt(2 / (600 if fill in XAVIER else 200))
    for within, share in ((1, 0.6827), (2, 0.9545), (3, 0.9973)):
        found = (weight.abs() < within * std).double().mean().item()
        assert found == pytest.approx(share, abs=0.005)


def mean_square_after(fill, layers, seed):
    X = torch.randn(300, 256, generator=generator(1000 + seed), dtype=torch.float64)
    for layer in range(layers):
        weight = torch.empty(256, 256, dtype=torch.float64)
        X = torch.relu(X @ fill(weight, generator(100 * seed + layer)).T)
    return X.square().mean().item()


@named([initialize.he_normal_, initialize.he_uniform_])
def test_he_keeps_the_size_of_a_signal_through_relu(fill):
    for seed in range(3):
        assert 0.25 < mean_square_after(fill, 12, seed) < 4


@named(XAVIER)
def test_xavier_loses_half_of_it_in_each_layer(fill):
    for seed in range(3):
        assert 0.25 < 2**12 * mean_square_after(fill, 12, seed) < 4


@named(TWINS)
def test_the_parameter_itself_is_filled_and_no_slope_recorded(fill):
    layer = nn.Linear(6, 4)
    before = layer.weight.detach().clone()
    assert fill(layer.weight) is layer.weight
    assert layer.weight.requires_grad
    assert layer.weight.grad_fn is None
    assert not torch.equal(layer.weight, before)
    layer(torch.ones(2, 6)).sum().backward()
    assert layer.weight.grad is not None


@named(TWINS)
def test_a_bias_is_refused_and_kept(fill):
    bias = torch.ones(4)
    with pytest.raises(ValueError, match="a bias has no fans"):
        fill(bias)
    assert torch.equal(bias, torch.ones(4))


@pytest.mark.parametrize(
    ("low", "high"),
    [(1, 0), (math.nan, 1), (0, math.nan), (0, math.inf), (-math.inf, 0)],
)
def test_uniform_refuses_limits_without_a_meaning(low, high):
    with pytest.raises(ValueError, match="wanted finite limits, low first"):
        initialize.uniform_(torch.empty(2, 2), low, high)


@pytest.mark.parametrize("std", [-0.1, math.nan, math.inf])
def test_normal_refuses_a_spread_without_a_meaning(std):
    with pytest.raises(ValueError, match=f"std {std}"):
        initialize.normal_(torch.empty(2, 2), std)


def test_no_spread_at_all_is_the_symmetric_start():
    weight = torch.empty(3, 3)
    assert torch.equal(initialize.normal_(weight, 0), torch.zeros(3, 3))
    assert torch.equal(initialize.uniform_(weight, 0.5, 0.5), torch.full((3, 3), 0.5))


@named([initialize.he_uniform_, initialize.xavier_normal_])
def test_whole_numbers_are_refused(fill):
    with pytest.raises(ValueError, match=r"torch.int64: wanted floats"):
        fill(torch.zeros(3, 3, dtype=torch.int64))
