"""Take a picture of every page of the built book, to be looked at: two widths, light and dark.

python book/_tools/screenshots.py [PAGE …]     to _build/screenshots/PART--PAGE-1280-light.png, …
"""

from __future__ import annotations

import argparse
import sys

from audit import HTML, OPTIONS, THEMES, WIDTHS, chromium, known
from local_server import MAKE_ALL, served
from pages import ROOT
from playwright.sync_api import Browser, sync_playwright

FOLDER = ROOT / "_build/screenshots"
READY = """async () => {
  const images = [...document.images];
  for (const image of images) image.loading = "eager";
  await Promise.all(images.map((image) => image.complete || image.decode().catch(() => null)));
}"""


def photograph(browser: Browser, address: str, name: str) -> None:
    """The pictures of one page."""
    for width in WIDTHS:
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(f"{address}/{name}.html", wait_until="load")
        # far parts of a page are laid out late, which a picture of the whole would show as gaps
        page.evaluate("document.body.classList.add('whole')")
        page.evaluate(MAKE_ALL)
        page.evaluate(READY)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_selector(f"html[data-theme={theme}]", state="attached")
            file = FOLDER / f"{name.replace('/', '--')}-{width}-{theme}.png"
            page.screenshot(path=file, full_page=True)
        page.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Take a picture of every page.")
    parser.add_argument("pages", nargs="*", help="as in _toc.yml; all if none")
    options = parser.parse_args()
    if not (HTML / "index.html").is_file():
        sys.exit("There is no built book: run make book first.")
    names = known(options.pages)
    with served(HTML) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=[*OPTIONS]
        )
        for name in names:
            photograph(browser, address, name)
        browser.close()
    print(f"Pictures of {len(names)} pages are in {FOLDER}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
