"""What the tests in a browser share: the built book from a server and from disk, its faults,
ways to talk to a figure to play with, and a small book of four chapters.

The network is closed: what is not on this machine goes to a proxy that is not there. The
pages' policy refuses eval, so `page.wait_for_function` fails on them: wait for a selector.
"""

import functools
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import play
import pytest
import yaml
from local_server import MAKE_ALL
from pages import BOOK
from patience import SECONDS

OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--proxy-server=127.0.0.1:9",
)
LOOK = """
async () => {
  const article = document.querySelector('article') || document.body;
  for (const folded of article.querySelectorAll('.toggle-hidden'))
    folded.classList.remove('toggle-hidden'); // a project's solution holds figures
  const figures = [...article.querySelectorAll('figure:not(.playground)')];
  const seen = figures.map(
    f => [...f.querySelectorAll('img')].filter(i => i.checkVisibility()));
  const waiting = seen.flat().filter(i => !i.complete);
  await Promise.all(waiting.map(i => { i.loading = 'eager'; return i.decode() }));
  return {
    across: document.documentElement.scrollWidth,
    shown: seen.map(images => images.length),
    loaded: seen.flat().every(i => i.naturalWidth > 0),
    captions: figures.every(f => f.querySelector('figcaption')?.checkVisibility()),
    typeset: document.querySelectorAll('mjx-container').length,
    refused: document.querySelectorAll('mjx-merror').length,
    raw: article.innerText.includes('\\\\mathbf'),
  };
}
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def address(html):
    """The built book on a loopback port."""
    handler = functools.partial(Quiet, directory=str(html))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=1000 * SECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visitor(browser, address, html):
    """Opens a page in a context; the faults it has are in the list that comes with it."""
    places = {"server": address, "disk": html.as_uri()}

    def open_page(name, context, place="server"):
        faults = []

        def failed(request):
            if request.failure != "net::ERR_ABORTED":  # the page was left, no more
                faults.append(f"failed: {request.url}")

        def asked(request):
            if not request.url.startswith((places[place], "data:")):
                faults.append(f"asked the network for {request.url}")

        def said(message):
            if message.type in ("error", "warning"):
                faults.append(f"console: {message.text}")

        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on("request", asked)
        page.on("requestfailed", failed)
        page.on(
            "response",
            lambda r: r.status < 400 or faults.append(f"{r.status}: {r.url}"),
        )
        page.on("console", said)
        page.goto(f"{places[place]}/{name}.html", wait_until="load")
        page.evaluate(MAKE_ALL)
        return page, faults

    return open_page


@pytest.fixture
def visit(browser, visitor):
    """Open a page as a new reader, with nothing remembered."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield lambda name, place="server": visitor(name, context, place)
    context.close()


@pytest.fixture(scope="session")
def turn():
    """Show a page as readers see it whose system asks for a theme."""

    def turn(page, theme):
        page.emulate_media(color_scheme=theme)
        page.wait_for_selector(f"html[data-theme={theme}]", state="attached")

    return turn


@pytest.fixture(scope="module")
def complaints(browser, visitor, turn):
    """All that is wrong with a page, opened once for both themes: a list of sentences."""
    contexts = {}

    def complaints(name, place, width):
        view = {"width": width, "height": 900}
        if width not in contexts:
            contexts[width] = browser.new_context(viewport=view)
        page, found = visitor(name, contexts[width], place)
        for theme in ("light", "dark"):
            turn(page, theme)
            problems = wrong(page.evaluate(LOOK), name, width)
            found += [f"{theme}: {problem}" for problem in problems]
        page.close()
        return found

    return complaints


def wrong(look, name, width):
    """What LOOK found on a page, as sentences: mathematics, figures of the theme, width."""
    source = (BOOK / f"{name}.md").read_text("utf8")
    least = len(re.findall(r"^\$\$", source, re.M)) // 2
    if name[:1].isdigit():
        least = max(least, 4)  # every chapter has mathematics
    odd = [number for number in look["shown"] if number != 1]
    checks = {
        f"{look['across']} pixels on a screen of {width}": look["across"] > width,
        f"{look['typeset']} formulas, wanted {least}": look["typeset"] < least,
        f"{look['refused']} formulas with an error": look["refused"],
        "TeX in the text": look["raw"],
        f"a figure shows {odd} images, wanted one": odd,
        "an image has not been loaded": not look["loaded"],
        "a figure without its caption": not look["captions"],
    }
    return [problem for problem, is_so in checks.items() if is_so]


@pytest.fixture
def tab(browser):
    """A page of the browser, as wide as a phone; an error in a script fails the test."""
    page, errors = browser.new_page(viewport={"width": 390, "height": 800}), []
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


@pytest.fixture
def diamond() -> dict[str, str]:
    """Four chapters with their heads: the last needs the two in the middle, both the first."""
    return {
        "01-a/top": "torchbook: {needs: []}",
        "01-a/left": "torchbook: {needs: [01-a/top]}",
        "01-a/right": "torchbook: {budget: 40, needs: [01-a/top]}",
        "01-a/end": "torchbook: {needs: [01-a/right, 01-a/top, 01-a/left]}",
    }


@pytest.fixture
def small_book(tmp_path):
    """Writes a book of chapters with these heads, in this order: its folder, its contents."""

    def write(heads):
        book = tmp_path / "book"
        for name, head in heads.items():
            file = book / f"{name}.md"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"---\n{head}\n---\n\n# Page {name}\n\nSome text.\n")
        chapters = [{"file": name} for name in heads]
        toc = {"root": "index", "parts": [{"caption": "Part 1", "chapters": chapters}]}
        (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc))
        return book, tmp_path / "_toc.yml"

    return write
