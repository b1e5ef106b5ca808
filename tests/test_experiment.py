"""torchbook.experiment: the same runs from the same seeds, their spread, and who drew what."""

import math
import random

import numpy as np
import pytest
import torch

from torchbook.experiment import Runs, compare, repeat


def draws(seed):
    """From every source of chance; a run that ignores its seed is seeded all the same."""
    return [random.random(), np.random.rand(), torch.rand(()).item()]


def runs_of(*values):
    values = torch.tensor(values, dtype=torch.float64)
    return Runs(values, tuple(range(len(values))))


def test_statistics_of_numbers_are_numpys():
    values = np.array([0.3, 0.9, 0.5, 0.7])
    runs = repeat(lambda seed: values[seed], seeds=range(4))
    assert runs.values.tolist() == values.tolist()
    assert runs.mean.item() == pytest.approx(values.mean())
    assert runs.std.item() == pytest.approx(values.std(ddof=1))
    assert (runs.low.item(), runs.high.item()) == (0.3, 0.9)
    assert (len(runs), runs.seeds, runs.broken) == (4, (0, 1, 2, 3), ())


def test_statistics_of_curves_are_taken_over_the_runs():
    runs = repeat(lambda seed: [seed, 10 - seed, 4.0], seeds=[1, 3, 8])
    assert runs.values.shape == (3, 3)
    assert runs.mean.tolist() == [4, 6, 4]
    assert runs.low.tolist() == [1, 2, 4]
    assert runs.high.tolist() == [8, 9, 4]
    assert runs.std.tolist() == pytest.approx([np.std([1, 3, 8], ddof=1)] * 2 + [0])


def test_each_run_has_its_own_seed_from_every_source():
    first, again = repeat(draws), repeat(draws)
    assert torch.equal(first.values, again.values)
    assert all(len(set(column)) == 5 for column in first.values.T.tolist())
    backwards = repeat(draws, seeds=range(4, -1, -1))
    assert torch.equal(backwards.values.flip(0), first.values)


def test_compared_runs_meet_the_same_chance():
    pair = compare({"plain": draws, "twice": lambda s: [2 * d for d in draws(s)]})
    assert list(pair) == ["plain", "twice"]
    assert torch.equal(2 * pair["plain"].values, pair["twice"].values)
    assert pair["plain"].seeds == pair["twice"].seeds == tuple(range(5))


def test_seeds_that_come_once_serve_all_that_are_compared():
    pair = compare({"a": draws, "b": draws}, seeds=iter([3, 1]))
    assert torch.equal(pair["a"].values, pair["b"].values)
    assert pair["b"].seeds == (3, 1)


def fails(seed):
    draws(seed)
    raise RuntimeError("the run itself")


@pytest.mark.parametrize("run", [draws, fails, lambda seed: torch.rand(seed + 1)])
def test_the_callers_chance_goes_on_as_it_was(run):
    random.seed(7), np.random.seed(7), torch.manual_seed(7)
    want = draws(0) + draws(0)
    random.seed(7), np.random.seed(7), torch.manual_seed(7)
    got = draws(0)
    try:
        repeat(run)
    except (RuntimeError, ValueError):
        assert run is not draws
    assert got + draws(0) == want


def test_an_error_of_a_run_comes_through():
    with pytest.raises(RuntimeError, match="the run itself"):
        repeat(fails)


@pytest.mark.parametrize(
    "result",
    [
        0.5,
        1,
        True,
        np.float32(0.5),
        torch.tensor(0.5, requires_grad=True),
        torch.tensor([1, 2]),
        (0.1, 0.2),
        range(3),
        np.zeros((2, 3)),
        [torch.tensor(1.0, requires_grad=True), torch.tensor(2.0)],
        [0.1, torch.tensor(2.0)],
    ],
)
def test_results_of_every_kind_become_plain_numbers(result, recwarn):
    runs = repeat(lambda seed: result, seeds=[0, 1])
    assert not recwarn.list
    want = [float(r) for r in result] if isinstance(result, (list, range)) else result
    want = torch.as_tensor(want).detach().double()
    assert torch.equal(runs.values, torch.stack([want, want]))
    assert runs.values.dtype == torch.float64
    assert not runs.values.requires_grad


@pytest.mark.parametrize("kind", [np.zeros, lambda n: torch.zeros(n).double()])
def test_a_curve_that_every_run_fills_again_is_copied(kind):
    curve = kind(3)

    def run(seed):
        curve[:] = seed
        return curve

    assert repeat(run, seeds=[1, 2]).values.tolist() == [[1] * 3, [2] * 3]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "gave None.*is a return missing"),
        ("0.9", "gave '0.9': wanted a number"),
        ({"loss": 1.0}, "gave {'loss': 1.0}: wanted"),
        ([[1.0], [1.0, 2.0]], "wanted a number, a tensor or a list"),
        ([], r"shape \(0,\): wanted real numbers, at least one"),
        (1 + 2j, "wanted real numbers"),
    ],
)
def test_results_that_are_no_numbers_are_refused(result, words):
    with pytest.raises(ValueError, match=rf"run\(3\) {words}|run\(3\).*{words}"):
        repeat(lambda seed: result, seeds=[3])


def test_runs_of_other_lengths_are_refused():
    with pytest.raises(
        ValueError,
        match=r"run\(2\) gave shape \(3,\), run\(4\) \(5,\): wanted the same",
    ):
        repeat(lambda seed: torch.zeros(seed + 1), seeds=[2, 4])


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ([], r"no seeds: wanted at least one; range\(5\)"),
        (5, r"seeds 5: wanted several; range\(5\)"),
        ([0, 1, 0], "seed 0 comes twice"),
        ([-1], "seed -1: wanted a whole number"),
    ],
)
def test_seeds_without_a_meaning_are_refused(seeds, words):
    with pytest.raises(ValueError, match=words):
        repeat(draws, seeds=seeds)
    with pytest.raises(ValueError, match=words):
        compare({"a": draws}, seeds=seeds)


def test_a_seed_is_a_whole_number():
    with pytest.raises(TypeError):
        repeat(draws, seeds=[0.5])


def test_nothing_to_compare_is_refused():
    with pytest.raises(ValueError, match="nothing to compare"):
        compare({})


def test_nan_and_inf_stay_and_are_told():
    runs = repeat(lambda seed: [1.0, math.nan if seed == 7 else 2.0], seeds=[5, 7, 9])
    assert runs.values[1, 1].isnan()
    assert runs.broken == (7,)
    assert runs.mean[0] == 1
    for of_last in (runs.mean[1], runs.std[1], runs.low[1], runs.high[1]):
        assert of_last.isnan()
    assert str(runs) == "nan ± nan (1 of 3 runs hold nan or inf)"
    runs = runs_of(1.0, math.inf)
    assert (runs.broken, runs.high.item()) == ((1,), math.inf)
    assert str(runs).startswith("inf ± nan (1 of 2")


def test_one_run_has_no_spread(recwarn):
    runs = runs_of(0.25)
    assert runs.std.isnan()
    assert (runs.mean, runs.low, runs.high) == (0.25, 0.25, 0.25)
    assert str(runs) == "0.25 (one run)"
    assert f"{runs:.1%}" == "25.0% (one run)"
    assert repeat(lambda seed: [1.0, 2.0], seeds=[0]).std.isnan().all()
    assert not recwarn.list


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.901, 0.925), "0.913 ± 0.017"),
        ((0.9, 0.92, 0.94), "0.920 ± 0.020"),
        ((123.0, 145.0), "134 ± 16"),
        ((1e3, 9e3), "5000 ± 5657"),
        ((0.5, 0.5), "0.5 ± 0"),
        ((2e-9, 3e-9), "2.5e-09 ± 7.1e-10"),
        ((-1.0, 1.5), "0.2 ± 1.8"),
    ],
)
def test_words_have_two_digits_of_the_spread(values, words):
    assert str(runs_of(*values)) == repr(runs_of(*values)) == words


def test_words_in_a_format_of_ones_own():
    assert f"{runs_of(0.9, 0.92):.1%}" == "91.0% ± 1.4%"
    assert f"{runs_of(0.9, 0.92):.4f}" == "0.9100 ± 0.0141"


def test_words_of_curves_are_about_their_end_and_of_more_about_their_shape():
    assert str(runs_of([5.0, 0.9], [7.0, 0.92])) == str(runs_of(0.9, 0.92))
    assert str(runs_of([[1.0, 2.0]], [[3.0, 4.0]])) == "2 runs of shape (1, 2)"
