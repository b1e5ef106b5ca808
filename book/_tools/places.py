"""Write down where the exercises stand, for `torchbook progress`, which has no pages at hand.

    python book/_tools/places.py

makes code/torchbook/exercises/places.json anew; a test fails while it is not up to date.
"""

from __future__ import annotations

import json
import re

import yaml
from docutils import nodes
from pages import ROOT, SOURCE, Page

PLACES = SOURCE / "torchbook/exercises/places.json"
STARTER = re.compile(
    r"^(?:```|:::){exercise-start} ?([^\n]*)\n:label: (\S+)\n"
    r".*?^```{code-cell}.*?\n:tags: \[starter\]\n.*?\bcheck_(\w+)\(",
    re.M | re.S,
)


def places() -> list[dict]:
    """The parts of _toc.yml that have exercises: their pages, and the exercises of each."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))
    parts = []
    for part in contents["parts"]:
        pages = [page_of(Page(chapter["file"])) for chapter in part["chapters"]]
        pages = [page for page in pages if page["exercises"]]
        if pages:
            parts.append({"part": part["caption"], "pages": pages})
    return parts


def page_of(page: Page) -> dict:
    """A page: its name, its title, and each exercise by the name of its check and its anchor."""
    text = page.path.read_text("utf8")
    exercises = [
        {
            "name": match[3],
            "title": match[1].strip() or match[3],
            "anchor": nodes.make_id(match[2]),
        }
        for block in re.split(r"^(?=(?:```|:::){exercise-start})", text, flags=re.M)
        if (match := STARTER.match(block))
    ]
    title = re.search(r"^# (.+)$", text, re.M)[1]
    return {"page": page.name, "title": title, "exercises": exercises}


def as_text() -> str:
    """The content of the file."""
    return json.dumps(places(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PLACES.write_text(as_text(), "utf8")
    print(f"Written: {PLACES.relative_to(ROOT)}")
