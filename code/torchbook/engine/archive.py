"""One file of torch.save, written whole or not at all, and read only if its checksum is right.

`torch.load(file, weights_only=True)` reads it without us. The SHA-256 of its content stands in
the comment that a zip archive may carry. It is taken while the file is written, and checked
while it is read, by a second thread: the disk is slower than the sum.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.serialization import get_crc32_options, set_crc32_options

from torchbook.files import replacing

MARK = b"torchbook sha256 "
COMMENT = len(MARK) + 64  # bytes after the archive: the mark and the digits
SMALL = 2**20  # bytes that are not worth a second thread
EMPTY = b"\0\0"  # how an archive without a comment ends: its length, 0


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be written, or must not be used; the message says why."""


def write(path: Path, state: object) -> Path:
    """Write a state to path. Raises CheckpointError when it cannot."""
    digest = hashlib.sha256()
    try:
        with replacing(path) as file:
            with _Hashing(file, digest) as both, _without_crc():
                torch.save(state, both)
            comment = MARK + digest.hexdigest().encode()
            file.seek(-len(EMPTY), os.SEEK_END)
            file.write(len(comment).to_bytes(2, "little") + comment)
    except (OSError, RuntimeError) as error:
        # torch turns a full disk into a RuntimeError
        raise CheckpointError(
            f"{path} could not be written ({error}); what stood there before is untouched"
        ) from error
    return path


def read(path: Path, device: str | torch.device) -> object:
    """The state in path, its tensors on device; CheckpointError when it must not be used."""
    try:
        with ThreadPoolExecutor(1) as beside:
            right = beside.submit(_checksum_is_right, path)
            state, problem = _read(path, device)
            if not right.result():
                raise CheckpointError(
                    f"{path} is damaged: its checksum does not fit its content"
                )
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror or error}"
        ) from error
    if problem is not None:
        raise CheckpointError(f"{path} {_said(problem)}") from problem
    return state


def _read(path: Path, device) -> tuple[dict | None, Exception | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return torch.load(path, map_location=device, weights_only=True), None
        except Exception as error:  # a damaged file can make it fail in any way
            return None, error


def _said(problem: Exception) -> str:
    if not isinstance(problem, pickle.UnpicklingError):
        return f"is no file of torch: {problem}"
    asked = re.search(r"Unsupported global: GLOBAL (\S+)", str(problem))
    what = f"it asks for {asked[1]}" if asked else "it holds more"
    return (
        f"is refused, and nothing in it was run: {what}, and only tensors and plain values "
        "may be in a checkpoint"
    )


class _Hashing:
    """A file that takes the checksum of what passes through it, while it is written."""

    def __init__(self, file, digest) -> None:
        self.file, self.digest, self.beside = file, digest, ThreadPoolExecutor(1)

    def __enter__(self) -> _Hashing:
        return self

    def __exit__(self, *error) -> None:
        self.beside.shutdown()

    def write(self, data) -> int:
        # the memory behind data is torch's, and good for the time of this call only
        if len(data) < SMALL:
            self.digest.update(data)
            return self.file.write(data)
        hashed = self.beside.submit(self.digest.update, data)
        try:
            return self.file.write(data)
        finally:
            hashed.result()

    def flush(self) -> None:
        self.file.flush()


@contextmanager
def _without_crc() -> Iterator[None]:
    # the archive's own checksums: nobody looks at them when ours is there
    before = get_crc32_options()
    set_crc32_options(False)
    try:
        yield
    finally:
        set_crc32_options(before)


def _checksum_is_right(path: Path) -> bool:
    """Whether the content has the checksum that it carries; CheckpointError if it has none."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - COMMENT))
        comment = file.read()
        if not comment.startswith(MARK):
            raise CheckpointError(
                f"{path} is cut short, or no checkpoint: its checksum is missing"
            )
        digest, left = hashlib.sha256(), size - COMMENT - len(EMPTY)
        file.seek(0)
        while left > 0:
            block = file.read(min(left, 2**20))
            digest.update(block)
            left -= len(block)
        digest.update(EMPTY)
        length = int.from_bytes(file.read(len(EMPTY)), "little")
    return length == COMMENT and digest.hexdigest().encode() == comment[len(MARK) :]
