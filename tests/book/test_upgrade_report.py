"""book/_tools/upgrade_report.py: what the weekly run says of the newest versions."""

import json
import subprocess
import sys

import pytest
import upgrade_report
from pages import ROOT

PINNED = {
    "python": "3.12.1",
    "machine": "x",
    "versions": {"torch": "2.8.0", "click": "8.1"},
    "missing": [],
    "seconds": {"a": 10.0, "b": 10.0},
    "results": {"a": {"share": "91%", "time": "3 s"}, "b": {"n": "4"}},
}
NOISE = PINNED | {"results": PINNED["results"] | {"a": {"share": "91%", "time": "4 s"}}}
LOG = """....F
FAILED tests/test_train.py::test_fit - AssertionError: 1 != 2
  code/x.py:3: FutureWarning: `old` goes away, use `new`
1 failed, 4 passed in 3.2s
"""


@pytest.fixture
def run(tmp_path):
    """The report on a build: run(results of newest or None, logs by name)."""

    def run(after, **logs):
        builds = {"pinned": PINNED, "pinned-again": NOISE, "newest": after}
        for name, data in builds.items():
            (tmp_path / name).mkdir()
            if data is not None:
                (tmp_path / name / "results.json").write_text(json.dumps(data))
        for name, text in logs.items():
            (tmp_path / f"newest/{name}.log").write_text(text)
        return upgrade_report.report(tmp_path)

    return run


def test_a_build_like_the_old_one_is_no_news(run):
    newest = NOISE | {"versions": {"torch": "2.8.0", "click": "8.2"}}
    news, title, text = run(newest, tests="4 passed in 3 s\n", book="The book is in …")
    assert not news and title == "nothing has changed"
    assert "| click | 8.1 | 8.2 |" in text and "4 passed" in text


def test_a_new_torch_a_failing_test_and_a_moved_result_are_news(run):
    moved = {"a": {"share": "90%", "time": "9 s"}, "b": {"n": "4"}}
    newest = PINNED | {"versions": {"torch": "2.9.0"}, "results": moved}
    news, title, text = run(newest, tests=LOG)
    assert news
    assert title == "torch 2.9.0, 1 test failed, 1 result moved"
    assert "tests/test_train.py::test_fit" in text and "FutureWarning" in text
    assert (
        text.index("`share`") < text.index("without an upgrade") < text.index("`time`")
    )


def test_a_page_that_fails_is_named_with_what_the_build_said(run):
    newest = PINNED | {"missing": ["b"], "results": {"a": PINNED["results"]["a"]}}
    book = "Running\n\nThe book was not built.\n\nbook/b.md, line 3: NameError"
    news, title, text = run(newest, book=book)
    assert news and title == "1 page failed"
    assert "- `b` did not run." in text and "line 3: NameError" in text
    assert "They did not run." in text


def test_a_build_without_results_is_news_and_a_long_report_is_cut(run):
    news, title, text = run(None, book="The book was not built. " + "x" * 90_000)
    assert news and title == "no results from newest"
    assert len(text) < 65_536


def test_the_report_takes_nothing_but_python_itself(tmp_path, run):
    """The job that writes it installs nothing."""
    run(PINNED)
    tool = ROOT / "book/_tools/upgrade_report.py"
    to = tmp_path / "report.md"
    command = [sys.executable, "-S", "-I", tool, tmp_path, "--to", to]
    code = (
        "import sys, runpy; sys.path.insert(0, sys.argv[1]); sys.argv = sys.argv[2:]; "
    )
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command[3:4] = ["-c", code, tool.parent, tool]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "news=no\ntitle=nothing has changed\n"
    assert "UPGRADING.md" in to.read_text("utf8")
