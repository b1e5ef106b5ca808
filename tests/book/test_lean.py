"""The style sheet keeps what a page, or a script, may need; and loses the rest."""

import re

import pytest
from lean import lean, names_on

NAMES = {"page", "open", "top"}


def rules(sheet: str) -> str:
    return re.sub(r"\s+", "", lean(sheet, NAMES))


@pytest.mark.parametrize(
    "rule",
    [
        "p{color:red}",
        ".page{color:red}",
        "#top>.page:hover{color:red}",
        ".page:not(.nowhere){color:red}",
        "html[data-theme=dark]{color:red}",
        ".bs-tooltip-start{color:red}",
        'a[href=".nowhere"]{color:red}',
        "@font-face{font-family:Serif}",
        "@keyframesturn{to{top:1px}}",
        "@mediaprint{.page{color:red}}",
        ":root{--c:url(data:image/svg+xml;base64,aGk=)}",
        ".page{margin:.5rem#top}",
    ],
)
def test_a_rule_that_may_apply_stays(rule):
    assert (
        rules(rule.replace("keyframes", "keyframes ").replace("media", "media "))
        == rule
    )


@pytest.mark.parametrize(
    "rule",
    [
        ".nowhere{color:red}",
        "#nowhere p{color:red}",
        ".page .nowhere::before{color:red}",
        ".page.nowhere{color:red}",
        "@media print{.nowhere{color:red}}",
        "/* nothing but words */",
    ],
)
def test_a_rule_for_what_is_nowhere_goes(rule):
    assert rules(rule) == ""


def test_of_several_selectors_those_that_apply_stay():
    assert rules(".nowhere, .page, p.nowhere, b { top: 0 }") == ".page,b{top:0}"


def test_names_come_from_pages_and_from_scripts():
    page = '<p class="one two" id="three">four</p>'
    assert names_on([page], ['e.classList.add("five-six")']) >= {"one", "two", "three"}
    names = names_on([page], ['e.classList.add("five-six")'])
    assert "five-six" in names and "four" not in names


def test_the_book_needs_a_third_of_its_styles(html):
    """And its own classes, some of which scripts alone set, are all still there."""
    sheet = (html / "_static/style/all.css").read_text("utf8")
    assert len(sheet) < 200_000
    for name in (".only-dark", ".term-box", ".sig-line", ".play-picture"):
        assert name in sheet, name
