"""One process against several under torchrun: seconds of an epoch with the same global batch.

    python benchmarks/processes.py                # one against two
    python benchmarks/processes.py --nproc 2 4    # against two, and against four
    python benchmarks/processes.py --record       # and book/recorded/processes.json is written

Each process computes with one thread, so that two processes have twice the arithmetic of one,
and the rest is what they pay for talking. Every repeat starts each number of processes once,
one after the other, so that what else the machine does falls on all of them; medians count.
The images are those of Fashion-MNIST, or the glyphs where it cannot be had.

The MLP makes the same steps in any number of processes: the last column says how far its mean
loss is from that of one. The CNN normalises each process's share of a batch by itself, and so
trains a little differently.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import nn

from torchbook import distributed, recorded, seed
from torchbook.data import images
from torchbook.data.loader import Batches
from torchbook.models.cnn import CNN
from torchbook.models.mlp import MLP
from torchbook.train import fit

WARM_UP = 10  # steps before the epoch that is timed


@dataclass(frozen=True)
class Case:
    """What is trained, and how many samples, of all processes together, make a step."""

    model: Callable[[], nn.Module]
    batch_size: int


def mlp() -> nn.Module:
    """784-256-128-64-10."""
    return MLP(784, 256, 128, 64, 10)


CASES = {
    "MLP, batch 64": Case(mlp, 64),
    "MLP, batch 512": Case(mlp, 512),
    "CNN, batch 128": Case(CNN, 128),
}


def epoch(case: Case, data: images.ImageSet, samples: int | None) -> dict:
    """Seconds and mean loss of the first epoch, after a few steps that do not count."""
    X, y = data.X_train[:samples], data.y_train[:samples]
    for n in (WARM_UP * case.batch_size, len(X)):
        seed.everything(0)
        model = case.model()
        batches = Batches(
            X[:n], y[:n], case.batch_size, shuffle=True, mean=0.3, std=0.35
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        history = fit(
            model, batches, F.cross_entropy, optimizer, epochs=1, device="cpu", progress=False
        )  # fmt: skip
    return {"seconds": history["seconds"][0], "loss": history["train_loss"][0]}


def work(cases: list[str], samples: int | None, result: Path) -> None:
    """What each process does; the one of rank 0 writes what came of it as JSON."""
    torch.set_num_threads(1)
    distributed.start(torch.device("cpu"))
    data = images.load("fashion_mnist", stand_in="glyphs")
    epochs = {name: epoch(CASES[name], data, samples) for name in cases}
    if distributed.is_writer():
        result.write_text(json.dumps({"data": data.title, "epochs": epochs}))


def launch(number: int, cases: list[str], samples: int | None) -> dict:
    """What `work` wrote in that many processes; one is started without torchrun."""
    run = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        str(number),
    ]
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        words = ["--work", str(result), "--cases", *cases]
        words += ["--samples", str(samples)] if samples else []
        start = [sys.executable, *(run if number > 1 else []), __file__, *words]
        subprocess.run(start, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True)
        return json.loads(result.read_text())


def summary(launches: dict[int, list[dict]], cases: list[str]) -> dict:
    """For each case and number of processes: seconds, their median, speed-up, loss."""
    rows = {}
    for name in cases:
        alone = [each["epochs"][name] for each in launches[1]]
        for number, each in launches.items():
            epochs = [one["epochs"][name] for one in each]
            seconds = [one["seconds"] for one in epochs]
            rows.setdefault(name, {})[str(number)] = {
                "each_seconds": seconds,
                "seconds": median(seconds),
                "speed_up": median(one["seconds"] for one in alone) / median(seconds),
                "loss": epochs[0]["loss"],
                "loss_apart": abs(epochs[0]["loss"] - alone[0]["loss"]),
            }
    return rows


def table(rows: dict) -> str:
    """A line for each case and number of processes."""
    lines = [f"{'':16}processes  seconds  speed-up    loss  loss apart"]
    for name, numbers in rows.items():
        for number, row in numbers.items():
            lines.append(
                f"{name:16}{number:>9}  {row['seconds']:7.2f}  {row['speed_up']:8.2f}"
                f"  {row['loss']:6.4f}  {row['loss_apart']:10.1e}"
            )
            name = ""
    return "\n".join(lines)


def main() -> None:
    """Read the command line; measure, print the table, record if told to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nproc", nargs="+", type=int, default=[2], metavar="N",
                        help="processes to compare with one; 2 unless told")  # fmt: skip
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE",
                        help="; ".join(CASES))  # fmt: skip
    parser.add_argument(
        "--samples", type=int, help="train on the first so many images only"
    )
    parser.add_argument("--record", action="store_true",
                        help="write book/recorded/processes.json")  # fmt: skip
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.cases, options.samples, options.work)
        return
    began, numbers = perf_counter(), sorted({1, *options.nproc})
    launches = {number: [] for number in numbers}
    for repeat in range(options.repeats):
        for number in numbers:
            launches[number].append(launch(number, options.cases, options.samples))
        rows = summary(launches, options.cases)
        print(
            f"after {repeat + 1} of {options.repeats} repeats\n{table(rows)}",
            flush=True,
        )
    if options.record:
        torch.set_num_threads(1)  # as the processes did, for the record
        path = recorded.write(
            "processes",
            command=" ".join(["python benchmarks/processes.py", *sys.argv[1:]]),
            results={
                "data": launches[1][0]["data"],
                "rows": rows,
                "repeats": options.repeats,
            },
            seconds=perf_counter() - began,
            seeds=[0],
        )
        print(f"Recorded as {path.relative_to(path.parents[2])}.")


if __name__ == "__main__":
    main()
