"""benchmarks/optimizers.py: each optimizer gets the same chance, and the command runs."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import optimizers  # noqa: E402


@pytest.fixture(scope="module")
def data():
    return optimizers.load()


def test_every_range_of_rates_is_as_wide():
    for name, entry in optimizers.ENTRIES.items():
        low, high = entry.lr
        assert math.log10(high / low) == pytest.approx(3), name


def test_no_image_is_used_twice(data):
    parts = [part[0] for part in (data.train, data.valid, data.test)]
    assert [len(X) for X in parts] == [1152, 285, 360]
    together = torch.cat(parts)
    assert len(together.unique(dim=0)) > 0.99 * len(together)


@pytest.mark.parametrize("name", optimizers.ENTRIES)
def test_every_optimizer_learns_with_the_best_of_a_few_tries(name, data):
    entry = optimizers.ENTRIES[name]
    found, curves = optimizers.compared(entry, data, 6, range(2), 2)
    assert len(found["tries"]) == 6
    assert len(found["test_loss"]) == len(curves) == 2
    assert max(found["test_mistakes"]) < 0.7  # of ten classes, after 72 steps
    assert found["settings"].keys() == entry.space.keys()


def test_a_run_depends_on_its_seed_alone(data):
    entry = optimizers.ENTRIES["momentum"]
    settings = {"lr": 0.05, "momentum": 0.9}
    runs = []
    for number in (0, 0, 1):
        torch.rand(3)
        model, curve = optimizers.train(entry, settings, data, number, 1)
        runs.append((optimizers.measured(model, data.valid), curve))
    assert runs[0] == runs[1] != runs[2]


def test_tries_that_diverge_are_not_chosen(data):
    wild = replace(optimizers.ENTRIES["SGD"], lr=(0.1, 1e30))
    study = optimizers.tuned(wild, data, 6, 1)
    assert math.isfinite(study.best.score)
    assert {result.state for result in study.results} == {"done", "failed"}


def test_the_command_runs():
    words = ["--tries", "2", "--seeds", "2", "--epochs", "1"]
    command = [sys.executable, str(BENCHMARKS / "optimizers.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Nothing is recorded" in done.stdout
    assert all(f"\n{name}" in f"\n{done.stdout}" for name in optimizers.ENTRIES)
