"""The build itself, on small books of a few pages: what it repeats, and what it refuses."""

import re
import shutil
import signal
import subprocess
import time

import pytest
from building import Book, cell
from joblib import cpu_count


@pytest.fixture
def book(tmp_path) -> Book:
    return Book(tmp_path)


def ran(build: subprocess.CompletedProcess) -> set[str]:
    """The pages that a build says to have run, in time or not."""
    return set(re.findall(r"^  ran +[\d.]+ s  (uses-\w+)", build.stdout, re.M))


def ran_one(build: subprocess.CompletedProcess, name: str) -> float:
    """The seconds that a page took."""
    return float(re.search(rf"^  ran +([\d.]+) s  {name}", build.stdout, re.M)[1])


def test_what_changed_is_run_again_and_nothing_else(book):
    """Prose runs nothing; a cell its page; the package the pages that use the edited module."""
    book.page(
        "uses-metrics", cell("from torchbook import metrics\nmetrics.Mean().count")
    )
    book.page(
        "uses-seed",
        cell("from torchbook import seed\nseed.everything(1).initial_seed()"),
    )
    first = book.build()
    assert first.returncode == 0, first.stderr
    assert ran(first) == {"uses-metrics", "uses-seed"}
    built = book.html("uses-seed")
    assert (
        ">1<" in built.replace("\n", "")
        and (book.folder / "_build/html/index.html").is_file()
    )

    again = book.build()
    assert again.returncode == 0 and "Nothing has changed" in again.stdout

    book.edit("book/uses-seed.md", "# uses-seed\n", "# uses-seed\n\nA sentence.\n")
    prose = book.build()
    assert prose.returncode == 0 and "  ran " not in prose.stdout
    assert "A sentence." in book.html("uses-seed")

    book.edit("book/uses-seed.md", "everything(1)", "everything(2)")
    edited = book.build()
    assert ran(edited) == {"uses-seed"}

    book.edit("code/torchbook/metrics.py", "self.count = 0", "self.count = 5")
    package = book.build()
    assert ran(package) == {"uses-metrics"}
    assert "<span></span>5" in book.html("uses-metrics")

    book.edit("requirements.txt", "# via", "#  via")  # why a package is there
    book.edit("requirements.txt", "tqdm==", "tqdm==9.")
    pins = book.build()
    assert ran(pins) == {"uses-metrics", "uses-seed"}


def test_every_faulty_page_is_named_with_its_cell(book):
    """One build reports them all, and so does a second one."""
    outcome = "from torchbook.exercises import Outcome\n"
    book.page("fails", "Text.\n\n" + cell("x = 1") + cell("x / 0"))
    book.page("endless", cell("while True:\n    pass"), budget=1)
    book.page("syntax", cell("def f(:\n    pass"))
    book.page("silent-pitfall", cell("1 + 1", "raises-exception"))
    book.page("noisy", cell("import warnings\nwarnings.warn('look out')"))
    book.page("easy-starter", cell(outcome + "Outcome('ex', 3)", "starter"))
    book.page("bad-solution", cell(outcome + "Outcome('ex', 1, 'no')", "solution"))
    book.page("good", cell("2 + 2"))
    for attempt in range(2):
        done = book.build()
        assert done.returncode == 1
        for message in (
            "book/fails.md, line 17, cell 3: ZeroDivisionError: division by zero\n    | x / 0",
            "book/endless.md, line 11, cell 2: still running after 3 s",
            "book/syntax.md, line 11, cell 2: SyntaxError: invalid syntax",
            "book/silent-pitfall.md, line 11, cell 2: was to raise an error, and did not",
            "book/noisy.md, line 11, cell 2: wrote to stderr:",
            "book/easy-starter.md, line 11, cell 2: is a starter that its check lets pass",
            "book/bad-solution.md, line 11, cell 2: is a solution that its check does not pass",
        ):
            assert message in done.stderr, done.stderr
        assert ("  good\n" in done.stdout) == (attempt == 0), "what went well is kept"
        assert done.stdout.count("second try") == 1 and "endless, which" in done.stdout


def test_a_page_that_stood_still_gets_a_second_try(book):
    """Its first run waits for ever at a cell, its second finds what the first left."""
    stall = "import time\nfrom pathlib import Path\nif not Path('../been').exists():\n"
    stall += "    Path('../been').touch()\n    time.sleep(600)\n40 + 2"
    book.page("dozes", cell("1 + 1") + cell(stall), budget=6)
    done = book.build()
    assert done.returncode == 0, done.stderr
    assert "  stopped       dozes" in done.stdout and ran_one(done, "dozes") < 18
    assert "<span></span>42" in book.html("dozes")


def test_references_that_do_not_fit_fail_every_time(book):
    book.page(
        "one",
        "(sec-twice)=\n## A\n\nSee {ref}`sec-nowhere` and {term}`nothing`.\n",
        runs=False,
    )
    book.page("two", "(sec-twice)=\n## B\n\n![no such file](missing.png)\n", runs=False)
    for _ in range(2):
        done = book.build()
        assert done.returncode == 1
        assert "duplicate label sec-twice" in done.stderr
        assert "book/one.md" in done.stderr and "sec-nowhere" in done.stderr
        assert "nothing" in done.stderr and "missing.png" in done.stderr


def test_the_table_of_contents_and_the_folder_must_agree(book):
    book.page("forgotten", "Text.\n", runs=False)
    book.contents(leave_out="forgotten")
    done = book.build()
    assert done.returncode == 1
    assert "book/forgotten.md is not listed in _toc.yml" in done.stderr

    book.contents()
    toc = (book.folder / "_toc.yml").read_text()
    (book.folder / "_toc.yml").write_text(
        toc + "  - file: not-there\n  - file: forgotten\n"
    )
    done = book.build()
    assert done.returncode == 1
    assert "book/forgotten.md is listed twice in _toc.yml" in done.stderr

    (book.folder / "_toc.yml").write_text(toc + "  - file: not-there\n")
    done = book.build()
    assert (
        "book/not-there.md is listed in _toc.yml, but there is no such file"
        in done.stderr
    )


def test_a_data_folder_that_is_not_there(book):
    done = book.build(TORCHBOOK_DATA="no/such/folder")
    assert done.returncode == 1
    assert "TORCHBOOK_DATA is 'no/such/folder', and there is no folder" in done.stderr


def test_what_the_shell_says_does_not_change_the_results(book):
    """Figures come out, and nothing is fetched, whatever is set outside."""
    imports = "import matplotlib.pyplot as plt\nfrom torchbook import plots\n"
    figure = f"{imports}plots.use_style()\nplt.plot([1, 2]);"
    options = "---\nmystnb:\n  image: {alt: a line}\n  figure: {name: fig-a, caption: A}\n---\n"
    book.page(
        "draws",
        cell(options + figure) + cell("import os\nos.environ['TORCHBOOK_OFFLINE']"),
    )
    done = book.build(MPLBACKEND="agg", TORCHBOOK_OFFLINE="0")
    assert done.returncode == 0, done.stderr
    built = book.html("draws")
    assert built.count(".svg") >= 2 and "'1'" in built.replace("&#39;", "'")


def test_leftovers_and_strange_files_do_no_harm(book):
    """A page that is gone leaves the book; JupyterLab's copies and lost results are no matter."""
    book.page("old", cell("1 + 1"))
    assert book.build().returncode == 0
    (book.folder / "book/old.md").rename(book.folder / "book/new.md")
    book.contents()
    copies = book.folder / "book/.ipynb_checkpoints"
    copies.mkdir()
    (copies / "new-checkpoint.md").write_text("# A copy\n")
    for notebook in (book.folder / "_build/.jupyter_cache").rglob("base.ipynb"):
        notebook.unlink()
    done = book.build()
    assert done.returncode == 0, done.stderr
    assert not (book.folder / "_build/html/old.html").exists()
    assert (book.folder / "_build/html/new.html").exists()

    shutil.rmtree(book.folder / "_build/html")
    assert book.build().returncode == 0
    assert (book.folder / "_build/html/index.html").is_file()


def test_fonts_are_looked_for_before_the_first_cell(book):
    """Where that is slow, Matplotlib says so on stderr, and there a page may write nothing."""
    look = 'len([*Path(os.environ["MPLCONFIGDIR"]).glob("fontlist*")])'
    book.page("looks", cell(f"import os\nfrom pathlib import Path\n\n{look}"))
    done = book.build()
    assert done.returncode == 0, done.stderr
    assert "<span></span>1" in book.html("looks")


def test_an_interrupt_ends_the_build_and_keeps_what_ran(book):
    """Ctrl-C does not wait for the cells that run; a second build beside the first waits."""
    book.page("quick", cell("1 + 1"))
    book.page("slow", cell("import time\ntime.sleep(60)"))
    first = book.start()
    for line in first.stdout:
        if "quick" in line:
            break
    second = book.start()
    assert "Another build of this book is running" in second.stdout.readline()
    start = time.perf_counter()
    first.send_signal(signal.SIGINT)
    assert first.wait(timeout=120) == 130
    assert time.perf_counter() - start < 45  # the page would sleep for 60
    assert "Interrupted" in first.stderr.read()
    second.stdout.readline()
    time.sleep(5)  # it has begun to run the cells
    second.send_signal(signal.SIGTERM)
    assert second.wait(timeout=120) == 130
    assert "  quick\n" not in second.stdout.read(), "what had run was kept"
    book.edit("book/slow.md", "sleep(60)", "sleep(0)")
    assert book.build().returncode == 0


def test_settings_that_cannot_be_read(book):
    (book.folder / "_toc.yml").write_text("format: jb-book\nroot: [index\n")
    done = book.build()
    assert done.returncode == 1 and "_toc.yml cannot be read" in done.stderr
    book.contents()
    shutil.rmtree(book.folder / "_build")
    (book.folder / "_build").write_text("a file where a folder should be")
    done = book.build()
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "does the folder belong to you" in done.stderr


def test_a_page_that_is_alone_gets_all_cores(book):
    threads = "import os\nint(os.environ['OMP_NUM_THREADS'])"
    book.page("beside", cell(f"{threads}  # beside"))
    book.page("by-itself", cell(f"{threads}  # alone"), alone="true")
    assert book.build().returncode == 0
    for name, count in (("beside", 1), ("by-itself", cpu_count())):
        built = book.html(name)
        assert f"<span></span>{count}" in built, name
