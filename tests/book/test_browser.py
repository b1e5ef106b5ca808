"""The built book in headless Chromium, with the network closed."""

import functools
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pages import BOOK, ROOT, table_of_contents

PAGES = [page.name for page in table_of_contents()]
SHOTS = ROOT / "_build/screenshots"
WIDTHS, THEMES = (1280, 390), ("light", "dark")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
pytestmark = pytest.mark.browser


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
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def visitor(browser, address):
    """Opens a page in a context; the faults it has are in the list that comes with it."""

    def open_page(name, context):
        faults = []

        def route(route, request):
            if request.url.startswith((address, "data:")):
                return route.continue_()
            faults.append(f"asked the network for {request.url}")
            return route.abort()

        def failed(request):
            if request.failure != "net::ERR_ABORTED":  # the page was left, no more
                faults.append(f"failed: {request.url}")

        page = context.new_page()
        page.route("**/*", route)
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on("requestfailed", failed)
        page.on("response", lambda r: r.ok or faults.append(f"{r.status}: {r.url}"))
        page.on(
            "console",
            lambda m: (
                m.type in ("error", "warning") and faults.append(f"console: {m.text}")
            ),
        )
        page.goto(f"{address}/{name}.html", wait_until="load")
        page.wait_for_function(
            "!window.MathJax || MathJax.startup?.promise !== undefined"
        )
        page.evaluate(
            "window.MathJax ? MathJax.startup.promise.then(() => null) : null"
        )
        return page, faults

    return open_page


@pytest.fixture
def visit(browser, visitor):
    """Open a page as a new reader, with nothing remembered."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield lambda name: visitor(name, context)
    context.close()


@pytest.fixture(scope="module")
def contexts(browser):
    """One for each width."""
    return {
        width: browser.new_context(viewport={"width": width, "height": 900})
        for width in WIDTHS
    }


@pytest.fixture(scope="module", params=PAGES)
def opened(request, contexts, visitor):
    """A page of the book: its name, and {width: (page, faults)}; loaded once for its tests."""
    pages = {
        width: visitor(request.param, context) for width, context in contexts.items()
    }
    yield request.param, pages
    for page, _ in pages.values():
        page.close()


def test_page_opens_with_the_network_closed(opened):
    """At two widths and in two themes: no request goes out, no error, nothing sticks out."""
    name, pages = opened
    for width, (page, faults) in pages.items():
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.wait_for_function(f"document.documentElement.dataset.theme=='{theme}'")
            assert not faults, f"{name} at {width} pixels, {theme}: {faults}"
            across = page.evaluate("document.documentElement.scrollWidth")
            assert across <= width, f"{name}: {across} pixels on a screen of {width}"
            file = SHOTS / f"{name.replace('/', '--')}-{width}-{theme}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=file, full_page=True)


def test_mathematics_is_typeset(opened):
    name, pages = opened
    page, _ = pages[1280]
    source = (BOOK / f"{name}.md").read_text("utf8")
    typeset = page.locator("mjx-container").count()
    assert typeset >= len(re.findall(r"^\$\$", source, re.M)) // 2
    assert typeset > 3 or "/" not in name  # every chapter has mathematics
    assert page.locator("mjx-merror").count() == 0
    assert "\\mathbf" not in page.locator("article").inner_text()


# A reader unfolds solutions; a project's solution holds figures.
UNFOLD = """() => document.querySelectorAll(".toggle-hidden").forEach(
  (folded) => folded.classList.remove("toggle-hidden"))"""


@pytest.mark.parametrize("theme", THEMES)
def test_images_are_shown(opened, theme):
    """In each theme exactly the figures of that theme, each loaded, each with its caption."""
    name, pages = opened
    page, _ = pages[1280]
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(f"document.documentElement.dataset.theme == '{theme}'")
    page.evaluate(UNFOLD)
    figures = page.locator("article figure:not(.playground)")
    for n in range(figures.count()):
        figure = figures.nth(n)
        seen = [image for image in figure.locator("img").all() if image.is_visible()]
        assert len(seen) == 1, f"{name}: figure {n} shows {len(seen)} images"
        assert seen[0].evaluate("image => image.complete && image.naturalWidth > 0")
        assert figure.locator("figcaption").is_visible()


CONTRAST = """
() => {
  const light = c => { const [r, g, b] = c.map(v => { v /= 255;
      return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const parse = s => s.match(/[\\d.]+/g).map(Number);
  const behind = e => { for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0.99) return c.slice(0, 3) } return [255, 255, 255] };
  const poor = [];
  for (const e of document.querySelectorAll(
            'p, li, h1, h2, figcaption, a, pre span'.replace(/(^|, )/g, '$1article '))) {
    if (!e.innerText || !e.offsetParent) continue;
    const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(
      [e.tagName, e.className, e.innerText.slice(0, 30), ratio.toFixed(2)]);
  }
  return poor;
}
"""


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(visit, theme):
    """Contrast of at least 4.5 to 1 (WCAG 2, level AA) for text, code and captions."""
    for name in ("index", "02-perceptrons/not-separable", "06-training/training-loop"):
        page, _ = visit(name)
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(f"document.documentElement.dataset.theme == '{theme}'")
        assert page.evaluate(CONTRAST) == [], name


def test_solutions_are_folded_and_open_on_a_click(visit):
    page, _ = visit("02-perceptrons/perceptron")
    solution = page.locator("div.solution.dropdown").first
    code = solution.locator("div.cell_input").first
    assert not code.is_visible()
    solution.locator("button").first.click()
    code.wait_for(state="visible", timeout=3000)


def test_search_finds_a_page(visit):
    page, faults = visit("search")
    page.goto(page.url + "?q=perceptron")
    page.wait_for_selector("ul.search li a", timeout=10_000)
    found = page.locator("ul.search li a").all_inner_texts()
    assert any("perceptron" in text.lower() for text in found)
    assert not faults
