"""The exercises of a part as an assignment for nbgrader: make assignment PART=02-perceptrons

    python book/_tools/assignment.py PART [--to FOLDER]

writes FOLDER/source/PART/, a notebook for each page with exercises, and one for the project of
the part; and FOLDER/nbgrader_config.py, unless there is one. In each notebook an exercise is
a locked question, a cell with the starter and, between nbgrader's marks, the solution, and
a locked cell that calls the book's own check and is worth a point. `nbgrader
generate_assignment PART` takes the solutions out.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from pathlib import Path

from labels import Labels
from nbformat import NotebookNode, from_dict
from notebooks import notebook
from pages import ROOT, BookError, Page, table_of_contents
from repository import Repository, find

FOLDER = ROOT / "_build/course"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
BEST = 3  # points for a row of a project's rubric that is excellent
RULES = """Put your code in place of the dots, run that cell, and then the one below it.
It says what is right so far, and gives a hint for what is not.
Before your work is graded, the cells with the checks are put back as they were."""
CONFIG = '''"""A course from the exercises of the book. Kept as it is once it is there."""

import os

c = get_config()  # noqa: F821  (nbgrader gives it to this file)
c.CourseDirectory.course_id = "torchbook"
# The starters of the book have dots of their own, and must run: no NotImplementedError.
c.ClearSolutions.code_stub = {"python": "# Your code goes in place of the dots above."}
c.Execute.timeout = 120  # seconds for a cell; a check trains a small network at the most
os.environ["TORCHBOOK_PROGRESS"] = "off"  # what students pass is not the grader's progress
os.environ["OMP_NUM_THREADS"] = "1"
'''


def write(part: str, folder: Path, home: Repository | None) -> list[Path]:
    """Write the assignment of a part. Raises BookError for a part without exercises."""
    pages = [page for page in table_of_contents() if page.runs]
    chosen = [page for page in pages if page.name.startswith(f"{part}/")]
    labels = Labels(table_of_contents())
    made = {page.name.split("/")[1]: of_page(page, labels, home) for page in chosen}
    made = {name: book for name, book in made.items() if book is not None}
    if not made:
        parts = sorted({page.name.split("/")[0] for page in pages if "/" in page.name})
        raise BookError(
            f"There is no part {part!r} with exercises. Wanted one of: {', '.join(parts)}."
        )
    target = folder / "source" / part
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name, book in made.items():
        file = target / f"{'project' if name == 'review' else name}.ipynb"
        file.write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", "utf8")
        written.append(file)
    settings = folder / "nbgrader_config.py"
    if not settings.exists():
        settings.write_text(CONFIG, "utf8")
    return written


def of_page(page: Page, labels: Labels, home: Repository | None) -> NotebookNode | None:
    """The exercises of a page, or the project of a review; None for a page with neither."""
    whole = notebook(page, labels, home)
    asked = exercises(whole.cells)
    if not asked:
        return None
    cells = [whole.cells[0], _text(_head(page, asked, home))]
    for question, starter, solution in asked:
        if starter is None:
            cells += project(question)
        else:
            cells += exercise(question, starter.source, solution.source)
    cells[0].metadata = {}
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number:03}"
    whole.cells, whole.metadata["colab"] = cells, {}
    return whole


def exercises(cells: list[NotebookNode]) -> list[tuple]:
    """(cells of the question, starter, solution) of each; a project has neither of the two."""
    found, question = [], None
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown" and cell.source.startswith("### Exercise"):
            question = [cell]
        elif question is None:
            continue
        elif "starter" in tags:
            found.append((question, cell))
            question = None
        elif cell.source.startswith("#### Solution"):  # and no starter before it
            found.append((question, None))
            question = None
        else:
            question.append(cell)
    solutions = iter(c for c in cells if "solution" in c.metadata.get("tags", []))
    return [(asked, s, None if s is None else next(solutions)) for asked, s in found]


def exercise(question: list, starter: str, solution: str) -> list[NotebookNode]:
    """The cells of an exercise: question, starter with solution, check."""
    start, call = split(starter)
    answer, _ = split(solution)
    name = re.search(r"check_(\w+)\($", call[: call.index("(") + 1])[1]
    # Printed, because nbgrader takes the value of a cell for the points that it earned.
    hint = "assert outcome, outcome  # the hint, where there is one"
    test = f"outcome = {call}\n{hint}\nprint(outcome)"
    imports = "\n".join(_imports(start))
    cells = [_locked(cell, f"{name}-ask-{n}") for n, cell in enumerate(question)]
    mark = {"grade": False, "locked": False, "solution": True}
    cells.append(_code(f"{start}\n\n{BEGIN}\n{answer}\n{END}", f"{name}-answer", mark))
    mark = {"grade": True, "locked": True, "solution": False, "points": 1}
    cells.append(_code(f"{imports}\n\n{test}", f"{name}-check", mark))
    return cells


def split(source: str) -> tuple[str, str]:
    """The code of an exercise's cell without its last expression, and that: the check."""
    last = ast.parse(source).body[-1]
    lines = source.splitlines()
    call = "\n".join(lines[last.lineno - 1 : last.end_lineno])
    return "\n".join(lines[: last.lineno - 1]).strip(), call


def _imports(source: str) -> list[str]:
    """The lines that import checks: the locked cell does not rely on the student's."""
    return [
        ast.unparse(node)
        for node in ast.parse(source).body
        if isinstance(node, ast.ImportFrom) and node.module.startswith("torchbook")
    ]


def project(question: list) -> list[NotebookNode]:
    """A task that a person grades by its rubric; cells of the student follow it."""
    text = "\n\n".join(cell.source for cell in question)
    rows = re.findall(r"^\|(?! *what is judged|-).*\|$", text, re.M)
    cell = _text(text)
    _mark(cell, "project", grade=False, locked=True, solution=False, task=True)
    cell.metadata["nbgrader"]["points"] = BEST * len(rows)
    return [cell, _plain("code", "")]


def _head(page: Page, asked: list, home: Repository | None) -> str:
    """The title, what to do, and where the book says what one needs to know."""
    title = re.search(r"^# (.+)$", page.path.read_text("utf8"), re.M)[1]
    rules = RULES
    if not any(starter for _, starter, _ in asked):
        title, rules = (
            f"{title.split(':')[0]}: project",
            "Answer in cells below the task.",
        )
    where = "the page of this name in the book"
    if home and home.book:
        where = f"[the page in the book]({home.book}/{page.name}.html)"
    return f"# {title}\n\n{rules}\n\nWhat you need to know is on {where}."


def _plain(kind: str, source: str) -> NotebookNode:
    cell = {"cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return from_dict(cell)


def _text(source: str) -> NotebookNode:
    return _plain("markdown", source)


def _code(source: str, name: str, mark: dict) -> NotebookNode:
    cell = _plain("code", source)
    _mark(cell, name, task=False, **mark)
    return cell


def _locked(cell: NotebookNode, name: str) -> NotebookNode:
    """A cell of the question: what it says cannot be changed."""
    copy = _plain(cell.cell_type, cell.source)
    _mark(copy, name, grade=False, locked=True, solution=False, task=False)
    return copy


def _mark(cell: NotebookNode, name: str, **fields) -> None:
    """nbgrader's metadata, version 3 of its schema."""
    cell.metadata["nbgrader"] = {"schema_version": 3, "grade_id": name, **fields}


def main() -> int:
    parser = argparse.ArgumentParser(description="Exercises as an nbgrader assignment.")
    parser.add_argument("part", help="such as 02-perceptrons")
    parser.add_argument("--to", type=Path, default=FOLDER, metavar="FOLDER")
    options = parser.parse_args()
    try:
        written = write(options.part, options.to, find())
    except BookError as error:
        print(f"The assignment was not written. {error}", file=sys.stderr)
        return 1
    for file in written:
        print(f"Written: {file.relative_to(options.to)}")
    print(
        f"In {options.to}, `nbgrader generate_assignment {options.part}` makes of it "
        f"what students get: release/{options.part}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
