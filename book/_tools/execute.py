"""Run the pages whose results are stale, side by side, and keep the results.

The results go into the cache that Jupyter Book reads (jupyter-cache finds them by the cells
of a page). Beside each stands the fingerprint of everything else that it depends on; where
that has changed, the page runs again.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from pages import ROOT, BookError, Page
from traitlets.config import Config

CACHE = ROOT / "_build/.jupyter_cache"
GRACE = 3  # a page may take this many times its budget before it is stopped: machines are noisy
# An error that a page shows is its last line: where torch keeps its files is of no interest.
PROFILE = "c.InteractiveShell.xmode = 'Minimal'\nc.HistoryManager.enabled = False\n"
PASSED, FAILED = "✓ ", "✗ "  # how a check of the package begins


class PageError(Exception):
    """A page that did not run as it should; the message names page, cell and line."""


def run_all(pages: list[Page], jobs: int) -> tuple[dict[str, float], float]:
    """Bring every page's results up to date: ({page: seconds}, seconds that this took).

    Raises BookError with all failures after every page had its turn.
    """
    start = time.perf_counter()
    cache, failures = get_cache(CACHE), []
    stale = [page for page in pages if page.runs and not _fresh(cache, page)]
    beside = [page for page in stale if not page.alone]
    with ThreadPoolExecutor(jobs) as pool:
        running = {
            pool.submit(run, page, 1): page for page in _longest_first(cache, beside)
        }
        for future in as_completed(running):
            _keep(cache, running[future], future.result, failures)
    for page in (page for page in stale if page.alone):
        _keep(cache, page, lambda page=page: run(page, os.cpu_count() or 1), failures)
    if failures:
        raise BookError("\n\n".join(failures))
    seconds = {
        page.name: _record(cache, page).data["execution_seconds"]
        for page in pages
        if page.runs
    }
    return seconds, time.perf_counter() - start


def run(page: Page, threads: int) -> float:
    """Execute the cells of a page in place; the seconds it took. Raises PageError."""
    start, at = time.perf_counter(), [0]
    with tempfile.TemporaryDirectory(prefix="torchbook-") as folder:
        # Sockets in a folder instead of ports: nothing on the machine can get in their way.
        config = Config(
            {"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}}
        )
        client = NotebookClient(
            page.notebook,
            config=config,
            timeout=GRACE * page.budget,
            record_timing=False,
            resources={"metadata": {"path": str(page.path.parent)}},
            on_cell_start=lambda cell_index, **_: at.__setitem__(0, cell_index),
        )
        profile = Path(folder, "ipython/profile_default")
        profile.mkdir(parents=True)
        (profile / "ipython_kernel_config.py").write_text(PROFILE)
        env = {
            "TORCHBOOK_OFFLINE": "1",
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "TQDM_DISABLE": "1",
            "IPYTHONDIR": f"{folder}/ipython",
            "MPLCONFIGDIR": str(ROOT / "_build/.matplotlib"),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        try:
            client.execute(env=env)
        except CellTimeoutError:
            limit = (
                f"still running after {GRACE * page.budget} s (budget {page.budget} s)"
            )
            raise PageError(_at(page, at[0], limit)) from None
        except CellExecutionError as error:
            raise PageError(
                _at(page, at[0], f"{error.ename}: {error.evalue}")
            ) from None
        except DeadKernelError:
            raise PageError(
                _at(page, at[0], "the kernel died: out of memory?")
            ) from None
    _judge(page)
    seconds = time.perf_counter() - start
    if seconds > GRACE * page.budget:
        raise PageError(
            f"book/{page.name}.md took {seconds:.0f} s; its budget is {page.budget} s"
        )
    return seconds


def _judge(page: Page) -> None:
    """What must hold for the outputs: pitfalls break, starters fail, solutions pass, no noise."""
    for number, cell in page.code_cells():
        tags = cell.metadata.get("tags", [])
        text = "".join(_texts(cell))
        broke = any(out.output_type == "error" for out in cell.outputs)
        noise = [out.text for out in cell.outputs if out.get("name") == "stderr"]
        checked = PASSED in text or FAILED in text
        for wrong, what in (
            (
                "raises-exception" in tags and not broke,
                "was to raise an error, and did not",
            ),
            (
                "starter" in tags and FAILED not in text,
                "is a starter that its check lets pass",
            ),
            (
                "solution" in tags and (not checked or FAILED in text),
                f"is a solution that its check does not pass: {text.strip()}",
            ),
            (
                noise and "warns" not in tags,
                f"wrote to stderr: {''.join(noise).strip()}",
            ),
        ):
            if wrong:
                raise PageError(_at(page, number, what))


def _texts(cell) -> Iterator[str]:
    for out in cell.outputs:
        yield out.get("text", "") or out.get("data", {}).get("text/plain", "")


def _at(page: Page, number: int, what: str) -> str:
    cell = page.notebook.cells[number]
    source = "\n".join(f"    | {line}" for line in cell.source.splitlines()[:20])
    return f"book/{page.name}.md, line {page.line(number)}, cell {number + 1}: {what}\n{source}"


def _keep(cache, page: Page, result, failures: list[str]) -> None:
    """Store the results of a page that ran, or its failure; say so in a line."""
    try:
        seconds = result()
    except PageError as error:
        failures.append(str(error))
        print(f"  failed        {page.name}", flush=True)
        return
    data = {"execution_seconds": seconds, "key": page.key()}
    bundle = CacheBundleIn(page.notebook, str(page.path), data=data)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    slow = f"  (over its budget of {page.budget} s)" if seconds > page.budget else ""
    print(f"  ran {seconds:6.1f} s  {page.name}{slow}", flush=True)


def _record(cache, page: Page):
    try:
        return cache.match_cache_notebook(page.notebook)
    except KeyError:
        return None


def _fresh(cache, page: Page) -> bool:
    """True when results of these cells are there; results with another fingerprint go."""
    record = _record(cache, page)
    if record is None:
        return False
    if record.data.get("key") == page.key():
        return True
    cache.remove_cache(record.pk)
    return False


def _longest_first(cache, pages: list[Page]) -> list[Page]:
    """By the time a page took when it last ran, so that no long one starts last."""
    known: dict[Path, float] = {}
    for record in cache.list_cache_records():
        known[Path(record.uri)] = record.data.get("execution_seconds", 0.0)
    return sorted(pages, key=lambda page: -known.get(page.path, page.budget))
