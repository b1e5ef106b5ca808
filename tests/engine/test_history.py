"""torchbook.engine.history: the table, the plot, and what a checkpoint keeps."""

import math
import re

import pytest
import torch

from torchbook.engine.history import History

ROWS = [
    {"epoch": 1, "train_loss": 1.25, "valid_loss": 1.5, "seconds": 0.123456},
    {"epoch": 2, "train_loss": 0.5, "valid_loss": 1.0, "seconds": 12.0},
]


@pytest.fixture
def history():
    return History([dict(row) for row in ROWS], [1.5, 1.0, 0.6, 0.4])


@pytest.fixture
def axes():
    import matplotlib.pyplot as plt

    yield plt.subplots()[1]
    plt.close("all")


def test_columns(history):
    assert history["train_loss"] == [1.25, 0.5]
    assert history["epoch"] == [1, 2]
    assert len(history) == 2
    with pytest.raises(
        KeyError, match=r"no column 'loss'; there are epoch, train_loss"
    ):
        history["loss"]


def test_a_column_that_came_later_is_nan_before(history):
    history.rows.append(ROWS[0] | {"epoch": 3, "valid_accuracy": 0.75})
    column = history["valid_accuracy"]
    assert [math.isnan(value) for value in column] == [True, True, False]
    assert history.columns[-1] == "valid_accuracy"
    assert str(history.table()).splitlines()[0].endswith("valid accuracy")
    assert str(history.table()).splitlines()[3].endswith("0.75")
    assert "></td>" in history._repr_html_()  # and no number where there was none


def test_the_table_is_lines_of_one_width_with_names_above(history):
    assert str(history.table()) == repr(history)
    assert str(history.table()).splitlines() == [
        "epoch  train loss  valid loss  seconds",
        "    1        1.25         1.5   0.1235",
        "    2         0.5           1       12",
    ]


def test_the_table_of_a_notebook_is_the_same_and_escaped(history):
    html = history._repr_html_()
    headings = re.findall("<th [^>]*>(.*?)</th>", html)
    cells = re.findall("<td [^>]*>(.*?)</td>", html)
    assert headings == ["epoch", "train loss", "valid loss", "seconds"]
    assert cells == ["1", "1.25", "1.5", "0.1235", "2", "0.5", "1", "12"]
    html = History([{"epoch": 1, "valid_<b>&": 0.5}])._repr_html_()
    assert "valid &lt;b&gt;&amp;" in html
    assert "<b>" not in html


def test_no_epoch_yet():
    empty = History()
    assert repr(empty) == "<History: no epoch yet>"
    assert str(empty.table()) == "epoch"
    assert empty["train_loss"] == []
    assert ">epoch</th>" in empty._repr_html_()
    with pytest.raises(ValueError, match="nothing to plot: no epoch has ended"):
        empty.plot()


def drawn(axes):
    return {line.get_label(): list(line.get_ydata()) for line in axes.lines}


def test_the_losses_are_drawn_unless_columns_are_named(history, axes):
    assert history.plot(ax=axes) is axes
    assert drawn(axes) == {"train loss": [1.25, 0.5], "valid loss": [1.5, 1.0]}
    assert all(list(line.get_xdata()) == [1, 2] for line in axes.lines)
    assert axes.get_xlabel() == "epoch"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["train loss", "valid loss"]


def test_the_columns_that_are_named_are_drawn(history, axes):
    history.plot("seconds", ax=axes, loc="upper left")
    assert drawn(axes) == {"seconds": [0.123456, 12.0]}
    with pytest.raises(KeyError, match="no column 'accuracy'"):
        history.plot("accuracy", ax=axes)


def test_one_epoch_can_be_seen_and_epochs_are_whole_numbers(axes):
    History(ROWS[:1]).plot(ax=axes)
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]  # no line to see
    axes.figure.canvas.draw()
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert ticks == [1]


def test_without_axes_it_makes_its_own(history):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    axes = history.plot()
    assert len(plt.get_fignums()) == len(before) + 1
    assert len(axes.lines) == 2
    plt.close(axes.figure)


def test_a_checkpoint_keeps_all_of_it(history, tmp_path):
    torch.save(history.state_dict(), tmp_path / "history.pt")
    state = torch.load(tmp_path / "history.pt", weights_only=True)
    other = History([{"epoch": 9}], [9.0])
    other.load_state_dict(state)
    assert (other.rows, other.losses) == (ROWS, history.losses)
    other.rows[0]["epoch"] = 7  # and shares nothing with it
    other.losses.append(0.0)
    assert (history.rows[0]["epoch"], len(history.losses)) == (1, 4)
    assert state["rows"][0]["epoch"] == 1


def test_losses_keep_every_bit(history):
    history.losses = [1 / 3, math.pi * 1e-30, 1e300]
    other = History()
    other.load_state_dict(history.state_dict())
    assert other.losses == history.losses
