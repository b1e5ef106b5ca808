"""torchbook.callbacks: early stopping, and the logs."""

import builtins
import csv
import math
import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook import distributed, train
from torchbook.callbacks import Callback, CsvLog, EarlyStopping, TensorBoardLog
from torchbook.data.loader import Batches


def fit(callbacks, epochs=3, model=None, valid=True, **options):
    torch.manual_seed(0)
    X, y = torch.randn(20, 4), torch.randint(3, (20,))
    model = model or nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = Batches(X, y, 8)  # 3 steps an epoch
    return train.fit(
        model,
        batches,
        F.cross_entropy,
        optimizer,
        epochs=epochs,
        valid=batches if valid else None,
        callbacks=callbacks,
        device="cpu",
        progress=False,
        **options,
    )


class Script(Callback):
    """Puts values into a column of the history, and the epoch into the weights."""

    def __init__(self, column, values):
        self.column, self.values = column, values

    def after_epoch(self, run):
        run.history.rows[-1][self.column] = self.values[run.epoch - 1]
        run.model.weight.data.fill_(float(run.epoch))


@pytest.mark.parametrize(
    ("column", "values", "options", "best", "epochs"),
    [
        # lower is better for a loss: patience counts the epochs since the best
        ("valid_loss", [3, 2, 1, 4, 4, 4, 4], {"patience": 2}, 3, 5),
        ("valid_loss", [3, 4, 2, 4, 1, 4, 4], {"patience": 2}, 5, 7),
        ("valid_loss", [1, 2, 2, 2, 2, 2, 2], {"patience": 1}, 1, 2),
        ("valid_loss", [1, 1, 1, 1, 1, 1, 1], {"patience": 3}, 1, 4),  # not better
        ("valid_loss", [7, 6, 5, 4, 3, 2, 1], {"patience": 1}, 7, 7),
        ("valid_loss", [9, 8, 8, 8, 8, 8, 8], {}, 2, 7),  # patience 5
        # higher is better for all else
        ("valid_accuracy", [1, 2, 3, 2, 2, 9, 9], {"patience": 2}, 3, 5),
        ("own", [-3, -2, -4, -4, -4, 0, 0], {"patience": 3}, 2, 5),
        # better is by more than min_delta, measured from the best
        ("train_loss", [4, 3.5, 3, 2.5, 2.5, 2, 2], {"patience": 3, "min_delta": 1}, 4, 7),
        ("own", [1, 1.5, 2, 2.5, 3, 3, 3], {"patience": 2, "min_delta": 0.5}, 5, 7),
        ("own", [1, 2, 3, 3, 3, 3, 3], {"patience": 2, "min_delta": 1}, 3, 5),
        # what is not a number is never the best, unless there was nothing else
        ("own", [math.nan, 1, 2, math.nan, math.nan, 9, 9], {"patience": 2}, 3, 5),
        ("valid_loss", [math.inf, 1, 2, 2, 2, 2, 2], {"patience": 2}, 2, 4),
        ("valid_loss", [math.nan] * 7, {"patience": 2}, 7, 7),
    ],
)  # fmt: skip
def test_early_stopping(column, values, options, best, epochs):
    stopping = EarlyStopping(column, **options)
    model = nn.Linear(4, 3)
    history = fit([Script(column, values), stopping], epochs=7, model=model)
    assert (len(history), stopping.best_epoch) == (epochs, best)
    assert stopping.best == pytest.approx(values[best - 1], nan_ok=True)
    assert torch.equal(model.weight, torch.full((3, 4), float(best)))


def test_the_best_weights_come_back_with_all_buffers():
    class Norm(nn.Linear):
        def __init__(self):
            super().__init__(4, 3)
            self.register_buffer("count", torch.tensor(0))

        def forward(self, X):
            self.count += self.training
            return super().forward(X)

    model = Norm()
    fit([Script("own", [1, 2, 0, 0]), EarlyStopping("own")], epochs=4, model=model)
    assert model.count == 6  # steps, until the end of the second epoch


def test_why_it_stopped_is_said():
    said = []

    class Listen(Callback):
        def after(self, run):
            said.append(run.stop)

    fit([Script("own", [1, 0, 0]), EarlyStopping("own", patience=2), Listen()], 9)
    assert said == [
        "own was best, 1, after epoch 1, and no better in the 2 epochs since"
    ]


def test_a_second_run_begins_anew():
    stopping = EarlyStopping("own", patience=2)
    fit([Script("own", [9, 8, 7]), stopping])
    model = nn.Linear(4, 3)
    history = fit([Script("own", [1, 2, 3]), stopping], model=model)
    assert (len(history), stopping.best_epoch, stopping.best) == (3, 3, 3)
    assert torch.equal(model.weight, torch.full((3, 4), 3.0))


def test_a_column_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(
        KeyError,
        match=r"no column 'valid_loss' to watch; .*train_loss.*give valid= to fit",
    ):
        fit([EarlyStopping()], valid=False)
    with pytest.raises(
        KeyError, match=r"no column 'top' .*valid_accuracy, seconds'?\"$"
    ):
        fit([EarlyStopping("top")])


@pytest.mark.parametrize("options", [{"patience": 0}, {"min_delta": -0.1}])
def test_values_that_cannot_be(options):
    with pytest.raises(ValueError, match="wanted 1 or more, and 0 or more"):
        EarlyStopping(**options)


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_csv_file_is_whole_after_each_epoch(tmp_path):
    path, lengths = tmp_path / "logs/run.csv", []

    class Read(Callback):
        def after_epoch(self, run):
            lengths.append(len(rows_of(path)))

    history = fit([CsvLog(path), Read()])
    assert lengths == [1, 2, 3]
    rows = rows_of(path)
    assert list(rows[0]) == list(history.rows[0])
    assert [{k: float(v) for k, v in row.items()} for row in rows] == history.rows
    assert [file.name for file in path.parent.iterdir()] == ["run.csv"]


def test_the_csv_file_is_whole_after_a_resume(tmp_path):
    path, kept = tmp_path / "run.csv", tmp_path / "kept"
    fit([CsvLog(path)], epochs=2, checkpoints=kept)
    path.write_text("a run that went further, and was killed in the mid")
    history = fit([CsvLog(str(path))], epochs=3, checkpoints=kept, resume="auto")
    assert [row["epoch"] for row in rows_of(path)] == ["1", "2", "3"]
    assert [float(row["train_loss"]) for row in rows_of(path)] == history["train_loss"]


def test_columns_that_come_with_a_resume_are_empty_before(tmp_path):
    path, kept = tmp_path / "run.csv", tmp_path / "kept"
    fit([CsvLog(path)], epochs=1, valid=False, checkpoints=kept)
    history = fit([CsvLog(path)], epochs=2, checkpoints=kept, resume="auto")
    losses = [row["valid_loss"] for row in rows_of(path)]
    assert losses == ["", str(history["valid_loss"][1])]


def test_only_one_process_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(distributed, "is_writer", lambda: False)
    fit([CsvLog(tmp_path / "run.csv"), TensorBoardLog(tmp_path / "board")])
    assert list(tmp_path.iterdir()) == []


class Writer:
    """Stands in for tensorboard's, and keeps what it was told."""

    made: list = []  # noqa: RUF012

    def __init__(self, folder, purge_step=None):
        self.folder, self.purge_step = folder, purge_step
        self.scalars, self.flushed, self.closed = [], 0, False
        Writer.made.append(self)

    def add_scalar(self, name, value, step):
        self.scalars.append((name, value, step))

    def flush(self):
        self.flushed += 1

    def close(self):
        self.closed = True

    def column(self, name):
        return [(value, step) for n, value, step in self.scalars if n == name]


@pytest.fixture
def board(monkeypatch):
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    monkeypatch.setattr(Writer, "made", [])
    return Writer.made


def test_tensorboard_gets_steps_and_rows(board, tmp_path):
    history = fit([TensorBoardLog(tmp_path / "board", every=2)])  # 9 steps
    (writer,) = board
    assert (writer.folder, writer.purge_step) == (tmp_path / "board", None)
    wanted = [(history.losses[i], i + 1) for i in (0, 2, 4, 6)]
    assert writer.column("loss") == wanted
    assert writer.column("learning rate") == [(0.1, step) for step in (2, 4, 6, 8)]
    for name in ("train_loss", "valid_loss", "valid_accuracy", "seconds"):
        assert writer.column(name) == list(zip(history[name], (3, 6, 9), strict=True))
    assert writer.column("epoch") == []
    assert writer.flushed == 3
    assert writer.closed


def test_after_a_resume_only_what_came_after_the_checkpoint_is_void(board, tmp_path):
    kept = tmp_path / "kept"
    fit([TensorBoardLog(tmp_path, every=1)], epochs=2, checkpoints=kept)
    fit([TensorBoardLog(tmp_path, every=1)], checkpoints=kept, resume="auto")
    first, second = board
    # tensorboard drops the steps from purge_step on: that of the checkpoint itself is good
    assert second.purge_step == 7
    assert [step for _, step in second.column("loss")] == [7, 8, 9]
    assert [step for _, step in first.column("loss")] == [1, 2, 3, 4, 5, 6]


def test_processes_that_do_not_write_look_at_the_losses_too(board, monkeypatch):
    """Looking adds up the losses of all processes: one alone would wait for ever."""
    monkeypatch.setattr(distributed, "is_writer", lambda: False)
    log, looks = TensorBoardLog("nowhere", every=2), []
    run = SimpleNamespace(step=0, look=lambda: looks.append(run.step))
    log.before(run)
    for run.step in range(1, 6):
        log.after_step(run)
    assert looks == [2, 4]
    assert board == []


def test_without_tensorboard_the_extra_is_named(monkeypatch, tmp_path):
    real = builtins.__import__

    def without(name, *rest, **more):
        if "tensorboard" in name:
            raise ModuleNotFoundError("No module named 'tensorboard'")
        return real(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        ImportError, match=r"extra `log`: pip install 'torchbook\[log\]'"
    ):
        fit([TensorBoardLog(tmp_path)])


def test_a_callback_of_ones_own_need_only_say_what_it_wants():
    class Own(Callback):
        pass

    assert Own().state_dict() == {}
    assert len(fit([Own()])) == 3
