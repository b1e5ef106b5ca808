"""What a GPU makes of the same work as the CPU: the figures of the chapter on training on a GPU.

    python benchmarks/gpu.py                     # measures, and records book/recorded/gpu.json
    python benchmarks/gpu.py --device cpu        # only to see that it works; records nothing

It times a training step for growing batches, in 32 bits and in mixed precision, and what a clock
says that does not wait for the device. Medians of repeats, after a warm-up.
"""

import argparse
import statistics
import time

import torch
import torch.nn.functional as F

from torchbook import recorded, seed
from torchbook.device import available, pick
from torchbook.engine.precision import Precision
from torchbook.models.cnn import CNN
from torchbook.models.mlp import MLP

MODELS = {"MLP 784-256-128-10": lambda: MLP(784, 256, 128, 10), "small CNN": CNN}
SIZES = [2**k for k in range(0, 13, 2)]


def wait(device):
    """Until the device has done all that it was given."""
    if device.type != "cpu":
        torch.accelerator.synchronize()


def step_seconds(make, size, device, precision="float32", *, waits=True, repeats=9):
    """The median time of a training step for a batch of `size`; without waiting, a wrong one."""
    seed.everything(0)
    model, how = make().to(device), Precision(precision, device)
    optimizer = torch.optim.Adam(model.parameters(), fused=device.type != "mps")
    X = torch.randn(size, 1, 28, 28, device=device)
    y = torch.randint(10, (size,), device=device)
    times = []
    for _ in range(repeats + 3):
        wait(device)
        start = time.perf_counter()
        optimizer.zero_grad()
        with how.autocast():
            loss = F.cross_entropy(model(X), y)
        how.scaled(loss).backward()
        how.step(optimizer, model, None)
        if waits:
            wait(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times[3:])


def measure(device):
    """{model: {"sizes", device name: [seconds], …}} and the reading of an impatient clock."""
    results = {}
    for name, make in MODELS.items():
        ways = {"cpu": (torch.device("cpu"), "float32")}
        if device.type != "cpu":
            ways |= {device.type: (device, "float32")}
            ways |= {f"{device.type}, mixed": (device, "mixed")}
        results[name] = {
            way: [step_seconds(make, size, *where) for size in SIZES]
            for way, where in ways.items()
        }
        results[name]["without waiting"] = step_seconds(
            make, SIZES[-1], device, waits=False
        )
    return results


def sentence(results, device):
    """What the chapter says, from the numbers."""
    said = []
    for name, row in results.items():
        small = row["cpu"][0] / row[device.type][0]
        large = row["cpu"][-1] / row[device.type][-1]
        mixed = row["cpu"][-1] / row[f"{device.type}, mixed"][-1]
        said.append(
            f"{name}: a step of one sample is {small:.1f} times as fast on the GPU as on the CPU, "
            f"one of {SIZES[-1]:,} samples {large:.0f} times, and {mixed:.0f} times in mixed "
            "precision."
        )
    return " ".join(said)


def main():
    """Measure, print, and record where there is a GPU."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", help="as cuda, mps; the fastest unless told")
    device, began = pick(parser.parse_args().device), time.perf_counter()
    results = measure(device)
    for name, row in results.items():
        print(f"\n{name}: milliseconds a step, for batches of {SIZES}")
        for way, seconds in row.items():
            values = seconds if isinstance(seconds, list) else [seconds]
            print(f"{way:>18} " + " ".join(f"{value * 1e3:9.3f}" for value in values))
    if device.type == "cpu":
        print(
            f"\nNothing is recorded: only {', '.join(available())} is at hand or asked for."
        )
        return
    results = {"sentence": sentence(results, device), "sizes": SIZES, "steps": results}
    path = recorded.write(
        "gpu",
        command="python benchmarks/gpu.py",
        results=results,
        seconds=time.perf_counter() - began,
        seeds=[0],
        device=device,
    )
    print(f"\nRecorded in book/recorded/{path.name}.")


if __name__ == "__main__":
    main()
