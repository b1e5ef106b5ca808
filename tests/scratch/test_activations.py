"""torchbook.scratch.activations: values and slopes against torch."""

import pytest
import torch
import torch.nn.functional as F

from torchbook.scratch import activations

DTYPES = [torch.float32, torch.float64]
SCORES = [-1e4, -200.0, -90.0, -17.0, -1.0, -1e-6, 0.0, 1e-6, 0.5, 17.0, 90.0, 1e4]


def slope(function, z):
    z = z.clone().requires_grad_()
    return torch.autograd.grad(function(z).sum(), z)[0]


@pytest.mark.parametrize("dtype", [*DTYPES, torch.int64])
def test_step_is_heaviside_with_one_at_zero(dtype):
    z = torch.tensor([-2, -1, 0, 1, 2]).to(dtype)
    want = torch.heaviside(z, torch.ones((), dtype=dtype))
    assert torch.equal(activations.step(z), want)
    assert activations.step(z).dtype == dtype


def test_step_tells_the_smallest_numbers_apart():
    z = torch.tensor([-1e-38, -0.0, 0.0, 1e-38])
    assert activations.step(z).tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_and_its_slope_are_those_of_torch(dtype):
    z = torch.tensor(SCORES, dtype=dtype)
    ours, theirs = activations.sigmoid(z), torch.sigmoid(z)
    torch.testing.assert_close(ours, theirs, atol=1e-37, rtol=2e-6)
    torch.testing.assert_close(slope(activations.sigmoid, z), slope(torch.sigmoid, z))
    assert activations.sigmoid(z).dtype == dtype


def test_sigmoid_at_known_points():
    z = torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64)
    want = torch.tensor([0.5, 0.7310585786300049, 0.2689414213699951]).double()
    torch.testing.assert_close(activations.sigmoid(z), want, atol=1e-7, rtol=0)
    assert (
        slope(activations.sigmoid, z)[0] == 0.25
    )  # at exactly zero, where weights start


def test_sigmoid_keeps_small_probabilities():
    assert 0 < activations.sigmoid(torch.tensor(-80.0)) < 1e-34
    assert activations.sigmoid(torch.tensor(float("nan"))).isnan()


def test_slopes_agree_with_differences():
    z = torch.tensor([[-3.0, -0.5, 0.0], [0.2, 2.0, 4.0]], dtype=torch.float64)
    z.requires_grad_()
    assert torch.autograd.gradcheck(activations.sigmoid, z)
    for dim in (0, 1):
        assert torch.autograd.gradcheck(lambda z, d=dim: activations.softmax(z, d), z)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_softmax_and_its_slope_are_those_of_torch(dtype, dim):
    g = torch.Generator().manual_seed(0)
    z = 5 * torch.randn(4, 3, 5, generator=g, dtype=dtype)
    weight = torch.randn(4, 3, 5, generator=g, dtype=dtype)  # or every slope would be 0
    torch.testing.assert_close(activations.softmax(z, dim), F.softmax(z, dim))
    torch.testing.assert_close(
        slope(lambda z: weight * activations.softmax(z, dim), z),
        slope(lambda z: weight * F.softmax(z, dim), z),
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_stands_large_scores(dtype):
    z = torch.tensor([[1e4, 0.0, -1e4], [1e4, 1e4, -1e4], [-1e4] * 3], dtype=dtype)
    want = torch.tensor([[1, 0, 0], [0.5, 0.5, 0], [1 / 3] * 3], dtype=dtype)
    torch.testing.assert_close(activations.softmax(z, 1), want)
    assert slope(lambda z: activations.softmax(z, 1)[:, 0], z).isfinite().all()


def test_softmax_forgets_a_common_shift():
    z = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    shifted = activations.softmax(z + 100, 0)
    torch.testing.assert_close(shifted, activations.softmax(z, 0))
    assert shifted.sum() == pytest.approx(1)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 1)])
def test_shapes_are_kept(shape):
    z = torch.randn(shape)
    assert activations.step(z).shape == shape
    assert activations.sigmoid(z).shape == shape
    if len(shape) > 1:
        assert activations.softmax(z, 1).shape == shape
