"""CIFAR-10 with a residual network: on two CPU cores, or a wider one on a GPU.

    python benchmarks/cifar.py small --device cpu      # a quarter of an hour a seed
    python benchmarks/cifar.py wide                    # for a GPU; on a CPU it takes hours

Each seed trains on all 50,000 training images, which are moved and mirrored by chance, and reads
the test images once, at the end. The rate goes up on a straight line and down on another, in one
cycle. What comes of it is recorded as book/recorded/cifar-RECIPE.json, which the pages read.
Where a machine has the set as JPEGs, it is the JPEGs that are trained and measured on.

--holdout 5000 measures on as many training images in place of the test images, --samples 12800
trains on as many only, --epochs on another number of passes, and --without cat dog leaves these
classes out; nothing is recorded then. "With mirror image" is the mean of the logits of a picture
and of its mirror image, "accuracy" the plain one.

On a CPU the arithmetic is in bfloat16 where the processor has instructions for it, on a GPU in
16 bits; --precision says otherwise.
"""

import argparse
from dataclasses import replace
from functools import partial
from time import perf_counter

import torch
from fashion import THREADS, Mirrored, Recipe, half_the_bits, means, split, table
from fashion import triangle as one_cycle
from muon import Muon
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from torchbook import recorded, seed
from torchbook.data import augment, images
from torchbook.data.loader import Batches
from torchbook.device import pick
from torchbook.models.cnn import CNN
from torchbook.train import evaluate, fit

SMALL = Recipe(
    model=partial(CNN, in_channels=3, widths=(24, 64, 128), blocks=(0, 1, 2)),
    optimizer=partial(Muon, lr=0.03, adamw_lr=0.006, weight_decay=0.05),
    epochs=15,
    batch_size=128,
    label_smoothing=0.1,
    augment=augment.compose(
        partial(augment.random_crop, padding=2), augment.horizontal_flip
    ),
    precision="",  # the fastest that the device is good at
)
WIDE = replace(
    SMALL,
    model=partial(CNN, in_channels=3, widths=(64, 160, 320), blocks=(1, 2, 2)),
    epochs=30,
    batch_size=512,
)
RECIPES = {"small": SMALL, "wide": WIDE}


def without(data: images.ImageSet, names: list[str]) -> images.ImageSet:
    """The set less some of its classes; those that stay are numbered anew, in their order.

    Raises ValueError for a class that there is not, and where fewer than two would stay.
    """
    unknown = [name for name in names if name not in data.classes]
    stay = [k for k, name in enumerate(data.classes) if name not in names]
    if unknown or len(stay) < 2:
        raise ValueError(
            f"without {', '.join(names)}: wanted classes out of "
            f"{', '.join(data.classes)}, and two or more that stay"
        )
    number = torch.full((len(data.classes),), -1)
    number[stay] = torch.arange(len(stay))
    tensors = {}
    for part in ("train", "test"):
        X, y = getattr(data, f"X_{part}"), number[getattr(data, f"y_{part}")]
        tensors |= {f"X_{part}": X[y >= 0], f"y_{part}": y[y >= 0]}
    return replace(data, **tensors, classes=tuple(data.classes[k] for k in stay))


def first(data: images.ImageSet, samples: int) -> images.ImageSet:
    """The set with so many training images only."""
    return replace(data, X_train=data.X_train[:samples], y_train=data.y_train[:samples])


def statistics(X: Tensor) -> dict[str, Tensor]:
    """Mean and standard deviation of each channel, (C,) each, of bytes (N, C, H, W) / 255."""
    channels = [X[:, c].float() / 255 for c in range(X.shape[1])]
    return {
        "mean": torch.stack([channel.mean() for channel in channels]),
        "std": torch.stack([channel.std() for channel in channels]),
    }


def settled(precision: str, device: torch.device) -> str:
    """The precision asked for, or else the fastest that the device is good at."""
    return precision or (half_the_bits() if device.type == "cpu" else "mixed")


def trained(
    recipe: Recipe,
    number: int,
    X: Tensor,
    y: Tensor,
    device: torch.device,
    classes: int = 10,
) -> tuple[nn.Module, list[float], float]:
    """A network from the seed `number`, the training loss of each epoch, the seconds of `fit`.

    X (N, 3, H, W) are bytes, y (N,) labels below `classes`.
    """
    seed.everything(number)
    train = Batches(
        X,
        y,
        recipe.batch_size,
        shuffle=True,
        seed=number,
        device=device,
        augment=recipe.augment,
        **statistics(X),
    )
    model = recipe.model(classes=classes).to(device)
    optimizer = recipe.optimizer(model)
    rate = partial(one_cycle, steps=recipe.epochs * len(train), warm_up=recipe.warm_up)
    start = perf_counter()
    history = fit(
        model,
        train,
        nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing),
        optimizer,
        epochs=recipe.epochs,
        schedule=LambdaLR(optimizer, rate),
        device=str(device),
        channels_last=True,
        precision=settled(recipe.precision, device),
    )
    return model, history["train_loss"], perf_counter() - start


def run(
    recipe: Recipe,
    number: int,
    data: images.ImageSet,
    holdout: int,
    device: torch.device,
) -> tuple[nn.Module, dict[str, float], list[float]]:
    """Train with the seed `number`: the model, its row of the table, the losses of its epochs."""
    (X, y), measured = split(data, holdout)
    model, losses, seconds = trained(recipe, number, X, y, device, len(data.classes))
    test = Batches(*measured, batch_size=500, device=device, **statistics(X))
    mirrored = evaluate(Mirrored(model), test, nn.CrossEntropyLoss())
    scores = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds": seconds,
        **evaluate(model, test, nn.CrossEntropyLoss()),
        "accuracy_with_mirror_image": mirrored["accuracy"],
    }
    return model, scores, losses


def record(
    name: str,
    recipe: Recipe,
    data: images.ImageSet,
    runs: dict[int, dict],
    curves: dict[int, list[float]],
    device: torch.device,
) -> None:
    """Write book/recorded/cifar-NAME.json; a precision that was asked for is in the name."""
    command = f"python benchmarks/cifar.py {name} --seeds {' '.join(map(str, runs))}"
    command += f" --device {device.type}"
    file = f"cifar-{name}"
    if recipe.precision:
        command += f" --precision {recipe.precision}"
        file += f"-{recipe.precision}"
    mean = means(runs)
    parameters = round(mean.pop("parameters"))
    path = recorded.write(
        file,
        command=command,
        results={
            "data": data.origin,
            "parameters": parameters,
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            "precision": settled(recipe.precision, device),
            "mean": mean,
            "each_seed": {key: [run[key] for run in runs.values()] for key in mean},
        },
        seconds=sum(run["seconds"] for run in runs.values()),
        seeds=list(runs),
        curves={f"train_loss_seed_{number}": loss for number, loss in curves.items()},
        device=device,
    )
    print(f"Recorded as {path.relative_to(path.parents[2])}.")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("recipe", choices=RECIPES, help="small for a CPU, wide for a GPU")
    add("--seeds", nargs="+", type=int, default=[0])
    add("--device", help="cpu, cuda, mps; unless told the fastest at hand")
    add("--precision", choices=("float32", "bfloat16", "float16"), default="",
        help="unless told what the device is fast in")  # fmt: skip
    add("--epochs", type=int, help="not the recipe's; nothing is recorded")
    add("--samples", type=int, metavar="N",
        help="train on the first N images; nothing is recorded")  # fmt: skip
    add("--holdout", type=int, default=0, metavar="N",
        help="measure on N of the training images; nothing is recorded")  # fmt: skip
    add("--without", nargs="+", default=[], metavar="CLASS",
        help="leave classes out; nothing is recorded")  # fmt: skip
    options = parser.parse_args()
    least = 2 * RECIPES[options.recipe].batch_size
    if options.samples is not None and options.samples < least:
        parser.error(
            f"--samples {options.samples}: wanted {least} or more, two batches"
        )
    return options


def main() -> None:
    """Train with each seed, print a table, record it."""
    options = arguments()
    torch.set_num_threads(THREADS)
    device, data = pick(options.device), images.load("cifar10", progress=print)
    print(data.note)
    if options.without:
        data = without(data, options.without)
    if options.samples:
        data = first(data, options.samples)
    recipe = replace(RECIPES[options.recipe], precision=options.precision)
    recipe = replace(recipe, epochs=options.epochs or recipe.epochs)
    runs, curves = {}, {}
    for number in options.seeds:
        _, runs[number], curves[number] = run(
            recipe, number, data, options.holdout, device
        )
        print(table(options.recipe, runs), flush=True)
    if options.epochs or options.samples or options.holdout or options.without:
        print("Nothing is recorded: these are not the settings of the recipe.")
    else:
        record(options.recipe, recipe, data, runs, curves, device)


if __name__ == "__main__":
    main()
