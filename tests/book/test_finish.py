"""What book/_ext/finish.py makes of the theme's pages, and what is left to load."""

import itertools
import re
from pathlib import Path

import finish
import pytest
import styles
from docutils import nodes
from pages import table_of_contents

PAGES = [page.name for page in table_of_contents()]
pages = pytest.mark.parametrize("name", PAGES)


def heading_levels(text: str) -> list[int]:
    article = text[text.index('<article class="bd-article"') :]
    return [int(level) for level in re.findall(r"<h([1-6])\b", article)]


@pages
def test_headings_nest(html, name):
    """A page has one title, and no level is left out on the way down."""
    levels = heading_levels((html / f"{name}.html").read_text("utf8"))
    assert levels[0] == 1 and levels.count(1) == 1
    steps = itertools.pairwise(levels)
    assert all(below <= above + 1 for above, below in steps), f"{name}: {levels}"


@pages
def test_pages_have_a_description(html, name):
    text = (html / f"{name}.html").read_text("utf8")
    found = re.findall(r'<meta name="description" content="([^"]+)"', text)
    assert len(found) == 1
    assert 20 <= len(found[0]) <= 300 and "\\" not in found[0], found


def test_descriptions_tell_pages_apart(html):
    texts = [(html / f"{name}.html").read_text("utf8") for name in PAGES]
    found = [
        re.search(r'name="description" content="([^"]+)"', text)[1] for text in texts
    ]
    assert len(set(found)) == len(found)


@pages
def test_scripts_do_not_hold_up_a_page(html, name):
    """One style sheet and one script of half a kilobyte before the first picture."""
    text = (html / f"{name}.html").read_text("utf8")
    scripts = re.findall(r'<script ([^>]*src="[^"]*")', text)
    waited = [script for script in scripts if "defer" not in script]
    assert len(waited) == 1 and "documentation_options.js" in waited[0], waited
    assert "fontawesome" not in text and "searchindex.js" not in text
    sheets = re.findall(r'<link [^>]*rel="stylesheet"[^>]*>', text)
    assert 1 <= len(sheets) <= 4 and "all.css" in sheets[0], sheets


@pages
def test_images_have_a_size(html, name):
    text = (html / f"{name}.html").read_text("utf8")
    for image in re.findall(r'<img [^>]*_images/[^>]*\.svg"[^>]*>', text):
        assert re.search(r'width="\d+" height="\d+"', image), image


@pages
def test_no_name_is_there_twice(html, name):
    """A link leads to one place, and a label names one field."""
    names = re.findall(
        r'<[^>]* id="([^"]+)"', (html / f"{name}.html").read_text("utf8")
    )
    assert len(names) == len(set(names)), sorted(names)


def test_headers_of_tables_say_something(html):
    for name in PAGES:
        text = (html / f"{name}.html").read_text("utf8")
        assert not finish.EMPTY_HEADER.search(text), name


def test_the_one_style_sheet_finds_its_files(html):
    folder = (html / styles.ALL).parent
    sheet = (html / styles.ALL).read_text("utf8")
    assert "@import" not in sheet
    for _, address in styles.URL.findall(sheet):
        assert (folder / address).resolve().is_file(), address


def test_a_finished_page_stays_as_it_is(html):
    page = html / "02-perceptrons/perceptron.html"
    text = page.read_text("utf8")
    assert finish.finished(text, page) == text


def test_a_description_is_the_first_sentences_that_fit():
    paragraph = nodes.paragraph("", "Why does a step help? " + "A longer reason. " * 20)
    document = nodes.section("", nodes.section("", paragraph))
    words = finish.first_words(document)
    assert words.startswith("Why does a step help? A longer") and words.endswith(".")
    assert len(words) <= finish.LENGTH


def test_an_image_without_a_size_keeps_its_element(tmp_path):
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images/a.svg").write_text('<svg viewBox="0 0 10 10"></svg>')
    (tmp_path / "_images/b.svg").write_text('<svg width="30pt" height="9pt"></svg>')
    text = '<img src="_images/a.svg" /><img src="_images/b.svg" />'
    made = finish.finished(text, tmp_path / "page.html")
    assert '<img src="_images/a.svg" />' in made
    assert '<img loading="lazy" width="40" height="12" src="_images/b.svg" />' in made


def test_styles_are_moved_with_what_they_name(tmp_path):
    """Addresses in a style sheet, and in one that it imports, are seen from the new place."""
    static = tmp_path / "_static"
    (static / "styles").mkdir(parents=True)
    (static / "styles/a.css").write_text(
        '@import "../b.css";p{background:url(../x/y.png)}'
    )
    (static / "b.css").write_text('a{background:url("file.png")} i{cursor:url(data:x)}')
    made = styles.sheet(Path(tmp_path), "_static/styles/a.css")
    assert "url(../file.png)" in made and "url(../x/y.png)" in made
    assert "url(data:x)" in made and "@import" not in made


def test_entries_of_the_bibliography_have_no_withdrawn_role(html):
    text = (html / "bibliography.html").read_text("utf8")
    assert text.count('<div class="citation"') > 100
    assert "doc-biblioentry" not in text and 'role="list"' not in text
