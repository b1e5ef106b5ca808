"""The map and the boxes of terms, as a reader has them: by pointer, by keyboard, from disk."""

import json
import re

import pytest
from docutils import nodes
from pages import BOOK
from playwright.sync_api import expect
from prerequisites import read
from terms import definition, plain_mathematics

GRAPH = read(BOOK, BOOK.parent / "_toc.yml")
PAGE = "06-training/training-loop"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def meanings(html) -> dict[str, str]:
    """What terms.js holds: the definitions by the anchors of the terms."""
    text = (html / "_static/terms.js").read_text("utf8")
    return json.loads(re.search(r"torchbookTerms = (.*);\s*$", text, re.S)[1])


def test_every_term_of_the_glossary_has_a_meaning_in_plain_text(html, meanings):
    glossary = (html / "glossary.html").read_text("utf8")
    assert set(meanings) == set(re.findall(r'<dt id="(term-[^"]+)"', glossary))
    for anchor, text in meanings.items():
        assert len(text.split()) >= 4 and text[-1] in ".:)", anchor
        assert not re.search(r"[\\${}`<>]|sec-", text), f"{anchor}: {text}"
    assert "1 − ηλ" in meanings["term-weight-decay"]


@pytest.mark.parametrize(
    ("tex", "plain"),
    [
        (r"\max(0, 1 - s z)", "max(0, 1 − s z)"),
        (r"1 / (1 + e^{-z})", "1 / (1 + e^(−z))"),
        (r"\hat y - y", "y\u0302 − y"),
        (r"\nabla L", "∇ L"),
    ],
)
def test_formulas_become_letters(tex, plain):
    assert plain_mathematics(tex) == plain


def test_a_formula_without_letters_is_refused():
    with pytest.raises(ValueError, match="has something for which"):
        plain_mathematics(r"\frac{1}{2}")


def test_a_meaning_has_no_links():
    text = nodes.paragraph("", "A share. It is ", nodes.math("", r"\eta"))
    text += [nodes.Text(". See "), nodes.inline("", "sec-here"), nodes.Text(".")]
    assert definition(nodes.definition("", text)) == "A share. It is η."


def test_only_pages_with_terms_load_the_meanings(html):
    for name, wanted in ((PAGE, 1), ("bibliography", 0)):
        text = (html / f"{name}.html").read_text("utf8")
        for script in ("terms", "term-box"):
            assert len(re.findall(rf"_static/{script}\.js", text)) == wanted, name


@pytest.fixture
def page(html, browser):
    """Opens a page of the built book from disk; an error in a script fails the test."""
    opened, errors = [], []

    def open_page(name, width=1280, **settings):
        size = {"width": width, "height": 900}
        tab = browser.new_page(viewport=size, **settings)
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto((html / f"{name}.html").as_uri())
        opened.append(tab)
        return tab

    yield open_page
    for tab in opened:
        tab.close()
    assert not errors


def link_to(tab, anchor):
    return tab.locator(f'article a.reference[href$="#{anchor}"]').first


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_term_tells_its_meaning_under_the_pointer(page, meanings, theme):
    tab = page(PAGE, color_scheme=theme)
    link, box = link_to(tab, "term-epoch"), tab.get_by_role("tooltip")
    assert box.count() == 0
    link.hover()
    box.wait_for(state="visible")
    expect(box).to_have_text(meanings["term-epoch"])
    assert link.get_attribute("aria-describedby") == box.get_attribute("id")
    box.hover()  # the pointer may move onto the box
    tab.wait_for_timeout(400)
    assert box.is_visible()
    tab.keyboard.press("Escape")
    box.wait_for(state="hidden")
    expect(link).not_to_have_attribute("aria-describedby", re.compile(""))
    link.hover()
    box.wait_for(state="visible")
    tab.mouse.move(2, 2)
    box.wait_for(state="hidden")


def test_a_term_tells_its_meaning_on_focus(page, meanings):
    tab = page(PAGE)
    box = tab.get_by_role("tooltip")
    link_to(tab, "term-epoch").evaluate("link => link.scrollIntoView()")
    before = tab.evaluate_handle(
        """link => { const all = [...document.querySelectorAll('a[href], button')];
                     return all[all.indexOf(link) - 1] }""",
        link_to(tab, "term-epoch").element_handle(),
    )
    before.as_element().focus()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.hash") == "#term-epoch"
    expect(box).to_have_text(meanings["term-epoch"])
    tab.keyboard.press("Escape")
    expect(box).to_be_hidden()
    assert tab.evaluate("document.activeElement.hash") == "#term-epoch"
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Tab")
    expect(box).to_be_visible()
    tab.keyboard.press("Enter")  # the link still leads to the glossary
    tab.wait_for_url("**/glossary.html#term-epoch")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_box_stays_on_the_page_and_does_not_hide_its_link(page, width):
    tab = page(PAGE, width)
    links = tab.locator("article a.reference:has(> .std-term)")
    assert links.count() > 5
    for n in range(0, links.count(), 3):
        if not links.nth(n).is_visible():
            continue
        links.nth(n).hover()
        box = tab.get_by_role("tooltip")
        box.wait_for(state="visible")
        place, link = box.bounding_box(), links.nth(n).bounding_box()
        assert place["x"] >= 0 and place["x"] + place["width"] <= width
        assert place["y"] >= 0
        apart = place["y"] >= link["y"] + 10 or place["y"] + place["height"] <= (
            link["y"] + link["height"]
        )
        assert apart, f"the box covers {links.nth(n).inner_text()}"
        tab.keyboard.press("Escape")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_the_map_marks_what_a_page_builds_on(page):
    """With the pointer and with the Tab key, also what its needs need."""
    tab = page("map")
    chapter = "03-error-functions/log-loss"
    marked = "all => all.map(box => box.dataset.page)"
    box = tab.locator(f'.map-page[data-page="{chapter}"]')
    assert tab.locator(".map .is-needed").count() == 0
    wanted = {chapter, *GRAPH.all_needed(chapter)}
    for reach in (box.hover, box.focus):
        reach()
        expect(tab.locator(".map-page.is-needed")).to_have_count(len(wanted))
        boxes = tab.locator(".map-page.is-needed").evaluate_all(marked)
        assert set(boxes) == wanted
        lines = tab.locator(".map-line.is-needed").evaluate_all(
            "all => all.map(line => line.dataset.from + ' ' + line.dataset.to)"
        )
        assert set(lines) == {f"{n} {p}" for p in wanted for n in GRAPH.essential(p)}
        said = tab.get_by_role("status").inner_text()
        assert said.startswith("Log-loss needs Autograd, Not separable, Discrete to")
        assert f"{len(wanted) - 1} pages" in said
        tab.mouse.move(2, 2)
        box.evaluate("box => box.blur()")
        expect(tab.locator(".map .is-needed")).to_have_count(0)
    box.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"**/{chapter}.html")


def test_a_phone_gets_the_map_as_a_list(page):
    tab = page("map", 390)
    assert not tab.locator("svg.map").is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    items = tab.locator(".map-list > li > ul > li")
    assert items.count() == len(GRAPH.needs)
    assert items.first.is_visible()


def test_the_map_says_the_same_without_scripts(page):
    tab = page("map", java_script_enabled=False)
    assert tab.locator("svg.map").is_visible()
    assert tab.locator(".map-page").count() == len(GRAPH.needs)
