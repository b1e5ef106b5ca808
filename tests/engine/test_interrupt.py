"""torchbook.engine.interrupt: Ctrl-C ends a step, writes a checkpoint, and says so."""

import os
import signal
import threading

import pytest
from torch.utils.data import DataLoader, TensorDataset

from torchbook.callbacks import Callback
from torchbook.checkpoint import Checkpoints
from torchbook.engine.interrupt import Interrupted, Requests

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Send(Callback):
    """Sends a signal to this process in the middle of a step, and notes what was done after."""

    def __init__(self, step, *numbers):
        self.step, self.numbers, self.after_it = step, numbers, []

    def after_step(self, run):
        if run.step == self.step:
            for number in self.numbers:
                os.kill(os.getpid(), number)
            self.after_it.append(run.step)


@pytest.fixture(autouse=True)
def handlers():
    """Fails unless each test leaves the handlers as it found them."""
    before = [signal.getsignal(number) for number in NUMBERS]
    yield before
    after = [signal.getsignal(number) for number in NUMBERS]
    for number, handler in zip(NUMBERS, before, strict=True):
        signal.signal(number, handler)
    assert after == before


# every step; the middle, the end of an epoch, the last of all
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("step", [1, 7, 10, 15])
@pytest.mark.parametrize("every", [None, 5])
def test_the_step_is_finished_and_all_is_written(small, tmp_path, number, step, every):
    send = Send(step, number)
    kept = Checkpoints(tmp_path, every=every)
    with pytest.raises(Interrupted) as caught:
        small.go(checkpoints=kept, callbacks=[send])
    assert send.after_it == [step]  # the signal did not cut the step off
    path = tmp_path / f"step-{step:09d}.pt"
    assert (caught.value.step, caught.value.path) == (step, path)
    said = f"stopped after step {step}; {path} holds all to go on from there"
    assert str(caught.value) == said
    assert path in kept.files()
    assert isinstance(
        caught.value, KeyboardInterrupt
    )  # what else knows Ctrl-C knows it


def test_the_run_goes_on_from_there_as_if_nothing_had_been(small, tmp_path):
    once = small.go()
    for step in (3, 5, 11, 15):
        with pytest.raises(Interrupted):
            small.go(
                checkpoints=tmp_path,
                resume="auto",
                callbacks=[Send(step, signal.SIGINT)],
            )
    small.same(small.go(checkpoints=tmp_path, resume="auto"), once)


def test_a_second_ctrl_c_interrupts_at_once(small, tmp_path):
    send = Send(2, signal.SIGINT, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught:
        small.go(checkpoints=tmp_path, callbacks=[send])
    assert not isinstance(caught.value, Interrupted)
    assert send.after_it == []
    assert list(tmp_path.iterdir()) == []


def test_sigterm_twice_waits_all_the_same(small, tmp_path):
    with pytest.raises(Interrupted):
        send = Send(2, signal.SIGTERM, signal.SIGTERM)
        small.go(checkpoints=tmp_path, callbacks=[send])
    assert (tmp_path / "step-000000002.pt").is_file()


def test_while_validation_runs_it_waits_for_the_end_of_the_epoch(small, tmp_path):
    made = small.parts()

    class Valid:
        def __init__(self, batches):
            self.batches = batches

        def __iter__(self):
            os.kill(os.getpid(), signal.SIGINT)
            return iter(self.batches)

    made.valid = Valid(made.valid)
    with pytest.raises(Interrupted) as caught:
        small.go(made, checkpoints=tmp_path)
    assert caught.value.step == 5
    state = Checkpoints(tmp_path).newest()
    assert state["epoch"] == 1  # the row of the epoch is in it
    assert len(state["history"]["rows"]) == 1


def test_without_checkpoints_ctrl_c_is_pythons_own(small, handlers):
    seen = []

    class Look(Callback):
        def after_step(self, run):
            seen.append([signal.getsignal(number) for number in NUMBERS])

    send = Send(2, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught:
        small.go(callbacks=[Look(), send])
    assert type(caught.value) is KeyboardInterrupt
    assert send.after_it == []
    assert all(each == handlers for each in seen)


def test_a_loader_that_does_not_know_its_place_stops_and_names_the_last_epoch(
    small, tmp_path
):
    made = small.parts()
    X, y = made.train.X.float(), made.train.y
    made.train = made.valid = DataLoader(TensorDataset(X, y), 16)
    with pytest.raises(
        KeyboardInterrupt, match=r"middle of an epoch; the newest.*step-000000005\.pt"
    ):
        small.go(made, checkpoints=tmp_path, callbacks=[Send(7, signal.SIGINT)])
    assert [f.name for f in Checkpoints(tmp_path).files()] == ["step-000000005.pt"]


@pytest.mark.parametrize("error", [False, True])
def test_handlers_are_put_back(small, tmp_path, handlers, error):
    callbacks, own = [small.StopAt(step=3)] if error else [], handlers[0]
    mine = signal.signal(signal.SIGINT, lambda *_: None)
    assert mine == own
    handler = signal.getsignal(signal.SIGINT)
    try:
        small.go(checkpoints=tmp_path, callbacks=callbacks)
    except small.Stopped:
        assert error
    assert signal.getsignal(signal.SIGINT) is handler
    signal.signal(signal.SIGINT, own)


def test_they_are_put_back_when_the_run_cannot_begin(small, tmp_path):
    small.go(epochs=1, checkpoints=tmp_path)
    with pytest.raises(ValueError, match="earlier run"):
        small.go(checkpoints=tmp_path)  # and the fixture looks at the handlers


def test_outside_the_main_thread_it_does_nothing(handlers):
    seen = []

    def look():
        with Requests() as requests:
            seen.append(requests.asked)
            seen.append([signal.getsignal(number) for number in NUMBERS])

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [False, handlers]


def test_a_request_is_noted():
    with Requests() as requests:
        assert not requests.asked
        os.kill(os.getpid(), signal.SIGTERM)
        assert requests.asked
