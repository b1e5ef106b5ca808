"""What pieces of code say of the package: every name in them that is torchbook's, in full.

    reader = Reader()                     # a notebook: what a cell imports, later cells know
    reader.uses("from torchbook import train")      -> [Use(5, 14, "torchbook"), …]
    reader.uses("train.fit(model, …)")              -> [Use(0, 9, "torchbook.train.fit")]

Nothing is imported: the code is read, and so is the package's.
"""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pages import SOURCE, plain_python

PACKAGE = "torchbook"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Use:
    """A name of the package in a piece of code, from `start` to before `end`, in characters."""

    start: int
    end: int
    name: str


class Reader(ast.NodeVisitor):
    """Reads pieces of code one after the other, in one namespace: {name: full name}."""

    def __init__(self, known: dict[str, str] | None = None):
        self.known = dict(known or {})
        self.found: list[Use] = []
        self.lines: list[str] = []

    def uses(self, source: str) -> list[Use]:
        """The names of the package in a cell, in order; none where it is no Python."""
        try:
            tree = ast.parse(plain_python(source))
        except SyntaxError:
            return []
        self.found, self.lines = [], source.split("\n")
        self.visit(tree)
        return sorted(set(self.found), key=lambda use: use.start)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.split(".")[0] == PACKAGE:
                self._add(alias.lineno, alias.col_offset, alias.name, alias.name)
                short = alias.asname or PACKAGE
                self.known[short] = alias.name if alias.asname else PACKAGE

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or (node.module or "").split(".")[0] != PACKAGE:
            return
        self._add(node.lineno, node.col_offset + len("from "), node.module, node.module)
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            self._add(alias.lineno, alias.col_offset, alias.name, full)
            self.known[alias.asname or alias.name] = full

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            chain.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            self._name(inner, chain)
        else:
            self.visit(inner)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._name(node, [])
        else:  # from here on it is something else
            self.known.pop(node.id, None)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._in_order(node.value, *node.targets)

    def visit_For(self, node: ast.For) -> None:
        self._in_order(node.iter, node.target, *node.body, *node.orelse)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._in_order(*node.decorator_list, *_hints(node.args), node.returns)
        self.known.pop(node.name, None)
        self._inside(_names(node.args), node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._in_order(*node.decorator_list, *node.bases)
        self.known.pop(node.name, None)
        self._inside(set(), node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._in_order(*_hints(node.args))
        self._inside(_names(node.args), [node.body])

    def visit_ListComp(self, node: ast.ListComp) -> None:
        nodes = [name for part in node.generators for name in ast.walk(part.target)]
        targets = {name.id for name in nodes if isinstance(name, ast.Name)}
        self._inside(targets, list(ast.iter_child_nodes(node)))

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def _in_order(self, *nodes: ast.AST | None) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def _inside(self, hidden: set[str], body: list[ast.AST]) -> None:
        """A block with names of its own; what it imports or assigns ends with it."""
        outside = dict(self.known)
        for name in hidden:
            self.known.pop(name, None)
        self._in_order(*body)
        self.known = outside

    def _name(self, start: ast.Name, chain: list[str]) -> None:
        """A name that was imported, and as many of its attributes as the package has."""
        if start.id not in self.known:
            return
        base = self.known[start.id]
        full, consumed = resolve(".".join([base, *chain]))
        beyond = consumed - len(base.split("."))
        if beyond >= 0:
            written = ".".join([start.id, *chain[:beyond]])
            self._add(start.lineno, start.col_offset, written, full)

    def _add(self, line: int, column: int, written: str, full: str) -> None:
        """Note a use, if the text is where Python says it is: magics move what follows them."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        column = len(text.encode()[:column].decode(errors="ignore"))
        full, consumed = resolve(full)
        if text[column:].startswith(written) and consumed:
            start = sum(len(row) + 1 for row in self.lines[: line - 1]) + column
            self.found.append(Use(start, start + len(written), full))


def _names(args: ast.arguments) -> set[str]:
    return {arg.arg for arg in ast.walk(args) if isinstance(arg, ast.arg)}


def _hints(args: ast.arguments) -> list[ast.AST]:
    """What the arguments are said to be, and what they are when nothing is passed."""
    hints = [arg.annotation for arg in ast.walk(args) if isinstance(arg, ast.arg)]
    return [*filter(None, [*hints, *args.defaults, *args.kw_defaults])]


@cache
def resolve(full: str) -> tuple[str, int]:
    """Where a name is defined, and how many of its parts that takes; ("", 0) if nowhere.

    `torchbook.scratch.optim.Adam.lr` is `torchbook.scratch.adaptive.Adam`, with 4 parts of 5.
    """
    parts = full.split(".")
    if parts[0] != PACKAGE:
        return "", 0
    for length in range(len(parts), 0, -1):
        module = ".".join(parts[:length])
        if file_of(module) is None:
            continue
        rest = parts[length:]
        if not rest:
            return module, length
        where = imports(module).get(rest[0])
        if where and where.split(".")[0] == PACKAGE:
            name, consumed = resolve(".".join([where, *rest[1:]]))
            return name, length + 1 + consumed - len(where.split("."))
        for depth in (2, 1):
            name = ".".join(rest[:depth])
            if len(rest) >= depth and name in definitions(module):
                return f"{module}.{name}", length + depth
        return module, length
    return "", 0


@cache
def file_of(module: str) -> Path | None:
    """The file of a module of the package, or None."""
    path = SOURCE.joinpath(*module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@cache
def definitions(module: str) -> dict[str, str]:
    """{name: source} of functions, classes, their members, and constants of a module."""
    found = {}
    source = file_of(module).read_text("utf8")
    lines = source.split("\n")

    def add(body: list[ast.stmt], above: str) -> None:
        for node in body:
            first = min(
                [node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]
            )
            text = "\n".join(lines[first - 1 : node.end_lineno])
            if isinstance(node, DEFINITIONS):
                found[above + node.name] = text
                if isinstance(node, ast.ClassDef) and not above:
                    add(node.body, f"{node.name}.")
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = getattr(node, "targets", None) or [node.target]
                names = [t.id for t in targets if isinstance(t, ast.Name)]
                found.update(dict.fromkeys([above + name for name in names], text))

    add(ast.parse(source).body, "")
    return found


@cache
def imports(module: str) -> dict[str, str]:
    """{name: full name} of what a module takes from elsewhere in the package."""
    found = {}
    for node in ast.walk(ast.parse(file_of(module).read_text("utf8"))):
        if isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return {name: full for name, full in found.items() if full.startswith(PACKAGE)}


def of_file(file: Path) -> str:
    """The module that a file of the package holds."""
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_included(file: Path, code: str) -> tuple[str, list[Use]]:
    """Code of the package shown in a page: what it defines ("" if a part), names in it."""
    module, flat = of_file(file), textwrap.dedent(code)
    shift = len(code) - len(code.lstrip(" "))
    all_of_it = definitions(module).items()
    same = [n for n, text in all_of_it if textwrap.dedent(text).strip() == flat.strip()]
    here = {name: f"{module}.{name}" for name, _ in all_of_it if "." not in name}
    uses = [] if shift else Reader(here | imports(module)).uses(code)
    head = re.search(r"\b(?:def|class) (\w+)", code)
    if not same or head is None:
        return "", uses
    name = f"{module}.{same[0]}"
    uses = [*uses, Use(*head.span(1), name)]
    return name, sorted(uses, key=lambda use: use.start)
