"""The book's own backbone: trained on eight classes of CIFAR-10, never a cat or a dog.

    python benchmarks/backbone.py                # 20 minutes on two cores

It trains as benchmarks/cifar.py does, on the training images of the eight classes, and reads
their test images once, at the end, with the weights as they are stored, in 16 bits. The weights
become code/torchbook/models/weights/backbone.safetensors, with command, data, seed and accuracy
in the file; the same is recorded as book/recorded/backbone.json.

--samples 2560 trains and measures on as many images only, and --epochs changes the number of
passes; nothing is recorded then, and no weights are kept unless --out names a file for them.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cifar
import torch
from torch import nn

from torchbook import recorded, weights, zoo
from torchbook.data import images
from torchbook.data.loader import Batches
from torchbook.device import pick
from torchbook.models.backbone import CLASSES, MEAN, STD, Backbone
from torchbook.train import evaluate

EPOCHS = 18
RECIPE = replace(cifar.SMALL, model=Backbone, epochs=EPOCHS)
ABSENT = ["cat", "dog"]


def load() -> images.ImageSet:
    """CIFAR-10 less cats and dogs; ValueError where it is not as the backbone's constants say."""
    whole = images.load("cifar10", progress=print)
    print(whole.note)
    data = cifar.without(whole, ABSENT)
    found = cifar.statistics(data.X_train)
    for name, constant in (("mean", MEAN), ("std", STD)):
        if not torch.allclose(found[name], torch.tensor(constant), atol=0.005):
            raise ValueError(f"{name} is {found[name].tolist()}, wanted {constant}")
    if data.classes != CLASSES:
        raise ValueError(f"the classes are {data.classes}, wanted {CLASSES}")
    return data


def rounded(model: nn.Module) -> Backbone:
    """The network as it is stored, in 16 bits, and read again."""
    stored = {
        name: t.half() if t.is_floating_point() else t
        for name, t in model.cpu().state_dict().items()
    }
    again = Backbone()
    again.load_state_dict(stored)
    return again.eval()


def accuracy(model: nn.Module, data: images.ImageSet) -> float:
    """The share of the test images that are right."""
    test = Batches(data.X_test, data.y_test, 500, mean=MEAN, std=STD)
    return evaluate(model, test, nn.CrossEntropyLoss())["accuracy"]


def keep(model: Backbone, path: Path, **notes: str) -> Path:
    """Write the weights in 16 bits, with these notes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return weights.write(path, model.half(), **notes)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seed", type=int, default=0)
    add("--device", default="cpu", help="cpu unless told otherwise: cuda, mps")
    add("--epochs", type=int, help="not the recipe's; nothing is recorded")
    add("--samples", type=int, help="train on so many only; nothing is recorded")
    add("--out", type=Path, help="where a run that is not recorded leaves its weights")
    return parser.parse_args()


def main() -> None:
    """Train, measure, keep the weights, record."""
    options, data = arguments(), load()
    torch.set_num_threads(cifar.THREADS)
    device = pick(options.device)
    if options.samples:
        few = slice(options.samples)
        data = cifar.first(data, options.samples)
        data = replace(data, X_test=data.X_test[few], y_test=data.y_test[few])
    recipe = replace(RECIPE, epochs=options.epochs or RECIPE.epochs)
    model, losses, seconds = cifar.trained(
        recipe, options.seed, data.X_train, data.y_train, device, len(CLASSES)
    )
    model = rounded(model)
    reached = accuracy(model, data)
    print(f"test accuracy {reached:.4f} after {seconds:.0f} s of training")
    command = f"python benchmarks/backbone.py --seed {options.seed}"
    notes = {
        "command": command,
        "data": f"{data.title} without {' and '.join(ABSENT)}: {data.origin}",
        "seed": str(options.seed),
        "epochs": str(recipe.epochs),
        "test_accuracy": f"{reached:.4f}",
    }
    if options.epochs or options.samples:
        print("Nothing is recorded: these are not the settings of the recipe.")
        if options.out:
            keep(model, options.out, **notes)
        return
    path = keep(model, zoo.FILE, **notes)
    recorded.write(
        "backbone",
        command=command,
        results={
            "data": notes["data"],
            "classes": CLASSES,
            "parameters": sum(p.numel() for p in model.parameters()),
            "bytes": path.stat().st_size,
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            "test_accuracy": reached,
        },
        seconds=seconds,
        seeds=[options.seed],
        curves={"train_loss": losses},
        device=device,
    )
    print(f"Weights in {path.name}, recorded as book/recorded/backbone.json.")


if __name__ == "__main__":
    main()
