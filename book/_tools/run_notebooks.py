"""Run every written notebook where a reader would: a bare runtime, and what its first cell adds.

    python book/_tools/run_notebooks.py [PAGE ...] [--jobs N] [--keep]

A bare runtime is a new virtual environment with torch, torchvision, numpy, matplotlib and a
kernel, as Colab has them. The first cell installs the package from this repository, at its
last commit. Pages whose first cells ask for the same share an environment, since making one
takes longer than most pages: no other cell installs anything. Prints a table; exits 1 if a
notebook fails.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from notebooks import write_all
from pages import ROOT, BookError, Page, table_of_contents
from repository import Repository

FOLDER = ROOT / "_build/bare"
RUNTIME = ["torch", "torchvision", "numpy", "matplotlib", "ipykernel"]
PATIENCE = 10  # a notebook is stopped after this many times the budget of its page


def run_pages(pages: list[Page], jobs: int, keep: bool = False) -> bool:
    """Run the notebooks of these pages; True when all passed."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    home = this_repository()
    write_all(table_of_contents(), FOLDER / "notebooks", home)
    groups = defaultdict(list)
    for page in pages:
        notebook = read(page)
        groups[notebook.cells[0].source].append(page)
    print(f"{len(pages)} notebooks, {len(groups)} bare environments.", flush=True)
    passed = True
    for number, (first, group) in enumerate(groups.items(), 1):
        kernel = make_runtime(number)
        try:
            passed &= run_group(first, group, kernel, jobs)
        finally:
            if not keep:
                shutil.rmtree(FOLDER / kernel, ignore_errors=True)
    print("All notebooks passed." if passed else "Some notebooks failed.", flush=True)
    return passed


def this_repository() -> Repository:
    """The repository as pip can install it from this machine."""
    said = subprocess.run(
        [
            "git",
            "-C",
            str(ROOT),
            "status",
            "--porcelain",
            "--",
            "code",
            "pyproject.toml",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    if said.stdout.strip():
        print(
            "Changes that are not committed are not installed: the notebooks run without them."
        )
    head = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return Repository(f"file://{ROOT.parent}", ROOT.name, head, head, head)


def make_runtime(number: int) -> str:
    """A new environment, and a kernel of that name which runs in it."""
    name = f"bare-{number}"
    folder, uv = (
        FOLDER / name,
        shutil.which("uv", path=str(Path(sys.executable).parent)),
    )
    start = time.perf_counter()
    subprocess.run(
        [uv, "venv", "--quiet", "--seed", "--python", sys.executable, folder],
        check=True,
    )
    pins = FOLDER / "pins.txt"  # the versions of the book, where it pins one
    pins.write_text(bare_pins((ROOT / "requirements.txt").read_text("utf8")))
    install = [uv, "pip", "install", "--quiet", "--python", folder / "bin/python"]
    subprocess.run([*install, "--constraint", pins, *RUNTIME], check=True)
    specs = FOLDER / "jupyter/kernels" / name
    specs.mkdir(parents=True)
    argv = [
        f"{folder}/bin/python",
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
        "--log-level=ERROR",
    ]
    spec = {"argv": argv, "display_name": name, "language": "python"}
    (specs / "kernel.json").write_text(json.dumps(spec))
    print(f"  {time.perf_counter() - start:6.1f} s  an environment is made", flush=True)
    return name


def bare_pins(requirements: str) -> str:
    """The lines NAME==VERSION of a requirements file, without hashes and comments."""
    lines = [line.split("\\")[0].strip() for line in requirements.splitlines()]
    return "\n".join(
        line for line in lines if "==" in line[:80] and line[0] not in "#-"
    )


def run_group(first: str, pages: list[Page], kernel: str, jobs: int) -> bool:
    """The first cell alone, then the notebooks side by side; True when all passed."""
    install = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(first)])
    seconds, fault = execute(install, kernel, FOLDER, 600)
    print(f"  {seconds:6.1f} s  {fault or 'the first cell has installed the package'}")
    if fault:
        return False
    with ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda page: run_page(page, kernel), pages)
        return all(result == "" for result in list(results))


def run_page(page: Page, kernel: str) -> str:
    """Run one notebook and print its row: "" when it passed, else what went wrong."""
    with tempfile.TemporaryDirectory(prefix="torchbook-") as folder:
        notebook = read(page)
        seconds, fault = execute(notebook, kernel, Path(folder), PATIENCE * page.budget)
    fault = fault or judge(notebook)
    print(
        f"  {seconds:6.1f} s  {'FAILED' if fault else 'passed'}  {page.name}",
        flush=True,
    )
    if fault:
        print(
            "\n".join(f"      | {line}" for line in fault.splitlines()[-12:]),
            flush=True,
        )
    return fault


def execute(notebook, kernel: str, folder: Path, limit: int) -> tuple[float, str]:
    """Run the cells in that kernel: (seconds, what went wrong or "")."""
    start, fault = time.perf_counter(), ""
    env = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    bare = FOLDER / kernel / "bin"
    env |= {"PATH": f"{bare}:{env['PATH']}", "TORCHBOOK_OFFLINE": "1"}
    env |= {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    env.pop("TORCHBOOK_DATA", None)
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(
        notebook, kernel_name=kernel, timeout=limit, resources=where
    )
    try:
        client.execute(env=env)
    except (CellExecutionError, CellTimeoutError) as error:
        fault = str(error)
    except Exception as error:  # the kernel did not start, or died
        fault = f"{type(error).__name__}: {error}"
    return time.perf_counter() - start, fault


def judge(notebook) -> str:
    """What does not raise and is wrong all the same: a solution that its check refuses."""
    for cell in notebook.cells:
        if "solution" in cell.metadata.get("tags", []):
            said = "".join(
                out.get("text", "") or out.get("data", {}).get("text/plain", "")
                for out in cell.outputs
            )
            if "✓ " not in said or "✗ " in said:
                return f"a solution does not pass its check:\n{cell.source}\n{said}"
    return ""


def read(page: Page):
    return nbformat.read(FOLDER / f"notebooks/{page.name}.ipynb", as_version=4)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Run the written notebooks in a bare runtime."
    )
    parser.add_argument("pages", nargs="*", help="such as 02-perceptrons/perceptron")
    parser.add_argument("--jobs", type=int, default=1, help="notebooks at a time")
    parser.add_argument("--keep", action="store_true", help="keep the environments")
    options = parser.parse_args()
    os.environ["JUPYTER_PATH"] = str(FOLDER / "jupyter")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        pages = {page.name: page for page in table_of_contents() if page.runs}
        unknown = set(options.pages) - set(pages)
        if unknown:
            raise BookError(
                f"There is no page with cells called {', '.join(sorted(unknown))}."
            )
        chosen = [pages[name] for name in options.pages or pages]
        return 0 if run_pages(chosen, options.jobs, options.keep) else 1
    except (BookError, subprocess.CalledProcessError) as error:
        print(f"The notebooks were not run: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
