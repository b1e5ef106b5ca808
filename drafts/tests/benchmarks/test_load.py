"""benchmarks/load.py: the service is loaded by the clients asked for, and the command runs."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import load  # noqa: E402

from torchbook import serve  # noqa: E402


@pytest.fixture
def uniform():
    probs = torch.full((1, 10), 0.1)
    return lambda X: probs.expand(len(X), 10)


def test_clients_times_latency_is_throughput(uniform):
    """Little's law, which holds for every service that the clients keep busy."""
    with serve.background(serve.app(uniform, load.FACTS)) as address:
        port = int(address.rsplit(":", 1)[1])
        for clients in (1, 6):
            found = asyncio.run(load.load(port, clients, 1.0))
            here = found["throughput"] * found["mean"] / 1e3
            assert here == pytest.approx(clients, rel=0.15)
            assert 0 < found["p50"] <= found["p95"] <= found["p99"]


def test_an_answer_that_is_none_stops_the_measurement(uniform, monkeypatch):
    monkeypatch.setattr(load, "request", lambda: b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
    with serve.background(serve.app(uniform, load.FACTS)) as address:
        port = int(address.rsplit(":", 1)[1])
        with pytest.raises(RuntimeError, match=r"HTTP/1\.1 404"):
            asyncio.run(load.load(port, 1, 0.2))


def test_the_command_runs():
    words = ["--seconds", "0.3", "--repeats", "1", "--clients", "1", "3"]
    command = [sys.executable, str(BENCHMARKS / "load.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Nothing is recorded" in done.stdout
    rows = [line for line in done.stdout.splitlines() if line.startswith(load.MODELS)]
    assert len(rows) == 2 * 2 * 2
