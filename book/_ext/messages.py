"""The directive `{messages}`: every error that a page shows on purpose, and every pitfall.

The messages are those of the cells, as they came out when the book was built; the symptoms are
those that the pages give. Each leads to its pitfall, or to its section. The filter above them
is a script, _assets/messages.js; without it the whole list is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from docutils import nodes
from page_records import PageRecords, order
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PREFIX = "Pitfall: "
KEPT = {kind.__name__: kind for kind in (nodes.literal, nodes.emphasis, nodes.math)}
records = PageRecords("traps")  # {page: its traps}


@dataclass
class Trap:
    """A pitfall of a page, or a section that shows an error: where, and what is seen there."""

    title: str
    anchor: str
    symptom: list[tuple[str, str]] = field(default_factory=list)  # (kind, text)
    messages: list[str] = field(default_factory=list)

    @property
    def is_pitfall(self) -> bool:
        return self.title.startswith(PREFIX)


class Messages(nodes.General, nodes.Element):
    """Where the lists go once all pages are read."""


class MessagesDirective(SphinxDirective):
    """The filter, a list under a heading of the page, or one that is written there."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        kind = self.arguments[0]
        if kind not in ("filter", "messages", "others", "symptoms"):
            raise self.error(
                f"wanted filter, messages, others or symptoms, got {kind!r}"
            )
        if kind == "others":
            found = self.parse_content_to_nodes()
            found[0]["classes"].append("messages")
            return found
        if kind == "filter":
            return [nodes.container(classes=["messages-filter"])]
        return [Messages("", kind=kind)]


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Find what goes wrong on a page, and give each pitfall an anchor."""
    traps, current, section = [], None, None
    for node in doctree.findall():
        if isinstance(node, nodes.section):
            current, section = None, node
        elif isinstance(node, nodes.admonition):
            title = node.next_node(nodes.title).astext()
            if title.startswith(PREFIX):
                name = nodes.make_id(title)
                node["ids"] = [*node["ids"], name]
                doctree.ids.setdefault(name, node)
                current = Trap(title, name)
                traps.append(current)
        elif isinstance(node, nodes.literal_block) and "traceback" in node["classes"]:
            if current is None and section is not None:
                title = section.next_node(nodes.title).astext()
                current = Trap(title, section["ids"][0])
                traps.append(current)
            current.messages.append(node.astext().strip())
        elif current and is_symptom(node):
            current.symptom = said(node)
    records(app.env)[app.env.docname] = traps


def is_symptom(node: nodes.Node) -> bool:
    return isinstance(node, nodes.paragraph) and node.astext().startswith("Symptom:")


def said(paragraph: nodes.paragraph) -> list[tuple[str, str]]:
    """The sentence without the word Symptom; results of cells become an ellipsis."""
    parts = []
    for node in paragraph.children[1:]:
        if node.astext() in ("Reason:", "Fix:"):  # a box with all three in a paragraph
            break
        parts.append((type(node).__name__, node.astext() or "…"))
    return parts


def sentence(parts: list[tuple[str, str]]) -> nodes.paragraph:
    """The same as nodes; what was a link or a citation is words."""
    made = nodes.paragraph()
    for kind, text in parts:
        made += KEPT[kind]("", text) if kind in KEPT else nodes.Text(text)
    if made.children and isinstance(made[0], nodes.Text):
        made[0] = nodes.Text(made[0].lstrip())
    return made


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Write the lists."""
    for place in list(doctree.findall(Messages)):
        make = by_message if place["kind"] == "messages" else by_symptom
        entries = make(app, docname)
        place.replace_self(nodes.bullet_list("", *entries, classes=["messages"]))


def by_message(app: Sphinx, docname: str) -> list[nodes.list_item]:
    """One entry for each message, in alphabetical order; numbers make no difference."""
    found: dict[str, tuple[str, list[tuple[str, Trap]]]] = {}
    for page in order():
        for trap in records(app.env).get(page, []):
            for message in trap.messages:
                places = found.setdefault(words(message), (message, []))[1]
                if (page, trap) not in places:
                    places.append((page, trap))
    entries = []
    for _, (message, places) in sorted(found.items()):
        text = nodes.paragraph("", "", nodes.literal("", message))
        links = nodes.paragraph("", "Explained at: ")
        for n, (page, trap) in enumerate(places):
            links += [nodes.Text("; " if n else ""), *link(app, docname, page, trap)]
        links += nodes.Text(".")
        entries.append(nodes.list_item("", text, links))
    return entries


def by_symptom(app: Sphinx, docname: str) -> list[nodes.list_item]:
    """One entry for each pitfall, in the order of the pages."""
    entries = []
    for page in order():
        for trap in records(app.env).get(page, []):
            if trap.is_pitfall and not trap.messages:
                where = nodes.paragraph("", "", *link(app, docname, page, trap))
                entries.append(nodes.list_item("", where, sentence(trap.symptom)))
    return entries


def link(app: Sphinx, docname: str, page: str, trap: Trap) -> list[nodes.Node]:
    """Where it is, in words: the place, which is a link, and the page."""
    href = f"{app.builder.get_relative_uri(docname, page)}#{trap.anchor}"
    title = trap.title.removeprefix(PREFIX)
    about = nodes.reference("", title, internal=True, refuri=href)
    return [about, nodes.Text(f" ({app.env.titles[page].astext()})")]


def words(message: str) -> str:
    """What makes two messages the same: their words, whatever the numbers."""
    return " ".join(re.findall(r"[a-z]{2,}", message.lower()))


def load_script(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """Other pages do without it."""
    if pagename == "messages":
        app.add_js_file("messages.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    app.add_node(Messages)
    app.add_directive("messages", MessagesDirective)
    app.connect("doctree-read", collect)
    records.connect(app)
    app.connect("doctree-resolved", fill)
    app.connect("html-page-context", load_script)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
