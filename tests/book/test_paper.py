"""The book as one document for paper, and the PDF that is printed from it."""

import re

import paper
import pdf
import pytest
from bs4 import BeautifulSoup
from pages import table_of_contents

SOME = {"index", "02-perceptrons/perceptron", "03-error-functions/review", "glossary"}


@pytest.fixture(scope="module")
def text(html):
    return paper.document(SOME)


@pytest.fixture(scope="module")
def soup(text):
    return BeautifulSoup(text, "html.parser")


@pytest.mark.parametrize(
    "href, wanted",
    [
        ("#why", "#02-perceptrons--perceptron..why"),
        ("../index.html", "#index"),
        ("../glossary.html#term-loss", "#glossary..term-loss"),
        ("not-separable.html", None),
        ("../search.html", None),
        ("perceptron.ipynb", None),
        ("https://doi.org/10.1/x", "https://doi.org/10.1/x"),
    ],
)
def test_where_links_lead(href, wanted):
    assert paper.destination(href, "02-perceptrons/perceptron", SOME) == wanted


def test_every_link_within_has_its_place(soup):
    places = {tag["id"] for tag in soup.find_all(id=True)}
    links = [a["href"][1:] for a in soup.find_all("a", href=re.compile("^#"))]
    assert len(links) > 20 and set(links) <= places
    assert {paper.anchor(page) for page in SOME} <= set(links)


def test_no_name_is_there_twice(soup):
    places = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(places) == len(set(places))


def test_parts_are_above_pages(soup):
    assert [h.get_text() for h in soup.select("h1.paper-part")] == [
        caption for caption, pages in paper.contents() if caption and SOME & set(pages)
    ]
    assert len(soup.select("section.paper-page h2")) >= len(SOME)
    assert not soup.select("section.paper-page h1")


def test_images_are_there_and_made_for_a_light_page(soup, html):
    images = [image["src"] for image in soup.find_all("img")]
    assert images and all((html / source).is_file() for source in images)
    assert not [source for source in images if "-dark" in source]


def test_all_pages_are_in_the_contents():
    listed = [page for _, pages in paper.contents() for page in pages]
    assert listed == [page.name for page in table_of_contents()]


@pytest.mark.browser
def test_links_of_the_pdf_go_to_the_right_page(html, chromium, tmp_path):
    """Each entry of the contents leads to the paper page on which that title stands."""
    pypdf = pytest.importorskip("pypdf")
    file = pdf.print_book(SOME, tmp_path / "book.pdf")
    reader = pypdf.PdfReader(file)
    words = [squeezed(page.extract_text()) for page in reader.pages]
    contents = next(i for i, page in enumerate(words) if page.startswith("Contents"))
    led = [destination(reader, link) for link in links(reader.pages[contents])]
    titles = [
        BeautifulSoup(str(paper.article(page, SOME)), "html.parser")
        .find("h2")
        .get_text()
        for _, pages in paper.contents()
        for page in pages
        if page in SOME
    ]
    assert len(led) == len(titles)
    for number, title in zip(led, titles, strict=True):
        assert squeezed(title) in words[number], f"{title}: paper page {number + 1}"
    assert not any("\\mathbf" in page for page in words)
    held = file.read_bytes()
    assert held.count(b"/ObjStm") > 1, "it is not packed"
    assert b"/DCTDecode" not in held, "a shadow became a picture as large as its box"


def squeezed(text: str) -> str:
    """Without spaces, which a PDF does not keep."""
    return re.sub(r"\s+", "", text)


def links(page) -> list:
    """The links of a paper page to places in the document, from top to bottom."""
    found = [note.get_object() for note in page.get("/Annots", [])]
    return [note for note in found if "/Dest" in note or "/A" in note]


def destination(reader, link) -> int:
    """The number of the paper page that a link leads to."""
    name = link.get("/Dest") or link["/A"]["/D"]
    place = reader.named_destinations[str(name)] if isinstance(name, str) else name
    page = place.page if hasattr(place, "page") else place[0]
    return reader.get_page_number(page.get_object())
