"""torchbook.scratch.perceptron: against truth tables, scikit-learn and Novikoff's bound."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Perceptron
from sklearn.svm import LinearSVC

from torchbook.data import toy
from torchbook.scratch import perceptron as p

CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = torch.tensor([0, 1, 1, 0])
TWO_WAYS = torch.tensor([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0]])  # one place, two labels


def separator(X, y):
    """The best line (w, b) through inputs with a constant 1, by a support vector machine."""
    inputs = torch.column_stack([X, torch.ones(len(X))]).double().numpy()
    svm = LinearSVC(C=1e6, fit_intercept=False, dual=False, max_iter=100_000, tol=1e-8)
    u = torch.tensor(svm.fit(inputs, y.numpy()).coef_[0])
    return u[:-1], u[-1].item()


@pytest.mark.parametrize(
    ("w", "b", "table"),
    [
        ([1.0, 1.0], -1.5, [0, 0, 0, 1]),  # AND
        ([1.0, 1.0], -0.5, [0, 1, 1, 1]),  # OR
        ([-1.0, -1.0], 1.5, [1, 1, 1, 0]),  # NAND
        ([-1.0, -1.0], 0.5, [1, 0, 0, 0]),  # NOR
        ([-1.0, 1.0], 0.5, [1, 1, 0, 1]),  # implies
        ([-1.0, 0.0], 0.5, [1, 1, 0, 0]),  # NOT of the first
        ([1.0, 1.0], -1.0, [0, 1, 1, 1]),  # two corners on the line: they count as 1
    ],
)
def test_gates_have_their_truth_tables(w, b, table):
    w = torch.tensor(w)
    assert p.predict(CORNERS, w, b).tolist() == table
    assert [p.predict(x, w, b).item() for x in CORNERS] == table


def test_score_is_that_of_a_linear_layer():
    torch.manual_seed(0)
    layer, X = torch.nn.Linear(5, 1), torch.randn(7, 5)
    w, b = layer.weight[0], layer.bias.item()
    torch.testing.assert_close(p.score(X, w, b), layer(X)[:, 0])
    torch.testing.assert_close(p.score(X[3], w, b), layer(X)[3, 0])


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.float32])
def test_mistakes_are_wrong_side_or_line_for_labels_of_any_dtype(dtype):
    X = torch.tensor([[1.0], [1.0], [-1.0], [-1.0], [0.0], [0.0]])
    y = torch.tensor([1, 0, 1, 0, 1, 0]).to(dtype)
    got = p.is_mistake(X, y, torch.tensor([1.0]), 0.0)
    assert got.tolist() == [False, True, True, False, True, True]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 10), st.integers(0, 1))
def test_trick_moves_the_score_by_lr_times_length_squared_plus_one(seed, lr, label):
    g = torch.Generator().manual_seed(seed)
    x, w = torch.randn(2, 3, generator=g, dtype=torch.float64)
    before = p.score(x, w, 0.3).item()
    w_new, b_new = p.trick(x, torch.tensor(label), w, 0.3, lr)
    moved = p.score(x, w_new, b_new).item() - before
    want = lr * (x.norm().item() ** 2 + 1) * (1 if label else -1)
    assert moved == pytest.approx(want, rel=1e-9)


def test_trick_leaves_its_inputs_alone():
    x, w = torch.tensor([1.0, 2.0]), torch.tensor([0.5, -1.0])
    p.trick(x, torch.tensor(1), w, 0.0)
    assert (x.tolist(), w.tolist()) == ([1.0, 2.0], [0.5, -1.0])


def test_a_run_worked_by_hand():
    X, y = torch.tensor([[2.0, 0.0], [0.0, 2.0]]), torch.tensor([1, 0])
    run = p.perceptron_algorithm(X, y)
    # both samples are corrected once: w = (2, 0) - (0, 2), b = 1 - 1
    assert (run.w.tolist(), run.b, run.mistakes) == ([2.0, -2.0], 0.0, [2, 0])
    assert run.converged
    assert p.perceptron_algorithm(X, y, lr=0.5).w.tolist() == [1.0, -1.0]


def sets():
    g = torch.Generator().manual_seed(3)
    X = torch.randn(60, 5, generator=g)
    return {
        "separable": toy.separable(150, margin=0.02, seed=1),
        "overlapping": toy.blobs(80, gap=2.0, seed=1),
        "xor": (CORNERS, XOR),
        "five inputs": (X, (X[:, 0] - X[:, 4] > 0.2).long()),
        "random labels": (X, torch.randint(2, (60,), generator=g)),
    }


@pytest.mark.parametrize("lr", [1.0, 0.1])
@pytest.mark.parametrize("name", sets())
def test_weights_are_those_of_scikit_learn_after_every_epoch(name, lr):
    X, y = sets()[name]
    X = X.double()
    for epochs in range(1, 13):
        theirs = Perceptron(shuffle=False, tol=None, max_iter=epochs, eta0=lr)
        theirs.fit(X.numpy(), y.numpy())
        ours = p.perceptron_algorithm(X, y, epochs=epochs, lr=lr)
        want = torch.tensor(theirs.coef_[0])
        torch.testing.assert_close(ours.w, want, rtol=1e-10, atol=1e-12)
        assert ours.b == pytest.approx(theirs.intercept_[0], rel=1e-10, abs=1e-12)


def test_it_converges_within_the_bound():
    for gap in (0.03, 0.1, 0.3):
        for seed in range(10):
            X, y = toy.separable(60, margin=gap, seed=seed)
            X = X.double()
            gamma = p.margin(X, y, *separator(X, y))
            assert gamma > 0
            bound = p.mistake_bound(X, gamma)
            run = p.perceptron_algorithm(X, y, epochs=int(bound) + 1)
            assert run.converged
            assert 0 < sum(run.mistakes) <= bound
            assert (p.predict(X, run.w, run.b) == y).all()


def test_the_bound_is_reached_by_a_sample_and_its_opposite():
    # 1 and -1 on a line: R² = 2, best line w = 1, b = 0, margin 1. One correction of two allowed.
    X, y = torch.tensor([[1.0], [-1.0]]), torch.tensor([1, 0])
    assert p.margin(X, y, torch.tensor([1.0]), 0.0) == 1
    assert p.mistake_bound(X, 1.0) == 2
    # One sample: R = margin, and the bound of one mistake is what it takes.
    one = torch.tensor([[3.0, 4.0]])
    gamma = p.margin(one, torch.tensor([1]), torch.tensor([3.0, 4.0]), 1.0)
    assert p.mistake_bound(one, gamma) == pytest.approx(1)
    assert p.perceptron_algorithm(one, torch.tensor([1])).mistakes == [1, 0]


@pytest.mark.parametrize(
    ("X", "y"),
    [(CORNERS, XOR), (TWO_WAYS, torch.tensor([0, 1, 0])), toy.blobs(60, gap=1.0)],
)
def test_without_a_line_it_never_stops(X, y):
    for epochs in (1, 7, 50):
        run = p.perceptron_algorithm(X, y, epochs=epochs)
        assert not run.converged
        assert len(run.mistakes) == epochs
        assert min(run.mistakes) > 0


def test_no_epochs_is_no_convergence():
    run = p.perceptron_algorithm(CORNERS, XOR, epochs=0)
    assert (run.w.tolist(), run.b, run.mistakes) == ([0.0, 0.0], 0.0, [])
    assert not run.converged


@pytest.mark.parametrize("seed", range(5))
def test_pocket_never_gets_worse_and_beats_every_line_the_algorithm_ends_on(seed):
    X, y = toy.blobs(50, gap=1.5, seed=seed)
    kept = p.pocket(X, y, epochs=15)
    assert len(kept.mistakes) == 15
    assert kept.mistakes[0] <= len(y)  # all zero weights get everything wrong
    assert kept.mistakes == sorted(kept.mistakes, reverse=True)
    assert int(p.is_mistake(X, y, kept.w, kept.b).sum()) == kept.mistakes[-1]
    for epochs, fewest in enumerate(kept.mistakes, start=1):
        last = p.perceptron_algorithm(X, y, epochs=epochs)
        assert fewest <= int(p.is_mistake(X, y, last.w, last.b).sum())


def test_pocket_on_separable_points_ends_with_a_right_line():
    X, y = toy.separable(60, margin=0.1, seed=2)
    kept = p.pocket(X, y, epochs=1000)
    assert kept.converged
    assert (p.predict(X, kept.w, kept.b) == y).all()


def test_pocket_on_xor_keeps_at_least_one_mistake():
    assert p.pocket(CORNERS, XOR, epochs=50).mistakes[-1] >= 1


def test_margin_worked_by_hand():
    X, w, b = torch.tensor([[1.0, 1.0], [-2.0, -1.0]]), torch.tensor([2.0, 1.0]), 2.0
    # |(w, b)| = 3; the scores are 5 and -3
    assert p.margin(X, torch.tensor([1, 0]), w, b) == pytest.approx(1)
    assert p.margin(X, torch.tensor([0, 0]), w, b) == pytest.approx(-5 / 3)
    assert p.margin(X, torch.tensor([1, 1]), w, b) == pytest.approx(-1)
    ten = p.margin(X, torch.tensor([1, 0], dtype=torch.uint8), 10 * w, 10 * b)
    assert ten == pytest.approx(1)


@pytest.mark.parametrize("seed", range(5))
def test_margin_of_a_support_vector_machine_is_one_over_its_length(seed):
    X, y = toy.separable(60, margin=0.1, seed=seed)
    X = X.double()
    w, b = separator(X, y)
    length = (w.norm() ** 2 + b**2) ** 0.5
    assert p.margin(X, y, w, b) == pytest.approx(1 / length.item(), rel=1e-2)
    run = p.perceptron_algorithm(X, y, epochs=1000)
    assert 0 < p.margin(X, y, run.w, run.b) < 1.01 / length.item()


def test_mistake_bound_adds_the_bias_to_the_longest_sample():
    X = torch.tensor([[3.0, 3.0, 3.0], [4.0, 0.0, 0.0]])
    assert p.mistake_bound(X, 0.5) == 28 / 0.25


@pytest.mark.parametrize("gamma", [0.0, -0.1, float("nan")])
def test_mistake_bound_wants_a_margin_above_zero(gamma):
    with pytest.raises(ValueError, match="separated classes only"):
        p.mistake_bound(CORNERS, gamma)


@pytest.mark.parametrize("algorithm", [p.perceptron_algorithm, p.pocket])
@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (CORNERS, torch.tensor([1, -1, 1, -1]), "also holds \\[-1\\]"),
        (CORNERS, torch.tensor([0.0, 0.5, 1.0, 1.0]), "also holds \\[0.5\\]"),
        (CORNERS, torch.tensor([0, 1, 2, 3]), "also holds \\[2, 3\\]"),
        (CORNERS, torch.tensor([0, 1, 1]), r"\(4, 2\) and y \(3,\)"),
        (CORNERS, XOR[:, None], r"y \(4, 1\)"),
        (CORNERS[0], XOR[:2], r"X \(2,\)"),
    ],
)
def test_unfit_data_are_refused(algorithm, X, y, words):
    with pytest.raises(ValueError, match=words):
        algorithm(X, y)


@pytest.mark.parametrize("algorithm", [p.perceptron_algorithm, p.pocket])
def test_data_are_left_as_they_were(algorithm):
    X, y = toy.blobs(30)
    X_before, y_before = X.clone(), y.clone()
    algorithm(X, y, epochs=3)
    assert torch.equal(X, X_before)
    assert torch.equal(y, y_before)
