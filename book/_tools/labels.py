"""What the labels of the pages name: numbers as the built book has them, titles, sources.

Sphinx knows these only while it builds; the notebooks need them as words.
"""

from __future__ import annotations

import re
from codecs import decode
from dataclasses import dataclass
from functools import cached_property

import latexcodec  # noqa: F401  (registers the codec "ulatex"; pybtex needs it too)
import yaml
from pages import BOOK, ROOT, Page
from pybtex.database import Entry, parse_file

LABEL = re.compile(r"^\(([\w-]+)\)=\n+#+ (.+)$", re.M)
EQUATION = re.compile(r"^[ \t]*\$\$[ \t]*\(([\w:-]+)\)[ \t]*$", re.M)
EXERCISE = re.compile(r"^[`:]{3,}\{exercise(?:-start)?\}[ \t]*(.*)\n((?::.*\n)*)", re.M)
FIGURE = re.compile(r"^[`:]{3,}\{(?:figure|playground)\}.*\n((?::.*\n)*)", re.M)


@dataclass(frozen=True)
class Target:
    """One label: the page it is on, what to call it, and its place in that page's HTML."""

    page: str
    text: str
    anchor: str


class Labels:
    """All labels of the book, by name."""

    def __init__(self, pages: list[Page]):
        self.targets: dict[str, Target] = {}
        self.counts: dict[
            tuple[str, str], int
        ] = {}  # (kind, chapter) -> how many so far
        chapters = chapter_numbers()
        for page in pages:
            self._read(page, chapters.get(page.name, ""))

    def __getitem__(self, label: str) -> Target:
        return self.targets[label]

    def __contains__(self, label: str) -> bool:
        return label in self.targets

    def _read(self, page: Page, chapter: str) -> None:
        for cell in page.notebook.cells:
            if cell.cell_type == "code":
                figure = cell.metadata.get("mystnb", {}).get("figure", {})
                if figure.get("caption"):
                    number = self._next("figure", chapter)
                    self._add(page, figure.get("name", ""), f"Fig. {number}")
            else:
                self._read_text(page, chapter, cell.source)

    def _read_text(self, page: Page, chapter: str, text: str) -> None:
        for label, title in LABEL.findall(text):
            self._add(page, label, title.strip())
        for label in EQUATION.findall(text):
            number = self._next("equation", chapter)
            self._add(page, label, f"({number})", f"equation-{label}")
        for title, options in EXERCISE.findall(text):
            counted = ":nonumber:" not in options
            number = f" {self._next('exercise', chapter)}" if counted else ""
            label = _option(options, "label")
            self._add(page, label, f"Exercise{number}", title=title)
        for options in FIGURE.findall(text):
            number = self._next("figure", chapter)
            self._add(page, _option(options, "name"), f"Fig. {number}")

    def _next(self, kind: str, chapter: str) -> str:
        count = self.counts[kind, chapter] = self.counts.get((kind, chapter), 0) + 1
        return f"{chapter}.{count}" if chapter else str(count)

    def _add(
        self, page: Page, label: str, text: str, anchor: str = "", title=""
    ) -> None:
        if label:
            text = f"{text}: {title.strip()}" if title.strip() else text
            self.targets[label] = Target(page.name, text, anchor or label)

    @cached_property
    def sources(self) -> dict[str, Entry]:
        """The entries of the bibliography, by key."""
        return dict(parse_file(str(BOOK / "references.bib")).entries)


def chapter_numbers() -> dict[str, str]:
    """{page: number} of the pages that the book counts: those of numbered parts."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))
    counted = [
        chapter["file"]
        for part in toc.get("parts", [])
        if part.get("numbered")
        for chapter in part["chapters"]
    ]
    return {name: str(n) for n, name in enumerate(counted, 1)}


def author_and_year(entry: Entry) -> str:
    """How a sentence names a source: "McCulloch and Pitts, 1943"."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [plain(" ".join(p.prelast_names + p.last_names)) for p in people]
    if not names:
        names = [plain(entry.fields.get("title", entry.key))]
    who = f"{names[0]} and others" if len(names) > 2 else " and ".join(names)
    year = entry.fields.get("year", "")
    return f"{who}, {year}" if year else who


def full_source(entry: Entry) -> str:
    """A line for a list of sources: who, what, where, when, and the address if there is one."""
    fields = entry.fields
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    who = ", ".join(
        plain(" ".join(p.first_names + p.prelast_names + p.last_names)) for p in people
    )
    kinds = ("journal", "booktitle", "publisher", "howpublished")
    place = next((fields[kind] for kind in kinds if kind in fields), "")
    parts = [who, f"*{plain(fields.get('title', entry.key))}*", plain(place)]
    address = fields.get("url") or (
        f"https://doi.org/{fields['doi']}" if "doi" in fields else ""
    )
    parts += [fields.get("year", ""), f"<{address}>" if address else ""]
    return ". ".join(part.rstrip(".") for part in parts if part) + "."


def plain(text: str) -> str:
    """A field of the bibliography without the signs of TeX; mathematics stays."""
    text = re.sub(r"\\url\{([^}]*)\}", r"<\1>", text)
    parts = re.split(r"(\$[^$]*\$)", text)
    words = [
        part if n % 2 else re.sub(r"[{}]", "", decode(part, "ulatex"))
        for n, part in enumerate(parts)
    ]
    return " ".join("".join(words).split())


def _option(options: str, name: str) -> str:
    found = re.search(rf"^:{name}:[ \t]*(\S+)", options, re.M)
    return found[1] if found else ""
