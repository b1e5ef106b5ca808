"""`torchbook progress`: which exercises of the book this reader has passed."""

from __future__ import annotations

import click

from torchbook import progress as notes


@click.command()
@click.option(
    "--part",
    type=click.IntRange(1),
    metavar="N",
    help="Show one part of the book only.",
)
@click.option("--reset", is_flag=True, help="Forget all of them; it asks first.")
def progress(part, reset) -> None:
    """Show which exercises you have passed, part by part and page by page.

    The checks at the end of exercises note what passed, on this machine only.
    TORCHBOOK_PROGRESS names another file than the usual; `off` keeps nothing.
    """
    path = notes.file()
    if path is None:
        raise click.ClickException(
            f"nothing is noted: {notes.VARIABLE} is off. Unset it, or name a file in it."
        )
    try:
        if reset:
            _forget(path)
        else:
            _show(path, part)
    except notes.ProgressError as error:
        told = f"{error} torchbook progress --reset begins anew."
        raise click.ClickException(told) from error
    except OSError as error:
        told = f"{path} cannot be read or removed: {error.strerror}."
        raise click.ClickException(told) from error


def _show(path, number) -> None:
    parts = notes.places()
    if number is not None:
        chosen = [p for p in parts if p["part"].startswith(f"Part {number}:")]
        if not chosen:
            raise click.BadParameter(f"--part: no part {number} has exercises.")
        parts = chosen
    click.echo(notes.report(notes.passed(path), parts))
    click.echo(f"Noted in {path}.")
    aside = notes.set_aside(path)
    if aside.exists():
        click.echo(f"An earlier file could not be read and is kept as {aside}.")


def _forget(path) -> None:
    if not path.exists():
        click.echo(f"There is nothing to forget: no {path}.")
        return
    try:
        many = f"the {len(notes.passed(path))} passed exercises"
    except notes.ProgressError:
        many = "what cannot be read"
    click.confirm(f"Forget {many} noted in {path}?", abort=True)
    path.unlink()
    click.echo("Forgotten.")
