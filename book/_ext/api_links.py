"""Links between the pages and the reference of the package, both ways.

In the cells of a page, and in the code that it shows from the package, each name of torchbook
leads to the reference, at its first place in the cell: one stop for the keyboard, not ten.
In the reference each module and object says which pages use it, and which show its source.
What a name means is found by reading the code (_tools/names.py); nothing is run.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import NoUri

sys.path.append(str(Path(__file__).resolve().parents[1] / "_tools"))
import names
from page_records import PageRecords, order
from pages import SOURCE, Page

MANY = 8  # pages that are named before the rest is counted
BLOCK = re.compile(r'(<div class="highlight"><pre>)(.*?)(</pre>)', re.S)
PIECE = re.compile(r"(<span[^>]*>)(</span>)?|(</span>)|([^<]+)")


records = PageRecords("names")  # {page: PageNames}


@dataclass
class PageNames:
    """What a page says of the package: names in each piece of code, by its text."""

    code: dict[str, list[names.Use]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)


def collect(app: Sphinx, doctree: nodes.document) -> None:
    """Read the code of a page when Sphinx does."""
    page, found = Page(app.env.docname), PageNames()
    if page.runs:
        reader = names.Reader()
        for _, cell in page.code_cells():
            text = cell.source.strip("\n")
            uses = reader.uses(text)
            if "remove-cell" not in cell.metadata.get("tags", []):
                found.code[text] = uses
                found.used |= {use.name for use in uses}
    for block in doctree.findall(nodes.literal_block):
        file = Path(block.get("source", ""))
        if file.suffix == ".py" and SOURCE in file.parents:
            text = block.rawsource.strip("\n")
            name, found.code[text] = names.read_included(file, text)
            found.shown |= {name} - {""}
    records(app.env)[app.env.docname] = found


def objects(env) -> dict[str, tuple[str, str]]:
    """{full name: (page, anchor)} of all that the reference has."""
    domain = env.get_domain("py")
    found = {name: (o.docname, o.node_id) for name, o in domain.objects.items()}
    modules = domain.modules.items()
    return found | {name: (m.docname, m.node_id) for name, m in modules}


def place(known: dict, name: str) -> tuple[str, str] | None:
    """Where the reference has a name, or else what the name is a part of."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return known.get(name)


def link_code(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """Put the links into the highlighted code of a page."""
    code = records(app.env).get(pagename, PageNames()).code
    if not any(code.values()) or "body" not in context:
        return
    known = objects(app.env)

    def address(name: str) -> str:
        where = place(known, name)
        if where is None:
            return ""
        try:
            return f"{app.builder.get_relative_uri(pagename, where[0])}#{where[1]}"
        except NoUri:
            return ""

    def with_links(block: re.Match) -> str:
        plain = unescape(re.sub(r"<[^>]*>", "", block[2]))
        uses = code.get(plain.strip("\n"))
        if not uses:
            return block[0]
        links, seen = {}, set()
        for use in uses:
            if use.name not in seen and address(use.name):
                links[use.start] = (use.end, use.name, address(use.name))
            seen.add(use.name)
        return f"{block[1]}{mark(block[2], links)}{block[3]}"

    context["body"] = BLOCK.sub(with_links, context["body"])


def mark(code: str, links: dict[int, tuple[int, str, str]]) -> str:
    """Highlighted code with an <a> round the tokens from each start to its end."""
    out, at, until = [], 0, None
    for opening, empty, closing, text in PIECE.findall(code):
        if opening and until is None and not empty and at in links:
            until, name, href = links[at]
            out.append(f'<a class="api-link" href="{escape(href)}" title="{name}">')
        out.append(opening + empty + closing + text)
        at += len(unescape(text))
        if until is not None and at >= until and closing:
            out.append("</a>")
            until = None
    whole = "".join(out) + ("</a>" if until is not None else "")
    return whole if aligned(whole, links) else code


def aligned(code: str, links: dict[int, tuple[int, str, str]]) -> bool:
    """True when every link holds the text of its name and no more."""
    plain = unescape(re.sub(r"<[^>]*>", "", code))
    held = [
        unescape(re.sub(r"<[^>]*>", "", text))
        for text in re.findall(r'<a class="api-link"[^>]*>(.*?)</a>', code, re.S)
    ]
    return held == [plain[start:end] for start, (end, *_) in sorted(links.items())]


def say_where_used(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """In the reference: the pages that use each object, and those that show its source."""
    for signature in list(doctree.findall(addnodes.desc_signature)):
        if signature.parent.get("domain") == "py" and signature.get("ids"):
            content = signature.parent.next_node(addnodes.desc_content)
            name = f"{signature.get('module')}.{signature.get('fullname')}"
            at = 0
            while at < len(content) and not is_object(content[at]):
                at += 1
            content.insert(at, pages_of(app, name, docname))
    for target in [n for n in doctree.findall(nodes.target) if n.get("ismod")]:
        name = target["ids"][0].removeprefix("module-")
        at = target.parent.index(target) + 1
        while at < len(target.parent) and not is_object(target.parent[at]):
            at += 1
        target.parent.insert(at, pages_of(app, name, docname))


def is_object(node: nodes.Node) -> bool:
    """True where the next object begins: its description, or the index entry before it."""
    return isinstance(node, addnodes.desc | addnodes.index)


def pages_of(app: Sphinx, name: str, docname: str) -> list[nodes.paragraph]:
    """The sentences "Used in: …" and "Source shown in: …", as far as there are pages."""
    sentences = []
    for words, kind in (("Used in: ", "used"), ("Source shown in: ", "shown")):
        found = [page for page in order() if name in getattr(of_page(app, page), kind)]
        if not found:
            continue
        sentence = nodes.paragraph("", words, classes=["api-pages"])
        for n, page in enumerate(found[:MANY]):
            title = app.env.titles[page].astext()
            href = app.builder.get_relative_uri(docname, page)
            sentence += nodes.Text(", " if n else "")
            sentence += nodes.reference("", title, internal=True, refuri=href)
        more = len(found) - MANY
        sentence += nodes.Text(f", and {more} more pages." if more > 0 else ".")
        sentences.append(sentence)
    return sentences


def of_page(app: Sphinx, page: str) -> PageNames:
    return records(app.env).get(page) or PageNames()


def setup(app: Sphinx) -> dict:
    app.connect("doctree-read", collect)
    records.connect(app)
    app.connect("doctree-resolved", say_where_used)
    app.connect("html-page-context", link_code)
    app.add_css_file("style/api.css")
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
