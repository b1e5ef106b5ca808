"""A run killed with SIGKILL at random moments, resumed each time, against one that was not.

    python benchmarks/kill.py --kills 100

A process that has imported torch forks one child after another. Each trains on from the newest
checkpoint; every second one is killed after a random time, every other one at the first write of
a checkpoint after that. After each kill every step-*.pt must load. When the run has come to its
end, its weights and the loss of every step must be those of the uninterrupted run, bit for bit.
Exits with 1 when anything differs. With 100 kills or more, `book/recorded/kill.json` is written.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
import torch._dynamo  # the first step of an optimizer would, in every child anew
import torch.nn.functional as F
from torch import nn

from torchbook import checkpoint, recorded, seed
from torchbook.callbacks import CsvLog, EarlyStopping
from torchbook.checkpoint import CheckpointError, Checkpoints
from torchbook.data.augment import compose, horizontal_flip, random_crop
from torchbook.data.loader import Batches
from torchbook.train import fit

STEPS = 20  # in an epoch, the last one with a ragged batch
LOOK = 2e-4  # seconds between two looks at a child
EVERY = 2  # steps from checkpoint to checkpoint, besides those of epochs


def train(folder: Path, epochs: int) -> None:
    """The run: all that chance decides is in it. At its end, result.pt says what came of it."""
    seed.everything(0)
    g = torch.Generator().manual_seed(0)
    X = torch.randint(256, (STEPS * 16 - 5, 1, 8, 8), generator=g).to(torch.uint8)
    y = torch.randint(3, (len(X),), generator=g)
    layers = (nn.Linear(64, 256), nn.BatchNorm1d(256), nn.Dropout(0.3), nn.ReLU())
    model = nn.Sequential(nn.Flatten(), *layers, nn.Linear(256, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    total = epochs * STEPS
    history = fit(
        model,
        Batches(
            X,
            y,
            16,
            shuffle=True,
            augment=compose(partial(random_crop, padding=2), horizontal_flip),
        ),
        F.cross_entropy,
        optimizer,
        epochs=epochs,
        valid=Batches(X[:100], y[:100], 50),
        schedule=torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total),
        clip=1.0,
        callbacks=[EarlyStopping(patience=epochs), CsvLog(folder / "log.csv")],
        checkpoints=Checkpoints(folder, every=EVERY),
        resume="auto",
        device="cpu",
        progress=False,
    )
    rows = [{**row, "seconds": 0.0} for row in history.rows]
    state = checkpoint.capture(model=model, optimizer=optimizer, rows=rows)
    state["losses"] = torch.tensor(history.losses, dtype=torch.float64)  # (steps,)
    checkpoint.save(folder / "result.pt", state)


def forked(function, *arguments) -> int:
    """The process id of a child that runs the function; it ends with 0, or with 1 on an error."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        # a damaged checkpoint would be skipped with a warning: here it is an error
        warnings.simplefilter("error", RuntimeWarning)
        function(*arguments)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def half_written(folder: Path) -> set[str]:
    """The checkpoints that are being written, or were when their writers were killed."""
    with suppress(OSError):
        return {name for name in os.listdir(folder) if name.startswith(".step-")}
    return set()


def alive(child: int) -> bool:
    """Whether a child has not ended; it can still be waited for."""
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, child, flags) is None


def kill_after(child: int, seconds: float, writing: Callable[[], bool] | None) -> bool:
    """Kill a child after so long, or then when it is writing; whether it lived until then."""
    end = time.monotonic() + seconds
    while alive(child) and time.monotonic() < end:
        time.sleep(LOOK)
    while alive(child) and writing and not writing():
        time.sleep(LOOK)
    if alive(child):
        os.kill(child, signal.SIGKILL)
    return must_end(child, -signal.SIGKILL) != 0


def must_end(child: int, *codes: int) -> int:
    """How a child ended: with 0 or one of the codes; anything else ends the command."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, *codes):
        raise SystemExit(f"a run failed with {code}; its error is above")
    return code


def whole_run(folder: Path, epochs: int) -> tuple[float, float]:
    """The uninterrupted run: its seconds until the first checkpoint, and those of an epoch."""
    began, child = time.monotonic(), forked(train, folder, epochs)
    while alive(child) and not Checkpoints(folder).files():
        time.sleep(LOOK)
    first = time.monotonic() - began
    must_end(child)
    return first, (time.monotonic() - began) / epochs


@dataclass
class Tally:
    """What happened: kills and where they fell, and all that was not as it should be."""

    kills: int = 0
    writes: int = 0  # kills that fell in the write of a checkpoint
    read: int = 0  # checkpoints that were read after a kill
    steps: list[int] = field(default_factory=list)  # of the newest one, at each kill
    runs: int = 0  # runs that came to their end, and were compared
    wrong: Counter = field(default_factory=Counter)

    def look(self, folder: Path, in_a_write: bool) -> None:
        """Count a kill, and read every checkpoint that it left."""
        self.kills += 1
        self.writes += in_a_write
        files = Checkpoints(folder).files()
        for file in files:
            self.read += 1
            try:
                checkpoint.load(file)
            except CheckpointError as error:
                self.wrong[f"unreadable: {error}"] += 1
        self.steps.append(int(files[0].stem.removeprefix("step-")) if files else 0)

    def compare(self, folder: Path, whole: dict) -> None:
        """Count what differs between the result in a folder and that of the whole run."""
        self.runs += 1
        result = checkpoint.load(folder / "result.pt")
        self.wrong.update(differences(result, whole))


def differences(one: dict, two: dict) -> list[str]:
    """What two results of `train` differ in; nothing when they are equal bit for bit."""
    found = [
        f"{part} {name}"
        for part, names in (("weights", "model"), ("moments", "optimizer"))
        for name, a, b in pairs(one[names], two[names])
        if not torch.equal(a, b)
    ]
    if not torch.equal(one["losses"], two["losses"]):
        found.append("losses of steps")
    if one["rows"] != two["rows"]:
        found.append("rows of epochs")
    return found


def pairs(one: dict, two: dict):
    """The tensors of two state_dicts side by side: of a model, or of an optimizer."""
    if "state" in one:
        one, two = (
            {f"{n} {k}": v for n, kept in o["state"].items() for k, v in kept.items()}
            for o in (one, two)
        )
    assert one.keys() == two.keys()
    return [(name, one[name], two[name]) for name in one]


def campaign(kills: int, chance: random.Random, top: Path) -> Tally:
    """Kill runs until so many kills are done; each run that is killed goes on to its end."""
    epochs = max(2, kills)
    first, epoch = whole_run(top / "whole", epochs)
    whole, tally = checkpoint.load(top / "whole/result.pt"), Tally()
    while tally.kills < kills:
        folder = top / f"killed-{tally.runs + 1}"
        while tally.kills < kills:
            # so that about an epoch is made in a life, besides the beginning
            seconds = chance.uniform(0, 2 * (first + epoch))
            old = half_written(folder)  # of kills before this one

            def writing(folder=folder, old=old) -> bool:
                return not half_written(folder) <= old

            child = forked(train, folder, epochs)
            if not kill_after(child, seconds, writing if tally.kills % 2 else None):
                break  # it was at its end
            tally.look(folder, writing())
        else:
            must_end(forked(train, folder, epochs))
        tally.compare(folder, whole)
    return tally


def main(arguments: list[str] | None = None) -> int:
    """The command; 1 when anything differed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--seed", type=int, default=0, help="of the moments")
    options.add_argument("--no-record", action="store_true")
    given = options.parse_args(arguments)
    if not hasattr(os, "fork"):
        raise SystemExit("this needs fork and SIGKILL, which this system does not have")
    torch.set_num_threads(1)  # a pool of threads would not survive a fork
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as top:
        tally = campaign(given.kills, random.Random(given.seed), Path(top))
    seconds = time.perf_counter() - began
    results = {
        "kills": tally.kills,
        "kills during the write of a checkpoint": tally.writes,
        "kills with nothing written yet": tally.steps.count(0),
        "steps of a run": max(2, given.kills) * STEPS,
        "runs compared with the uninterrupted one": tally.runs,
        "checkpoints read after a kill": tally.read,
        "differences and unreadable files": sum(tally.wrong.values()),
    }
    width = max(map(len, results))
    print("\n".join(f"{name:{width}}  {value:6}" for name, value in results.items()))
    print(f"{'seconds':{width}}  {seconds:6.1f}")
    for what, times in tally.wrong.items():
        print(f"{times} × {what}", file=sys.stderr)
    if given.kills >= 100 and not given.no_record:
        print(
            recorded.write(
                "kill",
                command=f"python benchmarks/kill.py --kills {given.kills} --seed {given.seed}",
                results=results,
                curves={"newest step at each kill": tally.steps},
                seconds=seconds,
                seeds=[given.seed],
            ).name
        )
    return int(bool(tally.wrong))


if __name__ == "__main__":
    sys.exit(main())
