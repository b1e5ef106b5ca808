"""The pages of the book as the build sees them: their cells, and what their results depend on."""

from __future__ import annotations

import ast
import hashlib
import os
import platform
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import yaml
from IPython.core.inputtransformer2 import TransformerManager
from myst_nb.core.read import myst_nb_reader_plugin
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
SOURCE = ROOT / "code"
DATA_FOLDER = SOURCE / "torchbook/data/folder.py"
PLOTS = SOURCE / "torchbook/plots.py"
BUDGET = 25  # seconds on two cores, where a page's head names no other


class BookError(Exception):
    """Something about the pages that stops the build; the message says what and where."""


@dataclass(frozen=True)
class Page:
    """One page: `name` is its path below book/ without the ending."""

    name: str

    @property
    def path(self) -> Path:
        return BOOK / f"{self.name}.md"

    @cached_property
    def notebook(self) -> NotebookNode:
        """The page read as a notebook; its metadata holds the front matter."""
        try:
            return myst_nb_reader_plugin(str(self.path))
        except Exception as error:
            raise BookError(f"book/{self.name}.md cannot be read: {error}") from error

    @property
    def runs(self) -> bool:
        """True for a page with cells: one that names a kernel."""
        return (
            self.path.suffix == ".md"
            and "\nkernelspec:" in self.path.read_text("utf8")[:2000]
        )

    def option(self, name: str, default):
        """A setting from `torchbook:` in the front matter."""
        return self.notebook.metadata.get("torchbook", {}).get(name, default)

    @property
    def budget(self) -> int:
        return int(self.option("budget", BUDGET))

    @property
    def alone(self) -> bool:
        """A page that trains a real network gets all cores and no neighbour."""
        return bool(self.option("alone", False))

    def line(self, cell: int) -> int:
        """The line of book/NAME.md on which a code cell starts."""
        return self.notebook.metadata["source_map"][cell]

    def code_cells(self) -> list[tuple[int, NotebookNode]]:
        """Each code cell with its number among all cells."""
        cells = enumerate(self.notebook.cells)
        return [(i, cell) for i, cell in cells if cell.cell_type == "code"]

    def key(self) -> str:
        """A fingerprint of all that the results depend on besides the cells themselves."""
        modules = used_modules(self)
        digest = hashlib.sha256(environment().encode())
        for file in sorted(modules):
            digest.update(file.read_bytes())
        if DATA_FOLDER in modules:
            digest.update(data_at_hand().encode())
        if PLOTS in modules:
            for file in sorted(PLOTS.with_name("style").iterdir()):
                digest.update(file.read_bytes())
        return digest.hexdigest()


def sources(ending: str = ".md") -> list[Path]:
    """Files of the book with that ending, "*" for any, but those in folders like _x and .x."""
    files = BOOK.rglob("*" if ending == "*" else f"*{ending}")
    return [
        file
        for file in files
        if not any(part[0] in "._" for part in file.relative_to(BOOK).parts)
    ]


def table_of_contents() -> list[Page]:
    """The pages in the order of _toc.yml; BookError for one twice, missing, or left out."""
    try:
        toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))
    except yaml.YAMLError as error:
        raise BookError(f"_toc.yml cannot be read: {error}") from error
    names = list(_files(toc))
    twice = sorted({name for name in names if names.count(name) > 1})
    missing = [name for name in names if not (BOOK / f"{name}.md").is_file()]
    found = {p.relative_to(BOOK).with_suffix("").as_posix() for p in sources()}
    left_out = sorted(found - set(names))
    for problem, which in (
        ("listed twice in _toc.yml", twice),
        ("listed in _toc.yml, but there is no such file", missing),
        ("not listed in _toc.yml: add it there, or remove it", left_out),
    ):
        if which:
            raise BookError("\n".join(f"book/{name}.md is {problem}" for name in which))
    return [Page(name) for name in names]


def _files(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("root", "file"):
                yield value
            else:
                yield from _files(value)
    elif isinstance(node, list):
        for value in node:
            yield from _files(value)


def used_modules(page: Page) -> set[Path]:
    """Files of the package that the cells import, and all that those import in turn."""
    todo, found = set(), set()
    for _, cell in page.code_cells():
        todo |= _imports(plain_python(cell.source))
    while todo:
        file = todo.pop()
        found.add(file)
        todo |= _imports(file.read_text("utf8")) - found
    return found


def plain_python(source: str) -> str:
    """A cell with what only IPython understands (%magic, !shell, help?) turned into calls."""
    return TransformerManager().transform_cell(source)


@cache  # pages share most modules
def _imports(source: str) -> frozenset[Path]:
    """Files of the package that a piece of code imports; all of them where it cannot be told."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return frozenset((SOURCE / "torchbook").rglob("*.py"))
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                return frozenset((SOURCE / "torchbook").rglob("*.py"))
            names += [
                node.module,
                *(f"{node.module}.{alias.name}" for alias in node.names),
            ]
    return frozenset().union(
        *(_files_of(n) for n in names if n.split(".")[0] == "torchbook")
    )


@cache
def _files_of(module: str) -> frozenset[Path]:
    """The file of a module and the __init__ files on the way to it."""
    path, files = SOURCE, set()
    for part in module.split("."):
        path = path / part
        files |= {
            f for f in (path / "__init__.py", path.with_suffix(".py")) if f.is_file()
        }
    return frozenset(files)


@cache
def environment() -> str:
    """The pinned versions, this Python, and the code that runs the cells."""
    lines = (ROOT / "requirements.txt").read_text("utf8").splitlines()
    versions = "\n".join(line for line in lines if "==" in line)  # not why, not hashes
    pins = hashlib.sha256(versions.encode())
    pins.update(Path(__file__).with_name("execute.py").read_bytes())
    return f"{pins.hexdigest()} {platform.python_version()} {platform.machine()}"


@cache
def data_at_hand() -> str:
    """What the data folder holds, two levels down: names, sizes and times of change."""
    named = os.environ.get("TORCHBOOK_DATA")
    if not named:
        from torchbook.data.folder import data_folder

        named = data_folder()
    folder = Path(named).expanduser()
    found = sorted(
        p for pattern in ("*", "*/*", "*/raw/*") for p in folder.glob(pattern)
    )
    stats = [(p.relative_to(folder), p.stat()) for p in found if p.is_file()]
    return "\n".join(
        f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats
    )
