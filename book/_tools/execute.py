"""Run the pages whose results are stale, side by side, and keep the results.

The results go into the cache that Jupyter Book reads (jupyter-cache finds them by the cells
of a page). Beside each stands the fingerprint of everything else that it depends on; where
that has changed, the page runs again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from joblib import cpu_count  # counts what a container or an affinity mask leaves
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from pages import ROOT, BookError, Page
from traitlets.config import Config

CACHE = ROOT / "_build/.jupyter_cache"
GRACE = 3  # a page may take this many times its budget before it is stopped: machines are noisy
PASSED, FAILED = "✓ ", "✗ "  # how a check of the package begins
# An error that a page shows is its last line: where torch keeps its files is of no interest.
# What a kernel says of its own end when it is stopped would only hide what went wrong.
PROFILE = """
c.InteractiveShell.xmode = "Minimal"
c.HistoryManager.enabled = False
c.IPKernelApp.log_level = "CRITICAL"
"""
# What must not depend on the machine: figures come inline, progress is quiet, nothing is fetched,
# and what the builder has passed is the builder's own affair.
SETTINGS = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": str(ROOT / "_build/.matplotlib"),
    "TORCHBOOK_OFFLINE": "1",
    "TORCHBOOK_PROGRESS": "off",
    "TQDM_DISABLE": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


class PageError(Exception):
    """A page that did not run as it should; the message names page, cell and line."""


class TooSlow(PageError):
    """A page that was stopped at the end of its time."""


def run_all(pages: list[Page], jobs: int) -> tuple[dict[str, float], float]:
    """Bring every page's results up to date: ({page: seconds}, seconds that this took).

    Raises BookError with all failures after every page had its turn. What has run by the
    time of an interrupt is kept.
    """
    start = time.perf_counter()
    cache, failures, clients = get_cache(CACHE), [], {}
    # The fingerprints are taken before the first cell runs: an edit meanwhile shows next time.
    keys = {page: page.key() for page in pages if page.runs}
    stale = [page for page, key in keys.items() if not _fresh(cache, page, key)]
    if stale:
        _find_fonts()
    groups = [([page for page in stale if not page.alone], jobs, 1)]
    groups += [([page], 1, cpu_count()) for page in stale if page.alone]
    for group, at_once, threads in groups:
        pool = ThreadPoolExecutor(at_once)
        try:
            running = {
                pool.submit(run_patiently, page, threads, clients): page
                for page in _longest_first(cache, group)
            }
            for future in as_completed(running):
                page = running[future]
                _keep(cache, page, keys[page], future.result, failures)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            _kill(clients)
            raise
        finally:
            pool.shutdown()
    if failures:
        raise BookError("\n\n".join(failures))
    records = {page.name: _record(cache, page) for page in keys}
    seconds = {
        name: record.data["execution_seconds"] for name, record in records.items()
    }
    return seconds, time.perf_counter() - start


def run_patiently(page: Page, threads: int, clients: dict) -> float:
    """run(), and once more for a page that was stopped: the machine may have stood still."""
    try:
        return run(page, threads, clients)
    except TooSlow:
        print(f"  stopped       {page.name}, which gets a second try", flush=True)
        return run(page, threads, clients)


def run(page: Page, threads: int, clients: dict) -> float:
    """Execute the cells of a page in place; the seconds it took. Raises PageError."""
    start, at, limit = time.perf_counter(), [0], GRACE * page.budget
    short = (
        "/tmp" if os.name == "posix" else None
    )  # a socket's path is 100 bytes at most
    with tempfile.TemporaryDirectory(prefix="torchbook-", dir=short) as folder:
        profile = Path(folder, "ipython/profile_default")
        profile.mkdir(parents=True)
        (profile / "ipython_kernel_config.py").write_text(PROFILE)
        env = {**os.environ, **SETTINGS, "IPYTHONDIR": str(profile.parent)}
        env["OMP_NUM_THREADS"] = str(threads)
        # Sockets in a folder instead of ports: nothing on the machine can get in their way.
        manager = {"transport": "ipc", "ip": f"{folder}/kernel"} if short else {}
        clients[page] = NotebookClient(
            page.notebook,
            config=Config({"KernelManager": manager}),
            timeout_func=lambda cell: max(
                1, round(start + limit - time.perf_counter())
            ),
            record_timing=False,
            resources={"metadata": {"path": str(page.path.parent)}},
            on_cell_start=lambda cell_index, **_: at.__setitem__(0, cell_index),
        )
        try:
            clients[page].execute(env=env)
        except CellTimeoutError:
            what = (
                f"still running after {limit} s (the page's budget is {page.budget} s)"
            )
            raise TooSlow(_at(page, at[0], what)) from None
        except CellExecutionError as error:
            raise PageError(
                _at(page, at[0], f"{error.ename}: {error.evalue}")
            ) from None
        except Exception as error:  # the kernel is missing, did not start, or died
            what = f"could not be run: {type(error).__name__}: {error}"
            raise PageError(_at(page, at[0], what)) from error
    _judge(page)
    return time.perf_counter() - start


def _find_fonts() -> None:
    """Matplotlib's list of fonts, made once: on a slow machine the making speaks up in a page."""
    make = [sys.executable, "-c", "import matplotlib.font_manager"]
    subprocess.run(make, env={**os.environ, **SETTINGS}, capture_output=True)


def _judge(page: Page) -> None:
    """What must hold for outputs: pitfalls break, starters fail, solutions pass, no noise."""
    for number, cell in page.code_cells():
        tags = cell.metadata.get("tags", [])
        text = "".join(_texts(cell))
        if "raises-exception" in tags and not any(
            o.output_type == "error" for o in cell.outputs
        ):
            raise PageError(_at(page, number, "was to raise an error, and did not"))
        if "starter" in tags and FAILED not in text:
            raise PageError(_at(page, number, "is a starter that its check lets pass"))
        if "solution" in tags and (PASSED not in text or FAILED in text):
            what = f"is a solution that its check does not pass: {text.strip()}"
            raise PageError(_at(page, number, what))
        noise = "".join(
            o.text for o in cell.outputs if o.get("name") == "stderr"
        ).strip()
        if noise and "warns" not in tags:
            raise PageError(_at(page, number, f"wrote to stderr: {noise}"))
        draws = "figure" in cell.metadata.get("mystnb", {})
        if draws and not any(
            "image/svg+xml" in o.get("data", {}) for o in cell.outputs
        ):
            raise PageError(_at(page, number, "was to draw a figure, and gave no SVG"))


def _texts(cell) -> Iterator[str]:
    for out in cell.outputs:
        yield out.get("text", "") or out.get("data", {}).get("text/plain", "")


def _at(page: Page, number: int, what: str) -> str:
    cell = page.notebook.cells[number]
    source = "\n".join(f"    | {line}" for line in cell.source.splitlines()[:20])
    return f"book/{page.name}.md, line {page.line(number)}, cell {number + 1}: {what}\n{source}"


def _keep(cache, page: Page, key: str, result, failures: list[str]) -> None:
    """Store the results of a page that ran, or its failure; say so in a line."""
    try:
        seconds = result()
    except PageError as error:
        failures.append(str(error))
        print(f"  failed        {page.name}", flush=True)
        return
    data = {"execution_seconds": seconds, "key": key}
    bundle = CacheBundleIn(page.notebook, str(page.path), data=data)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    slow = f"  (over its budget of {page.budget} s)" if seconds > page.budget else ""
    print(f"  ran {seconds:6.1f} s  {page.name}{slow}", flush=True)


def _kill(clients: dict) -> None:
    """End the kernels that still run, so that the threads that wait for them end too."""
    for client in clients.values():
        process = getattr(getattr(client.km, "provisioner", None), "process", None)
        if process is not None and process.poll() is None:
            process.kill()


def _record(cache, page: Page):
    try:
        return cache.match_cache_notebook(page.notebook)
    except KeyError:
        return None


def _fresh(cache, page: Page, key: str) -> bool:
    """True when whole results of these cells with this fingerprint are there; others go."""
    record = _record(cache, page)
    if record is None:
        return False
    try:
        cache.get_cache_bundle(record.pk)
    except (KeyError, OSError, ValueError):  # an interrupt came between record and file
        shutil.rmtree(CACHE / "executed" / record.hashkey, ignore_errors=True)
        return False
    if record.data.get("key") == key:
        return True
    cache.remove_cache(record.pk)
    return False


def _longest_first(cache, pages: list[Page]) -> list[Page]:
    """By the time a page took when it last ran, so that no long one starts last."""
    known = {
        Path(record.uri): record.data.get("execution_seconds", 0.0)
        for record in cache.list_cache_records()
    }
    return sorted(pages, key=lambda page: -known.get(page.path, page.budget))
