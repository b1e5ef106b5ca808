"""make chapter: in a copy of the repository, what it writes keeps to the rules and runs."""

import os
import re
import shutil
import subprocess
import sys

import chapter
import pytest
from pages import ROOT, BookError, table_of_contents

NAME, TITLE = "02-perceptrons/wide-margins", "Wide margins"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of all sources, with a chapter begun in it by the command."""
    root = tmp_path_factory.mktemp("clone") / "book"
    root.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    done = run(root, "book/_tools/chapter.py", NAME, TITLE)
    assert done.returncode == 0, done.stderr
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    return root


def run(root, *words):
    """A Python of these versions on the package of the copy."""
    env = {**os.environ, "PYTHONPATH": f"{root}/code", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)


def test_the_page_is_in_its_place(copy):
    part = [p.name for p in table_of_contents() if p.name.startswith("02-")]
    before, review = part[-2:]
    toc = (copy / "_toc.yml").read_text("utf8")
    assert toc.index(before) < toc.index(NAME) < toc.index(review)
    assert "{ref}`sec-wide-margins` |" in (copy / "book/index.md").read_text("utf8")
    assert f"needs: [{before}]" in (copy / f"book/{NAME}.md").read_text("utf8")
    for file in copy.rglob("*wide*margins*"):
        assert not re.search("@[A-Z]+@", file.read_text("utf8")), file


def test_it_keeps_to_the_rules_for_pages(copy):
    """The tests of sources, of lists and of checks, and the style."""
    chosen = "wide-margins or wide_margins or map or listed or right or wrong or index"
    files = ["tests/book/test_sources.py", "tests/exercises/test_wide_margins.py"]
    done = run(copy, "-m", "pytest", "-p", "no:cacheprovider", "-k", chosen, *files)
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 20
    lists = [
        "test_equations.py",
        "test_reference.py::test_every_module_is_in_one_place",
    ]
    files = [f"tests/book/{name}" for name in (*lists, "test_assignment.py")]
    done = run(copy, "-m", "pytest", "-p", "no:cacheprovider", *files)
    assert done.returncode == 0, done.stdout[-3000:]
    done = run(copy, "-m", "ruff", "check", "--quiet", "code", "tests/exercises")
    assert done.returncode == 0, done.stdout
    done = run(copy, "-m", "ruff", "format", "--check", "code", "tests/exercises")
    assert done.returncode == 0, done.stdout


def test_its_cells_run_and_are_judged_as_those_of_any_page(copy):
    program = (
        "import sys; sys.path.insert(0, 'book/_tools')\n"
        "from execute import run\nfrom pages import Page\n"
        f"print(run(Page({NAME!r}), 1, {{}}))\n"
    )
    done = run(copy, "-c", program)
    assert done.returncode == 0, done.stderr[-3000:]
    assert float(done.stdout) < 25


def test_a_second_chapter_of_that_name_is_refused_and_nothing_changes(copy):
    before = (copy / "_toc.yml").read_text("utf8")
    with pytest.raises(BookError, match="is there already"):
        chapter.begin(NAME, TITLE, copy)
    assert (copy / "_toc.yml").read_text("utf8") == before


@pytest.mark.parametrize(
    ("name", "title", "told"),
    [
        ("margins", "Margins", "wanted a part and a page"),
        ("", "", "make chapter name="),
        ("02-perceptrons/Wide", "Wide", "small letters"),
        ("02-perceptrons/wide", " ", "wanted a title"),
        ("02-perceptrons/perceptron", "Again", "is there already"),
        ("13-new/page", "New", "A new part begins"),
    ],
)
def test_what_cannot_be_begun_is_refused_with_a_reason(copy, name, title, told):
    with pytest.raises(BookError, match=told):
        chapter.begin(name, title, copy)
