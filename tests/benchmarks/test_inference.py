"""benchmarks/inference.py: every way gives the same answers, and the command runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import inference  # noqa: E402


def test_folding_takes_layers_away_and_changes_no_answer():
    X, model = inference.pictures(5), inference.new()
    with torch.no_grad():
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm2d):  # not those of a new network
                norm.running_mean.uniform_(-1, 1)
                norm.running_var.uniform_(0.5, 2)
        want = model(X)
        folded = inference.folded(model)
        torch.testing.assert_close(folded(X), want, atol=1e-4, rtol=1e-4)
    kinds = [type(part).__name__ for part in folded.modules()]
    assert kinds.count("BatchNorm2d") == 1  # behind the pooling
    assert kinds.count("Identity") == 4


@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a compiler")
def test_the_command_runs():
    command = [sys.executable, str(BENCHMARKS / "inference.py"), "--rounds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Nothing is recorded" in done.stdout
    for name in ("eager", "inference mode", "folded", "compiled", "ONNX Runtime"):
        assert f"\n{name}" in done.stdout
