"""torchbook.data.toy: known geometry, balance, and one seed for everything."""

import math

import pytest
import torch
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
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
def test_a_set_depends_on_its_arguments_alone(make):
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


def test_blobs_have_their_centers_and_spread():
    X, y = toy.blobs(40_000, gap=3.0)
    for label, center in ((0, -1.5), (1, 1.5)):
        cloud = X[y == label]
        want = torch.tensor([center, 0.0])
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


def test_a_line_without_noise_is_the_line():
    X, y = toy.line(40, slope=-1.5, intercept=0.25, noise=0.0)
    assert (X.shape, X.dtype) == ((40, 1), torch.float32)
    assert (y.shape, y.dtype) == ((40,), torch.float32)
    torch.testing.assert_close(y, -1.5 * X[:, 0] + 0.25)
    assert -3 <= X.min() < -2.5
    assert 2.5 < X.max() <= 3


def test_noise_of_a_line_is_the_standard_deviation_of_its_residuals():
    X, y = toy.line(20_000, slope=2.0, intercept=1.0, noise=0.7)
    residual = y - (2 * X[:, 0] + 1)
    assert residual.std().item() == pytest.approx(0.7, rel=0.03)
    assert residual.mean().abs() < 0.02
    assert torch.corrcoef(torch.stack([X[:, 0], residual]))[0, 1].abs() < 0.02


def test_outliers_are_ten_times_too_large_and_the_others_stay():
    X, y = toy.line(30, seed=5)
    X_out, y_out = toy.line(30, outliers=4, seed=5)
    assert torch.equal(X_out, X)
    assert torch.equal(y_out[:26], y[:26])
    torch.testing.assert_close(y_out[26:], 10 * y[26:])


@pytest.mark.parametrize("outliers", [-1, 31])
def test_more_outliers_than_samples_are_refused(outliers):
    with pytest.raises(ValueError, match=f"{outliers} outliers among 30 samples"):
        toy.line(30, outliers=outliers)
    assert len(toy.line(30, outliers=30)[0]) == 30


@pytest.mark.parametrize("make", [toy.line, toy.admissions])
def test_records_depend_on_their_arguments_alone(make):
    torch.manual_seed(0)
    X, y = make(40, seed=3)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    again = make(40, seed=3)
    assert torch.equal(again[0], X)
    assert torch.equal(again[1], y)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(make(40, seed=4)[0], X)


@pytest.mark.parametrize("make", [toy.line, toy.admissions])
def test_another_n_is_another_draw(make):
    many, few = make(20_000, seed=3), make(400, seed=3)
    assert not all(torch.equal(a[:400], b) for a, b in zip(many, few, strict=True))
    assert "another n is another draw" in toy.__doc__


@pytest.mark.parametrize("n", [0, 1, 400])
def test_admissions_look_like_records(n):
    X, y = toy.admissions(n)
    assert (X.shape, X.dtype) == ((n, 3), torch.float32)
    assert (y.shape, y.dtype) == ((n,), torch.float32)
    assert set(y.tolist()) <= {0.0, 1.0}
    gre, gpa, rank = X.T
    assert bool(((gre >= 200) & (gre <= 800) & (gre % 20 == 0)).all())
    assert bool(((gpa >= 1) & (gpa <= 4)).all())
    torch.testing.assert_close(gpa, (gpa * 100).round() / 100)
    assert set(rank.tolist()) <= {1.0, 2.0, 3.0, 4.0}


def test_admissions_say_that_they_are_simulated():
    assert "Simulated" in toy.admissions.__doc__


def test_admissions_follow_the_process_that_is_documented():
    X, y = toy.admissions(40_000, seed=1)
    gre, gpa, rank = X.T.double()
    assert gre.mean().item() == pytest.approx(580, abs=4)  # a little is lost at 800
    assert gpa.mean().item() == pytest.approx(3.3, abs=0.03)
    assert 100 < gre.std() < 116
    assert 0.33 < gpa.std() < 0.41
    assert 0.3 < torch.corrcoef(torch.stack([gre, gpa]))[0, 1] < 0.37
    shares = rank.long().bincount(minlength=5)[1:] / len(rank)
    want = torch.tensor([0.15, 0.35, 0.3, 0.2])
    torch.testing.assert_close(shares, want, atol=0.01, rtol=0)
    assert 0.2 < y.mean() < 0.4


def test_logistic_regression_finds_the_weights_of_the_admissions():
    X, y = toy.admissions(40_000, seed=2)
    scaled = (X - torch.tensor([580, 3.3, 2.5])) / torch.tensor([115, 0.4, 1.0])
    unit = LogisticRegression(C=1e9).fit(scaled.numpy(), y.numpy())
    assert unit.coef_[0].tolist() == pytest.approx([0.6, 0.5, -0.8], abs=0.06)
    assert unit.intercept_[0] == pytest.approx(-1.0, abs=0.06)


def test_admission_probability_is_the_share_that_is_admitted():
    X, y = toy.admissions(40_000, seed=3)
    p = toy.admission_probability(X)
    for low in (0.0, 0.2, 0.4, 0.6):
        there = (p >= low) & (p < low + 0.2)
        assert there.sum() > 500
        assert y[there].mean().item() == pytest.approx(p[there].mean().item(), abs=0.04)
