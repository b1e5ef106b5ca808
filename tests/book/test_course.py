"""book/_ext/course.py: the weeks of a course, and the link for a class."""

import re
from urllib.parse import parse_qs, urlsplit

import course
import notebooks
import prerequisites
import pytest
from pages import BOOK, ROOT, table_of_contents
from repository import Repository

PAGES = table_of_contents()
NAMES = [page.name for page in PAGES]
HOME = Repository("https://github.com", "someone/fork", "main", "site", "0123abc")
ONE, TWO = "01-tensors/tensors", "02-perceptrons/perceptron"


def plan(*weeks):
    return "\n".join(f"- {{about: x, pages: [{', '.join(w)}]}}" for w in weeks)


def written_plan():
    text = (BOOK / "instructors.md").read_text("utf8")
    block = re.search(r"^```{course-plan}\n(.*?)^```$", text, re.M | re.S)[1]
    return course.read_plan(block, NAMES)


def test_the_plan_of_the_book_is_for_a_term_of_even_weeks():
    weeks = written_plan()
    assert 12 <= len(weeks) <= 14
    assert all(3 <= len(week["pages"]) <= 5 for week in weeks)
    parts = {page[:2] for week in weeks for page in week["pages"]}
    assert parts == {name[:2] for name in NAMES if name[:2].isdigit()}


def test_the_shorter_plan_leaves_out_nothing_that_the_rest_needs():
    text = (BOOK / "instructors.md").read_text("utf8")
    (line,) = re.findall(r"^\*\*In twelve weeks\*\*.*$", text, re.M)
    left_out = re.findall(r"{doc}`/([\w/-]+)`", line)
    planned = [page for week in written_plan()[:-1] for page in week["pages"]]
    kept = [page for page in planned if page not in left_out]
    assert len(left_out) >= 3 and len(kept) == len(planned) - len(left_out)
    needs = prerequisites.read(BOOK, ROOT / "_toc.yml")
    assert needs.missing(kept) == []


def test_a_row_has_the_pages_their_exercises_and_the_projects_of_parts_that_end():
    weeks = course.read_plan(plan([ONE], [TWO]), NAMES)
    table = course.plan_table(weeks, NAMES)
    rows = table.splitlines()[2:4]
    assert f"{{doc}}`/{ONE}`" in rows[0] and "</01-tensors/review>" in rows[0]
    assert "| 3 | {doc}`part 2 </02-perceptrons/review>` |" in rows[1]
    assert "In no week" in table and "{doc}`/12-deployment/export`" in table
    assert "review`;" not in table.splitlines()[-1]


def test_a_part_without_a_project_has_none_in_its_row():
    names = [name for name in NAMES if not name.endswith("/review")]
    assert "review" not in course.plan_table(
        course.read_plan(plan([ONE]), names), names
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pages: []", "a list of weeks"),
        ("- {pages: []}", "week 1"),
        (plan([ONE], ["02-perceptrons/none"]), "no page '02-perceptrons/none'"),
        (plan([ONE], [ONE]), "twice"),
        (plan([TWO], [ONE]), "order"),
    ],
)
def test_a_plan_that_is_wrong_is_refused_with_a_reason(text, told):
    with pytest.raises(ValueError, match=told):
        course.read_plan(text, NAMES)


def test_the_link_for_a_class_opens_the_notebook_of_the_fork():
    link = urlsplit(course.class_link(HOME, TWO, "https://hub.school.example"))
    assert link.hostname == "hub.school.example"
    assert link.path == "/hub/user-redirect/git-pull"
    assert parse_qs(link.query) == {
        "repo": ["https://github.com/someone/fork"],
        "branch": ["site"],
        "urlpath": [f"lab/tree/fork/{TWO}.ipynb"],
    }


def test_a_hub_gets_all_that_a_notebook_would_install():
    told = course.hub_packages(HOME)
    assert HOME.requirement in told
    extras = re.search(r"torchbook\[([\w,]+)\]", told)[1].split(",")
    assert set(notebooks.EXTRAS) <= set(extras)
    sources = [
        cell.source for page in PAGES if page.runs for _, cell in page.code_cells()
    ]
    modules = {m for _, of_extra in notebooks.EXTRAS.values() for m in of_extra}
    others = notebooks.outside_modules(sources) - modules
    assert others - set(notebooks.PROVIDED.split()) <= set(told.split())


def test_the_page_shows_the_plan_and_the_link(html):
    page = (html / "instructors.html").read_text("utf8")
    assert page.count('href="02-perceptrons/perceptron.html"') >= 2
    assert "/hub/user-redirect/git-pull?repo=" in page
    assert 'href="02-perceptrons/review.html"' in page
