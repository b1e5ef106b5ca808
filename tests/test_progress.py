"""torchbook.progress: what passed is noted once, and a bad file never breaks an exercise."""

import json

import places as tool
import pytest

from torchbook import exercises, progress
from torchbook.exercises import Case, exercise


@pytest.fixture(autouse=True)
def checks(monkeypatch):
    """Checks made in a test do not stay in the list."""
    monkeypatch.setattr(exercises, "CHECKS", dict(exercises.CHECKS))


@pytest.fixture
def file(monkeypatch, tmp_path):
    """A file of this test's own, in a folder that is not there yet."""
    path = tmp_path / "reader/progress.json"
    monkeypatch.setenv(progress.VARIABLE, str(path))
    return path


def check(name="one"):
    @exercise(name)
    def check_one(number):
        yield Case("it is not 1.", number == 1, "Try 1.")

    return check_one


def test_a_pass_is_noted_and_a_failure_is_not(file):
    assert not check()(2)
    assert not file.exists()
    assert check()(1)
    assert list(progress.passed(file)) == ["one"]
    assert [p.name for p in file.parent.iterdir()] == ["progress.json"]


def test_the_first_day_is_kept_and_others_are_added(file, monkeypatch):
    monkeypatch.setattr(progress, "_now", lambda: "2026-01-02T03:04:05+00:00")
    check()(1)
    monkeypatch.setattr(progress, "_now", lambda: "2026-05-06T07:08:09+00:00")
    check()(1)
    check("two")(1)
    known = progress.passed(file)
    assert {name: day[:10] for name, day in known.items()} == {
        "one": "2026-01-02",
        "two": "2026-05-06",
    }


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"passed": 3}', '{"passed": {"a": 1}}', "\0ÿ"]
)
def test_a_broken_file_is_set_aside_and_a_new_one_begun(file, content):
    file.parent.mkdir()
    file.write_text(content, "latin-1")
    with pytest.raises(progress.ProgressError, match="does not hold"):
        progress.passed(file)
    assert check()(1)
    assert list(progress.passed(file)) == ["one"]
    assert progress.set_aside(file).read_text("latin-1") == content


def test_what_cannot_be_written_breaks_no_exercise(file):
    file.parent.write_text("a file where a folder is wanted")
    assert check()(1)
    file.parent.unlink()
    file.mkdir(parents=True)  # a folder where a file is wanted
    assert check()(1)
    assert file.is_dir()


@pytest.mark.parametrize("word", ["off", "OFF", "0", ""])
def test_it_can_be_switched_off(monkeypatch, tmp_path, word):
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_data_path", lambda name: tmp_path / name)
    monkeypatch.setenv(progress.VARIABLE, word)
    assert check("switched-off")(1)
    assert progress.file() is None
    assert not any(tmp_path.iterdir())
    monkeypatch.delenv(progress.VARIABLE)
    assert progress.file() == tmp_path / "torchbook/progress.json"


def test_the_build_and_the_tests_keep_nothing():
    import execute

    assert execute.SETTINGS[progress.VARIABLE] == "off"
    assert progress.file() is None


def test_the_places_are_those_of_the_pages():
    told = "run python book/_tools/places.py"
    assert progress.PLACES.read_text("utf8") == tool.as_text(), told
    listed = [
        task["name"]
        for part in progress.places()
        for page in part["pages"]
        for task in page["exercises"]
    ]
    assert len(listed) == len(set(listed)) > 100
    starters = sum(
        page.read_text("utf8").count(":tags: [starter]")
        for page in tool.ROOT.glob("book/*/*.md")
    )
    assert len(listed) == starters


def test_a_report_names_parts_pages_and_exercises():
    parts = [
        {
            "part": "Part 1: First",
            "pages": [
                {
                    "page": "01-first/a",
                    "title": "Beginning",
                    "exercises": [
                        {"name": "one", "title": "Uno"},
                        {"name": "two", "title": "Due"},
                    ],
                }
            ],
        }
    ]
    known = {"two": "2026-01-02T03:04:05+00:00", "of another book": "2026-01-01"}
    assert progress.report(known, parts).splitlines() == [
        "Part 1: First: 1 of 2",
        "  Beginning (01-first/a)",
        "    · Uno",
        "    ✓ Due  2026-01-02",
        "",
        "1 of 2 exercises passed.",
    ]


def test_the_file_is_json_that_says_its_version(file):
    check()(1)
    content = json.loads(file.read_text("utf8"))
    assert content["version"] == 1
    assert set(content["passed"]) == {"one"}
