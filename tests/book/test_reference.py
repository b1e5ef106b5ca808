"""The reference of the package: complete, readable, and linked with the pages both ways."""

import re
from functools import cache
from html import unescape

import api_links
import api_reference
import pytest
from names import definitions, of_file
from pages import BOOK, SOURCE, table_of_contents

PAGES = [page.name for page in table_of_contents()]
REFERENCE = [name for name in PAGES if name.startswith("api/")]


def restructured(text: str, name: str = "torchbook.train.fit", obj=None) -> str:
    lines = text.split("\n")
    api_reference.to_restructured(None, "function", name, obj, None, lines)
    return "\n".join(lines)


def test_every_module_is_in_one_place():
    listed = [
        module
        for page in REFERENCE
        for module in re.findall(
            r"^\.\. automodule:: (\S+)$", (BOOK / f"{page}.md").read_text("utf8"), re.M
        )
    ]
    assert len(set(listed)) == len(listed)
    modules = {of_file(file) for file in (SOURCE / "torchbook").rglob("*.py")}
    wanted = {m for m in modules if any(n[0] != "_" for n in definitions(m))}
    assert set(listed) - modules == set()
    assert wanted - set(listed) - {"torchbook.__main__"} == set()


def test_formulas_of_docstrings_stay_as_they_are():
    text = (
        "With a rate lr,\n\n    w <- w + lr * s * x,\n    b <- b\n\nand N * p_ is w_."
    )
    assert restructured(text) == (
        "With a rate lr,\n\n::\n\n        w <- w + lr * s * x,\n        b <- b\n\n"
        "and N \\* p\\_ is w\\_.\n"
    )


def test_names_between_backticks_become_links_where_the_package_has_them():
    text = restructured("See `evaluate` and\n`Options`, `X @ w`, `epochs` and *this*.")
    assert ":py:obj:`evaluate <torchbook.train.evaluate>`" in text
    assert ":py:obj:`Options <torchbook.engine.options.Options>`" in text
    assert "``X @ w``" in text and "``epochs``" in text and "*this*" in text


def test_a_parameter_is_not_taken_for_a_module_of_its_name():
    def fit(train):
        pass

    assert ":py:obj:" not in restructured("Passes over `train`.", obj=fit)
    assert ":py:obj:`train" in restructured("Passes over `train`.")


def test_lists_of_docstrings_keep_their_items():
    assert restructured("So:\n\n- one `a b`\n  goes on;\n- two.") == (
        "So:\n\n- one \\ ``a b``\\  goes on;\n- two.\n"
    )


def test_source_links_lead_to_the_lines(monkeypatch):
    home = api_reference.repository.Repository(
        "https://github.com", "me/book", "main", "gh-pages", "abc123"
    )
    monkeypatch.setattr(api_reference, "known_repository", lambda: home)
    info = {"module": "torchbook.scratch.perceptron", "fullname": "Run.converged"}
    address = api_reference.source_address("py", info)
    place, first, last = re.fullmatch(r"(.*)#L(\d+)-L(\d+)", address).groups()
    assert place.endswith("me/book/blob/abc123/code/torchbook/scratch/perceptron.py")
    lines = (SOURCE / "torchbook/scratch/perceptron.py").read_text("utf8").split("\n")
    assert lines[int(first) - 1].strip() == "def converged(self) -> bool:"
    assert "return" in lines[int(last) - 1]
    monkeypatch.setattr(api_reference, "known_repository", lambda: None)
    assert api_reference.source_address("py", info) is None


def test_comments_behind_fields_are_what_the_reference_says_of_them():
    said = api_reference.comment("torchbook.engine.options", "Options.channels_last")
    assert said.startswith("pictures in memory as (N, H, W, C)")
    assert api_reference.comment("torchbook.engine.options", "Options.schedule") == ""


def test_links_hold_their_name_and_no_more():
    code = '<span class="n">a</span><span class="o">.</span><span class="n">b</span>\n'
    marked = api_links.mark(code, {0: (3, "torchbook.a.b", "x.html#y")})
    assert marked == (
        '<a class="api-link" href="x.html#y" title="torchbook.a.b">'
        f"{code.strip()}</a>\n"
    )
    assert api_links.mark(code, {0: (2, "torchbook.a", "x.html")}).count("<a") == 1
    inside = '<span class="s">"a.b"</span>'
    assert api_links.mark(inside, {1: (4, "torchbook.a.b", "x.html")}) == inside


@cache
def links(html, name: str) -> list[tuple[str, str, str]]:
    """(address, full name, what is written) of the links in the code of a page."""
    text = (html / f"{name}.html").read_text("utf8")
    found = re.findall(
        r'<a class="api-link" href="([^"]*)" title="([^"]*)">(.*?)</a>', text, re.S
    )
    return [
        (href, full, unescape(re.sub(r"<[^>]*>", "", code)))
        for href, full, code in found
    ]


def test_cells_lead_to_the_reference(html):
    assert (
        "../api/scratch.html#torchbook.scratch.perceptron.predict",
        "torchbook.scratch.perceptron.predict",
        "predict",
    ) in links(html, "02-perceptrons/perceptron")
    for page in table_of_contents():
        for href, full, code in links(html, page.name):
            assert "api/" in href, f"{page.name}: {code} leads to {href}"
            assert full.rpartition(".")[2] in code or "torchbook" in code or " " in code
        if page.runs and "/" in page.name and not page.name.endswith("review"):
            assert links(html, page.name), f"{page.name}: no name of the package"


def test_the_reference_leads_to_pages_that_lead_back(html):
    """Each page named at an object has that object's name in its code, as a link."""
    named = 0
    for page in REFERENCE:
        text = (html / f"{page}.html").read_text("utf8")
        objects = re.split(r'<dt class="sig sig-object py" id="([^"]*)">', text)[1:]
        for name, body in zip(objects[::2], objects[1::2], strict=True):
            sentence = re.search(r'<p class="api-pages">Used in: (.*?)</p>', body, re.S)
            own = body.split("<dl class=")[0] if name.count(".") == 2 else body
            if sentence is None or sentence.start() > len(own):
                continue
            for user in re.findall(r'href="\.\./([^"#]*)\.html"', sentence[1]):
                assert any(full == name for _, full, _ in links(html, user)), (
                    name,
                    user,
                )
                named += 1
    assert named > 300


@pytest.mark.parametrize("page", REFERENCE)
def test_signatures_are_read_not_copied(html, page):
    """No sign of a hint that was not understood, of a machine's path, or of docutils."""
    text = (html / f"{page}.html").read_text("utf8")
    body = text[text.index("<article") : text.index("</article>")]
    for sign in ("~torch", "&lt;factory&gt;", " object at 0x", "system-message"):
        assert sign not in body, f"{page}: {sign}"
