"""Write a clean notebook beside each built page: for Colab, and to take away.

    python book/_tools/notebooks.py [--to FOLDER]

No outputs, plain Markdown, and a first cell that installs the package where it is missing.
Results in sentences become names, since they differ from machine to machine; folded cells
nearby print them. Cells that fail on purpose say so.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from code_cells import GLUE, SAY, is_needed, outside_modules, without_assertions
from labels import Labels, full_source
from nbformat import NotebookNode, from_dict
from pages import ROOT, BookError, Page, table_of_contents
from readable import CUT, Readable
from repository import Repository, find

# Which of the package's extras a page needs: what to look for in its cells, what to look for
# on the reader's machine.
EXTRAS = {
    "export": (
        r"\bonnx|torchbook[. ]export|^from torchbook import .*\bexport\b",
        ["onnx", "onnxscript", "onnxruntime"],
    ),
    "serve": (
        r"\bfastapi\b|torchbook[. ]serve|^from torchbook import .*\bserve\b",
        ["fastapi", "uvicorn", "python_multipart"],
    ),
    "log": (r"\btensorboard\b|\bTensorBoardLog\b", ["tensorboard"]),
}
# Modules that come with the package, a bare runtime, or one of the extras.
PROVIDED = "torchbook torch torchvision numpy matplotlib sklearn scipy tqdm safetensors"
PROVIDED += " PIL platformdirs click IPython myst_nb starlette google"


def write_all(pages: list[Page], folder: Path, home: Repository | None) -> list[Path]:
    """A notebook in `folder` for each page with cells; others that lie there are removed."""
    labels = Labels(pages)
    written = []
    for page in pages:
        if page.runs:
            file = folder / f"{page.name}.ipynb"
            file.parent.mkdir(parents=True, exist_ok=True)
            made = notebook(page, labels, home)
            file.write_text(
                json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf8"
            )
            written.append(file)
    for file in set(folder.rglob("*.ipynb")) - set(written):
        if file.relative_to(folder).parts[0][0] not in "._":
            file.unlink()
    return written


def notebook(page: Page, labels: Labels, home: Repository | None) -> NotebookNode:
    """The notebook of one page."""
    words = Readable(page, labels, home)
    cells = []
    for number, cell in enumerate(page.notebook.cells):
        if cell.cell_type == "markdown":
            cells += _markdown(words.text(cell.source))
        else:
            later = [c.source for n, c in page.code_cells() if n > number]
            cells += _code(cell, words, later)
    cells = [_install(page, home), *_about(page, words, home), *cells]
    cells += _sources(words)
    folded = []
    for number, cell in enumerate(cells):
        cell.id = cell.metadata["id"] = f"cell-{number:03}"
        if cell.metadata.get("jp-MarkdownHeadingCollapsed"):
            folded.append(cell.id)
    metadata = {
        "kernelspec": {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        },
        "language_info": {"name": "python"},
        "colab": {"collapsed_sections": folded},
    }
    return from_dict(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    )


def _cell(kind: str, source: str, metadata: dict | None = None) -> NotebookNode:
    """A cell with no outputs. (nbformat's own maker checks each against the schema: slow.)"""
    cell = {"cell_type": kind, "metadata": metadata or {}, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return from_dict(cell)


def _markdown(text: str) -> list[NotebookNode]:
    """Cells for a piece of text; a solution is a section that is folded."""
    cells = []
    for part in text.split(CUT):
        if part.strip():
            cell = _cell("markdown", part.strip())
            if cell.source.startswith(
                "#### Solution"
            ):  # folded in Jupyter; Colab: below
                cell.metadata["jp-MarkdownHeadingCollapsed"] = True
            cells.append(cell)
    return cells


def _code(cell: NotebookNode, words: Readable, later: list[str]) -> list[NotebookNode]:
    """The cell, and the caption of its figure; nothing for a hidden cell that no one needs."""
    tags = cell.metadata.get("tags", [])
    source, metadata = cell.source.strip(), {}
    if "remove-cell" in tags:
        source = without_assertions(source).replace(GLUE, SAY).strip()
        if not source or not is_needed(source, later):
            return []
        says = "glue(" in source and source != SAY
        title = (
            "Results that the text calls by name" if says else "What later cells need"
        )
        source = f"# @title {title}\n{source}"
        metadata = {"cellView": "form", "jupyter": {"source_hidden": True}}
    elif "hide-input" in tags:
        metadata = {"jupyter": {"source_hidden": True}}
    if "raises-exception" in tags:
        source = f"# This cell fails on purpose. Go on with the next one.\n{source}"
    kept = [t for t in tags if t in ("raises-exception", "starter", "solution")]
    if kept:
        metadata["tags"] = kept
    made = [_cell("code", source, metadata)]
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    if figure.get("caption"):
        label = figure.get("name", "")
        number = f"**{words.labels[label].text}.** " if label in words.labels else ""
        made += _markdown(number + words.text(figure["caption"]))
    return made


def _about(page: Page, words: Readable, home: Repository | None) -> list[NotebookNode]:
    """Where this notebook is from, and how to read the names in its sentences."""
    settings = (ROOT / "_config.yml").read_text("utf8")
    title = re.search(r"^title: (.*)$", settings, re.M)[1].strip()
    where = (
        f"[the page]({home.book}/{page.name}.html)"
        if home and home.book
        else "the page"
    )
    text = (
        f"*From the book “{title}”. The outputs are on {where}; here, run the cells.*"
    )
    if words.named:
        name = min(words.named, key=lambda key: (len(key) < 4, len(key), key))
        text += (
            f" *Results in the text are called by name, such as* `{name}`*: "
            "a folded cell nearby prints them as they come out on your machine.*"
        )
    return [_cell("markdown", text)]


def _sources(words: Readable) -> list[NotebookNode]:
    """What the page cites, in the order in which it does."""
    if not words.cited:
        return []
    lines = [f"- {full_source(words.labels.sources[key])}" for key in words.cited]
    return [_cell("markdown", "## Sources\n\n" + "\n".join(lines))]


def _install(page: Page, home: Repository | None) -> NotebookNode:
    """The first cell: the package and what else the page needs, where it is missing."""
    sources = [cell.source for _, cell in page.code_cells()]
    code = "\n".join(sources)
    extras = [name for name, (sign, _) in EXTRAS.items() if re.search(sign, code, re.M)]
    of_extras = {module for _, modules in EXTRAS.values() for module in modules}
    others = sorted(outside_modules(sources) - of_extras - set(PROVIDED.split()))
    wanted = ["torchbook", *(m for name in extras for m in EXTRAS[name][1]), *others]
    package = "torchbook" + (f"[{','.join(extras)}]" if extras else "")
    lines = [
        "# The book's package, where it is missing: as it was when this page was made.",
        "from importlib.util import find_spec",
        "",
        f"wanted = {wanted}".replace("'", '"'),
        "if not all(map(find_spec, wanted)):",
    ]
    if home:
        rest = "".join(f" {name}" for name in others)
        lines.append(f'    %pip install --quiet "{package} @ {home.requirement}"{rest}')
    else:
        rest = f" {' '.join(others)}" if others else ""
        lines += [
            "    raise ModuleNotFoundError(",
            '        "This notebook needs the package of the book. Get the folder of the book, "',
            f"        'and run: %pip install \"/the/folder/of/the/book{package[9:]}\"{rest}'",
            "    )",
        ]
    return _cell("code", "\n".join(lines))


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the notebooks of the pages.")
    parser.add_argument(
        "--to", type=Path, default=ROOT / "_build/html", metavar="FOLDER"
    )
    options = parser.parse_args()
    try:
        written = write_all(table_of_contents(), options.to, find())
    except BookError as error:
        print(f"The notebooks were not written.\n\n{error}", file=sys.stderr)
        return 1
    print(f"{len(written)} notebooks are in {options.to}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
