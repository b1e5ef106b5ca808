"""torchbook export and torchbook serve: the files they write, the sentences they end with."""

import re
import socket
import sys

import torch

from torchbook import export, predict, runs, serve


def test_export_writes_a_file_that_answers_as_the_run(
    command, trained, tmp_path, digits
):
    model, _, facts = runs.RunFolder(trained.folder).model()
    want = predict.probabilities(model, digits.X_test, facts, "cpu")
    for name in ("a.onnx", "b.pt2"):
        said = command.call("export", trained.folder, tmp_path / name)
        assert re.search(r"Written: .*, 0\.\d\d MiB\. .* at most \d", said)
        answer, same = serve.load(tmp_path / name)
        assert same == facts
        assert torch.allclose(answer(digits.X_test), want, atol=1e-5)


def test_export_takes_the_newest_weights_when_told(command, run, tmp_path):
    (run / "best.pt").unlink()
    command.call("export", run, tmp_path / "a.pt2", "--weights", "newest")
    assert export.read(tmp_path / "a.pt2").facts.data == "digits"


def test_what_cannot_be_exported_is_said(command, trained, tmp_path, monkeypatch):
    assert "wanted .pt2 or .onnx" in command.refused("export", trained.folder, "a.pth")
    assert "holds no run" in command.refused("export", tmp_path, "a.pt2")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    told = command.refused("export", trained.folder, "a.onnx")
    assert "pip install 'torchbook[export]'" in told


def test_serve_starts_with_a_run_or_a_file(command, trained, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(serve, "run", lambda *words: started.append(words))
    command.call("export", trained.folder, tmp_path / "a.pt2")
    for model in (trained.folder, tmp_path / "a.pt2"):
        command.call("serve", model, "--port", 1234, "--batch", 7, "--device", "cpu")
        service, *place = started[-1]
        assert place == ["127.0.0.1", 1234]
        assert service.state.batches.most == 7


def test_serve_takes_its_limits(command, trained, monkeypatch):
    made, app, load = [], serve.app, serve.load
    monkeypatch.setattr(serve, "run", lambda service, *place: made.append(service))
    monkeypatch.setattr(serve, "app", lambda *words: made.append(words) or app(*words))
    monkeypatch.setattr(
        serve, "load", lambda *words: made.append(words) or load(*words)
    )
    words = ["--max-mib", 3, "--max-pixels", 5000, "--waiting", 6, "--invert"]
    words += ["--weights", "newest", "--device", "cpu"]
    command.call("serve", trained.folder, *words)
    loaded, asked, service = made
    assert loaded[1:] == ("cpu", "newest") and asked[-1] is True
    limits = service.state.limits
    assert (limits.bytes, limits.pixels, limits.waiting) == (3 * 2**20, 5000, 6)


def test_a_file_has_no_device_but_the_cpu(command, trained, tmp_path):
    command.call("export", trained.folder, tmp_path / "a.pt2")
    told = command.refused("serve", tmp_path / "a.pt2", "--device", "cuda")
    assert "was exported for the CPU" in told


def test_a_port_that_is_taken_is_said(command, trained):
    with socket.create_server(("127.0.0.1", 0)) as other:
        words = ["--port", other.getsockname()[1], "--device", "cpu"]
        assert "cannot listen" in command.refused("serve", trained.folder, *words)


def test_what_cannot_be_served_is_said(command, tmp_path, trained, monkeypatch):
    (tmp_path / "a.onnx").write_text("hello")
    assert "no whole file" in command.refused("serve", tmp_path / "a.onnx")
    assert "holds no run" in command.refused("serve", tmp_path)
    assert "does not exist" in command.refused("serve", tmp_path / "nothing")
    monkeypatch.setitem(sys.modules, "fastapi", None)
    told = command.refused("serve", trained.folder, "--device", "cpu")
    assert "pip install 'torchbook[serve]'" in told
