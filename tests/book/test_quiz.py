"""Quizzes: what the YAML may hold, what becomes of it, and answering it in Chromium by keyboard."""

import re
import warnings
from fractions import Fraction

import pytest
from pages import BOOK
from playwright.sync_api import expect
from quiz_questions import Choices, Number, QuizError, read

QUIZ = """\
- ask: "What is `zeros(3, 1) + zeros(4)`, with $x^2$ entries?"
  choices:
    - text: "`(4,)`"
      why: "Both shapes count: $a_i + b_j$."
    - {text: "`(3, 4)`", right: true, why: A size of 1 is repeated.}
- ask: Which of these are even?
  several: true
  choices:
    - {text: two, right: true, why: Half of it is one.}
    - {text: three, why: Half of it is no whole number.}
    - {text: four, right: true, why: Half of it is two.}
- ask: How much is a third?
  answer: 1/3
  tolerance: 0.01
  unit: parts
  why: One of three.
  usual:
    - {value: 3, why: That is how many thirds there are.}
  otherwise: Divide 1 by 3.
"""


def test_questions_are_read():
    one, several, number = read(QUIZ)
    assert isinstance(one, Choices) and not one.several
    assert [choice.right for choice in one.choices] == [False, True]
    assert several.several and several.choices[1].text == "three"
    assert isinstance(number, Number)
    assert (number.answer, number.tolerance) == (Fraction(1, 3), Fraction(1, 100))
    assert number.usual == ((3, "That is how many thirds there are."),)


def test_texts_stay_as_they_are_written():
    """0.10 and `no` are texts here, not a number and a truth value."""
    row = "- {ask: a, choices: [{text: 0.10, why: b}, {text: no, why: c, right: true}]}"
    assert [choice.text for choice in read(row)[0].choices] == ["0.10", "no"]


def test_a_question_keeps_its_key_until_it_is_changed():
    keys = [question.key for question in read(QUIZ)]
    assert keys == [q.key for q in read(QUIZ.replace("One of three.", "Other words."))]
    assert keys[1] != read(QUIZ.replace("three, why", "five, why"))[1].key
    assert len(set(keys)) == 3


def changed(old, new):
    assert old in QUIZ
    return QUIZ.replace(old, new)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a list of questions"),
        ("ask: a", "a list of questions"),
        ("- a", "question 1 does not begin"),
        ("- ask: a", "question 1 has neither"),
        ("- {ask: a, choices: [{text: b, why: c, right: true}]}", "two choices"),
        (changed("ask: Which of", "ask: Which: of"), "question 2, line 6"),
        (changed("several: true", "several: yes"), "question 2: `several` is 'yes'"),
        (changed("  several: true\n", ""), "question 2 has 2 right choices"),
        (changed("right: true", "right: false"), "question 1 has 0 right choices"),
        (changed(", why: Half of it is two.", ""), "question 2, choice 3: `why`"),
        (changed("four", "two"), "question 2, choice 3 is the same"),
        (changed("unit:", "units:"), "question 3: no such word here: units"),
        (changed("answer: 1/3", "answer: a third"), "question 3: `answer` is 'a third"),
        (changed("answer: 1/3", "answer: 1/0"), "question 3: `answer` is '1/0'"),
        (changed("tolerance: 0.01", "tolerance: -1"), "question 3: a tolerance"),
        (changed("value: 3,", "value: 0.33,"), "question 3, usual number 1 cannot"),
        (changed("  otherwise: Divide 1 by 3.\n", ""), "question 3: `otherwise` is"),
        (QUIZ + QUIZ, "question 4 has been asked before"),
    ],
)
def test_what_is_missing_or_unclear_is_refused(text, told):
    with pytest.raises(QuizError, match=re.escape(told)):
        read(text)


def build(folder, quiz):
    """A book of two pages, one with a quiz; what Sphinx warned of."""
    from sphinx.application import Sphinx

    source, out = folder / "source", folder / "html"
    source.mkdir()
    (source / "index.md").write_text("# Start\n\n```{toctree}\nreview\n```\n")
    (source / "review.md").write_text(f"# Review\n\n```{{quiz}}\n{quiz}```\n")
    settings = {
        "extensions": ["myst_parser", "sphinx.ext.mathjax", "quiz"],
        "myst_enable_extensions": ["dollarmath"],
        "html_theme": "basic",
        "html_static_path": [str(BOOK / "_assets")],
        "mathjax_path": "typeset.js",
        "mathjax3_config": {"tex": {}},  # as in the book, there is one
    }
    log = (folder / "log").open("w+")
    with warnings.catch_warnings(), log:
        warnings.simplefilter("ignore")
        app = Sphinx(
            *(str(source), None, str(out), str(folder / "trees"), "html"),
            confoverrides=settings,
            status=None,
            warning=log,
        )
        app.build()
        log.seek(0)
        told = [line for line in log if "already registered" not in line]  # the second
        return out, "".join(told)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out, log = build(tmp_path_factory.mktemp("quiz"), QUIZ)
    assert log == ""
    return out


def test_only_pages_with_a_quiz_load_its_script_and_style(built):
    for name, wanted in (("index", 0), ("review", 1)):
        text = (built / f"{name}.html").read_text("utf8")
        assert len(re.findall(r'src="_static/quiz\.js', text)) == wanted
        assert len(re.findall(r'href="_static/style/quiz\.css', text)) == wanted


def test_a_quiz_becomes_forms_with_folded_answers(built):
    text = (built / "review.html").read_text("utf8")
    assert text.count('<form class="quiz-question"') == 3
    assert text.count("<fieldset") == text.count("<legend>") == 3
    assert text.count('type="radio"') == 2 and text.count('type="checkbox"') == 3
    assert text.count("<details") == text.count('aria-live="polite"') == 3
    assert not re.search(r"<(details|form)[^>]* (open|style|on\w+)=", text)
    number = re.search(r'data-value="([^"]+)"', text)[1]
    assert float(number) == pytest.approx(1 / 3)


def test_questions_and_choices_may_hold_links(tmp_path):
    """Sphinx wants the parent of a link to be an element of text."""
    linked = """\
- ask: "What is {doc}`index`?"
  choices:
    - {text: "{doc}`The start <index>`", why: "See {doc}`index`.", right: true}
    - {text: "The end", why: "It is the first page."}
"""
    out, log = build(tmp_path, linked)
    assert log == ""
    text = (out / "review.html").read_text("utf8")
    assert text.count('href="index.html"><span class="doc">') == 4


def test_a_fault_stops_the_build_with_page_and_question(tmp_path):
    _, log = build(tmp_path, changed("several: true", "several: maybe"))
    assert "ERROR" in log and "review.md:3" in log
    assert "Quiz of review: question 2: `several` is 'maybe'" in log


def test_a_choice_of_two_paragraphs_is_refused(tmp_path):
    _, log = build(tmp_path, changed("text: three", 'text: "three\\n\\nor so"'))
    assert "Quiz of review: question 2:" in log and "not one paragraph" in log


@pytest.fixture
def page(browser, built):
    """The page as a new reader opens it, from disk; no script error, no request fails."""
    faults, page = [], browser.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    left = "net::ERR_ABORTED"  # the page was left or reloaded before it had all
    page.on("requestfailed", lambda r: r.failure == left or faults.append(r.url))
    page.goto((built / "review.html").as_uri())
    page.wait_for_selector(".quiz-check:visible")
    yield page
    page.close()
    assert faults == []


def form(page, number):
    return page.locator(".quiz-question").nth(number - 1)


def says(page, number, *texts):
    """Wait until all of these stand below a question; no text: nothing stands there."""
    said = form(page, number).locator(".quiz-said")
    if not texts:
        expect(said).to_have_text("")
    for text in texts:
        expect(said).to_contain_text(text)


@pytest.mark.browser
def test_one_choice_by_keyboard(page):
    """Tab to the choices, arrows to choose, Tab to the button: a wrong one, then the right one."""
    form(page, 1).locator("input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    says(page, 1, "Not yet.", "Both shapes count")
    form(page, 1).locator(".quiz-said mjx-container").wait_for()  # of its reason
    page.keyboard.press("ArrowDown")
    says(page, 1)  # another answer is not judged before it is given
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText").startswith("Check")
    page.keyboard.press("Enter")
    says(page, 1, "Right.", "repeated")
    expect(page.locator(".quiz-count")).to_contain_text("1 of 3")


@pytest.mark.browser
def test_several_choices_by_keyboard(page):
    boxes = form(page, 2).locator("input")
    check = form(page, 2).locator(".quiz-check")
    check.press("Enter")
    says(page, 2, "Choose an answer first")
    assert form(page, 2).locator("details").is_hidden()
    boxes.nth(0).press("Space")
    check.press("Enter")
    says(page, 2, "there is more")
    expect(form(page, 2).locator("details")).to_be_visible()
    boxes.nth(1).press("Space")
    check.press("Enter")
    says(page, 2, "no whole number")
    expect(form(page, 2).locator(".quiz-said")).not_to_contain_text("there is more")
    boxes.nth(1).press("Space")
    boxes.nth(2).press("Space")
    check.press("Enter")
    says(page, 2, "Right.", "Half of it is two")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("1/3", "One of three"),
        ("0.33", "One of three"),
        (" 0,34 ", "One of three"),
        ("3", "how many thirds"),
        ("\u22123e0", "Divide 1 by 3"),
        ("0.5", "Divide 1 by 3"),
        ("1/0", "Write a number"),
        ("a third", "Write a number"),
        ("", "Write a number"),
    ],
)
def test_a_number_by_keyboard(page, typed, wanted):
    field = form(page, 3).locator("input")
    field.focus()
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    says(page, 3, wanted)
    said = form(page, 3).locator(".quiz-said").inner_text()
    assert said.startswith("Right.") == (wanted == "One of three")


@pytest.mark.browser
def test_answers_stay_until_one_starts_again(page):
    form(page, 2).locator("input").nth(1).check()
    form(page, 2).locator(".quiz-check").click()
    form(page, 3).locator("input").fill("1/3")
    form(page, 3).locator(".quiz-check").click()
    says(page, 3, "Right.")
    page.reload()
    page.wait_for_selector(".quiz-check:visible")
    expect(form(page, 2).locator("input").nth(1)).to_be_checked()
    says(page, 2, "Not yet.")
    expect(form(page, 3).locator("input")).to_have_value("1/3")
    expect(page.locator(".quiz-count")).to_contain_text("1 of 3")
    page.get_by_role("button", name="Start again").press("Enter")
    says(page, 2)
    says(page, 3)
    expect(form(page, 2).locator("input").nth(1)).not_to_be_checked()
    page.reload()
    page.wait_for_selector(".quiz-check:visible")
    expect(form(page, 3).locator("input")).to_have_value("")


@pytest.mark.browser
def test_controls_have_names_and_groups(page):
    for number, role, name in ((1, "radio", "(3, 4)"), (2, "checkbox", "four")):
        assert form(page, number).get_by_role(role, name=name).count() == 1
    assert page.get_by_role("textbox", name="Your answer (parts)").count() == 1
    groups = page.get_by_role("group", name=re.compile("^Question 2. Which of these"))
    assert groups.count() == 1
    assert page.get_by_role("button", name="Check question 3").count() == 1


@pytest.mark.browser
def test_without_a_script_the_answers_unfold(browser, built):
    page = browser.new_page(java_script_enabled=False)
    page.goto((built / "review.html").as_uri())
    details = page.locator("details").nth(1)
    assert page.locator(".quiz-check:visible").count() == 0
    assert not details.locator("li").first.is_visible()
    details.locator("summary").press("Enter")
    assert details.locator("li").first.is_visible()
    assert "Half of it is no whole number" in details.inner_text()
    page.close()
