"""`torchbook export` and `torchbook serve`: a trained network leaves the folder of its run."""

from __future__ import annotations

from pathlib import Path

import click

from torchbook.cli.errors import plain_errors
from torchbook.cli.options import DEVICE, RUN, WEIGHTS

# torch is imported inside the commands: --help must not wait for it


@click.command()
@RUN
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@WEIGHTS
def export(run, file, weights) -> None:
    """Write the network of a run as one file that needs no code of ours.

    RUN is the folder that `torchbook train` filled. FILE ends in .pt2, for torch, or in .onnx,
    for other runtimes too. It takes pictures as bytes; classes and statistics are in it. It is
    tried against the network on batches of several sizes before it is written.
    """
    with plain_errors():
        from torchbook import export, runs

        model, _, facts = runs.RunFolder(run).model(weights)
        apart = export.write(file, model, facts)
        sizes = ", ".join(map(str, export.SIZES))
        click.echo(
            f"Written: {file}, {file.stat().st_size / 2**20:.2f} MiB. On random pictures in "
            f"batches of {sizes} its logits are at most {export.at_most(apart)} from the network's."
        )


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.option("--host", default="127.0.0.1", help="0.0.0.0 lets other machines in.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, help="0 takes a free one."
)
@click.option(
    "--batch",
    type=click.IntRange(1, 4096),
    default=32,
    help="Pictures at most in a batch.",
)
@click.option(
    "--max-mib", type=click.IntRange(1), default=8, help="Size of an upload at most."
)
@click.option(
    "--max-pixels",
    type=click.IntRange(1),
    default=16_000_000,
    help="Width times height of a picture at most.",
)
@click.option(
    "--waiting",
    type=click.IntRange(1),
    default=64,
    help="Uploads at a time; more are told to come back. All of them may lie in the folder "
    "for temporary files.",
)
@click.option(
    "--invert",
    is_flag=True,
    help="For dark on light, where the network learned the other.",
)
@WEIGHTS
@DEVICE
def serve(
    model, host, port, batch, max_mib, max_pixels, waiting, invert, weights, device
) -> None:
    """Answer over HTTP what pictures show.

    MODEL is the folder of a run, or a file of `torchbook export`, which computes on the CPU and
    has one set of weights. There is no password, no encryption, and no limit on how many
    connections a client holds or how slowly it speaks: before others may come in, put a web
    server in front that has these, and that gathers uploads.

    \b
    curl -F image=@shoe.png http://127.0.0.1:8000/predict
    """
    with plain_errors():
        from torchbook import serve, uploads

        most = {"bytes": max_mib * 2**20, "pixels": max_pixels, "waiting": waiting}
        answer, facts = serve.load(model, device, weights)
        service = serve.app(answer, facts, uploads.Limits(**most), batch, invert)
        serve.run(service, host, port)
