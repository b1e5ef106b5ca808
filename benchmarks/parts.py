"""Where the time of a training step goes, on a CPU: the hand-written loop, part by part.

    python benchmarks/parts.py               # a table, half a minute
    python benchmarks/parts.py --record      # and book/recorded/parts.json

The network is that of `make bench`, MLP 784-256-128-64-10, with batches of 64 and Adam. The same
samples, taken 64 times as many at once, show what the arithmetic alone costs: the calls of
torch, some microseconds each, then hardly count. Medians over repeats that take turns.
"""

import argparse
from collections import defaultdict
from statistics import median
from time import perf_counter

import torch
import torch.nn.functional as F

from torchbook import recorded, seed
from torchbook.models.mlp import MLP
from torchbook.tables import Table

SIZES = (784, 256, 128, 64, 10)
BATCH, MANY = 64, 64
PARTS = ("batch", "forward", "backward", "optimizer")


def pass_through(X, y, batch_size: int, **optimizer_options) -> dict[str, float]:
    """Microseconds for each 64 samples that each part took, in one pass over the samples."""
    model, spent = MLP(*SIZES), defaultdict(float)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **optimizer_options)
    order = torch.randperm(len(y)).split(batch_size)
    for warm_up, rows in [(True, order[0])] * 3 + [(False, rows) for rows in order]:
        times = [perf_counter()]
        Xb, yb = X[rows], y[rows]
        times.append(perf_counter())
        loss = F.cross_entropy(model(Xb), yb)
        times.append(perf_counter())
        optimizer.zero_grad()
        loss.backward()
        times.append(perf_counter())
        optimizer.step()
        times.append(perf_counter())
        if not warm_up:
            for part, begin, end in zip(PARTS, times, times[1:], strict=False):
                spent[part] += (end - begin) * 1e6 / (len(y) / BATCH)
    return dict(spent)


def measured(samples: int, repeats: int) -> dict[str, dict[str, float]]:
    """Microseconds of each part for each way: {way: {part: median}}."""
    X = torch.randn(samples, SIZES[0])
    y = torch.randint(SIZES[-1], (samples,))
    ways = {
        "Adam as it comes": {"batch_size": BATCH},
        "Adam, foreach=False": {"batch_size": BATCH, "foreach": False},
        "Adam, fused": {"batch_size": BATCH, "fused": True},
        f"{BATCH * MANY:,} at once": {"batch_size": BATCH * MANY, "fused": True},
    }
    times = {way: [] for way in ways}
    for _ in range(repeats):
        for way, options in ways.items():
            times[way].append(pass_through(X, y, **options))
    return {
        way: {part: median(each[part] for each in passes) for part in PARTS}
        for way, passes in times.items()
    }


def main() -> None:
    """Measure, print, record if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--samples", type=int, default=BATCH * MANY * 8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--record", action="store_true")
    options, began = parser.parse_args(), perf_counter()
    torch.set_num_threads(options.threads)
    seed.everything(0)
    rows = measured(options.samples, options.repeats)
    table = Table(
        ["microseconds for 64 samples", *PARTS, "together"],
        [[way, *map(round, row.values()), round(sum(row.values()))] for way, row in rows.items()],
        left=["microseconds for 64 samples"],
    )  # fmt: skip
    print(table)
    if options.record:
        path = recorded.write(
            "parts",
            command="python benchmarks/parts.py --record",
            results=rows,
            seconds=perf_counter() - began,
            seeds=[0],
        )
        print(f"Recorded as {path.relative_to(path.parents[2])}.")


if __name__ == "__main__":
    main()
