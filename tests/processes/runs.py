"""The runs that tests/test_distributed.py compares, in one process or under torchrun.

    torchrun --nproc-per-node 2 tests/processes/runs.py FOLDER

What each process saw goes to FOLDER/processes-WORLD-RANK.pt; each run is one function.
"""

import io
import sys
from contextlib import redirect_stderr
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from torchbook import distributed, metrics, seed, train
from torchbook.callbacks import Callback, CsvLog
from torchbook.checkpoint import Checkpoints
from torchbook.data.loader import Batches

EPOCHS = 3


class Cut(Callback):
    """Ends a run after a step, as a power cut would."""

    def __init__(self, step):
        self.step = step

    def after_step(self, run):
        if run.step == self.step:
            raise Stopped


class Stopped(Exception):
    """The run was cut."""


def samples(n, dtype=torch.float64):
    g = torch.Generator().manual_seed(n)
    return torch.randn(n, 8, generator=g, dtype=dtype), torch.randint(
        3, (n,), generator=g
    )


def network(*middle, dtype=torch.float64):
    layers = nn.Linear(8, 16), *middle, nn.ReLU(), nn.Linear(16, 3)
    return nn.Sequential(*layers).to(dtype)


def run(n=40, middle=(), dtype=torch.float64, sharded=False, epochs=EPOCHS, **options):
    """Train on n samples in batches of 6; losses, rows without seconds, weights, measures."""
    seed.everything(0)
    model = network(*middle, dtype=dtype)
    if sharded:
        model = distributed.shard(model, "cpu")
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    batches = Batches(*samples(n, dtype), 6, shuffle=True)
    valid = Batches(*samples(25, dtype), 8)  # the last batch has one
    history = train.fit(
        model,
        batches,
        F.cross_entropy,
        optimizer,
        epochs=epochs,
        valid=valid,
        schedule=torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.97),
        device="cpu",
        **{"progress": False, **options},
    )
    two = {
        "accuracy": metrics.accuracy,
        "top2": partial(metrics.topk_accuracy, k=2),
    }
    return {
        "losses": torch.tensor(history.losses, dtype=torch.float64),
        "rows": [
            {k: v for k, v in row.items() if k != "seconds"} for row in history.rows
        ],
        "weights": distributed.states(model, optimizer)[0],
        "measured": train.evaluate(model, valid, F.cross_entropy, two),
    }


def cut_then_on(folder, step, between=(), **options):
    """What `run` gives, cut after a step and taken up from its checkpoint."""
    options |= {"checkpoints": Checkpoints(folder, every=2), "resume": "auto"}
    try:
        run(callbacks=[Cut(step)], **options)
    except Stopped:
        seed.everything(99)  # what chance does now must not matter
        return run(**options)
    raise AssertionError("the run was not cut")


def masks():
    """Which units a Dropout lets through in the first step of a run: (samples, units)."""
    seen = []

    class Kept(nn.Dropout):
        def forward(self, X):
            seen.append(super().forward(torch.ones_like(X)).bool())
            return super().forward(X)

    run(middle=[Kept(0.5)], epochs=1)
    return seen[0]


def refused(work):
    """The words of the ValueError that work raises."""
    try:
        work()
    except ValueError as error:
        return str(error)
    return "nothing was refused"


def loaders_that_cannot_be_divided():
    """What is said to a DataLoader, as training and as validation set, and to small batches."""

    def fit(batches, valid=None):
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        train.fit(model, batches, F.cross_entropy, optimizer, epochs=1, valid=valid, device="cpu",
                  progress=False)  # fmt: skip

    plain, good = DataLoader(TensorDataset(*samples(9)), 3), Batches(*samples(9), 3)
    return [
        refused(lambda: fit(plain)),
        refused(lambda: fit(good, valid=plain)),
        refused(lambda: fit(Batches(*samples(9), 1))),
    ]


def shown(folder):
    """What a run writes to the screen, with a folder of its own for each process."""
    mine = folder / f"files of {distributed.rank()} in {distributed.world()}"
    with redirect_stderr(io.StringIO()) as screen:
        run(
            progress=True,
            checkpoints=mine / "checkpoints",
            callbacks=[CsvLog(mine / "history.csv")],
        )
    return screen.getvalue()


COMPARED = {
    "plain": {},
    "one row left": {"n": 37},
    "accumulate": {"n": 37, "accumulate": 3},
    "clip": {"clip": 0.05},
    "both": {"accumulate": 2, "clip": 0.05},
}


def everything(folder):
    """All that is compared, by name; `folder` holds checkpoints that other runs left."""
    world = distributed.world()
    seen = {name: run(**options) for name, options in COMPARED.items()}
    seen["dropout"] = run(middle=[nn.Dropout(0.5)], dtype=torch.float32)
    seen["dropout, cut"] = cut_then_on(
        folder / f"dropout {world}", 9, middle=[nn.Dropout(0.5)], dtype=torch.float32
    )
    seen["masks"] = masks()
    seen["screen"] = shown(folder)
    seen["normalised"] = run(
        middle=[nn.BatchNorm1d(16)], checkpoints=folder / f"norm {world}", n=36
    )
    if world > 1:
        seen["refused"] = loaders_that_cannot_be_divided()
        seen["sharded"] = run(sharded=True)
        seen["sharded, clip"] = run(sharded=True, n=37, clip=0.05, accumulate=3)
    for name in sorted(path.name for path in folder.glob(f"for {world}*")):
        options = {"sharded": True} if name.endswith("sharded") else {}
        seen[name] = run(checkpoints=folder / name, resume="auto", **options)
    return seen


def leave(folder, step=9, **options):
    """A run cut in the middle of an epoch, its checkpoints in the folder."""
    try:
        run(checkpoints=Checkpoints(folder, every=2), callbacks=[Cut(step)], **options)
    except Stopped:
        return
    raise AssertionError("the run was not cut")


def main():
    """Run everything in this process, one of several, and keep what was seen."""
    folder = Path(sys.argv[1])
    distributed.start(torch.device("cpu"))
    world = distributed.world()
    seen = everything(folder)
    leave(folder / f"left by {world}")
    if world == 2:
        leave(folder / "left by 2, sharded", sharded=True)
    torch.save(seen, folder / f"processes-{world}-{distributed.rank()}.pt")


if __name__ == "__main__":
    main()
