"""The built HTML, read as files: links, images, and what a page would load."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from dark_figures import COLOR
from pages import BOOK, ROOT, sources, table_of_contents

PAGES = [page.name for page in table_of_contents()]
pages = pytest.mark.parametrize("name", PAGES)


class Reader(HTMLParser):
    """Collects the tags of a page with their attributes."""

    def __init__(self):
        super().__init__()
        self.tags, self.ids = [], set()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self.ids |= {attrs[key] for key in ("id", "name") if attrs.get(key)}


@cache
def read(file: Path) -> Reader:
    reader = Reader()
    reader.feed(file.read_text("utf8"))
    return reader


def tags(file: Path, *names: str):
    return [(tag, attrs) for tag, attrs in read(file).tags if tag in names]


@pages
def test_links_lead_somewhere(html, name):
    """Every link inside the book has its file, and its place in that file."""
    file = html / f"{name}.html"
    for _, attrs in tags(file, "a"):
        url = urlsplit(attrs.get("href", ""))
        if url.scheme or attrs.get("href", "#") in ("#", ""):
            continue
        target = (file.parent / unquote(url.path)).resolve() if url.path else file
        assert target.is_file(), f"{name}: {attrs['href']}"
        if url.fragment and target.suffix == ".html":
            assert unquote(url.fragment) in read(target).ids, f"{name}: {attrs['href']}"


@pages
def test_pages_load_nothing_from_the_network(html, name):
    file = html / f"{name}.html"
    for tag, attrs in tags(
        file, "script", "link", "img", "iframe", "source", "video", "audio"
    ):
        address = attrs.get("src") or (attrs.get("href") if tag == "link" else "") or ""
        if attrs.get("rel") in ("canonical", "author"):
            continue
        assert not urlsplit(address).scheme.startswith("http"), (
            f"{name}: {tag} {address}"
        )
        if address and not address.startswith("data:") and not address.startswith("#"):
            target = (file.parent / unquote(urlsplit(address).path)).resolve()
            assert target.is_file(), f"{name}: {tag} {address} is not there"


@pages
def test_images_say_what_they_show(html, name):
    """Alt text in words; computed figures as SVG, with a twin for dark pages."""
    figures = []
    for _, attrs in tags(html / f"{name}.html", "img"):
        source = attrs["src"]
        if "/_images/" in source or source.startswith("_images/"):
            figures.append((source, attrs))
            assert source.endswith(".svg"), f"{name}: {source}"
            assert len(attrs.get("alt", "").split()) >= 8, f"{name}: {source}"
    twins = {"only-light": 0, "only-dark": 0}
    for source, attrs in figures:
        kinds = [kind for kind in twins if kind in attrs.get("class", "")]
        for kind in kinds:
            twins[kind] += 1
        if not kinds:  # pictures alone, with nothing in the book's colors
            drawing = (html / name).parent.joinpath(source).read_text("utf8")
            assert not COLOR.search(drawing), f"{name}: {source} has no dark twin"
    assert twins["only-light"] == twins["only-dark"]


@pages
def test_pages_are_in_english_and_have_a_title(html, name):
    text = (html / f"{name}.html").read_text("utf8")
    assert '<html lang="en"' in text
    assert re.search(r"<title>\S.*</title>", text, re.S)
    assert (
        len(re.findall(r"<h1>.*?headerlink", text)) == 1
    )  # the theme adds one for print


def test_addresses_are_short(html):
    assert (html / "index.html").is_file() and not (html / "book").exists()
    assert 'http-equiv="Refresh"' not in (html / "index.html").read_text("utf8")


def test_nothing_of_this_machine_is_in_the_pages(html):
    """Neither the folder that it was built in nor a widget without its script."""
    for name in PAGES:
        text = (html / f"{name}.html").read_text("utf8")
        assert str(ROOT) not in text, name
        assert str(Path.home()) not in text, name
        assert "application/vnd.jupyter.widget" not in text, name
        assert "[total-seconds]" not in text, f"{name}: a placeholder was not filled"


def test_the_times_of_the_pages_are_in_the_book(html):
    """The machine, a row for each part with their sum, and a row for each page."""
    text = (html / "this-build.html").read_text("utf8")
    machine, parts, pages = (
        re.findall(r'<tr class="row-(?:even|odd)">(.*?)</tr>', table, re.S)
        for table in re.findall(r"<table.*?</table>", text, re.S)
    )
    running = [page for page in table_of_contents() if page.runs]
    assert len(pages) == len(running) + 1
    *times, whole = [int(re.findall(r">(\d+)<", row)[-1]) for row in parts[1:]]
    assert abs(sum(times) - whole) <= len(parts)
    assert re.search(r"from start to end: \d+ s", text)
    said = re.sub(r"<[^>]+>", " ", "".join(machine))
    for words in ("Sources", "Date", "cores", "Python", "torch 2", "Data"):
        assert words in said, words


def test_glued_numbers_arrived(html):
    """Every number that a page glues and uses stands in its HTML."""
    for page in table_of_contents():
        used = re.findall(r"{glue:text}`", page.path.read_text("utf8"))
        text = (html / f"{page.name}.html").read_text("utf8")
        assert text.count('class="pasted-text"') == len(used), page.name


def test_sources_and_book_agree_on_the_pages(html):
    """No page is missing, and none of an earlier build is left."""
    files = [file.relative_to(html) for file in html.rglob("*.html")]
    built = {f.with_suffix("").as_posix() for f in files if f.parts[0] != "_static"}
    assert built == {*PAGES, "genindex", "search"}
    assert {f.relative_to(BOOK).with_suffix("").as_posix() for f in sources()} == set(
        PAGES
    )
