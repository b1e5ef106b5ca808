"""torchbook.tables: what a terminal shows, what a notebook shows, and what is refused."""

import doctest
import re

import numpy as np
import pytest
import torch

from torchbook import tables
from torchbook.tables import Table

PEOPLE = Table(["name", "height", "n"], [["Ada", 1.75, 3], ["Bo", None, 12]], ["name"])


def test_the_example_in_the_docstring():
    assert doctest.testmod(tables).attempted > 0
    assert doctest.testmod(tables).failed == 0


def test_columns_end_or_begin_below_each_other():
    assert str(PEOPLE) == repr(PEOPLE)
    assert str(PEOPLE).splitlines() == [
        "name  height   n",
        "Ada     1.75   3",
        "Bo            12",
    ]


def test_no_line_ends_in_blanks():
    assert str(Table(["a", "b"], [["x", None], [None, "y"]], ["a", "b"])) == (
        "a  b\nx\n   y"
    )


@pytest.mark.parametrize(("digits", "shown"), [(2, "0.12"), (4, "0.1235")])
def test_floats_show_so_many_digits(digits, shown):
    assert Table(["x"], [[0.123456]], digits=digits).cells() == [["x"], [shown]]


@pytest.mark.parametrize("kind", [torch.tensor, np.array])
def test_a_tensor_or_array_of_one_entry_shows_as_the_number_in_it(kind):
    row = [kind(0.123456), kind([0.123456]), kind([[3]]), kind(True)]
    assert Table("abcd", [row]).cells()[1] == ["0.1235", "0.1235", "3", "True"]
    several = kind([1, 2])
    assert Table("a", [[several]]).cells()[1] == [str(several)]


def test_a_number_of_numpy_shows_as_one_of_python():
    row = [np.float32(0.123456), np.float64(0.123456), np.int64(3)]
    assert Table("abc", [row]).cells()[1] == ["0.1235", "0.1235", "3"]


def test_the_parameter_of_a_model_shows_as_a_number():
    assert Table("a", [[torch.nn.Parameter(torch.tensor(0.5))]]).cells()[1] == ["0.5"]


def test_a_notebook_shows_the_same_and_no_markup_of_others():
    html = Table(["<a>", "b"], [["&", 1]], ["<a>"])._repr_html_()
    assert re.findall(r"<t[hd] [^>]*>(.*?)</t[hd]>", html) == [
        "&lt;a&gt;",
        "b",
        "&amp;",
        "1",
    ]
    assert re.findall("text-align: (left|right)", html) == ["left", "right"] * 2


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"row 1 has 1 entries: wanted 2.* a, b"):
        Table(["a", "b"], [[1, 2], [3]])
