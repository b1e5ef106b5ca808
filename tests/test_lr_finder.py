"""torchbook.lr_finder: the sweep finds the right order of magnitude, and leaves no trace."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook import seed
from torchbook.data.loader import Batches
from torchbook.lr_finder import Sweep, find_lr


def line(scale=1.0):
    """Least squares whose curvature is scale² in every direction: SGD diverges above 2 / scale²."""
    g = torch.Generator().manual_seed(0)
    X = torch.randn(400, 4, generator=g)
    X = scale * torch.linalg.qr(X - X.mean(0))[0] * 400**0.5  # X'X / 400 = scale²
    y = X @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]]) + torch.randn(
        400, 1, generator=g
    )
    model = nn.Linear(4, 1, bias=False)
    return model, X, y


def mean_squares(y_hat, y):
    return F.mse_loss(y_hat, y) / 2


@pytest.mark.parametrize("scale", [0.3, 1.0, 5.0])
def test_it_breaks_out_where_descent_diverges(scale):
    torch.manual_seed(0)
    model, X, y = line(scale)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    bound = 2 / scale**2
    sweep = find_lr(
        model,
        Batches(X, y, 400),
        mean_squares,
        optimizer,
        low=bound * 1e-3,
        high=bound * 1e3,
        steps=120,
        device="cpu",
    )
    assert bound * 0.8 < sweep.lrs[-1] < bound * 10
    lowest = sweep.lrs[sweep.losses.index(min(sweep.losses))]
    assert 0.05 * bound < lowest
    assert sweep.suggestion < bound  # descent converges with it
    assert sweep.suggestion == lowest / 10
    ratios = [b / a for a, b in zip(sweep.lrs, sweep.lrs[1:], strict=False)]
    assert ratios == pytest.approx([1e6 ** (1 / 119)] * len(ratios))


def test_it_leaves_no_trace():
    model, X, y = line()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, fused=True)
    mean_squares(model(X), y).backward()
    optimizer.step()
    optimizer.zero_grad()
    batches = Batches(X, y, 32, shuffle=True)
    iterator = iter(batches)
    next(iterator)
    before = copy.deepcopy([model.state_dict(), optimizer.state_dict()])
    place, chance = batches.state_dict(), seed.states()
    find_lr(model, batches, mean_squares, optimizer, steps=30, device="cpu")
    after = [model.state_dict(), optimizer.state_dict()]
    assert torch.equal(after[0]["weight"], before[0]["weight"])
    assert after[1]["param_groups"] == before[1]["param_groups"]
    for name, value in before[1]["state"][0].items():
        assert torch.equal(after[1]["state"][0][name], value)
    assert str(batches.state_dict()) == str(place)
    assert torch.equal(seed.states()["torch"], chance["torch"])


@pytest.mark.parametrize(
    "options", [{"low": 0.0}, {"low": 1.0, "high": 0.1}, {"steps": 1}]
)
def test_ranges_that_are_none_are_refused(options):
    model, X, y = line()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    with pytest.raises(ValueError, match="wanted 0 < low < high and 2 steps"):
        find_lr(model, Batches(X, y, 32), mean_squares, optimizer, **options)


def test_a_model_that_is_broken_from_the_start_is_named():
    model, X, y = line()
    nn.init.constant_(model.weight, float("nan"))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    with pytest.raises(ValueError, match="not finite at a learning rate of 1e-06"):
        find_lr(model, Batches(X, y, 32), mean_squares, optimizer, device="cpu")


def test_the_plot_shows_the_curve_and_the_suggestion():
    import matplotlib

    matplotlib.use("Agg")
    sweep = Sweep([0.001, 0.01, 0.1], [3.0, 1.0, 9.0])
    ax = sweep.plot()
    assert ax.get_xscale() == "log"
    assert list(ax.lines[0].get_ydata()) == [3.0, 1.0, 9.0]
    assert ax.lines[1].get_xdata()[0] == pytest.approx(0.001)
