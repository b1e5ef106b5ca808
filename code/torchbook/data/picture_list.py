"""Pictures that a table lists: a CSV file with a column of file names and a column of labels.

The table is read and every file decoded once at the start, so that a slip in line 4,000 is an
error now, with that line in it, and not after an hour of training.
"""

import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from torchbook.data import picture_files
from torchbook.data.folder import DataError
from torchbook.data.picture_reader import decode, to_tensor

NAMED = 5  # of many faults


class PictureList(Dataset):
    """list[n] is the picture of row n and the number of its class; for torch's DataLoader.

    `table` is a CSV file in UTF-8 with a heading; `file` and `label` are the names of its
    columns. Names of files count from `root`, by default the folder that the table is in.
    Classes are the labels that occur, sorted, or those of `classes`, in their order.

    A picture is upright and RGB; transform(picture) gets it as a PIL image, and without one
    it becomes bytes, uint8 (3, H, W). Broken files are an error that names them, or with
    broken="skip" left out with a warning.

    `classes`, `files`, `labels` and `skipped` are what was found. Raises DataError for a
    table and for files that will not do, and ValueError for settings.
    """

    def __init__(
        self,
        table: str | Path,
        root: str | Path | None = None,
        *,
        file: str = "file",
        label: str = "label",
        classes: Sequence[str] | None = None,
        transform: Callable[[Image.Image], object] | None = None,
        broken: str = "error",
    ) -> None:
        if broken not in ("error", "skip"):
            raise ValueError(f"broken {broken!r}: wanted 'error' or 'skip'")
        self.table = Path(table).expanduser()
        self.root = Path(root).expanduser() if root else self.table.parent
        rows = _rows(self.table, file, label)
        classes = _classes(self.table, rows, classes)
        found = picture_files.PictureFiles(
            classes,
            tuple(self.root / name for _, name, _ in rows),
            tuple(classes.index(word) for _, _, word in rows),
        )
        _check_places(self.table, self.root, rows)
        found = picture_files.check(found, broken, threads=os.cpu_count() or 1)
        self.classes, self.files = found.classes, found.files
        self.labels, self.skipped = found.labels, found.skipped
        self.transform = transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, n: int) -> tuple[Tensor, int]:
        picture = decode(self.files[n])
        transform = self.transform or to_tensor
        return transform(picture), self.labels[n]

    def __repr__(self) -> str:
        return (
            f"<{self.table}: {len(self):,} pictures in {len(self.classes)} classes; "
            f"left out: {len(self.skipped)} broken>"
        )


def _rows(table: Path, file: str, label: str) -> list[tuple[int, str, str]]:
    """Line number, file name and label of each row."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            heading = reader.fieldnames or []
            lacking = [name for name in (file, label) if name not in heading]
            if lacking:
                there = ", ".join(heading) or "none"
                raise DataError(
                    f"{table} has no column {' and no column '.join(lacking)}; its first "
                    f"line names {there}: write a heading, or say file= and label="
                )
            rows = [(reader.line_num, row[file], row[label]) for row in reader]
    except FileNotFoundError:
        raise DataError(f"{table} is not there: wanted a CSV file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{table} cannot be read as CSV in UTF-8: {error}: save it anew as that"
        ) from error
    if not rows:
        raise DataError(f"{table} has a heading and no rows: wanted a row a picture")
    for line, *entries in rows:
        if not all(entry and entry.strip() for entry in entries):
            raise DataError(
                f"{table}, line {line}: wanted a {file} and a {label}, and found "
                f"{entries[0]!r} and {entries[1]!r}: fill it in, or remove the line"
            )
    return [(line, name.strip(), word.strip()) for line, name, word in rows]


def _classes(table: Path, rows, classes: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the classes; DataError for a label that is none of them."""
    if classes is None:
        return tuple(sorted({word for _, _, word in rows}))
    for line, _, word in rows:
        if word not in classes:
            raise DataError(
                f"{table}, line {line}: {word!r} is none of the classes "
                f"{', '.join(classes)}"
            )
    return tuple(classes)


def _check_places(table: Path, root: Path, rows) -> None:
    """Raise DataError for files out of root, not there, or listed with two labels."""
    faults, seen = [], {}
    for line, name, word in rows:
        path = Path(os.path.normpath(name))
        if path.is_absolute() or path.parts[:1] == ("..",):
            faults.append(f"line {line}: {name} leads out of {root}")
        elif not (root / name).is_file():
            faults.append(f"line {line}: {name} is not in {root}")
        elif path in seen and seen[path][1] != word:
            other, first = seen[path]
            faults.append(f"line {line}: {name} is {word}, and {first} in line {other}")
        seen.setdefault(path, (line, word))
    if faults:
        more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        listed = "; ".join(faults[:NAMED])
        raise DataError(f"{table}, {listed}{more}: correct the table, or say root=")
