"""torchbook.data.loader: every sample once, orders that repeat, scaling as in torchvision."""

import math

import numpy as np
import pytest
import torch
from torchvision import transforms

from torchbook.data.loader import Batches


def numbered(n, **options):
    """Samples whose input and label both say their number."""
    return Batches(torch.arange(n)[:, None].float(), torch.arange(n), **options)


def order(batches):
    return torch.cat([y for _, y in batches]).tolist()


def pictures(n=11, channels=3, seed=0):
    g = torch.Generator().manual_seed(seed)
    X = torch.randint(256, (n, channels, 6, 5), generator=g, dtype=torch.uint8)
    X[0, 0, 0, :2] = torch.tensor([0, 255])
    return X, torch.arange(n)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    ("n", "size"), [(10, 5), (10, 3), (10, 1), (10, 10), (10, 99), (1, 1)]
)
def test_every_sample_comes_once_a_pass_with_its_own_label(n, size, shuffle):
    batches = numbered(n, batch_size=size, shuffle=shuffle)
    for _ in range(3):
        seen = list(batches)
        assert all(X[:, 0].tolist() == y.tolist() for X, y in seen)
        assert sorted(y for _, labels in seen for y in labels.tolist()) == list(
            range(n)
        )
        sizes = [len(y) for _, y in seen]
        assert sizes == [size] * (n // size) + ([n % size] if n % size else [])
        assert len(batches) == len(seen) == math.ceil(n / size)


def test_without_shuffle_the_order_is_the_given_one():
    batches = numbered(10, batch_size=3)
    assert order(batches) == order(batches) == list(range(10))


def test_shuffled_passes_differ_and_repeat_with_their_seed():
    batches = numbered(50, batch_size=8, shuffle=True, seed=4)
    passes = [order(batches) for _ in range(3)]
    assert len({tuple(p) for p in passes}) == 3
    assert list(range(50)) not in passes
    torch.manual_seed(77)  # the global source of chance has no part in it
    again = numbered(50, batch_size=8, shuffle=True, seed=4)
    assert [order(again) for _ in range(3)] == passes
    assert order(numbered(50, batch_size=8, shuffle=True, seed=5)) != passes[0]


def test_the_batch_size_does_not_change_the_order():
    small, large = (numbered(20, batch_size=b, shuffle=True, seed=1) for b in (3, 20))
    assert order(small) == order(large)


def test_shuffling_leaves_the_global_source_of_chance_alone():
    before = torch.get_rng_state()
    order(numbered(20, shuffle=True))
    assert torch.equal(torch.get_rng_state(), before)


def as_torchvision_does(X, *steps):
    transform = transforms.Compose([transforms.ToTensor(), *steps])
    return torch.stack([transform(np.asarray(x.permute(1, 2, 0))) for x in X])


def test_bytes_become_the_floats_of_to_tensor():
    X, y = pictures()
    got = torch.cat([X for X, _ in Batches(X, y, 4)])
    assert torch.equal(got, as_torchvision_does(X))
    assert (got.dtype, got.min().item(), got.max().item()) == (torch.float32, 0, 1)


@pytest.mark.parametrize(
    ("channels", "mean", "std"),
    [
        (3, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        (1, (0.2860,), (0.3530,)),
        (1, 0.2860, 0.3530),
        (3, 0.5, 0.25),
    ],
)
@pytest.mark.parametrize("shuffle", [False, True])
def test_normalising_is_that_of_torchvision(channels, mean, std, shuffle):
    X, y = pictures(channels=channels)
    want = as_torchvision_does(X, transforms.Normalize(mean, std))
    for inputs, labels in Batches(X, y, 4, shuffle=shuffle, mean=mean, std=std):
        assert torch.equal(inputs, want[labels])


def test_statistics_of_the_set_give_mean_zero_and_deviation_one():
    X, y = pictures(40)
    pixels = X.float() / 255
    mean, std = (
        pixels.mean(dim=(0, 2, 3)),
        pixels.std(dim=(0, 2, 3), correction=0),
    )
    got = torch.cat([X for X, _ in Batches(X, y, 7, mean=mean, std=std)])
    torch.testing.assert_close(got.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(got.std((0, 2, 3), correction=0), torch.ones(3))


def test_columns_are_normalised_like_scikit_learn_does():
    from sklearn.preprocessing import StandardScaler

    X = torch.randn(30, 4, generator=torch.Generator().manual_seed(0)) * 5 + 2
    scaler = StandardScaler().fit(X.numpy())
    batches = Batches(X, torch.zeros(30), 8, mean=scaler.mean_, std=scaler.scale_)
    got = torch.cat([X for X, _ in batches])
    want = torch.tensor(scaler.transform(X.numpy()), dtype=torch.float32)
    torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-5)


def test_floats_are_not_scaled_and_nothing_is_changed_in_place():
    X, y = torch.tensor([[0.0], [255.0]]), torch.tensor([0, 1])
    for mean, std in ((None, None), (100.0, None), (None, 5.0)):
        inputs, _ = next(iter(Batches(X, y, 2, mean=mean, std=std)))
        want = (X - (mean or 0)) / (std or 1)
        assert torch.equal(inputs, want)
    assert X.tolist() == [[0.0], [255.0]]
    bytes_, labels = pictures()
    before = bytes_.clone()
    for inputs, _ in Batches(bytes_, labels, 4, shuffle=True, mean=0.5, std=0.5):
        inputs.zero_()
    assert torch.equal(bytes_, before)


def test_two_passes_at_once_do_not_mix():
    batches = numbered(12, batch_size=4, shuffle=True)
    pairs = list(zip(batches, batches, strict=True))
    for one in (0, 1):
        seen = [y for pair in pairs for y in pair[one][1].tolist()]
        assert sorted(seen) == list(range(12))


@pytest.mark.parametrize(
    ("n", "labels", "options", "words"),
    [
        (3, 4, {}, "3 inputs and 4 labels"),
        (0, 0, {}, "at least one"),
        (3, 3, {"batch_size": 0}, "batch_size 0"),
        (3, 3, {"batch_size": -2}, "batch_size -2"),
        (3, 3, {"mean": (0.1, 0.2)}, "statistics of 2 channels for images of 3"),
        (3, 3, {"std": [1.0] * 4}, "statistics of 4 channels for images of 3"),
    ],
)
def test_what_does_not_fit_is_refused(n, labels, options, words):
    with pytest.raises(ValueError, match=words):
        Batches(torch.zeros(n, 3, 2, 2), torch.zeros(labels), **options)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_batches_lie_on_the_device_in_the_same_order():
    X, y = pictures()
    here = Batches(X, y, 4, shuffle=True, mean=0.5, std=0.5)
    there = Batches(X, y, 4, shuffle=True, mean=0.5, std=0.5, device="cuda")
    for (X_cpu, y_cpu), (X_gpu, y_gpu) in zip(here, there, strict=True):
        assert X_gpu.is_cuda
        assert y_gpu.is_cuda
        assert y_gpu.tolist() == y_cpu.tolist()
        torch.testing.assert_close(X_gpu.cpu(), X_cpu)
