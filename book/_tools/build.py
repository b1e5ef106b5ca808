"""Build the book: run what is stale, write the HTML, say how long it took.

    python book/_tools/build.py [--jobs N] [--force] [--quick]

A failing or too slow cell, a warning, a broken reference: the build says where and exits 1.
A run that would change nothing says so and ends. With --quick, where texts of pages alone
have changed, these pages alone are written: to look at while one writes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import repository
from execute import cpu_count, run_all
from filelock import FileLock, Timeout
from pages import (
    BOOK,
    ROOT,
    SOURCE,
    BookError,
    Page,
    data_at_hand,
    environment,
    sources,
    table_of_contents,
)

BUILD = ROOT / "_build"
HTML = BUILD / "html"
REPORT = BUILD / "report.json"  # read by the page "This build"
DONE = BUILD / ".done"  # the fingerprint of all that went into the last good build
NOTEBOOKS = BUILD / ".notebooks"  # the same for these, which name the revision too
SHOWN = BUILD / ".shown"  # what the HTML was written from, texts of pages aside
TOTAL = "[total-seconds]"  # in the report, until the total is known


def build(jobs: int, force: bool = False, quick: bool = False) -> None:
    """One build, from the cells to the HTML. Raises BookError when anything is wrong.

    A quick one writes the pages whose texts have changed, where nothing else has: on the others
    a number or a title may be that of before, so it never counts as the whole book.
    """
    start = time.perf_counter()
    inputs = fingerprint()
    whole = DONE.is_file() and (HTML / "index.html").is_file()
    if whole and not force and DONE.read_text() == inputs:
        write_notebooks(inputs)
        print(f"Nothing has changed since the last build: {HTML / 'index.html'}")
        return
    frame = fingerprint(texts=False)
    DONE.unlink(missing_ok=True)
    pages = table_of_contents()
    print(f"Running the cells of the pages that need it, {jobs} at a time.", flush=True)
    seconds, wall = run_all(pages, jobs)
    write_report(pages, seconds)
    print(
        f"All {len(seconds)} pages with cells are up to date ({wall:.1f} s). Writing the HTML.",
        flush=True,
    )
    quick = quick and SHOWN.is_file() and SHOWN.read_text() == frame
    SHOWN.unlink(missing_ok=True)
    write_html(fresh=not quick)
    remove_leftovers(pages)
    write_notebooks(inputs, pages)
    total = time.perf_counter() - start
    tell_total(total)
    SHOWN.write_text(frame)
    if quick:
        print(f"The changed pages can be looked at ({total:.1f} s in all).", flush=True)
        return
    DONE.write_text(inputs)
    print(f"The book is in {HTML / 'index.html'} ({total:.1f} s in all).")


def write_report(pages: list[Page], seconds: dict[str, float]) -> None:
    """What the page "This build" reads."""
    budgets = {page.name: page.budget for page in pages if page.runs}
    report = {
        "seconds": seconds,
        "budgets": budgets,
        "total": TOTAL,
        "cores": cpu_count(),
    }
    REPORT.write_text(json.dumps(report, indent=1))


def tell_total(seconds: float) -> None:
    """Write how long the build took where a page has left a place for it."""
    for page in HTML.glob("*.html"):
        text = page.read_text("utf8")
        if TOTAL in text:
            page.write_text(text.replace(TOTAL, f"{seconds:.0f}"), "utf8")


def write_html(fresh: bool) -> None:
    """Jupyter Book on results that are all there; any warning is an error.

    A fresh one reads and writes every page, so that none keeps what another had told it.
    """
    book = ["build", "book", "--config", "_config.yml", "--toc", str(ROOT / "_toc.yml")]
    strict = ["--path-output", ".", "-W", "-n", "--keep-going", "-q"]
    strict += ["--all"] if fresh else []
    # Sphinx makes millions of objects that stay; looking for garbage took a third of the time.
    program = "import gc; gc.set_threshold(1_000_000)\n"
    program += "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", program, *book, *strict]
    # Python's own warnings are about the insides of Sphinx; Sphinx's are what -W is for.
    env = {**os.environ, "PYTHONWARNINGS": "ignore", "NO_COLOR": "1"}
    if fresh:
        (HTML / "index.html").unlink(missing_ok=True)
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    problems = [line for line in lines if "WARNING" in line or "ERROR" in line]
    if done.returncode or problems or not (HTML / "index.html").is_file():
        rest = [line for line in lines if line.strip() and line not in problems]
        shown = "\n".join([*problems, "", *rest[-30:]]).replace(f"{ROOT}/", "")
        raise BookError(f"Jupyter Book is not content:\n{shown}")


def write_notebooks(inputs: str, pages: list[Page] | None = None) -> None:
    """A notebook beside each page, unless these stand there already, of this very revision."""
    home = repository.find()
    made_from = f"{inputs} {home}"
    if pages is None and NOTEBOOKS.is_file() and NOTEBOOKS.read_text() == made_from:
        return
    import notebooks  # Sphinx and the bibliography take a second

    NOTEBOOKS.unlink(missing_ok=True)
    notebooks.write_all(pages or table_of_contents(), HTML, home)
    NOTEBOOKS.write_text(made_from)


def remove_leftovers(pages: list[Page]) -> None:
    """Take away what earlier builds left: pages that are gone, figures that no page shows."""
    names = {page.name for page in pages} | {"genindex", "search"}
    shown = set()
    for file in HTML.rglob("*.html"):
        place = file.relative_to(HTML)
        if place.parts[0] == "_static":
            continue
        if place.with_suffix("").as_posix() not in names:
            file.unlink()
        else:
            shown |= set(re.findall(r"_images/([\w.-]+)", file.read_text("utf8")))
    for image in (HTML / "_images").glob("*"):
        if image.name not in shown:
            image.unlink()


def fingerprint(texts: bool = True) -> str:
    """Of every file that the book is made from, the versions, and the data at hand.

    Without `texts` the pages themselves are left out.
    """
    home = repository.find()  # the pages' buttons lead there
    where = home.identity if home else ""
    digest = hashlib.sha256((environment() + data_at_hand() + where).encode())
    tools = [
        p for name in ("_tools", "_ext", "_assets") for p in (BOOK / name).rglob("*")
    ]
    package = [p for p in SOURCE.rglob("*") if "__pycache__" not in p.parts]
    settings = [ROOT / name for name in ("_config.yml", "_toc.yml")]
    pages = {file for file in sources("*") if texts or file.suffix != ".md"}
    for file in sorted({*pages, *tools, *package, *settings}):
        if file.is_file() and file.suffix != ".pyc":
            digest.update(str(file.relative_to(ROOT)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def find_data_folder() -> None:
    """Cells run in the folder of their page, so a relative TORCHBOOK_DATA is made absolute."""
    named = os.environ.get("TORCHBOOK_DATA")
    if not named:
        return
    folder = Path(named).expanduser().resolve()
    if not folder.is_dir():
        raise BookError(
            f"TORCHBOOK_DATA is {named!r}, and there is no folder {folder}. "
            "Name a folder that is there, or unset it to build on embedded data."
        )
    os.environ["TORCHBOOK_DATA"] = str(folder)


def locked_build(jobs: int, force: bool, quick: bool) -> None:
    """Build when no other build of this folder is at work."""
    BUILD.mkdir(exist_ok=True)
    lock = FileLock(BUILD / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print("Another build of this book is running; waiting for it.", flush=True)
        lock.acquire()
    try:
        build(jobs, force, quick)
    finally:
        lock.release()


def stop(*_) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the book.")
    parser.add_argument(
        "--jobs", type=int, default=min(cpu_count(), 8), help="pages at a time"
    )
    parser.add_argument(
        "--force", action="store_true", help="write the HTML in any case"
    )
    parser.add_argument(
        "--quick", action="store_true", help="write only the pages that have changed"
    )
    options = parser.parse_args()
    if options.jobs < 1:
        parser.error("--jobs: wanted 1 or more")
    signal.signal(signal.SIGTERM, stop)
    try:
        find_data_folder()
        locked_build(options.jobs, options.force, options.quick)
    except BookError as error:
        print(f"\nThe book was not built.\n\n{error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"\nThe book was not built: {error}. The build writes to {BUILD}: "
            "does the folder belong to you, and is there space on the disk?",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The pages that had run are kept.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
