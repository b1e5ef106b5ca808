"""torchbook.scratch.linear: outputs and slopes against torch, answers against scikit-learn."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, LogisticRegression

from torchbook.data import toy
from torchbook.scratch import linear as lin

SIZES = [(57, 3), (1, 3), (1, 1), (0, 3), (4, 9)]  # many, one, none, fewer than inputs


def problem(n, d, outputs=None, seed=0):
    """X (N, D), weights and biases, in float64; for one output the weights are (D,)."""
    g = torch.Generator().manual_seed(seed)
    shape = () if outputs is None else (outputs,)
    draw = lambda *size: torch.randn(size, generator=g, dtype=torch.float64)  # noqa: E731
    return draw(n, d), draw(*shape, d), draw(*shape)


def torch_linear(X, w, b=0.0):
    """F.linear, which takes a single output's weights (D,) only without a bias."""
    return F.linear(X, w) + b


def slopes(loss, w, b):
    """What autograd says of loss(w, b)."""
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    return torch.autograd.grad(loss(w, b), (w, b))


def assert_same(ours, theirs):
    assert len(ours) == len(theirs) == 2
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("outputs", [None, 1, 4])
@pytest.mark.parametrize(("n", "d"), SIZES)
def test_linear_is_that_of_torch(n, d, outputs):
    X, w, b = problem(n, d, outputs)
    torch.testing.assert_close(lin.linear(X, w, b), torch_linear(X, w, b))


def test_linear_takes_a_plain_number_for_b():
    X, w, b = problem(5, 2)
    torch.testing.assert_close(lin.linear(X, w, b.item()), torch_linear(X, w, b))


@pytest.mark.parametrize(
    ("X", "w"),
    [((5, 2), (3,)), ((5, 2), (3, 5)), ((2,), (2,)), ((5, 2, 1), (1,)), ((5, 2), ())],
)
def test_linear_refuses_weights_of_other_inputs(X, w):
    with pytest.raises(ValueError, match=r"wanted \(N, D\) and \(D,\)"):
        lin.linear(torch.zeros(X), torch.zeros(w), 0.0)


def test_linear_refuses_one_sample_without_its_row_though_torch_takes_it():
    x, w = torch.ones(3), torch.ones(2, 3)
    assert torch_linear(x, w).tolist() == [3, 3]
    with pytest.raises(ValueError, match=r"X \(3,\)"):
        lin.linear(x, w, torch.zeros(2))


@pytest.mark.parametrize(
    ("w", "b"),
    [
        ((1, 2), (3,)),
        ((3, 2), (1,)),
        ((3, 2), (5, 3)),
        ((3, 2), (3, 1)),
        ((2,), (5,)),
        ((2,), (1,)),
        ((2,), (5, 1)),
    ],
)
def test_linear_refuses_biases_that_would_stretch(w, b):
    X, w, b = torch.ones(5, 2), torch.ones(w), torch.ones(b)
    with pytest.raises(ValueError, match=r"b \(.*wanted a number b, or \(K,\)"):
        lin.linear(X, w, b)


def test_linear_refuses_biases_that_torch_refuses():
    X, W, b = torch.ones(5, 2), torch.ones(1, 2), torch.ones(3)
    assert (X @ W.T + b).shape == (5, 3)
    with pytest.raises(RuntimeError):
        F.linear(X, W, b)
    with pytest.raises(ValueError, match=r"b \(3,\) and weights \(1, 2\)"):
        lin.linear(X, W, b)


def test_linear_takes_one_number_for_all_outputs():
    X, W, _ = problem(5, 2, 3)
    torch.testing.assert_close(lin.linear(X, W, 2.0), F.linear(X, W) + 2)


@pytest.mark.parametrize("outputs", [None, 1, 4])
@pytest.mark.parametrize(("n", "d"), SIZES)
def test_mse_gradients_are_those_of_autograd(n, d, outputs):
    X, w, b = problem(n, d, outputs)
    y = lin.linear(*problem(n, d, outputs, seed=1)[:2], 3.0)
    theirs = slopes(lambda w, b: F.mse_loss(torch_linear(X, w, b), y), w, b)
    assert_same(lin.mse_gradients(X, y, w, b), theirs)


@pytest.mark.parametrize("outputs", [None, 1, 4])
@pytest.mark.parametrize(("n", "d"), SIZES)
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_logistic_gradients_are_those_of_autograd(n, d, outputs, scale):
    X, w, b = problem(n, d, outputs)
    y = (lin.linear(*problem(n, d, outputs, seed=1)[:2], 0.0) > 0).double()
    bce = F.binary_cross_entropy_with_logits
    theirs = slopes(lambda w, b: bce(torch_linear(scale * X, w, b), y), w, b)
    assert_same(lin.logistic_gradients(scale * X, y, w, b), theirs)


@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize(("n", "d"), SIZES)
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_softmax_gradients_are_those_of_autograd(n, d, classes, scale):
    X, W, b = problem(n, d, classes)
    y = torch.arange(n) % classes
    theirs = slopes(
        lambda W, b: F.cross_entropy(torch_linear(scale * X, W, b), y), W, b
    )
    assert_same(lin.softmax_gradients(scale * X, y, W, b), theirs)


@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8, torch.int64])
def test_classes_may_be_whole_numbers_of_any_kind(dtype):
    X, W, b = problem(6, 2, 3)
    y = torch.arange(6) % 3
    ours = lin.softmax_gradients(X, y.to(dtype), W, b)
    assert_same(ours, lin.softmax_gradients(X, y, W, b))


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float32])
def test_labels_of_two_classes_may_have_any_dtype(dtype):
    X, w, b = problem(6, 2)
    y = torch.arange(6) % 2
    ours = lin.logistic_gradients(X, y.to(dtype), w, b)
    assert_same(ours, lin.logistic_gradients(X, y.double(), w, b))
    assert ours[0].dtype == torch.float64


@pytest.mark.parametrize("gradients", [lin.mse_gradients, lin.logistic_gradients])
@pytest.mark.parametrize("dtype", [torch.int64, torch.float64, torch.float16])
def test_a_target_of_another_dtype_gives_slopes_in_that_of_the_inputs(gradients, dtype):
    X, w, b = (t.float() for t in problem(6, 2))
    y = torch.arange(6) % 2
    ours, want = (gradients(X, y, w, b) for y in (y.to(dtype), y.float()))
    assert [slope.dtype for slope in ours] == [torch.float32] * 2
    assert_same(ours, want)


def test_two_classes_by_softmax_are_the_logistic_unit():
    X, W, b = problem(30, 3, 2)
    y = torch.arange(30) % 2
    dW, db = lin.softmax_gradients(X, y, W, b)
    dw, d0 = lin.logistic_gradients(X, y, W[1] - W[0], b[1] - b[0])
    assert_same((dW[1], db[1]), (dw, d0))
    assert_same((dW[0], db[0]), (-dw, -d0))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 4))
def test_the_slope_is_the_mean_of_the_samples_slopes(seed, n, d):
    X, w, b = problem(n, d, seed=seed)
    y = X.sum(dim=1)
    each = [lin.mse_gradients(X[[k]], y[[k]], w, b) for k in range(n)]
    means = [torch.stack(part).mean(dim=0) for part in zip(*each, strict=True)]
    assert_same(lin.mse_gradients(X, y, w, b), means)


def test_labels_outside_0_to_1_are_refused_though_torch_takes_them():
    X, w, b = problem(4, 2)
    y = torch.tensor([1.0, -1.0, 1.0, -1.0]).double()
    assert F.binary_cross_entropy_with_logits(lin.linear(X, w, b), y).isfinite()
    with pytest.raises(ValueError, match="y holds -1: wanted 0 to 1"):
        lin.logistic_gradients(X, y, w, b)
    with pytest.raises(ValueError, match="nan"):
        lin.logistic_gradients(X, y * float("nan"), w, b)


def test_the_label_that_torch_ignores_is_refused():
    X, W, b = problem(3, 2, 4)
    y = torch.tensor([0, -100, 3])
    assert F.cross_entropy(torch_linear(X, W, b), y).isfinite()
    with pytest.raises(ValueError, match="the label -100: wanted 0 to 3"):
        lin.softmax_gradients(X, y, W, b)
    with pytest.raises(ValueError, match="the label 4: wanted 0 to 3"):
        lin.softmax_gradients(X, torch.tensor([0, 4, 3]), W, b)


@pytest.mark.parametrize(
    "y", [torch.zeros(3), torch.zeros(3, dtype=torch.bool), torch.zeros(3, 1).long()]
)
def test_classes_must_be_whole_numbers_one_a_sample(y):
    X, W, b = problem(3, 2, 4)
    with pytest.raises(ValueError, match=r"whole numbers|have shapes"):
        lin.softmax_gradients(X, y, W, b)


def test_softmax_wants_a_row_of_weights_for_each_class():
    X, w, b = problem(3, 2)
    with pytest.raises(ValueError, match="a row a class"):
        lin.softmax_gradients(X, torch.tensor([0, 1, 0]), w, b)


@pytest.mark.parametrize("gradients", [lin.mse_gradients, lin.logistic_gradients])
@pytest.mark.parametrize(
    ("outputs", "y"), [(None, (5, 1)), (1, (5,)), (None, (4,)), (2, (5, 1))]
)
def test_a_target_that_torch_would_stretch_is_refused(gradients, outputs, y):
    X, w, b = problem(5, 2, outputs)
    with pytest.raises(ValueError, match="wanted the same"):
        gradients(X, torch.zeros(y), w, b)


@pytest.mark.parametrize(
    ("gradients", "outputs", "y"),
    [
        (lin.mse_gradients, None, torch.ones(6)),
        (lin.logistic_gradients, None, torch.ones(6)),
        (lin.softmax_gradients, 3, torch.arange(6) % 3),
    ],
)
def test_what_goes_in_stays_as_it_was(gradients, outputs, y):
    given = (*problem(6, 2, outputs), y)
    X, w, b, y = copies = [t.clone() for t in given]
    gradients(X, y, w, b)
    assert all(torch.equal(a, c) for a, c in zip(given, copies, strict=True))


def test_descend_is_the_optimizer_of_torch():
    X, w, b = problem(20, 3)
    y = X.sum(dim=1)
    path = lin.descend(lambda w, b: lin.mse_gradients(X, y, w, b), (w, b), 0.1, 30)
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    optimizer = torch.optim.SGD([w, b], lr=0.1)
    for ours in path:
        assert_same(ours, (w.detach(), b.detach()))
        optimizer.zero_grad()
        F.mse_loss(torch_linear(X, w, b), y).backward()
        optimizer.step()
    assert len(path) == 31


@pytest.mark.parametrize("n", [0, 1])
def test_descend_from_one_sample_and_from_none(n):
    X, w, b = problem(n, 2)
    y = torch.ones(n).double()
    path = lin.descend(lambda w, b: lin.mse_gradients(X, y, w, b), (w, b), 0.1, 200)
    end = lin.linear(X, *path[-1])
    torch.testing.assert_close(end, y)  # one sample is met, without any nothing moves
    assert (n == 1) or torch.equal(path[-1][0], w)


def test_descend_starts_from_plain_numbers_and_keeps_the_start():
    path = lin.descend(lambda w: (2 * w,), (1.0,), 0.25, 3)
    assert [w.item() for (w,) in path] == [1, 0.5, 0.25, 0.125]
    w = torch.ones(2)
    path = lin.descend(lambda w: [w], (w,), 0.5, 2)
    w.zero_()
    assert path[0][0].tolist() == [1, 1]


def test_descend_records_nothing_for_autograd():
    w = torch.ones(2, requires_grad=True)
    path = lin.descend(lambda w: (w,), (w,), 0.5, 2)
    assert not path[-1][0].requires_grad


def test_a_rate_that_is_too_large_ends_in_no_number():
    path = lin.descend(lambda w: (2 * w,), (torch.tensor(1.0),), 10.0, 200)
    assert not path[-1][0].isfinite()


@pytest.mark.parametrize(
    ("lr", "steps"), [(0.0, 1), (-0.1, 1), (float("nan"), 1), (0.1, -1)]
)
def test_descend_refuses_rates_and_steps_that_lead_nowhere(lr, steps):
    with pytest.raises(ValueError, match="wanted a rate above 0, steps from 0"):
        lin.descend(lambda w: (w,), (1.0,), lr, steps)


@pytest.mark.parametrize(
    "gradients",
    [
        lambda w, b: (w,),
        lambda w, b: (w, b, b),
        lambda w, b: (b, w),
        lambda w, b: (w[:, None], b),
    ],
)
def test_descend_refuses_slopes_that_do_not_fit_the_parameters(gradients):
    with pytest.raises(ValueError, match=r"for parameters of shapes \[\(2,\), \(\)\]"):
        lin.descend(gradients, (torch.ones(2), 0.0), 0.1, 1)


def test_descend_refuses_a_slope_outside_a_tuple():
    with pytest.raises(ValueError, match="must give a tuple"):
        lin.descend(lambda w: w, (torch.ones(1),), 0.1, 1)


@pytest.mark.parametrize("outputs", [None, 1, 4])
def test_least_squares_is_that_of_scikit_learn(outputs):
    X, w, b = problem(40, 3, outputs)
    z = lin.linear(X, w, b)
    y = z + 0.3 * torch.sin(37 * z)  # off the line, without chance
    theirs = LinearRegression().fit(X.numpy(), y.numpy())
    w, b = lin.least_squares(X, y)
    torch.testing.assert_close(w, torch.tensor(theirs.coef_), rtol=1e-9, atol=1e-9)
    want = torch.tensor(theirs.intercept_, dtype=torch.float64)
    torch.testing.assert_close(b, want, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("outputs", [None, 4])
def test_least_squares_is_where_the_slope_is_zero(outputs):
    X, *_ = problem(40, 3)
    y = problem(40, 4, seed=1)[0] if outputs else X.sum(dim=1).sin()
    for slope in lin.mse_gradients(X, y, *lin.least_squares(X, y)):
        assert slope.abs().max() < 1e-12


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 1e-5), (None, 1e-9)])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e3, 1e9])
def test_least_squares_of_inputs_in_any_unit(unit, dtype, most):
    g = torch.Generator().manual_seed(0)
    km, stops = 20 + 480 * torch.rand(300, generator=g), torch.randint(1, 9, (300,))
    y = 0.5 + km / 80 + 0.2 * stops + 0.3 * torch.randn(300, generator=g)
    theirs = LinearRegression().fit(np.stack([km, stops], axis=1), y.numpy())
    X = torch.stack([unit * km.double(), stops], dim=1).to(dtype or torch.float64)
    w, b = lin.least_squares(X, y)
    assert w.dtype == b.dtype == X.dtype
    assert [unit * w[0].item(), w[1].item()] == pytest.approx(theirs.coef_, rel=most)
    assert b.item() == pytest.approx(theirs.intercept_, rel=most)


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 1e-5), (None, 1e-7)])
@pytest.mark.parametrize("x", [torch.linspace(0, 10, 50), torch.linspace(-1, 1, 50)])
def test_least_squares_of_powers_up_to_the_seventh(x, dtype, most):
    x = x.double()
    X = torch.stack([x**n for n in range(1, 8)], dim=1).to(dtype or torch.float64)
    y, scale = (x + x.sin()).exp().log1p(), X.double().abs().amax(dim=0)
    A = torch.cat([X.double() / scale, torch.ones(50, 1)], dim=1).numpy()
    *want, level = np.linalg.lstsq(A, y.numpy(), rcond=None)[0]
    w, b = lin.least_squares(X, y)
    torch.testing.assert_close(
        w.double() * scale, torch.tensor(want), rtol=most, atol=most
    )
    assert b.item() == pytest.approx(level, rel=most)


def test_least_squares_of_whole_numbers():
    X = torch.tensor([[1, 900_000], [2, 100_000], [4, 500_000], [3, 700_000]])
    y = torch.tensor([1, 3, 2, 5])
    w, b = lin.least_squares(X, y)
    assert w.dtype == b.dtype == torch.float32
    theirs = LinearRegression().fit(X.numpy(), y.numpy())
    assert w.tolist() == pytest.approx(theirs.coef_, rel=1e-5)
    assert b.item() == pytest.approx(theirs.intercept_, rel=1e-5)
    stamps = torch.tensor([[1_700_000_001], [1_700_000_002], [1_700_000_003]])
    w, _ = lin.least_squares(stamps, torch.tensor([1.0, 3.0, 5.0]))
    assert w.tolist() == pytest.approx([2])  # in float32 they would be the same


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_least_squares_refuses_what_is_no_finite_number(bad):
    X, y = torch.randn(9, 2), torch.randn(9)
    X_bad, y_bad = X.clone(), y.clone()
    X_bad[3, 1] = y_bad[3] = bad
    with pytest.raises(ValueError, match="X holds nan or inf: wanted finite numbers"):
        lin.least_squares(X_bad, y)
    with pytest.raises(ValueError, match="y holds nan or inf: wanted finite numbers"):
        lin.least_squares(X, y_bad)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_least_squares_refuses_too_few_samples(n):
    X, *_ = problem(n, 3)
    with pytest.raises(
        ValueError, match=f"{n} samples of 3 inputs leave more than one"
    ):
        lin.least_squares(X, X.sum(dim=1))


def test_least_squares_refuses_inputs_that_say_the_same():
    X, *_ = problem(20, 3)
    X[:, 2] = X[:, 0] - X[:, 1]
    with pytest.raises(ValueError, match="a sum of others"):
        lin.least_squares(X, X[:, 0])
    X[:, 2] = 1.0
    with pytest.raises(ValueError, match="is constant"):
        lin.least_squares(X, X[:, 0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("level", [0.0, 1.0, 1000.0])
@pytest.mark.parametrize("n", [5, 100, 20_000])
def test_least_squares_refuses_what_rounding_alone_tells_apart(n, level, dtype):
    g = torch.Generator().manual_seed(n)
    a, b = level + torch.randn(2, n, generator=g, dtype=dtype)
    for inputs in ((a, a * 1000 / 3), (a, b, a - b), (a, 0 * a + level / 3), (0 * a,)):
        with pytest.raises(ValueError, match="perhaps in other units"):
            lin.least_squares(torch.stack(inputs, dim=1), a)


@pytest.mark.parametrize(("X", "y"), [((5,), (5,)), ((5, 2), (4,)), ((5, 2), ())])
def test_least_squares_refuses_shapes_that_do_not_meet(X, y):
    with pytest.raises(ValueError, match="wanted"):
        lin.least_squares(torch.zeros(X), torch.zeros(y))


def test_descent_comes_to_the_answer_of_least_squares():
    X, y = toy.line(60, noise=1.0, seed=3)
    X, y = X.double(), y.double()
    start = torch.zeros(1).double(), 0.0
    path = lin.descend(lambda w, b: lin.mse_gradients(X, y, w, b), start, 0.1, 400)
    for ours, best in zip(path[-1], lin.least_squares(X, y), strict=True):
        torch.testing.assert_close(ours, best)


def test_logistic_descent_comes_to_the_answer_of_scikit_learn():
    X, y = toy.blobs(200, gap=1.0, seed=1)
    X = X.double()
    theirs = LogisticRegression(C=1e12, tol=1e-10).fit(X.numpy(), y.numpy())
    start = torch.zeros(2).double(), 0.0
    path = lin.descend(lambda w, b: lin.logistic_gradients(X, y, w, b), start, 2.0, 500)
    w, b = path[-1]
    torch.testing.assert_close(w, torch.tensor(theirs.coef_[0]), rtol=1e-4, atol=1e-4)
    assert b.item() == pytest.approx(theirs.intercept_[0], abs=1e-4)
