"""Pages that ask the network for nothing and load what they use.

The theme prepares every page for live code, for a search while one types, and for every icon
there is: a script on a content network, 3 MB of scripts, inline code. When the pages are
written, finish.py has this take out what the book does not use.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

LINE = r"<(?:script|link)\b[^>]*{}[^>]*>(?:</script>)?\n?"

# Scripts and styles that only some pages need, and what a page has that needs them.
FOR_SOME = {
    "_static/searchtools.js": 'id="search-results"',
    "_static/language_data.js": 'id="search-results"',
    "searchindex.js": 'id="search-results"',
    "_static/design-tabs.js": 'class="sd-tab',
    "_static/sphinx-design.min.css": 'class="sd-',
    "_static/clipboard.min.js": '<div class="highlight',
    "_static/copybutton.js": '<div class="highlight',
    "_static/copybutton.css": '<div class="highlight',
}
# Inline code of the theme: none of it is needed, or offline.js does the same. A notebook is
# downloaded in place: a tab of its own would stay empty.
CHANGES = [
    (re.compile(r'<script type="text/x-thebe-config">.*?</script>\s*', re.S), ""),
    (re.compile(r"<script>kernelName = '[^'<]*'</script>\s*"), ""),
    (re.compile(r'onclick="toggleFullScreen\(\)"'), 'type="button" data-does="screen"'),
    (re.compile(r'onclick="window\.print\(\)"'), 'type="button" data-does="print"'),
    (re.compile(r'(<a href="[^":]+\.ipynb") target="_blank"'), r"\1 download"),
    (re.compile(LINE.format(r"fontawesome\.js")), ""),
]
# The theme's script asks each box of code whether it scrolls, as a page opens, which lays out
# the page to its end; offline.js asks each when it comes into sight.
ASKS = re.compile(
    r',"complete"===document\.readyState\?(\w+)\(\):'
    r'window\.addEventListener\("load",\1\)'
)
# What no page of the book loads: maps for developers, live code, texts of the theme.
LEFT = ("scripts/*.map", "styles/*.map", "scripts/fontawesome.js*", "locales")
LEFT = (*LEFT, "sphinx-thebe.*", "*-macros.html", "play/data", "play/pictures")


def drop_outside_scripts(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """Keep only what the book itself serves."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, []) if not is_outside(file)]


def is_outside(file) -> bool:
    """True for a file on another host, and for the theme's scripts for live code."""
    text = f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {})}"
    return "://" in text or "thebe" in text.lower()


def trimmed(text: str) -> str:
    """A page without the scripts, styles and inline code that it has no use for."""
    for pattern, instead in CHANGES:
        text = pattern.sub(instead, text)
    head, end, body = text.partition("</head>")
    for file, mark in FOR_SOME.items():
        if mark not in body:
            head = re.sub(LINE.format(r'(?<=["/])' + re.escape(file)), "", head)
    return head + end + body


def remove_unused(static: Path) -> None:
    """Take away the files that no page loads, and what the theme need not do."""
    script = static / "scripts/pydata-sphinx-theme.js"
    if script.is_file():
        text = script.read_text("utf8")
        script.write_text(ASKS.sub("", text), "utf8")
    for pattern in LEFT:
        for file in static.glob(pattern):
            shutil.rmtree(file) if file.is_dir() else file.unlink()


def setup(app: Sphinx) -> dict:
    app.add_js_file("offline.js", loading_method="defer")
    app.connect("html-page-context", drop_outside_scripts, priority=900)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
