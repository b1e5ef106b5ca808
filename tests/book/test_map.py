"""The map of the book, the routes, and the line below a title: what Sphinx makes of them."""

import re
import warnings
from io import StringIO
from itertools import pairwise
from xml.etree import ElementTree

import needs_picture
import pytest
from needs_picture import HIGH, TOTAL, WIDE
from pages import BOOK, ROOT
from prerequisites import read, short_name
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

GRAPH = read(BOOK, ROOT / "_toc.yml")
PICTURE = needs_picture.draw(GRAPH, lambda page: f"{page}.html", 'A "map" & more')


def test_the_picture_has_a_link_for_each_page_and_a_line_for_each_need():
    svg = ElementTree.fromstring(PICTURE)
    assert svg.get("aria-label") == 'A "map" & more'
    boxes = svg.findall("a")
    assert [a.get("href") for a in boxes] == [f"{page}.html" for page in GRAPH.needs]
    for a in boxes:
        assert tuple(a.get("data-needs").split()) == GRAPH.needs[a.get("data-page")]
    drawn = {(p.get("data-from"), p.get("data-to")) for p in svg.findall("path")}
    assert drawn == {(n, p) for p in GRAPH.needs for n in GRAPH.essential(p)}
    assert " style=" not in PICTURE and " id=" not in PICTURE
    assert not re.search(r"#[0-9a-f]{3,6}\b|\bon\w+=", PICTURE)


def test_boxes_do_not_touch_and_lines_lead_on():
    boxes, _, height = needs_picture.place(GRAPH)
    places = {(box.left, box.top) for box in boxes.values()}
    assert len(places) == len(boxes)
    tops = sorted({box.top for box in boxes.values()})
    assert all(b - a >= HIGH + 16 for a, b in pairwise(tops))
    for page, box in boxes.items():
        assert 0 < box.left <= TOTAL - WIDE and box.bottom < height
        for needed in GRAPH.needs[page]:
            start = boxes[needed]
            assert (start.row, start.column) < (box.row, box.column)


def test_names_on_the_map_are_short_and_differ():
    names = [short_name(page) for page in GRAPH.needs]
    assert max(map(len, names)) <= 23  # what fits a box
    assert len(set(names)) == len(names)
    assert short_name("09-cnns/first-cnn") == "First CNN"
    assert short_name("03-error-functions/log-loss") == "Log-loss"


@pytest.fixture
def complaints(small_book, tmp_path):
    """Builds those chapters and an index with some text, in plain Sphinx: what it said."""

    def build(heads, extra: str) -> str:
        book, _ = small_book(heads)
        toc = "\n".join(["```{toctree}", *heads, "```"])
        (book / "index.md").write_text(f"# Book\n\n{extra}\n\n{toc}\n")
        settings = {
            "extensions": ["myst_parser", "needs"],
            "html_theme": "basic",
            "html_static_path": [str(BOOK / "_assets")],
            "nitpicky": True,
        }
        places = (str(book), None, str(tmp_path / "out"), str(tmp_path / "trees"))
        log = StringIO()
        options = {"confoverrides": settings, "status": None, "warning": log}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                Sphinx(*places, "html", **options).build()
            except ExtensionError as error:
                return str(error)
        return log.getvalue()

    return build


GOOD = """```{map}
```
```{map} list
```
```{route}
assumes: [01-a/top]
pages:
  - 01-a/left: "Here is *why* one goes there."
```
"""


def test_pages_say_below_the_title_what_they_need(complaints, diamond, tmp_path):
    assert complaints(diamond | {"01-a/review": "a: b"}, GOOD) == ""
    out = tmp_path / "out"
    line = {}
    for name in ("top", "left", "end", "review"):
        text = (out / f"01-a/{name}.html").read_text("utf8")
        line[name] = re.search(r'</h1>\s*<p class="needs">(.*?)</p>', text, re.S)[1]
        assert "map.js" not in text
    assert "no other page" in line["top"] and "about 0 words" in line["top"]
    assert 'href="top.html"' in line["left"] and "Page 01-a/top" in line["left"]
    assert line["end"].count("<a ") == 3
    assert "the pages of this part" in line["review"]
    index = (out / "index.html").read_text("utf8")
    assert index.count('class="map-page"') == 4 and "map.js" in index
    assert 'href="01-a/end.html"' in index and "<em>why</em>" in index
    assert re.search(r"Taken as known: .*Page 01-a/top.*</p>", index)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("assumes: [01-a/top]\n", ""), "Route of index: 01-a/left needs"),
        (GOOD.replace("01-a/left", "01-a/lift"), "no chapter 01-a/lift"),
        (GOOD.replace("pages:", "page:"), "A route is YAML with `pages`"),
        (GOOD.replace("{map} list", "{map} table"), "not 'table'"),
    ],
)
def test_a_wrong_route_or_map_stops_the_build(complaints, diamond, text, told):
    assert told in complaints(diamond, text)


def test_a_wrong_need_stops_the_build(complaints, diamond):
    heads = diamond | {"01-a/left": "torchbook: {needs: [01-a/tip]}"}
    assert "book/01-a/left.md needs '01-a/tip'" in complaints(heads, "")


@pytest.mark.parametrize("page", GRAPH.needs)
def test_the_built_page_links_what_it_needs(html, page):
    text = (html / f"{page}.html").read_text("utf8")
    line = re.search(r'</h1>\s*<p class="needs">(.*?)</p>', text, re.S)[1]
    links = re.findall(r'href="([^"]+)\.html"', line)
    here = (html / page).parent
    targets = [(here / link).resolve().relative_to(html.resolve()) for link in links]
    assert tuple(target.as_posix() for target in targets) == GRAPH.needs[page]
