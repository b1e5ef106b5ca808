"""The directive `{progress}`: all exercises and questions, to be marked by _assets/progress.js.

What a reader passed is known to the reader's machine alone. The page lists what there is; the
script reads the file that the checks write, when the reader picks it, and the answers that
quiz.js remembers. Without a script the list is one of links.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from docutils import nodes
from quiz import Element, element
from quiz_questions import read
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

sys.path.append(str(Path(__file__).resolve().parents[1] / "_tools"))
from pages import BOOK, SOURCE, table_of_contents

PLACES = SOURCE / "torchbook/exercises/places.json"
QUIZ = re.compile(r"^```{quiz}\n(.*?)^```$", re.M | re.S)


class Progress(SphinxDirective):
    """The tools at the top, hidden until the script runs, and a list for each part."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(PLACES))
        return [tools(), *(self.part(part) for part in parts())]

    def part(self, part: dict) -> Element:
        """A part: its name, and its pages with their exercises."""
        rows = [self.page(page) for page in part["pages"]]
        rows += [self.review(name) for name in part["reviews"]]
        heading = element("h2", nodes.Text(part["part"] + " "))
        heading += element("span", class_="progress-count")
        return element("section", heading, element("ul", *rows), class_="progress-part")

    def page(self, page: dict) -> Element:
        tasks = [
            element(
                "li",
                self.link(page["page"], task["title"], task["anchor"]),
                element("span", class_="progress-mark"),
                data_exercise=task["name"],
            )
            for task in page["exercises"]
        ]
        return element(
            "li", self.link(page["page"], page["title"]), element("ul", *tasks)
        )

    def review(self, name: str) -> Element:
        """The questions at the end of a part, by the keys under which answers are kept."""
        self.env.note_dependency(str(BOOK / f"{name}.md"))
        keys = " ".join(question.key for question in questions(name))
        link = self.link(name, "Questions")
        mark = element("span", class_="progress-mark")
        return element("li", link, mark, data_questions=keys)

    def link(self, page: str, title: str, anchor: str = "") -> nodes.inline:
        here = self.env.app.builder.get_relative_uri(self.env.docname, page)
        place = f"{here}#{anchor}" if anchor else here
        return nodes.inline(
            "", "", nodes.reference("", title, internal=True, refuri=place)
        )


def tools() -> Element:
    """Where the reader picks the file; what was read, for all to hear."""
    picker = element(
        "input", type="file", accept=".json,application/json", id="progress-file"
    )
    label = element("label", nodes.Text("The file that "), for_="progress-file")
    label += [nodes.literal("", "torchbook progress"), nodes.Text(" names: ")]
    forget = element(
        "button", nodes.Text("Forget it here"), type="button", class_="btn"
    )
    said = element("p", class_="progress-said", role="status")
    return element(
        "div",
        element("p", label, picker, forget),
        said,
        class_="progress-tools",
        hidden=True,
    )


def parts() -> list[dict]:
    """The parts that have exercises, with the reviews that close them."""
    known = json.loads(PLACES.read_text("utf8"))
    names = [page.name for page in table_of_contents() if page.name.endswith("/review")]
    for part in known:
        folder = part["pages"][0]["page"].partition("/")[0]
        part["reviews"] = [name for name in names if name.startswith(f"{folder}/")]
    return known


def questions(name: str) -> list:
    """The questions on a page."""
    text = (BOOK / f"{name}.md").read_text("utf8")
    return [question for quiz in QUIZ.findall(text) for question in read(quiz)]


def load(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """Other pages do without the script and the style."""
    if doctree is not None and any(
        "progress-part" in node["marks"].get("class", "")
        for node in doctree.findall(Element)
    ):
        app.add_js_file("progress.js", loading_method="defer")
        app.add_css_file("style/progress.css")


def setup(app: Sphinx) -> dict:
    app.setup_extension("quiz")
    app.add_directive("progress", Progress)
    app.connect("html-page-context", load)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
