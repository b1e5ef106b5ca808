"""The options of `fit`, their meaning and their defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path

from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from torchbook.checkpoint import Checkpoints


@dataclass(kw_only=True)
class Options:
    """How to train; what is not given is right as a rule."""

    device: str | None = None  # None: a GPU where there is one
    precision: str = "float32"  # or "mixed", "bfloat16", "float16"
    channels_last: bool = (
        False  # pictures in memory as (N, H, W, C): faster convolutions
    )
    compile: bool = False  # torch.compile: a slow first step, faster later ones
    accumulate: int = 1  # batches to a step
    clip: float | None = None  # the largest norm of all gradients together
    schedule: LRScheduler | None = None
    schedule_each: str = "step"  # or "epoch"
    checkpoints: Checkpoints | str | Path | None = None
    resume: str | Path | None = None  # "auto": the newest whole checkpoint; or a file
    progress: bool | None = None  # None: a bar, unless TQDM_DISABLE is set

    @classmethod
    def of(cls, given: dict) -> Options:
        """The options that were given; TypeError for a name that is none, with those there are."""
        names = [field.name for field in fields(cls)]
        for name in given:
            if name not in names:
                raise TypeError(
                    f"fit has no option {name!r}; there are {', '.join(names)}"
                )
        return cls(**given)

    def __post_init__(self) -> None:
        if self.accumulate < 1:
            raise ValueError(f"accumulate {self.accumulate}: wanted 1 or more")
        if self.clip is not None and not self.clip > 0:
            raise ValueError(f"clip {self.clip}: wanted a norm above 0")
        if self.schedule_each not in ("step", "epoch"):
            raise ValueError(f"schedule_each {self.schedule_each!r}: 'step' or 'epoch'")
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule_each = "epoch"  # it goes by a column, which an epoch has
        if isinstance(self.checkpoints, str | Path):
            self.checkpoints = Checkpoints(self.checkpoints)
        if self.resume == "auto" and self.checkpoints is None:
            raise ValueError("resume='auto' needs checkpoints=, the folder to look in")
        if self.progress is None:
            self.progress = os.environ.get("TQDM_DISABLE", "0") in ("", "0")
