"""Runs too long for a page: a command of the repository, and what came of it, as JSON.

A benchmark calls `write`, which adds what it was made with: the revision of the sources, the
machine, the versions, the date. A page calls `read` and shows the results beside the `note`,
which marks them as recorded and gives the command to repeat them. Nothing is typed by hand.
"""

import datetime
import importlib.metadata
import json
import math
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch

from torchbook.files import replacing

PACKAGE = Path(__file__).parent


class RecordError(ValueError):
    """A record that cannot be written or read: the message says which and why."""


@dataclass(frozen=True)
class Record:
    """One recorded run; see `write` for the fields."""

    name: str
    command: str
    results: dict
    seconds: float
    seeds: list[int]
    curves: dict
    revision: str
    machine: dict
    versions: dict
    date: str

    @property
    def note(self) -> str:
        """One line that marks a figure as recorded: when, on what, with what, and how again."""
        machine, versions = self.machine, self.versions
        day = datetime.datetime.fromisoformat(self.date)
        cores, threads = machine["cores"], machine["threads"]
        parts = [machine["cpu"], f"{cores} core{'s' * (cores != 1)}"]
        if threads != cores:
            parts.append(f"{threads} thread{'s' * (threads != 1)}")
        parts += [f"{machine['memory_gib']} GiB"] if machine["memory_gib"] else []
        if machine["gpu"]:
            parts.insert(0, machine["gpu"])
        return (
            f"Recorded on {day.day} {day:%B %Y} ({', '.join(parts)}; "
            f"torch {versions['torch']}, Python {versions['python']}; "
            f"revision {self.revision}). To repeat it: {self.command}"
        )


def write(
    name: str,
    *,
    command: str,
    results: Mapping,
    seconds: float,
    seeds: Sequence[int],
    curves: Mapping | None = None,
    folder: Path | None = None,
    device: torch.device | str = "cpu",
    packages: Iterable[str] = (),
) -> Path:
    """Record a run as NAME.json in `folder`, by default book/recorded; return its path.

    command repeats it, from the top of the repository; seconds is the time it took; results
    and curves hold numbers, texts, lists, mappings, tensors. device is where it ran, packages
    are further ones whose versions matter. An older record of that name is replaced.

    Raises RecordError for a name that is no file's name, for numbers that are not finite,
    and for paths of this machine, which nobody else could use.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise RecordError(f"the name {name!r}: wanted a-z, 0-9 and hyphens")
    record = Record(
        name=name,
        command=command,
        results=dict(results),
        seconds=seconds,
        seeds=list(seeds),
        curves=dict(curves or {}),
        revision=revision(),
        machine=machine(device),
        versions=versions(packages),
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    text = _json(name, asdict(record))
    path = Path(folder or _checkout_folder()) / f"{name}.json"
    with replacing(path) as file:
        file.write(text.encode())
    return path


def read(name: str, *, folder: Path | None = None) -> Record:
    """The record of that name. RecordError, which names what is there, if it cannot be read."""
    folder = Path(folder or _folder())
    try:
        values = json.loads((folder / f"{name}.json").read_text("utf8"))
        return Record(**{field.name: values[field.name] for field in fields(Record)})
    except FileNotFoundError:
        there = ", ".join(names(folder)) or "none yet"
        raise RecordError(
            f"no recorded run is called {name!r}; there are: {there}"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise RecordError(
            f"{name}.json is no recorded run ({type(error).__name__}: {error}): repeat the "
            "command that wrote it"
        ) from error


def names(folder: Path | None = None) -> list[str]:
    """The names of the records there are, sorted."""
    return sorted(path.stem for path in Path(folder or _folder()).glob("*.json"))


def revision() -> str:
    """The commit of the sources, with "+ changes" if they differ from it.

    Records themselves do not count: writing one would mark the next. Without git: "unknown".
    """
    commit = _git("rev-parse", "--short=10", "HEAD")
    # an installed package may lie inside another project's repository
    if not commit or not (PACKAGE.parents[1] / "pyproject.toml").is_file():
        return "unknown"
    changed = _git("status", "--porcelain", "--", ":/", ":(top,exclude)book/recorded")
    return f"{commit} + changes" if changed else commit


def machine(device: torch.device | str = "cpu") -> dict:
    """What the arithmetic ran on: processor, cores, torch's threads, memory in GiB, GPU."""
    kind = torch.device(device).type
    gpu = torch.cuda.get_device_name(device) if kind == "cuda" else kind
    return {
        "cpu": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": _cores(),
        "threads": torch.get_num_threads(),
        "memory_gib": _memory(),
        "gpu": None if kind == "cpu" else gpu,
    }


def versions(packages: Iterable[str] = ()) -> dict[str, str]:
    """The versions of Python, torch, torchbook, and of the packages named."""
    found = {p: importlib.metadata.version(p) for p in ("torchbook", *packages)}
    return {"python": platform.python_version(), "torch": torch.__version__, **found}


def _folder() -> Path:
    """In a checkout the book's own folder; in an installed package, the copy inside it."""
    here = PACKAGE.parents[1] / "book" / "recorded"
    return here if here.is_dir() else PACKAGE / "recorded"


def _checkout_folder() -> Path:
    book = PACKAGE.parents[1] / "book"
    if not book.is_dir():
        raise RecordError(
            "runs are recorded in a checkout of the repository, and torchbook is installed "
            "from elsewhere: give a folder, or install it with pip install -e ."
        )
    return book / "recorded"


def _json(name: str, values: dict) -> str:
    """Sorted and indented, with lists of numbers on one line and floats of six digits."""
    try:
        text = json.dumps(
            _plain(values),
            indent=2,
            sort_keys=True,
            ensure_ascii=False,
            allow_nan=False,
        )
    except ValueError as error:
        raise RecordError(f"{name} cannot be recorded: {error}") from error
    if path := re.search(
        r"""(?<![\w/:.~-])(/[\w.~-]+/|~/|[A-Za-z]:\\)[^\s"']*""", text
    ):
        raise RecordError(
            f"{name} cannot be recorded: it names {path[0]}, a path of this machine; write it "
            "relative to the top of the repository"
        )
    rows = re.compile(r"\[\n([-+\d.,eE\s]+)\]")  # texts in JSON hold no true line break
    return rows.sub(lambda row: f"[{' '.join(row[1].split())}]", text) + "\n"


def _plain(value):
    """Tensors and arrays as lists, floats rounded to six digits, other things as they are."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.6g}")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"it holds a {type(value).__name__}, {value!r}")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=PACKAGE, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    """The model of the processor, as its maker calls it, or else its kind, as x86_64."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf8", "replace").splitlines()
        return next(
            line.split(":")[1].strip() for line in lines if "model name" in line
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int | None:
    """The machine's memory in GiB, or None where the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, OSError, ValueError):
        return None
