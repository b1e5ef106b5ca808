"""Which exercises a reader has passed, kept in a small file on the reader's own machine.

A check that passes calls `note`; the command `torchbook progress` shows what is noted.
TORCHBOOK_PROGRESS names another file (a mounted drive, say); `off` keeps nothing.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from torchbook.files import replacing

VARIABLE = "TORCHBOOK_PROGRESS"
PLACES = Path(__file__).parent / "exercises/places.json"


class ProgressError(Exception):
    """The file holds something else than passed exercises; the message names it."""


def file() -> Path | None:
    """Where passed exercises are noted; None where noting is switched off.

    By default it lies with the user's data and not in the cache, which may be emptied.
    """
    named = os.environ.get(VARIABLE)
    if named is not None and named.lower() in ("off", "0", ""):
        return None
    if named:
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_data_path("torchbook") / "progress.json"


def note(name: str) -> None:
    """Remember that the exercise was passed; the day of the first time is kept.

    A file that cannot be read is set aside and a new one begun. Never raises: an exercise
    must not fail because of a disk.
    """
    with suppress(Exception):
        path = file()
        if path is None:
            return
        try:
            known = passed(path)
        except ProgressError:
            os.replace(path, set_aside(path))
            known = {}
        if name not in known:
            _write(path, {**known, name: _now()})


def passed(path: Path) -> dict[str, str]:
    """{exercise: when it was first passed, in ISO form}. Raises ProgressError, OSError."""
    try:
        content = json.loads(path.read_text("utf8"))
        found = content["passed"]
        if all(isinstance(when, str) for when in found.values()):
            return found
        raise ValueError("a time is not a text")
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProgressError(f"{path} does not hold what was passed.") from error


def set_aside(path: Path) -> Path:
    """The name that a file which cannot be read is given."""
    return path.with_name(f"{path.stem}-unreadable{path.suffix}")


def places() -> list[dict]:
    """The parts of the book in order, with their pages and the exercises on those.

    [{"part": …, "pages": [{"page": …, "title": …, "exercises": [{"name": …, "title": …}]}]}]
    """
    return json.loads(PLACES.read_text("utf8"))


def report(known: dict[str, str], parts: list[dict]) -> str:
    """The exercises part by part and page by page: ✓ and a day, or a dot."""
    lines, every = [], set()
    for part in parts:
        names = {task["name"] for page in part["pages"] for task in page["exercises"]}
        every |= names
        lines += [f"{part['part']}: {len(names & known.keys())} of {len(names)}"]
        for page in part["pages"]:
            lines += [f"  {page['title']} ({page['page']})"]
            lines += [_line(task, known) for task in page["exercises"]]
        lines += [""]
    lines += [f"{len(every & known.keys())} of {len(every)} exercises passed."]
    return "\n".join(lines)


def _line(task: dict, known: dict[str, str]) -> str:
    """One exercise. A time in a form that we did not write is shown as it is."""
    when = known.get(task["name"])
    mark, day = ("·", "") if when is None else ("✓", f"  {when[:10]}")
    return f"    {mark} {task['title']}{day}"


def _write(path: Path, known: dict[str, str]) -> None:
    with replacing(path) as out:
        content = {"version": 1, "passed": known}
        out.write(json.dumps(content, indent=1, ensure_ascii=False).encode())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
