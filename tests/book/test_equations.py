"""Formulas have names, and the search finds them by name."""

import re

import pytest
from equation_names import load
from pages import table_of_contents
from sphinx.errors import ExtensionError


def labels() -> dict[str, str]:
    """{label: page} of the equations of the book."""
    return {
        label: page.name
        for page in table_of_contents()
        for label in re.findall(
            r"^\$\$ \(([\w-]+)\)$", page.path.read_text("utf8"), re.M
        )
    }


def test_every_labelled_equation_has_a_name_and_every_name_an_equation():
    there, named = set(labels()), set(load())
    assert there - named == set(), "add names for these to book/equations.yml"
    assert named - there == set(), "book/equations.yml names equations that are gone"
    assert len(there) > 100


def test_names_stand_in_the_order_of_the_pages():
    assert list(load()) == sorted(load(), key=list(labels()).index)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("eq-a: [one]\neq-b: [one]", "eq-a and eq-b are both 'one'"),
        ("eq-a: one", "eq-a: wanted a list"),
    ],
)
def test_wrong_names_are_refused(tmp_path, monkeypatch, text, what):
    file = tmp_path / "equations.yml"
    file.write_text(text)
    monkeypatch.setattr("equation_names.FILE", file)
    with pytest.raises(ExtensionError, match=re.escape(what)):
        load()
