"""Formulas are typeset when a reader comes near them; code that scrolls is found then."""

import pytest
from patience import until
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PAGE = "01-tensors/autograd"
PLACES = ".math"
TYPESET = ".math:has(mjx-container)"
LAST = "article > section > section:last-of-type"
# [near, near and typeset]: what is less than a tenth of a screen away
NEAR = """() => [".math", ".math:has(mjx-container)"].map((places) =>
  [...document.querySelectorAll(places)].filter((place) => {
    const box = place.getBoundingClientRect();
    return box.width > 0 && box.bottom > -79 && box.top < 879;
  }).length)"""
# What happens by itself after ten seconds does not happen.
NO_WAIT = """const after = window.setTimeout;
window.setTimeout = (f, time, ...more) => (time === 10000 ? 0 : after(f, time, ...more));"""


@pytest.fixture
def phone(browser):
    """A page on a phone, on which nothing was done yet; no error of a script but expected."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    tab, faults = context.new_page(), []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    yield tab
    context.close()
    assert faults == []


def opened(tab, html):
    """Open the page and wait until what one sees is typeset."""
    tab.goto((html / f"{PAGE}.html").as_uri())
    tab.locator(TYPESET).first.wait_for()

    def near():
        seen, typeset = tab.evaluate(NEAR)
        return seen == typeset

    until(near)


def all_typeset(tab):
    number = tab.locator(PLACES).count()
    expect(tab.locator(TYPESET)).to_have_count(number)
    return number


def test_formulas_near_the_screen_come_first(phone, html):
    phone.add_init_script(NO_WAIT)
    opened(phone, html)
    seen, typeset = phone.evaluate(NEAR)
    assert seen == typeset > 0
    assert phone.locator(TYPESET).count() < phone.locator(PLACES).count()


@pytest.mark.parametrize("sign", ["scroll", "key"])
def test_the_others_follow_when_the_reader_does_something(phone, html, sign):
    phone.add_init_script(NO_WAIT)
    opened(phone, html)
    if sign == "scroll":
        phone.evaluate("scrollBy(0, 10)")
    else:
        phone.keyboard.press("Shift")
    assert all_typeset(phone) > 15
    assert phone.locator("mjx-merror").count() == 0


def test_the_others_follow_by_themselves(phone, html):
    """Who reads with ears does not scroll."""
    opened(phone, html)
    assert all_typeset(phone) > 15


def test_a_formula_that_one_jumps_to_is_typeset(phone, html):
    phone.add_init_script(NO_WAIT)
    opened(phone, html)
    far = phone.locator(f"{LAST} {PLACES}").first
    far.evaluate("place => place.scrollIntoView()")
    far.locator("mjx-container").wait_for()


def test_paper_does_not_wait(phone, html):
    """The browser prints at once: what is not typeset yet is typeset then."""
    phone.add_init_script(NO_WAIT)
    opened(phone, html)
    phone.evaluate("dispatchEvent(new Event('beforeprint'))")
    left = phone.locator(PLACES).count() - phone.locator(TYPESET).count()
    assert left == 0
    drawn = phone.locator("mjx-container").count()
    assert drawn == phone.locator("mjx-container > mjx-assistive-mml").count()


@pytest.mark.parametrize("missing", ["startup.js", "output/chtml.js"])
def test_without_mathjax_formulas_stay_as_written(browser, html, missing):
    tab = browser.new_page()
    tab.route(f"**/mathjax/{missing}", lambda route: route.abort())
    with tab.expect_event("pageerror") as error:
        tab.goto((html / f"{PAGE}.html").as_uri())
    assert str(error.value).startswith("The mathematics stays as written: no ")
    assert "\\(" in tab.locator(PLACES).first.inner_text()
    tab.close()


def test_code_is_measured_when_it_comes_into_sight(phone, html):
    """To look at far code would lay out the whole page as it opens: the theme did."""
    phone.add_init_script(NO_WAIT)
    opened(phone, html)
    marked = phone.locator("pre[tabindex]")
    before = marked.count()
    assert before < 4
    phone.evaluate("document.body.classList.add('whole')")
    expect(marked).not_to_have_count(before)
    until(
        lambda: phone.evaluate(
            "[...document.querySelectorAll('pre')].filter(e => e.checkVisibility()).every("
            "e => (e.scrollWidth > e.clientWidth) === (e.tabIndex === 0))"
        )
    )


@pytest.mark.parametrize("jump", ["opened", "clicked"])
def test_a_link_into_a_page_ends_where_it_was_meant_to(phone, html, jump):
    """What stands above is typeset and laid out only then, and is taller or shorter after."""
    address = (html / "05-neural-networks/backpropagation.html").as_uri()
    if jump == "opened":
        phone.goto(f"{address}#training-with-it")
    else:
        phone.goto(address)
        phone.evaluate("location.hash = 'training-with-it'")
    all_typeset(phone)
    heading = phone.locator("#training-with-it")
    until(lambda: 0 < heading.bounding_box()["y"] < 120)
    phone.wait_for_timeout(500)
    assert 0 < heading.bounding_box()["y"] < 120  # and stays there
