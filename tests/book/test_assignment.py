"""book/_tools/assignment.py: what it writes is what nbgrader takes, and it grades as it should.

nbgrader is not installed here; SCHEMA is that of its cell metadata, version 3.
"""

import re

import assignment
import nbformat
import pytest
from pages import BookError, table_of_contents
from repository import Repository

HOME = Repository("https://forge.example", "a/b", "main", "s", "0", "https://b.example")
PART = "02-perceptrons"
SCHEMA = {
    "schema_version": int,
    "grade": bool,
    "locked": bool,
    "solution": bool,
    "task": bool,
    "grade_id": str,
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """{name: notebook} of the assignment of a part."""
    folder = tmp_path_factory.mktemp("course")
    files = assignment.write(PART, folder, HOME)
    assert {file.parent for file in files} == {folder / "source" / PART}
    return {file.stem: nbformat.read(file, 4) for file in files}


def marked(notebook):
    return [cell for cell in notebook.cells if "nbgrader" in cell.metadata]


def test_there_is_a_notebook_for_each_page_with_exercises_and_one_for_the_project(
    written,
):
    pages = [page.name for page in table_of_contents()]
    chapters = [page.split("/")[1] for page in pages if page.startswith(f"{PART}/")]
    assert set(written) == {*chapters, "project"} - {"review"}
    for notebook in written.values():
        nbformat.validate(notebook)


def test_the_metadata_fits_the_schema_of_nbgrader(written):
    for notebook in written.values():
        names = [cell.metadata.nbgrader["grade_id"] for cell in marked(notebook)]
        assert len(set(names)) == len(names)
        for cell in marked(notebook):
            mark = dict(cell.metadata.nbgrader)
            points = mark.pop("points", None)
            assert {key: type(value) for key, value in mark.items()} == SCHEMA
            assert mark["schema_version"] == 3
            assert re.fullmatch(r"[\w-]+", mark["grade_id"], re.A)
            assert (points is not None) == (mark["grade"] or mark["task"])
            assert points is None or points > 0
            # text is graded as a task, or as an answer: never as a test
            assert cell.cell_type == "code" or not mark["grade"]
            # the value of a test would be taken for its points
            assert not mark["grade"] or cell.source.endswith("\nprint(outcome)")


def test_only_answers_can_be_changed_and_only_they_hold_solutions(written):
    for notebook in written.values():
        for cell in notebook.cells:
            mark = cell.metadata.get("nbgrader", {})
            has_solution = assignment.BEGIN in cell.source
            assert has_solution == bool(mark.get("solution"))
            if mark:
                assert mark["locked"] != mark["solution"]
            if has_solution:
                assert cell.source.index(assignment.BEGIN) < cell.source.index(
                    assignment.END
                )


def run(notebook, sources):
    """{exercise: what its check says}, with these sources in place of the answers."""
    outcomes = {}
    for cell in marked(notebook):
        mark, space = cell.metadata.nbgrader, {}
        name = mark["grade_id"].rsplit("-", 1)[0]
        if mark["solution"]:
            answer = sources(cell.source)
        elif mark["grade"]:
            try:
                exec(f"{answer}\n{cell.source}", space)
                outcomes[name] = ""
            except AssertionError as error:
                outcomes[name] = str(error)
    return outcomes


def released(source):
    """What nbgrader makes of an answer: the stub in place of the solution."""
    region = rf"{assignment.BEGIN}.*{assignment.END}"
    return re.sub(region, "# Your code goes here.", source, flags=re.S)


def test_the_solutions_get_every_point_and_the_starters_none(written):
    for name, notebook in written.items():
        if name == "project":
            continue
        solved, untouched = run(notebook, str), run(notebook, released)
        assert solved and set(solved.values()) == {""}, name
        assert all("nothing to check yet" in said for said in untouched.values()), name


def test_a_wrong_answer_gets_a_hint_and_no_point(written):
    wrong = run(written["perceptron"], lambda source: source.replace("1.5", "2.5"))
    assert wrong["implies"] == "" and "Hint:" in wrong["majority"]


def test_the_project_is_a_task_with_points_for_each_row_of_its_rubric(written):
    (task,) = marked(written["project"])
    assert task.metadata.nbgrader["points"] == 5 * assignment.BEST
    assert "| what is judged |" in task.source
    assert "def ten_units" not in str(written["project"]), "the solution is not in it"


def test_links_lead_to_the_published_pages(written):
    head = written["perceptron"].cells[1].source
    assert "(https://b.example/02-perceptrons/perceptron.html)" in head


def test_settings_of_a_course_are_kept(tmp_path):
    settings = tmp_path / "nbgrader_config.py"
    settings.write_text("mine")
    assignment.write(PART, tmp_path, None)
    assert settings.read_text() == "mine"


@pytest.mark.parametrize("part", ["", "2", "13-none", "02-perceptrons/perceptron"])
def test_a_part_that_is_not_there_is_refused(tmp_path, part):
    with pytest.raises(BookError, match="02-perceptrons"):
        assignment.write(part, tmp_path, None)
