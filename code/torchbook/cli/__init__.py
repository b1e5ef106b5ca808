"""The command `torchbook`: train, go on, measure, predict, without writing Python.

torchbook train --data fashion_mnist --model cnn --epochs 5 --out runs/first
torchbook evaluate runs/first
torchbook predict runs/first shoe.png
torchbook export runs/first shoes.onnx
torchbook serve shoes.onnx
torchbook progress
"""

from __future__ import annotations

from pathlib import Path

import click

from torchbook.cli import deployment
from torchbook.cli.errors import plain_errors
from torchbook.cli.options import DEVICE, RUN, WEIGHTS
from torchbook.cli.progress import progress

# torch is imported inside the commands: --help must not wait for it

CHANGES = click.Choice(["crop", "flip", "rotation", "erasing"])
PRECISIONS = click.Choice(["float32", "mixed", "bfloat16", "float16"])


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True}
)
@click.version_option(package_name="torchbook")
def main() -> None:
    """Train image classifiers and use them.

    \b
    torchbook train --data fashion_mnist --model cnn --epochs 5 --out runs/first
    torchbook evaluate runs/first
    torchbook predict runs/first shoe.png
    torchbook serve runs/first
    """


@main.command()
@click.option(
    "--data",
    default="fashion_mnist",
    help="The set of images to learn from; `torchbook sets` lists them.",
)
@click.option(
    "--model",
    type=click.Choice(["mlp", "cnn", "resnet"]),
    default="cnn",
    help="The kind of network.",
)
@click.option(
    "--epochs", type=click.IntRange(1), default=5, help="Passes over the images."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder of this run, made if need be.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the run in --out, with the settings that it was begun with.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    default=128,
    help="Images in one step, of all processes together.",
)
@click.option(
    "--lr",
    type=click.FloatRange(0, min_open=True),
    default=2e-3,
    help="The learning rate at its highest; it rises to that and falls.",
)
@click.option(
    "--weight-decay",
    type=click.FloatRange(0),
    default=0.01,
    help="How strongly weights are pulled towards 0.",
)
@click.option(
    "--augment",
    type=CHANGES,
    multiple=True,
    help="Change training images at random; may be given more than once.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    help="A number that fixes all that is random.",
)
@click.option(
    "--stand-in", help="The set to use when --data cannot be had: glyphs, for one."
)
@click.option(
    "--save-every",
    type=click.IntRange(1),
    metavar="STEPS",
    help="Write a checkpoint every so many steps too, not only after each epoch.",
)
@DEVICE
@click.option(
    "--precision",
    type=PRECISIONS,
    default="float32",
    help="Of the arithmetic; mixed is 16 bits where the device is good at it.",
)
@click.option(
    "--compile",
    is_flag=True,
    help="Make steps faster with torch.compile; the first one takes long.",
)
@click.option(
    "--shard",
    is_flag=True,
    help="Under torchrun, divide the weights among the processes too (FSDP2).",
)
@click.option("--quiet", is_flag=True, help="Show no progress bar.")
@click.pass_context
def train(context, out, resume, device, save_every, quiet, **asked) -> None:
    """Train a network, and keep all that comes of it in a folder.

    Ctrl-C finishes the step, writes a checkpoint and ends; --resume goes on from there, and
    ends with the same weights as a run that was not stopped. A tenth of the training images is
    kept for validation. Several processes:

    \b
    torchrun --nproc-per-node 2 -m torchbook train --out runs/first
    """
    with plain_errors():
        from torchbook.cli import training

        source = click.core.ParameterSource.COMMANDLINE
        given = {n for n in asked if context.get_parameter_source(n) is source}
        training.run(
            out,
            asked,
            given,
            resume=resume,
            device=device,
            save_every=save_every,
            quiet=quiet,
        )


@main.command()
@RUN
@WEIGHTS
@DEVICE
def evaluate(run, weights, device) -> None:
    """Measure the network of a run on test images.

    RUN is the folder that `torchbook train` filled. Choose networks by their validation
    accuracy, and measure the chosen one here, once, at the end.
    """
    with plain_errors():
        from torchbook import predict, runs
        from torchbook.data import images

        model, _, facts = runs.RunFolder(run).model(weights)
        data = images.load(facts.data)
        click.echo(data.note)
        click.echo(predict.report(model, data, facts, device))


def _drawable(context, option, file):
    if file and file.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise click.BadParameter(f"{file} must end in .png, .svg or .pdf")
    return file


@main.command()
@RUN
@click.argument(
    "pictures",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="IMAGE...",
)
@click.option(
    "--top",
    type=click.IntRange(1),
    default=3,
    help="How many classes to name for each image.",
)
@click.option(
    "--invert",
    is_flag=True,
    help="Swap dark and light first: for black on white, where the training images are "
    "white on black.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_drawable,
    metavar="FILE",
    help="Draw images and probabilities into a PNG, SVG or PDF file.",
)
@WEIGHTS
@DEVICE
def predict(run, pictures, top, invert, plot, weights, device) -> None:
    """Name the classes that a network finds most probable for images.

    RUN is the folder that `torchbook train` filled; each IMAGE is a picture file, which is cut
    and scaled to the size of the training images.
    """
    with plain_errors():
        from torchbook import predict, runs

        model, _, facts = runs.RunFolder(run).model(weights)
        X = predict.read(pictures, facts, invert=invert)
        probs = predict.probabilities(model, X, facts, device)
        click.echo(predict.table(pictures, probs, facts.classes, top))
        if plot:
            predict.draw(plot, pictures, X, probs, facts.classes)
            click.echo(f"Drawn into {plot}.")


main.add_command(deployment.export)
main.add_command(deployment.serve)
main.add_command(progress)


@main.command()
def sets() -> None:
    """List the sets of images that train --data can name."""
    with plain_errors():
        from torchbook.data import images

        wide = max(map(len, images.NAMES))
        for name in images.EMBEDDED:
            click.echo(f"{name:{wide}}  always there")
        for name, title in images.TITLES.items():
            click.echo(
                f"{name:{wide}}  {title}, from the folder TORCHBOOK_DATA or downloaded"
            )
