"""The pages without a mouse, and on paper."""

from urllib.parse import urljoin

import pytest
from local_server import served
from patience import until

PAGE = "02-perceptrons/perceptron"
pytestmark = pytest.mark.browser


@pytest.fixture
def page(html, browser):
    """A chapter as a new reader opens it on a wide screen."""
    with served(html) as address:
        page = browser.new_page(
            viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
        )
        page.goto(f"{address}/{PAGE}.html")
        yield page
        page.close()


FOCUSED = "document.activeElement"


def test_first_stop_leads_to_the_text(page):
    page.keyboard.press("Tab")
    assert page.evaluate(f"{FOCUSED}.hash") == "#main-content"
    page.keyboard.press("Enter")
    page.wait_for_url("**#main-content")
    page.keyboard.press("Tab")
    assert page.evaluate(f"!!{FOCUSED}.closest('main')")


def test_the_list_of_pages_shows_the_one_that_is_open(page):
    """Also when the reader came from another part, where the list stood elsewhere."""
    for name in ("messages", PAGE, "12-deployment/export"):
        page.goto(urljoin(page.url, f"/{name}.html"))
        until(
            lambda: page.evaluate(
                """() => { const links = document.querySelectorAll('.bd-docs-nav .active');
                const r = links[links.length - 1].getBoundingClientRect();
                return r.top >= 0 && r.bottom <= 900; }"""
            )
        )


def test_every_stop_is_seen(page):
    """Forty stops from the top: each is on the screen and has an outline or a shadow."""
    for n in range(40):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
            const r = e.getBoundingClientRect();
            return [e.outerHTML.slice(0, 90), r.width > 0 && r.height > 0 && r.bottom > 0 &&
                r.top < innerHeight, s.outlineStyle !== 'none' || s.boxShadow !== 'none'] }"""
        )
        assert seen[1] and seen[2], (n, seen)


def test_solution_opens_with_the_keyboard(page):
    solution = page.locator("div.solution.dropdown").first
    button = solution.locator("button").first
    button.focus()
    page.keyboard.press("Enter")
    solution.locator("div.cell_input").first.wait_for(state="visible")


def test_theme_changes_with_the_keyboard(page):
    before = page.evaluate("document.documentElement.dataset.mode")
    page.locator(".theme-switch-button").first.focus()
    page.keyboard.press("Enter")
    until(lambda: page.evaluate("document.documentElement.dataset.mode") != before)


def test_paper_shows_the_text_alone(page):
    """Dark on white even from a dark page, with solutions, without what one clicks."""
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-theme=dark]", state="attached")
    page.emulate_media(color_scheme="dark", media="print")
    for unwanted in ("#pst-primary-sidebar", ".bd-header-article", ".prev-next-footer"):
        assert not page.locator(unwanted).first.is_visible(), unwanted
    colors = page.evaluate(
        """() => [document.body, document.querySelector('article p:not(.needs)')].map(
            (e, i) => getComputedStyle(e)[i ? 'color' : 'backgroundColor'])"""
    )
    assert colors == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    images = page.locator("article figure img")
    shown = [
        image.get_attribute("class") for image in images.all() if image.is_visible()
    ]
    assert shown and not [kind for kind in shown if "only-dark" in (kind or "")]


def test_formulas_are_there_for_a_screen_reader(page):
    """Each typeset formula has MathML beside it; what is drawn is hidden from the reader."""
    page.evaluate("typesetAll()")
    formulas = page.locator("mjx-container").count()
    assert formulas > 3
    assert page.locator("mjx-container > mjx-assistive-mml > math").count() == formulas
    drawn = page.locator("mjx-container > mjx-math[aria-hidden='true']")
    assert drawn.count() == formulas


@pytest.mark.parametrize("name", ["12-deployment/export"])
def test_on_a_phone_the_list_opens_at_the_page(html, tab, name):
    """Of a hundred pages the one that is open is in sight."""
    tab.goto((html / f"{name}.html").as_uri())
    tab.locator(".primary-toggle").first.click()
    link = tab.locator("#pst-primary-sidebar-modal .bd-docs-nav .current.active > a")
    link.wait_for()

    def in_sight():  # the box slides in
        place = link.bounding_box()
        return 0 < place["y"] < tab.viewport_size["height"] - place["height"]

    until(in_sight)
