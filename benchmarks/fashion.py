"""Fashion-MNIST on two CPU cores: three recipes, trained, tested and recorded.

    python benchmarks/fashion.py mlp               # a multilayer perceptron: within a minute
    python benchmarks/fashion.py cnn               # under 100,000 parameters: five minutes
    python benchmarks/fashion.py best --seeds 0 1  # the best recipe found: a quarter of an hour

Each seed trains on all 60,000 training images and reads the test images once, at the end; what
comes of it is recorded as book/recorded/fashion-RECIPE.json, which the pages read.

How a recipe was chosen can be repeated too: --holdout 10000 keeps as many training images, the
same ones for every seed, from training and measures on them in place of the test images;
nothing is recorded then.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from torchbook import recorded, seed
from torchbook.callbacks import Callback
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
    epochs: int
    batch_size: int
    optimizer: Callable[[list], torch.optim.Optimizer]
    label_smoothing: float = 0.0
    augment: Callable[[Tensor, torch.Generator], Tensor] | None = None
    warm_up: float = (
        0.2  # of the steps; after it the rate falls to zero on a straight line
    )
    average: float = 0.0  # the decay of the moving average of the weights
    channels_last: bool = False


def mlp(*sizes: int, dropout: float) -> nn.Sequential:
    """Linear, batch normalisation, ReLU and dropout for each hidden size."""
    layers: list[nn.Module] = [nn.Flatten()]
    for n_in, n_out in pairwise(sizes[:-1]):
        layers += [nn.Linear(n_in, n_out, bias=False), nn.BatchNorm1d(n_out)]
        layers += [nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


RECIPES = {
    "mlp": Recipe(
        model=partial(mlp, 784, 512, 256, 10, dropout=0.2),
        epochs=12,
        batch_size=256,
        optimizer=partial(torch.optim.AdamW, lr=0.004, weight_decay=0.05, fused=True),
        label_smoothing=0.05,
    ),
    "cnn": Recipe(
        model=CNN,
        epochs=11,
        batch_size=128,
        optimizer=partial(torch.optim.AdamW, lr=0.006, weight_decay=0.02, fused=True),
        label_smoothing=0.05,
        augment=augment.horizontal_flip,
        average=0.99,
        channels_last=True,
    ),
}


class AverageOfWeights(Callback):
    """Keeps an exponential moving average of the weights; at the end the model gets it.

    Averages of what batch normalisation has counted are taken along (Polyak & Juditsky 1992).
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay

    def before(self, run) -> None:
        function = get_ema_multi_avg_fn(self.decay)
        self.average = AveragedModel(run.model, multi_avg_fn=function, use_buffers=True)

    def after_step(self, run) -> None:
        self.average.update_parameters(run.model)

    def after(self, run) -> None:
        run.model.load_state_dict(self.average.module.state_dict())


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


def groups(model: nn.Module) -> list[dict]:
    """Parameter groups: weights decay, biases and the scales of normalisation do not."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": weights}, {"params": others, "weight_decay": 0.0}]


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


def run(recipe: Recipe, number: int, data, holdout: int, device: torch.device) -> dict:
    """Train with the seed `number`; seconds of training, accuracies, and curves."""
    seed.everything(number)
    model = recipe.model()
    (X, y), measured = split(data, holdout)
    scale = {"mean": X.float().mean() / 255, "std": X.float().std() / 255}
    train = Batches(
        X, y, recipe.batch_size, shuffle=True, seed=number, augment=recipe.augment,
        device=device, **scale,
    )  # fmt: skip
    optimizer = recipe.optimizer(groups(model))
    steps = recipe.epochs * len(train)
    rate = partial(triangle, steps=steps, warm_up=recipe.warm_up)
    start = perf_counter()
    history = fit(
        model, train, nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing), optimizer,
        epochs=recipe.epochs, device=device, schedule=LambdaLR(optimizer, rate),
        channels_last=recipe.channels_last,
        callbacks=[AverageOfWeights(recipe.average)] if recipe.average else [],
    )  # fmt: skip
    seconds = perf_counter() - start
    test = Batches(*measured, batch_size=500, device=device, **scale)
    scores = evaluate(model, test, nn.CrossEntropyLoss())
    mirrored = evaluate(Mirrored(model), test, nn.CrossEntropyLoss())
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds": seconds,
        "loss": scores["loss"],
        "accuracy": scores["accuracy"],
        "accuracy_with_mirror_image": mirrored["accuracy"],
        "train_loss": history["train_loss"],
    }


def table(name: str, runs: dict[int, dict]) -> str:
    """A line a seed and one of means: parameters, seconds of training, accuracies."""
    columns = ("seconds", "accuracy", "accuracy_with_mirror_image")
    rows = {f"seed {number}": row for number, row in runs.items()}
    rows["mean"] = {
        c: sum(row[c] for row in runs.values()) / len(runs) for c in columns
    }
    parameters = next(iter(runs.values()))["parameters"]
    lines = [
        f"{name}, {parameters:,} parameters",
        f"{'':10}seconds  accuracy  with mirror image",
    ]
    for label, row in rows.items():
        seconds, plain, mirrored = (row[c] for c in columns)
        lines.append(f"{label:10}{seconds:7.1f}  {plain:8.4f}  {mirrored:17.4f}")
    return "\n".join(lines)


def record(
    name: str, recipe: Recipe, runs: dict[int, dict], device, command: str
) -> None:
    """Write book/recorded/fashion-NAME.json."""
    rows = list(runs.values())
    mean = {
        key: sum(row[key] for row in rows) / len(rows)
        for key in ("seconds", "loss", "accuracy", "accuracy_with_mirror_image")
    }
    per_seed = {key: [row[key] for row in rows] for key in mean}
    path = recorded.write(
        f"fashion-{name}",
        command=command,
        results={
            "parameters": rows[0]["parameters"],
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            "mean": mean,
            "each_seed": per_seed,
        },
        seconds=sum(row["seconds"] for row in rows),
        seeds=list(runs),
        curves={f"train_loss_seed_{n}": row["train_loss"] for n, row in runs.items()},
        device=device,
    )
    print(f"Recorded as {path.relative_to(path.parents[2])}.")


def main() -> None:
    """Read the command line, train, print the table, record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipes", nargs="+", choices=RECIPES, metavar="RECIPE",
                        help=", ".join(RECIPES))  # fmt: skip
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, help="other than the recipe's")
    parser.add_argument(
        "--device", default="cpu", help="cpu unless told: cpu, cuda, mps"
    )
    parser.add_argument("--holdout", type=int, default=0, metavar="N",
                        help="measure on N training images and record nothing")  # fmt: skip
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    device, data = pick(options.device), images.load("fashion_mnist", progress=print)
    tables = []
    for name in options.recipes:
        recipe = RECIPES[name]
        if options.epochs:
            recipe = replace(recipe, epochs=options.epochs)
        runs = {}
        for number in options.seeds:
            runs[number] = run(recipe, number, data, options.holdout, device)
            print(table(name, runs), flush=True)
        tables.append(table(name, runs))
        if not options.holdout:
            seeds = " ".join(map(str, options.seeds))
            command = f"python benchmarks/fashion.py {name} --seeds {seeds}"
            if options.epochs:
                command += f" --epochs {options.epochs}"
            if device.type != "cpu":
                command += f" --device {device}"
            record(name, recipe, runs, device, command)
    print("\n\n".join(tables))


if __name__ == "__main__":
    main()
