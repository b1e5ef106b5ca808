"""`make bench`: how fast this book's training is, beside other ways of doing the same.

    python benchmarks/speed.py                 # the table, a few minutes
    python benchmarks/speed.py --record        # and book/recorded/speed.json

Every figure is a median over repeats that take turns, so that a machine that is busy for a while
is unfair to all alike. Ratios are what counts; seconds are this machine's. Loops that need
packages which are not installed are left out and named.
"""

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from tqdm import tqdm

from torchbook import checkpoint, recorded

HERE = Path(__file__).parent
LOOPS = {
    "course": "the course's loop: Dataset, DataLoader, loss.item()",
    "hand": "by hand: tensors in memory, fused optimizer",
    "fit": "torchbook.fit",
    "fit_compiled": "torchbook.fit, compile=True (its first epoch compiles)",
    "lightning": "Lightning, TensorDataset",
    "fastai": "fastai, TensorDataset",
}


def run(loop, **options):
    """One process, one loop; what `loops.py` printed."""
    words = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, str(HERE / "loops.py"), loop, *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def interleaved(jobs, repeats):
    """{name: [result, …]} of (loop, options) jobs that take turns."""
    results = {name: [] for name in jobs}
    for _ in tqdm(range(repeats), desc="repeats"):
        for name, (loop, options) in jobs.items():
            results[name].append(run(loop, **options))
    return results


def summary(results, epoch):
    """Medians of one loop: seconds of that epoch, accuracy, memory above the data's."""
    return {
        "seconds": statistics.median(r["seconds"][epoch] for r in results),
        "accuracy": statistics.median(r["accuracy"] for r in results),
        "mib": statistics.median(r["mib"] for r in results),
        "all": [r["seconds"][epoch] for r in results],
    }


def epochs(model, repeats, threads, loops):
    """A table of one epoch of `model` for each loop, the second where compilation counts."""
    jobs = {
        loop: (
            loop,
            {
                "model": model,
                "threads": threads,
                "epochs": 2 if loop == "fit_compiled" else 1,
            },
        )
        for loop in loops
    }
    results = interleaved(jobs, repeats)
    return {name: summary(rows, -1) for name, rows in results.items()}


def checkpoints(repeats):
    """Seconds to save and load, ours and torch's bare ones, for three sizes in MB."""
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder, "ours.pt"), Path(folder, "theirs.pt")
        for size in (1, 50, 400):
            state = {"format": 1, "model": {"weight": torch.randn(size * 250_000)}}
            ways = {
                "save": lambda state=state: checkpoint.save(ours, state),
                "torch.save": lambda state=state: torch.save(state, theirs),
                "torch.save + fsync": lambda state=state: saved_for_sure(state, theirs),
                "load": lambda: checkpoint.load(ours),
                "torch.load": lambda: torch.load(theirs, weights_only=True),
            }
            times = {name: [] for name in ways}
            for _ in range(repeats + 1):
                for name, way in ways.items():
                    start = time.perf_counter()
                    way()
                    times[name].append(time.perf_counter() - start)
            # the first of each only warms up
            table[size] = {name: statistics.median(t[1:]) for name, t in times.items()}
    return table


def saved_for_sure(state, path):
    """torch.save, forced to the disk, as a checkpoint must be."""
    import os

    with path.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())


def show(title, table, base="course"):
    """Print one table of loops."""
    print(f"\n{title}")
    print(
        f"{'':54} {'seconds':>8} {f'{base} =':>8} {'hand =':>7} {'test':>7} {'MiB':>6}"
    )
    for name, row in table.items():
        first = (
            table[base]["seconds"] / row["seconds"] if base in table else float("nan")
        )
        hand = row["seconds"] / table["hand"]["seconds"]
        print(
            f"{LOOPS[name]:54} {row['seconds']:8.2f} {first:7.2f}× {hand:6.2f}× "
            f"{row['accuracy']:7.4f} {row['mib']:6.0f}"
        )


def main():
    """Measure, print, and record if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--record", action="store_true")
    asked, began = parser.parse_args(), time.perf_counter()
    extra = ("lightning", "fastai")
    absent = [name for name in extra if importlib.util.find_spec(name) is None]
    loops = [name for name in LOOPS if name not in absent]
    if absent:
        print(
            f"Not installed, and so left out: {', '.join(absent)}. `make bench` has them."
        )
    results = {"mlp": epochs("mlp", asked.repeats, asked.threads, loops)}
    show("An epoch of an MLP 784-256-128-64-10, batch 64, Adam", results["mlp"])
    few = [name for name in loops if name in ("hand", "fit")]
    results["cnn"] = epochs("cnn", asked.repeats, asked.threads, few)
    show("An epoch of the small CNN, batch 64, Adam", results["cnn"], base="hand")
    sizes = (7_500, 15_000, 30_000, 60_000)
    jobs = {
        n: ("fit", {"samples": n, "epochs": 1, "threads": asked.threads}) for n in sizes
    }
    linear = interleaved(jobs, asked.repeats)
    results["samples"] = {n: summary(rows, -1)["seconds"] for n, rows in linear.items()}
    print("\nfit, MLP: microseconds a sample")
    for n, seconds in results["samples"].items():
        print(f"{n:8,} samples {seconds / n * 1e6:8.1f}")
    results["checkpoints"] = checkpoints(max(5, asked.repeats))
    print("\nCheckpoints against torch, seconds")
    for size, row in results["checkpoints"].items():
        print(
            f"{size:4} MB  save {row['save']:.3f} (torch.save {row['torch.save']:.3f}, forced "
            f"to the disk {row['torch.save + fsync']:.3f})   load {row['load']:.3f} "
            f"(torch.load {row['torch.load']:.3f})"
        )
    if asked.record:
        path = recorded.write(
            "speed",
            command="make bench",
            results=results,
            seconds=time.perf_counter() - began,
            seeds=[0],
            packages=[name for name in extra if name not in absent],
        )
        print(f"\nRecorded in book/recorded/{path.name}.")


if __name__ == "__main__":
    main()
