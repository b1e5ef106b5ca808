"""torchbook.data.toy: known geometry, balance, and one seed for everything."""

import math

import pytest
import torch
from sklearn import datasets
from sklearn.svm import SVC

from torchbook.data import toy

SETS = [toy.separable, toy.blobs, toy.xor, toy.circles, toy.moons, toy.spirals]
BALANCED = [f for f in SETS if f is not toy.separable]


def distance_to_curve(X, curve):
    """For each point, the way to the nearest of the points on a curve."""
    return torch.cdist(X.double(), torch.as_tensor(curve)).amin(dim=1)


@pytest.mark.parametrize("make", SETS)
def test_shapes_types_and_labels(make):
    for n in (1, 7, 50):
        X, y = make(n)
        assert (X.shape, X.dtype) == ((n, 2), torch.float32)
        assert (y.shape, y.dtype) == ((n,), torch.int64)
        assert set(y.tolist()) <= {0, 1}
        assert X.isfinite().all()


@pytest.mark.parametrize("make", SETS)
def test_a_set_depends_on_its_seed_alone(make):
    torch.manual_seed(0)
    X, y = make(40, seed=3)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    X_again, y_again = make(40, seed=3)
    assert torch.equal(X, X_again)
    assert torch.equal(y, y_again)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(make(40, seed=4)[0], X)


@pytest.mark.parametrize("make", BALANCED)
@pytest.mark.parametrize("n", [40, 41])
def test_classes_are_balanced(make, n):
    counts = make(n)[1].bincount(minlength=2)
    assert (counts[0] - counts[1]).abs() <= 1


@pytest.mark.parametrize("margin", [0.01, 0.1, 0.3, 0.6])
def test_separable_points_have_the_margin(margin):
    for seed in range(10):
        X, y = toy.separable(100, margin=margin, seed=seed)
        assert X.abs().max() <= 1
        assert set(y.tolist()) == {0, 1}
        svm = SVC(kernel="linear", C=1e7, tol=1e-6).fit(X.numpy(), y.numpy())
        assert svm.score(X.numpy(), y.numpy()) == 1
        w = torch.tensor(svm.coef_[0])
        assert (
            1 / w.norm() >= 0.999 * margin
        )  # the widest street is half as wide as this


def test_separable_points_come_as_near_as_the_margin_allows():
    X, y = toy.separable(3000, margin=0.2, seed=1)
    svm = SVC(kernel="linear", C=1e5).fit(X.numpy(), y.numpy())
    assert 1 / torch.tensor(svm.coef_[0]).norm() < 0.22


@pytest.mark.parametrize("margin", [0.0, -0.1, 0.61, float("nan")])
def test_separable_refuses_a_margin_that_leaves_no_room(margin):
    with pytest.raises(ValueError, match="margin"):
        toy.separable(margin=margin)


def test_blobs_have_their_centres_and_spread():
    X, y = toy.blobs(40_000, gap=3.0)
    for label, centre in ((0, -1.5), (1, 1.5)):
        cloud = X[y == label]
        want = torch.tensor([centre, 0.0])
        torch.testing.assert_close(cloud.mean(dim=0), want, atol=0.03, rtol=0)
        torch.testing.assert_close(cloud.T.cov(), torch.eye(2), atol=0.03, rtol=0)


def test_xor_sits_on_the_corners():
    X, y = toy.xor(8, noise=0.0)
    table = {(0.0, 0.0): 0, (0.0, 1.0): 1, (1.0, 0.0): 1, (1.0, 1.0): 0}
    assert {
        tuple(x): label for x, label in zip(X.tolist(), y.tolist(), strict=True)
    } == table
    noisy = toy.xor(20_000, noise=0.15)[0]
    assert (noisy - noisy.round().clamp(0, 1)).std().item() == pytest.approx(
        0.15, rel=0.03
    )


def test_circles_are_those_of_scikit_learn_without_noise():
    X, y = toy.circles(200, noise=0.0)
    torch.testing.assert_close(X.norm(dim=1), 1 - 0.5 * y.float())
    theirs, labels = datasets.make_circles(4000, noise=0, factor=0.5)
    for label in (0, 1):
        curve = theirs[labels == label]
        assert distance_to_curve(X[y == label], curve).max() < 2e-3
    assert X[y == 1].mean(dim=0).norm() < 0.2  # all the way round


def test_moons_are_those_of_scikit_learn_without_noise():
    X, y = toy.moons(200, noise=0.0)
    theirs, labels = datasets.make_moons(4000, noise=0)
    for label in (0, 1):
        curve = theirs[labels == label]
        assert distance_to_curve(X[y == label], curve).max() < 2e-3
        assert X[y == label][:, 0].min() < curve[:, 0].min() + 0.05  # from end to end
        assert X[y == label][:, 0].max() > curve[:, 0].max() - 0.05


@pytest.mark.parametrize("turns", [1.0, 1.5])
def test_spirals_turn_with_their_radius_and_mirror_each_other(turns):
    X, y = toy.spirals(400, turns=turns, noise=0.0)
    r = X.norm(dim=1)
    assert 0.98 < r.max() <= 1 + 1e-6
    angle = torch.atan2(X[:, 1], X[:, 0])
    off = (angle - 2 * math.pi * turns * r - math.pi * y) / (2 * math.pi)
    assert (off - off.round()).abs().max() < 1e-4  # whole turns
    # as many points a unit of area near the middle as outside: half lie within 0.71
    assert (r < math.sqrt(0.5)).double().mean().item() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("make", [toy.circles, toy.moons, toy.spirals])
def test_noise_is_the_standard_deviation_of_the_step_off_the_curve(make):
    off = make(20_000, noise=0.05)[0] - make(20_000, noise=0.0)[0]
    assert off.std().item() == pytest.approx(0.05, rel=0.03)
    assert off.mean().abs() < 2e-3
