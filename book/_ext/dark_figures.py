"""A twin of every computed figure for dark pages.

Figures come out of the cells once, as SVG in the light colors of the book's style sheet.
This swaps each of those colors for its dark counterpart in a copy, and puts both images on
the page with the theme's classes `only-light` and `only-dark`.
"""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

DARK = {
    "#22262e": "#e9e6df",  # ink
    "#4f5560": "#b9bdc6",  # tick labels
    "#8b9098": "#7f8590",  # axes
    "#d8dadf": "#353943",  # grid
    "#2b6cb0": "#7db3ee",  # blue
    "#d2600a": "#ff9a52",  # orange
    "#14876a": "#55c8a4",  # green
    "#8e56b3": "#caa0e6",  # purple
    "#a97f00": "#e3c153",  # gold
    "#6d737d": "#a6acb6",  # gray
}
COLOR = re.compile("|".join(DARK), re.I)


class AddDarkFigures(SphinxPostTransform):
    """Give each SVG drawn in the book's colors a dark twin."""

    default_priority = 900  # after glued outputs are in place
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for image in list(self.document.findall(nodes.image)):
            file = Path(self.app.srcdir, image["uri"])
            if (
                file.suffix != ".svg"
                or not file.is_file()
                or "only-light" in image["classes"]
            ):
                continue
            if Path(self.app.srcdir) in file.resolve().parents:
                continue  # drawn by hand: a source of the book, not an output
            drawing = file.read_text("utf8")
            if not COLOR.search(drawing):
                continue
            twin = file.with_name(f"{file.stem}-dark.svg")
            twin.write_text(COLOR.sub(lambda m: DARK[m[0].lower()], drawing), "utf8")
            dark = image.deepcopy()
            dark["uri"] = Path(image["uri"]).with_name(twin.name).as_posix()
            dark["candidates"] = {"*": dark["uri"]}
            dark["ids"] = dark["names"] = []
            image["classes"].append("only-light")
            dark["classes"].append("only-dark")
            self.env.images.add_file(self.env.docname, dark["uri"])
            image.parent.insert(image.parent.index(image) + 1, dark)


def setup(app: Sphinx) -> dict:
    app.add_post_transform(AddDarkFigures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
