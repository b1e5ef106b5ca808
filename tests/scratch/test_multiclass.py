"""torchbook.scratch.multiclass: values and slopes against torch."""

import pytest
import torch
import torch.nn.functional as F

from torchbook.scratch import losses, multiclass

PAIRS = {
    "nll": (multiclass.nll, F.nll_loss),
    "cross_entropy": (multiclass.cross_entropy, F.cross_entropy),
}
WEIGHT = torch.tensor([0.5, 2.0, 1.0, 0.25, 3.0])
by_pair = pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS)
by_reduction = pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
by_precision = pytest.mark.parametrize(
    ("dtype", "most"), [(torch.float32, 1e-5), (torch.float64, 1e-10)]
)


def samples(dtype, seed=0, n=41, classes=5):
    g = torch.Generator().manual_seed(seed)
    scores = 3 * torch.randn(n, classes, generator=g, dtype=dtype)
    return scores, torch.randint(classes, (n,), generator=g)


def slope(loss, scores, y, **options):
    scores = scores.clone().requires_grad_()
    value = loss(scores, y, **options)
    weight = torch.linspace(1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
    return torch.autograd.grad((weight * value).sum(), scores)[0]


def assert_near(value, want, most, each):
    """Up to a share of each entry, or of the largest: a sum is rounded as its largest."""
    size = want.abs() if each else want.abs().max()
    assert ((value - want).abs() <= most * size.clamp(min=1)).all()


def assert_twins(ours, theirs, scores, y, most, **options):
    value, want = ours(scores, y, **options), theirs(scores, y, **options)
    assert value.shape == want.shape
    assert value.dtype == want.dtype
    each = options.get("reduction") == "none"
    assert_near(value, want, most, each)
    mine, torchs = (slope(f, scores, y, **options) for f in (ours, theirs))
    assert mine.isfinite().all()
    assert_near(mine, torchs, most, each)


def test_losses_has_them_under_the_same_names():
    for name in ("nll", "cross_entropy", "one_hot"):
        assert getattr(losses, name) is getattr(multiclass, name)


@by_pair
@by_reduction
@by_precision
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignore_index", [-100, 2])
def test_values_and_slopes_are_those_of_torch(
    ours, theirs, reduction, dtype, most, weighted, ignore_index
):
    options = {"reduction": reduction, "ignore_index": ignore_index}
    if weighted:
        options["weight"] = WEIGHT.to(dtype)
    for seed in range(3):
        scores, y = samples(dtype, seed)
        y[::7] = ignore_index
        assert_twins(ours, theirs, scores, y, most, **options)


@by_reduction
@by_precision
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_label_smoothing(reduction, dtype, most, label_smoothing, weighted):
    scores, y = samples(dtype)
    y[::7] = -100
    options = {"weight": WEIGHT.to(dtype)} if weighted else {}
    options |= {"reduction": reduction, "label_smoothing": label_smoothing}
    assert_twins(*PAIRS["cross_entropy"], scores, y, most, **options)


@by_reduction
@by_precision
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_logits_of_ten_thousand(reduction, dtype, most, label_smoothing):
    scores = torch.tensor(
        [[1e4, 0, -1e4], [1e4, 0, -1e4], [1e4, 1e4, -1e4], [-1e4] * 3], dtype=dtype
    )
    y = torch.tensor([0, 2, 1, 0])
    options = {"reduction": reduction, "label_smoothing": label_smoothing}
    assert_twins(*PAIRS["cross_entropy"], scores, y, most, **options)


def test_an_error_beside_a_loss_of_ten_thousand_is_seen():
    def off(scores, y, reduction):
        losses = F.cross_entropy(scores, y, reduction=reduction)
        return losses + torch.tensor([0, 0.09])

    scores, y = torch.tensor([[1e4, 0.0], [1e4, 0.0]]), torch.tensor([1, 0])
    with pytest.raises(AssertionError):
        assert_twins(off, F.cross_entropy, scores, y, 1e-5, reduction="none")


@by_reduction
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int64])
def test_logits_may_be_whole_numbers_unlike_torchs(dtype, reduction):
    scores = torch.tensor([[0, 1, 127], [100, 0, 3]]).to(dtype)
    y = torch.tensor([0, 2])
    got = multiclass.cross_entropy(scores, y, reduction=reduction)
    torch.testing.assert_close(
        got, F.cross_entropy(scores.float(), y, reduction=reduction)
    )
    with pytest.raises(NotImplementedError):
        F.cross_entropy(scores, y)


def test_known_values():
    even = torch.zeros(3, 4, dtype=torch.float64)
    y = torch.tensor([0, 1, 3])
    assert multiclass.cross_entropy(even, y).item() == pytest.approx(1.3862943611198906)
    sure = torch.tensor([[1e4, 0.0], [1e4, 0.0]])
    got = multiclass.cross_entropy(sure, torch.tensor([0, 1]), reduction="none")
    assert got.tolist() == [0, 1e4]


def test_two_classes_are_the_log_loss_of_the_difference():
    scores, y = samples(torch.float64, classes=2)
    torch.testing.assert_close(
        multiclass.cross_entropy(scores, y),
        losses.bce_with_logits(scores[:, 1] - scores[:, 0], y),
    )


def test_the_mean_divides_by_the_weights_that_were_met():
    log_probs = torch.log(torch.tensor([[0.5, 0.5], [0.25, 0.75]]))
    got = multiclass.nll(log_probs, torch.tensor([0, 0]), torch.tensor([3.0, 100.0]))
    assert got.item() == pytest.approx(1.0397208)  # (log 2 + log 4) / 2
    y = torch.tensor([0, -100])
    assert multiclass.nll(log_probs, y).item() == pytest.approx(0.6931472)


@by_pair
@by_reduction
def test_one_sample(ours, theirs, reduction):
    assert_twins(ours, theirs, *samples(torch.float64, n=1), 1e-12, reduction=reduction)


@by_pair
def test_no_samples_and_none_that_counts_have_no_mean(ours, theirs):
    none = samples(torch.float32, n=0)
    scores, y = samples(torch.float32, n=3)
    for inputs in (none, (scores, torch.full_like(y, -100))):
        for loss in (ours, theirs):
            assert loss(*inputs).isnan()
            assert loss(*inputs, reduction="sum") == 0
            assert not loss(*inputs, reduction="none").any()


@by_pair
def test_slopes_agree_with_differences(ours, theirs):
    scores, y = samples(torch.float64, n=4)
    y[1] = -100
    options = {"weight": WEIGHT.double(), "reduction": "none"}
    if ours is multiclass.cross_entropy:
        options["label_smoothing"] = 0.2
    scores.requires_grad_()
    assert torch.autograd.gradcheck(lambda s: ours(s, y, **options), scores)


@by_pair
def test_an_ignored_sample_may_hold_anything(ours, theirs):
    scores, y = samples(torch.float64, n=3)
    y[0] = -100
    want = theirs(scores, y)
    scores[0, 0] = float("-inf")
    assert ours(scores, y) == pytest.approx(want.item())


def test_a_class_that_is_ruled_out_costs_nothing_unless_it_was_true():
    scores = torch.tensor([[1.0, float("-inf"), 2.0]])
    for y in (0, 1, 2):
        inputs = scores, torch.tensor([y])
        assert multiclass.cross_entropy(*inputs) == F.cross_entropy(*inputs)


@by_pair
@pytest.mark.parametrize("label", [5, -1, -99, 1000])
def test_labels_outside_the_classes_are_refused(ours, theirs, label):
    scores, y = samples(torch.float32, n=3)
    y[1] = label
    with pytest.raises(
        ValueError, match=rf"y holds the label {label}: wanted 0 to 4, for 5 classes"
    ):
        ours(scores, y)
    with pytest.raises(IndexError):
        theirs(scores, y)


@by_pair
@pytest.mark.parametrize("dtype", [torch.float32, torch.bool])
def test_labels_that_are_no_whole_numbers_are_refused(ours, theirs, dtype):
    scores, y = samples(torch.float32, n=3)
    with pytest.raises(ValueError, match=r"y has dtype .*wanted whole numbers"):
        ours(scores, y.to(dtype))


@by_pair
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_labels_may_be_of_any_whole_type(ours, theirs, dtype):
    scores, y = samples(torch.float32)
    assert torch.equal(ours(scores, y.to(dtype)), ours(scores, y))


def test_a_byte_is_never_taken_for_the_ignored_label():
    scores = torch.zeros(2, 200)
    y = torch.tensor([156, 0], dtype=torch.uint8)  # -100 as a byte is 156
    assert multiclass.cross_entropy(scores, y, reduction="none").min() > 0


@by_pair
def test_shapes_that_do_not_meet_are_refused(ours, theirs):
    scores, y = samples(torch.float32, n=3)
    with pytest.raises(ValueError, match=r"y \(2,\): wanted \(N, C\) and \(N,\)"):
        ours(scores, y[:2])
    with pytest.raises(ValueError, match=r"y \(3, 1\): wanted \(N, C\) and \(N,\)"):
        ours(scores, y[:, None])
    with pytest.raises(ValueError, match=r"weight \(3,\): wanted \(5,\), one number"):
        ours(scores, y, weight=torch.ones(3))


@by_pair
def test_torch_takes_shapes_that_ours_does_not(ours, theirs):
    scores, y = samples(torch.float32, n=3)
    for inputs in ((scores[0], y[0]), (scores[:, :, None], y[:, None])):
        theirs(*inputs)
        with pytest.raises(ValueError, match=r"wanted \(N, C\) and \(N,\)"):
            ours(*inputs)


@by_pair
def test_an_unknown_reduction_is_refused(ours, theirs):
    with pytest.raises(ValueError, match=r"reduction 'average': wanted 'none'"):
        ours(*samples(torch.float32), reduction="average")


@pytest.mark.parametrize("label_smoothing", [-0.1, 1.1, float("nan")])
def test_a_smoothing_that_is_no_share_is_refused(label_smoothing):
    with pytest.raises(ValueError, match=r"label_smoothing .*wanted 0 to 1"):
        multiclass.cross_entropy(
            *samples(torch.float32), label_smoothing=label_smoothing
        )


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (2, 3)])
def test_one_hot_is_that_of_torch(shape):
    y = torch.randint(4, shape)
    got = multiclass.one_hot(y, 4)
    assert torch.equal(got, F.one_hot(y, 4))
    assert got.dtype == torch.int64


def test_one_hot_refuses_what_is_no_class():
    with pytest.raises(ValueError, match="y holds the label 3: wanted 0 to 2"):
        multiclass.one_hot(torch.tensor([0, 3]), 3)
    with pytest.raises(ValueError, match="y holds the label -100"):
        multiclass.one_hot(torch.tensor([-100]), 3)
    with pytest.raises(ValueError, match="wanted whole numbers"):
        multiclass.one_hot(torch.tensor([1.0]), 3)
