"""torchbook.recorded: what a record holds, what it refuses, and how a page reads it."""

import json
import os
import platform
import re
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from torchbook import recorded
from torchbook.recorded import RecordError

COMMAND = "python benchmarks/fashion.py cnn"


@pytest.fixture
def write(tmp_path):
    def write(name="run", **changes):
        values = {
            "command": COMMAND,
            "results": {"accuracy": [0.5, 0.25]},
            "seconds": 12.5,
            "seeds": [0, 1],
        }
        return recorded.write(name, folder=tmp_path, **values | changes)

    return write


def test_what_was_written_is_read(write, tmp_path):
    results = {
        "b": {"x": 1, "y": None, "ok": True},
        "a": [0.1, 0.2],
        "text": "1/2 of Ω",
    }
    path = write(results=results, curves={"loss": [2, 1.5, 1.25]})
    assert path == tmp_path / "run.json"
    record = recorded.read("run", folder=tmp_path)
    assert record.results == results
    assert record.curves == {"loss": [2, 1.5, 1.25]}
    assert (record.name, record.command, record.seeds) == ("run", COMMAND, [0, 1])
    assert record.seconds == 12.5
    assert record.machine["threads"] == torch.get_num_threads()
    assert record.machine["gpu"] is None
    assert record.versions["torch"] == torch.__version__
    assert record.versions["python"] == platform.python_version()
    assert record.date.endswith("+00:00")


def test_the_file_is_sorted_small_and_ends_with_a_line_break(write):
    loss = torch.linspace(1, 0, 7, dtype=torch.float64)
    results = {"z": np.float32(0.9), "a": np.arange(3), "at": "[\n 1 ]"}
    text = write(results=results, curves={"loss": loss}).read_text("utf8")
    assert text.endswith("}\n")
    assert '"loss": [1.0, 0.833333, 0.666667, 0.5, 0.333333, 0.166667, 0.0]' in text
    values = json.loads(text)
    assert list(values) == sorted(values)
    assert values["results"] == {"a": [0, 1, 2], "at": "[\n 1 ]", "z": 0.9}


def test_a_record_replaces_the_older_one_of_its_name(write, tmp_path):
    write(seconds=1)
    write(seconds=2)
    assert recorded.read("run", folder=tmp_path).seconds == 2
    assert os.listdir(tmp_path) == ["run.json"]


def test_a_record_that_fails_leaves_the_older_one(write, tmp_path):
    before = write().read_bytes()
    with pytest.raises(RecordError, match="run cannot be recorded"):
        write(results={"loss": float("nan")})
    assert (tmp_path / "run.json").read_bytes() == before
    assert os.listdir(tmp_path) == ["run.json"]


@pytest.mark.parametrize(
    "value", [float("inf"), torch.tensor([1.0, np.nan]), {1, 2}, b""]
)
def test_what_is_no_number_is_refused(write, value):
    with pytest.raises(RecordError, match="cannot be recorded"):
        write(results={"x": value})


@pytest.mark.parametrize("name", ["", "a b", "../a", "A", "a.json", "-a", "a_b"])
def test_names_that_are_no_file_names_are_refused(write, name):
    with pytest.raises(RecordError, match="wanted a-z, 0-9 and hyphens"):
        write(name)


@pytest.mark.parametrize(
    "command",
    [
        "python /home/someone/run.py",
        "python run.py --out=/tmp/a/b",
        "cd ~/x",
        r"C:\a\b",
    ],
)
def test_paths_of_this_machine_are_refused(write, command):
    with pytest.raises(RecordError, match="a path of this machine"):
        write(command=command)


@pytest.mark.parametrize(
    "command",
    ["python benchmarks/fashion.py cnn", "see https://a.org/b/c", "a / b", "./a/b/c"],
)
def test_other_strokes_are_none(write, command):
    assert json.loads(write(command=command).read_text("utf8"))["command"] == command


def test_nothing_says_whose_machine_it_was(write, monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "name-of-a-host")
    monkeypatch.setattr(socket, "gethostname", lambda: "name-of-a-host")
    text = write().read_text("utf8")
    home, checkout = str(Path.home()), str(Path(recorded.__file__).parents[2])
    assert "name-of-a-host" not in text
    for path in (home, checkout):
        assert len(path) < 3 or path not in text


def test_the_note_marks_a_record_and_says_how_to_repeat_it(
    write, tmp_path, monkeypatch
):
    monkeypatch.setattr(recorded, "revision", lambda: "0123456789")
    record = recorded.read(write().stem, folder=tmp_path)
    assert "\n" not in record.note
    assert record.note.startswith("Recorded on ")
    assert record.note.endswith(f"To repeat it: {COMMAND}")
    year, _, day = record.date[:10].split("-")
    assert re.match(rf"Recorded on {int(day)} \w+ {year} ", record.note)
    for part in (record.machine["cpu"], torch.__version__, "revision 0123456789"):
        assert part in record.note


@pytest.mark.parametrize(
    ("cores", "threads", "words"),
    [(1, 1, "1 core,"), (2, 2, "2 cores,"), (2, 1, "2 cores, 1 thread,")],
)
def test_threads_are_told_where_they_are_not_the_cores(
    write, tmp_path, cores, threads, words
):
    write()
    record = recorded.read("run", folder=tmp_path)
    some = {"cpu": "a CPU", "cores": cores, "threads": threads, "memory_gib": 8}
    note = replace(record, machine=record.machine | some).note
    assert f"(a CPU, {words} 8 GiB;" in note


def test_a_gpu_is_named_when_it_was_used(write, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA T1000")
    write(device="cuda")
    record = recorded.read("run", folder=tmp_path)
    assert record.machine["gpu"] == "NVIDIA T1000"
    assert "NVIDIA T1000" in record.note


def test_packages_asked_for_are_recorded_with_their_versions(write, tmp_path):
    write(packages=["numpy"])
    assert recorded.read("run", folder=tmp_path).versions["numpy"] == np.__version__


def test_a_record_that_is_not_there_names_those_that_are(write, tmp_path):
    with pytest.raises(RecordError, match="called 'other'; there are: none yet"):
        recorded.read("other", folder=tmp_path)
    write("one")
    write("two")
    with pytest.raises(RecordError, match="called 'other'; there are: one, two"):
        recorded.read("other", folder=tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"name": "broken"}'])
def test_a_damaged_record_says_so(tmp_path, text):
    (tmp_path / "broken.json").write_text(text)
    with pytest.raises(RecordError, match=r"broken\.json is no recorded run"):
        recorded.read("broken", folder=tmp_path)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with one commit, and the package in it."""
    package = tmp_path / "code" / "torchbook"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(recorded, "PACKAGE", package)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # as a hook sets them
        monkeypatch.delenv(name, raising=False)
    who = ["-c", "user.name=n", "-c", "user.email=e"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_the_revision_is_marked_when_the_sources_differ(checkout):
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True
    ).stdout
    assert commit.startswith(recorded.revision())
    (checkout / "book" / "recorded").mkdir(parents=True)
    (checkout / "book" / "recorded" / "a.json").write_text("{}")
    assert commit.startswith(recorded.revision())
    (checkout / "new.py").write_text("")
    assert recorded.revision().endswith(" + changes")


def test_the_revision_is_not_that_of_a_repository_around_an_installed_package(checkout):
    (checkout / "pyproject.toml").unlink()
    assert recorded.revision() == "unknown"


def test_without_git_the_revision_is_unknown(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout / "nowhere"))
    assert recorded.revision() == "unknown"


def test_a_checkout_keeps_its_records_in_the_book(checkout):
    (checkout / "book").mkdir()
    path = recorded.write("a", command=COMMAND, results={}, seconds=1, seeds=[0])
    assert path == checkout / "book" / "recorded" / "a.json"
    assert recorded.read("a").command == COMMAND
    assert recorded.names() == ["a"]


def test_an_installed_package_reads_its_own_copy_and_writes_none(checkout):
    with pytest.raises(RecordError, match="no recorded run is called 'a'"):
        recorded.read("a")
    inside = recorded.PACKAGE / "recorded"
    recorded.write("a", command="c", results={}, seconds=1, seeds=[0], folder=inside)
    assert recorded.read("a").command == "c"
    with pytest.raises(RecordError, match="in a checkout of the repository"):
        recorded.write("b", command="c", results={}, seconds=1, seeds=[0])


def test_every_record_of_the_repository_can_be_read():
    for name in recorded.names():
        record = recorded.read(name)
        assert record.name == name
        assert record.note.endswith(record.command)
