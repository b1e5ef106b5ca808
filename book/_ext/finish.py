"""The last touch on the written pages, where the theme leaves something to wish for.

What a page says about itself: a description, for search engines and lists of links. What a
screen reader is told: names of buttons that hold the words one sees, a landmark around the
contents, no empty header in a table. What is loaded: nothing that the page does not use
(offline.py), few icons (icons.py), one style sheet instead of ten (styles.py), scripts that do
not hold up the first picture, fonts that are there for it, images with a size, fetched when
they come near. Then the page gets its content security policy (policy.py). `make audit`
measures all this.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape, unescape
from pathlib import Path

import icons
import styles
from docutils import nodes
from offline import remove_unused, trimmed
from policy import PolicyError, with_policy
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)

LENGTH = 155  # of a description: what lists of results show
PRELOAD = re.compile(r'<link rel="preload" as="script"[^>]*>\n?')
EMPTY_HEADER = re.compile(r"<th\b([^>]*)>\s*(?:<p>\s*</p>)?\s*</th>")
# A signature over several lines is a list of descriptions without terms: not one to a browser.
SIGNATURE = re.compile(r'(<span class="sig-paren">\(</span>\s*)<dl>\n(.*?)</dl>', re.S)
# A page from disk may not ask for a font ahead; there it is quick anyway.
FONTS = """<script>
      if (location.protocol !== "file:")
        for (const name of ["source-serif-4-latin-wght-normal", "inter-latin-wght-normal"]) {
          const root = document.documentElement.dataset.content_root;
          const href = `${root}_static/vendor/fonts/${name}.woff2`;
          const about = { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "" };
          document.head.append(Object.assign(document.createElement("link"), about, { href }));
        }
    </script>"""
IMAGE = re.compile(
    r'<img (?![^>]*\bwidth=)([^>]*?src="([^"]*_images/[^"]+\.svg)"[^>]*)>'
)
# Scripts that wait here, though Sphinx lets them hold up the page.
LATE: set[str] = set()
REPLACED = (
    # A name that leaves out the words on the button cannot be spoken to it.
    ('<summary aria-label="Toggle hidden content">', "<summary>"),
    ('title="Search" aria-label="Search" ', 'title="Search" '),
    ('data-mode="light" title="Light">', 'data-mode="light" aria-hidden="true">'),
    ('data-mode="dark"  title="Dark">', 'data-mode="dark" aria-hidden="true">'),
    ('data-mode="auto"  title="System Settings">', 'data-mode="auto" aria-hidden="true">'),
    # Without a landmark the logo above the contents belongs to no part of the page.
    ('<div id="pst-primary-sidebar" class=',
     '<div id="pst-primary-sidebar" role="navigation" aria-label="The book" class='),
    ('<dialog id="pst-search-dialog">',
     '<dialog id="pst-search-dialog" aria-label="Search">'),
    ('<dialog id="pst-primary-sidebar-modal">',
     '<dialog id="pst-primary-sidebar-modal" aria-label="Pages of the book">'),
    ('<dialog id="pst-secondary-sidebar-modal">',
     '<dialog id="pst-secondary-sidebar-modal" aria-label="On this page">'),
    # Every exercise of a page would have the same name.
    (' id="exercise-content"', ""),
    (' id="solution-content"', ""),
    # Roles for the entries of a bibliography that have since been withdrawn.
    (' role="list" class="citation-list"', ' class="citation-list"'),
    (' role="doc-biblioentry"', ""),
    # The theme's second viewport says the same in other letters.
    ('<meta name="viewport" content="width=device-width, initial-scale=1.0" />', ""),
    ('<meta name="docsearch:version" content="" />', ""),
)  # fmt: skip


def describe(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """Give the page a description, and let its scripts wait until the page is read."""
    text = f"{app.config.html_title or app.config.project}: {plain(context.get('title', ''))}"
    if doctree is not None:
        words = first_words(doctree) or text
        named = f"{plain(context.get('title', ''))}: {words}"
        text = named if len(named) <= LENGTH else words  # a short one needs its title
    meta = f'<meta name="description" content="{escape(text)}" />'
    context["metatags"] = f"{context.get('metatags', '')}\n    {meta}\n    {FONTS}"
    # Inline scripts write into the options, and the theme's scripts on the search page call
    # others as they are read: these must be there at once. Pages share the objects.
    for script in context.get("script_files", []):
        name = str(getattr(script, "filename", "") or "")
        if pagename == "search" and name in LATE:
            script.attributes.pop("defer", None)
        if (
            not name
            or pagename == "search"
            or name.endswith("documentation_options.js")
        ):
            continue
        if "defer" not in script.attributes:
            LATE.add(name)
            script.attributes["defer"] = "defer"


def plain(text: str) -> str:
    """A title without its elements."""
    return unescape(re.sub(r"<[^>]+>", "", text))


def first_words(doctree: nodes.document) -> str:
    """The first sentences of a page that fit; formulas and notes of the build left out."""
    for paragraph in doctree.findall(nodes.paragraph):
        parents = (paragraph.parent, paragraph.parent.parent)
        if not any(
            isinstance(node, (nodes.section, nodes.document)) for node in parents
        ):
            continue
        text = re.sub(r"\s+", " ", paragraph.astext()).strip()
        if len(text) >= 40 and not any(paragraph.findall(nodes.math)):
            return shortened(text)
    return ""


def shortened(text: str) -> str:
    """At most LENGTH characters: whole sentences if one fits, else whole words."""
    if len(text) <= LENGTH:
        return text
    end = max(text.rfind(mark, 0, LENGTH) for mark in (". ", "? "))
    if end > 60:
        return text[: end + 1]
    return text[: LENGTH - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def finish(app: Sphinx, error: Exception | None) -> None:
    """Go over all files that were written; a file that is finished stays as it is.

    A warning names the page that cannot have its policy.
    """
    if error is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    names = sorted({*app.env.found_docs, "genindex", "search"})
    files = {name: out / app.builder.get_target_uri(name) for name in names}
    files = {name: file for name, file in files.items() if file.is_file()}
    before = {file: file.read_text("utf8") for file in files.values()}
    after = {file: finished(text, file) for file, text in before.items()}
    used = set().union(*map(icons.names_in, after.values()))
    icons.write(out / "_static", used)
    after = styles.unite(out, after)
    for name, file in files.items():
        try:
            after[file] = with_policy(after[file])
        except PolicyError as problem:
            LOGGER.warning("%s", problem, location=name)
        if after[file] != before[file]:
            file.write_text(after[file], "utf8")
    remove_unused(out / "_static")


def finished(text: str, page: Path) -> str:
    """The page with all that is mended in its text alone."""
    for old, new in REPLACED:
        text = text.replace(old, new)
    text = EMPTY_HEADER.sub(r"<td\1></td>", text)
    text = SIGNATURE.sub(lines, text)
    text = PRELOAD.sub("", text)  # deferred scripts need no hurry
    return IMAGE.sub(lambda found: image(found, page), trimmed(text))


def lines(found: re.Match) -> str:
    """The parameters of a signature, one on a line."""
    parameters = found[2].replace("<dd>", '<span class="sig-line">')
    return found[1] + parameters.replace("</dd>", "</span>")


def image(found: re.Match, page: Path) -> str:
    """An image with its size, so that the text below does not jump when it comes."""
    size = size_of((page.parent / found[2]).resolve())
    if size is None:
        return found[0]
    lazy = "" if "loading=" in found[1] else 'loading="lazy" '
    return f'<img {lazy}width="{size[0]}" height="{size[1]}" {found[1]}>'


@cache
def size_of(file: Path) -> tuple[int, int] | None:
    """Width and height of an SVG in pixels; None where it does not say."""
    head = file.read_text("utf8")[:2000] if file.is_file() else ""
    sides = [
        re.search(rf'\b{side}="([\d.]+)(pt|px)?"', head) for side in ("width", "height")
    ]
    if not all(sides):
        return None
    return tuple(
        round(float(side[1]) * (4 / 3 if side[2] == "pt" else 1)) for side in sides
    )


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", describe, priority=950)
    # The theme and other extensions write at this event, too: nothing may change pages later.
    app.connect("build-finished", finish, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
