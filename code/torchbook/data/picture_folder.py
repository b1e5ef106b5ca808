"""Batches from folders of pictures that need not fit into memory.

Workers, processes of their own, decode the batches to come while the model trains on this
one. What a batch holds does not depend on them: the Order says which files, and chance is set
anew for each picture.
"""

import os
import signal
import weakref
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader

from torchbook.data import picture_files
from torchbook.data.folder import DataError
from torchbook.data.loader import Augmentation, Loader, Preprocess
from torchbook.data.order import Order, Part, Pass
from torchbook.data.picture_reader import Reader, Request, Transform

MOST_WORKERS = 8  # that are started unasked


class PictureFolder(Loader):
    """Yields (X, y) batches of the pictures below root, a class a subfolder.

    Each picture is turned upright as its EXIF data say and made RGB, and its middle is
    resized to `size`, (H, W) or one number; or transform(picture), from a PIL image to uint8
    (C, H, W), does what you like in place of that. The transform may draw on torch's,
    NumPy's and Python's own random numbers: they are set for each picture by seed, epoch and
    its place among `files`. A batch then moves to `device`, where it is augmented and
    normalised as in Batches.

    Every file is decoded once at the start. A broken one is an error that names it, or with
    broken="skip" left out with a warning; check=False spares the time where a set is known
    to be whole. workers=0 decodes in this process; unset, there is a worker a core. Where
    processes are spawned (macOS, Windows) they must be able to import the transform.

    `classes`, `files` and `y` (N,) are what was found, `ignored` the files of other endings,
    `skipped` the broken ones. Raises DataError for folders and files that will not do, and
    ValueError for settings.
    """

    def __init__(
        self,
        root: str | Path,
        batch_size: int = 64,
        *,
        size: int | tuple[int, int] = (224, 224),
        shuffle: bool = False,
        seed: int = 0,
        mean=None,
        std=None,
        augment: Augmentation | None = None,
        transform: Transform | None = None,
        workers: int | None = None,
        broken: str = "error",
        check: bool = True,
        device=None,
    ) -> None:
        _check_settings(workers, broken, check)
        self.reader, self.workers = Reader(_pair(size), transform), workers
        self.root = Path(root).expanduser()
        found = picture_files.find(self.root)
        if check:
            found = picture_files.check(found, broken, threads=_cores())
        self.classes, self.files, self._found = found.classes, found.files, found
        self.ignored, self.skipped = found.ignored, found.skipped
        self.y, self.device = torch.tensor(found.labels), torch.device("cpu")
        order = Order(len(found.files), batch_size, shuffle, seed)
        super().__init__(order, Preprocess(augment, mean, std))
        if transform is None:
            self.preprocess.check(torch.empty(0, 3, *self.reader.size))
        self._idle = _ending_with(self)
        self.to(device)

    def to(self, device: torch.device | str | None) -> Self:
        """Yield batches on device from now on; to CUDA they go through pinned memory."""
        if device is not None:
            self.device = torch.device(device)
            self.preprocess.to(self.device)
            self._idle.clear()  # it pins, or does not, for the old device
        return self

    def state_dict(self) -> dict[str, int | Tensor]:
        """As in Loader, with a checksum of the names of the files."""
        return super().state_dict() | {"files": self._names}

    def load_state_dict(self, state: dict[str, int | Tensor]) -> None:
        """As in Loader; a folder of as many files of other names is a ValueError too."""
        if state.get("samples") == self.samples:
            other = f"a state of other files than those in {self.root}"
            _want(state.get("files") == self._names, other)
        super().load_state_dict(state)

    def __repr__(self) -> str:
        return (
            f"<{self.root}: {self.samples:,} pictures in {len(self.classes)} classes; left "
            f"out: {len(self.skipped)} broken, {len(self.ignored)} of other endings>"
        )

    @cached_property
    def _names(self) -> int:
        names = [file.relative_to(self.root).as_posix() for file in self.files]
        return zlib.crc32("\n".join(names).encode("utf8", "surrogateescape"))

    def _read(self, this_pass: Pass) -> Iterator[tuple[Part, Tensor, Tensor]]:
        # a pass beside another one finds no idle workers, and starts its own
        loader = self._idle.pop() if self._idle else self._open()
        if not _alive(loader):
            loader = self._open()
        loader.sampler.coming = (self._request(this_pass, part) for part in this_pass)
        try:
            for part, X in zip(this_pass, loader, strict=True):
                if isinstance(X, str):
                    raise DataError(X)
                X = self._ready(this_pass, part, X.to(self.device, non_blocking=True))
                yield part, X, self.y[part.rows].to(self.device)
        finally:
            loader.sampler.coming = iter(())  # which refers to this object
            self._idle[:] = [loader]

    def _request(self, this_pass: Pass, part: Part) -> Request:
        # without rows of its own a process reads one picture, for its shape
        rows = part.rows if len(part.rows) else part.rows.new_zeros(1)
        return Request(
            [str(self.files[row]) for row in rows.tolist()],
            [self._found.name(row) for row in rows.tolist()],
            this_pass.seeds(rows),
        )

    def _open(self) -> DataLoader:
        workers = self.workers
        if workers is None:  # the processes of a run share the cores
            workers = max(1, min(MOST_WORKERS, _cores() // self.order.world))
        return DataLoader(
            self.reader,
            batch_size=None,  # a request is a whole batch
            sampler=_Requests(),
            collate_fn=_as_it_is,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=self.device.type == "cuda",
            worker_init_fn=_stay,
            generator=Generator().manual_seed(self.order.seed),  # not the global one
        )


class _Requests:
    """What the workers shall read, set anew for each pass."""

    coming: Iterator[Request] = iter(())

    def __iter__(self) -> Iterator[Request]:
        return self.coming


def _as_it_is(batch: Tensor | str) -> Tensor | str:
    return batch


def _stay(worker: int) -> None:
    # Ctrl-C goes to the workers too; the run decides how it ends, and they end with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _ending_with(owner: PictureFolder) -> list[DataLoader]:
    # The list is held elsewhere than by its owner, so that its workers are told to end before
    # the queue to them is collected; in the other order each is waited for in vain.
    loaders: list[DataLoader] = []
    weakref.finalize(owner, loaders.clear)
    return loaders


def _alive(loader: DataLoader) -> bool:
    workers = getattr(getattr(loader, "_iterator", None), "_workers", [])
    return all(worker.is_alive() for worker in workers)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_settings(workers: int | None, broken: str, check: bool) -> None:
    _want(workers is None or workers >= 0, f"workers {workers}: wanted 0 or more")
    _want(broken in ("error", "skip"), f"broken {broken!r}: wanted 'error' or 'skip'")
    _want(check or broken == "error", "broken='skip' with check=False: skip needs it")


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    _want(height > 0 and width > 0, f"size {size}: wanted pixels, 1 or more")
    return height, width


def _want(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
