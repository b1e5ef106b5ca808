"""The notebooks beside the pages, read and not run (`make notebooks` runs them)."""

import ast
import re

import nbformat
import pytest
from code_cells import (
    is_needed,
    outside_modules,
    parsed,
    unknown_names,
    without_assertions,
)
from labels import Labels, author_and_year, plain
from notebooks import notebook, write_all
from pages import ROOT, BookError, Page, table_of_contents
from readable import CUT, Readable
from repository import Repository
from run_notebooks import bare_pins

HOME = Repository(
    "https://forge.example",
    "someone/fork",
    "main",
    "site",
    "0123abc",
    "https://b.example",
)
MYST = re.compile(
    r"^[ \t]*[`:]{3,}\{|^:{3,}|\{[a-z][\w:+-]*\}`|^\([\w-]+\)=|^\$\$ *\([\w-]+\)|^:[\w-]+:",
    re.M,
)
PAGES = table_of_contents()
RUNNING = [page.name for page in PAGES if page.runs]
by_page = pytest.mark.parametrize("name", RUNNING)


@pytest.fixture(scope="module")
def labels():
    return Labels(PAGES)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Every notebook, as readers get it: {page: notebook}."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "gone.ipynb").write_text("of a page that is gone")
    write_all(PAGES, folder, HOME)
    assert not (folder / "gone.ipynb").exists()
    return {name: nbformat.read(folder / f"{name}.ipynb", 4) for name in RUNNING}


def sources(notebook, kind: str) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


@by_page
def test_it_is_a_notebook_without_outputs(written, name):
    notebook = written[name]
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    for cell in notebook.cells:
        assert cell.source.strip()
        assert not cell.get("outputs") and cell.get("execution_count") is None
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@by_page
def test_its_text_is_plain_markdown(written, name):
    """No directive, role, label or front matter; fences come in twos."""
    for text in sources(written[name], "markdown"):
        outside = re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.M | re.S)
        left = MYST.search(outside)
        assert left is None, f"{name}: {left[0]!r} in\n{text}"
        assert CUT not in text and "kernelspec:" not in text
        assert text.count("```") % 2 == 0
        assert len(re.findall(r"^\$\$", text, re.M)) % 2 == 0
        assert text.count(r"\tag{") <= text.count("$$") // 2


@by_page
def test_its_first_cell_installs_the_package_at_the_revision(written, name):
    first = written[name].cells[0]
    assert first.cell_type == "code"
    assert re.search(
        r'%pip install --quiet "torchbook(\[[\w,]+\])? @ '
        r'git\+https://forge\.example/someone/fork@0123abc"',
        first.source,
    )


@by_page
def test_its_code_is_python(written, name):
    """Lines of IPython aside, and cells that show a syntax error on purpose."""
    for cell in written[name].cells:
        if cell.cell_type == "code" and "raises-exception" not in cell.metadata.get(
            "tags", []
        ):
            assert parsed(cell.source) is not None, cell.source
            assert "myst_nb" not in cell.source


@by_page
def test_its_cells_have_the_names_that_they_use(written, name):
    cells = [cell for cell in written[name].cells if cell.cell_type == "code"]
    code = [cell.source for cell in cells]
    for number, missing in unknown_names(code).items():
        from_a_file = any("%run " in source for source in code[: number + 1])
        on_purpose = "raises-exception" in cells[number].metadata.get("tags", [])
        assert from_a_file or on_purpose, f"{missing} in\n{code[number]}"


@by_page
def test_results_that_the_text_names_are_printed(written, name):
    """Where a sentence calls a result by its name, a cell of the notebook says that result."""
    page = Page(name)
    named = set(re.findall(r"{glue:text}`([^`:]+)", page.path.read_text("utf8")))
    code = "\n".join(sources(written[name], "code"))
    assert ("def glue(" in code) >= bool(named)
    for key in named:
        literal = re.search(rf'glue\(\s*"{re.escape(key)}"', code)
        made = re.search(
            r'glue\(\s*(?!"[^"]*",|name, value)', code
        )  # in a loop, of parts
        assert literal or made, key


@by_page
def test_hidden_assertions_are_left_out(written, name):
    """They hold for the book's build, on its versions and its data."""
    for cell in written[name].cells:
        if cell.cell_type == "code" and cell.source.startswith("# @title"):
            assert not any(
                isinstance(node, ast.Assert)
                for node in ast.walk(parsed(cell.source) or ast.Module([], []))
            )


@by_page
def test_a_solution_is_folded_and_folds_nothing_else(written, name):
    """What is under a folded heading ends at the next heading of its level or above."""
    notebook, inside = written[name], False
    folded = notebook.metadata.colab.collapsed_sections
    for cell in notebook.cells:
        heading = re.match(r"#{1,4} ", cell.source) and cell.cell_type == "markdown"
        if heading:
            inside = cell.source.startswith("#### Solution")
            assert inside == bool(cell.metadata.get("jp-MarkdownHeadingCollapsed"))
            assert inside == (cell.id in folded)
        if "solution" in cell.metadata.get("tags", []):
            assert inside
        if inside and cell.cell_type == "markdown":
            assert not re.search(r"^#{1,3} ", cell.source, re.M)
    made = Page(name).path.read_text("utf8").count("{solution-start}")
    assert len(folded) == made


def test_numbers_are_those_of_the_book(html, labels):
    """Figures, equations and exercises are called in notebooks what the built book calls them."""
    seen = 0
    for page in PAGES:
        text = (html / f"{page.name}.html").read_text("utf8")
        for number, anchor in re.findall(
            r'class="eqno">(\(.*?\))<a class="headerlink" href="#equation-(.*?)"', text
        ):
            assert labels[anchor].text == number, anchor
            seen += 1
        for anchor, number in re.findall(
            r'<figure[^>]* id="([\w-]+)".*?class="caption-number">(.*?) </span>',
            text,
            re.S,
        ):
            assert labels[anchor].text == number, anchor
            seen += 1
        for anchor, number in re.findall(
            r'class="exercise[^>]* id="([\w-]+)"[^>]*>\s*<p[^>]*>'
            r'<span class="caption-number">(.*?) </span>',
            text,
            re.S,
        ):
            assert labels[anchor].text.split(":")[0] == number, anchor
            seen += 1
    assert seen > 300


def test_the_built_book_has_a_notebook_beside_each_page_with_cells(html):
    found = {
        f.relative_to(html).with_suffix("").as_posix() for f in html.rglob("*.ipynb")
    }
    assert found == set(RUNNING)


@pytest.mark.parametrize(
    ("myst", "markdown"),
    [
        ("Of {glue:text}`tried:.1f` units", "Of `tried` units"),
        (
            "*{glue:text}`told`*",
            "*(Here stands what a folded cell nearby prints as* `told`",
        ),
        ("`{glue:text}` stays", "`{glue:text}` stays"),
        (
            "A {term}`hidden layers <hidden layer>`.",
            "A [hidden layers](https://b.example/glossary.html#term-hidden-layer).",
        ),
        ("See {eq}`eq-perceptron`.", "See (N.1)."),
        ("See {numref}`fig-gates`, left.", "See Fig. N.1, left."),
        (
            "{ref}`sec-tensors`",
            "[*{title}*](https://b.example/01-tensors/tensors.html#sec-tensors)",
        ),
        ("An idea {cite}`mcculloch1943`.", "An idea [McCulloch and Pitts, 1943]."),
        (
            "$$\na \\\\ b\n$$ (eq-xor)",
            "\\begin{aligned}\na \\\\ b\n\\end{aligned}\n\\tag{N.2}",
        ),
        (
            "1. Then\n\n   $$\n   a\n   $$ (eq-xor)\n\n   and b",
            "1. Then\n\n   $$\n   a\n   \\tag{N.2}\n   $$\n\n   and b",
        ),
        ("(sec-here)=\n## Here", "## Here"),
        (
            ":::{admonition} Look\n:class: tip\n\nA\n\nB\n:::",
            "> **Look**\n>\n> A\n>\n> B",
        ),
        ("```{note}\nA\n```", "> **Note**\n>\n> A"),
        ("::::{tab-set}\n:::{tab-item} Mac\nA\n:::\n::::", "**Mac**\n\nA"),
        ("```python\n{ref}`x`\n```", "```python\n{ref}`x`\n```"),
        (
            "```{exercise-start} Why\n:label: ex-implies\n```",
            "### Exercise N.1: If one",
        ),
        (
            "```{literalinclude} ../../code/torchbook/seed.py\n:lines: 1\n```",
            "From `torchbook/seed.py`:\n\n```python\n",
        ),
    ],
)
def test_what_becomes_of_myst(labels, myst, markdown):
    words = Readable(Page("02-perceptrons/perceptron"), labels, HOME)
    if "{title}" in markdown:
        markdown = markdown.replace("{title}", labels["sec-tensors"].text)
    number = labels["eq-perceptron"].text.strip("(").split(".")[0]  # of the page
    assert markdown.replace("N.", f"{number}.") in words.text(myst)


def test_without_an_address_nothing_is_linked(labels):
    words = Readable(Page("02-perceptrons/perceptron"), labels, None)
    assert (
        words.text("{term}`loss`, {ref}`sec-tensors`, {eq}`eq-score`").count("](") == 0
    )


@pytest.mark.parametrize(
    "myst", ["```{unheard-of}\nA\n```", "{unheard-of}`a`", "{cite}`no-one`"]
)
def test_what_has_no_rule_is_named(labels, myst):
    with pytest.raises(BookError, match=r"book/index\.md .*(unheard-of|no-one)"):
        Readable(Page("index"), labels, None).text(myst)


def test_without_an_address_the_first_cell_says_what_to_do(labels):
    first = notebook(Page("12-deployment/production"), labels, None).cells[0].source
    assert (
        "raise ModuleNotFoundError(" in first and "%pip" not in first.split("raise")[0]
    )
    assert '%pip install "/the/folder/of/the/book[export,log]"' in first
    assert parsed(first) is not None


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("assert a == 1", ""),
        ("a = 1\nassert (a ==\n        1)\nglue('a', a)", "a = 1\nglue('a', a)"),
        ("for a in b:\n    assert a\nc = 2", "c = 2"),
        ("for a in b:\n    assert a\n    say(a)", "for a in b:\n    pass\n    say(a)"),
        ("%cd -q {start}\nassert", "%cd -q {start}\nassert"),
    ],
)
def test_assertions_are_cut_out_of_hidden_cells(source, kept):
    assert without_assertions(source) == kept


def test_a_hidden_cell_stays_where_it_acts_or_is_read_later():
    assert is_needed("a = 1", ["b = a + 1"])
    assert is_needed("import os", ["%cd {os.sep}"])
    assert not is_needed("a = 1", ["a = 2"])
    assert is_needed("folder.cleanup()", [])


def test_modules_and_names_are_found():
    assert outside_modules(["import os, httpx\nfrom a.b import c"]) == {"httpx", "a"}
    assert unknown_names(["x = 1\ndef f(y): return x + y + z", "f(w)"]) == {
        0: {"z"},
        1: {"w"},
    }


def test_sources_are_named_by_author_and_year(labels):
    assert author_and_year(labels.sources["minsky1969"]) == "Minsky and Papert, 1969"
    assert (
        plain(r"Computing in Science \& {Engineering}")
        == "Computing in Science & Engineering"
    )


def test_a_bare_runtime_keeps_to_the_pins():
    pins = bare_pins((ROOT / "requirements.txt").read_text("utf8")).splitlines()
    assert any(line.startswith("torch==") for line in pins)
    assert not any("sha256" in line or line.startswith("#") for line in pins)
