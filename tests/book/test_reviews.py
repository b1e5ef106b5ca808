"""The page at the end of each part: questions, and a project with a rubric and a solution."""

import re

import pytest
from pages import table_of_contents
from quiz_questions import Choices, Number, read

REVIEWS = [page for page in table_of_contents() if page.name.endswith("/review")]
by_review = pytest.mark.parametrize("page", REVIEWS, ids=lambda page: page.name)


def text(page) -> str:
    return page.path.read_text("utf8")


def questions(page):
    return read(re.search(r"^```{quiz}\n(.*?)^```$", text(page), re.M | re.S)[1])


def test_a_review_is_the_last_page_of_its_part():
    names = [page.name for page in table_of_contents()]
    for page in REVIEWS:
        part = [name for name in names if name.startswith(page.name[:3])]
        assert part[-1] == page.name


@by_review
def test_the_head_names_the_part(page):
    number = int(page.name[:2])
    assert f"(sec-review-{number:02})=\n# Part {number}: check yourself\n" in text(page)
    assert page.budget <= 25


@by_review
def test_a_quiz_has_six_to_eight_questions_of_more_than_one_kind(page):
    asked = questions(page)
    assert 6 <= len(asked) <= 8
    assert sum(isinstance(question, Number) for question in asked) >= 1
    for question in asked:
        if isinstance(question, Number):
            assert question.usual, f"no usual wrong number: {question.ask}"
        else:
            assert len(question.choices) >= 3, question.ask


@by_review
def test_the_right_choice_is_not_always_in_the_same_place(page):
    ticked = [q for q in questions(page) if isinstance(q, Choices) and not q.several]
    places = [[c.right for c in question.choices].index(True) for question in ticked]
    assert max(places.count(place) for place in places) <= (len(places) + 1) // 2


@by_review
def test_reasons_are_sentences(page):
    for question in questions(page):
        reasons = (
            [question.why, question.otherwise, *(why for _, why in question.usual)]
            if isinstance(question, Number)
            else [choice.why for choice in question.choices]
        )
        for why in reasons:
            assert len(why.split()) >= 5 and why[-1] in ".?", why


@by_review
def test_a_project_has_steps_a_rubric_and_a_solution(page):
    whole = text(page)
    start, solution = "{exercise-start}", "{solution-start} ex-project-"
    assert whole.count(start) == whole.count(solution) == 1
    task = whole[whole.index(start) : whole.index("{exercise-end}")]
    assert len(re.findall(r"^\d\. ", task, re.M)) >= 4
    heading = "| what is judged | enough | good | excellent |"
    rows = re.findall(r"^\|.*\|$", task[task.index(heading) :], re.M)
    assert len(rows) >= 2 + 4
    rest = whole[whole.index(solution) :]
    assert ":class: dropdown" in rest and rest.count("{code-cell}") >= 3
