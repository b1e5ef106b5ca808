"""What goes wrong at the command line, in a sentence that says what to do."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import click

STOPPED = 130  # what a shell gives a command that Ctrl-C ended


@contextmanager
def plain_errors() -> Iterator[None]:
    """What a reader can act on is said in a sentence; anything else is a bug, and shows itself."""
    with warnings.catch_warnings():
        warnings.showwarning = _say_warning
        try:
            import torch

            from torchbook.checkpoint import CheckpointError
            from torchbook.data.folder import DataError
            from torchbook.export import ExportError
            from torchbook.runs import RunError

            yield
        # first, so that it is known before the imports are done
        except KeyboardInterrupt:
            click.echo("\nStopped.", err=True)
            sys.exit(STOPPED)
        except torch.OutOfMemoryError as error:
            words = "the memory of the GPU is full: try a smaller --batch-size (of serve: --batch)"
            raise click.ClickException(_by(words)) from error
        except (
            RunError,
            CheckpointError,
            ExportError,
            DataError,
            ValueError,
            FloatingPointError,
        ) as error:
            raise click.ClickException(_by(str(error))) from error
        except ImportError as error:
            if "torchbook[" not in str(error):  # not about an extra
                raise
            raise click.ClickException(_by(str(error))) from error
        except OSError as error:
            if error.filename is None:  # not about a file
                raise
            words = f"{error.filename} cannot be read or written: {error.strerror}"
            raise click.ClickException(_by(words)) from error


def _by(words: str) -> str:
    # of several processes each may meet an error that the others do not
    from torchbook import distributed

    return f"process {distributed.rank()}: {words}" if distributed.rank() else words


def _say_warning(message, category, filename, lineno, file=None, line=None) -> None:
    click.echo(f"Warning: {message}", err=True)
