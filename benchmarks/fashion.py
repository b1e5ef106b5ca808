"""Fashion-MNIST on two CPU cores: three recipes, trained, tested and recorded.

    python benchmarks/fashion.py mlp               # a multilayer perceptron: within a minute
    python benchmarks/fashion.py cnn               # under 100,000 parameters: five minutes
    python benchmarks/fashion.py best --seeds 0    # the best recipe found: a quarter of an hour

Each seed trains on all 60,000 training images and reads the test images once, at the end; what
comes of it is recorded as book/recorded/fashion-RECIPE.json, which the pages read.

How a recipe was chosen can be repeated too: --holdout 10000 keeps as many training images, the
same ones for every seed, from training and measures on them in place of the test images;
nothing is recorded then. Accuracy "with mirror image" takes the mean of the logits of a picture
and of its mirror image, for recipes that were trained on both; "accuracy" is the plain one.

The convolutional recipes compute in bfloat16 where the processor has instructions for it
(AVX-512 BF16), and in float32 elsewhere; --precision says otherwise.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from time import perf_counter

import torch
from muon import Muon
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from torchbook import recorded, seed
from torchbook.data import augment, images
from torchbook.data.loader import Batches
from torchbook.device import pick
from torchbook.models.cnn import CNN
from torchbook.train import evaluate, fit

THREADS = 2  # of torch, on the CPU


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how."""

    model: Callable[[], nn.Module]
    optimizer: Callable[[nn.Module], torch.optim.Optimizer]
    epochs: int
    batch_size: int
    label_smoothing: float
    augment: Callable[[Tensor, torch.Generator], Tensor] | None = None
    precision: str = "float32"
    warm_up: float = (
        0.2  # of the steps; after it the rate falls to zero on a straight line
    )


def mlp(*sizes: int, dropout: float) -> nn.Sequential:
    """Linear, batch normalisation, ReLU and dropout for each hidden size."""
    layers: list[nn.Module] = [nn.Flatten()]
    for n_in, n_out in pairwise(sizes[:-1]):
        layers += [nn.Linear(n_in, n_out, bias=False), nn.BatchNorm1d(n_out)]
        layers += [nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def adamw(model: nn.Module, lr: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW; biases and the scales of normalisation do not decay."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": weights}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr, betas=(0.9, 0.99), weight_decay=weight_decay)


def half_the_bits() -> str:
    """bfloat16 where the processor multiplies in it, float32 where it would only imitate it."""
    return "bfloat16" if torch.cpu._is_avx512_bf16_supported() else "float32"


SHIFT_AND_FLIP = augment.compose(
    partial(augment.random_crop, padding=1), augment.horizontal_flip
)
RECIPES = {
    "mlp": Recipe(
        model=partial(mlp, 784, 512, 256, 10, dropout=0.2),
        optimizer=partial(adamw, lr=0.004, weight_decay=0.05),
        epochs=15,
        batch_size=256,
        label_smoothing=0.05,
    ),
    "cnn": Recipe(
        model=CNN,
        optimizer=partial(Muon, lr=0.03, adamw_lr=0.006, weight_decay=0.02),
        epochs=11,
        batch_size=128,
        label_smoothing=0.05,
        augment=SHIFT_AND_FLIP,
        precision=half_the_bits(),
    ),
    "best": Recipe(
        model=partial(CNN, widths=(16, 48, 96), blocks=(0, 1, 2)),
        optimizer=partial(Muon, lr=0.03, adamw_lr=0.006, weight_decay=0.05),
        epochs=15,
        batch_size=128,
        label_smoothing=0.1,
        augment=SHIFT_AND_FLIP,
        precision=half_the_bits(),
    ),
}


class Mirrored(nn.Module):
    """The mean of a model's logits (N, C) for pictures and for their mirror images."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, X: Tensor) -> Tensor:
        return (self.model(X) + self.model(X.flip(-1))) / 2


def triangle(step: int, steps: int, warm_up: float) -> float:
    """The learning rate as a share of its peak: up on a straight line, then down to zero."""
    peak = max(1, warm_up * steps)
    return min((step + 1) / peak, (steps - step) / (steps - peak))


def split(data: images.ImageSet, holdout: int) -> tuple[tuple, tuple]:
    """((X, y) to train on, (X, y) to measure on): the test images, or those held out."""
    if not holdout:
        return (data.X_train, data.y_train), (data.X_test, data.y_test)
    order = torch.randperm(
        len(data.X_train), generator=torch.Generator().manual_seed(0)
    )
    kept, out = order[holdout:], order[:holdout]
    X, y = data.X_train, data.y_train
    return (X[kept], y[kept]), (X[out], y[out])


def run(
    recipe: Recipe, number: int, data, holdout: int, device: torch.device
) -> tuple[dict[str, float], list[float]]:
    """Train with the seed `number`: (what to put into the table, training loss of each epoch).

    The seconds are those of `fit`; the data was read before.
    """
    seed.everything(number)
    (X, y), measured = split(data, holdout)
    scale = {"mean": X.float().mean() / 255, "std": X.float().std() / 255}
    train = Batches(
        X,
        y,
        recipe.batch_size,
        shuffle=True,
        seed=number,
        device=device,
        augment=recipe.augment,
        **scale,
    )
    model = recipe.model().to(device)
    optimizer = recipe.optimizer(model)
    rate = partial(triangle, steps=recipe.epochs * len(train), warm_up=recipe.warm_up)
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
        precision=recipe.precision,
    )
    seconds = perf_counter() - start
    test = Batches(*measured, batch_size=500, device=device, **scale)
    scores = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds": seconds,
        **evaluate(model, test, nn.CrossEntropyLoss()),
    }
    if recipe.augment:  # it has seen mirror images before
        mirrored = evaluate(Mirrored(model), test, nn.CrossEntropyLoss())
        scores["accuracy_with_mirror_image"] = mirrored["accuracy"]
    return scores, history["train_loss"]


def means(runs: dict[int, dict]) -> dict:
    """The mean over the seeds of each number."""
    first = next(iter(runs.values()))
    return {key: sum(run[key] for run in runs.values()) / len(runs) for key in first}


def table(name: str, runs: dict[int, dict]) -> str:
    """A line a seed and one of means: parameters, seconds of training, loss, accuracies."""
    mean = means(runs)
    rows = {f"seed {number}": row for number, row in runs.items()} | {"mean": mean}
    lines = ["  ".join([f"{name:8}", *(key.replace("_", " ") for key in mean)])]
    for label, row in rows.items():
        cells = [f"{label:8}"]
        for key, value in row.items():
            digits = {"parameters": 0, "seconds": 1}.get(key, 4)
            cells.append(f"{value:{len(key)},.{digits}f}")
        lines.append("  ".join(cells))
    return "\n".join(lines)


def record(
    name: str,
    recipe: Recipe,
    runs: dict[int, dict],
    curves: dict,
    device: torch.device,
) -> None:
    """Write book/recorded/fashion-NAME.json; another device or precision is in the name."""
    command = f"python benchmarks/fashion.py {name} --seeds {' '.join(map(str, runs))}"
    file = f"fashion-{name}"
    if recipe.precision != RECIPES[name].precision:
        command += f" --precision {recipe.precision}"
        file += f"-{recipe.precision}"
    if device.type != "cpu":
        command += f" --device {device}"
        file += f"-{device.type}"
    mean = means(runs)
    parameters = round(mean.pop("parameters"))
    path = recorded.write(
        file,
        command=command,
        results={
            "parameters": parameters,
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            "precision": recipe.precision,
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
    add(
        "recipes", nargs="+", choices=RECIPES, metavar="RECIPE", help=", ".join(RECIPES)
    )
    add("--seeds", nargs="+", type=int, default=[0, 1, 2])
    add("--device", default="cpu", help="cpu unless told otherwise: cuda, mps")
    add("--epochs", type=int, help="not the recipe's; nothing is recorded")
    add("--precision", choices=("float32", "bfloat16"), help="not the recipe's")
    add("--holdout", type=int, default=0, metavar="N",
        help="measure on N of the training images instead; nothing is recorded")  # fmt: skip
    return parser.parse_args()


def main() -> None:
    """Train each recipe with each seed, record it, print a table."""
    options, tables = arguments(), []
    torch.set_num_threads(THREADS)
    device, data = pick(options.device), images.load("fashion_mnist", progress=print)
    for name in options.recipes:
        recipe, runs, curves = RECIPES[name], {}, {}
        if options.epochs:
            recipe = replace(recipe, epochs=options.epochs)
        if options.precision:
            recipe = replace(recipe, precision=options.precision)
        for number in options.seeds:
            runs[number], curves[number] = run(
                recipe, number, data, options.holdout, device
            )
            print(table(name, runs), flush=True)
        if not options.holdout and not options.epochs:
            record(name, recipe, runs, curves, device)
        tables.append(table(name, runs))
    print("", *tables, sep="\n\n")


if __name__ == "__main__":
    main()
