"""torchbook.scratch.conv: sizes, outputs and slopes against torch.nn.functional."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from torchbook.scratch.conv import (
    avg_pool2d,
    conv2d,
    max_pool2d,
    output_size,
    windows,
)

BELOW = {"atol": 1e-10, "rtol": 0}
SETTINGS = list(itertools.product([1, 2, 3, (2, 1)], [0, 1, (2, 3)], [1, 2, (1, 3)]))


def randn(*shape, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=g, dtype=torch.float64)


def slopes(function, *tensors):
    """The outputs, and the slopes of a weighted sum of them in every tensor."""
    tensors = [t.clone().requires_grad_() for t in tensors]
    out = function(*tensors)
    weight = randn(*out.shape, seed=99)
    return [out.detach(), *torch.autograd.grad((weight * out).sum(), tensors)]


def assert_twins(ours, theirs, *tensors):
    pairs = zip(slopes(ours, *tensors), slopes(theirs, *tensors), strict=True)
    for a, b in pairs:
        torch.testing.assert_close(a, b, **BELOW)


# sizes


def test_output_size_counts_the_windows_that_can_be_laid():
    sizes = itertools.product(
        range(1, 9), range(1, 5), range(1, 4), range(3), (1, 2, 3)
    )
    fitting = 0
    for n, kernel, stride, padding, dilation in sizes:
        starts = range(-padding, n + padding, stride)
        last = dilation * (kernel - 1)
        laid = sum(start + last < n + padding for start in starts)
        if laid:
            fitting += 1
            assert output_size(n, kernel, stride, padding, dilation) == laid
        else:
            with pytest.raises(ValueError, match="reaches over"):
                output_size(n, kernel, stride, padding, dilation)
    assert fitting > 500


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((0, 3), "n 0: wanted whole numbers, at least 1"),
        ((8, 0), "kernel 0: wanted whole numbers, at least 1"),
        ((8, 3, 0), "stride 0: wanted whole numbers, at least 1"),
        ((8, 3, 1, -1), "padding -1: wanted whole numbers, at least 0"),
        ((8, 3, 1, 0, 0), "dilation 0: wanted whole numbers, at least 1"),
        ((8, 3.0), r"kernel 3.0: wanted whole numbers"),
        ((8, 3, True), "stride True: wanted whole numbers"),
        (
            (8, 3, 1, "same"),
            r"padding 'same': .* dilation \* \(kernel - 1\) // 2 keeps",
        ),
        ((8, None), "kernel None: wanted whole numbers"),
        ((4, 3, 1, 0, 2), "dilation 2 reaches over 5 pixels, and there are 4"),
        ((1, 4, 1, 1), "with padding 3: wanted at least 4; use a smaller kernel"),
    ],
)
def test_output_size_says_what_does_not_fit(given, words):
    with pytest.raises(ValueError, match=words):
        output_size(*given)


# windows


@pytest.mark.parametrize(("stride", "padding", "dilation"), SETTINGS)
def test_windows_are_those_of_torchs_unfold(stride, padding, dilation):
    def columns(X):
        seen = windows(X, (3, 2), stride, padding, dilation)  # (N, C, H', W', I, J)
        return seen.permute(0, 1, 4, 5, 2, 3).flatten(4).flatten(1, 3)

    def theirs(X):
        return F.unfold(X, (3, 2), dilation, padding, stride)

    assert_twins(columns, theirs, randn(2, 3, 8, 9))


def test_windows_copy_nothing_and_leave_the_pictures_alone():
    X = randn(1, 2, 5, 6)
    seen = windows(X, 3, 2)
    assert seen.untyped_storage().data_ptr() == X.untyped_storage().data_ptr()
    assert torch.equal(seen[0, 1, 1, 0], X[0, 1, 2:5, 0:3])
    before = X.clone()
    windows(X, 3, padding=1, fill=7.0)
    assert torch.equal(X, before)


def test_the_frame_holds_what_it_is_told_to():
    seen = windows(torch.zeros(1, 1, 1, 1), 3, padding=1, fill=7.0)[0, 0, 0, 0]
    assert seen.flatten().tolist() == [7, 7, 7, 7, 0, 7, 7, 7, 7]


# convolution


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (3, 2)])
@pytest.mark.parametrize(("stride", "padding", "dilation"), SETTINGS)
def test_conv2d_is_torchs(stride, padding, dilation, kernel, bias):
    given = [randn(2, 3, 8, 9), randn(4, 3, *kernel, seed=1)]
    given += [randn(4, seed=2)] * bias
    settings = {"stride": stride, "padding": padding, "dilation": dilation}
    assert_twins(
        lambda *tensors: conv2d(*tensors, **settings),
        lambda *tensors: F.conv2d(*tensors, **settings),
        *given,
    )


@pytest.mark.parametrize(
    ("channels", "kernels", "groups"), [(6, 4, 2), (3, 6, 3), (5, 5, 5)]
)
@pytest.mark.parametrize(("stride", "padding", "dilation"), SETTINGS[::5])
def test_groups_are_torchs(channels, kernels, groups, stride, padding, dilation):
    settings = (stride, padding, dilation, groups)
    assert_twins(
        lambda X, w, b: conv2d(X, w, b, *settings),
        lambda X, w, b: F.conv2d(X, w, b, *settings),
        randn(2, channels, 7, 8),
        randn(kernels, channels // groups, 3, 3, seed=1),
        randn(kernels, seed=2),
    )


@pytest.mark.parametrize("shape", [(0, 2, 5, 5), (1, 2, 3, 3), (1, 2, 3, 40)])
def test_no_pictures_and_pictures_of_the_kernels_size(shape):
    X, weight = randn(*shape), randn(3, 2, 3, 3, seed=1)
    torch.testing.assert_close(conv2d(X, weight), F.conv2d(X, weight), **BELOW)


def test_a_kernel_is_not_turned_round():
    X = torch.zeros(1, 1, 3, 3)
    X[0, 0, 1, 1] = 1
    kernel = torch.arange(9.0).reshape(1, 1, 3, 3)
    assert torch.equal(conv2d(X, kernel, padding=1)[0, 0], kernel[0, 0].flip(0, 1))


def test_under_autocast_kernels_of_another_kind_are_taken():
    with torch.autocast("cpu", torch.bfloat16):
        out = conv2d(
            torch.zeros(1, 1, 4, 4, dtype=torch.bfloat16), torch.ones(2, 1, 3, 3)
        )
    assert out.shape == (1, 2, 2, 2)


X, WEIGHT = torch.zeros(2, 4, 6, 6), torch.zeros(6, 4, 3, 3)


@pytest.mark.parametrize(
    ("given", "settings", "words"),
    [
        ((X[0, 0], WEIGHT), {}, r"X \(6, 6\): wanted \(N, C, H, W\).*X\[None, None\]"),
        ((X[0], WEIGHT), {}, r"X \(4, 6, 6\): wanted .* unsqueeze"),
        ((X[None], WEIGHT), {}, r"X \(1, 2, 4, 6, 6\): wanted .* reshape"),
        ((X.tolist(), WEIGHT), {}, "X is a list: wanted a tensor"),
        ((X.byte(), WEIGHT), {}, r"torch.uint8: wanted floats; X.float\(\)"),
        ((X.bool(), WEIGHT), {}, "torch.bool: wanted floats"),
        ((X.double(), WEIGHT), {}, "X holds torch.float64, the weight torch.float32"),
        ((X, WEIGHT, torch.zeros(6).double()), {}, "the bias torch.float64"),
        ((X, WEIGHT[0]), {}, r"weight \(4, 3, 3\): wanted \(K, C, I, J\)"),
        ((X, WEIGHT.tolist()), {}, r"weight list: wanted \(K, C, I, J\)"),
        ((X, WEIGHT[:0]), {}, r"weight \(0, 4, 3, 3\): .* no size 0"),
        ((X, WEIGHT[..., :0]), {}, "no size 0"),
        ((X, WEIGHT[:, :3]), {}, r"4 channels, weight \(6, 3, 3, 3\) looks at 3"),
        ((X, WEIGHT, torch.zeros(4)), {}, r"bias \(4,\): wanted \(6,\)"),
        ((X, WEIGHT, torch.zeros(6, 1)), {}, r"bias \(6, 1\): wanted \(6,\)"),
        ((X, WEIGHT, 0.5), {}, r"bias float: wanted \(6,\)"),
        ((X, WEIGHT), {"groups": 2}, "looks at 4 in each of 2 groups: wanted 8"),
        ((X, WEIGHT[:5, :2]), {"groups": 2}, "kernels that 2 divides"),
        ((X, WEIGHT), {"groups": 0}, "groups 0: wanted whole numbers, at least 1"),
        ((X, WEIGHT), {"groups": 1.0}, "groups 1.0: wanted whole numbers"),
        ((X, WEIGHT), {"stride": 0}, "stride 0: wanted whole numbers, at least 1"),
        ((X, WEIGHT), {"stride": (1, 0)}, r"stride \(1, 0\): wanted whole"),
        ((X, WEIGHT), {"stride": (1, 1, 1)}, r"stride \(1, 1, 1\): wanted one whole"),
        (
            (X, WEIGHT),
            {"stride": torch.tensor([1, 1])},
            r"stride tensor.*: wanted whole",
        ),
        ((X, WEIGHT), {"padding": -1}, "padding -1: wanted whole numbers, at least 0"),
        ((X, WEIGHT), {"padding": "same"}, "padding 'same': wanted .* keeps the size"),
        ((X, WEIGHT), {"dilation": 3}, "reaches over 7 pixels, and there are 6"),
        ((X, WEIGHT), {"dilation": None}, "dilation None: wanted whole numbers"),
    ],
)
def test_conv2d_says_what_does_not_fit(given, settings, words):
    with pytest.raises(ValueError, match=words):
        conv2d(*given, **settings)


# pooling

POOLS = {max_pool2d: F.max_pool2d, avg_pool2d: F.avg_pool2d}
WAYS = [
    (2, None, 0),
    (2, 2, 1),
    (3, None, 1),
    (3, 2, 1),
    (3, 1, 1),
    ((3, 2), (1, 2), (1, 0)),
    (2, 3, 0),
    (1, None, 0),
    (7, None, 0),
]


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(("size", "stride", "padding"), WAYS)
def test_pooling_is_torchs(pool, size, stride, padding):
    assert_twins(
        lambda X: pool(X, size, stride, padding),
        lambda X: POOLS[pool](X, size, stride, padding),
        randn(2, 3, 7, 8) - 3,  # nearly all below the zeros of a frame
    )


@pytest.mark.parametrize(("size", "stride", "padding"), WAYS)
def test_where_several_are_the_largest_the_slope_goes_where_torchs_does(
    size, stride, padding
):
    X = randn(2, 3, 7, 8).sign()  # ties in nearly every window
    assert_twins(
        lambda X: max_pool2d(X, size, stride, padding),
        lambda X: F.max_pool2d(X, size, stride, padding),
        X,
    )


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((X[0], 2), "unsqueeze adds the missing one"),
        ((X.long(), 2), "torch.int64: wanted floats"),
        ((X, 0), "size 0: wanted whole numbers, at least 1"),
        ((X, "2"), "size '2': wanted whole numbers"),
        ((X, 2.0), "size 2.0: wanted whole numbers"),
        ((X, (2,)), r"size \(2,\): wanted one whole number, or two"),
        ((X, 7), "reaches over 7 pixels, and there are 6"),
        ((X, 2, 0), "stride 0: wanted whole numbers, at least 1"),
        ((X, 3, 1, 2), "padding 2 for windows of 3: wanted at most 1, half of that"),
        ((X, (4, 1), 1, (2, 1)), "padding 1 for windows of 1: wanted at most 0"),
    ],
)
def test_pooling_says_what_does_not_fit(pool, given, words):
    with pytest.raises(ValueError, match=words):
        pool(*given)
