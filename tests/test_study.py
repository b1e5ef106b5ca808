"""torchbook.study: ranks, the table, the plot, the narrower space."""

import re

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import pytest

from torchbook.scales import choice, integer, log, uniform
from torchbook.study import Result, Study

SPACE = {
    "lr": log(1e-4, 1),
    "hidden_units": integer(8, 64),
    "net": choice("a", "b", "c"),
}
SCORES = [0.5, 0.9, None, 0.7, 0.4, None, 0.8, 0.6]
LRS = [0.1, 0.01, 1.0, 0.04, 0.2, 0.8, 0.02, 0.05]


def result(number):
    state = {2: "failed", 4: "pruned", 5: "failed"}.get(number, "done")
    error = "ValueError: a & b\nat <home>" if state == "failed" else ""
    params = {"lr": LRS[number], "hidden_units": 8 + number, "net": "abc"[number % 3]}
    reports = [0.1] * (0 if number == 2 else number + 1)
    return Result(number, params, state, SCORES[number], reports, 1.25, error)


@pytest.fixture
def study():
    return Study(SPACE, "max", [result(number) for number in range(8)])


@pytest.fixture
def ax():
    yield plt.subplots()[1]
    plt.close("all")


def test_the_best_is_first_and_what_failed_is_last(study):
    assert [r.number for r in study.ranked()] == [1, 6, 3, 7, 0, 4, 2, 5]
    assert [r.number for r in study.done] == [1, 6, 3, 7, 0]
    assert study.best is study.results[1]


def test_where_less_is_better_the_least_is_first(study):
    study = Study(SPACE, "min", study.results)
    assert [r.number for r in study.ranked()] == [0, 7, 3, 6, 1, 4, 2, 5]
    assert study.best.number == 0


def test_a_pruned_trial_is_never_the_best(study):
    study.results[4] = Result(**{**vars(study.results[4]), "score": 2.0})
    assert study.best.number == 1


def test_without_a_trial_that_is_done_there_is_no_best(study):
    with pytest.raises(ValueError, match="no trial ran to its end"):
        Study(SPACE, "max", study.results[4:6]).best  # noqa: B018
    assert str(Study(SPACE).table()).split() == [
        "trial", "lr", "hidden", "units", "net", "score", "steps", "seconds", "state",
    ]  # fmt: skip


def test_the_table_has_a_line_for_each_trial(study):
    heading, *lines = [
        re.split(r"  +", line.strip()) for line in str(study.table()).split("\n")
    ]
    assert heading == [
        "trial", "lr", "hidden units", "net", "score", "steps", "seconds", "state",
    ]  # fmt: skip
    assert lines[0] == ["1", "0.01", "9", "b", "0.9", "2", "1.2", "done"]
    assert lines[5] == ["4", "0.2", "12", "b", "0.4", "5", "1.2", "pruned"]
    failed = "failed ValueError: a & b at <home>"  # in one line, and without a score
    assert lines[6] == ["2", "1", "10", "c", "0", "1.2", failed]
    assert [line[0] for line in lines] == list("16370425")
    assert repr(study) == str(study.table())


def test_columns_end_below_each_other(study):
    lines = str(study.table()).split("\n")
    end = lines[0].index("seconds") + len("seconds")
    assert {line[end - 3 : end] for line in lines[1:]} == {"1.2"}


def test_a_long_error_is_cut_short(study):
    study.results[2] = Result(
        2, study.results[2].params, "failed", None, [], 0.0, "e" * 500
    )
    assert max(map(len, str(study.table()).split("\n"))) < 130


def test_the_notebook_shows_the_same_table_safely(study):
    html = study._repr_html_()
    cells = [
        re.findall(r"<t[dh] [^>]*>(.*?)</t[dh]>", row) for row in html.split("<tr>")[1:]
    ]
    assert cells[0][:4] == ["trial", "lr", "hidden units", "net"]
    assert cells[1] == ["1", "0.01", "9", "b", "0.9", "2", "1.2", "done"]
    assert cells[7][-1] == "failed ValueError: a &amp; b at &lt;home&gt;"
    assert html.count("<th ") == 8
    assert html.count("<tr>") == html.count("</tr>") == 9


def test_the_plot_shows_each_trial_where_it_belongs(study, ax):
    assert study.plot("lr", ax) is ax
    drawn = {group.get_label(): group for group in ax.collections}
    assert list(drawn) == ["done", "pruned", "failed"]
    done = {
        (lr, s)
        for lr, s, r in zip(LRS, SCORES, study.results, strict=True)
        if r.state == "done"
    }
    assert {tuple(xy) for xy in drawn["done"].get_offsets().tolist()} == done
    # What did not run to its end lies on the axis, at the foot.
    assert drawn["pruned"].get_offsets().tolist() == [[0.2, 0]]
    assert drawn["failed"].get_offsets().tolist() == [[1.0, 0], [0.8, 0]]
    foot = drawn["pruned"].get_offset_transform().transform((0.2, 0))
    left, bottom = ax.transAxes.transform((0, 0))
    assert foot[1] == pytest.approx(bottom)
    assert foot[0] > left
    assert len(drawn["pruned"].get_facecolors()) == 0  # hollow, for who sees no colors
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lr", "score")
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "done",
        "pruned",
        "failed",
    ]
    assert ax.get_xscale() == "function"


def test_the_plot_of_a_choice_names_the_options(study, ax):
    study.plot("net", ax)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert ax.collections[0].get_offsets()[:, 0].tolist() == [0, 1, 0, 0, 1]


def test_the_plot_makes_axes_when_none_are_given(study):
    assert study.plot("hidden_units").get_xlabel() == "hidden units"
    plt.close("all")


def test_a_setting_that_there_is_not(study):
    with pytest.raises(
        KeyError, match="no setting 'size'; there are lr, hidden_units, net"
    ):
        study.plot("size")


def test_a_narrower_space_is_round_the_best(study):
    # a quarter of the six that did not fail: round(1.5) = 2, trials 1 and 6
    space = study.narrowed()
    assert (space["lr"].low, space["lr"].high) == pytest.approx((0.005, 0.04))
    assert space["hidden_units"] == integer(8, 19)
    assert space["net"] == choice("a", "b")
    assert list(space) == list(SPACE)
    # half of six: trials 1, 6 and 3
    space = study.narrowed(top=0.5)
    assert (space["lr"].low, space["lr"].high) == pytest.approx((0.005, 0.08))
    # more than there are that are done
    assert study.narrowed(top=1)["net"] == choice("a", "b")


def test_a_narrower_space_takes_the_least_where_less_is_better(study):
    space = Study(SPACE, "min", study.results).narrowed()
    assert (space["lr"].low, space["lr"].high) == pytest.approx((0.025, 0.2))


@pytest.mark.parametrize("top", [0, -0.1, 1.01])
def test_a_share_that_is_none(study, top):
    with pytest.raises(ValueError, match=f"top {top}: wanted a share above 0, up to 1"):
        study.narrowed(top)


def test_one_trial_makes_no_space(study):
    with pytest.raises(ValueError, match="trials done: 1; wanted 2 or more"):
        Study(SPACE, "max", study.results[:1]).narrowed()


@pytest.mark.parametrize(
    ("space", "goal", "said"),
    [
        ({}, "max", "the space is empty"),
        ({"lr": (0, 1)}, "max", r"lr: \(0, 1\) is no scale; wanted uniform, log"),
        ({"lr": uniform(0, 1), "b": log}, "max", "b: <function log"),
        (SPACE, "least", "goal 'least': wanted 'max' or 'min'"),
    ],
)
def test_spaces_and_goals_that_are_none(space, goal, said):
    with pytest.raises(ValueError, match=said):
        Study(space, goal)
