"""Pages that ask the network for nothing.

The theme prepares every page for live code by naming a script on a content network, although
the book has no live code. This takes that script out again.
"""

from __future__ import annotations

from sphinx.application import Sphinx


def drop_outside_scripts(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """Keep only what the book itself serves."""
    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, []) if not is_outside(file)]


def is_outside(file) -> bool:
    """True for a file on another host, and for the theme's scripts for live code."""
    text = f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {})}"
    return "://" in text or "thebe" in text.lower()


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", drop_outside_scripts, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
