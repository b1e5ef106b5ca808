"""Measure the built book as readers meet it: Lighthouse and axe-core on every page, in a table.

    python book/_tools/audit.py [PAGE …] [--axe-only]

The book is served on 127.0.0.1. Lighthouse looks at a page as a slow phone would get it; axe-core
looks at it at two widths, light and dark. Exit 1 if a page is below what LEAST asks for, or
has any violation. The two come from npm, with the versions of audit/package-lock.json, and lie
in .audit/; `make audit` puts them there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from local_server import MAKE_ALL, served
from pages import ROOT, table_of_contents
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

HTML = ROOT / "_build/html"
PACKAGES = ROOT / ".audit"
AXE = PACKAGES / "node_modules/axe-core/axe.min.js"
LIGHTHOUSE = Path(__file__).with_name("audit") / "lighthouse.mjs"
LEAST = {"accessibility": 100, "best-practices": 95, "seo": 95, "performance": 90}
FEW = 6  # pages that a browser looks at before the next one takes over
WIDTHS, THEMES = (1280, 390), ("light", "dark")
RUN_AXE = (
    "() => axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)"
)
# far parts of a page are laid out when they come near; twice: the scripts see it, too
WHOLE = """() => new Promise((done) => {
  document.body.classList.add("whole");
  requestAnimationFrame(() => requestAnimationFrame(done));
})"""
OPTIONS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
           "--disable-background-networking", "--disable-component-update")  # fmt: skip


@dataclass
class Result:
    """What was found on a page."""

    page: str
    scores: dict[str, int | None] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)  # why it does not pass
    violations: int | None = None  # None: axe did not look

    def row(self) -> str:
        scores = "".join(f"{shown(self.scores.get(name)):>16}" for name in LEAST)
        return f"{self.page:<42}{scores}{shown(self.violations):>6}"


def shown(value: int | None) -> str:
    return "–" if value is None else str(value)


def header() -> str:
    return f"{'page':<42}" + "".join(f"{name:>16}" for name in LEAST) + f"{'axe':>6}"


def violations(context: BrowserContext, address: str) -> Iterator[str]:
    """What axe-core finds on one page at the width of the context, in both themes."""
    page = context.new_page()
    try:
        page.goto(address, wait_until="load")
        page.evaluate(MAKE_ALL)
        page.evaluate(WHOLE)
        page.evaluate(AXE.read_text("utf8"))
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_function(
                f"document.documentElement.dataset.theme == '{theme}'"
            )
            for rule in page.evaluate(RUN_AXE):
                for node in rule["nodes"]:
                    where = f"{page.viewport_size['width']} {theme}"
                    yield f"axe {rule['id']} ({where}): {node['html'][:120]}"
    finally:
        page.close()


def faults_on(address: str, pages: list[str]) -> dict[str, list[str]]:
    """What axe-core finds on some pages, in a browser of their own."""
    with sync_playwright() as playwright:
        browser = started(playwright)
        contexts = [
            # axe is no script of the book: the pages' policy would refuse it
            browser.new_context(
                viewport={"width": width, "height": 900}, bypass_csp=True
            )
            for width in WIDTHS
        ]
        return {
            page: [
                fault
                for context in contexts
                for fault in violations(context, f"{address}/{page}.html")
            ]
            for page in pages
        }


def look_with_axe(address: str, results: list[Result]) -> None:
    """Fill in what axe-core finds: a browser on each core takes a few pages at a time."""
    by_page = {result.page: result for result in results}
    shares = [
        list(by_page)[start : start + FEW] for start in range(0, len(by_page), FEW)
    ]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        for share in pool.map(faults_on, [address] * len(shares), shares):
            for page, found in share.items():
                by_page[page].violations = len(found)
                by_page[page].faults += found
                print(f"axe: {page}: {len(found)}", flush=True)


def look_with_lighthouse(port: int, address: str, results: list[Result]) -> None:
    """Fill in Lighthouse's scores, page by page, in the browser at that port.

    Other work on the machine lowers performance. What is too low is measured twice more, and
    of the three the middle one counts.
    """
    by_page = {result.page: result for result in results}
    found = {page: [] for page in by_page}

    def look(pages: list[str]) -> None:
        for page, report in reports(port, address, pages):
            found[page].append(report)
            by_page[page].scores = report["scores"]
            print(by_page[page].row(), flush=True)

    look(list(by_page))
    slow = [page for page in by_page if speed(found[page][0]) < LEAST["performance"]]
    if slow:
        print(f"Again, twice, the {len(slow)} with too low a performance:", flush=True)
        look(slow * 2)
    for page, result in by_page.items():
        judge(result, sorted(found[page], key=speed)[len(found[page]) // 2])


def speed(report: dict) -> int:
    """Its score of performance; -1 where there is none."""
    score = report["scores"].get("performance")
    return -1 if score is None else score


def reports(port: int, address: str, pages: list[str]) -> Iterator[tuple[str, dict]]:
    """What Lighthouse says of each page, in their order."""
    command = ["node", str(LIGHTHOUSE), str(port)]
    command += [f"{address}/{page}.html" for page in pages]
    with subprocess.Popen(
        command, cwd=PACKAGES, stdout=subprocess.PIPE, text=True
    ) as process:
        yield from zip(pages, map(json.loads, process.stdout), strict=False)
    if process.returncode:
        raise SystemExit(f"Lighthouse ended with {process.returncode}: see above.")


def judge(result: Result, report: dict) -> None:
    """Take the scores over, and say what is behind those that are too low."""
    result.scores = report["scores"]
    if report.get("error"):
        result.faults.append(f"Lighthouse: {report['error']}")
    for name, least in LEAST.items():
        score = report["scores"].get(name)
        if score is None or score < least:
            reasons = ", ".join(report["faults"].get(name, [])) or "no reason given"
            result.faults.append(f"{name} {shown(score)}, wanted {least}: {reasons}")


def audit(pages: list[str], axe_only: bool) -> list[Result]:
    """Look at the pages of the built book in one browser."""
    results = [Result(page) for page in pages]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with served(HTML) as address:
        look_with_axe(address, results)
        if not axe_only:
            with sync_playwright() as playwright:
                browser = started(playwright, f"--remote-debugging-port={port}")
                print(header(), flush=True)
                look_with_lighthouse(port, address, results)
                browser.close()
    return results


def started(playwright: Playwright, *options: str) -> Browser:
    """A browser with what is needed where there is no screen."""
    return playwright.chromium.launch(
        executable_path=chromium(), args=[*OPTIONS, *options]
    )


def chromium() -> str | None:
    """The path of a Chromium; None leaves the choice to Playwright, which has its own."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    named = os.environ.get("TORCHBOOK_CHROMIUM")
    return named or next(filter(None, map(shutil.which, names)), None)


def known(names: list[str]) -> list[str]:
    """The pages asked for, all if none; an error names one that is not there."""
    pages = [*(page.name for page in table_of_contents()), "search", "genindex"]
    if wrong := [name for name in names if name not in pages]:
        sys.exit(f"No page {wrong[0]!r}. A page is named as in _toc.yml: {pages[3]}")
    return names or pages


def main() -> int:
    parser = argparse.ArgumentParser(description="Audit the built book.")
    parser.add_argument("pages", nargs="*", help="as in _toc.yml; all if none")
    parser.add_argument("--axe-only", action="store_true", help="leave Lighthouse out")
    options = parser.parse_args()
    if not (HTML / "index.html").is_file():
        sys.exit("There is no built book: run make book first.")
    if not AXE.is_file():
        sys.exit("axe-core is not in .audit/: run make audit, which puts it there.")
    results = audit(known(options.pages), options.axe_only)
    if options.axe_only:
        print("\n".join([header(), *(result.row() for result in results)]))
    poor = [result for result in results if result.faults]
    for result in poor:
        print("\n  ".join([f"\n{result.page}", *result.faults]))
    print(f"\n{len(results) - len(poor)} of {len(results)} pages pass.")
    return 1 if poor else 0


if __name__ == "__main__":
    sys.exit(main())
