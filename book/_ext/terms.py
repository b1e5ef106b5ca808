"""What a term means, in a small box beside its link, for those who point at it.

The definitions of the glossary go into `_static/terms.js`, as plain text, by the anchor of each
term. A script file and not data to be fetched: a page opened from disk may not fetch.
`_assets/term-box.js` shows them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

# What the definitions use of TeX, as letters.
SIGNS = {
    r"\eta": "η",
    r"\kappa": "κ",
    r"\lambda": "λ",
    r"\beta": "β",
    r"\gamma": "γ",
    r"\sigma": "σ",
    r"\epsilon": "ε",
    r"\nabla": "∇",
    r"\max": "max",
    r"\min": "min",
    r"\log": "log",
    r"\cdot": "·",
    r"\times": "×",
    r"\le": "≤",
    r"\ge": "≥",
    "-": "−",
}
SEE = re.compile(
    r"\s*See [^.]*\.$"
)  # the last sentence leads to pages: a box holds no links


def plain_mathematics(tex: str) -> str:
    """A short formula as a line of text. ValueError for what there is no letter for."""
    text = re.sub(r"\\hat\s*\{?(\w)\}?", "\\1\u0302", tex)
    text = re.sub(r"\^\{([^{}]+)\}", r"^(\1)", text)
    text = re.sub(r"\\[a-zA-Z]+|-", lambda m: SIGNS.get(m[0], m[0]), text)
    if re.search(r"[\\{}_]", text):
        raise ValueError(f"${tex}$ has something for which _ext/terms.py has no letter")
    return text


def definition(node: nodes.definition) -> str:
    """What the glossary says, in one line, without links."""
    copy = node.deepcopy()
    for formula in copy.findall(nodes.math):
        formula.replace_self(nodes.Text(plain_mathematics(formula.astext())))
    text = re.sub(r"\s+", " ", copy.astext()).strip()
    return SEE.sub("", text)


def definitions(doctree: nodes.document) -> dict[str, str]:
    """The definitions of a page by the anchors of their terms."""
    found = {}
    for glossary in doctree.findall(addnodes.glossary):
        for entry in glossary.findall(nodes.definition_list_item):
            text = definition(next(entry.findall(nodes.definition)))
            for term in entry.findall(nodes.term):
                found |= dict.fromkeys(term["ids"], text)
    return found


def write_definitions(app: Sphinx, env) -> None:
    """When all pages are read, and before one is written: they name a version of the file."""
    if app.builder.format != "html":
        return
    terms = {}
    entries = env.domains["std"].get_objects()
    pages = sorted({page for _, _, kind, page, _, _ in entries if kind == "term"})
    for page in pages:
        try:
            terms |= definitions(env.get_doctree(page))
        except ValueError as problem:
            raise ExtensionError(f"A term in {page}: {problem}.") from problem
    data = json.dumps(terms, ensure_ascii=False, indent=0)
    file = Path(app.outdir) / "_static/terms.js"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'"use strict";\nvar torchbookTerms = {data};\n', "utf8")


def load_on_pages_with_terms(app: Sphinx, pagename, template, context, doctree) -> None:
    """The data first: scripts that are deferred run in order."""
    if 'class="xref std std-term"' in context.get("body", ""):
        app.add_js_file("terms.js", defer="defer")
        app.add_js_file("term-box.js", defer="defer")


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", load_on_pages_with_terms)
    app.connect("env-check-consistency", write_definitions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
