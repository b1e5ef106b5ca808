"""Formulas found by name: what equations.yml calls an equation goes into the search index.

The index has no entry for mathematics. So each name becomes a title there, at the place of its
equation: a search for "momentum update" shows "Momentum > momentum update", which leads to it.
Nothing of this is seen in the page.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

FILE = Path(__file__).resolve().parents[1] / "equations.yml"


class Named(nodes.Element):
    """Titles for the search index alone; its ids are those of the equation."""


def load() -> dict[str, list[str]]:
    """{label: names}. Raises ExtensionError for what is not a list of different names."""
    named = yaml.safe_load(FILE.read_text("utf8")) if FILE.is_file() else {}
    said: dict[str, str] = {}
    for label, names in named.items():
        if not isinstance(names, list) or not names:
            raise ExtensionError(f"book/equations.yml: {label}: wanted a list of names")
        for name in map(str, names):
            if name in said:
                where = f"{said[name]} and {label}"
                raise ExtensionError(f"book/equations.yml: {where} are both {name!r}")
            said[name] = label
    return named


def add_names(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the names behind the equations of a page that is about to be written."""
    if app.builder.format != "html":
        return
    named = app.torchbook_equations
    for equation in list(doctree.findall(nodes.math_block)):
        names = named.get(equation.get("label") or "", [])
        for name in names:
            entry = Named("", nodes.title("", name), ids=list(equation["ids"]))
            equation.parent.insert(equation.parent.index(equation) + 1, entry)


def nothing(translator, node: Named) -> None:
    """No page shows it."""
    raise nodes.SkipNode


def read_file(app: Sphinx) -> None:
    app.torchbook_equations = load()


def setup(app: Sphinx) -> dict:
    formats = ("html", "latex", "text", "man", "texinfo")
    app.add_node(Named, **{name: (nothing, None) for name in formats})
    app.connect("builder-inited", read_file)
    app.connect("doctree-resolved", add_names)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
