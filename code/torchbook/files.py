"""Files that are written whole or not at all, whatever ends the program meanwhile."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file beside path, to write; at the end it takes its place, on an error it goes.

    It is forced to the disk before it is moved, and the folder after it: a reader finds
    the old file or the new one, also after a loss of power. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with beside.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        _sync_folder(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def second_name(path: Path, name: Path) -> None:
    """Give a file a second name at once, without copying it where the disk allows."""
    beside = name.with_name(f".{name.name}-{os.getpid()}")
    beside.unlink(missing_ok=True)
    try:
        os.link(path, beside)
    except OSError:
        beside.write_bytes(path.read_bytes())
    os.replace(beside, name)
    _sync_folder(name.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # Windows cannot open a folder, and needs no such call
    with suppress(OSError):  # some file systems have no such call; the file is in place
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
