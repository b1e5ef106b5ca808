"""The command `torchbook`: train, go on, measure, predict, without writing Python.

torchbook train --data fashion_mnist --model cnn --epochs 5 --out runs/first
torchbook evaluate runs/first
torchbook predict runs/first shoe.png
"""

from __future__ import annotations

from pathlib import Path

import click

from torchbook.cli.errors import as_begun, plain_errors

# torch is imported inside the commands: --help must not wait for it

DEVICE = click.option(
    "--device", help="cpu, cuda, mps.  [default: a GPU where there is one]"
)
RUN = click.argument(
    "run", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
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
    """


@main.command()
@click.option(
    "--data",
    default="fashion_mnist",
    help="Images to learn: a name; `torchbook sets` lists them.",
)
@click.option(
    "--model",
    type=click.Choice(["mlp", "cnn", "resnet"]),
    default="cnn",
    help="The network.",
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
    help="Go on with the run in --out; its own settings count.",
)
@click.option(
    "--batch-size", type=click.IntRange(1), default=128, help="Images in a step."
)
@click.option(
    "--lr",
    type=click.FloatRange(0, min_open=True),
    default=2e-3,
    help="The highest learning rate.",
)
@click.option(
    "--weight-decay",
    type=click.FloatRange(0),
    default=0.01,
    help="Pull of the weights towards 0.",
)
@click.option(
    "--augment",
    type=CHANGES,
    multiple=True,
    help="Change training images by chance; may be given more than once.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    help="Chance, fixed by a number.",
)
@click.option(
    "--stand-in", help="What to train on when --data cannot be had, as glyphs."
)
@click.option(
    "--save-every",
    type=click.IntRange(1),
    metavar="STEPS",
    help="Write checkpoints also between the ends of epochs.",
)
@DEVICE
@click.option(
    "--precision",
    type=PRECISIONS,
    default="float32",
    help="mixed: 16 bits where the device is good at it.",
)
@click.option(
    "--compile",
    is_flag=True,
    help="Let torch.compile make the steps faster; the first is slow.",
)
@click.option(
    "--shard", is_flag=True, help="Under torchrun: divide the weights too (FSDP2)."
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.pass_context
def train(context, out, resume, device, save_every, quiet, **asked) -> None:
    """Train a network, and keep everything in a folder.

    Ctrl-C finishes the step, writes a checkpoint and ends; --resume goes on from there, bit
    for bit. Under torchrun the same command trains on several processes.
    """
    from torchbook import distributed, runs
    from torchbook.checkpoint import Checkpoints
    from torchbook.data import images
    from torchbook.device import pick

    with plain_errors(out):
        folder, settings = runs.RunFolder(out), runs.Settings(**asked)
        if resume:
            settings = as_begun(folder.read()[0], context, asked)
        elif folder.exists():
            raise runs.RunError(
                f"{out} holds a run already: add --resume to go on with it, or name another folder"
            )
        distributed.start(pick(device))
        say = click.echo if distributed.is_writer() else _silent
        data = images.load(settings.data, stand_in=settings.stand_in, progress=say)
        say(data.note)
        if distributed.is_writer() and not resume:
            folder.begin(settings, runs.facts_of(data))
        _, history = runs.fit(
            folder,
            settings,
            data,
            device=device,
            checkpoints=Checkpoints(out, every=save_every, best="valid_accuracy"),
            resume="auto",
            progress=not quiet,
        )
        if distributed.is_writer():
            runs.finish(folder)
        say(history.table())
        say(f"\nEverything is in {out}. Next: torchbook evaluate {out}")


@main.command()
@RUN
@click.option(
    "--weights",
    type=click.Choice(["best", "newest"]),
    default="best",
    help="Which checkpoint.",
)
@DEVICE
def evaluate(run, weights, device) -> None:
    """Measure the network in the folder RUN on its test images: look once, at the end."""
    from torchbook import predict, runs
    from torchbook.data import images

    with plain_errors(run):
        model, settings, facts = runs.RunFolder(run).model(weights)
        data = images.load(settings.data, stand_in=settings.stand_in)
        click.echo(data.note)
        click.echo(predict.report(model, data, facts, device))


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
    help="How many classes to name for each.",
)
@click.option(
    "--invert",
    is_flag=True,
    help="Turn dark things on white into light ones on black, as the training images may be.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw pictures and probabilities into a PNG, SVG or PDF file.",
)
@DEVICE
def predict(run, pictures, top, invert, plot, device) -> None:
    """Say what the network in the folder RUN sees in each IMAGE."""
    from torchbook import predict, runs

    with plain_errors(run):
        model, _, facts = runs.RunFolder(run).model()
        X = predict.read(pictures, facts, invert=invert)
        probs = predict.probabilities(model, X, facts, device)
        click.echo(predict.table(pictures, probs, facts.classes, top))
        if plot:
            predict.draw(plot, pictures, X, probs, facts.classes)
            click.echo(f"Drawn into {plot}.")


@main.command()
def sets() -> None:
    """List the sets of images that --data can name."""
    from torchbook.data import images

    for name in images.EMBEDDED:
        click.echo(f"{name}  (always there)")
    for name, published in images.PUBLISHED.items():
        click.echo(f"{name}  ({published.title}; from TORCHBOOK_DATA, or downloaded)")


def _silent(text: str) -> None:
    pass
