"""The content security policy of the pages, and how much they make a reader load."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import icons
import offline
import pytest
from pages import table_of_contents
from policy import PolicyError, hash_of, inline_scripts, with_policy

PAGES = [page.name for page in table_of_contents()]
PAGE = """\
<html><head>
<meta charset="utf-8" />
<script>one()</script>
<script src="a.js"></script>
</head><body>
<article class="bd-article">
<p>a &lt; b, onclick=x</p>
<script type="application/json">{"a": 1}</script>
</article>
<script type="module">two()</script>
</body></html>
"""


class Reader(HTMLParser):
    """The tags of a page in their order with their attributes, and the code of its scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.code, self.inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        data = attrs.get("type", "") not in ("", "module", "text/javascript")
        self.inside = tag == "script" and "src" not in attrs and not data

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.code.append(data)


def rules(text):
    """{directive: [what it allows]} of a page's policy."""
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    parts = (rule.split() for rule in policy.split(";"))
    return {name: allowed for name, *allowed in parts}


def test_the_policy_stands_first_and_names_each_inline_script():
    text = with_policy(PAGE)
    assert text.index("Content-Security") < text.index("<script")
    assert inline_scripts(PAGE) == ["one()", "two()"]
    allowed = rules(text)["script-src"]
    assert set(allowed) == {"'self'", "file:", hash_of("one()"), hash_of("two()")}
    assert with_policy(text) == text


def test_a_hash_is_that_of_browsers():
    """The example of the specification."""
    code = "alert('Hello, world.');"
    assert hash_of(code) == "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<p>", '<p onclick="x()">', "onclick on"),
        ("<p>", "<script>x()</script><p>", "an inline script in the text, 'x()'"),
        ('<meta charset="utf-8" />', "", "no <meta charset>"),
    ],
)
def test_what_the_policy_would_refuse_stops_the_build(old, new, told):
    with pytest.raises(PolicyError, match=re.escape(told)):
        with_policy(PAGE.replace(old, new))


@pytest.mark.parametrize("name", [*PAGES, "genindex", "search"])
def test_pages_allow_only_the_book(html, name):
    text = (html / f"{name}.html").read_text("utf8")
    page, allowed = Reader(text), rules(text)
    metas = [attrs for tag, attrs in page.tags if tag == "meta"]
    assert metas[1].get("http-equiv") == "Content-Security-Policy"
    first = next(n for n, (tag, _) in enumerate(page.tags) if tag in ("script", "link"))
    assert first > page.tags.index(("meta", metas[1]))
    hashes = {
        f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
        for code in page.code
    }
    assert set(allowed.pop("script-src")) == {"'self'", "file:", *hashes}
    assert "'unsafe-inline'" in allowed.pop("style-src")  # MathJax writes a style sheet
    for directive, sources in allowed.items():
        assert set(sources) <= {"'self'", "file:", "data:", "'none'"}, directive
    assert allowed["default-src"] == allowed["object-src"] == ["'none'"]
    for tag, attrs in page.tags:
        assert not any(key.startswith("on") for key in attrs), (tag, attrs)
        assert not str(attrs.get("href")).startswith("javascript:"), attrs


def test_scripts_of_a_feature_stay_on_pages_that_have_it(html):
    """The index of search is a third of a megabyte: search alone loads it."""
    for name in [*PAGES, "search"]:
        text = (html / f"{name}.html").read_text("utf8")
        head, body = text.split("</head>")
        for file, mark in offline.FOR_SOME.items():
            assert (f"{file}" in head) == (mark in body), f"{name}: {file}"
        assert "fontawesome.js" not in text and "thebe" not in text.lower(), name


def test_the_font_holds_the_icons_of_the_pages(html):
    """Each icon that a page names has its character there, and few others do."""
    from fontTools.ttLib import TTFont

    static = html / "_static"
    style = (static / icons.STYLE).read_text("utf8")
    font = TTFont(static / icons.FONTS / f"{icons.SOLID}.woff")
    there = set(font.getBestCmap())
    rules = {
        name: int(code, 16)
        for names, code in icons.RULE.findall(style)
        for name in re.findall(r"\.(fa-[\w-]+):", names)
    }
    for name in PAGES:
        used = icons.names_in((html / f"{name}.html").read_text("utf8"))
        for icon in used - {"fa-solid", "fa-lg"}:
            assert rules[icon] in there, f"{name}: {icon}"
    brands = {0xF09B, 0xF296}  # for links to forges, which the book writes out
    assert icons.codes_in(style) - there <= brands and len(there) < 60
    assert "OFL" in (static / icons.FONTS / "LICENSE").read_text("utf8")
    assert "Awesome" not in font["name"].getBestFullName()


def test_pages_are_light(html):
    """Bytes of scripts and styles that a page asks for, and of all that is served."""
    for name in PAGES:
        file, size = html / f"{name}.html", 0
        for tag, attrs in Reader(file.read_text("utf8")).tags:
            address = attrs.get("src" if tag == "script" else "href") or ""
            wanted = tag == "script" or attrs.get("rel") == "stylesheet"
            if wanted and address and "mathjax" not in address:
                size += (file.parent / address.split("?")[0]).stat().st_size
        assert size < 800_000, f"{name}: {size} bytes of scripts and styles"
    served = sum(f.stat().st_size for f in (html / "_static").rglob("*") if f.is_file())
    assert served < 4_000_000
