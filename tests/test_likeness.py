"""torchbook.likeness: scores of sets whose scores are known, and the distance of known clouds."""

import math

import numpy as np
import pytest
import torch

from torchbook import likeness
from torchbook.likeness import Scores, frechet, scores


def one_hot(labels, classes=4):
    return torch.eye(classes)[torch.as_tensor(labels)]


def test_sure_answers_of_all_classes_score_as_many_as_there_are():
    best = scores(one_hot([0, 1, 2, 3] * 5))
    assert best.score == pytest.approx(4)
    assert (best.sure, best.seen) == (1, 1)
    assert best.spread == pytest.approx(1)


def test_one_class_for_all_scores_one():
    assert scores(one_hot([2] * 9)) == Scores(1.0, 0.25, 0.0, 1.0)


def test_no_idea_scores_one_as_well_and_is_told_apart():
    unsure = scores(torch.full((9, 4), 0.25))
    assert unsure.score == pytest.approx(1)
    assert unsure.spread == pytest.approx(1)
    assert (unsure.sure, unsure.seen) == (0, 0)


def test_numbers_worked_out_by_hand():
    probs = torch.tensor([[0.95, 0.05], [0.6, 0.4], [0.1, 0.9]], dtype=torch.float64)
    m = [0.55, 0.45]
    divergence = sum(
        p * math.log(p / q)
        for row in probs.tolist()
        for p, q in zip(row, m, strict=True)
    )
    found = scores(probs)
    assert found.score == pytest.approx(math.exp(divergence / 3))
    assert found.spread == pytest.approx(-sum(p * math.log2(p) for p in m))
    assert found.sure == pytest.approx(2 / 3)
    assert found.seen == 1


def test_a_class_with_too_few_is_not_seen():
    labels = (
        [0] * 50 + [1] * 45 + [2] * 5
    )  # an even part of three is 33.3, a fifth of it 6.7
    assert scores(one_hot(labels, 3)).seen == pytest.approx(2 / 3)
    labels = [0] * 50 + [1] * 43 + [2] * 7
    assert scores(one_hot(labels, 3)).seen == 1


@pytest.mark.parametrize(
    ("probs", "words"),
    [
        (torch.ones(3), r"\(3,\): wanted \(N, C\)"),
        (torch.ones(3, 1), "2 classes or more"),
        (torch.zeros(0, 3), r"\(0, 3\)"),
        (torch.randn(3, 4), r"softmax\(dim=1\)"),
        (torch.ones(3, 4), "does not sum to 1"),
        (torch.tensor([[math.nan, 1.0]]), "no probabilities"),
    ],
)
def test_what_is_no_probability_is_refused(probs, words):
    with pytest.raises(ValueError, match=words):
        scores(probs)


def test_clouds_of_known_distance():
    """On a line the distance is (m1 - m2)² + (s1 - s2)²; moments are made exact."""
    z = torch.tensor([-1.0, 1.0, -1.0, 1.0], dtype=torch.float64)
    z = (z / z.std())[:, None]
    assert frechet(2 * z + 1, 5 * z - 3) == pytest.approx(16 + 9)
    g = torch.Generator().manual_seed(0)
    A = torch.randn(300, 6, generator=g, dtype=torch.float64)
    assert frechet(A, A) == pytest.approx(0, abs=1e-9)
    assert frechet(A, A + 2) == pytest.approx(24)
    assert frechet(A, A.flip(0)) == pytest.approx(0, abs=1e-9)


def test_the_distance_is_that_of_the_formula_with_a_square_root_of_a_matrix():
    from scipy.linalg import sqrtm

    g = torch.Generator().manual_seed(1)
    A, B = (
        torch.randn(n, 5, generator=g, dtype=torch.float64)
        @ torch.randn(5, 5, generator=g, dtype=torch.float64)
        for n in (90, 60)
    )
    S, T = (np.cov(X.numpy().T) for X in (A, B))
    apart = ((A.mean(0) - B.mean(0)) ** 2).sum().item()
    want = apart + np.trace(S + T - 2 * sqrtm(S @ T).real)
    assert frechet(A, B) == pytest.approx(want)
    assert frechet(B, A) == pytest.approx(want)


def test_features_that_never_change_do_no_harm():
    A = torch.zeros(5, 3)
    assert frechet(A, A + 1) == pytest.approx(3)


@pytest.mark.parametrize("shapes", [((5, 3), (5, 4)), ((1, 3), (5, 3)), ((5,), (5,))])
def test_clouds_that_do_not_fit_are_refused(shapes):
    with pytest.raises(ValueError, match="two rows or more"):
        frechet(*(torch.zeros(shape) for shape in shapes))


def test_how_sure_is_sure_is_written_once():
    p = likeness.SURE
    assert scores(torch.tensor([[p, 1 - p]], dtype=torch.float64)).sure == 1
    assert scores(torch.tensor([[p - 0.01, 1.01 - p]])).sure == 0
