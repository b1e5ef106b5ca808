"""The reference of the package: pages in book/api/, made from the docstrings by autodoc.

Docstrings here are sentences, backticks and indented formulas, to be read in the source. This
turns them into what autodoc expects, so that a star stays a product and not a markup. A name
between backticks becomes a link where the package has it. Where the repository is known
(_tools/repository.py), each object links to its source.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import sys
import textwrap
import tokenize
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

sys.path.append(str(Path(__file__).resolve().parents[1] / "_tools"))
import names
import repository
from pages import ROOT

SETTINGS = {
    "autodoc_default_options": {
        "members": True,
        "undoc-members": True,
        "ignore-module-all": True,  # what comes from another module is told there
    },
    "autodoc_inherit_docstrings": False,  # what torch says of forward is not ours to repeat
    "autodoc_member_order": "bysource",
    "autodoc_preserve_defaults": True,
    "autodoc_typehints_format": "short",
    "python_use_unqualified_type_names": True,
    "python_display_short_literal_types": True,
    "python_maximum_signature_line_length": 110,
    "add_module_names": False,
    "toc_object_entries": False,  # the sidebar lists modules; hundreds of names would hide them
    "html_domain_indices": False,  # the pages of the reference are the list of modules
}
NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
CODE = re.compile(r"    |>>> |torchbook \w")  # how lines begin that are no prose


def set_options(app: Sphinx, config) -> None:
    for name, value in SETTINGS.items():
        setattr(config, name, value)
    config.linkcode_resolve = source_address
    # Hints name types of torch and of Python, which this book does not document.
    config.nitpick_ignore_regex = [
        *config.nitpick_ignore_regex,
        (r"py:(class|obj|data|exc|func|meth)", r".*"),
    ]


def to_restructured(app, what, name, obj, options, lines: list[str]) -> None:
    """Turn a docstring of this package, block by block, in place."""
    blocks = [block.split("\n") for block in re.split(r"\n\s*\n", "\n".join(lines))]
    out: list[str] = []
    own = parameters(obj)
    for block in filter(any, blocks):
        if all(CODE.match(line) for line in block if line.strip()):
            out += ["::", "", *(f"    {line}" for line in block), ""]
        else:  # an item of a list, or a paragraph: a line each
            text = re.sub(r"\n(?!- )\s*", " ", "\n".join(block))
            out += [*(prose(line, name, own) for line in text.split("\n")), ""]
    lines[:] = out


def parameters(obj) -> frozenset[str]:
    """The names of what is handed to an object: in its docstring they mean that."""
    try:
        return frozenset(inspect.signature(obj).parameters)
    except (TypeError, ValueError):  # a module, a constant
        return frozenset()


def prose(line: str, about: str, own: frozenset[str] = frozenset()) -> str:
    """A line with code between backticks, words between stars, and all else as it is."""
    bullet, text = re.fullmatch(r"(- )?(.*)", line).groups(default="")
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick that is alone is a character
        return bullet + plain(text).replace("`", r"\`")
    return bullet + "".join(
        code(part, about, own) if n % 2 else plain(part) for n, part in enumerate(parts)
    )


def code(text: str, about: str, own: frozenset[str]) -> str:
    """What stood between backticks: a link, if it is a name that is known to this object."""
    full = "" if text in own else meant(text.removesuffix("()"), about)
    return rf"\ :py:obj:`{text} <{full}>`\ " if full else rf"\ ``{text}``\ "


def meant(name: str, about: str) -> str:
    """The full name behind a name in the docstring of an object, "" if it is none of ours.

    Looked for where Python would: in the class, in the module, then from the package's top.
    """
    if not NAME.fullmatch(name):
        return ""
    parts = about.split(".")
    for depth in range(len(parts), 0, -1):
        wanted = ".".join([*parts[:depth], name])
        full, consumed = names.resolve(wanted)
        if consumed == len(wanted.split(".")):
            return full
    return ""


def plain(text: str) -> str:
    r"""Signs that docutils would read are escaped, but for *words* between stars."""
    parts = re.split(r"(?<![\w*])(\*\w[^*]*\w\*)(?!\w)", text)
    return "".join(
        part if n % 2 else re.sub(r"([*|\\]|_(?=\W|$))", r"\\\1", part)
        for n, part in enumerate(parts)
    )


def skip(app, what, name, obj, skipped, options) -> bool | None:
    """Leave out what is there for the machine: a command's object, names of typing."""
    if skipped or name.startswith("_"):
        return True
    kind = type(obj).__module__.split(".")[0]
    return True if kind == "click" else None


def mend_signature(app, what, name, obj, options, signature, returns):
    """A default that is made anew for each object has no name; autodoc's sign is no Python."""
    return (signature and signature.replace("<factory>", "..."), returns)


def name_in_full(app: Sphinx, doctree: nodes.document) -> None:
    """Say which `Run` a hint means: the one that its module imports, not any of that name."""
    for link in doctree.findall(addnodes.pending_xref):
        module = link.get("py:module") or ""
        if link.get("refdomain") != "py" or not module.startswith(names.PACKAGE):
            continue
        wanted = f"{module}.{link['reftarget']}"
        full, consumed = names.resolve(wanted)
        if consumed == len(wanted.split(".")):
            link["reftarget"] = full
        link["refspecific"] = False


def tell_fields(app: Sphinx, doctree: nodes.document) -> None:
    """What a field is for stands behind it as a comment, which autodoc does not read."""
    for signature in doctree.findall(addnodes.desc_signature):
        content = signature.parent.next_node(addnodes.desc_content)
        if signature.parent.get("objtype") != "attribute" or len(content):
            continue
        said = comment(signature.get("module"), signature.get("fullname"))
        if said:
            parts = said.split("`")
            content += nodes.paragraph("", "", *map(word, parts, range(len(parts))))


def word(text: str, number: int) -> nodes.Node:
    return nodes.literal("", text) if number % 2 else nodes.Text(text)


def comment(module: str, name: str) -> str:
    """The comment within or behind the line that gives a class its attribute."""
    text = textwrap.dedent(names.definitions(module).get(name, ""))
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = [t.string for t in tokens if t.type == tokenize.COMMENT]
    return " ".join(part.lstrip("# ") for part in found)


def source_address(domain: str, info: dict) -> str | None:
    """The lines of an object in the repository, for sphinx.ext.linkcode; None if unknown."""
    module, home = info.get("module", ""), known_repository()
    file = names.file_of(module) if domain == "py" and module else None
    if home is None or file is None:
        return None
    address = home.source(file.relative_to(ROOT).as_posix())
    first, last = lines_of(file).get(info["fullname"], (0, 0))
    return f"{address}#L{first}-L{last}" if address and first else address or None


@cache
def known_repository() -> repository.Repository | None:
    """Looked for once, for all objects."""
    return repository.find()


@cache
def lines_of(file: Path) -> dict[str, tuple[int, int]]:
    """{name: (first line, last line)} of the functions, classes and methods of a file."""
    found = {}

    def add(body: list[ast.stmt], above: str) -> None:
        for node in body:
            if isinstance(node, names.DEFINITIONS):
                found[above + node.name] = (node.lineno, node.end_lineno)
                add(node.body, f"{above}{node.name}.")

    add(ast.parse(file.read_text("utf8")).body, "")
    return found


def setup(app: Sphinx) -> dict:
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.linkcode")
    app.connect("config-inited", set_options)
    app.connect("autodoc-process-docstring", to_restructured)
    app.connect("autodoc-process-signature", mend_signature)
    app.connect("autodoc-skip-member", skip)
    app.connect("doctree-read", name_in_full)
    app.connect("doctree-read", tell_fields)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
