"""The book's reader of letters: trained on drawn letters of 8 by 8 pixels, never on a digit.

    python benchmarks/letters.py                 # a minute and a half on one core

Letters of 52 classes are drawn from fonts, bent, cut out and brought to the size of the digits
of part 10, which moves this network to them. The network is read once, at the end, on letters
drawn from another seed, with its weights as they are stored, in 16 bits. These become
code/torchbook/models/weights/letters.safetensors, with command, data, seed and accuracy in the
file; the same is recorded as book/recorded/letters.json.

--letters 2000 trains on as many only, and --epochs changes the number of passes; nothing is
recorded then, and no weights are kept unless --out names a file for them.
"""

import argparse
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor, nn

from torchbook import recorded, seed, weights, zoo
from torchbook.data import glyphs
from torchbook.data.augment import shake
from torchbook.data.loader import Batches
from torchbook.models.letters import CLASSES, MEAN, STD, reader
from torchbook.train import evaluate, fit

LETTERS, NEW, EPOCHS, BATCH, RATE = 60_000, 10_000, 10, 128, 5e-3
PIECE = 10_000  # letters cut out at a time
SCALE = {"mean": MEAN, "std": STD}


def drawn(count: int, number: int) -> tuple[Tensor, Tensor]:
    """Letters (count, 1, 8, 8), float in 0 … 1, and their classes; number is the seed."""
    X, y = glyphs.draw(count, "".join(CLASSES), seed=number)
    return torch.cat([glyphs.fitted(piece) for piece in X.split(PIECE)]), y


def trained(X: Tensor, y: Tensor, number: int, epochs: int) -> tuple[nn.Module, list]:
    """The network after these passes, and the training loss of each."""
    seed.everything(number)
    model = reader()
    batches = Batches(X, y, BATCH, shuffle=True, seed=number, augment=shake, **SCALE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    steps = epochs * len(batches)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
    history = fit(model, batches, nn.CrossEntropyLoss(), optimizer, epochs=epochs,
                  schedule=rate, device="cpu")  # fmt: skip
    return model, history["train_loss"]


def rounded(model: nn.Module) -> nn.Module:
    """The network as it is stored, in 16 bits, and read again."""
    again = reader()
    again.load_state_dict(model.half().state_dict())
    return again.eval()


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seed", type=int, default=0)
    add("--epochs", type=int, help="not the recipe's; nothing is recorded")
    add("--letters", type=int, help="train on so many only; nothing is recorded")
    add("--out", type=Path, help="where a run that is not recorded leaves its weights")
    return parser.parse_args()


def main() -> None:
    """Draw, train, measure, keep the weights, record."""
    options, start = arguments(), perf_counter()
    torch.set_num_threads(1)
    epochs = options.epochs or EPOCHS
    model, losses = trained(
        *drawn(options.letters or LETTERS, options.seed), options.seed, epochs
    )
    model = rounded(model)
    new = Batches(*drawn(NEW, options.seed + 1), 1000, **SCALE)
    reached = evaluate(model, new, nn.CrossEntropyLoss())["accuracy"]
    seconds = perf_counter() - start
    print(f"{reached:.4f} of new letters after {seconds:.0f} s")
    notes = {
        "command": f"python benchmarks/letters.py --seed {options.seed}",
        "data": "letters drawn from fonts, torchbook.data.glyphs",
        "seed": str(options.seed),
        "epochs": str(epochs),
        "test_accuracy": f"{reached:.4f}",
    }
    if options.epochs or options.letters:
        print("Nothing is recorded: these are not the settings of the recipe.")
        if options.out:
            weights.write(options.out, model.half(), **notes)
        return
    path = weights.write(zoo.LETTERS, model.half(), **notes)
    recorded.write(
        "letters",
        command=notes["command"],
        results={
            "data": notes["data"],
            "letters": LETTERS,
            "parameters": sum(p.numel() for p in model.parameters()),
            "bytes": path.stat().st_size,
            "epochs": epochs,
            "batch_size": BATCH,
            "test_accuracy": reached,
        },
        seconds=seconds,
        seeds=[options.seed],
        curves={"train_loss": losses},
    )
    print(f"Weights in {path.name}, recorded as book/recorded/letters.json.")


if __name__ == "__main__":
    main()
