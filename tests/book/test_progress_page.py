"""The page that shows what a reader has passed: its list, and the marks that its script makes."""

import json
import re

import pytest
from pages import BOOK
from playwright.sync_api import expect
from progress_page import parts, questions

from torchbook import progress

NAMES = [
    task["name"]
    for part in progress.places()
    for page in part["pages"]
    for task in page["exercises"]
]
REVIEW = "02-perceptrons/review"
PASSED = {
    "as_input": "2026-03-04T05:06:07+00:00",
    "clean": "a day",
    "gone": "2026-01-01",
}


@pytest.fixture
def page(visit):
    tab, faults = visit("progress", "disk")
    tab.wait_for_selector(".progress-tools:not([hidden])")
    yield tab
    assert not faults


def given(page, content, name="progress.json"):
    """Pick a file with this content."""
    file = {"name": name, "mimeType": "application/json", "buffer": content.encode()}
    page.set_input_files("#progress-file", file)


def says(page, text):
    """Wait until the page says this: a browser reads a picked file in its own time."""
    expect(page.locator(".progress-said")).to_have_text(text)


def test_every_exercise_and_review_is_listed(html):
    text = (html / "progress.html").read_text("utf8")
    for name in NAMES:
        assert text.count(f'data-exercise="{name}"') == 1, name
    for review in BOOK.glob("*/review.md"):
        name = review.relative_to(BOOK).with_suffix("").as_posix()
        assert text.count(f'href="{name}.html"') >= 1, name
        keys = " ".join(question.key for question in questions(name))
        assert keys and f'data-questions="{keys}"' in text


def test_every_exercise_leads_to_its_place(html):
    text = (html / "progress.html").read_text("utf8")
    links = re.findall(
        r'<li data-exercise="\w+">.*?href="([^"#]+)#([^"]+)"', text, re.S
    )
    assert len(links) == len(NAMES)
    for page, anchor in links:
        assert f'id="{anchor}"' in (html / page).read_text("utf8"), (page, anchor)


def test_each_part_ends_with_its_own_review():
    for part in parts():
        folders = {page["page"].partition("/")[0] for page in part["pages"]}
        assert {name.partition("/")[0] for name in part["reviews"]} == folders


@pytest.mark.browser
def test_a_file_marks_what_was_passed(page, tmp_path, monkeypatch):
    """The file is the one that the checks write."""
    file = tmp_path / "progress.json"
    monkeypatch.setenv(progress.VARIABLE, str(file))
    progress.note("as_input")
    day = progress.passed(file)["as_input"][:10]
    given(page, file.read_text("utf8"))
    says(page, f"1 of {len(NAMES)} exercises passed.")
    mark = page.locator("[data-exercise=as_input] .progress-mark")
    assert mark.inner_text().strip() == f"✓ {day}"
    page.reload()
    page.wait_for_selector(".is-passed")
    assert page.locator(".is-passed").count() == 1
    page.get_by_role("button", name="Forget it here").click()
    expect(page.locator(".is-passed")).to_have_count(0)


@pytest.mark.browser
def test_names_that_are_gone_count_for_nothing(page):
    given(page, json.dumps({"version": 1, "passed": PASSED}))
    says(page, f"2 of {len(NAMES)} exercises passed.")
    first = page.locator(".progress-part").first
    assert first.locator(".progress-count").inner_text().startswith("(2 of ")


@pytest.mark.browser
@pytest.mark.parametrize(
    "text", ["", "[]", '{"passed": {"a": 1}}', "null", '{"passed": 3}']
)
def test_another_file_is_refused_and_named(page, text):
    given(page, json.dumps({"passed": PASSED}))
    says(page, f"2 of {len(NAMES)} exercises passed.")
    given(page, text, "notes.json")
    says(page, re.compile("^notes.json does not hold what was passed."))
    assert page.locator(".is-passed").count() == 2


@pytest.mark.browser
def test_questions_are_counted_by_what_was_answered_here(page):
    keys = [question.key for question in questions(REVIEW)]
    answers = {
        keys[0]: {"given": [2], "right": True},
        keys[1]: {"given": "1", "right": False},
    }
    page.evaluate("a => localStorage.setItem('torchbook-quiz', a)", json.dumps(answers))
    page.reload()
    page.wait_for_selector(".is-passed")
    marks = page.locator(".is-passed > .progress-mark").all_inner_texts()
    assert [mark.strip() for mark in marks] == [f"✓ 1 of {len(keys)} right"]
