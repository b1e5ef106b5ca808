"""Picture files: found in folders, a class a subfolder, and checked.

A file counts by its ending, as in torchvision's ImageFolder. What it holds is then tried: a
page that says "not found" and was saved as photo.jpg shows itself only when it is decoded.
"""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from torchbook.data.folder import DataError
from torchbook.data.picture_reader import ADVICE, decode, reason

ENDINGS = ("jpg", "jpeg", "png", "ppm", "bmp", "pgm", "tif", "tiff", "webp")
LAYOUT = "wanted a folder with a subfolder for each class, and its pictures in there"
COUNTED = f"files that end in {', '.join(f'.{e}' for e in ENDINGS)} count"
NAMED = 5  # of many broken files


@dataclass(frozen=True)
class PictureFiles:
    """Files and the number of the class of each; beside them what did not count."""

    classes: tuple[str, ...]
    files: tuple[Path, ...]
    labels: tuple[int, ...]
    ignored: tuple[Path, ...] = ()  # other endings
    skipped: tuple[Path, ...] = ()  # broken

    def name(self, row: int) -> str:
        """A file and its class, for messages."""
        return f"{self.files[row]} (class {self.classes[self.labels[row]]})"


def find(root: Path) -> PictureFiles:
    """The pictures in the subfolders of root, at any depth, by class and name.

    Classes are the names of the subfolders, in their order; hidden folders and files (a dot
    first) are passed over. Raises DataError for a folder that is missing, has no subfolders
    or no pictures, and for a class without a picture.
    """
    if not root.is_dir():
        what = "is no folder" if root.exists() else "is not there"
        raise DataError(f"{root} {what}: {LAYOUT}")
    folders = sorted(f for f in root.iterdir() if f.is_dir() and f.name[0] != ".")
    if not folders:
        raise DataError(f"{root} has no subfolders: {LAYOUT}")
    files, labels, ignored = [], [], []
    for label, folder in enumerate(folders):
        mine = _files_below(folder)
        pictures = [f for f in mine if f.suffix[1:].lower() in ENDINGS]
        others = [f for f in mine if f.suffix[1:].lower() not in ENDINGS]
        if not pictures:
            held = f", but others as {others[0].name}" if others else ""
            raise DataError(
                f"the class folder {folder} holds no picture{held}: {COUNTED}; "
                "add some, or remove the folder"
            )
        files, labels = files + pictures, labels + [label] * len(pictures)
        ignored += others
    classes = tuple(f.name for f in folders)
    return PictureFiles(classes, tuple(files), tuple(labels), tuple(ignored))


def check(found: PictureFiles, broken: str, threads: int) -> PictureFiles:
    """Decode every file once; with broken "skip", what is left when the broken are out.

    JPEGs are decoded at an eighth of their size, which reads all their bytes. Raises
    DataError for a broken file with broken "error", and for a class of broken files alone;
    with "skip" a warning names what was left out.
    """
    with ThreadPoolExecutor(threads) as pool:
        faults = list(pool.map(_fault, found.files))
    bad = [row for row, words in enumerate(faults) if words]
    if not bad:
        return found
    lines = [f"{found.name(row)} {faults[row]}" for row in bad[:NAMED]]
    if len(bad) > NAMED:
        lines.append(f"and {len(bad) - NAMED} more")
    listed = "; ".join(lines)
    if broken == "error":
        raise DataError(f"{listed}: {ADVICE}")
    good = [row for row, words in enumerate(faults) if not words]
    labels = tuple(found.labels[row] for row in good)
    for label in set(found.labels) - set(labels):
        name = found.classes[label]
        raise DataError(f"every picture of class {name} is broken: {listed}")
    warnings.warn(
        f"{len(bad)} of {len(found.files)} files left out: {listed}",
        stacklevel=3,  # where the loader was made
    )
    files = tuple(found.files[row] for row in good)
    skipped = tuple(found.files[row] for row in bad)
    return replace(found, files=files, labels=labels, skipped=skipped)


def _files_below(folder: Path) -> list[Path]:
    paths = []
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if name[0] != "."]
        paths += [Path(place, name) for name in names if name[0] != "."]
    return sorted(paths)


def _fault(path: Path) -> str:
    try:
        decode(path, at_least=1)
    except Exception as error:  # a decoder may fail on a strange file in any way
        return f"cannot be read as a picture: {reason(path, error)}"
    return ""
