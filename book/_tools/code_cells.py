"""What becomes of code cells in a written notebook, read with ast: nothing is run.

Cells that the page hides hold three things: values for its sentences, assertions that hold
for the book's own build, and names that later cells use. The first are kept, folded; the
second go; the third stay.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from functools import cache

from pages import plain_python

GLUE = "from myst_nb import glue"
SAY = '''def glue(name, value, display=False):
    """Say a result under the name that the text has for it."""
    print(f"{name}: {value}")'''
MAKERS = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Import, ast.ImportFrom)
MAKERS += (ast.FunctionDef, ast.ClassDef, ast.Pass)
EVERYWHERE = {*dir(builtins), "display", "get_ipython", "_", "__name__", "__file__"}


def without_assertions(source: str) -> str:
    """The code without its assert statements, and without blocks that held nothing else."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # lines of IPython
        return source
    lines = source.splitlines()
    for statement in tree.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Assert):
                lines[node.lineno - 1] = " " * node.col_offset + "pass"
                lines[node.lineno : node.end_lineno] = [None] * (
                    node.end_lineno - node.lineno
                )
    kept = "\n".join(line for line in lines if line is not None)
    body = [node for node in ast.parse(kept).body if not _is_empty(node)]
    whole = kept.splitlines()
    empty = [node for node in ast.parse(kept).body if _is_empty(node)]
    for node in reversed(empty):
        del whole[node.lineno - 1 : node.end_lineno]
    return "\n".join(whole).strip() if body else ""


def _is_empty(node: ast.stmt) -> bool:
    """A statement that does nothing: pass, or a block of nothing else."""
    if isinstance(node, ast.Pass):
        return True
    blocks = isinstance(node, ast.For | ast.With | ast.If) and not getattr(
        node, "orelse", []
    )
    return blocks and all(map(_is_empty, node.body))


def is_needed(source: str, later: list[str]) -> bool:
    """True for code that acts, and for code that makes a name which a later cell reads."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return True
    if not all(isinstance(node, MAKERS) for node in tree.body):
        return True
    made = bound_names(tree)
    return any(made & read_names(text) for text in later)


def bound_names(tree: ast.AST) -> set[str]:
    """Every name that a piece of code binds, in whatever scope."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(a.asname or a.name).split(".")[0] for a in node.names}
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            names.add(node.name)
    return names


@cache
def parsed(source: str) -> ast.Module | None:
    """A cell as Python, its lines of IPython turned into calls; None where that is not Python."""
    try:
        return ast.parse(plain_python(source))
    except SyntaxError:
        return None


@cache
def read_names(source: str) -> set[str]:
    """Every name that a piece of code reads, those in lines of IPython included."""
    tree = parsed(source)
    if tree is None:
        return set()
    read = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for line in re.findall(r"^[ \t]*[%!].*$", source, re.M):
        read |= set(re.findall(r"\{(\w+)", line))  # %cd {folder}
    return read


def unknown_names(sources: list[str]) -> dict[int, set[str]]:
    """{cell: names} that a cell reads and that neither it nor an earlier one binds."""
    known, unknown = set(EVERYWHERE), {}
    for number, source in enumerate(sources):
        known |= bound_names(parsed(source) or ast.Module([], []))
        missing = read_names(source) - known
        if missing:
            unknown[number] = missing
    return unknown


def outside_modules(sources: list[str]) -> set[str]:
    """Top-level modules that cells import and that do not come with Python."""
    found = set()
    for source in sources:
        for node in ast.walk(parsed(source) or ast.Module([], [])):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names)
