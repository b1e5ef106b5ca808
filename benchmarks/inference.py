"""What a trained CNN costs to ask: eager, in inference mode, folded, compiled, and in ONNX.

    python benchmarks/inference.py         # three minutes on one core; needs a C++ compiler

The CNN of 28 by 28 pixels, with random weights, as time does not depend on them. Each way
answers batches of several sizes in turn, a few rounds over; kept is the seconds of a batch.
What comes of it is recorded as book/recorded/inference.json, unless --rounds says otherwise.
"""

import argparse
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from torchbook import export, recorded, runs, seed
from torchbook.models.cnn import CNN
from torchbook.tables import Table

SIZES, ROUNDS, SECONDS = (1, 8, 64, 512), 7, 0.3
FACTS = runs.Facts("random", "Random", tuple("ABCDEFGHIJ"), (1, 28, 28), 0.3, 0.35)
Way = Callable[[Tensor], Tensor]


def folded(model: nn.Module) -> nn.Module:
    """The same network, each normalisation inside the convolution before it."""
    for part in model.modules():
        layers = list(part.named_children())
        for (first, conv), (second, norm) in pairwise(layers):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(part, first, fuse_conv_bn_eval(conv, norm))
                setattr(part, second, nn.Identity())
    return model


def new() -> nn.Module:
    """The network with its scaling, the same each time."""
    seed.everything(0)
    return export.Ready(CNN(), FACTS.mean, FACTS.std).eval()


def ways(folder: Path) -> tuple[dict[str, Way], float]:
    """Each way to ask, and the seconds that compiling took."""
    no_graph = torch.inference_mode()
    start = perf_counter()
    compiled = no_graph(torch.compile(new(), dynamic=True))
    for size in SIZES:
        compiled(pictures(size))
    waited = perf_counter() - start
    export.write(folder / "cnn.onnx", new().model, FACTS)
    found = {
        "eager, with gradients": new(),
        "inference mode": no_graph(new()),
        "folded": no_graph(folded(new())),
        "compiled": compiled,
        "ONNX Runtime": export.read(folder / "cnn.onnx"),
    }
    return found, waited


def pictures(count: int) -> Tensor:
    """Random bytes (count, 1, 28, 28)."""
    chance = torch.Generator().manual_seed(count)
    return torch.randint(256, (count, *FACTS.shape), generator=chance).byte()


def seconds(ask: Way, X: Tensor) -> float:
    """The time of one batch, as a mean over a while."""
    ask(X)
    count, start = 0, perf_counter()
    while perf_counter() - start < SECONDS:
        ask(X)
        count += 1
    return (perf_counter() - start) / count


def main() -> None:
    """Measure, print a table, record it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds, start = parser.parse_args().rounds, perf_counter()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        asked, waited = ways(Path(folder))
        want = asked["inference mode"](pictures(8))
        for name, ask in asked.items():
            torch.testing.assert_close(
                ask(pictures(8)), want, msg=name, atol=1e-4, rtol=0
            )
        found = {name: {str(size): [] for size in SIZES} for name in asked}
        for _ in range(rounds):
            for size in SIZES:
                for name, ask in asked.items():
                    found[name][str(size)].append(seconds(ask, pictures(size)))
    rows = []
    for name, each in found.items():
        medians = [1e3 * sorted(v)[len(v) // 2] / int(size) for size, v in each.items()]
        rows.append([name, *(f"{m:.3f}" for m in medians)])
    heading = ["milliseconds a picture, batch of", *map(str, SIZES)]
    print(Table(heading, rows, left=heading[:1]))
    if rounds != ROUNDS:
        print("Nothing is recorded: these are not the settings of the book.")
        return
    path = recorded.write(
        "inference",
        command="python benchmarks/inference.py",
        results={"compiling": waited, "seconds": found},
        seconds=perf_counter() - start,
        seeds=[0],
        packages=["onnxruntime"],
    )
    print(f"Recorded as {path.relative_to(path.parents[2])}.")


if __name__ == "__main__":
    main()
