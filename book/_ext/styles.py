"""One style sheet for all pages, with what they use (lean.py).

The theme, its parts and the book bring ten, which a browser must fetch and read before it
shows anything.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from pathlib import Path

from lean import lean, names_on

LINK = re.compile(
    r'[ \t]*<link [^>]*?href="((?:\.\./)*)(_static/[^"?]+\.css)[^"]*"[^>]*>\n?'
)
URL = re.compile(r"url\(([\"']?)(?!data:|#)([^)\"']+)\1\)")
IMPORT = re.compile(r'@import ["\']([\w./-]+\.css)["\'];')
MAP = re.compile(r"/\*#.*?\*/")  # of sources, which are not here
ALL = "_static/style/all.css"


def unite(out: Path, pages: dict[Path, str]) -> dict[Path, str]:
    """The pages with one link in place of those that the search page, too, has."""
    common = [name for _, name in LINK.findall(pages[out / "search.html"])]
    if common == [ALL]:  # finished before
        return pages
    scripts = [
        file.read_text("utf8")
        for file in sorted((out / "_static").rglob("*.js"))
        if "mathjax" not in file.parts  # brings a style of its own
    ]
    text = "\n".join(sheet(out, name) for name in common)
    text = lean(text, names_on(pages.values(), scripts))
    (out / ALL).write_text(text, "utf8")
    version = hashlib.sha256(text.encode()).hexdigest()[:8]
    return {page: linked(text, {*common, ALL}, version) for page, text in pages.items()}


def sheet(out: Path, name: str) -> str:
    """A style sheet with those that it imports, its addresses as seen from ALL."""
    folder = posixpath.dirname(name)

    def moved(found: re.Match) -> str:
        place = posixpath.normpath(posixpath.join(folder, found[2]))
        return f"url({posixpath.relpath(place, posixpath.dirname(ALL))})"

    def imported(found: re.Match) -> str:
        return sheet(out, posixpath.normpath(posixpath.join(folder, found[1])))

    text = (out / name).read_text("utf8").replace('@charset "UTF-8";', "")
    text = MAP.sub("", text)
    return IMPORT.sub(imported, URL.sub(moved, text))


def linked(text: str, common: set[str], version: str) -> str:
    """A page that links to ALL where it linked to the first of the common style sheets."""
    missing = [True]  # until the first is found

    def link(found: re.Match) -> str:
        if found[2] not in common:
            return found[0]
        if missing.pop() if missing else False:
            return f'  <link rel="stylesheet" href="{found[1]}{ALL}?v={version}" />\n'
        return ""

    return LINK.sub(link, text)
