"""The index of error messages: complete, and found by pasting."""

import re
from html import unescape

import pytest
from messages import words
from pages import BOOK, table_of_contents
from playwright.sync_api import expect

RUNNING = [page for page in table_of_contents() if page.runs]


@pytest.fixture(scope="module")
def lists(html) -> tuple[str, str]:
    """The HTML of the list by message, and of the list by symptom."""
    text = (html / "messages.html").read_text("utf8")
    found = re.findall(r'<ul class="messages">(.*?)</ul>', text, re.S)
    assert len(found) == 3
    return found[0], found[2]  # between them stands the one written by hand


def test_every_error_on_purpose_is_in_the_list(html, lists):
    listed = {
        words(unescape(re.sub(r"<[^>]*>", "", entry)))
        for entry in re.findall(r"<li><p>(<code.*?</code>)</p>", lists[0], re.S)
    }
    for page in RUNNING:
        text = (html / f"{page.name}.html").read_text("utf8")
        blocks = re.findall(
            r'<div class="output traceback[^>]*>.*?<pre>(.*?)</pre>', text, re.S
        )
        wanted = sum(
            "raises-exception" in cell.metadata.get("tags", [])
            for _, cell in page.code_cells()
        )
        assert len(blocks) == wanted, page.name
        for block in blocks:
            assert words(unescape(re.sub(r"<[^>]*>", "", block))) in listed, page.name
    assert len(listed) > 25


def test_every_pitfall_is_in_one_of_the_lists(lists):
    both = words(unescape(re.sub(r"<[^>]*>", "", " ".join(lists))))
    seen = 0
    for page in RUNNING:
        text = (BOOK / f"{page.name}.md").read_text("utf8")
        for title in re.findall(r"^:+\{admonition\} Pitfall: (.*)$", text, re.M):
            assert words(title) in both, f"{page.name}: {title}"
            seen += 1
    places = re.findall(r'href="([^"]*#pitfall-[^"]*)"', " ".join(lists))
    assert len(set(places)) == seen > 150


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("shapes (4x3 and 2x5)", "Shapes (1x784 and 512x10)", True),
        ("got torch.Size([1, 32])", "got torch.Size([7])", True),
        ("no grad", "no graph", False),
    ],
)
def test_numbers_do_not_make_a_message(one, other, same):
    assert (words(one) == words(other)) == same


PASTED = """Traceback (most recent call last):
  File "/home/me/train.py", line 12, in <module>
    out = model(x)
RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x784 and 512x10)
"""


@pytest.mark.browser
def test_a_pasted_message_finds_its_entry(html, tab):
    tab.goto((html / "messages.html").as_uri())
    field, status = tab.get_by_role("textbox", name="Paste"), tab.get_by_role("status")
    shown = tab.locator("ul.messages > li:not([hidden])")
    everything = shown.count()
    expect(status).to_contain_text(f"All {everything} entries")
    field.fill(PASTED)
    expect(shown.first).to_contain_text("cannot be multiplied")
    assert 1 <= shown.count() < everything / 4
    expect(status).to_contain_text(f"{shown.count()} of {everything}")
    field.fill("view size stride")
    expect(shown.first).to_contain_text("view size is not compatible")
    field.fill("IndexError: Target 7 is out of bounds.")
    expect(shown.first).to_contain_text("A label is as large as")
    field.fill("xylophone quark")
    expect(status).to_contain_text("No entry fits")
    assert shown.count() == 0
    tab.keyboard.press("Escape")
    expect(field).to_have_value("")
    expect(shown).to_have_count(everything)


@pytest.mark.browser
def test_the_entry_leads_to_the_pitfall_by_keyboard(html, tab):
    tab.goto((html / "messages.html").as_uri())
    tab.get_by_role("textbox", name="Paste").focus()
    tab.keyboard.type("a view after a transpose")
    expect(tab.locator("ul.messages > li:not([hidden])").first).to_contain_text(
        "a view after a transpose"
    )
    tab.keyboard.press("Tab")
    focused = tab.evaluate("document.activeElement.textContent")
    assert focused == "a view after a transpose"
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/01-tensors/shapes.html#pitfall-a-view-after-a-transpose")
    box = tab.locator("#pitfall-a-view-after-a-transpose")
    assert "read in another order" in box.inner_text()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
