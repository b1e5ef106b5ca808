"""A DCGAN on pictures of 28 by 28 pixels, from several seeds, measured epoch by epoch.

    python benchmarks/gan.py               # half an hour on two cores

The data are Fashion-MNIST where it is in the data folder or can be fetched, else drawn
letters. A classifier, torchbook.models.cnn.CNN, is trained on the real training pictures
first, without the first 5,000 of them, which it is asked about as real ones. What it says of
these, of made ones and of noise is the measure: see torchbook.likeness. The made pictures of
each epoch come from the same noise. Distances are those of the classifier's features from
real test pictures, between equal numbers of pictures.

What comes of it is recorded as book/recorded/gan.json, samples of the first seed as PNG in
base64 among it, unless options say otherwise than the defaults, or the data are a stand-in.
"""

import argparse
import base64
from collections.abc import Callable
from dataclasses import asdict, replace
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchbook import device, likeness, recorded, seed, train
from torchbook.adversarial import Game
from torchbook.data import images
from torchbook.data.images import ImageSet
from torchbook.data.loader import Batches
from torchbook.models.cnn import CNN
from torchbook.models.gan import Discriminator, Generator
from torchbook.tables import Table

SCALE = {"mean": 0.5, "std": 0.5}  # bytes to -1 … 1, as the generator's tanh
LATENT, WIDTHS, BATCH, LR = 64, (64, 32), 128, (5e-4, 1e-3)
EPOCHS, SEEDS, JUDGE_EPOCHS, COUNT = 6, 3, 3, 5000
SHOWN = 40  # samples kept of each epoch that is shown
Measure = Callable[[Tensor], dict[str, float]]


def scaled(X: Tensor) -> Tensor:
    """Bytes as floats in -1 … 1."""
    return (X.float() / 255 - SCALE["mean"]) / SCALE["std"]


def unseen(data: ImageSet, count: int) -> ImageSet:
    """The set for the judge: without the first training pictures, which it is asked about."""
    return replace(data, X_train=data.X_train[count:], y_train=data.y_train[count:])


def judge(data: ImageSet, epochs: int, place: torch.device) -> tuple[nn.Module, float]:
    """A classifier of the real pictures, and its accuracy on the test pictures."""
    seed.everything(0)
    model = CNN(classes=len(data.classes))
    batches = Batches(data.X_train, data.y_train, 128, shuffle=True, **SCALE)
    rate = torch.optim.lr_scheduler.OneCycleLR
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    train.fit(
        model,
        batches,
        F.cross_entropy,
        optimizer,
        epochs=epochs,
        schedule=rate(optimizer, 3e-3, total_steps=epochs * len(batches)),
        device=str(place),
        progress=False,
    )
    held = Batches(data.X_test, data.y_test, 1000, **SCALE)
    accuracy = train.evaluate(model, held, F.cross_entropy)["accuracy"]
    return model.eval(), accuracy


def measure_with(model: nn.Module, real: Tensor, place: torch.device) -> Measure:
    """A function of pictures (N, 1, H, W) in -1 … 1: their scores, and how far from `real`."""

    @torch.no_grad()
    def seen(X: Tensor) -> tuple[Tensor, Tensor]:
        parts = [model[:-1](part.to(place)) for part in X.split(500)]
        features = torch.cat(parts)  # (N, 2 · the last width)
        return features.cpu(), model[-1](features).softmax(dim=1).cpu()

    there = seen(real)[0]

    def measure(X: Tensor) -> dict[str, float]:
        features, probs = seen(X)
        distance = likeness.frechet(features, there)
        return {**asdict(likeness.scores(probs)), "distance": distance}

    return measure


def beside(data: ImageSet, measure: Measure, count: int) -> dict[str, dict[str, float]]:
    """What the measure says of the first real pictures, and of two kinds of noise.

    The judge must not have learned from these: see `unseen`.
    """
    g = torch.Generator().manual_seed(0)
    real = scaled(data.X_train[:count])
    pixels = real.flatten(1)  # (N, H · W)
    order = torch.rand(pixels.shape, generator=g).argsort(dim=0)
    return {
        "real": measure(real),
        "noise": measure(torch.rand(real.shape, generator=g) * 2 - 1),
        # every pixel as bright as somewhere in the set, and none knows of another
        "pixels apart": measure(pixels.gather(0, order).view_as(real)),
    }


def play(
    data: ImageSet, measure: Measure, number: int, epochs: int, count: int, place
) -> tuple[Game, list[dict[str, float]], dict[int, Tensor]]:
    """A game of one seed: what is measured after each epoch, and pictures of some."""
    seed.everything(number)
    side = data.X_train.shape[-1]
    players = Generator(LATENT, side, WIDTHS), Discriminator(side, WIDTHS[::-1])
    game = Game(*(p.to(place) for p in players), LATENT, lr=LR, seed=number)
    batches = Batches(
        data.X_train, data.y_train, BATCH, shuffle=True, seed=number, **SCALE
    )
    rows, shown = [], {0: game.generate(SHOWN)}

    def watch(game: Game) -> None:
        made = game.generate(count)
        rows.append({"epoch": game.epoch, **measure(made)})
        if game.epoch in (1, 2, 5, epochs):
            shown[game.epoch] = made[:SHOWN]

    game.play(batches, epochs, watch)
    return game, rows, shown


def as_png(X: Tensor) -> str:
    """Pictures (N, 1, H, W) in -1 … 1 side by side in one, as PNG in base64."""
    from torchvision.io import encode_png

    row = torch.cat(list(X.cpu()), dim=2)  # (1, H, N · W)
    pixels = ((row + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return base64.urlsafe_b64encode(bytes(encode_png(pixels).tolist())).decode()


def table(results: dict) -> Table:
    """Real pictures, noise, and the last epoch of each seed."""
    lines = dict(results["beside"])
    for number, rows in results["seeds"].items():
        lines[f"made, seed {number}"] = rows[-1]
    names = ["sure", "seen", "spread", "score", "distance"]
    return Table(
        ["pictures", *names],
        [[name, *(row[key] for key in names)] for name, row in lines.items()],
        left=["pictures"],
    )


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--epochs", type=int, default=EPOCHS, help="of each game")
    add("--seeds", type=int, default=SEEDS, help="how many games")
    add("--samples", type=int, help="training pictures to use; default: all")
    add("--count", type=int, default=COUNT, help="pictures to measure each time")
    add("--judge-epochs", type=int, default=JUDGE_EPOCHS, help="of the classifier")
    add("--data", default="fashion_mnist", help="a set of one channel, 28 by 28")
    add("--device", help="default: the fastest at hand")
    return parser.parse_args()


def main() -> None:
    """Train the judge, play the games, print a table, record it."""
    options = arguments()
    place = device.pick(options.device)
    data = images.load(options.data, stand_in="glyphs", progress=print)
    print(data.note)
    if options.samples:
        few = options.samples
        data = replace(data, X_train=data.X_train[:few], y_train=data.y_train[:few])
    start = perf_counter()
    count = min(options.count, len(data.X_test), len(data.X_train) // 2)
    model, accuracy = judge(unseen(data, count), options.judge_epochs, place)
    measure = measure_with(model, scaled(data.X_test[:count]), place)
    results = {
        "data": data.title,
        "judge_accuracy": accuracy,
        "count": count,
        "epochs": options.epochs,
        "beside": beside(data, measure, count),
        "seeds": {},
    }
    for number in range(options.seeds):
        began = perf_counter()
        game, rows, shown = play(data, measure, number, options.epochs, count, place)
        results["seeds"][number] = rows
        results.setdefault("seconds_each", []).append(perf_counter() - began)
        if number == 0:
            results["side"] = data.X_train.shape[-1]
            results["pictures"] = {e: as_png(X) for e, X in shown.items()}
            results["parameters"] = [
                sum(p.numel() for p in player.parameters())
                for player in (game.generator, game.discriminator)
            ]
        print(f"seed {number} done after {perf_counter() - start:.0f} s", flush=True)
    print("", table(results), sep="\n")
    finish(options, data, results, perf_counter() - start, place)


def finish(options, data: ImageSet, results: dict, seconds: float, place) -> None:
    """Record the results, if they are those of the book's settings."""
    wanted = (EPOCHS, SEEDS, None, COUNT, JUDGE_EPOCHS, "fashion_mnist")
    names = "epochs", "seeds", "samples", "count", "judge_epochs", "data"
    given = tuple(getattr(options, name) for name in names)
    if given != wanted or data.is_stand_in:
        print("Nothing is recorded: these are not the settings of the book.")
        return
    path = recorded.write(
        "gan",
        command="python benchmarks/gan.py",
        results=results,
        seconds=seconds,
        seeds=list(range(SEEDS)),
        device=place,
    )
    print(f"Recorded as {path.relative_to(path.parents[2])}.")


if __name__ == "__main__":
    main()
