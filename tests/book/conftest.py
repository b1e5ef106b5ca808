"""What the tests of the figures to play with share: a browser, and ways to talk to a figure."""

import play
import pytest

OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]


@pytest.fixture(scope="module")
def play_browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def tab(play_browser):
    """A page of the browser, as wide as a phone; an error in a script fails the test."""
    page, errors = play_browser.new_page(viewport={"width": 390, "height": 800}), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert not errors


@pytest.fixture
def calls(tab):
    """Results of a function of a figure for a list of arguments, in one go."""

    def calls(name, function, arguments):
        if tab.evaluate("typeof torchbookPlay") == "undefined":
            play.open_figure(tab, name)
        return tab.evaluate(
            "([name, f, all]) => all.map(a => torchbookPlay.figures[name][f](...a))",
            [name, function, arguments],
        )

    return calls


@pytest.fixture
def call(calls):
    """The result of a function of a figure: call("descent", "walk", …)."""
    return lambda name, function, *arguments: calls(name, function, [arguments])[0]
