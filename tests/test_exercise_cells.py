"""The exercises as they stand in the pages: starters fail their check, solutions pass it."""

import ast
import importlib
import pkgutil
from functools import cache
from pathlib import Path

import pytest

from torchbook import exercises

BOOK = Path(__file__).parents[1] / "book"
for part in pkgutil.iter_modules(exercises.__path__):
    importlib.import_module(f"torchbook.exercises.{part.name}")


@cache
def tagged_cells(page):
    """The code cells of a page with the tag starter or solution: (tag, source) in order."""
    from myst_nb.core.read import myst_nb_reader_plugin

    notebook = myst_nb_reader_plugin(str(page))
    return [
        (tag, cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for tag in cell.metadata.get("tags", [])
        if tag in ("starter", "solution")
    ]


def pages():
    """Pages with a starter or a solution in them, by their names below book/."""
    texts = {page: page.read_text("utf8") for page in sorted(BOOK.rglob("*.md"))}
    return {
        str(page.relative_to(BOOK).with_suffix("")): page
        for page, text in texts.items()
        if "{code-cell}" in text and ("starter" in text or "solution" in text)
    }


PAGES = pages()


def tags(page):
    return [tag for tag, _ in tagged_cells(page)]


def sources(page, wanted):
    return [source for tag, source in tagged_cells(page) if tag == wanted]


def run(source, namespace):
    """The value of the last expression of a cell, after all before it, as a notebook shows it."""
    tree = ast.parse(source)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr), "the last line of the cell is no expression"
    exec(compile(tree, "<cell>", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)


def checks_called(source):
    """The names of the exercises whose check a cell calls: perceptrons.check_xor(…) → xor."""
    calls = [
        node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)
    ]
    names = [
        f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in calls
    ]
    return [name.removeprefix("check_") for name in names if name.startswith("check_")]


NUMBERED = [
    pytest.param(page, number, id=f"{name}-{number + 1}")
    for name, page in PAGES.items()
    for number in range(len(sources(page, "starter")))
]


def test_there_are_pages_with_exercises():
    assert len(NUMBERED) >= 12


@pytest.mark.parametrize("name", PAGES)
def test_every_starter_is_followed_by_its_solution(name):
    page = PAGES[name]
    assert tags(page) == ["starter", "solution"] * (len(tags(page)) // 2)
    pairs = zip(sources(page, "starter"), sources(page, "solution"), strict=True)
    for starter, solution in pairs:
        assert len(checks_called(starter)) == 1
        assert checks_called(starter) == checks_called(solution)


@pytest.mark.parametrize(("page", "number"), NUMBERED)
def test_a_starter_alone_runs_and_fails_its_check(page, number):
    starter = sources(page, "starter")[number]
    outcome = run(starter, {"__name__": "__main__"})
    assert isinstance(outcome, exercises.Outcome)
    assert not outcome
    assert repr(outcome).startswith(f"✗ {outcome.name}: nothing to check yet")


@pytest.mark.parametrize(("page", "number"), NUMBERED)
def test_a_solution_after_its_starter_passes(page, number):
    namespace = {"__name__": "__main__"}
    run(sources(page, "starter")[number], namespace)
    outcome = run(sources(page, "solution")[number], namespace)
    assert isinstance(outcome, exercises.Outcome)
    assert outcome, repr(outcome)


def test_pages_and_checks_know_each_other():
    called = {
        name
        for page in PAGES.values()
        for _, source in tagged_cells(page)
        for name in checks_called(source)
    }
    assert called == set(exercises.CHECKS)
