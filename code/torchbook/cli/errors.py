"""What goes wrong at the command line, in a sentence that says what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click


@contextmanager
def plain_errors(run: Path) -> Iterator[None]:
    """What a reader can act on is said in a sentence; anything else is a bug, and shows itself."""
    from torchbook.checkpoint import CheckpointError
    from torchbook.data.folder import DataError
    from torchbook.engine.interrupt import Interrupted
    from torchbook.runs import RunError

    try:
        yield
    except Interrupted as stopped:
        click.echo(
            f"\nStopped after step {stopped.step}, all of it kept. Go on with:\n"
            f"  torchbook train --out {run} --resume",
            err=True,
        )
        sys.exit(130)
    except (
        RunError,
        CheckpointError,
        DataError,
        ValueError,
        FloatingPointError,
    ) as error:
        raise click.ClickException(str(error)) from error


def as_begun(begun, context: click.Context, asked: dict):
    """The settings that a run was begun with; an option given now must agree with them."""
    for name, value in asked.items():
        given = (
            context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        )
        if given and value != asdict(begun)[name]:
            option = "--" + name.replace("_", "-")
            raise click.UsageError(
                f"this run was begun with {option} {asdict(begun)[name]}, not {value}: leave "
                f"{option} out to go on with it, or begin another run in another folder"
            )
    return begun
