"""Build the book: run what is stale, write the HTML, say how long it took.

    python book/_tools/build.py [--jobs N] [--force]

A failing or too slow cell, a warning, a broken reference: the build says where and exits 1.
A run that would change nothing says so and ends.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from execute import run_all
from pages import (
    BOOK,
    ROOT,
    SOURCE,
    BookError,
    data_at_hand,
    environment,
    table_of_contents,
)

BUILD = ROOT / "_build"
REPORT = BUILD / "report.json"  # read by the page "This build"
DONE = BUILD / ".done"  # the fingerprint of all that went into the last good build
TOTAL = "[total-seconds]"  # written by the page, filled in when the total is known


def build(jobs: int, force: bool = False) -> None:
    """One build, from the cells to the HTML. Raises BookError when anything is wrong."""
    start = time.perf_counter()
    BUILD.mkdir(exist_ok=True)
    inputs = fingerprint()
    if not force and DONE.is_file() and DONE.read_text() == inputs:
        print(f"Nothing has changed since the last build: {BUILD / 'html/index.html'}")
        return
    DONE.unlink(missing_ok=True)
    pages = table_of_contents()
    print(f"Running the cells of the pages that need it, {jobs} at a time.", flush=True)
    seconds, wall = run_all(pages, jobs)
    budgets = {page.name: page.budget for page in pages if page.runs}
    REPORT.write_text(json.dumps({"seconds": seconds, "budgets": budgets}, indent=1))
    print(
        f"All {len(seconds)} pages with cells are up to date ({wall:.1f} s). Writing the HTML.",
        flush=True,
    )
    write_html()
    total = time.perf_counter() - start
    report = BUILD / "html/this-build.html"
    report.write_text(report.read_text("utf8").replace(TOTAL, f"{total:.0f}"), "utf8")
    DONE.write_text(inputs)
    print(f"The book is in {BUILD / 'html/index.html'} ({total:.1f} s in all).")


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


def write_html() -> None:
    """Jupyter Book on results that are all there; any warning is an error."""
    arguments = [
        "build",
        "book",
        "--config",
        "_config.yml",
        "--toc",
        str(ROOT / "_toc.yml"),
        "--path-output",
        ".",
        "-W",
        "-n",
        "--keep-going",
        "--all",
        "-q",
    ]
    command = [str(Path(sys.executable).with_name("jupyter-book")), *arguments]
    env = {**os.environ, "PYTHONWARNINGS": "ignore", "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    problems = [line for line in lines if "WARNING" in line or "ERROR" in line]
    if done.returncode or problems:
        shown = "\n".join(problems or lines[-30:]).replace(f"{ROOT}/", "")
        raise BookError(f"Jupyter Book is not content:\n{shown}")


def fingerprint() -> str:
    """Of every file that the book is made from, the versions, and the data at hand."""
    digest = hashlib.sha256((environment() + data_at_hand()).encode())
    folders = [
        p for top in (BOOK, SOURCE) for p in sorted(top.rglob("*")) if p.is_file()
    ]
    top = [ROOT / name for name in ("_config.yml", "_toc.yml")]
    for file in [*folders, *top]:
        if "__pycache__" not in file.parts:
            digest.update(str(file.relative_to(ROOT)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the book.")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="pages at a time"
    )
    parser.add_argument(
        "--force", action="store_true", help="write the HTML in any case"
    )
    options = parser.parse_args()
    try:
        find_data_folder()
        build(options.jobs, options.force)
    except BookError as error:
        print(f"\nThe book was not built.\n\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
