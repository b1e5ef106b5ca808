"""Every optimizer tuned alike, on a small network: random tries, a choice, seeds, test images.

    python benchmarks/optimizers.py        # two or three minutes on one core

The network has one hidden layer and learns the digits of 8 by 8 pixels. Each optimizer gets the
same number of random tries. A try draws the learning rate from three powers of ten, and, where
there is one, how long an average looks back: the momentum, RMSprop's alpha, Adam's beta1. The
try with the lowest validation loss is trained again from seeds that no try has used, and only
these runs see the test images. All rates follow half a wave of the cosine down to zero.

What comes of it is recorded as book/recorded/optimizers.json, unless --tries, --seeds or
--epochs say otherwise than the defaults.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim
from torch.optim.lr_scheduler import CosineAnnealingLR

from torchbook import recorded, seed, tune
from torchbook.data import images
from torchbook.models.mlp import MLP
from torchbook.tables import Table

THREADS = 1
HIDDEN, BATCH, VALIDATION = 64, 32, 285
TRIES, SEEDS, EPOCHS = 40, 10, 10
SEED_OF_TRIES = 1000  # none of those that measure


@dataclass(frozen=True)
class Entry:
    """An optimizer: how it is made of settings, and the ranges that these are drawn from."""

    make: Callable[..., optim.Optimizer]
    lr: tuple[float, float]
    memory: str = ""  # the name of the setting that says how long an average looks back
    fixed: dict = field(default_factory=dict)

    @property
    def space(self) -> dict:
        """What is drawn: the rate, and the memory where there is one."""
        drawn = {"lr": tune.log(*self.lr)}
        if self.memory:
            drawn[self.memory] = tune.one_minus(0.5, 0.999)
        return drawn

    def build(self, model: nn.Module, settings: dict) -> optim.Optimizer:
        """The optimizer of a model's parameters."""
        settings = {**self.fixed, **settings}
        if "beta1" in settings:
            settings["betas"] = settings.pop("beta1"), 0.999
        return self.make(model.parameters(), **settings)


ENTRIES = {
    "SGD": Entry(optim.SGD, (0.01, 10.0)),
    "momentum": Entry(optim.SGD, (0.001, 1.0), "momentum"),
    "Nesterov": Entry(optim.SGD, (0.001, 1.0), "momentum", {"nesterov": True}),
    "Adagrad": Entry(optim.Adagrad, (0.001, 1.0)),
    "RMSprop": Entry(optim.RMSprop, (0.0001, 0.1), "alpha"),
    "Adam": Entry(optim.Adam, (0.0001, 0.1), "beta1"),
    "AdamW": Entry(optim.AdamW, (0.0001, 0.1), "beta1"),
}


@dataclass(frozen=True, eq=False)
class Data:
    """Inputs (N, 64) and labels (N,): to train on, to choose by, to measure on at the end."""

    train: tuple[Tensor, Tensor]
    valid: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


def load() -> Data:
    """The digits, with the same images kept for validation in every run."""
    digits = images.load("digits")
    scaled = [x.flatten(1) / 255 - 0.3 for x in (digits.X_train, digits.X_test)]
    order = torch.randperm(
        len(digits.y_train), generator=torch.Generator().manual_seed(0)
    )
    kept, out = order[VALIDATION:], order[:VALIDATION]
    X, y = scaled[0], digits.y_train
    return Data((X[kept], y[kept]), (X[out], y[out]), (scaled[1], digits.y_test))


def train(
    entry: Entry, settings: dict, data: Data, number: int, epochs: int
) -> tuple[nn.Module, list[float]]:
    """A network trained with the seed `number`, and the training loss of each epoch."""
    g = seed.everything(number)
    X, y = data.train
    model = MLP(X.shape[1], HIDDEN, 10)
    optimizer = entry.build(model, settings)
    batches = -(-len(X) // BATCH)
    schedule = CosineAnnealingLR(optimizer, epochs * batches)
    curve = []
    for _ in range(epochs):
        total = torch.zeros(())
        for rows in torch.randperm(len(X), generator=g).split(BATCH):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            schedule.step()
            total += len(rows) * loss.detach()
        curve.append(float(total) / len(X))
    return model, curve


@torch.no_grad()
def measured(model: nn.Module, part: tuple[Tensor, Tensor]) -> tuple[float, float]:
    """Loss, and the share of mistakes."""
    X, y = part
    logits = model(X)
    wrong = (logits.argmax(dim=1) != y).double().mean()
    return F.cross_entropy(logits, y).item(), wrong.item()


def tuned(entry: Entry, data: Data, tries: int, epochs: int) -> tune.Study:
    """The tries of one optimizer; those whose loss is not finite have failed."""

    def objective(trial: tune.Trial) -> float:
        model, _ = train(entry, trial.params, data, SEED_OF_TRIES, epochs)
        return measured(model, data.valid)[0]

    return tune.search(
        objective, entry.space, trials=tries, goal="min", prune=None, progress=False
    )


def compared(
    entry: Entry, data: Data, tries: int, seeds: range, epochs: int
) -> tuple[dict, list[list[float]]]:
    """What to record of one optimizer, and the curve of each seed."""
    study = tuned(entry, data, tries, epochs)
    rows, curves = [], []
    for number in seeds:
        model, curve = train(entry, study.best.params, data, number, epochs)
        rows.append([*measured(model, data.valid), *measured(model, data.test)])
        curves.append(curve)
    names = "validation_loss", "validation_mistakes", "test_loss", "test_mistakes"
    found = {
        "settings": study.best.params,
        "tries": [
            {**result.params, "loss": result.score, "state": result.state}
            for result in study.results
        ],
        **{name: [row[k] for row in rows] for k, name in enumerate(names)},
    }
    return found, curves


def table(results: dict[str, dict]) -> Table:
    """A line for each optimizer: its settings, and what the seeds gave."""
    rows = []
    for name, found in results.items():
        loss, wrong = (
            torch.tensor(found[key], dtype=torch.float64)
            for key in ("test_loss", "test_mistakes")
        )
        settings = ", ".join(f"{k} {v:.3g}" for k, v in found["settings"].items())
        rows.append(
            [
                name,
                settings,
                f"{loss.mean():.4f} ± {loss.std():.4f}",
                f"{wrong.mean():.2%} ± {wrong.std():.2%}",
            ]
        )
    heading = ["optimizer", "settings", "test loss", "test mistakes"]
    return Table(heading, rows, left=["optimizer", "settings"])


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--tries", type=int, default=TRIES, help="of each optimizer")
    add("--seeds", type=int, default=SEEDS, help="how many measure; two at least")
    add("--epochs", type=int, default=EPOCHS, help="of each run")
    return parser.parse_args()


def main() -> None:
    """Tune and measure every optimizer, print a table, record it."""
    options, data = arguments(), load()
    torch.set_num_threads(THREADS)
    results, curves, start = {}, {}, perf_counter()
    for name, entry in ENTRIES.items():
        results[name], curves[name] = compared(
            entry, data, options.tries, range(options.seeds), options.epochs
        )
        print(f"{name} done after {perf_counter() - start:.0f} s", flush=True)
    print("", table(results), sep="\n")
    if (options.tries, options.seeds, options.epochs) != (TRIES, SEEDS, EPOCHS):
        print("Nothing is recorded: these are not the settings of the book.")
        return
    path = recorded.write(
        "optimizers",
        command="python benchmarks/optimizers.py",
        results={"tries": TRIES, "epochs": EPOCHS, "optimizers": results},
        seconds=perf_counter() - start,
        seeds=list(range(SEEDS)),
        curves=curves,
    )
    print(f"Recorded as {path.relative_to(path.parents[2])}.")


if __name__ == "__main__":
    main()
