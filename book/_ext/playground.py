"""The directive `{playground}`: a numbered figure that a reader can play with.

    ```{playground} perceptron-trick
    :name: fig-play-perceptron
    :alt: Ten points of two classes and a line that …

    The caption.
    ```

The page gets a picture of the figure's first state, from _assets/play/pictures, which is what
is seen without scripts and on paper; and an empty box, which _assets/play/NAME.js fills. What
that script needs to know is in _assets/play/data/NAME.json, if anything. `:first:` names the
choice that the figure begins with. Scripts and style are loaded on pages with such a figure
alone. `python book/_tools/play.py` draws the pictures and makes the data.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

PLAY = Path(__file__).resolve().parents[1] / "_assets/play"


class Playground(SphinxDirective):
    """A figure with a picture, a box for the script, and a caption."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {
        "name": directives.unchanged_required,
        "alt": directives.unchanged_required,
        "first": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        name, first = self.arguments[0], self.options.get("first", "")
        script, picture = PLAY / f"{name}.js", picture_of(name, first)
        known = sorted(file.stem for file in PLAY.glob("*.js") if file.stem != "core")
        if name not in known:
            raise self.error(
                f"no figure {name!r}: there is no {script}. Known: {known}"
            )
        if not picture.is_file():
            raise self.error(
                f"there is no picture {picture}: run python book/_tools/play.py pictures"
            )
        for option in ("name", "alt"):
            if not self.options.get(option):
                raise self.error(f"playground {name}: wanted an option :{option}:")
        if not self.content:
            raise self.error(f"playground {name}: wanted a caption")
        for file in (script, picture, data_of(name)):
            self.env.note_dependency(str(file))
        return [self.figure(name, first, picture)]

    def figure(self, name: str, first: str, picture: Path) -> nodes.figure:
        """The node, which Sphinx numbers as it does any figure."""
        alt = self.options["alt"]
        figure = nodes.figure("", classes=["playground"], play=name)
        figure += nodes.raw("", markup(name, first, alt, picture), format="html")
        figure += nodes.raw("", alt, format="text")
        words, messages = self.parse_inline(" ".join(self.content))
        figure += nodes.caption("", "", *words, *messages)
        self.set_source_info(figure)
        self.add_name(figure)
        return figure


def markup(name: str, first: str, alt: str, picture: Path) -> str:
    """The HTML within the figure: picture, box, data."""
    drawing = picture.read_text("utf8").strip()
    said = f'<svg role="img" aria-label="{escape(alt)}"'
    lines = [
        f'<div class="play-picture">{drawing.replace("<svg", said, 1)}</div>',
        f'<div class="play-live" data-figure="{name}" data-first="{escape(first)}" hidden></div>',
    ]
    if data_of(name).is_file():
        data = json.dumps(json.loads(data_of(name).read_text("utf8")))
        data = data.replace("<", "\\u003c")  # nothing in it can end the element
        lines.append(f'<script type="application/json">{data}</script>')
    return "\n".join(lines)


def picture_of(name: str, first: str = "") -> Path:
    """The file with the first state of a figure."""
    stem = "-".join([name, *first.lower().split()])
    return PLAY / f"pictures/{stem}.svg"


def data_of(name: str) -> Path:
    return PLAY / f"data/{name}.json"


def add_scripts(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """Load what the figures of this page need, and nothing on other pages."""
    found = doctree.findall(nodes.figure) if doctree is not None else []
    names = sorted({figure["play"] for figure in found if "play" in figure})
    if not names:
        return
    app.add_css_file("play/play.css")
    for name in ("core", *names):
        app.add_js_file(f"play/{name}.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    app.add_directive("playground", Playground)
    app.connect("html-page-context", add_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
