"""A file of JSON lines that outlives its program: a heading, then a row for each thing done.

A row is forced to the disk before the work goes on. A program that is killed while it writes
leaves half a line at the end, which is dropped when the file is opened again.
"""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path


class JournalError(RuntimeError):
    """A file that is not of this work, is damaged, or cannot be written; the message says which."""


class Journal:
    """The rows of the file `path`, which is begun with `heading` where there is none yet.

    To be used in a `with`. Raises JournalError for a file that has another heading, or none, or
    a damaged line.
    """

    def __init__(self, path: str | Path, heading: dict) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise JournalError(
                f"{self.path} can not be written: {error.strerror or error}"
            ) from error
        try:
            self.rows = self._take_up(heading)
        except BaseException:
            self._file.close()
            raise

    def append(self, row: dict) -> None:
        """Write a row, and return when it is on the disk."""
        if self._file.seek(0, os.SEEK_END) != self._end:
            raise JournalError(
                f"{self.path} was written by another program too: name a file for each"
            )
        self._write(row)
        self.rows.append(row)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *raised) -> None:
        self._file.close()

    def _take_up(self, heading: dict) -> list[dict]:
        self._file.seek(0)
        content = self._file.read()
        *lines, half = content.split(b"\n")
        if not lines and not _line(heading).startswith(half):
            raise JournalError(f"{self.path} is another kind of file: name a new one")
        rows = [self._parsed(line, n) for n, line in enumerate(lines, start=1)]
        if rows:
            self._compare(rows[0], heading)
        if half:
            warnings.warn(
                f"{self.path} ended in half a line, which was dropped: a program was killed "
                "while it wrote it",
                RuntimeWarning,
                stacklevel=4,
            )
        self._end = len(content) - len(half)
        self._file.truncate(self._end)
        if not rows:
            self._write(heading)
        return rows[1:]

    def _parsed(self, line: bytes, n: int) -> dict:
        try:
            row = json.loads(line)
        except ValueError as error:
            row = error
        if isinstance(row, dict):
            return row
        raise JournalError(
            f"{self.path}, line {n} is damaged: {line[:40]!r}… is no JSON object. Cut the file "
            "before that line, and what follows is done again; or name another file"
        )

    def _compare(self, found: dict, heading: dict) -> None:
        wanted = json.loads(_line(heading))  # as it would be read back
        for name in wanted.keys() | found.keys():
            if found.get(name) != wanted.get(name):
                raise JournalError(
                    f"{self.path} is of other work: its {name} is {found.get(name)}, and here it "
                    f"is {wanted.get(name)}. Name another file, or remove that one"
                )

    def _write(self, row: dict) -> None:
        line = _line(row)
        try:
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise JournalError(
                f"{self.path} could not be written ({error.strerror or error}); what was done "
                "before is in it"
            ) from error
        self._end += len(line)


def _line(row: dict) -> bytes:
    return json.dumps(row).encode() + b"\n"
