"""The service under load: throughput and latency for 1, 8 and 32 clients at a time.

    python benchmarks/load.py              # seven minutes on two cores

`torchbook serve` runs in a process of its own, with one thread to compute in; the clients are
here, each with one connection, and ask again as soon as they have an answer. The network is the
CNN of 28 by 28 pixels, as it is (eager) and exported to ONNX, its answers batched or one by one.
Its weights are random, as time does not depend on them. Each setting is measured a few times
over, in turn, so that a slow minute of the machine falls on all of them.

What comes of it is recorded as book/recorded/load.json, unless --seconds, --repeats or --clients
say otherwise than the defaults.
"""

import argparse
import asyncio
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import TextIO

import numpy as np
import torch
from PIL import Image

from torchbook import checkpoint, export, recorded, runs, seed
from torchbook.tables import Table

CLIENTS, SECONDS, REPEATS, WARM_UP = (1, 8, 32), 4.0, 5, 0.5
PATIENCE = 60.0  # seconds for answers that are under way at the end
FACTS = runs.Facts("random", "Random", tuple("ABCDEFGHIJ"), (1, 28, 28), 0.3, 0.35)
MODELS = ("eager", "ONNX")
BATCHES = (1, 32)


def write_models(folder: Path) -> dict[str, Path]:
    """What `torchbook serve` is given: a run's folder, and a file of ONNX."""
    settings = runs.Settings(model="cnn")
    seed.everything(0)
    model = runs.build(settings, FACTS).eval()
    run = runs.RunFolder(folder / "run")
    run.begin(settings, FACTS)
    checkpoint.save(run.path / "best.pt", checkpoint.capture(model=model))
    export.write(folder / "cnn.onnx", model, FACTS)
    return {"eager": run.path, "ONNX": folder / "cnn.onnx"}


@contextmanager
def served(model: Path, most: int) -> Iterator[int]:
    """The service in a process, at a port that it chooses itself; that port."""
    words = ["-m", "torchbook", "serve", str(model), "--port", "0"]
    words += ["--batch", str(most), "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, *words],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            yield port_of(process, said, str(model))
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def port_of(process: subprocess.Popen, said: TextIO, name: str, wait=120.0) -> int:
    """The port that the service says it listens at; RuntimeError with its last words if none."""
    until = perf_counter() + wait
    while True:
        said.seek(0)
        words = said.read()
        if found := re.search(r"running on http://\S+:(\d+)", words):
            return int(found[1])
        if process.poll() is not None or perf_counter() > until:
            last = " / ".join(words.strip().splitlines()[-3:]) or "nothing"
            raise RuntimeError(f"torchbook serve {name} did not start, it said: {last}")
        sleep(0.1)


def request() -> bytes:
    """A picture in a form, as it goes over the wire."""
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    head = 'Content-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    body = b"--edge\r\n" + head.encode() + file.getvalue() + b"\r\n--edge--\r\n"
    lines = [
        "POST /predict HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: multipart/form-data; boundary=edge",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def ask(port: int, asked: bytes, until: float) -> list[tuple[float, float]]:
    """(start, end) of each answer that one client got until then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    times = []
    while (start := perf_counter()) < until:
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the service answered {head[:60]!r}")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        times.append((start, perf_counter()))
    writer.close()
    return times


async def load(port: int, clients: int, seconds: float) -> dict[str, float]:
    """Throughput in answers a second, and latencies in milliseconds, after a warm-up."""
    asked, begin = request(), perf_counter() + WARM_UP
    asking = (ask(port, asked, begin + seconds) for _ in range(clients))
    try:
        async with asyncio.timeout(WARM_UP + seconds + PATIENCE):
            every = [pair for times in await asyncio.gather(*asking) for pair in times]
    except TimeoutError:
        raise RuntimeError(f"the service hung: no answer for {PATIENCE} s") from None
    return summary(every, begin, seconds)


def summary(every: list[tuple], begin: float, seconds: float) -> dict[str, float]:
    """What the (start, end) of answers say about the seconds after `begin`."""
    took = [1e3 * (end - start) for start, end in every if 0 <= end - begin <= seconds]
    if not took:
        raise RuntimeError(f"no answer came within {seconds} seconds")
    took = torch.tensor(took, dtype=torch.float64)
    marks = took.quantile(torch.tensor([0.5, 0.95, 0.99], dtype=torch.float64))
    return {
        "throughput": len(took) / seconds,
        "mean": took.mean().item(),
        **dict(zip(("p50", "p95", "p99"), marks.tolist(), strict=True)),
    }


def measured(clients: list[int], seconds: float, repeats: int) -> list[dict]:
    """A row for each model, largest batch and number of clients; a value for each repeat."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        models = write_models(Path(folder))
        for repeat in range(repeats):
            for name in MODELS:
                for most in BATCHES:
                    with served(models[name], most) as port:
                        for count in clients:
                            found = asyncio.run(load(port, count, seconds))
                            row = rows.setdefault((name, most, count), {})
                            for key, value in found.items():
                                row.setdefault(key, []).append(value)
            print(f"{repeat + 1} of {repeats} done", flush=True)
    return [
        {"model": name, "most": most, "clients": count, **row}
        for (name, most, count), row in rows.items()
    ]


def table(rows: list[dict]) -> Table:
    """Means over the repeats, with the standard deviation of the throughput."""
    lines = []
    for row in rows:
        values = {
            k: torch.tensor(v).double() for k, v in row.items() if type(v) is list
        }
        each = values["throughput"]
        spread = f" ± {each.std():.0f}" if len(each) > 1 else ""
        times = [f"{values[key].mean():.1f}" for key in ("p50", "p95", "p99")]
        rate = f"{each.mean():.0f}{spread}"
        lines.append([row["model"], row["most"], row["clients"], rate, *times])
    heading = ["network", "batch", "clients", "answers a second", "p50", "p95", "p99"]
    return Table(heading, lines, left=["network"])


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--seconds", type=float, default=SECONDS, help="of each measurement")
    add("--repeats", type=int, default=REPEATS, help="of each setting")
    add("--clients", type=int, nargs="+", default=list(CLIENTS), help="at a time")
    return parser.parse_args()


def main() -> None:
    """Measure every setting, print a table, record it."""
    options, start = arguments(), perf_counter()
    torch.set_num_threads(1)
    rows = measured(options.clients, options.seconds, options.repeats)
    print("", table(rows), sep="\n")
    settings = tuple(options.clients), options.seconds, options.repeats
    if settings != (CLIENTS, SECONDS, REPEATS):
        print("Nothing is recorded: these are not the settings of the book.")
        return
    path = recorded.write(
        "load",
        command="python benchmarks/load.py",
        results={"seconds": SECONDS, "repeats": REPEATS, "rows": rows},
        seconds=perf_counter() - start,
        seeds=[0],
        packages=["fastapi", "uvicorn", "onnxruntime"],
    )
    print(f"Recorded as {path.relative_to(path.parents[2])}.")


if __name__ == "__main__":
    main()
