"""Which page needs which: the heads of the pages, the map, and the routes."""

import re
from graphlib import TopologicalSorter

import pytest
import yaml
from pages import BOOK, ROOT, table_of_contents
from prerequisites import NeedsError, is_chapter, read

GRAPH = read(BOOK, ROOT / "_toc.yml")
ROUTES = [
    yaml.safe_load(block)
    for block in re.findall(
        r"^```{route}\n(.*?)^```$", (BOOK / "map.md").read_text("utf8"), re.M | re.S
    )
]
by_chapter = pytest.mark.parametrize("page", GRAPH.needs)
by_route = pytest.mark.parametrize("route", ROUTES, ids=("new", "numpy", "gpu"))


def steps(route) -> list[str]:
    return [page for step in route["pages"] for page in step]


@by_chapter
def test_a_chapter_names_a_few_direct_needs(page):
    """Up to four. Only pages of the first part may stand on nothing."""
    assert len(GRAPH.needs[page]) <= 4
    assert GRAPH.needs[page] or page.startswith("01-")


def test_all_chapters_are_on_the_map_and_nothing_goes_in_circles():
    names = [page.name for page in table_of_contents()]
    assert list(GRAPH.needs) == [name for name in names if is_chapter(name)]
    order = [*TopologicalSorter(GRAPH.needs).static_order()]
    assert set(order) == set(GRAPH.needs)
    for page, needed in GRAPH.needs.items():
        assert all(names.index(name) < names.index(page) for name in needed), page


def test_needs_follow_from_needs(small_book, diamond):
    graph = read(*small_book(diamond))
    assert graph.needs["01-a/end"] == ("01-a/top", "01-a/left", "01-a/right")
    assert graph.all_needed("01-a/end") == ["01-a/top", "01-a/left", "01-a/right"]
    assert graph.essential("01-a/end") == ["01-a/left", "01-a/right"]
    assert graph.essential("01-a/left") == ["01-a/top"]


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("kernelspec: {name: python3}", "01-a/right.md does not say what it needs"),
        ("torchbook: {needs: 01-a/top}", "01-a/right.md does not say what it needs"),
        ("torchbook: {needs: [01-a/tip]}", "01-a/right.md needs '01-a/tip'"),
        ("torchbook: {needs: [01-a/end]}", "01-a/right.md needs '01-a/end'"),
        ("torchbook: {needs: [01-a/right]}", "01-a/right.md needs '01-a/right'"),
        ("torchbook: {needs: [[01-a/top]]}", "01-a/right.md needs ['01-a/top']"),
        ("torchbook: {needs: [01-a/top, 01-a/top]}", "names '01-a/top' twice"),
    ],
)
def test_a_wrong_need_is_refused_with_page_and_entry(small_book, diamond, head, told):
    with pytest.raises(NeedsError, match=re.escape(told)):
        read(*small_book(diamond | {"01-a/right": head}))


def test_a_route_with_a_gap_is_found(small_book, diamond):
    graph = read(*small_book(diamond))
    assert graph.missing(["01-a/top", "01-a/left"]) == []
    assert graph.missing(["01-a/left"], assumed=["01-a/top"]) == []
    assert graph.missing(["01-a/left"]) == ["01-a/left needs 01-a/top first"]
    backwards = graph.missing(["01-a/left", "01-a/top"])
    assert backwards == ["01-a/left needs 01-a/top first"]
    assert graph.missing(["01-a/tip"]) == ["there is no chapter 01-a/tip"]
    assert graph.missing([], assumed=["01-a/tip"]) == ["there is no chapter 01-a/tip"]
    assert graph.missing(["01-a/top"], ["01-a/top"]) == ["01-a/top is known already"]


@by_route
def test_a_route_holds_what_its_pages_need(route):
    assert GRAPH.missing(steps(route), route.get("assumes", [])) == []


@by_route
def test_each_page_of_a_route_has_a_sentence(route):
    for step in route["pages"]:
        for page, why in step.items():
            assert len(why.split()) >= 6 and why.endswith("."), page


@by_route
def test_what_is_assumed_is_needed(route):
    """Else a reader is told to know what the route never uses."""
    assumed = route.get("assumes", [])
    for page in assumed:
        rest = [other for other in assumed if other != page]
        assert GRAPH.missing(steps(route), rest), f"{page} is not used on the route"


def test_there_are_three_routes_and_they_lead_where_they_say():
    new, numpy, gpu = map(steps, ROUTES)
    assert "assumes" not in ROUTES[0] and new[0] == "01-tensors/tensors"
    assert numpy[0] == "01-tensors/tensors" and "09-cnns/first-cnn" in numpy
    assert "06-training/gpu" in gpu and gpu[-1].startswith("10-transfer-learning/")


def test_the_map_is_linked_where_readers_start():
    for name in ("index", "how-to-read"):
        assert "{ref}`sec-map`" in (BOOK / f"{name}.md").read_text("utf8"), name
