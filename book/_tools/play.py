"""What the figures to play with are made from; run it when their scripts have changed.

    python book/_tools/play.py pictures     (needs Chromium: what is seen without scripts)
    python book/_tools/play.py data         (a small photograph, and networks in training)

Both write files below book/_assets/play that are kept in the repository.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys

from pages import BOOK, sources

sys.path.insert(0, str(BOOK / "_ext"))
from playground import PLAY, data_of, picture_of

FIGURE = re.compile(r"^```{playground} (\S+)\n((?::.*\n)*)", re.M)
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

# A copy of the first drawing, without what only a live one needs.
COPY = """
() => {
  const svg = document.querySelector('.play-live svg').cloneNode(true);
  for (const e of svg.querySelectorAll('.play-grip, .play-touch')) e.remove();
  for (const e of [svg, ...svg.querySelectorAll('*')])
    for (const { name } of [...e.attributes])
      if (/^(aria-|role|tabindex)/.test(name)) e.removeAttribute(name);
  for (const e of svg.querySelectorAll('path[d=""]')) e.remove();
  return new XMLSerializer().serializeToString(svg);
}
"""


def figures_of_the_book() -> list[tuple[str, str]]:
    """(name, first) of each figure that a page has."""
    found = set()
    for file in sources():
        for name, options in FIGURE.findall(file.read_text("utf8")):
            first = re.search(r"^:first: (.+)$", options, re.M)
            found.add((name, first[1] if first else ""))
    return sorted(found)


def open_figure(page, name: str, first: str = "") -> None:
    """Show a figure alone on a page of a browser, with the book's own scripts."""
    data = data_of(name)
    held = data.read_text("utf8") if data.is_file() else "null"
    page.goto("about:blank")  # or the scripts of the figure before would still be there
    page.set_content(
        '<!doctype html><html lang="en" data-theme="light"><figure class="playground">'
        f'<div class="play-live" data-figure="{name}" data-first="{first}" hidden></div>'
        f'<script type="application/json">{held}</script></figure></html>'
    )
    page.add_style_tag(path=PLAY / "play.css")
    for script in ("core", name):
        page.add_script_tag(path=PLAY / f"{script}.js")
    page.evaluate("torchbookPlay.startAll()")


def drawing(page, name: str, first: str = "") -> str:
    """The picture of a figure as it begins, as SVG."""
    open_figure(page, name, first)
    return page.evaluate(COPY) + "\n"


def write_pictures() -> None:
    from playwright.sync_api import sync_playwright

    named = os.environ.get("TORCHBOOK_CHROMIUM")
    chromium = named or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        page = browser.new_page()
        for name, first in figures_of_the_book():
            file = picture_of(name, first)
            file.parent.mkdir(exist_ok=True)
            file.write_text(drawing(page, name, first), "utf8")
            print(f"{file.relative_to(BOOK)}: {file.stat().st_size} bytes")
        browser.close()


def write_data() -> None:
    from play_data import DATA

    for name, make in DATA.items():
        file = data_of(name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(make(), separators=(",", ":")) + "\n", "utf8")
        print(f"{file.relative_to(BOOK)}: {file.stat().st_size} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["pictures", "data"])
    if parser.parse_args().what == "data":
        write_data()
    else:
        write_pictures()


if __name__ == "__main__":
    main()
