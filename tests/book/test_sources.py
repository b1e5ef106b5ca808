"""What the sources of the pages must keep to."""

import ast
import re
import subprocess

import pytest
from pages import BOOK, ROOT, SOURCE, plain_python, table_of_contents
from sphinx.config import Config
from sphinx.directives.code import LiteralIncludeReader

PAGES = table_of_contents()
REVIEWS = [page for page in PAGES if page.name.endswith("/review")]
CHAPTERS = [p for p in PAGES if re.match(r"\d\d-", p.name) and p not in REVIEWS]
RUNNING = [page for page in PAGES if page.runs]
by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
by_chapter = pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.name)
by_running = pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.name)


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def shown(page):
    """The code cells that a reader sees."""
    return [
        (n, cell) for n, cell in page.code_cells() if "remove-cell" not in tags(cell)
    ]


def prose(page) -> list[tuple[int, str]]:
    """(line number, text) of the lines that are sentences: no code, mathematics, or options."""
    text = page.path.read_text("utf8")
    for block in (
        r"\A---\n.*?\n---\n",  # front matter
        r"^```.*?^```$",
        r"^\$\$.*?^\$\$.*?$",
        r"^:::.*$",
        r"^:[\w-]+:.*$",
        r"^\|.*\|$",  # tables hold definitions here, never results
        r"`[^`]*`",
        r"\$[^$]*\$",
    ):
        keep_lines = lambda m: "\n" * m[0].count("\n")  # noqa: E731
        text = re.sub(
            block, keep_lines, text, flags=re.M | re.S if "?" in block else re.M
        )
    return [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]


RESULT = re.compile(
    r"\d+(\.\d+)?\s?(%|percent\b)|\b0?\.\d+\b|\b\d+\.\d+\b|±"
    r"|\b\d+ of (the )?\d+\b"
    r"|\b\d+(,\d{3})*\s+(seconds?|minutes?|s|ms|mistakes|corrections|wrong|right)\b"
)


@by_running
def test_results_in_sentences_come_from_cells(page):
    """A number that looks like a result is glued from a cell, or cited from a source."""
    typed = [
        f"line {n}: {line.strip()}"
        for n, line in prose(page)
        if RESULT.search(re.sub(r"Python 3\.\d+|\b3\.1\d\b", "", line))
        and "{cite}" not in line
    ]
    assert not typed, f"book/{page.name}.md has typed results:\n" + "\n".join(typed)


@pytest.mark.parametrize(
    ("sentence", "is_result"),
    [
        ("After training, 91.3% are right.", True),
        ("The loss ends at 0.35 on new images.", True),
        ("It made 34 mistakes in all.", True),
        ("That took 12 seconds.", True),
        ("The spread is ± a little.", True),
        ("It is right about 93 of 100.", True),
        ("The digits are 8 by 8 pixels.", False),
        ("Take all 64 pixels as inputs.", False),
        ("Ten epochs from a fresh start.", False),
    ],
)
def test_the_search_for_typed_results_finds_them(sentence, is_result):
    assert bool(RESULT.search(sentence)) == is_result


@by_running
def test_cells_are_short(page):
    for number, cell in shown(page):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        where = f"book/{page.name}.md, line {page.line(number)}"
        assert len(lines) <= 20, f"{where}: a cell of {len(lines)} lines"
        longest = max(map(len, lines), default=0)
        assert longest <= 88, (
            f"{where}: a line of {longest} characters does not fit the page"
        )


@by_running
def test_readers_do_not_see_glue(page):
    for number, cell in shown(page):
        assert "glue(" not in cell.source, (
            f"book/{page.name}.md, line {page.line(number)}"
        )


@by_running
def test_figures_have_alt_text_and_a_caption(page):
    """A cell that makes a figure says what the figure shows, in words and not as a kind of plot."""
    for number, cell in shown(page):
        if "plt.subplots" not in cell.source:
            continue
        where = f"book/{page.name}.md, line {page.line(number)}"
        settings = cell.metadata.get("mystnb", {})
        alt = settings.get("image", {}).get("alt", "")
        assert len(alt.split()) >= 8, f"{where}: alt text is missing or says too little"
        assert not re.match(r"(a |the )?(plot|figure|graph|chart)\b", alt, re.I), where
        assert settings.get("figure", {}).get("caption"), f"{where}: no caption"
        assert settings["figure"].get("name", "").startswith("fig-"), (
            f"{where}: no label"
        )


@by_chapter
def test_a_chapter_has_its_parts(page):
    text = page.path.read_text("utf8")
    for heading in ("## Pitfalls", "## Exercises", "## Summary"):
        assert text.count(f"\n{heading}\n") == 1, f"{page.name}: {heading}"
    assert "*Sources.*" in text and "{cite}`" in text
    assert len(re.findall(r"{term}`", text)) >= 3, (
        "terms are linked where they first appear"
    )
    pitfalls = re.findall(r"{admonition} Pitfall: ", text)
    assert len(pitfalls) >= 2
    for word in ("Symptom", "Reason", "Fix"):
        assert text.count(f"*{word}:*") == len(pitfalls), f"{page.name}: {word}"
    exercises = len(re.findall(r"{exercise-start}", text))
    assert 2 <= exercises <= 5
    assert exercises == sum("starter" in tags(c) for _, c in page.code_cells())
    assert exercises == sum("solution" in tags(c) for _, c in page.code_cells())


@by_chapter
def test_a_chapter_is_of_readable_length(page):
    """1,000 to 1,800 words is the aim; a quarter more or less is where it becomes a fault."""
    words = sum(len(line.split()) for _, line in prose(page))
    assert 750 <= words <= 2_250, f"{page.name}: {words} words"


@by_name
def test_one_sentence_a_line(page):
    """So that a change of a sentence is a change of a line."""
    for n, line in prose(page):
        if line.lstrip().startswith(
            ("-", "*", "[", "#", "1.", "2.", "3.", "4.", "5.", "6.")
        ):
            continue
        if page.name == "glossary":
            continue
        ends = re.findall(r"[a-z)][.?!] [A-Z]", line)
        assert not ends, f"book/{page.name}.md, line {n}: {line.strip()}"


@by_name
def test_labels_have_the_kind_in_front(page):
    """Labels hold no numbers of parts or pages, so they survive when pages move."""
    text = page.path.read_text("utf8")
    labels = re.findall(r"^\(([\w-]+)\)=$", text, re.M)
    labels += re.findall(r"^\$\$ \(([\w-]+)\)$", text, re.M)
    labels += re.findall(r"^:label: ([\w-]+)$", text, re.M)
    name = page.name.split("/")[-1]
    if page in REVIEWS:  # one in each part: the only labels with a number in them
        name = f"review-{page.name[:2]}"
        labels.remove(f"sec-{name}")
    if page.name.startswith("api/"):
        name = page.name.replace("/", "-")
    assert f"(sec-{name})=" in text or page.name == "topics"
    for label in labels:
        assert re.fullmatch(r"(sec|eq|ex)-[a-z][a-z0-9-]*", label), label


@by_chapter
def test_the_map_on_the_first_page_leads_to_every_chapter(page):
    text = (BOOK / "index.md").read_text("utf8")
    assert f"{{ref}}`sec-{page.name.split('/')[-1]}`" in text


def test_every_glossary_term_is_unique_and_in_order():
    text = (BOOK / "glossary.md").read_text("utf8")
    terms = re.findall(r"^([^\s:(].*)\n  \S", text, re.M)
    assert len(terms) > 40
    assert terms == sorted(terms, key=str.lower)
    assert len(set(terms)) == len(terms)


def included(page):
    """The file and the lines of each piece of code that a page includes, as Sphinx cuts it."""
    text = page.path.read_text("utf8")
    for file, options in re.findall(
        r"^```{literalinclude} (\S+)\n((?::.*\n)*)", text, re.M
    ):
        chosen = dict(re.findall(r"^:([\w-]+): ?(.*)$", options, re.M))
        chosen["dedent"] = int(chosen["dedent"]) if chosen.get("dedent") else None
        reader = LiteralIncludeReader(str(page.path.parent / file), chosen, Config())
        yield file, reader.read()[0].splitlines()


def test_included_code_fits_the_page():
    seen = 0
    for page in PAGES:
        for file, lines in included(page):
            widest = max(lines, key=len)
            assert len(widest) <= 88, f"{file} is too wide for {page.name}: {widest}"
            seen += 1
    assert seen


def test_cells_are_python():
    """But for lines of IPython, and for cells that show a syntax error on purpose."""
    for page in RUNNING:
        for _, cell in page.code_cells():
            if "raises-exception" not in tags(cell):
                ast.parse(plain_python(cell.source))


def test_dark_colors_match_the_style_sheet():
    """Each color of the style sheet has a dark counterpart, and no other has one."""
    style = (SOURCE / "torchbook/style/book.mplstyle").read_text("utf8")
    light = {f"#{c}" for c in re.findall(r"\b[0-9a-f]{6}\b", style)}
    namespace = {}
    source = (BOOK / "_ext/dark_figures.py").read_text("utf8")
    exec(re.search(r"^DARK = {.*?^}", source, re.M | re.S)[0], namespace)
    assert set(namespace["DARK"]) == light
    from torchbook.plots import COLORS

    assert set(COLORS) <= light


def tracked_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_no_package_index_is_named():
    """Where packages come from is the machine's affair."""
    index = re.compile(
        r"https?://[^\s\"']*(/simple\b|/packages/[0-9a-f]{2}/)|registry\.\w+\.(org|com)"
    )
    for file in tracked_files():
        if file.suffix in {".md", ".py", ".txt", ".toml", ".yml", ".yaml", ".json", ""}:
            text = file.read_text("utf8", errors="replace")
            assert not index.search(text), file


@pytest.mark.parametrize(
    ("file", "groups"),
    [
        ("requirements.txt", ("book", "dev")),
        ("benchmarks/requirements.txt", ("dev", "bench")),
    ],
)
def test_every_pin_has_hashes_and_every_dependency_a_pin(file, groups):
    pins = (ROOT / file).read_text("utf8")
    assert "://" not in pins and "--index" not in pins
    entries = re.split(r"\n(?=\S)", pins)
    pinned = {
        re.match(r"([\w.-]+)==", e)[1].lower()
        for e in entries
        if "==" in e.split("\n")[0]
    }
    for entry in entries:
        if re.match(r"[\w.-]+==", entry):
            assert "--hash=sha256:" in entry, entry.split("\n")[0]
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
    wanted = list(project["project"]["dependencies"])
    for group in groups:
        wanted += project["dependency-groups"][group]
    for requirement in wanted:
        assert re.match(r"[\w.-]+", requirement)[0].lower() in pinned, requirement


def test_no_large_or_generated_files_are_tracked():
    for file in tracked_files():
        if file.is_file():
            assert file.stat().st_size < 2 * 2**20, file
            assert file.suffix not in {".ipynb", ".html", ".pt", ".pyc"}, file


def test_the_readme_is_true_of_the_repository():
    """Its pictures and links are there, its commands are targets, no blank is left to fill."""
    text = (ROOT / "README.md").read_text("utf8")
    assert len(text.splitlines()) < 120
    assert "@@" not in text
    tracked = set(tracked_files())
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert ROOT / target in tracked, target
    makefile = (ROOT / "Makefile").read_text("utf8")
    for name in ("README.md", "CONTRIBUTING.md", "book/how-to-read.md"):
        for target in re.findall(
            r"`?make ([a-z]+)`|^make ([a-z]+)$", (ROOT / name).read_text("utf8")
        ):
            assert re.search(rf"^{''.join(target)}:", makefile, re.M), target
