"""Print the built book to one PDF file, with Chromium: title, contents, links that work.

python book/_tools/pdf.py [PAGE …]     all pages, or those named, to _build/book.pdf
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import pikepdf
from audit import OPTIONS, chromium, known
from local_server import served
from pages import ROOT
from paper import HTML, document
from playwright.sync_api import Page, sync_playwright

OUTPUT = ROOT / "_build/book.pdf"
MINUTE = 60_000  # milliseconds
FOOT = (
    '<div style="width: 100%; text-align: center; font: 8pt sans-serif; color: #444">'
    '<span class="pageNumber"></span></div>'
)
READY = """async () => {
  if (window.MathJax) await MathJax.startup.promise;
  await document.fonts.ready;
}"""


def print_book(wanted: set[str] | None = None, output: Path = OUTPUT) -> Path:
    """Write the pages, all or those wanted, to one PDF file; its path."""
    text = document(wanted)
    with served(HTML) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=[*OPTIONS]
        )
        page = browser.new_page()
        page.set_default_timeout(20 * MINUTE)
        place = f"{address}/paper.html"
        page.route(
            place, lambda route: route.fulfill(body=text, content_type="text/html")
        )
        page.goto(place, wait_until="load")
        page.evaluate(READY)
        write(page, output)
        browser.close()
    pack(output)
    return output


def write(page: Page, output: Path) -> None:
    """Print what the page shows, tagged for screen readers, with an outline."""
    page.emulate_media(media="print", color_scheme="light")
    page.pdf(
        path=output,
        format="A4",
        print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOT,
        margin={"top": "18mm", "bottom": "20mm", "left": "16mm", "right": "16mm"},
        tagged=True,
        outline=True,
    )


def pack(file: Path) -> None:
    """Make it less than half as large: Chromium leaves 200,000 marks for screen readers loose."""
    with pikepdf.open(file, allow_overwriting_input=True) as loose:
        loose.save(file, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the built book to one PDF.")
    parser.add_argument("pages", nargs="*", help="as in _toc.yml; all if none")
    options = parser.parse_args()
    if not (HTML / "index.html").is_file():
        sys.exit("There is no built book: run make book first.")
    start = time.perf_counter()
    file = print_book(set(known(options.pages)) if options.pages else None)
    size, seconds = file.stat().st_size / 1e6, time.perf_counter() - start
    print(f"The book is in {file} ({size:.1f} MB, {seconds:.0f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
