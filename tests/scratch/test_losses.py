"""torchbook.scratch.losses: values and slopes against torch and scikit-learn."""

import pytest
import torch
import torch.nn.functional as F
from sklearn import metrics

from torchbook.scratch import losses

DTYPES = [torch.float32, torch.float64]
ALL = [losses.zero_one, losses.perceptron, losses.log_loss]


def samples(dtype, seed=0, n=57):
    g = torch.Generator().manual_seed(seed)
    z = 3 * torch.randn(n, generator=g, dtype=dtype)
    return z, torch.randint(2, (n,), generator=g)


def slope(loss, z, y):
    z = z.clone().requires_grad_()
    return torch.autograd.grad(loss(z, y), z)[0]


def torch_perceptron(z, y):
    """max(0, -s (z - 0)), by torch's loss for ranking pairs, with no margin asked for."""
    return F.margin_ranking_loss(z, torch.zeros_like(z), 2 * y.to(z.dtype) - 1)


def torch_log_loss(z, y):
    return F.binary_cross_entropy_with_logits(z, y.to(z.dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(losses.perceptron, torch_perceptron), (losses.log_loss, torch_log_loss)],
)
def test_values_and_slopes_are_those_of_torch(ours, theirs, dtype):
    for seed in range(5):
        z, y = samples(dtype, seed)
        torch.testing.assert_close(ours(z, y), theirs(z, y))
        torch.testing.assert_close(slope(ours, z, y), slope(theirs, z, y))


@pytest.mark.parametrize("dtype", DTYPES)
def test_zero_one_is_that_of_scikit_learn(dtype):
    for seed in range(5):
        z, y = samples(dtype, seed)
        want = metrics.zero_one_loss(y.numpy(), (z >= 0).numpy())
        assert losses.zero_one(z, y).item() == pytest.approx(want)


def test_log_loss_is_that_of_scikit_learn():
    z, y = samples(torch.float64)
    want = metrics.log_loss(y.numpy(), torch.sigmoid(z).numpy())
    assert losses.log_loss(z, y).item() == pytest.approx(want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("score", [-1e4, -90.0, -20.0, 0.0, 20.0, 90.0, 1e4])
def test_log_loss_of_any_score_is_exact(score, label, dtype):
    z, y = torch.tensor([score], dtype=dtype), torch.tensor([label])
    ours = losses.log_loss(z, y)
    torch.testing.assert_close(ours, torch_log_loss(z, y))
    # torch's own loses the 2e-9 that a score of 20 still costs; its logsigmoid does not
    exact = -F.logsigmoid((2 * label - 1) * z.double())[0].to(dtype)
    torch.testing.assert_close(ours, exact, atol=1e-37, rtol=1e-5)
    ours, theirs = (slope(loss, z, y) for loss in (losses.log_loss, torch_log_loss))
    torch.testing.assert_close(ours, theirs)


def test_log_loss_at_zero_is_log_two_and_pulls_by_a_half():
    z, y = torch.zeros(1, dtype=torch.float64), torch.tensor([1])
    assert losses.log_loss(z, y).item() == pytest.approx(0.6931471805599453)
    assert slope(losses.log_loss, z, y).item() == -0.5
    assert slope(losses.log_loss, z, 1 - y).item() == 0.5


def test_perceptron_worked_by_hand():
    z, y = torch.tensor([2.0, -1.0, 0.5, -3.0, 0.0]), torch.tensor([1, 1, 0, 0, 1])
    assert losses.perceptron(z, y).item() == pytest.approx(
        0.3
    )  # (0 + 1 + 0.5 + 0 + 0) / 5
    far = torch.tensor([1e4, -1e4])
    assert losses.perceptron(far, torch.tensor([0, 1])).item() == 1e4
    assert losses.perceptron(far, torch.tensor([1, 0])).item() == 0


def test_zero_one_counts_the_line_as_class_one_and_has_no_slope():
    z = torch.tensor([0.0, 0.0, 1e4, -1e4], requires_grad=True)
    share = losses.zero_one(z, torch.tensor([1, 0, 1, 1]))
    assert share.item() == 0.5
    assert not share.requires_grad


def test_slopes_agree_with_differences():
    z, y = samples(torch.float64, n=9)
    z.requires_grad_()
    assert z.abs().min() > 1e-3  # away from the corner of the perceptron's error
    assert torch.autograd.gradcheck(lambda z: losses.perceptron(z, y), z)
    z = torch.cat([z.detach(), torch.zeros(2).double()]).requires_grad_()
    y = torch.cat([y, torch.tensor([0, 1])])
    assert torch.autograd.gradcheck(lambda z: losses.log_loss(z, y), z)


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "labels", [torch.int64, torch.uint8, torch.bool, torch.float32]
)
def test_a_scalar_of_the_scores_dtype_whatever_the_labels(loss, dtype, labels):
    z, y = samples(dtype)
    got = loss(z, y.to(labels))
    assert got.shape == ()
    assert got.dtype == dtype
    torch.testing.assert_close(got, loss(z, y))
