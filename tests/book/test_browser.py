"""The built book in headless Chromium, with the network closed."""

import pytest
from pages import table_of_contents
from patience import until

PAGES = [page.name for page in table_of_contents()]
THEMES = ("light", "dark")
pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", PAGES)
def test_page_opens_from_a_server(complaints, name):
    """No request fails or goes out, nothing sticks out, mathematics and figures are there."""
    assert complaints(name, "server", 1280) == []


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
def test_text_can_be_read(visit, turn, theme):
    """Contrast of at least 4.5 to 1 (WCAG 2, level AA) for text, code and captions."""
    for name in ("index", "02-perceptrons/not-separable", "06-training/training-loop"):
        page, _ = visit(name)
        turn(page, theme)
        assert page.evaluate(CONTRAST) == [], name


def test_solutions_are_folded_and_open_on_a_click(visit):
    page, _ = visit("02-perceptrons/perceptron")
    solution = page.locator("div.solution.dropdown").first
    code = solution.locator("div.cell_input").first
    assert not code.is_visible()
    solution.locator("button").first.click()
    code.wait_for(state="visible")


def addresses(links) -> list[str]:
    return links.evaluate_all("all => all.map(link => link.href)")


@pytest.mark.parametrize(
    ("query", "place"),
    [
        (
            "binary cross-entropy",
            "02-perceptrons/not-separable.html#equation-eq-log-loss",
        ),
        ("momentum update", "07-optimizers/momentum.html#equation-eq-momentum"),
        (
            "Fréchet distance",
            "11-gans/drawing-digits.html#equation-eq-frechet-distance",
        ),
    ],
)
def test_search_leads_to_a_formula_by_its_name(visit, query, place):
    page, faults = visit("search")
    page.goto(f"{page.url}?q={query}")
    found = page.locator("ul.search li > a")
    until(lambda: found.count() >= 3 or place in "".join(addresses(found)))
    leads = addresses(found)[:3]
    hits = [n for n, address in enumerate(leads) if address.endswith(place)]
    assert hits, leads
    assert query in found.nth(hits[0]).inner_text()
    found.nth(hits[0]).click()
    page.wait_for_url(f"**/{place}")
    page.locator(f"[id='{place.partition('#')[2]}']").wait_for()
    assert not faults
