"""What the engine's tests share: a small run in which everything that chance decides is used."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook import seed, train
from torchbook.callbacks import Callback
from torchbook.data.augment import compose, horizontal_flip, random_crop
from torchbook.data.loader import Batches


class Stopped(Exception):
    """What ends a run in a test, as a kill would."""


class StopAt(Callback):
    """Raise Stopped after a step, or after an epoch."""

    def __init__(self, step=None, epoch=None):
        self.step, self.epoch = step, epoch

    def after_step(self, run):
        if run.step == self.step:
            raise Stopped

    def after_epoch(self, run):
        if run.epoch == self.epoch:
            raise Stopped


def pictures(n=75):
    """Bytes (n, 1, 8, 8) and labels of three classes."""
    g = torch.Generator().manual_seed(0)
    X = torch.randint(256, (n, 1, 8, 8), generator=g).to(torch.uint8)
    return X, torch.randint(3, (n,), generator=g)


def parts(batch_size=16, width=16, start=0):
    """A run of 5 steps an epoch, the last one ragged: BatchNorm, Dropout, AdamW, OneCycle."""
    seed.everything(start)
    X, y = pictures()
    layers = (nn.Linear(64, width), nn.BatchNorm1d(width), nn.Dropout(0.3), nn.ReLU())
    model = nn.Sequential(nn.Flatten(), *layers, nn.Linear(width, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    augment = compose(partial(random_crop, padding=2), horizontal_flip)
    loader = Batches(X, y, batch_size, shuffle=True, augment=augment, mean=0.5, std=0.3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=60)
    return SimpleNamespace(
        model=model,
        optimizer=optimizer,
        schedule=schedule,
        train=loader,
        valid=Batches(X, y, 50, mean=0.5, std=0.3),
    )


def go(made=None, epochs=3, **options):
    """Train what `parts` made; the parts again, with the history that came of it."""
    made = made or parts()
    options = {"progress": False, "device": "cpu", "valid": made.valid} | options
    options.setdefault("schedule", made.schedule)
    made.history = train.fit(
        made.model,
        made.train,
        F.cross_entropy,
        made.optimizer,
        epochs=epochs,
        **options,
    )
    return made


def flat(value):
    """A nested state as a list of leaves, tensors as dtype, shape and values."""
    if isinstance(value, torch.Tensor):
        return [str(value.dtype), tuple(value.shape), *value.flatten().tolist()]
    if isinstance(value, dict):
        return [leaf for key in value for leaf in [key, *flat(value[key])]]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in flat(item)]
    return [value]


def same(one, two):
    """Fail unless two runs are equal bit for bit, in all but their seconds."""
    assert one.history.losses == two.history.losses
    without = [
        [{**row, "seconds": 0} for row in each.history.rows] for each in (one, two)
    ]
    assert without[0] == without[1]
    for name in ("model", "optimizer", "schedule"):
        states = [flat(getattr(each, name).state_dict()) for each in (one, two)]
        assert states[0] == states[1], name


@pytest.fixture(scope="session")
def small():
    """The functions above, for tests that cannot import them."""
    return SimpleNamespace(
        parts=parts, go=go, same=same, pictures=pictures, StopAt=StopAt, Stopped=Stopped
    )
