"""torchbook.engine.resume: a run that was broken off goes on as if it had not been."""

import warnings
from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from torchbook import checkpoint, seed, train
from torchbook.callbacks import Callback, EarlyStopping
from torchbook.checkpoint import CheckpointError, Checkpoints


@pytest.fixture(scope="module")
def whole(small):
    """The run that nothing broke off, for a number of batches to a step."""
    return cache(lambda accumulate: small.go(accumulate=accumulate))


def broken_off(small, folder, every, stop, **options):
    with pytest.raises(small.Stopped):
        small.go(
            checkpoints=Checkpoints(folder, every=every), callbacks=[stop], **options
        )


def resumed(small, folder, every=None, **options):
    made, kept = small.parts(), Checkpoints(folder, every=every)
    if kept.files():
        seed.everything(99)  # whatever chance the new process begins with
    return small.go(made, checkpoints=kept, resume="auto", **options)


# an epoch has 5 steps, or 2 with three batches to a step, the last one ragged in both
@pytest.mark.parametrize(
    ("accumulate", "every", "place", "newest"),
    [
        (1, 2, {"step": 1}, None),  # before the first checkpoint
        (1, 2, {"step": 3}, 2),  # in the middle of the first epoch
        (1, 2, {"step": 5}, 4),  # the last step of an epoch, not yet written down
        (1, 5, {"epoch": 1}, 5),  # written after its last step, the epoch still open
        (1, 2, {"step": 6}, 5),  # just after the epoch was closed
        (1, 1, {"step": 8}, 7),
        (1, None, {"step": 13}, 10),  # checkpoints of epochs alone
        (1, 4, {"step": 15}, 12),  # the last step of all
        (1, 4, {"epoch": 3}, 12),
        (3, 1, {"step": 1}, None),
        (3, 1, {"step": 2}, 1),  # the ragged group is to come
        (3, 2, {"epoch": 1}, 2),
        (3, 1, {"step": 3}, 2),
        (3, None, {"step": 4}, 2),
    ],
)
def test_wherever_it_was_broken_off(
    small, whole, tmp_path, accumulate, every, place, newest
):
    stop = small.StopAt(**place)
    broken_off(small, tmp_path, every, stop, accumulate=accumulate)
    files = Checkpoints(tmp_path).files()
    assert [f.name for f in files[:1]] == ([f"step-{newest:09d}.pt"] if newest else [])
    again = resumed(small, tmp_path, every, accumulate=accumulate)
    small.same(again, whole(accumulate))
    assert len(again.history.losses) == {1: 15, 3: 6}[accumulate]


def test_broken_off_again_and_again(small, whole, tmp_path):
    for step in (2, 4, 5, 9, 10, 15):
        stop = small.StopAt(step=step)
        with pytest.raises(small.Stopped):
            resumed(small, tmp_path, 1, callbacks=[stop])
    small.same(resumed(small, tmp_path, 1), whole(1))


def test_a_run_without_checkpoints_is_not_changed_by_having_them(
    small, whole, tmp_path
):
    small.same(small.go(checkpoints=Checkpoints(tmp_path, every=1)), whole(1))


def test_a_damaged_newest_checkpoint_is_skipped_with_a_warning(small, whole, tmp_path):
    broken_off(small, tmp_path, 2, small.StopAt(step=9))
    newest, older, _ = Checkpoints(tmp_path).files()
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    with pytest.warns(RuntimeWarning, match=rf"skipped: .*{newest.name} is damaged"):
        again = resumed(small, tmp_path, 2)
    small.same(again, whole(1))
    assert not older.exists()  # the newest three are all of the run that went on
    for file in Checkpoints(tmp_path).files():
        checkpoint.load(file)


def test_what_was_just_written_stays_though_a_damaged_one_has_a_later_step(
    small, tmp_path
):
    broken_off(small, tmp_path, 2, small.StopAt(step=9))
    kept = Checkpoints(tmp_path, keep=1)
    for file in kept.files():
        file.write_bytes(b"damaged")
    with pytest.warns(RuntimeWarning, match="skipped"):
        assert kept.newest() is None
    assert kept.save(checkpoint.capture(), 3).is_file()


def test_a_finished_run_is_left_as_it_is(small, tmp_path):
    first = small.go(checkpoints=tmp_path)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}

    class Never(Callback):
        def after_step(self, run):
            raise AssertionError("a step was made")

    again = resumed(small, tmp_path, callbacks=[Never()])
    small.same(first, again)
    assert again.history.rows == first.history.rows  # the seconds too
    assert before == {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}


def test_more_epochs_go_on_where_it_ended(small, tmp_path):
    small.go(epochs=2, checkpoints=tmp_path)
    small.same(resumed(small, tmp_path, epochs=4), small.go(epochs=4))


def test_nothing_to_resume_is_a_new_run(small, whole, tmp_path):
    small.same(small.go(checkpoints=tmp_path / "new", resume="auto"), whole(1))


def test_one_file_can_be_named(small, whole, tmp_path):
    small.go(epochs=1, checkpoints=tmp_path)
    made = small.parts()
    seed.everything(99)
    file = tmp_path / "step-000000005.pt"
    small.same(small.go(made, resume=str(file)), whole(1))  # without writing any


def test_going_back_does_not_mix_with_the_later_checkpoints(small, tmp_path):
    small.go(epochs=3, checkpoints=tmp_path)
    before = Checkpoints(tmp_path).files()
    with pytest.raises(
        ValueError, match=r"later steps.*step-000000015.*another folder"
    ):
        small.go(checkpoints=tmp_path, resume=tmp_path / "step-000000005.pt")
    assert Checkpoints(tmp_path).files() == before
    elsewhere = tmp_path / "elsewhere"
    small.go(checkpoints=elsewhere, resume=tmp_path / "step-000000005.pt")
    assert len(Checkpoints(elsewhere).files()) == 2


def test_a_folder_of_an_earlier_run_is_refused(small, tmp_path):
    small.go(epochs=1, checkpoints=tmp_path)
    with pytest.raises(ValueError, match=r"000005\.pt: resume='auto' goes on"):
        small.go(checkpoints=tmp_path)


def test_auto_needs_a_folder(small):
    with pytest.raises(ValueError, match="needs checkpoints="):
        small.go(resume="auto")


def test_the_file_that_is_not_there_is_named(small, tmp_path):
    with pytest.raises(CheckpointError, match=r"gone\.pt cannot be read: No such file"):
        small.go(resume=tmp_path / "gone.pt")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"width": 17}, r"another model or optimizer: .*size mismatch for 1\.weight"),
        ({"batch_size": 15}, "loader does not fit .*batch_size 16; here it is 15"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(small, tmp_path, changed, said):
    small.go(epochs=1, checkpoints=tmp_path)
    with pytest.raises(CheckpointError, match=f"(?s){said}"):
        small.go(small.parts(**changed), checkpoints=tmp_path, resume="auto")


def test_another_optimizer_is_refused(small, tmp_path):
    small.go(epochs=1, checkpoints=tmp_path)
    made = small.parts()
    groups = [{"params": [p]} for p in made.model.parameters()]
    made.optimizer = torch.optim.AdamW(groups)
    with pytest.raises(CheckpointError, match="another model or optimizer"):
        small.go(made, checkpoints=tmp_path, resume="auto", schedule=None)


def test_a_schedule_that_the_checkpoint_lacks_is_refused(small, tmp_path):
    small.go(epochs=1, checkpoints=tmp_path, schedule=None)
    with pytest.raises(CheckpointError, match="holds no schedule"):
        small.go(checkpoints=tmp_path, resume="auto")


@pytest.mark.parametrize("lacking", ["history", "step", "callbacks", "processes"])
def test_a_checkpoint_that_is_not_of_fit_is_refused(small, tmp_path, lacking):
    small.go(epochs=1, checkpoints=tmp_path)
    state = checkpoint.load(tmp_path / "step-000000005.pt")
    del state[lacking]
    checkpoint.save(tmp_path / "other.pt", state)
    with pytest.raises(
        CheckpointError, match=f"no checkpoint of a run of fit.*{lacking}"
    ):
        small.go(resume=tmp_path / "other.pt")


def test_the_optimizer_steps_as_it_was_told_here(small, tmp_path):
    small.go(epochs=1, checkpoints=tmp_path)
    made = small.parts()
    made.optimizer = torch.optim.AdamW(made.model.parameters(), fused=False)
    small.go(made, checkpoints=tmp_path, resume="auto", schedule=None)
    assert made.optimizer.param_groups[0]["fused"] is False


class Streams:
    """A run over torch's own DataLoader, which shuffles by torch's generator or by its own."""

    def __init__(self, small, own):
        seed.everything(0)
        X, y = small.pictures()
        data = TensorDataset(X.float().flatten(1) / 255, y)
        generator = torch.Generator().manual_seed(5) if own else None
        self.train = DataLoader(data, 16, shuffle=True, generator=generator)
        self.valid = DataLoader(data, 50)
        self.model = nn.Sequential(nn.Linear(64, 8), nn.Dropout(0.3), nn.Linear(8, 3))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.01)
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, 0.9)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    "place", [{"step": 3}, {"step": 6}, {"step": 13}, {"epoch": 2}]
)
def test_a_dataloader_goes_on_at_the_last_whole_epoch(small, tmp_path, own, place):
    once = small.go(Streams(small, own))
    with pytest.raises(small.Stopped):
        small.go(
            Streams(small, own), checkpoints=tmp_path, callbacks=[small.StopAt(**place)]
        )
    made = Streams(small, own)
    seed.everything(99)
    if own:
        made.train.generator.manual_seed(99)
    if place == {"step": 3}:  # there is no checkpoint yet
        made = Streams(small, own)
    small.same(small.go(made, checkpoints=tmp_path, resume="auto"), once)


def test_checkpoints_within_an_epoch_of_a_dataloader_are_refused(small, tmp_path):
    kept = Checkpoints(tmp_path, every=2)
    with pytest.raises(ValueError, match="DataLoader has no state_dict; use Batches"):
        small.go(Streams(small, False), checkpoints=kept)
    assert not list(tmp_path.iterdir())


def test_a_dataloader_does_not_go_on_in_the_middle_of_an_epoch(small, tmp_path):
    broken_off(small, tmp_path, 2, small.StopAt(step=3))
    made = small.parts()
    data = TensorDataset(made.train.X.float(), made.train.y)
    made.train = DataLoader(data, 16)
    with pytest.raises(CheckpointError, match="step 2 is from the middle of an epoch"):
        small.go(made, checkpoints=tmp_path, resume="auto")


@pytest.mark.parametrize("place", [{"step": 8}, {"epoch": 2}, {"step": 16}])
def test_early_stopping_goes_on_with_its_best_and_its_patience(small, tmp_path, place):
    def watch():  # the first epoch stays the best by so much, so the fourth is the last
        return EarlyStopping(patience=3, min_delta=1.0)

    once, first = watch(), small.parts()
    small.go(first, epochs=9, callbacks=[once])
    assert len(first.history) == 4
    assert once.best_epoch == 1
    with pytest.raises(small.Stopped):
        small.go(
            epochs=9,
            checkpoints=Checkpoints(tmp_path, every=3),
            callbacks=[watch(), small.StopAt(**place)],
        )
    again = watch()
    made = resumed(small, tmp_path, 3, epochs=9, callbacks=[again])
    small.same(made, first)
    assert (again.best, again.best_epoch) == (once.best, 1)
    # and once more: it had stopped, and stays so
    small.same(resumed(small, tmp_path, 3, epochs=9, callbacks=[watch()]), first)


def test_two_callbacks_of_a_kind_keep_their_own_states(small, tmp_path):
    def watch():
        columns = ("train_loss", "valid_accuracy")
        return [EarlyStopping(column, patience=9) for column in columns]

    once, again = watch(), watch()
    small.go(checkpoints=tmp_path, callbacks=once)
    resumed(small, tmp_path, callbacks=again)
    assert [c.best for c in again] == [c.best for c in once]
    assert again[0].best != again[1].best


def test_weights_that_are_not_finite_are_never_written(small, tmp_path):
    class Spoil(Callback):
        def after_step(self, run):
            if run.step == 7:  # as a step too long would, its loss still finite
                run.model[1].weight.data[0, 0] = float("nan")

    kept = Checkpoints(tmp_path, every=1, keep=1)
    with pytest.raises(
        FloatingPointError,
        match=r"1\.weight is not finite after step 7 \(epoch 2\).*000006",
    ):
        small.go(checkpoints=kept, callbacks=[Spoil()])
    state = kept.newest()
    assert state["step"] == 6
    assert all(tensor.isfinite().all() for tensor in state["model"].values())


@pytest.mark.parametrize(("value", "step"), [("nan", 1), ("inf", 3), ("nan", 7)])
def test_a_bad_loss_leaves_weights_and_checkpoints_of_before(
    small, tmp_path, value, step
):
    calls, weights = [], []

    def loss(logits, y):
        if logits.requires_grad:  # validation counts no steps
            calls.append(1)
        bad = len(calls) == step
        return F.cross_entropy(logits, y) * (float(value) if bad else 1.0)

    class Remember(Callback):
        def after_step(self, run):
            weights.append([p.detach().clone() for p in run.model.parameters()])

    made = small.parts()
    start = [p.detach().clone() for p in made.model.parameters()]
    kept = Checkpoints(tmp_path, every=2)
    epoch = (step - 1) // 5 + 1
    said = rf"the loss of step {step} \(epoch {epoch}\) is {value}: try a smaller"
    said += rf".*the newest checkpoint is .*step-{step - 1:09d}\.pt" if step > 1 else ""
    with pytest.raises(FloatingPointError, match=said):
        train.fit(
            made.model,
            made.train,
            loss,
            made.optimizer,
            epochs=3,
            valid=made.valid,
            callbacks=[Remember()],
            checkpoints=kept,
            device="cpu",
            progress=False,
        )
    before = weights[-1] if weights else start
    assert all(map(torch.equal, made.model.parameters(), before))
    assert len(weights) == step - 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        state = kept.newest()
    assert (state is None) if step == 1 else (state["step"] == step - 1)
