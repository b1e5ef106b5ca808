"""torchbook progress: what it shows, and that it forgets only when told twice."""

import json

import pytest
from click.testing import CliRunner

from torchbook import progress
from torchbook.cli import main


@pytest.fixture
def file(monkeypatch, tmp_path):
    """A file of this test's own that holds one passed exercise."""
    path = tmp_path / "progress.json"
    day = {"xor": "2026-01-02T03:04:05+00:00", "clean": "2026-03-04T05:06:07+00:00"}
    path.write_text(json.dumps({"version": 1, "passed": day}))
    monkeypatch.setenv(progress.VARIABLE, str(path))
    return path


def test_all_parts_are_shown_with_their_pages(command, file):
    said = command.call("progress")
    for part in progress.places():
        assert part["part"] in said
        assert all(f"({page['page']})" in said for page in part["pages"])
    assert "✓ Faint ink  2026-03-04" in said
    assert "· Ready for a layer" in said
    assert f"Noted in {file}." in said


def test_one_part_can_be_chosen(command, file):
    said = command.call("progress", "--part", 1)
    assert "Part 1: Tensors: 1 of " in said and "Part 2" not in said
    assert "no part 99" in command.refused("progress", "--part", 99)


@pytest.mark.parametrize(("answer", "stays"), [("n", True), ("", True), ("y", False)])
def test_reset_asks_first(file, answer, stays):
    done = CliRunner().invoke(main, ["progress", "--reset"], input=f"{answer}\n")
    assert f"Forget the 2 passed exercises noted in {file}?" in done.output
    assert file.exists() == stays
    assert (done.exit_code == 0) != stays


def test_nothing_to_forget_is_no_error(command, file):
    file.unlink()
    assert "nothing to forget" in command.call("progress", "--reset")


def test_a_broken_file_is_named_with_what_to_do(command, file):
    file.write_text("{")
    said = command.refused("progress")
    assert str(file) in said and "--reset" in said
    done = CliRunner().invoke(main, ["progress", "--reset"], input="y\n")
    assert done.exit_code == 0 and not file.exists()


def test_a_file_that_was_set_aside_is_told(command, file):
    progress.set_aside(file).write_text("{")
    assert str(progress.set_aside(file)) in command.call("progress", "--part", 1)


def test_switched_off_says_how_to_switch_on(command, monkeypatch):
    monkeypatch.setenv(progress.VARIABLE, "off")
    assert progress.VARIABLE in command.refused("progress")


def test_a_file_that_cannot_be_opened_is_named(command, file):
    file.unlink()
    file.mkdir()
    assert f"{file} cannot be read" in command.refused("progress")
