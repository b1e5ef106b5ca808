"""Which page needs which: read from the head of each page, in the order of _toc.yml.

    torchbook: {needs: [01-tensors/tensors, 01-tensors/shapes]}

A page names what it builds on directly; what those build on follows. A page needs only pages
that stand before it, so there are no circles. The review of a part needs all of the part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

HEAD = re.compile(r"\A---\n(.*?)^---$", re.M | re.S)
SPELLED = {"gpu": "GPU", "cnn": "CNN", "pytorch": "PyTorch"}
JOINED = (
    "log loss",
    "cross entropy",
    "mini batches",
)  # words with a hyphen between them


class NeedsError(Exception):
    """A need or a route that cannot be right; the message names the page and the entry."""


@dataclass(frozen=True)
class Part:
    """A part of _toc.yml: its caption, and the names of its pages."""

    caption: str
    pages: tuple[str, ...]


@dataclass(frozen=True)
class Prerequisites:
    """Pages with the pages that they need directly, both in the order of the book.

    `needs` holds the chapters; `parts` are the parts that hold one.
    """

    parts: tuple[Part, ...]
    needs: dict[str, tuple[str, ...]]

    def all_needed(self, page: str) -> list[str]:
        """What a page needs, and what that needs, and so on, in the order of the book."""
        found, todo = set(), [page]
        while todo:
            new = set(self.needs[todo.pop()]) - found
            found |= new
            todo += new
        return [name for name in self.needs if name in found]

    def essential(self, page: str) -> list[str]:
        """The direct needs that no other need of the page brings with it: arrows to draw."""
        direct = self.needs[page]
        brought = {name for other in direct for name in self.all_needed(other)}
        return [name for name in direct if name not in brought]

    def missing(self, route: Iterable[str], assumed: Iterable[str] = ()) -> list[str]:
        """What is wrong with an ordered list of pages, as sentences; none if all is well.

        A page may need what stands before it on the route, and what is assumed.
        """
        known = set(assumed)
        problems = [f"there is no chapter {name}" for name in known - set(self.needs)]
        for page in route:
            if page not in self.needs:
                problems.append(f"there is no chapter {page}")
            elif page in known:
                problems.append(f"{page} is known already")
            else:
                lacking = [name for name in self.needs[page] if name not in known]
                problems += [f"{page} needs {name} first" for name in lacking]
            known.add(page)
        return problems


def read(book: Path, contents: Path) -> Prerequisites:
    """Read the heads of all chapters. Raises NeedsError for the first wrong entry."""
    toc = yaml.safe_load(contents.read_text("utf8"))
    parts, needs = [], {}
    for part in toc.get("parts", []):
        names = [chapter["file"] for chapter in part["chapters"]]
        chapters = [name for name in names if is_chapter(name)]
        if chapters:
            parts.append(Part(part["caption"], tuple(chapters)))
        for name in chapters:
            needs[name] = tuple(_checked(name, _entries(book, name), needs))
    return Prerequisites(tuple(parts), needs)


def is_chapter(name: str) -> bool:
    """True for a page of a numbered part that is not its review."""
    return bool(re.match(r"\d\d-", name)) and not name.endswith("/review")


def _entries(book: Path, name: str) -> list:
    """What the head of a page names, as it stands there."""
    head = HEAD.match((book / f"{name}.md").read_text("utf8"))
    settings = (yaml.safe_load(head[1]) or {}) if head else {}
    entries = (settings.get("torchbook") or {}).get("needs")
    if not isinstance(entries, list):
        raise NeedsError(
            f"book/{name}.md does not say what it needs: wanted a list in its head, such as "
            "torchbook: {needs: [01-tensors/tensors]}, or needs: [] for nothing."
        )
    return entries


def _checked(name: str, entries: list, earlier: dict) -> list[str]:
    """The entries in the order of the book, if each is a chapter that stands earlier."""
    for entry in entries:
        if entry not in list(earlier):  # an entry may be of any kind
            raise NeedsError(
                f"book/{name}.md needs {entry!r}, and no chapter of that name stands before "
                "it in _toc.yml: mend the entry, or move the page."
            )
        if entries.count(entry) > 1:
            raise NeedsError(f"book/{name}.md names {entry!r} twice in its needs.")
    return [page for page in earlier if page in entries]


def short_name(page: str) -> str:
    """A name of few letters for a page, made from that of its file."""
    words = page.split("/")[-1].replace("-", " ")
    for plain, spelled in SPELLED.items():
        words = re.sub(rf"\b{plain}\b", spelled, words)
    for pair in JOINED:
        words = words.replace(pair, pair.replace(" ", "-"))
    return words[0].upper() + words[1:]
