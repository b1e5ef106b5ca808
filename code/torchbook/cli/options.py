"""Options that several commands share."""

from pathlib import Path

import click

DEVICE = click.option(
    "--device",
    help="Where to compute: cpu, cuda, mps.  [default: a GPU where there is one]",
)
WEIGHTS = click.option(
    "--weights",
    type=click.Choice(["best", "newest"]),
    default="best",
    help="Those of the epoch with the best validation accuracy, or the newest.",
)
RUN = click.argument(
    "run", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
