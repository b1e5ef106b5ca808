"""Checks for the exercises of part 6, Training on a GPU. None of them needs one."""

import torch

from torchbook.exercises import Case, compare, exercise, show


class _Machine:
    """Does its work late: a job takes `cost` seconds of its own clock, when someone waits."""

    def __init__(self, costs: list[float]) -> None:
        self.costs, self.time, self.waiting, self.calls = list(costs), 0.0, 0.0, 0
        self.dirty_reads = 0

    def work(self) -> None:
        """Hand over a job, for a millisecond."""
        self.waiting += self.costs[min(self.calls, len(self.costs) - 1)]
        self.calls += 1
        self.time += 0.001

    def wait(self) -> None:
        """Let all the jobs be done."""
        self.time += self.waiting
        self.waiting = 0.0

    def clock(self) -> float:
        """Seconds."""
        self.dirty_reads += self.waiting > 0
        return self.time


@exercise("median_time")
def check_median_time(median_time):
    """A machine that works late and has a slow first call; then one with a single outlier."""
    for costs, repeats, warm_up, want in (
        ([9.0, 9.0, 1.0, 2.0, 3.0], 3, 2, 2.001),
        ([5.0, 1.0, 1.0, 8.0, 1.0, 1.0], 5, 1, 1.001),
        ([7.0, 4.0], 1, 1, 4.001),
    ):
        machine = _Machine(costs)
        got = median_time(machine.work, machine.wait, machine.clock, repeats, warm_up)
        call = f"with calls of {show(costs)} s, {warm_up} to warm up, it"
        counted = costs[warm_up : warm_up + repeats]
        usual = [
            (
                0.001,
                "This is the time to hand the job over. Wait before you read the clock.",
            ),
            (
                sum(counted) / repeats + 0.001,
                "This is the mean. One slow call moves it.",
            ),
            (sum(counted) + repeats * 0.001, "This is the sum of all repeats."),
            (min(counted) + 0.001, "This is the fastest call, not the middle one."),
        ]
        otherwise = (
            "Warm up outside the clock; wait() before each of the two looks at it."
        )
        yield compare(call, got, want, usual, otherwise)
        yield Case(
            f"work was called {machine.calls} times, wanted {repeats + warm_up}.",
            machine.calls == repeats + warm_up,
            "warm_up calls first, then repeats calls under the clock.",
        )
        yield Case(
            f"the clock was read {machine.dirty_reads} times while work was still waiting.",
            machine.dirty_reads == 0,
            "Call wait() before each look at the clock, the first one too.",
        )


@exercise("overhead")
def check_overhead(overhead):
    """Lines with and without an overhead, the two batches in either order."""
    for a, b, B1, B2 in ((0.002, 1e-3, 1, 101), (0.5, 0.25, 8, 2), (0.0, 0.5, 4, 64)):
        t1, t2 = a + b * B1, a + b * B2
        got = overhead(B1, t1, B2, t2)
        usual = [
            ((b, a), "These are b and a. The overhead comes first."),
            (
                (t1, b),
                "At B1 samples there is more than the overhead: take b * B1 away.",
            ),
            ((a, t1 / B1), "t1 / B1 holds the overhead too. Divide two differences."),
        ]
        call = f"overhead({B1}, {show(t1)}, {B2}, {show(t2)})"
        otherwise = "b is the slope (t2 - t1) / (B2 - B1); a is what is left at B = 0."
        yield compare(call, got, (a, b), usual, otherwise)


@exercise("move")
def check_move(move):
    """One tensor, a tuple, a dictionary with a list inside, things that are no tensors."""
    X, y = torch.zeros(2, 3), torch.zeros(2)
    for name, batch in (
        ("a tensor", X),
        ("a tuple of two", (X, y)),
        ("a dictionary that holds a list", {"X": [X, X], "y": y}),
        ("a tuple with a name and a number in it", (X, "cat.png", 7)),
    ):
        got = move(batch, "meta")
        problem = _difference(batch, got)
        what = f"{name}: {problem or 'as wanted'}; wanted the same form, its tensors moved."
        still = "The tensor itself does not move. Return what .to gives you."
        form = "Go through the form: tensor, dictionary, list or tuple, anything else."
        yield Case(what, not problem, still if "still on" in problem else form)


def _difference(batch, got) -> str:
    if isinstance(batch, torch.Tensor):
        if not isinstance(got, torch.Tensor):
            return f"a tensor became {type(got).__name__}"
        return "" if got.device.type == "meta" else f"a tensor is still on {got.device}"
    if type(batch) is not type(got):
        return f"{type(batch).__name__} became {type(got).__name__}"
    if isinstance(batch, dict):
        if list(batch) != list(got):
            return f"the keys became {list(got)}"
        return next(filter(None, map(_difference, batch.values(), got.values())), "")
    if isinstance(batch, list | tuple):
        if len(batch) != len(got):
            return f"{len(batch)} parts became {len(got)}"
        return next(filter(None, map(_difference, batch, got)), "")
    return "" if batch == got else f"{batch!r} became {got!r}"
