"""Which page needs which: a line below each title, the directives `{map}` and `{route}`.

The needs stand in the heads of the pages; `_tools/prerequisites.py` reads and checks them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

sys.path.append(str(Path(__file__).resolve().parents[1] / "_tools"))
import needs_picture
import prerequisites

LABEL = "Which page needs which. Every page is a link; lines lead down to what builds on it."
PROSE = 50  # words are counted to the next of these


class MapPicture(nodes.Element):
    """The picture; formats without it have the list that follows."""


class Map(SphinxDirective):
    """The picture of which page needs which, or with `list` the same in words."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        graph = self.env.app.prerequisites
        if not self.arguments:
            said = nodes.container(classes=["map-said"])
            return [nodes.container("", MapPicture(), said, classes=["map-box"])]
        if self.arguments != ["list"]:
            raise self.error(
                f"A map is a picture or a list, not {self.arguments[0]!r}."
            )
        rows = nodes.bullet_list(classes=["map-list"])
        for part in graph.parts:
            inner = nodes.bullet_list()
            inner += [item(page, graph) for page in part.pages]
            rows += nodes.list_item("", nodes.paragraph("", part.caption), inner)
        return [rows]


class Route(SphinxDirective):
    """An ordered list of pages, in YAML: `assumes`, and `pages` with a sentence each."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        route = yaml.safe_load("\n".join(self.content))
        try:
            steps = [next(iter(step.items())) for step in route["pages"]]
            assumed = route.get("assumes", [])
        except (TypeError, KeyError, AttributeError) as error:
            raise self.error(
                "A route is YAML with `pages`, a list of `page: why`, and perhaps `assumes`."
            ) from error
        graph = self.env.app.prerequisites
        problems = graph.missing([page for page, _ in steps], assumed)
        if problems:
            raise self.error(f"Route of {self.env.docname}: {'; '.join(problems)}.")
        rows = nodes.enumerated_list(enumtype="arabic", classes=["route"])
        for page, why in steps:
            text = self.parse_text_to_nodes(why)[0].children
            reason = nodes.inline("", "", *text, classes=["route-why"])
            line = nodes.paragraph("", "", link(page), nodes.Text(" "), reason)
            rows += nodes.list_item("", line)
        return [rows, *assumption(assumed)]


def assumption(pages: list[str]) -> list[nodes.Node]:
    """A sentence about what a route takes as known."""
    if not pages:
        return []
    return [nodes.paragraph("", "Taken as known: ", *links(pages))]


def link(page: str) -> addnodes.pending_xref:
    """A link that shows the title of the page."""
    return addnodes.pending_xref(
        "",
        nodes.inline("", page),
        refdomain="std",
        reftype="doc",
        reftarget=f"/{page}",
        refexplicit=False,
        refwarn=True,
    )


def links(pages: list[str]) -> list[nodes.Node]:
    """Links with semicolons between them, since titles hold commas."""
    row = [part for page in pages for part in (link(page), nodes.Text("; "))]
    return row[:-1]


def item(page: str, graph: prerequisites.Prerequisites) -> nodes.list_item:
    needed = graph.needs[page]
    words = [nodes.Text(" needs "), *links(needed)] if needed else []
    words = words or [nodes.Text(" needs no other page")]
    return nodes.list_item("", nodes.paragraph("", "", link(page), *words))


def line_below_title(app: Sphinx, doctree: nodes.document) -> None:
    """Say what a chapter needs and how long it is; a review needs its part."""
    page = app.env.docname
    needed = app.prerequisites.needs.get(page)
    if needed is None and not page.endswith("/review"):
        return
    title = next(doctree.findall(nodes.title))
    if needed is None:
        words = [nodes.Text("the pages of this part")]
    else:
        words = links(needed) or [nodes.Text("no other page")]
    row = nodes.paragraph(classes=["needs"])
    row += nodes.inline("", "", nodes.strong("", "Needs: "), *words)
    row += nodes.Text(" ")
    size = nodes.Text(length(doctree))
    row += nodes.inline("", "", nodes.strong("", "Length: "), size)
    title.parent.insert(title.parent.index(title) + 1, row)


def length(doctree: nodes.document) -> str:
    """The words of the sentences, in round numbers. Code, and what it prints, is not counted."""
    texts = [p.astext() for p in doctree.findall(nodes.paragraph)]
    count = sum(len(text.split()) for text in texts)
    return f"about {round(count / PROSE) * PROSE:,} words, and code"


def read_needs(app: Sphinx) -> None:
    """Before any page is read; a wrong entry ends the build."""
    book = Path(app.srcdir)
    try:
        app.prerequisites = prerequisites.read(book, book.parent / "_toc.yml")
    except prerequisites.NeedsError as error:
        raise ExtensionError(str(error)) from error


def begin(translator, node: MapPicture) -> None:
    builder = translator.builder
    here = builder.current_docname
    address = lambda page: builder.get_relative_uri(here, page)  # noqa: E731
    graph = builder.app.prerequisites
    translator.body.append(needs_picture.draw(graph, address, LABEL))
    raise nodes.SkipNode


def skip(translator, node: MapPicture) -> None:
    raise nodes.SkipNode


def load_on_pages_with_a_map(app: Sphinx, pagename, template, context, doctree) -> None:
    if doctree is not None and next(doctree.findall(MapPicture), None) is not None:
        app.add_js_file("map.js", defer="defer")


def setup(app: Sphinx) -> dict:
    others = {name: (skip, None) for name in ("latex", "text", "man", "texinfo")}
    app.add_node(MapPicture, html=(begin, None), **others)
    app.add_directive("map", Map)
    app.add_directive("route", Route)
    app.add_css_file("style/way.css")
    app.connect("builder-inited", read_needs)
    app.connect("doctree-read", line_below_title)
    app.connect("html-page-context", load_on_pages_with_a_map)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
