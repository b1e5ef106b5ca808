"""book/_tools/results.py: what a build put into sentences, and what moved since another."""

import json
import re

import pytest
import results
from nbformat import from_dict
from pages import table_of_contents


def build(values, **other):
    found = {
        "python": "3.12.1",
        "machine": "x",
        "versions": {"torch": "2.8.0", "numpy": "2.3.0"},
        "missing": [],
        "seconds": {page: 10.0 for page in values},
        "results": values,
    }
    return found | other


BEFORE = build({"a/one": {"acc": "91.3%", "time": "12 s", "gone": "1"}})


def output(name, text):
    data = {"application/papermill.record/text/plain": text}
    return {"data": data, "metadata": {"scrapbook": {"name": name}}}


def test_results_are_read_from_the_outputs_of_cells():
    plot = {"data": {"image/svg+xml": "<svg/>"}, "metadata": {}}
    cells = [
        {"outputs": [output("acc", "'91.3%'"), plot, output("n", "1797")]},
        {"outputs": [output("t", "tensor(1.)")]},
        {"cell_type": "markdown"},
    ]
    found = results.glued(from_dict({"cells": cells}))
    assert found == {"acc": "91.3%", "n": "1797", "t": "tensor(1.)"}


@pytest.mark.parametrize(
    ("before", "after", "apart"),
    [
        ("91.3%", "91.3%", 0),
        ("80%", "100%", 0.2),
        ("1,000 of 4", "500 of 4", 0.5),
        ("−0.5", "0.5", 2),
        ("Adam", "SGD", 1),
        ("3 epochs", "3 steps", 1),
        ("0.1 and 0.2", "0.1", 1),
        ("1e-3", "2e-3", 0.5),
    ],
)
def test_how_far_two_results_are_apart(before, after, apart):
    assert results.distance(before, after) == pytest.approx(apart)


def test_what_moved_is_told_with_the_largest_first():
    new = {"a/one": {"acc": "90.0%", "time": "24 s", "come": "2"}}
    after = build(new, versions={"torch": "2.9.0", "numpy": "2.3.0", "new": "1"})
    after |= {"missing": ["b/two"], "seconds": {"a/one": 40.0}}
    told = results.compare(BEFORE, after)
    assert "| torch | 2.8.0 | 2.9.0 |" in told and "| new | – | 1 |" in told
    assert "numpy" not in told
    assert "- `b/two` did not run." in told and "1 of 2 pages" in told
    assert "no longer has the result `gone`" in told and "new result, `come`" in told
    assert told.index("| `a/one` | `time` |") < told.index("| `a/one` | `acc` |")
    assert "| 91.3% | 90.0% | 1.4% |" in told
    assert "- `a/one`: 10.0 s, now 40.0 s." in told


def test_what_moves_on_its_own_is_listed_apart():
    again = build({"a/one": {"acc": "91.3%", "time": "13 s", "gone": "1"}})
    after = build({"a/one": {"acc": "90.0%", "time": "14 s", "gone": "1"}})
    real, noise = results.compare(BEFORE, after, again).split("without an upgrade too")
    assert "`acc`" in real and "`time`" not in real
    assert "`time`" in noise and "`acc`" not in noise


def test_two_builds_that_are_the_same_say_so():
    told = results.compare(BEFORE, BEFORE)
    assert "The same in both builds." in told and "None." in told
    assert "1 of 1 pages with cells ran." in told


def test_a_file_of_another_kind_is_refused(tmp_path, capsys):
    file = tmp_path / "x.json"
    for text in ("", "[]", json.dumps({"results": {}})):
        file.write_text(text)
        with pytest.raises(results.ResultsError, match=r"x\.json"):
            results.read(file)
    assert results.main(["compare", str(file), str(file)]) == 1
    assert "x.json" in capsys.readouterr().err


def test_the_built_book_has_a_value_for_each_result_in_its_sentences(html):
    """None of these pages is missing, and each has the results that its sentences name."""
    pages = table_of_contents()[::9]  # reading all takes half a minute
    found = results.collect(pages)
    assert found["missing"] == []
    assert found["versions"]["torch"]
    for page in pages:
        used = re.findall(r"{glue:text}`([\w.-]+)", page.path.read_text("utf8"))
        assert set(used) <= set(found["results"].get(page.name, {})), page.name
