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


OURS_AND_TORCHS = {
    "relu": (activations.relu, F.relu),
    "sigmoid": (activations.sigmoid, torch.sigmoid),
    "log_sigmoid": (activations.log_sigmoid, F.logsigmoid),
    "softmax": (lambda z: activations.softmax(z, -1), lambda z: F.softmax(z, -1)),
    "log_softmax": (
        lambda z: activations.log_softmax(z, -1),
        lambda z: F.log_softmax(z, -1),
    ),
}
by_function = pytest.mark.parametrize(
    ("ours", "theirs"), OURS_AND_TORCHS.values(), ids=OURS_AND_TORCHS
)


@by_function
@pytest.mark.parametrize(
    ("dtype", "most"), [(torch.float32, 1e-5), (torch.float64, 1e-10)]
)
def test_values_and_slopes_are_those_of_torch(ours, theirs, dtype, most):
    for seed in range(5):
        g = torch.Generator().manual_seed(seed)
        z, weight = 4 * torch.randn(2, 6, 5, generator=g, dtype=dtype)
        assert (ours(z) - theirs(z)).abs().max() < most
        slopes = (slope(lambda z, f=f, w=weight: w * f(z), z) for f in (ours, theirs))
        assert torch.sub(*slopes).abs().max() < most


@by_function
@pytest.mark.parametrize("dtype", DTYPES)
def test_extreme_scores_have_torchs_values_and_slopes(ours, theirs, dtype):
    z = torch.tensor(SCORES, dtype=dtype)
    torch.testing.assert_close(ours(z), theirs(z), atol=1e-30, rtol=1e-5)
    weight = torch.arange(len(z)).to(dtype)
    slopes = [slope(lambda z, f=f: weight * f(z), z) for f in (ours, theirs)]
    assert slopes[0].isfinite().all()
    torch.testing.assert_close(*slopes, atol=1e-6, rtol=1e-5)


@by_function
def test_every_slope_agrees_with_differences(ours, theirs):
    z = torch.tensor([[-3.0, -0.5, 0.1], [0.2, 2.0, 4.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(ours, z.requires_grad_())


@by_function
@pytest.mark.parametrize("shape", [(1,), (0, 3), (1, 1), (2, 3, 4)])
def test_few_and_no_scores_keep_shape_dtype_and_slope(ours, theirs, shape):
    z = torch.randn(shape, dtype=torch.float64)
    assert ours(z).shape == shape
    assert ours(z).dtype == torch.float64
    torch.testing.assert_close(ours(z), theirs(z))
    torch.testing.assert_close(slope(ours, z), slope(theirs, z))


BYTES = torch.tensor([0, 1, 100, 200], dtype=torch.uint8)
WHOLE = [BYTES, BYTES.long(), torch.tensor([-128, -100, 0, 127], dtype=torch.int8)]


@by_function
@pytest.mark.parametrize("z", WHOLE, ids=lambda z: str(z.dtype))
def test_whole_numbers_are_those_numbers(ours, theirs, z):
    torch.testing.assert_close(
        ours(z).float(), theirs(z.float()), atol=1e-30, rtol=1e-5
    )


@pytest.mark.parametrize("z", [*WHOLE, torch.tensor([False, True])])
def test_torch_makes_floats_of_whole_numbers_in_a_sigmoid_too(z):
    torch.testing.assert_close(
        activations.sigmoid(z), torch.sigmoid(z), atol=1e-30, rtol=1e-5
    )


def test_torch_keeps_whole_numbers_in_a_relu_too():
    for z in WHOLE:
        assert torch.equal(activations.relu(z), F.relu(z))
        assert activations.relu(z).dtype == z.dtype


@pytest.mark.parametrize("name", ["log_sigmoid", "softmax", "log_softmax"])
def test_torch_refuses_whole_numbers_where_ours_does_not(name):
    ours, theirs = OURS_AND_TORCHS[name]
    for z in WHOLE:
        assert ours(z).dtype == torch.float32
        with pytest.raises(NotImplementedError):
            theirs(z)


@pytest.mark.parametrize("ours", [activations.softmax, activations.log_softmax])
def test_a_softmax_over_no_classes_is_refused_unlike_torchs(ours):
    none = torch.empty(2, 0)
    assert F.softmax(none, 1).shape == F.log_softmax(none, 1).shape == (2, 0)
    with pytest.raises(IndexError, match="non-zero size"):
        ours(none, 1)


def test_log_sigmoid_falls_in_a_line_where_the_sigmoid_has_rounded_to_zero():
    z = torch.tensor([-1e4, -200.0])
    assert activations.sigmoid(z)[0].log() == float("-inf")
    assert activations.log_sigmoid(z).tolist() == z.tolist()
    assert slope(activations.log_sigmoid, z).tolist() == [1, 1]


def test_log_softmax_of_a_class_without_hope_is_a_number():
    z = torch.tensor([[1e4, 0.0, -1e4]])
    assert activations.softmax(z, 1)[0, 1] == 0
    assert activations.log_softmax(z, 1).tolist() == [[0, -1e4, -2e4]]


def test_relu_has_the_slope_zero_at_zero_and_lets_nan_through():
    z = torch.tensor([-1.0, -0.0, 0.0, 2.0])
    assert slope(activations.relu, z).tolist() == [0, 0, 0, 1]
    assert activations.relu(torch.tensor(float("nan"))).isnan()
    assert activations.relu(torch.tensor([-2, 3])).tolist() == [0, 3]
