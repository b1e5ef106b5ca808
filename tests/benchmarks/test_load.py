"""benchmarks/load.py: the service is loaded by the clients asked for, and the command runs."""

import asyncio
import socket
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


def test_a_summary_counts_what_ended_within_the_seconds():
    early, late = [(9.0, 9.9)], [(13.9, 14.5)]
    inside = [(n, n + 0.1) for n in (10.0, 11.0, 12.0)] + [(9.5, 10.4), (13.0, 14.0)]
    found = load.summary(early + inside + late, begin=10.0, seconds=4.0)
    assert found["throughput"] == 5 / 4
    assert found["mean"] == pytest.approx((3 * 100 + 900 + 1000) / 5)
    assert found["p50"] == pytest.approx(100)
    assert 900 < found["p95"] < found["p99"] < 1000
    with pytest.raises(RuntimeError, match=r"no answer came within 4\.0 seconds"):
        load.summary(early + late, begin=10.0, seconds=4.0)


def test_every_client_gets_answers(uniform):
    with serve.background(serve.app(uniform, load.FACTS)) as address:
        port = int(address.rsplit(":", 1)[1])
        for clients in (1, 6):
            found = asyncio.run(load.load(port, clients, 2.0))
            assert found["throughput"] > 0
            assert 0 < found["p50"] <= found["p95"] <= found["p99"]


def test_a_service_that_hangs_ends_the_measurement(monkeypatch):
    monkeypatch.setattr(load, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(RuntimeError, match="the service hung"):
            asyncio.run(load.load(port, 2, 0.1))


def test_why_a_service_did_not_start_is_told(tmp_path):
    (tmp_path / "a.pt2").write_text("no network")
    with (
        pytest.raises(RuntimeError, match=r"did not start.*no whole file"),
        load.served(tmp_path / "a.pt2", 1),
    ):
        pass


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
