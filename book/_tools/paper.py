"""The pages of the built book as one HTML document, for printing: pdf.py prints it."""

from __future__ import annotations

import posixpath
import re
from html import escape
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag
from pages import ROOT

HTML = ROOT / "_build/html"
UNWANTED = (
    ".headerlink, .only-dark, .play-live, script, style, .quiz-check, .quiz-said, .quiz-score, "
    "noscript, .launch-buttons"
)
REFERS = ("for", "aria-labelledby", "aria-describedby")
HEADINGS = re.compile(r"h[1-5]$")


def contents() -> list[tuple[str, list[str]]]:
    """The parts of _toc.yml with their pages; the first has the root page and no name."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))
    parts = [
        (part["caption"], [chapter["file"] for chapter in part["chapters"]])
        for part in toc["parts"]
    ]
    return [("", [toc["root"]]), *parts]


def document(wanted: set[str] | None = None) -> str:
    """One HTML document of all pages, or of those wanted, as it stands at the book's root."""
    parts = [
        (caption, [page for page in pages if wanted is None or page in wanted])
        for caption, pages in contents()
    ]
    parts = [(caption, pages) for caption, pages in parts if pages]
    names = {page for _, pages in parts for page in pages}
    bodies, listing = [], []
    for caption, pages in parts:
        articles = [article(page, names) for page in pages]
        lines = [
            f'<li><a href="#{anchor(page)}">{escape(title(found))}</a></li>'
            for page, found in zip(pages, articles, strict=True)
        ]
        listing.append(f"<h3>{escape(caption)}</h3>" if caption else "")
        listing.append(f"<ul>{''.join(lines)}</ul>")
        if caption:
            bodies.append(f'<h1 class="paper-part">{escape(caption)}</h1>')
        bodies += [str(found) for found in articles]
    return framed("\n".join(listing), "\n".join(bodies))


def framed(listing: str, bodies: str) -> str:
    """The document around the pages: a title, the contents, style and mathematics."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    name, author = escape(config["title"]), escape(config["author"])
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light" data-mode="light">
<head><meta charset="utf-8"><title>{name}</title>
<link rel="stylesheet" href="_static/style/all.css">
<link rel="stylesheet" href="_static/style/paper.css">
<script>window.MathJax = {{options: {{processHtmlClass: "math|output_area"}},
  loader: {{load: ["core", "input/tex", "output/chtml"]}}}};</script>
<script defer src="_static/vendor/mathjax/startup.js"></script></head>
<body><div class="bd-article-container"><article class="bd-article">
<header class="paper-title"><p class="paper-name">{name}</p><p>{author}</p></header>
<nav class="paper-contents"><h1 id="paper-contents">Contents</h1>{listing}</nav>
{bodies}
</article></div></body></html>
"""


def article(page: str, names: set[str]) -> Tag:
    """The text of a page with its names and links made those of the one document."""
    soup = BeautifulSoup((HTML / f"{page}.html").read_text("utf8"), "html.parser")
    found = soup.select_one("article.bd-article")
    for unwanted in found.select(UNWANTED):
        unwanted.decompose()
    for tag in found.find_all(True):
        if HEADINGS.match(tag.name):
            tag.name = f"h{int(tag.name[1]) + 1}"  # the parts are the headings above
        rename(tag, page, names)
    found.name = "section"
    found["class"] = ["paper-page"]
    found["id"] = anchor(page)
    return found


def rename(tag: Tag, page: str, names: set[str]) -> None:
    """Make one element's names, links and images right for the one document."""
    if tag.get("id"):
        tag["id"] = anchor(page, tag["id"])
    for key in REFERS:
        if tag.get(key):
            tag[key] = " ".join(anchor(page, name) for name in tag[key].split())
    if tag.name == "details":
        tag["open"] = ""
    folder = posixpath.dirname(page)
    if tag.name == "img":
        tag["src"] = posixpath.normpath(posixpath.join(folder, tag["src"]))
        tag["loading"] = "eager"
    if tag.name == "a" and tag.get("href"):
        place = destination(tag["href"], page, names)
        if place is None:
            del tag["href"]  # to something that is not on paper: a search, a notebook
        else:
            tag["href"] = place


def destination(href: str, page: str, names: set[str]) -> str | None:
    """Where a link leads in the one document; None for what is not in it."""
    url = urlsplit(href)
    if url.scheme:
        return href
    target = page
    if url.path:
        path = posixpath.join(posixpath.dirname(page), unquote(url.path))
        target = posixpath.normpath(path).removesuffix(".html")
    if target not in names:
        return None
    return f"#{anchor(target, unquote(url.fragment))}"


def anchor(page: str, name: str = "") -> str:
    """The name of a page in the one document, or of a place on that page."""
    return re.sub(r"[^\w.-]", "--", page) + (f"..{name}" if name else "")


def title(found: Tag) -> str:
    """The title of a page, with its number."""
    return found.find("h2").get_text().strip()
