"""The built book opened from disk, and what a reader can do on it there and from a server."""

import re

import pytest
from pages import table_of_contents
from patience import until
from playwright.sync_api import expect

PAGES = [page.name for page in table_of_contents()]
CHAPTER = "02-perceptrons/perceptron"
places = pytest.mark.parametrize("place", ["server", "disk"])
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", PAGES)
def test_page_opens_from_disk(complaints, name):
    """As from a server, on a screen as narrow as a phone's."""
    assert complaints(name, "disk", 390) == []


@places
def test_search_finds_a_page(visit, place):
    """From any page, by keyboard; from a server with words of each page that it found."""
    page, faults = visit(CHAPTER, place)
    page.keyboard.press("Control+k")
    page.keyboard.type("step function")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=step+function")
    found = page.locator("ul.search li a", has_text="perceptron").first
    found.wait_for()  # they come one by one
    if place == "server":
        context = page.locator("ul.search li p.context")
        expect(context.filter(has_text="step").first).to_be_visible()
        words = " ".join(context.all_inner_texts())
        assert "\\(" not in words and "\\[" not in words
    found.click()
    page.wait_for_selector("article h1")
    assert not faults


@places
def test_code_can_be_copied(visit, place):
    page, faults = visit(CHAPTER, place)
    cell = page.locator("div.highlight:has(button.copybtn)").first
    cell.hover()
    cell.locator("button.copybtn").click()
    cell.locator("button.copybtn.success").wait_for()
    page.keyboard.press("Control+k")
    page.keyboard.press("Control+v")
    field = page.locator("#pst-search-dialog input[name=q]")
    code = cell.locator("pre").inner_text()
    expect(field).not_to_have_value("")
    assert field.input_value().split() == code.split()
    assert not faults


@places
def test_buttons_of_the_page_work(visit, place):
    """The notebook comes, the page is printed, it fills the screen and leaves it."""
    page, faults = visit(CHAPTER, place)
    page.evaluate("window.print = () => { document.title = 'printed' }")
    page.locator(".dropdown-download-buttons > button").click()
    page.locator("[data-does=print]").click()
    expect(page).to_have_title("printed")
    page.locator("[data-does=screen]").click()
    page.wait_for_selector(":fullscreen", state="attached")
    page.locator("[data-does=screen]").click()
    page.wait_for_selector(":not(:fullscreen) > body", state="attached")
    page.locator(".dropdown-download-buttons > button").click()
    if place == "server":
        with page.expect_download() as download:
            page.locator(".btn-download-notebook-button").click()
        assert download.value.suggested_filename == "perceptron.ipynb"
    else:  # the file is there already: the browser shows it
        page.locator(".btn-download-notebook-button").click()
        page.wait_for_url("**/perceptron.ipynb")
        expect(page.locator("pre")).to_contain_text('"cells"')
    assert not faults


@places
def test_figures_can_be_played_with(visit, place):
    page, faults = visit("02-perceptrons/perceptron-algorithm", place)
    says = page.locator("figure.playground .play-says").first
    before = says.inner_text()
    page.locator("figure.playground").get_by_role("button", name="Next mistake").click()
    expect(says).not_to_have_text(before)
    expect(says).not_to_have_text("")
    assert not faults


@places
def test_questions_are_answered(visit, place):
    page, faults = visit("02-perceptrons/review", place)
    form = page.locator(".quiz-question").first
    form.locator("input").first.press("Space")
    form.locator(".quiz-check").click()
    expect(form.locator(".quiz-said")).to_have_text(re.compile(r"^(Right|Not yet)\."))
    assert not faults


@places
def test_solutions_and_themes_open(visit, place):
    page, faults = visit(CHAPTER, place)
    solution = page.locator("div.solution.dropdown").first
    code = solution.locator("div.cell_input").first
    assert not code.is_visible()
    solution.locator("button").first.click()
    code.wait_for(state="visible")
    for theme in ("light", "dark", "light"):
        for _ in range(3):
            if page.locator(f"html[data-mode={theme}]").count():
                break
            page.locator(".theme-switch-button").first.click()
        expect(page.locator(f"html[data-theme={theme}]")).to_have_count(1)
    assert not faults


WANTED = {
    *("base-uri", "connect-src", "fetch", "frame-src", "img-src", "object-src"),
    *("script-src", "script-src-attr", "script-src-elem"),
}
ATTEMPTS = """
async () => {
  const refused = window.refused = new Set();
  document.addEventListener('securitypolicyviolation', e => refused.add(e.effectiveDirective));
  const add = (tag, marks) => document.body.append(
    Object.assign(document.createElement(tag), marks));
  add('script', { textContent: 'window.ran = true' });
  add('script', { src: 'https://example.org/a.js' });
  add('img', { src: 'https://example.org/a.png' });
  add('iframe', { src: 'https://example.org/' });
  add('object', { data: 'https://example.org/' });
  add('base', { href: 'https://example.org/' });
  document.body.insertAdjacentHTML('beforeend', '<p onclick="window.ran = true">a</p>');
  document.body.lastChild.click();
  setTimeout('window.ran = true');
  await fetch('https://example.org/').catch(() => refused.add('fetch'));
}
"""


@places
def test_the_policy_refuses_all_else(visit, place):
    """Code and addresses that a page could be made to hold do nothing."""
    page, _ = visit("index", place)
    page.evaluate(ATTEMPTS)
    until(lambda: set(page.evaluate("[...refused]")) >= WANTED)
    assert page.evaluate("window.ran === undefined")
