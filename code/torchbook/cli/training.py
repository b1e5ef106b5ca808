"""What `torchbook train` does: begin or go on, and leave a folder that is whole.

Under torchrun every process comes through here; the one of rank 0 writes and speaks.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import click

from torchbook import distributed, runs
from torchbook.checkpoint import Checkpoints
from torchbook.cli.errors import STOPPED
from torchbook.data import images
from torchbook.data.folder import DataError
from torchbook.device import pick


def run(
    out: Path,
    asked: dict,
    given: set[str],
    *,
    resume: bool,
    device: str | None,
    save_every: int | None,
    quiet: bool,
) -> None:
    """Train in the folder out. `asked` are the settings, of which `given` were on the command line.

    Raises RunError for a folder that holds a run already, or holds none to resume; and
    click.UsageError where what is given differs from what the run was begun with.
    """
    distributed.start(pick(device))
    folder = runs.RunFolder(out)
    settings, data = _settled(folder, asked, given, resume)
    with stoppable(folder):
        if not resume and distributed.is_writer():
            folder.begin(settings, runs.facts_of(data))
        _, history = runs.fit(
            folder,
            settings,
            data,
            device=device,
            checkpoints=Checkpoints(out, every=save_every, best="valid_accuracy"),
            resume="auto" if resume else None,
            progress=not quiet,
        )
        if distributed.is_writer():
            runs.finish(folder)
    _say(history.table())
    _say(f"\nEverything is in {out}. Next: torchbook evaluate {shlex.quote(str(out))}")


@contextmanager
def stoppable(folder: runs.RunFolder) -> Iterator[None]:
    """Ctrl-C ends with what to do next; a run that wrote no checkpoint leaves the folder free."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        newest = _newest(folder)
        if distributed.is_writer():
            step = getattr(stopped, "step", None)
            _say_stopped(folder, f"after step {step}" if step else "at once", newest)
        sys.exit(STOPPED)
    finally:
        if distributed.is_writer() and _newest(folder) is None:
            with suppress(OSError):  # not there, not ours to change, not empty
                (folder.path / "settings.json").unlink(missing_ok=True)
                folder.path.rmdir()


def _newest(folder: runs.RunFolder) -> Path | None:
    """The newest checkpoint, be it whole or not."""
    return next(iter(Checkpoints(folder.path).files()), None)


def _say_stopped(folder: runs.RunFolder, when: str, newest: Path | None) -> None:
    if newest is None:
        click.echo(f"\nStopped {when}, before the first checkpoint.", err=True)
        return
    several = f"torchrun --nproc-per-node {distributed.world()} -m "
    start = several if distributed.world() > 1 else ""
    click.echo(
        f"\nStopped {when}; {newest} holds the run. Go on with:\n"
        f"  {start}torchbook train --out {shlex.quote(str(folder.path))} --resume",
        err=True,
    )


def _settled(
    folder: runs.RunFolder, asked: dict, given: set[str], resume: bool
) -> tuple[runs.Settings, images.ImageSet]:
    """The settings that count, and the images: those the run was begun with, if it was."""
    if not resume:
        _check_free(folder)
        settings = runs.Settings(**asked)
        return settings, _loaded(settings.data, settings.stand_in)
    settings, facts = folder.read()
    _check_given(asked, given, asdict(settings))
    data = _loaded(facts.data, None)
    runs.check_set(data, facts)
    return settings, data


def _check_free(folder: runs.RunFolder) -> None:
    # all processes look before one of them begins to write
    if distributed.any_of(folder.exists()):
        raise runs.RunError(
            f"{folder.path} holds a run already: add --resume to go on with it, or name "
            "another folder"
        )
    if distributed.any_of(_newest(folder) is not None):
        raise runs.RunError(
            f"{folder.path} holds checkpoints, as {_newest(folder)}, but no settings.json to "
            "go on with: name another folder, or move them away"
        )


def _check_given(asked: dict, given: set[str], begun: dict) -> None:
    for name in sorted(given & begun.keys()):
        if asked[name] != begun[name]:
            mine, theirs = (_option(name, each[name]) for each in (asked, begun))
            raise click.UsageError(
                f"this run was begun {theirs}, not {mine}: --resume goes on as it was begun, "
                "so leave that out, or begin another run in another folder"
            )


def _option(name: str, value) -> str:
    """An option as it would be given on the command line: "with --epochs 3"."""
    option = "--" + name.replace("_", "-")
    if value in (None, False, ()):
        return f"without {option}"
    values = value if isinstance(value, tuple) else (value,)
    words = [option] if value is True else [f"{option} {each}" for each in values]
    return "with " + " ".join(words)


def _loaded(name: str, stand_in: str | None) -> images.ImageSet:
    """The set; the writer fetches or draws it, then the others read what lies there."""
    data, problem = None, None
    if distributed.is_writer():
        try:
            data = images.load(name, stand_in=stand_in, progress=_say)
        except DataError as error:
            problem = error
    failed = distributed.gathered(problem and str(problem))[0]
    if failed:  # said by the others too, lest they wait for one that is gone
        raise problem or DataError(failed)
    data = data or images.load(name, stand_in=stand_in)
    _say(data.note)
    return data


def _say(text: str) -> None:
    if distributed.is_writer():
        click.echo(text)
