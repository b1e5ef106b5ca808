"""torchbook.scales: what is drawn evenly, narrower ranges, axes."""

import math
import random
from collections import Counter
from itertools import pairwise

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import pytest

from torchbook.scales import Choice, Range, choice, integer, log, one_minus, uniform

EVEN = [(i + 0.5) / 1000 for i in range(1000)]


@pytest.fixture
def ax():
    yield plt.subplots()[1]
    plt.close("all")


def quantiles(scale, shares=(0.1, 0.25, 0.5, 0.75, 0.9), n=20_000):
    """Of n draws, those below which the shares lie."""
    generator = random.Random(0)
    values = sorted(scale.at(generator.random()) for _ in range(n))
    return [values[int(share * n)] for share in shares]


def test_quantiles_of_uniform_are_even():
    got = quantiles(uniform(-1, 3))
    assert got == pytest.approx([-0.6, 0, 1, 2, 2.6], abs=0.05)


def test_quantiles_of_log_are_even_in_the_logarithm():
    got = [math.log10(value) for value in quantiles(log(1e-4, 1))]
    assert got == pytest.approx([-3.6, -3, -2, -1, -0.4], abs=0.05)


def test_each_decade_of_log_is_as_likely():
    found = Counter(math.floor(math.log10(log(1e-4, 1e-1).at(u))) for u in EVEN)
    assert [found[k] for k in (-4, -3, -2)] == pytest.approx([1000 / 3] * 3, abs=1)


def test_quantiles_of_one_minus_are_even_in_the_logarithm_of_one_minus():
    got = [math.log10(1 - value) for value in quantiles(one_minus(0.9, 0.9999))]
    # from 1 - 0.9 = 10^-1 to 10^-4
    assert got == pytest.approx([-1.3, -1.75, -2.5, -3.25, -3.7], abs=0.05)


def test_a_plain_range_would_hardly_see_the_last_nine():
    last = [
        sum(scale(0.9, 0.999).at(u) > 0.99 for u in EVEN)
        for scale in (uniform, one_minus)
    ]
    assert last == pytest.approx([1000 * 9 / 99, 500], abs=1)


def test_whole_numbers_are_even_with_both_ends():
    found = Counter(integer(3, 7).at(u) for u in EVEN)
    assert dict(found) == {k: 200 for k in range(3, 8)}
    assert all(isinstance(k, int) for k in found)
    assert Counter(integer(-2, 1).at(u) for u in EVEN) == {k: 250 for k in range(-2, 2)}
    assert {integer(5, 5).at(u) for u in EVEN} == {5}


def test_whole_numbers_on_a_log_scale_own_the_piece_up_to_the_next():
    scale = integer(1, 64, log=True)
    found = Counter(scale.at(u) for u in EVEN)
    assert set(found) == set(range(1, 65))
    for k in (1, 2, 5, 64):
        share = math.log((k + 1) / k) / math.log(65)
        assert found[k] == pytest.approx(1000 * share, abs=1)


@pytest.mark.parametrize(
    "scale",
    [
        uniform(-2, 5),
        log(1e-7, 3),
        one_minus(0, 0.99999),
        integer(1, 9),
        integer(2, 99, log=True),
    ],
    ids=repr,
)
def test_the_ends_are_within_and_values_rise(scale):
    values = [scale.at(u) for u in (0.0, *EVEN, math.nextafter(1, 0))]
    assert values == sorted(values)
    assert values[0] == scale.low
    assert values[-1] <= scale.high
    assert values[-1] == pytest.approx(scale.high, rel=1e-9)


def test_options_are_equally_likely():
    found = Counter(choice("relu", "tanh", None, 2.5).at(u) for u in EVEN)
    assert dict(found) == {"relu": 250, "tanh": 250, None: 250, 2.5: 250}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: uniform(1, 1), "1 to 1 is empty"),
        (lambda: uniform(2, 1), "2 to 1 is empty: wanted the lower number first"),
        (lambda: integer(4, 3), "4 to 3 is empty"),
        (lambda: uniform(0, math.inf), "two finite numbers"),
        (lambda: uniform(math.nan, 1), "two finite numbers"),
        (lambda: uniform("0", 1), "'0' to 1: wanted two finite numbers"),
        (lambda: integer(1.5, 3), "wanted whole numbers"),
        (lambda: integer(1.0, 3), "as 32 and not 32.0"),
        (lambda: log(0, 1), "0 to 1: a log scale begins above 0"),
        (lambda: log(-1, 1), "a log scale begins above 0"),
        (lambda: integer(0, 8, log=True), "a log scale begins above 0"),
        (lambda: one_minus(0.9, 1), "0.9 to 1: a 1-β scale lies in 0 ≤ β < 1"),
        (lambda: one_minus(-0.1, 0.9), "a 1-β scale lies in"),
        (lambda: Range(0, 1, "logit"), "'logit': wanted one of linear, log, 1-beta"),
        (lambda: choice(), "a choice of nothing"),
        (lambda: choice("a", (1, 2)), r"the option \(1, 2\): wanted text, a number"),
        (lambda: choice(math.sin), "which a file can hold"),
    ],
)
def test_ranges_that_are_none_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_the_repr_is_what_makes_it():
    for text in (
        "uniform(0, 0.5)",
        "log(0.0001, 0.1)",
        "one_minus(0.9, 0.999)",
        "integer(1, 9, log=False)",
        "integer(32, 512, log=True)",
        "choice('relu', 'tanh')",
    ):
        assert repr(eval(text)) == text


def test_a_narrower_range_adds_the_mean_gap_on_its_own_scale():
    around = uniform(0, 10).around([4, 5, 6])
    assert (around.low, around.high) == pytest.approx((3, 7))
    around = log(1e-5, 1).around([1e-3, 1e-2])
    assert (around.low, around.high) == pytest.approx((1e-4, 1e-1))
    assert around.scale == "log"
    around = one_minus(0, 0.99999).around([0.99, 0.9, 0.999])
    assert (1 - around.low, 1 - around.high) == pytest.approx((1, 1e-4))


def test_a_narrower_range_stays_inside():
    assert uniform(0, 1).around([0.1, 0.9]) == uniform(0, 1)
    around = integer(1, 100).around([10, 14, 18])
    assert around == integer(6, 22)
    around = integer(1, 999, log=True).around([10, 21])  # 10 / 2.1 and 21 * 2.1
    assert around == integer(4, 45, log=True)
    assert integer(1, 100).around([40, 40]) == integer(40, 40)
    assert integer(8, 64, log=True).around([9, 60]) == integer(8, 64, log=True)


def test_a_narrower_choice_keeps_the_order():
    assert choice(3, 1, 2).around([2, 3, 2]) == Choice((3, 2))


def ticks(ax):
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    pairs = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    return [label.get_text() for x, label in pairs if low <= x <= high]


@pytest.mark.parametrize(
    ("scale", "wanted"),
    [
        (log(1e-4, 1e-1), ["0.0001", "0.001", "0.01", "0.1"]),
        (integer(32, 512, log=True), ["50", "100", "200", "500"]),
        (one_minus(0.9, 0.99), ["0.9", "0.95", "0.98", "0.99"]),
        (one_minus(0.9, 0.99999), ["0.9", "0.99", "0.999", "0.9999", "0.99999"]),
        (log(1e-9, 1), ["1e-09", "1e-07", "1e-05", "0.001", "0.1"]),
        (choice("relu", None), ["relu", "None"]),
    ],
    ids=repr,
)
def test_the_axis_has_round_ticks(ax, scale, wanted):
    scale.draw_axis(ax)
    assert ticks(ax) == wanted


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "scale",
    [
        uniform(0, 1),
        log(1e-4, 1),
        one_minus(0, 0.999),
        integer(5, 5),
        log(0.021, 0.022),
    ],
    ids=repr,
)
def test_even_draws_are_evenly_apart_on_the_axis(ax, scale):
    ax.scatter([scale.at(u) for u in (0.1, 0.5)], [0, 1])
    scale.draw_axis(ax)
    ax.figure.canvas.draw()
    values = [scale.at(u) for u in (0.2, 0.4, 0.6, 0.8)]
    places = [ax.transData.transform((value, 0))[0] for value in values]
    gaps = [b - a for a, b in pairwise(places)]
    assert gaps == pytest.approx([gaps[0]] * 3, rel=1e-6)
    assert len(ticks(ax)) >= 1
