"""torchbook.engine.run: modes, losses of steps, the order of calls, what is reported."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

from torchbook import train
from torchbook.callbacks import Callback


class Calls(Callback):
    """Notes what was called, and how far the run was."""

    def __init__(self, log, name=""):
        self.log, self.name = log, name

    def note(self, what, run):
        rows, losses = len(run.history), len(run.history.losses)
        self.log.append((self.name + what, run.epoch, run.step, rows, losses))

    def before(self, run):
        self.note("before", run)

    def after_step(self, run):
        self.note("step", run)

    def after_epoch(self, run):
        self.note("epoch", run)

    def after(self, run):
        self.note("after", run)


def test_callbacks_are_called_in_order_with_all_that_is_known(small):
    log = []
    small.go(epochs=2, accumulate=3, callbacks=[Calls(log)])
    assert log == [
        ("before", 0, 0, 0, 0),
        ("step", 1, 1, 0, 1),
        ("step", 1, 2, 0, 2),
        ("epoch", 1, 2, 1, 2),
        ("step", 2, 3, 1, 3),
        ("step", 2, 4, 1, 4),
        ("epoch", 2, 4, 2, 4),
        ("after", 2, 4, 2, 4),
    ]


def test_several_callbacks_are_called_one_after_the_other(small):
    log = []
    small.go(
        epochs=1, accumulate=5, callbacks=(Calls(log, name) for name in ("a ", "b "))
    )
    names = [name for name, *_ in log]
    moments = ("before", "step", "epoch", "after")
    assert names == [f"{who} {moment}" for moment in moments for who in "ab"]


def test_a_run_that_broke_off_has_no_after(small):
    log = []
    with pytest.raises(small.Stopped):
        small.go(callbacks=[Calls(log), small.StopAt(step=2)])
    assert [name for name, *_ in log] == ["before", "step", "step"]


def test_a_callback_can_end_the_run(small):
    class Enough(Callback):
        def after_step(self, run):
            if run.step == 7:
                run.stop = "enough"

    log = []
    made = small.go(epochs=9, callbacks=[Enough(), Calls(log)])
    assert len(made.history.losses) == 7
    assert made.history["epoch"] == [1]  # the second was not whole
    assert log[-1][0] == "after"


@pytest.mark.parametrize("accumulate", [1, 2, 3, 9])
def test_a_loss_a_step_and_their_weighted_mean_an_epoch(small, accumulate):
    history = small.go(accumulate=accumulate).history
    sizes = [16, 16, 16, 16, 11]
    groups = [sizes[i : i + accumulate] for i in range(0, 5, accumulate)]
    assert len(history.losses) == 3 * len(groups)
    for epoch, mean in enumerate(history["train_loss"]):
        losses = history.losses[epoch * len(groups) : (epoch + 1) * len(groups)]
        total = sum(v * sum(g) for v, g in zip(losses, groups, strict=True))
        assert mean == pytest.approx(total / 75, rel=1e-12)


def test_losses_are_those_of_the_batches():
    batches = [(torch.randn(n, 4), torch.randint(3, (n,))) for n in (5, 2)]
    model = nn.Linear(4, 3)
    wanted = [F.cross_entropy(model(X), y).item() for X, y in batches]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    options = {"epochs": 1, "device": "cpu", "progress": False}
    history = train.fit(model, batches, F.cross_entropy, optimizer, **options)
    assert history.losses == pytest.approx(wanted, rel=1e-6)
    once = train.fit(
        model, batches, F.cross_entropy, optimizer, accumulate=2, **options
    )
    assert once.losses == pytest.approx([(5 * wanted[0] + 2 * wanted[1]) / 7], rel=1e-6)


def test_parts_that_were_frozen_in_eval_mode_stay_so(small):
    made = small.parts()
    made.model.train()
    norm = made.model[2].eval()
    seen = []

    class Modes(Callback):
        def after_step(self, run):
            seen.append([module.training for module in run.model])

    before = norm.running_mean.clone()
    small.go(made, callbacks=[Modes()])
    assert set(map(tuple, seen)) == {(True, True, False, True, True, True)}
    assert [m.training for m in made.model] == seen[0]  # also after the last validation
    assert torch.equal(norm.running_mean, before)


def test_a_model_left_in_eval_mode_is_trained_in_training_mode(small):
    made = small.parts()
    made.model.eval()
    small.go(made)
    plain = small.go()
    assert made.model.training
    assert made.model[2].num_batches_tracked == 15
    small.same(made, plain)
    assert not torch.equal(made.model[2].running_mean, torch.zeros(16))


def test_a_stream_that_does_not_know_its_length():
    class Stream(IterableDataset):
        def __iter__(self):
            yield from ((torch.ones(4), i % 3) for i in range(7))

    model = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(Stream(), batch_size=3)
    history = train.fit(
        model,
        loader,
        F.cross_entropy,
        optimizer,
        epochs=2,
        device="cpu",
        progress=False,
    )
    assert len(history.losses) == 6


def test_the_bar_counts_steps_and_shows_the_last_row(small, capfd):
    small.go(accumulate=2, progress=True)
    shown = capfd.readouterr().err
    assert "9/9" in shown  # three steps an epoch
    assert "train_loss=" in shown
    assert "valid_accuracy=" in shown


def test_the_bar_of_a_resumed_run_begins_where_it_left_off(small, tmp_path, capfd):
    small.go(epochs=2, checkpoints=tmp_path)
    small.go(epochs=3, checkpoints=tmp_path, resume="auto", progress=True)
    shown = capfd.readouterr().err
    assert "10/15" in shown
    assert "15/15" in shown
    assert " 9/15" not in shown
