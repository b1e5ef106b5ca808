"""torchbook.scratch.layers: outputs, slopes, running state and names against torch.nn."""

import copy
import math

import pytest
import torch
from torch import nn

from torchbook.scratch.layers import BatchNorm, Dropout, Linear

DTYPES = [torch.float32, torch.float64]
BELOW = {"atol": 1e-10, "rtol": 0}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def randn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=generator(seed), dtype=dtype)


def slopes(layer, X, weight=None):
    """Of a weighted sum of the outputs, in the inputs and in every parameter."""
    X = X.clone().requires_grad_()
    out = layer(X)
    weight = randn(*out.shape, seed=99, dtype=out.dtype) if weight is None else weight
    return torch.autograd.grad((weight * out).sum(), [X, *layer.parameters()])


def assert_all_close(ours, theirs, **tolerance):
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, **tolerance)


def train_through(layer, batches):
    for X in batches:
        layer(X)
    return layer


# Linear


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(7, 5), (1, 5), (0, 5), (5,), (3, 4, 5)])
def test_linear_is_torchs(shape, bias):
    ours = Linear(5, 3, bias=bias).double()
    theirs = nn.Linear(5, 3, bias=bias).double()
    theirs.load_state_dict(ours.state_dict())
    X = randn(*shape)
    torch.testing.assert_close(ours(X), theirs(X), **BELOW)
    assert_all_close(slopes(ours, X), slopes(theirs, X), **BELOW)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (3, 2), (784, 10), (64, 300)])
def test_a_seed_gives_linear_torchs_own_start(inputs, outputs, bias):
    torch.manual_seed(4)
    ours, next_ours = Linear(inputs, outputs, bias=bias), torch.rand(1)
    torch.manual_seed(4)
    theirs, next_theirs = nn.Linear(inputs, outputs, bias=bias), torch.rand(1)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert_all_close(ours.parameters(), theirs.parameters(), atol=1e-8, rtol=1e-6)
    assert torch.equal(next_ours, next_theirs)


def test_linear_starts_all_over_its_range():
    torch.manual_seed(0)
    layer = Linear(25, 4000)
    for values in (layer.weight.detach(), layer.bias.detach()):
        assert -0.2 <= values.min() < -0.199
        assert 0.199 < values.max() <= 0.2
        assert values.mean().abs() < 0.01
        assert values.var().item() == pytest.approx(0.2**2 / 3, rel=0.05)


def test_linear_learns_as_a_module():
    torch.manual_seed(0)
    X = randn(50, 3, dtype=torch.float32)
    y = X @ torch.tensor([[1.0], [-2.0], [0.5]]) + 3
    layer = Linear(3, 1)
    descent = torch.optim.SGD(layer.parameters(), lr=0.3)
    for _ in range(200):
        descent.zero_grad()
        ((layer(X) - y) ** 2).mean().backward()
        descent.step()
    want = torch.tensor([1.0, -2.0, 0.5, 3.0])
    got = torch.cat([layer.weight[0], layer.bias])
    torch.testing.assert_close(got.detach(), want, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (torch.zeros(4, 3), r"\(4, 3\): wanted \(…, 5\)"),
        (torch.tensor(1.0), r"\(\): wanted \(…, 5\)"),
        (
            torch.zeros(2, 5, dtype=torch.int64),
            r"torch.int64: wanted floats; X.float\(\)",
        ),
        (torch.zeros(2, 5, dtype=torch.bool), "torch.bool: wanted floats"),
        (
            torch.zeros(2, 5, dtype=torch.float64),
            "torch.float64, the weights torch.float32",
        ),
    ],
)
def test_linear_says_what_does_not_fit(X, words):
    with pytest.raises(ValueError, match=words):
        Linear(5, 2)(X)


@pytest.mark.parametrize(("inputs", "outputs"), [(0, 3), (3, 0), (-1, 2)])
def test_linear_refuses_sizes_below_one(inputs, outputs):
    with pytest.raises(ValueError, match="at least 1"):
        Linear(inputs, outputs)


def test_under_autocast_linear_takes_lower_precision():
    with torch.autocast("cpu", torch.bfloat16):
        out = Linear(5, 2)(torch.zeros(3, 5, dtype=torch.bfloat16))
    assert out.shape == (3, 2)


# Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_dropout_keeps_the_expectation(p):
    torch.manual_seed(0)
    X = torch.ones(400_000, dtype=torch.float64)
    out = Dropout(p)(X)
    # of a number kept with probability q and divided by q, the variance is p / q
    off = math.sqrt(p / (1 - p) / len(X))
    assert abs(out.mean() - 1) < 5 * off
    assert out.var().item() == pytest.approx(p / (1 - p), rel=0.03)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_dropout_drops_or_divides_by_what_is_kept(p):
    torch.manual_seed(1)
    X = randn(100, 30)
    out = Dropout(p)(X)
    dropped = out == 0
    torch.testing.assert_close(out[~dropped], X[~dropped] / (1 - p))
    assert dropped.double().mean().item() == pytest.approx(p, abs=0.05)


def test_each_unit_is_dropped_by_itself():
    """No fixed number a row, and two units are dropped together as often as chance says."""
    torch.manual_seed(2)
    dropped = (Dropout(0.3)(torch.ones(20_000, 8)) == 0).double()
    a_row = dropped.sum(dim=1)
    assert set(range(8)) <= set(a_row.tolist())
    assert a_row.var().item() == pytest.approx(8 * 0.3 * 0.7, rel=0.05)
    together = dropped.T @ dropped / len(dropped)
    pairs = together[~torch.eye(8, dtype=torch.bool)]
    assert ((pairs - 0.09).abs() < 0.012).all()


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shape", [(6, 5), (2, 3, 4, 4), (0, 3), ()])
def test_a_seed_gives_dropout_torchs_mask(shape, p):
    X = randn(*shape)
    torch.manual_seed(5)
    ours, our_slope = Dropout(p)(X), slopes(Dropout(p), X)
    torch.manual_seed(5)
    theirs, their_slope = nn.Dropout(p)(X), slopes(nn.Dropout(p), X)
    assert_all_close((ours, *our_slope), (theirs, *their_slope), **BELOW)


@pytest.mark.parametrize("p", [0.2, 0.5, 1.0])
def test_the_slope_of_dropout_is_its_mask(p):
    torch.manual_seed(6)
    X = randn(40, 9).abs().add(1).requires_grad_()  # never 0 by itself
    out = Dropout(p)(X)
    (slope,) = torch.autograd.grad(out.sum(), X)
    torch.testing.assert_close(slope, (out / X).detach(), **BELOW)
    assert (slope == 0).any()


def test_every_call_draws_another_mask():
    torch.manual_seed(7)
    layer, X = Dropout(), torch.ones(100)
    assert not torch.equal(layer(X), layer(X))


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_in_eval_mode_dropout_does_nothing_and_draws_nothing(p):
    torch.manual_seed(8)
    X = randn(4, 5)
    assert torch.equal(Dropout(p).eval()(X), X)
    after = torch.rand(3)
    torch.manual_seed(8)
    assert torch.equal(after, torch.rand(3))


def test_p_of_zero_keeps_all_and_of_one_drops_all():
    X = randn(30, 4)
    assert torch.equal(Dropout(0)(X), X)
    assert torch.equal(Dropout(1)(X), torch.zeros(30, 4, dtype=torch.float64))
    assert torch.equal(slopes(Dropout(1), X)[0], torch.zeros_like(X))


@pytest.mark.parametrize("p", [-0.1, 1.01, math.nan, math.inf, -math.inf, 50])
def test_dropout_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="probability of dropping, from 0 to 1"):
        Dropout(p)


def test_dropout_refuses_whole_numbers():
    with pytest.raises(ValueError, match=r"X.float\(\)"):
        Dropout()(torch.ones(3, dtype=torch.int64))


# BatchNorm

SHAPES = [(8, 3), (2, 3), (5, 3, 4, 6), (1, 3, 4, 6), (2, 3, 1, 1), (1, 3, 1, 2)]


def pair(shape, **options):
    """Ours and torch's for inputs of a shape, with the same weights, biases and statistics."""
    kind = nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d
    ours = BatchNorm(shape[1], **options).double()
    theirs = kind(shape[1], **options).double()
    with torch.no_grad():
        ours.weight.copy_(randn(shape[1], seed=1))
        ours.bias.copy_(randn(shape[1], seed=2))
        ours.running_mean.copy_(randn(shape[1], seed=3))
        ours.running_var.copy_(randn(shape[1], seed=4).exp())
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.parametrize("eps", [1e-5, 0.3])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_is_torchs(shape, training, eps):
    ours, theirs = pair(shape, eps=eps)
    X = 2 + 5 * randn(*shape, seed=5)
    ours.train(training), theirs.train(training)
    torch.testing.assert_close(ours(X), theirs(X), **BELOW)
    assert_all_close(slopes(ours, X), slopes(theirs, X), **BELOW)
    assert_all_close(ours.buffers(), theirs.buffers(), **BELOW)


@pytest.mark.parametrize("momentum", [0.1, 0.9, 0.0, 1.0, None])
@pytest.mark.parametrize("shape", [(8, 3), (5, 3, 4, 6)])
def test_running_statistics_are_torchs_after_ragged_batches(shape, momentum):
    ours, theirs = pair(shape, momentum=momentum)
    batches = [
        (s + 1) * randn(n, *shape[1:], seed=s) + s for s, n in enumerate((8, 8, 2, 5))
    ]
    train_through(ours, batches), train_through(theirs, batches)
    assert_all_close(ours.buffers(), theirs.buffers(), **BELOW)
    assert ours.num_batches_tracked == 4
    X = randn(*shape, seed=9)
    torch.testing.assert_close(ours.eval()(X), theirs.eval()(X), **BELOW)


def test_with_no_momentum_the_running_ones_are_plain_means():
    layer = BatchNorm(3, momentum=None).double()
    batches = [randn(6, 3, seed=s) + s for s in range(4)]
    train_through(layer, batches)
    means = torch.stack([X.mean(dim=0) for X in batches])
    variances = torch.stack([X.var(dim=0, correction=1) for X in batches])
    torch.testing.assert_close(layer.running_mean, means.mean(dim=0), **BELOW)
    torch.testing.assert_close(layer.running_var, variances.mean(dim=0), **BELOW)


def test_a_batch_comes_out_with_mean_beta_and_spread_gamma():
    layer = BatchNorm(4, eps=1e-12).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, 2.0, -3.0, 0.0]))
        layer.bias.copy_(torch.tensor([0.0, 5.0, -1.0, 7.0]))
    out = layer(100 + 9 * randn(30, 4, 2, 5)).detach()
    by_channel = out.transpose(0, 1).flatten(1)
    torch.testing.assert_close(by_channel.mean(dim=1), layer.bias.detach(), **BELOW)
    want = layer.weight.detach().abs()
    torch.testing.assert_close(by_channel.std(dim=1, correction=0), want)


def test_the_mode_is_that_of_the_module_and_not_that_of_autograd():
    """Under no_grad a layer in training mode still takes the batch, and tracks it."""
    for training in (True, False):
        ours, theirs = pair((6, 3))
        ours.train(training), theirs.train(training)
        X = randn(6, 3, seed=5)
        with torch.no_grad():
            torch.testing.assert_close(ours(X), theirs(X), **BELOW)
        assert_all_close(ours.buffers(), theirs.buffers(), **BELOW)


def test_eval_mode_changes_no_state_and_takes_each_sample_by_itself():
    layer, _ = pair((6, 3))
    layer.eval()
    before = copy.deepcopy(layer.state_dict())
    X = randn(6, 3, seed=5)
    whole = layer(X)
    assert_all_close(torch.cat([layer(x[None]) for x in X]), whole, **BELOW)
    assert_all_close(layer.state_dict().values(), before.values(), atol=0, rtol=0)


@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5, 5)])
def test_state_dicts_go_to_torch_and_back(shape):
    ours, theirs = pair(shape)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    kinds = [{k: v.dtype for k, v in m.state_dict().items()} for m in (ours, theirs)]
    assert kinds[0] == kinds[1]
    theirs(3 * randn(*shape))
    back = BatchNorm(3).double()
    back.load_state_dict(theirs.state_dict())
    X = randn(*shape, seed=6)
    torch.testing.assert_close(back.eval()(X), theirs.eval()(X), **BELOW)
    assert back.num_batches_tracked == 1
    assert {name for name, _ in ours.named_parameters()} == {"weight", "bias"}


def test_running_statistics_carry_no_graph():
    layer = BatchNorm(3)
    for _ in range(2):
        layer(
            torch.randn(4, 3, generator=generator(), requires_grad=True)
        ).sum().backward()
    assert not any(buffer.requires_grad for buffer in layer.buffers())


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1, 1), (0, 3), (0, 3, 2, 2)])
def test_training_needs_more_than_one_number_a_channel(shape):
    layer = BatchNorm(3)
    before = copy.deepcopy(layer.state_dict())
    with pytest.raises(ValueError, match=r"training wants at least 2.*eval\(\)"):
        layer(torch.zeros(shape))
    assert_all_close(layer.state_dict().values(), before.values(), atol=0, rtol=0)
    assert layer.eval()(torch.zeros(shape)).shape == shape


def test_torch_refuses_a_batch_of_one_too():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        nn.BatchNorm1d(3)(torch.zeros(1, 3))


@pytest.mark.parametrize("shape", [(8, 4), (8, 2), (8, 5, 3, 3), (3,), (4, 3, 5), ()])
@pytest.mark.parametrize("training", [True, False])
def test_other_shapes_are_refused(shape, training):
    with pytest.raises(ValueError, match=r"wanted \(N, 3\) or \(N, 3, H, W\)"):
        BatchNorm(3).train(training)(torch.zeros(shape))


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.float64])
def test_other_kinds_of_numbers_are_refused(dtype):
    with pytest.raises(ValueError, match=str(dtype)):
        BatchNorm(3)(torch.zeros(4, 3, dtype=dtype))


@pytest.mark.parametrize(
    "options",
    [
        {"features": 0},
        {"features": 3, "eps": 0},
        {"features": 3, "eps": math.nan},
        {"features": 3, "momentum": -0.1},
        {"features": 3, "momentum": 1.1},
        {"features": 3, "momentum": math.nan},
    ],
)
def test_settings_without_a_meaning_are_refused(options):
    with pytest.raises(ValueError, match=list(options)[-1]):
        BatchNorm(**options)


def test_the_layers_say_what_they_are():
    assert str(Linear(3, 2, bias=False)) == "Linear(inputs=3, outputs=2, bias=False)"
    assert str(Dropout(0.2)) == "Dropout(p=0.2)"
    assert str(BatchNorm(3)) == "BatchNorm(3, eps=1e-05, momentum=0.1)"


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_network_of_ours_is_torchs(dtype):
    """The three together: same seed, same start, same masks, same slopes."""

    def network(linear, norm, dropout):
        torch.manual_seed(0)
        parts = linear(6, 16), norm(16), nn.ReLU(), dropout(0.4), linear(16, 3)
        return nn.Sequential(*parts).to(dtype)

    ours = network(Linear, BatchNorm, Dropout)
    theirs = network(nn.Linear, nn.BatchNorm1d, nn.Dropout)
    X = randn(32, 6, dtype=dtype)
    found = []
    for net in (ours, theirs):
        torch.manual_seed(1)
        found.append(slopes(net, X))
    close = {torch.float64: 1e-10, torch.float32: 1e-4}[dtype]
    assert_all_close(*found, atol=close, rtol=close)
