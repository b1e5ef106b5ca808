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


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("shape", [(3, 1), (1,), (1, 3), ()])
def test_scores_and_labels_that_would_stretch_are_refused(loss, shape):
    with pytest.raises(ValueError, match=r"z and y have shapes .*wanted the same"):
        loss(torch.ones(shape), torch.tensor([0, 1, 1]))


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("label", [5, -1, 0.3, float("nan"), float("inf")])
def test_labels_other_than_zero_and_one_are_refused(loss, label):
    with pytest.raises(ValueError, match=rf"y holds {label}: wanted 0 and 1; \(y \+ 1"):
        loss(torch.ones(2), torch.tensor([0, label]))


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("shape", [(), (4, 14), (56, 1)])
def test_scores_and_labels_of_any_shape_go_if_they_have_it_both(loss, shape):
    z, y = samples(torch.float64, n=56)
    n = torch.Size(shape).numel()
    assert loss(z[:n].reshape(shape), y[:n].reshape(shape)) == loss(z[:n], y[:n])


def test_a_share_as_a_label_has_a_loss_in_torch_which_is_not_the_log_loss():
    z, y = torch.tensor([1.0]), torch.tensor([0.3])
    assert torch_log_loss(z, y).item() == pytest.approx(1.0132617)
    assert losses.bce_with_logits(z, y).item() == pytest.approx(1.0132617)
    with pytest.raises(ValueError, match=r"for shares .* bce_with_logits"):
        losses.log_loss(z, y)


def signs_of(y):
    return 2 * y - 1


def margin_ranking(z, y, reduction="mean"):
    """max(0, 1 - y z), by torch's loss for ranking pairs."""
    zeros = torch.zeros_like(z)
    return F.margin_ranking_loss(z, zeros, y, margin=1.0, reduction=reduction)


def numbers(dtype, seed=0, n=57):
    g = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(2, n, generator=g, dtype=dtype)


def binary(dtype, seed=0, n=57):
    z, y = samples(dtype, seed, n)
    return z, y.to(dtype)


def probable(dtype, seed=0, n=57):
    z, y = binary(dtype, seed, n)
    return torch.sigmoid(z), y


def signed(dtype, seed=0, n=57):
    z, y = samples(dtype, seed, n)
    return z, signs_of(y).to(dtype)


def vectors(dtype, seed=0, n=57):
    g = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, n, 4, generator=g, dtype=dtype)
    return a, b, signs_of(torch.randint(2, (n,), generator=g))


PAIRS = {
    "mse": (losses.mse, F.mse_loss, numbers),
    "mae": (losses.mae, F.l1_loss, numbers),
    "huber": (losses.huber, F.huber_loss, numbers),
    "bce": (losses.bce, F.binary_cross_entropy, probable),
    "bce_with_logits": (
        losses.bce_with_logits,
        F.binary_cross_entropy_with_logits,
        binary,
    ),
    "hinge": (losses.hinge, margin_ranking, signed),
    "soft_margin": (losses.soft_margin, F.soft_margin_loss, signed),
    "cosine_embedding": (
        losses.cosine_embedding,
        F.cosine_embedding_loss,
        vectors,
    ),
}
by_pair = pytest.mark.parametrize(("ours", "theirs", "draw"), PAIRS.values(), ids=PAIRS)
by_reduction = pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
PRECISION = [(torch.float32, 1e-5), (torch.float64, 1e-10)]
by_precision = pytest.mark.parametrize(("dtype", "most"), PRECISION)


def slopes(loss, inputs, **options):
    """The slopes in every input that has one, each sample with another weight."""
    inputs = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs[:-1]] + [
        inputs[-1]
    ]
    value = loss(*inputs, **options)
    weight = torch.linspace(1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
    return torch.autograd.grad((weight * value).sum(), inputs[:-1])


def assert_near(value, want, most, each):
    """Up to a share of each entry, or of the largest: a sum is rounded as its largest."""
    size = want.abs() if each else want.abs().max()
    assert ((value - want).abs() <= most * size.clamp(min=1)).all()


def assert_twins(ours, theirs, inputs, most, **options):
    value, want = ours(*inputs, **options), theirs(*inputs, **options)
    assert value.shape == want.shape
    assert value.dtype == want.dtype
    each = options.get("reduction") == "none"
    assert_near(value, want, most, each)
    pairs = zip(
        slopes(ours, inputs, **options), slopes(theirs, inputs, **options), strict=True
    )
    for mine, torchs in pairs:
        assert mine.isfinite().all()
        assert_near(mine, torchs, most, each)


@by_pair
@by_reduction
@by_precision
def test_every_loss_has_torchs_values_and_slopes(
    ours, theirs, draw, reduction, dtype, most
):
    for seed in range(3):
        assert_twins(ours, theirs, draw(dtype, seed), most, reduction=reduction)


def test_an_error_beside_a_large_loss_is_seen():
    def off(z, y, reduction):
        return F.soft_margin_loss(z, y, reduction=reduction) + torch.tensor([0, 0.09])

    inputs = torch.tensor([-80.0, 80.0]), torch.ones(2)
    assert_twins(losses.soft_margin, F.soft_margin_loss, inputs, 1e-5, reduction="none")
    with pytest.raises(AssertionError):
        assert_twins(off, F.soft_margin_loss, inputs, 2e-3, reduction="none")


@by_pair
@by_reduction
def test_a_batch_of_one_sample(ours, theirs, draw, reduction):
    inputs = draw(torch.float64, n=1)
    assert_twins(ours, theirs, inputs, 1e-12, reduction=reduction)


@by_pair
def test_an_empty_batch_has_no_mean_and_a_sum_of_zero(ours, theirs, draw):
    inputs = draw(torch.float32, n=0)
    for loss in (ours, theirs):
        assert loss(*inputs).isnan()
        assert loss(*inputs, reduction="sum") == 0
        assert loss(*inputs, reduction="none").shape == (0,)


@by_pair
def test_every_slope_agrees_with_differences(ours, theirs, draw):
    *floats, y = draw(torch.float64, n=7)
    floats = [x.clone().requires_grad_() for x in floats]
    assert torch.autograd.gradcheck(
        lambda *x: ours(*x, y, reduction="none"), tuple(floats)
    )


@by_pair
def test_an_unknown_reduction_is_refused(ours, theirs, draw):
    with pytest.raises(
        ValueError, match=r"reduction 'average': wanted 'none', 'mean' or 'sum'"
    ):
        ours(*draw(torch.float32), reduction="average")


@by_pair
def test_shapes_that_would_stretch_are_refused(ours, theirs, draw):
    first, *others = draw(torch.float32, n=3)
    with pytest.raises(ValueError, match=r"shapes \(3, 1.*wanted the same"):
        ours(first[:, None], *others)


@pytest.mark.parametrize("ours", [losses.mse, losses.mae, losses.huber])
def test_any_shape_goes_as_long_as_both_have_it(ours):
    a, b = numbers(torch.float64, n=24).reshape(2, 2, 3, 4)
    assert ours(a, b, reduction="none").shape == (2, 3, 4)
    assert ours(a, b) == ours(a.flatten(), b.flatten())
    assert ours(a[0, 0, 0], b[0, 0, 0]).shape == ()


def test_torch_stretches_where_ours_refuses():
    y = torch.tensor([1.0, 2.0, 3.0])
    with pytest.warns(UserWarning, match="size"):
        assert F.mse_loss(y[:, None], y) > 1  # nine pairs, of which three were meant
    with pytest.raises(ValueError, match=r"squeeze\(1\)"):
        losses.mse(y[:, None], y)


# Numbers


@by_reduction
@pytest.mark.parametrize("delta", [1e-3, 0.5, 4.0, 1e4])
def test_huber_for_every_delta(delta, reduction):
    inputs = numbers(torch.float64)
    assert_twins(
        losses.huber, F.huber_loss, inputs, 1e-10, delta=delta, reduction=reduction
    )


def test_huber_worked_by_hand_and_at_the_joint():
    r = torch.tensor([0.0, 1.0, 2.0, -2.0, 5.0], dtype=torch.float64)
    got = losses.huber(r, torch.zeros_like(r), "none", delta=2.0)
    assert got.tolist() == [0, 0.5, 2, 2, 8]
    (slope_of_r,) = slopes(losses.huber, (r, torch.zeros_like(r)), delta=2.0)
    (theirs,) = slopes(F.huber_loss, (r, torch.zeros_like(r)), delta=2.0)
    assert torch.equal(slope_of_r, theirs)


@pytest.mark.parametrize("delta", [0.0, -1.0, float("nan"), float("inf")])
def test_huber_refuses_a_delta_that_is_no_length(delta):
    with pytest.raises(ValueError, match=r"delta .*: wanted a finite number above 0"):
        losses.huber(*numbers(torch.float32), delta=delta)


@pytest.mark.parametrize("loss", [losses.mse, losses.mae, losses.huber])
def test_a_perfect_prediction_costs_nothing_and_pulls_nowhere(loss):
    y = numbers(torch.float32)[0]
    assert loss(y, y) == 0
    assert slopes(loss, (y, y))[0].abs().max() == 0


# Two classes


@by_precision
@by_reduction
@pytest.mark.parametrize("name", ["bce_with_logits", "soft_margin", "hinge"])
def test_scores_of_ten_thousand(name, reduction, dtype, most):
    ours, theirs, _ = PAIRS[name]
    z = torch.tensor([-1e4, -1e4, -90, -90, 90, 90, 1e4, 1e4], dtype=dtype)
    y = torch.tensor([0, 1] * 4)
    inputs = z, (y if name == "bce_with_logits" else signs_of(y)).to(dtype)
    if name == "soft_margin":  # torch's own goes through exp, which overflows
        assert theirs(*inputs).isinf()
        theirs = lambda z, y, reduction: F.binary_cross_entropy_with_logits(  # noqa: E731
            z, (y + 1) / 2, reduction=reduction
        )
    assert_twins(ours, theirs, inputs, most, reduction=reduction)


@pytest.mark.parametrize("dtype", DTYPES)
def test_probabilities_of_zero_and_one_cost_a_hundred_as_in_torch(dtype):
    p, y = torch.tensor([[0, 0, 1, 1], [0, 1, 0, 1]], dtype=dtype)
    got = losses.bce(p, y, reduction="none")
    assert got.tolist() == [0, 100, 100, 0]
    assert torch.equal(got, F.binary_cross_entropy(p, y, reduction="none"))
    near = torch.tensor([1e-44, 1e-40], dtype=dtype)  # less than exp(-100), and more
    ours, theirs = (
        loss(near, torch.ones_like(near), reduction="none")
        for loss in (losses.bce, F.binary_cross_entropy)
    )
    torch.testing.assert_close(ours, theirs)


def test_slopes_at_zero_and_one_are_ours_own():
    """Torch divides by p (1 - p), at least 1e-12: a huge slope, or none where there is one."""
    p = torch.tensor([0, 0, 1, 1, 1e-20], dtype=torch.float64)
    y = torch.tensor([0, 1, 0, 1, 1], dtype=torch.float64)
    ours, theirs = (
        slope(lambda p, y, f=loss: f(p, y, reduction="sum"), p, y)
        for loss in (losses.bce, F.binary_cross_entropy)
    )
    assert ours.tolist() == [1, 0, 0, -1, pytest.approx(-1e20)]
    assert theirs.tolist() == pytest.approx([0, -1e12, 1e12, 0, -1e12])


def test_after_a_sigmoid_that_rounded_neither_slope_brings_a_sample_back():
    z, y = torch.tensor([200.0]), torch.tensor([0.0])
    for loss in (losses.bce, F.binary_cross_entropy):
        assert slope(lambda z, y, f=loss: f(torch.sigmoid(z), y), z, y) == 0
    assert slope(losses.bce_with_logits, z, y) == 1


@by_reduction
@pytest.mark.parametrize("shape", [(57,), (1,)])
def test_weights_of_samples_and_of_the_label_one(reduction, shape):
    weight = 3 * torch.rand(shape, dtype=torch.float64)
    inputs, options = binary(torch.float64), {"weight": weight, "reduction": reduction}
    ours, theirs, _ = PAIRS["bce_with_logits"]
    assert_twins(ours, theirs, inputs, 1e-10, **options)
    options["pos_weight"] = 5 * torch.rand(shape, dtype=torch.float64)
    assert_twins(ours, theirs, inputs, 1e-10, **options)
    del options["pos_weight"]
    ours, theirs, _ = PAIRS["bce"]
    assert_twins(ours, theirs, probable(torch.float64), 1e-10, **options)


def test_the_mean_of_weighted_samples_is_over_their_number():
    z, y = torch.zeros(4), torch.tensor([0.0, 1.0, 1.0, 1.0])
    log_two = pytest.approx(0.6931472)
    assert losses.bce_with_logits(z, y, weight=torch.tensor([4.0, 0, 0, 0])) == log_two
    tripled = losses.bce_with_logits(z, y, pos_weight=torch.tensor(3.0))
    assert tripled / losses.bce_with_logits(z, y) == pytest.approx(2.5)  # 10 / 4


def test_several_labels_a_sample_with_a_weight_for_each_label():
    z, y = (x.reshape(19, 3) for x in binary(torch.float64))
    weight = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)
    ours, theirs, _ = PAIRS["bce_with_logits"]
    assert_twins(ours, theirs, (z, y), 1e-10, pos_weight=weight, reduction="none")


@pytest.mark.parametrize("loss", [losses.bce, losses.bce_with_logits])
@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool])
def test_labels_may_be_whole_numbers_unlike_torchs(loss, dtype):
    p, y = probable(torch.float32)
    assert torch.equal(loss(p, y.to(dtype)), loss(p, y))
    name = "bce" if loss is losses.bce else "bce_with_logits"
    with pytest.raises(RuntimeError):
        PAIRS[name][1](p, y.long())


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.int8])
def test_scores_may_be_whole_numbers_unlike_torchs(dtype):
    z = torch.tensor([0, 1, 90, 127]).to(dtype)
    y = torch.tensor([0.0, 1.0, 0.3, 0.0])
    got = losses.bce_with_logits(z, y, reduction="none")
    assert_near(got, losses.bce_with_logits(z.float(), y, reduction="none"), 1e-6, True)
    s = torch.tensor([1, -1, 1, -1], dtype=torch.int8)
    got = losses.soft_margin(z, s, reduction="none")
    assert_near(got, losses.soft_margin(z.float(), s, reduction="none"), 1e-6, True)
    with pytest.raises(RuntimeError):
        F.binary_cross_entropy_with_logits(z, y)


def test_shares_between_zero_and_one_are_labels_too():
    p, _ = probable(torch.float64)
    y = torch.linspace(0, 1, len(p), dtype=torch.float64)
    for name in ("bce", "bce_with_logits"):
        ours, theirs, _ = PAIRS[name]
        assert_twins(ours, theirs, (p, y), 1e-10)


@pytest.mark.parametrize("wrong", [1.0001, -1e-6, float("nan"), float("inf")])
def test_what_is_no_probability_is_refused(wrong):
    p, y = torch.tensor([0.5, wrong]), torch.tensor([0.0, 1.0])
    with pytest.raises(ValueError, match=r"p holds .*wanted 0 to 1.*bce_with_logits"):
        losses.bce(p, y)
    with pytest.raises(RuntimeError):  # torch agrees about p …
        F.binary_cross_entropy(p, y)


@pytest.mark.parametrize("wrong", [2.0, -1.0, float("nan")])
@pytest.mark.parametrize("loss", [losses.bce, losses.bce_with_logits])
def test_labels_outside_zero_and_one_are_refused(wrong, loss):
    p, y = torch.tensor([0.5, 0.5]), torch.tensor([0.0, wrong])
    with pytest.raises(ValueError, match=r"y holds .*wanted 0 to 1; labels -1 and"):
        loss(p, y)
    F.binary_cross_entropy_with_logits(p, y)  # … but lets any label pass


@pytest.mark.parametrize("wrong", [0.0, 2.0, float("nan")])
@pytest.mark.parametrize("loss", [losses.hinge, losses.soft_margin])
def test_labels_that_are_no_signs_are_refused(wrong, loss):
    with pytest.raises(ValueError, match=r"y holds .*wanted -1 and \+1; 2 \* y - 1"):
        loss(torch.tensor([0.5, 0.5]), torch.tensor([1.0, wrong]))


@pytest.mark.parametrize("name", ["weight", "pos_weight"])
def test_a_weight_that_would_stretch_the_samples_is_refused(name):
    z, y = binary(torch.float32, n=3)
    with pytest.raises(ValueError, match=rf"{name} has shape \(3, 1\).*\(3,\)"):
        losses.bce_with_logits(z, y, **{name: torch.ones(3, 1)})


# Pairs of vectors


@by_reduction
@pytest.mark.parametrize("margin", [-0.5, 0.0, 0.5])
def test_cosine_embedding_with_a_margin(margin, reduction):
    inputs = vectors(torch.float64)
    assert_twins(
        losses.cosine_embedding,
        F.cosine_embedding_loss,
        inputs,
        1e-10,
        margin=margin,
        reduction=reduction,
    )


@pytest.mark.parametrize("scale", [0.0, 1e-4, 1e4])
def test_vectors_of_zeros_and_of_great_length(scale):
    a, b, y = vectors(torch.float64)
    inputs = (scale * a, b, y)
    most = (
        1e-10 if scale else 1e-8
    )  # only torch's 1e-12 counts then, rounded to float32
    assert_twins(losses.cosine_embedding, F.cosine_embedding_loss, inputs, most)


def test_what_is_no_pair_of_vectors_is_refused():
    a, b, y = vectors(torch.float32, n=3)
    with pytest.raises(ValueError, match=r"a \(3, 4\) and y \(2,\): wanted \(N, D\)"):
        losses.cosine_embedding(a, b, y[:2])
    with pytest.raises(ValueError, match=r"y holds 0: wanted -1 and \+1"):
        losses.cosine_embedding(a, b, 0 * y)
    assert F.cosine_embedding_loss(a, b, 0 * y) == 0  # torch passes these over
    with pytest.raises(ValueError, match=r"a \(4,\) and y \(\)"):
        losses.cosine_embedding(a[0], b[0], y[0])
    F.cosine_embedding_loss(a[0], b[0], y[0])
